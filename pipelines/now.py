"""One screen: what happened, the newest edition, and what to do next: `karte now`."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import UsageError
from data.store import OperationFolder, find_operation, operations
from pipelines.edition_folder import latest_folder, read_manifest
from pipelines.event import events_of, frozen
from pipelines.event_list import event_lines, frozen_lines
from pipelines.heartbeat import feed_facts, feed_lines, read_heartbeats
from pipelines.outcome import ExitCode, Outcome

WORST = 10


def now(store: Path, operation: str, *, at: datetime) -> Outcome:
    """What an operation knows at this moment.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        at: The time to tell ages by.

    Raises:
        UsageError: If the store holds no such operation.
    """
    beats = read_heartbeats(store)
    feeds = feed_lines(beats, at=at)
    facts: dict[str, Any] = {"feeds": feed_facts(beats, at=at)}
    if operation == "latest" and not operations(store):
        if not beats:
            raise UsageError(
                f"store {store}: no operation; next: karte event open FILE"
            )
        return Outcome(ExitCode.DONE, ["no operation · 対応なし", *feeds], facts)
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        events = events_of(ledger)
        frames, waiting = len(ledger.all("frame")), frozen(ledger)
    facts = {**facts, "frozen": sorted(waiting)}
    root = "DRILL 訓練" if folder.drill else "REAL 実災害"
    head = [f"{root} operation {folder.id}"]
    head += [line for event in events for line in event_lines(event)]
    head += [] if events else ["  withdrawn 取消"]
    head += frozen_lines(folder.id, waiting)
    newest = latest_folder(folder.path)
    if newest is None:
        return Outcome(
            ExitCode.DONE,
            [*head, *feeds, f"  no edition yet; next: karte plan {folder.id}"],
            {"operation": folder.id, "drill": folder.drill, "edition": None, **facts},
        )
    outcome = _with_edition(folder, newest, [*head, *feeds], frames=frames, at=at)
    return replace(outcome, data={**outcome.data, **facts})


def _with_edition(
    folder: OperationFolder, newest: Path, head: list[str], *, frames: int, at: datetime
) -> Outcome:
    info = read_manifest(newest).info
    table = pq.read_table(newest / "map.parquet")
    severe = table.filter(pc.greater_equal(table["grade_rank"], 3))
    severe = severe.sort_by([("priority", "descending"), ("id", "ascending")])
    waiting = int(pc.sum(pc.equal(table["review"], "waiting")).as_py() or 0)
    unseen = int(pc.sum(pc.equal(table["na_reason"], "not_observed")).as_py() or 0)
    clocks = table.filter(pc.is_valid(table["clock_due_at"]))
    age_min = (at.astimezone(UTC) - info.as_of).total_seconds() / 60
    following = (
        f"karte assess {folder.id} PICTURES"
        if not frames
        else (f"karte review {folder.id}" if waiting else f"karte serve {folder.path}")
    )
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            *head,
            (
                f"  edition {info.number}, as of {info.as_of.isoformat()}"
                f" ({age_min:.0f} min ago), {frames} frames"
            ),
            f"  {severe.num_rows} graded D3 or worse:",
            *(
                f"    {row['grade']} {row['kind']:10} {row['id']} ({row['basis']})"
                for row in severe.slice(0, WORST).to_pylist()
            ),
            (
                f"  {waiting} wait for a person, {unseen} in plan and not yet seen,"
                f" {clocks.num_rows} inspection clocks"
            ),
            f"  next: {following}",
        ],
        data={
            "operation": folder.id,
            "drill": folder.drill,
            "edition": info.number,
            "as_of": info.as_of.isoformat(),
            "severe": severe["id"].to_pylist(),
            "waiting": waiting,
            "not_observed": unseen,
            "clocks": clocks.num_rows,
            "next": following,
        },
    )
