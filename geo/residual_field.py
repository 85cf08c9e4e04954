"""The residual of shaking around an epicentre, given what was observed, and 200 draws.

Everything is in standard deviations of the residual before anything was observed, so
that it can be carried to a measure of any spread. Without observations the mean is 0,
the variance 1 and the draws are those of the model alone.

Source:
    DEFINITIONS, section 10; BELIEF, "Expected state".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from geo.lattice import Between, Lattice, between
from geo.residuals import Places, covariance

Array = NDArray[np.float64]
Draws = NDArray[np.float32]

DRAWS = 200  # DEFINITIONS, section 10
JITTER = 1e-9  # of the variance, so that the factorisation never fails by rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualField:
    """N nodes.

    Attributes:
        mean: Of the residual, shape (N,).
        variance: Shape (N,), at most 1.
        draws: Deviations from the mean, shape (N, 200).
    """

    lattice: Lattice
    mean: Array
    variance: Array
    draws: Draws


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualAt:
    """The residual at M places; as before anything was observed outside the lattice."""

    field: ResidualField
    where: Between
    mean: Array
    variance: Array

    def draws(self, rows: NDArray[np.int64]) -> Draws:
        """Deviations from the mean at some of the places, shape (rows, 200)."""
        weight = self.where.weight[rows].astype(np.float32)
        found = np.zeros((len(rows), self.field.draws.shape[1]), dtype=np.float32)
        for corner in range(weight.shape[1]):
            node = self.where.node[rows, corner]
            found += self.field.draws[node] * weight[:, corner, None]
        return found


def residual_field(
    lattice: Lattice,
    prior: Callable[[Array, Array], Places],
    *,
    observed: Places | None,
    value: Array,
    variance: Array,
    rng: np.random.Generator,
) -> ResidualField:
    """The field on a lattice, jointly with Gaussian observations of it.

    Args:
        lattice: Where.
        prior: Longitude and latitude -> places with their spread.
        observed: Where it was observed, or None.
        value: Observed residuals, units of intensity, shape (K,).
        variance: Of the values about the field, shape (K,).
        rng: Draws node by node, outwards.
    """
    nodes = prior(lattice.longitude, lattice.latitude)
    total = covariance(nodes, nodes)
    mean = np.zeros(len(nodes))
    if observed is not None and len(observed):
        across = covariance(observed, nodes)
        own = covariance(observed, observed)
        own[np.diag_indices_from(own)] += variance
        lower = cholesky(own, lower=True, overwrite_a=True, check_finite=False)
        across = solve_triangular(lower, across, lower=True, overwrite_b=True)
        mean = across.T @ solve_triangular(lower, value, lower=True)
        total -= across.T @ across
    left = np.diagonal(total) / nodes.sigma**2
    total[np.diag_indices_from(total)] += JITTER * nodes.sigma**2
    lower = cholesky(total, lower=True, overwrite_a=True, check_finite=False)
    drawn = lower @ rng.standard_normal((len(nodes), DRAWS))
    drawn -= drawn.mean(axis=1, keepdims=True)
    return ResidualField(
        lattice=lattice,
        mean=mean / nodes.sigma,
        variance=np.clip(left, 0.0, 1.0),
        draws=(drawn / nodes.sigma[:, None]).astype(np.float32),
    )


def residual_at(field: ResidualField, longitude: Array, latitude: Array) -> ResidualAt:
    """The residual read at places, bilinear between the nodes."""
    where = between(field.lattice, longitude, latitude)
    return ResidualAt(
        field=field,
        where=where,
        mean=where.read(field.mean),
        variance=1.0 - where.read(1.0 - field.variance),
    )
