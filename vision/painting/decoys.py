"""What looks like a crack or a wire and is none: painted first, never labelled."""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.painting.blending import Tone, blended
from vision.painting.strokes import (
    Stroke,
    coverage,
    direction,
    log_uniform,
    smooth_noise,
)

_JOINTS_CHANCE: Final = 0.45
_BLOTCHES_CHANCE: Final = 0.3
_BLOW_HOLES_CHANCE: Final = 0.2
_PALE_JOINT_CHANCE: Final = 0.45
_PALE_BLOTCH_CHANCE: Final = 0.4
_EVEN: Final = 0.5


def with_decoys(
    image: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """A wall with straight joints (45 %), blotches (30 %) and blow-holes (20 %)."""
    for chance, painted in (
        (_JOINTS_CHANCE, with_joints),
        (_BLOTCHES_CHANCE, with_blotches),
        (_BLOW_HOLES_CHANCE, with_blow_holes),
    ):
        if rng.random() < chance:
            image = painted(image, rng)
    return image


def straight(
    middle_px: NDArray[np.float64], angle_rad: float, half_px: float, width_px: float
) -> Stroke:
    """A straight stroke of length 2 x `half_px` through `middle_px`."""
    reach = direction(angle_rad) * half_px
    return Stroke(
        np.stack([middle_px - reach, middle_px + reach]), np.full(2, width_px)
    )


def with_joints(
    image: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """One to three straight joints right across, dark or pale, 1 to 9 px wide."""
    side = len(image)
    for _ in range(int(rng.integers(1, 4))):
        level = float(rng.choice([0, math.pi / 2])) + rng.normal(0, 0.06)
        angle = rng.uniform(0, math.pi) if rng.random() < _EVEN else level
        joint = straight(
            rng.uniform(0, side, 2), angle, 2 * side, log_uniform(rng, 1, 9)
        )
        covered = coverage([joint], side) * np.float32(rng.uniform(0.5, 1))
        is_bright = rng.random() < _PALE_JOINT_CHANCE
        image = blended(image, covered, Tone(0.08, 0.6, 0.3, is_bright), rng)
    return image


def with_blotches(
    image: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Stains with soft or hard edges, dark or pale."""
    noise = smooth_noise(rng, len(image), int(rng.integers(3, 14)))
    stained = (noise - rng.uniform(0.7, 1.6)) * rng.uniform(1, 6)
    covered = np.clip(stained, 0, 1).astype(np.float32)
    tone = Tone(0.05, 0.5, is_bright=rng.random() < _PALE_BLOTCH_CHANCE)
    return blended(image, covered * np.float32(rng.uniform(0.3, 1)), tone, rng)


def with_blow_holes(
    image: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """3 to 39 dark dots of 1 to 4 px radius."""
    side = len(image)
    covered = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(3, 40))):
        middle = rng.integers(0, side, 2).tolist()
        cv2.circle(covered, middle, int(rng.integers(1, 5)), 1.0, -1, cv2.LINE_AA)
    return blended(image, covered, Tone(0.2, 0.8), rng)


def with_line_decoys(
    image: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """From the air: one broad bar, a row of dashes, or a tight curve."""
    side = len(image)
    middle, angle = rng.uniform(0, side, 2), rng.uniform(0, math.pi)
    strokes = (_bar, _dashes, _curve)[int(rng.integers(3))](rng, side, middle, angle)
    covered = coverage(strokes, side) * np.float32(rng.uniform(0.5, 1))
    tone = Tone(0.1, 0.6, 0.3, is_bright=rng.random() < _EVEN)
    return blended(image, covered, tone, rng)


def _bar(
    rng: np.random.Generator, side: int, middle: NDArray[np.float64], angle: float
) -> list[Stroke]:
    return [straight(middle, angle, 2 * side, rng.uniform(10, 40))]


def _dashes(
    rng: np.random.Generator, side: int, middle: NDArray[np.float64], angle: float
) -> list[Stroke]:
    along = direction(angle)
    pitch = int(rng.integers(30, 60))
    return [
        straight(middle + along * at, angle, rng.uniform(3, 10), rng.uniform(1.5, 4))
        for at in range(-side, side, pitch)
    ]


def _curve(
    rng: np.random.Generator, side: int, middle: NDArray[np.float64], angle: float
) -> list[Stroke]:
    angles = angle + np.linspace(0, rng.uniform(1.5, 4), 60)
    points = middle + direction(angles) * rng.uniform(15, 0.4 * side)
    return [Stroke(points, np.full(60, rng.uniform(1, 6)))]
