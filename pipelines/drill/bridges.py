"""Girder and truss bridges.

Local frame: x along the bridge, y across, z up, 0 at deck level of the first abutment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.marks import CrackStyle, crack, face
from pipelines.drill.piers import add_abutments, add_pier, mark_pier
from pipelines.drill.scene import Array, Part, Scene, frame, shift, turn

DECK_WIDTH_M, SLAB_M, ROAD_HALF_M = 10.5, 0.26, 3.6
GIRDER_DEPTH_M, GIRDER_PITCH_M, GIRDERS = 1.9, 2.1, 5
SOFFIT_M = -0.08 - SLAB_M  # underside of the slab
SEAT_M = SOFFIT_M - GIRDER_DEPTH_M - 0.02  # top of the bearings
JOINT_GAP_M = 0.10
PANEL_M, TRUSS_LOW_M, TRUSS_HIGH_M = 9.0, -1.3, 8.2
RAIL_GAP_M = (9.0, 17.0)  # where the railing of a struck span is torn


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """What the inventory would say, and what the drill did to it.

    `hit` is the index of the damaged span; the piers at both its ends suffer.
    """

    asset: int
    origin: tuple[float, float, float]
    direction: tuple[float, float]
    spans: int = 4
    span_m: float = 36.0
    truss_span: int | None = None
    grade: int = 0
    hit: int = 1

    @property
    def length_m(self) -> float:
        """From abutment to abutment."""
        return self.spans * self.span_m


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The materials of a bridge."""

    concrete: Part
    clean: Part
    steel: Part
    rail: Part
    road: Part

    def marked(self, damage: Damage) -> Pieces:
        """The same, all with one damage."""
        return Pieces(
            concrete=replace(self.concrete, damage=damage),
            clean=replace(self.clean, damage=damage),
            steel=replace(self.steel, damage=damage),
            rail=replace(self.rail, damage=damage),
            road=replace(self.road, damage=damage),
        )


def pieces_of(asset: int) -> Pieces:
    """Weathered concrete, grey-blue steel."""
    concrete = Part(
        component=Component.BRIDGE, asset=asset, wear=0.45, seed=asset * 101
    )
    steel = replace(
        concrete,
        material=Material.PAINTED_STEEL,
        tint=(0.55, 0.74, 0.84),
        wear=0.27,
        seed=asset * 101 + 7,
    )
    return Pieces(
        concrete=concrete,
        clean=replace(concrete, wear=0.15, tint=(1.15, 1.13, 1.08)),
        steel=steel,
        rail=replace(steel, material=Material.GALVANISED, wear=0.2),
        road=Part(
            component=Component.ROAD,
            asset=asset,
            material=Material.ASPHALT,
            wear=0.4,
            seed=asset,
        ),
    )


def _add_deck(scene: Scene, pieces: Pieces, x0: float, x1: float) -> None:
    """Slab and asphalt."""
    middle, length = (x0 + x1) / 2, x1 - x0
    slab = (length, DECK_WIDTH_M, SLAB_M)
    scene.box((middle, 0, SOFFIT_M + SLAB_M / 2), slab, pieces.concrete)
    lanes = np.array([-ROAD_HALF_M, -1.2, 1.2, ROAD_HALF_M])
    gx, gy = np.meshgrid(np.linspace(x0, x1, 13), lanes)
    top = np.stack([gx, gy, np.full_like(gx, -0.01)], axis=2)
    scene.sheet(top, pieces.road, top[..., :2])


def _add_girders(scene: Scene, steel: Part, x0: float, x1: float) -> None:
    """I-girders with stiffeners every 3 m, and cross frames."""
    middle, length = (x0 + x1) / 2, x1 - x0
    web = SOFFIT_M - GIRDER_DEPTH_M / 2
    for y in (np.arange(GIRDERS) - (GIRDERS - 1) / 2) * GIRDER_PITCH_M:
        scene.box((middle, y, web), (length, 0.02, GIRDER_DEPTH_M), steel)
        scene.box((middle, y, SOFFIT_M - 0.02), (length, 0.35, 0.04), steel)
        scene.box((middle, y, SOFFIT_M - GIRDER_DEPTH_M), (length, 0.5, 0.04), steel)
        for x in np.arange(x0 + 0.3, x1, 3.0):
            scene.box((x, y, web), (0.015, 0.3, GIRDER_DEPTH_M), steel)
    frame_size = (0.02, (GIRDERS - 1) * GIRDER_PITCH_M, GIRDER_DEPTH_M * 0.7)
    for x in np.linspace(x0 + 0.4, x1 - 0.4, 6):
        scene.box((x, 0, web), frame_size, steel)


def _add_railing(
    scene: Scene, rail: Part, y: float, stretch: tuple[float, float]
) -> None:
    """Posts every 2 m and three rails to 1.25 m."""
    x0, x1 = stretch
    for x in np.arange(x0 + 0.5, x1, 2.0):
        scene.box((x, y, 0.78), (0.12, 0.14, 1.0), rail)
    for z in (0.62, 0.92, 1.25):
        scene.box(((x0 + x1) / 2, y, z), (x1 - x0, 0.07, 0.07), rail)


def _add_torn_railing(scene: Scene, rail: Part, y: float) -> None:
    """Rails bent outwards over the gap."""
    bent = replace(rail, damage=rail.damage or Damage.DEFORMATION)
    a, b = RAIL_GAP_M
    knee = ((a + b) / 2, y - 1.2, -0.3)
    scene.beam((a, y, 0.9), knee, (0.07, 0.07), bent)
    scene.beam(knee, (b - 0.5, y - 0.5, 0.2), (0.07, 0.07), bent)


def _add_girder_span(
    scene: Scene, pieces: Pieces, length: float, *, torn_railing: bool
) -> None:
    """Deck, girders, kerbs and railing of one span."""
    x0, x1 = JOINT_GAP_M / 2, length - JOINT_GAP_M / 2
    _add_deck(scene, pieces, x0, x1)
    _add_girders(scene, pieces.steel, x0, x1)
    for side in (-1, 1):
        y = side * (DECK_WIDTH_M / 2 - 0.28)
        scene.box((length / 2, y, 0.10), (x1 - x0, 0.56, 0.36), pieces.clean)
        walk = side * (DECK_WIDTH_M / 2 - 0.95)
        scene.box((length / 2, walk, 0.02), (x1 - x0, 0.8, 0.18), pieces.clean)
        if torn_railing and side < 0:
            _add_railing(scene, pieces.rail, y, (x0, RAIL_GAP_M[0]))
            _add_railing(scene, pieces.rail, y, (RAIL_GAP_M[1], x1))
            _add_torn_railing(scene, pieces.rail, y)
        else:
            _add_railing(scene, pieces.rail, y, (x0, x1))


def _add_truss_side(scene: Scene, pieces: Pieces, xs: Array, y: float) -> None:
    """Warren truss with verticals: chords, diagonals, rails."""
    steel, panels = pieces.steel, len(xs) - 1
    low, high = TRUSS_LOW_M, TRUSS_HIGH_M
    scene.beam((xs[0], y, low), (xs[-1], y, low), (0.45, 0.55), steel)
    scene.beam((xs[1], y, high), (xs[-2], y, high), (0.45, 0.55), steel)
    for k in range(panels):
        z0, z1 = (low, high) if k % 2 == 0 else (high, low)
        width = 0.45 if k in (0, panels - 1) else 0.34
        scene.beam((xs[k], y, z0), (xs[k + 1], y, z1), (width, width), steel)
        if k:
            scene.beam((xs[k], y, low), (xs[k], y, high), (0.26, 0.26), steel)
    length = xs[-1] - xs[0]
    for z in (0.5, 0.9, 1.25):
        scene.box(((xs[0] + xs[-1]) / 2, y * 0.9, z), (length, 0.07, 0.07), pieces.rail)


def _add_truss_span(scene: Scene, pieces: Pieces, length: float) -> None:
    """Through truss: panels near 9 m, portals, top bracing, floor beams."""
    half, panels = DECK_WIDTH_M / 2 + 0.5, max(4, round(length / PANEL_M / 2) * 2)
    xs, high = np.linspace(0.3, length - 0.3, panels + 1), TRUSS_HIGH_M
    _add_deck(scene, pieces, JOINT_GAP_M / 2, length - JOINT_GAP_M / 2)
    for y in (-half, half):
        _add_truss_side(scene, pieces, xs, y)
    for x in xs:
        low_ends = ((x, -half, TRUSS_LOW_M), (x, half, TRUSS_LOW_M))
        scene.beam(*low_ends, (0.35, 0.9), pieces.steel)
    for x, after in pairwise(xs[1:]):
        scene.beam((x, -half, high), (x, half, high), (0.25, 0.3), pieces.steel)
        if after < xs[-1]:
            for y in (-half, half):
                brace = ((x, y, high), (after, -y, high))
                scene.beam(*brace, (0.15, 0.15), pieces.steel)


def displacement_of(bridge: Bridge, ground: Array) -> tuple[Array, Damage]:
    """How the struck span moved in its own frame, and the damage that this is.

    Args:
        bridge: Grade 2 shifts it, 3 turns it, 4 drops its near end to the ground.
        ground: Ground level under each support, in the bridge's frame.
    """
    far_end = (bridge.span_m, 0.0, 0.0)
    if bridge.grade == 2:
        return shift((0, 0.10, -0.07)), Damage.DISPLACEMENT
    if bridge.grade == 3:
        yaw = turn((0, 0, 1), 0.9, far_end, (0, 0.45, 0))
        return yaw @ turn((0, 1, 0), 0.7, far_end), Damage.DISPLACEMENT
    if bridge.grade == 4:
        drop_m = 0.93 * float(-ground[bridge.hit] - 0.3)
        angle = float(np.degrees(np.arcsin(min(0.9, drop_m / bridge.span_m))))
        hinged = turn((0, 1, 0), -angle, far_end, (0.6, 0, 0))
        return hinged @ turn((1, 0, 0), 5), Damage.COLLAPSE
    return np.eye(4), Damage.NONE


def _crack_deck(scene: Scene, road: Part, rng: np.random.Generator) -> None:
    """Three cracks of 2 to 6 mm across the asphalt."""
    for _ in range(3):
        spot = (rng.uniform(4, 30), rng.uniform(-3, 3), 0)
        style = CrackStyle(
            length_m=float(rng.uniform(1, 2.5)), width_mm=float(rng.uniform(2, 6))
        )
        on = face(road, spot, (1, 0, 0), (0, 1, 0))
        crack(scene, on, (0, 0), float(rng.uniform(60, 120)), style, rng)


def _add_span(
    scene: Scene, bridge: Bridge, k: int, ground: Array, rng: np.random.Generator
) -> None:
    """One span where it belongs, or where it went."""
    pieces, struck = pieces_of(bridge.asset), k == bridge.hit
    move, damage = np.eye(4), Damage.NONE
    if struck:
        move, damage = displacement_of(bridge, ground)
    with scene.moved(shift((k * bridge.span_m, 0, 0)) @ move):
        if k == bridge.truss_span:
            _add_truss_span(scene, pieces.marked(damage), bridge.span_m)
        else:
            _add_girder_span(
                scene,
                pieces.marked(damage),
                bridge.span_m,
                torn_railing=struck and bridge.grade >= 1,
            )
        if struck and bridge.grade in (1, 2):
            _crack_deck(scene, pieces.road, rng)
    if not (struck and bridge.grade >= 3):
        joint = replace(pieces.steel, tint=(0.35, 0.35, 0.37), wear=0.3)
        size = (JOINT_GAP_M, DECK_WIDTH_M - 1.2, 0.05)
        scene.box((k * bridge.span_m, 0, -0.03), size, joint)


def add_bridge(
    scene: Scene, bridge: Bridge, ground: Array, rng: np.random.Generator
) -> Array:
    """Add a bridge.

    Args:
        scene: What it is added to.
        bridge: Its shape and grade.
        ground: Ground level under each of the spans + 1 supports, in its own frame.
        rng: Of its marks.

    Returns:
        Corners of its bounding box, shape (8, 3), scene metres.
    """
    pieces = pieces_of(bridge.asset)
    with scene.moved(frame(bridge.origin, (*bridge.direction, 0.0))):
        for k in range(bridge.spans):
            _add_span(scene, bridge, k, ground, rng)
        for k in range(1, bridge.spans):
            sheared = bridge.grade == 3 and k == bridge.hit + 1
            marked = k in (bridge.hit, bridge.hit + 1)
            with scene.moved(shift((k * bridge.span_m, 0, 0))):
                level = float(ground[k])
                bearing = replace(pieces.steel, tint=(0.3, 0.3, 0.3), wear=0.6)
                add_pier(
                    scene, pieces.concrete, bearing, (level, SEAT_M), sheared=sheared
                )
                grade = bridge.grade if marked else 0
                mark_pier(scene, pieces.concrete, (level, SEAT_M), grade, rng)
        for x, side, level in ((0.0, -1, ground[0]), (bridge.length_m, 1, ground[-1])):
            with scene.moved(shift((x, 0, 0))):
                levels = (float(level) - 2, SEAT_M)
                add_abutments(scene, pieces.concrete, side, levels, DECK_WIDTH_M)
        low = float(min(ground))
        corners = [
            [x, y, z] for x in (0, bridge.length_m) for y in (-6, 6) for z in (low, 1.3)
        ]
        return scene.world(corners)
