"""Beliefs before any picture, with what typhoons add to what earthquakes left.

Towers: the chances after an earthquake, where one put them into the plan, are carried
through the wind; else the curve stands alone. The hazard shown is the wind's where it
reaches the trigger, or where no earthquake is in the operation.

Source:
    DEFINITIONS, sections 1, 2 and 7; BELIEF, "Expected state".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.assets import AssetKind
from data.fragility import (
    SEVERE_K,
    STATES,
    Chances,
    after_another,
    likely_state,
)
from data.operation import Event, EventKind
from data.owner_rules import WindRules
from data.rows import with_columns
from data.tower_fragility import tower_chances, tower_curve
from pipelines.expectation import floats_of
from pipelines.quakes import Surroundings, heard
from pipelines.wind_at import (
    CHUNK_ROWS,
    WIND_MEASURE,
    WIND_UNIT,
    Blown,
    Typhoon,
    blown,
    design_wind_m_s,
    in_plan,
    typhoons_of,
)
from pipelines.wind_words import (
    CALM,
    NO_CURVE,
    UNTRACKED,
    Words,
    tower_words,
    wind_words,
)

Array = NDArray[np.float64]
Kinds = NDArray[np.object_]
Flags = NDArray[np.bool_]

UNKNOWN_VOLTAGE_KV = 66.0  # a link that says none counts as the lowest of the grid
VOLTAGE_UNIT_KV = 100.0  # priority of a link = wind ratio x voltage in hundreds of kV


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Assets, their beliefs after all earthquakes, and the wind at them."""

    assets: pa.Table
    beliefs: pa.Table
    kinds: Kinds
    wind: Blown
    in_plan: Flags
    typhoons: Sequence[Typhoon]
    rules: WindRules
    shaken: bool


def with_winds(
    assets: pa.Table, beliefs: pa.Table, events: Sequence[Event], around: Surroundings
) -> pa.Table:
    """Beliefs before any picture, with what the typhoons add.

    Args:
        assets: Table ASSETS.
        beliefs: Table BELIEFS after all earthquakes, row by row the same assets.
        events: What stands; a typhoon needs a track in `around`.
        around: Tracks, and the owner's rules of wind.

    Returns:
        Table BELIEFS; the same one where there is no typhoon.
    """
    storms = [event for event in events if event.kind is EventKind.TYPHOON]
    if not storms or not assets.num_rows:
        return beliefs
    shaken = bool(heard(events))
    typhoons = typhoons_of(events, around.tracks or {})
    if not typhoons:
        return beliefs if shaken else _untracked(beliefs)
    return pa.concat_tables(
        _blown_chunk(
            assets.slice(start, CHUNK_ROWS),
            beliefs.slice(start, CHUNK_ROWS),
            typhoons,
            around.wind,
            shaken=shaken,
        )
        for start in range(0, assets.num_rows, CHUNK_ROWS)
    )


def _untracked(beliefs: pa.Table) -> pa.Table:
    """Beliefs under a typhoon of which no strength is known: everything is in plan."""
    n = beliefs.num_rows
    return with_columns(
        beliefs,
        {
            "in_plan": [True] * n,
            "na_reason": ["not_observed"] * n,
            "reasons_ja": [[UNTRACKED[0]]] * n,
            "reasons_en": [[UNTRACKED[1]]] * n,
        },
    )


def _blown_chunk(
    assets: pa.Table,
    beliefs: pa.Table,
    typhoons: Sequence[Typhoon],
    rules: WindRules,
    *,
    shaken: bool,
) -> pa.Table:
    wind = blown(assets, typhoons, rules)
    chunk = _Chunk(
        assets=assets,
        beliefs=beliefs,
        kinds=np.asarray(assets["kind"].to_numpy(zero_copy_only=False), dtype=object),
        wind=wind,
        in_plan=in_plan(assets, wind, rules),
        typhoons=typhoons,
        rules=rules,
        shaken=shaken,
    )
    states, low, high, fragility = _towers(chunk)
    shown = chunk.in_plan | (not shaken)
    columns: dict[str, object] = {
        **_hazard(chunk, shown),
        **{f"{p}_{k}": states[:, k] for p in ("prior", "p") for k in range(STATES)},
        "p_severe_low": low,
        "p_severe_high": high,
        "fragility_ref": fragility,
        "prior_source": _prior_source(chunk),
        "expected": _expected(chunk, states),
        "priority": _priority(chunk, states),
        **_plan(chunk),
        **_reasons(chunk, states, low, high),
    }
    return with_columns(beliefs, columns)


def _flags(table: pa.Table, name: str) -> Flags:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=bool)


def _towers(chunk: _Chunk) -> tuple[Array, Array, Array, list[str | None]]:
    """States, 5 and 95 % of P(D3 or D4), and the curve of every asset of a chunk."""
    beliefs = chunk.beliefs
    states = np.column_stack([floats_of(beliefs, f"prior_{k}") for k in range(STATES)])
    low, high = (floats_of(beliefs, f"p_severe_{end}") for end in ("low", "high"))
    fragility: list[str | None] = beliefs["fragility_ref"].to_pylist()
    tower = np.flatnonzero(chunk.kinds == AssetKind.TOWER)
    alone = _alone(chunk, tower)
    worse = np.flatnonzero(_flags(beliefs, "in_plan")[tower])
    both = alone.states.copy()
    both[worse] = after_another(states[tower[worse]], alone.states[worse])
    before = np.zeros(len(tower))
    before[worse] = states[tower[worse], SEVERE_K:].sum(axis=1)
    states[tower] = both
    low[tower] = 1.0 - (1.0 - before) * (1.0 - alone.severe_low)
    high[tower] = 1.0 - (1.0 - before) * (1.0 - alone.severe_high)
    for row in map(int, tower):
        fragility[row] = f"tower {chunk.rules.tower_curve}"
    return states, low, high, fragility


def _alone(chunk: _Chunk, rows: NDArray[np.int64]) -> Chances:
    """Towers in the wind alone; where none reached they are whole."""
    return tower_chances(
        chunk.wind.ratio[rows],
        curve=tower_curve(chunk.rules.tower_curve),
        sigma_ln=np.nan_to_num(chunk.wind.sigma_ln[rows]),
        shared_sigma_ln=np.nan_to_num(chunk.wind.shared_sigma_ln[rows]),
    )


def _hazard(chunk: _Chunk, shown: Flags) -> dict[str, object]:
    beliefs = chunk.beliefs
    wind = np.where(shown, chunk.wind.wind_m_s, floats_of(beliefs, "hazard"))
    sigma = np.where(shown, chunk.wind.sigma_ln, floats_of(beliefs, "hazard_sigma_ln"))
    words = {"hazard_kind": WIND_MEASURE, "hazard_unit": WIND_UNIT}
    return {
        "hazard": wind,
        "hazard_sigma_ln": sigma,
        **{
            name: [
                word if here else old
                for here, old in zip(shown, beliefs[name].to_pylist(), strict=True)
            ]
            for name, word in words.items()
        },
    }


def _prior_source(chunk: _Chunk) -> list[str]:
    kept = chunk.beliefs["prior_source"].to_pylist()
    shaken = _flags(chunk.beliefs, "in_plan")
    carried = (len(chunk.typhoons) > 1) | shaken
    return [
        ("carried" if through else "fragility") if kind == AssetKind.TOWER else old
        for kind, through, old in zip(chunk.kinds, carried, kept, strict=True)
    ]


def _expected(chunk: _Chunk, states: Array) -> NDArray[np.int8]:
    expected = np.array(chunk.beliefs["expected"].to_numpy(), dtype=np.int8)
    tower = chunk.kinds == AssetKind.TOWER
    expected[tower] = likely_state(states[tower])
    return expected


def _priority(chunk: _Chunk, states: Array) -> Array:
    """Towers by chance x importance; links gain wind over design wind x voltage."""
    before = floats_of(chunk.beliefs, "priority")
    importance = floats_of(chunk.assets, "importance")
    voltage = np.nan_to_num(
        floats_of(chunk.assets, "voltage_kv"), nan=UNKNOWN_VOLTAGE_KV
    )
    towers = states[:, SEVERE_K:].sum(axis=1) * importance
    links = np.nan_to_num(before) + chunk.wind.ratio * voltage / VOLTAGE_UNIT_KV
    priority = np.where(chunk.kinds == AssetKind.TOWER, towers, before)
    return np.asarray(np.where(chunk.kinds == AssetKind.LINK, links, priority))


def _plan(chunk: _Chunk) -> dict[str, object]:
    planned = _flags(chunk.beliefs, "in_plan") | chunk.in_plan
    old = chunk.beliefs["na_reason"].to_numpy(zero_copy_only=False)
    new = np.where(chunk.in_plan & (old == "not_in_plan"), "not_observed", old)
    return {"in_plan": planned, "na_reason": new.tolist()}


def _reasons(
    chunk: _Chunk, states: Array, low: Array, high: Array
) -> dict[str, object]:
    """Words of the wind before those of earthquakes; in place of them without one."""
    if chunk.shaken:
        kept = [chunk.beliefs[f"reasons_{t}"].to_pylist() for t in ("ja", "en")]
    else:
        kept = [[[calm]] * len(chunk.kinds) for calm in CALM]
    design = design_wind_m_s(chunk.assets, chunk.rules)
    shaken = _flags(chunk.beliefs, "in_plan")
    for row in map(int, np.flatnonzero(chunk.in_plan)):
        typhoon = chunk.typhoons[chunk.wind.typhoon[row]]
        words = wind_words(chunk.wind, row, typhoon, float(design[row]))
        words += _state_words(chunk, states, low, high, row)
        for tongue, reasons in enumerate(kept):
            after = reasons[row] if shaken[row] else []
            reasons[row] = [*(pair[tongue] for pair in words), *after]
    return {"reasons_ja": kept[0], "reasons_en": kept[1]}


def _state_words(
    chunk: _Chunk, states: Array, low: Array, high: Array, row: int
) -> list[Words]:
    kind = str(chunk.kinds[row])
    if kind != AssetKind.TOWER:
        return [NO_CURVE[kind]]
    severe = float(states[row, SEVERE_K:].sum())
    return tower_words(
        chunk.rules.tower_curve, severe, float(low[row]), float(high[row])
    )
