"""Cracks and areal marks on a flat face, in metres, at true width."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipelines.drill.labels import Damage, DecalKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from pipelines.drill.scene import Array, Part, Scene

LIFT_M = 0.004  # a crack lies this far above its face


@dataclass(frozen=True, kw_only=True)
class Face:
    """A plane to draw on: a point of it and two unit vectors in it."""

    part: Part
    origin: Array
    u: Array
    v: Array
    drape: Callable[[Array], Array] | None = None

    @property
    def normal(self) -> Array:
        """Outwards."""
        return np.asarray(np.cross(self.u, self.v))

    def at(self, u_m: float, v_m: float) -> Array:
        """A point of the face."""
        return np.asarray(self.origin + u_m * self.u + v_m * self.v)

    def lay(self, path: Array) -> Array:
        """A path (n, 2) as points just above the face, or draped on a bent one."""
        flat = self.origin + path @ np.stack([self.u, self.v])
        points = flat + LIFT_M * self.normal
        return points if self.drape is None else self.drape(points)


@dataclass(frozen=True, kw_only=True)
class CrackStyle:
    """How a crack runs: `rough` is the jump of its heading per step in radians."""

    length_m: float
    width_mm: float
    branches: int = 2
    rough: float = 0.26


def face(
    part: Part,
    origin: ArrayLike,
    u: ArrayLike,
    v: ArrayLike,
    drape: Callable[[Array], Array] | None = None,
) -> Face:
    """A face through `origin` spanned by the unit vectors `u` and `v`."""
    o, a, b = (np.asarray(w, float) for w in (origin, u, v))
    return Face(part=part, origin=o, u=a, v=b, drape=drape)


def wander(
    start: Array, heading: float, style: CrackStyle, rng: np.random.Generator
) -> Array:
    """A crack's path: a heading that drifts back and jumps at aggregate size."""
    step = float(np.clip(style.length_m / 60, 0.02, 0.25))
    count = max(6, int(style.length_m / step))
    angle, angles = 0.0, np.empty(count)
    for k in range(count):
        angle = 0.86 * angle + rng.normal(0, style.rough)
        angles[k] = heading + angle
    steps = step * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([start[None], start + np.cumsum(steps, axis=0)])


def _widths(count: int, width_mm: float, rng: np.random.Generator) -> Array:
    """Metres: tapered to both ends, log-normal along the way."""
    t = np.linspace(0, 1, count)
    ends = np.minimum(1, 6 * np.minimum(t + 0.02, 1.02 - t))
    noise = np.convolve(rng.normal(0, 1, count), np.ones(5) / 3, "same")
    return np.asarray(width_mm / 1000 * ends * np.exp(0.35 * noise))


def crack(
    scene: Scene,
    on: Face,
    start: tuple[float, float],
    heading_deg: float,
    style: CrackStyle,
    rng: np.random.Generator,
) -> None:
    """Draw a crack with its branches on a face."""
    path = wander(np.array(start), np.radians(heading_deg), style, rng)
    widths = _widths(len(path), style.width_mm, rng)
    scene.stroke(on.lay(path), widths, replace(on.part, damage=Damage.CRACK), on.normal)
    for _ in range(style.branches):
        k = int(rng.integers(len(path) // 4, 3 * len(path) // 4 + 1))
        turn_deg = float(rng.choice([-1, 1]) * rng.uniform(25, 60))
        branch = replace(
            style,
            length_m=style.length_m * float(rng.uniform(0.15, 0.4)),
            width_mm=float(widths[k]) * 600,
            branches=int(style.branches > 2),
        )
        at = (float(path[k, 0]), float(path[k, 1]))
        crack(scene, on, at, heading_deg + turn_deg, branch, rng)


def map_cracking(
    scene: Scene, on: Face, size_m: float, width_mm: float, rng: np.random.Generator
) -> None:
    """A net of fine cracks: edges of a jittered hexagonal grid, some left out."""
    pitch, part = size_m / 6, replace(on.part, damage=Damage.CRACK)
    knots = {
        (i, j): (np.array([i + 0.5 * (j % 2), 0.87 * j]) + rng.normal(0, 0.18, 2))
        for i in range(7)
        for j in range(8)
    }
    for (i, j), p in knots.items():
        for other in ((i + 1, j), (i + j % 2, j + 1)):
            if other not in knots or rng.random() >= 0.6:
                continue
            t = np.linspace(0, 1, 7)[:, None]
            bow = rng.normal(0, 0.03, (7, 2)) * np.sin(np.pi * t)
            path = (p * (1 - t) + knots[other] * t + bow) * pitch
            width = width_mm / 1000 * rng.uniform(0.5, 1.3)
            scene.stroke(on.lay(path), width, part, on.normal)


def _mark(
    scene: Scene,
    kind: tuple[DecalKind, Damage],
    on: Face,
    at: tuple[float, float],
    half_axes_m: tuple[float, float],
    seed: int,
) -> None:
    """A ragged ellipse round a point of the face."""
    u, v = on.u * half_axes_m[0], on.v * half_axes_m[1]
    scene.decal(kind, on.at(*at), u, v, seed)


def spall(
    scene: Scene,
    on: Face,
    at: tuple[float, float],
    half_axes_m: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Concrete broken away, bars exposed."""
    seed = int(rng.integers(1_000_000))
    _mark(scene, (DecalKind.SPALL, Damage.SPALL), on, at, half_axes_m, seed)


def seep(
    scene: Scene,
    on: Face,
    at: tuple[float, float],
    half_axes_m: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """A wet spot."""
    seed = int(rng.integers(1_000_000))
    _mark(scene, (DecalKind.WET, Damage.SEEPAGE), on, at, half_axes_m, seed)


def stain(
    scene: Scene,
    on: Face,
    at: tuple[float, float],
    half_axes_m: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Rust or lime: a distractor."""
    seed = int(rng.integers(1_000_000))
    _mark(scene, (DecalKind.STAIN, Damage.DISTRACTOR), on, at, half_axes_m, seed)
