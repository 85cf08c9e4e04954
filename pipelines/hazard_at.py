"""Shaking where the assets are: one chunk of assets under one earthquake.

A link is shaken where it lies nearest to the epicentre; everything else at its home
point. What each kind goes by, and from where on it is in the plan: DEFINITIONS 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.assets import AssetKind
from data.operation import Hypocentre
from geo.conditioned_shaking import Drawn, conditioned, drawn, drawn_alone
from geo.residual_field import ResidualAt, residual_at
from geo.shakemap_field import map_shaking
from geo.shaking import STANDARD_GRAVITY_GAL, Measure, ShakingAt, shaking_at
from geo.vs30 import REFERENCE_VS30_M_S, Ground, vs30_at
from pipelines.quakes import Quake

Array = NDArray[np.float64]
Kinds = NDArray[np.object_]
Flags = NDArray[np.bool_]

DRAWN_MEASURES = (Measure.SA10, Measure.PGA)  # what curves go by
LINK_STEP_DEG = 0.02  # about 2 km between the places at which a link is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class KindHazard:
    """What a kind goes by.

    Attributes:
        measure: Shown as its hazard.
        unit: g, gal or jma.
        factor: Turns the measure's own unit into `unit`.
        trigger_intensity: In the plan from this JMA intensity on.
        trigger: Or from this value of (measure, threshold in the measure's unit).
    """

    measure: Measure
    unit: str
    factor: float
    trigger_intensity: float
    trigger: tuple[Measure, float] | None


KIND_HAZARDS: Mapping[str, KindHazard] = {
    AssetKind.BRIDGE: KindHazard(
        measure=Measure.SA10,
        unit="g",
        factor=1.0,
        trigger_intensity=4.5,
        trigger=(Measure.SA10, 0.1),
    ),
    AssetKind.DAM: KindHazard(
        measure=Measure.PGA,
        unit="gal",
        factor=1.0,
        trigger_intensity=3.5,
        trigger=(Measure.PGA, 25.0),
    ),
    AssetKind.TOWER: KindHazard(
        measure=Measure.INTENSITY,
        unit="jma",
        factor=1.0,
        trigger_intensity=5.0,
        trigger=None,
    ),
    AssetKind.SPAN: KindHazard(
        measure=Measure.INTENSITY,
        unit="jma",
        factor=1.0,
        trigger_intensity=5.0,
        trigger=None,
    ),
    AssetKind.SUBSTATION: KindHazard(
        measure=Measure.PGA,
        unit="g",
        factor=1.0 / STANDARD_GRAVITY_GAL,
        trigger_intensity=4.5,
        trigger=(Measure.PGA, 80.0),
    ),
    AssetKind.LINK: KindHazard(
        measure=Measure.PGA,
        unit="gal",
        factor=1.0,
        trigger_intensity=5.0,
        trigger=None,
    ),
}
"""DEFINITIONS, section 1; a link, which has no trigger there, takes its towers'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HazardAt:
    """One chunk under one quake; every array has shape (N,).

    Attributes:
        hazard: In the unit of its kind.
        sigma_ln: Total; NaN where the hazard is an intensity.
        in_plan: Whether the kind's trigger is reached.
        shaking: All measures at the same places, given what was observed.
        drawn: How accelerations follow the draws of the quake.
        residual: The draws at the places; None where the quake has none.
    """

    hazard: Array
    sigma_ln: Array
    in_plan: Flags
    shaking: ShakingAt
    drawn: Mapping[Measure, Drawn]
    residual: ResidualAt | None


def hazard_at(
    assets: pa.Table, quake: Quake, *, ground: Ground = REFERENCE_VS30_M_S
) -> HazardAt:
    """Shaking of each asset of a chunk.

    Args:
        assets: A chunk of the table ASSETS.
        quake: With its field, or without: then by the model alone.
        ground: Vs30.
    """
    kinds = kinds_of(assets)
    longitude, latitude = shaken_places(assets, kinds, quake.hypocentre)
    shaking, drawn, residual = _shaken(quake, longitude, latitude, ground)
    hazard, sigma = np.full(len(kinds), np.nan), np.full(len(kinds), np.nan)
    in_plan = np.zeros(len(kinds), dtype=bool)
    for kind, rule in KIND_HAZARDS.items():
        here = kinds == kind
        hazard[here] = shaking.median[rule.measure][here] * rule.factor
        in_plan[here] = _triggered(rule, shaking)[here]
        if rule.measure is not Measure.INTENSITY:
            sigma[here] = shaking.sigma[rule.measure][here]
    return HazardAt(
        hazard=hazard,
        sigma_ln=sigma,
        in_plan=in_plan,
        shaking=shaking,
        drawn=drawn,
        residual=residual,
    )


def _shaken(
    quake: Quake, longitude: Array, latitude: Array, ground: Ground
) -> tuple[ShakingAt, Mapping[Measure, Drawn], ResidualAt | None]:
    """By the model, then by what was observed, or as a ShakeMap has it."""
    raw = shaking_at(
        quake.hypocentre,
        longitude,
        latitude,
        measures=tuple(Measure),
        vs30_m_s=vs30_at(ground, longitude, latitude),
    )
    if quake.draws is None:
        return raw, {m: drawn(raw, m) for m in DRAWN_MEASURES}, None
    residual = residual_at(quake.draws.residual, longitude, latitude)
    if quake.shakemap is None:
        follows = {m: drawn(raw, m) for m in DRAWN_MEASURES}
        return conditioned(raw, residual), follows, residual
    shaking = map_shaking(quake.shakemap, raw, longitude, latitude)
    return shaking, {m: drawn_alone(shaking, m) for m in DRAWN_MEASURES}, residual


def kinds_of(assets: pa.Table) -> Kinds:
    """The column `kind` as an array of words."""
    return np.asarray(assets["kind"].to_numpy(zero_copy_only=False), dtype=object)


def shaken_places(
    assets: pa.Table, kinds: Kinds, hypocentre: Hypocentre
) -> tuple[Array, Array]:
    """Longitude and latitude at which each asset is shaken."""
    longitude = np.array(assets["longitude"].to_numpy(), dtype=np.float64)
    latitude = np.array(assets["latitude"].to_numpy(), dtype=np.float64)
    links = np.flatnonzero(kinds == AssetKind.LINK)
    if len(links):
        shapes = assets["geometry"].take(links).to_numpy(zero_copy_only=False)
        x, y = nearest_points(shapely.from_wkb(shapes), hypocentre)
        longitude[links], latitude[links] = x, y
    return longitude, latitude


def nearest_points(
    shapes: NDArray[np.object_], hypocentre: Hypocentre
) -> tuple[Array, Array]:
    """The vertex of each line, at most 2 km apart, that is nearest to the epicentre."""
    dense = shapely.segmentize(shapes, LINK_STEP_DEG)
    points, line = shapely.get_coordinates(dense, return_index=True)
    east = (points[:, 0] - hypocentre.longitude) * np.cos(
        np.radians(hypocentre.latitude)
    )
    squared = east**2 + (points[:, 1] - hypocentre.latitude) ** 2
    order = np.lexsort((squared, line))
    _, first = np.unique(line[order], return_index=True)
    best = points[order[first]]
    return best[:, 0], best[:, 1]


def _triggered(rule: KindHazard, shaking: ShakingAt) -> Flags:
    hit = shaking.median[Measure.INTENSITY] >= rule.trigger_intensity
    if rule.trigger is None:
        return np.asarray(hit)
    measure, threshold = rule.trigger
    return np.asarray(hit | (shaking.median[measure] >= threshold))
