"""What was seen between two events is where the second starts: laws."""

import runpy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.belief import update_beliefs
from data.carrying import After, carried_beliefs, stale_looks
from data.fragility import after_another
from data.tables import BELIEFS, LOOKS, table_from_rows

CASES = runpy.run_path(str(Path(__file__).with_name("test_belief.py")))
planned, seen, looks_of = CASES["planned"], CASES["seen"], CASES["looks_of"]
INVENTORY, RULES, NO_STATES = CASES["INVENTORY"], CASES["RULES"], CASES["NO_STATES"]
FIRST_AT = datetime(2024, 1, 1, tzinfo=UTC)
SECOND_AT = FIRST_AT + timedelta(hours=28)
WEAK = (0.97, 0.02, 0.006, 0.003, 0.001)
STRONG = (0.5, 0.2, 0.15, 0.1, 0.05)


def beliefs(states, asset_id="B1", **changes):
    """One bridge with these chances and no picture."""
    names = {f"{kind}_{k}": p for kind in ("prior", "p") for k, p in enumerate(states)}
    severe = states[3] + states[4]
    row = planned(asset_id) | names | {"p_severe_low": 0.0, "p_severe_high": severe}
    return table_from_rows([row | {"priority": 3.0 * severe} | changes], BELIEFS)


def steps(first=WEAK, alone=STRONG):
    """Two events: after the first, and after both, damage only accumulating."""
    both = after_another(np.array([first]), np.array([alone]))[0]
    return (
        After(FIRST_AT, beliefs(first)),
        After(SECOND_AT, beliefs(tuple(map(float, both)))),
    )


def carried(looks, first=WEAK, alone=STRONG):
    found = carried_beliefs(steps(first, alone), looks, INVENTORY, RULES)
    return found.to_pylist()[0]


def states_of(row, kind="prior"):
    return np.array([row[f"{kind}_{k}"] for k in range(5)])


def exceedance(states):
    return np.cumsum(states[::-1])[::-1][1:]


CHANCES = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5).map(
    lambda weights: tuple(w / sum(weights) for w in weights)
)


@given(CHANCES, CHANCES)
@settings(deadline=None, max_examples=40)
def test_without_a_look_the_hazards_alone_stand(first, alone):
    found = states_of(carried(LOOKS.empty_table(), first, alone))
    both = states_of(steps(first, alone)[1].beliefs.to_pylist()[0])
    np.testing.assert_allclose(found, both, atol=2e-5)


@given(CHANCES, CHANCES, st.integers(0, 4))
@settings(deadline=None, max_examples=40)
def test_it_is_the_belief_after_the_looks_shaken_once_more(first, alone, z):
    """By hand: 1 - (1 - P seen)(1 - P alone), the worse of both."""
    looks = looks_of(seen("B1", z))
    after_looks = update_beliefs(
        beliefs(first), INVENTORY, looks, NO_STATES, rules=RULES
    ).to_pylist()[0]
    posterior = states_of(after_looks, "p")
    expected = after_another(np.array([posterior]), np.array([alone]))[0]
    found = carried(looks, first, alone)
    np.testing.assert_allclose(states_of(found), expected, atol=2e-4)
    assert states_of(found).sum() == pytest.approx(1.0, abs=1e-5)
    assert np.all(states_of(found) >= 0.0)


def test_worse_looks_leave_a_worse_start_and_the_grade_they_gave():
    rows = [carried(looks_of(seen("B1", z))) for z in (0, 2, 4)]
    for milder, worse in pairwise(rows):
        assert np.all(
            exceedance(states_of(worse)) >= exceedance(states_of(milder)) - 1e-9
        )
    assert rows[0]["last_grade"] == 0
    assert rows[2]["last_grade"] == 4
    assert rows[2]["priority"] > rows[0]["priority"]
    assert rows[2]["expected"] == 4
    assert {row["prior_source"] for row in rows} == {"carried"}
    assert "carried on from" in rows[0]["reasons_en"][0]


def test_looks_before_the_first_event_and_after_the_second_carry_nothing():
    plain = carried(LOOKS.empty_table())
    for at in (FIRST_AT - timedelta(days=1), SECOND_AT + timedelta(hours=1)):
        found = carried(looks_of(seen("B1", 4, at=at)))
        np.testing.assert_allclose(states_of(found), states_of(plain), atol=1e-6)


def test_three_events_carry_on_step_by_step():
    one, two = steps()
    after_two = states_of(two.beliefs.to_pylist()[0])
    both = after_another(np.array([after_two]), np.array([WEAK]))[0]
    three = After(SECOND_AT + timedelta(hours=9), beliefs(tuple(map(float, both))))
    looks = looks_of(seen("B1", 4, at=FIRST_AT + timedelta(hours=1)))
    found = carried_beliefs((one, two, three), looks, INVENTORY, RULES).to_pylist()[0]
    assert exceedance(states_of(found))[3] > exceedance(both)[3]
    assert found["reasons_en"].count(found["reasons_en"][0]) == 1


def test_where_no_curve_exists_nothing_is_invented():
    dam = table_from_rows([planned("D1")], BELIEFS)
    looks = looks_of(seen("D1", 4))
    found = carried_beliefs(
        (After(FIRST_AT, dam), After(SECOND_AT, dam)), looks, INVENTORY, RULES
    )
    (row,) = found.to_pylist()
    assert row["prior_0"] is None
    assert row["prior_source"] != "carried"
    assert row["last_grade"] == 4


def test_only_looks_older_than_the_last_hazard_are_stale():
    looks = looks_of(
        seen("B1", 0, at=FIRST_AT + timedelta(hours=1), frame="a"),
        seen("B1", 0, at=SECOND_AT + timedelta(hours=1), frame="b"),
        seen("B2", 0, at=FIRST_AT + timedelta(hours=1), frame="c"),
    )
    hazard = CASES["hazard"](at=SECOND_AT, ids=("B1",))
    stale = stale_looks(looks, hazard)
    assert set(stale["asset_id"].to_pylist()) == {"B1"}
    assert max(stale["first_at"].to_pylist()) < SECOND_AT
    assert stale.num_rows == looks.num_rows // 3
