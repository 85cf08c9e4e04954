"""`karte drill run`: make a disaster, play the operator, open the truth, report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UsageError
from pipelines.drill.batch import write_json
from pipelines.drill.disaster import write_disaster
from pipelines.drill.readiness import readiness
from pipelines.drill.readiness_page import crops_of, page
from pipelines.drill.rehearsal import play, played_dict, played_from
from pipelines.drill.scenarios import find_scenario, library, read_rehearsal
from pipelines.outcome import ExitCode, Outcome
from pipelines.progress import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_SEED = 9_999  # networks are trained on the worlds from 10,000 on
TABLE = "readiness.md"
HEAD = (
    "scenario", "seed", "edition 0 min", "first grade min", "D3+ shown", "told",
    "told or waiting", "precision", "first 50", "Brier", "log-loss", "CE90 held",
    "prior x2 held", "compute s",
)  # fmt: skip


def rehearse(out: Path, scenario: str, *, seed: int, workers: int) -> dict[str, Any]:
    """Run one scenario to its report.

    Args:
        out: A new or empty folder: given/, truth/, store/, readiness.{json,html}.
        scenario: A TOML file, or a name of the library.
        seed: 0 to 9,999.
        workers: Processes that look.

    Raises:
        UsageError: If the folder is in use, the seed is one that networks are trained
            on, or there is no such scenario.
        ConfigError: If the scenario cannot be read.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(
            f"drill: --seed {seed}: drills have seeds of 0 to {LARGEST_SEED}, networks"
            " are trained on the others"
        )
    rehearsal = read_rehearsal(find_scenario(scenario))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"drill: {out} is not empty; give a new folder")
    with steps(f"{rehearsal.name}: cards", len(rehearsal.deliveries)) as bar:
        write_disaster(out, rehearsal, seed=seed, on_card=bar.advance)
    played = play(out / "given", out / "store", workers=workers)
    timings = played_dict(played)
    write_json(out / "timings.json", timings)
    return report_on(out)


def report_on(out: Path) -> dict[str, Any]:
    """Score what was played in a folder, and write the report."""
    timings = json.loads((out / "timings.json").read_text("utf-8"))
    report = readiness(out / "truth", out / "store", played_from(timings))
    write_json(out / "readiness.json", report)
    missed = [row["id"] for row in report["misses"]]
    crops = crops_of(out / "given", out / "truth", missed)
    (out / "readiness.html").write_text(page(report, timings, crops), encoding="utf-8")
    return report | {"compute_s": round(sum(s["seconds"] for s in timings["steps"]), 1)}


def rehearse_one(out: Path, scenario: str, *, seed: int, workers: int) -> Outcome:
    """One scenario as a command."""
    report = rehearse(out, scenario, seed=seed, workers=workers)
    return Outcome(
        ExitCode.DONE,
        [*table_lines([report]), f"report: {out / 'readiness.html'}"],
        report,
    )


def rehearse_all(
    out: Path, *, seeds: Sequence[int], workers: int, scenarios: Sequence[str] = ()
) -> Outcome:
    """Every scenario of the library, each in OUT/NAME-SEED, and one table of all.

    A folder that holds a report already is kept: what was cut off goes on.
    """
    reports = []
    for name in scenarios or library():
        for seed in seeds:
            folder = out / f"{name}-{seed}"
            done = (folder / "readiness.json").is_file()
            reports.append(
                report_on(folder)
                if done
                else rehearse(folder, name, seed=seed, workers=workers)
            )
    lines = table_lines(reports)
    (out / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Outcome(
        ExitCode.DONE,
        [*lines, f"table: {out / TABLE}"],
        {"path": str(out / TABLE), "reports": reports},
    )


def table_lines(reports: Sequence[dict[str, Any]]) -> list[str]:
    """All reports as one Markdown table, a row each."""
    return [
        "訓練 DRILL, synthetic: no score here predicts one on real damage.",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *("| " + " | ".join(map(_cell, _row(r))) + " |" for r in reports),
    ]


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def _row(report: dict[str, Any]) -> list[object]:
    last = report["editions"][-1]
    found, held = last["d3"], report["prior_wrong_by_two"]
    return [
        report["scenario"],
        report["seed"],
        report["minutes_to_edition_0"],
        report["minutes_to_first_picture_grade"],
        found["severe_well_seen"],
        found["recall_well_seen"],
        found["recall_well_seen_or_waiting"],
        found["precision"],
        last["first_50"]["precision"],
        last["calibration"]["brier"],
        last["calibration"]["log_loss"],
        report["placement"]["inside_ce90"],
        f"{held['grades_held']}/{held['assets']}",
        report["compute_s"],
    ]
