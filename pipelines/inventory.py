"""Owners' files -> the table of assets: on the ground, once each, with their parts.

All or nothing: one bad row refuses its file, and every bad row is listed. Rows that are
simply no assets, or occur twice, are dropped and listed, and the file goes on.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.assets import AssetKind, kind_importance
from data.column_names import ColumnMapping, column_for, suggested_mapping
from data.errors import CrsError
from data.inventory import Source, read_sources
from data.inventory_rows import KIND_WORDS, NO_ASSETS, OwnedRows, owned_rows
from data.japanese import half_width
from data.refusals import Refusal, RefusalCode, refuse
from data.tables import ASSETS, table_from_rows
from geo.crs import epsg_from, geographic_from_crs, is_projected
from geo.tile_grid import HOME_ZOOM, morton, tile_of
from pipelines.asset_shapes import (
    Geometries,
    home_points,
    length_m,
    mended,
    pieces,
    problem,
)

Row = dict[str, Any]

POSITION_SIGMA_M: dict[AssetKind, float] = {
    AssetKind.BRIDGE: 5.0,
    AssetKind.DAM: 10.0,
    AssetKind.TOWER: 3.0,
    AssetKind.SPAN: 5.0,
    AssetKind.SUBSTATION: 20.0,
    AssetKind.LINK: 50.0,
}
"""How well owners know their places where they do not say; start values."""

SEGMENT_M = 1000.0  # longest generated span; DEFINITIONS, section 1
SAME_PLACE_DEG = 1e-6  # about 0.1 m: closer geometries are the same one
ID_LENGTH = 64
_EXTENDED = (AssetKind.BRIDGE, AssetKind.DAM, AssetKind.SUBSTATION)
"""Kinds that have an extent of their own, so that a point stands for a default one."""


def read_inventory(
    path: Path,
    *,
    kind: AssetKind | None = None,
    mapping: ColumnMapping | None = None,
) -> tuple[pa.Table, tuple[Refusal, ...]]:
    """Read an owner's file.

    Args:
        path: GeoJSON, GeoPackage, FlatGeobuf, or CSV with WKT or coordinates.
        kind: Kind of every row, where the file does not say.
        mapping: Which column is which; what it leaves open is taken by name.

    Returns:
        Table ASSETS sorted by (morton, id), empty where the file is refused; and every
        row that is not in it, with its reason.

    Raises:
        RefusedError: If the file cannot be read at all.
        ConfigError: If the mapping names a column that is not there.
    """
    mapping = mapping or ColumnMapping()
    rows: list[Row] = []
    dropped: list[Refusal] = []
    bad: list[Refusal] = []
    for source in read_sources(path, mapping):
        owned = owned_rows(source, mapping, kind)
        found, wrong = _placed(source, owned, mapping)
        rows += found
        dropped += owned.dropped
        bad += [*owned.bad, *wrong]
    if bad:
        return ASSETS.empty_table(), (*bad, _refused_file(path, bad))
    kept, again = _once(rows)
    kept, merged = _merged(kept)
    return _table([*kept, *_spans(kept)]), (*dropped, *again, *merged)


def suggest_mapping(path: Path) -> str:
    """A mapping of a file as TOML: its columns by name, its kinds we do not know.

    Raises:
        RefusedError: If the file cannot be read at all.
    """
    source = read_sources(path, ColumnMapping())[0]
    names = list(source.columns)
    column = column_for("kind", names, ColumnMapping())
    words = {word for word in source.columns[column] if word} if column else set()
    unknown = [word for word in words if half_width(word).lower() not in KIND_WORDS]
    open_kinds = sorted(w for w in unknown if half_width(w).lower() not in NO_ASSETS)
    return suggested_mapping(names, open_kinds)


def _refused_file(path: Path, bad: Sequence[Refusal]) -> Refusal:
    return refuse(
        path.name,
        RefusalCode.BAD_ROW,
        value=f"{len(bad)} bad rows",
        remedy="correct these rows; nothing of this file was taken in",
    )


def _placed(
    source: Source, owned: OwnedRows, mapping: ColumnMapping
) -> tuple[list[Row], list[Refusal]]:
    """Rows with their geometry in longitude and latitude, and the bad ones."""
    index = np.array(owned.rows, dtype=np.int64)
    crs = [source.crs[row] for row in owned.rows]
    geometry, bad = _geographic(
        source, source.geometry[index], crs, owned.rows, mapping
    )
    kinds = [AssetKind(str(value)) for value in owned.columns["kind"]]
    wrong = [problem(one, kind) for one, kind in zip(geometry, kinds, strict=True)]
    bad += [
        refuse(
            source.where(row),
            RefusalCode.BAD_ROW,
            value=value,
            remedy="correct the geometry or take the row out",
        )
        for row, value in zip(owned.rows, wrong, strict=True)
        if value is not None
    ]
    if bad:
        return [], bad
    names = list(owned.columns)
    rows = [
        dict(zip(names, values, strict=True))
        for values in zip(*owned.columns.values(), strict=True)
    ]
    for row, one, number in zip(rows, mended(geometry), owned.rows, strict=True):
        row["shape"], row["where"] = one, source.where(number)
        row["position_sigma_m"] = row["position_sigma_m"] or mapping.position_sigma_m
        row["id"] = row["id"] or _id_of_content(row)
    return rows, []


def _id_of_content(row: Row) -> str:
    """Id of a row whose owner gives none: what it is and where."""
    content = f"{row['kind']} {shapely.to_wkb(row['shape'], hex=True)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _geographic(
    source: Source,
    geometry: Geometries,
    crs: Sequence[str | None],
    rows: Sequence[int],
    mapping: ColumnMapping,
) -> tuple[Geometries, list[Refusal]]:
    """Geometries in longitude and latitude; a system we do not accept is listed."""
    placed, bad = geometry.copy(), []
    for name in sorted(set(crs), key=str):
        mine = np.array([one == name for one in crs], dtype=bool)
        try:
            epsg = epsg_from(name or mapping.crs)
        except CrsError as error:
            first = int(np.flatnonzero(mine)[0])
            bad.append(
                refuse(
                    f"{source.where(rows[first])} ({int(mine.sum())} rows)",
                    RefusalCode.UNSUPPORTED_CRS,
                    value=str(error),
                    remedy="transform the file, or give crs in the mapping",
                )
            )
            continue
        if is_projected(epsg):
            placed[mine] = shapely.transform(
                geometry[mine], partial(_lonlat, epsg=epsg)
            )
    return placed, bad


def _lonlat(xy: NDArray[np.float64], *, epsg: int) -> NDArray[np.float64]:
    return np.column_stack(geographic_from_crs(xy[:, 0], xy[:, 1], epsg))


def _once(rows: Sequence[Row]) -> tuple[list[Row], list[Refusal]]:
    """The first row of each id; the later ones are refused."""
    first: dict[str, Row] = {}
    again = []
    for row in rows:
        kept = first.setdefault(row["id"], row)
        if kept is not row:
            again.append(
                refuse(
                    row["where"],
                    RefusalCode.DUPLICATE_ID,
                    value=f"id {row['owner_ref'] or row['id']} is that of "
                    f"{kept['where']}",
                    remedy="give each asset an id of its own; the first row was kept",
                )
            )
    return list(first.values()), again


def _merged(rows: Sequence[Row]) -> tuple[list[Row], list[Refusal]]:
    """Rows of one kind, place and name as one, the one of the smallest id."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row, place in zip(rows, _place_keys(rows), strict=True):
        groups.setdefault((row["kind"], place), []).append(row)
    kept: list[Row] = []
    heir: dict[str, Row] = {}
    notes = []
    for group in groups.values():
        apart: list[Row] = []
        for row in sorted(group, key=lambda one: str(one["id"])):
            twin = next((one for one in apart if _same_name(one, row)), None)
            if twin is None:
                apart.append(row)
                continue
            twin |= _filled(twin, row)
            heir[row["id"]] = twin
            notes.append(_merge_note(row, twin))
        kept += apart
    for row in kept:
        if row["parent_id"] in heir:
            row["parent_id"] = heir[row["parent_id"]]["id"]
    return kept, notes


def _place_keys(rows: Sequence[Row]) -> list[str]:
    """A key of each geometry, the same for those closer than SAME_PLACE_DEG."""
    shapes = np.array([row["shape"] for row in rows], dtype=object)
    snapped = shapely.set_precision(shapes, SAME_PLACE_DEG)
    whole = np.where(shapely.is_empty(snapped), shapes, snapped)
    keys: list[str] = shapely.to_wkb(shapely.normalize(whole), hex=True).tolist()
    return keys


def _same_name(one: Row, other: Row) -> bool:
    return one["name"] == other["name"] or None in (one["name"], other["name"])


def _filled(kept: Row, gone: Row) -> Row:
    """What the row that goes knows and the kept one does not; the higher voltage."""
    voltages = [row["voltage_kv"] for row in (kept, gone) if row["voltage_kv"]]
    missing = {name: gone[name] for name in gone if kept[name] is None}
    return missing | {"voltage_kv": max(voltages, default=None)}


def _merge_note(row: Row, twin: Row) -> Refusal:
    return refuse(
        row["where"],
        RefusalCode.DUPLICATE_ID,
        value=f"same kind, place and name as {twin['where']}: merged into {twin['id']}",
        remedy="nothing, unless they are two: then give them different places",
    )


def _spans(rows: Sequence[Row]) -> list[Row]:
    """Spans of at most 1 km for links of which no part is known."""
    parents = {row["parent_id"] for row in rows}
    links = [row for row in rows if row["kind"] == AssetKind.LINK]
    return [
        _span(link, number, piece)
        for link in links
        if link["id"] not in parents
        for number, piece in enumerate(pieces(link["shape"], SEGMENT_M), start=1)
    ]


def _span(link: Row, number: int, piece: shapely.LineString) -> Row:
    stem = link["id"] if len(link["id"]) <= ID_LENGTH - 5 else link["id"][:16]
    same = ("name", "name_kana", "owner", "voltage_kv", "source_licence", "where")
    return {name: link[name] for name in same} | {
        "id": f"{stem}#{number:04d}",
        "kind": AssetKind.SPAN.value,
        "parent_id": link["id"],
        "shape": piece,
        "geometry_source": "segmented",
        "position_sigma_m": link["position_sigma_m"]
        or POSITION_SIGMA_M[AssetKind.LINK],
    }


def _table(rows: Sequence[Row]) -> pa.Table:
    """Table ASSETS: home points, lengths, importance, revisions; sorted."""
    if not rows:
        return ASSETS.empty_table()
    shapes = np.array([row["shape"] for row in rows], dtype=object)
    longitude, latitude = home_points(shapes)
    code = morton(*tile_of(longitude, latitude, HOME_ZOOM))
    measured, wkb = length_m(shapes), shapely.to_wkb(shapes)
    finished = []
    for index, row in enumerate(rows):
        extent = float(measured[index]) or None
        values = row | {
            "geometry": wkb[index],
            "longitude": float(longitude[index]),
            "latitude": float(latitude[index]),
            "morton": int(code[index]),
            "length_m": row.get("length_m") or extent,
        }
        finished.append(_finished(values))
    finished.sort(key=lambda row: (row["morton"], row["id"]))
    return table_from_rows(finished, ASSETS)


def _finished(row: Row) -> Row:
    """The columns that follow from others, and the hash of them all."""
    kind = AssetKind(row["kind"])
    given = row.get("importance")
    default = kind_importance(
        kind, length_m=row["length_m"], voltage_kv=row["voltage_kv"]
    )
    is_point = row["shape"].geom_type == "Point"
    place = "point_default" if is_point and kind in _EXTENDED else "owner"
    known: Row = {
        "importance": default if given is None else given,
        "importance_source": "kind" if given is None else "owner",
        "geometry_source": row.get("geometry_source") or place,
        "position_sigma_m": row["position_sigma_m"] or POSITION_SIGMA_M[kind],
    }
    values = {name: (row | known).get(name) for name in ASSETS.names}
    del values["revision"]
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=bytes.hex)
    return values | {"revision": hashlib.sha256(text.encode()).hexdigest()}
