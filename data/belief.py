"""Beliefs after the pictures: whole tables in, whole tables out.

Rows without a look pass through as columns (data/unseen.py); only assets that were
looked at are taken one by one.

Source:
    BELIEF; DEFINITIONS, sections 7 and 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data.assets import AssetKind
from data.errors import InvalidRecordError
from data.evidence import (
    EPSILON,
    REFERENCE,
    SEVERE,
    Floats,
    mixed_prior,
    posterior,
    state_set,
    with_severe,
)
from data.findings import NA_REASONS, Basis
from data.grading import SEVERE_LEVEL, LookRow, Rules, Verdict, asset_view, verdict
from data.reasons import Words, reasons
from data.rows import put_back
from data.staleness import mark_older
from data.tables import BELIEFS, LOOKS, check_table
from data.unseen import ambiguous_ids, furthest, without_looks
from data.words import na_words

Row = dict[str, Any]

_VALID_STATES = ("used", "pre_existing")
_PRIOR = tuple(f"prior_{state}" for state in range(5))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What else is known of an asset that was looked at."""

    kind: AssetKind
    importance: float
    frame_reason: str | None
    ambiguous: bool


def update_beliefs(
    prior: pa.Table,
    assets: pa.Table,
    looks: pa.Table,
    frame_states: pa.Table,
    *,
    rules: Rules,
    last_hazard: pa.Table | None = None,
) -> pa.Table:
    """The beliefs of a plan, updated by all looks of the operation.

    Args:
        prior: Table BELIEFS as the plan made it.
        assets: Columns id, kind and importance of (at least) the assets with looks.
        looks: Table LOOKS, in any order.
        frame_states: Table FRAME_STATES of data/unseen.py: one row a frame that could
            have shown the asset and did not come to a look.
        rules: Likelihoods and the classes the weights were trained on.
        last_hazard: Columns asset_id and at; looks older than that are stale.

    Returns:
        Table BELIEFS, the rows of `prior` in the same order.

    Raises:
        InvalidRecordError: If a table has other columns than declared, a look belongs
            to no asset, or a reason is not one of DEFINITIONS 8.
    """
    prior = check_table(prior, BELIEFS, "beliefs").combine_chunks()
    check_table(looks, LOOKS, "looks")
    if last_hazard is not None:
        looks = mark_older(looks, last_hazard)
    reason = furthest(frame_states)
    looked_at = pc.is_in(prior["asset_id"], value_set=pc.unique(looks["asset_id"]))
    passed = without_looks(prior.filter(pc.invert(looked_at)), reason)
    by_asset = _by_asset(looks)
    facts = _facts(list(by_asset), assets, reason, ambiguous_ids(frame_states))
    rows = [
        _looked_at(row, by_asset[row["asset_id"]], facts[row["asset_id"]], rules)
        for row in prior.filter(looked_at).to_pylist()
    ]
    return put_back(passed, rows, looked_at)


def _by_asset(looks: pa.Table) -> dict[str, tuple[LookRow, ...]]:
    """Looks of each asset, in order of their content ids."""
    found: dict[str, list[LookRow]] = {}
    order = [(name, "ascending") for name in ("asset_id", "id")]
    for row in looks.sort_by(order).to_pylist():
        found.setdefault(row["asset_id"], []).append(row)
    return {asset_id: tuple(rows) for asset_id, rows in found.items()}


def _facts(
    ids: Sequence[str], assets: pa.Table, reason: pa.Table, ambiguous: frozenset[str]
) -> dict[str, _Facts]:
    wanted = pa.array(ids, pa.string())
    kept = assets.select(["id", "kind", "importance"]).filter(
        pc.is_in(assets["id"], value_set=wanted)
    )
    hit = pc.is_in(reason["asset_id"], value_set=wanted)
    stopped = {r["asset_id"]: r["reason"] for r in reason.filter(hit).to_pylist()}
    rows = {row["id"]: row for row in kept.to_pylist()}
    missing = sorted(set(ids) - set(rows))
    if missing:
        raise InvalidRecordError(f"looks of unknown assets {missing[:5]}; import them")
    return {
        asset_id: _Facts(
            kind=AssetKind(rows[asset_id]["kind"]),
            importance=float(rows[asset_id]["importance"] or 0.0),
            frame_reason=stopped.get(asset_id),
            ambiguous=asset_id in ambiguous,
        )
        for asset_id in ids
    }


def _looked_at(
    row: Row, looks: tuple[LookRow, ...], facts: _Facts, rules: Rules
) -> Row:
    """One row of beliefs after the looks at its asset."""
    valid = tuple(
        look
        for look in looks
        if look["state"] in _VALID_STATES and look["first_at"] is not None
    )
    if row["na_reason"] == "withdrawn" or not valid:
        return row | _not_seen(row, looks, facts, rules)
    expected = [row[name] for name in _PRIOR]
    prior = mixed_prior(None if None in expected else expected)
    found = verdict(prior, facts.kind, valid, rules, ambiguous=facts.ambiguous)
    waiting = found.waiting or _severe_without_time(looks)
    return (
        row
        | _chances(row, prior, found, facts)
        | _seen(facts.kind, valid, rules)
        | {
            "grade": found.grade,
            "basis": found.basis.value,
            "na_reason": found.na_reason,
            "expected": found.expected,
            "disputed": found.disputed,
            "review": "waiting" if waiting else "none",
        }
        | _words(
            row,
            reasons(
                facts.kind, valid, asset_view(facts.kind, valid, rules.trained), found
            ),
        )
    )


def _severe_without_time(looks: Sequence[LookRow]) -> bool:
    """A severe finding in a picture without a time goes to people all the same."""
    return any(k["first_at"] is None and k["z"] >= SEVERE_LEVEL for k in looks)


def _chances(row: Row, prior: Floats, found: Verdict, facts: _Facts) -> Row:
    """Posterior, its bounds, and the order of inspection."""
    severe = float(found.p[SEVERE].sum())
    bounds = _bounds(row, prior, found)
    modelled = row[_PRIOR[0]] is not None
    return {
        **{f"p_{state}": float(found.p[state]) for state in range(5)},
        "p_severe_low": min(bounds[0], severe),
        "p_severe_high": max(bounds[1], severe),
        "prior_source": row["prior_source"] if modelled else "reference",
        "state_set": ";".join(f"D{state}" for state in state_set(found.p)),
        "priority": severe * facts.importance if modelled else row["priority"],
    }


def _bounds(row: Row, prior: Floats, found: Verdict) -> tuple[float, float]:
    """5 and 95 % of p_severe before the pictures, carried through the evidence."""
    own = float(prior[SEVERE].sum())
    names = ("p_severe_low", "p_severe_high")
    before = [
        own if row[name] is None else _mixed_severe(float(row[name])) for name in names
    ]
    after = [
        float(posterior(with_severe(prior, severe), found.evidence)[SEVERE].sum())
        for severe in before
    ]
    return after[0], after[1]


def _mixed_severe(severe: float) -> float:
    return (1.0 - EPSILON) * severe + EPSILON * float(REFERENCE[SEVERE].sum())


def _seen(kind: AssetKind, looks: Sequence[LookRow], rules: Rules) -> Row:
    """What the valid looks show together: the columns about seeing."""
    view = asset_view(kind, looks, rules.trained)
    placed = [look["ce90_m"] for look in looks if look["ce90_m"] is not None]
    models = sorted({look["model_id"] for look in looks if look["model_id"]})
    return {
        "detectable_from": view.detectable_from,
        "seen_share": view.share,
        "looks": len(looks),
        "sides": view.sides,
        "best_gsd_m": view.best_gsd_m,
        "ce90_m": max(placed, default=None),
        "model_id": ";".join(models) or None,
        **_span_of_time(looks),
    }


def _span_of_time(looks: Sequence[LookRow]) -> dict[str, datetime | None]:
    first = [look["first_at"] for look in looks if look["first_at"] is not None]
    last = [look["last_at"] for look in looks if look["last_at"] is not None]
    return {
        "first_seen_at": min(first, default=None),
        "last_seen_at": max(last, default=None),
    }


def _not_seen(row: Row, looks: tuple[LookRow, ...], facts: _Facts, rules: Rules) -> Row:
    """An asset whose looks are all stale, untimed or too coarse: NA."""
    why = _reason_without_valid(row, looks, facts.frame_reason)
    stale = tuple(look for look in looks if look["state"] == "stale")
    return {
        "grade": -1,
        "basis": Basis.NONE.value,
        "na_reason": why,
        "disputed": False,
        "looks": 0,
        "sides": 0,
        "last_grade": _last_grade(row, stale, facts, rules),
        "review": "waiting" if _severe_without_time(looks) else "none",
        **_span_of_time(stale),
        **_words(row, (na_words(why),)),
    }


def _reason_without_valid(
    row: Row, looks: tuple[LookRow, ...], frame_reason: str | None
) -> str:
    """First hit, in the order of DEFINITIONS 8."""
    if row["na_reason"] == "withdrawn":
        return "withdrawn"
    of_state = {"stale": "stale", "unusable": "too_coarse"}
    found = [of_state.get(str(look["state"]), "time_unknown") for look in looks]
    if frame_reason is not None:
        found.append(frame_reason)
    return min(found, key=lambda why: (NA_REASONS.index(why.partition("(")[0]), why))


def _last_grade(
    row: Row, stale: tuple[LookRow, ...], facts: _Facts, rules: Rules
) -> int | None:
    """The grade the stale looks gave: as carried in, else judged with the reference."""
    if row["grade"] is not None and row["grade"] >= 0:
        return int(row["grade"])
    if row["last_grade"] is not None or not stale:
        return None if row["last_grade"] is None else int(row["last_grade"])
    as_used = [{**look, "state": "used"} for look in stale]
    grade = verdict(mixed_prior(None), facts.kind, as_used, rules).grade
    return grade if grade >= 0 else None


def _words(row: Row, words: Sequence[Words]) -> Row:
    """Reasons in both languages, before what the plan had to say."""
    return {
        "reasons_ja": [japanese for japanese, _ in words] + (row["reasons_ja"] or []),
        "reasons_en": [english for _, english in words] + (row["reasons_en"] or []),
    }


def review_queue(beliefs: pa.Table, assets: pa.Table) -> pa.Table:
    """What people have to look at: waiting rows, the gravest first.

    Args:
        beliefs: Table BELIEFS.
        assets: Columns id and importance.

    Returns:
        Rows of `beliefs` by p_severe x importance, largest first, then by id.
    """
    waiting = beliefs.filter(pc.equal(beliefs["review"], "waiting"))
    row = pc.index_in(waiting["asset_id"], value_set=assets["id"].combine_chunks())
    importance = pc.fill_null(assets["importance"].combine_chunks().take(row), 0.0)
    severe = pc.fill_null(pc.add(waiting["p_3"], waiting["p_4"]), 0.0)
    ordered = waiting.append_column("weight", pc.multiply(severe, importance))
    keys = [("weight", "descending"), ("asset_id", "ascending")]
    return ordered.sort_by(keys).drop_columns(["weight"])
