"""Events and assets -> what to expect of every asset, before any picture.

Hazard x fragility where a curve exists (bridges, substations); where none does, nothing
is invented: dams and links are `not_modelled` and ranked by their shaking, towers and
spans in an earthquake keep the reference prior. Of several earthquakes the belief after
one is pushed through the next, and the hazard shown is the strongest.

Source:
    BELIEF, "Expected state"; DEFINITIONS, sections 1, 2, 10 and 11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from data.assets import AssetKind
from data.findings import NOT_MODELLED, NOTHING_DETECTABLE, Basis
from data.fragility import SEVERE_K, STATES, likely_state
from data.operation import Event
from data.owner_rules import ClockRules
from data.tables import ASSETS, BELIEFS, check_table
from geo.shaking import STANDARD_GRAVITY_GAL
from pipelines.blowing import with_winds
from pipelines.clocks import dam_clocks
from pipelines.expectation import (
    Expectation,
    after_one_more,
    before_any,
    capacity_draws,
    floats_of,
    under_one,
)
from pipelines.hazard_at import KIND_HAZARDS, Array, Kinds, hazard_at, kinds_of
from pipelines.hazard_words import reasons_of
from pipelines.quakes import (
    ANYWHERE,
    Quake,
    Surroundings,
    conditioned_quakes,
    heard,
    quake_of,
)
from pipelines.raising import raised_by_layers
from pipelines.totals import Sums, added, chunk_sums, totals_table
from pipelines.wind_at import last_winds, typhoons_of

CHUNK_ROWS = 16_384  # DEFINITIONS, section 10
UNKNOWN_VOLTAGE_KV = 66.0  # a link that says none counts as the lowest of the grid
VOLTAGE_UNIT_KV = 100.0  # priority of a link = PGA in g x voltage in hundreds of kV


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What to expect of every asset, and together.

    Attributes:
        beliefs: Table BELIEFS, one row an asset, grade -1.
        totals: Table TOTALS, by prefecture and kind.
    """

    beliefs: pa.Table
    totals: pa.Table


def expected_state(
    assets: pa.Table, events: Sequence[Event], around: Surroundings = ANYWHERE
) -> pa.Table:
    """What to expect of each asset: `expectations` without the sums."""
    return expectations(assets, events, around).beliefs


def expectations(
    assets: pa.Table, events: Sequence[Event], around: Surroundings = ANYWHERE
) -> Expectations:
    """What to expect of each asset, and by prefecture and kind.

    Args:
        assets: Table ASSETS, in any order.
        events: What stands of each earthquake (`data.standing`), one Event a quake.
            Cancellations and distant quakes shake nothing; of a quake whose place or
            magnitude is not known nothing is estimated, and the reasons say so.
        around: Seed, ground, ShakeMaps, tracks, layers, and the owner's rules.

    Returns:
        Beliefs in the order of `assets`.

    Raises:
        InvalidRecordError: If `assets` has other columns than declared.
    """
    check_table(assets, ASSETS, "assets")
    quakes = conditioned_quakes(events, around)
    unknown = [event for event in heard(events) if quake_of(event) is None]
    capacity = capacity_draws(around.seed)
    chunks: list[pa.Table] = []
    sums: Sums = {}
    for start in range(0, assets.num_rows, CHUNK_ROWS):
        chunk = assets.slice(start, CHUNK_ROWS)
        kinds = kinds_of(chunk)
        found = before_any(kinds, in_plan=bool(unknown))
        for index, quake in enumerate(quakes):
            one = under_one(
                chunk,
                kinds,
                hazard_at(chunk, quake, ground=around.ground),
                quake,
                rules=around.bridges,
                capacity=capacity,
            )
            found = after_one_more(found, one, index)
        chunks.append(
            _table(
                chunk,
                kinds,
                found,
                quakes,
                unlocated=bool(unknown),
                clocks=around.clocks,
            )
        )
        sums = added(sums, chunk_sums(chunk, kinds, found))
    beliefs = pa.concat_tables(chunks) if chunks else BELIEFS.empty_table()
    beliefs = with_winds(assets, beliefs, events, around)
    return Expectations(
        beliefs=raised_by_layers(assets, beliefs, around.layers),
        totals=totals_table(sums),
    )


def last_hazards(
    assets: pa.Table, events: Sequence[Event], around: Surroundings = ANYWHERE
) -> pa.Table:
    """When each asset was last shaken or blown on above its kind's trigger.

    Returns:
        Columns asset_id and at (timestamp, UTC), only for assets that were; what
        `data.staleness.mark_older` asks for.
    """
    quakes = conditioned_quakes(events, around)
    typhoons = typhoons_of(events, around.tracks or {})
    rows = []
    for start in range(0, assets.num_rows, CHUNK_ROWS):
        chunk = assets.slice(start, CHUNK_ROWS)
        ids = chunk["id"].to_numpy(zero_copy_only=False)
        last: dict[str, datetime] = {}
        for quake in quakes:
            hit = hazard_at(chunk, quake, ground=around.ground).in_plan
            last.update(dict.fromkeys(ids[hit], quake.origin_at))
        for asset_id, at in last_winds(chunk, typhoons, around.wind).items():
            last[asset_id] = max(at, last.get(asset_id, at))
        rows += [{"asset_id": key, "at": at} for key, at in last.items()]
    schema = pa.schema(
        [("asset_id", pa.string()), ("at", pa.timestamp("us", tz="UTC"))]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def _priority(assets: pa.Table, kinds: Kinds, found: Expectation) -> Array:
    """Order of inspection inside a kind: DEFINITIONS, section 7, and BELIEF."""
    importance = floats_of(assets, "importance")
    priority = found.states[:, SEVERE_K:].sum(axis=1) * importance
    pga_g = found.pga_gal / STANDARD_GRAVITY_GAL
    voltage = floats_of(assets, "voltage_kv")
    voltage = np.where(np.isnan(voltage), UNKNOWN_VOLTAGE_KV, voltage)
    priority = np.where(kinds == AssetKind.DAM, pga_g * importance, priority)
    links = pga_g * voltage / VOLTAGE_UNIT_KV
    return np.asarray(np.where(kinds == AssetKind.LINK, links, priority))


def _table(
    assets: pa.Table,
    kinds: Kinds,
    found: Expectation,
    quakes: Sequence[Quake],
    *,
    unlocated: bool,
    clocks: ClockRules,
) -> pa.Table:
    n = len(kinds)
    modelled = ~np.isnan(found.states[:, 0])
    expected = np.full(n, NOT_MODELLED, dtype=np.int8)
    expected[modelled] = likely_state(found.states[modelled])
    clock_kind, clock_due = dam_clocks(kinds, found, quakes, clocks)
    reasons_ja, reasons_en = reasons_of(
        assets, kinds, found, quakes, unlocated=unlocated, rules=clocks
    )
    columns: dict[str, object] = {
        "asset_id": assets["id"],
        "hazard": _nullable(found.hazard),
        "hazard_kind": [_measure(kind) for kind in kinds],
        "hazard_unit": [KIND_HAZARDS[kind].unit for kind in kinds],
        "hazard_sigma_ln": _nullable(found.sigma_ln),
        "fragility_ref": found.fragility,
        "prior_source": _prior_sources(found, len(quakes)),
        **{f"prior_{k}": _nullable(found.states[:, k]) for k in range(STATES)},
        **{f"p_{k}": _nullable(found.states[:, k]) for k in range(STATES)},
        "p_severe_low": _nullable(found.low),
        "p_severe_high": _nullable(found.high),
        "in_plan": found.in_plan,
        "grade": np.full(n, -1, dtype=np.int8),
        "basis": [Basis.NONE.value] * n,
        "na_reason": np.where(found.in_plan, "not_observed", "not_in_plan"),
        "expected": expected,
        "detectable_from": np.full(n, NOTHING_DETECTABLE, dtype=np.int8),
        "seen_share": np.zeros(n),
        "looks": np.zeros(n, dtype=np.int16),
        "sides": np.zeros(n, dtype=np.int8),
        "disputed": np.zeros(n, dtype=bool),
        "review": ["none"] * n,
        "priority": _nullable(_priority(assets, kinds, found)),
        "reasons_ja": reasons_ja,
        "reasons_en": reasons_en,
        "clock_kind": clock_kind,
        "clock_due_at": clock_due,
        "clock_basis": ["estimated" if word else None for word in clock_kind],
    }
    return _belief_table(columns, n)


def _belief_table(columns: dict[str, object], n: int) -> pa.Table:
    arrays = []
    for field in BELIEFS:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(n, field.type))
        elif isinstance(values, pa.ChunkedArray):
            arrays.append(values)
        elif isinstance(values, pa.Array):
            arrays.append(values.cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=BELIEFS)


def _measure(kind: str) -> str:
    return KIND_HAZARDS[kind].measure.value


def _prior_sources(found: Expectation, quakes: int) -> list[str]:
    curve = "carried" if quakes > 1 else "fragility"
    return [curve if name else "reference" for name in found.fragility]


def _nullable(values: Array) -> pa.Array:
    return pa.array(values, pa.float64(), mask=np.isnan(values))
