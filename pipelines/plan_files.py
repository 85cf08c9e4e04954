"""The inspection lists as files: CSV and GeoJSON whole, a printable page of the first.

plan.csv, plan.geojson and plan.html hold all kinds; plan/bridges.csv and its siblings
one kind each; plan/sorties.csv and .geojson what one drone flight can look at.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import shapely
from numpy.typing import NDArray

from data.findings import Grade, expected_name, grade_name
from geo.exports import geojson_chunks
from geo.feature_json import arena
from geo.map_table import utc_text
from geo.tidy import DECIMALS, geometry_json
from pipelines.plan_page import KIND_FILES, PlanHeading, kind_page, plan_page
from pipelines.sorties import sorties

SIGNIFICANT = 4
"""Figures of a chance or a hazard: more would be a lie."""
_MARK = b"\xef\xbb\xbf"  # Excel shows Japanese only after it
_EXACT = ("longitude", "latitude", "leg_km", "look_minutes", "minutes")
_HEADLESS = pa.csv.WriteOptions(quoting_style="needed", include_header=False)


def plan_files(plan: pa.Table, heading: PlanHeading) -> dict[str, bytes]:
    """Every file of a plan, by name.

    Args:
        plan: Table PLAN.
        heading: What every page says of the operation.
    """
    flat, flights = flat_table(plan), sorties(plan)
    table = csv_bytes(flat)
    routes = flat_table(flights)
    files = {
        "plan.csv": table,
        "plan.geojson": points_geojson(flat, heading),
        "plan.html": plan_page(flat, routes, heading, content=table),
        "plan/sorties.csv": csv_bytes(routes),
        "plan/sorties.geojson": routes_geojson(routes, heading),
    }
    kinds = flat["kind"]
    for kind, name in KIND_FILES.items():
        mine = flat.filter(pc.equal(kinds, kind))
        content = csv_bytes(mine)
        files[f"plan/{name}.csv"] = content
        files[f"plan/{name}.geojson"] = points_geojson(mine, heading)
        files[f"plan/{name}.html"] = kind_page(kind, mine, heading, content=content)
    return files


def write_plan(folder: Path, plan: pa.Table, heading: PlanHeading) -> tuple[Path, ...]:
    """Write the files of a plan into a folder, which is made if need be."""
    (folder / "plan").mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in plan_files(plan, heading).items():
        (folder / name).write_bytes(content)
        paths.append(folder / name)
    return tuple(paths)


def flat_table(table: pa.Table) -> pa.Table:
    """The same rows as flat scalars: words for states, UTC with Z, rounded numbers."""
    columns = [_flat(name, table[name]) for name in table.column_names]
    return pa.table(columns, names=table.column_names)


def _flat(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if name == "expected":
        return _named(column, {k: expected_name(k) for k in range(-1, 5)})
    if name == "grade":
        return _named(column, {int(grade): grade_name(grade) for grade in Grade})
    if pa.types.is_list(column.type):
        return pc.binary_join(column, ";")
    if pa.types.is_timestamp(column.type):
        return utc_text(column)
    if pa.types.is_floating(column.type):
        return _rounded(column, exact=name in _EXACT)
    return column


def _named(numbers: pa.ChunkedArray, names: Mapping[int, str]) -> pa.ChunkedArray:
    keys = pa.array(list(names), pa.int8())
    return pc.take(pa.array(list(names.values())), pc.index_in(numbers, keys))


def _rounded(column: pa.ChunkedArray, *, exact: bool) -> pa.Array:
    """Coordinates to 6 decimals, all else to four figures; unknown stays unknown."""
    unknown = column.is_null().to_numpy()
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    values = np.where(unknown, 0.0, values)
    rounded = np.round(values, DECIMALS) if exact else _to_figures(values)
    return pa.array(rounded, mask=unknown)


def _to_figures(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounded to SIGNIFICANT figures.

    >>> _to_figures(np.array([0.012345678, -98765.4, 0.0])).tolist()
    [0.01235, -98770.0, 0.0]
    """
    size = np.floor(np.log10(np.maximum(np.abs(values), np.finfo(float).tiny)))
    decimals = (SIGNIFICANT - 1 - size).astype(np.int64)
    up = np.power(10.0, np.clip(decimals, 0, 300))  # multiply or divide by a whole
    down = np.power(10.0, np.clip(-decimals, 0, 300))  # power, so that 0.01235 is it
    return np.asarray(np.round(values / down * up) / up * down)


def csv_bytes(flat: pa.Table) -> bytes:
    """Rows for a spreadsheet: UTF-8 with a mark, so that Excel shows Japanese.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    cells = [_cells(flat[name]) for name in flat.column_names]
    out = io.BytesIO()
    out.write(_MARK + ",".join(flat.column_names).encode() + b"\n")
    table = pa.table(cells, names=flat.column_names).combine_chunks()
    pa.csv.write_csv(table, out, _HEADLESS)  # pyarrow 26 garbles an empty chunk
    return out.getvalue()


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "yes", "no")
    if pa.types.is_string(column.type):
        return pc.replace_substring_regex(column, r"^([=+\-@\t\r])", r"'\1")
    return column


def points_geojson(flat: pa.Table, heading: PlanHeading) -> bytes:
    """The lists as points (RFC 7946), with the fields of the CSV."""
    points = shapely.points(flat["longitude"].to_numpy(), flat["latitude"].to_numpy())
    fields = flat.drop_columns(["longitude", "latitude"])
    return _geojson(fields, np.atleast_1d(points), flat["id"], heading)


def routes_geojson(routes: pa.Table, heading: PlanHeading) -> bytes:
    """A line a sortie, there and back; one that looks at a single asset is a point."""
    number = routes["sortie"].to_numpy()
    _, first, count = np.unique(number, return_index=True, return_counts=True)
    xy = np.column_stack(
        [routes[axis].to_numpy() for axis in ("longitude", "latitude")]
    )
    shapes = [
        _route(xy[start : start + n]) for start, n in zip(first, count, strict=True)
    ]
    starts = routes.take(pa.array(first))
    ids = routes["id"].to_pylist()
    visited = [";".join(ids[a : a + n]) for a, n in zip(first, count, strict=True)]
    name = pc.binary_join_element_wise(
        "sortie", starts["sortie"].cast(pa.string()), "-"
    )
    fields = pa.table(
        {
            "id": name,
            "group": starts["group"],
            "sortie": starts["sortie"],
            "stops": pa.array(count),
            "assets": pa.array(visited, pa.string()),
            "minutes": starts["minutes"],
            "place": starts["place"],
        }
    )
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = shapes
    return _geojson(fields, geometry, fields["id"], heading)


def _route(xy: NDArray[np.float64]) -> shapely.Geometry:
    if len(xy) == 1:
        return shapely.Point(xy[0])
    return shapely.LineString([*xy, xy[0]])


def _geojson(
    fields: pa.Table,
    geometry: NDArray[np.object_],
    ids: pa.ChunkedArray,
    heading: PlanHeading,
) -> bytes:
    rows = fields.num_rows
    properties = fields.append_column("drill", pa.repeat(heading.drill, rows))
    properties = properties.append_column(
        "operation", pa.repeat(heading.operation, rows)
    )
    features = arena(properties, geometry_json(geometry), ids)
    return b"".join(geojson_chunks(features)) + b"\n"
