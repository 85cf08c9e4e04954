"""Owners' files -> source rows: GeoJSON, GeoPackage, CSV with WKT or coordinates.

Nothing is converted here: texts stay texts, coordinates stay in the file's reference
system, which is named.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from numpy.typing import NDArray

from data.column_names import ColumnMapping, column_for
from data.errors import RefusedError
from data.japanese import decoded_text, half_width, number_from
from data.names import escaped_name
from data.refusals import RefusalCode, refuse

Geometries = NDArray[np.object_]

LARGEST_FILE_BYTES = 4 << 30
DELIMITERS = (",", "\t", ";", "#", "|")
VECTOR_STARTS: dict[str, bytes] = {
    ".geojson": b"{",
    ".json": b"{",
    ".gpkg": b"SQLite format 3\0",
    ".fgb": b"fgb",
}
"""How each vector file begins. GDAL goes by content, not by name: what begins otherwise
might be one that names other files (a VRT), and is not opened."""
VECTOR_SUFFIXES = tuple(VECTOR_STARTS)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt")

_SRID = re.compile(r"SRID=(\d+);", re.IGNORECASE)
_SRID_OF_NAME = re.compile(r"srid_?(\d{4,5})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One file (or layer) of an owner, as it is.

    Attributes:
        name: The file as the user knows it.
        columns: Column -> its values as text, None where empty; all equally long.
        geometry: shapely geometries, shape (rows,), None where there is none.
        crs: Reference system of each row as the file names it, or None.
        first_row: Number of the first row in the file, as a person counts.
    """

    name: str
    columns: dict[str, list[str | None]]
    geometry: Geometries
    crs: list[str | None]
    first_row: int

    def where(self, row: int) -> str:
        """A row as a person finds it."""
        return f"{self.name} row {self.first_row + row}"


def read_sources(path: Path, mapping: ColumnMapping) -> tuple[Source, ...]:
    """The rows of a file; one source a layer.

    Args:
        path: A .geojson, .json, .gpkg, .fgb, .csv, .tsv or .txt file.
        mapping: Which column is which, as far as a person said.

    Raises:
        RefusedError: If the file is none, empty, too large, of another type, or cannot
            be read.
    """
    name = escaped_name(path.name)
    if not path.is_file():
        raise _refused(name, RefusalCode.NOT_A_FILE, "no such file", "give a file")
    size = path.stat().st_size
    if size == 0:
        raise _refused(name, RefusalCode.EMPTY, "0 bytes", "export it again")
    if size > LARGEST_FILE_BYTES:
        raise _refused(name, RefusalCode.TOO_LARGE, f"{size} bytes", "split it")
    suffix = path.suffix.lower()
    if suffix in VECTOR_SUFFIXES:
        return _read_layers(path, name)
    if suffix in TABLE_SUFFIXES:
        return (_read_csv(path.read_bytes(), name, mapping),)
    known = ", ".join(VECTOR_SUFFIXES + TABLE_SUFFIXES)
    raise _refused(
        name, RefusalCode.UNKNOWN_TYPE, suffix or "no suffix", f"use {known}"
    )


def _refused(name: str, code: RefusalCode, value: str, remedy: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))


def _check_start(path: Path, name: str) -> None:
    with path.open("rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(VECTOR_STARTS[path.suffix.lower()]):
        value = f"not what {path.suffix} begins with"
        raise _refused(name, RefusalCode.UNKNOWN_TYPE, value, "export it again")


def _read_layers(path: Path, name: str) -> tuple[Source, ...]:
    """Every layer with a geometry."""
    _check_start(path, name)
    try:
        layers = pyogrio.list_layers(path)
        spatial = [str(layer) for layer, kind in layers if kind is not None]
        sources = [_read_layer(path, name, layer) for layer in spatial]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise _refused(
            name, RefusalCode.UNREADABLE, str(error)[:200], "export it again"
        ) from error
    except UnicodeDecodeError as error:
        raise _refused(
            name, RefusalCode.UNREADABLE, "encoding", "save it as UTF-8"
        ) from error
    if not sources:
        raise _refused(name, RefusalCode.SCHEMA, "no layer", "give a layer with places")
    return tuple(sources)


def _read_layer(path: Path, name: str, layer: str) -> Source:
    meta, table = pyogrio.read_arrow(path, layer=layer)
    key = meta["geometry_name"] or "wkb_geometry"
    rows = table.num_rows
    wkb = table[key].to_numpy() if key in table.column_names else np.full(rows, None)
    columns = {
        column: [_text(value) for value in table[column].to_pylist()]
        for column in table.column_names
        if column != key
    }
    return Source(
        name=name if path.suffix.lower() != ".gpkg" else f"{name}:{layer}",
        columns=columns,
        geometry=shapely.from_wkb(wkb, on_invalid="ignore"),
        crs=[meta["crs"]] * rows,
        first_row=1,
    )


def _text(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 NaN alone differs from itself
        return None
    return str(value).strip() or None


def _read_csv(raw: bytes, name: str, mapping: ColumnMapping) -> Source:
    """A table with a header; the delimiter is the one its header holds most of."""
    decoded = decoded_text(raw)
    if decoded is None:
        raise _refused(name, RefusalCode.UNREADABLE, "encoding", "save it as UTF-8")
    text, _ = decoded
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names, *rows = [row for row in reader if row]
    except (ValueError, csv.Error) as error:
        raise _refused(name, RefusalCode.SCHEMA, str(error), "give a header") from error
    _check_widths(name, names, rows)
    columns: dict[str, list[str | None]] = {
        column: [row[index].strip() or None for row in rows]
        for index, column in enumerate(names)
    }
    geometry, crs = _csv_places(name, columns, mapping)
    return Source(name=name, columns=columns, geometry=geometry, crs=crs, first_row=2)


def _check_widths(name: str, names: Sequence[str], rows: list[list[str]]) -> None:
    if len(set(names)) != len(names):
        raise _refused(
            name, RefusalCode.SCHEMA, "a column name twice", "name each column once"
        )
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise _refused(
                f"{name} row {number}",
                RefusalCode.SCHEMA,
                f"{len(row)} values for {len(names)} columns",
                "quote values that hold the delimiter",
            )


def _csv_places(
    name: str, columns: dict[str, list[str | None]], mapping: ColumnMapping
) -> tuple[Geometries, list[str | None]]:
    """Geometries and their reference systems, from WKT or from two columns."""
    names = list(columns)
    wkt = column_for("geometry", names, mapping)
    if wkt is not None:
        named = _SRID_OF_NAME.search(wkt)
        default = f"EPSG:{named[1]}" if named else mapping.crs
        return _from_wkt(columns[wkt], default)
    x = column_for("longitude", names, mapping)
    y = column_for("latitude", names, mapping)
    if x is None or y is None:
        raise _refused(
            name,
            RefusalCode.SCHEMA,
            f"columns {', '.join(names)[:200]}",
            "map geometry (WKT), or longitude and latitude, with --mapping",
        )
    points = [_point(*pair) for pair in zip(columns[x], columns[y], strict=True)]
    return np.array(points, dtype=object), [mapping.crs] * len(points)


def _point(x: str | None, y: str | None) -> shapely.Point | None:
    east, north = (number_from(text or "") for text in (x, y))
    return None if east is None or north is None else shapely.Point(east, north)


def _from_wkt(
    texts: Sequence[str | None], default: str | None
) -> tuple[Geometries, list[str | None]]:
    plain = [half_width(text or "") for text in texts]
    prefixes = [_SRID.match(text) for text in plain]
    crs = [f"EPSG:{found[1]}" if found else default for found in prefixes]
    bare = [
        text[found.end() :] if found else text
        for text, found in zip(plain, prefixes, strict=True)
    ]
    parsed = shapely.from_wkt([text or None for text in bare], on_invalid="ignore")
    return np.asarray(parsed, dtype=object), crs
