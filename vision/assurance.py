"""Promises about probabilities and misses, checked on worlds they were not made on.

Pictures are divided by the parity of their world's number: on the even ones a promise
is fitted, on the odd ones it is checked, so that nothing vouches for itself.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.datasets import LabelledPicture
from vision.evaluation import SHOWN_PX, Seen
from vision.metrics import CALIBRATION_BINS

MISS_RATE: Final = 0.1  # of the pixels of a class, on an average picture
_GRID: Final = 1000  # thresholds looked at, 0 to 1


class Reliability(NamedTuple):
    """Of the pixels in each of 15 equal bins of confidence.

    Each of shape (15,): pixels, sum of confidence, pixels that are right.
    """

    pixels: NDArray[np.float64]
    confidence: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def error(self) -> float | None:
        """Expected calibration error (Guo et al. 2017, equation 3); None of none."""
        total = int(self.pixels.sum())
        return (
            float(np.abs(self.right - self.confidence).sum()) / total if total else None
        )


class MissControl(NamedTuple):
    """Threshold at which at most a share of a class is missed, and what was seen.

    Attributes:
        threshold: Found is what is at least so likely; None where no threshold keeps
            the promise (too few pictures).
        stated: Promised mean share missed, on a picture that shows the class.
        seen: Mean share missed on the pictures checked on; None if there are none.
        fitted_on: Pictures with the class that it was fitted on.
        checked_on: Pictures with the class that it was checked on.
    """

    threshold: float | None
    stated: float
    seen: float | None
    fitted_on: int
    checked_on: int


def by_parity(
    pictures: Sequence[LabelledPicture],
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Even and odd worlds: pictures of one group are never divided.

    A group that is a number counts by itself (a drill's seed), else by its place among
    the sorted names.
    """
    names = sorted({picture.group for picture in pictures})
    odd = {
        name
        for place, name in enumerate(names)
        if (int(name) if name.isdigit() else place) % 2
    }
    return (
        [picture for picture in pictures if picture.group not in odd],
        [picture for picture in pictures if picture.group in odd],
    )


def reliability(
    planes: NDArray[np.float32], numbers: Sequence[int], true: NDArray[np.uint8]
) -> Reliability:
    """How often the likeliest class is right, by how likely it is said to be.

    Args:
        planes: Probabilities of all classes, shape (classes, height, width).
        numbers: Index of each plane's class in `true`.
        true: Classes; pixels of none of `numbers` are left out.
    """
    counted = np.isin(true, list(numbers))
    confidence = planes.max(axis=0)[counted].astype(np.float64)
    said = np.asarray(numbers)[planes.argmax(axis=0)[counted]]
    right = said == true[counted]
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    weights = (np.ones_like(confidence), confidence, right.astype(np.float64))
    sums = (np.bincount(bins, each, minlength=CALIBRATION_BINS) for each in weights)
    return Reliability(*(each.astype(np.float64) for each in sums))


def together(parts: Iterable[Reliability]) -> Reliability:
    """The pixels of several pictures in one."""
    sums = np.zeros((3, CALIBRATION_BINS))
    for part in parts:
        sums += np.stack(part)
    return Reliability(*sums)


def miss_shares(
    pictures: Iterable[Seen], place: int, number: int
) -> NDArray[np.float64]:
    """Share of a class missed on each picture that shows it, by threshold.

    Args:
        pictures: Looked at.
        place: Position of the class in their planes.
        number: Index of the class in their damage.

    Returns:
        Shape (pictures with the class, 1001), thresholds 0, .001 .. 1; never falling.
    """
    rows = []
    for picture in pictures:
        shown = picture.damage == number
        if int(shown.sum()) < SHOWN_PX:
            continue
        scores = np.sort(picture.planes[place].astype(np.float64)[shown])
        steps = np.arange(_GRID + 1) / _GRID
        rows.append(np.searchsorted(scores, steps, side="left") / len(scores))
    return np.array(rows).reshape(len(rows), _GRID + 1)


def miss_control(
    fitted: NDArray[np.float64],
    checked: NDArray[np.float64],
    *,
    stated: float = MISS_RATE,
) -> MissControl:
    """The highest threshold that promises a mean miss of at most `stated`.

    The promise is about the average over pictures exchangeable with those fitted on:
    (n m + 1) / (n + 1) is at most `stated`, m being the mean miss on n pictures.

    Args:
        fitted: As from `miss_shares`.
        checked: The same of other worlds.
        stated: Share of the class's pixels.

    Source:
        Angelopoulos et al. 2024, "Conformal risk control", arXiv 2208.02814, theorem 1.
    """
    count = len(fitted)
    bound = (fitted.sum(axis=0) + 1) / (count + 1)
    kept = np.flatnonzero(bound <= stated)
    if len(kept) == 0:
        return MissControl(None, stated, None, count, len(checked))
    step = int(kept[-1])
    seen = float(checked[:, step].mean()) if len(checked) else math.nan
    return MissControl(
        step / _GRID, stated, None if math.isnan(seen) else seen, count, len(checked)
    )
