"""Owners' files -> the table of assets: on the ground, once each, with their parts.

All or nothing: one bad row refuses its file, and every bad row is listed. Rows that are
simply no assets, or repeat an id, are dropped and listed, and the file goes on. A chunk
of rows is read and placed at a time; only the table grows.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from data.assets import AssetKind, kind_importance
from data.column_names import ColumnMapping, column_for, suggested_mapping
from data.inventory import read_sources
from data.inventory_rows import KIND_WORDS, NO_ASSETS, owned_rows
from data.inventory_source import Source
from data.japanese import half_width
from data.refusals import Refusal, RefusalCode, refuse
from data.tables import ASSETS, table_from_rows
from geo.tile_grid import HOME_ZOOM, morton, tile_of
from pipelines.asset_shapes import home_points, length_m, pieces
from pipelines.inventory_places import placed

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
ID_LENGTH = 64
MOST_LISTED = 10_000
"""Bad rows after which a file is read no further: it is refused anyway."""
LINKS_AT_ONCE = 1024
_EXTENDED = (AssetKind.BRIDGE, AssetKind.DAM, AssetKind.SUBSTATION)
"""Kinds that have an extent of their own, so that a point stands for a default one."""
_PLACED = ASSETS.append(pa.field("where", pa.string()))
"""Assets with the row of the file that each is from."""


def read_inventory(
    path: Path,
    *,
    kind: AssetKind | None = None,
    mapping: ColumnMapping | None = None,
) -> tuple[pa.Table, tuple[Refusal, ...]]:
    """Read an owner's file.

    Args:
        path: GeoJSON, GeoPackage, FlatGeobuf, Shapefile, workbook or text table.
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
    tables: list[pa.Table] = [_PLACED.empty_table()]
    dropped: list[Refusal] = []
    bad: list[Refusal] = []
    for source in read_sources(path, mapping):
        table, left_out, wrong = _chunk(source, mapping, kind)
        tables.append(table)
        dropped += left_out
        bad += wrong
        if len(bad) > MOST_LISTED:
            break
    if bad and not mapping.leave_out_bad_rows:
        return ASSETS.empty_table(), (*bad, _refused_file(path, bad))
    kept, again = _once(pa.concat_tables(tables))
    del tables
    whole = pa.concat_tables([kept.select(ASSETS.names), *_spans(kept)])
    order = [("morton", "ascending"), ("id", "ascending")]
    return whole.sort_by(order).combine_chunks(), (*bad, *dropped, *again)


def suggest_mapping(path: Path) -> str:
    """A mapping of a file as TOML: its columns by name, its kinds we do not know.

    Raises:
        RefusedError: If the file cannot be read at all.
    """
    sources = read_sources(path, ColumnMapping())
    first = next(sources, None)
    if first is None:
        return suggested_mapping([], [], crs=None)
    names = list(first.columns)
    column = column_for("kind", names, ColumnMapping())
    words = {word for word in first.columns[column] if word} if column else set()
    unknown = [word for word in words if half_width(word).lower() not in KIND_WORDS]
    open_kinds = sorted(w for w in unknown if half_width(w).lower() not in NO_ASSETS)
    crs = next((name for name in first.crs if name), None)
    return suggested_mapping(names, open_kinds, crs=crs)


def _refused_file(path: Path, bad: Sequence[Refusal]) -> Refusal:
    more = "more than " if len(bad) > MOST_LISTED else ""
    return refuse(
        path.name,
        RefusalCode.BAD_ROW,
        value=f"{more}{len(bad)} bad rows",
        remedy="correct these rows, or say leave_out_bad_rows = true in the mapping;"
        " nothing of this file was taken in",
    )


def _chunk(
    source: Source, mapping: ColumnMapping, kind: AssetKind | None
) -> tuple[pa.Table, list[Refusal], list[Refusal]]:
    """Assets of some rows, the rows left out, and the bad ones, in their order."""
    owned = owned_rows(source, mapping, kind)
    kinds = [AssetKind(str(value)) for value in owned.columns["kind"]]
    places = placed(source, owned.rows, kinds, mapping)
    wrong = places.wrong | owned.bad
    names = list(owned.columns)
    rows: list[Row] = []
    for index, values in enumerate(zip(*owned.columns.values(), strict=True)):
        if index in wrong:
            continue
        row = dict(zip(names, values, strict=True))
        row["shape"] = places.shapes[index]
        row["where"] = source.where(owned.rows[index])
        row["position_sigma_m"] = _sigma_m(row, mapping, float(places.sigma_m[index]))
        row["id"] = row["id"] or _id_of_content(row)
        rows.append(row)
    said = {one.what: one for _, one in sorted(wrong.items())}
    return _table(rows), [*source.dropped, *owned.dropped], list(said.values())


def _sigma_m(row: Row, mapping: ColumnMapping, added_m: float) -> float:
    """How well a place is known: by its owner, else its kind, and by its datum."""
    given = row["position_sigma_m"] or mapping.position_sigma_m
    own = given or POSITION_SIGMA_M[AssetKind(row["kind"])]
    return float(np.hypot(own, added_m)) if added_m else float(own)


def _id_of_content(row: Row) -> str:
    """Id of a row whose owner gives none: what it is and where."""
    content = f"{row['kind']} {shapely.to_wkb(row['shape'], hex=True)}"
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _once(assets: pa.Table) -> tuple[pa.Table, list[Refusal]]:
    """The first row of each id; the later ones are listed."""
    first: dict[str, int] = {}
    again: list[tuple[int, int]] = []
    for row, one in enumerate(assets["id"].to_pylist()):
        kept = first.setdefault(one, row)
        if kept != row:
            again.append((row, kept))
    if not again:
        return assets, []
    names = ("id", "owner_ref", "where")
    later = assets.select(names).take(pa.array([row for row, _ in again])).to_pylist()
    kept_rows = assets["where"].take(pa.array([kept for _, kept in again])).to_pylist()
    notes = [
        refuse(
            row["where"],
            RefusalCode.DUPLICATE_ID,
            value=f"id {row['owner_ref'] or row['id']} is that of {kept}",
            remedy="give each asset an id of its own; the first row was kept",
        )
        for row, kept in zip(later, kept_rows, strict=True)
    ]
    return assets.take(pa.array(sorted(first.values()))), notes


def _spans(assets: pa.Table) -> Iterator[pa.Table]:
    """Spans of at most 1 km for links of which no part is known."""
    parents = pc.unique(assets["parent_id"]).drop_null()
    links = assets.filter(
        pc.and_(
            pc.equal(assets["kind"], AssetKind.LINK),
            pc.invert(pc.is_in(assets["id"], parents)),
        )
    )
    for few in links.to_batches(max_chunksize=LINKS_AT_ONCE):
        yield _table(
            [
                _span(link, number, piece)
                for link in few.to_pylist()
                for number, piece in enumerate(
                    pieces(shapely.from_wkb(link["geometry"]), SEGMENT_M), start=1
                )
            ]
        ).select(ASSETS.names)


def _span(link: Row, number: int, piece: shapely.LineString) -> Row:
    stem = link["id"] if len(link["id"]) <= ID_LENGTH - 5 else link["id"][:16]
    same = ("name", "name_kana", "owner", "voltage_kv", "source_licence", "where")
    return {name: link[name] for name in same} | {
        "id": f"{stem}#{number:04d}",
        "kind": AssetKind.SPAN.value,
        "parent_id": link["id"],
        "shape": piece,
        "geometry_source": "segmented",
        "position_sigma_m": link["position_sigma_m"],
    }


def _table(rows: Sequence[Row]) -> pa.Table:
    """Assets of some rows: home points, lengths, importance, revisions."""
    if not rows:
        return _PLACED.empty_table()
    shapes = np.array([row["shape"] for row in rows], dtype=object)
    longitude, latitude = home_points(shapes)
    code = morton(*tile_of(longitude, latitude, HOME_ZOOM))
    measured, wkb = length_m(shapes), shapely.to_wkb(shapes)
    made = []
    for index, row in enumerate(rows):
        values = row | {
            "geometry": wkb[index],
            "longitude": float(longitude[index]),
            "latitude": float(latitude[index]),
            "morton": int(code[index]),
            "length_m": row.get("length_m") or float(measured[index]) or None,
        }
        is_point = row["shape"].geom_type == "Point"
        made.append(finished(values, is_point=is_point) | {"where": row["where"]})
    return table_from_rows(made, _PLACED)


def finished(row: Row, *, is_point: bool) -> Row:
    """The columns that follow from others, and the hash of them all."""
    kind = AssetKind(row["kind"])
    given = row.get("importance")
    if row.get("importance_source") == "kind":
        given = None
    default = kind_importance(
        kind, length_m=row["length_m"], voltage_kv=row["voltage_kv"]
    )
    place = "point_default" if is_point and kind in _EXTENDED else "owner"
    known: Row = {
        "importance": default if given is None else given,
        "importance_source": "kind" if given is None else "owner",
        "geometry_source": row.get("geometry_source") or place,
    }
    whole = row | known
    values = {name: whole.get(name) for name in ASSETS.names if name != "revision"}
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, default=bytes.hex)
    return values | {"revision": hashlib.sha256(text.encode()).hexdigest()}
