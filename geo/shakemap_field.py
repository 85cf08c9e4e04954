"""The shaking of a ShakeMap at places, used as it is.

Its values are one horizontal component and stay so; JMA intensity follows from PGV
turned into the vector sum. Off the map, and for what it lacks, the model stands in: a
missing measure is the model's, scaled by how the map differs in PGA or PGV.

Source:
    DEFINITIONS, section 2; USGS, ShakeMap manual.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from geo.shaking import (
    INTENSITY_SIGMA,
    INTENSITY_SLOPE,
    LN10,
    VECTOR_OVER_COMPONENT,
    Measure,
    ShakingAt,
    intensity_from_pgv,
)

Array = NDArray[np.float64]

SIGMA_LN = 0.5  # DEFINITIONS, section 2: of a map that carries none
NO_SIGMA = (
    "ShakeMapにばらつきの記載なし:ln 0.5と仮定",
    "the ShakeMap states no sigma: 0.5 (ln) assumed",
)
FROM_MAP = ("揺れはShakeMapによる", "shaking as in the ShakeMap")


_FACTORS: Mapping[Measure, float] = {
    Measure.PGA: 1.0,
    Measure.PGV: VECTOR_OVER_COMPONENT,
    Measure.SA03: 1.0,
    Measure.SA10: 1.0,
}
_GUIDES = (Measure.PGV, Measure.PGA, Measure.SA10, Measure.SA03)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapField:
    """A ShakeMap as arrays.

    Attributes:
        longitudes: Of the columns, degrees, ascending; `latitudes` of the rows.
        values: pga (gal), pgv (cm/s), sa03, sa10 (g), shape (rows, columns), NaN where
            there is none.
        sigma_ln: By the same names, or None where the map carries none.
        sha256: Of the file.
    """

    longitudes: Array
    latitudes: Array
    values: Mapping[str, Array]
    sigma_ln: Mapping[str, Array] | None
    sha256: str


def map_shaking(
    field: MapField, model: ShakingAt, longitude: Array, latitude: Array
) -> ShakingAt:
    """Median and sigma of the map at places.

    Args:
        field: The map.
        model: What the model says of every measure at the same places.
        longitude: Degrees, shape (N,).
        latitude: Degrees, shape (N,).
    """
    places = np.column_stack([latitude, longitude])
    found = {
        measure: _read(field, field.values[measure], places) * _FACTORS[measure]
        for measure in _FACTORS
        if measure in field.values
    }
    median = _medians(found, model)
    sigma = {
        measure: np.where(
            np.isnan(median[measure]),
            model.sigma[measure],
            _sigma(field, measure, places),
        )
        for measure in _FACTORS
    }
    median = {m: np.where(np.isnan(x), model.median[m], x) for m, x in median.items()}
    median[Measure.INTENSITY] = intensity_from_pgv(median[Measure.PGV])
    of_pgv = sigma[Measure.PGV] * INTENSITY_SLOPE / LN10
    sigma[Measure.INTENSITY] = np.hypot(of_pgv, INTENSITY_SIGMA)
    notes = [FROM_MAP, *([NO_SIGMA] if field.sigma_ln is None else [])]
    return replace(
        model,
        median=median,
        sigma=sigma,
        notes_ja=(*model.notes_ja, *(note[0] for note in notes)),
        notes_en=(*model.notes_en, *(note[1] for note in notes)),
    )


def _read(field: MapField, values: Array, places: Array) -> Array:
    """Values of the map at places, bilinear; NaN off it or beside a gap."""
    axes = (field.latitudes, field.longitudes)
    reader = RegularGridInterpolator(
        axes, values, bounds_error=False, fill_value=np.nan
    )
    return np.asarray(reader(places))


def _medians(found: Mapping[Measure, Array], model: ShakingAt) -> dict[Measure, Array]:
    """The map's measures; one it lacks is the model's, scaled; NaN off the map."""
    guide = next(measure for measure in _GUIDES if measure in found)
    scale = found[guide] / model.median[guide]
    return {m: found.get(m, model.median[m] * scale) for m in _FACTORS}


def _sigma(field: MapField, measure: Measure, places: Array) -> Array:
    """Sigma in log units; 0.5 where the map states none."""
    if field.sigma_ln is None or measure not in field.sigma_ln:
        return np.full(len(places), SIGMA_LN)
    read = _read(field, field.sigma_ln[measure], places)
    return np.where(np.isnan(read), SIGMA_LN, read)
