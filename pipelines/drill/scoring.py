"""Numbers of one edition beside the truth; pure, and of made-up disasters only.

An asset is `severe` when its true grade is D3 or D4; `told` when the map grades it so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Row = dict[str, Any]

SEVERE = 3
NA = -1
LEAST_CHANCE = 1e-4  # a chance of 0 or 1 is never believed, nor scored
BINS = 10
SEEN_SHARE = 0.3  # of an asset at 4 cm or finer, from which severe damage must be told
FIRST = 50  # of the inspection list


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One asset of one edition beside its truth.

    Attributes:
        truth: 0 to 4.
        grade: -1 (NA) to 4.
        p_severe: What the edition believes of D3 or worse; None where not modelled.
        fine_share: Truly shown at 4 cm or finer by the cards so far.
    """

    id: str
    kind: str
    truth: int
    grade: int
    na_reason: str | None
    p_severe: float | None
    priority: float | None
    review: str
    looks: int
    fine_share: float

    @property
    def severe(self) -> bool:
        """Whether it truly is D3 or worse."""
        return self.truth >= SEVERE

    @property
    def told(self) -> bool:
        """Whether the map grades it D3 or worse."""
        return self.grade >= SEVERE

    @property
    def well_seen(self) -> bool:
        """Whether its damage could be told from the pictures."""
        return self.fine_share >= SEEN_SHARE


def judged(
    rows: Sequence[Row], truth: Mapping[str, int], fine_share: Mapping[str, float]
) -> list[Judged]:
    """Rows of map.parquet of which the truth is known, by id."""
    found = [
        Judged(
            id=row["id"],
            kind=row["kind"],
            truth=truth[row["id"]],
            grade=row["grade_rank"],
            na_reason=row["na_reason"],
            p_severe=row["p_severe"],
            priority=row["priority"],
            review=row["review"],
            looks=row["looks"],
            fine_share=fine_share.get(row["id"], 0.0),
        )
        for row in rows
        if row["id"] in truth
    ]
    return sorted(found, key=lambda one: one.id)


def share(part: int, whole: int) -> float | None:
    """A share; None of nothing.

    >>> share(1, 4), share(0, 0)
    (0.25, None)
    """
    return None if whole == 0 else round(part / whole, 4)


def found_and_told(assets: Sequence[Judged]) -> Row:
    """Recall and precision of D3 or worse, of all and of what could be seen."""
    told = [a for a in assets if a.told]
    severe = [a for a in assets if a.severe]
    seen = [a for a in severe if a.well_seen]
    right = sum(a.severe for a in told)
    waiting = sum(a.review == "waiting" and not a.told for a in seen)
    return {
        "severe": len(severe),
        "severe_well_seen": len(seen),
        "told": len(told),
        "told_right": right,
        "recall": share(right, len(severe)),
        "recall_well_seen": share(sum(a.told for a in seen), len(seen)),
        "recall_well_seen_or_waiting": share(
            sum(a.told for a in seen) + waiting, len(seen)
        ),
        "precision": share(right, len(told)),
        "false_all_clear": sum(a.severe and a.grade == 0 for a in assets),
    }


def precision_of_first(assets: Sequence[Judged], first: int = FIRST) -> Row:
    """How many of the first of the inspection list are truly severe.

    The list: what the map tells as severe or leaves to people first, then the rest,
    each by the chance of D3 or worse.
    """
    ranked = sorted(assets, key=_urgency)[:first]
    return {
        "first": len(ranked),
        "severe": sum(a.severe for a in ranked),
        "precision": share(sum(a.severe for a in ranked), len(ranked)),
        "base_rate": share(sum(a.severe for a in assets), len(assets)),
    }


def _urgency(asset: Judged) -> tuple[int, float, str]:
    pressing = asset.told or asset.review == "waiting"
    chance = -1.0 if asset.p_severe is None else asset.p_severe
    return (0 if pressing else 1, -chance, asset.id)


def confusion(assets: Sequence[Judged]) -> list[list[int]]:
    """Counts, true grade D0..D4 down, NA and D0..D4 across."""
    table = np.zeros((5, 6), int)
    for asset in assets:
        table[asset.truth, asset.grade - NA] += 1
    found: list[list[int]] = table.tolist()
    return found


def calibration(assets: Sequence[Judged]) -> Row:
    """Log-loss, Brier score and reliability of P(D3 or worse)."""
    known = [a for a in assets if a.p_severe is not None]
    if not known:
        return {"assets": 0, "brier": None, "log_loss": None, "bins": []}
    p = np.array([a.p_severe for a in known], float)
    y = np.array([a.severe for a in known], float)
    return {
        "assets": len(known),
        "brier": round(float(((p - y) ** 2).mean()), 5),
        "log_loss": round(log_loss(p, y), 5),
        "base_rate": round(float(y.mean()), 4),
        "bins": reliability(p, y),
    }


def log_loss(p: Array, y: Array) -> float:
    """Mean of -ln of the chance given to what was so, in nats.

    >>> round(log_loss(np.array([0.5, 0.5]), np.array([0.0, 1.0])), 4)
    0.6931
    """
    kept = np.clip(p, LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    return float(-(y * np.log(kept) + (1.0 - y) * np.log(1.0 - kept)).mean())


def reliability(p: Array, y: Array) -> list[Row]:
    """By tenths of the stated chance: how many, what was stated, what was so."""
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    return [
        {
            "from": round(k / BINS, 1),
            "assets": int((bins == k).sum()),
            "stated": round(float(p[bins == k].mean()), 4),
            "observed": round(float(y[bins == k].mean()), 4),
        }
        for k in range(BINS)
        if (bins == k).any()
    ]


def unseen(assets: Sequence[Judged]) -> dict[str, int]:
    """How many are not assessed, by reason."""
    found: dict[str, int] = {}
    for asset in assets:
        if asset.grade == NA:
            reason = asset.na_reason or "none"
            found[reason] = found.get(reason, 0) + 1
    return dict(sorted(found.items()))


def misses(assets: Sequence[Judged]) -> list[Judged]:
    """Severe and shown by a picture, but not told."""
    return [a for a in assets if a.severe and not a.told and a.fine_share > 0.0]


def placement(error_m: Array, ce90_m: Array) -> Row:
    """Whether the stated circular error holds nine of ten true places.

    Args:
        error_m: Horizontal distance of each placed pixel from its true place.
        ce90_m: As stated for each.
    """
    if not len(error_m):
        return {"points": 0, "median_m": None, "p90_m": None, "inside_ce90": None}
    return {
        "points": len(error_m),
        "median_m": round(float(np.median(error_m)), 3),
        "p90_m": round(float(np.quantile(error_m, 0.9)), 3),
        "stated_ce90_m": round(float(np.median(ce90_m)), 3),
        "inside_ce90": round(float((error_m <= ce90_m).mean()), 4),
    }
