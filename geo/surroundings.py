"""A terrain as seen from a camera's place: no projection for each point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import TerrainError
from geo.crs import (
    Anchor,
    crs_from_geographic,
    curvature_radii_m,
    geographic_from_enu,
)
from geo.terrain import CEILING_CELLS, Terrain, bilinear

Array = NDArray[np.float64]

FIT_NODES = 9  # a side; the grid as seen from an anchor is a cubic through them
FIT_ERROR_CELLS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """A terrain as seen from an anchor: plain arithmetic instead of a projection.

    Within `reach_m` the grid's column and row are cubic in the gnomonic east and north,
    and a point's height is its up plus the earth's curvature; the rest is below a
    twentieth of a cell and, in height, a centimetre at 10 km.
    """

    terrain: Terrain
    anchor: Anchor
    reach_m: float
    cubic: Array  # shape (10, 2)
    radii_m: tuple[float, float]


def _powers(east: Array, north: Array) -> Array:
    """The ten terms of a cubic in two variables, shape (N, 10)."""
    squares = [east * east, east * north, north * north]
    cubes = [square * east for square in squares]
    terms = [np.ones_like(east), east, north, *squares, *cubes, squares[2] * north]
    return np.stack(terms, axis=1)


def around(terrain: Terrain, anchor: Anchor, reach_m: float) -> Surroundings:
    """The terrain seen from an anchor, out to a distance.

    Raises:
        TerrainError: If the grid's projection cannot be followed there: the camera is
            far outside the zone it is made for.
    """
    side = np.cos(np.pi * (np.arange(FIT_NODES) + 0.5) / FIT_NODES)
    east, north = (v.ravel() for v in np.meshgrid(side, side))
    points = np.stack([east * reach_m, north * reach_m, 0 * east], axis=1)
    place = geographic_from_enu(points, anchor)
    x, y = crs_from_geographic(place[:, 0], place[:, 1], terrain.epsg)
    inverse = ~terrain.affine
    target = np.stack(
        [
            inverse.a * x + inverse.b * y + inverse.c,
            inverse.d * x + inverse.e * y + inverse.f,
        ],
        axis=1,
    )
    if not np.isfinite(target).all():
        raise TerrainError("terrain: its projection does not reach the camera's place")
    cubic = np.linalg.lstsq(_powers(east, north), target, rcond=None)[0]
    miss = np.abs(_powers(east, north) @ cubic - target).max()
    if miss > FIT_ERROR_CELLS and not terrain.is_flat:
        raise TerrainError(
            f"terrain: {miss:.2f} cells lost seen from the camera's place; give a grid"
            " in the zone of the place"
        )
    along_east, along_north = curvature_radii_m(anchor.latitude)
    return Surroundings(
        terrain=terrain,
        anchor=anchor,
        reach_m=reach_m,
        cubic=cubic,
        radii_m=(along_east + anchor.height_m, along_north + anchor.height_m),
    )


def grid_position(here: Surroundings, points: Array) -> tuple[Array, Array]:
    """Column and row in the grid, from its corner, of points east, north, up (N, 3)."""
    shrink = 1 / (1 + points[:, 2] / here.radii_m[1]) / here.reach_m
    terms = _powers(points[:, 0] * shrink, points[:, 1] * shrink)
    position = terms @ here.cubic
    return position[:, 0], position[:, 1]


def heights_of(here: Surroundings, points: Array) -> Array:
    """Heights (N,) in the terrain's datum of points east, north, up (N, 3)."""
    drop = points[:, 0] ** 2 / here.radii_m[0] + points[:, 1] ** 2 / here.radii_m[1]
    return here.anchor.height_m + points[:, 2] + drop / 2


def clearance_m(here: Surroundings, points: Array) -> Array:
    """How far points (N, 3) east, north, up are above the ground; NaN where unknown."""
    column, row = grid_position(here, points)
    return heights_of(here, points) - bilinear(here.terrain, column, row)


def clears_block(here: Surroundings, points: Array) -> NDArray[np.bool_]:
    """Whether points are above all ground within 16 cells of them."""
    column, row = grid_position(here, points)
    rows, columns = here.terrain.ceiling_m.shape
    across = np.clip(column / CEILING_CELLS, 0, columns - 1).astype(np.intp)
    down = np.clip(row / CEILING_CELLS, 0, rows - 1).astype(np.intp)
    return heights_of(here, points) > here.terrain.ceiling_m[down, across] + 1.0
