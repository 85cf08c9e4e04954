"""Scores by hand, by scikit-free formulas, and by law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.drill.scoring import (
    Judged,
    calibration,
    confusion,
    found_and_told,
    log_loss,
    misses,
    placement,
    precision_of_first,
    reliability,
    unseen,
)


def one(name, truth, grade, **more):
    values = {
        "kind": "bridge",
        "na_reason": "not_observed" if grade < 0 else None,
        "p_severe": 0.5,
        "priority": None,
        "review": "none",
        "looks": 1,
        "fine_share": 0.5,
    }
    return Judged(id=name, truth=truth, grade=grade, **values | more)


FOUR = [
    one("a", 4, 3, p_severe=0.9),
    one("b", 3, 0, p_severe=0.1),
    one("c", 0, 3, p_severe=0.8),
    one("d", 3, -1, p_severe=0.4, review="waiting"),
]


def test_recall_and_precision_by_hand() -> None:
    found = found_and_told(FOUR)
    assert found["recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["precision"] == 0.5
    assert found["recall_well_seen_or_waiting"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["false_all_clear"] == 1


def test_nothing_told_has_no_precision_and_not_zero() -> None:
    assert found_and_told([one("a", 4, -1)])["precision"] is None


def test_the_list_begins_with_what_is_told_or_waits() -> None:
    assert precision_of_first(FOUR, 3)["severe"] == 2
    assert precision_of_first(FOUR, 1)["severe"] == 1


def test_confusion_counts_every_asset_once() -> None:
    table = np.array(confusion(FOUR))
    assert table.sum() == len(FOUR)
    assert table[4, 4] == 1
    assert table[3, 0] == 1


def test_misses_are_severe_shown_and_not_told() -> None:
    hidden = one("e", 4, -1, fine_share=0.0)
    assert [a.id for a in misses([*FOUR, hidden])] == ["b", "d"]
    assert unseen([*FOUR, hidden]) == {"not_observed": 2}


def test_brier_and_log_loss_of_a_worked_case() -> None:
    # Brier (1950): mean of (p - y)^2
    found = calibration([one("a", 4, -1, p_severe=0.8), one("b", 0, -1, p_severe=0.3)])
    assert found["brier"] == pytest.approx((0.04 + 0.09) / 2, abs=1e-5)
    assert found["log_loss"] == pytest.approx(
        -(np.log(0.8) + np.log(0.7)) / 2, abs=1e-5
    )


@settings(deadline=None, max_examples=50)
@given(st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_the_true_rate_has_the_least_log_loss(rate, told) -> None:
    y = np.array([1.0, 0.0])
    weights = np.array([rate, 1.0 - rate])

    def expected(p: float) -> float:
        ones = [log_loss(np.array([p]), y[k : k + 1]) for k in range(2)]
        return float((weights * ones).sum())

    assert expected(rate) <= expected(told) + 1e-12


def test_the_bins_hold_every_asset() -> None:
    p, y = np.linspace(0, 1, 21), np.zeros(21)
    assert sum(b["assets"] for b in reliability(p, y)) == 21


def test_placement_says_how_often_the_stated_error_holds() -> None:
    found = placement(np.array([1.0, 2.0, 3.0, 9.0]), np.full(4, 4.0))
    assert found["inside_ce90"] == 0.75
    assert found["median_m"] == 2.5
    assert placement(np.zeros(0), np.zeros(0))["inside_ce90"] is None
