"""Shaking, given the intensities that were observed.

The residual of log PGV is conditioned on the observed intensities and carried to the
other measures by their correlation with it; what it does not explain is added back.

Source:
    BELIEF, "Expected state"; DEFINITIONS, sections 2 and 10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.operation import Hypocentre
from geo.conditioning import Sites, interval_sites
from geo.lattice import KM_A_DEGREE, lattice_around
from geo.observed import Observations
from geo.residual_field import ResidualAt, ResidualField, residual_field
from geo.residuals import Places, covariance, places
from geo.shakemap_field import MapField
from geo.shaking import (
    BETWEEN_EVENT_SHARE,
    INTENSITY_SIGMA,
    Measure,
    ShakingAt,
    reach_km,
    shaking_at,
)
from geo.vs30 import Ground, vs30_at

Array = NDArray[np.float64]

CARRIED: Mapping[Measure, float] = {
    Measure.INTENSITY: 1.0,
    Measure.PGV: 1.0,
    Measure.SA10: 0.85,
    Measure.PGA: 0.75,
    Measure.SA03: 0.75,
}
"""Correlation of a measure's residual with that of log PGV (BELIEF, start values; that
of PGA stands in for 0.3 s)."""
QUIET_INTENSITY = 1.5
"""Median below which nothing is drawn: the lowest trigger (3.5) is three sigma away."""
NEAREST_REACH_KM = 50.0  # so that a small quake has a lattice too


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the observations say of the residual, K of them.

    Attributes:
        median: Intensity before they were known, shape (K,).
        places: Where.
        sites: The Gaussian observations that stand for them.
        group: The city or area of each.
    """

    median: Array
    places: Places
    sites: Sites
    group: NDArray[np.str_]


def intensity_prior(
    hypocentre: Hypocentre, longitude: Array, latitude: Array, ground: Ground
) -> tuple[Array, Places]:
    """Median intensity at places, and the spread of its residual, before observing.

    The scatter of intensity for a given PGV is no part of it: it is the nugget of a
    station.
    """
    shaking = shaking_at(
        hypocentre,
        longitude,
        latitude,
        measures=[Measure.INTENSITY],
        vs30_m_s=vs30_at(ground, longitude, latitude),
    )
    return shaking.median[Measure.INTENSITY], places(
        longitude,
        latitude,
        sigma=_of_pgv(shaking.sigma[Measure.INTENSITY]),
        shared=shaking.shared_sigma[Measure.INTENSITY],
    )


def _of_pgv(sigma: Array) -> Array:
    return np.asarray(np.sqrt(sigma**2 - INTENSITY_SIGMA**2))


def known_from(observed: Observations, hypocentre: Hypocentre, ground: Ground) -> Known:
    """What observed intervals say of the residual; those that say nothing are left out.

    Args:
        observed: Any number, also none.
        hypocentre: In JGD2011, with a magnitude or its lower bound.
        ground: Vs30.
    """
    median, where = intensity_prior(
        hypocentre, observed.longitude, observed.latitude, ground
    )
    expected = median + observed.offset
    sites = interval_sites(
        covariance(where, where),
        low=observed.low - expected,
        high=observed.high - expected,
        noise=observed.nugget,
    )
    speaks = np.isfinite(sites.variance)
    return Known(
        median=median[speaks],
        places=Places(
            ecef_km=where.ecef_km[speaks],
            sigma=where.sigma[speaks],
            shared=where.shared[speaks],
        ),
        sites=Sites(value=sites.value[speaks], variance=sites.variance[speaks]),
        group=observed.group[speaks],
    )


def shaken_field(
    hypocentre: Hypocentre,
    observed: Observations,
    ground: Ground,
    rng: np.random.Generator,
) -> ResidualField:
    """The residual around an epicentre, given what was observed, with its draws."""
    known = known_from(observed, hypocentre, ground)
    lattice = lattice_around(
        hypocentre.longitude,
        hypocentre.latitude,
        reach_km=max(reach_km(hypocentre, QUIET_INTENSITY), NEAREST_REACH_KM),
    )
    return residual_field(
        lattice,
        lambda x, y: intensity_prior(hypocentre, x, y, ground)[1],
        observed=known.places,
        value=known.sites.value,
        variance=known.sites.variance,
        rng=rng,
    )


def map_residuals(field: MapField, rng: np.random.Generator) -> ResidualField:
    """Draws about a ShakeMap: its own sigma, with the model's correlation in space."""
    middle = [
        (axis[0] + axis[-1]) / 2.0 for axis in (field.longitudes, field.latitudes)
    ]
    north = np.ptp(field.latitudes)
    east = np.ptp(field.longitudes) * np.cos(np.radians(middle[1]))
    none = np.zeros(0)
    return residual_field(
        lattice_around(
            middle[0],
            middle[1],
            reach_km=float(np.hypot(east, north)) / 2 * KM_A_DEGREE,
        ),
        lambda x, y: places(
            x,
            y,
            sigma=np.ones(len(x)),
            shared=np.full(len(x), np.sqrt(BETWEEN_EVENT_SHARE)),
        ),
        observed=None,
        value=none,
        variance=none,
        rng=rng,
    )


def conditioned(raw: ShakingAt, residual: ResidualAt) -> ShakingAt:
    """Median and sigma after the observations; both unchanged where there were none."""
    median, sigma = dict(raw.median), dict(raw.sigma)
    for measure, before in raw.median.items():
        rho, spread = CARRIED[measure], raw.sigma[measure]
        if measure is Measure.INTENSITY:
            of_pgv = _of_pgv(spread)
            median[measure] = before + of_pgv * residual.mean
            left = np.sqrt(residual.variance) * of_pgv
            sigma[measure] = np.hypot(left, INTENSITY_SIGMA)
        else:
            median[measure] = before * np.exp(rho * spread * residual.mean)
            left = 1.0 - rho**2 * (1.0 - residual.variance)
            sigma[measure] = spread * np.sqrt(left)
    return replace(raw, median=median, sigma=sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """How a measure follows the draws of the residual, at M places.

    Attributes:
        carried: Factor from a draw to log units, shape (M,).
        shared: Sigma of what all places share beyond it, log units, shape (M,).
    """

    carried: Array
    shared: Array


def drawn(raw: ShakingAt, measure: Measure) -> Drawn:
    """How a measure other than intensity follows the draws.

    Of what the residual of PGV does not explain, the share between events is common to
    all places; the rest belongs to each place alone.
    """
    rho, spread = CARRIED[measure], raw.sigma[measure]
    unexplained = spread * np.sqrt(1.0 - rho**2)
    return Drawn(
        carried=rho * spread, shared=unexplained * np.sqrt(BETWEEN_EVENT_SHARE)
    )


def drawn_alone(shaking: ShakingAt, measure: Measure) -> Drawn:
    """How a measure follows draws that are its own, as those about a ShakeMap."""
    spread = shaking.sigma[measure]
    return Drawn(carried=spread, shared=np.zeros_like(spread))
