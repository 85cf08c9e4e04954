"""Draw by draw: scipy's lognormal, the closed mean, and the interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm

from data.fragility import SEVERE_K, chances
from data.severe_draws import interval, may_be_severe, severe_by_draw

MEDIANS = np.array([[0.25, 0.35, 0.45, 0.70]])  # Hazus 5.1 HWB17, g
BETAS = np.full((1, 4), 0.35)


def test_each_draw_is_the_lognormal_of_scipy():
    shaking = np.array([[0.1, 0.3, 0.45, 0.9]])
    found = severe_by_draw(np.log(shaking).astype(np.float32), MEDIANS, BETAS)
    expected = lognorm.cdf(shaking, 0.35, scale=0.45)
    assert found == pytest.approx(expected, abs=1e-6)


def test_where_curves_cross_the_severer_one_counts():
    medians, betas = (
        np.array([[0.1, 0.2, 0.45, 0.5]]),
        np.array([[0.4, 0.4, 0.15, 0.6]]),
    )
    weak = np.log(np.array([[0.2]])).astype(np.float32)
    found = severe_by_draw(weak, medians, betas)[0, 0]
    assert found == pytest.approx(lognorm.cdf(0.2, 0.6, scale=0.5), abs=1e-6)


def test_the_mean_over_many_draws_is_the_closed_form():
    rng = np.random.default_rng(2)
    shared, own = 0.5, 0.4
    log = np.log(0.3) + shared * rng.standard_normal((1, 40_000))
    inner = np.sqrt(BETAS**2 + own**2)
    drawn = severe_by_draw(log.astype(np.float32), MEDIANS, inner).mean()
    closed = (
        chances(
            np.array([0.3]),
            medians=MEDIANS,
            betas=BETAS,
            sigma_ln=np.array([np.hypot(shared, own)]),
            shared_sigma_ln=np.array([0.0]),
            bias_sigma=0.0,
        )
        .states[0, SEVERE_K:]
        .sum()
    )
    assert drawn == pytest.approx(closed, abs=0.005)


@given(st.floats(1e-4, 10.0))
@settings(deadline=None)
def test_what_is_left_out_could_not_have_mattered(intensity):
    """Left out: even 20 medians of shaking stay below .35 of the weakest capacity."""
    if not may_be_severe(np.array([intensity]), MEDIANS)[0]:
        loudest = np.log(np.array([[intensity * 20.0]])).astype(np.float32)
        assert severe_by_draw(loudest, MEDIANS, BETAS)[0, 0] < 0.001


def test_an_interval_holds_its_mean_and_most_draws():
    severe = np.linspace(0.0, 1.0, 201, dtype=np.float32)[None, :]
    low, high = interval(severe, np.array([0.5]))
    assert low[0] == pytest.approx(0.05)
    assert high[0] == pytest.approx(0.95)
    assert interval(severe, np.array([0.99]))[1][0] == 0.99
