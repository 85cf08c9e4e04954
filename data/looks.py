"""Cells of frames -> looks: one asset from one side in one sortie.

Per cell the upper median over the frames that show it, then the worst cell: a median
over frames alone would throw away the one frame that shows the fallen span.

Source:
    BELIEF, "Evidence"; DEFINITIONS, sections 3 and 4.
"""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import AssetKind
from data.errors import InvalidRecordError
from data.levels import GSD_TOLERANCE_M, detectable_from
from data.tables import CELLS, LOOKS, check_table

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

COARSEST_GSD_M = 0.05  # beyond it a look is too_coarse
VIEW_GSD_M = (0.015, 0.005)  # b = 0 above the first, 2 up to the second
VIEW_SHARE = 0.6
SECOND_MAX = 2  # the second method speaks of z' 0 to 2; 3 is a broken conductor
UNTESTED = -1
SEVERE_STATE = 3  # D3: what a view must be able to show for its silence to count
DEFAULT_LAMBDA = 0.5  # outside the domain the likelihood table was learnt in

FRAME_FACTS = pa.schema(
    [
        ("frame_id", pa.string()),
        ("time_sigma_s", pa.float32()),
        ("negative_lambda", pa.float32()),
        ("ce90_m", pa.float32()),
    ]
)
"""What belongs to a frame as a whole: a look takes the widest time and place, and the
smallest lambda (1 in the domain learnt in, .5 outside, .25 near its limit)."""


def view_bin(gsd_m: float, share: float) -> int:
    """View v = 2 b + [share >= .6], or -1 where the GSD is too coarse.

    >>> view_bin(0.02, 0.5), view_bin(0.01, 0.6), view_bin(0.06, 1.0)
    (0, 3, -1)
    """
    if gsd_m > COARSEST_GSD_M + GSD_TOLERANCE_M:
        return -1
    b = sum(gsd_m <= limit + GSD_TOLERANCE_M for limit in VIEW_GSD_M)
    return 2 * b + (share >= VIEW_SHARE)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Which look each row, and which look each (look, cell), belongs to."""

    keys: Ints  # one a look
    row_look: Ints
    row_cell: Ints  # index into the (look, cell) groups
    cell_look: Ints
    cell_number: Ints
    sector: Ints  # one a row
    above: Ints


def looks_from_cells(
    cells: pa.Table,
    assets: pa.Table,
    *,
    trained: frozenset[str],
    model_id: str | None = None,
    frames: pa.Table | None = None,
) -> pa.Table:
    """One row a look, sorted by asset, sortie and side; the order of rows is no matter.

    Args:
        cells: Table CELLS: only what a usable frame truly shows.
        assets: Columns id and kind of (at least) the assets that occur in `cells`.
        trained: Classes the weights find so surely that their absence says something.
        model_id: The weights that read the frames.
        frames: Table FRAME_FACTS; what is missing there is null (lambda .5).

    Returns:
        Table LOOKS; state is `unusable` where the GSD is too coarse, else `used`.

    Raises:
        InvalidRecordError: If `cells` has other columns than declared, or a cell
            belongs to no asset.
    """
    check_table(cells, CELLS, "cells")
    if cells.num_rows == 0:
        return LOOKS.empty_table()
    groups = _groups(cells)
    columns = _measured(cells, groups) | _when_and_which(cells, groups, frames)
    columns |= _view(columns, _kinds(columns["asset_id"], assets), trained)
    columns["negative_lambda"] = _silenced(columns)
    count = len(groups.keys)
    columns["model_id"] = pa.array([model_id] * count, type=pa.string())
    columns["id"] = pa.nulls(count, pa.string())
    table = pa.table({name: columns[name] for name in LOOKS.names}).cast(LOOKS)
    table = table.set_column(0, LOOKS.field("id"), _content_ids(table))
    return table.sort_by([(n, "ascending") for n in ("asset_id", "sortie", "id")])


def _codes(column: pa.ChunkedArray) -> tuple[Ints, list[str | None]]:
    """Number of each value among the sorted distinct ones (null first), and those."""
    names = sorted(set(column.to_pylist()), key=lambda name: (name is not None, name))
    number = {name: index for index, name in enumerate(names)}
    return np.array(
        [number[name] for name in column.to_pylist()], dtype=np.int64
    ), names


def _numbers(cells: pa.Table, name: str) -> Floats:
    return np.asarray(cells[name].cast(pa.float64()).fill_null(0.0))


def _groups(cells: pa.Table) -> _Groups:
    asset, _ = _codes(cells["asset_id"])
    sortie, sorties = _codes(cells["sortie"])
    sector = _numbers(cells, "sector").astype(np.int64)
    above = np.asarray(cells["above"].cast(pa.int8())).astype(np.int64)
    key = ((asset * len(sorties) + sortie) * 8 + sector) * 2 + above
    keys, row_look = np.unique(key, return_inverse=True)
    number = _numbers(cells, "cell").astype(np.int64)
    pair, row_cell = np.unique(row_look * 2**15 + number, return_inverse=True)
    return _Groups(keys, row_look, row_cell, pair // 2**15, pair % 2**15, sector, above)


def upper_median(values: Floats, group: Ints, count: int) -> Floats:
    """Upper median of each group: of an even number the larger of the middle two.

    Args:
        values: Shape (n,).
        group: Index 0 .. count - 1 of each value's group, shape (n,); none is empty.
        count: Number of groups.

    >>> upper_median(np.array([3.0, 1.0, 2.0, 9.0]), np.array([0, 0, 1, 1]), 2)
    array([3., 9.])
    """
    order = np.lexsort((values, group))
    size = np.bincount(group, minlength=count)
    start = np.cumsum(size) - size
    middle: Floats = values[order][start + size // 2]
    return middle


def _worst_cells(z: Floats, groups: _Groups) -> Ints:
    """Index of each look's worst cell, the first of equals."""
    order = np.lexsort((groups.cell_number, -z, groups.cell_look))
    _, first = np.unique(groups.cell_look[order], return_index=True)
    return order[first]


def _measured(cells: pa.Table, groups: _Groups) -> dict[str, pa.Array]:
    """What was measured: the worst cell's, and where the two methods disagree."""
    count, n_cells = len(groups.keys), len(groups.cell_look)
    median = {
        name: upper_median(_numbers(cells, name), groups.row_cell, n_cells)
        for name in ("z", "a", "moved", "missing", "geometry_sigmas")
    }
    z, second = median["z"], _second(cells, groups)
    worst = _worst_cells(z, groups)
    gap = np.abs(np.minimum(z, SECOND_MAX) - np.minimum(second, SECOND_MAX))
    disputed = (second != UNTESTED) & (gap == SECOND_MAX)
    z_second = np.full(count, UNTESTED)
    np.maximum.at(z_second, groups.cell_look, second.astype(np.int64))
    seen = np.bincount(groups.cell_look, minlength=count)
    total = np.zeros(count)
    np.maximum.at(total, groups.row_look, _numbers(cells, "cells"))
    offsets = np.concatenate(([0], np.cumsum(seen)))
    return {
        "z": pa.array(z[worst].astype(np.int8)),
        "a": pa.array(median["a"][worst]),
        "moved": pa.array(median["moved"][worst]),
        "missing": pa.array(median["missing"][worst]),
        "geometry_sigmas": pa.array(median["geometry_sigmas"][worst]),
        "cell": pa.array(groups.cell_number[worst]),
        "z_second": pa.array(z_second.astype(np.int8)),
        "disputed": pa.array(np.bincount(groups.cell_look, disputed) > 0),
        "share": pa.array(np.minimum(1.0, seen / np.maximum(total, seen))),
        "cells": pa.array(np.maximum(total, seen).astype(np.int16)),
        "gsd_m": pa.array(
            upper_median(_numbers(cells, "gsd_m"), groups.row_look, count)
        ),
        "seen_cells": pa.ListArray.from_arrays(
            offsets.astype(np.int32), groups.cell_number.astype(np.int16)
        ),
    }


def _second(cells: pa.Table, groups: _Groups) -> Floats:
    """Level z' of each cell: upper median over the frames where it could be told."""
    value = _numbers(cells, "z_second")
    tested = (value >= 0) & np.asarray(cells["z_second"].is_valid())
    level = np.full(len(groups.cell_look), float(UNTESTED))
    if tested.any():
        kept, group = np.unique(groups.row_cell[tested], return_inverse=True)
        level[kept] = upper_median(value[tested], group, len(kept))
    return level


def _when_and_which(
    cells: pa.Table, groups: _Groups, frames: pa.Table | None
) -> dict[str, pa.Array]:
    """Identity of each look: asset, sortie, side, frames, first and last time."""
    _, first_row = np.unique(groups.row_look, return_index=True)
    one = cells.take(pa.array(first_row))
    frame, names = _codes(cells["frame_id"])
    pair = np.unique(groups.row_look * len(names) + frame)
    owner, member = pair // len(names), pair % len(names)
    size = np.bincount(owner, minlength=len(groups.keys))
    offsets = np.concatenate(([0], np.cumsum(size))).astype(np.int32)
    ids = pa.array([names[index] for index in member], type=pa.string())
    return {
        "asset_id": one["asset_id"].combine_chunks(),
        "sortie": one["sortie"].combine_chunks(),
        "sector": one["sector"].combine_chunks(),
        "above": one["above"].combine_chunks(),
        "frames": pa.ListArray.from_arrays(offsets, ids),
        **_times(cells, groups),
        **_frame_facts(ids, offsets, frames),
    }


def _times(cells: pa.Table, groups: _Groups) -> dict[str, pa.Array]:
    """First and last time; null where a frame of the look has none."""
    kind = cells["captured_at"].type
    unknown = np.asarray(cells["captured_at"].is_null())
    none = np.bincount(groups.row_look, unknown) > 0
    time = np.asarray(cells["captured_at"].cast(pa.int64()).fill_null(0))
    order = np.argsort(groups.row_look, kind="stable")
    starts = np.flatnonzero(np.diff(groups.row_look[order], prepend=-1))
    found = {"first_at": np.minimum, "last_at": np.maximum}
    return {
        name: pa.array(pick.reduceat(time[order], starts), mask=none).cast(kind)
        for name, pick in found.items()
    }


def _frame_facts(
    ids: pa.Array, offsets: NDArray[np.int32], frames: pa.Table | None
) -> dict[str, pa.Array]:
    """Widest time and place sigma, smallest lambda, over the frames of each look."""
    facts = FRAME_FACTS.empty_table() if frames is None else frames
    row = pc.index_in(ids, value_set=facts["frame_id"].combine_chunks())

    def column(name: str) -> Floats:
        found = facts[name].combine_chunks().take(row)
        return np.asarray(found.cast(pa.float64()).to_numpy(zero_copy_only=False))

    lowest = np.nan_to_num(column("negative_lambda"), nan=DEFAULT_LAMBDA)
    widest = {n: np.maximum.reduceat(column(n), offsets[:-1]) for n in _WIDEST}
    return {
        "negative_lambda": pa.array(np.minimum.reduceat(lowest, offsets[:-1])),
        **{n: pa.array(value, mask=np.isnan(value)) for n, value in widest.items()},
    }


_WIDEST = ("time_sigma_s", "ce90_m")


def _kinds(asset_ids: pa.Array, assets: pa.Table) -> list[AssetKind]:
    row = pc.index_in(asset_ids, value_set=assets["id"].combine_chunks())
    if row.null_count:
        unknown = sorted(set(asset_ids.filter(row.is_null()).to_pylist()))
        raise InvalidRecordError(f"cells of unknown assets {unknown[:5]}; import them")
    return [AssetKind(k) for k in assets["kind"].combine_chunks().take(row).to_pylist()]


def _view(
    columns: dict[str, pa.Array], kinds: list[AssetKind], trained: frozenset[str]
) -> dict[str, pa.Array]:
    """View bin, state, and what one look from one side could have shown."""
    gsd, share = columns["gsd_m"].to_pylist(), columns["share"].to_pylist()
    view = [view_bin(*pair) for pair in zip(gsd, share, strict=True)]
    shown = [
        detectable_from(kind, gsd_m=g, sides=1, share=s, trained=trained)
        for kind, g, s in zip(kinds, gsd, share, strict=True)
    ]
    return {
        "view": pa.array(view, type=pa.int8()),
        "detectable_from": pa.array(shown, type=pa.int8()),
        "state": pa.array(["unusable" if v < 0 else "used" for v in view]),
    }


def _silenced(columns: dict[str, pa.Array]) -> pa.Array:
    """Lambda of each look, 0 where even a severe state would not have been visible.

    Finding nothing there says nothing; finding something counts as ever.
    """
    blind = pc.greater(columns["detectable_from"], SEVERE_STATE)
    return pc.if_else(blind, 0.0, columns["negative_lambda"])


def _content_ids(looks: pa.Table) -> pa.Array:
    """First 32 hexadecimal digits of the sha256 of each row's content."""
    rows = looks.drop_columns(["id"]).to_pylist()
    texts = (json.dumps(row, default=str, ensure_ascii=False) for row in rows)
    ids = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
    return pa.array(ids, type=pa.string())
