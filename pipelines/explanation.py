"""The numbers behind one asset's expected state: shaking, neighbours, capacity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.assets import AssetKind
from data.fragility import (
    bridge_class,
    bridge_curves,
    bridge_medians,
    substation_class,
    substation_parameters,
)
from data.owner_rules import BridgeRules
from geo.conditioned_shaking import conditioned
from geo.gazetteer import ecef_km
from geo.observed import Observations, observations_of
from geo.residual_field import residual_at
from geo.shakemap_field import map_shaking
from geo.shaking import (
    Measure,
    ShakingAt,
    known_magnitude,
    mw_from_mj,
    shaking_at,
    tectonic_type,
)
from geo.vs30 import Ground, vs30_at
from pipelines.hazard_at import KIND_HAZARDS, kinds_of, shaken_places
from pipelines.quakes import JST, Quake

Array = NDArray[np.float64]
Row = Mapping[str, Any]

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """One observed intensity; None where nothing bounds it on that side."""

    name: str
    low: float | None
    high: float | None
    distance_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShakenHere:
    """One asset in one quake.

    Attributes:
        measure: What its kind goes by; `unit`, and `factor` into it.
        raw: By the model alone; `shaking` as the map has it.
        mw: Moment magnitude that was used.
        vs30_m_s: Of the ground there.
        observed: How many intensities there are.
        neighbours: The nearest of them.
    """

    quake: Quake
    place: tuple[float, float]
    measure: Measure
    unit: str
    factor: float
    raw: ShakingAt
    shaking: ShakingAt
    mw: float
    tectonic: str
    vs30_m_s: float
    observed: int
    neighbours: tuple[Neighbour, ...]

    def median(self, shaking: ShakingAt) -> float:
        """Median of the measure in `unit`."""
        return float(shaking.median[self.measure][0]) * self.factor


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityHere:
    """Curve of one asset: medians and betas of D1..D4, in the unit of its kind.

    Attributes:
        row: Medians as the published row has them, before its factors.
        table: Where the row stands.
    """

    name: str
    row: tuple[float, ...]
    medians: tuple[float, ...]
    betas: tuple[float, ...]
    table: str


def shaken_here(asset: pa.Table, quake: Quake, ground: Ground) -> ShakenHere:
    """How one asset was shaken, before and after what was observed.

    Args:
        asset: Table ASSETS, one row.
        quake: With its draws.
        ground: Vs30.
    """
    kind = AssetKind(asset["kind"][0].as_py())
    longitude, latitude = shaken_places(asset, kinds_of(asset), quake.hypocentre)
    vs30 = np.broadcast_to(vs30_at(ground, longitude, latitude), longitude.shape)
    raw, shaking = shaking_given(quake, longitude, latitude, ground)
    tectonic = tectonic_type(quake.hypocentre)
    place = float(longitude[0]), float(latitude[0])
    observed = observed_of(quake)
    rule = KIND_HAZARDS[kind]
    return ShakenHere(
        quake=quake,
        place=place,
        measure=rule.measure,
        unit=rule.unit,
        factor=rule.factor,
        raw=raw,
        shaking=shaking,
        mw=mw_from_mj(known_magnitude(quake.hypocentre) or np.nan, tectonic),
        tectonic=tectonic.value,
        vs30_m_s=float(vs30[0]),
        observed=len(observed),
        neighbours=nearest(observed, *place),
    )


def shaking_given(
    quake: Quake, longitude: Array, latitude: Array, ground: Ground
) -> tuple[ShakingAt, ShakingAt]:
    """Shaking by the model alone, and as the map has it: observed, or of a ShakeMap."""
    raw = shaking_at(
        quake.hypocentre,
        longitude,
        latitude,
        measures=tuple(Measure),
        vs30_m_s=vs30_at(ground, longitude, latitude),
    )
    if quake.shakemap is not None:
        return raw, map_shaking(quake.shakemap, raw, longitude, latitude)
    if quake.draws is None:
        return raw, raw
    residual = residual_at(quake.draws.residual, longitude, latitude)
    return raw, conditioned(raw, residual)


def observed_of(quake: Quake) -> Observations:
    """The intensities observed in a quake, at their places."""
    return observations_of(quake.observed, on=quake.origin_at.astimezone(JST).date())


def nearest(
    observed: Observations, longitude: float, latitude: float
) -> tuple[Neighbour, ...]:
    """The observed intensities nearest to a place, the nearest first."""
    if not len(observed):
        return ()
    here = ecef_km(np.array([longitude]), np.array([latitude]))
    there = ecef_km(observed.longitude, observed.latitude)
    km = np.linalg.norm(there - here, axis=1)
    return tuple(
        Neighbour(
            name=observed.name[row],
            low=_bound(observed.low[row]),
            high=_bound(observed.high[row]),
            distance_km=float(km[row]),
        )
        for row in np.argsort(km, kind="stable")[:NEIGHBOURS]
    )


def _bound(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def capacity_here(
    asset: Row, here: ShakenHere, rules: BridgeRules
) -> CapacityHere | None:
    """The curve of a bridge or a substation in an earthquake; others have none."""
    if asset["kind"] == AssetKind.BRIDGE:
        return _bridge(asset, here, rules)
    if asset["kind"] == AssetKind.SUBSTATION:
        name = substation_class(asset["voltage_kv"])
        medians, betas = (
            tuple(each[0].tolist()) for each in substation_parameters([name])
        )
        return CapacityHere(
            name=name,
            row=medians,
            medians=medians,
            betas=betas,
            table="hazus51_substations.csv",
        )
    return None


def _bridge(asset: Row, here: ShakenHere, rules: BridgeRules) -> CapacityHere:
    names = ("length_m", "spans", "material", "structure", "year")
    name = bridge_class(**{each: asset[each] for each in names}, rules=rules)
    skew = asset["skew_deg"]
    median = here.shaking.median
    medians = bridge_medians(
        [name],
        spans=[asset["spans"]],
        skew_deg=np.array([np.nan if skew is None else skew]),
        sa10_over_sa03=median[Measure.SA10] / median[Measure.SA03],
        rules=rules,
    )
    return CapacityHere(
        name=name,
        row=bridge_curves()[name].medians_g,
        medians=tuple(medians[0].tolist()),
        betas=(rules.capacity_beta,) * 4,
        table="hazus51_bridges.csv",
    )
