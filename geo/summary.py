"""The map in cells: how many assets of which state, by mesh and by prefecture."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from data.edition import EditionInfo
from data.findings import Grade, grade_name
from geo.map_fields import SUMMARY_FIELDS, field_names
from geo.mesh import OUTSIDE, mesh_bounds, mesh_codes
from geo.tidy import tidy

ALL_KINDS = "all"
_COUNTS = field_names(
    "n n_na n_na_not_observed n_d0 n_d1 n_d2 n_d3 n_d4 n_confirmed n_disputed "
    "n_waiting clocks_open clocks_overdue"
)
_SUMS = field_names("expected_severe expected_severe_low expected_severe_high")


def summary_table(
    assets: pa.Table,
    longitude: NDArray[np.float64],
    latitude: NDArray[np.float64],
    info: EditionInfo,
) -> pa.Table:
    """Every cell that holds an asset, for all kinds together and for each.

    A link counts only where no row is part of it. The interval of a sum is the sum of
    the intervals: as wide as errors that all go the same way make it. What the hazard
    did not reach (not_in_plan) adds nothing to what is expected: a thousand small
    chances from before the event would drown the places where it struck.

    Args:
        assets: As `map_table` returns.
        longitude: Of each asset's home point, degrees, shape (n,).
        latitude: As longitude.
        info: Of the edition; its `as_of` decides which clocks are overdue.

    Returns:
        SUMMARY_FIELDS and `geometry`: the cell, or for a prefecture (whose outline
        is an operator's import) the middle of its assets. Sorted by level, code, kind.
    """
    counted = _counted(assets)
    facts = _facts(assets.filter(pa.array(counted)), info)
    places = longitude[counted], latitude[counted]
    parts = [
        _cells(facts.append_column("code", pa.array(codes)), level, places)
        for level, codes in _codes(facts, *places).items()
    ]
    whole = pa.concat_tables(parts).combine_chunks()
    columns = {name: whole[name] for name in whole.column_names}
    columns["name"] = pa.nulls(whole.num_rows, pa.string())
    columns["edition"] = pa.repeat(pa.scalar(info.number, pa.int32()), whole.num_rows)
    columns["drill"] = pa.repeat(info.drill, whole.num_rows)
    return pa.table({name: columns[name] for name in [*SUMMARY_FIELDS, "geometry"]})


def _counted(assets: pa.Table) -> NDArray[np.bool_]:
    """True for every asset but links that others are part of."""
    parents = pc.is_in(assets["id"], pc.unique(assets["parent_id"]))
    link = pc.equal(assets["kind"], "link")
    counted: NDArray[np.bool_] = pc.invert(pc.and_(link, parents)).to_numpy()
    return counted


def _codes(
    facts: pa.Table, longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> dict[str, NDArray[np.int64]]:
    """The code of each row's cell by level; -1 where it has none."""
    prefecture = pc.fill_null(pc.cast(facts["prefecture_code"], pa.int64()), OUTSIDE)
    codes = {"pref": prefecture.to_numpy()}
    return codes | {
        f"mesh{level}": mesh_codes(longitude, latitude, level) for level in (1, 2, 3)
    }


def _facts(assets: pa.Table, info: EditionInfo) -> pa.Table:
    """What a cell adds up of each asset: zeros and ones, chances and times."""
    rank, due = assets["grade_rank"], assets["clock_due_at"]
    as_of = info.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    unseen = pc.starts_with(assets["na_reason"], pattern="not_observed")
    truths = {
        "n": pc.is_valid(assets["id"]),
        "n_na": pc.equal(rank, int(Grade.NA)),
        "n_na_not_observed": unseen,
        **{f"n_d{k}": pc.equal(rank, k) for k in range(5)},
        "n_confirmed": pc.equal(assets["basis"], "confirmed"),
        "n_disputed": assets["disputed"],
        "n_waiting": pc.equal(assets["review"], "waiting"),
        "clocks_open": pc.is_valid(due),
        "clocks_overdue": pc.less(due, as_of),
    }
    chances = zip(_SUMS, ("p_severe", "p_severe_low", "p_severe_high"), strict=True)
    ones = {
        name: pc.cast(pc.fill_null(truth, fill_value=False), pa.int32())
        for name, truth in truths.items()
    }
    reached = pc.fill_null(
        pc.not_equal(assets["na_reason"], "not_in_plan"), fill_value=True
    )
    sums = {
        name: pc.if_else(reached, pc.cast(assets[field], pa.float64()), 0.0)
        for name, field in chances
    }
    kept = {name: assets[name] for name in ("kind", "prefecture_code", "last_seen_at")}
    return pa.table(kept | ones | sums | {"grade_rank": rank})


def _cells(
    facts: pa.Table, level: str, places: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> pa.Table:
    """One level's cells, all kinds together and each kind."""
    placed = facts.append_column("longitude", pa.array(places[0]))
    placed = placed.append_column("latitude", pa.array(places[1]))
    inside = placed.filter(pc.not_equal(placed["code"], OUTSIDE))
    everything = inside.set_column(
        inside.column_names.index("kind"), "kind", pa.repeat(ALL_KINDS, len(inside))
    )
    both = pa.concat_tables([everything, inside]).combine_chunks()
    sums = [(name, "sum") for name in (*_COUNTS, *_SUMS)]
    others = [
        ("grade_rank", "max"),
        ("last_seen_at", "min"),
        ("last_seen_at", "max"),
        ("longitude", "mean"),
        ("latitude", "mean"),
    ]
    grouped = both.group_by(["code", "kind"], use_threads=False)
    cells = grouped.aggregate(sums + others)
    cells = cells.sort_by([("code", "ascending"), ("kind", "ascending")])
    return _described(cells, level)


def _described(cells: pa.Table, level: str) -> pa.Table:
    """Cells with their names, shares and outlines."""
    codes = pc.cast(cells["code"], pa.string())
    worst = {-1: None} | {k: grade_name(k) for k in range(5)}
    known = pc.subtract(cells["n_sum"], cells["n_na_sum"])
    share = pc.divide(pc.cast(known, pa.float64()), cells["n_sum"])
    rank = pc.cast(cells["grade_rank_max"], pa.int8())
    named = pa.array(list(worst.values()), pa.string()).take(pc.add(rank, 1))
    counts = {name: pc.cast(cells[f"{name}_sum"], pa.int32()) for name in _COUNTS}
    return pa.table(
        {
            "id": pc.binary_join_element_wise(level, codes, cells["kind"], "/"),
            "level": pa.repeat(level, cells.num_rows),
            "code": codes,
            "kind": cells["kind"],
            **counts,
            **{name: cells[f"{name}_sum"] for name in _SUMS},
            "worst_grade": named,
            "observed_share": share,
            "oldest_seen_at": cells["last_seen_at_min"],
            "newest_seen_at": cells["last_seen_at_max"],
            "geometry": pa.array(shapely.to_wkb(_outlines(cells, level)), pa.binary()),
        }
    )


def _outlines(cells: pa.Table, level: str) -> NDArray[np.object_]:
    if level == "pref":
        middle = cells["longitude_mean"].to_numpy(), cells["latitude_mean"].to_numpy()
        return tidy(shapely.points(*middle))
    bounds = mesh_bounds(cells["code"].to_numpy().astype(np.int64), int(level[-1]))
    return tidy(np.asarray(shapely.box(*bounds.T), dtype=object))
