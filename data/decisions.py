"""Decision: what a named person found, and how it stands beside the machine's grade.

Source:
    BELIEF, "Grade"; ARCHITECTURE, sections 4 and 8.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, StringConstraints, model_validator

from data.findings import Basis
from data.reasons import Words
from data.record import Identifier, Instant, record
from data.rows import put_back
from data.tables import BELIEFS, check_table

Row = dict[str, Any]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

REOPENING_GRADES = 2  # a newer look that differs by this much goes back to people
D0_PERSONS = 2  # a confirmed D0 needs so many different persons


class Method(StrEnum):
    """How a person came to a decision."""

    ONSITE = "onsite"
    IMAGE = "image"
    DOCUMENT = "document"


class Action(StrEnum):
    """What a person did with the grade that was shown."""

    ACCEPT = "accept"
    CORRECT = "correct"
    REJECT = "reject"


@record
class Decision:
    """What one person decided of one asset.

    Attributes:
        grade: D0 to D4 as accepted or corrected; None where the finding is rejected.
        actor: Name of the person; two different ones make a D0 confirmed.
        role: In which function, as the owner or agency calls it.
        reason: In the person's words; never empty.
    """

    asset_id: Identifier
    grade: Annotated[int, Field(ge=0, le=4)] | None
    actor: Name
    role: Name
    method: Method
    at: Instant
    reason: Name
    action: Action

    @model_validator(mode="after")
    def _grade_fits_action(self) -> Self:
        if (self.grade is None) != (self.action is Action.REJECT):
            raise ValueError("a rejected finding has no grade, any other decision one")
        return self


def apply_decisions(
    beliefs: pa.Table,
    decisions: Sequence[Decision],
    *,
    last_hazard: pa.Table | None = None,
    d0_persons: int = D0_PERSONS,
) -> pa.Table:
    """The beliefs with what people decided; the posterior stays visible beside it.

    The last decision stands. A D0 stands only when the last decisions that say so
    come from two different persons; until then the asset waits for review. A look taken
    after the decision whose grade differs by 2 or more reopens the review and
    overwrites nothing. A decision older than the last hazard is only `last_grade`.

    Args:
        beliefs: Table BELIEFS as `update_beliefs` made it.
        decisions: In any order; those of other assets do not matter.
        last_hazard: Columns asset_id and at, as for `update_beliefs`.
        d0_persons: 1 switches the second person off (a banner has to say so).
    """
    check_table(beliefs, BELIEFS, "beliefs")
    if not decisions:
        return beliefs
    by_asset = _by_asset(decisions)
    hazard_at = _times(last_hazard)
    ids = pa.array(sorted(by_asset), pa.string())
    decided = pc.is_in(beliefs["asset_id"], value_set=ids)
    rows = [
        _decided(
            row,
            by_asset[row["asset_id"]],
            hazard_at=hazard_at.get(row["asset_id"]),
            d0_persons=d0_persons,
        )
        for row in beliefs.filter(decided).to_pylist()
    ]
    return put_back(beliefs.filter(pc.invert(decided)), rows, decided)


def _by_asset(decisions: Sequence[Decision]) -> dict[str, list[Decision]]:
    """Decisions of each asset in order of time."""
    found: dict[str, list[Decision]] = {}
    for one in sorted(decisions, key=lambda d: (d.at, d.actor, d.action, d.reason)):
        found.setdefault(one.asset_id, []).append(one)
    return found


def _times(last_hazard: pa.Table | None) -> Mapping[str, datetime]:
    if last_hazard is None:
        return {}
    ids, at = last_hazard["asset_id"].to_pylist(), last_hazard["at"].to_pylist()
    return dict(zip(ids, at, strict=True))


def standing(
    history: Sequence[Decision], *, d0_persons: int = D0_PERSONS
) -> tuple[Decision | None, bool]:
    """The decision that stands, and whether a D0 after it still lacks a second person.

    Args:
        history: Decisions of one asset in order of time.
        d0_persons: How many different persons a D0 needs.
    """
    last = len(history)
    while last and history[last - 1].grade == 0:
        last -= 1
    trailing = history[last:]
    if trailing and len({one.actor for one in trailing}) >= d0_persons:
        return trailing[-1], False
    return (history[last - 1] if last else None), bool(trailing)


def _decided(
    row: Row,
    history: Sequence[Decision],
    *,
    hazard_at: datetime | None,
    d0_persons: int,
) -> Row:
    if row["na_reason"] == "withdrawn":
        return row
    if hazard_at is not None:
        row = _outdated(row, [one for one in history if one.at < hazard_at])
        history = [one for one in history if one.at >= hazard_at]
    decision, waits = standing(history, d0_persons=d0_persons)
    changed = row if decision is None else row | _stands(row, decision)
    return changed | {"review": "waiting"} if waits else changed


def _outdated(row: Row, before: Sequence[Decision]) -> Row:
    """A decision from before the last hazard: kept as the last grade."""
    if not before or before[-1].grade is None:
        return row
    stale = {"na_reason": "stale"} if row["grade"] < 0 else {}
    return row | {"last_grade": before[-1].grade} | stale


def _stands(row: Row, decision: Decision) -> Row:
    """The columns a decision sets."""
    japanese, english = _words(decision)
    rejected = decision.grade is None
    return {
        "grade": -1 if rejected else decision.grade,
        "na_reason": "unconfirmed" if rejected else None,
        "basis": (Basis.NONE if rejected else Basis.CONFIRMED).value,
        "review": "waiting" if _reopens(row, decision) else "done",
        "confirmed_by_role": decision.role,
        "confirmed_at": decision.at,
        "reasons_ja": [japanese] + (row["reasons_ja"] or []),
        "reasons_en": [english] + (row["reasons_en"] or []),
    }


def _reopens(row: Row, decision: Decision) -> bool:
    """Whether a look after the decision says something else."""
    newer = row["last_seen_at"] is not None and row["last_seen_at"] > decision.at
    if not newer:
        return False
    if row["grade"] < 0 or decision.grade is None:
        return bool(row["review"] == "waiting")
    return bool(abs(row["grade"] - decision.grade) >= REOPENING_GRADES)


_METHODS: dict[Method, Words] = {
    Method.ONSITE: ("現地", "on site"),
    Method.IMAGE: ("画像", "from pictures"),
    Method.DOCUMENT: ("書類", "from documents"),
}


def _words(decision: Decision) -> Words:
    """Who decided what, in function and method; the name stays in the ledger."""
    japanese, english = _METHODS[decision.method]
    if decision.grade is None:
        return (
            f"人が所見を否定({decision.role}、{japanese})",
            f"finding rejected by a person ({decision.role}, {english})",
        )
    return (
        f"人が確認: D{decision.grade}({decision.role}、{japanese})",
        f"confirmed by a person: D{decision.grade} ({decision.role}, {english})",
    )
