"""Where the rows of an owner's file are: longitude, latitude, and how well known.

Every fault is said with what the file has there and with what may be behind it: axes
swapped, metres read as degrees, a place left empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.assets import AssetKind
from data.column_names import ColumnMapping
from data.errors import CrsError
from data.inventory_source import Source
from data.japanese import number_from
from data.refusals import Refusal, RefusalCode, refuse
from geo.crs import in_japan
from geo.legacy_crs import (
    added_sigma_m,
    geographic_from_inventory,
    inventory_epsg_from,
    is_as_stored,
)
from pipelines.asset_shapes import (
    LINES,
    MUST_BE_LINES,
    SHAPES,
    Geometries,
    mended,
    problem,
)

WHOLE_TURN_DEG = 360.0
_CORRECT = "correct the geometry or take the row out"
_PLANE = "metres, not degrees? map easting and northing, and give their system as crs"
_ELSEWHERE = "say outside_japan = true in the mapping if it is meant"


@dataclass(frozen=True, slots=True)
class Placed:
    """Places of the rows that are assets.

    Attributes:
        shapes: Geometries in longitude and latitude, two dimensions; shape (rows,).
        sigma_m: What the way into JGD2011 adds to how well each is known.
        wrong: Place in the rows -> why it cannot be right.
    """

    shapes: Geometries
    sigma_m: NDArray[np.float64]
    wrong: dict[int, Refusal]


def placed(
    source: Source,
    rows: Sequence[int],
    kinds: Sequence[AssetKind],
    mapping: ColumnMapping,
) -> Placed:
    """Where the given rows of a source are."""
    given = source.geometry[np.array(rows, dtype=np.int64)]
    if mapping.swap_axes:
        given = shapely.transform(given, lambda xy: xy[:, ::-1])
    shapes, sigma_m = given.copy(), np.zeros(len(rows))
    wrong: dict[int, Refusal] = {}
    systems = np.array([source.crs[row] or mapping.crs or "" for row in rows])
    for name in sorted(set(systems.tolist())):
        mine = np.flatnonzero(systems == name)
        try:
            epsg = inventory_epsg_from(name)
        except CrsError as error:
            wrong |= _without_system(source, rows, mine, error)
            continue
        sigma_m[mine] = added_sigma_m(epsg)
        if not is_as_stored(epsg):
            shapes[mine] = shapely.transform(given[mine], partial(_lon_lat, epsg=epsg))
    for index in np.flatnonzero(~_plainly_good(shapes, kinds)).tolist():
        said = _fault(shapes[index], kinds[index], outside_japan=mapping.outside_japan)
        if said is not None and index not in wrong:
            value, remedy = said
            if shapes[index] is None and _in_metres(source.place_text(rows[index])):
                remedy = _PLANE
            wrong[index] = _refusal(source, rows[index], value, remedy)
    good = np.array([index not in wrong for index in range(len(rows))], dtype=bool)
    shapes[good] = mended(shapes[good])
    return Placed(shapes, sigma_m, wrong)


def _lon_lat(xy: NDArray[np.float64], *, epsg: int) -> NDArray[np.float64]:
    return np.column_stack(geographic_from_inventory(xy[:, 0], xy[:, 1], epsg))


def _without_system(
    source: Source, rows: Sequence[int], mine: NDArray[np.int64], error: CrsError
) -> dict[int, Refusal]:
    """Rows of a system we do not accept; the first says it for all of them."""
    said = refuse(
        f"{source.where(rows[mine[0]])} ({len(mine)} rows)",
        RefusalCode.UNSUPPORTED_CRS,
        value=str(error),
        remedy="transform the file, or give crs in the mapping",
    )
    return dict.fromkeys(mine.tolist(), said)


def _refusal(source: Source, row: int, value: str, remedy: str) -> Refusal:
    text = source.place_text(row)
    return refuse(
        source.where(row),
        RefusalCode.BAD_ROW,
        value=f"{value}: {text}" if text else value,
        remedy=remedy,
    )


def _plainly_good(shapes: Geometries, kinds: Sequence[AssetKind]) -> NDArray[np.bool_]:
    """Which shapes need no closer look: valid, in Japan, of a type their kind has."""
    types = shapely.get_type_id(shapes)
    lines = np.isin(types, _LINE_TYPES)
    must_be_line = np.array([kind in MUST_BE_LINES for kind in kinds], dtype=bool)
    fitting = np.isin(types, _TYPES) & (lines | ~must_be_line)
    inside = np.array(
        [
            in_japan(west, south) and in_japan(east, north)
            for west, south, east, north in shapely.bounds(shapes).tolist()
        ],
        dtype=bool,
    )
    valid = shapely.is_valid(shapes) & ~shapely.is_empty(shapes)
    return np.asarray(fitting & inside & valid)


_TYPES = [shapely.GeometryType[name.upper()] for name in SHAPES]
_LINE_TYPES = [shapely.GeometryType[name.upper()] for name in LINES]


def _fault(
    shape: BaseGeometry | None, kind: AssetKind, *, outside_japan: bool
) -> tuple[str, str] | None:
    """What is wrong with a place and what may be behind it, or None."""
    value = problem(shape, kind)
    if shape is None or shape.is_empty:
        return value or "no geometry", _CORRECT
    west, south, east, north = shape.bounds
    x, y = (west + east) / 2, (south + north) / 2
    if value is not None:
        return value, _hint(x, y)
    if (west, south, east, north) == (0.0, 0.0, 0.0, 0.0):
        return "longitude 0, latitude 0", "a place left empty? " + _CORRECT
    if outside_japan or (in_japan(west, south) and in_japan(east, north)):
        return None
    return f"{x:.4f}, {y:.4f} is outside Japan", f"{_hint(x, y)}; {_ELSEWHERE}"


def _in_metres(text: str) -> bool:
    """Whether what stands for a place are numbers too large to be degrees."""
    numbers = [number_from(part) for part in text.split(", ")]
    return all(one is not None and abs(one) > WHOLE_TURN_DEG for one in numbers)


def _hint(x: float, y: float) -> str:
    """What may be behind a place that cannot be right."""
    if in_japan(y, x):
        return (
            "longitude and latitude look swapped: say swap_axes = true in the mapping"
        )
    if in_japan(abs(x), abs(y)):
        return "a sign looks wrong"
    if max(abs(x), abs(y)) > WHOLE_TURN_DEG:
        return _PLANE
    return _CORRECT
