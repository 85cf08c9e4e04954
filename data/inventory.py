"""Owners' files -> source rows, whatever the file is; chunk after chunk.

Nothing is converted here: texts stay texts, coordinates stay in the file's reference
system, which is named.
"""

from collections.abc import Iterator
from pathlib import Path

from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.excel import read_workbook
from data.inventory_csv import read_table
from data.inventory_layers import VECTOR_STARTS, read_layers, read_shapefiles, read_zip
from data.inventory_source import Source
from data.names import escaped_name
from data.refusals import RefusalCode, refuse

LARGEST_FILE_BYTES = 4 << 30
VECTOR_SUFFIXES = tuple(VECTOR_STARTS)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")


def read_sources(path: Path, mapping: ColumnMapping) -> Iterator[Source]:
    """The rows of a file, in its order, at most CHUNK_ROWS at a time.

    Args:
        path: A .geojson, .json, .gpkg, .fgb, .csv, .tsv, .txt, .xlsx or .shp file, a
            zip of Shapefiles, or a folder of them.
        mapping: Which column is which, as far as a person said.

    Raises:
        RefusedError: If the file is none, empty, too large, of another type, or cannot
            be read.
    """
    name = escaped_name(path.name)
    if path.is_dir():
        return read_shapefiles(path, name)
    if not path.is_file():
        raise _refused(name, RefusalCode.NOT_A_FILE, "no such file", "give a file")
    size = path.stat().st_size
    if size == 0:
        raise _refused(name, RefusalCode.EMPTY, "0 bytes", "export it again")
    if size > LARGEST_FILE_BYTES:
        raise _refused(name, RefusalCode.TOO_LARGE, f"{size} bytes", "split it")
    return _read(path, name, mapping)


def _read(path: Path, name: str, mapping: ColumnMapping) -> Iterator[Source]:
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        return read_layers(path, name)
    if suffix in TABLE_SUFFIXES:
        return read_table(path, name, mapping)
    if suffix in WORKBOOK_SUFFIXES:
        return read_workbook(path, name, mapping)
    if suffix == ".zip":
        return read_zip(path, name)
    known = ", ".join((*VECTOR_SUFFIXES, *TABLE_SUFFIXES, *WORKBOOK_SUFFIXES, ".zip"))
    raise _refused(
        name, RefusalCode.UNKNOWN_TYPE, suffix or "no suffix", f"use {known}"
    )


def _refused(name: str, code: RefusalCode, value: str, remedy: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))
