"""Scores against counting by hand, scipy, and the laws they obey."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt

from vision.metrics import (
    NO_COUNTS,
    Counts,
    calibration_error,
    counts_within,
    f1,
    intersection_over_union,
    precision,
    recall,
    within,
)

masks = hnp.arrays(bool, (12, 17))
relaxed = settings(deadline=None, max_examples=60)


@relaxed
@given(masks, st.sampled_from([0, 1, 1.5, 2, 3, 5]))
def test_pixels_within_a_distance_are_those_of_scipy(mask, distance_px):
    expected = mask
    if mask.any():
        expected = distance_transform_edt(~mask) <= distance_px
    assert np.array_equal(within(mask, distance_px), expected)


@relaxed
@given(masks, masks, masks)
def test_strict_scores_are_set_arithmetic(found, true, known):
    counts = counts_within(found, true, known)
    both = (found & true & known).sum()
    either = ((found | true) & known).sum()
    assert counts.found_true == counts.true_found == both
    if either:
        assert intersection_over_union(counts) == pytest.approx(both / either)
        dice = 2 * both / ((found & known).sum() + (true & known).sum())
        assert f1(counts) == pytest.approx(dice)


@relaxed
@given(masks, masks)
def test_more_tolerance_never_lowers_a_score(found, true):
    known = np.ones_like(true)
    scores = [
        counts_within(found, true, known, tolerance_px=distance)
        for distance in (0, 1, 2, 4)
    ]
    assert sorted(s.found_true for s in scores) == [s.found_true for s in scores]
    assert sorted(s.true_found for s in scores) == [s.true_found for s in scores]


def test_a_line_beside_the_label_is_right_within_its_distance():
    true, found = np.zeros((9, 9), bool), np.zeros((9, 9), bool)
    true[4], found[6] = True, True
    known = np.ones((9, 9), bool)
    assert f1(counts_within(found, true, known, tolerance_px=1)) == 0
    assert f1(counts_within(found, true, known, tolerance_px=2)) == 1


def test_unknown_pixels_count_for_nothing():
    mask = np.ones((4, 4), bool)
    assert counts_within(mask, mask, ~mask) == NO_COUNTS


def test_nothing_there_and_nothing_found_has_no_score():
    assert precision(NO_COUNTS) is None
    assert recall(NO_COUNTS) is None
    assert f1(NO_COUNTS) is None
    assert intersection_over_union(NO_COUNTS) is None


def test_a_worked_example():
    # found 8, of which 6 right; true 10: precision 3/4, recall 3/5, F1 2/3
    counts = Counts(8, 6, 10, 6)
    assert precision(counts) == 0.75
    assert recall(counts) == 0.6
    assert f1(counts) == pytest.approx(2 / 3)
    assert counts.plus(counts) == Counts(16, 12, 20, 12)


def test_calibration_error_is_the_gap_between_confidence_and_share_right():
    # 4 pixels at 0.8 of which 3 right: 0.05; 2 at 0.6, none right: 0.6
    first = np.array([0.8, 0.8, 0.8, 0.8, 0.6, 0.6], np.float32)
    true = np.array([0, 0, 0, 1, 1, 1], np.uint8)
    expected = (4 * 0.05 + 2 * 0.6) / 6
    assert calibration_error(np.stack([first, 1 - first]), true) == pytest.approx(
        expected, abs=1e-6
    )


def test_pixels_of_unknown_truth_do_not_calibrate():
    first = np.full(5, 0.9, np.float32)
    true = np.full(5, 255, np.uint8)
    assert calibration_error(np.stack([first, 1 - first]), true) == 0
