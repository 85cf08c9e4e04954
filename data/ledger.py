"""What was done, once: the ledger of one operation, kept in SQLite.

Every piece of work has a content key (ARCHITECTURE, section 5). An entry is written
once and never changed; a second run finds it and does nothing. One chunk of work is
one transaction, so a killed run loses a chunk at most and repeats nothing else.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DatabaseError

from data.audit import FIRST_HASH, link_hash
from data.errors import KarteError, LedgerError, ResourceError

_METADATA = sa.MetaData()
_ENTRIES = sa.Table(
    "entries",
    _METADATA,
    sa.Column("stage", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
_AUDIT = sa.Table(
    "audit",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("previous", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
)

STAGES = (
    "operation",  # the Operation itself, key "operation"
    "message",  # an Event, keyed by the sha256 of its telegram
    "ruling",  # a Ruling about events, keyed by its number
    "layer",  # a HazardLayer by its key, or its withdrawal
    "setting",  # what later runs need of earlier ones: terrain, inventory
    "frame",  # a Frame, keyed by the sha256 of its picture
    "batch",  # the settings a frame was taken in with, keyed as the frame
    "refusal",  # a Refusal, keyed by its content
    "read",  # a block of a picture, segmented
    "footprint",  # the ground one frame saw
    "placed",  # one asset in one frame: its cells, measured, and the outlines
    "belief",  # a table of beliefs, as the digest of its file
    "decision",  # what a person decided
    "edition",  # what was published, keyed by number
)
"""Every stage an entry may belong to."""
_TRY_AGAIN = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM})
REPLACEABLE = frozenset({"setting", "frame", "batch"})
"""Stages whose entries may change: how a picture is understood follows its settings."""


def content_key(*parts: object) -> str:
    """Key of a piece of work: a hash over all that may change its result.

    Args:
        parts: JSON-like values (str, int, float, bool, None, lists, dicts).

    Returns:
        64 hexadecimal digits.

    >>> content_key("read", 1)[:8] == content_key("read", 1)[:8]
    True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return sha256(text.encode()).hexdigest()


class Ledger:
    """One open ledger; close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        """Open the ledger, making it when it is not there.

        Raises:
            LedgerError: If the file is no ledger of ours.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(f"sqlite:///{path}")
        sa.event.listen(self._engine, "connect", _set_durable)
        try:
            _METADATA.create_all(self._engine)
        except DatabaseError as error:
            raise LedgerError(f"ledger {path}: not a ledger; restore a copy") from error

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except DatabaseError as error:
            raise LedgerError(f"ledger {self.path}: {error.orig}") from error

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise _refused(self.path, error) from error

    def get(self, stage: str, key: str) -> bytes | None:
        """The entry of this key, or None when the work was not done yet."""
        query = sa.select(_ENTRIES.c.value).where(
            _ENTRIES.c.stage == stage, _ENTRIES.c.key == key
        )
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def all(self, stage: str) -> dict[str, bytes]:
        """Every entry of a stage, by key in order."""
        query = (
            sa.select(_ENTRIES.c.key, _ENTRIES.c.value)
            .where(_ENTRIES.c.stage == stage)
            .order_by(_ENTRIES.c.key)
        )
        with self._reading() as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def known(self, stage: str, keys: Iterable[str]) -> set[str]:
        """Which of these keys have an entry."""
        query = sa.select(_ENTRIES.c.key).where(_ENTRIES.c.stage == stage)
        with self._reading() as connection:
            return set(connection.execute(query).scalars()) & set(keys)

    def record(
        self, entries: Sequence[tuple[str, str, bytes]], *, note: Mapping[str, Any]
    ) -> int:
        """Write a chunk of entries in one transaction, and one link of the audit.

        Args:
            entries: (stage, key, value); a key that is there already is left alone.
            note: What the chunk was, for the audit (JSON-like).

        Returns:
            How many entries were new; with none nothing is written at all.
        """
        unknown = {stage for stage, _, _ in entries} - set(STAGES)
        if unknown:
            raise LedgerError(f"ledger has no stage {sorted(unknown)}")
        with self._writing() as connection:
            fresh = [entry for entry in entries if _insert(connection, entry)]
            if fresh:
                _append_audit(connection, fresh, note)
        return len(fresh)

    def replace(
        self, entries: Sequence[tuple[str, str, bytes]], *, note: Mapping[str, Any]
    ) -> int:
        """Set entries of stages that may change; what is equal is left alone.

        Returns:
            How many entries were new or changed.

        Raises:
            LedgerError: If a stage is one whose entries are never changed.
        """
        fixed = {stage for stage, _, _ in entries} - REPLACEABLE
        if fixed:
            raise LedgerError(f"entries of stage {sorted(fixed)} are never changed")
        changed = [entry for entry in entries if self.get(*entry[:2]) != entry[2]]
        if changed:
            with self._writing() as connection:
                for entry in changed:
                    connection.execute(_upsert(entry))
                _append_audit(connection, changed, note)
        return len(changed)

    def audit(self) -> list[tuple[int, str, str, str]]:
        """The chain: (number, what, previous hash, hash), oldest first."""
        with self._reading() as connection:
            rows = connection.execute(sa.select(_AUDIT).order_by(_AUDIT.c.number))
            return [(r.number, r.what, r.previous, r.hash) for r in rows]


def _refused(path: Path, error: DatabaseError) -> KarteError:
    """A full disk or a lock that stays is no damage: the call may be tried again."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code in _TRY_AGAIN:
        return ResourceError(f"ledger {path}: {error.orig}; free some and try again")
    return LedgerError(f"ledger {path}: {error.orig}")


def _set_durable(connection: Any, _: object) -> None:  # noqa: ANN401 a raw DBAPI one
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=30000")


def _insert(connection: sa.Connection, entry: tuple[str, str, bytes]) -> bool:
    stage, key, value = entry
    statement = insert(_ENTRIES).values(stage=stage, key=key, value=value)
    return bool(connection.execute(statement.on_conflict_do_nothing()).rowcount)


def _upsert(entry: tuple[str, str, bytes]) -> Insert:
    stage, key, value = entry
    return (
        insert(_ENTRIES)
        .values(stage=stage, key=key, value=value)
        .on_conflict_do_update(index_elements=["stage", "key"], set_={"value": value})
    )


def _append_audit(
    connection: sa.Connection,
    entries: Sequence[tuple[str, str, bytes]],
    note: Mapping[str, Any],
) -> None:
    last = connection.execute(
        sa.select(_AUDIT.c.number, _AUDIT.c.hash).order_by(_AUDIT.c.number.desc())
    ).first()
    number, previous = (last.number + 1, last.hash) if last else (0, FIRST_HASH)
    wrote = [[stage, key, sha256(value).hexdigest()] for stage, key, value in entries]
    what = json.dumps({**note, "wrote": wrote}, sort_keys=True, ensure_ascii=False)
    connection.execute(
        sa.insert(_AUDIT).values(
            number=number,
            what=what,
            previous=previous,
            hash=link_hash(number, what, previous),
        )
    )
