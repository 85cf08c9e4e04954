"""Overhead wires painted on pictures from the air."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.classes import COMPONENT, IGNORED
from vision.painting.blending import Tone, blended
from vision.painting.decoys import with_decoys, with_line_decoys
from vision.painting.strokes import (
    Stroke,
    coverage,
    direction,
    log_uniform,
    smooth_noise,
)

WIRE_COVERAGE: Final = 0.3  # from here on a pixel is called conductor
IGNORED_COVERAGE: Final = 0.1
WIDTH_PX: Final = (0.7, 6.0)
WIDEST_GAP_PX: Final = 60.0

_POINTS: Final = 40  # of a parabola
_WIRED_CHANCE: Final = 0.75
_LINE_DECOY_CHANCE: Final = 0.35
_WALL_DECOY_CHANCE: Final = 0.09
_SAG_CHANCE: Final = 0.6
_BRIGHT_CHANCE: Final = 0.5
_TWO_TONE_WIDTH_PX: Final = 2.5
_TWO_TONE_CHANCE: Final = 0.35
_BUNDLE_SIZES: Final = (1, 2, 3, 4, 6)
_BUNDLE_CHANCES: Final = (0.3, 0.2, 0.25, 0.15, 0.1)


class Bundle(NamedTuple):
    """Wires that run side by side across the whole crop."""

    middle_px: NDArray[np.float64]  # shape (2,)
    heading_rad: float
    turn_rad: float  # from one wire to the next: perspective
    width_px: float
    sag: float  # of the side of the crop
    is_bright: bool


def random_bundle(rng: np.random.Generator, side_px: int) -> Bundle:
    """A bundle somewhere in the crop, in any direction."""
    return Bundle(
        middle_px=rng.uniform(0.1, 0.9, 2) * side_px,
        heading_rad=rng.uniform(0, math.pi),
        turn_rad=rng.normal(0, 0.02),
        width_px=log_uniform(rng, *WIDTH_PX),
        sag=rng.uniform(-0.06, 0.06) if rng.random() < _SAG_CHANCE else 0.0,
        is_bright=bool(rng.random() < _BRIGHT_CHANCE),
    )


def wire_points(
    bundle: Bundle, number: int, offset_px: float, side_px: int
) -> NDArray[np.float64]:
    """Points (40, 2) of the wire `number`, `offset_px` beside the first: a parabola."""
    along = np.linspace(-1.5, 1.5, _POINTS)[:, None]
    across = direction(bundle.heading_rad + math.pi / 2)
    forward = direction(bundle.heading_rad + bundle.turn_rad * number)
    sagging = bundle.sag * side_px * (1 - along**2)
    return bundle.middle_px + across * (offset_px + sagging) + forward * along * side_px


def wire_coverage(
    points_px: NDArray[np.float64], width_px: float, side_px: int
) -> NDArray[np.float32]:
    """Coverage of one wire; below one pixel of width it is thinned by its width."""
    stroke = Stroke(points_px, np.full(len(points_px), max(width_px, 1.0)))
    return coverage([stroke], side_px) * np.float32(min(1.0, width_px))


def wire_mask(
    component: NDArray[np.uint8], covered: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """`component` with a conductor entered; pixels covered a little are ignored."""
    conductor = COMPONENT["conductor"]
    entered = component.copy()
    entered[(covered > IGNORED_COVERAGE) & (component != conductor)] = IGNORED
    entered[covered >= WIRE_COVERAGE] = conductor
    return entered


def _paint_bundle(
    image: NDArray[np.float32],
    component: NDArray[np.uint8],
    bundle: Bundle,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    side, offset = len(image), 0.0
    tone = Tone(0.15, 0.9, floor=1.2, is_bright=bundle.is_bright)
    is_two_tone = (
        bundle.width_px > _TWO_TONE_WIDTH_PX and rng.random() < _TWO_TONE_CHANCE
    )
    for number in range(int(rng.choice(_BUNDLE_SIZES, p=_BUNDLE_CHANCES))):
        points = wire_points(bundle, number, offset, side)
        width = bundle.width_px * math.exp(rng.normal(0, 0.12))
        covered = wire_coverage(points, width, side)
        shading = np.clip(1 + 0.35 * smooth_noise(rng, side, 6), 0.35, 1)
        image = blended(image, covered * shading, tone, rng)
        if is_two_tone:  # the sunny side of a thick wire
            across = direction(bundle.heading_rad + math.pi / 2)
            edge = wire_coverage(points + across * 0.3 * width, 0.35 * width, side)
            opposite = Tone(0.1, 0.6, is_bright=not bundle.is_bright)
            image = blended(image, edge, opposite, rng)
        component = wire_mask(component, covered)
        offset += log_uniform(rng, max(4.0, 2 * bundle.width_px), WIDEST_GAP_PX)
    return image, component


def paint_wires(
    image: NDArray[np.float32], component: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Decoys, then one or two bundles of wires on 75 % of the pictures.

    Args:
        image: Line-free picture from the air, shape (side, side, 3), 0 to 255.
        component: Its component mask, shape (side, side).
        rng: Source of chance.

    Returns:
        Picture and mask of the same shapes; the arguments are left as they are.
    """
    if rng.random() < _WALL_DECOY_CHANCE:
        image = with_decoys(image, rng)
    if rng.random() < _LINE_DECOY_CHANCE:
        image = with_line_decoys(image, rng)
    if rng.random() > _WIRED_CHANCE:
        return image, component
    for _ in range(int(rng.choice([1, 1, 1, 2]))):
        bundle = random_bundle(rng, len(image))
        image, component = _paint_bundle(image, component, bundle, rng)
    return image, component
