"""Vector files of owners -> source rows: GeoJSON, GeoPackage, FlatGeobuf, Shapefile."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pyogrio.errors
import shapely

from data.archive import unpack_zip
from data.errors import RefusedError
from data.inventory_source import CHUNK_ROWS, Source, shapes_from
from data.japanese import clean_text
from data.names import escaped_name
from data.refusals import RefusalCode, refuse
from data.text_encoding import encoding_of

VECTOR_STARTS: dict[str, bytes] = {
    ".geojson": b"{",
    ".json": b"{",
    ".gpkg": b"SQLite format 3\0",
    ".fgb": b"fgb",
    ".shp": b"\x00\x00\x27\x0a",
}
"""How each vector file begins. GDAL goes by content, not by name: what begins otherwise
might be one that names other files (a VRT), and is not opened."""
_AGAIN = "export it again"
_BROKEN = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.GeometryError,
    pa.ArrowException,
    RuntimeError,
)


def read_layers(path: Path, name: str) -> Iterator[Source]:
    """Rows of every layer with a geometry, in chunks.

    Raises:
        RefusedError: If the file is not what its suffix says, or holds no such layer.
    """
    _check_start(path, name)
    try:
        layers = pyogrio.list_layers(path)
        spatial = [str(layer) for layer, kind in layers if kind is not None]
        for layer in spatial:
            shown = f"{name}:{layer}" if path.suffix.lower() == ".gpkg" else name
            yield from _read_layer(path, shown, layer)
    except _BROKEN as error:
        value = str(error)[:200]
        raise _refused(name, RefusalCode.UNREADABLE, value, _AGAIN) from error
    except UnicodeDecodeError as error:
        raise _refused(
            name, RefusalCode.UNREADABLE, "encoding", "save it as UTF-8"
        ) from error
    if not spatial:
        raise _refused(name, RefusalCode.SCHEMA, "no layer", "give a layer with places")


def read_shapefiles(folder: Path, name: str) -> Iterator[Source]:
    """Rows of every Shapefile in a folder and below, by name, in chunks.

    Raises:
        RefusedError: If there is none, or one cannot be read.
    """
    paths = sorted(one for one in folder.rglob("*") if one.suffix.lower() == ".shp")
    if not paths:
        raise _refused(name, RefusalCode.NOT_A_FILE, "no .shp in it", "give a file")
    for path in paths:
        yield from read_layers(path, f"{name}:{escaped_name(path.stem)}")


def read_zip(path: Path, name: str) -> Iterator[Source]:
    """Rows of every Shapefile in a zip, in chunks.

    Raises:
        RefusedError: If the zip or a member of it is refused, or it holds none.
    """
    with TemporaryDirectory() as scratch, path.open("rb") as archive:
        unpacked = unpack_zip(archive, Path(scratch), name)
        if unpacked.refusals:
            raise RefusedError(unpacked.refusals[0])
        yield from read_shapefiles(unpacked.folder, name)


def _refused(name: str, code: RefusalCode, value: str, remedy: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))


def _check_start(path: Path, name: str) -> None:
    with path.open("rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if not start.startswith(VECTOR_STARTS[path.suffix.lower()]):
        value = f"not what {path.suffix} begins with"
        raise _refused(name, RefusalCode.UNKNOWN_TYPE, value, _AGAIN)


def _read_layer(path: Path, name: str, layer: str) -> Iterator[Source]:
    options: dict[str, Any] = {"layer": layer, "batch_size": CHUNK_ROWS}
    if path.suffix.lower() == ".shp":
        options["encoding"] = _shapefile_encoding(path)
    with pyogrio.open_arrow(path, use_pyarrow=True, **options) as (meta, reader):
        first = 1
        for batch in reader:
            if batch.num_rows:
                yield _source(batch, meta, name, first)
            first += batch.num_rows


def _shapefile_encoding(path: Path) -> str | None:
    """Encoding of the attributes where no .cpg says it: UTF-8 or the legacy one."""
    beside = {one.suffix.lower(): one for one in path.parent.glob(f"{path.stem}.*")}
    if ".cpg" in beside or ".dbf" not in beside:
        return None
    with beside[".dbf"].open("rb") as file:
        header = int.from_bytes(file.read(10)[8:10], "little")  # dBase III, bytes 8-9
    return encoding_of(beside[".dbf"], header) or "cp932"


def _source(
    batch: pa.RecordBatch, meta: dict[str, Any], name: str, first: int
) -> Source:
    key = meta["geometry_name"] or "wkb_geometry"
    rows = batch.num_rows
    named = dict(zip(batch.schema.names, batch.columns, strict=True))
    wkb = (
        named.pop(key).to_numpy(zero_copy_only=False)
        if key in named
        else np.full(rows, None)
    )
    return Source(
        name=name,
        columns={
            column: [_text(value) for value in values.to_pylist()]
            for column, values in named.items()
        },
        geometry=shapes_from(shapely.from_wkb, wkb),
        crs=[meta["crs"]] * rows,
        numbers=range(first, first + rows),
    )


def _text(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 NaN alone differs from itself
        return None
    return clean_text(str(value))
