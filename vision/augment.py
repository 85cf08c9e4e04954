"""Strong changes of light, focus and noise, the same for every source of pictures.

They are worth a factor of nearly two on structures never seen (eye.md), and cost a
little on the ones trained on. Pictures are float32 of shape (height, width, 3), 0..255.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Change = Callable[[Picture, np.random.Generator], Picture]


def with_shadow(image: Picture, rng: np.random.Generator) -> Picture:
    """A soft-edged shadow of three to six corners, 0.4 to 0.8 of the light left."""
    height, width = image.shape[:2]
    corners = rng.uniform(-0.3, 1.3, (int(rng.integers(3, 7)), 2)) * (width, height)
    hard = np.zeros((height, width), np.float32)
    cv2.fillPoly(hard, [corners.astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(hard, (0, 0), rng.uniform(1, 12))[..., None]
    dark = np.float32(rng.uniform(0.2, 0.6))
    return np.asarray(image * (1 - soft * dark), np.float32)


def with_uneven_light(image: Picture, rng: np.random.Generator) -> Picture:
    """Light that changes smoothly across the picture by up to a third."""
    height, width = image.shape[:2]
    coarse = rng.uniform(-1, 1, (3, 3)).astype(np.float32)
    light = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    strength = np.float32(rng.uniform(0.1, 0.35))
    return np.asarray(image * (1 + strength * light[..., None]), np.float32)


def with_tone(image: Picture, rng: np.random.Generator) -> Picture:
    """Gamma e^+-0.5, contrast 0.55 to 1.4, brightness +-45, channel gains 7 %."""
    gamma = np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    bent = 255 * (np.clip(image, 0, 255) / 255) ** gamma
    mean = bent.mean(dtype=np.float64)
    spread = (bent - np.float32(mean)) * np.float32(rng.uniform(0.55, 1.4))
    shifted = spread + np.float32(mean + rng.uniform(-45, 45))
    gains = (1 + rng.normal(0, 0.07, 3)).astype(np.float32)
    return np.asarray(shifted * gains, np.float32)


def in_grey(image: Picture, rng: np.random.Generator) -> Picture:
    """Without colour."""
    del rng  # every change has the same form
    return np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)


def out_of_focus(image: Picture, rng: np.random.Generator) -> Picture:
    """Gaussian blur of 0.4 to 1.6 px."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)))


def in_motion(image: Picture, rng: np.random.Generator) -> Picture:
    """Blur along a line of 3 to 9 px in any direction."""
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (length - 1) / 2
    kernel = np.zeros((length, length), np.float32)
    middle = (length - 1) / 2
    start, end = np.round(middle - reach), np.round(middle + reach)
    cv2.line(kernel, start.astype(int).tolist(), end.astype(int).tolist(), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()))


def sharpened(image: Picture, rng: np.random.Generator) -> Picture:
    """Unsharp mask, as cameras do."""
    blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2))
    return image + np.float32(rng.uniform(0.3, 1.5)) * (image - blurred)


def with_noise(image: Picture, rng: np.random.Generator) -> Picture:
    """Sensor noise of 1 to 14 grey values."""
    sigma = np.float32(rng.uniform(1, 14))
    return image + sigma * rng.standard_normal(image.shape, np.float32)


def compressed(image: Picture, rng: np.random.Generator) -> Picture:
    """Through JPEG of quality 30 to 95."""
    quality = int(rng.integers(30, 96))
    exact = np.clip(image, 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", exact, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.float32)


CHANGES: Final[tuple[tuple[float, Change], ...]] = (
    (0.30, with_shadow),
    (0.30, with_uneven_light),
    (1.00, with_tone),
    (0.25, in_grey),
    (0.30, out_of_focus),
    (0.10, in_motion),
    (0.15, sharpened),
    (0.50, with_noise),
    (0.50, compressed),
)
"""Chance of each change, in the order light, lens, sensor, file."""


def augmented(image: Picture, rng: np.random.Generator) -> NDArray[np.uint8]:
    """`image` as another camera under another sky might have taken it.

    Args:
        image: Shape (height, width, 3), 0 to 255; left as it is.
        rng: Source of chance.

    Returns:
        Same shape, uint8.
    """
    for chance, change in CHANGES:
        if rng.random() < chance:
            image = change(image, rng)
    rounded: NDArray[np.uint8] = np.clip(image + 0.5, 0, 255).astype(np.uint8)
    return rounded
