"""The map as the files analysts load: GeoParquet, GeoPackage, FlatGeobuf, GeoJSON."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray

from geo.feature_json import Arena
from geo.field_notes import ASSET_NOTES
from geo.geopackage_notes import write_notes

_CRS = "EPSG:4326"  # in these files longitude comes first, as in OGC:CRS84
_ZSTD_LEVEL = 9
_ROWS_PER_GROUP = 16_384  # DEFINITIONS, section 10
_FEATURES_PER_WRITE = 4_096
_LINE, _POLYGON = 1, 3  # shapely's type ids
_GROUPS = {
    "point": (0,),
    "line": (1, 5),
    "polygon": (3, 6),
}
"""Shapely's type ids of each group of geometries."""
_OGR_TYPES = {"point": "Point", "line": "MultiLineString", "polygon": "MultiPolygon"}


def geojson_chunks(
    features: Arena, notes: Mapping[str, str] | None = None
) -> Iterator[bytes]:
    """A whole FeatureCollection, piece by piece.

    Args:
        features: Of one layer.
        notes: What the file says of itself (`file_notes`), as a member `metadata`.
    """
    yield b'{"features":['
    count = len(features.text)
    for start in range(0, count, _FEATURES_PER_WRITE):
        end = min(start + _FEATURES_PER_WRITE, count)
        yield b"," * (start > 0) + b",".join(features.slices(np.arange(start, end)))
    if notes is None:
        yield b'],"type":"FeatureCollection"}'
    else:
        text = json.dumps(dict(notes), ensure_ascii=False, sort_keys=True).encode()
        yield b'],"metadata":' + text + b',"type":"FeatureCollection"}'


def write_parquet(
    path: Path,
    table: pa.Table,
    geometry: NDArray[np.object_],
    field: str,
    notes: Mapping[str, str] | None = None,
) -> None:
    """One GeoParquet file with a covering box for each row.

    Columns that are fields of an asset carry their unit and meaning.

    Args:
        path: The file to write.
        table: Any columns, among them `geometry` as WKB.
        geometry: The same as shapely geometries.
        field: Name of the geometry column.
        notes: What the file says of itself (`file_notes`).

    Source:
        GeoParquet 1.1.0; without `crs` a column is OGC:CRS84.
    """
    bounds = shapely.bounds(geometry).reshape(-1, 4)
    names = ("xmin", "ymin", "xmax", "ymax")
    box = pa.StructArray.from_arrays([pa.array(side) for side in bounds.T], names)
    described = table.append_column("bbox", box)
    metadata = {"geo": json.dumps(_geo(geometry, bounds, field), sort_keys=True)}
    if notes is not None:
        metadata["karte"] = json.dumps(dict(notes), ensure_ascii=False, sort_keys=True)
    fields = [_noted(column) for column in described.schema]
    pq.write_table(
        described.cast(pa.schema(fields, metadata)),
        path,
        compression="zstd",
        compression_level=_ZSTD_LEVEL,
        row_group_size=_ROWS_PER_GROUP,
    )


def _noted(field: pa.Field) -> pa.Field:
    """The field, with unit and meaning in its metadata where it is one of ours."""
    note = ASSET_NOTES.get(field.name)
    if note is None:
        return field
    return field.with_metadata({"unit": note.unit, "description": note.words})


def _geo(
    geometry: NDArray[np.object_], bounds: NDArray[np.float64], field: str
) -> dict[str, object]:
    """The metadata that makes a Parquet file a GeoParquet file."""
    column: dict[str, object] = {
        "encoding": "WKB",
        "geometry_types": sorted({str(shape.geom_type) for shape in geometry}),
        "orientation": "counterclockwise",
        "covering": {
            "bbox": {side: ["bbox", side] for side in ("xmin", "ymin", "xmax", "ymax")}
        },
    }
    if len(geometry):
        low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        column["bbox"] = [*low.tolist(), *high.tolist()]
    return {"version": "1.1.0", "primary_column": field, "columns": {field: column}}


def write_flatgeobuf(
    path: Path, table: pa.Table, notes: Mapping[str, str] | None = None
) -> None:
    """The assets in one indexed file that opens at once, all geometry types mixed.

    Args:
        path: The file to write.
        table: As `map_table` returns.
        notes: What the file says of itself (`file_notes`); units go with it.
    """
    units = {
        f"unit_{name}": note.unit for name, note in ASSET_NOTES.items() if note.unit
    }
    pyogrio.write_arrow(
        table,
        path,
        layer="assets",
        driver="FlatGeobuf",
        geometry_name="geometry",
        geometry_type="Unknown",
        crs=_CRS,
        layer_metadata=None if notes is None else {**notes, **units},
    )


def write_geopackage(
    path: Path,
    layers: Mapping[str, pa.Table],
    as_of: datetime,
    notes: Mapping[str, str] | None = None,
) -> None:
    """One GeoPackage, one geometry type a layer, with styles and units inside.

    A table that holds several types becomes several layers. Its own is named after
    it, or with _point, _line or _polygon behind.

    Args:
        path: The file to write; must not exist.
        layers: Tables with a column `geometry` (WKB), by the layer's name.
        as_of: What the file says of its last change: it must not depend on the clock.
        notes: What the file says of itself (`file_notes`).
    """
    stamp = as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        single = _single_type_layers(layers)
        for name, table in single.items():
            _write_layer(path, name, table, notes)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    write_notes(path, {name: name.partition("_")[0] for name in single}, stamp)


def _single_type_layers(
    layers: Mapping[str, pa.Table],
) -> dict[str, tuple[pa.Table, str]]:
    """Layers of one geometry type each, with that type, in a fixed order."""
    single: dict[str, tuple[pa.Table, str]] = {}
    for name, table in layers.items():
        shapes = np.asarray(shapely.from_wkb(table["geometry"].to_numpy()), object)
        types = shapely.get_type_id(shapes)
        for group, members in _GROUPS.items():
            rows = np.flatnonzero(np.isin(types, members))
            own = name != "assets" and group == "polygon"
            if len(rows) or own or name == "assets":
                part = table.take(pa.array(rows, pa.int64()))
                at = part.column_names.index("geometry")
                wkb = pa.array(shapely.to_wkb(_multiple(shapes[rows])), pa.binary())
                layer = name if own else f"{name}_{group}"
                single[layer] = part.set_column(at, "geometry", wkb), _OGR_TYPES[group]
    return single


def _multiple(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Lines and polygons as multiples of one, so that a layer has one type."""
    types = shapely.get_type_id(shapes)
    promoted = shapes.copy()
    lines, polygons = np.flatnonzero(types == _LINE), np.flatnonzero(types == _POLYGON)
    promoted[lines] = shapely.multilinestrings(
        shapes[lines], indices=np.arange(len(lines))
    )
    promoted[polygons] = shapely.multipolygons(
        shapes[polygons], indices=np.arange(len(polygons))
    )
    return promoted


def _write_layer(
    path: Path,
    name: str,
    layer: tuple[pa.Table, str],
    notes: Mapping[str, str] | None,
) -> None:
    table, geometry_type = layer
    pyogrio.write_arrow(
        table,
        path,
        layer=name,
        driver="GPKG",
        geometry_name="geometry",
        geometry_type=geometry_type,
        crs=_CRS,
        append=path.exists(),
        layer_metadata=None if notes is None else dict(notes),
    )
