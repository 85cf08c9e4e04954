"""Cracks painted on a crack-free background: the main source for the class crack.

Numbers and order of steps were measured on structures never trained on; they are kept
together here. Widths stop at 12 px: a wider crack is found at the coarser scale.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.classes import DAMAGE, IGNORED
from vision.painting.blending import Tone, blended
from vision.painting.decoys import with_decoys
from vision.painting.strokes import (
    Path,
    Stroke,
    branched_crack,
    coverage,
    direction,
    log_uniform,
    smooth_noise,
)

CRACK_COVERAGE: Final = 0.35  # from here on a pixel is called crack
IGNORED_COVERAGE: Final = 0.12  # from here on it is not called sound
WIDTH_PX: Final = (0.8, 12.0)
CRACK_TONE: Final = Tone(0.15, 0.85, floor=1.7)

_CRACKED_CHANCE: Final = 0.87
_MAP_CRACKING_CHANCE: Final = 0.12
_CHIPS_CHANCE: Final = 0.35
_GAPS_CHANCE: Final = 0.5
_DAMP_CHANCE: Final = 0.15
_RIM_CHANCE: Final = 0.2


def crack_strokes(rng: np.random.Generator, side_px: int) -> list[Stroke]:
    """Map cracking (12 %), or one to three long cracks with branches."""
    if rng.random() < _MAP_CRACKING_CHANCE:
        return _map_cracking(rng, side_px)
    count = int(rng.choice([1, 1, 2, 3]))
    return [s for _ in range(count) for s in _long_crack(rng, side_px)]


def _map_cracking(rng: np.random.Generator, side_px: int) -> list[Stroke]:
    """Five to ten short cracks of one width in all directions."""
    width = log_uniform(rng, WIDTH_PX[0], 2.5)
    paths = [
        Path(
            start_px=rng.uniform(0, side_px, 2),
            heading_rad=rng.uniform(0, 2 * math.pi),
            length_px=side_px * rng.uniform(0.15, 0.45),
            width_px=width,
            roughness_rad=rng.uniform(0.15, 0.4),
        )
        for _ in range(int(rng.integers(5, 11)))
    ]
    return [stroke for path in paths for stroke in branched_crack(rng, path)]


def _long_crack(rng: np.random.Generator, side_px: int) -> list[Stroke]:
    """A crack through the crop, a third to more than the whole side long."""
    heading = rng.uniform(0, 2 * math.pi)
    length = side_px * rng.uniform(0.35, 1.7)
    middle = rng.uniform(0.1, 0.9, 2) * side_px
    path = Path(
        start_px=middle - direction(heading) * length * rng.uniform(0.2, 0.6),
        heading_rad=heading,
        length_px=length,
        width_px=log_uniform(rng, *WIDTH_PX),
        roughness_rad=log_uniform(rng, 0.07, 0.4),
    )
    return branched_crack(rng, path)


def crack_coverage(rng: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """Share of each pixel covered by cracks with chips and gaps, (side, side)."""
    strokes = crack_strokes(rng, side_px)
    chips_rng = rng if rng.random() < _CHIPS_CHANCE else None
    covered = coverage(strokes, side_px, chips_rng=chips_rng)
    if rng.random() < _GAPS_CHANCE:
        covered = np.clip(covered * (1 + 0.5 * smooth_noise(rng, side_px, 48)), 0, 1)
    return covered


def with_surroundings(
    image: NDArray[np.float32], covered: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """A damp halo (15 %) and a pale, weathered rim (20 %) around the cracks."""
    if rng.random() < _DAMP_CHANCE:
        halo = cv2.GaussianBlur(covered, (0, 0), rng.uniform(3, 9))
        halo = halo * np.float32(rng.uniform(0.3, 0.8))
        image = blended(image, halo, Tone(0.05, 0.3), rng)
    if rng.random() < _RIM_CHANCE:
        rim = np.clip(cv2.dilate(covered, np.ones((5, 5), np.uint8)) - covered, 0, 1)
        rim = rim * np.float32(rng.uniform(0.2, 0.7))
        image = blended(image, rim, Tone(0.1, 0.4, is_bright=True), rng)
    return image


def crack_mask(
    damage: NDArray[np.uint8], covered: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """`damage` with cracks entered; pixels covered only a little are ignored."""
    crack = DAMAGE["crack"]
    entered = damage.copy()
    entered[(covered > IGNORED_COVERAGE) & (damage != crack)] = IGNORED
    entered[covered >= CRACK_COVERAGE] = crack
    return entered


def paint_cracks(
    image: NDArray[np.float32], damage: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Decoys, then cracks on 87 % of the pictures.

    Args:
        image: Crack-free background, shape (side, side, 3), 0 to 255.
        damage: Its damage mask, shape (side, side).
        rng: Source of chance.

    Returns:
        Picture and mask of the same shapes; the arguments are left as they are.
    """
    image = with_decoys(image, rng)
    if rng.random() > _CRACKED_CHANCE:
        return image, damage
    covered = crack_coverage(rng, len(image))
    image = with_surroundings(image, covered, rng)
    return blended(image, covered, CRACK_TONE, rng), crack_mask(damage, covered)
