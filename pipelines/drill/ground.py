"""A river valley as a height field, from a seed, with maps of what covers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipelines.drill.kernel import kernel
from pipelines.drill.labels import Component, Material
from pipelines.drill.noise import fbm
from pipelines.drill.scene import Array, Part, Scene

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FOREST, GRAVEL, FIELDS, SLIDE = range(4)  # layers of `Ground.cover`
STEP_M = 2.0
LENGTH_M, WIDTH_M = 1200.0, 800.0
RIVER_SLOPE = 0.008
ROAD_STATION_M = 3.0


def smooth(low: ArrayLike, high: ArrayLike, x: ArrayLike) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    start = np.asarray(low, float)
    t = np.clip(
        (np.asarray(x, float) - start) / (np.asarray(high, float) - start), 0, 1
    )
    return np.asarray(t * t * (3 - 2 * t))


@kernel
def _fbm_grid(x: Array, y: Array, seed: int, wavelength: float, octaves: int) -> Array:
    """Fractal noise at every point of a grid."""
    out = np.empty(x.shape)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = fbm(x[i, j], y[i, j], seed, wavelength, octaves, 0.01)
    return out


@dataclass
class Ground:
    """Heights on a grid, row along y, column along x, plus cover maps.

    `cover` has the shape (rows, columns, 4): forest, gravel, fields, slide, 0 to 1.
    `reservoir` is the x of the dam that holds it and its level.
    """

    x: Array
    y: Array
    height: Array
    cover: Array
    seed: int
    crops: bool = True
    reservoir: tuple[float, float] | None = None
    roads: list[Array] = field(default_factory=list)

    @property
    def step_m(self) -> float:
        """Distance between grid points."""
        return float(self.x[1] - self.x[0])

    def mesh(self) -> tuple[Array, Array]:
        """The x and the y of every grid point."""
        gx, gy = np.meshgrid(self.x, self.y)
        return gx, gy

    def at(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Bilinear height."""
        step, h = self.step_m, self.height
        c = np.clip((np.asarray(x, float) - self.x[0]) / step, 0, len(self.x) - 1.001)
        r = np.clip((np.asarray(y, float) - self.y[0]) / step, 0, len(self.y) - 1.001)
        i, j = r.astype(int), c.astype(int)
        fr, fc = r - i, c - j
        low = h[i, j] * (1 - fc) + h[i, j + 1] * fc
        high = h[i + 1, j] * (1 - fc) + h[i + 1, j + 1] * fc
        return np.asarray(low * (1 - fr) + high * fr)

    def cover_at(self, x: ArrayLike, y: ArrayLike, layer: int) -> Array:
        """Cover of the cell that holds a point."""
        i = (np.asarray(y, float) - self.y[0]) / self.step_m
        j = (np.asarray(x, float) - self.x[0]) / self.step_m
        i, j = np.clip(i, 0, len(self.y) - 1), np.clip(j, 0, len(self.x) - 1)
        return np.asarray(self.cover[i.astype(int), j.astype(int), layer])

    def inside(self, x: float, y: float, *, margin_m: float = 0.0) -> bool:
        """Within the grid by a margin."""
        in_x = self.x[0] + margin_m < x < self.x[-1] - margin_m
        return bool(in_x and self.y[0] + margin_m < y < self.y[-1] - margin_m)


def river(x: ArrayLike) -> tuple[Array, Array, Array]:
    """Centre y, half width of the water and water level of the river at x."""
    x = np.asarray(x, float)
    width = 13 + 15 * smooth(-300, 100, x)
    return 22 * np.sin(x / 150), width, np.asarray(98.2 - RIVER_SLOPE * x)


def valley(seed: int) -> Ground:
    """A gorge at negative x that opens into a plain with levees, paddies and slopes."""
    x = np.arange(-LENGTH_M / 2, LENGTH_M / 2 + STEP_M, STEP_M)
    y = np.arange(-WIDTH_M / 2, WIDTH_M / 2 + STEP_M, STEP_M)
    gx, gy = np.meshgrid(x, y)
    centre, half, level = river(gx)
    off = np.abs(gy - centre)
    floor = 8 + 125 * smooth(-260, 60, gx)
    wall = np.maximum(0, off - np.maximum(floor, half + 6))
    relief = _fbm_grid(gx, gy, seed, 140.0, 6)
    slope = 100 * (1 - np.exp(-wall / 130)) * (1 + 0.25 * relief)
    height = level + 2.2 + slope + relief * 12 * smooth(5, 60, wall)
    channel = half + 14 * smooth(-260, 0, gx)
    bars = 10 * _fbm_grid(gx, gy, seed + 7, 45.0, 4)
    bed = level - 1.6 + 2.4 * smooth(half - 8, half + 10, off + bars)
    inside = 1 - smooth(channel - 2, channel + 5, off)
    height = height * (1 - inside) + np.minimum(bed, height) * inside
    bank = np.exp(-(((off - channel - 13) / 6.0) ** 4))
    cover = np.zeros((*gx.shape, 4))
    woods = smooth(-0.45, 0.1, _fbm_grid(gx, gy, seed + 3, 90.0, 3))
    cover[..., FOREST] = smooth(3, 14, wall) * woods
    cover[..., GRAVEL] = inside
    plain = (wall <= 0) & (off > channel + 24)
    cover[..., FIELDS] = plain * smooth(-120, -60, gx)
    return Ground(x, y, height + 3.2 * smooth(-150, -20, gx) * bank, cover, seed)


def flat(seed: int, half_width_m: float) -> Ground:
    """Level bare ground round the origin."""
    axis = np.arange(-half_width_m, half_width_m + STEP_M, STEP_M)
    shape = (len(axis), len(axis))
    return Ground(axis, axis, np.zeros(shape), np.zeros((*shape, 4)), seed)


def carve_road(ground: Ground, line: Array) -> None:
    """Raise or cut the ground so that it carries a road along `line` (n, 3)."""
    gx, gy = ground.mesh()
    near, level = np.full(gx.shape, np.inf), np.zeros(gx.shape)
    for a, b in pairwise(line):
        along = b[:2] - a[:2]
        t = ((gx - a[0]) * along[0] + (gy - a[1]) * along[1]) / (along @ along)
        t = np.clip(t, 0, 1)
        d = np.hypot(gx - a[0] - t * along[0], gy - a[1] - t * along[1])
        level = np.where(d < near, a[2] + t * (b[2] - a[2]), level)
        near = np.minimum(near, d)
    weight = 1 - smooth(5.0, 14.0, near)
    ground.height = ground.height * (1 - weight) + (level - 0.25) * weight
    for kind in (FOREST, FIELDS):
        ground.cover[..., kind] *= smooth(7.0, 13.0, near)
    ground.roads.append(line)


def add_slide(
    ground: Ground,
    centre: tuple[float, float],
    direction: tuple[float, float],
    *,
    length_m: float,
    width_m: float,
) -> None:
    """A landslide: a scar above, a tongue of debris below, bare soil over both."""
    gx, gy = ground.mesh()
    d = np.asarray(direction) / np.linalg.norm(direction)
    along = (gx - centre[0]) * d[0] + (gy - centre[1]) * d[1]
    across = (gx - centre[0]) * -d[1] + (gy - centre[1]) * d[0]
    ragged = _fbm_grid(gx, gy, ground.seed + 31, 18.0, 4)
    wider = 1 + 0.3 * smooth(-length_m / 2, length_m / 2, along)
    radius = np.hypot(along / (length_m / 2), across / (width_m / 2) / wider)
    inside = 1 - smooth(0.85, 1.05, radius + 0.25 * ragged)
    scar = -3.5 * np.exp(-(((along + length_m * 0.28) / (length_m * 0.25)) ** 2))
    tongue = 3.2 * np.exp(-(((along - length_m * 0.30) / (length_m * 0.22)) ** 2))
    ground.height += inside * (scar + tongue * (1 + 0.5 * ragged))
    bare = np.maximum(ground.cover[..., SLIDE], inside)
    ground.cover[..., SLIDE] = bare
    for kind in (FOREST, FIELDS):
        ground.cover[..., kind] *= 1 - inside


def add_ground(scene: Scene, ground: Ground) -> None:
    """Surface of the ground."""
    gx, gy = ground.mesh()
    part = Part(component=Component.SLOPE, material=Material.GROUND, seed=ground.seed)
    surface = np.stack([gx, gy, ground.height], axis=2)
    scene.sheet(surface, part, surface[..., :2])


def add_water(scene: Scene, ground: Ground) -> None:
    """The river, and the reservoir where there is one."""
    part = Part(
        component=Component.WATER, material=Material.WATER, wear=0.0, seed=ground.seed
    )
    start = ground.x[0] if ground.reservoir is None else ground.reservoir[0]
    xs = np.arange(start, ground.x[-1], 10.0)
    centre, half, level = river(xs)
    sides = np.linspace(-1, 1, 9)
    strips = [np.stack([xs, centre + s * (half + 25), level], axis=1) for s in sides]
    rows = np.stack(strips)
    scene.sheet(rows, part, rows[:, :, :2])
    if ground.reservoir is not None:
        dam_x, level_m = ground.reservoir
        across = np.linspace(ground.y[0], ground.y[-1], 40)
        px, py = np.meshgrid(np.linspace(ground.x[0], dam_x, 20), across)
        lake = np.stack([px, py, np.full_like(px, level_m)], axis=2)
        scene.sheet(lake, part, lake[..., :2])


def add_road(
    scene: Scene, line: Array, part: Part, *, half_width_m: float = 3.6
) -> None:
    """A paved strip along `line` (n, 3); u runs along, v across from the middle."""
    steps = np.linalg.norm(np.diff(line, axis=0)[:, :2], axis=1)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    stations = np.arange(0, length[-1], ROAD_STATION_M)
    centre = np.stack([np.interp(stations, length, line[:, k]) for k in range(3)], 1)
    tangent = np.gradient(centre[:, :2], axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    across = np.c_[-tangent[:, 1], tangent[:, 0], 0 * stations]
    offsets = np.linspace(-half_width_m, half_width_m, 5)
    grid = centre[None] + offsets[:, None, None] * across[None]
    grid[..., 2] += 0.11  # above the bed that was carved for it
    uv = np.stack(np.broadcast_arrays(stations[None], offsets[:, None]), axis=2)
    scene.sheet(grid, part, uv)


def smooth_line(points: list[tuple[float, float, float]]) -> Array:
    """A smooth line through way points.

    Source:
        Catmull and Rom (1974).
    """
    p = np.array([points[0], *points, points[-1]], float)
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.concatenate([*pieces, p[-1:]])
