"""The rule by which failed ground raises a state, and Hazus's curve for it."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm

from data.fragility import exceedance_from_states
from data.hazard_layer import (
    M_PER_INCH,
    RAISED_BY,
    ground_failure_curve,
    raised,
    rises,
)

states = st.lists(st.floats(0.001, 1.0), min_size=5, max_size=5).map(
    lambda weights: np.array([weights]) / np.sum(weights)
)


def rise_of(pgd_m, *, bridge=True):
    return rises(np.array([pgd_m]), bridge=np.array([bridge]))


def test_the_rule_by_hand():
    # P(S>=1..4) = .2 .1 .05 .01 -> 1 - .8 x .5 = .6; 1 - .9 x .7 = .37;
    # 1 - .95 x .85 = .1925; 1 - .99 x .95 = .0595
    before = np.array([[0.8, 0.1, 0.05, 0.04, 0.01]])
    after = exceedance_from_states(raised(before, np.array([RAISED_BY])))
    assert after[0] == pytest.approx([0.6, 0.37, 0.1925, 0.0595])


@given(states, st.floats(0.0, 20.0), st.booleans())
@settings(deadline=None)
def test_failed_ground_never_makes_anything_better(before, pgd_m, bridge):
    after = raised(before, rise_of(pgd_m, bridge=bridge))
    assert after.sum() == pytest.approx(1.0, abs=1e-12)
    assert (after >= -1e-15).all()
    worse = exceedance_from_states(after)
    assert (worse >= exceedance_from_states(before) - 1e-12).all()


@given(st.floats(0.0, 5.0), st.floats(0.0, 5.0))
@settings(deadline=None)
def test_more_movement_never_means_less_damage(pgd_m, more):
    assert (rise_of(pgd_m + more) >= rise_of(pgd_m) - 1e-12).all()


def test_only_bridges_have_the_curve_of_ground_failure():
    for pgd_m, bridge in ((np.nan, True), (0.2, False)):
        assert list(rise_of(pgd_m, bridge=bridge)[0]) == list(RAISED_BY)
    assert list(rise_of(0.2)[0]) != list(RAISED_BY)


def test_ground_failure_is_the_lognormal_of_scipy():
    moved = np.geomspace(1e-4, 10.0, 41)
    ours = rises(moved, bridge=np.full(41, fill_value=True))
    for k, (median, beta) in enumerate(zip(*ground_failure_curve(), strict=True)):
        theirs = lognorm.cdf(moved, s=beta, scale=median)
        assert ours[:, k] == pytest.approx(theirs, abs=1e-9)


def test_ground_failure_is_that_of_the_shared_transcription(shared):
    path = shared / "data/fragility/hazus51_transportation.csv"
    lines = path.read_text("utf-8").splitlines()
    rows = {row["ID"]: row for row in csv.DictReader(lines)}
    medians, betas = ground_failure_curve()
    for k in range(4):
        theirs = float(rows["HWB.GF"][f"LS{k + 1}-Theta_0"]) * M_PER_INCH
        assert medians[k] == pytest.approx(theirs, rel=1e-12)
        assert betas[k] == float(rows["HWB.GF"][f"LS{k + 1}-Theta_1"])
