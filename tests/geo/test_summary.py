import runpy
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import shapely

from geo.map_fields import SUMMARY_FIELDS
from geo.map_table import map_table
from geo.summary import summary_table

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
info, tables = CASES["info"], CASES["tables"]


def summary(assets, beliefs, about=None):
    about = about or info()
    table = map_table(assets, beliefs, about)
    places = {
        row["id"]: (row["longitude"], row["latitude"]) for row in assets.to_pylist()
    }
    found = [places[asset_id] for asset_id in table["id"].to_pylist()]
    longitude, latitude = (CASES["np"].array(axis) for axis in zip(*found, strict=True))
    return summary_table(table, longitude, latitude, about).to_pylist()


def test_every_level_counts_every_asset_once():
    assets, beliefs = CASES["random_map"](200)
    cells = summary(assets, beliefs)
    grades = Counter(beliefs["grade"].to_pylist())
    for level in ("pref", "mesh1", "mesh2", "mesh3"):
        rows = [row for row in cells if row["level"] == level and row["kind"] == "all"]
        assert sum(row["n"] for row in rows) == 200
        assert sum(row["n_na"] for row in rows) == grades[-1]
        for k in range(5):
            assert sum(row[f"n_d{k}"] for row in rows) == grades[k]
        severe = sum(row["expected_severe"] for row in rows)
        truth = sum(beliefs["p_3"].to_pylist()) + sum(beliefs["p_4"].to_pylist())
        assert severe == pytest.approx(truth, rel=1e-6)


def test_kinds_add_up_to_all():
    cells = summary(*CASES["random_map"](100))
    for row in cells:
        assert list(row) == [*SUMMARY_FIELDS, "geometry"]
    total, by_kind = Counter(), Counter()
    for row in cells:
        (total if row["kind"] == "all" else by_kind)[row["level"], row["code"]] += row[
            "n"
        ]
    assert total == by_kind


def test_a_link_counts_only_without_parts():
    line = shapely.LineString([(140.01, 36.01), (140.02, 36.01)])
    assets, beliefs = tables([line, line, line], kinds=["link", "span", "link"])
    parents = assets.schema.field("parent_id")
    at = assets.column_names.index("parent_id")
    assets = assets.set_column(at, parents, [[None, "A00000", None]])
    cell = next(row for row in summary(assets, beliefs) if row["level"] == "mesh3")
    assert (cell["kind"], cell["n"]) == ("all", 2)


def test_worst_grade_is_of_what_was_observed():
    point = shapely.Point(140.01, 36.01)
    seen = summary(*tables([point, point], grades=[-1, 2]))[0]
    assert (seen["worst_grade"], seen["observed_share"]) == ("D2", 0.5)
    unseen = summary(*tables([point], grades=[-1]))[0]
    assert (unseen["worst_grade"], unseen["n_na_not_observed"]) == (None, 1)


def test_a_clock_past_as_of_is_overdue():
    assets, beliefs = tables([shapely.Point(140.01, 36.01)] * 2)
    due = beliefs.schema.field("clock_due_at")
    at = beliefs.column_names.index("clock_due_at")
    hour = timedelta(hours=1)
    times = [CASES["AS_OF"] - hour, CASES["AS_OF"] + hour]
    cell = summary(assets, beliefs.set_column(at, due, [times]))[0]
    assert (cell["clocks_open"], cell["clocks_overdue"]) == (2, 1)


def test_an_asset_abroad_is_in_no_mesh():
    rows = summary(*tables([shapely.Point(-95.4, 29.4)]))
    assert {row["level"] for row in rows} == {"pref"}


def test_what_the_hazard_did_not_reach_is_not_expected_to_be_lost():
    assets, beliefs = tables([shapely.Point(140.01, 36.01)] * 2)
    at = beliefs.column_names.index("na_reason")
    reasons = beliefs.schema.field("na_reason")
    reached = beliefs.set_column(at, reasons, [["not_in_plan", "not_observed"]])
    cell = summary(assets, reached)[0]
    assert cell["n_na"] == 2
    assert cell["expected_severe"] == pytest.approx(0.1)
    assert cell["expected_severe_high"] == pytest.approx(0.11)
