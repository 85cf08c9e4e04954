"""How a deck runs: the offset and the slope of a bridge's road, cell by cell.

The road on a deck is the best seen part of a bridge from the air. Its pixels are put on
a plane that holds the bridge's axis and faces the camera as well as it can: there the
two edges of the road are straight lines, and a length is a true length across the line
of sight. Where both edges step to the same side, the deck does; a vehicle or a truss
hides one edge, or some slices of both. A pose or an inventory that is off shifts the
whole deck and makes no step; what it turns is in the sigma of the slope.

Source:
    DEFINITIONS, section 4 (offset 2-3 sigma, > 3 sigma; 25 % of the cell missing).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.findings import COMPONENT_CLASSES
from data.imagery import CameraPose, VerticalDatum
from geo.camera import (
    camera_anchor,
    direction_from_pixel,
    file_from_sensor_pixel,
    pixel_from_enu,
    sensor_from_file_pixel,
)
from geo.cells import BRIDGE_OVER_DECK_M, Cells
from geo.coverage import CellViews
from geo.crs import enu_from_geographic
from geo.georeference import attitude_axes
from geo.heights import pose_in_datum
from geo.shape import Measured, Sight, agreeing, line_of

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

OPEN = ("background", "water", "slope")  # where a deck should be: it is not there
MOST_RAYS = 60_000
FARTHEST_NEXT_M = 30.0  # from the cell before to the cell after: else the line is cut
SLICE_M = 1.0  # along the axis
SLICE_POINTS = 6  # fewest points of road that make a slice
REACH_M = 12.0  # of a stretch to one side of a place: a cell and a joint
FEWEST_SLICES = 6
GAP_M = 1.5  # road further apart than this across the axis is another road
WIDTHS_M = (2.0, 25.0)  # of a road
STRAIGHT_M = 0.3  # how near to its line an edge runs: kerbs, JPEG, a camber
WIDEST_JOINT_M = 8.0  # between two pieces of deck: what fell leaves a gap
HALF_CELL_M = 5.0  # DEFINITIONS, section 1: 10 m of axis
AGREEING = 0.7  # of the slices of a stretch
STEP_SIGMA_M = 0.2  # sound joints, and the labelling of an edge
GRADE_SIGMA_DEG = 2.0  # roads on bridges fall by up to 5-6 %: three sigma
PLAN_SIGMA_DEG = 2.0  # of a local direction: curves drawn with few vertices
PARAPET_M = 1.5  # beside the road of a deck lies the bridge itself
FLANKED = 0.5  # of the slices
SIDEWAYS = 0.5  # least sine between axis and line of sight
VACATED_M = 8.0  # of a deck's place that is asked for what lies there now
VACATED = 0.5
ANOTHER_DECK = 1.2  # of a road's width: so far aside begins the next one


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """What a frame shows of a bridge, as rays in ENU from the camera.

    Attributes:
        road: Rays to pixels of road, shape (n, 3).
        bridge: Rays to pixels of the rest of the bridge, shape (m, 3).
        covered: False where a window shows neither road nor bridge nor what may hide
            them (water, a slope, the sky), shape (height, width).
        corner: Column and row in the file of the window's top left pixel.
        sight: How the file was taken.
    """

    road: Array
    bridge: Array
    covered: Mask
    corner: tuple[int, int]
    sight: Sight


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a cell of a deck should be.

    Attributes:
        middle: East, north, up from the camera, metres, shape (3,).
        along: Unit vector of the axis there, level, shape (3,).
        sigma_m: Of the place in the picture, across the line of sight.
        turn_sigma_deg: Of the axis' direction, from how well its ends are known.
    """

    middle: Array
    along: Array
    sigma_m: float
    turn_sigma_deg: float


@dataclass(frozen=True, slots=True)
class Run:
    """How the deck runs through one cell.

    Attributes:
        offset: Step of the deck, metres across the line of sight; None where no step
            could be measured.
        slope: Of the deck against the axis, degrees, or None.
        missing: Share of the deck's own place beyond the step where it is no more.
    """

    offset: Measured | None
    slope: Measured | None
    missing: float


@dataclass(frozen=True, slots=True, eq=False)
class _Plane:
    """The plane through a place's axis that faces the camera.

    Attributes:
        middle: Of the place; `along` the axis; `across` the other axis, upwards;
            `normal` away from the camera. Shapes (3,).
    """

    middle: Array
    along: Array
    across: Array
    normal: Array

    def flat(self, rays: Array) -> Array:
        """Along and across, metres, where rays (N, 3) meet it; NaN behind them."""
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (self.middle @ self.normal) / (rays @ self.normal)
        points = rays * np.where(far > 0, far, np.nan)[:, None] - self.middle
        return np.stack([points @ self.along, points @ self.across], axis=1)

    def points(self, flat: Array) -> Array:
        """East, north, up (N, 3) of places (N, 2) on it."""
        return np.asarray(
            self.middle + flat[:, :1] * self.along + flat[:, 1:] * self.across
        )


def deck_places(
    cells: Cells, views: CellViews, pose: CameraPose, datum: VerticalDatum
) -> dict[int, Place]:
    """Where the cells of a bridge in sight of a frame should be, by their number.

    A bridge of one cell has no axis, and none of its own cells is asked.

    Args:
        cells: Of the bridge.
        views: How the frame shows them.
        pose: Of the frame.
        datum: Vertical datum of the cells.
    """
    here = camera_anchor(pose_in_datum(pose, datum))
    middles = enu_from_geographic(cells.middles, here)
    tops = enu_from_geographic(cells.points.reshape(-1, 3), here)[:, 2]
    tops = tops.reshape(cells.points.shape[:2]).max(axis=1)
    middles[:, 2] = np.median(tops) - BRIDGE_OVER_DECK_M
    length_m = float(np.linalg.norm(np.diff(middles, axis=0), axis=1).sum())
    turn = np.degrees(np.sqrt(2.0) * cells.position_sigma_m / max(length_m, 1.0))
    return {
        int(number): Place(
            middle=middles[number],
            along=along,
            sigma_m=float(views.pixel_sigma_px[number] * views.gsd_m[number]),
            turn_sigma_deg=float(turn),
        )
        for number in np.flatnonzero(views.seen | views.partly)
        if (along := _direction(middles, int(number))) is not None
    }


def _direction(middles: Array, number: int) -> Array | None:
    """Level unit vector from the cell before to the cell after, or None."""
    ends = middles[[max(number - 1, 0), min(number + 1, len(middles) - 1)]]
    along = (ends[1] - ends[0]) * [1.0, 1.0, 0.0]
    length_m = float(np.linalg.norm(along))
    return along / length_m if 0.0 < length_m <= FARTHEST_NEXT_M else None


def surface_of(
    component: NDArray[np.uint8], corner: tuple[int, int], sight: Sight
) -> Surface:
    """What a window shows of a bridge.

    Args:
        component: Class index of the component head, shape (height, width).
        corner: Column and row in the file of its top left pixel.
        sight: How the file was taken.
    """
    road, bridge, *open_ = (
        component == COMPONENT_CLASSES.index(name) for name in ("road", "bridge", *OPEN)
    )
    return Surface(
        road=rays_of(road, corner, sight, MOST_RAYS),
        bridge=rays_of(bridge, corner, sight, MOST_RAYS),
        covered=~np.logical_or.reduce(open_),
        corner=corner,
        sight=sight,
    )


def rays_of(mask: Mask, corner: tuple[int, int], sight: Sight, most: int) -> Array:
    """Rays (n, 3) in ENU to the pixels of a window's mask, at most so many."""
    rows, columns = np.nonzero(mask)
    step = max(1, -(-len(rows) // most))
    pixels = np.column_stack([columns, rows])[::step] + 0.5 + np.asarray(corner)
    sensor = sensor_from_file_pixel(sight.camera, sight.turned_deg, pixels)
    rays, ok = direction_from_pixel(sight.camera, sight.pose, sensor)
    return rays[ok]


def _plane(place: Place) -> _Plane | None:
    """None where the camera looks along the axis: nothing is across it then."""
    sight = place.middle / np.linalg.norm(place.middle)
    normal = sight - (sight @ place.along) * place.along
    sine = float(np.linalg.norm(normal))
    if sine < SIDEWAYS:
        return None
    normal = normal / sine
    across = np.cross(normal, place.along)
    across = across if across[2] >= 0 else -across
    return _Plane(place.middle, place.along, across, normal)


def run_of_deck(surface: Surface, place: Place) -> Run | None:
    """How a deck runs through one cell; None where too little of it is to be seen."""
    plane = _plane(place)
    if plane is None:
        return None
    edges = _edges(plane.flat(surface.road), 3.0 * place.sigma_m)
    if not _is_deck(edges, plane.flat(surface.bridge)):
        return None
    offset, missing = _largest_step(edges, plane, surface)
    inside = edges[np.abs(edges[:, 0]) <= REACH_M]
    return Run(offset, _slope(inside, plane, place, surface.sight), missing)


def _largest_step(
    edges: Array, plane: _Plane, surface: Surface
) -> tuple[Measured | None, float]:
    """Of all places in a cell where the deck may step, the surest step."""
    best: tuple[Measured | None, float] = None, 0.0
    along = edges[:, 0]
    for number in range(1, len(edges)):
        low, high = along[number - 1], along[number]
        if high - low > WIDEST_JOINT_M or abs(low + high) / 2 > HALF_CELL_M:
            continue
        before = edges[(along <= low) & (along >= low - REACH_M)]
        after = edges[(along >= high) & (along <= high + REACH_M)]
        step, missing = _step(before, after, plane, surface)
        if step is not None and (best[0] is None or step.sigmas > best[0].sigmas):
            best = step, missing
    return best


def _edges(road: Array, reach_m: float) -> Array:
    """Of each slice its place along and the road's two edges across, (n, 3), metres."""
    near = (np.abs(road[:, 0]) <= 2 * REACH_M) & (np.abs(road[:, 1]) <= reach_m)
    road = road[near]
    number = np.floor(road[:, 0] / SLICE_M).astype(int)
    order = np.lexsort((road[:, 1], number))
    number, across = number[order], road[order, 1]
    if not len(number):
        return np.empty((0, 3))
    starts = np.flatnonzero(np.diff(number, prepend=number[:1] - 1))
    rows = []
    for first, points in zip(starts, np.split(across, starts[1:]), strict=True):
        pieces = np.split(points, np.flatnonzero(np.diff(points) > GAP_M) + 1)
        widest = max(pieces, key=len)
        low, high = np.percentile(widest, [3.0, 97.0])
        if len(widest) >= SLICE_POINTS and WIDTHS_M[0] <= high - low <= WIDTHS_M[1]:
            rows.append(((number[first] + 0.5) * SLICE_M, low, high))
    return np.array(rows).reshape(-1, 3)


def _is_deck(edges: Array, bridge: Array) -> bool:
    """Whether most slices of a road have the bridge itself beside them.

    A road without parapets, kerbs or girders beside it is no deck.
    """
    if len(edges) < FEWEST_SLICES:
        return False
    beside = np.zeros(len(edges), np.bool_)
    for number, (along, low, high) in enumerate(edges):
        outer = bridge[np.abs(bridge[:, 0] - along) <= SLICE_M / 2, 1]
        off = np.maximum(low - outer, outer - high)
        beside[number] = ((off > 0) & (off <= PARAPET_M)).sum() >= SLICE_POINTS
    return bool(beside.mean() >= FLANKED)


def _lines(edges: Array) -> Array | None:
    """Offset at 0, slope and its sigma of both edges of a stretch, (2, 3), or None."""
    if len(edges) < FEWEST_SLICES:
        return None
    agree = agreeing(edges[:, 0], edges[:, 1:3].mean(axis=1), STRAIGHT_M)
    if agree.mean() < AGREEING or agree.sum() < FEWEST_SLICES:
        return None
    along = edges[agree, 0]
    found = []
    for across in (edges[agree, 1], edges[agree, 2]):
        slope, sigma = line_of(along, across)
        found.append((float(across.mean() - slope * along.mean()), slope, sigma))
    return np.array(found)


def _step(
    before: Array, after: Array, plane: _Plane, surface: Surface
) -> tuple[Measured | None, float]:
    """The step between two stretches where they meet, and the share that is missing."""
    one, two = _lines(before), _lines(after)
    if one is None or two is None:
        return None, 0.0
    joint = (before[-1, 0] + after[0, 0]) / 2
    steps = (two[:, 0] - one[:, 0]) + (two[:, 1] - one[:, 1]) * joint
    if steps[0] * steps[1] <= 0:
        return Measured(0.0, STEP_SIGMA_M), 0.0
    fits = np.hypot(one[:, 2], two[:, 2]) * REACH_M / 2
    apart = (steps[0] - steps[1]) / 2
    sigma = float(np.linalg.norm([STEP_SIGMA_M, *fits, apart]))
    step = Measured(float(steps[np.abs(steps).argmin()]), sigma)
    sound, way = (one, 1.0) if _steepness(one) <= _steepness(two) else (two, -1.0)
    missing = _missing(sound, joint, way, plane, surface)
    width_m = float(np.median(np.vstack([before, after]) @ [0.0, -1.0, 1.0]))
    if abs(step.value) > ANOTHER_DECK * width_m and missing < VACATED:
        return None, 0.0  # a deck goes on where it should: the step is to another one
    return step, missing


def _steepness(lines: Array) -> float:
    return abs(float(lines[:, 1].sum()))


def _missing(
    lines: Array, joint: float, way: float, plane: _Plane, surface: Surface
) -> float:
    """Share of a deck's place, going on along its lines past a joint, without a deck.

    What may be hidden, by trees or by the frame's border, is not missing.
    """
    along = joint + way * np.linspace(0.0, VACATED_M, 9)[1:]
    low, high = (lines[:, :1] + lines[:, 1:2] * along)[:, :, None]
    share = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    across = low + (high - low) * share
    flat = np.column_stack([np.repeat(along, len(share)), across.ravel()])
    sight, (rows, columns) = surface.sight, surface.covered.shape
    pixels, _, ok = pixel_from_enu(sight.camera, sight.pose, plane.points(flat))
    pixels = file_from_sensor_pixel(sight.camera, sight.turned_deg, pixels)
    place = np.floor(pixels - surface.corner).astype(int)
    ok &= ((place >= 0) & (place < [columns, rows])).all(axis=1)
    return float((~surface.covered[place[ok, 1], place[ok, 0]]).sum() / len(flat))


def _slope(edges: Array, plane: _Plane, place: Place, sight: Sight) -> Measured | None:
    """Slope of a stretch against the axis, degrees.

    The sigma holds what may turn it: the camera's attitude, the axis on the map, a
    road's own fall, and the fit.
    """
    lines = _lines(edges)
    if lines is None or np.ptp(edges[:, 0]) < REACH_M:
        return None
    slope = float(lines[:, 1].mean())
    ends = np.array([-REACH_M, REACH_M])
    axis = np.column_stack([ends, lines[:, 0].mean() + slope * ends])
    plan = np.hypot(place.turn_sigma_deg, PLAN_SIGMA_DEG) * abs(plane.normal[2])
    apart = np.degrees(np.ptp(lines[:, 1])) / 2
    fits = np.degrees(lines[:, 2])
    grade = GRADE_SIGMA_DEG * plane.across[2]
    turned = _attitude_sigma_deg(axis, plane, sight)
    sigma = float(np.linalg.norm([turned, plan, grade, apart, *fits]))
    return Measured(float(np.degrees(np.arctan(slope))), sigma)


def _attitude_sigma_deg(axis: Array, plane: _Plane, sight: Sight) -> float:
    """What the camera's attitude adds to the sigma of a line (2, 2), two places."""
    axes, sigmas = attitude_axes(sight.pose)
    rays = plane.points(axis)
    before = _angle(axis)
    turns = [
        _angle(plane.flat(rays + np.cross(sigma * one, rays))) - before
        for one, sigma in zip(axes, sigmas, strict=True)
    ]
    return float(np.degrees(np.linalg.norm(turns)))


def _angle(places: Array) -> float:
    (x0, y0), (x1, y1) = places
    return float(np.arctan2(y1 - y0, x1 - x0))
