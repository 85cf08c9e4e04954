"""Looks of one asset -> what can be said of it: posterior, grade, or why none.

Source:
    BELIEF, "Grade"; DEFINITIONS, sections 7 and 8.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data.assets import DEFAULTS, AssetKind
from data.evidence import SEVERE, combine, exceedance, look_evidence, posterior
from data.findings import NOTHING_DETECTABLE, Basis
from data.levels import detectable_from
from data.likelihood import Likelihood
from data.sides import count_sides

Floats = NDArray[np.float64]
LookRow = Mapping[str, Any]
"""One row of the table LOOKS."""

THRESHOLDS = (0.5, 0.4, 0.3, 0.25)  # t_k of k = 1 .. 4
D0_CHANCE = 0.02  # largest P(S >= 2) a D0 may leave
D0_SHARE = 0.6  # smallest share of cells seen for D0
D0_DETECTABLE = 2  # D0 must be able to speak of D2
OBSCURED_SHARE = 0.3
FINDING_LEVEL, SEVERE_LEVEL = 2, 3  # z that forbids D0; z that people must see
MODERATE, SEVERE_STATE = 2, 3  # D2, D3


@dataclass(frozen=True, slots=True)
class Rules:
    """What grades depend on besides the looks: the table and the trained classes."""

    likelihood: Likelihood
    trained: frozenset[str]


@dataclass(frozen=True, slots=True)
class AssetView:
    """All valid looks of one asset together.

    Attributes:
        share: Cells seen in any look, of all cells.
        sides: How many looks differ from each other in side.
        detectable_from: Mildest state these views could have shown; 5 is none.
    """

    share: float
    sides: int
    detectable_from: int
    best_gsd_m: float
    worst_level: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the looks of one asset come to.

    Attributes:
        p: P(D0) .. P(D4) with the pictures, shape (5,).
        evidence: Combined d of the reading kept, shape (4,).
        grade: -1 (NA, `na_reason` says why), 0 .. 4.
        expected: As the grade, without asking for a look that supports it.
    """

    p: Floats
    evidence: Floats
    grade: int
    na_reason: str | None
    basis: Basis
    expected: int
    disputed: bool
    waiting: bool


def asset_view(
    kind: AssetKind, looks: Sequence[LookRow], trained: frozenset[str]
) -> AssetView:
    """What the looks show together.

    A state is visible when the looks fine enough for it fulfil its conditions by
    themselves: coarse looks lend their sides and cells to coarse states only.
    """
    sampling = sorted({look["gsd_m"] for look in looks})
    subsets = [[look for look in looks if look["gsd_m"] <= gsd] for gsd in sampling]
    shown = (
        detectable_from(
            kind,
            gsd_m=gsd,
            sides=_sides(subset),
            share=union_share(subset),
            trained=trained,
        )
        for gsd, subset in zip(sampling, subsets, strict=True)
    )
    return AssetView(
        share=union_share(looks),
        sides=_sides(looks),
        detectable_from=min(shown, default=NOTHING_DETECTABLE),
        best_gsd_m=min(sampling),
        worst_level=max(look["z"] for look in looks),
    )


def _sides(looks: Sequence[LookRow]) -> int:
    return count_sides([k["sector"] for k in looks], [k["above"] for k in looks])


def union_share(looks: Sequence[LookRow]) -> float:
    """Share of the cells that at least one look has seen."""
    seen = {cell for look in looks for cell in look["seen_cells"]}
    return min(1.0, len(seen) / max(int(look["cells"]) for look in looks))


def graded_state(chance: ArrayLike, supported: ArrayLike) -> int:
    """Largest k with P(S >= k) >= t_k that is supported; 0 where none is.

    Args:
        chance: P(S >= k) of k = 1 .. 4, shape (4,).
        supported: Whether some look speaks for k, shape (4,).
    """
    passes = (np.asarray(chance) >= THRESHOLDS) & np.asarray(supported, dtype=bool)
    return int(np.flatnonzero(passes)[-1]) + 1 if passes.any() else 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """The looks as one of the two methods reads them."""

    p: Floats
    evidence: Floats
    state: int

    @property
    def severe(self) -> float:
        return float(self.p[SEVERE].sum())


def _read(
    prior: Floats, looks: Sequence[LookRow], likelihood: Likelihood, *, second: bool
) -> _Reading:
    """Posterior and supported state; `second`: disputed looks by the other method."""
    steps = likelihood.steps
    used = [look for look in looks if look["state"] == "used"]
    d = np.array(
        [
            look_evidence(
                steps[look["view"], :, _level(look, second=second)],
                share=look["share"],
                negative_lambda=look["negative_lambda"],
            )
            for look in used
        ]
    ).reshape(-1, 4)
    combined = combine(d, [str(look["sortie"]) for look in used])
    p = posterior(prior, combined)
    supported = (d > 0.0).any(axis=0)
    return _Reading(p, combined, graded_state(exceedance(p), supported))


def _level(look: LookRow, *, second: bool) -> int:
    return int(look["z_second"] if second and look["disputed"] else look["z"])


def verdict(
    prior: Floats,
    kind: AssetKind,
    looks: Sequence[LookRow],
    rules: Rules,
    *,
    ambiguous: bool = False,
) -> Verdict:
    """Posterior and grade of one asset from its valid looks.

    Args:
        prior: p', shape (5,), above 0 everywhere.
        kind: What the asset is.
        looks: Rows of LOOKS in state used or pre_existing; at least one. What is
            pre-existing counts as seen, never as evidence.
        rules: Likelihoods and trained classes.
        ambiguous: Whether what was found may belong to another asset.
    """
    readings = [_read(prior, looks, rules.likelihood, second=False)]
    disputed = any(look["disputed"] for look in looks)
    if disputed:
        readings.append(_read(prior, looks, rules.likelihood, second=True))
    kept = max(readings, key=lambda reading: reading.severe)
    view = asset_view(kind, looks, rules.trained)
    mildest = min(reading.state for reading in readings)
    grade, reason = _graded(kept, kind, view, mildest)
    if disputed and mildest < MODERATE:
        grade, reason = -1, "disputed"
    elif ambiguous:
        grade, reason = -1, "ambiguous_match"
    return Verdict(
        p=kept.p,
        evidence=kept.evidence,
        grade=grade,
        na_reason=reason,
        basis=_basis(grade, reason),
        expected=graded_state(exceedance(kept.p), [True] * 4),
        disputed=disputed,
        waiting=(
            disputed
            or ambiguous
            or view.worst_level >= SEVERE_LEVEL
            or (grade < 0 < mildest)
            or (grade < 0 and view.worst_level >= FINDING_LEVEL)
        ),
    )


def _graded(
    kept: _Reading, kind: AssetKind, view: AssetView, state: int
) -> tuple[int, str | None]:
    """Grade and reason of looks that agree and are surely of this asset."""
    if state > 0:
        return _with_damage(state, kept, view)
    return _without_damage(kept, kind, view)


def _with_damage(state: int, kept: _Reading, view: AssetView) -> tuple[int, str | None]:
    """The supported state; a mild one only where it does not hide a severe one.

    Slight damage is what the looks support. That a severe state passes its threshold
    unsupported, or could not have been seen at all, means that nobody looked where, or
    as sharply as, it would show: "slight" would be as wrong as "nothing visible".
    """
    if state >= SEVERE_STATE:
        return state, None
    if view.detectable_from > SEVERE_STATE:
        return -1, "insufficient_view"
    if exceedance(kept.p)[SEVERE_STATE - 1] >= THRESHOLDS[SEVERE_STATE - 1]:
        return -1, "not_excluded"
    return state, None


def _basis(grade: int, reason: str | None) -> Basis:
    if reason == "disputed":
        return Basis.DISPUTED
    return Basis.OBSERVED if grade >= 0 else Basis.NONE


def _without_damage(
    kept: _Reading, kind: AssetKind, view: AssetView
) -> tuple[int, str | None]:
    """D0 where all its conditions hold, else the reason why not."""
    if view.worst_level >= FINDING_LEVEL:
        return -1, f"unconfirmed({view.worst_level})"
    sufficient = (
        view.detectable_from <= D0_DETECTABLE
        and view.share >= D0_SHARE
        and view.sides >= DEFAULTS[kind].d0_sides
    )
    if sufficient and exceedance(kept.p)[MODERATE - 1] <= D0_CHANCE:
        return 0, None
    if sufficient:
        return -1, "not_excluded"
    if view.share < OBSCURED_SHARE and view.worst_level == 0:
        return -1, f"obscured({view.share:.2f})"
    return -1, "insufficient_view"
