"""Ranked inspection lists: what to look at first, kind by kind, before any picture.

Bridges, substations, towers and spans by chance of D3 or worse x importance; dams by
their clock, then shaking; links by shaking x voltage (BELIEF, "Inspection order").
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import AssetKind
from data.errors import InvalidRecordError
from data.findings import expected_name, grade_name
from data.operation import Event
from pipelines.expected import CHUNK_ROWS, quakes_of
from pipelines.hazard_at import Array, hazard_at, kinds_of, shaken_places
from pipelines.plan_page import PlanHeading, plan_page

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
COORDINATE_DECIMALS = 6
PLAN = pa.schema(
    [
        ("kind", pa.string()),
        ("rank", pa.int32()),
        ("id", pa.string()),
        ("name", pa.string()),
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
latitude are the home point, of a link the place that lies nearest to the epicentre."""
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
    for quake in quakes_of(events):
        for start in range(0, assets.num_rows, CHUNK_ROWS):
            chunk = assets.slice(start, CHUNK_ROWS)
            here = slice(start, start + chunk.num_rows)
            km = hazard_at(chunk, quake, vs30_m_s=350.0).shaking.epicentral_km
            x, y = shaken_places(chunk, kinds_of(chunk), quake.hypocentre)
            nearer = ~(distance[here] <= km)
            longitude[here] = np.where(nearer, x, longitude[here])
            latitude[here] = np.where(nearer, y, latitude[here])
            distance[here] = np.where(nearer, km, distance[here])
    return longitude, latitude, distance


def plan_files(plan: pa.Table, heading: PlanHeading) -> dict[str, bytes]:
    """plan.csv, plan.geojson and plan.html, by name.

    Args:
        plan: Table PLAN.
        heading: What every page says of the operation.
    """
    rows = [_plain(row) for row in plan.to_pylist()]
    table = plan_csv(rows)
    return {
        "plan.csv": table,
        "plan.geojson": plan_geojson(rows, heading),
        "plan.html": plan_page(rows, heading, content=table),
    }


def write_plan(folder: Path, plan: pa.Table, heading: PlanHeading) -> tuple[Path, ...]:
    """Write the three files of a plan into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in plan_files(plan, heading).items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    return tuple(paths)


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row as flat scalars: words for states, UTC with Z, rounded numbers."""
    plain = {key: _scalar(value) for key, value in row.items()}
    plain["expected"] = expected_name(int(str(row["expected"])))
    plain["grade"] = grade_name(int(str(row["grade"])))
    for axis in ("longitude", "latitude"):
        plain[axis] = round(float(str(row[axis])), COORDINATE_DECIMALS)
    return plain


def _scalar(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, list):
        return ";".join(map(str, value))
    return value


def plan_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    """The lists for a spreadsheet: UTF-8 with a mark, so that Excel shows Japanese.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(PLAN.names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in PLAN.names])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


def plan_geojson(rows: Sequence[Mapping[str, object]], heading: PlanHeading) -> bytes:
    """The lists as points (RFC 7946), with the fields of the CSV."""
    features = [
        {
            "geometry": {
                "coordinates": [row["longitude"], row["latitude"]],
                "type": "Point",
            },
            "id": row["id"],
            "properties": {
                **{k: v for k, v in row.items() if k not in ("longitude", "latitude")},
                "drill": heading.drill,
                "operation": heading.operation,
            },
            "type": "Feature",
        }
        for row in rows
    ]
    collection = {"features": features, "type": "FeatureCollection"}
    text = json.dumps(
        collection,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return text.encode() + b"\n"
