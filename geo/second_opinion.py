"""Another formula for the same shaking: Si and Midorikawa (1999).

It is no part of any estimate: where it differs by more than a sigma, a reader is told.

Source:
    H. Si and S. Midorikawa, 日本建築学会構造系論文集 523, 1999, 63-70: PGV on ground of
    Vs 600 m/s; as in NIED, J-SHIS, 2.4.1, and FINDINGS, section 8. log ARV = 1.83 -
    0.66 log Vs30: S. Midorikawa, M. Matsuoka and K. Sakugawa, 1994.
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.operation import Hypocentre, TectonicType
from geo.shaking import (
    ASSUMED_DEPTH_KM,
    INTENSITY_SIGMA,
    INTENSITY_SLOPE,
    REFERENCE_VS30_M_S,
    Measure,
    coefficients,
    fault_distance_km,
    intensity_from_pgv,
    known_magnitude,
    median_log10,
    mw_from_mj,
    tectonic_type,
)

Array = NDArray[np.float64]

TYPE_TERM: Mapping[TectonicType, float] = {
    TectonicType.CRUSTAL: 0.0,
    TectonicType.INTERFACE: -0.02,
    TectonicType.SLAB: 0.12,
}


def si_midorikawa_pgv(
    kind: TectonicType,
    *,
    mw: float,
    depth_km: float,
    distance_km: Array,
    vs30_m_s: float,
) -> Array:
    """Median PGV in cm/s, the larger of two horizontal components.

    Args:
        kind: Of the earthquake.
        mw: Moment magnitude.
        depth_km: Of the hypocentre.
        distance_km: Shortest to the fault, shape (N,).
        vs30_m_s: Of the ground.
    """
    base = 0.58 * mw + 0.0038 * depth_km + TYPE_TERM[kind] - 1.29
    near = np.log10(distance_km + 0.0028 * 10.0 ** (0.5 * mw))
    soft = 0.66 * np.log10(600.0 / vs30_m_s)
    return np.asarray(10.0 ** (base - near - 0.002 * distance_km + soft))


@lru_cache(maxsize=4096)
def second_opinion(hypocentre: Hypocentre, epicentral_km: int) -> float | None:
    """JMA intensity by the other formula, where it differs by more than a sigma.

    Both on ground of Vs30 350 m/s, before anything was observed; None where they agree.
    """
    mj = known_magnitude(hypocentre)
    if mj is None:
        return None
    kind = tectonic_type(hypocentre)
    mw = mw_from_mj(mj, kind)
    depth_km = ASSUMED_DEPTH_KM if hypocentre.depth_km is None else hypocentre.depth_km
    apart = fault_distance_km(np.hypot(np.array([float(epicentral_km)]), depth_km), mj)
    row = coefficients()[Measure.PGV]
    ours = median_log10(
        row, kind, mw=mw, distance_km=apart, vs30_m_s=REFERENCE_VS30_M_S
    )
    theirs = si_midorikawa_pgv(
        kind,
        mw=mw,
        depth_km=depth_km,
        distance_km=apart,
        vs30_m_s=REFERENCE_VS30_M_S,
    )
    sigma = np.hypot(row.sigma_log10 * INTENSITY_SLOPE, INTENSITY_SIGMA)
    other = float(intensity_from_pgv(theirs)[0])
    return other if abs(other - intensity_from_pgv(10.0**ours)[0]) > sigma else None
