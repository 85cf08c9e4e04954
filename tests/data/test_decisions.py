"""People have the last word, and a D0 takes two of them."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from data.decisions import Action, Decision, Method, apply_decisions
from data.errors import InvalidRecordError
from data.record import from_json, to_json
from data.tables import BELIEFS, table_from_rows

SEEN = datetime(2024, 1, 1, tzinfo=UTC)
LATER = SEEN + timedelta(hours=1)


def decide(grade, actor="Sato", *, at=LATER, asset_id="B1", action=Action.CORRECT):
    return Decision(
        asset_id=asset_id,
        grade=grade,
        actor=actor,
        role="橋梁管理者",
        method=Method.ONSITE,
        at=at,
        reason="現地で確認",
        action=action,
    )


def beliefs(**changes):
    row = {
        "asset_id": "B1",
        "grade": -1,
        "basis": "none",
        "na_reason": "unconfirmed(3)",
        "review": "waiting",
        "p_3": 0.25,
        "last_seen_at": SEEN,
        "reasons_ja": ["x"],
        "reasons_en": ["y"],
    }
    other = {"asset_id": "B2", "grade": -1, "basis": "none", "na_reason": "pending"}
    return table_from_rows([other, row | changes], BELIEFS)


def decided(*decisions, table=None, **options):
    found = apply_decisions(
        beliefs() if table is None else table, decisions, **options
    ).to_pylist()
    assert found[0]["na_reason"] == "pending"
    return found[1]


def test_a_decision_sets_the_grade_and_the_posterior_stays_visible():
    row = decided(decide(3))
    assert (row["grade"], row["basis"], row["na_reason"]) == (3, "confirmed", None)
    assert (row["review"], row["p_3"]) == ("done", 0.25)
    assert (row["confirmed_by_role"], row["confirmed_at"]) == ("橋梁管理者", LATER)
    assert row["reasons_ja"] == ["人が確認: D3(橋梁管理者、現地)", "x"]


def test_names_stay_out_of_the_published_words():
    row = decided(decide(3, "Sato"))
    assert not any("Sato" in words for words in row["reasons_ja"] + row["reasons_en"])


def test_a_d0_of_one_person_waits_and_changes_no_grade():
    again = decide(0, at=LATER + timedelta(hours=1))
    for decisions in ([decide(0)], [decide(0), again]):
        row = decided(*decisions)
        assert (row["grade"], row["basis"], row["review"]) == (-1, "none", "waiting")


def test_a_d0_of_two_persons_is_confirmed():
    row = decided(decide(0), decide(0, "Suzuki", at=LATER + timedelta(hours=1)))
    assert (row["grade"], row["basis"], row["review"]) == (0, "confirmed", "done")


def test_the_second_person_can_be_switched_off():
    assert decided(decide(0), d0_persons=1)["grade"] == 0


def test_a_lone_d0_after_a_confirmed_damage_leaves_the_damage():
    row = decided(decide(3), decide(0, "Suzuki", at=LATER + timedelta(hours=1)))
    assert (row["grade"], row["basis"], row["review"]) == (3, "confirmed", "waiting")


def test_damage_decided_between_two_d0_undoes_the_first():
    times = [LATER + timedelta(hours=hour) for hour in range(3)]
    row = decided(
        decide(0, at=times[0]),
        decide(2, "Suzuki", at=times[1]),
        decide(0, "Tanaka", at=times[2]),
    )
    assert (row["grade"], row["review"]) == (2, "waiting")


def test_the_last_decision_stands_in_any_order():
    first, last = decide(4), decide(2, at=LATER + timedelta(minutes=1))
    assert decided(first, last)["grade"] == decided(last, first)["grade"] == 2


def test_a_rejected_finding_leaves_no_grade_and_is_done():
    row = decided(decide(None, action=Action.REJECT))
    assert (row["grade"], row["na_reason"], row["review"]) == (
        -1,
        "unconfirmed",
        "done",
    )


@pytest.mark.parametrize(("grade", "review"), [(3, "done"), (4, "waiting")])
def test_a_newer_look_two_grades_off_reopens_and_never_overwrites(grade, review):
    newer = beliefs(
        grade=grade, na_reason=None, last_seen_at=LATER + timedelta(hours=9)
    )
    row = decided(decide(2), table=newer)
    assert (row["grade"], row["basis"], row["review"]) == (2, "confirmed", review)


def test_an_older_look_never_reopens():
    older = beliefs(grade=4, na_reason=None)
    assert decided(decide(1), table=older)["review"] == "done"


def test_a_newer_unconfirmed_finding_reopens_a_confirmed_d0():
    table = beliefs(last_seen_at=LATER + timedelta(days=1))
    row = decided(decide(0), decide(0, "Suzuki"), table=table)
    assert (row["grade"], row["review"]) == (0, "waiting")


def test_a_decision_older_than_the_last_hazard_is_only_the_last_grade():
    hazard = pa.table(
        {"asset_id": ["B1"], "at": pa.array([LATER + timedelta(hours=1)])}
    )
    row = decided(decide(1), last_hazard=hazard)
    assert (row["grade"], row["na_reason"], row["last_grade"]) == (-1, "stale", 1)
    after = decide(2, at=LATER + timedelta(hours=2))
    assert decided(decide(1), after, last_hazard=hazard)["grade"] == 2


def test_withdrawn_assets_are_past_deciding():
    table = beliefs(na_reason="withdrawn")
    assert decided(decide(3), table=table)["na_reason"] == "withdrawn"


def test_without_decisions_nothing_changes():
    table = beliefs()
    assert apply_decisions(table, []).equals(table)


def test_a_decision_round_trips_and_refuses_what_makes_no_sense():
    one = decide(3)
    assert from_json(Decision, to_json(one)) == one
    bad = [
        to_json(one).replace(b'"grade": 3', b'"grade": 5'),
        to_json(one).replace(b'"grade": 3', b'"grade": null'),
        to_json(one).replace(b'"Sato"', b'"  "'),
        to_json(one).replace(b'"correct"', b'"reject"'),
        to_json(one).replace(b"T01:00:00Z", b"T01:00:00"),
    ]
    for text in bad:
        with pytest.raises(InvalidRecordError):
            from_json(Decision, text)
