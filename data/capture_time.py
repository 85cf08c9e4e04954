"""Tags of one picture -> when it was taken, from which source, how surely."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from data.exif_numbers import number
from data.imagery import TimeSource
from data.tags import Tags

GPS_SIGMA_S = 1.0  # GPSTimeStamp is written in whole seconds, of the last fix
CLOCK_SIGMA_S = 5.0  # a clock set by a phone, drifting for some weeks
HAND_CLOCK_SIGMA_S = 60.0  # a clock that does not even know its zone
CHANGE_OF_CLOCK_SIGMA_S = 3600.0  # the hour that a change to winter time has twice
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before this no drone took pictures: an empty clock or a rolled-over GPS week."""
LATEST_YEAR = 2200

_DATE = re.compile(r"([0-9]{4})[:-]([0-9]{2})[:-]([0-9]{2})")
_TIME = re.compile(_DATE.pattern + r"[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")
_TAKEN, _DIGITISED, _SUBSECOND = 36867, 36868, 37521
_OFFSETS = {_TAKEN: 36881, _DIGITISED: 36882}
_GPS_TIME, _GPS_DATE = 7, 29
_LARGEST_OFFSET = timedelta(hours=14)


class CaptureTime(NamedTuple):
    """When a picture was taken; `at` is None where nothing tells it with a zone."""

    at: datetime | None
    sigma_s: float
    source: TimeSource
    remarks: tuple[str, ...] = ()


def capture_time(
    tags: Tags,
    *,
    time_zone: str | None,
    clock_offset_s: float,
    flown_after: datetime | None,
) -> CaptureTime:
    """The best time the tags tell, in UTC; else the bound that a person stated.

    Sources in order: GPS date and time, the camera's clock with its own offset, the
    camera's clock in `time_zone`, `flown_after` (a bound, so with sigma 0).

    Args:
        tags: The tags of the picture.
        time_zone: IANA name of the zone of the camera's clock, or None: not stated.
        clock_offset_s: To be added to the camera's clock; never to GPS time.
        flown_after: What a person stated, or None.
    """
    found = _gps_time(tags.gps)
    if found.at is not None:
        return _against_bound(found, flown_after)
    clock = _clock_time(tags.photo, time_zone, clock_offset_s)
    if clock.at is not None:
        return _against_bound(
            clock._replace(remarks=(*found.remarks, *clock.remarks)), flown_after
        )
    remarks = (*found.remarks, *clock.remarks)
    if flown_after is not None:
        at = flown_after.astimezone(UTC)
        return CaptureTime(at, 0.0, TimeSource.FLOWN_AFTER, remarks)
    return CaptureTime(None, 0.0, TimeSource.NONE, remarks)


def _against_bound(found: CaptureTime, flown_after: datetime | None) -> CaptureTime:
    """Say so where the tags put the picture before the stated bound: the tags stand."""
    if flown_after is None or found.at is None or found.at >= flown_after:
        return found
    remark = f"tags say taken {found.at:%Y-%m-%dT%H:%M:%SZ}, before the stated time"
    return found._replace(remarks=(*found.remarks, remark))


def _gps_time(gps: Mapping[int, Any]) -> CaptureTime:
    none = CaptureTime(None, 0.0, TimeSource.NONE)
    date = _DATE.fullmatch(_text(gps.get(_GPS_DATE)))
    parts = gps.get(_GPS_TIME)
    if date is None or not isinstance(parts, tuple) or len(parts) != 3:  # noqa: PLR2004
        return none
    hours, minutes, seconds = (number(part) for part in parts)
    if hours is None or minutes is None or seconds is None:
        return none
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 61):  # noqa: PLR2004
        return none
    try:
        day = datetime(*map(int, date.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return none
    at = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if at < EARLIEST or at.year > LATEST_YEAR:
        return none._replace(remarks=(f"GPS date {date[0]} ignored",))
    return CaptureTime(at, GPS_SIGMA_S, TimeSource.GPS)


def _clock_time(
    photo: Mapping[int, Any], time_zone: str | None, clock_offset_s: float
) -> CaptureTime:
    none = CaptureTime(None, 0.0, TimeSource.NONE)
    for tag in (_TAKEN, _DIGITISED):
        naive = _naive(photo, tag)
        if naive is None:
            continue
        shift = timedelta(seconds=clock_offset_s)
        offset = _offset(_text(photo.get(_OFFSETS[tag])))
        if offset is not None:
            at = naive.replace(tzinfo=timezone(offset)).astimezone(UTC) + shift
            return CaptureTime(at, CLOCK_SIGMA_S, TimeSource.EXIF_OFFSET)
        if time_zone is not None:
            found = _in_zone(naive, ZoneInfo(time_zone))
            return found._replace(at=found.at + shift if found.at else None)
        remark = f"camera time {naive:%Y-%m-%d %H:%M:%S} without a zone: --time-zone"
        return none._replace(remarks=(remark,))
    return none


def _in_zone(naive: datetime, zone: ZoneInfo) -> CaptureTime:
    """A local time in a zone; the hours of a change of clock are said to be unsure."""
    at = naive.replace(tzinfo=zone).astimezone(UTC)
    later = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if at == later:
        return CaptureTime(at, HAND_CLOCK_SIGMA_S, TimeSource.EXIF_WITH_ZONE)
    remark = f"{naive:%Y-%m-%d %H:%M} lies in a change of clock in {zone.key}"
    source = TimeSource.EXIF_WITH_ZONE
    return CaptureTime(at, CHANGE_OF_CLOCK_SIGMA_S, source, (remark,))


def _naive(photo: Mapping[int, Any], tag: int) -> datetime | None:
    """The clock's reading with its fraction, or None where it is empty or absurd."""
    found = _TIME.fullmatch(_text(photo.get(tag)))
    if found is None:
        return None
    try:
        read = datetime(*map(int, found.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError:
        return None
    if not EARLIEST.year <= read.year <= LATEST_YEAR:
        return None
    digits = _text(photo.get(_SUBSECOND))
    if tag == _TAKEN and re.fullmatch("[0-9]{1,6}", digits):
        read += timedelta(seconds=float(f"0.{digits}"))
    return read


def _offset(text: str) -> timedelta | None:
    if text in ("Z", "+00:00", "-00:00"):
        return timedelta(0)
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return None if size > _LARGEST_OFFSET else size * (-1 if found[1] == "-" else 1)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return value.strip("\x00 ") if isinstance(value, str) else ""
