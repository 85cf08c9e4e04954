"""Conditioning: laws, scipy as oracle, numerical integrals, brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm, truncnorm

from geo.conditioning import (
    Sites,
    field_given,
    field_without,
    interval_sites,
    truncated_moments,
)
from geo.conditioning import given as made_ready

seeds = st.integers(0, 2**32 - 1)


def made_covariance(rng, n):
    """Covariance of n places of an exponential field with a shared part."""
    x = rng.uniform(0.0, 100.0, (n, 2))
    apart = np.linalg.norm(x[:, None] - x, axis=2)
    return 0.1 + 0.25 * np.exp(-apart / 30.0)


@given(st.floats(-12.0, 12.0), st.floats(0.01, 8.0))
@settings(deadline=None)
def test_truncated_moments_are_those_of_scipy(low, width):
    mean, variance = truncated_moments(np.array([low]), np.array([low + width]))
    expected = truncnorm(low, low + width)
    assert mean[0] == pytest.approx(expected.mean(), rel=1e-5, abs=1e-5)
    assert low - 1e-9 <= mean[0] <= low + width + 1e-9
    assert 0.0 < variance[0] <= 1.0


@pytest.mark.parametrize(
    ("low", "high"), [(0.5, np.inf), (-np.inf, -3.0), (30.0, np.inf)]
)
def test_a_bound_on_one_side_has_the_moments_of_a_truncated_normal(low, high):
    mean, variance = truncated_moments(np.array([low]), np.array([high]))
    assert mean[0] == pytest.approx(truncnorm.mean(low, high), rel=1e-6)
    assert variance[0] == pytest.approx(truncnorm.var(low, high), rel=1e-2)


def test_one_observation_has_the_exact_posterior_moments():
    """A single site is no approximation of the moments: integrate the product."""
    prior_sd, noise, low, high = 0.6, 0.35, 0.4, 1.4

    def weight(f):
        inside = norm.cdf((high - f) / noise) - norm.cdf((low - f) / noise)
        return norm.pdf(f, scale=prior_sd) * inside

    mass = quad(weight, -4, 4)[0]
    mean = quad(lambda f: f * weight(f), -4, 4)[0] / mass
    variance = quad(lambda f: (f - mean) ** 2 * weight(f), -4, 4)[0] / mass
    prior = np.array([[prior_sd**2]])
    sites = interval_sites(
        prior, low=np.array([low]), high=np.array([high]), noise=np.array([noise])
    )
    found = field_given(made_ready(prior, sites), prior, np.diag(prior))
    assert found[0][0] == pytest.approx(mean, abs=1e-6)
    assert found[1][0] == pytest.approx(variance, abs=1e-6)


def test_a_narrow_interval_is_its_middle_with_a_twelfth_of_its_width_squared():
    prior = np.array([[4.0]])
    sites = interval_sites(
        prior, low=np.array([0.0]), high=np.array([0.5]), noise=np.array([0.35])
    )
    assert sites.value[0] == pytest.approx(0.25, abs=0.01)
    assert sites.variance[0] == pytest.approx(0.35**2 + 0.5**2 / 12.0, rel=0.02)


def test_an_interval_that_covers_everything_says_nothing():
    prior = made_covariance(np.random.default_rng(1), 3)
    sites = interval_sites(
        prior,
        low=np.array([-np.inf, 0.2, -np.inf]),
        high=np.array([np.inf, 0.7, np.inf]),
        noise=np.full(3, 0.3),
    )
    assert np.isinf(sites.variance[[0, 2]]).all()
    assert np.isfinite(sites.variance[1])
    alone = interval_sites(
        prior[1:2, 1:2],
        low=np.array([0.2]),
        high=np.array([0.7]),
        noise=np.array([0.3]),
    )
    assert sites.value[1] == pytest.approx(alone.value[0], abs=1e-9)
    assert sites.variance[1] == pytest.approx(alone.variance[0], abs=1e-9)


@given(seeds, st.integers(1, 8))
@settings(deadline=None, max_examples=40)
def test_conditioning_never_raises_a_variance(seed, n):
    rng = np.random.default_rng(seed)
    prior = made_covariance(rng, n + 2)
    low = rng.uniform(-2.0, 1.0, n)
    high = np.where(rng.random(n) < 0.3, np.inf, low + rng.uniform(0.1, 2.0, n))
    sites = interval_sites(
        prior[:n, :n], low=low, high=high, noise=rng.uniform(0.1, 0.5, n)
    )
    assert (sites.variance > 0.0).all()
    _, variance = field_given(
        made_ready(prior[:n, :n], sites), prior[:n, n:], np.diag(prior)[n:]
    )
    assert (variance <= np.diag(prior)[n:] + 1e-12).all()
    assert (variance >= 0.0).all()


def test_a_lower_bound_only_lifts():
    prior = made_covariance(np.random.default_rng(4), 2)
    sites = interval_sites(
        prior[:1, :1],
        low=np.array([0.5]),
        high=np.array([np.inf]),
        noise=np.array([0.2]),
    )
    mean, _ = field_given(
        made_ready(prior[:1, :1], sites), prior[:1, 1:], np.diag(prior)[1:]
    )
    assert mean[0] > 0.0


def test_given_values_it_is_the_conditional_normal_of_scipy():
    """Bayes' rule on densities: p(field, seen) / p(seen) is normal with our moments."""
    rng = np.random.default_rng(7)
    prior = made_covariance(rng, 5)
    value, variance = rng.normal(0.0, 0.5, 4), rng.uniform(0.05, 0.3, 4)
    ready = made_ready(prior[:4, :4], Sites(value=value, variance=variance))
    mean, spread = field_given(ready, prior[:4, 4:], np.diag(prior)[4:])
    joint = prior.copy()
    joint[np.arange(4), np.arange(4)] += variance
    for f in (-0.5, 0.0, 0.4):
        both = multivariate_normal(np.zeros(5), joint).logpdf([*value, f])
        seen = multivariate_normal(np.zeros(4), joint[:4, :4]).logpdf(value)
        ours = norm.logpdf(f, mean[0], np.sqrt(spread[0]))
        assert both - seen == pytest.approx(ours, abs=1e-9)


@given(seeds)
@settings(deadline=None, max_examples=30)
def test_leaving_groups_out_in_closed_form_is_leaving_them_out(seed):
    rng = np.random.default_rng(seed)
    prior = made_covariance(rng, 12)
    seen, others = np.arange(9), np.arange(9, 12)
    sites = Sites(value=rng.normal(size=9), variance=rng.uniform(0.05, 0.3, 9))
    groups = [np.array([0, 1, 5]), np.array([3]), np.array([], dtype=np.int64)]
    across, own = prior[np.ix_(seen, others)], np.diag(prior)[others]
    mean, variance = field_without(
        made_ready(prior[:9, :9], sites), across, own, groups
    )
    for place, group in enumerate(groups):
        kept = np.setdiff1d(seen, group)
        fewer = Sites(value=sites.value[kept], variance=sites.variance[kept])
        brute = field_given(
            made_ready(prior[np.ix_(kept, kept)], fewer),
            across[kept, place : place + 1],
            own[place : place + 1],
        )
        assert mean[place] == pytest.approx(brute[0][0], abs=1e-9)
        assert variance[place] == pytest.approx(brute[1][0], abs=1e-9)
