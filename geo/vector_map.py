"""The map as vector tiles: the twin of the .geojson tiles, for QGIS and MapLibre."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from geo.field_notes import LAYER_NOTES, FieldType
from geo.map_fields import COVERAGE_FIELDS, DAMAGE_FIELDS, FULL_FIELDS, SUMMARY_FIELDS
from geo.tile_grid import HOME_ZOOM
from geo.tile_index import LAYERS
from geo.tiles import (
    ASSET_ZOOMS,
    SUMMARY_LEVELS,
    Shaped,
    asset_members,
    plain_members,
    slim_table,
    summary_members,
)
from geo.vector_tile import EncodedLayer, Place, encoded_layer, layer_in_tile

_TYPES: Mapping[FieldType, str] = {
    "text": "String",
    "whole": "Number",
    "number": "Number",
    "truth": "Boolean",
    "time": "String",
}
_PLAIN = (("damage", DAMAGE_FIELDS, "id"), ("coverage", COVERAGE_FIELDS, "frame_id"))
Piece = tuple[Place, bytes]
"""A tile, and one layer of it."""


def vector_tiles(layers: Mapping[str, Shaped]) -> dict[Place, bytes]:
    """Every tile of zoom 5 to 14 that holds something.

    Each has the features of its .geojson twins, as layers assets, summary, damage and
    coverage; a missing value is left out.

    Args:
        layers: Tables as an edition has them, by the names of these layers.
    """
    tiles: dict[Place, bytes] = defaultdict(bytes)
    for place, piece in _pieces(layers):
        tiles[place] += piece
    return dict(tiles)


def _pieces(layers: Mapping[str, Shaped]) -> Iterator[Piece]:
    yield from _asset_pieces(layers["assets"])
    yield from _summary_pieces(layers["assets"], layers["summary"])
    for name, fields, key in _PLAIN:
        table, geometry = layers[name]
        plain = encoded_layer(name, table.select(fields), geometry, key)
        for zoom in ASSET_ZOOMS:
            for path, rows in plain_members(geometry, zoom):
                yield _piece(plain, rows.tolist(), path)


def _asset_pieces(assets: Shaped) -> Iterator[Piece]:
    table, geometry = assets
    for zoom in ASSET_ZOOMS:
        full = zoom == HOME_ZOOM
        fields = table.select(FULL_FIELDS) if full else slim_table(table, zoom)
        layer = encoded_layer("assets", fields, geometry, "id")
        for path, rows in asset_members(table, geometry, zoom):
            yield _piece(layer, rows.tolist(), path)


def _summary_pieces(assets: Shaped, summary: Shaped) -> Iterator[Piece]:
    cells = encoded_layer(
        "summary", summary[0].select(SUMMARY_FIELDS), summary[1], "id"
    )
    for zoom in SUMMARY_LEVELS:
        for path, rows, kept, _ in summary_members(assets, summary, zoom):
            if len(rows):
                yield _piece(cells, rows.tolist(), path)
            if len(kept):
                few = slim_table(assets[0].take(kept), zoom)
                layer = encoded_layer("assets", few, assets[1][kept], "id")
                yield _piece(layer, list(range(len(kept))), path)


def _piece(layer: EncodedLayer, rows: list[int], path: str) -> Piece:
    zoom, column, row = (int(part) for part in path.removesuffix(".geojson").split("/"))
    place = zoom, column, row
    return place, layer_in_tile(layer, rows, place)


def vector_notes(notes: Mapping[str, str]) -> dict[str, object]:
    """What the container says of its layers.

    Args:
        notes: As `file_notes` returns.

    Source:
        TileJSON 3.0.0, section 3.3 (vector_layers).
    """
    lowest = {"assets": min(SUMMARY_LEVELS)}
    return {
        "name": f"{notes['operation']} {notes['edition']}",
        "description": notes["description"],
        "attribution": notes["licence"],
        "karte": dict(notes),
        "vector_layers": [
            {
                "id": name,
                "description": LAYERS[name][0],
                "minzoom": lowest.get(name, LAYERS[name][2]),
                "maxzoom": LAYERS[name][3],
                "fields": {
                    field: f"{_TYPES[note.type]}; {note.unit}; {note.words}"
                    for field, note in noted.items()
                },
            }
            for name, noted in LAYER_NOTES.items()
        ],
    }
