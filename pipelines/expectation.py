"""What to expect of a chunk of assets: hazard x fragility, quake after quake.

Source:
    BELIEF, "Expected state"; DEFINITIONS, sections 1 and 2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.assets import AssetKind
from data.evidence import REFERENCE
from data.fragility import (
    BIAS_SIGMA,
    SEVERE_K,
    STATES,
    after_another,
    bridge_class,
    bridge_medians,
    chances,
    substation_class,
    substation_parameters,
)
from data.owner_rules import BridgeRules
from data.severe_draws import interval, may_be_severe, severe_by_draw
from geo.residual_field import DRAWS
from geo.shaking import STANDARD_GRAVITY_GAL, Measure
from pipelines.hazard_at import Array, HazardAt, Kinds
from pipelines.quakes import Quake

REFERENCE_KINDS = (AssetKind.TOWER, AssetKind.SPAN)
Severe = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One chunk after one or more quakes.

    Attributes:
        states: P(D0) .. P(D4), shape (N, 5); NaN rows where nothing is modelled.
        low: 5 % quantile of P(D3 or D4), shape (N,); `high` the 95 % quantile.
        severe: P(D3 or D4) draw by draw, shape (N, 200); 0 where `drawn` is False.
        drawn: Whether draws say how sure it is.
        strongest: Index of the quake whose hazard is shown, shape (N,).
        hazard: Of that quake, in the unit of the kind; as are `sigma_ln` and `pga_gal`,
            `intensity` and `epicentral_km`.
        in_plan: Whether any quake reached the kind's trigger.
        fragility: Names of the curves, None where there is none.
    """

    states: Array
    low: Array
    high: Array
    severe: Severe
    drawn: NDArray[np.bool_]
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
        severe=np.zeros((n, DRAWS), dtype=np.float32),
        drawn=np.zeros(n, dtype=bool),
        strongest=np.full(n, -1),
        hazard=nan,
        sigma_ln=nan,
        pga_gal=nan,
        intensity=nan,
        epicentral_km=nan,
        in_plan=np.full(n, in_plan),
        fragility=np.full(n, None, dtype=object),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Fragility of the assets of one kind, N of them.

    Attributes:
        names: Of the curves, one an asset.
        measure: What they go by.
        intensity: Median at each asset, in the unit of `medians`, shape (N,).
        medians: Shape (N, 4); as are `betas`, of capacity alone.
    """

    names: list[str]
    measure: Measure
    intensity: Array
    medians: Array
    betas: Array


def capacity_draws(seed: int) -> dict[str, Array]:
    """By kind, 200 standard normals of how its capacity errs; for all of its assets."""
    drawn = np.random.default_rng([seed]).standard_normal((len(AssetKind), DRAWS))
    return dict(zip(map(str, AssetKind), drawn, strict=True))


def under_one(
    assets: pa.Table,
    kinds: Kinds,
    here: HazardAt,
    quake: Quake,
    *,
    rules: BridgeRules,
    capacity: Mapping[str, Array],
) -> Expectation:
    """One chunk under one quake alone.

    Args:
        assets: The chunk.
        kinds: Its column `kind`.
        here: Its shaking in this quake.
        quake: Whose draws stand behind it; without them there is no interval.
        rules: How a bridge becomes a class of Hazus.
        capacity: As `capacity_draws` gives it.
    """
    found = before_any(kinds, in_plan=False)
    states, severe = found.states.copy(), found.severe
    drawn, fragility = found.drawn.copy(), found.fragility.copy()
    for kind, model in (
        (AssetKind.BRIDGE, _bridges),
        (AssetKind.SUBSTATION, _stations),
    ):
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            curves = model(assets.take(rows), rows, here, rules)
            states[rows], fragility[rows] = _states(curves, rows, here), curves.names
            if here.residual is not None and quake.draws is not None:
                shared = quake.draws.unexplained[curves.measure]
                severe[rows] = _severe(curves, rows, here, shared, capacity[kind])
                drawn[rows] = True
    return with_interval(
        replace(
            found,
            states=states,
            severe=severe,
            drawn=drawn,
            fragility=fragility,
            hazard=here.hazard,
            sigma_ln=here.sigma_ln,
            pga_gal=here.shaking.median[Measure.PGA],
            intensity=here.shaking.median[Measure.INTENSITY],
            epicentral_km=here.shaking.epicentral_km,
            in_plan=here.in_plan,
        )
    )


def with_interval(found: Expectation) -> Expectation:
    """The same, `low` and `high` taken from the draws where there are any."""
    low, high = found.low.copy(), found.high.copy()
    rows = np.flatnonzero(found.drawn)
    mean = found.states[rows, SEVERE_K:].sum(axis=1)
    loud = found.severe[rows].any(axis=1)
    low[rows], high[rows] = np.minimum(0.0, mean), mean
    low[rows[loud]], high[rows[loud]] = interval(found.severe[rows[loud]], mean[loud])
    return replace(found, low=low, high=high)


def _states(curves: Curves, rows: NDArray[np.int64], here: HazardAt) -> Array:
    """Chances of the states, over all that is uncertain."""
    sigma = here.shaking.sigma[curves.measure][rows]
    return chances(
        curves.intensity,
        medians=curves.medians,
        betas=curves.betas,
        sigma_ln=sigma,
        shared_sigma_ln=np.zeros_like(sigma),
    ).states


def _severe(
    curves: Curves,
    rows: NDArray[np.int64],
    here: HazardAt,
    unexplained: Array,
    capacity: Array,
) -> Severe:
    """P(D3 or worse) draw by draw; what the draws leave over is in the beta."""
    severe = np.zeros((len(rows), DRAWS), dtype=np.float32)
    loud = np.flatnonzero(may_be_severe(curves.intensity, curves.medians))
    if here.residual is None or not len(loud):
        return severe
    at = rows[loud]
    carried, shared = (
        values[at]
        for values in (
            here.drawn[curves.measure].carried,
            here.drawn[curves.measure].shared,
        )
    )
    log = here.residual.draws(at)
    spread = log.var(axis=1, dtype=np.float64)
    total = here.shaking.sigma[curves.measure][at]
    own = np.maximum(total**2 - carried**2 * spread - shared**2, 0.0)
    log *= carried.astype(np.float32)[:, None]
    log += np.log(curves.intensity[loud]).astype(np.float32)[:, None]
    log += np.outer(shared, unexplained).astype(np.float32)
    log -= (BIAS_SIGMA * capacity).astype(np.float32)
    severe[loud] = severe_by_draw(
        log, curves.medians[loud], np.sqrt(curves.betas[loud] ** 2 + own[:, None])
    )
    return severe


def _bridges(
    assets: pa.Table, rows: NDArray[np.int64], here: HazardAt, rules: BridgeRules
) -> Curves:
    names = ("length_m", "spans", "material", "structure", "year")
    columns = [assets[name].to_pylist() for name in names]
    classes = [
        bridge_class(**dict(zip(names, row, strict=True)), rules=rules)
        for row in zip(*columns, strict=True)
    ]
    sa10 = here.shaking.median[Measure.SA10][rows]
    medians = bridge_medians(
        classes,
        spans=columns[names.index("spans")],
        skew_deg=floats_of(assets, "skew_deg"),
        sa10_over_sa03=sa10 / here.shaking.median[Measure.SA03][rows],
        rules=rules,
    )
    return Curves(
        names=classes,
        measure=Measure.SA10,
        intensity=sa10,
        medians=medians,
        betas=np.full_like(medians, rules.capacity_beta),
    )


def _stations(
    assets: pa.Table, rows: NDArray[np.int64], here: HazardAt, _: BridgeRules
) -> Curves:
    classes = [substation_class(kv) for kv in assets["voltage_kv"].to_pylist()]
    medians, betas = substation_parameters(classes)
    return Curves(
        names=classes,
        measure=Measure.PGA,
        intensity=here.shaking.median[Measure.PGA][rows] / STANDARD_GRAVITY_GAL,
        medians=medians,
        betas=betas,
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

    spared = (1.0 - before.severe) * (1.0 - quake.severe)
    found = Expectation(
        states=states,
        low=joined(lambda e: e.low),
        high=joined(lambda e: e.high),
        severe=quake.severe if first.all() else (1.0 - spared).astype(np.float32),
        drawn=before.drawn | quake.drawn,
        strongest=np.where(stronger, index, before.strongest),
        hazard=of_stronger(lambda e: e.hazard),
        sigma_ln=of_stronger(lambda e: e.sigma_ln),
        pga_gal=of_stronger(lambda e: e.pga_gal),
        intensity=of_stronger(lambda e: e.intensity),
        epicentral_km=of_stronger(lambda e: e.epicentral_km),
        in_plan=before.in_plan | quake.in_plan,
        fragility=quake.fragility,
    )
    return found if first.all() else with_interval(found)


def floats_of(assets: pa.Table, name: str) -> Array:
    """A column as float64, NaN where it is null."""
    column = assets[name].combine_chunks().cast(pa.float64())
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
