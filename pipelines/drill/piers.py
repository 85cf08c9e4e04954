"""What carries a bridge: hammerhead piers and abutments, with their marks.

Local frame: x along the bridge, y across, z up, 0 at deck level; levels are pairs of
ground (or footing) and seat.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.drill.labels import Damage, Material
from pipelines.drill.marks import (
    CrackStyle,
    Face,
    crack,
    face,
    map_cracking,
    spall,
    stain,
)
from pipelines.drill.scene import Part, Scene, turn

COLUMN_M = (2.4, 4.2)  # along and across
HEAD_M = 1.6  # depth of the hammerhead beam
SHEAR_SHARE = 0.55  # of the height at which a pier is sheared
SHEAR_OFFSET_M, CRUSHED_M = 0.35, 0.5
BEARINGS_Y_M = (-4.2, -2.1, 0.0, 2.1, 4.2)
BAR_M = (0.032, 0.032)
CRACK_MM = {2: 5.0, 3: 18.0, 4: 22.0}  # width of the X cracks by grade


def _add_core(scene: Scene, concrete: Part, bar: Part, level: float) -> None:
    """Crushed concrete between bulged bars, from `level` upwards."""
    crushed = replace(
        concrete,
        material=Material.ROCK,
        damage=Damage.SPALL,
        tint=(1.1, 1.05, 1.0),
    )
    scene.box((0, 0, level + CRUSHED_M / 2), (1.9, 3.6, CRUSHED_M), crushed)
    for y in np.arange(-1.9, 2.0, 0.2):
        for x in (-1.05, 1.05):
            belly = (x * 1.25, y, level + 0.25)
            scene.beam((x, y, level - 0.1), belly, BAR_M, bar)
            scene.beam(belly, (x + SHEAR_OFFSET_M, y, level + 0.6), BAR_M, bar)


def _add_head(scene: Scene, part: Part, bearing: Part, seat: float) -> None:
    """The beam under the girders and ten bearings."""
    outline = [
        [-2.1, -1.7],
        [2.1, -1.7],
        [5, -0.8],
        [5, -0.15],
        [-5, -0.15],
        [-5, -0.8],
    ]
    scene.profile(np.array(outline) + np.array([0, seat]), -1.1, 1.1, part)
    for y in BEARINGS_Y_M:
        for x in (-0.6, 0.6):
            scene.box((x, y, seat - 0.075), (0.5, 0.5, 0.15), bearing)


def add_pier(
    scene: Scene,
    concrete: Part,
    bearing: Part,
    levels: tuple[float, float],
    *,
    sheared: bool,
) -> None:
    """A column with a hammerhead; a sheared one is cut and its upper part set aside."""
    ground, seat = levels
    top, part, offset = ground - 1, concrete, 0.0
    if sheared:
        cut = ground + SHEAR_SHARE * (seat - ground)
        lower = cut - ground + 1
        scene.box((0, 0, ground - 1 + lower / 2), (*COLUMN_M, lower), concrete)
        _add_core(scene, concrete, bearing, cut)
        top, offset = cut + CRUSHED_M, SHEAR_OFFSET_M
        part = replace(concrete, damage=Damage.DISPLACEMENT)
    with scene.moved(turn((0, 1, 0), 1.5 * sheared, (0, 0, top), (offset, 0, 0))):
        shaft = seat - HEAD_M - top
        scene.box((0, 0, top + shaft / 2), (*COLUMN_M, shaft), part)
        _add_head(scene, part, bearing, seat)


def add_abutments(
    scene: Scene, concrete: Part, side: int, levels: tuple[float, float], width_m: float
) -> None:
    """Seat, back wall and wing walls; `side` -1 before the bridge, 1 behind it."""
    base, seat = levels
    low = seat - 0.15 - base
    scene.box((side * 0.9, 0, base + low / 2), (3.0, width_m, low), concrete)
    wall = -0.1 - base
    scene.box((side * 1.7, 0, base + wall / 2), (1.0, width_m, wall), concrete)
    wing = 0.15 - base
    for y in (0.25 - width_m / 2, width_m / 2 - 0.25):
        scene.box((side * 4.5, y, base + wing / 2), (6.5, 0.5, wing), concrete)


def _crack_lightly(
    scene: Scene, on: Face, low: float, high: float, rng: np.random.Generator
) -> None:
    """D1: hairlines and a spall at the corner."""
    for _ in range(3):
        start = (float(rng.uniform(-1.6, 1.6)), float(rng.uniform(low + 0.8, high - 1)))
        style = CrackStyle(
            length_m=float(rng.uniform(0.8, 2)), width_mm=float(rng.uniform(0.3, 1.5))
        )
        crack(scene, on, start, float(rng.uniform(60, 120)), style, rng)
    spall(scene, on, (1.7, low + 1.2), (0.25, 0.2), rng)


def _crack_through(
    scene: Scene,
    on: Face,
    low: float,
    high: float,
    grade: int,
    rng: np.random.Generator,
) -> None:
    """D2 and worse: X cracks, level cracks, map cracking, a large spall."""
    width_mm = CRACK_MM[grade]
    diagonal = CrackStyle(
        length_m=min(5.0, 0.75 * (high - low)),
        width_mm=width_mm,
        branches=3,
        rough=0.24,
    )
    for heading_deg, u in ((52, -1.7), (128, 1.7)):
        start = (u, low + 0.25 * (high - low))
        crack(scene, on, start, heading_deg, diagonal, rng)
    level = CrackStyle(length_m=3.5, width_mm=width_mm / 3)
    for _ in range(2):
        start = (-2.0, float(rng.uniform(low + 0.5, high)))
        crack(scene, on, start, float(rng.uniform(-8, 8)), level, rng)
    at = (float(rng.uniform(-1, 1)), low + float(rng.uniform(1.0, 1.8)))
    spall(scene, on, at, (0.3 + 0.15 * grade, 0.2 + 0.12 * grade), rng)
    net = replace(on, origin=on.at(-0.5, high - 2))
    map_cracking(scene, net, 1.6, 1.5, rng)


def mark_pier(
    scene: Scene,
    concrete: Part,
    levels: tuple[float, float],
    grade: int,
    rng: np.random.Generator,
) -> None:
    """Stains, cracks and spalls on both broad faces; widths grow with the grade."""
    low, high = levels[0], levels[1] - HEAD_M - 0.2
    for sign in (-1.0, 1.0):
        on = face(concrete, (sign * COLUMN_M[0] / 2, 0, 0), (0, sign, 0), (0, 0, 1))
        for _ in range(2):
            at = (float(rng.uniform(-1.6, 1.6)), float(rng.uniform(low + 1, high)))
            stain(scene, on, at, (0.15, float(rng.uniform(0.5, 1.4))), rng)
        if grade == 1:
            _crack_lightly(scene, on, low, high, rng)
        if grade >= 2:
            _crack_through(scene, on, low, high, grade, rng)
