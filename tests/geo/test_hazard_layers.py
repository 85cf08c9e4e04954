"""What lies within ten metres of a polygon, against distances on the ellipsoid."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.hazard_layers import crossings, grown

GEOD = pyproj.Geod(ellps="GRS80")
LONGITUDE, LATITUDE = 137.0, 37.3


def shapes(*some):
    return np.array(some, dtype=object)


def away(distance_m, bearing_deg, *, longitude=LONGITUDE, latitude=LATITUDE):
    x, y, _ = GEOD.fwd(longitude, latitude, bearing_deg, distance_m)
    return shapely.Point(x, y)


@given(
    st.floats(0.0, 359.0),
    st.sampled_from([9.8, 10.2]),
    st.floats(24.0, 46.0),
)
@settings(deadline=None)
def test_ten_metres_are_ten_metres_in_every_direction(bearing, distance, latitude):
    spot = shapely.Point(LONGITUDE, latitude).buffer(1e-9)
    point = away(distance, bearing, latitude=latitude)
    found = crossings(shapes(point), grown(shapes(spot), 10.0))
    assert len(found.asset) == (1 if distance < 10.0 else 0)


def test_a_line_that_passes_meets_each_polygon_once():
    line = shapely.LineString([(137.0, 37.0), (137.2, 37.0)])
    areas = [shapely.box(x, 36.99, x + 0.01, 37.01) for x in (137.02, 137.1, 137.3)]
    found = crossings(shapes(line), grown(np.array(areas), 10.0))
    assert list(found.polygon) == [0, 1]
    assert list(found.asset) == [0, 0]


def test_what_lies_inside_a_large_polygon_is_met_and_in_its_hole_is_not():
    ring = shapely.box(137.0, 37.0, 138.0, 38.0).difference(
        shapely.box(137.4, 37.4, 137.6, 37.6)
    )
    points = shapely.points([[137.1, 37.1], [137.5, 37.5], [136.9, 37.5]])
    found = crossings(points, grown(shapes(ring), 10.0))
    assert list(found.asset) == [0]


def test_nothing_meets_nothing():
    none = np.empty(0, dtype=object)
    one = shapes(shapely.Point(137.0, 37.0).buffer(0.1))
    for assets, polygons in ((none, one), (one, none)):
        found = crossings(assets, polygons)
        assert len(found.asset) == len(found.polygon) == 0


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_the_tree_finds_what_looking_at_every_pair_finds(seed):
    rng = np.random.default_rng(seed)
    assets = shapely.points(rng.uniform([137.0, 37.0], [137.2, 37.2], (60, 2)))
    centres = shapely.points(rng.uniform([136.9, 36.9], [137.3, 37.3], (25, 2)))
    polygons = grown(shapely.buffer(centres, 0.01), 10.0)
    found = crossings(assets, polygons)
    every = np.argwhere(shapely.intersects(assets[:, None], polygons[None, :]))
    assert [*zip(found.asset, found.polygon, strict=True)] == [*map(tuple, every)]


def test_growing_by_nothing_changes_no_area():
    area = shapes(shapely.box(137.0, 37.0, 137.1, 37.1))
    assert shapely.area(grown(area, 0.0))[0] == pytest.approx(0.01, rel=1e-9)
