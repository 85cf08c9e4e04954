"""The inspection clock of a dam, from the shaking estimated at it.

Source:
    FINDINGS, section 9 (kanagawa-dam.jp; MLIT Kyushu); DEFINITIONS, section 2.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from data.assets import AssetKind
from data.owner_rules import CLOCK_RULES, ClockRules
from pipelines.expectation import Expectation
from pipelines.hazard_at import Kinds
from pipelines.quakes import Quake

PRIMARY, BOTH = "primary", "primary+secondary"


def dam_clocks(
    kinds: Kinds,
    shaken: Expectation,
    quakes: Sequence[Quake],
    rules: ClockRules = CLOCK_RULES,
) -> tuple[list[str | None], list[datetime | None]]:
    """Which inspection runs at each dam, and when its first step is due.

    The clock starts at the origin time of the strongest quake at the dam. The first
    step is the primary inspection in both cases; the secondary adds a visual inspection
    within 24 hours and the instruments within three days.

    Returns:
        `primary`, `primary+secondary` or None, and the time; None for other kinds.
    """
    dam = kinds == AssetKind.DAM
    first = (shaken.intensity >= rules.primary_intensity) | (
        shaken.pga_gal >= rules.primary_gal
    )
    second = (shaken.intensity >= rules.secondary_intensity) | (
        shaken.pga_gal >= rules.secondary_gal
    )
    words = np.where(second, BOTH, PRIMARY)
    runs = dam & first
    kind = [str(word) if run else None for word, run in zip(words, runs, strict=True)]
    due = [
        quakes[index].origin_at + timedelta(hours=rules.primary_h) if run else None
        for index, run in zip(shaken.strongest, runs, strict=True)
    ]
    return kind, due
