"""Transmission lines: towers that stand, lean or lie, and the wires between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.scene import Array, Part, Scene, frame, turn
from pipelines.drill.towers import (
    EARTH_WIRE,
    TOP_M,
    Hanger,
    add_strings,
    add_tower,
    porcelain_of,
    steel_of,
)

GroundAt = Callable[[ArrayLike, ArrayLike], Array]
CONDUCTOR_M, EARTH_WIRE_M = 0.0285, 0.0178  # ACSR 410 mm2; AS 120 mm2
CATENARY_M = 1520.0  # horizontal tension 25 kN over 16.4 N per metre
SLACK = 1.8  # sag of a slack conductor over that of a sound one
LYING_M = 0.05  # a wire on the ground


class Wire(Enum):
    """What became of a wire."""

    SOUND = 0
    SLACK = 1
    BROKEN = 2


@dataclass(frozen=True, kw_only=True)
class Line:
    """Towers and spans with the grades of each; span k runs from tower k to k + 1.

    Assets are `towers` + k and `spans` + k.
    """

    towers: int
    spans: int
    feet: tuple[tuple[float, float, float], ...]
    tower_grades: tuple[int, ...]
    span_grades: tuple[int, ...]


def wires_of(grade: int) -> dict[Hanger, Wire]:
    """What a span's grade means for its six conductors and its earth wire."""
    hangers = [EARTH_WIRE, *((n, side) for n in range(3) for side in (-1, 1))]
    wires = dict.fromkeys(hangers, Wire.SOUND)
    if grade == 2:
        wires[1, 1] = Wire.SLACK
    if grade == 3:
        wires = dict.fromkeys(hangers, Wire.SLACK)
        wires[0, 1] = wires[1, 1] = Wire.BROKEN
    if grade == 4:
        wires = dict.fromkeys(hangers, Wire.BROKEN)
    return wires


def grade_of_span(wires: dict[Hanger, Wire]) -> int:
    """True grade of a span from its own geometry: the towers do not count."""
    conductors = [state for hanger, state in wires.items() if hanger != EARTH_WIRE]
    if all(state == Wire.BROKEN for state in conductors):
        return 4
    if Wire.BROKEN in conductors:
        return 3
    return 2 if Wire.SLACK in conductors else 0


def grade_of_link(children: list[int]) -> int:
    """A link is as bad as the worst of its towers and spans."""
    return max(children)


def sag_m(span_m: float, parameter_m: float = CATENARY_M) -> float:
    """Sag in the middle of a level span."""
    return float(parameter_m * (np.cosh(span_m / 2 / parameter_m) - 1))


def parameter_for_sag(span_m: float, sag: float) -> float:
    """Catenary parameter that hangs `sag` metres below the chord of a level span."""
    found = brentq(lambda c: sag_m(span_m, c) - sag, span_m / 8, 1e6)
    return float(found)


def catenary(
    a: ArrayLike, b: ArrayLike, parameter_m: float = CATENARY_M, count: int = 60
) -> Array:
    """Points (count, 3) of a wire of parameter H/w between ends at any heights."""
    p, q = np.asarray(a, float), np.asarray(b, float)
    span, rise = float(np.hypot(*(q - p)[:2])), float(q[2] - p[2])
    half = 2 * parameter_m * np.sinh(span / 2 / parameter_m)
    lowest = span / 2 - parameter_m * np.arcsinh(rise / half)
    s = np.linspace(0, span, count)
    z = np.cosh((s - lowest) / parameter_m) - np.cosh(lowest / parameter_m)
    flat = p[:2] + np.outer(s / span, (q - p)[:2])
    return np.asarray(np.c_[flat, p[2] + parameter_m * z])


def fall(ground_at: GroundAt, foot: Array, along: Array) -> tuple[Array, float, float]:
    """How a tower thrown sideways comes to lie.

    Returns:
        Horizontal direction of its top, side (-1 or 1 of local y), and how many degrees
        below the horizon it lies.
    """
    left = np.array([-along[1], along[0], 0.0]) / np.hypot(*along[:2])
    reach = np.linspace(8, TOP_M, 12)
    below = {}
    for side in (-1.0, 1.0):
        x, y = foot[:2, None] + side * reach * left[:2, None]
        drop = foot[2] - ground_at(x, y)
        below[side] = float(np.degrees(np.arctan2(drop, reach)).min())
    side = max(below, key=lambda k: below[k])
    return side * left, side, below[side]


def _lean(
    grade: int, ground_at: GroundAt, foot: Array, along: Array, lean_deg: float
) -> tuple[Array, Damage]:
    """How a tower of this grade stands in its own frame, and the damage that it is."""
    if grade == 3:
        return turn((1, 0.25, 0), -lean_deg), Damage.DEFORMATION
    if grade == 4:
        _, side, below_deg = fall(ground_at, foot, along)
        lying = turn((1, 0, 0), -side * (86.0 + below_deg), by=(0, 0, 1.2))
        return lying, Damage.COLLAPSE
    return np.eye(4), Damage.NONE


def _add_support(
    scene: Scene, line: Line, k: int, ground_at: GroundAt, rng: np.random.Generator
) -> tuple[dict[Hanger, Array], Array]:
    """Tower k: where its wires hang, and the corners of its bounding box."""
    feet, grade = np.array(line.feet), line.tower_grades[k]
    before, after = feet[max(0, k - 1)], feet[min(len(feet) - 1, k + 1)]
    along = (after - before) * [1, 1, 0]
    lean_deg = float(rng.uniform(6, 10))
    lean, damage = _lean(grade, ground_at, feet[k], along, lean_deg)
    asset = line.towers + k
    with scene.moved(frame(feet[k], along) @ lean):
        add_tower(scene, steel_of(asset, damage), bent=grade == 2)
        hangers = add_strings(scene, porcelain_of(asset, damage), grade, along)
        box = [[x, y, z] for x in (-4, 4) for y in (-6, 6) for z in (0, TOP_M)]
        return hangers, scene.world(box)


def add_line(
    scene: Scene, line: Line, ground_at: GroundAt, rng: np.random.Generator
) -> tuple[list[Array], list[Array]]:
    """Add towers and wires.

    Returns:
        Corners (8, 3) of each tower's bounding box; two ends (2, 3) of each span: the
        middle of its hangers.
    """
    supports = [
        _add_support(scene, line, k, ground_at, rng) for k in range(len(line.feet))
    ]
    hangers = [found for found, _ in supports]
    ends = []
    for k, (here, there) in enumerate(pairwise(hangers)):
        _add_span(scene, line, k, (here, there), ground_at, rng)
        ends.append(np.stack([_middle(here), _middle(there)]))
    return [box for _, box in supports], ends


def _middle(hangers: dict[Hanger, Array]) -> Array:
    """Mean place of the six conductors."""
    six = [place for hanger, place in hangers.items() if hanger != EARTH_WIRE]
    return np.asarray(np.mean(six, axis=0))


def _add_span(
    scene: Scene,
    line: Line,
    k: int,
    ends: tuple[dict[Hanger, Array], dict[Hanger, Array]],
    ground_at: GroundAt,
    rng: np.random.Generator,
) -> None:
    """Six conductors and an earth wire between two towers."""
    sound = Part(
        component=Component.CONDUCTOR,
        asset=line.spans + k,
        material=Material.GALVANISED,
        tint=(0.33, 0.34, 0.35),
    )
    for hanger, state in wires_of(line.span_grades[k]).items():
        a, b = ends[0][hanger], ends[1][hanger]
        width = EARTH_WIRE_M if hanger == EARTH_WIRE else CONDUCTOR_M
        if state == Wire.BROKEN:
            torn = replace(sound, damage=Damage.BROKEN_CONDUCTOR)
            share = float(rng.uniform(0.35, 0.65))  # where it broke
            for end, other, part in ((a, b, share), (b, a, 1 - share)):
                points = dangling(end, other, part, ground_at, rng)
                scene.stroke(points, width, torn)
        elif state == Wire.SLACK:
            span = float(np.hypot(*(b - a)[:2]))
            parameter = parameter_for_sag(span, SLACK * sag_m(span))
            points = catenary(a, b, parameter)
            floor = ground_at(points[:, 0], points[:, 1]) + LYING_M
            points[:, 2] = np.maximum(points[:, 2], floor)
            scene.stroke(points, width, replace(sound, damage=Damage.DEFORMATION))
        else:
            scene.stroke(catenary(a, b), width, sound)


def dangling(
    end: Array,
    other: Array,
    share: float,
    ground_at: GroundAt,
    rng: np.random.Generator,
) -> Array:
    """A broken end (60, 3): steeply down from its string, then loose on the ground.

    Its length is `share` of the span's, and at least enough to reach the ground.
    """
    away = (other - end) * [1, 1, 0]
    span = float(np.linalg.norm(away))
    away /= span
    drop = max(0.5, end[2] - float(ground_at(*(end + 9 * away)[:2])))
    t = np.linspace(0, 1, 60)
    s = t * max(share * span, 1.3 * drop)
    swing = 9 * (1 - np.exp(-s / 5))
    side = np.array([-away[1], away[0], 0])
    curl = np.cumsum(np.cumsum(rng.normal(0, 0.12, 60))) * np.clip((t - 0.3) * 3, 0, 1)
    out = swing + np.maximum(0, s - drop)
    points = end + np.outer(out, away) + np.outer(curl, side)
    floor = ground_at(points[:, 0], points[:, 1]) + LYING_M
    points[:, 2] = np.maximum(end[2] - s, floor)
    return np.asarray(points)
