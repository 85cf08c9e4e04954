"""Is anything changed? `karte verify` of a store, an operation or an edition."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from data.audit import broken_link
from data.errors import UsageError
from data.ledger import REPLACEABLE, STAGES, Ledger
from data.store import OperationFolder, operations, received_path
from pipelines.edition_folder import MANIFEST_NAME, verify_edition
from pipelines.event import feeds_of
from pipelines.ingest import picture_path
from pipelines.outcome import ExitCode, Outcome


def verify(path: Path) -> Outcome:
    """Check every hash below a path.

    Args:
        path: A store, the folder of an operation, or that of an edition.

    Returns:
        Exit code 0 when all is as it was written, else 4.

    Raises:
        UsageError: If there is nothing of ours at the path.
    """
    if (path / MANIFEST_NAME).is_file():
        found = list(_edition(path))
        looked = [path.name]
    else:
        folders = _operations(path)
        found = [change for folder in folders for change in _operation(folder)]
        found += _received(path)
        looked = [folder.id for folder in folders]
    lines = [f"verified {', '.join(looked)}: nothing changed"]
    if found:
        lines = [f"{len(found)} changes found", *(f"  {change}" for change in found)]
    return Outcome(
        code=ExitCode.CORRUPT if found else ExitCode.DONE,
        lines=lines,
        data={"verified": looked, "changes": found},
    )


def _operations(path: Path) -> list[OperationFolder]:
    if (path / "ledger.sqlite").is_file():
        return [OperationFolder(path)]
    folders = operations(path)
    if not folders:
        raise UsageError(f"{path}: no store, operation or edition; give one of these")
    return folders


def _edition(path: Path) -> Iterator[str]:
    for change in verify_edition(path):
        yield f"{path.name}/{change.path}: {change.what}"


def _operation(folder: OperationFolder) -> Iterator[str]:
    with folder.open_ledger() as ledger:
        yield from _ledger(folder.id, ledger)
        yield from _files(folder, ledger)
    for manifest in sorted(folder.path.glob(f"editions/*/{MANIFEST_NAME}")):
        yield from _edition(manifest.parent)


def _received(store: Path) -> Iterator[str]:
    """Messages of no operation, and which events joined one."""
    for drill in (False, True):
        path = received_path(store, drill=drill)
        if path.is_file():
            with Ledger(path) as ledger:
                yield from _ledger(f"{path.parent.name}/{path.name}", ledger)


def _ledger(name: str, ledger: Ledger) -> Iterator[str]:
    """The chain of the audit, and every entry against the link that wrote it last.

    Where the chain is broken nothing after it can be held against the entries.
    """
    links = ledger.audit()
    broken = broken_link(links)
    if broken is not None:
        yield f"{name}: audit link {broken} does not fit the one before"
        return  # what a forged link says was written is no measure of anything
    written: dict[tuple[str, str], str] = {}
    for _, what, _, _ in links:
        for stage, key, digest in json.loads(what)["wrote"]:
            if stage in REPLACEABLE or (stage, key) not in written:
                written[stage, key] = digest
    for stage in STAGES:
        for key, value in ledger.all(stage).items():
            if written.pop((stage, key), None) != sha256(value).hexdigest():
                yield f"{name}: entry {stage} {key} is not what was written"
    for stage, key in sorted(written):
        yield f"{name}: entry {stage} {key} is missing"


def _files(folder: OperationFolder, ledger: Ledger) -> Iterator[str]:
    """Feeds and pictures against their names, the rest against the ledger.

    A table of beliefs that is gone is no loss: it is made again when it is wanted.
    """
    for sha in feeds_of(ledger):
        if _digest(folder.feeds / sha) != sha:
            yield f"{folder.id}: ShakeMap or track {sha[:16]} is changed or missing"
    for sha in ledger.all("frame"):
        if _digest(picture_path(folder, sha)) != sha:
            yield f"{folder.id}: picture {sha[:16]} is changed or missing"
    for key, digest in ledger.all("read").items():
        if _digest(folder.reads / f"{key}.png") != digest.decode(errors="replace"):
            yield f"{folder.id}: block {key[:16]} is changed or missing"
    for key, digest in ledger.all("belief").items():
        path = folder.beliefs / f"{key}.parquet"
        if path.is_file() and _digest(path) != digest.decode(errors="replace"):
            yield f"{folder.id}: beliefs {key[:16]} are changed"


def _digest(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None
