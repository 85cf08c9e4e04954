"""Tokyo Datum and its plane zones, against PROJ and the old origin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from pyproj.transformer import TransformerGroup

from data.errors import CrsError
from geo.crs import epsg_from
from geo.legacy_crs import (
    TOKYO_PROJECTED_EPSG,
    added_sigma_m,
    geographic_from_inventory,
    inventory_epsg_from,
)

ESRI_TOKYO = (
    'GEOGCS["GCS_Tokyo",DATUM["D_Tokyo",SPHEROID["Bessel_1841",6377397.155,'
    '299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]'
)
METRES = 111_000.0


@pytest.mark.parametrize(
    ("text", "epsg"),
    [
        ("EPSG:4301", 4301),
        ("30169", 30169),
        ("EPSG:6677", 6677),
        ("EPSG:2451", 2451),
        ("EPSG:3095", 3095),
        (ESRI_TOKYO, 4301),  # as the .prj of an old Shapefile says it
    ],
)
def test_the_systems_of_old_inventories_are_accepted(text, epsg):
    assert inventory_epsg_from(text) == epsg


@pytest.mark.parametrize("text", [None, "", "EPSG:2193", "EPSG:99999", "火星"])
def test_any_other_system_is_refused(text):
    with pytest.raises(CrsError):
        inventory_epsg_from(text)


def test_a_picture_in_tokyo_datum_stays_refused():
    with pytest.raises(CrsError, match="Tokyo"):
        epsg_from("EPSG:4301")


def test_the_origin_of_tokyo_datum_comes_within_two_metres_of_what_gsi_gives():
    """GSI: 139 44 40.5020, 35 39 17.5148 is 139 44 28.8759, 35 39 29.1572 now."""
    old = (139 + 44 / 60 + 40.5020 / 3600, 35 + 39 / 60 + 17.5148 / 3600)
    new = np.array([139 + 44 / 60 + 28.8759 / 3600, 35 + 39 / 60 + 29.1572 / 3600])
    found = np.array(geographic_from_inventory(*old, 4301)).ravel()
    assert np.abs(found - new).max() * METRES < 2.0


@pytest.mark.parametrize("epsg", sorted(TOKYO_PROJECTED_EPSG))
def test_every_plane_zone_agrees_with_proj(epsg):
    """PROJ's own grid-free way from the plane to JGD2000 is the oracle."""
    group = TransformerGroup(epsg, 4612, always_xy=True)
    oracle = next(
        one for one in group.transformers if "Tokyo to JGD2000 (1)" in one.description
    )
    xy = np.array([[0.0, 0.0], [50_000.0, -40_000.0], [-30_000.0, 20_000.0]])
    xy += [500_000.0, 4_000_000.0] if epsg < 4000 else [0.0, 0.0]
    expected = oracle.transform(xy[:, 0], xy[:, 1])
    found = geographic_from_inventory(xy[:, 0], xy[:, 1], epsg)
    assert np.abs(np.array(found) - np.array(expected)).max() * METRES < 0.01


@given(st.floats(129.0, 146.0), st.floats(30.0, 45.0))
@settings(deadline=None, max_examples=50)
def test_degrees_move_some_four_hundred_metres_to_the_south_east_and_back(lon, lat):
    back = Transformer.from_pipeline("urn:ogc:def:coordinateOperation:EPSG::15483")
    found = geographic_from_inventory(lon, lat, 4301)
    north, east = back.transform(float(found[1]), float(found[0]), direction="INVERSE")
    assert (east, north) == pytest.approx((lon, lat), abs=1e-7)
    moved = np.hypot((found[0] - lon) * np.cos(np.radians(lat)), found[1] - lat)
    assert 250 < float(moved) * METRES < 600


def test_the_datum_adds_to_how_well_a_place_is_known():
    added = {
        epsg: added_sigma_m(epsg) for epsg in (4326, 6677, 4612, 2451, 4301, 30169)
    }
    assert added == {4326: 0, 6677: 0, 4612: 5, 2451: 5, 4301: 9, 30169: 9}
