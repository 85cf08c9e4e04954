"""What named persons decided about the events of an operation, and what follows."""

from collections.abc import Iterable, Mapping

from data.errors import ResourceError, UsageError
from data.ledger import Ledger
from data.operation import Event, Ruling, RulingKind
from data.record import Instant, from_json, to_json


def rulings_of(ledger: Ledger) -> tuple[Ruling, ...]:
    """Every ruling of an operation, in the order in which they count."""
    return tuple(from_json(Ruling, text) for text in ledger.all("ruling").values())


def rule(
    ledger: Ledger,
    kind: RulingKind,
    *,
    event: str,
    other: str,
    actor: str | None,
    at: Instant,
) -> Ruling:
    """Write one more ruling into the ledger.

    Raises:
        UsageError: If nobody is named.
        ResourceError: If somebody else ruled at the same moment.
    """
    if not actor:
        raise UsageError(f"{kind} of {event} needs --actor NAME: who decides?")
    ruling = Ruling(
        number=len(ledger.all("ruling")),
        kind=kind,
        event=event,
        other=other,
        actor=actor,
        at=at,
    )
    entry = ("ruling", f"{ruling.number:06d}", to_json(ruling))
    note = {"did": f"event {kind}", "event": event, "other": other, "actor": actor}
    if not ledger.record([entry], note=note):
        raise ResourceError(f"ledger {ledger.path}: ruled on elsewhere; try again")
    return ruling


def merges(rulings: Iterable[Ruling]) -> dict[str, str]:
    """For each id that is merged into another one, that one, as ruled last."""
    found: dict[str, str] = {}
    for ruling in rulings:
        if ruling.kind is RulingKind.MERGE:
            found[ruling.other] = ruling.event
        if ruling.kind is RulingKind.UNMERGE:
            found.pop(ruling.other, None)
    return found


def followed(found: Mapping[str, str]) -> dict[str, str]:
    """Merges to their ends: with B into A and C into B, C is in A.

    >>> followed({"B": "A", "C": "B"})
    {'B': 'A', 'C': 'A'}
    """
    return {other: _end(found, other) for other in found}


def _end(found: Mapping[str, str], event_id: str) -> str:
    seen = {event_id}
    while event_id in found and found[event_id] not in seen:
        event_id = found[event_id]
        seen.add(event_id)
    return event_id


def kept_apart(rulings: Iterable[Ruling]) -> frozenset[tuple[str, str]]:
    """Pairs of ids of which a person undid the merge: nobody is asked again."""
    undone = RulingKind.UNMERGE
    return frozenset((r.event, r.other) for r in rulings if r.kind is undone)


def joined(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    """Operations whose messages count in this one too: joined, or merged into it."""
    rulings = tuple(rulings)
    own = {ruling.other for ruling in rulings if ruling.kind is RulingKind.JOIN}
    return tuple(sorted(own | set(merges(rulings))))


def released(rulings: Iterable[Ruling]) -> frozenset[str]:
    """Messages (by sha256) whose withdrawal a named person let through."""
    release = RulingKind.RELEASE
    return frozenset(ruling.other for ruling in rulings if ruling.kind is release)


def unanswered(
    withdrawn: Mapping[str, Event], rulings: Iterable[Ruling]
) -> dict[str, Event]:
    """Withdrawals that nobody has let through yet, by the id of their event."""
    known = released(rulings)
    return {
        event_id: message
        for event_id, message in withdrawn.items()
        if message.sha256 not in known
    }
