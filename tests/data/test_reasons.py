"""Words beside a grade: what was not visible is said, and nothing contradicts it."""

import pytest

from data.findings import NOTHING_DETECTABLE
from data.grading import AssetView
from data.reasons import limit_words


def view(*, detectable_from, worst_level):
    """Views of half an asset from two sides."""
    return AssetView(
        share=0.5,
        sides=2,
        detectable_from=detectable_from,
        best_gsd_m=0.03,
        worst_level=worst_level,
    )


@pytest.mark.parametrize("level", [2, 3, 4])
def test_views_that_found_damage_are_not_said_to_have_shown_none(level):
    blind = view(detectable_from=NOTHING_DETECTABLE, worst_level=level)
    japanese, english = limit_words(blind)
    assert english == "these views say nothing of other damage"
    assert japanese.startswith("他の損傷")


@pytest.mark.parametrize("level", [0, 1])
def test_views_that_could_show_nothing_are_said_to_have_checked_nothing(level):
    blind = view(detectable_from=NOTHING_DETECTABLE, worst_level=level)
    assert "nothing was checked" in limit_words(blind)[1]


@pytest.mark.parametrize("shown", [1, 2, 3, 4])
def test_a_clean_view_says_from_which_state_on_it_would_have_shown_it(shown):
    clean = view(detectable_from=shown, worst_level=0)
    assert f"no D{shown} or worse visible" in limit_words(clean)[1]
