"""A frozen scene, and pictures of it with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.drill import rasteriser
from pipelines.drill.labels import Component
from pipelines.drill.light import Light, Weather
from pipelines.drill.materials import GroundMaps, Surfaces
from pipelines.drill.shading import SUBSAMPLES, Eye, Images, shade
from pipelines.drill.strokes import draw_strokes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipelines.drill.camera import Lens, Pose
    from pipelines.drill.ground import Ground
    from pipelines.drill.scene import Array, Part, Scene

ROOF_STEP_M = 0.5
BLOCK = 128  # triangles that are culled together
BLOCK_CELL_M = 16.0  # triangles are sorted into cells of this size before
WIDER = 1.12  # the ideal index image is this much wider than the lens needs
MARK_REACH = 1.6  # half axes that a ragged decal reaches
SHADOW_RADII_M = (8.0, 260.0)  # least and most that the shadow map covers


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A scene as arrays, ready for many pictures.

    `spheres` holds centre and radius of each block of BLOCK triangles.
    """

    scene: Scene
    ground: Ground
    surfaces: Surfaces
    maps: GroundMaps
    spheres: Array


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Linear colour and truth, all of one size.

    `depth_m` lies along the optical axis, inf for sky; `thin` is 255 x the share of the
    pixel that cracks and conductors cover.
    """

    colour: NDArray[np.float32]
    component: NDArray[np.uint8]
    damage: NDArray[np.uint8]
    asset: NDArray[np.uint16]
    depth_m: NDArray[np.float32]
    thin: NDArray[np.uint8]


def _spheres(corners: Array) -> Array:
    """Bounding sphere of every block of triangles."""
    starts = np.arange(0, len(corners), BLOCK)
    low = np.minimum.reduceat(corners.min(axis=1), starts)
    high = np.maximum.reduceat(corners.max(axis=1), starts)
    return np.asarray(np.c_[(low + high) / 2, np.linalg.norm(high - low, axis=1) / 2])


def _bounds(corners: Array, owners: NDArray[np.int32], parts: int) -> Array:
    """Lowest and highest corner of each part, shape (parts, 2, 3)."""
    bounds = np.stack([np.full((parts, 3), np.inf), np.full((parts, 3), -np.inf)], 1)
    np.minimum.at(bounds[:, 0], owners, corners.min(axis=1))
    np.maximum.at(bounds[:, 1], owners, corners.max(axis=1))
    return bounds


def _decals_near(scene: Scene, part: Part, bounds: Array) -> list[list[float]]:
    """Rows of the decals that may touch a part."""
    if part.component in (Component.VEGETATION, Component.WATER):
        return []
    rows = []
    for d in scene.decals:
        reach = max(np.linalg.norm(d.u), np.linalg.norm(d.v)) * MARK_REACH
        above = (d.centre + reach >= bounds[0]).all()
        if above and (d.centre - reach <= bounds[1]).all():
            mark = (d.kind, d.damage, *d.centre, *d.u, *d.v, d.seed, d.reach_m)
            rows.append([float(x) for x in mark])
    return rows


def _surfaces(scene: Scene) -> Surfaces:
    """Concatenate the scene, sorted by place, and attach decals to parts near them."""
    corners = np.concatenate(scene.vertices)
    cell = np.floor(corners[:, 0] / BLOCK_CELL_M)
    order = np.argsort(cell[:, 1] * 10_000 + cell[:, 0], kind="stable")
    corners, uvs = corners[order], np.concatenate(scene.uvs)[order]
    owners = np.concatenate(scene.owners)[order]
    table: list[list[int]] = []
    decals: list[list[float]] = []
    bounds = _bounds(corners, owners, len(scene.parts))
    for part, box in zip(scene.parts, bounds, strict=True):
        first = len(decals)
        decals += _decals_near(scene, part, box)
        label = (part.component, part.damage, part.asset, part.material, part.seed)
        table.append([*label, first, len(decals)])
    tints = [
        [*p.tint, p.wear, float(p.component == Component.ROAD)] for p in scene.parts
    ]
    marks = np.array(decals, float).reshape(-1, 13)
    return Surfaces(
        corners, uvs, owners, np.array(table, np.int64), np.array(tints), marks
    )


def _maps(ground: Ground, corners: Array) -> GroundMaps:
    """The ground's own maps, and what is uppermost at each place."""
    west, south = float(ground.x[0]), float(ground.y[0])
    span = np.array([ground.y[-1] - south, ground.x[-1] - west])
    rows, columns = (span / ROOF_STEP_M).astype(int) + 1
    scale = np.array([1 / ROOF_STEP_M, 1 / ROOF_STEP_M, 1.0])
    above = (corners - [west, south, 0.0]) * scale
    return GroundMaps(
        height=ground.height,
        cover=ground.cover,
        roof=rasteriser.nearest_surface(above, (int(rows), int(columns))),
        west=west,
        south=south,
        step_m=ground.step_m,
        roof_step_m=ROOF_STEP_M,
        crops=ground.crops,
    )


def freeze(scene: Scene, ground: Ground) -> Frozen:
    """The scene as arrays; add nothing to it afterwards."""
    surfaces = _surfaces(scene)
    return Frozen(
        scene=scene,
        ground=ground,
        surfaces=surfaces,
        maps=_maps(ground, surfaces.corners),
        spheres=_spheres(surfaces.corners),
    )


def _triangles_of(frozen: Frozen, blocks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Triangles in the chosen blocks."""
    chosen = np.repeat(blocks, BLOCK)[: len(frozen.surfaces.owners)]
    return np.flatnonzero(chosen)


def visible(
    frozen: Frozen, pose: Pose, focal: float, size: tuple[int, int]
) -> NDArray[np.int32]:
    """Triangle index per sample of a pinhole image, -1 for sky.

    Args:
        frozen: The scene.
        pose: True pose.
        focal: In samples.
        size: Width and height in samples.
    """
    centre = (frozen.spheres[:, :3] - pose.position) @ pose.rotation.T
    radius, half = frozen.spheres[:, 3], np.array(size) / 2 / focal
    inside = centre[:, 2] > -radius
    for axis in (0, 1):
        outside_m = np.abs(centre[:, axis]) - half[axis] * centre[:, 2]
        inside &= outside_m < radius * np.hypot(1, half[axis])
    chosen = _triangles_of(frozen, inside)
    view = (frozen.surfaces.corners[chosen] - pose.position) @ pose.rotation.T
    ids = rasteriser.visible_triangles(view, focal=focal, size=size)
    return np.where(ids >= 0, chosen[ids], -1).astype(np.int32)


def _spread(lens: Lens) -> float:
    """Tangent of the half angle that the index image must cover."""
    corners = np.array(
        [[0, 0], [lens.width, 0], [0, lens.height], [lens.width, lens.height]], float
    )
    ideal = np.abs(corners - lens.principal) / lens.focal
    return float(ideal.max() * WIDER)


def _index_size(lens: Lens, spread: float) -> tuple[int, int]:
    """Width and height in samples of the index image."""
    width = 2 * spread * lens.focal * SUBSAMPLES
    lower = 0.80 if lens.width > lens.height else 1.0  # 4:3 or square
    return int(width), int(width * lower)


def _focus(frozen: Frozen, pose: Pose, ids: NDArray[np.int32]) -> Array:
    """The middle of what the middle of the image shows within 400 m."""
    rows, columns = ids.shape
    middle = ids[rows // 4 : -rows // 4, columns // 4 : -columns // 4]
    hit = np.unique(middle[::16, ::16])
    points = frozen.surfaces.corners[hit[hit >= 0]].mean(axis=1)
    near = points[np.linalg.norm(points - pose.position, axis=1) < 400]
    ahead = pose.position + pose.rotation[2] * 50
    return np.asarray(near.mean(axis=0)) if len(near) else ahead


def _light(
    frozen: Frozen, weather: Weather, focus: Array, radius_m: float, size: int
) -> Light:
    """The weather with a shadow map of the disc round `focus`."""
    side = np.cross(weather.to_sun, [0.0, 1.0, 0.0])
    side /= np.linalg.norm(side)
    axes = np.stack([side, np.cross(weather.to_sun, side), weather.to_sun])
    texel_m, centre = 2 * radius_m / size, axes @ focus
    origin = centre[:2] - radius_m
    away = np.abs(frozen.spheres[:, :3] @ axes[:2].T - centre[:2])
    near = (away < radius_m + frozen.spheres[:, 3:]).all(axis=1)
    local = frozen.surfaces.corners[_triangles_of(frozen, near)] @ axes.T
    local[..., :2] = (local[..., :2] - origin) / texel_m
    shadow = rasteriser.nearest_surface(local, (size, size))
    return Light(
        weather.to_sun, weather.sun, weather.sky, weather.season,
        weather.visibility_m, weather.wet, shadow, axes, origin, texel_m,
    )  # fmt: skip


def _blank(shape: tuple[int, int]) -> Images:
    """Images to draw into."""
    return Images(
        colour=np.zeros((*shape, 3), np.float32),
        component=np.zeros(shape, np.uint8),
        damage=np.zeros(shape, np.uint8),
        asset=np.zeros(shape, np.uint16),
        depth_m=np.zeros(shape, np.float32),
    )


def take_picture(
    frozen: Frozen, pose: Pose, lens: Lens, weather: Weather, *, shadow_px: int = 3072
) -> Picture:
    """One picture before the sensor, with exact truth.

    The lens is applied to the rays: nothing is resampled. `shadow_px` is the size of
    the shadow map; a third of the default is enough for 512 pixels.
    """
    spread = _spread(lens)
    focal = lens.focal * SUBSAMPLES
    ids = visible(frozen, pose, focal, _index_size(lens, spread))
    focus = _focus(frozen, pose, ids)
    reach_m = float(np.linalg.norm(focus - pose.position)) * spread * 1.7
    radius_m = float(np.clip(reach_m, *SHADOW_RADII_M))
    light = _light(frozen, weather, focus, radius_m, shadow_px)
    principal, distortion = np.array(lens.principal), np.array(lens.distortion)
    eye = Eye(pose.position, pose.rotation, lens.focal, principal, distortion, focal)
    images = _blank((lens.height, lens.width))
    shade(ids, frozen.surfaces, frozen.maps, light, eye, images)
    thin = draw_strokes(frozen.scene.strokes, pose, lens, weather, images)
    return Picture(**images._asdict(), thin=thin)
