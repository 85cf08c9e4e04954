"""How many assets to expect severely damaged, by prefecture and kind, with intervals.

The draws are joint: the shaking of one draw is one earthquake, so their sums are added
draw by draw and the interval is that of the sums (BELIEF: never add sigmas). What wind
and failed ground add to single assets is not in them.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.fragility import SEVERE_K
from data.severe_draws import interval
from pipelines.expectation import Expectation
from pipelines.hazard_at import Array, Kinds

JAPAN = 0  # in place of a prefecture's code: all together
UNKNOWN = -1  # an asset whose prefecture nobody stated
TOTALS = pa.schema(
    [
        ("prefecture_code", pa.int8()),
        ("kind", pa.string()),
        ("n", pa.int32()),
        ("expected_severe", pa.float64()),
        ("expected_severe_low", pa.float64()),
        ("expected_severe_high", pa.float64()),
    ]
)
"""Assets in the plan that have a damage curve; prefecture 0 is the whole country, null
those whose prefecture is not known. low and high are the 5 and 95 % quantiles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """Of some assets: how many, their chances added, and so draw by draw."""

    count: int
    mean: float
    draws: Array


Sums = Mapping[tuple[int, str], Sum]
"""By prefecture and kind."""


def chunk_sums(assets: pa.Table, kinds: Kinds, found: Expectation) -> Sums:
    """Sums of one chunk, in float64."""
    rows = np.flatnonzero(found.drawn & found.in_plan)
    codes = assets["prefecture_code"].fill_null(UNKNOWN).to_numpy()[rows]
    of_kind = kinds[rows].astype(str)
    mean = found.states[rows, SEVERE_K:].sum(axis=1)
    order = np.lexsort((of_kind, codes))
    keys = list(zip(codes[order].tolist(), of_kind[order].tolist(), strict=True))
    starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    if not starts:
        return {}
    draws = np.add.reduceat(found.severe[rows[order]], starts, axis=0, dtype=np.float64)
    means = np.add.reduceat(mean[order], starts)
    counts = np.diff([*starts, len(keys)])
    return {
        keys[start]: Sum(count=int(counts[i]), mean=float(means[i]), draws=draws[i])
        for i, start in enumerate(starts)
    }


def added(one: Sums, other: Sums) -> Sums:
    """Both together."""
    found = dict(one)
    for key, more in other.items():
        before = found.get(key)
        found[key] = more if before is None else _plus(before, more)
    return found


def _plus(one: Sum, other: Sum) -> Sum:
    return Sum(
        count=one.count + other.count,
        mean=one.mean + other.mean,
        draws=one.draws + other.draws,
    )


def totals_table(sums: Sums) -> pa.Table:
    """Table TOTALS: the country first, then by prefecture and kind."""
    country: Sums = {}
    for code, kind in sorted(sums):
        country = added(country, {(JAPAN, kind): sums[code, kind]})
    every = {**country, **sums}
    rows = [_row(key, every[key]) for key in sorted(every, key=_place_in_table)]
    return pa.Table.from_pylist(rows, schema=TOTALS)


def totals_csv(totals: pa.Table) -> bytes:
    """The sums for a spreadsheet: UTF-8 with a mark, so that Excel shows Japanese."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(TOTALS.names)
    for row in totals.to_pylist():
        chances = [f"{row[name]:.4g}" for name in TOTALS.names[3:]]
        writer.writerow([row["prefecture_code"], row["kind"], row["n"], *chances])
    return out.getvalue().encode("utf-8-sig")


def _place_in_table(key: tuple[int, str]) -> tuple[bool, int, str]:
    return key[0] == UNKNOWN, *key


def _row(key: tuple[int, str], total: Sum) -> dict[str, object]:
    draws: NDArray[np.float32] = total.draws[None, :].astype(np.float32)
    low, high = interval(draws, np.array([total.mean]))
    return {
        "prefecture_code": None if key[0] == UNKNOWN else key[0],
        "kind": key[1],
        "n": total.count,
        "expected_severe": total.mean,
        "expected_severe_low": float(low[0]),
        "expected_severe_high": float(high[0]),
    }
