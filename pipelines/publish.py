"""Publish an edition: tables in, an immutable folder and a moved pointer out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from data.edition import (
    EditionInfo,
    FileHash,
    Manifest,
    Publication,
    SourceHash,
    sha256_of,
)
from data.errors import ResourceError, UsageError
from data.record import to_json
from geo.exports import (
    geojson_chunks,
    write_flatgeobuf,
    write_geopackage,
    write_parquet,
)
from geo.file_notes import file_notes
from geo.map_schema import schema_json
from geo.map_table import COMPARED_FIELDS
from geo.tile_index import Bounds, index_files, md5_of, mokuroku
from geo.tiles import (
    EMPTY_TILE,
    Tile,
)
from pipelines.edition_folder import (
    MANIFEST_NAME,
    PUBLICATION_NAME,
    file_hash,
    latest_folder,
    next_number,
    publish_folder,
    read_manifest,
    writing_folder,
)
from pipelines.map_content import MapContent, content_hash, content_tiles, map_content
from pipelines.shared_tiles import (
    TILES,
    MokurokuRow,
    file_hashes,
    mokuroku_rows,
    share,
    unchanged_tiles,
)

_JAPAN = (122.0, 20.0, 154.0, 46.0)  # what a map without assets shows
_EXTRA_NAME = re.compile(r"(plan/)?(?!map\.|tile|\.)[A-Za-z0-9._-]{1,64}")
_TAKEN = {
    MANIFEST_NAME,
    PUBLICATION_NAME,
    "layers.txt",
    "style.js",
    "style.json",
    "schema.json",
    "mokuroku.csv.gz",
}


def write_edition(  # noqa: PLR0913 all that an edition is made of, by keyword
    root: Path,
    info: EditionInfo,
    *,
    assets: pa.Table,
    beliefs: pa.Table,
    features: pa.Table | None = None,
    coverage: pa.Table | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    provenance: Mapping[str, str] | None = None,
    publication: Publication | None = None,
) -> Manifest:
    """Write one edition whole, then point to it.

    Killed at any moment it leaves the edition before as the newest, and the same call
    can be made again. The same tables, `info` and editions before give the same bytes.

    Args:
        root: STORE/{real,drill}/OPERATION; made if absent.
        info: Its number is `next_number(root)`.
        assets: As ASSETS.
        beliefs: As BELIEFS, one row for every asset.
        features: Damage, as FEATURES.
        coverage: What frames saw, as COVERAGE.
        extra_files: Files for people (plan.csv, plan/dams.csv), by name.
        provenance: Hashes of code, configuration, weights and inputs, by name.
        publication: When, where and how long; written beside, outside the hashes.

    Raises:
        InvalidRecordError: If a table is not what its schema says.
        ResourceError: If the number is not the next one: somebody else published.
        UsageError: If a file has no safe name.
    """
    with writing_folder(root) as folder:
        if info.number != next_number(root):
            raise ResourceError(
                f"edition {info.number}: the next one is {next_number(root)}, somebody"
                " published meanwhile; try again"
            )
        before = latest_folder(root)
        content = map_content(
            info,
            assets,
            beliefs,
            features=features,
            coverage=coverage,
            previous=_previous_table(before),
        )
        files = [
            *_write_tiles(folder, content, info, before),
            *_write_exports(folder, content, info),
            *_write_bytes(folder, _checked(extra_files or {})),
        ]
        manifest = Manifest(
            info=info,
            content=content_hash(content, info, provenance or {}),
            signature=None,
            provenance=_sources(provenance or {}),
            files=tuple(sorted(files, key=lambda file: file.path)),
        )
        (folder / MANIFEST_NAME).write_bytes(to_json(manifest))
        if publication is not None:
            (folder / PUBLICATION_NAME).write_bytes(to_json(publication))
        publish_folder(root, folder, info)
    return manifest


def unchanged(
    root: Path,
    info: EditionInfo,
    *,
    assets: pa.Table,
    beliefs: pa.Table,
    features: pa.Table | None = None,
    coverage: pa.Table | None = None,
    provenance: Mapping[str, str] | None = None,
) -> Manifest | None:
    """The newest edition if it says just this already, whatever its number.

    Args: as `write_edition` has them.

    Returns:
        Its manifest, or None when a new edition is due.
    """
    folder = latest_folder(root)
    if folder is None:
        return None
    manifest = read_manifest(folder)
    content = map_content(info, assets, beliefs, features=features, coverage=coverage)
    same = manifest.content == content_hash(content, info, provenance or {})
    return manifest if same else None


def _previous_table(before: Path | None) -> pa.Table | None:
    if before is None:
        return None
    columns = ["id", "changed_in", *COMPARED_FIELDS]
    return pq.read_table(before / "map.parquet", columns=columns)


def _write_tiles(
    folder: Path, content: MapContent, info: EditionInfo, before: Path | None
) -> list[FileHash]:
    """All tiles, empty ones where an edition before had features, and their lists."""
    files, rows, unchanged = _shared_tiles(folder, content, before)
    at_s = int(info.as_of.timestamp())
    tiles = content_tiles(content, unchanged)
    for path, tile in _with_ghosts(tiles, before, unchanged):
        files.append(_write(folder, TILES + path, tile))
        rows.append((path, at_s, len(tile), md5_of(tile)))
    layers = {path.partition("/")[0] for path, _, _, _ in rows}
    reached = pc.fill_null(
        pc.not_equal(content.table["na_reason"], "not_in_plan"), fill_value=True
    ).to_numpy()
    focus = content.geometry[reached] if reached.any() else content.geometry
    small = index_files(info, _bounds(content.geometry), layers, focus=_bounds(focus))
    small["schema.json"] = schema_json()
    small["mokuroku.csv.gz"] = mokuroku(rows)
    return files + _write_bytes(folder, small)


def _shared_tiles(
    folder: Path, content: MapContent, before: Path | None
) -> tuple[list[FileHash], list[MokurokuRow], frozenset[str]]:
    """Files, list and paths of the tiles that the edition before lends."""
    if before is None:
        return [], [], frozenset()
    paths = unchanged_tiles(before, content.table)
    hashes, rows = file_hashes(before), mokuroku_rows(before)
    for path in sorted(paths):
        share(before, folder, TILES + path)
    return [hashes[TILES + path] for path in paths], [rows[p] for p in paths], paths


def _bounds(geometry: NDArray[np.object_]) -> Bounds:
    if not len(geometry):
        return _JAPAN
    west, south, east, north = shapely.total_bounds(geometry).round(6).tolist()
    return west, south, east, north


def _with_ghosts(
    tiles: Iterator[Tile], before: Path | None, unchanged: frozenset[str]
) -> Iterator[Tile]:
    """The tiles, then an empty one wherever only the edition before had any."""
    written = {TILES + path for path in unchanged}
    for path, tile in tiles:
        written.add(TILES + path)
        yield path, tile
    known = read_manifest(before).files if before is not None else ()
    for file in known:
        if file.path.startswith(TILES) and file.path not in written:
            yield file.path.removeprefix(TILES), EMPTY_TILE


def _write_exports(
    folder: Path, content: MapContent, info: EditionInfo
) -> list[FileHash]:
    """The files analysts load."""
    notes = file_notes(info, content.table)
    path, table = folder / "map.parquet", content.table
    write_parquet(path, table, content.geometry, "geometry", notes)
    with (folder / "map.geojson").open("wb") as file:
        file.writelines(geojson_chunks(content.full.features, notes))
    write_flatgeobuf(folder / "map.fgb", table, notes)
    layers = {
        "assets": content.table,
        "damage": content.damage,
        "coverage": content.coverage,
        "summary": content.summary,
    }
    write_geopackage(folder / "map.gpkg", layers, info.as_of, notes)
    names = ("map.parquet", "map.geojson", "map.fgb", "map.gpkg")
    return [file_hash(folder / name, name) for name in names]


def _write_bytes(folder: Path, contents: Mapping[str, bytes]) -> list[FileHash]:
    return [_write(folder, name, contents[name]) for name in sorted(contents)]


def _write(folder: Path, name: str, content: bytes) -> FileHash:
    path = folder / name
    try:
        path.write_bytes(content)
    except FileNotFoundError:  # the first tile of its column
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    return FileHash(path=name, size=len(content), sha256=sha256_of(content))


def _checked(extra_files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Extra files, if each has a plain name that no file of the map has."""
    for name in extra_files:
        if not _EXTRA_NAME.fullmatch(name) or name in _TAKEN:
            raise UsageError(f"extra file {name!r}: give a plain, free file name")
    return extra_files


def _sources(provenance: Mapping[str, str]) -> tuple[SourceHash, ...]:
    return tuple(
        SourceHash(name=name, sha256=provenance[name]) for name in sorted(provenance)
    )
