"""JSON Schema of the published features, from what is noted of each field."""

import json

from geo.field_notes import LAYER_NOTES, FieldNote, FieldType
from geo.map_fields import SLIM_FIELDS

_TYPES: dict[FieldType, str] = {
    "text": "string",
    "whole": "integer",
    "number": "number",
    "truth": "boolean",
    "time": "string",
}
_UTC = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_FEATURE = {
    "type": "object",
    "required": ["geometry", "id", "properties", "type"],
    "additionalProperties": False,
}


def map_schema() -> dict[str, object]:
    """The schema of a feature of every layer, and of a FeatureCollection of them.

    Layers are under `$defs`: assets (full), assets_slim, summary, damage, coverage. A
    later version may add fields, so unknown ones are allowed.

    Source:
        JSON Schema 2020-12; RFC 7946.
    """
    layers = {name: _feature(notes) for name, notes in LAYER_NOTES.items()}
    slim = {name: LAYER_NOTES["assets"][name] for name in SLIM_FIELDS}
    layers["assets_slim"] = _feature(slim)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Karte: features of an edition",
        "type": "object",
        "required": ["features", "type"],
        "properties": {
            "type": {"const": "FeatureCollection"},
            "truncated": {"type": "boolean"},
            "features": {
                "type": "array",
                "items": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in layers]},
            },
        },
        "$defs": layers,
    }


def schema_json() -> bytes:
    """schema.json as it lies in an edition."""
    text = json.dumps(map_schema(), ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def _feature(notes: dict[str, FieldNote]) -> dict[str, object]:
    return {
        **_FEATURE,
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {
                "type": "object",
                "required": ["coordinates", "type"],
                "additionalProperties": False,
                "properties": {"coordinates": {"type": "array"}, "type": _SHAPES},
            },
            "properties": {
                "type": "object",
                "required": sorted(notes),
                "properties": {name: _value(note) for name, note in notes.items()},
            },
        },
    }


_SHAPES = {
    "enum": [
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
    ]
}


def _value(note: FieldNote) -> dict[str, object]:
    """What one property may be; null is always allowed and means unknown."""
    value: dict[str, object] = {
        "type": [_TYPES[note.type], "null"],
        "description": note.words,
    }
    if note.unit:
        value["x-unit"] = note.unit
    if note.unit == "share":
        value |= {"minimum": 0, "maximum": 1}
    if note.type == "time":
        value["pattern"] = _UTC
    if note.choices:
        value["enum"] = [*note.choices, None]
    return value
