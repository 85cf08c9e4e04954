"""The readiness reports of many rehearsals in one Markdown table.

Reads readiness.json, timings.json and crashed.json of each folder; never truth/.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.errors import UsageError
from pipelines.outcome import ExitCode, Outcome

Row = dict[str, Any]

REPORT, TIMINGS, CRASHED, BEGUN = (
    "readiness.json", "timings.json", "crashed.json", "rehearsal.json",
)  # fmt: skip
NOTE = "訓練 DRILL, synthetic: no score here predicts one on real damage."
LEGEND = (
    "Minutes are the drill's, from the first event; seconds are the machine's. Shown: "
    "truly D3 or worse and 30 % of it seen at 4 cm or finer. Told: graded D3 or worse. "
    "First 50: share truly D3 or worse of the first of the inspection list, beside the "
    "share in all. Not seen: assets without an assessment, of all. False all-clear: "
    "truly D3 or worse, graded D0."
)
HEAD = (
    "scenario", "seed", "edition 0 min", "first grade min", "D3+ shown", "told",
    "told or waiting", "recall of all", "precision", "first 50 (base)",
    "false all-clear", "placement median / p90 m", "CE90 held", "not seen",
    "Brier", "prior x2 held", "compute s", "crash",
)  # fmt: skip


def read_report(folder: Path) -> Row | None:
    """One rehearsal's report with `compute_s` and `crash`; None where there is none.

    A rehearsal that was begun and is not finished has a crash: its error, or that it
    was cut off.

    Raises:
        UsageError: If a file of it is no JSON.
    """
    finished, begun = folder / REPORT, folder / BEGUN
    if finished.is_file():
        steps = _json(folder / TIMINGS)["steps"]
        seconds = round(sum(step["seconds"] for step in steps), 1)
        return _json(finished) | {"compute_s": seconds, "crash": None}
    if not begun.is_file():
        return None
    crash = folder / CRASHED
    error = _json(crash)["error"] if crash.is_file() else "not finished"
    named = _json(begun)
    return {"scenario": named["scenario"], "seed": named["seed"], "crash": error}


def _json(path: Path) -> Row:
    try:
        found: Row = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"drill table: {path}: cannot be read ({error}); run the scenario again"
        ) from error
    return found


def read_reports(folder: Path) -> list[Row]:
    """Reports of a folder, or of the folders in it, by scenario and seed.

    Raises:
        UsageError: If there is none.
    """
    places = [folder]
    if folder.is_dir():
        places += sorted(path for path in folder.iterdir() if path.is_dir())
    found = [report for place in places if (report := read_report(place)) is not None]
    if not found:
        raise UsageError(
            f"drill table: {folder} holds no {REPORT}; give the folder of `karte drill "
            "run --all --out`"
        )
    return sorted(found, key=lambda row: (row["scenario"], row["seed"]))


def table_lines(reports: Sequence[Row]) -> list[str]:
    """All reports as one Markdown table, a row each and one of all together."""
    rows = [_row(report) for report in reports]
    if len(rows) > 1:
        rows.append(_together(reports))
    return [
        NOTE,
        "",
        LEGEND,
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(map(_cell, row)) + " |" for row in rows),
    ]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return " ".join(text.replace("|", "/").split())


def _row(report: Row) -> list[object]:
    if report.get("crash"):
        blank = [None] * (len(HEAD) - 3)
        return [report["scenario"], report["seed"], *blank, report["crash"]]
    last, placed = report["editions"][-1], report["placement"]
    found, first = last["d3"], last["first_50"]
    held, unseen = report["prior_wrong_by_two"], sum(last["not_assessed"].values())
    return [
        report["scenario"],
        report["seed"],
        _minutes(report["minutes_to_edition_0"]),
        _minutes(report["minutes_to_first_picture_grade"]),
        found["severe_well_seen"],
        found["recall_well_seen"],
        found["recall_well_seen_or_waiting"],
        found["recall"],
        found["precision"],
        f"{_cell(first['precision'])} ({_cell(first['base_rate'])})",
        found["false_all_clear"],
        f"{_metres(placed['median_m'])} / {_metres(placed['p90_m'])}",
        placed["inside_ce90"],
        f"{unseen}/{last['assets']}",
        last["calibration"]["brier"],
        f"{held['grades_held']}/{held['assets']}",
        round(report["compute_s"]),
        None,
    ]


def _minutes(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f}"


def _metres(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _together(reports: Sequence[Row]) -> list[object]:
    """Counts of all finished rehearsals added up; each share of what was added."""
    done = [r["editions"][-1] for r in reports if not r.get("crash")]
    found = [edition["d3"] for edition in done]
    shown = sum(d["severe_well_seen"] for d in found)
    severe, told = sum(d["severe"] for d in found), sum(d["told"] for d in found)
    right = sum(d["told_right"] for d in found)
    first = [edition["first_50"] for edition in done]
    crashes = len(reports) - len(done)
    return [
        "all",
        len(reports),
        None,
        None,
        shown,
        _ratio(_counted(found, "recall_well_seen"), shown),
        _ratio(_counted(found, "recall_well_seen_or_waiting"), shown),
        _ratio(right, severe),
        _ratio(right, told),
        _cell(_ratio(sum(f["severe"] for f in first), sum(f["first"] for f in first))),
        sum(d["false_all_clear"] for d in found),
        None,
        None,
        None,
        None,
        None,
        None,
        f"{crashes} of {len(reports)}",
    ]


def _counted(found: Sequence[Row], share: str) -> int:
    """How many of the shown a share stands for, over all rehearsals."""
    return sum(round((d[share] or 0.0) * d["severe_well_seen"]) for d in found)


def _ratio(part: int, whole: int) -> float | None:
    return None if whole == 0 else part / whole


def tabulate(folder: Path, out: Path | None) -> Outcome:
    """`karte drill table`: the table of a folder of rehearsals, printed or written.

    Args:
        folder: Of one rehearsal, or of many as `karte drill run --all` leaves them.
        out: Markdown file to write as well.

    Raises:
        UsageError: If there is no report, or the file cannot be written.
    """
    reports = read_reports(folder)
    lines = table_lines(reports)
    if out is not None:
        try:
            out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"drill table: {out} cannot be written ({error.strerror}); give another"
                " --out"
            ) from error
    crashed = any(report.get("crash") for report in reports)
    code = ExitCode.PARTIAL if crashed else ExitCode.DONE
    return Outcome(code, lines, {"reports": reports, "lines": lines})
