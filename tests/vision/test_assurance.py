"""Promises: counted by hand, and kept on worlds they were not made on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.assurance import (
    by_parity,
    miss_control,
    miss_shares,
    reliability,
    together,
)
from vision.datasets import LabelledPicture
from vision.evaluation import Seen
from vision.metrics import calibration_error


def seen(level):
    """A picture whose upper half is a crack, as likely as `level`."""
    planes = np.full((1, 20, 20), level, np.float16)
    damage = np.zeros((20, 20), np.uint8)
    damage[:10] = 1
    return Seen(planes, damage, damage)


def test_worlds_are_divided_by_the_parity_of_their_seed():
    pictures = [LabelledPicture(f"{n}", f"{n // 2:06d}", None) for n in range(10)]
    even, odd = by_parity(pictures)
    assert [int(p.group) for p in even] == [0, 0, 2, 2, 4, 4]
    assert {p.group for p in even}.isdisjoint(p.group for p in odd)
    named = [LabelledPicture(n, n, None) for n in ("a", "b", "c")]
    assert [[p.name for p in part] for part in by_parity(named)] == [["a", "c"], ["b"]]


def test_the_error_is_that_of_all_pixels_together():
    rng = np.random.default_rng(0)
    planes = rng.dirichlet((1, 1, 1), (8, 40)).transpose(2, 0, 1).astype(np.float32)
    true = rng.integers(0, 4, (8, 40)).astype(np.uint8)  # 3 is no class
    halves = [
        reliability(planes[:, part], (0, 1, 2), true[part])
        for part in (slice(4), slice(4, 8))
    ]
    expected = calibration_error(planes, true)
    assert together(halves).error == pytest.approx(expected, abs=1e-6)
    assert together([]).error is None


def test_a_class_is_missed_from_its_level_on():
    shares = miss_shares([seen(0.25), seen(0.5)], 0, 1)
    assert shares.shape == (2, 1001)
    assert shares[0, 250] == 0
    assert shares[0, 251] == 1
    assert shares[1, 500] == 0


def test_too_few_pictures_promise_nothing():
    shares = miss_shares([seen(0.5)] * 5, 0, 1)
    assert miss_control(shares, shares).threshold is None


def test_nine_pictures_are_the_fewest_that_promise_a_tenth():
    shares = miss_shares([seen(0.5)] * 9, 0, 1)  # (0 + 1) / (9 + 1) = .1
    control = miss_control(shares, shares)
    assert control.threshold == 0.5
    assert control.seen == 0


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=20)
def test_the_promise_holds_on_average_over_other_worlds(seed):
    rng = np.random.default_rng(seed)

    def missed(count):
        return np.sort(rng.random((count, 1001)), axis=1)

    controls = [miss_control(missed(30), missed(200)) for _ in range(10)]
    kept = [c.seen for c in controls if c.threshold is not None]
    assert np.mean(kept) <= 0.1 + 0.02
