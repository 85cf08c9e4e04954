"""Which looks are older than the last hazard, and what was there before it.

Source:
    BELIEF, "Before/after"; DEFINITIONS, section 8.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from data.tables import LOOKS

_Side = tuple[str, int, bool]


def mark_older(looks: pa.Table, last_hazard: pa.Table) -> pa.Table:
    """The looks with their state set against the last hazard at their asset.

    A look that began before the last hazard above its kind's trigger is `stale`. A
    later one from the same side whose level is above 0 and no worse than that of a
    stale one is `pre_existing`: what it shows was there before.

    Args:
        looks: Table LOOKS, states used or unusable.
        last_hazard: Columns asset_id and at (timestamp, UTC); an asset not in it
            was never reached by a hazard: its looks stay as they are.
    """
    times = dict(
        zip(
            last_hazard["asset_id"].to_pylist(),
            last_hazard["at"].to_pylist(),
            strict=True,
        )
    )
    names = ("asset_id", "first_at", "sector", "above", "z", "state")
    rows = looks.select(names).to_pylist()
    before = _levels_before(rows, times)
    states = [_state(row, times.get(row["asset_id"]), before) for row in rows]
    index = LOOKS.get_field_index("state")
    return looks.set_column(index, LOOKS.field(index), pa.array(states, pa.string()))


def _is_stale(row: Mapping[str, Any], hazard_at: datetime | None) -> bool:
    taken = row["first_at"]
    return hazard_at is not None and taken is not None and taken < hazard_at


def _side(row: Mapping[str, Any]) -> _Side:
    return row["asset_id"], row["sector"], row["above"]


def _levels_before(
    rows: list[dict[str, Any]], times: Mapping[str, datetime]
) -> dict[_Side, int]:
    """Worst level of the stale looks, by asset and side."""
    worst: dict[_Side, int] = {}
    for row in rows:
        if row["state"] == "used" and _is_stale(row, times.get(row["asset_id"])):
            side = _side(row)
            worst[side] = max(worst.get(side, 0), row["z"])
    return worst


def _state(
    row: Mapping[str, Any], hazard_at: datetime | None, before: Mapping[_Side, int]
) -> str:
    if row["state"] != "used":
        return str(row["state"])
    if _is_stale(row, hazard_at):
        return "stale"
    return "pre_existing" if 0 < row["z"] <= before.get(_side(row), 0) else "used"
