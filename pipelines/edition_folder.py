"""Editions on disk: the pointer to the newest, and whether one is still whole."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.edition import (
    Change,
    EditionInfo,
    FileHash,
    Latest,
    Manifest,
    folder_name,
    sha256_of,
)
from data.errors import LedgerError
from data.record import from_json, to_json

MANIFEST_NAME = "manifest.json"
PUBLICATION_NAME = "publication.json"
LATEST_NAME = "latest.json"
_EDITIONS = "editions"
_WRITING = ".writing"
_REPLACED = ".replaced"
_LOCK = ".lock"
_CHUNK = 1 << 20


def read_latest(root: Path) -> Latest | None:
    """The pointer of an operation's folder, or None before its first edition.

    Raises:
        LedgerError: If the pointer cannot be read.
    """
    path = root / LATEST_NAME
    if not path.exists():
        return None
    try:
        return from_json(Latest, path.read_bytes())
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"{path}: cannot be read: {error}; run karte verify"
        ) from error


def latest_folder(root: Path) -> Path | None:
    """The folder of the newest edition, or None before the first."""
    latest = read_latest(root)
    return None if latest is None else root / latest.path


def next_number(root: Path) -> int:
    """The number the next edition of an operation has to have; the first is 0.

    Args:
        root: STORE/{real,drill}/OPERATION.
    """
    latest = read_latest(root)
    return 0 if latest is None else latest.edition + 1


def read_manifest(edition: Path) -> Manifest:
    """What an edition's folder should hold.

    Raises:
        LedgerError: If there is no readable manifest.
    """
    path = edition / MANIFEST_NAME
    try:
        return from_json(Manifest, path.read_bytes())
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read; is this an edition?") from error


@contextmanager
def writing_folder(root: Path) -> Iterator[Path]:
    """An empty folder beside the editions, for one writer at a time.

    What a killed writer left there is removed first; what this one leaves, last.
    """
    editions = root / _EDITIONS
    editions.mkdir(parents=True, exist_ok=True)
    folder = editions / _WRITING
    with (editions / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove(folder)
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)
            _remove(editions / _REPLACED)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def publish_folder(root: Path, folder: Path, info: EditionInfo) -> None:
    """Give a finished folder its name, then point to it: the last step of all.

    A folder of that name which the pointer never reached is a killed writer's and is
    replaced. Everything is on disk before the pointer moves.
    """
    editions = root / _EDITIONS
    target = editions / folder_name(info.number)
    os.sync()
    if target.exists():
        target.rename(editions / _REPLACED)
    folder.rename(target)
    _sync(editions)
    latest = Latest(
        operation=info.operation,
        edition=info.number,
        path=f"{_EDITIONS}/{target.name}",
        sha256=sha256_of((target / MANIFEST_NAME).read_bytes()),
        as_of=info.as_of,
    )
    _replace(root / LATEST_NAME, to_json(latest))


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    beside = path.with_name(f".{path.name}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_hash(path: Path, name: str) -> FileHash:
    """Size and sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    size = path.stat().st_size
    return FileHash(path=name, size=size, sha256=digest.hexdigest())


def verify_edition(path: Path) -> tuple[Change, ...]:
    """Every way in which an edition is not what its manifest says, sorted by path.

    Args:
        path: The edition's folder. Where a pointer beside `editions/` names it, the
            manifest itself is checked too.

    Raises:
        LedgerError: If there is no readable manifest.
    """
    manifest = read_manifest(path)
    known = {file.path: file for file in manifest.files}
    found = {
        file.relative_to(path).as_posix()
        for file in path.rglob("*")
        if file.is_file() or file.is_symlink()
    }
    beside = {MANIFEST_NAME, PUBLICATION_NAME}
    changes = [Change(path=name, what="missing") for name in known.keys() - found]
    unknown = found - known.keys() - beside
    changes += [Change(path=name, what="unknown") for name in unknown]
    for name in known.keys() & found:
        here = path / name
        if here.is_symlink() or file_hash(here, name) != known[name]:
            changes.append(Change(path=name, what="changed"))
    if not _manifest_is_pointed_to(path):
        changes.append(Change(path=MANIFEST_NAME, what="changed"))
    return tuple(sorted(changes, key=lambda change: change.path))


def _manifest_is_pointed_to(path: Path) -> bool:
    """False if the pointer names this edition, but with another manifest."""
    root = path.resolve().parent.parent
    latest = read_latest(root)
    if latest is None or (root / latest.path).resolve() != path.resolve():
        return True
    return latest.sha256 == sha256_of((path / MANIFEST_NAME).read_bytes())
