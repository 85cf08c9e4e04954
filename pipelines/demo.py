"""The sample batch, end to end: a 訓練 telegram to tiles, then the truth beside it.

Everything in it is synthetic: a made-up earthquake over a made-up valley, rendered by
pipelines/drill. The demo succeeds only if what was planted was found, refused or left
unsaid as it should be.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data.errors import KarteError
from data.findings import Grade
from data.places import SAMPLES
from data.store import find_operation
from pipelines import assess, editions, event, holdings
from pipelines.config import Config, IntakeOptions
from pipelines.edition_folder import latest_folder
from pipelines.outcome import ExitCode, Outcome

SAMPLE = SAMPLES / "noto_drill"
PICTURES_AFTER = timedelta(days=1)
"""The made-up pictures are taken within a day of the made-up telegram."""
SEEN_SHARE, SEEN_GSD_M = 0.3, 0.03
"""Truly visible share, and sampling distance, from which severe damage must be told."""
SEVERE = 3
UNSEEN_REASONS = frozenset({"pending", "not_observed", "not_in_plan"})
"""Untrue of an asset that was seen: somebody looked, or should have."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One asset of the table: what is true, what the map says, and whether that holds.

    Attributes:
        truth: Grade 0 to 4, or None where nobody flew and nothing is known.
        seen: Truly visible share at 3 cm or finer, over all usable frames.
        verdict: ok, missed (severe and seen, graded milder), false alarm (undamaged,
            graded severe), false all-clear (damaged, graded D0) or untrue reason (NA).
    """

    id: str
    kind: str
    truth: int | None
    seen: float
    grade: int
    na_reason: str | None
    p_severe: float | None
    verdict: str


def demo(out: Path, *, workers: int) -> Outcome:
    """Run the sample batch into a store of its own.

    Args:
        out: The store; a second run in the same one does nothing new and says so.
        workers: Processes that look.

    Returns:
        Exit code 0 when the table holds and exactly the planted files were refused.
    """
    opened = event.open_messages(out, [SAMPLE / "telegram.xml"], real=False, actor=None)
    operation = str(opened.data["messages"][0]["operation"])
    imported = holdings.import_inventory(
        out, SAMPLE / "inventory.geojson", kind=None, mapping=None
    )
    planned = editions.publish(out, operation, Config())
    with find_operation(out, operation).open_ledger() as ledger:
        reported = event.events_of(ledger)[0].reported_at
    running = assess.Running(now=reported + PICTURES_AFTER, workers=workers)
    assessed = assess.assess(
        out, operation, [SAMPLE / "batch"], IntakeOptions(), Config(), running
    )
    folder = find_operation(out, operation)
    table = scored(latest_folder(folder.path))
    surprises = planted_surprises(assessed.data["ingest"])
    holds = not surprises and all(line.verdict == "ok" for line in table)
    steps = (opened, imported, planned, assessed)
    return Outcome(
        code=ExitCode.DONE if holds else ExitCode.BUG,
        lines=[
            *(line for step in steps for line in step.lines),
            *table_lines(table),
            *(f"not as planted: {surprise}" for surprise in surprises),
            _ending(table, holds=holds),
            f"look at it: karte serve {folder.path}",
        ],
        data={
            "operation": operation,
            "edition": assessed.data["edition"],
            "path": assessed.data["path"],
            "holds": holds,
            "surprises": surprises,
            "assets": [
                {name: getattr(line, name) for name in Line.__slots__} for line in table
            ],
        },
    )


def scored(edition: Path | None) -> list[Line]:
    """Every asset of an edition beside the sealed truth, by id."""
    if edition is None:
        raise KarteError("demo: no edition was published")
    columns = ["id", "kind", "grade_rank", "na_reason", "p_severe"]
    rows = pq.read_table(edition / "map.parquet", columns=columns).to_pylist()
    truth = {each["id"]: each for each in json.loads(_truth("assets.json"))}
    return sorted((_line(row, truth[row["id"]]) for row in rows), key=lambda x: x.id)


def _truth(name: str) -> str:
    return (SAMPLE / "truth" / name).read_text("utf-8")


def _line(row: Row, truth: Row) -> Line:
    by_gsd = truth.get("visible_share_by_gsd_m", {})
    seen = float(by_gsd.get(f"{SEEN_GSD_M:.3f}", 0.0))
    return Line(
        id=row["id"],
        kind=row["kind"],
        truth=truth["grade"],
        seen=seen,
        grade=row["grade_rank"],
        na_reason=row["na_reason"],
        p_severe=row["p_severe"],
        verdict=verdict(
            truth["grade"], row["grade_rank"], seen=seen, na_reason=row["na_reason"]
        ),
    )


def verdict(
    truth: int | None, grade: int, *, seen: float, na_reason: str | None = None
) -> str:
    """Whether a grade may stand beside the truth.

    >>> verdict(4, 0, seen=0.0), verdict(4, 2, seen=0.5), verdict(4, -1, seen=0.5)
    ('false all-clear', 'missed', 'ok')
    >>> verdict(0, 3, seen=0.9), verdict(None, -1, seen=0.0)
    ('false alarm', 'ok')
    >>> verdict(4, -1, seen=0.5, na_reason="not_observed")
    'untrue reason'
    """
    if truth is None:
        return "ok" if grade == Grade.NA else "graded unseen"
    if truth > 0 and grade == Grade.D0:
        return "false all-clear"
    if truth == 0 and grade >= SEVERE:
        return "false alarm"
    if truth < SEVERE or seen < SEEN_SHARE:
        return "ok"
    if grade == Grade.NA:
        return "untrue reason" if na_reason in UNSEEN_REASONS else "ok"
    return "ok" if grade >= SEVERE else "missed"


def planted_surprises(ingest: Row) -> list[str]:
    """What was refused, repaired or set aside otherwise than planted."""
    planted = json.loads(_truth("drill.json"))["planted"]
    wanted = {
        kind: {each["file"] for each in planted if each["kind"] == kind}
        for kind in ("refused", "duplicate", "unlocated", "turned", "blurred", "dark")
    }
    unusable = ingest["unusable"]
    found = {
        "refused": {_name(each["what"]) for each in ingest["refused"]},
        "duplicate": {_name(text.split(": ")[0]) for text in ingest["duplicates"]},
        "unlocated": {_name(name) for name in ingest["unlocated"]},
        "turned": {
            _name(name)
            for name, words in ingest["repaired"].items()
            if any("turned" in word for word in words)
        },
        "blurred": {_name(n) for n, why in unusable.items() if why == "blur"},
        "dark": {_name(n) for n, why in unusable.items() if why == "dark"},
    }
    # of two equal files the name that comes first counts, so either may be the second
    copies = {name.replace("_COPY", "") for name in found["duplicate"]}
    found["duplicate"] = {
        n for n in wanted["duplicate"] if n.replace("_COPY", "") in copies
    }
    return [
        f"{kind}: planted {sorted(wanted[kind])}, found {sorted(found[kind])}"
        for kind in wanted
        if wanted[kind] != found[kind]
    ]


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def table_lines(table: list[Line]) -> list[str]:
    """The table as text, the misses not hidden."""
    head = ("asset", "kind", "truth", "seen", "map", "p_severe", "verdict")
    rows = [head, *(_cells(line) for line in table)]
    return [
        "",
        "DRILL 訓練, synthetic: the map beside the truth",
        *("{:13}{:11}{:6}{:6}{:27}{:9}{}".format(*row) for row in rows),
    ]


def _cells(line: Line) -> tuple[str, ...]:
    """One line of the table; a dash where nothing is known."""
    reason = f" ({line.na_reason})" if line.na_reason else ""
    return (
        line.id,
        line.kind,
        "-" if line.truth is None else Grade(line.truth).name,
        f"{line.seen:.2f}",
        Grade(line.grade).name + reason,
        "-" if line.p_severe is None else f"{line.p_severe:.2f}",
        line.verdict,
    )


def _ending(table: list[Line], *, holds: bool) -> str:
    severe = [x for x in table if (x.truth or 0) >= SEVERE and x.seen >= SEEN_SHARE]
    graded = sum(line.grade >= SEVERE for line in severe)
    said = "holds" if holds else "DOES NOT HOLD"
    return (
        f"the table {said}: of {len(severe)} severely damaged and seen assets {graded}"
        f" are graded D3 or worse, {len(severe) - graded} are left to people (NA)"
    )
