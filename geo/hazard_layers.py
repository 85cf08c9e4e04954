"""Which assets lie on ground that slid, flooded or liquefied, or within 10 m of it.

Distances are measured on a plane that is true at each polygon: within 1 % for polygons
up to half a degree, which is 10 cm in 10 m.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Array = NDArray[np.float64]
Geometries = NDArray[np.object_]
Rows = NDArray[np.int64]

M_PER_DEGREE = 6_371_008.8 * np.pi / 180.0  # mean radius, IUGG
_CIRCLE_SEGMENTS = 16  # a quarter circle; the chord is within 0.5 % of the radius


@dataclass(frozen=True, slots=True)
class Crossings:
    """Pairs of an asset and a polygon near it, sorted by asset, then polygon."""

    asset: Rows
    polygon: Rows


def grown(shapes: Geometries, metres: Array | float) -> Geometries:
    """Shapes with all that lies within some metres of them.

    Args:
        shapes: Longitude and latitude, shape (N,).
        metres: One or one a shape; 0 keeps a polygon as it is.
    """
    scale = _metres_per_degree(shapes)
    flat = _scaled(shapes, scale)
    wide = shapely.buffer(flat, metres, quad_segs=_CIRCLE_SEGMENTS)
    return _scaled(wide, 1.0 / scale)


def _metres_per_degree(shapes: Geometries) -> Array:
    """East and north metres of a degree at the middle of each shape, shape (N, 2)."""
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    middle = np.radians((bounds[:, 1] + bounds[:, 3]) / 2.0)
    return M_PER_DEGREE * np.column_stack([np.cos(middle), np.ones(len(middle))])


def _scaled(shapes: Geometries, scale: Array) -> Geometries:
    places, row = shapely.get_coordinates(shapes, return_index=True)
    return np.asarray(shapely.set_coordinates(shapes.copy(), places * scale[row]))


def crossings(assets: Geometries, polygons: Geometries) -> Crossings:
    """Which assets meet which polygons.

    Args:
        assets: Longitude and latitude, shape (N,); a chunk, whose boxes fit in memory.
        polygons: Already `grown` by the distance that counts as near, shape (M,).

    Returns:
        Each pair once. Polygons away from the chunk cost one comparison of boxes.
    """
    if len(assets) == 0 or len(polygons) == 0:
        return Crossings(np.empty(0, np.int64), np.empty(0, np.int64))
    near = np.flatnonzero(_overlap(shapely.bounds(polygons), assets))
    tree = shapely.STRtree(assets)
    found, asset = tree.query(polygons[near], predicate="intersects")
    polygon = near[found]
    order = np.lexsort((polygon, asset))
    return Crossings(asset[order].astype(np.int64), polygon[order].astype(np.int64))


def _overlap(bounds: Array, assets: Geometries) -> NDArray[np.bool_]:
    west, south, east, north = shapely.total_bounds(assets)
    return np.asarray(
        (bounds[:, 0] <= east)
        & (bounds[:, 2] >= west)
        & (bounds[:, 1] <= north)
        & (bounds[:, 3] >= south)
    )
