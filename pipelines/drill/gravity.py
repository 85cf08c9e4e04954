"""A concrete gravity dam: monoliths of 15 m, four gated bays, parapets, a crest road.

Local frame: x along the crest, y downstream, z up, 0 at crest level.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.marks import CrackStyle, crack, face, seep, spall, stain
from pipelines.drill.scene import Array, Part, Scene, turn

if TYPE_CHECKING:
    from pipelines.drill.marks import Face

MONOLITH_M, CREST_M = 15.0, 6.0
HALF_M = CREST_M / 2
BATTER = 0.8  # metres downstream per metre down
HEAD_M = 5.0  # the upright part below the crest
FOOTING_M = 6.0  # below the height that is seen
SETTLED_M = -0.35  # crest of the displaced monoliths at D2 and D3
BREACH_SHARE = 0.45  # depth of the breach in heights
GATE_RADIUS_M, GATE_AXIS = 11.0, (9.0, -5.2)  # y, z of the trunnion, less the radius
DOWN = np.array([0, BATTER, -1.0]) / np.hypot(1, BATTER)  # along the face
CRACK_MM = {1: 4.0, 2: 12.0, 3: 25.0, 4: 30.0}


@dataclass(frozen=True, kw_only=True)
class _Build:
    """One gravity dam under construction."""

    scene: Scene
    concrete: Part
    steel: Part
    road: Part
    length_m: float
    height_m: float
    grade: int
    rng: np.random.Generator

    @property
    def blocks(self) -> int:
        """Number of monoliths."""
        return int(self.length_m // MONOLITH_M)

    @property
    def depth_m(self) -> float:
        """From the crest to the footing."""
        return self.height_m + FOOTING_M

    @property
    def toe_m(self) -> float:
        """Where the downstream toe lies at the footing, y."""
        return HALF_M + BATTER * (self.depth_m - HEAD_M)


def add_gravity(
    scene: Scene,
    asset: int,
    size: tuple[float, float],
    grade: int,
    rng: np.random.Generator,
) -> None:
    """Add a gravity dam of length and height `size` in its own frame."""
    concrete = Part(
        component=Component.DAM, asset=asset, wear=0.6, seed=asset * 101 + 1
    )
    steel = replace(
        concrete,
        material=Material.PAINTED_STEEL,
        tint=(0.75, 0.28, 0.16),
        wear=0.35,
        seed=asset,
    )
    road = Part(
        component=Component.ROAD,
        asset=asset,
        material=Material.ASPHALT,
        wear=0.5,
        seed=asset + 5,
    )
    build = _Build(
        scene=scene,
        concrete=concrete,
        steel=steel,
        road=road,
        length_m=size[0],
        height_m=size[1],
        grade=grade,
        rng=rng,
    )
    _add_blocks(build)
    _add_training_walls(build)
    _mark(build)


def _top_of(build: _Build, block: int) -> tuple[float, Damage]:
    """Level of a monolith's top, and what is wrong with it."""
    beside = block - build.blocks // 2 - 2  # 0 and 1 are next to the bays
    if build.grade == 4 and beside in (0, 1):
        share = BREACH_SHARE if beside == 0 else BREACH_SHARE / 2
        return -share * build.height_m, Damage.COLLAPSE
    if build.grade in (2, 3) and beside in (0, 1):
        return SETTLED_M, Damage.DISPLACEMENT
    return 0.0, Damage.NONE


def _add_blocks(build: _Build) -> None:
    """Every monolith, every bay, and the water where one is gone."""
    middle = build.blocks // 2
    for k in range(build.blocks):
        x0, x1 = k * MONOLITH_M + 0.01, (k + 1) * MONOLITH_M - 0.01
        wear = 0.45 + 0.3 * float(build.rng.random())
        part = replace(build.concrete, seed=build.concrete.seed + k, wear=wear)
        if middle - 2 <= k < middle + 2:
            _add_bay(build, x0, x1, part, bent=build.grade == 3 and k == middle)
            continue
        top, damage = _top_of(build, k)
        _add_monolith(build, x0, x1, top, replace(part, damage=damage))
        if damage == Damage.COLLAPSE:
            _strew_blocks(build, x0, x1)
        if damage == Damage.COLLAPSE and k == middle + 2:
            _add_jet(build, x0, x1, top)


def _add_monolith(build: _Build, x0: float, x1: float, top: float, part: Part) -> None:
    """One block; its head with road and parapets where it still stands."""
    scene, middle, length = build.scene, (x0 + x1) / 2, x1 - x0
    if top > -HEAD_M:
        head = np.array([[-1, -HEAD_M], [1, -HEAD_M], [1, top], [-1, top]])
        scene.profile(head * [HALF_M, 1], x0, x1, part)
        gx, gy = np.meshgrid([x0, x1], [0.5 - HALF_M, HALF_M - 0.5])
        lane = np.stack([gx, gy, np.full_like(gx, top + 0.03)], axis=2)
        scene.sheet(lane, build.road, lane[..., :2])
        for y in (0.15 - HALF_M, HALF_M - 0.15):
            scene.box((middle, y, top + 0.55), (length, 0.3, 1.1), part)
    upper = min(-HEAD_M, top)
    shoulder = HALF_M + BATTER * (-HEAD_M - upper)
    body = [[-HALF_M, upper], [shoulder, upper]]
    foot = [[build.toe_m, -build.depth_m], [-HALF_M, -build.depth_m]]
    scene.profile(np.array([*body, *foot]), x0, x1, part)


def _strew_blocks(build: _Build, x0: float, x1: float) -> None:
    """Broken concrete below a breach."""
    rng = build.rng
    part = replace(build.concrete, damage=Damage.DEBRIS, wear=0.2)
    for _ in range(26):
        s, up = rng.uniform(0.8, 3.5), rng.uniform(1.5, 5) - build.height_m
        at = (rng.uniform(x0, x1), rng.uniform(10, 55), up)
        tumble = turn(rng.normal(size=3), float(rng.uniform(0, 180)), by=at)
        with build.scene.moved(tumble):
            build.scene.box((0, 0, 0), (s, s * 0.7, s * 0.6), part)


def _add_jet(build: _Build, x0: float, x1: float, top: float) -> None:
    """White water through a breach and down the face."""
    water = Part(
        component=Component.WATER,
        material=Material.WATER,
        wear=1.0,
        damage=Damage.COLLAPSE,
        tint=(2.2, 1.9, 1.5),
        asset=build.concrete.asset,
    )
    shoulder = HALF_M + BATTER * (-HEAD_M - top)
    ys = np.linspace(-8, build.toe_m + 30, 24)
    falling = top + 1.6 - (ys - shoulder) / BATTER
    zs = np.where(ys < shoulder, top + 1.4, falling)
    gx, gy = np.meshgrid([x0 + 0.4, x1 - 0.4], ys)
    gz = np.maximum(np.repeat(zs[:, None], 2, axis=1), 2.5 - build.height_m)
    jet = np.stack([gx, gy, gz], axis=2)
    build.scene.sheet(jet, water, jet[..., :2])


def _add_training_walls(build: _Build) -> None:
    """Walls that guide the spill, beside the bays."""
    run = BATTER * build.depth_m
    for k in (-2, 2):
        x = (build.blocks // 2 + k) * MONOLITH_M
        at = (x, HALF_M + run / 2 + 6, 1 - build.height_m)
        build.scene.box(at, (1.2, run + 34, 12), build.concrete)


def _add_bay(build: _Build, x0: float, x1: float, part: Part, *, bent: bool) -> None:
    """A spillway bay: sill 9 m below the crest, two half piers, a bridge, a gate."""
    scene, deep, middle = build.scene, -build.depth_m, (x0 + x1) / 2
    sill = [[-HALF_M, -9.6], [-1.5, -9.0], [1.5, -9.3], [5.5, -12.0]]
    foot = [[build.toe_m, deep], [-HALF_M, deep]]
    scene.profile(np.array([*sill, *foot]), x0, x1, replace(part, wear=0.85))
    nose = [[HALF_M + 3.5, deep], [HALF_M + 5, -11.0], [HALF_M, 0.0]]
    pier = np.array([[-HALF_M - 2, deep], *nose, [-HALF_M - 2, 0.0]])
    for x in (x0 + 0.75, x1 - 0.75):
        scene.profile(pier, x - 0.75, x + 0.75, part)
        scene.box((x, 0, 3.2), (1.5, 4.0, 4.4), replace(part, wear=0.2))
    scene.box((middle, 0, -0.35), (x1 - x0, CREST_M, 0.7), part)
    for y in (0.15 - HALF_M, HALF_M - 0.15):
        scene.box((middle, y, 0.55), (x1 - x0, 0.3, 1.1), part)
    gate = replace(build.steel, damage=Damage.DEFORMATION) if bent else build.steel
    _add_gate(scene, gate, np.linspace(x0 + 1.5, x1 - 1.5, 14), bent=bent)


def _gate_skin(columns: Array, *, bent: bool) -> Array:
    """Points (rows, columns, 3) of a radial gate; a bent one is dented by 1.5 m."""
    gx, angle = np.meshgrid(columns, np.linspace(-0.42, 0.32, 12))
    across = (gx - columns.mean()) / 6
    dent = np.exp(-(((angle + 0.1) / 0.25) ** 2))
    dent *= 1.5 * bent * np.cos(np.clip(across, -1, 1) * 1.5) ** 2
    y = GATE_AXIS[0] - GATE_RADIUS_M * np.cos(angle) + dent
    z = GATE_AXIS[1] + GATE_RADIUS_M * np.sin(angle + 0.07 * bent * across)
    return np.stack([gx, y, z], axis=2)


def _add_gate(scene: Scene, gate: Part, columns: Array, *, bent: bool) -> None:
    """Skin, three ribs and four arms."""
    skin = _gate_skin(columns, bent=bent)
    scene.sheet(skin, gate, skin[..., [0, 2]])
    rib = np.array([0.0, 0.3, 0.0])
    for row in (2, 5, 8):
        for a, b in zip(skin[row, :-1], skin[row, 1:], strict=True):
            scene.beam(a + rib, b + rib, (0.25, 0.45), gate)
    for column in (1, -2):
        for row in (2, 8):
            trunnion = (columns[column], 7.5, GATE_AXIS[1])
            scene.beam(skin[row, column], trunnion, (0.35, 0.35), gate)


def _slope_at(build: _Build, x: float) -> Face:
    """The downstream face, from the foot of the head at `x` downwards."""
    return face(build.concrete, (x, HALF_M, -HEAD_M), (1, 0, 0), -DOWN)


def _mark(build: _Build) -> None:
    """Lime on the face; cracks from D1, wet spots from D2."""
    rng, length = build.rng, build.length_m
    for _ in range(14):
        on = _slope_at(build, float(rng.uniform(5, length - 5)))
        size = (float(rng.uniform(0.2, 0.7)), float(rng.uniform(1.5, 5)))
        stain(build.scene, on, (0, -float(rng.uniform(2, 25))), size, rng)
    if build.grade >= 1:
        middle = build.blocks // 2
        for k in (middle - 3, middle + (3 if build.grade < 4 else 4)):
            _crack_block(build, k)
        x = (middle - 2.6) * MONOLITH_M
        on = face(build.concrete, (x, HALF_M, 0), (1, 0, 0), (0, 0, 1))
        spall(build.scene, on, (0, 0.4), (0.8, 0.45), rng)
    for _ in range(0 if build.grade < 2 else 3 * build.grade - 3):
        on = _slope_at(build, float(rng.uniform(0.2, 0.8)) * length)
        size = (float(rng.uniform(0.8, 1.8)), float(rng.uniform(3, 8)))
        seep(build.scene, on, (0, -float(rng.uniform(8, 22))), size, rng)


def _crack_block(build: _Build, block: int) -> None:
    """Cracks over the crest, down the head and down the slope of one monolith."""
    rng, grade, concrete = build.rng, build.grade, build.concrete
    x, top = (block + 0.5) * MONOLITH_M, _top_of(build, block)[0]
    top = max(top, SETTLED_M)

    def style(length_m: float, branches: int, rough: float = 0.26) -> CrackStyle:
        return CrackStyle(
            length_m=length_m, width_mm=CRACK_MM[grade], branches=branches, rough=rough
        )

    crest = face(concrete, (x, 0, top + 0.04), (1, 0, 0), (0, 1, 0))
    crack(build.scene, crest, (0, -2.4), 85, style(5.0, 3, 0.25), rng)
    head = face(concrete, (x, HALF_M, 0), (-1, 0, 0), (0, 0, 1))
    crack(build.scene, head, (0, -0.1), -88, style(4.8, 2), rng)
    slope = _slope_at(build, x)
    crack(build.scene, slope, (0, 0), -80, style(9.0 + 3 * grade, 4), rng)
