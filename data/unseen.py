"""Assets that no valid look shows: NA with the reason of the frame that got furthest.

Source:
    BELIEF, "Grade"; DEFINITIONS, section 8 (the order of NA reasons).
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import InvalidRecordError
from data.findings import NA_REASONS, Basis
from data.tables import BELIEFS
from data.words import na_words

FRAME_STATES = pa.schema([("asset_id", pa.string()), ("reason", pa.string())])
"""How far each frame got with an asset it could have shown: an NA reason."""

AMBIGUOUS = "ambiguous_match"
"""Not a stop on a frame's way: it qualifies looks, and does not stand for one."""


def furthest(frame_states: pa.Table) -> pa.Table:
    """Of all frames of an asset the reason of the one that got furthest.

    Args:
        frame_states: Table FRAME_STATES, in any order.

    Returns:
        Table FRAME_STATES, one row an asset, sorted by asset.

    Raises:
        InvalidRecordError: If a reason is not one of DEFINITIONS 8.
    """
    names = pc.list_element(pc.split_pattern(frame_states["reason"], "("), 0)
    rank = pc.index_in(names, value_set=pa.array(NA_REASONS))
    if rank.null_count:
        known = pc.is_in(names, value_set=pa.array(NA_REASONS))
        wrong = pc.unique(frame_states["reason"].filter(pc.invert(known))).to_pylist()
        raise InvalidRecordError(f"frame states: {wrong} are no NA reasons")
    ranked = frame_states.append_column("rank", rank)
    ranked = ranked.filter(pc.not_equal(names, AMBIGUOUS))
    ranked = ranked.sort_by([(n, "ascending") for n in ("asset_id", "rank", "reason")])
    ids = ranked["asset_id"].combine_chunks()
    first = np.ones(len(ids), dtype=bool)
    if len(ids) > 1:
        first[1:] = np.asarray(pc.not_equal(ids[1:], ids[:-1]))
    return ranked.filter(pa.array(first)).select(["asset_id", "reason"])


def ambiguous_ids(frame_states: pa.Table) -> frozenset[str]:
    """Assets of which something was found that may belong to another."""
    hit = pc.equal(frame_states["reason"], AMBIGUOUS)
    return frozenset(frame_states["asset_id"].filter(hit).to_pylist())


def without_looks(beliefs: pa.Table, reason: pa.Table) -> pa.Table:
    """Rows that no look touches: the plan's, with the reason why nothing was seen.

    A row the plan marked withdrawn stays so.

    Args:
        beliefs: Table BELIEFS as the plan made it.
        reason: What `furthest` returned.
    """
    if beliefs.num_rows == 0:
        return beliefs
    row = pc.index_in(
        beliefs["asset_id"], value_set=reason["asset_id"].combine_chunks()
    )
    in_plan = pc.fill_null(beliefs["in_plan"], fill_value=False)
    default = pc.if_else(in_plan, "not_observed", "not_in_plan")
    why = pc.coalesce(reason["reason"].combine_chunks().take(row), default)
    withdrawn = pc.fill_null(
        pc.equal(beliefs["na_reason"], "withdrawn"), fill_value=False
    )
    why = pc.if_else(withdrawn, "withdrawn", why)
    count = beliefs.num_rows
    changed = {
        "na_reason": why,
        "grade": pa.array(np.full(count, -1, dtype=np.int8)),
        "basis": pa.array(np.full(count, Basis.NONE.value)),
        "looks": pa.array(np.zeros(count, dtype=np.int16)),
        "sides": pa.array(np.zeros(count, dtype=np.int8)),
        "disputed": pa.array(np.zeros(count, dtype=bool)),
        "reasons_ja": _prepended(beliefs["reasons_ja"], why, language=0),
        "reasons_en": _prepended(beliefs["reasons_en"], why, language=1),
    }
    for name, column in changed.items():
        index = BELIEFS.get_field_index(name)
        field = BELIEFS.field(index)
        beliefs = beliefs.set_column(index, field, column.cast(field.type))
    return beliefs


def _prepended(
    lists: pa.ChunkedArray, reason: pa.ChunkedArray, *, language: int
) -> pa.ListArray:
    """Each list with the words of the row's reason put before it."""
    encoded = pc.dictionary_encode(reason).combine_chunks()
    words = [na_words(name)[language] for name in encoded.dictionary.to_pylist()]
    flat = lists.combine_chunks()
    old = pc.list_flatten(flat)
    size = np.asarray(pc.fill_null(pc.list_value_length(flat), 0)).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(size + 1)))
    source = np.empty(offsets[-1], dtype=np.int64)
    is_new = np.zeros(offsets[-1], dtype=bool)
    is_new[offsets[:-1]] = True
    source[is_new] = np.asarray(encoded.indices)
    source[~is_new] = np.arange(len(old)) + len(words)
    values = pa.concat_arrays([pa.array(words, pa.string()), old.cast(pa.string())])
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), values.take(pa.array(source))
    )
