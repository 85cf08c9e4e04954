import json

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.feature_json import arena, json_values
from geo.tidy import geometry_json

texts = st.text(max_size=20)


def values(column):
    return [json.loads(text) for text in json_values(column).to_pylist()]


@settings(deadline=None)
@given(st.lists(st.none() | texts, max_size=8))
def test_any_text_comes_back(names):
    column = pa.chunked_array([pa.array(names, pa.string())])
    assert values(column) == names


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=8))
def test_numbers_come_back_in_six_decimals(numbers):
    column = pa.chunked_array([pa.array(numbers, pa.float64())])
    for given_number, found in zip(numbers, values(column), strict=True):
        if given_number is None:
            assert found is None
        else:
            assert abs(found - given_number) <= 0.5000001e-6 + 1e-15 * abs(found)


def test_nan_and_infinity_are_unknown():
    column = pa.chunked_array([pa.array([float("nan"), float("inf"), 0.25])])
    assert values(column) == [None, None, 0.25]


def test_truths_and_whole_numbers_are_json():
    assert values(pa.chunked_array([[True, False, None]])) == [True, False, None]
    assert values(pa.chunked_array([pa.array([3, None], pa.int8())])) == [3, None]


def test_a_feature_has_sorted_keys_and_both_ids():
    table = pa.table({"name": ['橋 "A"\n'], "id": ["A1"]})
    shape = geometry_json(np.array([shapely.Point(140, 36)], dtype=object))
    text = arena(table, shape, table["id"]).text[0].as_py()
    feature = json.loads(text)
    assert feature["properties"] == {"id": "A1", "name": '橋 "A"\n'}
    assert feature["id"] == "A1"
    assert list(feature) == sorted(feature)
    compact = json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
    assert json.loads(compact) == feature


def test_slices_are_the_features():
    table = pa.table({"id": [f"A{k}" for k in range(5)]})
    shapes = geometry_json(shapely.points(np.arange(10.0).reshape(5, 2)))
    features = arena(table, shapes, table["id"])
    found = [
        json.loads(bytes(part))["id"] for part in features.slices(np.array([3, 1]))
    ]
    assert found == ["A3", "A1"]
