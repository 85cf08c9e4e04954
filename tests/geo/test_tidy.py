import json
import math

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidRecordError
from geo.tidy import geometries, geometry_json, tidy


def one(shape):
    return tidy(np.array([shape], dtype=object))[0]


def test_an_exterior_ring_runs_counter_clockwise():
    clockwise = shapely.Polygon([(0, 0), (0, 1), (1, 1), (1, 0)])
    assert not clockwise.exterior.is_ccw
    assert one(clockwise).exterior.is_ccw


def test_heights_are_dropped_and_decimals_cut():
    point = one(shapely.Point(140.12345678, 36.98765432, 12.0))
    assert (point.x, point.y, point.has_z) == (140.123457, 36.987654, False)


def test_an_outline_of_a_centimetre_becomes_a_point_or_a_line():
    centimetre = 1e-7
    assert one(shapely.box(140, 36, 140 + centimetre, 36 + centimetre)).geom_type == (
        "Point"
    )
    crack = shapely.box(140, 36, 140.00001, 36 + centimetre)
    assert one(crack).geom_type == "LineString"


def test_a_bow_tie_becomes_valid():
    tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    assert one(tie).is_valid
    assert math.isclose(one(tie).area, 0.5)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(139.9999, 140.0001), st.floats(35.9999, 36.0001)),
        min_size=3,
        max_size=7,
        unique=True,
    )
)
def test_whatever_ring_comes_a_valid_geometry_goes(points):
    shape = one(shapely.Polygon(points))
    assert shape.is_valid
    assert not shape.is_empty
    xy = shapely.get_coordinates(shape)
    assert np.array_equal(xy, np.round(xy, 6))


def test_geojson_text_has_sorted_keys_and_the_coordinates():
    text = geometry_json(tidy(np.array([shapely.Point(140.5, 36.25)], dtype=object)))
    assert text[0].as_py() == '{"coordinates":[140.5,36.25],"type":"Point"}'
    assert json.loads(text[0].as_py())["type"] == "Point"


@pytest.mark.parametrize(
    ("wkb", "message"),
    [
        (None, "has no geometry"),
        (shapely.to_wkb(shapely.Point()), "has no geometry"),
        (b"\x01nonsense", "no WKB"),
        (shapely.to_wkb(shapely.MultiPoint([(1, 2), (3, 4)])), "is a MultiPoint"),
    ],
)
def test_what_is_no_usable_geometry_is_refused(wkb, message):
    with pytest.raises(InvalidRecordError, match=message):
        geometries(pa.chunked_array([pa.array([wkb], pa.binary())]), "assets")


def test_no_number_has_more_than_six_decimals():
    # GEOS writes 140.02011100000001 for the first: seen with shapely 2.1
    numbers = [140.020111, 140.13964, 140.087294, 36.165197]
    shapes = np.array([shapely.Point(x, 36.1) for x in numbers], dtype=object)
    texts = geometry_json(shapes).to_pylist()
    expected = [
        f'{{"coordinates":[{number!r},36.1],"type":"Point"}}' for number in numbers
    ]
    assert texts == expected
