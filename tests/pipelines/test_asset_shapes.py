"""Lengths, homes and pieces of assets."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from data.assets import AssetKind
from pipelines.asset_shapes import home_points, length_m, mended, pieces, problem

GEOD = Geod(ellps="GRS80")  # the independent oracle
places = st.tuples(st.floats(123, 154), st.floats(20, 46))


def array(*shapes):
    return np.array(shapes, dtype=object)


@settings(deadline=None)
@given(places, st.floats(-2, 2), st.floats(-2, 2))
def test_the_length_of_a_line_is_the_geodesics(start, east, north):
    line = shapely.LineString([start, (start[0] + east, start[1] + north)])
    expected = GEOD.geometry_length(line)
    assert length_m(array(line))[0] == pytest.approx(expected, rel=2e-6, abs=1e-3)


def test_a_polygon_is_as_long_as_its_long_side_and_a_point_has_no_length():
    box = shapely.box(140.0, 36.0, 140.01, 36.001)
    expected = GEOD.line_length([140.0, 140.01], [36.0, 36.0])
    assert length_m(array(box))[0] == pytest.approx(expected, rel=1e-3)
    assert length_m(array(shapely.Point(140, 36)))[0] == 0.0


def test_the_home_of_a_line_is_its_middle_by_length():
    line = shapely.LineString([(140, 36), (140.1, 36), (140.1, 36.3)])
    longitude, latitude = home_points(array(line))
    half = GEOD.geometry_length(line) / 2
    first = GEOD.line_length([140, 140.1], [36, 36])
    rest = GEOD.line_length([140.1, 140.1], [36, latitude[0]])
    assert longitude[0] == pytest.approx(140.1)
    assert first + rest == pytest.approx(half, rel=1e-4)


def test_homes_of_points_and_polygons_lie_in_them():
    shape = shapely.Polygon([(0, 0), (4, 0), (4, 4), (3, 4), (3, 1), (0, 1)])
    longitude, latitude = home_points(array(shapely.Point(1, 2), shape))
    assert (longitude[0], latitude[0]) == (1.0, 2.0)
    assert shape.contains(shapely.Point(longitude[1], latitude[1]))


@settings(deadline=None, max_examples=60)
@given(
    start=places,
    steps=st.lists(
        st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)).filter(
            lambda step: abs(step[0]) + abs(step[1]) > 1e-4
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_pieces_are_short_equal_and_together_the_line(start, steps):
    bends = np.cumsum(np.array([start, *steps]), axis=0)
    line = shapely.LineString(bends)
    cut = pieces(line, 1000.0)
    long = np.array([GEOD.geometry_length(one) for one in cut])
    assert (long <= 1000.5).all()
    assert long.sum() == pytest.approx(GEOD.geometry_length(line), rel=1e-4, abs=0.01)
    assert cut[0].coords[0] == tuple(bends[0])
    assert cut[-1].coords[-1] == tuple(bends[-1])
    for one, following in pairwise(cut):
        assert one.coords[-1] == following.coords[0]
    kept = {point for one in cut for point in one.coords}
    assert {tuple(bend) for bend in bends.tolist()} <= kept


def test_a_collection_of_one_is_that_one_and_heights_are_left_out():
    lines = shapely.MultiLineString([[(0, 0, 5), (1, 1, 5)], [(1, 1, 5), (2, 2, 5)]])
    area = shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])
    found = mended(array(lines, area))
    assert [one.geom_type for one in found] == ["LineString", "Polygon"]
    assert not found[0].has_z


@pytest.mark.parametrize(
    ("wkt", "kind", "word"),
    [
        ("POINT EMPTY", AssetKind.DAM, "no geometry"),
        ("MULTIPOINT (1 1, 2 2)", AssetKind.DAM, "MultiPoint"),
        ("POINT (1 1)", AssetKind.LINK, "a link is a line"),
        ("POINT (181 1)", AssetKind.DAM, "outside"),
        ("POINT (140 91)", AssetKind.DAM, "outside"),
        ("LINESTRING (1 1, 1 1)", AssetKind.LINK, ""),
        ("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))", AssetKind.DAM, "Self-intersection"),
    ],
)
def test_what_is_wrong_with_a_geometry_is_said(wkt, kind, word):
    found = problem(shapely.from_wkt(wkt), kind)
    assert found is not None
    assert word in found


def test_a_sound_geometry_has_no_problem():
    assert problem(shapely.from_wkt("LINESTRING (1 1, 2 2)"), AssetKind.LINK) is None
    assert problem(None, AssetKind.DAM) is not None
