"""What truly happens in a rehearsal, and the pipeline never sees.

Shaking is the median of the model times exp(sigma z), z one standard normal field for
all measures: .3 of its variance is shared by all places, the rest fades with distance.
Capacity is the median of the curve times exp(N(0, .4)), one draw a kind, and times an
asset's own exp(N(0, beta)). Where no curve exists (dams, lines in an earthquake) the
rehearsal has one of its own: it is made up, says nothing of real dams, and nothing else
reads it.

Source:
    drill.md, section 3; BELIEF, "Expected state"; geo.shaking for medians and sigmas.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.feeds.tracks import Averaging, read_track
from data.fragility import (
    BIAS_SIGMA,
    bridge_class,
    bridge_medians,
    substation_class,
    substation_parameters,
)
from data.operation import GeodeticDatum, Hypocentre
from data.tower_fragility import (
    COLLAPSE_SHARES,
    MINOR_SHARES,
    TOWER_BIAS_SIGMA,
    tower_curve,
)
from geo.shaking import (
    REFERENCE_VS30_M_S,
    STANDARD_GRAVITY_GAL,
    Measure,
    hypocentre_in_jgd2011,
    shaking_at,
)
from geo.storm import fixes_of, minute_by_minute, storm_from_fixes
from geo.wind import greatest_wind
from pipelines.drill.scenarios import MadeUpQuake

Array = NDArray[np.float64]
Grades = NDArray[np.int8]

SHARED_SHARE = 0.3  # of the variance, as geo.shaking.BETWEEN_EVENT_SHARE
FADES_KM = 15.0  # 1/e of the correlation between two places
KM_PER_DEGREE = 111.2
JITTER = 1e-9
DESIGN_WIND_M_S = 40.0  # 10-min, of a tower whose owner says none
REHEARSED_PGA_G = {
    "dam": (0.35, 0.60, 1.00, 1.80),
    "tower": (0.40, 0.70, 1.10, 1.80),
    "span": (0.45, 0.75, 1.10, 1.80),
}
"""Medians of made-up curves, for rehearsals alone."""
REHEARSED_BETA = 0.35
BRIDGE_BETA = 0.35  # of one bridge; BELIEF: Hazus's .6 holds the demand too


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """One asset that an event may damage.

    Attributes:
        facts: What its owner would say if he made no error: length_m, spans, material,
            structure, year, voltage_kv.
    """

    id: str
    kind: str
    longitude: float
    latitude: float
    facts: dict[str, Any]


def hypocentre_of(quake: MadeUpQuake) -> Hypocentre:
    """Where it truly lies; the telegram tells it in Tokyo Datum, as JMA does."""
    told = Hypocentre(
        longitude=quake.longitude,
        latitude=quake.latitude,
        depth_km=quake.depth_km,
        magnitude_mj=quake.magnitude_mj,
        magnitude_at_least=None,
        region=quake.region,
        datum=GeodeticDatum.TOKYO,
    )
    return hypocentre_in_jgd2011(told)


def correlated_field(
    longitude: Array, latitude: Array, rng: np.random.Generator
) -> Array:
    """One standard normal at each of N places, alike where they are near."""
    x = longitude * KM_PER_DEGREE * np.cos(np.radians(latitude.mean()))
    y = latitude * KM_PER_DEGREE
    apart_km = np.hypot(x[:, None] - x, y[:, None] - y)
    own = (1.0 - SHARED_SHARE) * np.exp(-apart_km / FADES_KM)
    covariance = SHARED_SHARE + own + JITTER * np.eye(len(x))
    return np.asarray(np.linalg.cholesky(covariance) @ rng.standard_normal(len(x)))


def true_shaking(
    quake: MadeUpQuake, longitude: Array, latitude: Array, z: Array
) -> dict[Measure, Array]:
    """What each place truly feels, by measure, in the units of geo.shaking."""
    here = shaking_at(
        hypocentre_of(quake),
        longitude,
        latitude,
        measures=tuple(Measure),
        vs30_m_s=REFERENCE_VS30_M_S,
    )
    return {
        m: here.median[m] + here.sigma[m] * z
        if m is Measure.INTENSITY
        else here.median[m] * np.exp(here.sigma[m] * z)
        for m in Measure
    }


def states_over(
    intensity: Array, medians: Array, betas: Array, own: Array, bias: float
) -> Grades:
    """Worst state that each asset's own capacity does not withstand.

    Args:
        intensity: Shape (N,), in the unit of the medians.
        medians: Shape (N, 4).
        betas: Of the capacity of one asset, shape (N, 4).
        own: Its standard normal, shape (N,).
        bias: ln of the kind's factor on all medians.
    """
    capacity = np.log(medians) + bias + betas * own[:, None]
    passed = np.log(np.maximum(intensity, 1e-12))[:, None] > capacity
    return np.asarray(np.where(passed, np.arange(1, 5), 0).max(axis=1), np.int8)


def _bridge_class(facts: dict[str, Any]) -> str:
    """Hazus class of a bridge by what is true of it."""
    return bridge_class(
        length_m=facts.get("length_m"),
        spans=facts.get("spans"),
        material=facts.get("material"),
        structure=facts.get("structure"),
        year=facts.get("year"),
    )


def bridge_states(
    assets: Sequence[Exposed], felt: dict[Measure, Array], own: Array, bias: float
) -> Grades:
    """True states of bridges: Hazus medians, Sa(1.0 s)."""
    medians = bridge_medians(
        [_bridge_class(a.facts) for a in assets],
        spans=[a.facts.get("spans") for a in assets],
        skew_deg=np.full(len(assets), np.nan),
        sa10_over_sa03=felt[Measure.SA10] / felt[Measure.SA03],
    )
    betas = np.full_like(medians, BRIDGE_BETA)
    return states_over(felt[Measure.SA10], medians, betas, own, bias)


def other_states(
    kind: str,
    assets: Sequence[Exposed],
    felt: dict[Measure, Array],
    own: Array,
    bias: float,
) -> Grades:
    """True states of substations (Hazus), and of dams and lines (made up); PGA."""
    if kind == "substation":
        volts = [a.facts.get("voltage_kv") for a in assets]
        medians, betas = substation_parameters([substation_class(v) for v in volts])
    else:
        medians = np.tile(REHEARSED_PGA_G[kind], (len(assets), 1))
        betas = np.full_like(medians, REHEARSED_BETA)
    pga_g = felt[Measure.PGA] / STANDARD_GRAVITY_GAL
    return states_over(pga_g, medians, betas, own, bias)


def shaken_states(
    assets: Sequence[Exposed],
    felt: dict[Measure, Array],
    rng: np.random.Generator,
) -> Grades:
    """True state of every asset after one earthquake."""
    kinds = np.array([asset.kind for asset in assets])
    grades, own = np.zeros(len(assets), np.int8), rng.standard_normal(len(assets))
    for kind in ("bridge", "dam", "span", "substation", "tower"):
        bias, rows = rng.normal(0.0, BIAS_SIGMA), np.flatnonzero(kinds == kind)
        if len(rows):
            chosen = [assets[row] for row in rows.tolist()]
            here = {measure: values[rows] for measure, values in felt.items()}
            grades[rows] = (
                bridge_states(chosen, here, own[rows], bias)
                if kind == "bridge"
                else other_states(kind, chosen, here, own[rows], bias)
            )
    return grades


def blown_states(
    assets: Sequence[Exposed], track: bytes, z: Array, rng: np.random.Generator
) -> Grades:
    """True state of every asset after a typhoon; only lines are blown over."""
    storm = storm_from_fixes(
        fixes_of(read_track(track, name="track", averaging=Averaging.TEN_MINUTES))
    )
    longitude, latitude = places_of(assets)
    wind = greatest_wind(minute_by_minute(storm), longitude, latitude)
    true_m_s = wind.median_m_s * np.exp(wind.sigma_ln * z)
    curve, bias = tower_curve("JP"), rng.normal(0.0, TOWER_BIAS_SIGMA)
    own, share = rng.standard_normal(len(assets)), rng.random(len(assets))
    ratio = np.log(np.maximum(true_m_s / DESIGN_WIND_M_S, 1e-12)) - bias
    minor, collapse = (
        ratio > np.log(median) + beta * own
        for median, beta in (curve.minor, curve.collapse)
    )
    mild = np.where(share < MINOR_SHARES[0], 1, 2)
    grave = np.where(share < COLLAPSE_SHARES[0], 3, 4)
    lines = np.isin([asset.kind for asset in assets], ("tower", "span"))
    state = np.where(collapse, grave, np.where(minor, mild, 0))
    return np.where(lines, state, 0).astype(np.int8)


def places_of(assets: Sequence[Exposed]) -> tuple[Array, Array]:
    """Longitudes and latitudes, shape (N,) each."""
    return (
        np.array([asset.longitude for asset in assets]),
        np.array([asset.latitude for asset in assets]),
    )


def with_torn_spans(towers: Sequence[int], spans: Sequence[int]) -> tuple[int, ...]:
    """Grades of spans: a tower that lies has torn what hung from it.

    >>> with_torn_spans([0, 4, 0], [0, 1])
    (4, 4)
    """
    return tuple(
        4 if 4 in (towers[k], towers[k + 1]) else int(grade)
        for k, grade in enumerate(spans)
    )


def moved(asset: Exposed, east_m: float, north_m: float) -> Exposed:
    """The same asset some metres away."""
    narrow = np.cos(np.radians(asset.latitude))
    return replace(
        asset,
        longitude=asset.longitude + east_m / (KM_PER_DEGREE * 1000.0 * narrow),
        latitude=asset.latitude + north_m / (KM_PER_DEGREE * 1000.0),
    )
