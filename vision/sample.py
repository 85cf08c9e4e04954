"""A picture with both its masks; crops of it at another scale, turned."""

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import COMPONENT, DAMAGE, IGNORED

SURROUNDINGS: Final = 254
"""A component pixel known to be no asset: background, road, water and so on."""

_THIN_SHARE: Final = 0.3  # of a reduced pixel, from which it is of a thin class
_UNSURE_SHARE: Final = 0.15
_THIN_DAMAGE: Final = (DAMAGE["crack"], DAMAGE["broken_conductor"])
_THIN_COMPONENT: Final = (COMPONENT["conductor"],)


class Sample(NamedTuple):
    """A picture and what is known of each pixel.

    `image` is uint8 red-green-blue of shape (height, width, 3); `damage` and
    `component` are uint8 of shape (height, width): classes, or 255 where the truth is
    not known. `component` may also be 254, see `SURROUNDINGS`.
    """

    image: NDArray[np.uint8]
    damage: NDArray[np.uint8]
    component: NDArray[np.uint8]


class Window(NamedTuple):
    """A square part of a picture, in its pixels."""

    column: int
    row: int
    side: int


def random_window(
    shape: tuple[int, ...],
    side_px: int,
    scales: tuple[float, float],
    rng: np.random.Generator,
) -> Window:
    """A square that becomes `side_px` at a log-uniform scale between `scales`.

    Where the picture is too small for the scale drawn, the window is as large as the
    picture allows.
    """
    height, width = shape[:2]
    scale = math.exp(rng.uniform(math.log(scales[0]), math.log(scales[1])))
    side = min(height, width, max(1, round(side_px / scale)))
    column = int(rng.integers(0, width - side + 1))
    return Window(column, int(rng.integers(0, height - side + 1)), side)


def window_around(
    mask: NDArray[np.uint8], number: int, window: Window, rng: np.random.Generator
) -> Window:
    """`window` moved so that it holds a pixel of class `number`, if there is one."""
    rows, columns = np.nonzero(mask == number)
    if len(rows) == 0:
        return window
    chosen = int(rng.integers(len(rows)))
    row = int(rows[chosen]) - int(rng.integers(window.side))
    column = int(columns[chosen]) - int(rng.integers(window.side))
    height, width = mask.shape
    return Window(
        min(max(column, 0), width - window.side),
        min(max(row, 0), height - window.side),
        window.side,
    )


def cropped(sample: Sample, window: Window, side_px: int) -> Sample:
    """The window, resized to `side_px` x `side_px`."""
    rows = slice(window.row, window.row + window.side)
    columns = slice(window.column, window.column + window.side)
    shrinks = window.side > side_px
    image = cv2.resize(
        sample.image[rows, columns],
        (side_px, side_px),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
    )
    return Sample(
        np.asarray(image, np.uint8),
        resized_mask(sample.damage[rows, columns], side_px, thin=_THIN_DAMAGE),
        resized_mask(sample.component[rows, columns], side_px, thin=_THIN_COMPONENT),
    )


def resized_mask(
    mask: NDArray[np.uint8], side_px: int, *, thin: tuple[int, ...]
) -> NDArray[np.uint8]:
    """A square mask at another size.

    Enlarged, the nearest pixel counts. Reduced, the class with the largest share of
    the area counts, except that a `thin` class takes a pixel from a share of 0.30 and
    makes it unknown from 0.15.
    """
    if len(mask) <= side_px:
        size = (side_px, side_px)
        nearest = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(nearest, np.uint8)
    values = np.unique(mask)
    if len(values) == 1:
        return np.full((side_px, side_px), values[0], np.uint8)
    shares = {int(value): _share(mask, int(value), side_px) for value in values}
    largest = np.argmax(np.stack(list(shares.values())), axis=0)
    reduced: NDArray[np.uint8] = values[largest].astype(np.uint8)
    for number in thin:
        if number in shares:
            reduced[(shares[number] >= _UNSURE_SHARE) & (reduced != number)] = IGNORED
            reduced[shares[number] >= _THIN_SHARE] = number
    return reduced


def _share(mask: NDArray[np.uint8], value: int, side_px: int) -> NDArray[np.float32]:
    """Share of each reduced pixel that has `value`, shape (side, side)."""
    exact = (mask == value).astype(np.float32)
    size = (side_px, side_px)
    return np.asarray(cv2.resize(exact, size, interpolation=cv2.INTER_AREA), np.float32)


def turned(sample: Sample, rng: np.random.Generator) -> Sample:
    """One of the eight turns and mirrorings of a square."""
    quarters, is_mirrored = int(rng.integers(4)), bool(rng.integers(2))

    def turn(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        array = np.rot90(array, quarters)
        return np.ascontiguousarray(array[:, ::-1] if is_mirrored else array)

    return Sample(*(turn(array) for array in sample))


def mirrored(sample: Sample, rng: np.random.Generator) -> Sample:
    """Left and right exchanged, or not; up stays up."""
    if rng.integers(2) == 0:
        return sample
    return Sample(*(np.ascontiguousarray(array[:, ::-1]) for array in sample))
