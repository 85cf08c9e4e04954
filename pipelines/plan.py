"""Ranked inspection lists: what to look at first, kind by kind, before any picture.

Bridges, substations, towers and spans by chance of D3 or worse x importance; dams by
their clock, then shaking; links by shaking x voltage (BELIEF, "Inspection order").
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import AssetKind
from data.errors import InvalidRecordError
from data.operation import Event
from geo.gazetteer import ecef_km, place_names
from pipelines.hazard_at import Array, kinds_of, shaken_places
from pipelines.quakes import quakes_of

Indices = NDArray[np.int64]

KIND_ORDER = (
    AssetKind.DAM,
    AssetKind.BRIDGE,
    AssetKind.SUBSTATION,
    AssetKind.LINK,
    AssetKind.TOWER,
    AssetKind.SPAN,
)
LEAST_ROWS = 50
"""A kind's list is filled up to so many from below its trigger, marked as such."""
PLAN = pa.schema(
    [
        ("kind", pa.string()),
        ("rank", pa.int32()),
        ("id", pa.string()),
        ("name", pa.string()),
        ("place", pa.string()),
        ("p_severe", pa.float32()),
        ("p_severe_low", pa.float32()),
        ("p_severe_high", pa.float32()),
        ("hazard", pa.float32()),
        ("hazard_kind", pa.string()),
        ("hazard_unit", pa.string()),
        ("expected", pa.int8()),
        ("grade", pa.int8()),
        ("looks", pa.int16()),
        ("in_plan", pa.bool_()),
        ("priority", pa.float32()),
        ("distance_km", pa.float32()),
        ("clock_kind", pa.string()),
        ("clock_due_at", pa.timestamp("us", tz="UTC")),
        ("longitude", pa.float64()),
        ("latitude", pa.float64()),
        ("reasons_ja", pa.list_(pa.string())),
        ("reasons_en", pa.list_(pa.string())),
    ]
)
"""One row an asset worth a look. distance_km is to the nearest epicentre; longitude and
latitude are the home point, of a link the place that lies nearest to the epicentre;
place is that point in words."""
_ORDERED_BY = ["asset_id", "in_plan", "clock_due_at", "priority", "hazard"]
_FROM_BELIEFS = (
    "hazard",
    "hazard_kind",
    "hazard_unit",
    "expected",
    "grade",
    "looks",
    "in_plan",
    "priority",
    "p_severe_low",
    "p_severe_high",
    "clock_kind",
    "clock_due_at",
    "reasons_ja",
    "reasons_en",
)


def rank(assets: pa.Table, beliefs: pa.Table, events: Sequence[Event]) -> pa.Table:
    """The inspection lists of all kinds, one after another.

    Args:
        assets: Table ASSETS.
        beliefs: Table BELIEFS of the same assets, in any order; before or after
            pictures.
        events: What the beliefs were made from.

    Returns:
        Table PLAN: every asset in the plan, and the next ones up to LEAST_ROWS a kind.
        Equal ones are in the order of their id.

    Raises:
        InvalidRecordError: If an asset has no belief.
    """
    beliefs = _aligned(beliefs, assets["id"])
    kinds = kinds_of(assets)
    parts = [
        _ranked(assets, beliefs, np.flatnonzero(kinds == kind), kind, events)
        for kind in KIND_ORDER
    ]
    return pa.concat_tables(parts)


def _aligned(beliefs: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    """The beliefs in the order of the ids."""
    if beliefs["asset_id"].equals(ids):
        return beliefs
    index = pc.index_in(ids, value_set=beliefs["asset_id"].combine_chunks())
    if index.null_count:
        missing = ids.filter(pc.is_null(index))[0].as_py()
        raise InvalidRecordError(f"plan: asset {missing} has no belief")
    return beliefs.take(index)


def _ranked(
    assets: pa.Table,
    beliefs: pa.Table,
    rows: Indices,
    kind: AssetKind,
    events: Sequence[Event],
) -> pa.Table:
    order = rows[_order(beliefs.select(_ORDERED_BY).take(rows), kind)]
    in_plan = beliefs["in_plan"].to_numpy(zero_copy_only=False)[order]
    order = order[in_plan | (np.cumsum(~in_plan) <= LEAST_ROWS - in_plan.sum())]
    chosen, belief = assets.take(order), beliefs.take(order)
    longitude, latitude, distance = _places(chosen, events)
    severe = pc.add(belief["p_3"], belief["p_4"])
    columns: dict[str, object] = {
        "kind": [kind.value] * len(order),
        "rank": np.arange(1, len(order) + 1),
        "id": chosen["id"],
        "name": chosen["name"],
        "place": place_names(longitude, latitude),
        "p_severe": severe,
        **{name: belief[name] for name in _FROM_BELIEFS},
        "distance_km": pa.array(distance, mask=np.isnan(distance)),
        "longitude": longitude,
        "latitude": latitude,
    }
    return pa.table(
        [_column(columns[field.name], field.type) for field in PLAN], schema=PLAN
    )


def _column(values: object, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    return pa.array(values, kind)


def _order(beliefs: pa.Table, kind: AssetKind) -> Indices:
    """Rows, the most urgent first; those in the plan before all others."""
    by_clock = kind is AssetKind.DAM
    keys = [
        ("in_plan", "descending"),
        ("clock_due_at", "ascending") if by_clock else ("priority", "descending"),
        ("hazard", "descending"),
        ("asset_id", "ascending"),
    ]
    flag = pc.cast(beliefs["in_plan"], pa.int8())  # booleans cannot be sorted by
    table = beliefs.drop_columns("in_plan").append_column("in_plan", flag)
    order = pc.sort_indices(table, sort_keys=keys)  # nulls come last
    return np.asarray(order.to_numpy(), dtype=np.int64)


def _places(assets: pa.Table, events: Sequence[Event]) -> tuple[Array, Array, Array]:
    """Longitude, latitude, and the distance to the nearest epicentre (NaN: none)."""
    longitude = assets["longitude"].to_numpy().copy()
    latitude = assets["latitude"].to_numpy().copy()
    distance = np.full(assets.num_rows, np.nan)
    kinds = kinds_of(assets)
    for quake in quakes_of(events):
        x, y = shaken_places(assets, kinds, quake.hypocentre)
        source = quake.hypocentre
        epicentre = ecef_km(np.array([source.longitude]), np.array([source.latitude]))
        km = np.linalg.norm(ecef_km(x, y) - epicentre, axis=1)
        nearer = ~(distance <= km)
        longitude = np.where(nearer, x, longitude)
        latitude = np.where(nearer, y, latitude)
        distance = np.where(nearer, km, distance)
    return longitude, latitude, distance
