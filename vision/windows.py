"""Overlapping windows over a picture, and their answers blended back row by row."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

WINDOW_PX: Final = 512  # fastest side on one core (docs/measured.md)
OVERLAP_PX: Final = 64  # two strides of the deepest features: edges see too little
SIDE_MULTIPLE_PX: Final = 32  # the network's sides are multiples of this
BATCH: Final = 1  # more gained nothing on one thread
BLOCK_ROWS: Final = 32  # handed on at once: keeps wide pictures in memory

Predict: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Pictures (N, height, width, 3) to planes (N, classes, height, width)."""


class Axis(NamedTuple):
    """How one side of a picture is cut.

    Attributes:
        size_px: Length of the side.
        window_px: Length of every window, a multiple of 32; may exceed `size_px`.
        starts: First pixel of each window, increasing.
        weights: Shape (windows, window_px); over one pixel they sum to 1.
    """

    size_px: int
    window_px: int
    starts: tuple[int, ...]
    weights: NDArray[np.float32]


class Rows(NamedTuple):
    """Finished rows of the whole picture, shape (classes, rows, width)."""

    first: int
    planes: NDArray[np.float32]


def window_starts(size_px: int, window_px: int, overlap_px: int) -> tuple[int, ...]:
    """First pixels of evenly spread windows that cover a side.

    >>> window_starts(1000, 512, 64)
    (0, 244, 488)
    """
    if size_px <= window_px:
        return (0,)
    count = -(-(size_px - overlap_px) // (window_px - overlap_px))
    span = size_px - window_px
    return tuple(number * span // (count - 1) for number in range(count))


def axis_weights(
    starts: Sequence[int], size_px: int, window_px: int
) -> NDArray[np.float32]:
    """Weight of every window at every pixel of its own, shape (windows, window_px).

    Inside an overlap the weight goes linearly from one window to the next, so that
    no seam shows; at the picture's own borders it stays 1. Pixels of padding count 0.
    """
    weights = np.ones((len(starts), window_px), np.float64)
    for number, (first, second) in enumerate(pairwise(starts)):
        shared_px = first + window_px - second
        ramp = (np.arange(shared_px) + 0.5) / shared_px
        weights[number, window_px - shared_px :] *= 1.0 - ramp
        weights[number + 1, :shared_px] *= ramp
    total = np.zeros(max(size_px, window_px))
    for start, weight in zip(starts, weights, strict=True):
        total[start : start + window_px] += weight
    for start, weight in zip(starts, weights, strict=True):
        weight /= total[start : start + window_px]  # noqa: PLW2901, a view of a row
    return weights.astype(np.float32)


def cut_axis(
    size_px: int, *, window_px: int = WINDOW_PX, overlap_px: int = OVERLAP_PX
) -> Axis:
    """The windows of one side; a side shorter than a window gets one that fits it."""
    padded_px = -(-size_px // SIDE_MULTIPLE_PX) * SIDE_MULTIPLE_PX
    length_px = min(window_px, padded_px)
    starts = window_starts(size_px, length_px, overlap_px)
    return Axis(size_px, length_px, starts, axis_weights(starts, size_px, length_px))


def window_pixels(
    rgb: NDArray[np.uint8], row: int, column: int, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """One window (height, width, 3), mirrored where it reaches beyond the picture."""
    crop = rgb[row : row + shape[0], column : column + shape[1]]
    missing = (shape[0] - crop.shape[0], shape[1] - crop.shape[1])
    if not any(missing):
        return crop
    return np.pad(crop, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


def row_of_windows(
    rgb: NDArray[np.uint8], row: int, down: Axis, across: Axis, *, batch: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Batches of one row of windows: number of their first, pixels (n, h, w, 3)."""
    shape = (down.window_px, across.window_px)
    for first in range(0, len(across.starts), batch):
        columns = across.starts[first : first + batch]
        yield (
            first,
            np.stack([window_pixels(rgb, row, column, shape) for column in columns]),
        )


def blended_rows(
    predict: Predict,
    rgb: NDArray[np.uint8],
    *,
    classes: int,
    window_px: int = WINDOW_PX,
    overlap_px: int = OVERLAP_PX,
    batch: int = BATCH,
) -> Iterator[Rows]:
    """Planes of the whole picture, from the top, as soon as rows are finished.

    Only one row of windows is held, so memory grows with the width alone. Windows are
    added in a fixed order: the batch changes no bit as long as `predict` treats the
    pictures of a batch one by one.

    Args:
        predict: Network; sides of what it gets are multiples of 32.
        rgb: Shape (height, width, 3), each side at least 1.
        classes: Planes that `predict` returns.
        window_px: Side of a window, a multiple of 32.
        overlap_px: Smallest overlap of neighbours, less than half of `window_px`.
        batch: Windows given to `predict` at once.

    Yields:
        Consecutive blocks that together are the picture.
    """
    down, across = (
        cut_axis(size, window_px=window_px, overlap_px=overlap_px)
        for size in rgb.shape[:2]
    )
    width = max(across.size_px, across.window_px)
    sums = np.zeros((classes, down.window_px, width), np.float32)
    ends = (*down.starts[1:], down.size_px)
    for number, (row, end) in enumerate(zip(down.starts, ends, strict=True)):
        for first, pixels in row_of_windows(rgb, row, down, across, batch=batch):
            for offset, planes in enumerate(predict(pixels)):
                column = across.starts[first + offset]
                weight = down.weights[number][:, None] * across.weights[first + offset]
                sums[:, :, column : column + across.window_px] += planes * weight
        for top in range(row, end, BLOCK_ROWS):
            bottom = min(top + BLOCK_ROWS, end)
            finished = sums[:, top - row : bottom - row, : across.size_px]
            yield Rows(top, finished.copy())
        kept = down.window_px - (end - row)
        sums[:, :kept] = sums[:, end - row :].copy()
        sums[:, kept:] = 0
