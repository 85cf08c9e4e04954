"""How things stand: the lean of a tower, measured in its mask through the camera.

The rays of a mask's pixels are put on an upright plane that faces the camera, at unit
distance: there a standing mast is upright wherever it is in the picture, however the
camera looked down, and an angle is a true angle. What leans towards or away from the
camera stays upright on it: a lean is seen from the side only.

Source:
    DEFINITIONS, section 4 (lean 2-3 sigma, > 3 sigma).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.imagery import Camera, CameraPose, Turned
from data.levels import STANDING_SIGMA_DEG
from geo.camera import direction_from_pixel, sensor_from_file_pixel
from geo.georeference import attitude_axes

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_POINTS = 20_000  # of a mask are measured; a mast keeps its shape with fewer
GAP_PX = 25  # a lattice hangs together over gaps as wide as its panels
BINS = 32  # slices of a mast from its lowest to its highest pixel
BIN_POINTS = 6  # fewest points that make a slice
AGREEING = 0.6  # of the slices that have to lie on the axis, and of the height
STRAIGHT = 0.006  # of the height: how near to the axis; a leg's width
ALIKE = 2.0  # neighbouring slices that err together
LEAST_BODY = 0.03
"""Of its height a lattice mast is wide, but at its peak. A narrower slice is a single
leg, and legs slope by up to 8 degrees (base a sixth of the height)."""
LEAST_VISIBLE = 0.3  # of the height: a mast cut shorter has no axis to speak of
SLENDER = 2.5
HIGHEST_DEG = 60.0  # a camera higher than this sees a mast from above
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity with its standard deviation, in the same unit."""

    value: float
    sigma: float

    @property
    def sigmas(self) -> float:
        """How many of its standard deviations it is away from 0."""
        return abs(self.value) / self.sigma


@dataclass(frozen=True, slots=True)
class Sight:
    """A camera, where it was, and how its file lies on disk."""

    camera: Camera
    pose: CameraPose
    turned_deg: Turned


@dataclass(frozen=True, slots=True, eq=False)
class _Facade:
    """An upright plane at unit distance that faces the camera.

    Attributes:
        ahead: Level unit vector to it, in ENU; `right` level and across.
    """

    ahead: Array
    right: Array

    def flat(self, rays: Array) -> Array:
        """Right and up (N, 2) where rays (N, 3) in ENU meet it."""
        return (
            np.stack([rays @ self.right, rays[:, 2]], 1) / (rays @ self.ahead)[:, None]
        )

    def rays(self, flat: Array) -> Array:
        """Rays (N, 3) in ENU to places (N, 2) on it."""
        return np.asarray(self.ahead + flat[:, :1] * self.right + flat[:, 1:] * UP)


@dataclass(frozen=True, slots=True, eq=False)
class Mast:
    """The pixels of one tower in a frame, on the upright plane at its distance.

    Attributes:
        across_m: To the right, shape (n,); `up_m` above the camera, shape (n,).
        facade: The plane; `distance_m` is how far away it stands.
    """

    across_m: Array
    up_m: Array
    facade: _Facade
    distance_m: float
    sight: Sight

    @property
    def length_m(self) -> float:
        """From end to end of what was seen, if it stands at that distance."""
        spans = np.ptp(np.percentile([self.across_m, self.up_m], [1, 99], axis=1), 0)
        return float(np.hypot(*spans))


def mast_of(
    piece: Mask, corner: tuple[int, int], sight: Sight, distance_m: float
) -> Mast | None:
    """The pixels of a tower as a mast.

    Args:
        piece: True where a window of the file shows it, shape (height, width).
        corner: Column and row in the file of the window's top left pixel.
        sight: How the file was taken.
        distance_m: From the camera to the tower's place, level.

    Returns:
        None where there is too little to measure, or it lies below the camera.
    """
    rows, columns = np.nonzero(piece)
    step = max(1, len(rows) // MOST_POINTS)
    pixels = np.column_stack([columns, rows])[::step] + 0.5 + np.asarray(corner)
    if len(pixels) < BINS * BIN_POINTS:
        return None
    sensor = sensor_from_file_pixel(sight.camera, sight.turned_deg, pixels)
    rays, ok = direction_from_pixel(sight.camera, sight.pose, sensor)
    middle = rays[ok].mean(axis=0)
    level = float(np.hypot(middle[0], middle[1]))
    if level < np.cos(np.radians(HIGHEST_DEG)):
        return None
    facade = _facing(middle)
    flat = facade.flat(rays[ok]) * distance_m
    return Mast(flat[:, 0], flat[:, 1], facade, distance_m, sight)


def _facing(ray: Array) -> _Facade:
    ahead = np.array([ray[0], ray[1], 0.0]) / np.hypot(ray[0], ray[1])
    return _Facade(ahead, np.array([ahead[1], -ahead[0], 0.0]))


def largest_piece(mask: Mask) -> Mask:
    """The piece with the largest extent of what hangs together over small gaps."""
    square = np.ones((GAP_PX, GAP_PX), np.uint8)
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, square)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count == 1:
        return np.zeros_like(mask)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    number = 1 + int(np.hypot(*sides.T).argmax())
    return np.asarray(mask & (labels == number))


def lean(mast: Mast, height_m: float) -> Measured | None:
    """How far a mast leans to the right in the picture, degrees, or None.

    Only across the line of sight; one that leans to the camera looks upright. The
    axis runs through the middles between the left and right edge of slices, as many
    of which as agree on one line; a slice as narrow as a single leg has no middle.

    Args:
        mast: What was seen of it.
        height_m: Of the whole tower.

    Returns:
        None where less than a third of the height, or no clear axis, is visible. The
        sigma holds the attitude of the camera, the fit, and how upright sound towers
        stand.
    """
    slices = _slices(mast)
    wide = slices[slices[:, 2] - slices[:, 1] >= LEAST_BODY * height_m]
    seen_m = float(np.ptp(slices[:, 0])) if len(slices) else 0.0
    if seen_m < LEAST_VISIBLE * height_m or len(wide) < AGREEING * BINS:
        return None
    up_m, middle_m = wide[:, 0], wide[:, 1:3].mean(axis=1)
    agree = agreeing(up_m, middle_m, STRAIGHT * height_m)
    if agree.sum() < AGREEING * BINS or np.ptp(up_m[agree]) < AGREEING * seen_m:
        return None
    up_m, middle_m, inner_m = up_m[agree], middle_m[agree], wide[agree, 3]
    slope, fit_sigma = line_of(up_m, middle_m)
    other, _ = line_of(up_m, inner_m)
    half = len(up_m) // 2
    lower, _ = line_of(up_m[:half], middle_m[:half])
    upper, _ = line_of(up_m[half:], middle_m[half:])
    axis = np.array([[middle_m.mean(), up_m.mean()]]) + np.array(
        [[-slope, -1.0], [slope, 1.0]]
    ) * (seen_m / 2)
    sigmas = [
        _attitude_sigma_deg(mast, axis),
        np.degrees(fit_sigma),
        np.degrees(other - slope) / 2,
        np.degrees(upper - lower) / 2,
        STANDING_SIGMA_DEG,
    ]
    return Measured(float(np.degrees(np.arctan(slope))), float(np.linalg.norm(sigmas)))


def _slices(mast: Mast) -> Array:
    """Of each slice its height, left and right edge and median, (n, 4), metres."""
    low, high = np.percentile(mast.up_m, [1.0, 99.0])
    number = np.floor((mast.up_m - low) / max(high - low, 1e-9) * BINS).astype(int)
    rows = []
    for bin_ in range(BINS):
        points = mast.across_m[number == bin_]
        if len(points) >= BIN_POINTS:
            left, middle, right = np.percentile(points, [3.0, 50.0, 97.0])
            rows.append((low + (bin_ + 0.5) * (high - low) / BINS, left, right, middle))
    return np.array(rows).reshape(-1, 4)


def agreeing(x: Array, y: Array, tolerance: float) -> Mask:
    """Which points lie on the line, of all through two of them, with most points."""
    one, two = np.triu_indices(len(x), k=1)
    slope = (y[two] - y[one]) / (x[two] - x[one])
    off = np.abs(y - y[one, None] - slope[:, None] * (x - x[one, None]))
    near = off <= tolerance
    best: Mask = near[int(near.sum(axis=1).argmax())]
    return best


def line_of(x: Array, y: Array) -> tuple[float, float]:
    """Slope of the best line and its sigma; neighbouring slices are not independent."""
    x = x - x.mean()
    square = float(x @ x)
    slope = float(x @ y) / square
    scatter = float(np.std(y - y.mean() - slope * x))
    return slope, scatter * np.sqrt(ALIKE / square)


def _attitude_sigma_deg(mast: Mast, axis: Array) -> float:
    """What the camera's attitude adds to the sigma of an axis (2, 2), two places."""
    axes, sigmas = attitude_axes(mast.sight.pose)
    rays = mast.facade.rays(axis / mast.distance_m)
    found = []
    for turn in (axes.T * sigmas).T:
        (x0, y0), (x1, y1) = mast.facade.flat(rays + np.cross(turn, rays))
        found.append(np.arctan2(x1 - x0, y1 - y0))
    (x0, y0), (x1, y1) = axis
    return float(np.degrees(np.linalg.norm(found - np.arctan2(x1 - x0, y1 - y0))))


def lying(mast: Mast, height_m: float) -> Measured | None:
    """How far the long axis of what lies there is off upright, degrees 0 to 90.

    It needs no slices: what fell is bent and torn. None where it is not long: less
    than two and a half times its width, or than a third of the tower's height.
    """
    places = np.column_stack([mast.across_m, mast.up_m])
    spread, axes = np.linalg.eigh(np.cov(places.T))
    length_m, width_m = np.sqrt(12.0 * np.maximum(spread[::-1], 1e-9))  # of an even bar
    if length_m < max(SLENDER * width_m, LEAST_VISIBLE * height_m):
        return None
    middle, half = places.mean(axis=0), axes[:, 1] * length_m / 2
    off = float(np.degrees(np.arctan2(abs(axes[0, 1]), abs(axes[1, 1]))))
    attitude = _attitude_sigma_deg(mast, np.stack([middle - half, middle + half]))
    own = np.degrees(np.arctan(width_m / length_m)) / 2
    return Measured(off, float(np.hypot(attitude, own)))
