"""Merges of a store, listed and undone: `karte inventory merges` and `unmerge`."""

import json
from datetime import datetime
from pathlib import Path

from data.errors import UsageError
from data.merges import Apart, Merge, apart_line, read_aparts
from data.record import to_json
from pipelines.holdings import apart_file, current_merges, find_again
from pipelines.merging import merge_lines
from pipelines.outcome import ExitCode, Outcome
from pipelines.reading import write_atomically


def list_merges(store: Path) -> Outcome:
    """Every merge with its evidence, and every pair that a person keeps apart."""
    merges = current_merges(store)
    aparts = read_aparts(apart_file(store))
    lines = [*merge_lines(merges), *(_apart_text(one) for one in aparts)]
    return Outcome(
        code=ExitCode.DONE,
        lines=lines or [f"store {store}: nothing is merged"],
        data={
            "merges": [json.loads(to_json(one)) for one in merges],
            "apart": [json.loads(to_json(one)) for one in aparts],
        },
    )


def unmerge(
    store: Path, asset_id: str, *, actor: str | None, at: datetime, reason: str | None
) -> Outcome:
    """Keep an asset apart from what it was merged into, whatever is imported later.

    Args:
        store: The store's folder.
        asset_id: Id of the row that is gone, or of one that took in a single other.
        actor: Who decides.
        at: When.
        reason: Why, in the person's words.

    Raises:
        UsageError: If nobody is named, or no such merge is there, or both have one id.
    """
    if not actor:
        raise UsageError("inventory unmerge: a decision needs --actor NAME")
    merge = _merge_of(current_merges(store), asset_id)
    if merge.kept == merge.gone:
        raise UsageError(
            f"asset {asset_id}: {merge.kept_in} and {merge.gone_in} give both one id;"
            " import one of them again with id_prefix in its mapping"
        )
    apart = Apart(ids=_pair(merge), actor=actor, at=at, reason=reason)
    file = apart_file(store)
    before = file.read_text("utf-8") if file.is_file() else ""
    write_atomically(file, (before + apart_line(apart)).encode())
    find_again(store)
    return Outcome(
        code=ExitCode.DONE,
        lines=[_apart_text(apart)],
        data={"apart": json.loads(to_json(apart))},
    )


def _pair(merge: Merge) -> tuple[str, str]:
    first, second = sorted((merge.kept, merge.gone))
    return first, second


def _merge_of(merges: tuple[Merge, ...], asset_id: str) -> Merge:
    """The one merge that an id names."""
    gone = [one for one in merges if one.gone == asset_id]
    named = gone or [one for one in merges if one.kept == asset_id]
    if not named:
        raise UsageError(f"asset {asset_id}: merged with none; karte inventory merges")
    if len(named) > 1:
        others = ", ".join(one.gone for one in named)
        raise UsageError(f"asset {asset_id}: took in {others}; name one of these")
    return named[0]


def _apart_text(apart: Apart) -> str:
    why = f": {apart.reason}" if apart.reason else ""
    first, second = apart.ids
    return f"  apart {first} and {second}, by {apart.actor} at {apart.at}{why}"
