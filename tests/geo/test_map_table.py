import runpy
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.errors import InvalidRecordError
from geo.map_fields import FULL_FIELDS, SLIM_FIELDS
from geo.map_table import map_table

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
info, tables, belief_row = CASES["info"], CASES["tables"], CASES["belief_row"]
POINT = shapely.Point(140.0, 36.0)


def test_the_fields_are_those_of_map_in_its_order():
    table = map_table(*CASES["random_map"](20), info())
    assert table.column_names == [*FULL_FIELDS, "geometry"]
    assert len(FULL_FIELDS) == 66
    assert set(SLIM_FIELDS) < set(FULL_FIELDS)


def test_an_asset_without_a_picture_is_na_and_keeps_its_expectation():
    row = map_table(*tables([POINT]), info()).to_pylist()[0]
    assert (row["grade"], row["grade_rank"], row["expected"]) == ("NA", -1, "E2")
    assert (row["basis"], row["na_reason"]) == ("none", "not_observed")
    assert (row["detectable_from"], row["last_grade"]) == ("none", None)


def test_times_are_utc_and_reasons_are_joined():
    row = map_table(*tables([POINT], grades=[3]), info()).to_pylist()[0]
    assert row["last_seen_at"] == "2026-11-24T03:30:00Z"
    assert row["reasons_en"] == "shaken like 6-lower;no picture"
    assert row["grade_ja"] == "重大"
    assert row["p_severe"] == pytest.approx(0.8)


def test_the_order_of_the_rows_does_not_matter():
    assets, beliefs = CASES["random_map"](50)
    mixed = np.random.default_rng(3).permutation(50)
    again = map_table(assets.take(mixed), beliefs.take(mixed[::-1]), info())
    assert again.equals(map_table(assets, beliefs, info()))


def test_a_link_has_no_home():
    line = shapely.LineString([(140, 36), (140.5, 36.2)])
    table = map_table(*tables([line, POINT], kinds=["link", "tower"]), info())
    homes = dict(zip(table["id"].to_pylist(), table["home"].to_pylist(), strict=True))
    assert homes == {"A00000": None, "A00001": "14/14563/6433"}


def test_ranks_count_within_a_kind_and_equal_ones_by_id():
    shapes = [POINT] * 4
    assets, beliefs = tables(shapes, kinds=["dam", "bridge", "dam", "dam"])
    beliefs = beliefs.set_column(
        beliefs.column_names.index("priority"),
        beliefs.schema.field("priority"),
        [np.float32([1, 2, 5, 1])],
    )
    rows = map_table(assets, beliefs, info()).to_pylist()
    ranks = {row["id"]: row["priority_rank"] for row in rows}
    assert ranks == {"A00000": 2, "A00001": 1, "A00002": 1, "A00003": 3}


def test_changed_in_moves_only_where_the_state_changed():
    assets, beliefs = tables([POINT, POINT])
    first = map_table(assets, beliefs, info(0))
    _, later = tables([POINT, POINT], grades=[-1, 3])
    second = map_table(assets, later, info(1), previous=first)
    changed = dict(
        zip(second["id"].to_pylist(), second["changed_in"].to_pylist(), strict=True)
    )
    assert changed == {"A00000": 0, "A00001": 1}
    third = map_table(assets, later, info(2), previous=second)
    assert third["changed_in"].to_pylist() == second["changed_in"].to_pylist()


def test_an_asset_without_a_belief_is_named():
    assets, beliefs = tables([POINT, POINT])
    with pytest.raises(InvalidRecordError, match="asset A00001: no belief"):
        map_table(assets, beliefs.slice(0, 1), info())


def test_an_id_that_occurs_twice_is_named():
    assets, beliefs = tables([POINT])
    twice = assets.take([0, 0])
    with pytest.raises(InvalidRecordError, match="asset A00000: twice in assets"):
        map_table(twice, beliefs, info())


def test_an_empty_inventory_makes_an_empty_map():
    assets, beliefs = tables([POINT])
    assert map_table(assets.slice(0, 0), beliefs.slice(0, 0), info()).num_rows == 0
