import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import CrsError
from geo.crs import (
    Anchor,
    accuracy_m,
    crs_from_geographic,
    ecef_from_geographic,
    enu_from_geographic,
    epsg_from,
    geographic_epsg,
    geographic_from_crs,
    geographic_from_ecef,
    geographic_from_enu,
    in_japan,
    jgd2011_from_tokyo,
)

longitudes = st.floats(-180, 180)
latitudes = st.floats(-89.9, 89.9)
heights = st.floats(-500, 9000)


@settings(deadline=None)
@given(longitudes, latitudes, heights)
def test_ecef_and_back_is_the_same_place(longitude, latitude, height):
    place = np.array([[longitude, latitude, height]])
    back = geographic_from_ecef(ecef_from_geographic(place))
    assert back[0, 1:] == pytest.approx(place[0, 1:], abs=1e-8)
    assert abs((back[0, 0] - longitude + 180) % 360 - 180) < 1e-9


@settings(deadline=None)
@given(longitudes, latitudes, heights, st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_enu_and_back_is_the_same_point(longitude, latitude, height, east, north):
    anchor = Anchor(longitude=longitude, latitude=latitude, height_m=height)
    point = np.array([[east, north, -80.0]])
    back = enu_from_geographic(geographic_from_enu(point, anchor), anchor)
    assert np.allclose(back, point, atol=1e-6)


def test_proj_says_the_same_topocentric_coordinates():
    anchor = Anchor(longitude=139.7, latitude=35.7, height_m=12.0)
    proj = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad"
        " +step +proj=cart +ellps=GRS80"
        " +step +proj=topocentric +ellps=GRS80 +lon_0=139.7 +lat_0=35.7 +h_0=12"
    )
    place = np.array([[139.71, 35.69, 300.0], [139.6, 35.9, -3.0]])
    oracle = np.column_stack(proj.transform(*place.T))
    assert np.allclose(enu_from_geographic(place, anchor), oracle, atol=1e-6)


@pytest.mark.parametrize("epsg", [6668, 6677, 6691, 32654, 32754, 2451, 3100, 3857])
def test_proj_with_axes_x_y_says_the_same(epsg):
    oracle = pyproj.Transformer.from_crs(6668, epsg, always_xy=True)
    x, y = crs_from_geographic([140.087], [36.104], epsg)
    assert (x[0], y[0]) == pytest.approx(oracle.transform(140.087, 36.104), abs=1e-3)
    lon, lat = geographic_from_crs(x, y, epsg)
    assert (lon[0], lat[0]) == pytest.approx((140.087, 36.104), abs=1e-9)


def test_japan_is_the_area_of_use_of_jgd2011():
    assert in_japan(130.4, 33.6)
    assert not in_japan(-92.0, 46.8)
    assert geographic_epsg(140.0, 36.0) == 6668
    assert geographic_epsg(2.35, 48.86) == 4326


def test_tokyo_datum_is_moved_by_about_four_hundred_metres():
    # GSI's TKY2JGD, as published for the old origin of Tokyo (35.6544, 139.7447):
    # the new latitude is 12 seconds more, the new longitude 12 seconds less
    lon, lat, accuracy = jgd2011_from_tokyo([139.7447], [35.6544])
    assert (lat[0] - 35.6544) * 3600 == pytest.approx(11.7, abs=0.3)
    assert (lon[0] - 139.7447) * 3600 == pytest.approx(-11.6, abs=0.3)
    assert accuracy == 9.0


@pytest.mark.parametrize(
    ("text", "epsg"),
    [("EPSG:6668", 6668), ("32654", 32654), (pyproj.CRS(6697).to_wkt(), 6668)],
)
def test_accepted_systems_are_read(text, epsg):
    assert epsg_from(text) == epsg


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "none is given"),
        (" ", "none is given"),
        ("EPSG:99999", "unknown"),
        ("rubbish", "unknown"),
        ("EPSG:4301", "Tokyo"),
        ("EPSG:2154", "not accepted"),
        ("EPSG:5773", "not accepted"),
    ],
)
def test_other_systems_are_refused_in_words(text, word):
    with pytest.raises(CrsError, match=word):
        epsg_from(text)


def test_jgd2000_confesses_the_earthquake_of_2011():
    assert accuracy_m(4612) == 5.0
    assert accuracy_m(6668) == 1.0
