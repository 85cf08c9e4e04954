"""What stands of each event after all its messages, in whatever order they came.

Each kind of message (VXSE51, 52, 53, 61, ShakeMap, a track, manual) of each id is a
series of its own: its newest report stands, and a 取消 as the newest withdraws that
series. An event is withdrawn when none of its series stands (FINDINGS, section 9).
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from data.operation import Event, EventKind, Hypocentre, MessageType

OFFICIAL = frozenset({"VXSE51", "VXSE52", "VXSE53", "VXSE61"})
"""JMA's telegrams go before other sources of the same quake, whichever is newer."""
DETAILED = "VXSE53"
"""Carries cities and stations: a later VXSE51, of areas alone, adds nothing to it."""
NOT_RECEIVED_LOW = 4.5  # 震度５弱以上未入電


def newness(message: Event) -> tuple[datetime, int, str]:
    """What is larger for the newer of two reports of one series."""
    return (message.reported_at, message.serial, message.sha256)


def newest_by_kind(messages: Iterable[Event]) -> tuple[Event, ...]:
    """The newest message of each series, cancellations among them, oldest first."""
    newest: dict[tuple[str, str], Event] = {}
    for message in sorted(messages, key=newness):
        newest[message.id, message.source_kind] = message
    return tuple(sorted(newest.values(), key=newness))


def is_superseded(message: Event, others: Iterable[Event]) -> bool:
    """Whether a newer report of the same series is among the others."""
    series = (message.id, message.source_kind)
    return any(
        newness(other) > newness(message)
        for other in others
        if (other.id, other.source_kind) == series
    )


def by_event(
    messages: Iterable[Event], merged: Mapping[str, str]
) -> dict[str, tuple[Event, ...]]:
    """Messages of each event, by its id, in the order of their newness.

    Args:
        messages: Of any number of events.
        merged: For each id that was merged into another one, that one.
    """
    found: dict[str, list[Event]] = {}
    for message in sorted(messages, key=newness):
        found.setdefault(merged.get(message.id, message.id), []).append(message)
    return {event_id: tuple(found[event_id]) for event_id in sorted(found)}


def standing_events(
    messages: Iterable[Event], merged: Mapping[str, str]
) -> tuple[Event, ...]:
    """What stands of every event, the oldest first; withdrawn ones are left out."""
    found = [
        replace(event, id=event_id)
        for event_id, own in by_event(messages, merged).items()
        if (event := standing_event(own)) is not None
    ]
    return tuple(sorted(found, key=lambda event: (event.origin_at, event.id)))


def withdrawn_by(
    messages: Iterable[Event], merged: Mapping[str, str]
) -> dict[str, Event]:
    """The newest cancellation of each event of which nothing stands any more."""
    return {
        event_id: own[-1]
        for event_id, own in by_event(messages, merged).items()
        if standing_event(own) is None
    }


def standing_event(messages: Iterable[Event]) -> Event | None:
    """One event, from those of its messages that stand.

    The newest official message is the base (without one the newest at all); hypocentre
    and observed intensities it does not carry come from the newest that does.

    Returns:
        The event, or None when every series has been withdrawn (or nothing came).
    """
    standing = [
        message
        for message in newest_by_kind(messages)
        if message.message_type is not MessageType.CANCELLATION
    ]
    if not standing:
        return None
    standing.sort(key=lambda message: message.source_kind in OFFICIAL)  # stays sorted
    hypocentres = [m.hypocentre for m in standing if m.hypocentre is not None]
    seen = sorted(
        (message for message in standing if message.observed),
        key=lambda message: message.source_kind == DETAILED,
    )
    event = replace(
        standing[-1],
        hypocentre=hypocentres[-1] if hypocentres else None,
        observed=seen[-1].observed if seen else (),
    )
    return replace(event, degraded=degraded(event))


def degraded(event: Event) -> tuple[str, ...]:
    """Optional parts that an event lacks, in words; none of them blocks."""
    if event.kind is not EventKind.EARTHQUAKE:
        return event.degraded
    source, low = event.hypocentre, NOT_RECEIVED_LOW
    silent = sum(seen.high is None and seen.low == low for seen in event.observed)
    where = "震度の地域のみ · areas only" if event.observed else "場所不明 · no place"
    found = [
        *(
            [f"震源なし · no hypocentre: {where}"]
            if source is None
            else _unknown(source)
        ),
        *([] if event.observed else ["震度なし · no intensity was observed yet"]),
        *([f"{silent} か所 未入電 · not received, at least 5-lower"] if silent else []),
    ]
    kept = [text for text in event.degraded if text not in found]
    return tuple(found + kept)


def _unknown(source: Hypocentre) -> list[str]:
    """What a hypocentre leaves open."""
    bound, depth = source.magnitude_at_least, source.depth_km
    sized = source.magnitude_mj is not None or bound is not None
    return [
        *([] if sized else ["Ｍ不明 · magnitude not known"]),
        *([f"Ｍ{bound:g}以上 · magnitude is a lower bound"] if bound else []),
        *(["深さ不明 · depth not known"] if depth is None else []),
    ]
