"""What a picture looks like as a whole, in sixteen numbers that need no network.

Everything is measured at a reduced size, so that a picture of 20 megapixels costs a
tenth of a second. The numbers say nothing about damage: they tell a photograph of a
structure from fog, water, a room, a test card or a wreck of compression.
"""

from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.images import edge_sharpness, reduced

Floats: TypeAlias = NDArray[np.float64]

SIDE_PX: Final = 768  # long side at which a picture is looked at
MOST_SCALE: Final = 0.5  # averaging 2 x 2 pixels halves the noise, and keeps a blur
COLOUR_SIDE_PX: Final = 256  # long side at which colours are looked at
TILES_A_SIDE: Final = 8
FINE_SIGMA_PX: Final = 0.8  # as `vision.images` judges sharpness
COARSE_SIGMA_PX: Final = 4.0
BLOCK_PX: Final = 8  # of JPEG
LEAST_DETAIL: Final = 0.25  # grey values: below is rounding
GREY_CHROMA: Final = 4.0  # of L*a*b*: less has no hue to speak of


class Appearance(NamedTuple):
    """One picture; grey values are 0 to 255, colours those of CIE L*a*b* (D65).

    Attributes:
        sharpness: How steep the strongest edges are (`edge_sharpness`).
        roughness: Finest detail over all detail in the smoothest tenth of the tiles: 1
            for white noise, .1 to .4 for photographs.
        exposure: Mean luminance, 0 to 1.
        detail: Median over 8 x 8 tiles of the RMS detail finer than 4 px, grey values.
        detail_low: The tenth part of the tiles has less.
        detail_high: The tenth part of the tiles has more.
        structure: Spread of the mean grey values of the tiles.
        black: Grey value that 1 in 100 pixels is darker than.
        white: Grey value that 1 in 100 pixels is brighter than.
        a: Mean a*, green to red.
        b: Mean b*, blue to yellow.
        chroma_spread: RMS distance of the pixels from that mean colour.
        one_hue: Share of the coloured pixels within 20 degrees of the mean hue.
        flat: Share of pixels equal to both neighbours.
        coherence: How far detail runs in one direction, 0 to 1.
        blockiness: Steps at the borders of 8 x 8 blocks over steps elsewhere.
    """

    sharpness: float
    roughness: float
    exposure: float
    detail: float
    detail_low: float
    detail_high: float
    structure: float
    black: float
    white: float
    a: float
    b: float
    chroma_spread: float
    one_hue: float
    flat: float
    coherence: float
    blockiness: float


def appearance(rgb: NDArray[np.uint8]) -> Appearance:
    """Measure a picture.

    Args:
        rgb: Shape (height, width, 3), each side at least 1.
    """
    small = reduced(rgb, min(MOST_SCALE, SIDE_PX / max(rgb.shape[:2])))
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    fine, coarse = (
        _tile_detail(grey, sigma_px) for sigma_px in (FINE_SIGMA_PX, COARSE_SIGMA_PX)
    )
    low, middle, high = (float(np.quantile(coarse, q)) for q in (0.1, 0.5, 0.9))
    black, white = (float(np.quantile(grey, q)) for q in (0.01, 0.99))
    return Appearance(
        edge_sharpness(small),
        float(np.quantile(fine / np.maximum(coarse, LEAST_DETAIL), 0.1)),
        float(grey.mean()) / 255.0,
        middle,
        low,
        high,
        float(_tiles(grey).std()),
        black,
        white,
        *_colours(small),
        _flat_share(grey),
        _coherence(grey),
        blockiness(rgb),
    )


def _tiles(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each of 8 x 8 parts, fewer where the picture is smaller."""
    height, width = (min(TILES_A_SIDE, side) for side in values.shape)
    size = (width, height)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def _tile_detail(grey: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """RMS of what a Gaussian blur takes away, a number for each tile."""
    detail = grey - cv2.GaussianBlur(grey, (0, 0), sigma_px)
    return np.sqrt(_tiles(detail * detail))


def _colours(rgb: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """Mean a*, mean b*, spread, share within 20 degrees of the mean hue."""
    small = reduced(rgb, COLOUR_SIDE_PX / max(rgb.shape[:2])).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB))
    pairs = lab[..., 1:].reshape(-1, 2).astype(np.float64)
    mean = pairs.mean(axis=0)
    spread = float(np.sqrt(((pairs - mean) ** 2).sum(axis=1).mean()))
    chroma = np.hypot(pairs[:, 0], pairs[:, 1])
    coloured = pairs[chroma > GREY_CHROMA]
    along = coloured @ mean / np.maximum(np.hypot(*mean), 1e-9)
    close = along > np.cos(np.radians(20.0)) * np.hypot(*coloured.T)
    return float(mean[0]), float(mean[1]), spread, float(close.sum()) / len(pairs)


def _flat_share(grey: NDArray[np.float32]) -> float:
    """Share of pixels that differ from neither the next column nor the next row."""
    if min(grey.shape) < 2:  # noqa: PLR2004, there are no neighbours
        return 1.0
    across = np.abs(np.diff(grey, axis=1))[:-1]
    down = np.abs(np.diff(grey, axis=0))[:, :-1]
    return float((np.maximum(across, down) < 1.0).mean())


def _coherence(grey: NDArray[np.float32]) -> float:
    """Length of the mean doubled gradient direction over tiles, weighted by energy.

    Source:
        Bigun and Granlund 1987, the structure tensor.
    """
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    parts = (across * across - down * down, 2 * across * down)
    energy = _tiles(across * across + down * down)
    length = np.hypot(*(_tiles(part) for part in parts))
    return float((length / np.maximum(energy, 1.0)).mean())


def blockiness(rgb: NDArray[np.uint8]) -> float:
    """Mean grey step at the borders of JPEG's 8 x 8 blocks over that inside them.

    The middle of the picture at its own size, since reducing it hides the blocks. 1 in
    a picture that was never compressed.

    Source:
        Wang, Sheikh and Bovik 2002, "No-reference perceptual quality assessment of
        JPEG compressed images", equation 1.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < 4 * BLOCK_PX:
        return 1.0
    top, left = (max(0, (side - 1024) // 2) // 8 * 8 for side in (height, width))
    part = rgb[top : top + 1024, left : left + 1024]
    grey = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.float32)
    ratios = []
    for steps in (np.abs(np.diff(grey, axis=1)), np.abs(np.diff(grey, axis=0)).T):
        by_column = steps.mean(axis=0)
        border = by_column[BLOCK_PX - 1 :: BLOCK_PX].mean()
        inside = np.delete(by_column, np.s_[BLOCK_PX - 1 :: BLOCK_PX]).mean()
        ratios.append(float(border + 0.1) / float(inside + 0.1))
    return float(np.mean(ratios))
