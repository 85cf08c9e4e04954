"""A scene is triangles with parts, thin strokes and areal decals.

Builders add to it in local frames, metres throughout; x, y, z of the scene itself are
east, north, up.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.drill.labels import Component, Damage, DecalKind, Material

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[np.float64]
STEEP = 0.95  # a member steeper than this share of its length gets another "up"


@dataclass(frozen=True, kw_only=True)
class Part:
    """What all triangles of one piece have in common; asset 0 is none."""

    component: Component = Component.BACKGROUND
    damage: Damage = Damage.NONE
    asset: int = 0
    material: Material = Material.CONCRETE
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    wear: float = 0.3
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A thin thing drawn with analytic coverage.

    A cable has no normal; a crack has that of the surface it lies in.
    """

    points: Array
    widths_m: Array
    part: Part
    normal: Array | None = None


@dataclass(frozen=True, kw_only=True)
class Decal:
    """A ragged ellipse with half axes `u`, `v`; effective `reach_m` off its plane."""

    kind: DecalKind
    damage: Damage
    centre: Array
    u: Array
    v: Array
    seed: int
    reach_m: float = 0.3


def frame(
    origin: ArrayLike, x_axis: ArrayLike = (1, 0, 0), z_axis: ArrayLike = (0, 0, 1)
) -> Array:
    """4x4 transform of a local frame: x along `x_axis`, z near `z_axis`."""
    x = np.asarray(x_axis, float) / np.linalg.norm(x_axis)
    y = np.cross(np.asarray(z_axis, float), x)
    y /= np.linalg.norm(y)
    result = np.eye(4)
    result[:3, :3] = np.stack([x, y, np.cross(x, y)], axis=1)
    result[:3, 3] = origin
    return result


def shift(by: ArrayLike) -> Array:
    """4x4 translation."""
    result = np.eye(4)
    result[:3, 3] = by
    return result


def turn(
    axis: ArrayLike,
    degrees: float,
    pivot: ArrayLike = (0, 0, 0),
    by: ArrayLike = (0, 0, 0),
) -> Array:
    """4x4 rotation about `axis` through `pivot`, then a shift.

    Source:
        Rodrigues' rotation formula.
    """
    k = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    angle, fixed = np.radians(degrees), np.asarray(pivot, float)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    result = np.eye(4)
    result[:3, :3] = rotation
    result[:3, 3] = fixed - rotation @ fixed + np.asarray(by, float)
    return result


def _flat_uv(quads: Array) -> Array:
    """Surface coordinates of quads: u along the first edge, v across it."""
    u_axis = quads[:, 1] - quads[:, 0]
    u_axis /= np.linalg.norm(u_axis, axis=1, keepdims=True) + 1e-12
    normal = np.cross(u_axis, quads[:, 3] - quads[:, 0])
    v_axis = np.cross(normal, u_axis)
    v_axis /= np.linalg.norm(v_axis, axis=1, keepdims=True) + 1e-12
    along = [np.einsum("nkc,nc->nk", quads, axis) for axis in (u_axis, v_axis)]
    return np.stack(along, axis=2)


def _cells(grid: Array) -> Array:
    """Quads (n, 4, channels) of a grid of values (rows, columns, channels)."""
    corners = [grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]]
    return np.stack(corners, axis=2).reshape(-1, 4, grid.shape[2])


@dataclass
class Scene:
    """Collects geometry; `moved` nests local frames and displacements."""

    parts: list[Part] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    decals: list[Decal] = field(default_factory=list)
    vertices: list[Array] = field(default_factory=list)
    uvs: list[Array] = field(default_factory=list)
    owners: list[NDArray[np.int32]] = field(default_factory=list)
    _transform: Array = field(default_factory=lambda: np.eye(4))
    _index: dict[Part, int] = field(default_factory=dict)

    @contextmanager
    def moved(self, transform: Array) -> Iterator[None]:
        """Everything added inside is transformed."""
        before = self._transform
        self._transform = before @ transform
        try:
            yield
        finally:
            self._transform = before

    @contextmanager
    def in_world_axes(self) -> Iterator[None]:
        """Everything added inside is in scene coordinates already."""
        with self.moved(np.asarray(np.linalg.inv(self._transform), np.float64)):
            yield

    def world(self, points: ArrayLike) -> Array:
        """Local points in scene coordinates."""
        turned = np.asarray(points, float) @ self._transform[:3, :3].T
        return np.asarray(turned + self._transform[:3, 3])

    def triangles(self, corners: Array, uv: Array, part: Part) -> None:
        """Add triangles: corners (n, 3, 3) local, uv (n, 3, 2) on the surface."""
        index = self._index.setdefault(part, len(self.parts))
        if index == len(self.parts):
            self.parts.append(part)
        self.vertices.append(self.world(corners))
        self.uvs.append(np.asarray(uv, float))
        self.owners.append(np.full(len(corners), index, np.int32))

    def quads(self, quads: ArrayLike, part: Part, uv: ArrayLike | None = None) -> None:
        """Add quads (n, 4, 3); uv follows their edges unless given."""
        q = np.asarray(quads, float)
        on = _flat_uv(q) if uv is None else np.asarray(uv, float)
        order = [0, 1, 2, 0, 2, 3]
        corners = q[:, order].reshape(-1, 3, 3)
        self.triangles(corners, on[:, order].reshape(-1, 3, 2), part)

    def sheet(self, grid: Array, part: Part, uv: Array | None = None) -> None:
        """Add a surface given by a grid of points (rows, columns, 3)."""
        self.quads(_cells(grid), part, None if uv is None else _cells(uv))

    def prism(
        self,
        outline: Array,
        centre: ArrayLike,
        height: float,
        part: Part,
        taper: float = 1.0,
    ) -> None:
        """Extrude a convex outline (n, 2) along z; the top is scaled by `taper`."""
        c, n = np.asarray(centre, float), len(outline)
        low = np.c_[outline, np.full(n, -height / 2)] + c
        high = np.c_[outline * taper, np.full(n, height / 2)] + c
        sides = [low, np.roll(low, -1, 0), np.roll(high, -1, 0), high]
        self.quads(np.stack(sides, axis=1), part)
        for ring in (low, high):
            first = np.broadcast_to(ring[0], (n - 2, 3))
            fan = np.stack([first, ring[1:-1], ring[2:]], axis=1)
            self.triangles(fan, fan[:, :, :2], part)

    def box(self, centre: ArrayLike, size: ArrayLike, part: Part) -> None:
        """Add an upright box."""
        length, width, height = np.asarray(size, float)
        half = np.array([length, width]) / 2
        outline = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        self.prism(outline, centre, float(height), part)

    def profile(self, outline: Array, start: float, stop: float, part: Part) -> None:
        """Extrude a convex outline (n, 2) of the y-z plane along x."""
        turned = np.eye(4)
        turned[:3, :3] = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
        with self.moved(turned):
            self.prism(outline, (0, 0, (start + stop) / 2), stop - start, part)

    def beam(
        self,
        start: ArrayLike,
        stop: ArrayLike,
        section: tuple[float, float],
        part: Part,
    ) -> None:
        """Add a straight member; its rectangular section is (width, depth)."""
        place, length = _along(start, stop)
        width, depth = section
        half = np.array([[-width, -depth], [-width, depth], [width, depth]])
        outline = np.concatenate([half, [[width, -depth]]]) / 2
        with self.moved(place):
            self.profile(outline, 0.0, length, part)

    def angle_beam(
        self, start: ArrayLike, stop: ArrayLike, width: float, part: Part
    ) -> None:
        """Add an L section: two crossed plates, as lattice towers have."""
        place, length = _along(start, stop)
        plate = [[0, 0, 0], [length, 0, 0], [length, width, 0], [0, width, 0]]
        flat = np.array(plate)
        with self.moved(place):
            self.quads(np.stack([flat, flat[:, [0, 2, 1]]]), part)

    def blob(
        self,
        centre: ArrayLike,
        radii: ArrayLike,
        part: Part,
        rng: np.random.Generator,
        rough: float = 0.25,
    ) -> None:
        """Add a lumpy ellipsoid: a crown, a boulder, a heap."""
        rows, columns = 7, 10
        polar = np.linspace(0, np.pi, rows)[:, None]
        around = np.linspace(0, 2 * np.pi, columns + 1)[None, :]
        bump = 1 + rough * rng.uniform(-1, 1, (rows, columns))
        bump[[0, -1]] = 1.0
        bump = np.c_[bump, bump[:, :1]]
        level = np.cos(polar) + 0 * around
        ring = [np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), level]
        surface = np.stack(ring, axis=2) * bump[:, :, None] * np.asarray(radii, float)
        self.sheet(surface + np.asarray(centre, float), part)

    def stroke(
        self,
        points: ArrayLike,
        widths_m: ArrayLike,
        part: Part,
        normal: ArrayLike | None = None,
    ) -> None:
        """Add a cable (no normal) or a crack in a surface."""
        facing = None if normal is None else self._linear(normal)
        placed = self.world(points)
        widths = np.broadcast_to(np.asarray(widths_m, float), len(placed)).copy()
        self.strokes.append(
            Stroke(points=placed, widths_m=widths, part=part, normal=facing)
        )

    def decal(
        self,
        what: tuple[DecalKind, Damage],
        centre: ArrayLike,
        u: ArrayLike,
        v: ArrayLike,
        seed: int,
        reach_m: float = 0.3,
    ) -> None:
        """Add an areal mark with half axes `u` and `v`."""
        kind, damage = what
        self.decals.append(
            Decal(
                kind=kind,
                damage=damage,
                centre=self.world(centre),
                u=self._linear(u),
                v=self._linear(v),
                seed=seed,
                reach_m=reach_m,
            )
        )

    def _linear(self, vector: ArrayLike) -> Array:
        """A direction in scene axes."""
        return np.asarray(self._transform[:3, :3] @ np.asarray(vector, float))


def _along(start: ArrayLike, stop: ArrayLike) -> tuple[Array, float]:
    """The frame of a member from `start` to `stop`, and its length."""
    a, b = np.asarray(start, float), np.asarray(stop, float)
    length = float(np.linalg.norm(b - a))
    up = (0, 0, 1) if abs(b[2] - a[2]) < STEEP * length else (0, 1, 0)
    return frame(a, b - a, up), length
