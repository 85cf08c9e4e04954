"""Shapes of assets on the ground: mended, measured, cut into pieces.

All geometries are in longitude, latitude (CRS84); lengths are along the ellipsoid.
"""

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.assets import AssetKind
from geo.crs import ecef_from_geographic

Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]

MEAN_RADIUS_M = 6_371_008.8  # IUGG mean radius; it enters the arc's excess only
SHAPES = ("Point", "LineString", "MultiLineString", "Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")
MUST_BE_LINES = (AssetKind.LINK, AssetKind.SPAN)
_BOUNDS_DEG = (180.0, 90.0)


def problem(shape: BaseGeometry | None, kind: AssetKind) -> str | None:
    """What is wrong with a geometry, in words, or None."""
    if shape is None or shape.is_empty:
        return "no geometry, or one that cannot be read"
    if shape.geom_type not in SHAPES:
        return f"{shape.geom_type} is no place of an asset"
    if kind in MUST_BE_LINES and shape.geom_type not in LINES:
        return f"a {kind.value} is a line, not a {shape.geom_type}"
    places = np.abs(shapely.get_coordinates(shape))
    if not (np.isfinite(places).all() and (places <= _BOUNDS_DEG).all()):
        return "coordinates outside longitude and latitude"
    if not shapely.is_valid(shape):
        return str(shapely.is_valid_reason(shape))
    return None


def mended(shapes: Geometries) -> Geometries:
    """Two dimensions, and a collection of one thing as that thing."""
    flat = shapely.force_2d(shapes)
    many = shapely.get_type_id(flat) >= shapely.GeometryType.MULTIPOINT
    flat[many] = np.array([_single(shape) for shape in flat[many]], dtype=object)
    return np.asarray(flat)


def _single(shape: BaseGeometry) -> BaseGeometry:
    if shape.geom_type == "MultiLineString":
        shape = shapely.line_merge(shape)
    parts = shapely.get_parts(shape)
    only: BaseGeometry = parts[0] if len(parts) == 1 else shape
    return only


def steps_m(places: Floats) -> Floats:
    """Length of each step between places, along the ellipsoid.

    The chord in space is exact; the arc over it exceeds it by c^3 / 24 R^2, 4 m on
    150 km, for which a mean radius is good to centimetres.

    Args:
        places: Longitude and latitude in degrees, shape (n, 2).

    Returns:
        Metres, shape (n - 1,).
    """
    heights = np.zeros((len(places), 1))
    ecef = ecef_from_geographic(np.hstack([places, heights]))
    chord = np.linalg.norm(np.diff(ecef, axis=0), axis=1)
    half = np.minimum(chord / (2.0 * MEAN_RADIUS_M), 1.0)
    return np.asarray(2.0 * MEAN_RADIUS_M * np.arcsin(half))


def length_m(shapes: Geometries) -> Floats:
    """Length of each line, long side of each polygon, 0 of a point; shape (n,)."""
    lengths = np.zeros(len(shapes))
    extended = np.flatnonzero(shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    for index in extended.tolist():
        lengths[index] = _length_m(shapes[index])
    return lengths


def _length_m(shape: BaseGeometry) -> float:
    if shape.geom_type == "Point":
        return 0.0
    if shape.geom_type in LINES:
        lines = shapely.get_parts(shape)
        return float(sum(steps_m(shapely.get_coordinates(one)).sum() for one in lines))
    box = shapely.oriented_envelope(shape)
    return float(steps_m(shapely.get_coordinates(box)).max(initial=0.0))


def home_points(shapes: Geometries) -> tuple[Floats, Floats]:
    """Longitude and latitude of each home, the place an asset counts to.

    A point is its own; a line's is its middle by length, a polygon's its
    representative point.

    Source:
        DEFINITIONS, section 9.
    """
    homes = np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    extended = np.flatnonzero(shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    for index in extended.tolist():
        homes[index] = _home(shapes[index])
    return homes[:, 0], homes[:, 1]


def _home(shape: BaseGeometry) -> tuple[float, float]:
    if shape.geom_type not in LINES:
        point = shape.representative_point()
        return point.x, point.y
    parts = shapely.get_parts(shape)
    longest = max(parts, key=lambda one: (_length_m(one), one.wkt))
    return _at(shapely.get_coordinates(longest), 0.5)


def _at(places: Floats, share: float) -> tuple[float, float]:
    """Place at a share of a line's length."""
    along = np.concatenate(([0.0], np.cumsum(steps_m(places))))
    wanted = share * along[-1]
    return (
        float(np.interp(wanted, along, places[:, 0])),
        float(np.interp(wanted, along, places[:, 1])),
    )


def pieces(shape: BaseGeometry, longest_m: float) -> list[shapely.LineString]:
    """A line cut into equal pieces of at most `longest_m`, in its own direction.

    The parts of a multi-line are cut one after another. Together the pieces are the
    whole line, its bends kept.
    """
    return [
        piece
        for part in shapely.get_parts(shape)
        for piece in _cut(shapely.get_coordinates(part), longest_m)
    ]


def _cut(places: Floats, longest_m: float) -> list[shapely.LineString]:
    dense, is_bend = _densified(places, longest_m)
    along = np.concatenate(([0.0], np.cumsum(steps_m(dense))))
    marks = np.linspace(0.0, along[-1], max(1, int(np.ceil(along[-1] / longest_m))) + 1)
    cuts = np.column_stack([np.interp(marks, along, dense[:, axis]) for axis in (0, 1)])
    cuts[0], cuts[-1] = places[0], places[-1]
    inside = [
        dense[is_bend & (along > start) & (along < end)]
        for start, end in pairwise(marks)
    ]
    return [
        shapely.LineString(np.vstack([start, bends, end]))
        for (start, end), bends in zip(pairwise(cuts), inside, strict=True)
    ]


def _densified(places: Floats, longest_m: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Places with others between them, and which are of the line itself.

    A long step that is straight in degrees is not even in metres: short ones are.
    """
    count = np.maximum(1, np.ceil(steps_m(places) / longest_m)).astype(np.int64)
    whole = np.concatenate(([0], np.cumsum(count)))
    number = np.arange(whole[-1] + 1)
    dense = np.column_stack(
        [np.interp(number, whole, places[:, axis]) for axis in (0, 1)]
    )
    return dense, np.isin(number, whole)
