"""Whole tables of beliefs, before and after pictures."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.belief import review_queue, update_beliefs
from data.errors import InvalidRecordError
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES, NA_REASONS
from data.grading import Rules
from data.likelihood import read_likelihood
from data.looks import looks_from_cells
from data.reasons import D0_WORDS, FORBIDDEN_JA
from data.tables import ASSETS, BELIEFS, CELLS, LOOKS, table_from_rows
from data.unseen import FRAME_STATES
from data.words import na_words

ALL = frozenset(DAMAGE_CLASSES[1:9]) | frozenset(COMPONENT_CLASSES[1:])
RULES = Rules(likelihood=read_likelihood(), trained=ALL)
EVENT = datetime(2024, 1, 1, tzinfo=UTC)
AFTER = EVENT + timedelta(hours=2)
BEFORE = EVENT - timedelta(days=30)
KINDS = {"B1": "bridge", "B2": "bridge", "D1": "dam", "T1": "tower"}
INVENTORY = table_from_rows(
    [{"id": i, "kind": k, "importance": 3.0} for i, k in KINDS.items()], ASSETS
)


def planned(asset_id, **changes):
    modelled = asset_id != "D1"
    row = {"asset_id": asset_id, "in_plan": True, "expected": 0 if modelled else -1}
    row |= {"reasons_ja": ["推定震度5強"], "reasons_en": ["intensity 5-upper expected"]}
    if modelled:
        row |= {
            f"prior_{i}": p for i, p in enumerate((0.97, 0.02, 0.006, 0.003, 0.001))
        }
        row |= {f"p_{i}": row[f"prior_{i}"] for i in range(5)}
        row |= {
            "p_severe_low": 0.001,
            "p_severe_high": 0.01,
            "prior_source": "fragility",
        }
        row |= {"priority": 0.012}
    return row | changes


PLAN = table_from_rows([planned(i) for i in KINDS], BELIEFS)
NO_STATES = FRAME_STATES.empty_table()


def seen(asset_id, z, *, sectors=(0, 4), at=AFTER, z_second=-1, frame="f"):
    """Cells of one clean-cut flight around an asset; cell 1 holds level z."""
    return [
        {
            "asset_id": asset_id,
            "frame_id": f"{frame}{sector}",
            "sortie": f"{frame}s",
            "captured_at": at,
            "cell": cell,
            "cells": 3,
            "sector": sector,
            "above": False,
            "gsd_m": 0.004,
            "z": z if cell == 1 else 0,
            "z_second": z_second,
        }
        for sector in sectors
        for cell in range(3)
    ]


def looks_of(*flights):
    rows = [row for flight in flights for row in flight]
    return looks_from_cells(
        table_from_rows(rows, CELLS), INVENTORY, trained=ALL, model_id="m1"
    )


def believe(looks, *, prior=PLAN, states=(), last_hazard=None):
    rows = [{"asset_id": a, "reason": r} for a, r in states]
    table = pa.Table.from_pylist(rows, schema=FRAME_STATES)
    found = update_beliefs(
        prior, INVENTORY, looks, table, rules=RULES, last_hazard=last_hazard
    )
    return {row["asset_id"]: row for row in found.to_pylist()}


def hazard(at=EVENT, ids=tuple(KINDS)):
    return pa.table({"asset_id": list(ids), "at": pa.array([at] * len(ids))})


def test_without_a_look_an_asset_is_na_with_its_expected_state_and_never_d0():
    found = believe(LOOKS.empty_table())
    assert [row["grade"] for row in found.values()] == [-1] * 4
    assert {row["na_reason"] for row in found.values()} == {"not_observed"}
    assert found["B1"]["expected"] == 0
    assert found["B1"]["p_0"] == pytest.approx(0.97)
    assert found["B1"]["reasons_ja"] == ["未観測", "推定震度5強"]
    assert found["D1"]["p_0"] is None


def test_below_the_trigger_it_is_not_in_plan():
    prior = table_from_rows([planned("B1", in_plan=False), planned("B2")], BELIEFS)
    found = believe(LOOKS.empty_table(), prior=prior)
    assert found["B1"]["na_reason"] == "not_in_plan"
    assert found["B2"]["na_reason"] == "not_observed"


def test_of_several_frames_the_one_that_got_furthest_counts():
    states = [
        ("B1", "unlocated(no_gps)"),
        ("B1", "unusable(dark)"),
        ("B1", "unusable(blur)"),
        ("B1", "pending"),
        ("T1", "pending"),
    ]
    for order in (states, states[::-1]):
        found = believe(LOOKS.empty_table(), states=order)
        assert found["B1"]["na_reason"] == "unusable(blur)"
        assert found["T1"]["na_reason"] == "pending"


def test_a_reason_that_is_none_is_refused():
    with pytest.raises(InvalidRecordError, match="sunny"):
        believe(LOOKS.empty_table(), states=[("B1", "sunny")])


def test_rows_come_back_in_the_order_of_the_plan():
    found = update_beliefs(
        PLAN, INVENTORY, looks_of(seen("B2", 0)), NO_STATES, rules=RULES
    )
    assert found["asset_id"].to_pylist() == list(KINDS)
    assert found.schema.equals(BELIEFS)


def test_a_clean_flight_is_d0_in_the_only_words_allowed():
    row = believe(looks_of(seen("B1", 0)))["B1"]
    assert (row["grade"], row["basis"], row["review"]) == (0, "observed", "none")
    assert row["reasons_ja"][0] == D0_WORDS[0]
    assert "no D2 or worse visible; minor damage not checked" in row["reasons_en"]
    assert (row["looks"], row["sides"], row["model_id"]) == (2, 2, "m1")
    assert row["first_seen_at"] == AFTER
    assert row["reasons_ja"][-1] == "推定震度5強"


def test_a_collapse_is_graded_and_waits_for_a_person():
    row = believe(looks_of(seen("B1", 4)))["B1"]
    assert (row["grade"], row["basis"], row["review"]) == (4, "observed", "waiting")
    assert row["p_severe_low"] <= row["p_3"] + row["p_4"] <= row["p_severe_high"]
    assert row["priority"] == pytest.approx(3 * (row["p_3"] + row["p_4"]), rel=1e-5)
    assert "崩落が見える(区画2、レベル4)" in row["reasons_ja"]
    assert row["state_set"] == "D3;D4"


def test_chances_sum_to_one_after_the_pictures():
    for z in range(5):
        row = believe(looks_of(seen("B1", z)))["B1"]
        assert sum(row[f"p_{s}"] for s in range(5)) == pytest.approx(1.0, abs=1e-6)


def test_where_nothing_is_modelled_the_reference_is_the_prior():
    row = believe(looks_of(seen("D1", 4)))["D1"]
    assert row["prior_source"] == "reference"
    assert row["grade"] == 4
    assert row["prior_0"] is None


def test_looks_older_than_the_hazard_are_stale_and_their_grade_is_kept():
    looks = looks_of(seen("B1", 4, at=BEFORE))
    row = believe(looks, last_hazard=hazard())["B1"]
    assert (row["grade"], row["na_reason"], row["last_grade"]) == (-1, "stale", 4)
    assert row["expected"] == 0
    assert row["p_0"] == pytest.approx(0.97)
    assert row["last_seen_at"] == BEFORE


def test_a_hazard_elsewhere_makes_no_look_stale():
    looks = looks_of(seen("B1", 4, at=BEFORE))
    assert believe(looks, last_hazard=hazard(ids=("B2",)))["B1"]["grade"] == 4


def test_what_was_visible_before_does_not_count():
    before = seen("B1", 2, at=BEFORE, frame="old")
    same = believe(looks_of(before, seen("B1", 2, frame="new")), last_hazard=hazard())[
        "B1"
    ]
    assert (same["grade"], same["na_reason"]) == (-1, "unconfirmed(2)")
    assert "発生前にも同じ所見" in same["reasons_ja"]
    worse = believe(looks_of(before, seen("B1", 4, frame="new")), last_hazard=hazard())[
        "B1"
    ]
    assert worse["grade"] == 4


def test_a_severe_finding_without_a_time_goes_to_people_all_the_same():
    row = believe(looks_of(seen("B1", 4, at=None)))["B1"]
    assert (row["grade"], row["na_reason"]) == (-1, "time_unknown")
    assert row["review"] == "waiting"
    with_clean = believe(
        looks_of(seen("B1", 4, at=None, frame="u"), seen("B1", 0, frame="c"))
    )["B1"]
    assert with_clean["review"] == "waiting"


def test_methods_that_disagree_leave_no_grade():
    row = believe(looks_of(seen("B1", 4, z_second=0)))["B1"]
    assert (row["na_reason"], row["basis"], row["disputed"]) == (
        "disputed",
        "disputed",
        True,
    )
    assert row["review"] == "waiting"


def test_an_ambiguous_match_waits_for_a_person():
    states = [("B1", "ambiguous_match")]
    row = believe(looks_of(seen("B1", 4)), states=states)["B1"]
    assert (row["na_reason"], row["review"]) == ("ambiguous_match", "waiting")
    unseen = believe(LOOKS.empty_table(), states=states)["B1"]
    assert unseen["na_reason"] == "not_observed"


def test_a_withdrawn_asset_stays_withdrawn():
    prior = table_from_rows(
        [planned("B1", na_reason="withdrawn"), planned("B2", na_reason="withdrawn")],
        BELIEFS,
    )
    found = believe(looks_of(seen("B1", 4)), prior=prior)
    assert [row["na_reason"] for row in found.values()] == ["withdrawn"] * 2
    assert [row["grade"] for row in found.values()] == [-1, -1]


def test_forty_equal_frames_of_one_side_count_once():
    once = looks_of(seen("B1", 3, sectors=(0,)))
    frames = [
        row | {"frame_id": f"f{i}"}
        for i in range(40)
        for row in seen("B1", 3, sectors=(0,))
    ]
    one, forty = believe(once)["B1"], believe(looks_of(frames))["B1"]
    assert [one[f"p_{s}"] for s in range(5)] == [forty[f"p_{s}"] for s in range(5)]
    assert one["grade"] == forty["grade"]


def test_the_review_queue_puts_the_gravest_first():
    found = update_beliefs(
        PLAN,
        INVENTORY,
        looks_of(seen("B1", 3), seen("B2", 4), seen("T1", 0)),
        NO_STATES,
        rules=RULES,
    )
    assert review_queue(found, INVENTORY)["asset_id"].to_pylist() == ["B2", "B1"]


def test_a_look_of_an_unknown_asset_is_an_error_by_name():
    looks = looks_of(seen("B1", 0))
    with pytest.raises(InvalidRecordError, match="B1"):
        update_beliefs(PLAN, INVENTORY.slice(1), looks, NO_STATES, rules=RULES)


def test_every_na_reason_has_words_and_none_is_forbidden():
    for reason in NA_REASONS:
        for words in na_words(reason):
            assert words
            assert not any(word in words for word in FORBIDDEN_JA)


@settings(deadline=None, max_examples=25)
@given(
    levels=st.lists(st.integers(0, 4), min_size=4, max_size=4),
    second=st.sampled_from([-1, 0, 2]),
    seed=st.integers(0, 99),
)
def test_order_is_no_matter_and_words_are_allowed(levels, second, seed):
    flights = [
        seen(asset_id, z, z_second=second)
        for asset_id, z in zip(KINDS, levels, strict=True)
    ]
    looks = looks_of(*flights)
    order = np.random.default_rng(seed).permutation(looks.num_rows)
    found, shuffled = believe(looks), believe(looks.take(pa.array(order)))
    assert found == shuffled
    for row in found.values():
        for words in row["reasons_ja"]:
            rest = words.replace(D0_WORDS[0], "")
            assert not any(word in rest for word in FORBIDDEN_JA)


@pytest.mark.slow
def test_a_million_assets_without_pictures_take_seconds():
    count = 1_000_000
    index = pa.array(np.arange(count) % PLAN.num_rows)
    ids = pa.array([f"A{i}" for i in range(count)])
    many = PLAN.take(index).set_column(0, BELIEFS.field(0), ids)
    states = pa.table(
        {"asset_id": ids, "reason": pa.array(["pending"] * count)}, schema=FRAME_STATES
    )
    start = datetime.now(tz=UTC)
    found = update_beliefs(many, INVENTORY, LOOKS.empty_table(), states, rules=RULES)
    assert datetime.now(tz=UTC) - start < timedelta(seconds=60)
    assert set(found["na_reason"].unique().to_pylist()) == {"pending"}
