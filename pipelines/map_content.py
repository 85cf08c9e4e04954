"""What an edition shows, as tables, shapes and text, before it is files."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.edition import EditionInfo
from data.record import to_json
from data.tables import COVERAGE, FEATURES, check_table
from geo.exports import geojson_chunks
from geo.feature_json import arena
from geo.map_fields import COVERAGE_FIELDS, DAMAGE_FIELDS
from geo.map_table import map_table, utc_text
from geo.summary import summary_table
from geo.tidy import geometries, geometry_json
from geo.tiles import (
    Layer,
    Tile,
    asset_tiles,
    full_layer,
    plain_tiles,
    summary_tiles,
)

_COUNTED_PER_EDITION = ["edition", "changed_in"]
_NO_SHAPES: NDArray[np.object_] = np.empty(0, dtype=object)


@dataclass(frozen=True)
class MapContent:
    """All that an edition's files are made of.

    Attributes:
        table: As `map_table` returns; the others in the same manner.
        geometry: Shapely geometries of the table's rows; likewise of the others.
        full: Every asset as text.
    """

    table: pa.Table
    geometry: NDArray[np.object_]
    full: Layer
    summary: pa.Table
    damage: pa.Table
    damage_geometry: NDArray[np.object_]
    coverage: pa.Table
    coverage_geometry: NDArray[np.object_]


def map_content(
    info: EditionInfo,
    assets: pa.Table,
    beliefs: pa.Table,
    *,
    features: pa.Table | None = None,
    coverage: pa.Table | None = None,
    previous: pa.Table | None = None,
) -> MapContent:
    """Everything an edition shows, as tables and geometries."""
    table = map_table(assets, beliefs, info, previous=previous)
    geometry = shapes_of(table)
    places = assets.take(_rows_of(table, assets))
    longitude, latitude = places["longitude"].to_numpy(), places["latitude"].to_numpy()
    damage = _plain_table(features, FEATURES, "id", DAMAGE_FIELDS)
    footprints = _plain_table(coverage, COVERAGE, "frame_id", COVERAGE_FIELDS)
    return MapContent(
        table=table,
        geometry=geometry,
        full=full_layer(table, geometry),
        summary=summary_table(table, longitude, latitude, info),
        damage=damage,
        damage_geometry=shapes_of(damage),
        coverage=footprints,
        coverage_geometry=shapes_of(footprints),
    )


def _rows_of(table: pa.Table, assets: pa.Table) -> pa.Array:
    """Where in `assets` each row of the map is."""
    order = np.argsort(assets["id"].to_numpy(zero_copy_only=False), kind="stable")
    back = np.argsort(table["id"].to_numpy(zero_copy_only=False), kind="stable")
    rows = np.empty(len(order), np.int64)
    rows[back] = order
    return pa.array(rows)


def shapes_of(table: pa.Table) -> NDArray[np.object_]:
    """The geometries of a table of the map."""
    wkb = table["geometry"].to_numpy()
    return np.asarray(shapely.from_wkb(wkb), dtype=object)


def _plain_table(
    table: pa.Table | None, schema: pa.Schema, key: str, fields: tuple[str, ...]
) -> pa.Table:
    """Damage or coverage as the map has it: sorted, tidy, times as text."""
    given = schema.empty_table() if table is None else table
    rows = check_table(given, schema, key).sort_by(key)
    shapes = geometries(rows["geometry"], key) if len(rows) else _NO_SHAPES
    columns = {name: rows[name] for name in fields}
    columns["captured_at"] = utc_text(rows["captured_at"])
    columns["geometry"] = pa.array(shapely.to_wkb(shapes), pa.binary())
    return pa.table(columns)


def content_tiles(
    content: MapContent, unchanged: frozenset[str] = frozenset()
) -> Iterator[Tile]:
    """Every tile of an edition that has a feature, without the `unchanged` ones."""
    yield from asset_tiles(content.table, content.geometry, content.full, unchanged)
    yield from summary_tiles(content.table, content.geometry, content.summary)
    layers = (
        ("damage", content.damage, DAMAGE_FIELDS, content.damage_geometry, "id"),
        (
            "coverage",
            content.coverage,
            COVERAGE_FIELDS,
            content.coverage_geometry,
            "frame_id",
        ),
    )
    for name, table, fields, geometry, key in layers:
        yield from plain_tiles(name, table, fields, geometry, id_field=key)


def content_hash(
    content: MapContent, info: EditionInfo, provenance: Mapping[str, str]
) -> str:
    """Hash of what the map says, without the numbers that only count editions."""
    digest = hashlib.sha256(to_json(replace(info, number=0)))
    for name in sorted(provenance):
        digest.update(f"{name}={provenance[name]}\n".encode())
    layers = (
        (content.table.drop_columns(_COUNTED_PER_EDITION), content.geometry, "id"),
        (content.damage, content.damage_geometry, "id"),
        (content.coverage, content.coverage_geometry, "frame_id"),
    )
    for table, geometry, key in layers:
        text = geometry_json(geometry)
        features = arena(table.drop_columns(["geometry"]), text, table[key])
        for piece in geojson_chunks(features):
            digest.update(piece)
    return digest.hexdigest()
