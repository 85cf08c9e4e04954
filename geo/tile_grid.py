"""The grid of web-map tiles: which tile holds a place, and Morton order.

Source: OGC 17-083r4, annex D, WebMercatorQuad.
"""

import numpy as np
import shapely
from numpy.typing import NDArray

MAX_LATITUDE_DEG = 85.051128779806604  # where WebMercatorQuad is square
HOME_ZOOM = 14
"""The zoom whose tile an asset's home is, in files."""


def tile_of(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the tile of each place; edges go to the east and south tile.

    Args:
        longitude: Degrees, shape (n,).
        latitude: Degrees, shape (n,); beyond +-85.05 it is moved there.
        zoom: 0 is the whole world in one tile.
    """
    size = 1 << zoom
    bounded = np.clip(latitude, -MAX_LATITUDE_DEG, MAX_LATITUDE_DEG)
    north = np.arcsinh(np.tan(np.radians(bounded))) / np.pi
    column = np.floor((np.asarray(longitude) + 180) / 360 * size)
    row = np.floor((1 - north) / 2 * size)
    return (
        np.clip(column, 0, size - 1).astype(np.int64),
        np.clip(row, 0, size - 1).astype(np.int64),
    )


def tile_boxes(
    column: NDArray[np.int64], row: NDArray[np.int64], zoom: int
) -> NDArray[np.object_]:
    """The ground of each tile, longitude and latitude, as shapely boxes."""
    size = 1 << zoom
    west, east = column / size * 360 - 180, (column + 1) / size * 360 - 180
    north, south = _latitude(row / size), _latitude((row + 1) / size)
    boxes: NDArray[np.object_] = shapely.box(west, south, east, north)
    return boxes


def _latitude(down: NDArray[np.float64]) -> NDArray[np.float64]:
    """Latitude in degrees at a share `down` of the way from the top of the world."""
    degrees: NDArray[np.float64] = np.degrees(
        np.arctan(np.sinh(np.pi * (1 - 2 * down)))
    )
    return degrees


def morton(column: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Columns and rows below 2^31, interleaved: neighbours stay close.

    >>> morton(np.array([3]), np.array([1])).tolist()
    [7]
    """
    return _spread(column) | (_spread(row) << 1)


_SPREAD_STEPS = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


def _spread(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bits of each number, every second place left free."""
    spread = np.asarray(number, dtype=np.int64)
    for shift, mask in _SPREAD_STEPS:
        spread = (spread | (spread << shift)) & mask
    return spread


def tiles_touched(
    geometry: NDArray[np.object_], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every tile each geometry touches.

    Args:
        geometry: Shapely geometries in longitude and latitude, none empty, shape (n,).
        zoom: Of the tiles.

    Returns:
        Index into `geometry`, column and row, each of shape (m,), m >= n.
    """
    west, south, east, north = shapely.bounds(geometry).T
    first_column, first_row = tile_of(west, north, zoom)
    last_column, last_row = tile_of(east, south, zoom)
    wide, high = last_column - first_column + 1, last_row - first_row + 1
    count = wide * high
    index = np.repeat(np.arange(len(geometry)), count)
    nth = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
    column = first_column[index] + nth % wide[index]
    row = first_row[index] + nth // wide[index]
    touched = count[index] == 1
    unsure = np.flatnonzero(~touched)
    boxes = tile_boxes(column[unsure], row[unsure], zoom)
    touched[unsure] = shapely.intersects(geometry[index[unsure]], boxes)
    return index[touched], column[touched], row[touched]
