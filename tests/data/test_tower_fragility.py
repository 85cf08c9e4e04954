"""Towers in wind: two curves, five states, and what must always hold."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import lognorm

from data.errors import ConfigError
from data.fragility import exceedance, exceedance_from_states
from data.tower_fragility import (
    TOWER_BIAS_SIGMA,
    four_states,
    tower_chances,
    tower_curve,
    tower_curves,
)

RATIOS = np.geomspace(0.01, 3.0, 61)
CURVES = sorted(tower_curves())


def expected(ratio, *, name="JP", sigma=0.0, shared=0.0, bias=TOWER_BIAS_SIGMA):
    ratio = np.atleast_1d(np.asarray(ratio, dtype=float))
    return tower_chances(
        ratio,
        curve=tower_curve(name),
        sigma_ln=np.full(len(ratio), sigma),
        shared_sigma_ln=np.full(len(ratio), shared),
        bias_sigma=bias,
    )


@pytest.mark.parametrize("name", CURVES)
def test_each_row_is_the_lognormal_of_scipy(name):
    for median, beta in (tower_curve(name).minor, tower_curve(name).collapse):
        ours = exceedance(RATIOS, np.array([[median]]), np.array([[beta]]))[:, 0]
        theirs = lognorm.cdf(RATIOS, s=beta, scale=median)
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_the_rows_of_wistl_are_those_of_the_shared_file(shared):
    path = shared / "data/fragility/wistl_tower_wind.csv"
    lines = path.read_text("utf-8").splitlines()
    header = lines[0].split(",")
    header[1] = "kind"
    theirs: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    for row in csv.DictReader(lines[1:], fieldnames=header):
        key = (row["kind"].lower(), row["devangle_upper"])
        curve = (float(row["param1"]), float(row["param2"]))
        theirs.setdefault(key, {})[row["limit_states"]] = curve
    ours = {
        tuple(name.split("-")[1:]): curve
        for name, curve in tower_curves().items()
        if name.startswith("WISTL")
    }
    assert len(ours) == len(theirs) == 6
    for (kind, angle), curves in theirs.items():
        mine = ours[(kind, angle) if kind == "strainer" else (kind,)]
        assert (mine.minor, mine.collapse) == (curves["minor"], curves["collapse"])


def test_a_curve_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"tower_curve 'XX'.*JP"):
        tower_curve("XX")


def test_shares_between_and_beyond_the_curves_by_hand():
    # DEFINITIONS 2: minor .5, collapse .1: between .4 -> D1 .32, D2 .08; beyond .1 ->
    # D3 .02, D4 .08; D0 .5
    found = exceedance_from_states(np.array([[0.5, 0.32, 0.08, 0.02, 0.08]]))
    assert four_states(np.array([[0.5, 0.1]])) == pytest.approx(found)


def test_kimitsu_by_hand():
    # FINDINGS 9: ~50 m/s against 40: ratio 1.25, the median of minor damage; collapse
    # ln(1.25 / 1.45) / .12 = -1.2368 -> .1081
    states = expected(1.25, bias=0.0).states[0]
    assert states[0] == pytest.approx(0.5)
    assert states[3] + states[4] == pytest.approx(0.1081, abs=1e-4)


@given(st.floats(0.0, 5.0), st.floats(0.0, 0.5), st.sampled_from(CURVES))
@settings(deadline=None)
def test_states_are_chances_and_sum_to_one(ratio, sigma, name):
    found = expected(ratio, name=name, sigma=sigma, shared=0.7 * sigma)
    assert (found.states >= 0.0).all()
    assert found.states.sum() == pytest.approx(1.0, abs=1e-12)
    severe = found.states[0, 3:].sum()
    assert found.severe_low[0] <= severe + 1e-12
    assert severe <= found.severe_high[0] + 1e-12


@given(st.floats(0.05, 3.0), st.floats(1.0, 3.0), st.sampled_from(CURVES))
@settings(deadline=None)
def test_more_wind_never_lowers_a_chance(ratio, factor, name):
    weak, strong = exceedance_from_states(
        expected([ratio, ratio * factor], name=name, sigma=0.15, shared=0.1).states
    )
    assert (strong >= weak - 1e-12).all()


def test_no_wind_leaves_every_tower_whole():
    assert expected(0.0, sigma=0.3).states[0, 0] == pytest.approx(1.0)


def test_the_mean_is_that_of_many_draws():
    rng, n = np.random.default_rng(6), 200_000
    ratio = 1.1 * np.exp(rng.normal(0, 0.15, n) + rng.normal(0, TOWER_BIAS_SIGMA, n))
    drawn = lognorm.cdf(ratio, s=0.12, scale=1.45).mean()
    severe = expected(1.1, sigma=0.15, shared=0.1).states[0, 3:].sum()
    assert severe == pytest.approx(drawn, abs=2e-3)
