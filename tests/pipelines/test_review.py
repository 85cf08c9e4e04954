"""The last word: by name and with a reason, against what is believed now."""

import runpy
from datetime import timedelta
from pathlib import Path

import pytest

from data.assets import AssetKind
from data.decisions import Decision
from data.errors import UsageError
from data.record import from_json
from data.store import find_operation
from pipelines.config import Config
from pipelines.outcome import ExitCode
from pipelines.review import ReviewRequest, review

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
asset, OPERATION = CASES["asset"], CASES["OPERATION"]
LATER = CASES["CAPTURED"] + timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    tower = asset(AssetKind.TOWER, id="T1", north_m=50.0)
    return CASES["opened"](tmp_path, asset(), tower)


def asked(action="correct", **values) -> ReviewRequest:
    own = {
        "action": action,
        "asset_id": "B1",
        "grade": "D3" if action == "correct" else None,
        "actor": "A",
        "role": "inspector",
        "method": "onsite",
        "reason": "went there",
        "at": LATER,
    }
    return ReviewRequest(**(own | values))


def said(store: Path, request: ReviewRequest | None = None):
    return review(store, OPERATION, request, Config())


def decisions(store: Path) -> list[Decision]:
    with find_operation(store, OPERATION).open_ledger() as ledger:
        return [from_json(Decision, text) for text in ledger.all("decision").values()]


def waiting(store: Path) -> list[str]:
    return [row["asset"] for row in said(store).data["waiting"]]


def test_a_correction_is_confirmed_by_one_person(store) -> None:
    outcome = said(store, asked())
    assert outcome.code is ExitCode.DONE
    assert outcome.data == {"asset": "B1", "grade": 3, "review": "done"}
    (decision,) = decisions(store)
    assert (decision.actor, decision.reason, decision.at) == ("A", "went there", LATER)
    assert f"karte publish {OPERATION}" in outcome.lines[-1]


def test_a_d0_waits_for_a_second_person_and_not_for_the_same_twice(store) -> None:
    one = asked(grade="D0")
    assert said(store, one).data == {"asset": "B1", "grade": -1, "review": "waiting"}
    assert waiting(store) == ["B1"]
    again = asked(grade="D0", reason="looked again", at=LATER + timedelta(hours=1))
    assert said(store, again).data["review"] == "waiting"
    other = asked(grade="D0", actor="B", at=LATER + timedelta(hours=2))
    assert said(store, other).data == {"asset": "B1", "grade": 0, "review": "done"}
    assert waiting(store) == []


def test_a_decision_is_written_once_however_often_it_is_sent(store) -> None:
    said(store, asked()), said(store, asked())
    assert len(decisions(store)) == 1


def test_a_rejected_finding_has_no_grade(store) -> None:
    said(store, asked())
    outcome = said(store, asked("reject", at=LATER + timedelta(hours=1)))
    assert outcome.data["grade"] == -1
    assert sorted(d.action.value for d in decisions(store)) == ["correct", "reject"]


def test_accepting_takes_the_grade_that_is_shown(store) -> None:
    said(store, asked())
    said(store, asked("accept", actor="B", at=LATER + timedelta(hours=1)))
    assert {d.grade for d in decisions(store)} == {3}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (asked(actor=None), "--actor"),
        (asked(actor=""), "--actor"),
        (asked(reason=None), "--reason"),
        (asked(grade=None), "--grade"),
        (asked(grade="NA"), "--reject"),
        (asked(asset_id="X9"), "in no inventory"),
        (asked("accept"), "cannot be accepted"),
    ],
)
def test_what_cannot_be_decided_is_said_and_not_written(store, request_, words) -> None:
    with pytest.raises(UsageError, match=words):
        said(store, request_)
    assert decisions(store) == []


def test_an_empty_queue_is_said(store) -> None:
    outcome = said(store)
    assert outcome.code is ExitCode.DONE
    assert outcome.lines[0].startswith("0 waiting")


def test_the_queue_has_the_most_urgent_first(store) -> None:
    for name in ("B1", "T1"):
        said(store, asked(asset_id=name, grade="D0"))
    rows = said(store).data["waiting"]
    assert sorted(row["asset"] for row in rows) == ["B1", "T1"]
    assert rows == said(store).data["waiting"]
    assert all(0 <= row["p_severe"] <= 1 for row in rows)


def test_only_the_name_of_the_role_leaves_the_ledger(store) -> None:
    said(store, asked(actor="Yamada Hanako"))
    text = str(said(store).data) + str(said(store, asked(actor="Yamada Hanako")).data)
    assert "Yamada" not in text
