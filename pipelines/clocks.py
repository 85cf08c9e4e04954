"""The inspection clock of a dam, from the shaking estimated at it.

Source:
    FINDINGS, section 9 (kanagawa-dam.jp; MLIT Kyushu); DEFINITIONS, section 2.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from data.assets import AssetKind
from pipelines.expectation import Expectation
from pipelines.hazard_at import Kinds
from pipelines.quakes import Quake

PRIMARY_INTENSITY, PRIMARY_GAL = 3.5, 25.0  # JMA 4 or 25 gal
SECONDARY_INTENSITY, SECONDARY_GAL = 4.5, 80.0  # 5-lower or 80 gal
PRIMARY_DUE = timedelta(hours=3)
VISUAL_DUE = timedelta(hours=24)
INSTRUMENTS_DUE = timedelta(days=3)
PRIMARY, BOTH = "primary", "primary+secondary"


def dam_clocks(
    kinds: Kinds, shaken: Expectation, quakes: Sequence[Quake]
) -> tuple[list[str | None], list[datetime | None]]:
    """Which inspection runs at each dam, and when its first step is due.

    The clock starts at the origin time of the strongest quake at the dam. The first
    step is the primary inspection in both cases; the secondary adds a visual inspection
    within 24 hours and the instruments within three days.

    Returns:
        `primary`, `primary+secondary` or None, and the time; None for other kinds.
    """
    dam = kinds == AssetKind.DAM
    first = (shaken.intensity >= PRIMARY_INTENSITY) | (shaken.pga_gal >= PRIMARY_GAL)
    second = (shaken.intensity >= SECONDARY_INTENSITY) | (
        shaken.pga_gal >= SECONDARY_GAL
    )
    words = np.where(second, BOTH, PRIMARY)
    runs = dam & first
    kind = [str(word) if run else None for word, run in zip(words, runs, strict=True)]
    due = [
        quakes[index].origin_at + PRIMARY_DUE if run else None
        for index, run in zip(shaken.strongest, runs, strict=True)
    ]
    return kind, due
