"""Where rays from a camera meet the ground, and what the ground hides from it.

A bracketing march (half a cell a step, 16 cells where nothing near is as high) and then
bisection; the first hit wins. All in the camera's own topocentric frame, so the earth's
curvature is in it; what remains is the slope of the geoid (below 0.1 m a kilometre).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crs import Anchor
from geo.surroundings import (
    Surroundings,
    around,
    clearance_m,
    clears_block,
    grid_position,
)
from geo.terrain import CEILING_CELLS, Terrain, on_grid

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

REACH_M = 10_000.0  # no drone frame tells anything beyond
CHUNK = 32_768  # rays at a time: the arrays stay in the processor's cache
BISECTIONS = 24  # of a step: micrometres
MARGIN_M = 1.0  # above the highest and below the lowest cell
SLOPE_BASE_M = 2.0  # a slope is taken over this much, so that one stone is no slope
GRAZING_SINE = 0.035  # 2 degrees between ray and ground: a metre of height is 29 m away

HIT, HORIZON, OUTSIDE, HOLE, GRAZING, UNDER = 0, 1, 2, 3, 4, 5
REASONS = (
    "",
    "horizon",
    "outside_terrain",
    "terrain_hole",
    "grazing",
    "under_terrain",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Meetings:
    """Where N rays meet the ground.

    Attributes:
        points: East, north, up from the camera, shape (N, 3); NaN without a hit.
        distance_m: Along the ray, shape (N,); NaN without a hit.
        normals: Of the ground, up 1: (-slope east, -slope north, 1), shape (N, 3).
        outcome: Index into `REASONS`, 0 for a hit, shape (N,).
    """

    points: Array
    distance_m: Array
    normals: Array
    outcome: NDArray[np.int8]


def _window(
    here: Surroundings, directions: Array, limit_m: Array
) -> tuple[Array, Array]:
    """Distances (N,), (N,) between which a ray is as high as some ground may be.

    Height over distance t is h + t d_up + t^2 (1 - d_up^2) / 2R: a parabola that opens
    upwards. The window begins where it comes below the highest cell and ends where it
    goes below the lowest, or above the highest again, or at the limit.
    """
    bend = (1 - directions[:, 2] ** 2) / (2 * here.radii_m[1])
    bend = np.maximum(bend, 1e-15)
    height, rise = here.anchor.height_m, directions[:, 2]
    high = height - (here.terrain.highest_m + MARGIN_M)
    low = height - (here.terrain.lowest_m - MARGIN_M)
    with np.errstate(invalid="ignore"):
        root_high = np.sqrt(rise**2 - 4 * bend * high)
        root_low = np.sqrt(rise**2 - 4 * bend * low)
    first = np.where(high > 0, 2 * high / np.maximum(root_high - rise, 1e-300), 0.0)
    last = (root_high - rise) / (2 * bend)
    sinks = np.isfinite(root_low) & (rise < 0)
    below = np.where(sinks, 2 * low / np.maximum(root_low - rise, 1e-300), np.inf)
    never = ~np.isfinite(root_high) | ((high > 0) & (rise >= 0))
    begin = np.where(never, np.inf, first)
    return begin, np.minimum(np.where(never, -np.inf, np.minimum(last, below)), limit_m)


def _steps(here: Surroundings, directions: Array, distance: Array) -> Array:
    """How far each ray may go on without missing ground."""
    points = directions * distance[:, None]
    level = np.maximum(np.hypot(directions[:, 0], directions[:, 1]), 1e-6)
    cell = here.terrain.cell_m / level
    leap = CEILING_CELLS * cell * 0.99
    ahead = directions * (distance + leap)[:, None]
    lowest = np.where((ahead[:, 2] < points[:, 2])[:, None], ahead, points)
    lowest = np.column_stack([points[:, :2], lowest[:, 2]])
    return np.where(clears_block(here, lowest), leap, cell / 2)


def _march(
    here: Surroundings, directions: Array, limit_m: Array
) -> tuple[Array, Array, NDArray[np.int8]]:
    """Brackets (above, below) of the first hits, and the outcomes."""
    begin, end = _window(here, directions, limit_m)
    count = len(directions)
    above, below = np.full(count, np.nan), np.full(count, np.nan)
    outcome = np.full(count, HORIZON, np.int8)
    alive = np.flatnonzero(begin < end)
    at = begin.copy()
    over = np.full(count, np.nan)  # last distance known to be above ground
    while alive.size:
        ray = directions[alive]
        clear = clearance_m(here, ray * at[alive, None])
        hit = clear <= 0
        struck = alive[hit]
        below[struck], above[struck] = at[struck], over[struck]
        in_air = alive[~hit]
        known = np.isfinite(clear[~hit])
        over[in_air] = np.where(known, at[in_air], np.nan)
        unseen = np.where(at[struck] > begin[struck], HOLE, UNDER)
        outcome[struck] = np.where(np.isnan(over[struck]), unseen, HIT)
        step = _steps(here, directions[in_air], at[in_air])
        before = at[in_air]
        at[in_air] = np.minimum(before + step, end[in_air])
        alive = in_air[before < end[in_air]]
    lost = np.flatnonzero((begin < end) & np.isnan(below) & np.isnan(over))
    column, row = grid_position(here, directions[lost] * at[lost, None])
    outcome[lost] = np.where(on_grid(here.terrain, column, row), HOLE, OUTSIDE)
    if here.anchor.height_m < here.terrain.lowest_m - MARGIN_M:
        outcome[:] = UNDER
    return above, below, outcome


def _bisected(
    here: Surroundings, directions: Array, above: Array, below: Array
) -> Array:
    """Distance of the ground between a bracket's ends."""
    for _ in range(BISECTIONS):
        middle = (above + below) / 2
        over = ~(clearance_m(here, directions * middle[:, None]) <= 0)
        above, below = np.where(over, middle, above), np.where(over, below, middle)
    return below


def ground_normals(here: Surroundings, points: Array) -> Array:
    """Normals (N, 3) of the ground with up 1 at points east, north, up (N, 3).

    Slopes are taken over two metres or a cell; a hole counts as level.
    """
    base = max(SLOPE_BASE_M, here.terrain.cell_m)
    slopes = []
    for axis in (0, 1):
        shift = np.zeros(3)
        shift[axis] = base
        ahead = clearance_m(here, points + shift)
        slopes.append((ahead - clearance_m(here, points - shift)) / (2 * base))
    return np.column_stack([*np.nan_to_num(np.array(slopes)), np.ones(len(points))])


def _meet_chunk(here: Surroundings, directions: Array) -> Meetings:
    limit = np.full(len(directions), here.reach_m)
    above, below, outcome = _march(here, directions, limit)
    hit = np.flatnonzero(outcome == HIT)
    distance = np.full(len(directions), np.nan)
    distance[hit] = _bisected(here, directions[hit], above[hit], below[hit])
    points = directions * distance[:, None]
    normals = np.full((len(directions), 3), np.nan)
    normals[hit] = ground_normals(here, points[hit])
    across = -(normals[hit] * directions[hit]).sum(axis=1)
    sine = across / np.linalg.norm(normals[hit], axis=1)
    outcome[hit[sine < GRAZING_SINE]] = GRAZING
    return Meetings(
        points=points, distance_m=distance, normals=normals, outcome=outcome
    )


def meet(
    terrain: Terrain, anchor: Anchor, directions: Array, *, reach_m: float = REACH_M
) -> Meetings:
    """Where rays from the anchor first meet the ground.

    A ray over a hole in the grid is taken to pass over it when it comes out above the
    ground; when it comes out below, the hit is inside the hole and unknown. A ray less
    than two degrees above the ground it meets is `grazing`; one that meets the last
    half cell of the grid may be told as `outside`; a camera that is below the terrain
    itself sees nothing (`under_terrain`: look at its height and datum).

    Args:
        terrain: The ground; its heights in the datum of the anchor's height.
        anchor: Where all rays start.
        directions: Unit vectors east, north, up, shape (N, 3).
        reach_m: Nothing further away is looked for.

    Raises:
        TerrainError: If the grid's projection does not reach the anchor.
    """
    here = around(terrain, anchor, reach_m)
    starts = range(0, max(len(directions), 1), CHUNK)
    parts = [_meet_chunk(here, directions[s : s + CHUNK]) for s in starts]
    return Meetings(
        points=np.concatenate([p.points for p in parts]),
        distance_m=np.concatenate([p.distance_m for p in parts]),
        normals=np.concatenate([p.normals for p in parts]),
        outcome=np.concatenate([p.outcome for p in parts]),
    )


def is_seen(
    terrain: Terrain, anchor: Anchor, points: Array, *, tolerance_m: float
) -> Mask:
    """Whether the ground leaves points (N, 3) east, north, up in sight of the anchor.

    Ground nearer to a point than the tolerance does not hide it, nor does a hole.
    """
    distance = np.linalg.norm(points, axis=1)
    far = np.flatnonzero(distance > tolerance_m)
    if not far.size:
        return np.ones(len(points), np.bool_)
    here = around(terrain, anchor, max(REACH_M, float(distance.max())))
    directions = points[far] / distance[far, None]
    _, _, outcome = _march(here, directions, distance[far] - tolerance_m)
    seen = np.ones(len(points), np.bool_)
    seen[far] = (outcome != HIT) & (outcome != UNDER)
    return seen
