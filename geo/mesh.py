"""JIS X 0410 mesh codes: Japan in cells of about 80, 10 and 1 km.

Source: JIS X 0410, regional mesh codes: a first-level cell is 40' by 1 degree, a
second-level one an eighth of it each way, a third-level one a tenth of that.
"""

import numpy as np
from numpy.typing import NDArray

MESH_LEVELS = (1, 2, 3)
"""First, second and third level: about 80, 10 and 1 km."""
OUTSIDE = -1
"""The code of a place that has none."""
_CELLS_PER_FIRST = {1: 1, 2: 8, 3: 80}
_MICRODEGREES = 1_000_000
_WEST_DEG, _EAST_DEG, _NORTH_LIMIT_DEG = 100, 180, 66  # codes are of two digits


def mesh_codes(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], level: int
) -> NDArray[np.int64]:
    """Mesh code of each place, or -1 outside 100-180 E, 0-66 N.

    Args:
        longitude: Degrees, shape (n,); counted in whole micro-degrees.
        latitude: As longitude.
        level: 1, 2 or 3.

    Returns:
        Codes of 4, 6 or 8 digits, shape (n,). Edges go to the north-east cell.
    """
    east = np.rint((longitude - _WEST_DEG) * _MICRODEGREES).astype(np.int64)
    north = np.rint(latitude * _MICRODEGREES).astype(np.int64)
    row = north * 3 // 25_000  # third-level rows of 30", 120 a degree
    column = east // 12_500  # third-level columns of 45", 80 a degree
    parts = [row // 80 * 100 + column // 80]
    parts.append(row // 10 % 8 * 10 + column // 10 % 8)
    parts.append(row % 10 * 10 + column % 10)
    code = parts[0]
    for part in parts[1:level]:
        code = code * 100 + part
    width = (_EAST_DEG - _WEST_DEG) * _MICRODEGREES
    height = _NORTH_LIMIT_DEG * _MICRODEGREES
    inside = (east >= 0) & (east < width) & (north >= 0) & (north < height)
    return np.where(inside, code, OUTSIDE)


def mesh_bounds(codes: NDArray[np.int64], level: int) -> NDArray[np.float64]:
    """West, south, east, north of each cell in degrees, shape (n, 4).

    Args:
        codes: What `mesh_codes` returned; none is -1.
        level: The level they were made for.
    """
    digits = codes * 100 ** (3 - level)
    first, second, third = digits // 10_000, digits // 100 % 100, digits % 100
    row = first // 100 * 80 + second // 10 * 10 + third // 10
    column = first % 100 * 80 + second % 10 * 10 + third % 10
    size = 80 // _CELLS_PER_FIRST[level]
    west, south = column / 80 + _WEST_DEG, row / 120
    east, north = (column + size) / 80 + _WEST_DEG, (row + size) / 120
    return np.column_stack([west, south, east, north])
