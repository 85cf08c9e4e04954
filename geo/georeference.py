"""Pixels -> the ground, with an error that says where it comes from.

First-order: each source of error (place, attitude, lens, terrain, pixel) moves the ray,
and the ray meets the tangent plane of the ground elsewhere. Frames of one flight share
their bias: never divide these errors by the square root of a number of frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.polygon import orient

from data.imagery import Camera, CameraPose, Turned
from geo.camera import (
    camera_anchor,
    camera_from_enu,
    ray_from_pixel,
    sensor_from_file_pixel,
)
from geo.crs import geographic_from_enu
from geo.heights import pose_in_datum
from geo.rays import CHUNK, HIT, REASONS, meet
from geo.terrain import Terrain

Array = NDArray[np.float64]

PIXEL_SIGMA_PX = 1.0  # where a person or a mask puts an edge
UNKNOWN_BEND_SIGMA = 0.05
"""Of k1, where the tags tell nothing of the lens: wide drone lenses have -0.27 to 0,
and most cameras, but not all, take it out before they write the picture."""
KNOWN_LENSES = frozenset({"dewarp", "poses"})
CORNERS_OF_AN_AREA = 3
DOWN = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundPoints:
    """N places on the ground.

    Attributes:
        longitude: Degrees, shape (N,); NaN where not ok.
        height_m: In the terrain's datum.
        covariance: Square metres, east and north, shape (N, 2, 2).
        ce90_m: Radius that holds 90 % of the error.
        reason: Empty where ok, else outside_frame, lens, horizon, outside_terrain,
            terrain_hole, grazing or under_terrain.
    """

    longitude: Array
    latitude: Array
    height_m: Array
    covariance: Array
    ce90_m: Array
    ok: NDArray[np.bool_]
    reason: tuple[str, ...]


def ce90_from_covariance(covariance: Array) -> Array:
    """Circular error 90 %, shape (N,), of covariances (N, 2, 2).

    >>> ce90_from_covariance(np.array([[[1.0, 0.0], [0.0, 1.0]]])).round(3).tolist()
    [2.146]

    Source:
        s1 (1.645 + 0.501 (s2 / s1)^2), s1 >= s2 the roots of the eigenvalues: exact for
        a line (1.645) and a circle (2.146), within 3 % between (FINDINGS, section 3).
    """
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0))
    small, large = roots[:, 0], roots[:, 1]
    share = np.divide(small, large, out=np.zeros_like(small), where=large > 0)
    return np.asarray(large * (1.645 + 0.501 * share**2), np.float64)


def attitude_axes(pose: CameraPose) -> tuple[Array, Array]:
    """Unit axes (3, 3) an attitude errs about, in ENU, and their sigmas in radians.

    Down for the yaw; for the tilt the two horizontal ones, the picture's own right and
    the one across it. At nadir roll and yaw are the same turn of the picture, so the
    error of `roll` as a number would leave the picture upright: what a gimbal gets
    wrong is where down is.
    """
    view = camera_from_enu(pose)
    level = view[0] * [1.0, 1.0, 0.0]
    right = level / max(float(np.linalg.norm(level)), 1e-12)
    if not right.any():
        right = np.array([1.0, 0.0, 0.0])
    axes = np.stack([DOWN, right, np.cross(DOWN, right)])
    degrees = [pose.sigma_yaw_deg, pose.sigma_tilt_deg, pose.sigma_tilt_deg]
    return axes, np.radians(degrees)


def unknown_bend_sigma(camera: Camera) -> float:
    """Standard deviation of a k1 that nobody stated; 0 where the lens is known."""
    bent = any((camera.k1, camera.k2, camera.p1, camera.p2, camera.k3))
    return 0.0 if bent or camera.source in KNOWN_LENSES else UNKNOWN_BEND_SIGMA


def _ray_errors(
    camera: Camera, pose: CameraPose, rays: Array, sigma_px: float
) -> Array:
    """What each source adds to a ray's direction, one sigma, (sources, N, 3) in ENU.

    Sources: yaw, tilt, tilt, focal length, lens, pixel column, pixel row. Rays have
    Z = 1.
    """
    rotation = camera_from_enu(pose)
    axes, sigmas = attitude_axes(pose)
    world = rays @ rotation
    turns = [
        sigma * np.cross(axis, world) for axis, sigma in zip(axes, sigmas, strict=True)
    ]
    level = rays * [1.0, 1.0, 0.0]
    focal = camera.focal_sigma * level @ rotation
    square = (level**2).sum(axis=1, keepdims=True)
    lens = unknown_bend_sigma(camera) * square * level @ rotation
    column = np.broadcast_to(rotation[0] * sigma_px / camera.focal_x_px, world.shape)
    row = np.broadcast_to(rotation[1] * sigma_px / camera.focal_y_px, world.shape)
    return np.stack([*turns, focal, lens, column, row])


def _covariance(
    world: Array,
    errors: Array,
    normals: Array,
    distance_m: Array,
    pose: CameraPose,
    terrain: Terrain,
) -> Array:
    """Covariance (N, 2, 2), east and north, of where the rays meet the ground.

    A ray g = c + t d that meets the plane n . g = h moves by (I - d n^T / n.d) applied
    to what moves c + t d, and by d / n.d times what moves h.
    """
    across = (normals * world).sum(axis=1)
    slide = world / across[:, None]
    scale = distance_m / np.linalg.norm(world, axis=1)
    sigmas = np.diag([pose.sigma_h_m, pose.sigma_h_m, pose.sigma_v_m])
    places = np.broadcast_to(sigmas[:, None, :], (3, len(world), 3))
    moved = np.concatenate([places, errors * scale[None, :, None]])
    along = (moved * normals).sum(axis=2)
    moved = moved - along[:, :, None] * slide
    level = scale[:, None] * world[:, :2]
    relief_m = np.hypot(
        terrain.sigma_m, terrain.sigma_per_m * np.linalg.norm(level, axis=1)
    )
    moved = np.concatenate([moved, relief_m[:, None] * slide[None]])[:, :, :2]
    return np.asarray(np.einsum("snj,snk->njk", moved, moved), np.float64)


def ground_from_pixels(
    camera: Camera,
    pose: CameraPose,
    turned_deg: Turned,
    pixels: Array,
    terrain: Terrain,
    *,
    pixel_sigma_px: float = PIXEL_SIGMA_PX,
) -> GroundPoints:
    """The places on the ground that pixels show.

    Args:
        camera: Interior orientation, of the size of the file.
        pose: Its height is brought into the terrain's datum here.
        turned_deg: How the file lies on disk.
        pixels: Column, row in the file as it is, shape (N, 2).
        terrain: The ground.
        pixel_sigma_px: How well a pixel is pointed at.

    Raises:
        CrsError: If the pose's height cannot be brought into the terrain's datum.
        TerrainError: If the terrain's projection does not reach the camera.
    """
    here = pose_in_datum(pose, terrain.vertical_datum)
    anchor = camera_anchor(here)
    size = [camera.width_px, camera.height_px]
    inside = np.asarray(((pixels >= 0) & (pixels <= size)).all(axis=1))
    sensor = sensor_from_file_pixel(camera, turned_deg, pixels)
    rays, clear = ray_from_pixel(camera, np.where(inside[:, None], sensor, 0.5))
    world = rays @ camera_from_enu(here)
    met = meet(terrain, anchor, world / np.linalg.norm(world, axis=1, keepdims=True))
    ok = inside & clear & (met.outcome == HIT)
    covariance = np.full((len(pixels), 2, 2), np.nan)
    for part in np.array_split(np.flatnonzero(ok), 1 + len(pixels) // CHUNK):
        errors = _ray_errors(camera, here, rays[part], pixel_sigma_px)
        covariance[part] = _covariance(
            world[part], errors, met.normals[part], met.distance_m[part], here, terrain
        )
    ce90 = np.full(len(pixels), np.nan)
    ce90[ok] = ce90_from_covariance(covariance[ok])
    places = np.full((len(pixels), 3), np.nan)
    places[ok] = geographic_from_enu(met.points[ok], anchor)
    words = np.where(clear, np.array(REASONS)[met.outcome], "lens")
    words = np.where(inside, words, "outside_frame")
    return GroundPoints(
        longitude=places[:, 0],
        latitude=places[:, 1],
        height_m=places[:, 2],
        covariance=covariance,
        ce90_m=ce90,
        ok=ok,
        reason=tuple(str(word) for word in words),
    )


def outline_on_ground(ground: GroundPoints) -> tuple[Polygon, float] | None:
    """An outline's polygon and the CE90 of the whole, the largest of its vertices.

    Args:
        ground: What `ground_from_pixels` says of the outline's vertices, in order.

    Returns:
        Longitude, latitude (EPSG:6668), counter-clockwise; None where fewer than three
        vertices are on the ground: an outline that lost vertices is cut short, not
        guessed.
    """
    if int(ground.ok.sum()) < CORNERS_OF_AN_AREA:
        return None
    ring = np.column_stack([ground.longitude[ground.ok], ground.latitude[ground.ok]])
    polygon = orient(Polygon(ring), sign=1.0)
    return polygon, float(ground.ce90_m[ground.ok].max())
