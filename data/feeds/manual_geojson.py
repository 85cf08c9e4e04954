"""A hand-made event in GeoJSON -> Event: one Feature with the properties of the TOML.

The geometry is a Point [longitude, latitude] (RFC 7946: WGS84) that stands for the same
keys of `hypocentre`, which may then be left out there; times are texts with their zone.
All other keys: data/feeds/manual.py.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NoReturn

from data.feeds.guarded_xml import refused
from data.feeds.manual import MAX_BYTES, Values, event_of_values
from data.operation import Event
from data.refusals import RefusalCode

_TIMES = ("origin_at", "reported_at")
_AXES = ("longitude", "latitude")


def is_geojson(data: bytes) -> bool:
    """Whether these bytes may be JSON; no other feed starts with a brace."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_geojson_event(data: bytes, *, name: str, real: bool = False) -> Event:
    """Read one hand-made event.

    Args:
        data: The file's bytes, UTF-8; one Feature, alone or in a collection.
        name: What the user calls it, for messages.
        real: Whether a named person says that it is no drill.

    Raises:
        RefusedError: If it is no such Feature, has an unknown key, lacks one, or a
            value is out of range.
    """
    feature = _feature(_json(data, name), name)
    values = dict(_mapping(feature.get("properties"), "properties", name))
    for key in _TIMES:
        if isinstance(values.get(key), str):
            values[key] = _time(str(values[key]), key, name)
    values["hypocentre"] = _hypocentre(feature, values, name)
    digest = sha256(data).hexdigest()
    return event_of_values(values, name=name, real=real, digest=digest)


def _json(data: bytes, name: str) -> object:
    if len(data) > MAX_BYTES:
        refused(
            name,
            RefusalCode.TOO_LARGE,
            value=f"{len(data)} bytes",
            remedy=f"an event has at most {MAX_BYTES} bytes",
        )
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        refused(
            name,
            RefusalCode.UNREADABLE,
            value=str(error) or type(error).__name__,
            remedy="write one GeoJSON Feature in UTF-8",
        )


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _feature(content: object, name: str) -> Values:
    table = _mapping(content, "file", name)
    features = table.get("features")
    if isinstance(features, list) and len(features) == 1:
        table = _mapping(features[0], "feature", name)
    if table.get("type") != "Feature":
        refused(
            name,
            RefusalCode.UNKNOWN_TYPE,
            value=f"type {table.get('type')!r}",
            remedy="give one Feature: one event a file",
        )
    return table


def _mapping(value: object, what: str, name: str) -> Values:
    if not isinstance(value, Mapping):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{what} is no object",
            remedy="write one GeoJSON Feature with properties",
        )
    return value


def _time(text: str, key: str, name: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{key} {text!r}",
            remedy=f'write "{key}": "2026-11-22T08:43:00+09:00"',
        )


def _hypocentre(feature: Values, values: Values, name: str) -> Values:
    """The table of the properties, with the place of the geometry."""
    table = _mapping(values.get("hypocentre", {}), "hypocentre", name)
    place = _place(feature.get("geometry"), name)
    stated = {axis: table[axis] for axis in _AXES if axis in table}
    if place and any(place[axis] != value for axis, value in stated.items()):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"geometry {place}, hypocentre {stated}",
            remedy="say the place once, in the geometry",
        )
    return {**table, **place}


def _place(geometry: object, name: str) -> dict[str, object]:
    if geometry is None:
        return {}
    table = _mapping(geometry, "geometry", name)
    place = table.get("coordinates")
    if table.get("type") != "Point" or not isinstance(place, list) or len(place) < 2:  # noqa: PLR2004 longitude, latitude
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"geometry {table.get('type')!r}",
            remedy='write "geometry": {"type": "Point", "coordinates": [140.9, 39.0]}',
        )
    return dict(zip(_AXES, place, strict=False))
