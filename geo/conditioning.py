"""A Gaussian field, given intervals in which noisy values of it lie.

Each observation says only that field + noise lies in [low, high). Expectation
propagation turns it into a Gaussian observation of the same first two moments: for an
interval narrow against the spread that is its middle with the noise variance + width^2
/ 12, for a lower bound a truncated normal, for an interval without bounds nothing.

Source:
    T. Minka, Expectation Propagation for approximate Bayesian inference, UAI 2001;
    C. Rasmussen and C. Williams, Gaussian Processes for Machine Learning, 2006,
    sections 3.6 and 5.4.2 (leave-one-out by the inverse of the covariance).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.special import log_ndtr

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

MOST_ROUNDS = 60
CONVERGED = 1e-5  # of the field's own unit, between two rounds
LEAST_PRECISION = 1e-9  # below it an observation says nothing
_LOG_ROOT_2PI = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """N Gaussian observations that stand for N intervals.

    Attributes:
        value: Of the field, relative to its prior mean, shape (N,).
        variance: Of the value about the field; inf where it says nothing.
    """

    value: Array
    variance: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is needed to say what the field is anywhere, given N observations.

    Attributes:
        inverse: Of the covariance of the observations, shape (N, N).
        weight: The inverse times the observed values, shape (N,).
    """

    inverse: Array
    weight: Array


def truncated_moments(low: Array, high: Array) -> tuple[Array, Array]:
    """Mean and variance of a standard normal between bounds, each shape (N,).

    Bounds may be infinite; far out in a tail everything is in logarithms.

    >>> mean, variance = truncated_moments(np.array([0.0]), np.array([np.inf]))
    >>> round(float(mean[0]), 4), round(float(variance[0]), 4)
    (0.7979, 0.3634)
    """
    flip = low < -high  # so that the log of the tail is always the small one
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    upper_a, upper_b = log_ndtr(-a), log_ndtr(-b)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mass = upper_a + np.log1p(-np.exp(upper_b - upper_a))
        at_a = np.exp(-0.5 * a**2 - _LOG_ROOT_2PI - log_mass)
        at_b = np.exp(-0.5 * b**2 - _LOG_ROOT_2PI - log_mass)
        mean = at_a - at_b
        slope = np.where(np.isinf(a), 0.0, a * at_a) - np.where(
            np.isinf(b), 0.0, b * at_b
        )
    variance = np.clip(1.0 + slope - mean**2, 1e-12, 1.0)
    return np.where(flip, -mean, mean), variance


def interval_sites(prior: Array, *, low: Array, high: Array, noise: Array) -> Sites:
    """Gaussian observations that stand for intervals.

    Args:
        prior: Covariance of the field at the N places, shape (N, N).
        low: Lower bounds, relative to the prior mean; -inf where there is none.
        high: Upper bounds; inf where there is none.
        noise: Standard deviation of the value about the field, above 0.
    """
    precision, shift = _first_sites(low, high, noise)
    before = np.full(len(low), np.inf)
    for _ in range(MOST_ROUNDS):
        mean, variance = _marginals(prior, precision, shift)
        if np.abs(mean - before).max(initial=0.0) < CONVERGED:
            break
        before = mean
        cavity = _cavities(mean, variance, precision, shift)
        precision, shift = _sites_from(*cavity, low=low, high=high, noise=noise)
    speaks = precision > LEAST_PRECISION
    safe = np.where(speaks, precision, 1.0)
    return Sites(
        value=np.where(speaks, shift / safe, 0.0),
        variance=np.where(speaks, 1.0 / safe, np.inf),
    )


def _first_sites(low: Array, high: Array, noise: Array) -> tuple[Array, Array]:
    """Precision and shift to begin with: middle, and width^2 / 12 (DEFINITIONS, 2)."""
    bounded = np.isfinite(low) & np.isfinite(high)
    bottom, top = np.where(bounded, low, 0.0), np.where(bounded, high, 0.0)
    variance = noise**2 + (top - bottom) ** 2 / 12.0
    precision = np.where(bounded, 1.0 / variance, 0.0)
    return precision, precision * (bottom + top) / 2.0


def _marginals(prior: Array, precision: Array, shift: Array) -> tuple[Array, Array]:
    """Mean and variance of the field at the places, given sites."""
    root = np.sqrt(precision)
    inner = root[:, None] * prior * root
    inner[np.diag_indices_from(inner)] += 1.0
    lower = cholesky(inner, lower=True, overwrite_a=True, check_finite=False)
    half = solve_triangular(
        lower, root[:, None] * prior, lower=True, overwrite_b=True, check_finite=False
    )
    mean = prior @ shift - half.T @ (half @ shift)
    return mean, np.diagonal(prior) - np.einsum("ij,ij->j", half, half)


def _cavities(
    mean: Array, variance: Array, precision: Array, shift: Array
) -> tuple[Array, Array]:
    """Mean and variance at each place as all the others leave it."""
    without = 1.0 / (1.0 / variance - precision)
    return without * (mean / variance - shift), without


def _sites_from(
    mean: Array, variance: Array, *, low: Array, high: Array, noise: Array
) -> tuple[Array, Array]:
    """Precision and shift whose product with the cavity has the true moments."""
    spread = np.sqrt(variance + noise**2)
    inside, narrowed = truncated_moments((low - mean) / spread, (high - mean) / spread)
    new_mean = mean + variance / spread * inside
    new_variance = variance - (variance / spread) ** 2 * (1.0 - narrowed)
    precision = np.maximum(1.0 / new_variance - 1.0 / variance, 0.0)
    return precision, new_mean * (precision + 1.0 / variance) - mean / variance


def given(prior: Array, sites: Sites) -> Given:
    """The observations made ready for questions about other places.

    Args:
        prior: Covariance of the field at the N places, shape (N, N).
        sites: Every one of them says something (finite variance).
    """
    total = prior.copy()
    total[np.diag_indices_from(total)] += sites.variance
    lower = cholesky(total, lower=True, overwrite_a=True, check_finite=False)
    inverse = cho_solve((lower, True), np.eye(len(total)), overwrite_b=True)
    return Given(inverse=inverse, weight=inverse @ sites.value)


def field_given(known: Given, across: Array, own: Array) -> tuple[Array, Array]:
    """Mean (about the prior's) and variance of the field at M other places.

    Args:
        known: N observations.
        across: Covariance between the observed places and the others, shape (N, M).
        own: Prior variance of the others, shape (M,).
    """
    explained = np.einsum("ij,ij->j", across, known.inverse @ across)
    return across.T @ known.weight, np.maximum(own - explained, 0.0)


def field_without(
    known: Given, across: Array, own: Array, groups: Sequence[Indices]
) -> tuple[Array, Array]:
    """As `field_given`, each place with its own group of observations left out.

    Closed form: what a group takes away is known from its block of the inverse.

    Args:
        known: N observations.
        across: Shape (N, M).
        own: Shape (M,).
        groups: For each of the M places, which observations it does without.
    """
    mean, variance = field_given(known, across, own)
    mixed = known.inverse @ across
    for place, group in enumerate(groups):
        if len(group):
            block = known.inverse[np.ix_(group, group)]
            lost = np.linalg.solve(block, mixed[group, place])
            mean[place] -= lost @ known.weight[group]
            variance[place] += lost @ mixed[group, place]
    return mean, np.minimum(variance, own)
