"""An edition of what the ledger holds: `karte plan` and `karte publish`."""

import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data.edition import EditionInfo, Manifest, Publication
from data.errors import NothingUsableError
from data.findings import Grade
from data.ledger import Ledger
from data.operation import Event
from data.store import OperationFolder, find_operation
from geo.exports import write_parquet
from geo.map_table import map_table
from pipelines.believing import Believed, believe
from pipelines.config import Config
from pipelines.edition_folder import latest_folder, next_number
from pipelines.event import describe, frozen
from pipelines.event_list import frozen_lines
from pipelines.map_content import shapes_of
from pipelines.outcome import ExitCode, Outcome
from pipelines.plan import rank
from pipelines.plan_files import plan_files, write_plan
from pipelines.plan_page import PlanHeading
from pipelines.publish import unchanged, write_edition
from pipelines.totals import totals_csv


def publish(
    store: Path, operation: str, config: Config, *, as_of: datetime | None = None
) -> Outcome:
    """Publish an edition of an operation, unless the newest one says just the same.

    Nothing is published while a withdrawal waits for a person: the last one stands.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        config: The operator's settings.
        as_of: State of knowledge; None takes the latest time in the ledger.

    Raises:
        NothingUsableError: If no inventory was imported.
    """
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        waiting = frozen(ledger)
        if waiting:
            return _frozen_outcome(folder, waiting)
        started = time.monotonic()
        believed = believe(folder, ledger, store, config, as_of=as_of)
        manifest, new = publish_believed(
            folder, ledger, believed, seconds={"believe": time.monotonic() - started}
        )
    return _outcome(folder, believed, manifest, new=new)


def _frozen_outcome(folder: OperationFolder, waiting: dict[str, Event]) -> Outcome:
    """No new edition withdraws what was seen before a person said so."""
    return Outcome(
        code=ExitCode.DONE,
        lines=[f"operation {folder.id}:", *frozen_lines(folder.id, waiting)],
        data={
            "operation": folder.id,
            "drill": folder.drill,
            "frozen": sorted(waiting),
            "new": False,
            "path": str(latest_folder(folder.path)),
        },
    )


def publish_believed(
    folder: OperationFolder,
    ledger: Ledger,
    believed: Believed,
    *,
    seconds: Mapping[str, float],
) -> tuple[Manifest, bool]:
    """Write an edition; returns its manifest, and whether it is a new one.

    `seconds` says how long the steps before took, for publication.json.
    """
    _check_assets(folder, believed)
    started = time.monotonic()
    info = edition_info(folder, believed)
    tables: dict[str, Any] = {
        "assets": believed.expected.assets,
        "beliefs": believed.beliefs,
        "features": believed.features,
        "coverage": believed.coverage,
        "provenance": believed.inputs,
    }
    standing = unchanged(folder.path, info, **tables)
    manifest = standing or write_edition(
        folder.path,
        info,
        **tables,
        extra_files=_files_for_people(info, believed),
        publication=Publication(
            number=info.number,
            published_at=datetime.now(UTC),
            host=socket.gethostname(),
            durations_s={
                **{name: round(value, 3) for name, value in seconds.items()},
                "write": round(time.monotonic() - started, 3),
            },
        ),
    )
    number, content = f"{manifest.info.number:06d}", manifest.content.encode()
    ledger.record([("edition", number, content)], note={"did": "publish"})
    return manifest, standing is None


def write_lists(
    store: Path,
    operation: str,
    config: Config,
    folder: Path,
    *,
    as_of: datetime | None = None,
) -> Outcome:
    """Only the map as one file and the inspection lists, into a folder of their own.

    Of a million assets this takes minutes less than an edition with its tiles; it is no
    edition, and no reader is pointed to it.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        config: The operator's settings.
        folder: Made if need be.
        as_of: State of knowledge; None takes the latest time in the ledger.

    Raises:
        NothingUsableError: If no inventory was imported.
    """
    operation_folder = find_operation(store, operation)
    with operation_folder.open_ledger() as ledger:
        believed = believe(operation_folder, ledger, store, config, as_of=as_of)
    _check_assets(operation_folder, believed)
    info = edition_info(operation_folder, believed)
    plan = _plan(believed)
    paths = list(write_plan(folder, plan, _heading(info, believed, edition=None)))
    assets, beliefs = believed.expected.assets, believed.beliefs
    del believed  # and the prior with it: a third of the memory of a million assets
    table = map_table(assets, beliefs, info)
    del assets, beliefs
    paths.append(folder / "map.parquet")
    write_parquet(paths[-1], table, shapes_of(table), field="geometry")
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            f"{table.num_rows} assets, {plan.num_rows} listed: {folder}",
            f"  no edition; karte plan {operation_folder.id} makes one",
        ],
        data={
            "operation": operation_folder.id,
            "drill": operation_folder.drill,
            "assets": table.num_rows,
            "listed": plan.num_rows,
            "files": [str(path) for path in paths],
        },
    )


def _check_assets(folder: OperationFolder, believed: Believed) -> None:
    if not believed.expected.assets.num_rows:
        raise NothingUsableError(
            f"operation {folder.id}: no asset is known; import an inventory first"
        )


def edition_info(folder: OperationFolder, believed: Believed) -> EditionInfo:
    """What the next edition says of itself."""
    events = believed.expected.events
    return EditionInfo(
        operation=folder.id,
        number=next_number(folder.path),
        as_of=believed.as_of,
        drill=folder.drill,
        title=describe(events[-1]) if events else "withdrawn 取消",
        events=tuple(event.id for event in events),
    )


def _files_for_people(info: EditionInfo, believed: Believed) -> dict[str, bytes]:
    heading = _heading(info, believed, edition=info.number)
    return {
        **plan_files(_plan(believed), heading),
        "totals.csv": totals_csv(believed.expected.totals),
    }


def _plan(believed: Believed) -> pa.Table:
    expected = believed.expected
    return rank(expected.assets, believed.beliefs, expected.events)


def _heading(
    info: EditionInfo, believed: Believed, *, edition: int | None
) -> PlanHeading:
    return PlanHeading(
        operation=info.operation,
        drill=info.drill,
        edition=edition,
        as_of=info.as_of,
        events=believed.expected.events,
        licences=_licences(believed),
    )


def _licences(believed: Believed) -> tuple[str, ...]:
    known = pc.unique(believed.expected.assets["source_licence"]).to_pylist()
    return tuple(sorted(name for name in known if name))


def counts(believed: Believed) -> dict[str, int]:
    """How many assets have each grade."""
    grades = believed.beliefs["grade"]
    return {
        grade.name: int(pc.sum(pc.equal(grades, int(grade))).as_py() or 0)
        for grade in Grade
    }


def _outcome(
    folder: OperationFolder, believed: Believed, manifest: Manifest, *, new: bool
) -> Outcome:
    where = latest_folder(folder.path)
    number, graded = manifest.info.number, counts(believed)
    said = "published" if new else "nothing changed: it stands"
    shown = ", ".join(f"{name} {count}" for name, count in graded.items())
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            f"edition {number} of {folder.id}: {said} ({where})",
            f"  {believed.beliefs.num_rows} assets: {shown}",
            f"  as of {believed.as_of.isoformat()}, content {manifest.content[:8]}",
        ],
        data={
            "operation": folder.id,
            "drill": folder.drill,
            "edition": number,
            "new": new,
            "path": str(where),
            "grades": graded,
            "as_of": believed.as_of.isoformat(),
            "content": manifest.content,
        },
    )
