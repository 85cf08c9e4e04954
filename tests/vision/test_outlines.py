"""Outlines give the mask back, and know how long and wide a thing is."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.outlines import SMALLEST_PX, outlines

SURE = np.full((80, 120), 255, np.uint8)


def drawn(outline) -> np.ndarray:
    mask = np.zeros((80, 120), np.uint8)
    corners = np.round(outline.polygon - 0.5).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1)
    return mask


@settings(deadline=None)
@given(st.integers(3, 60), st.integers(3, 40), st.integers(6, 18), st.integers(6, 18))
def test_the_outline_gives_the_mask_back_but_for_its_border(
    left: int, top: int, width: int, height: int
) -> None:
    mask = np.zeros((80, 120), np.uint8)
    middle, axes = (left + width, top + height), (width, height)
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 1, -1)
    (found,) = outlines(mask, SURE)
    wrong = drawn(found) != mask
    border = cv2.dilate(mask, np.ones((3, 3))) - cv2.erode(mask, np.ones((3, 3)))
    assert not (wrong & (border == 0)).any()
    assert found.area_px == mask.sum()


def test_a_straight_line_is_as_long_and_wide_as_it_was_drawn() -> None:
    mask = np.zeros((80, 120), np.uint8)
    mask[40:43, 10:110] = 1
    (found,) = outlines(mask, SURE)
    assert found.length_px == pytest.approx(100, abs=4)
    assert found.max_width_px == pytest.approx(3, abs=1)


def test_small_pieces_are_dropped_and_classes_kept_apart() -> None:
    indices = np.zeros((80, 120), np.uint8)
    indices[:5, :5] = 1  # 25 pixels
    indices[20:40, 20:40] = 3
    indices[20:40, 40:60] = 5
    found = outlines(indices, SURE)
    assert SMALLEST_PX > 25
    assert [each.index for each in found] == [3, 5]
    assert found[0].polygon.max(axis=0).tolist() == [39.5, 39.5]


def test_the_score_is_the_mean_probability_inside() -> None:
    indices = np.zeros((80, 120), np.uint8)
    indices[20:40, 20:40] = 1
    probability = np.where(np.arange(120) < 30, 255, 51)[None].repeat(80, 0)
    (found,) = outlines(indices, probability.astype(np.uint8))
    assert found.score == pytest.approx(0.6)
