"""What to expect of a chunk of assets: hazard x fragility, quake after quake.

Source:
    BELIEF, "Expected state"; DEFINITIONS, sections 1 and 2.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.assets import AssetKind
from data.evidence import REFERENCE
from data.fragility import (
    BRIDGE_CAPACITY_BETA,
    STATES,
    Chances,
    after_another,
    bridge_class,
    bridge_medians,
    chances,
    substation_class,
    substation_parameters,
)
from geo.shaking import STANDARD_GRAVITY_GAL, Measure
from pipelines.hazard_at import Array, HazardAt, Kinds

REFERENCE_KINDS = (AssetKind.TOWER, AssetKind.SPAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One chunk after one or more quakes.

    Attributes:
        states: P(D0) .. P(D4), shape (N, 5); NaN rows where nothing is modelled.
        low: 5 % quantile of P(D3 or D4), shape (N,); `high` the 95 % quantile.
        strongest: Index of the quake whose hazard is shown, shape (N,).
        hazard: Of that quake, in the unit of the kind; as are `sigma_ln` and `pga_gal`,
            `intensity` and `epicentral_km`.
        in_plan: Whether any quake reached the kind's trigger.
        fragility: Names of the curves, None where there is none.
    """

    states: Array
    low: Array
    high: Array
    strongest: NDArray[np.int64]
    hazard: Array
    sigma_ln: Array
    pga_gal: Array
    intensity: Array
    epicentral_km: Array
    in_plan: NDArray[np.bool_]
    fragility: Kinds


def before_any(kinds: Kinds, *, in_plan: bool) -> Expectation:
    """Before any quake that can be modelled; towers and spans have their reference."""
    n = len(kinds)
    states = np.full((n, STATES), np.nan)
    states[np.isin(kinds, REFERENCE_KINDS)] = REFERENCE
    nan = np.full(n, np.nan)
    return Expectation(
        states=states,
        low=nan,
        high=nan,
        strongest=np.full(n, -1),
        hazard=nan,
        sigma_ln=nan,
        pga_gal=nan,
        intensity=nan,
        epicentral_km=nan,
        in_plan=np.full(n, in_plan),
        fragility=np.full(n, None, dtype=object),
    )


def under_one(
    assets: pa.Table, kinds: Kinds, here: HazardAt, break_year: int
) -> Expectation:
    """One chunk under one quake alone."""
    found = before_any(kinds, in_plan=False)
    states, low, high = found.states.copy(), found.low.copy(), found.high.copy()
    fragility = found.fragility.copy()
    for kind, model in (
        (AssetKind.BRIDGE, _bridges),
        (AssetKind.SUBSTATION, _stations),
    ):
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            names, chance = model(assets.take(rows), rows, here, break_year)
            states[rows], fragility[rows] = chance.states, names
            low[rows], high[rows] = chance.severe_low, chance.severe_high
    return replace(
        found,
        states=states,
        low=low,
        high=high,
        fragility=fragility,
        hazard=here.hazard,
        sigma_ln=here.sigma_ln,
        pga_gal=here.shaking.median[Measure.PGA],
        intensity=here.shaking.median[Measure.INTENSITY],
        epicentral_km=here.shaking.epicentral_km,
        in_plan=here.in_plan,
    )


def _bridges(
    assets: pa.Table, rows: NDArray[np.int64], here: HazardAt, break_year: int
) -> tuple[list[str], Chances]:
    names = ("length_m", "spans", "material", "structure", "year")
    columns = [assets[name].to_pylist() for name in names]
    classes = [
        bridge_class(**dict(zip(names, row, strict=True)), break_year=break_year)
        for row in zip(*columns, strict=True)
    ]
    sa10 = here.shaking.median[Measure.SA10][rows]
    medians = bridge_medians(
        classes,
        spans=columns[names.index("spans")],
        skew_deg=floats_of(assets, "skew_deg"),
        sa10_over_sa03=sa10 / here.shaking.median[Measure.SA03][rows],
    )
    return classes, chances(
        sa10,
        medians=medians,
        betas=np.full_like(medians, BRIDGE_CAPACITY_BETA),
        sigma_ln=here.sigma_ln[rows],
        shared_sigma_ln=here.shared_sigma_ln[rows],
    )


def _stations(
    assets: pa.Table, rows: NDArray[np.int64], here: HazardAt, _: int
) -> tuple[list[str], Chances]:
    classes = [substation_class(kv) for kv in assets["voltage_kv"].to_pylist()]
    medians, betas = substation_parameters(classes)
    return classes, chances(
        here.shaking.median[Measure.PGA][rows] / STANDARD_GRAVITY_GAL,
        medians=medians,
        betas=betas,
        sigma_ln=here.sigma_ln[rows],
        shared_sigma_ln=here.shared_sigma_ln[rows],
    )


def after_one_more(before: Expectation, quake: Expectation, index: int) -> Expectation:
    """The belief before, pushed through one more quake."""
    first = before.strongest < 0
    modelled = quake.fragility != None  # noqa: E711 element by element
    both = ~first & modelled
    states = np.where(first[:, None], quake.states, before.states)
    states[both] = after_another(before.states[both], quake.states[both])
    stronger = first | (quake.hazard > before.hazard)

    def of_stronger(get: Callable[[Expectation], Array]) -> Array:
        return np.where(stronger, get(quake), get(before))

    def joined(get: Callable[[Expectation], Array]) -> Array:
        apart = 1.0 - (1.0 - get(before)) * (1.0 - get(quake))
        return np.where(first, get(quake), apart)

    return Expectation(
        states=states,
        low=joined(lambda e: e.low),
        high=joined(lambda e: e.high),
        strongest=np.where(stronger, index, before.strongest),
        hazard=of_stronger(lambda e: e.hazard),
        sigma_ln=of_stronger(lambda e: e.sigma_ln),
        pga_gal=of_stronger(lambda e: e.pga_gal),
        intensity=of_stronger(lambda e: e.intensity),
        epicentral_km=of_stronger(lambda e: e.epicentral_km),
        in_plan=before.in_plan | quake.in_plan,
        fragility=quake.fragility,
    )


def floats_of(assets: pa.Table, name: str) -> Array:
    """A column as float64, NaN where it is null."""
    column = assets[name].combine_chunks().cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
