"""The laws of combining looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.evidence import (
    MAX_AGAINST,
    MAX_FOR,
    combine,
    exceedance,
    look_evidence,
    mixed_prior,
    posterior,
    state_set,
    with_severe,
)
from data.likelihood import read_likelihood

STEPS = read_likelihood().steps
TINY = 1e-12

priors = st.lists(st.floats(0, 1), min_size=5, max_size=5).filter(lambda p: sum(p) > 0)
priors = priors.map(lambda p: mixed_prior(np.array(p) / sum(p)))
views = st.tuples(
    st.integers(0, 5),  # view
    st.sampled_from([0.1, 0.3, 0.59, 0.6, 1.0]),  # share
    st.sampled_from([0.25, 0.5, 1.0]),  # lambda
    st.integers(0, 4),  # z
    st.sampled_from("abc"),  # sortie
)
looks = st.lists(views, min_size=0, max_size=8)
numbers = st.floats(-5, 5)
steps_of_looks = st.lists(
    st.tuples(st.lists(numbers, min_size=4, max_size=4), st.sampled_from("abc")),
    max_size=8,
)


def evidence(view, share, negative_lambda, z, _sortie):
    return look_evidence(
        STEPS[view, :, z], share=share, negative_lambda=negative_lambda
    )


def chance(prior, looks):
    d = [evidence(*look) for look in looks]
    return exceedance(posterior(prior, combine(d, [look[-1] for look in looks])))


def chance_of_steps(prior, pairs):
    combined = combine([d for d, _ in pairs], [s for _, s in pairs])
    return exceedance(posterior(prior, combined))


@settings(deadline=None)
@given(prior=priors, looks=looks.filter(bool), data=st.data())
def test_a_worse_level_never_lowers_a_chance(prior, looks, data):
    index = data.draw(st.integers(0, len(looks) - 1))
    view, share, lam, z, sortie = looks[index]
    worse = list(looks)
    worse[index] = (view, share, lam, data.draw(st.integers(z, 4)), sortie)
    assert (chance(prior, worse) >= chance(prior, looks) - TINY).all()


@settings(deadline=None)
@given(
    prior=priors,
    pairs=steps_of_looks,
    more=st.lists(st.floats(0, 5), min_size=4, max_size=4),
    sortie=st.sampled_from("abcd"),
)
def test_one_more_look_for_damage_never_lowers_a_chance(prior, pairs, more, sortie):
    before = chance_of_steps(prior, pairs)
    after = chance_of_steps(prior, [*pairs, (more, sortie)])
    assert (after >= before - TINY).all()


@settings(deadline=None)
@given(
    prior=priors,
    pairs=steps_of_looks,
    more=st.lists(st.floats(-5, 0), min_size=4, max_size=4),
    sortie=st.sampled_from("abcd"),
)
def test_one_more_look_against_damage_never_raises_a_chance(prior, pairs, more, sortie):
    before = chance_of_steps(prior, pairs)
    after = chance_of_steps(prior, [*pairs, (more, sortie)])
    assert (after <= before + TINY).all()


@settings(deadline=None)
@given(pairs=steps_of_looks, seed=st.integers(0, 99))
def test_the_order_of_looks_does_not_matter_to_a_bit(pairs, seed):
    order = np.random.default_rng(seed).permutation(len(pairs))
    shuffled = [pairs[i] for i in order]
    one = combine([d for d, _ in pairs], [s for _, s in pairs])
    other = combine([d for d, _ in shuffled], [s for _, s in shuffled])
    assert (one == other).all()


@settings(deadline=None)
@given(pairs=steps_of_looks)
def test_no_machine_is_surer_than_the_clip(pairs):
    combined = combine([d for d, _ in pairs], [s for _, s in pairs])
    assert (combined <= MAX_FOR + TINY).all()
    assert (combined >= MAX_AGAINST - TINY).all()


def test_a_hundred_sorties_reach_the_clip_and_stop_there():
    names = [f"s{i}" for i in range(100)]
    assert combine(np.full((100, 4), 9.0), names) == pytest.approx(np.log(50.0))
    assert combine(np.full((100, 4), -9.0), names) == pytest.approx(-np.log(20.0))


def test_weights_halve_inside_a_sortie_and_fall_by_a_fifth_between_sorties():
    d = np.array([[1.0, -1, 0, 0], [0.5, -0.5, 0, 0], [0.2, -0.2, 0, 0]])
    # one sortie: 1 + .5 x .5 + .25 x .2
    assert combine(d, ["a"] * 3)[:2] == pytest.approx([1.3, -1.3])
    # {1, .2} = 1.1 and {.5}: 1.1 + .8 x .5
    assert combine(d, ["a", "b", "a"])[:2] == pytest.approx([1.5, -1.5])


def test_without_looks_the_prior_stands():
    prior = mixed_prior([0.6, 0.2, 0.1, 0.06, 0.04])
    assert posterior(prior, combine([], [])) == pytest.approx(prior)


def test_lambda_discounts_only_what_speaks_against():
    steps = [1.0, -1.0, 0.0, -2.0]
    found = look_evidence(steps, share=1.0, negative_lambda=0.25)
    assert found == pytest.approx([1.0, -0.25, 0.0, -0.5])


def test_absence_in_a_small_share_is_no_evidence_and_presence_is():
    found = look_evidence([1.0, -1.0, 0.5, -2.0], share=0.29, negative_lambda=1.0)
    assert found == pytest.approx([1.0, 0.0, 0.5, 0.0])


def test_the_prior_leaves_no_state_without_mass():
    prior = mixed_prior([1.0, 0, 0, 0, 0])
    assert prior == pytest.approx([0.995, 0.0025, 0.0015, 0.00075, 0.00025])
    assert mixed_prior(None) == pytest.approx([0.9, 0.05, 0.03, 0.015, 0.005])


@settings(deadline=None)
@given(prior=priors, severe=st.floats(0.0005, 0.9), pairs=steps_of_looks)
def test_bounds_of_p_severe_keep_their_order(prior, severe, pairs):
    combined = combine([d for d, _ in pairs], [s for _, s in pairs])
    low, high = (with_severe(prior, s) for s in (severe, (1 + severe) / 2))
    assert low.sum() == pytest.approx(1.0)
    assert low[3:].sum() == pytest.approx(severe)
    after = [posterior(p, combined)[3:].sum() for p in (low, high)]
    assert after[0] <= after[1] + TINY


@settings(deadline=None)
@given(prior=priors)
def test_the_set_holds_ninety_percent_and_no_smaller_one_does(prior):
    chosen = state_set(prior)
    assert prior[list(chosen)].sum() >= 0.9 - 1e-9
    fewer = np.sort(prior)[::-1][: len(chosen) - 1].sum()
    assert fewer < 0.9


def test_ties_in_the_set_go_to_the_worse():
    assert state_set([0.8, 0.1, 0.1, 0.0, 0.0]) == (0, 2)
