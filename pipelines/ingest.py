"""Pictures in: `karte ingest`. What is refused is listed, and the batch goes on."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from data.batch import (
    FILE_NAME,
    BatchSettings,
    MergedSettings,
    merged_settings,
    read_batch_toml,
)
from data.errors import ConfigError, UsageError
from data.exif import ReadSettings
from data.frames import Picture, checked_batch, frame_of_picture, mark_stale_fixes
from data.imagery import Frame
from data.intake import batch_root, find_batch_toml, list_batch
from data.ledger import Ledger, content_key
from data.record import from_json, to_json
from data.refusals import Refusal
from data.store import OperationFolder, find_operation
from geo.solved.formats import poses_sha256
from geo.solved.reading import read_solved
from geo.solved.view import with_view
from geo.terrain import read_terrain
from pipelines.config import Config, IntakeOptions
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)
from pipelines.progress import Progress, steps
from pipelines.reading import write_atomically
from vision.images import quality, read_rgb, unusable_reason

INTAKE = "intake-1"
"""Raise it whenever reading the same tags may give another Frame."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What counts for one batch: the settings, whence each came, and its terrain.

    Attributes:
        terrain: The grid's file, or None.
        terrain_sha256: Of its bytes, or None.
        poses: File of solved poses, or None.
        poses_sha256: Of what it holds, or None.
    """

    merged: MergedSettings
    terrain: Path | None
    terrain_sha256: str | None
    poses: Path | None = None
    poses_sha256: str | None = None

    @property
    def text(self) -> bytes:
        """What is kept with every frame: all that decides how it was understood."""
        value = {
            "intake": INTAKE,
            "settings": json.loads(
                to_json(replace(self.merged.settings, terrain=None))
            ),
            "sources": self.merged.sources,
            "terrain_sha256": self.terrain_sha256,
        }
        if self.poses_sha256 is not None:
            value["poses_sha256"] = self.poses_sha256
        return json.dumps(value, sort_keys=True).encode()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one batch."""

    new: tuple[Frame, ...]
    known: tuple[Frame, ...]
    refused: tuple[Refusal, ...]
    duplicates: tuple[str, ...]
    sources: dict[str, str]


def ingest(
    store: Path,
    operation: str,
    paths: Sequence[Path],
    options: IntakeOptions,
    config: Config,
    *,
    now: datetime,
) -> Outcome:
    """Take folders and zips of pictures into an operation.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        paths: Folders or zips, each a batch of its own.
        options: What was said on the command line; goes before batch.toml and config.
        config: The operator's settings.
        now: A picture taken later than this is refused.

    Raises:
        UsageError: If a path is not there, or `flown_after` comes without an actor.
    """
    if options.flown_after is not None and not options.actor:
        raise UsageError("--flown-after needs --actor NAME: who states it?")
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        taken = [_take_in(folder, ledger, p, options, config, now) for p in paths]
    report = _report(folder, taken)
    text = json.dumps(report, ensure_ascii=False, indent=2, sort_keys=True)
    write_atomically(folder.path / "report.json", text.encode())
    return _outcome(folder, taken, report)


def _take_in(
    folder: OperationFolder,
    ledger: Ledger,
    path: Path,
    options: IntakeOptions,
    config: Config,
    now: datetime,
) -> Taken:
    scratch = folder.path / "incoming"
    try:
        files, refused = list_batch(path, scratch)
        own = find_batch_toml(batch_root(path, scratch))
        statement = _with_poses(_statement(own, options, config), options.poses)
        batch = checked_batch(files)
        with steps(f"{path.name}: pictures", len(batch.pictures)) as progress:
            new, known, unread = _frames(
                folder, ledger, batch.pictures, statement, now, progress
            )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    every = sorted((*refused, *batch.refusals, *unread), key=lambda r: (r.what, r.code))
    entries = [("refusal", content_key(_dict(r)), to_json(r)) for r in every]
    ledger.record(entries, note={"did": "ingest", "batch": path.name})
    return Taken(new, known, tuple(every), batch.duplicates, statement.merged.sources)


def _statement(own: Path | None, options: IntakeOptions, config: Config) -> Statement:
    """What counts for a batch; the terrain is read, to see that it can be.

    Args:
        own: The batch.toml of the batch, or None.
        options: What was said on the command line.
        config: The operator's settings.

    Raises:
        ConfigError: If a terrain is given and nothing says what its heights are.
    """
    stated = BatchSettings() if own is None else read_batch_toml(own)
    merged = merged_settings(
        command_line=BatchSettings(
            altitudes=options.altitudes,
            time_zone=options.time_zone,
            clock_offset_s=options.clock_offset_s,
            terrain=None if options.terrain is None else str(options.terrain),
            terrain_heights=options.terrain_heights,
            flown_after=options.flown_after,
        ),
        batch_toml=stated,
        config=BatchSettings(
            altitudes=config.altitudes,
            time_zone=config.time_zone,
            terrain=config.terrain,
            terrain_heights=config.terrain_heights,
        ),
        default=BatchSettings(clock_offset_s=0.0),
    )
    named = merged.settings.terrain
    if named is None:
        return Statement(merged, None, None)
    inside = own is not None and merged.sources["terrain"] == FILE_NAME
    terrain = own.parent / named if own is not None and inside else Path(named)
    if merged.settings.terrain_heights is None:
        raise ConfigError(
            f"terrain {terrain}: what are its heights measured from?"
            " give --terrain-heights ellipsoidal, JGD2011, JGD2024 or local"
        )
    grid = read_terrain(terrain, merged.settings.terrain_heights)
    return Statement(merged, terrain, grid.sha256)


def _with_poses(statement: Statement, poses: Path | None) -> Statement:
    if poses is None:
        return statement
    return replace(statement, poses=poses, poses_sha256=poses_sha256(poses))


def _solved(
    frames: tuple[Frame, ...], beside: tuple[Frame, ...], statement: Statement
) -> tuple[Frame, ...]:
    """The frames with the poses that the statement's file has for them."""
    if statement.poses is None:
        return frames
    datum = statement.merged.settings.altitudes
    solved = read_solved(statement.poses, [*frames, *beside], datum)
    return tuple(
        with_view(frame, solved.views[frame.file])
        if frame.file in solved.views
        else frame
        for frame in frames
    )


def _frames(
    folder: OperationFolder,
    ledger: Ledger,
    pictures: Sequence[Picture],
    statement: Statement,
    now: datetime,
    progress: Progress,
) -> tuple[tuple[Frame, ...], tuple[Frame, ...], tuple[Refusal, ...]]:
    """Frames that are new or understood anew, those known, and refusals."""
    keep_terrain(folder, statement)
    known, fresh = [], []
    for picture in pictures:
        sha = picture.header.sha256
        if ledger.get("batch", sha) == statement.text:
            known.append(from_json(Frame, ledger.get("frame", sha) or b""))
            progress.advance()
        else:
            fresh.append(picture)
    read = [_read(picture, statement, now, progress) for picture in fresh]
    frames = tuple(item for item in read if isinstance(item, Frame))
    marked = mark_stale_fixes((*frames, *known))[: len(frames)]
    marked = _solved(marked, tuple(known), statement)
    by_sha = {picture.header.sha256: picture for picture in fresh}
    for frame in marked:
        keep_picture(folder, by_sha[frame.id])
    _record(ledger, marked, statement)
    refused = tuple(item for item in read if isinstance(item, Refusal))
    return marked, tuple(known), refused


def _read(
    picture: Picture, statement: Statement, now: datetime, progress: Progress
) -> Frame | Refusal:
    settings = statement.merged.settings
    reading = ReadSettings(
        altitudes=settings.altitudes,
        time_zone=settings.time_zone,
        clock_offset_s=settings.clock_offset_s or 0.0,
        flown_after=settings.flown_after,
    )
    found = frame_of_picture(picture, reading, measured_quality, now)
    progress.advance()
    return found


def measured_quality(path: Path) -> tuple[float, float, str | None]:
    """Blur, exposure, and why a picture is unusable, or None."""
    measured = quality(read_rgb(path))
    return (
        round(measured.blur, 6),
        round(measured.exposure, 6),
        unusable_reason(measured),
    )


def _record(ledger: Ledger, frames: Sequence[Frame], statement: Statement) -> None:
    """Write all frames of a batch at once: what is stale shows in the whole alone."""
    entries = [
        entry
        for frame in frames
        for entry in (
            ("frame", frame.id, to_json(frame)),
            ("batch", frame.id, statement.text),
        )
    ]
    ledger.replace(entries, note={"did": "ingest"})


def picture_path(folder: OperationFolder, sha: str) -> Path:
    """Where a picture taken in is kept, whatever its type."""
    return folder.frames / sha[:2] / sha


def terrain_path(folder: OperationFolder, sha: str) -> Path:
    """Where a terrain taken in is kept."""
    return folder.path / "terrain" / f"{sha}.tif"


def keep_picture(folder: OperationFolder, picture: Picture) -> None:
    """Copy a picture into the store, whole or not at all."""
    _keep(picture.file.path, picture_path(folder, picture.header.sha256))


def keep_terrain(folder: OperationFolder, statement: Statement) -> None:
    """Copy the terrain into the store: the card it came from goes away."""
    if statement.terrain is not None and statement.terrain_sha256 is not None:
        _keep(statement.terrain, terrain_path(folder, statement.terrain_sha256))


def _keep(source: Path, target: Path) -> None:
    if not target.is_file():
        write_atomically(target, source.read_bytes())


def _dict(refusal: Refusal) -> dict[str, Any]:
    return refusal_dicts([refusal])[0]


def _report(folder: OperationFolder, taken: Sequence[Taken]) -> dict[str, Any]:
    frames = sorted(
        (frame for each in taken for frame in (*each.new, *each.known)),
        key=lambda frame: frame.file,
    )
    return {
        "operation": folder.id,
        "drill": folder.drill,
        "new": sum(len(each.new) for each in taken),
        "known": sum(len(each.known) for each in taken),
        "refused": refusal_dicts([r for each in taken for r in each.refused]),
        "duplicates": [name for each in taken for name in each.duplicates],
        "unusable": {f.file: f.unusable for f in frames if f.unusable},
        "unlocated": {f.file: f.unlocated for f in frames if f.unlocated},
        "without_time": [f.file for f in frames if f.captured_at is None],
        "repaired": {f.file: list(f.repairs) for f in frames if f.repairs},
        "settings": [each.sources for each in taken],
    }


def _outcome(
    folder: OperationFolder, taken: Sequence[Taken], report: dict[str, Any]
) -> Outcome:
    refused = [refusal for each in taken for refusal in each.refused]
    frames = report["new"] + report["known"]
    lines = [
        f"operation {folder.id}: "
        + ", ".join(
            (
                f"{report['new']} pictures new",
                f"{report['known']} known already",
                f"{len(report['duplicates'])} duplicates",
                f"{len(refused)} refused",
            )
        ),
        *(f"  duplicate {name}" for name in report["duplicates"]),
        *(f"  unusable {name}: {why}" for name, why in report["unusable"].items()),
        *(f"  unlocated {name}: {why}" for name, why in report["unlocated"].items()),
        *(
            f"  repaired {name}: {'; '.join(words)}"
            for name, words in report["repaired"].items()
        ),
        *refusal_lines(refused),
    ]
    if not report["new"] and frames:
        lines.append("  nothing new: all of it was taken in before")
    code = code_for(done=frames, refused=len(refused))
    if not frames:
        code = ExitCode.NOTHING_USABLE
    return Outcome(code=code, lines=lines, data=report)
