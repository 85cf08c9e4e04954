"""A real message cannot be from the future; an exercise may be set at any time."""

from datetime import datetime, timedelta

from data.feeds.guarded_xml import refused
from data.operation import Event, EventStatus
from data.refusals import RefusalCode

CLOCK_TOLERANCE = timedelta(minutes=5)


def check_not_future(event: Event, now: datetime, name: str) -> None:
    """Refuse a real message that was reported, or happened, after `now`.

    Raises:
        RefusedError: If it is so by more than five minutes.
    """
    latest = max(event.reported_at, event.origin_at)
    if event.status is EventStatus.REAL and latest > now + CLOCK_TOLERANCE:
        refused(
            name,
            RefusalCode.FUTURE_TIME,
            value=latest.isoformat(),
            remedy="check the clock of this machine, then send it again",
        )
