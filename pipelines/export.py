"""`karte export`: an edition as one file that an analyst's own program opens."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio

from data.audience import Audience
from data.edition import EditionInfo, folder_name
from data.errors import UsageError
from data.merges import read_merges
from data.store import find_operation, inventory_folder
from geo.csv_export import csv_bytes, csv_metadata
from geo.exports import (
    geojson_chunks,
    write_flatgeobuf,
    write_geopackage,
    write_parquet,
)
from geo.file_notes import file_notes
from geo.gsi_geojson import gsi_features
from geo.map_fields import COVERAGE_FIELDS, DAMAGE_FIELDS, FULL_FIELDS, SUMMARY_FIELDS
from geo.pmtiles import pmtiles
from geo.public_map import public_assets, public_damage, public_summary
from geo.tidy import geometry_json
from geo.tiles import full_layer
from geo.vector_map import vector_notes, vector_tiles
from pipelines.deltas import Version, delta_bytes, delta_lines
from pipelines.edition_folder import latest_folder, read_manifest
from pipelines.map_content import shapes_of
from pipelines.outcome import ExitCode, Outcome

_FIELDS = {
    "summary": SUMMARY_FIELDS,
    "damage": DAMAGE_FIELDS,
    "coverage": COVERAGE_FIELDS,
}
_ORDER = {
    "summary": ("level", "code", "kind"),
    "damage": ("id",),
    "coverage": ("frame_id",),
}
_SUFFIXES = {"gsi": "geojson"}


@dataclass(frozen=True)
class EditionTables:
    """What an edition holds, read back for one audience.

    Attributes:
        layers: assets, summary, damage and coverage, each with `geometry` as WKB.
    """

    info: EditionInfo
    layers: Mapping[str, pa.Table]


@dataclass(frozen=True)
class ExportRequest:
    """What is to be exported.

    Attributes:
        form: Key of WRITERS.
        edition: Number, or None for the newest.
        since: Number of an edition before: only what changed since then.
        after: Last line of that delta which the reader has.
    """

    form: str
    out: Path
    audience: Audience
    edition: int | None = None
    since: int | None = None
    after: int = 0


def export(store: Path, operation: str, request: ExportRequest) -> Outcome:
    """Write one file of an edition; it is there whole or not at all.

    Args:
        store: The store's folder.
        operation: Id of the operation, `latest`, or the folder of an edition.
        request: Which file, for whom.

    Raises:
        UsageError: If there is no such operation or edition.
    """
    folder = _edition_folder(store, operation, request.edition)
    tables = read_tables(folder, request.audience)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    suffix = _SUFFIXES.get(request.form, request.form)  # GDAL goes by it
    beside = request.out.with_name(f".{os.getpid()}.map.{suffix}")
    try:
        if request.since is None:
            WRITERS[request.form](beside, tables)
        else:
            beside.write_bytes(_delta(store, folder, tables, request))
        beside.replace(request.out)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()
    files = [request.out]
    if request.since is None and request.form == "csv":
        files.append(_write_csv_metadata(request.out, tables))
    return _outcome(tables, files, request)


def _outcome(
    tables: EditionTables, files: list[Path], request: ExportRequest
) -> Outcome:
    info, size = tables.info, request.out.stat().st_size
    which = f"edition {info.number} of {info.operation}"
    what = "delta" if request.since is not None else request.form
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            f"{which} as {what} for {request.audience}: {request.out} ({size} bytes)"
        ],
        data={
            "operation": info.operation,
            "drill": info.drill,
            "edition": info.number,
            "since": request.since,
            "format": what,
            "audience": request.audience,
            "assets": tables.layers["assets"].num_rows,
            "bytes": size,
            "files": [str(path) for path in files],
        },
    )


def _edition_folder(store: Path, operation: str, number: int | None) -> Path:
    if (Path(operation) / "manifest.json").is_file():
        given = Path(operation).resolve()
        return given if number is None else _numbered(given.parent, number)
    root = find_operation(store, operation).path
    if number is not None:
        return _numbered(root / "editions", number)
    newest = latest_folder(root)
    if newest is None:
        raise UsageError(f"operation {root.name}: no edition yet; run karte plan")
    return newest


def _numbered(editions: Path, number: int) -> Path:
    folder = editions / folder_name(number)
    if not (folder / "manifest.json").is_file():
        known = sorted(
            int(path.parent.name) for path in editions.glob("*/manifest.json")
        )
        held = f"{known[0]} to {known[-1]}" if known else "none"
        raise UsageError(f"edition {number}: not there (kept: {held})")
    return folder


def read_tables(folder: Path, audience: Audience) -> EditionTables:
    """The tables of an edition, without what an audience does not get.

    Args:
        folder: Of the edition.
        audience: For whom.
    """
    info = replace(read_manifest(folder).info, audience=audience)
    assets = pq.read_table(folder / "map.parquet", columns=[*FULL_FIELDS, "geometry"])
    assets = assets.replace_schema_metadata(None)
    rest = {name: _gpkg_layer(folder / "map.gpkg", name) for name in _FIELDS}
    layers = {"assets": assets, **rest}
    if audience == "public":
        layers["damage"] = public_damage(layers["damage"], assets)
        layers["summary"] = public_summary(layers["summary"])
        layers["assets"] = public_assets(assets)
    return EditionTables(info, layers)


def _gpkg_layer(path: Path, name: str) -> pa.Table:
    """One layer of the map, of all geometry types, in the order it was made in."""
    present = {row[0] for row in pyogrio.list_layers(path).tolist()}
    parts = []
    for layer in (name, f"{name}_point", f"{name}_line"):
        if layer in present:
            meta, part = pyogrio.read_arrow(path, layer=layer)
            part = part.rename_columns(
                [
                    "geometry" if column == meta["geometry_name"] else column
                    for column in part.column_names
                ]
            )
            parts.append(part.select([*_FIELDS[name], "geometry"]))
    whole = pa.concat_tables(parts).combine_chunks().replace_schema_metadata(None)
    plain = [field.with_metadata(None) for field in whole.schema]
    return whole.cast(pa.schema(plain)).sort_by(
        [(column, "ascending") for column in _ORDER[name]]
    )


def _delta(
    store: Path, folder: Path, tables: EditionTables, request: ExportRequest
) -> bytes:
    """The changes since an edition, compressed."""
    since = request.since or 0
    if since > tables.info.number:
        raise UsageError(f"--since {since}: the edition is {tables.info.number}")
    older = read_tables(_numbered(folder.parent, since), request.audience)
    found = read_merges(inventory_folder(store) / "merging/merges.json")
    merged = {merge.gone: merge.kept for merge in found.merges} if found else {}
    lines = delta_lines(
        Version(since, older.layers),
        Version(tables.info.number, tables.layers),
        merged,
    )
    return delta_bytes(lines, after=request.after)


def _notes(tables: EditionTables) -> dict[str, str]:
    return file_notes(tables.info, tables.layers["assets"])


def _write_geojson(path: Path, tables: EditionTables) -> None:
    assets = tables.layers["assets"]
    features = full_layer(assets, shapes_of(assets)).features
    with path.open("wb") as file:
        file.writelines(geojson_chunks(features, _notes(tables)))


def _write_gsi(path: Path, tables: EditionTables) -> None:
    assets = tables.layers["assets"]
    features = gsi_features(assets, geometry_json(shapes_of(assets)))
    with path.open("wb") as file:
        file.writelines(geojson_chunks(features, _notes(tables)))


def _write_gpkg(path: Path, tables: EditionTables) -> None:
    write_geopackage(path, tables.layers, tables.info.as_of, _notes(tables))


def _write_fgb(path: Path, tables: EditionTables) -> None:
    write_flatgeobuf(path, tables.layers["assets"], _notes(tables))


def _write_parquet(path: Path, tables: EditionTables) -> None:
    assets = tables.layers["assets"]
    shapes = shapes_of(assets)
    write_parquet(path, assets, shapes, "geometry", _notes(tables))


def _write_csv(path: Path, tables: EditionTables) -> None:
    path.write_bytes(csv_bytes(tables.layers["assets"]))


def _write_csv_metadata(path: Path, tables: EditionTables) -> Path:
    notes = _notes(tables)
    beside = path.with_name(f"{path.name}-metadata.json")
    words = f"{notes['title']} ({notes['drill']}), {notes['description']}"
    beside.write_bytes(csv_metadata(path.name, words, notes["licence"]))
    return beside


def _write_pmtiles(path: Path, tables: EditionTables) -> None:
    layers = {name: (table, shapes_of(table)) for name, table in tables.layers.items()}
    path.write_bytes(pmtiles(vector_tiles(layers), vector_notes(_notes(tables))))


WRITERS: Mapping[str, Callable[[Path, EditionTables], None]] = {
    "geojson": _write_geojson,
    "gsi": _write_gsi,
    "gpkg": _write_gpkg,
    "fgb": _write_fgb,
    "parquet": _write_parquet,
    "csv": _write_csv,
    "pmtiles": _write_pmtiles,
}
"""What writes each format of `karte export --format`."""
