"""Where a small camera looks: at something of a wanted class, in free view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from pipelines.drill import rasteriser
from pipelines.drill.camera import Lens, Pose, look_at
from pipelines.drill.render import Frozen, visible

if TYPE_CHECKING:
    from pipelines.drill.labels import Component, Damage
    from pipelines.drill.scene import Array

FINEST_M, COARSEST_M = 0.011, 0.04  # ground sampling distance of what is not named here
GSD_M = {  # from the finest to the coarsest at which a class is worth showing
    "crack": (0.004, 0.012),
    "spall": (0.004, 0.015),
    "insulator": (0.005, 0.012),
    "distractor": (0.004, 0.012),
    "conductor": (0.007, 0.03),
    "broken_conductor": (0.007, 0.03),
    "seepage": (0.012, 0.03),
    "displacement": (0.008, 0.03),
    "deformation": (0.015, 0.045),
    "collapse": (0.012, 0.045),
    "road": (0.015, 0.04),
    "slope": (0.02, 0.04),
    "water": (0.02, 0.04),
    "vegetation": (0.02, 0.04),
    "building": (0.018, 0.04),
}
WHOLE_ASSETS = ("bridge", "road", "dam")
STEP_REACH_M = 3.0  # between a corner of a shoved part and one of what stayed
FAR_FROM_A_STEP = 0.02  # weight of a corner there
LOW_VIEW_DULL = ("water", "road", "vegetation", "seepage")
FOCAL_PX, DISTANCE_M = (700.0, 3200.0), (5.0, 130.0)
TRIES = 12
PROBE_PX = 48  # size of the small image that tells whether the view is free
CLEARANCE_M, EDGE_M = 2.0, 5.0  # of the camera over the ground, from the world's edge


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A camera and what it is to show."""

    pose: Pose
    lens: Lens
    gsd_m: float
    view: str


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Points (n, 3) that show a class, with weights that sum to 1."""

    points: Array
    weights: Array


def targets(frozen: Frozen) -> dict[str, Targets]:
    """Where each class is: damage classes, then components of what is whole."""
    surfaces, parts = frozen.surfaces, frozen.scene.parts
    corners = surfaces.corners
    edges = corners[:, 1:] - corners[:, :1]
    size = np.sqrt(np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2)
    middle = corners.mean(axis=1)
    found: dict[str, list[tuple[Array, Array]]] = {}
    names = [_class_name(part.component, part.damage) for part in parts]
    for name in sorted(set(names) - {""}):
        chosen = np.array([n == name for n in names])[surfaces.owners]
        found.setdefault(name, []).append((middle[chosen], size[chosen]))
    for stroke in frozen.scene.strokes:
        name = _class_name(stroke.part.component, stroke.part.damage)
        weight = np.full(len(stroke.points), 0.5)
        found.setdefault(name, []).append((stroke.points, weight))
    for decal in frozen.scene.decals:
        mark = (decal.centre[None], np.array([3.0]))
        found.setdefault(decal.damage.name.lower(), []).append(mark)
    joined = {name: _joined(found[name]) for name in sorted(found)}
    if "displacement" in joined:
        joined["displacement"] = _steps(frozen, names)
    return joined


def _steps(frozen: Frozen, names: list[str]) -> Targets:
    """Corners of shoved parts, those near a sound part before all others.

    Only there can it be seen that a part was shoved.
    """
    corners, owners = frozen.surfaces.corners, frozen.surfaces.owners
    labels = np.array(names)[owners]
    shoved = corners[labels == "displacement"].reshape(-1, 3)
    sound = corners[np.isin(labels, WHOLE_ASSETS)].reshape(-1, 3)
    weights = np.full(len(shoved), FAR_FROM_A_STEP)
    if len(sound):
        weights[cKDTree(sound).query(shoved)[0] <= STEP_REACH_M] = 1.0
    return Targets(points=shoved, weights=weights / weights.sum())


def _class_name(component: Component, damage: Damage) -> str:
    """The damage, or the component of what is whole; empty for neither."""
    if damage:
        return damage.name.lower()
    return component.name.lower() if component else ""


def _joined(pieces: list[tuple[Array, Array]]) -> Targets:
    """One set of targets."""
    weights = np.concatenate([w for _, w in pieces])
    points = np.concatenate([p for p, _ in pieces])
    return Targets(points=points, weights=weights / weights.sum())


def _draw_lens(gsd_m: float, size_px: int, rng: np.random.Generator) -> Lens:
    """A window of a larger camera, so that the distance is one that drones keep."""
    low = max(FOCAL_PX[0], DISTANCE_M[0] / gsd_m)
    high = max(low * 1.01, min(FOCAL_PX[1], DISTANCE_M[1] / gsd_m))
    return Lens(
        width=size_px,
        height=size_px,
        focal=float(np.exp(rng.uniform(np.log(low), np.log(high)))),
        principal=(size_px / 2, size_px / 2),
        distortion=(float(rng.uniform(-0.08, 0.02)), 0.0, 0.0, 0.0, 0.0),
    )


def _draw_direction(name: str, rng: np.random.Generator) -> tuple[Array, str]:
    """Unit vector from the target to the camera, and what such a view is called."""
    chance = rng.random()
    if chance < 0.25:
        up, view = rng.uniform(75, 90), "nadir"
    elif chance < 0.75 or name in LOW_VIEW_DULL:
        up, view = rng.uniform(22, 65), "oblique"
    else:
        up, view = rng.uniform(-8, 22), "level"
    azimuth, elevation = rng.uniform(0, 2 * np.pi), np.radians(up)
    flat = np.cos(elevation)
    away = [np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(elevation)]
    return np.array(away), view


def probe_depths(frozen: Frozen, pose: Pose, lens: Lens) -> Array:
    """Depth along the axis in a small image of the same view, inf for sky."""
    focal = lens.focal * PROBE_PX / lens.width
    ids = visible(frozen, pose, focal, (PROBE_PX, PROBE_PX))
    view = frozen.surfaces.corners[np.unique(ids[ids >= 0])]
    view = (view - pose.position) @ pose.rotation.T
    local = np.full(ids.shape, -1, np.int32)
    local[ids >= 0] = np.unique(ids[ids >= 0], return_inverse=True)[1]
    return rasteriser.depth_image(view, local, focal=focal)


def _free(frozen: Frozen, pose: Pose, lens: Lens, distance: float) -> bool:
    """Nothing stands before the target, and little else much nearer."""
    depths, middle = probe_depths(frozen, pose, lens), PROBE_PX // 2
    centre = depths[middle - 2 : middle + 2, middle - 2 : middle + 2]
    crowded = float((depths < 0.5 * distance).mean())
    return bool(np.median(centre) > 0.97 * distance - 0.5 and crowded < 0.15)


def _off_centre(
    pose: Pose, distance: float, lens: Lens, rng: np.random.Generator
) -> Pose:
    """Look past the target by up to 0.3 of the image."""
    slip = rng.uniform(-0.3, 0.3, 2) * lens.width / lens.focal * distance
    aim = pose.position + distance * pose.rotation[2] + slip @ pose.rotation[:2]
    return look_at(pose.position, aim)


def draw_shot(
    frozen: Frozen, name: str, on: Targets, size_px: int, rng: np.random.Generator
) -> Shot | None:
    """A camera that sees a target of this class, or None when twelve tries fail."""
    finest, coarsest = GSD_M.get(name, (FINEST_M, COARSEST_M))
    for _ in range(TRIES):
        point = on.points[rng.choice(len(on.points), p=on.weights)]
        gsd_m = float(np.exp(rng.uniform(np.log(finest), np.log(coarsest))))
        lens = _draw_lens(gsd_m, size_px, rng)
        away, view = _draw_direction(name, rng)
        distance = gsd_m * lens.focal
        eye = point + distance * away
        floor = float(frozen.ground.at(eye[0], eye[1])) + CLEARANCE_M
        if eye[2] < floor or not frozen.ground.inside(eye[0], eye[1], margin_m=EDGE_M):
            continue
        straight = look_at(eye, point)
        if not _free(frozen, straight, lens, distance):
            continue
        roll = rng.uniform(-180, 180) if view == "nadir" else rng.normal(0, 3)
        pose = _off_centre(straight, distance, lens, rng)
        pose = replace(pose, roll_deg=float(roll))
        return Shot(pose=pose, lens=lens, gsd_m=gsd_m, view=view)
    return None
