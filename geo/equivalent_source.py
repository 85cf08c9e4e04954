"""Where and how large a quake was, from the intensities of areas alone.

The first telegram (VXSE51) has neither place nor magnitude. The source that explains
its classes best, in least squares, stands in until the next one: something to decay
from, no hypocentre. It lists every area of class 3 or more; the others count as below.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.operation import GeodeticDatum, Hypocentre, ObservedIntensity, TectonicType
from geo.crs import ecef_from_geographic
from geo.observed import AREA, AREA_OFFSET, areas
from geo.shaking import (
    ASSUMED_DEPTH_KM,
    REFERENCE_VS30_M_S,
    Measure,
    coefficients,
    fault_distance_km,
    intensity_from_pgv,
    median_log10,
    mw_from_mj,
)

Array = NDArray[np.float64]

FITTED = "震度分布に合わせた仮の震源"
"""Region of such a source; of no kind that a name could tell, hence crustal."""
LISTED_FROM = 2.5  # a VXSE51 lists areas of class 3 and more
MAGNITUDES = np.arange(5.0, 8.31, 0.1)
SEARCHED_DEG = 3.0  # either way from the middle of the strongest areas
STEP_DEG = 0.2
STRONGEST = 1.0  # within so much of the highest class
OPEN_CLASS = 0.5  # an open class counts as so wide
KM_PER_M = 1e-3


def equivalent_source(
    observed: Sequence[ObservedIntensity], known: Hypocentre | None = None
) -> Hypocentre | None:
    """The source that explains the classes of areas best; None without any area.

    Args:
        observed: As in the message.
        known: A hypocentre without magnitude: then only that is sought.
    """
    middle = areas()
    seen = {int(o.code): o for o in observed if o.level == AREA and o.code.isdigit()}
    listed = sorted(code for code in seen if code in middle)
    if not listed:
        return None
    codes = [*listed, *sorted(set(middle) - set(listed))]
    places = _ecef_km(np.array([middle[code] for code in codes]), 0.0)
    low = np.array([seen[code].low for code in listed])
    high = [seen[c].high or seen[c].low + OPEN_CLASS for c in listed]
    value = (low + np.array(high)) / 2.0 - AREA_OFFSET
    longitude, latitude = _searched([middle[code] for code in listed], low, known)
    depth_km = ASSUMED_DEPTH_KM
    if known is not None and known.depth_km is not None:
        depth_km = known.depth_km
    sources = _ecef_km(np.column_stack([longitude, latitude]), depth_km)
    apart = np.linalg.norm(sources[:, None] - places, axis=2)
    misfit = np.array([_misfits(apart, float(mj), value) for mj in MAGNITUDES])
    size, place = np.unravel_index(misfit.argmin(), misfit.shape)
    magnitude = round(float(MAGNITUDES[size]), 1)
    if known is not None:
        return replace(known, magnitude_mj=magnitude)
    return Hypocentre(
        longitude=float(longitude[place]),
        latitude=float(latitude[place]),
        depth_km=depth_km,
        magnitude_mj=magnitude,
        magnitude_at_least=None,
        region=FITTED,
        datum=GeodeticDatum.JGD2011,
    )


def _ecef_km(places: Array, depth_km: float) -> Array:
    below = np.full(len(places), -depth_km / KM_PER_M)
    return ecef_from_geographic(np.column_stack([places, below])) * KM_PER_M


def _searched(
    middle: Sequence[tuple[float, float]], low: Array, known: Hypocentre | None
) -> tuple[Array, Array]:
    """Longitude and latitude of every place that is tried."""
    if known is not None:
        return np.array([known.longitude]), np.array([known.latitude])
    strong = np.array(middle)[low >= low.max() - STRONGEST].mean(axis=0)
    around = np.arange(-SEARCHED_DEG, SEARCHED_DEG + STEP_DEG / 2.0, STEP_DEG)
    x, y = np.meshgrid(strong[0] + around, strong[1] + around)
    return x.ravel(), y.ravel()


def _misfits(apart_km: Array, mj: float, value: Array) -> Array:
    """Sum of squares at each place tried; areas that are not listed only from above."""
    kind = TectonicType.CRUSTAL
    predicted = intensity_from_pgv(
        10.0
        ** median_log10(
            coefficients()[Measure.PGV],
            kind,
            mw=mw_from_mj(mj, kind),
            distance_km=fault_distance_km(apart_km, mj),
            vs30_m_s=REFERENCE_VS30_M_S,
        )
    )
    listed = predicted[:, : len(value)] - value
    above = np.maximum(predicted[:, len(value) :] + AREA_OFFSET - LISTED_FROM, 0.0)
    return np.asarray((listed**2).sum(axis=1) + (above**2).sum(axis=1))
