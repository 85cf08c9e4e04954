"""Temperatures and thresholds: what they promise on the data they are fitted to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import softmax

from vision.calibration import (
    THRESHOLDS,
    best_within,
    counts_by_threshold,
    first_precise,
    quiet,
    severe_threshold,
    temperature,
)
from vision.metrics import calibration_error

SHAPE = (9, 11)
probabilities = hnp.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32))
masks = hnp.arrays(bool, SHAPE)
relaxed = settings(deadline=None, max_examples=50)


def _drawn(true_temperature):
    """Logits and labels drawn from them at a known temperature."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (20_000, 4)).astype(np.float32)
    chances = softmax(logits / true_temperature, axis=1)
    labels = (rng.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return logits, np.minimum(labels, 3).astype(np.uint8)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_the_labels_is_found(true_temperature):
    logits, labels = _drawn(true_temperature)
    assert temperature(logits, labels) == pytest.approx(true_temperature, rel=0.05)


def test_the_temperature_makes_confidence_honest():
    logits, labels = _drawn(2.5)
    fitted = temperature(logits, labels)
    before = calibration_error(softmax(logits, axis=1).T, labels)
    after = calibration_error(softmax(logits / fitted, axis=1).T, labels)
    assert after < 0.02
    assert before > 0.1


def test_unknown_labels_do_not_move_the_temperature():
    logits, labels = _drawn(1.0)
    more = np.concatenate([labels, np.full(5000, 255, np.uint8)])
    padded = np.concatenate([logits, logits[:5000] * 9])
    assert temperature(padded, more) == temperature(logits, labels)


def test_without_any_label_the_temperature_is_one():
    assert temperature(np.zeros((3, 2), np.float32), np.full(3, 255, np.uint8)) == 1


@relaxed
@given(probabilities, masks, masks)
def test_counts_by_threshold_are_those_of_thresholding(probability, true, known):
    table = counts_by_threshold(probability, true, known)
    for row, threshold in zip(table, THRESHOLDS, strict=True):
        found = (probability.astype(float) >= threshold) & known
        expected = found.sum(), (found & true).sum(), (true & known).sum()
        assert tuple(row) == expected


def _table(precisions, found=1000, true=2000):
    """A table with the given precision at each threshold."""
    return np.array([[found, round(found * p), true] for p in precisions])


def test_the_lowest_threshold_from_which_on_all_are_precise_is_chosen():
    values = [0.9, 0.5, 0.5] + [0.85] * (len(THRESHOLDS) - 3)
    chosen = first_precise(_table(values))
    assert chosen.threshold == THRESHOLDS[3]
    assert chosen.precision == 0.85
    assert chosen.recall == 0.425


def test_a_class_that_is_never_precise_gets_the_strictest_threshold():
    assert first_precise(_table([0.1] * len(THRESHOLDS))).threshold == THRESHOLDS[-1]


def test_best_threshold_stays_within_the_range_that_carried_over():
    values = np.linspace(0.3, 0.95, len(THRESHOLDS))
    assert best_within(_table(values), (0.3, 0.5)).threshold == 0.5


def test_all_but_one_in_a_hundred_undamaged_pictures_stay_below():
    levels = np.full(1000, 0.02, np.float32)
    levels[:5] = 0.99
    assert quiet(levels) == THRESHOLDS[0]
    levels[:15] = 0.62
    assert quiet(levels) == 0.65


def test_a_severe_class_must_be_both_precise_and_quiet():
    precise = _table([0.9] * len(THRESHOLDS))
    loud = np.full(100, 0.72, np.float32)
    assert severe_threshold(precise, loud).threshold == 0.75
    imprecise = _table([0.1] * (len(THRESHOLDS) - 1) + [0.9])
    assert severe_threshold(imprecise, loud).threshold == THRESHOLDS[-1]
