"""How grades hold when the prior is wrong by a factor of two, either way.

The kept looks are believed again with the odds of D3 or worse doubled or halved;
nothing is looked at anew.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data.belief import update_beliefs
from data.evidence import with_severe
from data.grading import Rules
from data.likelihood import read_likelihood
from data.store import find_operation
from data.tables import BELIEFS
from pipelines.believing import Believed, believe, current_pairs, eye_of
from pipelines.config import Config
from pipelines.gathering import frame_states, frames_of, placed_values

FACTORS = (0.5, 1.0, 2.0)
Row = dict[str, Any]
PRIOR = [f"prior_{k}" for k in range(5)]
EXPECTED = [f"p_{k}" for k in range(5)]


def with_odds(states: Any, factor: float) -> Any:  # noqa: ANN401 arrays
    """P(state) with the odds of D3 or worse multiplied; the proportions are kept.

    >>> with_odds(np.array([0.8, 0.0, 0.0, 0.2, 0.0]), 2.0).round(4).tolist()
    [0.6667, 0.0, 0.0, 0.3333, 0.0]
    """
    severe = float(states[3:].sum())
    odds = factor * severe / max(1.0 - severe, 1e-12)
    return with_severe(states, odds / (1.0 + odds))


def scaled_prior(prior: pa.Table, factor: float) -> pa.Table:
    """A table of beliefs before any picture with other odds of D3 or worse."""
    rows = prior.to_pylist()
    for row in rows:
        if row["prior_0"] is None:
            continue
        states = with_odds(np.array([row[name] for name in PRIOR]), factor)
        row.update(zip(PRIOR, states.tolist(), strict=True))
        row.update(zip(EXPECTED, states.tolist(), strict=True))
    return pa.Table.from_pylist(rows, schema=BELIEFS)


def grades_under(store: Path, operation: str, ids: Sequence[str]) -> list[Row]:
    """Grade and chance of D3 or worse of some assets, under each prior.

    Args:
        store: Where the operation is kept.
        operation: Its id.
        ids: Assets that were looked at.

    Returns:
        One row an asset: id, and by factor its grade and p_severe.
    """
    folder, config = find_operation(store, operation), Config()
    with folder.open_ledger() as ledger:
        believed = believe(folder, ledger, store, config)
        pairs = current_pairs(folder, ledger, believed.expected, config)
        states = frame_states(placed_values(ledger, pairs), pairs)
        trained = eye_of(config, frames_of(ledger)).relied
    rules = Rules(likelihood=read_likelihood(), trained=trained)
    by_factor = {f: _believed(believed, states, rules, f) for f in FACTORS}
    return [
        {"id": name, **{f"x{f:g}": by_factor[f][name] for f in FACTORS}}
        for name in sorted(set(ids) & set(by_factor[1.0]))
    ]


def _believed(
    believed: Believed, states: pa.Table, rules: Rules, factor: float
) -> dict[str, Row]:
    expected = believed.expected
    found = update_beliefs(
        scaled_prior(expected.prior, factor),
        expected.assets,
        believed.looks,
        states,
        rules=rules,
        last_hazard=expected.last_hazard,
    )
    return {
        row["asset_id"]: {
            "grade": row["grade"],
            "p_severe": None
            if row["p_3"] is None
            else round(row["p_3"] + row["p_4"], 4),
        }
        for row in found.to_pylist()
    }
