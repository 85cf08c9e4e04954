"""Which pixels of two pictures show the same spot: SIFT, a ratio test and RANSAC."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]

LONG_SIDE_PX = 1600  # more costs time and finds no more: flights overlap by metres
FEATURES = 3000
RATIO = 0.75  # Lowe 2004, section 7.1: best against second best
RANSAC_PX = 6.0  # of the reduced picture: relief moves what one plane would not
LEAST_MATCHES = 25  # chance alone gives RANSAC some ten on one plane
KEPT = 60  # of a pair, spread over the picture: more tell the same


class Overlap(NamedTuple):
    """Pixels of two pictures that show the same spots.

    Attributes:
        one: Index of the first picture.
        other: Index of the second picture.
        one_px: Column, row in the first file, shape (N, 2).
        other_px: Column, row in the second file, shape (N, 2).
    """

    one: int
    other: int
    one_px: Array
    other_px: Array


class _Features(NamedTuple):
    pixels: Array
    words: NDArray[np.float32]


def _features(grey: Grey) -> _Features:
    """SIFT points in pixels of the file, and their descriptors (root SIFT)."""
    scale = min(1.0, LONG_SIDE_PX / max(grey.shape))
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    finder = cv2.SIFT.create(nfeatures=FEATURES)
    points, words = finder.detectAndCompute(small, None)
    if words is None:
        return _Features(np.empty((0, 2)), np.empty((0, 128), np.float32))
    factor = np.array([grey.shape[1] / size[0], grey.shape[0] / size[1]])
    pixels = np.array([point.pt for point in points]) + 0.5  # OpenCV counts middles
    words = np.sqrt(words / np.maximum(words.sum(axis=1, keepdims=True), 1e-9))
    return _Features(pixels * factor, words)


def _matched(one: _Features, other: _Features) -> tuple[Array, Array]:
    """Pixels (N, 2), (N, 2) of mutual best matches that pass the ratio test."""
    if min(len(one.pixels), len(other.pixels)) < LEAST_MATCHES:
        return np.empty((0, 2)), np.empty((0, 2))
    likeness = one.words @ other.words.T
    two = np.argpartition(-likeness, 1, axis=1)[:, :2]
    values = np.take_along_axis(likeness, two, axis=1)
    order = np.argsort(-values, axis=1)
    best = np.take_along_axis(two, order, axis=1)[:, 0]
    apart = np.sqrt(np.maximum(2 - 2 * np.sort(values, axis=1)[:, ::-1], 0))
    back = likeness.argmax(axis=0)
    good = (apart[:, 0] < RATIO * apart[:, 1]) & (back[best] == np.arange(len(best)))
    return one.pixels[good], other.pixels[best[good]]


def _on_one_plane(one: Array, other: Array, reach_px: float) -> NDArray[np.bool_]:
    """Matches that a homography explains within the reach."""
    cv2.setRNGSeed(0)
    found, inside = cv2.findHomography(one, other, cv2.RANSAC, reach_px)
    if found is None:
        return np.zeros(len(one), np.bool_)
    return np.asarray(inside[:, 0] > 0)


def _spread(one: Array, other: Array) -> tuple[Array, Array]:
    """At most `KEPT` matches, evenly along a grid of the first picture."""
    order = np.lexsort((one[:, 0], (one[:, 1] // 200)))
    kept = order[np.linspace(0, len(order) - 1, min(KEPT, len(order))).astype(int)]
    return one[kept], other[kept]


def find_overlaps(
    greys: Sequence[Callable[[], Grey]], near: Callable[[int, int], bool]
) -> tuple[Overlap, ...]:
    """Overlaps of all pairs of pictures that may overlap.

    Args:
        greys: Each reads one picture in grey, shape (height, width); asked once.
        near: Whether two pictures, by index, may show the same ground.

    Source:
        Lowe 2004, Distinctive image features; Arandjelovic and Zisserman 2012 (root
        SIFT); Fischler and Bolles 1981 (RANSAC).
    """
    features = [_features(read()) for read in greys]
    found = []
    for i, j in itertools.combinations(range(len(features)), 2):
        if not near(i, j):
            continue
        one, other = _matched(features[i], features[j])
        if len(one) < LEAST_MATCHES:
            continue
        extent = float(max(np.ptp(features[i].pixels, axis=0)))
        reach = RANSAC_PX * max(1.0, extent / LONG_SIDE_PX)
        good = _on_one_plane(one, other, reach)
        if good.sum() >= LEAST_MATCHES:
            found.append(Overlap(i, j, *_spread(one[good], other[good])))
    return tuple(found)
