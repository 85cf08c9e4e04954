"""An embankment dam: riprap 1 : 2.5 upstream, grass 1 : 2 downstream with a berm.

Local frame: x along the crest, y downstream, z up, 0 at crest level. Damage bends the
surface itself; `surface` is also what an elevation model of the dam would hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import map_coordinates

from pipelines.drill.ground import smooth
from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.marks import CrackStyle, crack, face, seep
from pipelines.drill.scene import Array, Part, Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CREST_HALF_M = 5.0
UPSTREAM_RUN, DOWNSTREAM_RUN = 2.5, 2.0  # metres out per metre down
BERM_START_M, BERM_M = 30.0, 4.0  # horizontal distance below the crest, and width
UPSTREAM_REACH, DOWNSTREAM_REACH = 2.5, 2.3  # heights from the axis to the edge
STRUCK_SHARE = 0.55  # of the length, where the middle of the damage lies
BREACH_SHARE, BREACH_HALF_M, BREACH_SIDE = 0.75, 9.0, 1.4
CRACK_MM = {1: 12.0, 2: 40.0, 3: 90.0}
GUARD_Y_M = (-4.2, 4.2)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Height of a dam on a grid of 1 m: row along y, column along x.

    `damage` holds the damage class of every point.
    """

    x: Array
    y: Array
    height: Array
    damage: NDArray[np.int64]

    def at(self, x: Array, y: Array) -> Array:
        """Bilinear height, of the edge outside."""
        where = [np.asarray(y) - self.y[0], np.asarray(x) - self.x[0]]
        found = map_coordinates(self.height, where, order=1, mode="nearest")
        return np.asarray(found, float)


def surface(length_m: float, height_m: float, grade: int) -> Surface:
    """The dam's surface as its grade left it."""
    x = np.arange(0, length_m + 1, 1.0)
    y = np.arange(-UPSTREAM_REACH * height_m, DOWNSTREAM_REACH * height_m, 1.0)
    gx, gy = np.meshgrid(x, y)
    down = np.maximum(gy - CREST_HALF_M, 0)
    z = -np.maximum(-CREST_HALF_M - gy, 0) / UPSTREAM_RUN
    z -= (down - np.clip(down - BERM_START_M, 0, BERM_M)) / DOWNSTREAM_RUN
    damage = np.zeros(gx.shape, np.int64)
    bend = {2: _settle, 3: _slide, 4: _breach}.get(grade)
    if bend is not None:
        z, damage = bend(gx, gy, z, (length_m, height_m))
    return Surface(x=x, y=y, height=z, damage=damage)


def _settle(
    gx: Array, gy: Array, z: Array, size: tuple[float, float]
) -> tuple[Array, NDArray[np.int64]]:
    """D2: the crest sags by 0.55 m over a third of its length."""
    u = (gx - STRUCK_SHARE * size[0]) / (0.16 * size[0])
    off = np.maximum(np.abs(gy) - 6, 0) / 6
    sink = 0.55 * np.exp(-(u**2) - off**2)
    return z - sink, np.where(sink > 0.15, int(Damage.DEFORMATION), 0)


def _slide(
    gx: Array, gy: Array, z: Array, size: tuple[float, float]
) -> tuple[Array, NDArray[np.int64]]:
    """D3: a slide 56 m wide on the downstream slope: scar -6 m, steps, tongue +4 m."""
    u = (gx - STRUCK_SHARE * size[0]) / (0.16 * size[0])
    ragged = 0.05 * np.sin(gx * 0.9) + 0.04 * np.sin(gx * 0.31 + gy * 0.2)
    inside = smooth(1.02, 0.93, np.hypot(u * 1.2, (gy - 30) / 28) + ragged)
    tongue = 4.0 * np.exp(-(((gy - 48) / 8) ** 2))
    bent = gy + 4.0 * np.sin(gx * 0.09) + 1.5 * np.sin(gx * 0.41)
    phase = (bent / 11.0) % 1.0  # blocks that slid one behind the other
    steps = np.where(phase < 0.7, 1.0 - phase / 0.35, phase / 0.15 - 17 / 3)
    lumps = 0.4 * np.sin(gy * 1.1 + np.sin(gx * 0.5))
    moved = inside * (-6.0 * smooth(38, 6, gy) + tongue + steps + lumps)
    return z + moved, np.where(inside > 0.3, int(Damage.DISPLACEMENT), 0)


def _breach(
    gx: Array, gy: Array, z: Array, size: tuple[float, float]
) -> tuple[Array, NDArray[np.int64]]:
    """D4: a breach 18 m wide at its sill, three quarters of the height deep."""
    axis = STRUCK_SHARE * size[0] - 1.5 * np.sin(gy * 0.2)
    side = np.maximum(0, np.abs(gx - axis) - BREACH_HALF_M) * BREACH_SIDE
    cut = side - BREACH_SHARE * size[1] - 0.04 * gy
    broken = np.where(cut < z - 0.1, int(Damage.COLLAPSE), 0)
    return np.minimum(z, cut), broken


def add_embankment(
    scene: Scene,
    asset: int,
    size: tuple[float, float],
    grade: int,
    rng: np.random.Generator,
) -> None:
    """Add an embankment dam of length and height `size` in its own frame."""
    body = Part(
        component=Component.DAM, asset=asset, material=Material.ROCK, seed=asset * 7
    )
    road = Part(
        component=Component.ROAD,
        asset=asset,
        material=Material.ASPHALT,
        wear=0.5,
        seed=asset + 5,
    )
    shape = surface(*size, grade)
    _add_body(scene, body, shape)
    _add_crest_road(scene, road, shape, grade)
    if grade == 4:
        _add_outflow(scene, asset, size)
    else:
        _add_guard_rails(scene, replace(body, material=Material.GALVANISED), shape)
    _mark(scene, body, road, shape, grade, rng)


def _zone_part(body: Part, zone: int, damage: Damage) -> Part:
    """Riprap, gravel of crest and berm, or grass; bare earth where it moved."""
    if damage in (Damage.DISPLACEMENT, Damage.COLLAPSE):
        return replace(body, material=Material.SOIL, damage=damage)
    material = (Material.ROCK, Material.SOIL, Material.GRASS)[zone]
    tint = (1.5, 1.6, 1.7) if zone == 1 else (1.0, 1.0, 1.0)
    return replace(body, material=material, damage=damage, tint=tint)


def _add_body(scene: Scene, body: Part, shape: Surface) -> None:
    """The surface, cell by cell in the part of its zone and damage."""
    gx, gy = np.meshgrid(shape.x, shape.y)
    points = np.stack([gx, gy, shape.height], axis=2)
    corners = np.s_[:-1, :-1], np.s_[:-1, 1:], np.s_[1:, 1:], np.s_[1:, :-1]
    quads = np.stack([points[c] for c in corners], axis=2)
    y, damage = gy[:-1, :-1], shape.damage[:-1, :-1]
    berm = CREST_HALF_M + BERM_START_M
    level = (np.abs(y) < CREST_HALF_M) | ((y > berm) & (y < berm + BERM_M))
    zone = np.where(level, 1, np.where(y < 0, 0, 2))
    for k in (0, 1, 2):
        for value in np.unique(damage):
            chosen = (zone == k) & (damage == value)
            if chosen.any():
                part = _zone_part(body, k, Damage(int(value)))
                scene.quads(quads[chosen], part, quads[chosen][..., :2])


def _add_crest_road(scene: Scene, road: Part, shape: Surface, grade: int) -> None:
    """Asphalt on the crest, cut where it is breached."""
    lanes, stretches = np.abs(shape.y) <= 3.01, [np.full(len(shape.x), fill_value=True)]
    if grade == 4:
        depth_m = -float(shape.height[lanes].min())
        gone = BREACH_HALF_M + depth_m / BREACH_SIDE
        off = shape.x - STRUCK_SHARE * shape.x[-1]
        stretches = [off < -gone, off > gone]
    for stretch in stretches:
        gx, gy = np.meshgrid(shape.x[stretch], shape.y[lanes])
        z = shape.height[np.ix_(lanes, stretch)] + 0.06
        lane = np.stack([gx, gy, z], axis=2)
        scene.sheet(lane, road, lane[..., :2])


def _add_outflow(scene: Scene, asset: int, size: tuple[float, float]) -> None:
    """Muddy water through the breach."""
    water = Part(
        component=Component.WATER,
        material=Material.WATER,
        wear=0.9,
        tint=(2.4, 1.9, 1.3),
        asset=asset,
        damage=Damage.COLLAPSE,
    )
    middle, height_m = STRUCK_SHARE * size[0], size[1]
    ys = np.linspace(-UPSTREAM_REACH * height_m, DOWNSTREAM_REACH * height_m + 25, 40)
    gx, gy = np.meshgrid(np.linspace(middle - 12, middle + 12, 9), ys)
    z = 1.8 - BREACH_SHARE * height_m - 0.04 * gy
    stream = np.stack([gx - 1.5 * np.sin(gy * 0.2), gy, z], axis=2)
    scene.sheet(stream, water, np.stack([gx, gy], axis=2))


def _add_guard_rails(scene: Scene, steel: Part, shape: Surface) -> None:
    """A rail on posts every 4 m along both edges of the crest."""
    xs = np.arange(2, shape.x[-1], 4.0)
    for y in GUARD_Y_M:
        rail = np.stack([xs, np.full_like(xs, y), 0.7 + shape.at(xs, 0 * xs + y)], 1)
        for a, b in pairwise(rail):
            scene.beam(a, b, (0.3, 0.06), steel)
            scene.beam(a - [0, 0, 0.7], a, (0.12, 0.12), steel)


def _draped(shape: Surface) -> Callable[[Array], Array]:
    """Lays points on the surface, just above the road."""

    def drape(points: Array) -> Array:
        on = shape.at(points[:, 0], points[:, 1]) + 0.07
        return np.asarray(np.c_[points[:, :2], on])

    return drape


def _mark(
    scene: Scene,
    body: Part,
    road: Part,
    shape: Surface,
    grade: int,
    rng: np.random.Generator,
) -> None:
    """Cracks along the crest from D1 to D3; wet spots at the toe from D2 on."""
    length = float(shape.x[-1])
    if grade in CRACK_MM:
        style = CrackStyle(
            length_m=0.4 * length, width_mm=CRACK_MM[grade], branches=3, rough=0.15
        )
        for y in (-1.2, 2.2):
            start = ((STRUCK_SHARE - 0.2) * length, y, 0.0)
            on = face(road, start, (1, 0, 0), (0, 1, 0), _draped(shape))
            crack(scene, on, (0, 0), 0, style, rng)
    for _ in range(3 if grade >= 2 else 0):
        x = STRUCK_SHARE * length + float(rng.uniform(-30, 30))
        y = float(rng.uniform(48, 66))
        level = float(shape.at(np.array([x]), np.array([y]))[0])
        down = np.array([0, DOWNSTREAM_RUN, -1]) / np.hypot(1, DOWNSTREAM_RUN)
        on = face(body, (x, y, level), (1, 0, 0), down)
        size = (float(rng.uniform(2, 5)), float(rng.uniform(3, 7)))
        seep(scene, on, (0, 0), size, rng)
