"""docs/worked/bridge.md, recomputed: every number in it is one of these."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from data.fragility import (
    BIAS_SIGMA,
    bridge_class,
    bridge_medians,
    chances,
    exceedance,
    exceedance_from_states,
    monotone,
)
from data.hazard_layer import RAISED_BY, raised
from data.owner_rules import BRIDGE_RULES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "worked" / "bridge.md"
SA10, SA03, SIGMA = 0.40, 1.20, 0.80
MEDIANS = (0.75, 0.75, 0.75, 1.10)


def shown(*values, digits=4):
    return [f"{value:.{digits}f}" for value in values]


def by_hand():
    """The page's numbers, from the published formulas and nothing of ours."""
    k3d = 1.0 + 0.05 / (4 - 0)
    k_skew = math.sqrt(math.sin(math.radians(90.0 - 30.0)))
    k_shape = 2.5 * SA10 / SA03
    first = MEDIANS[0] * min(1.0, k_shape)
    medians = [first, *(m * k3d * k_skew for m in MEDIANS[1:])]
    hazus = [norm.cdf(math.log(SA10 / m) / 0.6) for m in medians]
    beta = math.sqrt(0.35**2 + SIGMA**2 + 0.40**2)
    ours = [norm.cdf(math.log(SA10 / m) / beta) for m in medians]
    slid = [
        1.0 - (1.0 - p) * (1.0 - r)
        for p, r in zip(ours, (0.5, 0.3, 0.15, 0.05), strict=True)
    ]
    return k3d, k_skew, k_shape, medians, hazus, beta, ours, slid


def test_the_page_says_what_the_formulas_give():
    k3d, k_skew, k_shape, medians, hazus, beta, ours, slid = by_hand()
    text = PAGE.read_text("utf-8")
    wanted = [
        *shown(k3d, k_skew, k_shape, *medians, beta),
        *shown(*hazus, *ours, *slid),
    ]
    assert [number for number in wanted if number not in text] == []


def test_the_code_gives_what_the_page_says():
    _, _, _, medians, hazus, _, ours, slid = by_hand()
    name = bridge_class(
        length_m=120.0, spans=4, material="鋼", structure="連続桁", year=1975
    )
    assert name == "HWB15"
    found = bridge_medians(
        [name],
        spans=[4],
        skew_deg=np.array([30.0]),
        sa10_over_sa03=np.array([SA10 / SA03]),
    )
    assert found[0] == pytest.approx(medians)
    im = np.array([SA10])
    published = monotone(exceedance(im, found, np.full((1, 4), 0.6)))
    assert published[0] == pytest.approx(hazus, abs=1e-12)
    expected = chances(
        im,
        medians=found,
        betas=np.full((1, 4), BRIDGE_RULES.capacity_beta),
        sigma_ln=np.array([SIGMA]),
        shared_sigma_ln=np.array([0.5]),
    )
    assert BIAS_SIGMA == 0.40
    assert exceedance_from_states(expected.states)[0] == pytest.approx(ours, abs=1e-12)
    worse = raised(expected.states, np.array([RAISED_BY]))
    assert exceedance_from_states(worse)[0] == pytest.approx(slid, abs=1e-12)
