"""Merge: two rows of owners taken for one thing, and why; Apart: a person said no."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from data.errors import InvalidRecordError, LedgerError
from data.record import Identifier, Instant, NonNegative, from_json, record, to_json


@record
class Merge:
    """Two rows of the store that are one asset.

    Attributes:
        kept: Id under which it goes on.
        kept_in: Inventory that row is in.
        gone: Id that is no longer shown.
        gone_in: Inventory that row is in.
        distance_m: Between the two places.
        evidence: What speaks for it, in words.
    """

    kept: Identifier
    kept_in: str
    gone: Identifier
    gone_in: str
    distance_m: NonNegative
    evidence: tuple[str, ...]


@record
class Merges:
    """All merges of a store.

    Attributes:
        of: Name -> hash of each table, and of the decisions, that they follow from.
        merges: By the inventory and id of the row that is gone.
    """

    of: dict[str, str]
    merges: tuple[Merge, ...]


@record
class Apart:
    """Two assets that a named person keeps apart, whatever is imported later."""

    ids: tuple[Identifier, Identifier]
    actor: Annotated[str, Field(min_length=1, max_length=200)]
    at: Instant
    reason: str | None = None


def read_merges(path: Path) -> Merges | None:
    """What was found last, or None where nothing was.

    Raises:
        LedgerError: If the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        return from_json(Merges, path.read_bytes())
    except InvalidRecordError as error:
        raise LedgerError(
            f"{path.name}: damaged in the store ({error}); import an inventory again"
        ) from error


def read_aparts(path: Path) -> tuple[Apart, ...]:
    """Every pair kept apart, the first decided first.

    Raises:
        LedgerError: If a line of the file is damaged.
    """
    if not path.is_file():
        return ()
    try:
        lines = path.read_text("utf-8").splitlines()
        return tuple(from_json(Apart, line) for line in lines)
    except (InvalidRecordError, UnicodeDecodeError) as error:
        raise LedgerError(f"{path.name}: damaged in the store ({error})") from error


def apart_line(apart: Apart) -> str:
    """One decision as a line of JSON."""
    plain = json.loads(to_json(apart))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True) + "\n"
