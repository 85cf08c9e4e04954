"""The small files beside the tiles that tell other programs how to read them."""

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping

from data.edition import EditionInfo
from data.findings import Grade, grade_name
from data.words import D0_WORDS, DRILL_WORDS, GRADE_COLOURS, GRADE_WORDS
from geo.file_notes import DATUM
from geo.map_fields import COVERAGE_FIELDS, DAMAGE_FIELDS, FULL_FIELDS, SUMMARY_FIELDS

LAYERS: dict[str, tuple[str, tuple[str, ...], int, int]] = {
    "assets": ("施設の状態", FULL_FIELDS, 12, 14),
    "summary": ("集計", SUMMARY_FIELDS, 5, 11),
    "damage": ("損傷", DAMAGE_FIELDS, 12, 14),
    "coverage": ("撮影範囲", COVERAGE_FIELDS, 12, 14),
}
"""Title, fields, lowest and highest zoom of each folder under tiles/."""
_OUTLINE = "#58585C"


Bounds = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


def index_files(
    info: EditionInfo, bounds: Bounds, names: Iterable[str], *, focus: Bounds
) -> dict[str, bytes]:
    """tilejson.json, layers.txt, style.js and style.json of an edition.

    Args:
        info: Of the edition.
        bounds: Of all assets.
        names: Which of LAYERS have tiles.
        focus: Of the assets that the hazard reached: where a page opens.
    """
    present = [name for name in LAYERS if name in set(names)]
    return {
        "tilejson.json": _json(_tilejson(info, bounds, present, focus)),
        "layers.txt": _json(_layers(info, present)),
        "style.js": _style_js().encode(),
        "style.json": _json(_style(info)),
    }


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def _tilejson(
    info: EditionInfo, bounds: Bounds, names: list[str], focus: Bounds
) -> dict[str, object]:
    """TileJSON 3.0.0, though the tiles are GeoJSON."""
    return {
        "tilejson": "3.0.0",
        "name": f"{info.operation} {info.number}",
        "description": f"{DRILL_WORDS[info.drill][1]}. {D0_WORDS[1]}. {DATUM}",
        "version": f"{info.number}.0.0",
        "bounds": list(bounds),
        "minzoom": min((LAYERS[name][2] for name in names), default=5),
        "maxzoom": max((LAYERS[name][3] for name in names), default=14),
        "tiles": [f"tiles/{name}/{{z}}/{{x}}/{{y}}.geojson" for name in names[:1]],
        "vector_layers": [_vector_layer(name) for name in names],
        "karte": {
            "operation": info.operation,
            "number": info.number,
            "as_of": info.as_of.isoformat(),
            "drill": info.drill,
            "title": info.title,
            "events": list(info.events),
            "audience": info.audience,
            "signature": None,
            "focus": list(focus),
        },
    }


def _vector_layer(name: str) -> dict[str, object]:
    title, fields, low, high = LAYERS[name]
    return {
        "id": name,
        "description": f"{title}: tiles/{name}/{{z}}/{{x}}/{{y}}.geojson",
        "fields": dict.fromkeys(fields, ""),
        "minzoom": low,
        "maxzoom": high,
    }


def _layers(info: EditionInfo, names: list[str]) -> dict[str, object]:
    """The list of layers that GSI's own viewer loads (gsi-cyberjapan)."""
    entries = [
        {
            "type": "Layer",
            "id": f"{info.operation}_{name}",
            "title": f"{LAYERS[name][0]}({DRILL_WORDS[info.drill][0]})",
            "iconUrl": "",
            "url": f"tiles/{name}/{{z}}/{{x}}/{{y}}.geojson",
            "cocotile": False,
            "minZoom": LAYERS[name][2],
            "maxZoom": 18,
            "maxNativeZoom": LAYERS[name][3],
            "html": f"{info.title}。{D0_WORDS[0]}。",
            "legendUrl": "",
        }
        for name in names
    ]
    group = {"type": "LayerGroup", "title": info.title, "entries": entries}
    return {"layers": [group]}


def _style_js() -> str:
    """How GSI's viewer paints an asset: filled by grade, hollow where only expected.

    The file is one object literal that the viewer evaluates (gsimaps).
    """
    colours = {grade_name(grade): code for grade, code in GRADE_COLOURS.items()}
    return f"""{{
  options: {{ maxNativeZoom: 14, maxZoom: 18 }},
  geojsonOptions: {{
    style: function (feature) {{
      var colours = {json.dumps(colours, sort_keys=True)};
      var p = feature.properties, seen = p.grade !== "NA";
      var state = seen ? p.grade : String(p.expected || "").replace("E", "D");
      var colour = colours[state] || colours.NA;
      return {{
        color: seen ? "{_OUTLINE}" : colour, weight: seen ? 3 : 2,
        fillColor: colour, fillOpacity: seen ? 0.85 : 0
      }};
    }},
    pointToLayer: function (feature, place) {{
      var words = {json.dumps(_legend(), ensure_ascii=False, sort_keys=True)};
      return L.circleMarker(place, {{ radius: 7 }})
        .bindTooltip(words[feature.properties.grade]);
    }}
  }}
}}
"""


def _legend() -> dict[str, str]:
    return {grade_name(grade): words[0] for grade, words in GRADE_WORDS.items()}


def _style(info: EditionInfo) -> dict[str, object]:
    """A MapLibre style over map.geojson: both channels, no glyphs, no sprites."""
    seen: list[object] = ["!=", ["get", "grade"], "NA"]
    unseen: list[object] = ["==", ["get", "grade"], "NA"]
    return {
        "version": 8,
        "name": f"{info.operation} {info.number} {DRILL_WORDS[info.drill][1]}",
        "metadata": {"karte:legend": _legend(), "karte:note": D0_WORDS[0]},
        "sources": {"assets": {"type": "geojson", "data": "map.geojson"}},
        "layers": [
            {"id": "ground", "type": "background", "paint": _background()},
            _paint("grade-area", "fill", seen, {"fill-color": _by("grade", "D")}),
            _paint("grade-line", "line", seen, _line(_by("grade", "D"), 4)),
            _paint("grade-point", "circle", seen, _dot(_by("grade", "D"), 0.9)),
            _paint("expected-line", "line", unseen, _line(_by("expected", "E"), 2)),
            _paint("expected-point", "circle", unseen, _dot(_by("expected", "E"), 0)),
        ],
    }


def _background() -> dict[str, object]:
    return {"background-color": "#F4F4F2"}


def _by(field: str, letter: str) -> list[object]:
    """An expression: the colour of the state that `field` names."""
    pairs: list[object] = []
    for grade, colour in GRADE_COLOURS.items():
        if grade is not Grade.NA:
            pairs += [f"{letter}{int(grade)}", colour]
    return ["match", ["get", field], *pairs, GRADE_COLOURS[Grade.NA]]


_SHAPES = {"fill": "Polygon", "circle": "Point"}


def _paint(
    name: str, kind: str, which: list[object], paint: Mapping[str, object]
) -> dict[str, object]:
    shown = which
    if kind in _SHAPES:
        shown = ["all", which, ["==", ["geometry-type"], _SHAPES[kind]]]
    return {
        "id": name,
        "type": kind,
        "source": "assets",
        "filter": shown,
        "paint": dict(paint),
    }


def _line(colour: list[object], width: int) -> dict[str, object]:
    return {"line-color": colour, "line-width": width}


def _dot(colour: list[object], opacity: float) -> dict[str, object]:
    return {
        "circle-radius": 6,
        "circle-color": colour,
        "circle-opacity": opacity,
        "circle-stroke-color": _OUTLINE if opacity else colour,
        "circle-stroke-width": 2,
    }


def mokuroku(tiles: Iterable[tuple[str, int, int, str]]) -> bytes:
    """GSI's list of tiles: path, mtime, size, md5; gzip without a clock.

    Args:
        tiles: Path below tiles/, Unix time of the edition that wrote it, size in bytes
            and MD5 of each.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows(sorted(tiles))
    return gzip.compress(text.getvalue().encode(), mtime=0)


def md5_of(content: bytes) -> str:
    """GSI's check of a tile; against damage on the way, not against people."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
