"""From the looks of one asset to its grade, or why it has none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import AssetKind
from data.evidence import exceedance, mixed_prior
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES, Basis
from data.grading import Rules, asset_view, graded_state, union_share, verdict
from data.likelihood import read_likelihood
from data.looks import view_bin

ALL = frozenset(DAMAGE_CLASSES[1:9]) | frozenset(COMPONENT_CLASSES[1:])
RULES = Rules(likelihood=read_likelihood(), trained=ALL)
FAR = mixed_prior([1.0, 0, 0, 0, 0])
STRONG = mixed_prior([0.3, 0.2, 0.2, 0.2, 0.1])


def look(z=0, *, sector=0, cells=range(10), gsd_m=0.004, of=10, **changes):
    share = len(list(cells)) / of
    row = {
        "id": f"{z}-{sector}",
        "sortie": "s1",
        "sector": sector,
        "above": False,
        "gsd_m": gsd_m,
        "share": share,
        "view": view_bin(gsd_m, share),
        "cell": 0,
        "seen_cells": list(cells),
        "cells": of,
        "z": z,
        "z_second": -1,
        "disputed": False,
        "negative_lambda": 0.5,
        "state": "used",
    }
    return row | changes


def judge(looks, *, prior=FAR, kind=AssetKind.BRIDGE, rules=RULES, ambiguous=False):
    return verdict(prior, kind, looks, rules, ambiguous=ambiguous)


CLEAN = [look(sector=0), look(sector=4)]


def test_two_clean_fine_sides_far_from_the_hazard_are_d0():
    found = judge(CLEAN)
    assert (found.grade, found.na_reason, found.basis) == (0, None, Basis.OBSERVED)
    assert not found.waiting


def test_each_condition_of_d0_is_needed():
    one_side = [look(sector=0), look(sector=1)]
    assert judge(one_side).na_reason == "insufficient_view"
    coarse = [look(sector=0, gsd_m=0.02), look(sector=4, gsd_m=0.02)]
    assert judge(coarse).na_reason == "insufficient_view"
    half = [look(sector=0, cells=range(5)), look(sector=4, cells=range(5))]
    assert judge(half).na_reason == "insufficient_view"
    untrained = Rules(likelihood=RULES.likelihood, trained=ALL - {"displacement"})
    assert judge(CLEAN, rules=untrained).na_reason == "insufficient_view"
    assert judge(CLEAN, prior=STRONG).na_reason == "not_excluded"
    found = judge([*CLEAN, look(2, sector=2)])
    assert found.na_reason == "unconfirmed(2)"
    assert found.waiting
    assert judge([*CLEAN, look(sector=2, disputed=True, z_second=2)]).grade == -1


def test_cells_seen_from_two_sides_add_up_to_the_share_of_d0():
    halves = [look(sector=0, cells=range(6)), look(sector=4, cells=range(4, 10))]
    assert union_share(halves) == 1.0
    assert judge(halves).grade == 0


def test_coarse_looks_lend_no_side_to_a_fine_state():
    looks = [look(sector=0, gsd_m=0.01), look(sector=4, gsd_m=0.04)]
    view = asset_view(AssetKind.BRIDGE, looks, ALL)
    assert (view.sides, view.detectable_from) == (2, 3)


def test_little_of_it_seen_is_obscured_unless_something_was_found():
    few = [look(cells=range(2))]
    assert judge(few).na_reason == "obscured(0.20)"
    assert judge([look(1, cells=range(2))]).na_reason == "insufficient_view"
    assert (
        judge([look(4, cells=range(2)), look(4, sector=4, cells=range(2))]).grade >= 3
    )


def test_one_sure_collapse_is_graded_far_from_the_hazard():
    found = judge([look(4)])
    assert found.grade == 4
    assert found.waiting


def test_a_severe_level_that_does_not_lift_the_grade_goes_to_people():
    found = judge([look(3, gsd_m=0.04)], prior=FAR)
    assert (found.grade, found.na_reason) == (-1, "unconfirmed(3)")
    assert found.waiting


def test_expected_needs_no_support_and_a_grade_does():
    found = judge([look(gsd_m=0.04)], prior=STRONG)
    assert found.expected > 0
    assert found.grade == -1


def test_a_grade_is_the_largest_supported_state_that_passes():
    chance = [0.9, 0.8, 0.7, 0.6]
    assert graded_state(chance, [True, True, False, False]) == 2
    assert graded_state(chance, [False] * 4) == 0
    assert graded_state([0.49, 0.39, 0.3, 0.2], [True] * 4) == 3


def test_a_dispute_is_na_and_keeps_the_larger_chance():
    network = judge([look(4)])
    found = judge([look(4, disputed=True, z_second=0)])
    assert (found.grade, found.na_reason) == (-1, "disputed")
    assert found.basis is Basis.DISPUTED
    assert found.waiting
    assert found.p == pytest.approx(network.p)
    second = judge([look(0, disputed=True, z_second=2)])
    assert second.p == pytest.approx(judge([look(2)]).p)
    assert second.grade == -1


def test_a_dispute_where_both_give_d2_or_worse_takes_the_milder():
    sure = [look(4, sector=2), look(4, sector=6)]
    found = judge([look(4, disputed=True, z_second=0), *sure])
    without = judge([look(0), *sure])
    assert found.disputed
    assert found.grade == min(without.grade, judge([look(4), *sure]).grade) >= 2


def test_what_was_there_before_supports_nothing_and_forbids_d0():
    found = judge([*CLEAN, look(2, sector=2, state="pre_existing")])
    assert (found.grade, found.na_reason) == (-1, "unconfirmed(2)")
    assert found.p == pytest.approx(judge(CLEAN).p)


def test_an_ambiguous_match_is_never_graded():
    found = judge([look(4)], ambiguous=True)
    assert (found.grade, found.na_reason) == (-1, "ambiguous_match")
    assert found.waiting


def test_absence_of_an_asset_seen_in_a_tenth_says_nothing():
    found = judge([look(cells=range(1))], prior=STRONG)
    assert found.p == pytest.approx(STRONG)


looks_strategy = st.lists(
    st.builds(
        look,
        z=st.integers(0, 4),
        sector=st.integers(0, 7),
        cells=st.sets(st.integers(0, 9), min_size=1).map(sorted),
        gsd_m=st.sampled_from([0.004, 0.01, 0.02, 0.04]),
        sortie=st.sampled_from(["s1", "s2"]),
        negative_lambda=st.sampled_from([0.25, 0.5, 1.0]),
        disputed=st.booleans(),
        z_second=st.integers(0, 3),
        state=st.sampled_from(["used", "used", "pre_existing"]),
    ),
    min_size=1,
    max_size=6,
)
priors = st.sampled_from([FAR, STRONG, mixed_prior(None)])
kinds = st.sampled_from([k for k in AssetKind if k is not AssetKind.LINK])


@settings(deadline=None, max_examples=150)
@given(looks=looks_strategy, prior=priors, kind=kinds)
def test_a_grade_obeys_its_own_rule(looks, prior, kind):
    found = judge(looks, prior=prior, kind=kind)
    chance = exceedance(found.p)
    worst = max(one["z"] for one in looks)
    assert (found.grade == -1) == (found.na_reason is not None)
    if found.grade > 0:
        assert any(one["state"] == "used" for one in looks)
        assert found.grade <= max(found.expected, found.grade * found.disputed)
    if found.grade == 0:
        assert worst < 2
        assert not found.disputed
        assert chance[1] <= 0.02
    if worst >= 3 or found.disputed:
        assert found.waiting


@settings(deadline=None, max_examples=100)
@given(looks=looks_strategy, prior=priors, kind=kinds, seed=st.integers(0, 99))
def test_the_order_of_looks_does_not_change_a_verdict(looks, prior, kind, seed):
    order = np.random.default_rng(seed).permutation(len(looks))
    one = judge(looks, prior=prior, kind=kind)
    other = judge([looks[i] for i in order], prior=prior, kind=kind)
    assert (one.p == other.p).all()
    assert (one.grade, one.na_reason) == (other.grade, other.na_reason)


def test_slight_damage_does_not_hide_that_severe_damage_is_probable():
    crack = [look(1, gsd_m=0.02)]
    shaken = judge(crack, prior=mixed_prior([0.05, 0.05, 0.1, 0.3, 0.5]))
    assert exceedance(shaken.p)[2] >= 0.3
    assert (shaken.grade, shaken.na_reason) == (-1, "not_excluded")
    assert shaken.waiting
    assert judge([look(1, gsd_m=0.004)], prior=STRONG).grade in (1, 2)


def test_slight_damage_is_no_grade_where_severe_damage_could_not_be_seen():
    crack = [look(2, sector=0), look(2, sector=4)]
    prior = mixed_prior([0.4, 0.3, 0.3, 0.0, 0.0])
    assert judge(crack, prior=prior).grade in (1, 2)
    blind = Rules(likelihood=RULES.likelihood, trained=frozenset({"crack", "spall"}))
    found = judge(crack, prior=prior, rules=blind)
    assert (found.grade, found.na_reason) == (-1, "insufficient_view")
    assert found.waiting
