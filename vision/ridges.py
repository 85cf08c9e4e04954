"""Thin lines in a picture, by direction: a filter bank, and its lines followed.

Every direction has its own plane, so lines that cross stay apart. Each plane is divided
by its own root mean square: where the whole surface is grained one way (boards of a
formwork, rain streaks, grass), a line that way has to be so much clearer.
"""

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

DIRECTIONS: Final = 16  # 11.25 degrees apart
BACKGROUND_SIGMA_PX: Final = 12.0  # what is smoother than this is shade, not a line
CONTRAST_SIGMA_PX: Final = 40.0
GREY_NOISE: Final = 1.5  # grey values; keeps an empty surface from being amplified
CONTRAST_CAP: Final = 3.0  # a black blow-hole counts no more than a clear crack
TOGETHER: Final = 3  # directions between which noise tosses a straight line
FEWEST_POINTS: Final = 8  # of a line: fewer have no direction


class RidgeLine(NamedTuple):
    """A connected thin line of one polarity.

    Attributes:
        columns: Whole pixels, in no particular order.
        rows: The same.
        strength: Mean answer of the filter over its root mean square.
        extent_px: Length along the line's main direction.
        deviation_px: Root mean square distance from the straight line through it.
        middle: Mean column and row.
        direction: Unit vector (column, row) of the main direction.
    """

    columns: NDArray[np.intp]
    rows: NDArray[np.intp]
    strength: float
    extent_px: float
    deviation_px: float
    middle: NDArray[np.float64]
    direction: NDArray[np.float64]


class Points(NamedTuple):
    """Places where the filters answer, shape (N,) each.

    `planes` are directions, `values` answers over the root mean square.
    """

    planes: NDArray[np.intp]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: NDArray[np.float32]

    def where(self, kept: NDArray[np.bool_]) -> "Points":
        """The points for which `kept` is True."""
        return Points(
            self.planes[kept], self.rows[kept], self.columns[kept], self.values[kept]
        )


def flattened(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey values without shade and of even contrast, about -3 to 3."""
    values = grey.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), BACKGROUND_SIGMA_PX)
    power = detail * detail
    capped = np.minimum(power, 4.0 * power.mean())
    spread = np.sqrt(cv2.GaussianBlur(capped, (0, 0), CONTRAST_SIGMA_PX))
    even = detail / (spread + GREY_NOISE)
    return np.asarray(np.clip(even, -CONTRAST_CAP, CONTRAST_CAP), np.float32)


@lru_cache(maxsize=8)
def ridge_kernels(width_px: float, length_px: float) -> tuple[NDArray[np.float32], ...]:
    """Filters for dark lines, one a direction; each sums to 0 and has unit energy.

    Across the line the second derivative of a Gaussian, along it a Gaussian.

    Args:
        width_px: Sigma across; answers most to a line of about twice that width.
        length_px: Sigma along.
    """
    reach = int(3 * max(width_px, length_px) + 0.5)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    kernels = []
    for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        along = columns * np.cos(angle) + rows * np.sin(angle)
        across = -columns * np.sin(angle) + rows * np.cos(angle)
        ratio = (across / width_px) ** 2
        kernel = (ratio - 1) * np.exp(-(ratio + (along / length_px) ** 2) / 2)
        surplus = kernel[kernel > 0].sum() / -kernel[kernel < 0].sum()
        kernel[kernel < 0] *= surplus
        kernels.append((kernel / np.linalg.norm(kernel)).astype(np.float32))
    return tuple(kernels)


def ridge_strength(
    grey: NDArray[np.uint8], *, width_px: float, length_px: float
) -> NDArray[np.float32]:
    """How line-like every pixel is in every direction.

    Args:
        grey: Shape (height, width).
        width_px: Half the width of the lines looked for.
        length_px: Sigma along the line.

    Returns:
        Shape (16, height, width), root mean square 1 in each plane; positive on dark
        lines, negative on bright ones.
    """
    flat = flattened(grey)
    strength = np.stack(
        [
            cv2.filter2D(flat, -1, kernel, borderType=cv2.BORDER_REFLECT)
            for kernel in ridge_kernels(width_px, length_px)
        ]
    )
    power = (strength * strength).mean(axis=(1, 2), dtype=np.float64, keepdims=True)
    return np.asarray(strength / np.sqrt(np.maximum(power, 1e-6)), np.float32)


def _across(direction: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Steps in rows and columns to the neighbour across each direction."""
    angle = direction * (np.pi / DIRECTIONS)
    return (
        np.rint(np.cos(angle)).astype(np.intp),
        np.rint(-np.sin(angle)).astype(np.intp),
    )


def ridge_crests(strength: NDArray[np.float32], *, least: float) -> Points:
    """Where a line is clearest: highest across itself and among its two directions."""
    planes, rows, columns = np.nonzero(strength > least)
    values = strength[planes, rows, columns]
    down, right = _across(planes)
    _, height, width = strength.shape
    highest = np.ones(len(values), bool)
    for side in (-1, 1):
        beside = (
            planes,
            np.clip(rows + side * down, 0, height - 1),
            np.clip(columns + side * right, 0, width - 1),
        )
        turned = (planes + side) % DIRECTIONS, rows, columns
        highest &= (values >= strength[beside]) & (values >= strength[turned])
    return Points(planes, rows, columns, values).where(highest)


def _runs(points: Points) -> list[NDArray[np.intp]]:
    """Positions of the points of each line: neighbours up to two directions apart.

    The last direction is the neighbour of the first: they are half a turn apart.
    """
    places = np.column_stack([points.planes / 2.0, points.rows, points.columns])
    tree = cKDTree(places, boxsize=[DIRECTIONS / 2.0, 0.0, 0.0])
    pairs = tree.query_pairs(1.0, p=np.inf, output_type="ndarray")
    graph = sparse.coo_matrix(
        (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])),
        shape=(len(places), len(places)),
    )
    _, numbers = connected_components(graph, directed=False)
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    runs = np.split(order, cuts)
    return [run for run in runs if len(run) >= FEWEST_POINTS]


def without_straight_runs(
    points: Points, *, extent_px: float, deviation_px: float
) -> Points:
    """Points that are on no straight run: joints, edges and wires go, bends stay.

    Three neighbouring directions are looked at together, one triple after the other,
    so that a web of joints falls apart into its straight sides.

    Args:
        points: Crests.
        extent_px: Shorter runs stay.
        deviation_px: Largest root mean square distance from the straight line.
    """
    kept = np.ones(len(points.rows), bool)
    fewest = extent_px / np.sqrt(2.0)  # of a diagonal
    for first in range(DIRECTIONS):
        near = (points.planes - first) % DIRECTIONS < TOGETHER
        chosen = np.flatnonzero(near)
        part = points.where(near)
        for run in _runs(part) if len(chosen) else ():
            if len(run) < fewest:
                continue
            line = _line(part, run)
            if line.extent_px >= extent_px and line.deviation_px <= deviation_px:
                kept[chosen[run]] = False
    return points.where(kept)


def ridge_lines(points: Points) -> list[RidgeLine]:
    """Crests that touch, as lines, in a fixed order."""
    if not len(points.rows):
        return []
    return [_line(points, run) for run in _runs(points)]


def _line(points: Points, run: NDArray[np.intp]) -> RidgeLine:
    rows, columns = points.rows[run], points.columns[run]
    places = np.column_stack([columns, rows]).astype(float)
    middle = places.mean(axis=0)
    offsets = places - middle
    spread, axes = np.linalg.eigh(offsets.T @ offsets / len(offsets))
    along = offsets @ axes[:, 1]
    return RidgeLine(
        columns=columns,
        rows=rows,
        strength=float(points.values[run].mean()),
        extent_px=float(np.ptp(along)),
        deviation_px=float(np.sqrt(max(spread[0], 0.0))),
        middle=middle,
        direction=axes[:, 1],
    )
