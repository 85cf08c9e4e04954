"""Strokes: polylines with a width at each point, and the share of a pixel they cover.

All lengths are pixels of the finished crop; points are `column, row`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

SUPERSAMPLING: Final = 4  # strokes are drawn this much larger, then reduced by area

_HEADING_MEMORY: Final = 0.86  # drill.md section 5: first-order noise of a crack
_WIDTH_MEMORY: Final = 0.8
_WIDTH_SIGMA: Final = 0.22  # log-width
_WANDER_SIGMA_PX: Final = 0.12  # sideways, per pixel of width
_SLOW_TURN_CHANCE: Final = 0.5
_BRANCH_ANGLE_RAD: Final = (0.4, 1.2)  # 23 to 69 degrees
_BRANCH_WIDTH: Final = (0.35, 0.8)
_BRANCH_LENGTH: Final = (0.15, 0.6)
_DEEPEST_BRANCH: Final = 2
_CHIP_CHANCE: Final = 0.12  # a segment


class Stroke(NamedTuple):
    """A polyline: `points_px` of shape (N, 2), `widths_px` of shape (N,)."""

    points_px: NDArray[np.float64]
    widths_px: NDArray[np.float64]


class Path(NamedTuple):
    """Where a crack starts and what it is like along its way."""

    start_px: NDArray[np.float64]  # shape (2,)
    heading_rad: float
    length_px: float
    width_px: float
    roughness_rad: float  # innovation of the heading per step


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform between those of `low` and `high`."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def correlated_noise(
    rng: np.random.Generator, count: int, *, memory: float, sigma: float
) -> NDArray[np.float64]:
    """First-order autoregressive noise of shape (count,) that starts at zero."""
    innovations = rng.normal(0, sigma, count)
    innovations[0] = 0
    noise: NDArray[np.float64] = lfilter([1.0], [1.0, -memory], innovations)
    return noise


def smooth_noise(
    rng: np.random.Generator, side_px: int, cells: int
) -> NDArray[np.float32]:
    """Standard normal noise on `cells` x `cells`, interpolated to a square crop."""
    coarse = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    fine = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32)


def direction(angle_rad: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vectors `column, row` of shape (..., 2)."""
    return np.stack([np.cos(angle_rad), np.sin(angle_rad)], axis=-1)


def crack_stroke(rng: np.random.Generator, path: Path) -> Stroke:
    """One crack without branches: a wandering heading and a tapered, uneven width."""
    step_px = max(2.5, 0.6 * path.width_px)
    count = max(6, int(path.length_px / step_px))
    headings = path.heading_rad + correlated_noise(
        rng, count, memory=_HEADING_MEMORY, sigma=path.roughness_rad
    )
    if rng.random() < _SLOW_TURN_CHANCE:
        headings = headings + correlated_noise(rng, count, memory=0.99, sigma=0.03)
    along = np.linspace(0, 1, count)
    taper = np.minimum(along, 1 - along) * rng.uniform(4, 14) + 0.25
    unevenness = correlated_noise(rng, count, memory=_WIDTH_MEMORY, sigma=_WIDTH_SIGMA)
    widths = path.width_px * np.exp(unevenness) * np.clip(taper, 0, 1)
    points = path.start_px + np.cumsum(direction(headings) * step_px, axis=0)
    wander = rng.normal(0, _WANDER_SIGMA_PX, (count, 2)) * widths[:, None]
    return Stroke(points + wander, widths)


def branch(rng: np.random.Generator, parent: Path, stroke: Stroke) -> Path:
    """A thinner, shorter crack that leaves `stroke` at 23 to 69 degrees."""
    at = int(rng.integers(1, len(stroke.points_px) - 1))
    column, row = stroke.points_px[at] - stroke.points_px[at - 1]
    side = int(rng.choice([-1, 1]))
    return Path(
        start_px=stroke.points_px[at],
        heading_rad=float(np.arctan2(row, column))
        + side * rng.uniform(*_BRANCH_ANGLE_RAD),
        length_px=parent.length_px * rng.uniform(*_BRANCH_LENGTH),
        width_px=parent.width_px * rng.uniform(*_BRANCH_WIDTH),
        roughness_rad=parent.roughness_rad,
    )


def branched_crack(
    rng: np.random.Generator, path: Path, *, depth: int = 0
) -> list[Stroke]:
    """A crack with 0 to 2 branches, each with 0 or 1 of its own."""
    stroke = crack_stroke(rng, path)
    strokes = [stroke]
    if depth < _DEEPEST_BRANCH:
        for _ in range(int(rng.integers(0, 3 if depth == 0 else 2))):
            strokes += branched_crack(rng, branch(rng, path, stroke), depth=depth + 1)
    return strokes


def coverage(
    strokes: Sequence[Stroke],
    side_px: int,
    *,
    chips_rng: np.random.Generator | None = None,
) -> NDArray[np.float32]:
    """Share of each pixel that strokes cover.

    Args:
        strokes: What to draw; parts outside the crop are cut off.
        side_px: Side of the square crop.
        chips_rng: If given, small round chips are broken out along the edges.

    Returns:
        Shape (side, side), 0 to 1.
    """
    large = np.zeros((side_px * SUPERSAMPLING, side_px * SUPERSAMPLING), np.uint8)
    for stroke in strokes:
        _draw_stroke(large, stroke)
        if chips_rng is not None:
            _draw_chips(large, stroke, chips_rng)
    reduced = cv2.resize(large, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, np.float32) / np.float32(255)


def _draw_stroke(large: NDArray[np.uint8], stroke: Stroke) -> None:
    """Draw into the supersampled picture, in place."""
    points = np.round(stroke.points_px * SUPERSAMPLING).astype(int).tolist()
    widths = np.maximum(1, np.round(stroke.widths_px * SUPERSAMPLING)).astype(int)
    for start, end, width in zip(points, points[1:], widths.tolist(), strict=False):
        cv2.line(large, start, end, 255, width)


def _draw_chips(
    large: NDArray[np.uint8], stroke: Stroke, rng: np.random.Generator
) -> None:
    """Draw discs beside the line of `stroke` into the supersampled picture."""
    chipped = np.flatnonzero(rng.random(len(stroke.points_px)) < _CHIP_CHANCE)
    for at in chipped:
        width = max(1.0, float(stroke.widths_px[at]) * SUPERSAMPLING)
        middle = stroke.points_px[at] * SUPERSAMPLING + rng.normal(0, 0.5 * width, 2)
        radius = max(1, int(width * rng.uniform(0.3, 0.8)))
        cv2.circle(large, middle.astype(int).tolist(), radius, 255, -1)
