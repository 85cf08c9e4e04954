"""Drone sorties: which assets one flight can look at, the most urgent first.

The rule, printed on the page as RULE_JA and RULE_EN: the most urgent asset that no
sortie has yet is where the team launches; from there the nearest other one within
REACH_KM is next, and so on while the minutes flown, looked and flown back stay within
one battery. Sorties whose launch places lie within GROUP_KM of a more urgent one's are
one group: a team drives there once. It is a simple heuristic of ours, not an optimum;
wind, no-fly zones and roads are not known to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import AssetKind
from geo.gazetteer import ecef_km

Array = NDArray[np.float64]

RANKS_PER_KIND = 100
"""So many of the first in the plan of each kind are given to sorties."""
BATTERY_MINUTES = 25.0  # of one battery, a third kept back from about 38
CRUISE_KM_PER_MINUTE = 0.6  # 10 m/s
REACH_KM = 3.0  # from the launch place, still seen or well linked
GROUP_KM = 20.0  # about half an hour's drive
LOOK_MINUTES = {
    AssetKind.DAM: 8.0,
    AssetKind.BRIDGE: 4.0,
    AssetKind.SUBSTATION: 5.0,
    AssetKind.LINK: 4.0,
    AssetKind.TOWER: 2.0,
    AssetKind.SPAN: 2.0,
}
"""Minutes over one asset: our own starting values, to be replaced by a crew's."""
RULE_JA = (
    f"未割当で最も順位の高い施設(種別ごと上位{RANKS_PER_KIND}件)を離陸地点とし、"
    f"半径{REACH_KM:g} km内の最寄りの施設を順に回る。飛行(毎秒10 m)・撮影(ダム8、"
    f"変電所5、橋・送電線4、鉄塔・径間2分)・帰還の合計が{BATTERY_MINUTES:g}分を"
    f"超える前に戻る。離陸地点が{GROUP_KM:g} km以内のソーティを一班にまとめる。"
    "風、飛行禁止区域、道路は考慮しない簡単な目安で、最適解ではない。"
)
RULE_EN = (
    f"Launch at the most urgent asset without a sortie (first {RANKS_PER_KIND} of each"
    f" kind); go on to the nearest within {REACH_KM:g} km of the launch place while"
    " flying (10 m/s), looking (dam 8, substation 5, bridge and line 4, tower and span"
    f" 2 minutes) and flying back stay within {BATTERY_MINUTES:g} minutes. Sorties with"
    f" launch places within {GROUP_KM:g} km form one group. A simple rule, not an"
    " optimum; wind, no-fly zones and roads are not considered."
)

SORTIES = pa.schema(
    [
        ("group", pa.int32()),
        ("sortie", pa.int32()),
        ("stop", pa.int32()),
        ("kind", pa.string()),
        ("rank", pa.int32()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("place", pa.string()),
        ("longitude", pa.float64()),
        ("latitude", pa.float64()),
        ("leg_km", pa.float64()),
        ("look_minutes", pa.float64()),
        ("minutes", pa.float64()),
    ]
)
"""One row a stop. leg_km is from the stop before (0 at the launch place); minutes is
the whole sortie, flying back included."""
_FROM_PLAN = ("kind", "rank", "id", "name", "place", "longitude", "latitude")


@dataclass(frozen=True, slots=True)
class Flight:
    """One sortie: rows in the order of their visit, legs before each, whole minutes."""

    rows: tuple[int, ...]
    legs_km: tuple[float, ...]
    minutes: float


def sorties(plan: pa.Table) -> pa.Table:
    """Table SORTIES of a plan, by group and sortie; both numbered from 1 by urgency.

    Args:
        plan: Table PLAN.
    """
    chosen = _candidates(plan)
    xyz = ecef_km(chosen["longitude"].to_numpy(), chosen["latitude"].to_numpy())
    look = np.array([LOOK_MINUTES[AssetKind(k)] for k in chosen["kind"].to_pylist()])
    flights = _flights(xyz, look)
    groups = _groups(xyz[[flight.rows[0] for flight in flights]])
    order = np.lexsort((np.arange(len(flights)), groups))
    return _table(chosen, look, [flights[k] for k in order], groups[order])


def _candidates(plan: pa.Table) -> pa.Table:
    """The first of each kind in the plan, by rank, dams before others of that rank."""
    first = plan.filter(
        pc.and_(plan["in_plan"], pc.less_equal(plan["rank"], RANKS_PER_KIND))
    )
    order = np.argsort(first["rank"].to_numpy(), kind="stable")
    return first.take(pa.array(order))


def _flights(xyz: Array, look: Array) -> list[Flight]:
    """Every row in exactly one flight; flights by their most urgent row."""
    free = np.ones(len(xyz), dtype=bool)
    flights = []
    for seed in range(len(xyz)):
        if free[seed]:
            flights.append(_flight(seed, xyz, look, free))
            free[list(flights[-1].rows)] = False
    return flights


def _flight(seed: int, xyz: Array, look: Array, free: NDArray[np.bool_]) -> Flight:
    """From the seed to the nearest one left, while the way back fits the battery."""
    from_seed = np.linalg.norm(xyz - xyz[seed], axis=1)
    left = [int(k) for k in np.flatnonzero(free & (from_seed <= REACH_KM)) if k != seed]
    rows, legs, spent = [seed], [0.0], float(look[seed])
    while left:
        legs_km = np.linalg.norm(xyz[left] - xyz[rows[-1]], axis=1)
        nearest = int(np.argmin(legs_km))
        row, leg = left.pop(nearest), float(legs_km[nearest])
        outward = spent + leg / CRUISE_KM_PER_MINUTE + float(look[row])
        if outward + from_seed[row] / CRUISE_KM_PER_MINUTE > BATTERY_MINUTES:
            break
        rows, legs, spent = [*rows, row], [*legs, leg], outward
    home = float(from_seed[rows[-1]]) / CRUISE_KM_PER_MINUTE
    return Flight(tuple(rows), tuple(legs), spent + home)


def _groups(launches: Array) -> NDArray[np.int64]:
    """Number of each sortie's group, from 1 in the order of their first sortie."""
    group = np.zeros(len(launches), dtype=np.int64)
    for k in range(len(launches)):
        if not group[k]:
            near = np.linalg.norm(launches - launches[k], axis=1) <= GROUP_KM
            group[near & (group == 0)] = group.max() + 1
    return group


def _table(
    chosen: pa.Table,
    look: Array,
    flights: Sequence[Flight],
    groups: NDArray[np.int64],
) -> pa.Table:
    """One row a stop."""
    rows = np.array([row for flight in flights for row in flight.rows], dtype=np.int64)
    stops = [len(flight.rows) for flight in flights]
    whole = [flight.minutes for flight in flights]
    columns = {name: chosen[name].take(pa.array(rows)) for name in _FROM_PLAN}
    columns |= {
        "group": np.repeat(groups, stops),
        "sortie": np.repeat(np.arange(1, len(flights) + 1), stops),
        "stop": [k + 1 for count in stops for k in range(count)],
        "leg_km": np.round([leg for f in flights for leg in f.legs_km], 2),
        "look_minutes": look[rows],
        "minutes": np.repeat(np.round(whole, 1), stops),
    }
    return pa.table(
        [_cast(columns[field.name], field.type) for field in SORTIES], schema=SORTIES
    )


def _cast(values: object, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.ChunkedArray):
        return values.cast(kind)
    return pa.array(values, kind)
