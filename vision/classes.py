"""Numbers of the classes in masks and in the planes of the network's output."""

from typing import Final

from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES

DAMAGE: Final = {name: number for number, name in enumerate(DAMAGE_CLASSES)}
COMPONENT: Final = {name: number for number, name in enumerate(COMPONENT_CLASSES)}
IGNORED: Final = 255  # a mask pixel whose truth is not known
UNREPORTED: Final = ("none", "distractor")  # damage classes that are no damage
SEVERE: Final = (
    "displacement",
    "deformation",
    "collapse",
    "debris",
    "seepage",
    "broken_conductor",
)
"""Damage that can make a grade of D2 or worse: a false one costs the most."""
