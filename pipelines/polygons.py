"""Files of polygons -> a table of areas in longitude and latitude.

A file of others is never trusted: what is no area is listed and costs only itself, an
outline that crosses itself is mended, and too many corners are refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.column_names import ColumnMapping
from data.errors import CrsError, RefusedError
from data.hazard_layer import POLYGONS
from data.inventory import read_sources
from data.inventory_source import Source
from data.names import escaped_name
from data.refusals import Refusal, RefusalCode, refuse
from geo.crs import epsg_from, geographic_from_crs, is_projected

Geometries = NDArray[np.object_]

MAX_PLACES = 20_000_000  # corners of all polygons: about a gigabyte in memory
MAX_PGD_M = 100.0  # no ground moved farther and kept a polygon
PGD_COLUMN = "pgd_m"
_AREAS = (3, 6)  # shapely's type ids of Polygon and MultiPolygon
_DEGREES = (180.0, 90.0)


@dataclass(frozen=True, slots=True)
class ReadPolygons:
    """Polygons of a file, and what of it is none.

    Attributes:
        table: Schema POLYGONS, sorted by geometry, each once.
        mended: How many outlines crossed themselves and were put right.
    """

    table: pa.Table
    refused: tuple[Refusal, ...]
    mended: int


def read_polygons(file: Path) -> ReadPolygons:
    """Polygons of a file, in longitude and latitude, mended where they need it.

    Args:
        file: GeoJSON, GeoPackage, FlatGeobuf, Shapefile, or CSV with WKT; a column
            `pgd_m` says how far the ground moved.

    Raises:
        RefusedError: If the file cannot be read, or has more than `MAX_PLACES` corners.
    """
    shapes: list[Geometries] = []
    moved: list[NDArray[np.float64]] = []
    refused: list[Refusal] = []
    mended = places = 0
    for source in read_sources(file, ColumnMapping()):
        found, rows, bad = _areas_of(source)
        broken = ~np.asarray(shapely.is_valid(found), dtype=bool)
        mended += int(broken.sum())
        for row in np.flatnonzero(broken):
            found[row] = _mended(found[row])
        places += int(shapely.get_num_coordinates(found).sum())
        if places > MAX_PLACES:
            raise _too_many(file, places)
        pgd, wrong = _pgd_of(source, rows)
        shapes.append(found)
        moved.append(pgd)
        refused += [*bad, *wrong]
    return ReadPolygons(_sorted_table(shapes, moved), tuple(refused), mended)


def _too_many(file: Path, places: int) -> RefusedError:
    return RefusedError(
        refuse(
            escaped_name(file.name),
            RefusalCode.TOO_LARGE,
            value=f"more than {places} corners",
            remedy="simplify the outlines, or split the file",
        )
    )


def _areas_of(
    source: Source,
) -> tuple[Geometries, NDArray[np.int64], list[Refusal]]:
    """The areas of some rows in longitude and latitude, their rows, and the others."""
    placed = np.array(shapely.force_2d(source.geometry), dtype=object)
    for name in sorted(set(source.crs), key=str):
        mine = np.array([one == name for one in source.crs], dtype=bool)
        placed[mine] = _geographic(placed[mine], name, source)
    wrong = [_problem(shape) for shape in placed]
    good = np.array([why is None for why in wrong], dtype=bool)
    refused = [
        refuse(
            source.where(row),
            RefusalCode.BAD_ROW,
            value=why,
            remedy="give polygons; the others of this file were taken in",
        )
        for row, why in enumerate(wrong)
        if why is not None
    ]
    return placed[good], np.flatnonzero(good), refused


def _geographic(shapes: Geometries, crs: str | None, source: Source) -> Geometries:
    """The same shapes in longitude and latitude.

    Raises:
        RefusedError: If the reference system is none we accept.
    """
    try:
        epsg = epsg_from(crs)
    except CrsError as error:
        raise RefusedError(
            refuse(
                source.name,
                RefusalCode.UNSUPPORTED_CRS,
                value=str(error),
                remedy="write the file in EPSG:6668 or 4326",
            )
        ) from error
    if not is_projected(epsg):
        return shapes
    places = shapely.get_coordinates(shapes)
    lonlat = np.column_stack(geographic_from_crs(places[:, 0], places[:, 1], epsg))
    return np.asarray(shapely.set_coordinates(shapes.copy(), lonlat))


def _problem(shape: BaseGeometry | None) -> str | None:
    if shape is None or shape.is_empty:
        return "no geometry, or one that cannot be read"
    if shapely.get_type_id(shape) not in _AREAS:
        return f"a {shape.geom_type} is no area"
    places = np.abs(shapely.get_coordinates(shape))
    if not (np.isfinite(places).all() and (places <= _DEGREES).all()):
        return "coordinates outside longitude and latitude"
    if _mended(shape) is None:
        return "an outline that encloses nothing"
    return None


def _mended(shape: BaseGeometry) -> BaseGeometry | None:
    """A valid area of the same outline, or None where it encloses nothing."""
    if shapely.is_valid(shape):
        return shape
    parts = shapely.get_parts(shapely.make_valid(shape))
    areas = parts[np.isin(shapely.get_type_id(parts), _AREAS)]
    return shapely.union_all(areas) if len(areas) else None


def _pgd_of(
    source: Source, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], list[Refusal]]:
    """How far the ground moved, NaN where not said; and what is no such number."""
    column = source.columns.get(PGD_COLUMN)
    if column is None:
        return np.full(len(rows), np.nan), []
    texts = [column[row] for row in rows]
    values = np.array([_number(text) for text in texts])
    wrong = [
        refuse(
            source.where(row),
            RefusalCode.OUT_OF_RANGE,
            value=f"{PGD_COLUMN} {text!r}",
            remedy=f"metres from 0 to {MAX_PGD_M:g}; the polygon counts without it",
        )
        for row, text, value in zip(rows, texts, values, strict=True)
        if text is not None and np.isnan(value)
    ]
    return values, wrong


def _number(text: str | None) -> float:
    try:
        value = float(text) if text else np.nan
    except ValueError:
        return np.nan
    return value if 0.0 <= value <= MAX_PGD_M else np.nan


def _sorted_table(
    shapes: Iterable[Geometries], moved: Iterable[NDArray[np.float64]]
) -> pa.Table:
    """Each polygon once, with the largest movement said of it, in a fixed order."""
    largest: dict[bytes, float] = {}
    for some, pgd in zip(shapes, moved, strict=True):
        for wkb, value in zip(
            shapely.to_wkb(shapely.normalize(some)), pgd.tolist(), strict=True
        ):
            largest[wkb] = float(np.fmax(largest.get(wkb, np.nan), value))
    keys = sorted(largest)
    pgd_m = np.array([largest[key] for key in keys], dtype=np.float32)
    return pa.table(
        {
            "geometry": pa.array(keys, pa.binary()),
            PGD_COLUMN: pa.array(pgd_m, mask=np.isnan(pgd_m)),
        },
        schema=POLYGONS,
    )
