"""What is true of an asset: how much of it is damaged, and how much a picture shows.

Visible share: of points spread by area over the asset's surface, those that at least
one of 24 ideal views could see are asked for. An ideal view holds the asset, the ground
and the water, and nothing else: a buried or wetted face counts for nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.drill import rasteriser
from pipelines.drill.camera import Lens, Pose, look_at, pixel_from_scene
from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.render import Frozen, Picture
from pipelines.drill.scene import Array

SURFACE_POINTS = 600
OWN = (Component.BRIDGE, Component.DAM, Component.TOWER, Component.ROAD)
IDEAL_PX = 768
IDEAL_AZIMUTHS, IDEAL_ELEVATIONS_DEG = 8, (8.0, 35.0, 70.0)
TOLERANCE_M, TOLERANCE_SHARE = 0.3, 0.005  # behind what the picture shows


def _area(corners: Array) -> Array:
    """Square metres of each triangle (n, 3, 3)."""
    edges = corners[:, 1:] - corners[:, :1]
    return np.asarray(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2)


def _corners_of(frozen: Frozen, asset: int) -> Array:
    """Triangles of an asset's own surface."""
    own = [p.asset == asset and p.component in OWN for p in frozen.scene.parts]
    return np.asarray(frozen.surfaces.corners[np.array(own)[frozen.surfaces.owners]])


def _points_on(corners: Array, rng: np.random.Generator) -> Array:
    """Points spread over triangles by area."""
    area = _area(corners)
    chosen = corners[rng.choice(len(corners), SURFACE_POINTS, p=area / area.sum())]
    a, b = rng.random((2, SURFACE_POINTS, 1))
    flip = a + b > 1
    a, b = np.where(flip, 1 - a, a), np.where(flip, 1 - b, b)
    along, across = chosen[:, 1] - chosen[:, 0], chosen[:, 2] - chosen[:, 0]
    return np.asarray(chosen[:, 0] + a * along + b * across)


def _points_along(frozen: Frozen, asset: int) -> Array:
    """Points of a span's wires, every one the same length of wire."""
    wires = [s.points for s in frozen.scene.strokes if s.part.asset == asset]
    steps = [np.linalg.norm(np.diff(w, axis=0), axis=1) for w in wires]
    total = sum(float(s.sum()) for s in steps)
    points = []
    for wire, step in zip(wires, steps, strict=True):
        length = np.concatenate([[0.0], np.cumsum(step)])
        count = max(2, round(SURFACE_POINTS * float(length[-1]) / total))
        at = np.linspace(0, length[-1], count)
        points.append(
            np.stack([np.interp(at, length, wire[:, k]) for k in range(3)], 1)
        )
    return np.concatenate(points)


def _ideal_cameras(corners: Array) -> list[tuple[Pose, Lens]]:
    """Twenty-four cameras all round that each hold the whole asset."""
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    middle, radius = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
    lens = Lens(
        width=IDEAL_PX,
        height=IDEAL_PX,
        focal=1.2 * IDEAL_PX,
        principal=(IDEAL_PX / 2, IDEAL_PX / 2),
    )
    cameras = []
    for elevation in np.radians(IDEAL_ELEVATIONS_DEG):
        for azimuth in np.arange(IDEAL_AZIMUTHS) * 2 * np.pi / IDEAL_AZIMUTHS:
            flat = np.cos(elevation)
            away = [np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(elevation)]
            eye = middle + 2.7 * radius * np.array(away)
            cameras.append((look_at(eye, middle), lens))
    return cameras


def _setting_of(frozen: Frozen, asset: int, own: Array) -> Array:
    """The asset's triangles and those of ground and water round it."""
    low, high = own.min(axis=(0, 1)), own.max(axis=(0, 1))
    level = [
        p.material in (Material.GROUND, Material.WATER) and p.asset != asset
        for p in frozen.scene.parts
    ]
    corners = frozen.surfaces.corners
    near = np.array(level)[frozen.surfaces.owners]
    reach = float(np.linalg.norm(high - low))
    near &= (np.abs(corners[:, 0] - (low + high) / 2) < reach).all(axis=1)
    return np.concatenate([own, corners[near]])


def _ideally_seen(points: Array, own: Array, setting: Array) -> NDArray[np.bool_]:
    """Points that one of the ideal views can see."""
    seen = np.zeros(len(points), np.bool_)
    for pose, lens in _ideal_cameras(own):
        view = (setting - pose.position) @ pose.rotation.T
        size = (lens.width, lens.height)
        ids = rasteriser.visible_triangles(view, focal=lens.focal, size=size)
        depths = rasteriser.depth_image(view, ids, focal=lens.focal)
        seen |= _within(points, depths, pose, lens)[0]
    return seen


def _within(
    points: Array, depth_m: NDArray[np.floating], pose: Pose, lens: Lens
) -> tuple[NDArray[np.bool_], Array]:
    """Which points lie inside a picture and not behind its depths; their depths."""
    columns, rows, depths = pixel_from_scene(points, pose, lens)
    inside = (depths > 0) & (columns >= 0) & (columns < lens.width)
    inside &= (rows >= 0) & (rows < lens.height)
    c, r = np.where(inside, columns, 0), np.where(inside, rows, 0)
    behind = depth_m[r.astype(int), c.astype(int)] + TOLERANCE_M
    return inside & (depths < behind + TOLERANCE_SHARE * depths), depths


def points_of(frozen: Frozen, asset: int) -> Array:
    """The points that stand for an asset, the same for every frame, shape (n, 3)."""
    corners = _corners_of(frozen, asset)
    if not len(corners):
        return _points_along(frozen, asset)
    points = _points_on(corners, np.random.default_rng([asset, 77]))
    setting = _setting_of(frozen, asset, corners)
    return np.asarray(points[_ideally_seen(points, corners, setting)])


def seen_points(
    points: Array, picture: Picture, pose: Pose, lens: Lens
) -> tuple[NDArray[np.bool_], Array]:
    """Which points a picture shows, and the sampling distance in metres at each."""
    seen, depths = _within(points, picture.depth_m, pose, lens)
    return seen, depths / lens.focal


def _decals_of(frozen: Frozen, asset: int) -> dict[int, tuple[Damage, float]]:
    """Damage and area of the marks on an asset's parts, by seed: each counts once."""
    marks = {}
    for row in frozen.surfaces.table[frozen.surfaces.table[:, 2] == asset]:
        for d in frozen.surfaces.decals[row[5] : row[6]]:
            area = np.pi * np.linalg.norm(d[5:8]) * np.linalg.norm(d[8:11])
            marks[int(d[11])] = (Damage(int(d[1])), float(area))
    return marks


def extent(frozen: Frozen, asset: int) -> dict[str, dict[str, float]]:
    """True size of each damage of an asset.

    Returns:
        By damage: `area_m2` of surfaces and marks, `length_m` and `widest_mm` of cracks
        and wires; what is nothing is left out.
    """
    found: dict[Damage, Array] = {d: np.zeros(3) for d in Damage}
    triangle_area = _area(frozen.surfaces.corners)
    parts = frozen.scene.parts
    per_part = np.bincount(frozen.surfaces.owners, triangle_area, len(parts))
    for part, area in zip(parts, per_part, strict=True):
        if part.asset == asset:
            found[part.damage][0] += area
    for damage, area in _decals_of(frozen, asset).values():
        found[damage][0] += area
    for stroke in frozen.scene.strokes:
        if stroke.part.asset == asset:
            sizes = found[stroke.part.damage]
            sizes[1] += np.linalg.norm(np.diff(stroke.points, axis=0), axis=1).sum()
            sizes[2] = max(sizes[2], stroke.widths_m.max() * 1000)
    names = ("area_m2", "length_m", "widest_mm")
    return {
        damage.name.lower(): dict(zip(names, sizes.round(3).tolist(), strict=True))
        for damage, sizes in found.items()
        if damage not in (Damage.NONE, Damage.DISTRACTOR) and sizes.any()
    }
