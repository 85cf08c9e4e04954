"""`karte drill run`: make a disaster, play the operator, open the truth, report.

A folder of a rehearsal goes on where it was cut off: rehearsal.json says whose it is,
truth/seen.csv that all is drawn, timings.json that all is played, readiness.json that
all is scored.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import UsageError
from data.record import to_json
from pipelines.drill.batch import write_json
from pipelines.drill.disaster import write_disaster
from pipelines.drill.readiness import readiness
from pipelines.drill.readiness_page import crops_of, page
from pipelines.drill.readiness_table import (
    BEGUN,
    CRASHED,
    REPORT,
    TIMINGS,
    read_report,
    table_lines,
)
from pipelines.drill.rehearsal import play, played_dict, played_from
from pipelines.drill.scenarios import Rehearsal, find_scenario, library, read_rehearsal
from pipelines.outcome import ExitCode, Outcome
from pipelines.progress import steps

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_SEED = 9_999  # networks are trained on the worlds from 10,000 on
TABLE = "readiness.md"
DRAWN = "truth/seen.csv"  # the last file that is drawn


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A rehearsal and the folder that is its own."""

    folder: Path
    rehearsal: Rehearsal
    seed: int

    def mark(self) -> dict[str, Any]:
        """What rehearsal.json says: another scenario text is another rehearsal."""
        text = to_json(self.rehearsal)
        return {
            "scenario": self.rehearsal.name,
            "seed": self.seed,
            "sha256": hashlib.sha256(text).hexdigest(),
        }


def rehearse(out: Path, scenario: str, *, seed: int, workers: int) -> dict[str, Any]:
    """Run one scenario to its report, or go on with what was cut off.

    Args:
        out: A new or empty folder, or one of the same scenario and seed: given/,
            truth/, store/, readiness.{json,html}.
        scenario: A TOML file, or a name of the library.
        seed: 0 to 9,999.
        workers: Processes that look.

    Raises:
        UsageError: If the folder is in use or cannot be written, the seed is one that
            networks are trained on, or there is no such scenario.
        ConfigError: If the scenario cannot be read.
    """
    return _finish(_begin(out, scenario, seed=seed), workers=workers)


def _begin(out: Path, scenario: str, *, seed: int) -> _Begun:
    """The rehearsal of a folder that is free, or its own already."""
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(
            f"drill: --seed {seed}: drills have seeds of 0 to {LARGEST_SEED}, networks"
            " are trained on the others"
        )
    rehearsal = read_rehearsal(find_scenario(scenario))
    begun = _Begun(folder=out, rehearsal=rehearsal, seed=seed)
    _claim(begun)
    return begun


def _finish(begun: _Begun, *, workers: int) -> dict[str, Any]:
    """Draw, play and score what is not yet."""
    _draw(begun)
    _play(begun, workers=workers)
    return report_on(begun.folder)


def _claim(begun: _Begun) -> None:
    """Make the folder this rehearsal's, or see that it is already."""
    out, mark = begun.folder, begun.folder / BEGUN
    try:
        if mark.is_file():
            if json.loads(mark.read_text("utf-8")) != begun.mark():
                raise UsageError(
                    f"drill: {out} holds another rehearsal; give a new folder"
                )
        elif out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UsageError(f"drill: {out} is not empty; give a new folder")
        else:
            out.mkdir(parents=True, exist_ok=True)
            write_json(mark, begun.mark())
    except OSError as error:
        raise UsageError(
            f"drill: {out} cannot be written ({error.strerror}); give another --out"
        ) from error
    except ValueError as error:
        raise UsageError(f"drill: {mark} is no JSON; give a new folder") from error
    (out / CRASHED).unlink(missing_ok=True)


def _draw(begun: _Begun) -> None:
    """Draw all that is given and true, unless it is."""
    out, rehearsal = begun.folder, begun.rehearsal
    if (out / DRAWN).is_file():
        return
    _clear(out, "given", "truth", "store")
    with steps(f"{rehearsal.name}: cards", len(rehearsal.deliveries)) as bar:
        write_disaster(out, rehearsal, seed=begun.seed, on_card=bar.advance)


def _play(begun: _Begun, *, workers: int) -> None:
    """Play the operator from the beginning, unless he is done."""
    out = begun.folder
    if (out / TIMINGS).is_file():
        return
    _clear(out, "store")
    played = play(out / "given", out / "store", workers=workers)
    write_json(out / TIMINGS, played_dict(played))


def _clear(out: Path, *names: str) -> None:
    """Remove what a cut-off run left half done below its own folder."""
    for name in names:
        if (out / name).exists():
            shutil.rmtree(out / name)


def report_on(out: Path) -> dict[str, Any]:
    """Score what was played in a folder, and write the report."""
    timings = json.loads((out / TIMINGS).read_text("utf-8"))
    report = readiness(out / "truth", out / "store", played_from(timings))
    missed = [row["id"] for row in report["misses"]]
    crops = crops_of(out / "given", out / "truth", missed)
    (out / "readiness.html").write_text(page(report, timings, crops), encoding="utf-8")
    write_json(out / REPORT, report)
    return read_report(out) or report


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

    A folder that holds a report already is kept: what was cut off goes on. One that
    crashes costs itself: crashed.json in its folder says how, and the others go on.
    """
    reports = []
    for name in scenarios or library():
        for seed in seeds:
            reports.append(_one_of_all(out, name, seed=seed, workers=workers))
            lines = table_lines(reports)
            (out / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    crashed = any(report["crash"] for report in reports)
    return Outcome(
        ExitCode.PARTIAL if crashed else ExitCode.DONE,
        [*lines, f"table: {out / TABLE}"],
        {"path": str(out / TABLE), "reports": reports},
    )


def _one_of_all(out: Path, name: str, *, seed: int, workers: int) -> dict[str, Any]:
    """The report of one, or how it crashed."""
    begun = _begin(out / f"{name}-{seed}", name, seed=seed)
    try:
        return _finish(begun, workers=workers)
    except Exception as error:  # noqa: BLE001 a bug is what a rehearsal looks for
        crash = f"{type(error).__name__}: {error}"
        trace = traceback.format_exception(error)
        write_json(begun.folder / CRASHED, {"error": crash, "traceback": trace})
    return {"scenario": name, "seed": seed, "crash": crash}
