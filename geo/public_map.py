"""The tables of a map without what the public does not get."""

import pyarrow as pa
import pyarrow.compute as pc

from data.audience import (
    CHANCE_FIELDS,
    EXPECTED_FIELDS,
    GUARDED_KINDS,
    OWNER_FIELDS,
)
from geo.summary import ALL_KINDS

_REASONS = ("reasons_ja", "reasons_en")
_CHANCE_SAID = r"[^;]*%[^;]*;?"  # of all reasons only chances and shares carry a %


def public_assets(assets: pa.Table) -> pa.Table:
    """The assets without owners, and without exact chances of power and dams.

    Args:
        assets: As `map_table` returns.
    """
    guarded = _guarded(assets["kind"])
    columns = {name: assets[name] for name in assets.column_names}
    for name in OWNER_FIELDS:
        columns[name] = pa.nulls(assets.num_rows, assets.schema.field(name).type)
    for name in CHANCE_FIELDS:
        columns[name] = _withheld(guarded, assets[name])
    for name in _REASONS:
        columns[name] = pc.if_else(guarded, _unsaid(assets[name]), assets[name])
    columns["audience"] = pa.repeat("public", assets.num_rows)
    return pa.table(columns)


def public_summary(summary: pa.Table) -> pa.Table:
    """Cells whose expected sums count only what is not guarded.

    Args:
        summary: As `summary_table` returns.
    """
    columns = {name: summary[name] for name in summary.column_names}
    guarded = _guarded(summary["kind"])
    together = pc.equal(summary["kind"], ALL_KINDS)
    open_rows = summary.filter(pc.invert(pc.or_(guarded, together)))
    sums = open_rows.group_by(["level", "code"], use_threads=False).aggregate(
        [(name, "sum") for name in EXPECTED_FIELDS]
    )
    row = pc.index_in(_cell(summary), _cell(sums))
    for name in EXPECTED_FIELDS:
        alone = _withheld(guarded, summary[name])
        columns[name] = pc.if_else(together, sums[f"{name}_sum"].take(row), alone)
    return pa.table(columns)


def public_damage(damage: pa.Table, assets: pa.Table) -> pa.Table:
    """Damage outlines; how sure the detector is of power and dams is left out.

    Args:
        damage: The layer's table.
        assets: As `map_table` returns, for the kinds.
    """
    if not damage.num_rows:
        return damage
    kind = assets["kind"].take(pc.index_in(damage["asset_id"], assets["id"]))
    at = damage.column_names.index("score")
    return damage.set_column(at, "score", _withheld(_guarded(kind), damage["score"]))


def _guarded(kind: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.is_in(kind, pa.array(GUARDED_KINDS, kind.type))


def _withheld(guarded: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values, null where guarded."""
    return pc.if_else(guarded, pa.scalar(None, values.type), values)


def _unsaid(reasons: pa.ChunkedArray) -> pa.ChunkedArray:
    """Reasons joined by ; without those that say a chance."""
    left = pc.replace_substring_regex(reasons, _CHANCE_SAID, "")
    return pc.utf8_rtrim(left, ";")


def _cell(table: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(table["level"], table["code"], "/")
