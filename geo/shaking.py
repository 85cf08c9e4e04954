"""Ground motion at a place, from a hypocentre and a magnitude alone.

The median is Morikawa and Fujiwara (2013), quadratic magnitude model, without its terms
for deep sediments (no grid is given) and for the volcanic front (no line is given). The
telegram tells no fault: half its length after Utsu is taken off the hypocentral
distance, as JMA does. What was observed enters in `geo.conditioned_shaking`.

Source:
    N. Morikawa and H. Fujiwara, J. Disaster Res. 8(5), 2013, 878-888; coefficients in
    data/reference/morikawa_fujiwara_2013.csv. DEFINITIONS, section 2.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from data.errors import CrsError
from data.operation import GeodeticDatum, Hypocentre, TectonicType
from geo.crs import ecef_from_geographic, jgd2011_from_tokyo

Array = NDArray[np.float64]

STANDARD_GRAVITY_GAL = 980.665  # CGPM 1901
SATURATION_MW = 8.2  # MF2013: magnitude beyond which the median grows no more
REFERENCE_VS30_M_S = 350.0  # MF2013: ground for which the site term is zero
VALID_DISTANCE_KM = 200.0  # MF2013 rests on records up to here
NEAREST_DISTANCE_KM = 3.0  # as JMA: no place is nearer to the fault
SLAB_DEPTH_KM = 60.0  # DEFINITIONS, section 2
FARTHEST_KM = 1_500.0  # felt intensities of 2011-03-11 reach 1,300 km
ASSUMED_DEPTH_KM = 10.0  # where the message says 不明; JMA's own for shallow quakes
SATURATING_MJ = 7.8  # Mj of 2011-03-11 was 7.9 at first, Mw 9.0
MAGNITUDE_SIGMA = 0.15  # DEFINITIONS, section 2: Mw from Mj
BETWEEN_EVENT_SHARE = 0.3  # DEFINITIONS, section 2: of the model's variance
VECTOR_OVER_COMPONENT = 1.2  # DEFINITIONS, section 2: MF2013 predicts the vector sum
INTENSITY_SLOPE = 1.72  # Midorikawa et al. 1999: intensity for each factor 10 of PGV
INTENSITY_SIGMA = 0.21  # Midorikawa et al. 1999: scatter of intensity for a given PGV
LN10 = float(np.log(10.0))
_CRUSTAL_SLOPE, _CRUSTAL_OFFSET = 0.78, 1.08
"""Mw of inland events: log M0 = 1.17 Mj + 17.72 dyn cm (M. Takemura, Zisin II 43, 1990,
257-265, equation 2) and log M0 = 1.5 Mw + 16.1 (Hanks and Kanamori 1979). For the
others the same paper has log M0 = 1.5 Mj + 16.2, which is Mw = Mj within 0.07."""


class Measure(StrEnum):
    """A quantity of ground motion; accelerations are one horizontal component.

    sa03, sa10: 5 % damped spectral acceleration at 0.3 and 1.0 s, in g. pga: gal.
    pgv: cm/s, vector sum of both components. intensity: JMA instrumental intensity.
    """

    SA03 = "sa03"
    SA10 = "sa10"
    PGA = "pga"
    PGV = "pgv"
    INTENSITY = "intensity"


UNITS = {
    Measure.SA03: "g",
    Measure.SA10: "g",
    Measure.PGA: "gal",
    Measure.PGV: "cm/s",
    Measure.INTENSITY: "jma",
}
_FACTORS = {
    Measure.SA03: 1.0 / (VECTOR_OVER_COMPONENT * STANDARD_GRAVITY_GAL),
    Measure.SA10: 1.0 / (VECTOR_OVER_COMPONENT * STANDARD_GRAVITY_GAL),
    Measure.PGA: 1.0 / VECTOR_OVER_COMPONENT,
    Measure.PGV: 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShakingAt:
    """Shaking at N places.

    Attributes:
        distance_km: Distance to the assumed fault, shape (N,).
        epicentral_km: Distance to the epicentre, shape (N,).
        median: By measure, in the units of `UNITS`, shape (N,).
        sigma: Total standard deviation by measure, natural log units; for intensity in
            units of intensity. Shape (N,).
        shared_sigma: The part of it that all places have in common.
        notes_ja: What a reader has to know of this field, in words.
        notes_en: The same in English.
    """

    distance_km: Array
    epicentral_km: Array
    median: Mapping[Measure, Array]
    sigma: Mapping[Measure, Array]
    shared_sigma: Mapping[Measure, Array]
    notes_ja: tuple[str, ...]
    notes_en: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """One row of the table of MF2013; b and c by tectonic type."""

    a: float
    b: Mapping[TectonicType, float]
    c: Mapping[TectonicType, float]
    d: float
    ps: float
    vs_max_m_s: float
    sigma_log10: float


@cache
def coefficients() -> Mapping[Measure, Coefficients]:
    """Morikawa and Fujiwara (2013), table of model 1, from data/reference."""
    table = files("data").joinpath("reference/morikawa_fujiwara_2013.csv")
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {Measure(row["measure"]): _coefficients(row) for row in rows}


def _coefficients(row: Mapping[str, str]) -> Coefficients:
    return Coefficients(
        a=float(row["a"]),
        b={kind: float(row[f"b_{kind.value}"]) for kind in TectonicType},
        c={kind: float(row[f"c_{kind.value}"]) for kind in TectonicType},
        d=float(row["d"]),
        ps=float(row["ps"]),
        vs_max_m_s=float(row["vs_max_m_s"]),
        sigma_log10=float(row["sigma_log10"]),
    )


def hypocentre_in_jgd2011(hypocentre: Hypocentre) -> Hypocentre:
    """The same place in JGD2011 (EPSG:6668), converted where it is in Tokyo Datum."""
    if hypocentre.datum is GeodeticDatum.JGD2011:
        return hypocentre
    longitude, latitude, _ = jgd2011_from_tokyo(
        hypocentre.longitude, hypocentre.latitude
    )
    return replace(
        hypocentre,
        longitude=float(longitude),
        latitude=float(latitude),
        datum=GeodeticDatum.JGD2011,
    )


def tectonic_type(hypocentre: Hypocentre) -> TectonicType:
    """Crustal, interface or slab, from depth and region name (DEFINITIONS, section 2).

    >>> from data.operation import Hypocentre
    >>> tectonic_type(Hypocentre(longitude=143.9, latitude=38.1, depth_km=24.0,
    ...     magnitude_mj=7.9, magnitude_at_least=None, region="三陸沖")).value
    'interface'
    """
    region = hypocentre.region
    if (hypocentre.depth_km or 0.0) >= SLAB_DEPTH_KM:
        return TectonicType.SLAB
    at_sea = any(word in region for word in ("沖", "灘", "湾", "水道"))
    if at_sea or "海" in region.replace("北海道", ""):
        return TectonicType.INTERFACE
    return TectonicType.CRUSTAL


def known_magnitude(hypocentre: Hypocentre) -> float | None:
    """Mj, or its lower bound where only that is known, or None."""
    if hypocentre.magnitude_mj is not None:
        return hypocentre.magnitude_mj
    return hypocentre.magnitude_at_least


def mw_from_mj(mj: float, kind: TectonicType) -> float:
    """Moment magnitude, from Takemura (1990) for crustal events, else Mj itself.

    >>> round(mw_from_mj(7.2, TectonicType.CRUSTAL), 2)
    6.7
    """
    if kind is TectonicType.CRUSTAL:
        return _CRUSTAL_SLOPE * mj + _CRUSTAL_OFFSET
    return mj


def fault_length_km(mj: float) -> float:
    """Length of the fault, log10 L = 0.5 M - 1.85 (T. Utsu, Zisin, 1977).

    >>> round(fault_length_km(7.0), 1)
    44.7
    """
    return float(10.0 ** (0.5 * mj - 1.85))


def fault_distance_km(hypocentral_km: Array, mj: float) -> Array:
    """Distance to a fault of unknown direction: half its length nearer, 3 km at least.

    Source:
        JMA, 緊急地震速報の概要や処理手法に関する技術的参考資料.
    """
    return np.maximum(hypocentral_km - fault_length_km(mj) / 2.0, NEAREST_DISTANCE_KM)


def _chord_km(hypocentre: Hypocentre, longitude: Array, latitude: Array) -> Array:
    """Straight distance from the hypocentre to places on the ellipsoid."""
    depth_km = hypocentre.depth_km
    depth_m = 1000.0 * (ASSUMED_DEPTH_KM if depth_km is None else depth_km)
    source = np.array([[hypocentre.longitude, hypocentre.latitude, -depth_m]])
    places = np.column_stack([longitude, latitude, np.zeros(len(longitude))])
    between = ecef_from_geographic(places) - ecef_from_geographic(source)
    return np.asarray(np.sqrt((between**2).sum(axis=1)) / 1000.0)


def median_log10(
    row: Coefficients,
    kind: TectonicType,
    *,
    mw: float,
    distance_km: Array,
    vs30_m_s: Array | float,
) -> Array:
    """Median of log10 A, A in cm/s2 or cm/s, vector sum of two horizontal components.

    Source:
        Morikawa and Fujiwara (2013), equations 5 (base model 1) and 9 (soft soil).
    """
    m = min(mw, SATURATION_MW)
    site = row.ps * np.log10(np.minimum(vs30_m_s, row.vs_max_m_s) / REFERENCE_VS30_M_S)
    return np.asarray(
        row.a * (m - 16.0) ** 2
        + row.b[kind] * distance_km
        + row.c[kind]
        - np.log10(distance_km + row.d * 10.0 ** (0.5 * m))
        + site
    )


def _magnitude_slope(row: Coefficients, mw: float, distance_km: Array) -> Array:
    """Derivative of `median_log10` after Mw; zero where it is saturated."""
    if mw >= SATURATION_MW:
        return np.zeros_like(distance_km)
    near = row.d * 10.0 ** (0.5 * mw)
    return np.asarray(2.0 * row.a * (mw - 16.0) - 0.5 * near / (distance_km + near))


def _sigmas_ln(row: Coefficients, mw: float, distance_km: Array) -> tuple[Array, Array]:
    """Total sigma and the part shared by all places, natural log units."""
    magnitude = (_magnitude_slope(row, mw, distance_km) * MAGNITUDE_SIGMA) ** 2
    total = np.sqrt(row.sigma_log10**2 + magnitude)
    shared = np.sqrt(BETWEEN_EVENT_SHARE * row.sigma_log10**2 + magnitude)
    return total * LN10, shared * LN10


def intensity_from_pgv(pgv_cm_s: Array) -> Array:
    """JMA instrumental intensity, I = 2.68 + 1.72 log10 PGV.

    Source:
        S. Midorikawa, K. Fujimoto and I. Muramatsu, 地域安全学会論文集 1, 1999, 51-56.
    """
    return np.asarray(2.68 + INTENSITY_SLOPE * np.log10(pgv_cm_s))


def shaking_at(
    hypocentre: Hypocentre,
    longitude: Array,
    latitude: Array,
    *,
    measures: Collection[Measure],
    vs30_m_s: Array | float = REFERENCE_VS30_M_S,
) -> ShakingAt:
    """Median and spread of ground motion at places.

    Args:
        hypocentre: In JGD2011, with a magnitude or its lower bound.
        longitude: Degrees (EPSG:6668), shape (N,).
        latitude: Degrees, shape (N,).
        measures: What to compute.
        vs30_m_s: Shear-wave velocity of the upper 30 m, one or one a place.

    Raises:
        CrsError: If the hypocentre is still in Tokyo Datum.
        ValueError: If it has neither a magnitude nor a lower bound; ask
            `known_magnitude` first.
    """
    if hypocentre.datum is not GeodeticDatum.JGD2011:
        raise CrsError(
            f"hypocentre {hypocentre.region}: in Tokyo Datum; convert it with "
            "hypocentre_in_jgd2011"
        )
    mj = known_magnitude(hypocentre)
    if mj is None:
        raise ValueError("a hypocentre without magnitude shakes nothing that is known")
    kind = tectonic_type(hypocentre)
    distance = fault_distance_km(_chord_km(hypocentre, longitude, latitude), mj)
    fields = {
        measure: _field(
            measure, kind, mw=mw_from_mj(mj, kind), distance_km=distance, vs30=vs30_m_s
        )
        for measure in sorted(set(measures))
    }
    notes_ja, notes_en = shaking_notes(hypocentre)
    on_ground = replace(hypocentre, depth_km=0.0)
    return ShakingAt(
        distance_km=distance,
        epicentral_km=_chord_km(on_ground, longitude, latitude),
        median={measure: field[0] for measure, field in fields.items()},
        sigma={measure: field[1] for measure, field in fields.items()},
        shared_sigma={measure: field[2] for measure, field in fields.items()},
        notes_ja=notes_ja,
        notes_en=notes_en,
    )


def _field(
    measure: Measure,
    kind: TectonicType,
    *,
    mw: float,
    distance_km: Array,
    vs30: Array | float,
) -> tuple[Array, Array, Array]:
    """Median, sigma and shared sigma of one measure."""
    by_pgv = measure is Measure.INTENSITY
    row = coefficients()[Measure.PGV if by_pgv else measure]
    log10 = median_log10(row, kind, mw=mw, distance_km=distance_km, vs30_m_s=vs30)
    sigma, shared = _sigmas_ln(row, mw, distance_km)
    if not by_pgv:
        return 10.0**log10 * _FACTORS[measure], sigma, shared
    per_ln = INTENSITY_SLOPE / LN10
    return (
        intensity_from_pgv(10.0**log10),
        np.hypot(sigma * per_ln, INTENSITY_SIGMA),
        shared * per_ln,
    )


def reach_km(hypocentre: Hypocentre, intensity: float) -> float:
    """Distance from the epicentre, in km, up to which the median reaches an intensity.

    Taken on ground of Vs30 350 m/s, in steps of 5 km, at most FARTHEST_KM.
    """
    mj = known_magnitude(hypocentre) or 0.0
    depth_km = ASSUMED_DEPTH_KM if hypocentre.depth_km is None else hypocentre.depth_km
    epicentral = np.arange(0.0, FARTHEST_KM + 1.0, 5.0)
    kind = tectonic_type(hypocentre)
    median = _field(
        Measure.INTENSITY,
        kind,
        mw=mw_from_mj(mj, kind),
        distance_km=fault_distance_km(np.hypot(epicentral, depth_km), mj),
        vs30=REFERENCE_VS30_M_S,
    )[0]
    return float(max(epicentral[median >= intensity], default=0.0))


def shaking_notes(hypocentre: Hypocentre) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a reader has to know of the field, in Japanese and in English."""
    notes = []
    mj = known_magnitude(hypocentre)
    if mj is None:
        notes.append(
            (
                "規模不明のため揺れを推定していない",
                "magnitude unknown: shaking is not estimated",
            )
        )
    elif hypocentre.magnitude_mj is None:
        notes.append(
            (
                f"規模は「Ｍ８を超える」とだけ発表:M{mj:.1f}で計算した下限の揺れ",
                f"magnitude only known to exceed {mj:.1f}: shaking is a lower bound",
            )
        )
    elif mj >= SATURATING_MJ:
        notes.append(
            (
                f"Mj {mj:.1f}は頭打ちの可能性:実際の規模と揺れはより大きいことがある",
                f"Mj {mj:.1f} may be too low: magnitude and shaking may be larger",
            )
        )
    if hypocentre.depth_km is None:
        notes.append(
            (
                f"深さ不明:{ASSUMED_DEPTH_KM:.0f} kmと仮定",
                f"depth unknown: {ASSUMED_DEPTH_KM:.0f} km assumed",
            )
        )
    return tuple(n[0] for n in notes), tuple(n[1] for n in notes)
