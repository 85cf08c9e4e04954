"""What a drill is to show: the seed of its noise and the grade of each asset."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from data.record import from_json, record
from pipelines.drill.light import LightName

Grade = Annotated[int, Field(ge=0, le=4)]
Spot = tuple[float, float]
ACROSS_THE_VALLEY: tuple[Spot, ...] = (
    (292.0, -300.0),
    (322.0, -125.0),
    (338.0, 86.0),
    (372.0, 290.0),
)


@record
class Scenario:
    """Everything a drill needs.

    `towers` are x, y in scene metres; there is one span fewer than towers. `season` is
    0 summer, 1 autumn, 2 winter.
    """

    seed: int
    bridge_grade: Grade = 0
    dam_grade: Grade = 0
    dam_kind: Literal["gravity", "embankment"] = "embankment"
    towers: tuple[Spot, ...] = ACROSS_THE_VALLEY
    tower_grades: tuple[Grade, ...] = (0, 0, 0, 0)
    span_grades: tuple[Grade, ...] = (0, 0, 0)
    truss: bool = False
    season: Annotated[int, Field(ge=0, le=2)] = 0
    light: LightName = "clear"
    landslide: bool = True
    trees: Annotated[int, Field(ge=0, le=20_000)] = 3600


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from TOML, one key per field.

    Raises:
        InvalidRecordError: If a key is missing, unknown or out of range.
    """
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    return from_json(Scenario, json.dumps(fields))
