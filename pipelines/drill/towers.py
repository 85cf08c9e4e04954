"""Lattice towers with cross-arms and insulator strings.

Local frame: x along the line, y to its left, z up, 0 at the ground.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.scene import Array, Part, Scene, frame

TOP_M, BASE_HALF_M, WAIST_HALF_M, WAIST_M = 46.0, 3.6, 1.0, 24.0
ARMS = ((27.0, 4.6), (33.0, 5.6), (39.0, 4.2))  # height, reach from the axis
LEVELS_M = (0, 5.5, 10.5, 15, 19, 22, 24.5, 27, 30, 33, 36, 39, 41.5, 44)
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
STRING_M, DISC_M, DISCS = 2.0, 0.254, 11
DROOP_M = 1.9  # of a bent arm's tip
TILT = 0.75  # metres along the line per metre down, of a tilted string (37 deg)
EARTH_WIRE = (3, 0)  # where the earth wire hangs: the peak

Hanger = tuple[int, int]  # cross-arm from below, side -1 or 1


def half_width_m(z: float) -> float:
    """Half the side of the body at height `z`."""
    profile = [BASE_HALF_M, WAIST_HALF_M, 0.55, 0.05]
    return float(np.interp(z, [0, WAIST_M, TOP_M - 3, TOP_M], profile))


def _corner(k: int, z: float) -> Array:
    """A leg's axis at height `z`."""
    h = half_width_m(z)
    return np.array([CORNERS[k % 4][0] * h, CORNERS[k % 4][1] * h, z])


def _add_panel(scene: Scene, part: Part, side: int, z0: float, z1: float) -> None:
    """Leg, horizontal and redundant member of one face between two levels."""
    low = z0 < 22
    a0, a1 = _corner(side, z0), _corner(side, z1)
    b0, b1 = _corner(side + 1, z0), _corner(side + 1, z1)
    thin = 0.10 if low else 0.075
    scene.angle_beam(a0, a1, 0.20 if low else 0.15, part)
    scene.angle_beam(b0, a1, thin, part)
    scene.angle_beam(a1, b1, thin, part)
    if z0 < 15:
        scene.angle_beam((a0 + b0) / 2, (a0 + a1) / 2, 0.06, part)


def _add_diagonal(
    scene: Scene, part: Part, side: int, z0: float, z1: float, *, bent: bool
) -> None:
    """The other diagonal of a face; a bent one has a knee."""
    a, b = _corner(side, z0), _corner(side + 1, z1)
    if not bent:
        scene.angle_beam(a, b, 0.10 if z0 < 22 else 0.075, part)
        return
    damaged, knee = replace(part, damage=Damage.DEFORMATION), (a + b) / 2
    knee += [0.0, -0.9, -0.4]
    scene.angle_beam(a, knee, 0.12, damaged)
    scene.angle_beam(knee, b, 0.12, damaged)


def _add_arm(
    scene: Scene, part: Part, arm: tuple[float, float], side: int, droop_m: float
) -> None:
    """One cross-arm: two triangles of struts with ties between."""
    z, reach = arm
    tip, h = np.array([0.0, side * reach, z - droop_m]), half_width_m(z)
    mirror = np.array([-1, 1, 1])
    for x in (-1, 1):
        low, high = np.array([x * h, side * h, z]), np.array([x, side, 0.0]) * h * 0.9
        high[2] = z + 2.0
        scene.angle_beam(low, tip, 0.11, part)
        scene.angle_beam(high, tip, 0.09, part)
        for t in (0.25, 0.5, 0.75):
            a, b = low + t * (tip - low), high + t * (tip - high)
            across = low * mirror + t * (tip - low * mirror)
            scene.angle_beam(a, b, 0.05, part)
            scene.angle_beam(a, across, 0.05, part)


def droop_of(arm: int, side: int, *, bent: bool) -> float:
    """How far an arm's tip hangs down: the middle one on side 1 of a bent tower."""
    return DROOP_M if bent and (arm, side) == (1, 1) else 0.0


def add_tower(scene: Scene, part: Part, *, bent: bool) -> None:
    """Legs, bracing, peak, footings and six cross-arms; a bent one is D2."""
    for k, (z0, z1) in enumerate(pairwise(LEVELS_M)):
        for side in range(4):
            _add_panel(scene, part, side, z0, z1)
            knee = bent and side == 0 and k in (1, 2)
            _add_diagonal(scene, part, side, z0, z1, bent=knee)
    footing = replace(part, material=Material.CONCRETE)
    for k in range(4):
        scene.angle_beam(_corner(k, LEVELS_M[-1]), (0, 0, TOP_M), 0.12, part)
        scene.box(_corner(k, 0.1), (0.9, 0.9, 0.9), footing)
    for n, arm in enumerate(ARMS):
        for side in (-1, 1):
            droop_m = droop_of(n, side, bent=bent)
            hurt = replace(part, damage=Damage.DEFORMATION) if droop_m else part
            _add_arm(scene, hurt, arm, side, droop_m)


def add_string(scene: Scene, part: Part, top: Array, direction: Array) -> Array:
    """A suspension string of discs in world axes; returns its lower end."""
    d = direction / np.linalg.norm(direction)
    around = np.linspace(0, 2 * np.pi, 9)[:-1]
    ring = np.stack([np.cos(around), np.sin(around)], axis=1) * DISC_M / 2
    pitch = (STRING_M - 0.3) / DISCS
    with scene.moved(frame(top, np.cross(d, [0.3, 1, 0]), -d)):
        for k in range(DISCS):
            scene.prism(ring, (0, 0, -0.2 - k * pitch), 0.09, part, taper=0.45)
        rod = replace(part, material=Material.GALVANISED)
        scene.box((0, 0, -STRING_M / 2), (0.03, 0.03, STRING_M), rod)
    return np.asarray(top + STRING_M * d)


def add_strings(
    scene: Scene, porcelain: Part, grade: int, along: Array
) -> dict[Hanger, Array]:
    """All six strings and the peak: where the wires hang, in scene metres."""
    hangers: dict[Hanger, Array] = {EARTH_WIRE: scene.world((0, 0, TOP_M))}
    for n, (z, reach) in enumerate(ARMS):
        for side in (-1, 1):
            droop_m = droop_of(n, side, bent=grade == 2)
            tip = scene.world((0, side * reach, z - droop_m))
            tilted = grade in (1, 2) and (n, side) == (0, 1)
            hang, part = np.array([0, 0, -1.0]), porcelain
            if tilted:
                hang = hang + TILT * along / np.linalg.norm(along)
                part = replace(porcelain, damage=Damage.DEFORMATION)
            with scene.in_world_axes():
                hangers[n, side] = add_string(scene, part, tip, hang)
    return hangers


def steel_of(asset: int, damage: Damage) -> Part:
    """Galvanised sections."""
    return Part(
        component=Component.TOWER,
        damage=damage,
        asset=asset,
        material=Material.GALVANISED,
        wear=0.10,
        seed=asset * 13,
    )


def porcelain_of(asset: int, damage: Damage) -> Part:
    """Brown porcelain, or grey on every other tower."""
    return Part(
        component=Component.INSULATOR,
        damage=damage,
        asset=asset,
        material=Material.PLAIN,
        tint=(0.30, 0.13, 0.08) if asset % 2 else (0.75, 0.77, 0.78),
    )
