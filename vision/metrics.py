"""How good is a mask, and how honest a probability?

A pixel whose truth is 255 is left out everywhere. Scores are None where nothing is
there to be scored: neither 0 nor 1 would be true.
"""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import IGNORED

CALIBRATION_BINS: Final = 15  # Guo et al. 2017, arXiv 1706.04599


class Counts(NamedTuple):
    """Pixels of one class; adding two gives those of both pictures.

    `found_true` of `found` pixels are right; `true_found` of `true` pixels are found.
    With no tolerance the two numbers of hits are the same.
    """

    found: int
    found_true: int
    true: int
    true_found: int

    def plus(self, other: "Counts") -> "Counts":
        """The counts of two pictures together."""
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


NO_COUNTS: Final = Counts(0, 0, 0, 0)


def ratio(part: float, whole: float) -> float | None:
    """`part` of `whole`, or None if there is no whole."""
    return part / whole if whole else None


def precision(counts: Counts) -> float | None:
    """Share of what was found that is right."""
    return ratio(counts.found_true, counts.found)


def recall(counts: Counts) -> float | None:
    """Share of what is there that was found."""
    return ratio(counts.true_found, counts.true)


def f1(counts: Counts) -> float | None:
    """Harmonic mean of precision and recall; None if nothing is there nor found."""
    if counts.found + counts.true == 0:
        return None
    p, r = precision(counts) or 0.0, recall(counts) or 0.0
    return 2 * p * r / (p + r) if p + r else 0.0


def counts_within(
    found: NDArray[np.bool_],
    true: NDArray[np.bool_],
    known: NDArray[np.bool_],
    *,
    tolerance_px: float = 0.0,
) -> Counts:
    """Counts in which a pixel is right if the other mask is at most so far away.

    Labels of cracks are drawn as lines of one width, so that strict scores punish a
    true outline; both are to be reported.

    Args:
        found: What a detector says, shape (height, width).
        true: What is there.
        known: Where the truth is known; elsewhere nothing counts.
        tolerance_px: Euclidean distance between middles of pixels.
    """
    found, true = found & known, true & known
    near_true = within(true, tolerance_px)
    near_found = within(found, tolerance_px)
    return Counts(
        found=int(found.sum()),
        found_true=int((found & near_true).sum()),
        true=int(true.sum()),
        true_found=int((true & near_found).sum()),
    )


def within(mask: NDArray[np.bool_], distance_px: float) -> NDArray[np.bool_]:
    """Pixels at most `distance_px` from one of `mask`."""
    if distance_px == 0 or not mask.any():
        return mask
    outside = (~mask).astype(np.uint8)
    distances = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distances <= distance_px + 1e-3)


def intersection_over_union(counts: Counts) -> float | None:
    """IoU from strict counts; None if the class is neither there nor found."""
    return ratio(counts.found_true, counts.found + counts.true - counts.found_true)


def calibration_error(
    probabilities: NDArray[np.float32], true: NDArray[np.uint8]
) -> float:
    """Expected calibration error of the likeliest class.

    Mean distance between confidence and share of right pixels over 15 equal bins of
    confidence, weighted by the pixels in each.

    Args:
        probabilities: Shape (classes, height, width) or (classes, pixels).
        true: Classes, of the remaining shape; those not below `classes` are left out.

    Source:
        Guo et al. 2017, arXiv 1706.04599, equation 3.
    """
    counted = true < len(probabilities)
    confidence = probabilities.max(axis=0)[counted]
    right = (probabilities.argmax(axis=0) == true)[counted]
    if len(right) == 0:
        return 0.0
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    surplus = np.bincount(bins, right - confidence.astype(np.float64))
    return float(np.abs(surplus).sum() / len(right))


def known_mask(true: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where the truth is known."""
    return np.asarray(true != IGNORED)
