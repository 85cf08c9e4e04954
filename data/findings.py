"""Grade and the words of what was found (DEFINITIONS, section 8)."""

from enum import IntEnum, StrEnum


class Grade(IntEnum):
    """What was seen or confirmed of one asset; -1 is not assessable."""

    NA = -1
    D0 = 0
    D1 = 1
    D2 = 2
    D3 = 3
    D4 = 4


class Basis(StrEnum):
    """What a grade rests on."""

    NONE = "none"
    OBSERVED = "observed"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


NOT_MODELLED = -1
"""`expected` of an asset for which no fragility curve exists."""
NOTHING_DETECTABLE = 5
"""`detectable_from` of a view that could have shown no state at all."""

NA_REASONS = (
    "withdrawn",
    "stale",
    "disputed",
    "ambiguous_match",
    "unconfirmed",
    "not_excluded",
    "insufficient_view",
    "obscured",
    "too_coarse",
    "out_of_domain",
    "unusable",
    "before_event",
    "time_unknown",
    "unlocated",
    "pending",
    "not_observed",
    "not_in_plan",
)
"""Why a grade is NA, first hit first; some carry a word in brackets."""

DAMAGE_CLASSES = (
    "none",
    "crack",
    "spall",
    "displacement",
    "deformation",
    "collapse",
    "debris",
    "seepage",
    "broken_conductor",
    "distractor",
)
"""Damage head, by index; distractor is trained so as not to be reported."""

COMPONENT_CLASSES = (
    "background",
    "bridge",
    "dam",
    "tower",
    "conductor",
    "insulator",
    "road",
    "water",
    "slope",
    "vegetation",
    "building",
)
"""Component head, by index."""


def grade_name(grade: int) -> str:
    """NA, D0 .. D4.

    >>> grade_name(-1), grade_name(3)
    ('NA', 'D3')
    """
    return Grade(grade).name


def expected_name(expected: int) -> str:
    """E0 .. E4, or not_modelled.

    >>> expected_name(2), expected_name(-1)
    ('E2', 'not_modelled')
    """
    return "not_modelled" if expected == NOT_MODELLED else f"E{expected}"
