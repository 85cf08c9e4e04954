"""How far shaking differs from its median, and how that hangs together in space.

A residual is what all places of one quake share plus a field whose correlation falls
exponentially with distance. It is that of log PGV, written in units of intensity.

Source:
    M. Wang and T. Takada, Earthquake Spectra 21(4), 2005, 1137-1156: exponential, PGV.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from geo.crs import ecef_from_geographic

Array = NDArray[np.float64]

CORRELATION_KM = 30.0
"""Where the correlation has fallen to 1/e. Wang and Takada (2005) found 21 to 48 km for
five earthquakes of Japan under two formulas, 29 km on average (their table by way of a
public transcription)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """N places with the spread of the residual there, before anything is observed.

    Attributes:
        ecef_km: Earth-centred coordinates, shape (N, 3).
        sigma: Standard deviation, units of intensity, shape (N,).
        shared: The part of it that all places have in common, shape (N,).
    """

    ecef_km: Array
    sigma: Array
    shared: Array

    def __len__(self) -> int:
        """N."""
        return len(self.sigma)


def places(longitude: Array, latitude: Array, *, sigma: Array, shared: Array) -> Places:
    """Places from longitude and latitude in degrees (EPSG:6668), on the ellipsoid."""
    geographic = np.column_stack([longitude, latitude, np.zeros(len(longitude))])
    return Places(
        ecef_km=ecef_from_geographic(geographic) / 1000.0, sigma=sigma, shared=shared
    )


def covariance(one: Places, other: Places) -> Array:
    """Covariance of the residual between two sets of places, shape (N, M)."""
    within, within_other = _within(one), _within(other)
    found = cdist(one.ecef_km, other.ecef_km)
    np.exp(np.divide(found, -CORRELATION_KM, out=found), out=found)
    found *= within[:, None]
    found *= within_other
    found += one.shared[:, None] * other.shared
    return np.asarray(found)


def _within(of: Places) -> Array:
    return np.asarray(np.sqrt(np.maximum(of.sigma**2 - of.shared**2, 0.0)))
