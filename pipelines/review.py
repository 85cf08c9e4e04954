"""The last word: `karte review` lists the queue and writes what people decide."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from data.decisions import Action, Decision, Method
from data.errors import UsageError
from data.findings import Grade, grade_name
from data.ledger import content_key
from data.record import to_json
from data.store import find_operation
from pipelines.believing import Believed, believe
from pipelines.config import Config
from pipelines.outcome import ExitCode, Outcome

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequest:
    """What a person says on the command line.

    Attributes:
        action: accept, correct or reject.
        grade: NA or D0 .. D4, for `correct` only.
        at: When it was decided.
    """

    action: str
    asset_id: str
    grade: str | None
    actor: str | None
    role: str
    method: str
    reason: str | None
    at: datetime


def review(
    store: Path, operation: str, request: ReviewRequest | None, config: Config
) -> Outcome:
    """List what waits for a person, or write what one decided.

    Raises:
        UsageError: If name or reason is missing, or the asset is not known.
    """
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        believed = believe(folder, ledger, store, config)
        if request is None:
            return _queue(believed)
        decision = decision_of(request, believed)
        ledger.record(
            [("decision", content_key(to_json(decision).decode()), to_json(decision))],
            note={"did": "review", "actor": decision.actor},
        )
        after = believe(folder, ledger, store, config)
    row = _row(after, decision.asset_id)
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            (
                f"{decision.asset_id}: {decision.action} by {decision.actor}"
                f" ({decision.role}), grade {grade_name(row['grade'])}, review"
                f" {row['review']}"
            ),
            f"  next: karte publish {folder.id}",
        ],
        data={"asset": row["asset_id"], "grade": row["grade"], "review": row["review"]},
    )


def decision_of(request: ReviewRequest, believed: Believed) -> Decision:
    """The decision a person asks for, against what is believed now.

    Raises:
        UsageError: If name, reason or grade is missing, or nothing can be accepted.
    """
    if not request.actor or not request.reason:
        raise UsageError("a decision needs --actor NAME and --reason TEXT")
    row = _row(believed, request.asset_id)
    return Decision(
        asset_id=request.asset_id,
        grade=_grade(request, row),
        actor=request.actor,
        role=request.role,
        method=Method(request.method),
        at=request.at,
        reason=request.reason,
        action=Action(request.action),
    )


def _grade(request: ReviewRequest, row: Row) -> int | None:
    if request.action == "reject":
        return None
    if request.action == "correct":
        if request.grade in (None, "NA"):
            raise UsageError("--correct needs --grade D0 .. D4; a false find: --reject")
        return int(Grade[str(request.grade)])
    if row["grade"] < 0:
        raise UsageError(
            f"asset {request.asset_id}: grade NA ({row['na_reason']}) cannot be"
            " accepted; --correct it with --grade"
        )
    return int(row["grade"])


def _row(believed: Believed, asset_id: str) -> Row:
    """The belief of one asset.

    Raises:
        UsageError: If no inventory holds it.
    """
    rows = believed.beliefs.filter(pc.equal(believed.beliefs["asset_id"], asset_id))
    if not rows.num_rows:
        raise UsageError(f"asset {asset_id}: in no inventory of this store")
    found: Row = rows.to_pylist()[0]
    return found


def _queue(believed: Believed) -> Outcome:
    """What waits for a person, the most urgent first."""
    waiting = believed.beliefs.filter(pc.equal(believed.beliefs["review"], "waiting"))
    rows = waiting.sort_by([("priority", "descending"), ("asset_id", "ascending")])
    lines = [
        f"  {row['asset_id']:20} grade {grade_name(row['grade']):3}"
        f" {row['na_reason'] or '':22} p_severe {row['p_3'] + row['p_4']:.2f}"
        f"  {'; '.join(row['reasons_en'][:1])}"
        for row in rows.to_pylist()
    ]
    return Outcome(
        code=ExitCode.DONE,
        lines=[f"{rows.num_rows} waiting for a person 確認待ち", *lines],
        data={
            "waiting": [
                {
                    "asset": row["asset_id"],
                    "grade": row["grade"],
                    "na_reason": row["na_reason"],
                    "p_severe": row["p_3"] + row["p_4"],
                    "reasons_en": row["reasons_en"],
                }
                for row in rows.to_pylist()
            ]
        },
    )
