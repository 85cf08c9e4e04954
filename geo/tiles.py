"""The map in tiles: whole features, in every tile they touch (MAP, Tiles)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geo.feature_json import Arena, arena
from geo.map_fields import FULL_FIELDS, SLIM_FIELDS, SUMMARY_FIELDS
from geo.map_table import home_names
from geo.tidy import geometry_json
from geo.tile_grid import HOME_ZOOM, tiles_touched

MAX_REAL_FEATURES = 500
"""Assets shown as themselves in one tile of the summary (MAP, Tiles)."""
ASSET_ZOOMS = (12, 13, 14)
SUMMARY_LEVELS = {
    **dict.fromkeys((5, 6), ("pref", "mesh1")),
    **dict.fromkeys((7, 8), ("mesh2",)),
    **dict.fromkeys((9, 10, 11), ("mesh3",)),
}
"""Which cells each zoom shows."""
EMPTY_TILE = b'{"features":[],"type":"FeatureCollection"}'
_SEVERE_RANK = 3
_LINE = "link"

Tile = tuple[str, bytes]
"""Path below tiles/, and the bytes of the file."""
Members = tuple[str, NDArray[np.int64]]
"""z/x/y.geojson of a tile, and the rows of a table in it."""


Shaped = tuple[pa.Table, NDArray[np.object_]]
"""A table and the geometry of each of its rows."""


@dataclass(frozen=True)
class Layer:
    """Features ready to be cut into tiles: their text and their shapes."""

    features: Arena
    geometry: NDArray[np.object_]


def full_layer(table: pa.Table, geometry: NDArray[np.object_]) -> Layer:
    """Assets with every field, as z14 and the files have them."""
    text = geometry_json(geometry)
    return Layer(arena(table.select(FULL_FIELDS), text, table["id"]), geometry)


def slim_layer(table: pa.Table, geometry: NDArray[np.object_], zoom: int) -> Layer:
    """Assets with the fields of low zooms, as text."""
    text = geometry_json(geometry)
    return Layer(arena(slim_table(table, zoom), text, table["id"]), geometry)


def slim_table(table: pa.Table, zoom: int) -> pa.Table:
    """The fields of low zooms; `home` is the tile of this zoom."""
    at = SLIM_FIELDS.index("home")
    return table.select(SLIM_FIELDS).set_column(at, "home", _homes(table, zoom))


def _homes(table: pa.Table, zoom: int) -> pa.Array:
    """Names of the home tiles of a lower zoom: the ancestors of those of z14."""
    column, row = home_of(table)
    shift = HOME_ZOOM - zoom
    return home_names(table["kind"], column >> shift, row >> shift, zoom)


def home_of(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of each row's home at z14; zero for a link, which has none."""
    parts = pc.split_pattern(pc.fill_null(table["home"], "14/0/0"), "/")
    column, row = (
        pc.cast(pc.list_element(parts, k), pa.int64()).to_numpy() for k in (1, 2)
    )
    return column, row


def asset_tiles(
    table: pa.Table,
    geometry: NDArray[np.object_],
    full: Layer,
    unchanged: frozenset[str] = frozenset(),
) -> Iterator[Tile]:
    """Tiles of z12 to z14; links are only in the files and below z12.

    Args:
        table: As `map_table` returns.
        geometry: Its geometries, shape (n,).
        full: `full_layer` of both.
        unchanged: Paths that are not made again.
    """
    for zoom in ASSET_ZOOMS:
        layer = full if zoom == HOME_ZOOM else slim_layer(table, geometry, zoom)
        for name, members in asset_members(table, geometry, zoom):
            path = f"assets/{name}"
            if path not in unchanged:
                yield path, collection(layer.features.slices(members))


def asset_members(
    table: pa.Table, geometry: NDArray[np.object_], zoom: int
) -> Iterator[Members]:
    """Which assets each tile of one zoom holds, links left out.

    Args:
        table: As `map_table` returns.
        geometry: Its geometries, shape (n,).
        zoom: One of ASSET_ZOOMS.
    """
    small = np.flatnonzero(pc.not_equal(table["kind"], _LINE).to_numpy())
    column, row = home_of(table)
    shift = HOME_ZOOM - zoom
    homes = small, column[small] >> shift, row[small] >> shift
    return _groups(_touched(geometry, small, zoom, homes), zoom)


def summary_tiles(
    table: pa.Table, geometry: NDArray[np.object_], summary: pa.Table
) -> Iterator[Tile]:
    """Tiles of z5 to z11: cells, and as themselves links and what is severe.

    Args:
        table: As `map_table` returns.
        geometry: Its geometries, shape (n,).
        summary: As `summary_table` returns.
    """
    outlines = np.asarray(shapely.from_wkb(summary["geometry"].to_numpy()), object)
    cells = Layer(
        arena(summary.select(SUMMARY_FIELDS), geometry_json(outlines), summary["id"]),
        outlines,
    )
    real, _ = _real_features(table)
    severe, shapes = table.take(pa.array(real)), geometry[real]
    for zoom in SUMMARY_LEVELS:
        layer = slim_layer(severe, shapes, zoom)
        for name, rows, kept, truncated in summary_members(
            (table, geometry), (summary, outlines), zoom
        ):
            parts = cells.features.slices(rows)
            parts += layer.features.slices(np.searchsorted(real, kept))
            yield f"summary/{name}", collection(parts, truncated=truncated)


def summary_members(
    assets: Shaped, summary: Shaped, zoom: int
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64], bool]]:
    """What each tile of one low zoom holds.

    Args:
        assets: As `map_table` returns, with its geometries.
        summary: As `summary_table` returns, with its geometries.
        zoom: One of SUMMARY_LEVELS.

    Yields:
        z/x/y.geojson of a tile, rows of the summary, rows of the assets shown as
        themselves, and whether some were left out.
    """
    level = summary[0]["level"].to_numpy().astype(str)
    shown = np.flatnonzero(np.isin(level, SUMMARY_LEVELS[zoom]))
    groups = dict(_groups(_touched(summary[1], shown, zoom), zoom))
    real, urgency = _real_features(assets[0])
    reals = dict(_groups(_touched(assets[1], real, zoom), zoom))
    nothing = np.empty(0, np.int64)
    for name in sorted(groups.keys() | reals.keys()):
        found = reals.get(name, nothing)
        first = np.argsort(urgency[np.searchsorted(real, found)])[:MAX_REAL_FEATURES]
        kept = np.sort(found[first])
        truncated = len(found) > MAX_REAL_FEATURES
        yield name, groups.get(name, nothing), kept, truncated


def _real_features(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Assets that low zooms show as themselves, and the place of each in the queue.

    First what was observed or confirmed as D3 or D4, by priority; then links.
    """
    severe = pc.greater_equal(table["grade_rank"], _SEVERE_RANK).to_numpy()
    link = pc.equal(table["kind"], _LINE).to_numpy()
    index = np.flatnonzero(severe | link)
    priority = np.nan_to_num(table["priority"].to_numpy()[index], nan=-1.0)
    queue = np.lexsort((index, -priority, ~severe[index]))
    urgency = np.empty(len(index), np.int64)
    urgency[queue] = np.arange(len(index))
    return index, urgency


def plain_tiles(
    name: str,
    table: pa.Table,
    fields: Iterable[str],
    geometry: NDArray[np.object_],
    *,
    id_field: str,
) -> Iterator[Tile]:
    """Tiles of z12 to z14 of a layer that is the same at each: damage, coverage."""
    text = geometry_json(geometry)
    features = arena(table.select(list(fields)), text, table[id_field])
    for zoom in ASSET_ZOOMS:
        for path, members in plain_members(geometry, zoom):
            yield f"{name}/{path}", collection(features.slices(members))


def plain_members(geometry: NDArray[np.object_], zoom: int) -> Iterator[Members]:
    """Which geometries each tile of one zoom touches."""
    everything = np.arange(len(geometry))
    return _groups(_touched(geometry, everything, zoom), zoom)


def collection(features: list[memoryview], *, truncated: bool = False) -> bytes:
    """A FeatureCollection of features that are text already."""
    end = b'],"truncated":true' if truncated else b"]"
    body = b",".join(features)
    return b'{"features":[' + body + end + b',"type":"FeatureCollection"}'


def _touched(
    geometry: NDArray[np.object_],
    index: NDArray[np.int64],
    zoom: int,
    homes: tuple[NDArray[np.int64], ...] | None = None,
) -> NDArray[np.int64]:
    """Row, tile column and tile row of every tile that rows belong to, shape (m, 3).

    Args:
        geometry: Of all rows, shape (n,).
        index: The rows to place.
        zoom: Of the tiles.
        homes: The same three of tiles that are taken whether touched or not.
    """
    nth, column, row = tiles_touched(geometry[index], zoom)
    found = np.column_stack([index[nth], column, row])
    if homes is None:
        return found
    return np.unique(np.vstack([found, np.column_stack(homes)]), axis=0)


def _groups(
    places: NDArray[np.int64], zoom: int
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """The rows of each tile, in the order of the table; tiles by column and row."""
    index, column, row = places.T
    order = np.lexsort((index, row, column))
    if not len(order):
        return
    column, row = column[order], row[order]
    new = (np.diff(column) != 0) | (np.diff(row) != 0)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    members = np.split(index[order], starts[1:])
    places_of = zip(column[starts].tolist(), row[starts].tolist(), strict=True)
    for (x, y), rows in zip(places_of, members, strict=True):
        yield f"{zoom}/{x}/{y}.geojson", rows
