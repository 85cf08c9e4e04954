"""Concrete gravity and embankment dams.

Local frame: x along the crest, y downstream, z up, 0 at crest level.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipelines.drill.embankment import add_embankment
from pipelines.drill.gravity import BATTER, add_gravity
from pipelines.drill.scene import Array, Scene, frame

if TYPE_CHECKING:
    import numpy as np

EMBANKMENT_REACH = 2.3  # heights from the crest's axis to the downstream toe


@dataclass(frozen=True, kw_only=True)
class Dam:
    """What the inventory would say, and what the drill did to it."""

    asset: int
    origin: tuple[float, float, float]
    direction: tuple[float, float]
    kind: Literal["gravity", "embankment"] = "gravity"
    length_m: float = 210.0
    height_m: float = 42.0
    grade: int = 0


def add_dam(scene: Scene, dam: Dam, rng: np.random.Generator) -> Array:
    """Add a dam; returns the corners (8, 3) of its bounding box in scene metres."""
    gravity = dam.kind == "gravity"
    size = (dam.length_m, dam.height_m)
    with scene.moved(frame(dam.origin, (*dam.direction, 0.0))):
        if gravity:
            add_gravity(scene, dam.asset, size, dam.grade, rng)
        else:
            add_embankment(scene, dam.asset, size, dam.grade, rng)
        reach = dam.height_m * (BATTER if gravity else EMBANKMENT_REACH)
        corners = [
            [x, y, z]
            for x in (0, dam.length_m)
            for y in (-5, reach)
            for z in (-dam.height_m, 1.2)
        ]
        return scene.world(corners)
