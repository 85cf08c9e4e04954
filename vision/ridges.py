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
from scipy import ndimage, sparse

DIRECTIONS: Final = 16  # 11.25 degrees apart
BACKGROUND_SIGMA_PX: Final = 12.0  # what is smoother than this is shade, not a line
CONTRAST_SIGMA_PX: Final = 40.0
GREY_NOISE: Final = 1.5  # grey values; keeps an empty surface from being amplified
CONTRAST_CAP: Final = 3.0  # a black blow-hole counts no more than a clear crack
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


def _shifted(plane: NDArray[np.float32], column: int, row: int) -> NDArray[np.float32]:
    """The plane moved by at most a pixel, its border repeated."""
    height, width = plane.shape
    padded = np.pad(plane, 1, mode="edge")
    return padded[1 - row : 1 - row + height, 1 - column : 1 - column + width]


def ridge_crests(strength: NDArray[np.float32], *, least: float) -> NDArray[np.bool_]:
    """Where a line is clearest: highest across itself and among its two directions."""
    crests = (strength >= np.roll(strength, 1, 0)) & (
        strength >= np.roll(strength, -1, 0)
    )
    crests &= strength > least
    for plane, crest, angle in zip(
        strength, crests, np.arange(DIRECTIONS) * np.pi / DIRECTIONS, strict=True
    ):
        column, row = round(-np.sin(angle)), round(np.cos(angle))
        crest &= plane >= _shifted(plane, column, row)  # noqa: PLW2901, a view
        crest &= plane >= _shifted(plane, -column, -row)  # noqa: PLW2901
    return crests


def _labels(crests: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Numbers of connected crests, 0 elsewhere; the last direction meets the first."""
    linked = crests | np.roll(crests, 1, 0)
    wrapped = np.concatenate([linked, linked[:1]])
    labels, count = ndimage.label(wrapped, np.ones((3, 3, 3), bool))
    meeting = linked[0]
    pairs = (labels[0][meeting], labels[-1][meeting])
    graph = sparse.coo_matrix(
        (np.ones(len(pairs[0]), bool), pairs), shape=(count + 1, count + 1)
    )
    _, merged = sparse.csgraph.connected_components(graph, directed=False)
    return np.where(crests, merged[labels[:-1]] + 1, 0)


def ridge_lines(strength: NDArray[np.float32], *, least: float) -> list[RidgeLine]:
    """Lines whose every point answers with more than `least`, in a fixed order.

    Args:
        strength: As `ridge_strength` returns it.
        least: Answer below which a line ends, over the root mean square.
    """
    labels = _labels(ridge_crests(strength, least=least))
    planes, rows, columns = np.nonzero(labels)
    if not len(rows):
        return []
    values = strength[planes, rows, columns]
    numbers = labels[planes, rows, columns]
    order = np.argsort(numbers, kind="stable")
    cuts = np.flatnonzero(np.diff(numbers[order])) + 1
    return [
        _line(columns[points], rows[points], values[points])
        for points in np.split(order, cuts)
        if len(points) >= FEWEST_POINTS
    ]


def _line(
    columns: NDArray[np.intp], rows: NDArray[np.intp], values: NDArray[np.float32]
) -> RidgeLine:
    points = np.column_stack([columns, rows]).astype(float)
    middle = points.mean(axis=0)
    offsets = points - middle
    spread, axes = np.linalg.eigh(offsets.T @ offsets / len(offsets))
    along = offsets @ axes[:, 1]
    return RidgeLine(
        columns=columns,
        rows=rows,
        strength=float(values.mean()),
        extent_px=float(np.ptp(along)),
        deviation_px=float(np.sqrt(max(spread[0], 0.0))),
        middle=middle,
        direction=axes[:, 1],
    )
