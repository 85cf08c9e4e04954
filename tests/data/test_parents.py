"""A line is as bad as its worst part, and says how much of it was seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidRecordError
from data.parents import roll_up
from data.tables import ASSETS, BELIEFS, table_from_rows


def tables(parents, grades, confirmed=()):
    """Tables of `parents` {id: parent or None} and `grades` {id: grade}."""
    assets = [{"id": i, "parent_id": p} for i, p in parents.items()]
    rows = [
        {
            "asset_id": i,
            "grade": grades.get(i, -1),
            "basis": "confirmed" if i in confirmed else "observed",
            "na_reason": None if i in grades else "not_observed",
        }
        for i in parents
    ]
    return table_from_rows(rows, BELIEFS), table_from_rows(assets, ASSETS)


def rolled(parents, grades, confirmed=()):
    found = roll_up(*tables(parents, grades, confirmed))
    assert found["asset_id"].to_pylist() == list(parents)
    return {row["asset_id"]: row for row in found.to_pylist()}


SPANS = {"L": None, "S1": "L", "S2": "L", "S3": "L", "S4": "L"}


def test_a_line_has_the_grade_of_its_worst_part():
    line = rolled(SPANS, {"S1": 0, "S3": 3})["L"]
    assert (line["grade"], line["basis"], line["na_reason"]) == (3, "observed", None)
    assert line["seen_share"] == 0.5
    assert line["reasons_en"] == ["2 of 4 parts have a grade; worst: S3"]
    assert line["reasons_ja"] == ["4区間のうち2区間を判定、最も重いのはS3"]


def test_a_clean_line_needs_sixty_percent_of_it_seen():
    half = rolled(SPANS, {"S1": 0, "S2": 0})["L"]
    assert (half["grade"], half["na_reason"]) == (-1, "insufficient_view")
    most = rolled(SPANS, {"S1": 0, "S2": 0, "S3": 0})["L"]
    assert (most["grade"], most["na_reason"]) == (0, None)


def test_a_line_of_which_nothing_was_seen_stays_as_it_is():
    line = rolled(SPANS, {})["L"]
    assert (line["grade"], line["na_reason"], line["seen_share"]) == (
        -1,
        "not_observed",
        None,
    )


def test_a_confirmed_worst_part_confirms_the_line():
    assert rolled(SPANS, {"S1": 3, "S2": 2}, {"S1"})["L"]["basis"] == "confirmed"
    assert rolled(SPANS, {"S1": 3, "S2": 2}, {"S2"})["L"]["basis"] == "observed"


def test_lines_of_lines_are_rolled_up_from_below():
    parents = {"TOP": None, "L": "TOP", "M": "TOP", "S": "L"}
    found = rolled(parents, {"S": 4})
    assert found["L"]["grade"] == found["TOP"]["grade"] == 4
    assert found["TOP"]["seen_share"] == 0.5


def test_a_parent_that_is_not_in_the_inventory_is_ignored():
    assert rolled({"S": "GONE"}, {"S": 2})["S"]["grade"] == 2


def test_parents_in_a_circle_are_an_error():
    with pytest.raises(InvalidRecordError, match="circle"):
        rolled({"A": "B", "B": "A"}, {})


def test_an_empty_table_stays_empty():
    beliefs, assets = BELIEFS.empty_table(), ASSETS.empty_table()
    assert roll_up(beliefs, assets).equals(beliefs)


@settings(deadline=None, max_examples=60)
@given(
    grades=st.dictionaries(
        st.sampled_from(["S1", "S2", "S3", "S4"]), st.integers(0, 4), min_size=1
    ),
    name=st.sampled_from(["S1", "S2", "S3", "S4"]),
)
def test_a_worse_part_never_makes_a_better_line(grades, name):
    before = rolled(SPANS, grades)["L"]["grade"]
    worse = grades | {name: 4}
    assert rolled(SPANS, worse)["L"]["grade"] == 4
    assert before in (-1, max(grades.values()))
