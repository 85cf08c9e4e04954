"""Belief carried from one event to the next: what was seen between them counts.

The belief after event 1 (shaking and looks) is pushed through the fragility of event 2
and is the prior of event 2. A look taken between them is stale itself, and yet the
damage it showed is still there. Only assets with such looks are touched.

Source:
    ARCHITECTURE, section 2 (1); BELIEF, "Expected state".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.belief import update_beliefs
from data.evidence import Floats
from data.fragility import (
    SEVERE_K,
    STATES,
    exceedance_from_states,
    likely_state,
    states_from_exceedance,
)
from data.grading import Rules
from data.tables import BELIEFS
from data.unseen import FRAME_STATES

Flags = NDArray[np.bool_]

CARRIED = "carried"
_PRIOR = tuple(f"prior_{k}" for k in range(STATES))
_P = tuple(f"p_{k}" for k in range(STATES))
_WORDS = (
    "前の地震の後に見えた状態を引き継ぎ、その後の揺れを重ねた",
    "carried on from what was seen after the event before, then shaken again",
)


@dataclass(frozen=True, slots=True)
class After:
    """What hazards alone make expected once one more event is over.

    Attributes:
        at: When the event happened.
        beliefs: Table BELIEFS after it and all before it, of the same assets in the
            same order at every event, no picture in it.
    """

    at: datetime
    beliefs: pa.Table


def stale_looks(looks: pa.Table, last_hazard: pa.Table) -> pa.Table:
    """Looks taken before the last hazard at their asset, with that time as `shaken_at`.

    Args:
        looks: Table LOOKS.
        last_hazard: Columns asset_id and at.
    """
    index = pc.index_in(looks["asset_id"], value_set=last_hazard["asset_id"])
    shaken = last_hazard["at"].take(index)
    before = pc.fill_null(pc.less(looks["first_at"], shaken), fill_value=False)
    return looks.filter(before)


def carried_beliefs(
    steps: Sequence[After], looks: pa.Table, assets: pa.Table, rules: Rules
) -> pa.Table:
    """The prior of the last event, from looks and shaking event after event.

    Args:
        steps: After each event, the oldest first.
        looks: Table LOOKS: the stale ones of these assets.
        assets: Columns id, kind and importance.
        rules: Likelihoods and the classes the weights were trained on.

    Returns:
        Table BELIEFS, the rows of `steps`; where no curve exists as they were.
    """
    current = steps[0].beliefs
    for before, after in pairwise(steps):
        taken = looks["first_at"]
        start, end = (pa.scalar(each.at, taken.type) for each in (before, after))
        between = pc.and_(pc.greater_equal(taken, start), pc.less(taken, end))
        seen = update_beliefs(
            current,
            assets,
            looks.filter(between),
            FRAME_STATES.empty_table(),
            rules=rules,
        )
        current = _pushed(seen, before.beliefs, after.beliefs)
    return current


def _pushed(seen: pa.Table, before: pa.Table, after: pa.Table) -> pa.Table:
    """What was seen after one event, shaken by the next one.

    P(S >= k) = 1 - (1 - P seen)(1 - P of the next alone), and the last factor is what
    the hazards alone say after both over what they say after the first.
    """
    modelled = np.isfinite(_floats(after, _PRIOR)[:, 0])
    spared = _spared(before, after)
    states = states_from_exceedance(
        1.0 - (1.0 - exceedance_from_states(_floats(seen, _P))) * spared
    )
    low, high = (
        1.0 - (1.0 - _floats(seen, (name,))[:, 0]) * spared[:, SEVERE_K - 1]
        for name in ("p_severe_low", "p_severe_high")
    )
    severe = states[:, SEVERE_K:].sum(axis=1)
    columns = {
        **dict(zip(_PRIOR, states.T, strict=True)),
        **dict(zip(_P, states.T, strict=True)),
        "p_severe_low": np.minimum(low, severe),
        "p_severe_high": np.maximum(high, severe),
        "expected": likely_state(np.nan_to_num(states)),
        "priority": _priority(after, severe),
        "prior_source": np.full(len(severe), CARRIED, dtype=object),
    }
    for name, values in columns.items():
        after = _replaced(after, name, values, modelled)
    return _with_words(_with_grade(after, seen), modelled)


def _spared(before: pa.Table, after: pa.Table) -> Floats:
    """P(not reached by the next event alone), shape (N, 4), NaN where no curve is."""
    first = 1.0 - exceedance_from_states(_floats(before, _PRIOR))
    both = 1.0 - exceedance_from_states(_floats(after, _PRIOR))
    ratio = np.divide(both, first, out=np.zeros_like(both), where=first > 0.0)
    ratio[np.isnan(both)] = np.nan
    return np.asarray(np.maximum.accumulate(np.clip(ratio, 0.0, 1.0), axis=1))


def _priority(after: pa.Table, severe: Floats) -> Floats:
    """As before, in proportion to the chance of severe damage."""
    before = _floats(after, _PRIOR[SEVERE_K:]).sum(axis=1)
    priority = _floats(after, ("priority",))[:, 0]
    share = np.divide(severe, before, out=np.ones_like(severe), where=before > 0.0)
    return np.asarray(priority * share)


def _with_grade(after: pa.Table, seen: pa.Table) -> pa.Table:
    """The grade that the looks gave, kept as the last one."""
    grade = pc.if_else(pc.greater_equal(seen["grade"], 0), seen["grade"], None)
    last = pc.coalesce(grade, seen["last_grade"], after["last_grade"])
    return _set(after, "last_grade", last)


def _with_words(after: pa.Table, modelled: Flags) -> pa.Table:
    for name, words in zip(("reasons_ja", "reasons_en"), _WORDS, strict=True):
        said = [
            [words, *(old or [])] if is_modelled and words not in (old or []) else old
            for old, is_modelled in zip(after[name].to_pylist(), modelled, strict=True)
        ]
        after = _set(after, name, pa.array(said, BELIEFS.field(name).type))
    return after


def _floats(table: pa.Table, names: Sequence[str]) -> Floats:
    """Columns as float64, shape (N, len(names)), NaN where null."""
    columns = [table[name].combine_chunks().cast(pa.float64()) for name in names]
    found = [np.asarray(c.to_numpy(zero_copy_only=False)) for c in columns]
    return np.asarray(np.column_stack(found), dtype=np.float64)


def _replaced(
    table: pa.Table, name: str, values: NDArray[Any], where: Flags
) -> pa.Table:
    kind = BELIEFS.field(name).type
    new = pa.array(values.tolist(), kind)
    return _set(table, name, pc.if_else(pa.array(where), new, table[name]))


def _set(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    field = BELIEFS.field(name)
    index = table.schema.get_field_index(name)
    return table.set_column(index, field, column.cast(field.type))
