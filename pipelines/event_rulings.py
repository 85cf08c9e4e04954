"""What a named person decides about events: `karte event merge` and `event release`."""

from datetime import datetime
from pathlib import Path

from data.errors import UsageError
from data.operation import Event, RulingKind
from data.rulings import merges, rule, rulings_of
from data.store import GOES_ON_IN, OperationFolder, find_operation, goes_on_in
from pipelines.event import frozen, merged_of, messages_of
from pipelines.homes import home_of_event
from pipelines.outcome import ExitCode, Outcome


def merge_events(
    store: Path,
    first: str,
    second: str,
    *,
    actor: str | None,
    at: datetime,
    undo: bool = False,
) -> Outcome:
    """Let two ids be one quake, under the first id; or undo that.

    Messages stay where they lie: those of an operation of its own are read from there,
    so that undoing it gives back what was.

    Args:
        store: The store's folder.
        first: Event id to keep.
        second: Event id that is the same quake.
        actor: Who decides; without a name nothing is done.
        at: When.
        undo: Whether to take an earlier merge of the two back.

    Raises:
        UsageError: If an id is not known, both are one already, or cannot be.
    """
    if not actor:
        raise UsageError(f"merge {first} {second} needs --actor NAME: who decides?")
    home, other = home_of_event(store, first), home_of_event(store, second)
    folder = goes_on_in(home)
    if undo:
        _unmerge(folder, other, first, second, actor=actor, at=at)
        done = f"{second} is a quake of its own again"
    else:
        _merge(folder, other, first, second, actor=actor, at=at)
        done = f"{second} is the same quake as {first}, which keeps its id"
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            f"operation {folder.id}: {done} (decided by {actor})",
            f"  next: karte plan {folder.id}",
        ],
        data={
            "operation": folder.id,
            "event": first,
            "other": second,
            "merged": not undo,
            "actor": actor,
        },
    )


def _merge(
    folder: OperationFolder,
    other: OperationFolder,
    first: str,
    second: str,
    *,
    actor: str,
    at: datetime,
) -> None:
    _check_can_be_one(folder, other, first, second)
    with folder.open_ledger() as ledger:
        merged = merged_of(ledger)
        if merged.get(first, first) == merged.get(second, second):
            raise UsageError(f"{first} and {second} are one event already")
        rule(ledger, RulingKind.MERGE, event=first, other=second, actor=actor, at=at)
    if goes_on_in(other) != folder:
        _point(other, folder.id, actor=actor)


def _check_can_be_one(
    folder: OperationFolder, other: OperationFolder, first: str, second: str
) -> None:
    if folder.drill != other.drill:
        raise UsageError(f"{first} and {second}: a drill and the real are never mixed")
    if goes_on_in(other) != folder and other.id != second:
        raise UsageError(
            f"event {second} lies in operation {other.id}, {first} in {folder.id}:"
            f" only events of one operation, or of two of their own, can be one;"
            f" merge the other way round: karte event merge {second} {first}"
        )
    kinds = {
        message.kind
        for each in {folder, other}
        for message in _messages(each)
        if message.id in (first, second)
    }
    if len(kinds) > 1:
        raise UsageError(f"{first} and {second}: {' and '.join(sorted(kinds))} differ")


def _messages(folder: OperationFolder) -> tuple[Event, ...]:
    with folder.open_ledger() as ledger:
        return messages_of(ledger)


def _unmerge(
    folder: OperationFolder,
    other: OperationFolder,
    first: str,
    second: str,
    *,
    actor: str,
    at: datetime,
) -> None:
    with folder.open_ledger() as ledger:
        if merges(rulings_of(ledger)).get(second) != first:
            raise UsageError(
                f"operation {folder.id}: {second} was not merged into {first}"
            )
        rule(ledger, RulingKind.UNMERGE, event=first, other=second, actor=actor, at=at)
    if other != folder and other.id == second:
        _point(other, "", actor=actor)


def _point(folder: OperationFolder, operation: str, *, actor: str) -> None:
    """Let an operation go on in another one; empty: in itself."""
    with folder.open_ledger() as ledger:
        ledger.replace(
            [(*GOES_ON_IN, operation.encode())],
            note={"did": "event merge", "operation": operation, "actor": actor},
        )


def release_operation(
    store: Path, operation: str, *, actor: str | None, at: datetime
) -> Outcome:
    """Let the withdrawal of an event with pictures through, by a named person.

    Raises:
        UsageError: If nobody is named.
    """
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        waiting = frozen(ledger)
        for event_id, message in waiting.items():
            rule(
                ledger,
                RulingKind.RELEASE,
                event=event_id,
                other=message.sha256,
                actor=actor,
                at=at,
            )
    lines = [
        f"operation {folder.id}: {k} is withdrawn 取消 by {actor}" for k in waiting
    ]
    following = f"  next: karte publish {folder.id}"
    return Outcome(
        code=ExitCode.DONE,
        lines=[*lines, following] if lines else [_NOTHING.format(folder.id)],
        data={"operation": folder.id, "released": sorted(waiting), "actor": actor},
    )


_NOTHING = "operation {}: no withdrawal waits for a person"
