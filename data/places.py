"""Where the files lie that come with the package."""

from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).resolve().parent

WEIGHTS: Final = _DATA / "weights"
"""Weights, their cards and the allow-list."""
SAMPLES: Final = _DATA / "samples"
"""The drill batch of the demo, and example events."""
SCENARIOS: Final = _DATA / "scenarios"
"""Rehearsals that `karte drill run` knows by name."""
REFERENCE: Final = _DATA / "reference"
"""Our own small tables, each with its source."""
FONT: Final = _DATA / "fonts" / "NotoSansCJKjp-subset.otf"
"""The font of our figures, so that they look the same on every machine."""
