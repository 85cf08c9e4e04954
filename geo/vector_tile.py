"""Features as Mapbox Vector Tiles, whole and never clipped.

Source: Mapbox Vector Tile Specification 2.1.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.tile_grid import MAX_LATITUDE_DEG
from geo.varint import varints, zigzag

EXTENT = 4096
_POINT, _LINE, _POLYGON = 1, 2, 3
_MOVE, _DRAW, _CLOSE = 1, 2, 15
_SAFE_INTEGER = (1 << 53) - 1  # what JavaScript counts exactly
_ID, _TAGS, _TYPE, _GEOMETRY = b"\x08", b"\x12", b"\x18", b"\x22"
_LAYER, _NAME, _FEATURE, _KEYS, _VALUES = b"\x1a", b"\x0a", b"\x12", b"\x1a", b"\x22"
Place = tuple[int, int, int]
"""Zoom, column and row of a tile."""
_END = b"\x28" + varints(np.array([EXTENT], np.uint64)).tobytes() + b"\x78\x02"
_TYPE_OF = {0: _POINT, 4: _POINT, 1: _LINE, 5: _LINE, 3: _POLYGON, 6: _POLYGON}


@dataclass(frozen=True)
class EncodedLayer:
    """One layer's features, ready to be written into any tile.

    Attributes:
        keys: The names of the properties, as messages.
        fields: Of each property, the number of each row's value and all values.
        ids: Number of each feature.
        types: Point, line or polygon of each.
        parts: The points, lines or rings of each, as shares of the world.
    """

    name: str
    keys: bytes
    fields: list[tuple[list[int | None], list[bytes]]]
    ids: list[int]
    types: list[int]
    parts: list[list[NDArray[np.float64]]]


def encoded_layer(
    name: str, table: pa.Table, geometry: NDArray[np.object_], id_field: str
) -> EncodedLayer:
    """Each different value, key and shape written down once.

    Args:
        name: Of the layer.
        table: Its properties; a missing value is left out of the tiles.
        geometry: In longitude and latitude, shape (n,).
        id_field: The column that feature ids are hashed from (promoteId).
    """
    names = table.column_names
    return EncodedLayer(
        name=name,
        keys=b"".join(_KEYS + _with_length(field.encode()) for field in names),
        fields=[_coded(table[field]) for field in names],
        ids=[feature_id(key) for key in table[id_field].to_pylist()],
        types=[_TYPE_OF[k] for k in shapely.get_type_id(geometry).tolist()],
        parts=[_parts(shape) for shape in geometry],
    )


def layer_in_tile(layer: EncodedLayer, rows: list[int], place: Place) -> bytes:
    """Some features of a layer as one tile has them.

    The bytes of several layers end to end are a tile.

    Args:
        layer: As `encoded_layer` returns.
        rows: Which features.
        place: Zoom, column and row of the tile.
    """
    found: dict[bytes, int] = {}
    features = [_FEATURE + _with_length(_feature(layer, k, place, found)) for k in rows]
    values = b"".join(_VALUES + _with_length(value) for value in found)
    body = _NAME + _with_length(layer.name.encode()) + b"".join(features)
    return _LAYER + _with_length(body + layer.keys + values + _END)


def _feature(
    layer: EncodedLayer, k: int, place: Place, found: dict[bytes, int]
) -> bytes:
    """One feature; values new to the tile are added to `found`."""
    tags: list[int] = []
    for key, (codes, values) in enumerate(layer.fields):
        code = codes[k]
        if code is not None:
            tags += [key, found.setdefault(values[code], len(found))]
    kind, commands = _commands(layer.types[k], layer.parts[k], place)
    return (
        _ID
        + _packed([layer.ids[k]])
        + _TAGS
        + _with_length(_packed(tags))
        + _TYPE
        + _packed([kind])
        + _GEOMETRY
        + _with_length(_packed(commands))
    )


def feature_id(key: str) -> int:
    """A number for an id, below 2^53: the first 8 bytes of its sha256."""
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:8], "big") & _SAFE_INTEGER


def _packed(numbers: list[int]) -> bytes:
    """Varints of a few numbers; of many `varints` is faster."""
    written = bytearray()
    for number in numbers:
        left = number
        while left > 0x7F:  # noqa: PLR2004 seven bits
            written.append(left & 0x7F | 0x80)
            left >>= 7
        written.append(left)
    return bytes(written)


def _with_length(content: bytes) -> bytes:
    return _packed([len(content)]) + content


def _coded(column: pa.ChunkedArray) -> tuple[list[int | None], list[bytes]]:
    """The number of each row's value, and every different value as a message."""
    values = column.combine_chunks()
    if pa.types.is_floating(values.type):
        values = pc.round(pc.cast(values, pa.float64()), 6)
    coded = pc.dictionary_encode(values)
    return coded.indices.to_pylist(), [_value(v) for v in coded.dictionary.to_pylist()]


def _value(value: str | float | bool) -> bytes:  # noqa: FBT001 a value of any type
    if isinstance(value, bool):
        return b"\x38" + _packed([int(value)])
    if isinstance(value, int):
        return b"\x30" + varints(zigzag(np.array([value]))).tobytes()
    if isinstance(value, float):
        return b"\x19" + struct.pack("<d", value)
    return b"\x0a" + _with_length(value.encode())


def _parts(geometry: shapely.Geometry) -> list[NDArray[np.float64]]:
    """Points, lines or rings as shares of the world: x east, y down from north."""
    if isinstance(geometry, shapely.MultiPoint):
        return [_world(shapely.get_coordinates(geometry))]
    parts = []
    for part in shapely.get_parts(geometry):
        rings = shapely.get_rings(part) if isinstance(part, shapely.Polygon) else [part]
        parts += [_world(shapely.get_coordinates(ring)) for ring in rings]
    return parts


def _world(places: NDArray[np.float64]) -> NDArray[np.float64]:
    latitude = np.clip(places[:, 1], -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)
    north = np.arcsinh(np.tan(np.radians(latitude))) / np.pi
    return np.column_stack([(places[:, 0] + 180) / 360, (1 - north) / 2])


def _commands(
    kind: int, parts: list[NDArray[np.float64]], tile: Place
) -> tuple[int, list[int]]:
    """Type and drawing commands of a feature in one tile.

    A line shorter than the grid is drawn a grid unit long; a polygon smaller than the
    grid is a point.
    """
    zoom, column, row = tile
    scale, origin = EXTENT << zoom, np.array([column, row]) * EXTENT
    grid = [np.floor(part * scale).astype(np.int64) - origin for part in parts]
    if kind == _POINT:
        return kind, _steps(grid[0].tolist(), (0, 0), _MOVE)
    cursor, commands = (0, 0), list[int]()
    for part in grid:
        path = _without_repeats(part)
        if kind == _POLYGON:
            ring = path[-2::-1]  # y runs down here: the order turns round
            if _has_area(ring):
                commands += [*_drawn_path(ring, cursor), _CLOSE]
                cursor = ring[-1]
        else:
            if len(path) == 1:
                path = [path[0], (path[0][0] + 1, path[0][1])]
            commands += _drawn_path(path, cursor)
            cursor = path[-1]
    if not commands:
        return _POINT, _steps(grid[0][:1].tolist(), (0, 0), _MOVE)
    return kind, commands


def _without_repeats(part: NDArray[np.int64]) -> list[tuple[int, int]]:
    points = [(int(x), int(y)) for x, y in part.tolist()]
    return [p for k, p in enumerate(points) if k == 0 or p != points[k - 1]]


def _has_area(ring: list[tuple[int, int]]) -> bool:
    after = [*ring[1:], *ring[:1]]
    twice = sum(x * v - u * y for (x, y), (u, v) in zip(ring, after, strict=True))
    return twice != 0


def _drawn_path(path: list[tuple[int, int]], cursor: tuple[int, int]) -> list[int]:
    """Move to the first point, draw to the others."""
    return _steps(path[:1], cursor, _MOVE) + _steps(path[1:], path[0], _DRAW)


def _steps(
    points: Sequence[Sequence[int]], cursor: tuple[int, int], command: int
) -> list[int]:
    """A command, how often, and the zigzag steps between the points."""
    written = [command | len(points) << 3]
    at_x, at_y = cursor
    for x, y in points:
        steps = (x - at_x, y - at_y)
        written += [2 * step if step >= 0 else -2 * step - 1 for step in steps]
        at_x, at_y = x, y
    return written
