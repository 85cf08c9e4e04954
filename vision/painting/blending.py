"""Darken or lighten a picture where something covers it, never too faintly to see."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.painting.strokes import smooth_noise

_LEAST_CONTRAST: Final = 8.0  # grey values
_TINT_SIGMA: Final = 0.06  # per channel
_SHADING: Final = 0.25  # unevenness of the tone along a stroke
_SHADING_CELLS: Final = 12
_SPREAD_RADIUS_PX: Final = 6.0
_RING_RADIUS_PX: Final = 8.0
_RING_COVERAGE: Final = 0.02


class Tone(NamedTuple):
    """How strongly to change the grey value of what is covered."""

    low: float  # share of the way to black (or to white), drawn between low and high
    high: float
    floor: float = 0.0  # at least this many times the local spread of grey values
    is_bright: bool = False  # towards white


def contrast(
    image: NDArray[np.float32],
    covered: NDArray[np.float32],
    tone: Tone,
    rng: np.random.Generator,
) -> float:
    """Grey values by which to change what is covered.

    The floor keeps the label true: a stroke fainter than the texture around it cannot
    be seen, and must not be called a crack.

    Args:
        image: Shape (side, side, 3), 0 to 255.
        covered: Shape (side, side), 0 to 1.
        tone: Range and floor.
        rng: Source of chance.
    """
    grey = image.mean(axis=2)
    near = cv2.GaussianBlur(covered, (0, 0), _RING_RADIUS_PX) > _RING_COVERAGE
    if not near.any():
        near = np.ones_like(near)
    texture = grey - cv2.GaussianBlur(grey, (0, 0), _SPREAD_RADIUS_PX)
    mean = float(grey[near].mean())
    room = 255 - mean if tone.is_bright else mean
    return max(
        rng.uniform(tone.low, tone.high) * room,
        tone.floor * float(texture[near].std()),
        _LEAST_CONTRAST,
    )


def blended(
    image: NDArray[np.float32],
    covered: NDArray[np.float32],
    tone: Tone,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """`image` with the covered parts darkened or lightened.

    What is covered becomes a blurred copy of the picture plus 20 to 90 % of its
    texture, shifted by `contrast`, slightly tinted and unevenly shaded.

    Returns:
        Shape (side, side, 3), float32, 0 to 255 where `image` is.
    """
    shift = contrast(image, covered, tone, rng) * (1 if tone.is_bright else -1)
    base = cv2.GaussianBlur(image, (0, 0), rng.uniform(2, 6))
    kept_texture = np.float32(rng.uniform(0.2, 0.9))
    tint = (1 + rng.normal(0, _TINT_SIGMA, 3)).astype(np.float32)
    shading = 1 + _SHADING * smooth_noise(rng, len(image), _SHADING_CELLS)
    target = base + kept_texture * (image - base)
    target += np.float32(shift) * tint * shading[..., None]
    weight = covered[..., None]
    mixed = image * (1 - weight) + np.clip(target, 0, 255) * weight
    return np.asarray(mixed, np.float32)
