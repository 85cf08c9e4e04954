"""Close-range scenes: one concrete wall with cracks, marks and joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.drill.camera import Lens, Pose, look_at
from pipelines.drill.ground import add_ground, flat
from pipelines.drill.labels import Component, Damage
from pipelines.drill.marks import (
    CrackStyle,
    Face,
    crack,
    face,
    map_cracking,
    spall,
    stain,
)
from pipelines.drill.render import Frozen, freeze
from pipelines.drill.scene import Part, Scene

HALF_WIDTH_M, HEIGHT_M, THICKNESS_M = 6.0, 7.0, 1.0
MARGIN_M = 12.0  # of ground round the wall
DISTANCE_M = (1.2, 6.0)  # of the camera from the wall


def _spot(rng: np.random.Generator) -> tuple[float, float]:
    """Somewhere on the wall."""
    return float(rng.uniform(-4.5, 4.5)), float(rng.uniform(1.0, 6.0))


def _concrete(rng: np.random.Generator) -> Part:
    """A bridge's or a dam's, old or new."""
    tone = float(rng.uniform(0.75, 1.35))
    tint = (
        tone,
        tone * float(rng.uniform(0.95, 1)),
        tone * float(rng.uniform(0.85, 1)),
    )
    return Part(
        component=Component.BRIDGE if rng.random() < 0.5 else Component.DAM,
        asset=1,
        wear=float(rng.uniform(0.05, 0.9)),
        tint=tint,
        seed=int(rng.integers(10_000)),
    )


def _add_cracks(scene: Scene, on: Face, rng: np.random.Generator) -> None:
    """Two to six cracks of 1 to 14 mm, and sometimes a net of fine ones."""
    for _ in range(int(rng.integers(2, 7))):
        style = CrackStyle(
            length_m=float(rng.uniform(1, 6)),
            width_mm=float(np.exp(rng.uniform(np.log(1.0), np.log(14)))),
            branches=int(rng.integers(0, 4)),
            rough=float(rng.uniform(0.12, 0.4)),
        )
        heading = float(rng.choice([0, 90, 45, 135]) + rng.normal(0, 20))
        crack(scene, on, _spot(rng), heading, style, rng)
    if rng.random() < 0.3:
        net = replace(on, origin=on.at(*_spot(rng)))
        map_cracking(scene, net, 1.6, float(rng.uniform(1, 3)), rng)


def _add_joints(scene: Scene, on: Face, rng: np.random.Generator) -> None:
    """Construction joints: straight dark lines that are not cracks."""
    joint = replace(on.part, damage=Damage.DISTRACTOR, tint=(0.35, 0.34, 0.32))
    for _ in range(int(rng.integers(0, 4))):
        u, v = _spot(rng)
        upright = rng.random() < 0.5
        ends = ((u, 0.0), (u, HEIGHT_M)) if upright else ((-HALF_WIDTH_M, v), (6.0, v))
        path = np.linspace(*ends, 30)
        scene.stroke(on.lay(path), float(rng.uniform(0.006, 0.02)), joint, on.normal)


def wall(seed: int) -> Frozen:
    """A wall that faces south on level ground."""
    rng = np.random.default_rng([seed, 11])
    scene, ground, part = Scene(), flat(seed, MARGIN_M), _concrete(rng)
    add_ground(scene, ground)
    size = (2 * HALF_WIDTH_M, THICKNESS_M, HEIGHT_M)
    scene.box((0, THICKNESS_M / 2, HEIGHT_M / 2), size, part)
    on = face(part, (0, 0, 0), (1, 0, 0), (0, 0, 1))
    for _ in range(int(rng.integers(3, 9))):
        half = (float(rng.uniform(0.05, 0.5)), float(rng.uniform(0.2, 1.5)))
        stain(scene, on, _spot(rng), half, rng)
    _add_cracks(scene, on, rng)
    for _ in range(int(rng.integers(0, 3))):
        half = (float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.1, 0.5)))
        spall(scene, on, _spot(rng), half, rng)
    _add_joints(scene, on, rng)
    return freeze(scene, ground)


def wall_view(size_px: int, rng: np.random.Generator) -> tuple[Pose, Lens, float]:
    """A camera before the wall, and its ground sampling distance in metres."""
    distance = float(np.exp(rng.uniform(*np.log(DISTANCE_M))))
    aim = np.array([rng.uniform(-4, 4), 0.0, rng.uniform(1.2, 5.8)])
    aside = rng.normal(0, [0.35, 0, 0.25]) * distance
    eye = aim + aside + [0, -distance, 0]
    eye[2] = max(eye[2], 0.5)
    pose = replace(look_at(eye, aim), roll_deg=float(rng.normal(0, 8)))
    lens = Lens(
        width=size_px,
        height=size_px,
        focal=float(size_px),
        principal=(size_px / 2, size_px / 2),
        distortion=(float(rng.uniform(-0.05, 0.02)), 0.0, 0.0, 0.0, 0.0),
    )
    return pose, lens, distance / lens.focal
