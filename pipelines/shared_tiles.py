"""Tiles of the edition before that the new one need not make again."""

import csv
import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.edition import FileHash
from geo.feature_json import arena
from geo.map_fields import FULL_FIELDS
from geo.tidy import geometry_json
from geo.tiles import ASSET_ZOOMS, asset_members
from pipelines.edition_folder import read_manifest
from pipelines.map_content import shapes_of

TILES = "tiles/"
_ASSETS = f"{TILES}assets/"
_NOT_COMPARED = ("edition", "priority_rank")
MokurokuRow = tuple[str, int, int, str]
"""Path below tiles/, Unix time, size and MD5."""


def unchanged_tiles(before: Path, table: pa.Table) -> frozenset[str]:
    """Paths below tiles/ of asset tiles that need not be made again.

    Such a tile keeps the `edition` and the `priority_rank` with which it was last
    written: every edition changes these on assets nobody looked at.

    Args:
        before: Folder of the edition before.
        table: As `map_table` returns, of the new edition.
    """
    columns = [*FULL_FIELDS, "geometry"]
    older = pq.read_table(before / "map.parquet", columns=columns)
    touched = _tiles_of(older, _differing(older, table))
    touched |= _tiles_of(table, _differing(table, older))
    files = read_manifest(before).files
    known = {file.path for file in files if file.path.startswith(_ASSETS)}
    return frozenset(path.removeprefix(TILES) for path in known) - touched


def _differing(table: pa.Table, other: pa.Table) -> NDArray[np.int64]:
    """Rows of a table that the other has not, or not just so."""
    row = pc.index_in(table["id"], other["id"])
    same = pc.equal(_texts(table), _texts(other).take(row.combine_chunks()))
    return np.flatnonzero(
        ~pc.fill_null(same, fill_value=False).to_numpy(zero_copy_only=False)
    )


def _texts(table: pa.Table) -> pa.LargeStringArray:
    fields = table.select([n for n in FULL_FIELDS if n not in _NOT_COMPARED])
    return arena(fields, geometry_json(shapes_of(table)), table["id"]).text


def _tiles_of(table: pa.Table, rows: NDArray[np.int64]) -> frozenset[str]:
    part = table.take(pa.array(rows))
    shapes = shapes_of(part)
    return frozenset(
        f"assets/{path}"
        for zoom in ASSET_ZOOMS
        for path, _ in asset_members(part, shapes, zoom)
    )


def share(before: Path, folder: Path, name: str) -> None:
    """Give a file of the edition before to the new one: one file, two names.

    Where a file system knows no hard links it is copied.
    """
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(before / name)
    except OSError:
        shutil.copyfile(before / name, target)


def file_hashes(before: Path) -> Mapping[str, FileHash]:
    """What the edition before says of its files, by path."""
    return {file.path: file for file in read_manifest(before).files}


def mokuroku_rows(before: Path) -> Mapping[str, MokurokuRow]:
    """The rows of the list of tiles of the edition before, by path."""
    with gzip.open(before / "mokuroku.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            (path, int(time), int(size), md5)
            for path, time, size, md5 in csv.reader(file)
        ]
    return {row[0]: row for row in rows}
