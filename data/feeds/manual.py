"""A hand-made event in TOML -> Event: a drill, unless a named person says it is real.

Keys (all others are refused; `*` must be there):

    schema* = 1                    version of this form
    id* = "tokyo-bay-2026"         letters, digits, . _ - ; a drill's gets `drill-`
    title = "..."                  what the page calls it
    headline = "..."
    serial = 1                     a higher one replaces a lower one
    origin_at* = 2026-11-22T08:43:00+09:00     a time with its zone
    reported_at = ...              when it was stated; default origin_at

    [hypocentre]*
    longitude*, latitude*          degrees, as floats or whole numbers
    datum = "JGD2011"              or "Tokyo" (日本測地系)
    depth_km = 10.0                left out where not known
    magnitude_mj = 7.0             JMA magnitude; this or `magnitude_at_least`*
    region = "岩手県内陸南部"        decides the type of earthquake (沖, 灘: at sea)

    [[observed]]                   any number, in the order of interest
    level* = "city"                area, city or station
    code* = "0321500"              JMA's code
    name = "奥州市"
    intensity* = "6+"              a JMA class: 1 2 3 4 5- 5+ 6- 6+ 7

An example is data/samples/events/example.toml.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from data.errors import KarteError, RefusedError
from data.feeds.guarded_xml import refused
from data.feeds.jma_body import INTENSITY_OF_CLASS
from data.operation import (
    Event,
    EventStatus,
    GeodeticDatum,
    Hypocentre,
    MessageType,
    ObservedIntensity,
)
from data.refusals import RefusalCode

MAX_BYTES = 1024 * 1024
SCHEMA = 1
MAX_ID_LENGTH = 57  # `drill-` in front makes it at most 63
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_KEYS = {
    "schema",
    "id",
    "title",
    "headline",
    "serial",
    "origin_at",
    "reported_at",
    "hypocentre",
    "observed",
}
_HYPOCENTRE_KEYS = {
    "longitude",
    "latitude",
    "datum",
    "depth_km",
    "magnitude_mj",
    "magnitude_at_least",
    "region",
}
_OBSERVED_KEYS = {"level", "code", "name", "intensity"}
_LEVELS = ("area", "city", "station")
_RANGES = {
    "longitude": (-180.0, 180.0),
    "latitude": (-90.0, 90.0),
    "depth_km": (0.0, 800.0),
    "magnitude_mj": (-2.0, 10.0),
    "magnitude_at_least": (-2.0, 10.0),
}
_DATUMS = {"JGD2011": GeodeticDatum.JGD2011, "Tokyo": GeodeticDatum.TOKYO}
Values = Mapping[str, object]


def read_manual_event(data: bytes, *, name: str, real: bool = False) -> Event:
    """Read one hand-made event.

    Args:
        data: The file's bytes, UTF-8 TOML; keys as in this module's first lines.
        name: What the user calls it, for messages.
        real: Whether a named person says that it is no drill.

    Raises:
        RefusedError: If it is no TOML, has an unknown key, lacks one, or a value is
            out of range.
    """
    return event_of_values(
        _toml(data, name), name=name, real=real, digest=sha256(data).hexdigest()
    )


def event_of_values(values: Values, *, name: str, real: bool, digest: str) -> Event:
    """The event that checked-for keys and values say, whatever file they came in.

    Args:
        values: Keys as in this module's first lines; times are datetimes.
        name: What the user calls it, for messages.
        real: Whether a named person says that it is no drill.
        digest: sha256 of the file.

    Raises:
        RefusedError: If a key is unknown or missing, or a value is out of range.
    """
    _check_keys(values, _KEYS, "event", name)
    if values.get("schema") != SCHEMA:
        refused(
            name,
            RefusalCode.UNKNOWN_VERSION,
            value=f"schema = {values.get('schema')!r}",
            remedy=f"write schema = {SCHEMA}",
        )
    origin_at = _time(values, "origin_at", name)
    reported = "reported_at" in values
    try:
        return Event(
            id=_id(values, name, real=real),
            serial=_serial(values, name),
            source_kind="manual",
            status=EventStatus.REAL if real else EventStatus.DRILL,
            message_type=MessageType.ISSUE,
            title=_text(values, "title", name) or "手入力の地震 · hand-made event",
            headline=_text(values, "headline", name),
            reported_at=_time(values, "reported_at", name) if reported else origin_at,
            origin_at=origin_at,
            hypocentre=_hypocentre(values, name),
            distant=False,
            observed=_observed(values, name),
            notes=(),
            sha256=digest,
        )
    except RefusedError:
        raise
    except (KarteError, ValueError) as error:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=str(error),
            remedy="compare it with data/samples/events/example.toml",
        )


def _toml(data: bytes, name: str) -> Values:
    if len(data) > MAX_BYTES:
        refused(
            name,
            RefusalCode.TOO_LARGE,
            value=f"{len(data)} bytes",
            remedy=f"an event has at most {MAX_BYTES} bytes",
        )
    if not data.strip():
        refused(name, RefusalCode.EMPTY, value="0 bytes", remedy="write an event")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        refused(
            name,
            RefusalCode.UNREADABLE,
            value=str(error) or type(error).__name__,
            remedy="write UTF-8 TOML as in data/samples/events/example.toml",
        )


def _check_keys(values: Values, known: set[str], what: str, name: str) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{what}: no key {unknown[0]!r}",
            remedy=f"keys are {', '.join(sorted(known))}",
        )


def _id(values: Values, name: str, *, real: bool) -> str:
    text = _text(values, "id", name).removeprefix("drill-")
    if not _ID.fullmatch(text) or len(text) > MAX_ID_LENGTH:
        refused(
            name,
            RefusalCode.BAD_ID,
            value=f"id = {text!r}",
            remedy=f"use up to {MAX_ID_LENGTH} letters, digits, . _ -",
        )
    return text if real else f"drill-{text}"


def _serial(values: Values, name: str) -> int:
    serial = values.get("serial", 0)
    if not isinstance(serial, int) or isinstance(serial, bool) or serial < 0:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"serial = {serial!r}",
            remedy="a serial is a whole number from 0",
        )
    return serial


def _text(values: Values, key: str, name: str) -> str:
    text = values.get(key, "")
    if not isinstance(text, str):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{key} = {text!r}",
            remedy=f'write {key} = "..."',
        )
    return text.strip()


def _time(values: Values, key: str, name: str) -> datetime:
    time = values.get(key)
    if not isinstance(time, datetime):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{key} = {time!r}",
            remedy=f"write {key} = 2026-11-22T08:43:00+09:00, without quotes",
        )
    if time.tzinfo is None:
        refused(
            name,
            RefusalCode.NAIVE_TIME,
            value=f"{key} = {time.isoformat()}",
            remedy="add the zone, for Japan +09:00",
        )
    return time


def _table(values: Values, key: str, name: str) -> Values:
    table = values.get(key)
    if not isinstance(table, dict):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"no table [{key}]",
            remedy=f"add [{key}] as in data/samples/events/example.toml",
        )
    return table


def _number(values: Values, key: str, name: str) -> float | None:
    """A number in its range, or None where it is left out."""
    value = values.get(key)
    if value is None:
        return None
    low, high = _RANGES[key]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= float(str(value)) <= high:
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"{key} = {value!r}",
            remedy=f"give a number from {low:g} to {high:g}, or leave it out",
        )
    return float(str(value))


def _hypocentre(values: Values, name: str) -> Hypocentre:
    table = _table(values, "hypocentre", name)
    _check_keys(table, _HYPOCENTRE_KEYS, "hypocentre", name)
    longitude, latitude = (
        _number(table, axis, name) for axis in ("longitude", "latitude")
    )
    if longitude is None or latitude is None:
        refused(
            name,
            RefusalCode.SCHEMA,
            value="hypocentre without longitude or latitude",
            remedy="give both in degrees",
        )
    if table.keys().isdisjoint({"magnitude_mj", "magnitude_at_least"}):
        refused(
            name,
            RefusalCode.SCHEMA,
            value="hypocentre without a magnitude",
            remedy="give magnitude_mj, or magnitude_at_least as a lower bound",
        )
    datum = _text(table, "datum", name) or "JGD2011"
    if datum not in _DATUMS:
        refused(
            name,
            RefusalCode.UNKNOWN_DATUM,
            value=f"datum = {datum!r}",
            remedy=f"known are {', '.join(_DATUMS)}",
        )
    return Hypocentre(
        longitude=longitude,
        latitude=latitude,
        depth_km=_number(table, "depth_km", name),
        magnitude_mj=_number(table, "magnitude_mj", name),
        magnitude_at_least=_number(table, "magnitude_at_least", name),
        region=_text(table, "region", name),
        datum=_DATUMS[datum],
    )


def _observed(values: Values, name: str) -> tuple[ObservedIntensity, ...]:
    rows = values.get("observed", [])
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        refused(
            name,
            RefusalCode.SCHEMA,
            value="observed is no list of tables",
            remedy="write [[observed]] for each",
        )
    return tuple(_one_observed(row, name) for row in rows)


def _one_observed(row: object, name: str) -> ObservedIntensity:
    table = _table({"observed": row}, "observed", name)
    _check_keys(table, _OBSERVED_KEYS, "observed", name)
    word, level = (_text(table, key, name) for key in ("intensity", "level"))
    if word not in INTENSITY_OF_CLASS or level not in _LEVELS:
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"observed: level {level!r}, intensity {word!r}",
            remedy=(
                f"levels are {', '.join(_LEVELS)}; "
                f"intensities {', '.join(INTENSITY_OF_CLASS)}"
            ),
        )
    low, high = INTENSITY_OF_CLASS[word]
    return ObservedIntensity(
        level=level,
        code=_text(table, "code", name),
        name=_text(table, "name", name),
        low=low,
        high=high,
    )
