"""One table of many rehearsals: what was scored, what crashed, what was cut off."""

import json

import pytest

from data.errors import UsageError
from pipelines.drill.readiness_table import (
    HEAD,
    read_reports,
    table_lines,
    tabulate,
)
from pipelines.outcome import ExitCode


def report(**d3):
    found = {
        "severe": 10,
        "severe_well_seen": 4,
        "told": 5,
        "told_right": 3,
        "recall": 0.3,
        "recall_well_seen": 0.5,
        "recall_well_seen_or_waiting": 0.75,
        "precision": 0.6,
        "false_all_clear": 1,
    }
    edition = {
        "d3": found | d3,
        "first_50": {
            "first": 50, "severe": 20, "precision": 0.4, "base_rate": 0.1,
        },
        "not_assessed": {"not_observed": 7, "insufficient_view": 2},
        "assets": 99,
        "calibration": {"brier": 0.0712},
    }  # fmt: skip
    return {
        "scenario": "inland_m7",
        "seed": 1,
        "minutes_to_edition_0": 4.0,
        "minutes_to_first_picture_grade": None,
        "editions": [edition],
        "placement": {"median_m": 2.25, "p90_m": 6.0, "inside_ce90": 0.95},
        "prior_wrong_by_two": {"assets": 9, "grades_held": 8, "rows": []},
    }


def write(folder, value, seconds=(1.5, 2.5)):
    folder.mkdir(parents=True)
    (folder / "readiness.json").write_text(json.dumps(value), "utf-8")
    steps = {"steps": [{"seconds": s} for s in seconds]}
    (folder / "timings.json").write_text(json.dumps(steps), "utf-8")


def begin(folder, **mark):
    folder.mkdir(parents=True)
    (folder / "rehearsal.json").write_text(json.dumps(mark), "utf-8")


def cells(line):
    """A row's cells by column."""
    values = [cell.strip() for cell in line.strip("|").split("|")]
    return dict(zip(HEAD, values, strict=True))


def test_a_row_says_what_its_report_says(tmp_path) -> None:
    write(tmp_path / "inland_m7-1", report())
    row = cells(table_lines(read_reports(tmp_path))[-1])
    assert row["scenario"] == "inland_m7"
    assert row["edition 0 min"] == "4"
    assert row["first grade min"] == "-"
    assert (row["told"], row["precision"]) == ("0.50", "0.60")
    assert row["first 50 (base)"] == "0.40 (0.10)"
    assert row["placement median / p90 m"] == "2.2 / 6.0"
    assert row["not seen"] == "9/99"
    assert (row["compute s"], row["crash"]) == ("4", "-")


def test_all_together_adds_counts_and_not_shares(tmp_path) -> None:
    write(tmp_path / "a", report())
    rare = {"severe_well_seen": 1, "told": 1, "told_right": 0, "recall": 0.0}
    write(tmp_path / "b", report(recall_well_seen=0.0, **rare) | {"seed": 2})
    row = cells(table_lines(read_reports(tmp_path))[-1])
    assert row["scenario"] == "all"
    assert row["D3+ shown"] == "5"
    assert row["told"] == "0.40"  # 2 of 4 and 0 of 1
    assert row["precision"] == "0.50"  # 3 of 5 and 0 of 1
    assert row["crash"] == "0 of 2"


def test_what_crashed_or_was_cut_off_is_told_and_is_no_success(tmp_path) -> None:
    write(tmp_path / "a", report())
    begin(tmp_path / "b", scenario="no_terrain", seed=1)
    begin(tmp_path / "c", scenario="two_quakes", seed=3)
    error = {"error": "KeyError: 'a|b'\nmore"}
    (tmp_path / "c" / "crashed.json").write_text(json.dumps(error), "utf-8")
    outcome = tabulate(tmp_path, tmp_path / "table.md")
    assert outcome.code == ExitCode.PARTIAL
    cut, crashed, together = map(cells, outcome.lines[-3:])
    assert cut["crash"] == "not finished"
    assert crashed["crash"] == "KeyError: 'a/b' more"
    assert together["crash"] == "2 of 3"
    assert (tmp_path / "table.md").read_text("utf-8").splitlines() == outcome.lines


def test_rows_are_sorted_and_a_single_folder_has_one(tmp_path) -> None:
    for seed in (3, 1, 2):
        write(tmp_path / f"x{seed}", report() | {"seed": seed})
    assert [r["seed"] for r in read_reports(tmp_path)] == [1, 2, 3]
    assert len(read_reports(tmp_path / "x2")) == 1


@pytest.mark.parametrize("name", ["empty", "none"])
def test_a_folder_without_a_report_is_named(tmp_path, name) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=rf"{name} holds no readiness\.json"):
        tabulate(tmp_path / name, None)


def test_a_broken_report_and_an_unwritable_file_are_named(tmp_path) -> None:
    write(tmp_path / "a", report())
    with pytest.raises(UsageError, match=r"no/table\.md"):
        tabulate(tmp_path, tmp_path / "no" / "table.md")
    (tmp_path / "a" / "readiness.json").write_text("{", "utf-8")
    with pytest.raises(UsageError, match="run the scenario again"):
        tabulate(tmp_path, None)
