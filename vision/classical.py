"""The same question without a network: lines found by a filter bank and by rules.

It knows nothing of the weights, so that it can contradict them. It speaks only of what
it can see: a wrong contradiction costs a grade, an untested cell costs nothing.
"""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.ridges import (
    RidgeLine,
    ridge_crests,
    ridge_lines,
    ridge_strength,
    without_straight_runs,
)

UNTESTED: Final = -1
INTACT: Final = 0
CRACKED: Final = 1
CRACKED_WIDELY: Final = 2

CRACK_KINDS: Final = ("bridge", "dam")
SPAN: Final = "span"
CRACK_GSD_M: Final = 0.005  # DEFINITIONS, section 5: D1 of a bridge
CONDUCTOR_GSD_M: Final = 0.015  # the same: D2 of a span
WIDE_SHARE: Final = 0.01  # DEFINITIONS, section 4: a of level 2
FEWEST_PX: Final = 60  # side of a cell below which no line has a shape
MOST_PX: Final = 1_000_000  # of a crop: more would hold up the whole frame

CRACK_WIDTH_PX: Final = 0.8
CRACK_LENGTH_PX: Final = 5.0
CRACK_LEAST: Final = 3.7  # of the filter's answer, over its root mean square
CRACK_STRENGTH: Final = 4.5  # mean of a line
CRACK_EXTENT_PX: Final = 40.0
STRAIGHT_EXTENT_PX: Final = 50.0  # a crack is seldom straight for so long
STRAIGHT_PX: Final = 0.6
STRAIGHT: Final = 0.01  # deviation over extent: below is a joint, an edge, a wire

CONDUCTOR_WIDTH_PX: Final = 1.5
CONDUCTOR_LENGTH_PX: Final = 6.0
CONDUCTOR_LEAST: Final = 3.5
CONDUCTOR_EXTENT_PX: Final = 60.0
THROUGH_SHARE: Final = 0.95  # of its way through a cell that a line covers
LONG_WAY: Final = 0.5  # of the longest way through: less only clips a corner

THICK_PX: Final = 0.8  # by which a line two pixels wide deviates from itself
LIT: Final = (60.0, 235.0)  # median grey value between which a crack has contrast
ROUGH_GREY: Final = 6.0  # detail, grey values: a rougher surface hides cracks
EDGE_GREY: Final = 40.0  # step over 3 px: an edge of something, no crack
MOST_EDGES: Final = 0.01  # share of a cell
ROUGH_SIGMA_PX: Final = 2.0
STAIN_GREY: Final = 30.0  # darkest to brightest hundredth of a cell: water, rust, soot
STAIN_SIGMA_PX: Final = 4.0

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def _grey(rgb: NDArray[np.uint8]) -> Grey:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def _drawn(lines: Sequence[RidgeLine], shape: tuple[int, ...]) -> Mask:
    """The middles of lines as a mask."""
    mask = np.zeros(shape[:2], bool)
    for line in lines:
        mask[line.rows, line.columns] = True
    return mask


def crack_lines(grey: Grey) -> list[RidgeLine]:
    """Dark lines that are clear, long, and wander as no joint does."""
    strength = ridge_strength(grey, width_px=CRACK_WIDTH_PX, length_px=CRACK_LENGTH_PX)
    bent = without_straight_runs(
        ridge_crests(strength, least=CRACK_LEAST),
        extent_px=STRAIGHT_EXTENT_PX,
        deviation_px=STRAIGHT_PX,
    )
    return [
        line
        for line in ridge_lines(bent)
        if line.strength >= CRACK_STRENGTH
        and line.extent_px >= CRACK_EXTENT_PX
        and not is_straight(line)
    ]


def crack_mask(rgb: NDArray[np.uint8]) -> Mask:
    """The middle lines of cracks, a pixel or two wide, shape (height, width).

    Args:
        rgb: Shape (height, width, 3), a surface of concrete seen from near.
    """
    return _drawn(crack_lines(_grey(rgb)), rgb.shape)


def thin_lines(grey: Grey) -> list[RidgeLine]:
    """Lines darker or brighter than what is behind them, straight or not."""
    strength = ridge_strength(
        grey, width_px=CONDUCTOR_WIDTH_PX, length_px=CONDUCTOR_LENGTH_PX
    )
    dark, bright = (
        ridge_lines(ridge_crests(sign * strength, least=CONDUCTOR_LEAST))
        for sign in (np.float32(1), np.float32(-1))
    )
    return [line for line in dark + bright if line.extent_px >= CONDUCTOR_EXTENT_PX]


def is_straight(line: RidgeLine) -> bool:
    """Whether a line runs as a taut wire or a joint does, and no crack."""
    return line.deviation_px < max(STRAIGHT * line.extent_px, THICK_PX)


def conductor_mask(rgb: NDArray[np.uint8]) -> Mask:
    """The middle lines of conductors, a pixel or two wide, shape (height, width).

    Road markings, kerbs and lattice bars are straight and thin too: it cannot tell.

    Args:
        rgb: Shape (height, width, 3).
    """
    lines = [line for line in thin_lines(_grey(rgb)) if is_straight(line)]
    return _drawn(lines, rgb.shape)


def second_opinion(
    rgb: NDArray[np.uint8], kind: str, cell: NDArray[np.bool_], gsd_m: float
) -> int:
    """Level z' of one cell as rules see it, or -1 where they cannot tell.

    Args:
        rgb: The picture around the cell, shape (height, width, 3).
        kind: The asset's: bridge, dam, tower, span, substation, link.
        cell: Where the cell is, shape (height, width).
        gsd_m: Metres a pixel at the cell.

    Returns:
        -1 untested; 0 no crack, or every thin line of a span goes right through the
        cell; 1 or 2: the middle lines of cracks are below or above 1 % of the cell.
        A conductor that ends is never claimed: an end, a shadow's edge and a change of
        background look alike.

    Source:
        DEFINITIONS, section 4, "Second method".
    """
    if rgb.shape[0] * rgb.shape[1] > MOST_PX or cell.sum() < FEWEST_PX**2:
        return UNTESTED
    if kind in CRACK_KINDS and gsd_m <= CRACK_GSD_M:
        return _crack_level(rgb, cell)
    if kind == SPAN and gsd_m <= CONDUCTOR_GSD_M:
        return _span_level(rgb, cell)
    return UNTESTED


def is_readable(grey: Grey, cell: Mask) -> bool:
    """Whether a crack inside the cell would have been seen: lit, smooth, no edges.

    Railings, gaps, rubble, leaves and shifted parts all have edges: of such a surface
    a detector of cracks can say nothing.
    """
    if not LIT[0] <= float(np.median(grey[cell])) <= LIT[1]:
        return False
    values = grey.astype(np.float32)
    detail = np.abs(values - cv2.GaussianBlur(values, (0, 0), ROUGH_SIGMA_PX))
    square = np.ones((3, 3), np.uint8)
    step = cv2.dilate(values, square) - cv2.erode(values, square)
    return bool(
        np.median(detail[cell]) <= ROUGH_GREY
        and np.mean(step[cell] > EDGE_GREY) <= MOST_EDGES
    )


def is_even(grey: Grey, cell: Mask) -> bool:
    """Whether the cell is of one tone: what is stained may seep or have spalled."""
    values = cv2.GaussianBlur(grey, (0, 0), STAIN_SIGMA_PX)[cell]
    return bool(np.ptp(np.percentile(values, [1, 99])) <= STAIN_GREY)


def _crack_level(rgb: NDArray[np.uint8], cell: Mask) -> int:
    grey = _grey(rgb)
    if not is_readable(grey, cell):
        return UNTESTED
    share = float(crack_mask(rgb)[cell].mean())
    if share == 0.0:
        return INTACT if is_even(grey, cell) else UNTESTED
    return CRACKED_WIDELY if share >= WIDE_SHARE else CRACKED


def _span_level(rgb: NDArray[np.uint8], cell: Mask) -> int:
    """0 where nothing thin is in the cell but wires that go right through."""
    lines = [
        line for line in thin_lines(_grey(rgb)) if cell[line.rows, line.columns].any()
    ]
    whole = bool(lines) and all(goes_through(line, cell) for line in lines)
    return INTACT if whole else UNTESTED


def goes_through(line: RidgeLine, cell: Mask) -> bool:
    """Whether a straight line covers its whole way through a cell, and a long one.

    Args:
        line: In the pixels of `cell`.
        cell: True inside, shape (height, width).
    """
    reach = float(np.hypot(*cell.shape))
    steps = np.arange(-reach, reach, 1.0)
    columns, rows = np.rint(line.middle[:, None] + line.direction[:, None] * steps)
    height, width = cell.shape
    there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    way = steps[there][cell[rows[there].astype(int), columns[there].astype(int)]]
    longest = float(np.hypot(np.ptp(np.nonzero(cell)[0]), np.ptp(np.nonzero(cell)[1])))
    if not is_straight(line) or len(way) < LONG_WAY * longest:
        return False
    points = np.column_stack([line.columns, line.rows]) - line.middle
    covered = np.unique(np.rint(points @ line.direction))
    near = np.isin(np.rint(way), [covered - 1, covered, covered + 1])
    return bool(near.mean() >= THROUGH_SHARE)
