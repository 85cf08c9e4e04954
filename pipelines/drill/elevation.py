"""The elevation model that goes with a drill: what a survey before it would have held.

Ground, dam and water, without bridges, towers, houses or trees, on a grid of longitude
and latitude. Every node is found through the true geodetic function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from pipelines.drill.embankment import surface
from pipelines.drill.geodesy import Anchor, geodetic_from_scene, scene_from_geodetic
from pipelines.drill.ground import river
from pipelines.drill.scene import Array

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.drill.world import World

STEP_M = 2.0
METRES_PER_DEGREE = 111_000.0  # of latitude; only chooses the grid's step
GRAIN_M = 1 / 64  # heights are rounded to this, so that they compress
STEPS = 4  # of the fixed point; the second already moves less than 1 mm
EDGE_M = 6.0  # of the valley left out all round


def elevation(world: World, x: Array, y: Array) -> Array:
    """Uppermost of ground, water and (an embankment as it was built) dam, metres up."""
    ground, dam = world.frozen.ground, world.dam
    top = ground.at(x, y)
    centre, half, level = river(x)
    below = ground.reservoir
    in_lake = np.zeros(x.shape, np.bool_) if below is None else x < below[0]
    wet = (np.abs(y - centre) < half + 25) & ~in_lake
    top = np.where(wet, np.maximum(top, level), top)
    if below is not None:
        top = np.where(in_lake, np.maximum(top, below[1]), top)
    if dam.kind == "embankment":
        shape = surface(dam.length_m, dam.height_m, 0)
        along, down = dam.origin[1] - y, x - dam.origin[0]
        on = (along >= 0) & (along <= dam.length_m)
        on &= (down >= shape.y[0]) & (down <= shape.y[-1])
        crest = dam.origin[2] + shape.at(along.ravel(), down.ravel()).reshape(x.shape)
        top = np.where(on, np.maximum(top, crest), top)
    return np.asarray(top)


def _nodes(world: World, anchor: Anchor) -> tuple[Array, Array]:
    """Longitudes, and latitudes from north to south, of the grid's nodes."""
    ground = world.frozen.ground
    west, east = ground.x[0] + EDGE_M, ground.x[-1] - EDGE_M
    south, north = ground.y[0] + EDGE_M, ground.y[-1] - EDGE_M
    corners = [[x, y, 100.0] for x in (west, east) for y in (south, north)]
    place = geodetic_from_scene(anchor, corners)
    dlat = STEP_M / METRES_PER_DEGREE
    dlon = dlat / np.cos(np.radians(anchor.latitude))
    longitudes = np.arange(place[:2, 0].max(), place[2:, 0].min(), dlon)
    latitudes = np.arange(place[1::2, 1].min(), place[::2, 1].max(), -dlat)
    return longitudes, latitudes


def heights_at(
    world: World, anchor: Anchor, longitudes: Array, latitudes: Array
) -> Array:
    """Ellipsoidal heights of the elevation model at places of any shape.

    The plumb lines of place and anchor differ: which scene point lies at a place
    depends on its height, so both are found together.
    """
    height = np.full(longitudes.shape, anchor.ellipsoidal_height_m + 100.0)
    for _ in range(STEPS):
        place = np.stack([longitudes, latitudes, height], axis=-1)
        local = scene_from_geodetic(anchor, place)
        local[..., 2] = elevation(world, local[..., 0], local[..., 1])
        height = geodetic_from_scene(anchor, local)[..., 2]
    return height


def write_terrain(path: Path, world: World, anchor: Anchor) -> None:
    """Write the model as GeoTIFF: EPSG:6668, float32, ellipsoidal heights, deflate."""
    longitudes, latitudes = _nodes(world, anchor)
    heights = heights_at(world, anchor, *np.meshgrid(longitudes, latitudes))
    rounded = np.round(heights / GRAIN_M) * GRAIN_M
    band: NDArray[np.float32] = rounded.astype(np.float32)
    dlon, dlat = longitudes[1] - longitudes[0], latitudes[0] - latitudes[1]
    corner = (longitudes[0] - dlon / 2, latitudes[0] + dlat / 2)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=band.shape[1],
        height=band.shape[0],
        count=1,
        dtype="float32",
        crs="EPSG:6668",
        transform=from_origin(*corner, dlon, dlat),
        compress="deflate",
        predictor=3,
        zlevel=9,
    ) as file:
        file.write(band, 1)
