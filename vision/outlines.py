"""Class indices -> outlines: where each piece of damage is, how large, how sure."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SMALLEST_PX: Final = 30
"""Smaller pieces are dropped: they halve false damage at an F1 within .03."""
SIMPLIFIED_PX: Final = 0.75
"""Vertices that move the outline by less are left out."""
CORNERS_OF_AN_AREA: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One connected piece of one class.

    Attributes:
        index: Class index, as in the map it came from.
        polygon: Column and row of its corners, shape (k, 2), k >= 3; the middle of the
            top left pixel is (0.5, 0.5). Holes are not kept.
        area_px: Pixels of the piece.
        score: Mean probability over its pixels, 0 to 1.
        length_px: Length of its middle line: half of what is left of the outline when
            both ends are taken off, the diameter for a round one.
        max_width_px: Twice the largest distance from inside to the border.
    """

    index: int
    polygon: NDArray[np.float64]
    area_px: int
    score: float
    length_px: float
    max_width_px: float


def outlines(
    indices: NDArray[np.uint8], probability: NDArray[np.uint8]
) -> list[Outline]:
    """Every piece of every class but 0, by class, then from the top, then the left.

    Args:
        indices: Class of every pixel, shape (height, width).
        probability: round(255 * P(any damage)), same shape.
    """
    found: list[Outline] = []
    for index in np.unique(indices[indices > 0]):
        mask = np.asarray(indices == index, np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        sizes = stats[:, cv2.CC_STAT_AREA]
        kept = [n for n in range(1, count) if sizes[n] >= SMALLEST_PX]
        kept.sort(key=lambda n: (stats[n, cv2.CC_STAT_TOP], stats[n, cv2.CC_STAT_LEFT]))
        pieces = (
            _outline(int(index), labels == n, stats[n], probability) for n in kept
        )
        found += [piece for piece in pieces if piece is not None]
    return found


def _outline(
    index: int,
    piece: NDArray[np.bool_],
    stats: NDArray[np.int32],
    probability: NDArray[np.uint8],
) -> Outline | None:
    """One piece; None where it is too thin a line to have corners."""
    left, top = int(stats[cv2.CC_STAT_LEFT]), int(stats[cv2.CC_STAT_TOP])
    width, height = int(stats[cv2.CC_STAT_WIDTH]), int(stats[cv2.CC_STAT_HEIGHT])
    box = slice(top, top + height), slice(left, left + width)
    shape = np.pad(piece[box], 1).astype(np.uint8)
    borders, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    border = max(borders, key=len)
    corners = cv2.approxPolyDP(border, SIMPLIFIED_PX, closed=True)[:, 0, :]
    if len(corners) < CORNERS_OF_AN_AREA:
        return None
    max_width_px = 2.0 * float(cv2.distanceTransform(shape, cv2.DIST_L2, 5).max()) - 1.0
    around_px = float(cv2.arcLength(border, closed=True))
    return Outline(
        index=index,
        polygon=corners + np.array([left - 0.5, top - 0.5]),
        area_px=int(stats[cv2.CC_STAT_AREA]),
        score=float(probability[box][piece[box]].mean()) / 255.0,
        length_px=max(around_px / 2.0 - max_width_px, max_width_px),
        max_width_px=max_width_px,
    )
