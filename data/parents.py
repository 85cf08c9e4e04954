"""Lines and other parents: the worst child's grade, and how much of them was seen.

Source:
    DEFINITIONS, section 1; ARCHITECTURE, section 2.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.errors import InvalidRecordError
from data.findings import Basis
from data.grading import D0_SHARE
from data.rows import put_back
from data.tables import BELIEFS, check_table

Ints = NDArray[np.int64]

MAX_DEPTH = 8  # span, link, line and a little more: deeper is a mistake
_NONE = -1


def roll_up(beliefs: pa.Table, assets: pa.Table) -> pa.Table:
    """The beliefs with each parent graded as its worst child.

    seen_share of a parent is the share of its children with a grade. As for any asset,
    a D0 needs 60 % of it seen: with fewer clean children the parent is
    NA(insufficient_view). A parent without a graded child stays as it is.

    Args:
        beliefs: Table BELIEFS.
        assets: Columns id and parent_id.

    Raises:
        InvalidRecordError: If parents go round in a circle.
    """
    check_table(beliefs, BELIEFS, "beliefs")
    parent = _parents(beliefs["asset_id"], assets)
    depth = _depths(parent)
    code = _codes(beliefs)
    code, seen, worst = _climb(_codes(beliefs), parent, depth)
    children = _children(parent)
    graded = pa.array(seen > 0)
    rows = np.flatnonzero(seen > 0)
    if not len(rows):
        return beliefs
    ids = beliefs["asset_id"].take(pa.array(worst[rows])).to_pylist()
    changed = [
        _rolled(row, int(code[i]), int(seen[i]), int(children[i]), child)
        for row, i, child in zip(
            beliefs.filter(graded).to_pylist(), rows, ids, strict=True
        )
    ]
    return put_back(beliefs.filter(pc.invert(graded)), changed, graded)


def _children(parent: Ints) -> Ints:
    """How many children each row has."""
    return np.bincount(parent[parent != _NONE], minlength=len(parent))


def _climb(code: Ints, parent: Ints, depth: Ints) -> tuple[Ints, Ints, Ints]:
    """From the deepest children up: worst code, children seen, row of the worst one."""
    code, children = code.copy(), _children(parent)
    seen, worst = np.zeros_like(code), np.full_like(code, _NONE)
    for level in range(int(depth.max(initial=0)), 0, -1):
        rows = np.flatnonzero((depth == level) & (code >= 0))
        rows = rows[np.argsort(code[rows], kind="stable")]
        np.add.at(seen, parent[rows], 1)
        worst[parent[rows]] = rows  # the last written is the worst
        np.maximum.at(code, parent[rows], code[rows])
        unseen = (children > 0) & (seen < D0_SHARE * children)
        code[(code // 2 == 0) & unseen & (depth == level - 1)] = _NONE
    return code, seen, worst


def _parents(ids: pa.ChunkedArray, assets: pa.Table) -> Ints:
    """Row of each belief's parent, -1 where it has none among the beliefs."""
    ids = ids.combine_chunks()
    asset = pc.index_in(ids, value_set=assets["id"].combine_chunks())
    names = assets["parent_id"].combine_chunks().take(asset)
    row = pc.index_in(names, value_set=ids, skip_nulls=True)
    return np.asarray(pc.fill_null(row, _NONE)).astype(np.int64)


def _depths(parent: Ints) -> Ints:
    """How many parents stand above each row."""
    depth = np.zeros(len(parent), dtype=np.int64)
    above = parent.copy()
    for _ in range(MAX_DEPTH):
        has = above != _NONE
        if not has.any():
            return depth
        depth[has] += 1
        above[has] = parent[above[has]]
    raise InvalidRecordError(f"parents nest deeper than {MAX_DEPTH} or in a circle")


def _codes(beliefs: pa.Table) -> Ints:
    """2 x grade + (confirmed), or -1: orders by grade, a confirmed one last."""
    grade = np.asarray(pc.fill_null(beliefs["grade"], _NONE)).astype(np.int64)
    confirmed = pc.equal(beliefs["basis"], Basis.CONFIRMED.value)
    sure = np.asarray(pc.fill_null(confirmed, fill_value=False)).astype(np.int64)
    return np.where(grade < 0, _NONE, 2 * grade + sure)


def _rolled(
    row: dict[str, Any], code: int, seen: int, children: int, child: str
) -> dict[str, Any]:
    grade = _NONE if code < 0 else code // 2
    parts_ja = f"{children}区間のうち{seen}区間を判定"
    parts_en = f"{seen} of {children} parts have a grade"
    if grade > 0:
        parts_ja, parts_en = (
            f"{parts_ja}、最も重いのは{child}",
            f"{parts_en}; worst: {child}",
        )
    basis = Basis.CONFIRMED if code % 2 else Basis.OBSERVED
    return row | {
        "grade": grade,
        "basis": (Basis.NONE if grade < 0 else basis).value,
        "na_reason": "insufficient_view" if grade < 0 else None,
        "seen_share": seen / children,
        "reasons_ja": [parts_ja] + (row["reasons_ja"] or []),
        "reasons_en": [parts_en] + (row["reasons_en"] or []),
    }
