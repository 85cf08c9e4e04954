"""Look, place, believe, publish: `karte assess`; killed, it goes on where it was."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from data.ledger import Ledger
from data.places import WEIGHTS
from data.store import OperationFolder, find_operation
from pipelines.believing import believe, current_pairs, expect
from pipelines.config import Config, IntakeOptions
from pipelines.editions import publish, publish_believed
from pipelines.event import frozen
from pipelines.ingest import ingest, picture_path
from pipelines.looking import Task, look_at_frame
from pipelines.outcome import ExitCode, Outcome
from pipelines.pairs import FramePairs
from pipelines.progress import steps
from pipelines.workers import pool

CHUNK_FRAMES = 8
"""Frames of one transaction: what a killed run loses at most."""

Entries = list[tuple[str, str, bytes]]
Mapped = Callable[[Callable[[Task], Entries], Sequence[Task]], list[Entries]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How one `assess` runs; of these only `now` and `as_of` may change a result.

    Attributes:
        now: A picture taken later than this is refused.
        as_of: State of knowledge of the edition; None takes the ledger's latest.
        workers: Processes that look.
        publishing: False leaves out the edition.
        every_s: Least time between editions while looking; None publishes at the end.
    """

    now: datetime
    as_of: datetime | None = None
    workers: int = 2
    publishing: bool = True
    every_s: float | None = None


def assess(
    store: Path,
    operation: str,
    paths: Sequence[Path],
    options: IntakeOptions,
    config: Config,
    running: Running,
) -> Outcome:
    """Take in what is given, look at all that is new, and publish.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        paths: Folders or zips to take in first; none looks at what is in already.
        options: What was said of them on the command line.
        config: The operator's settings.
        running: How to run.
    """
    taken = None
    if paths:
        taken = ingest(store, operation, paths, options, config, now=running.now)
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        looked = _look(
            folder,
            ledger,
            store,
            config,
            workers=running.workers,
            every_s=running.every_s
            if running.publishing and not frozen(ledger)
            else None,
        )
    published = (
        publish(store, operation, config, as_of=running.as_of)
        if running.publishing
        else Outcome(ExitCode.DONE, ())
    )
    return assessed(folder.id, taken, looked, published)


def assessed(
    operation: str, taken: Outcome | None, looked: int, published: Outcome
) -> Outcome:
    """What was taken in, looked at and published, said together.

    Args:
        operation: Id of the operation.
        taken: Of the pictures taken in first; None where there were none.
        looked: How many frames were looked at.
        published: Of the edition.
    """
    lines = [f"operation {operation}: {looked} frames looked at"]
    if not looked:
        lines = [f"operation {operation}: nothing new to look at"]
    return Outcome(
        code=published.code if taken is None else taken.code,
        lines=[*(taken.lines if taken else ()), *lines, *published.lines],
        data={
            **published.data,
            "frames_looked_at": looked,
            "ingest": None if taken is None else dict(taken.data),
        },
    )


def outstanding(ledger: Ledger, pairs: Sequence[FramePairs]) -> list[FramePairs]:
    """Frames with anything that was not done yet, each with just that."""
    known = ledger.known("placed", (p.key for each in pairs for p in each.pairs))
    seen = ledger.known("footprint", (each.footprint_key for each in pairs))
    left = [
        replace(each, pairs=tuple(p for p in each.pairs if p.key not in known))
        for each in pairs
    ]
    return [each for each in left if each.pairs or each.footprint_key not in seen]


def chunks_of(pairs: Sequence[FramePairs]) -> list[Sequence[FramePairs]]:
    """Frames cut into chunks of one transaction each; the cut never moves."""
    starts = range(0, len(pairs), CHUNK_FRAMES)
    return [pairs[start : start + CHUNK_FRAMES] for start in starts]


def look_at_chunk(
    folder: OperationFolder,
    ledger: Ledger,
    chunk: Sequence[FramePairs],
    config: Config,
    mapped: Mapped,
) -> int:
    """Look at what is outstanding in a chunk; returns how many frames that were."""
    work = outstanding(ledger, chunk)
    found = mapped(look_at_frame, [_task(folder, each, config) for each in work])
    entries = [entry for frame in found for entry in frame]
    frames = [each.frame.id for each in work]
    ledger.record(entries, note={"did": "look", "frames": frames})
    return len(work)


def frames_left(store: Path, operation: str, config: Config) -> list[str]:
    """Ids of the frames with anything left to look at, the riskiest first."""
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        return [each.frame.id for each in _work(folder, ledger, store, config)]


def look_at_frames(
    store: Path, operation: str, frames: Sequence[str], config: Config
) -> int:
    """Look at what is left in these frames; returns how many frames that were."""
    folder, wanted = find_operation(store, operation), frozenset(frames)
    with folder.open_ledger() as ledger:
        left = _work(folder, ledger, store, config)
        work = [each for each in left if each.frame.id in wanted]
        with pool(min(config.workers, max(len(work), 1))) as mapped:
            for chunk in chunks_of(work):
                look_at_chunk(folder, ledger, chunk, config, mapped)
    return len(work)


def _work(
    folder: OperationFolder, ledger: Ledger, store: Path, config: Config
) -> list[FramePairs]:
    """Every frame with anything left to look at, the riskiest first."""
    expected = expect(store, ledger, config)
    return outstanding(ledger, current_pairs(folder, ledger, expected, config))


def _task(folder: OperationFolder, each: FramePairs, config: Config) -> Task:
    return Task(
        frame=each,
        picture=picture_path(folder, each.frame.id),
        reads=folder.reads,
        weights=WEIGHTS,
        model_id=config.model,
        coarsest_gsd_m=config.coarsest_gsd_m,
    )


def _look(
    folder: OperationFolder,
    ledger: Ledger,
    store: Path,
    config: Config,
    *,
    workers: int,
    every_s: float | None,
) -> int:
    """Look at every frame, the riskiest first; returns how many were new."""
    work = _work(folder, ledger, store, config)
    published_at = time.monotonic()
    with (
        pool(min(workers, max(len(work), 1))) as mapped,
        steps("frames", len(work)) as bar,
    ):
        for chunk in chunks_of(work):
            look_at_chunk(folder, ledger, chunk, config, mapped)
            for _ in chunk:
                bar.advance()
            if every_s is not None and time.monotonic() - published_at >= every_s:
                believed = believe(folder, ledger, store, config)
                publish_believed(folder, ledger, believed, seconds={})
                published_at = time.monotonic()
    return len(work)
