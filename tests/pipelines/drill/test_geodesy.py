"""The drill's Earth beside PROJ's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from pipelines.drill.geodesy import Anchor, geodetic_from_scene, scene_from_geodetic

places = st.tuples(st.floats(-180, 180), st.floats(-80, 80), st.floats(-100, 2000))


def topocentric(anchor):
    """PROJ's way from longitude, latitude, height to east, north, up."""
    at = f"+lon_0={anchor.longitude} +lat_0={anchor.latitude}"
    return Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        "+step +proj=cart +ellps=GRS80 "
        f"+step +proj=topocentric +ellps=GRS80 {at} +h_0={anchor.ellipsoidal_height_m}"
    )


@settings(deadline=None, max_examples=40)
@given(places)
def test_a_metre_of_the_scene_lies_where_proj_says(place):
    lon, lat, height = place
    anchor = Anchor(longitude=lon, latitude=lat, ellipsoidal_height_m=height)
    local = np.random.default_rng(2).uniform(-5000, 5000, (20, 3))
    geodetic = geodetic_from_scene(anchor, local)
    there = np.column_stack(topocentric(anchor).transform(*geodetic.T))
    assert np.allclose(there, local, atol=1e-6)


@settings(deadline=None, max_examples=40)
@given(places)
def test_there_and_back_is_the_same_place(place):
    lon, lat, height = place
    anchor = Anchor(longitude=lon, latitude=lat, ellipsoidal_height_m=height)
    local = np.random.default_rng(5).uniform(-3000, 3000, (20, 3))
    back = scene_from_geodetic(anchor, geodetic_from_scene(anchor, local))
    assert np.allclose(back, local, atol=1e-6)


def test_the_origin_is_the_anchor():
    anchor = Anchor(longitude=136.95, latitude=37.25, ellipsoidal_height_m=12.5)
    assert geodetic_from_scene(anchor, [0, 0, 0]) == pytest.approx(
        [136.95, 37.25, 12.5]
    )


def test_the_earth_falls_away_below_a_level_plane():
    # s^2 / 2R at 1 km, R about 6,371 km: 7.8 cm
    anchor = Anchor(longitude=136.95, latitude=37.25, ellipsoidal_height_m=0.0)
    height = geodetic_from_scene(anchor, [1000.0, 0, 0])[2]
    assert height == pytest.approx(0.0784, abs=0.0005)
