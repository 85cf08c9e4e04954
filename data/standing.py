"""What stands of an event after all its messages, in whatever order they came.

Each kind of message (VXSE51, 52, 53, 61, manual) is a series of its own: its newest
report stands, and a 取消 as the newest withdraws that kind. The event is withdrawn
when no kind stands (FINDINGS, section 9).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from data.operation import Event, MessageType


def _newness(message: Event) -> tuple[datetime, int, str]:
    return (message.reported_at, message.serial, message.sha256)


def newest_by_kind(messages: Iterable[Event]) -> tuple[Event, ...]:
    """The newest message of each kind, cancellations among them, oldest first."""
    newest: dict[str, Event] = {}
    for message in sorted(messages, key=_newness):
        newest[message.source_kind] = message
    return tuple(sorted(newest.values(), key=_newness))


def standing_event(messages: Iterable[Event]) -> Event | None:
    """One event, from the messages that stand.

    The newest standing message is the base; hypocentre and observed intensities it
    does not carry come from the newest that does.

    Returns:
        The event, or None when every kind has been withdrawn (or nothing came).
    """
    standing = [
        message
        for message in newest_by_kind(messages)
        if message.message_type is not MessageType.CANCELLATION
    ]
    if not standing:
        return None
    hypocentres = [m.hypocentre for m in standing if m.hypocentre is not None]
    observed = [m.observed for m in standing if m.observed]
    return replace(
        standing[-1],
        hypocentre=hypocentres[-1] if hypocentres else None,
        observed=observed[-1] if observed else (),
    )
