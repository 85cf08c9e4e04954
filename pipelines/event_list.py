"""What a store holds, and what may be one quake: `karte event list` and `show`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data.likeness import Likeness, evidence, likenesses
from data.operation import Event
from data.rulings import kept_apart, rulings_of
from data.standing import newness
from data.store import OperationFolder, find_operation, goes_on_in, operations
from pipelines.event import (
    describe,
    events_of,
    frozen,
    message_sentence,
    message_summary,
    messages_of,
)
from pipelines.homes import root_words
from pipelines.outcome import ExitCode, Outcome

Row = dict[str, Any]


def list_operations(store: Path) -> Outcome:
    """Every operation of the store with what stands of its events."""
    folders = operations(store)
    found = [_operation_row(folder) for folder in folders]
    proposed = [_proposal_row(pair) for pair in proposals(folders)]
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            *([_line(row) for row in found] or [_NONE.format(store)]),
            *(_proposal_line(row) for row in proposed),
        ],
        data={"operations": found, "proposed": proposed},
    )


_NONE = "store {}: no operation; open an event first"


def show_operation(store: Path, name: str) -> Outcome:
    """Every message of one operation, what stands, and what waits for a person."""
    folder = find_operation(store, name)
    with folder.open_ledger() as ledger:
        messages = sorted(messages_of(ledger), key=newness)
        events = events_of(ledger)
        rulings, waiting = rulings_of(ledger), frozen(ledger)
    proposed = [
        _proposal_row(pair)
        for pair in proposals(operations(store))
        if {pair.first, pair.second} & {event.id for event in events}
    ]
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            *(message_sentence(message, folder) for message in messages),
            *(line for event in events for line in event_lines(event)),
            *(
                f"  {r.kind} {r.event} {r.other[:20]}: {r.actor}, {r.at.isoformat()}"
                for r in rulings
            ),
            *frozen_lines(folder.id, waiting),
            *(_proposal_line(row) for row in proposed),
        ],
        data={
            "messages": [message_summary(message, folder) for message in messages],
            "events": [
                {
                    "event": event.id,
                    "words": describe(event),
                    "kind": event.kind.value,
                    "degraded": list(event.degraded),
                }
                for event in events
            ],
            "frozen": sorted(waiting),
            "proposed": proposed,
            "rulings": [
                {
                    "kind": ruling.kind.value,
                    "event": ruling.event,
                    "other": ruling.other,
                    "actor": ruling.actor,
                    "at": ruling.at.isoformat(),
                }
                for ruling in rulings
            ],
        },
    )


def event_lines(event: Event) -> list[str]:
    """One standing event, and the optional parts it lacks."""
    missing = [f"    degraded 参考: {text}" for text in event.degraded]
    return [f"  {describe(event)}", *missing]


def frozen_lines(operation: str, waiting: dict[str, Event]) -> list[str]:
    """What a frozen operation asks, and how to answer."""
    lines = [
        f"  frozen 凍結: {event_id} was withdrawn 取消 at"
        f" {message.reported_at.isoformat()}, and there are pictures of it"
        for event_id, message in waiting.items()
    ]
    command = f"karte event release {operation} --actor NAME"
    asks = f"  the last edition stands until a person decides: {command}"
    return [*lines, asks] if waiting else []


def proposals(folders: Sequence[OperationFolder]) -> list[Likeness]:
    """Pairs of standing events that may be one quake, where nobody decided yet."""
    found: dict[str, Event] = {}
    apart: set[tuple[str, str]] = set()
    for folder in folders:
        with folder.open_ledger() as ledger:
            apart |= kept_apart(rulings_of(ledger))
            if goes_on_in(folder) == folder:
                found |= {event.id: event for event in events_of(ledger)}
    pairs = likenesses(sorted(found.values(), key=lambda each: each.id))
    return [
        pair
        for pair in pairs
        if not {(pair.first, pair.second), (pair.second, pair.first)} & apart
    ]


def _proposal_row(pair: Likeness) -> Row:
    return {
        "first": pair.first,
        "second": pair.second,
        "seconds_apart": pair.seconds_apart,
        "km_apart": None if pair.km_apart is None else round(pair.km_apart, 1),
        "magnitude_apart": pair.magnitude_apart,
        "evidence": evidence(pair),
        "command": f"karte event merge {pair.first} {pair.second} --actor NAME",
    }


def _proposal_line(row: Row) -> str:
    names = f"{row['first']} and {row['second']}"
    return f"  one quake? {names}: {row['evidence']}; {row['command']}"


def _operation_row(folder: OperationFolder) -> Row:
    with folder.open_ledger() as ledger:
        events, waiting = events_of(ledger), frozen(ledger)
    target = goes_on_in(folder)
    return {
        "operation": folder.id,
        "drill": folder.drill,
        "event": "; ".join(map(describe, events)) or "withdrawn 取消",
        "events": [event.id for event in events],
        "frozen": sorted(waiting),
        "goes_on_in": None if target == folder else target.id,
    }


def _line(row: Row) -> str:
    onward = f"  goes on in {row['goes_on_in']}" if row["goes_on_in"] else ""
    asks = "  frozen 凍結" if row["frozen"] else ""
    root = root_words(drill=row["drill"])
    return f"{root}  {row['operation']}  {row['event']}{asks}{onward}"
