"""Footprints of frames, and which cells of an asset a frame shows, from where.

Occlusion is by the terrain alone: a cell behind a building or another asset counts as
in sight, and its pixels then show something else.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPoint, Polygon
from shapely.geometry.polygon import orient

from data.errors import AboveHorizonError
from data.imagery import Camera, CameraPose, Turned
from geo.camera import (
    camera_anchor,
    camera_from_enu,
    direction_from_pixel,
    file_from_sensor_pixel,
    pixel_from_camera,
    pixel_from_enu,
    sensor_from_file_pixel,
)
from geo.cells import Cells
from geo.crs import curvature_radii_m, enu_from_geographic, geographic_from_enu
from geo.georeference import attitude_axes
from geo.heights import pose_in_datum
from geo.rays import HIT, is_seen, meet
from geo.terrain import Terrain

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EDGE_SHARE = 0.02  # of the width: DEFINITIONS, section 3
HIDING_M = 2.0  # ground nearer than this, or two of its sigmas, hides no cell
NEAR_M = 1.0  # nothing of an asset is nearer to a lens than this
FOOTPRINT_REACH_M = 2_000.0  # beyond, a drone's frame shows no asset
FOOTPRINT_SIDE = 16  # samples along each side of a frame
CORNERS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellViews:
    """How one frame shows the n cells of one asset.

    Attributes:
        seen: A middle projects inside by 2 % of the width and no terrain hides it;
            whether it is fine enough is the caller's to decide by `gsd_m`.
        partly: No middle is seen, but the foot is, where what fell lies: damage found
            there counts, damage not found there tells nothing.
        gsd_m: Ground sampling distance at the middle, across the line of sight.
        azimuth_deg: From the asset to the camera, clockwise from north, 0 to 360.
        elevation_deg: Of the camera, seen from the cell.
        pixel_sigma_px: Standard deviation of the cell's place in the picture, from pose
            and asset together, in its worst direction.
        outlines: For each cell its convex outline, column and row in the file as it is,
            shape (k, 2), clipped to the frame; k = 0 where nothing of it is inside.
    """

    seen: Mask
    partly: Mask
    gsd_m: Array
    azimuth_deg: Array
    elevation_deg: Array
    pixel_sigma_px: Array
    outlines: tuple[Array, ...]


def _ahead(cloud: Array) -> Array:
    """Points whose convex hull is what of the cloud's hull lies ahead of the lens.

    Cut at `NEAR_M`, in the camera's axes, shape (m, 3): every line from a point ahead
    to one behind adds the point where it passes.
    """
    front = cloud[:, 2] > NEAR_M
    if front.all() or not front.any():
        return cloud[front]
    ahead, behind = cloud[front][:, None], cloud[~front][None]
    share = (ahead[..., 2] - NEAR_M) / (ahead[..., 2] - behind[..., 2])
    cuts = ahead + share[..., None] * (behind - ahead)
    return np.concatenate([cloud[front], cuts.reshape(-1, 3)])


def _outlines(
    camera: Camera, pose: CameraPose, turned_deg: Turned, points: Array
) -> tuple[Array, ...]:
    """Convex outlines in the file, clipped to it, of clouds (n, m, 3) in ENU."""
    clouds = [_ahead(cloud) for cloud in points @ camera_from_enu(pose).T]
    if not clouds:
        return ()
    pixels, _ = pixel_from_camera(camera, np.concatenate(clouds))
    pixels = file_from_sensor_pixel(camera, turned_deg, pixels)
    ends = np.cumsum([len(cloud) for cloud in clouds])
    parts = [MultiPoint(part) for part in np.split(pixels, ends[:-1])]
    hulls = shapely.convex_hull(np.array(parts, object))
    inside = shapely.clip_by_rect(hulls, 0, 0, camera.width_px, camera.height_px)
    return tuple(
        shapely.get_coordinates(area.exterior)[:-1]
        if isinstance(area, Polygon) and not area.is_empty
        else np.empty((0, 2))
        for area in inside
    )


def _in_sight(
    points: Array, camera: Camera, pose: CameraPose, terrain: Terrain
) -> Mask:
    """Which points (N, 3) east, north, up from the camera a frame shows."""
    pixels, depth, ok = pixel_from_enu(camera, pose, points)
    edge = EDGE_SHARE * camera.width_px
    limits = np.array([camera.width_px, camera.height_px]) - edge
    inside = ((pixels >= edge) & (pixels <= limits)).all(axis=1)
    shown = np.asarray(ok & (depth > NEAR_M) & inside)
    near = max(HIDING_M, 2 * terrain.sigma_m)
    anchor = camera_anchor(pose)
    shown[shown] = is_seen(terrain, anchor, points[shown], tolerance_m=near)
    return shown


def _nearest_aims(aims: Array, shown: Mask) -> Array:
    """For each cell the nearest of its aims (n, c, 3) that is shown, else its first."""
    far = np.where(shown, np.linalg.norm(aims, axis=2), np.inf)
    best: Array = aims[np.arange(len(aims)), far.argmin(axis=1)]
    return best


def _pixel_sigmas(
    camera: Camera, pose: CameraPose, middles: Array, position_sigma_m: float
) -> Array:
    """Standard deviation (N,) in pixels, worst direction, of points (N, 3) in ENU."""
    rotation = camera_from_enu(pose)
    axes, sigmas = attitude_axes(pose)
    level = np.hypot(pose.sigma_h_m, position_sigma_m)
    places = np.diag([level, level, pose.sigma_v_m])
    moved = [np.broadcast_to(row, middles.shape) for row in places]
    moved += [s * np.cross(a, middles) for a, s in zip(axes, sigmas, strict=True)]
    across = np.stack(moved) @ rotation.T
    seen = middles @ rotation.T
    depth = np.maximum(seen[:, 2], NEAR_M)
    slide = (seen[:, :2] / depth[:, None])[None] * across[:, :, 2:]
    pixels = (across[:, :, :2] - slide) / depth[None, :, None]
    pixels = pixels * [camera.focal_x_px, camera.focal_y_px]
    covariance = np.einsum("snj,snk->njk", pixels, pixels)
    return np.asarray(np.sqrt(np.linalg.eigvalsh(covariance)[:, 1]), np.float64)


def cell_views(
    cells: Cells,
    camera: Camera,
    pose: CameraPose,
    turned_deg: Turned,
    terrain: Terrain,
) -> CellViews:
    """How a frame shows the cells of an asset.

    Args:
        cells: Made with this terrain.
        camera: Interior orientation, of the size of the file.
        pose: Its height is brought into the terrain's datum here.
        turned_deg: How the file lies on disk.
        terrain: What may hide a cell.

    Raises:
        CrsError: If the pose's height cannot be brought into the terrain's datum.
        TerrainError: If the terrain's projection does not reach the camera.
    """
    here = pose_in_datum(pose, terrain.vertical_datum)
    anchor = camera_anchor(here)
    aims = enu_from_geographic(cells.aims.reshape(-1, 3), anchor)
    clouds = enu_from_geographic(cells.points.reshape(-1, 3), anchor)
    feet = enu_from_geographic(cells.feet, anchor)
    shown = _in_sight(np.concatenate([aims, feet]), camera, here, terrain)
    aimed = shown[: len(aims)].reshape(cells.aims.shape[:2])
    middles = _nearest_aims(aims.reshape(cells.aims.shape), aimed)
    seen = np.asarray(aimed.any(axis=1))
    distance = np.linalg.norm(middles, axis=1)
    level = np.hypot(middles[:, 0], middles[:, 1])
    return CellViews(
        seen=seen,
        partly=shown[len(aims) :] & ~seen,
        gsd_m=distance / min(camera.focal_x_px, camera.focal_y_px),
        azimuth_deg=np.degrees(np.arctan2(-middles[:, 0], -middles[:, 1])) % 360,
        elevation_deg=np.degrees(np.arctan2(-middles[:, 2], level)),
        pixel_sigma_px=_pixel_sigmas(camera, here, middles, cells.position_sigma_m),
        outlines=_outlines(
            camera, here, turned_deg, clouds.reshape(cells.points.shape)
        ),
    )


def frames_near(
    longitudes: Array, latitudes: Array, pose: CameraPose, reach_m: float | Array
) -> Mask:
    """Which assets (N,) may be in a frame: those within reach of the camera.

    The first and cheap question over many assets and frames; `cell_views` answers the
    second. `reach_m` is one number, or one an asset (its own extent added).
    """
    along_east, along_north = curvature_radii_m(pose.latitude)
    turn = (longitudes - pose.longitude + 180) % 360 - 180
    east = np.radians(turn) * along_east * np.cos(np.radians(pose.latitude))
    north = np.radians(latitudes - pose.latitude) * along_north
    return np.asarray(np.hypot(east, north) <= reach_m)


def _border(camera: Camera) -> Array:
    """Pixels along the border of a frame, clockwise from the top left corner."""
    share = np.arange(FOOTPRINT_SIDE) / FOOTPRINT_SIDE
    zero, one = np.zeros_like(share), np.ones_like(share)
    columns = np.concatenate([share, one, 1 - share, zero])
    rows = np.concatenate([zero, share, one, 1 - share])
    return np.column_stack([columns, rows]) * [camera.width_px, camera.height_px]


def _inner(camera: Camera) -> Array:
    """Pixels all over a frame."""
    share = (np.arange(FOOTPRINT_SIDE) + 0.5) / FOOTPRINT_SIDE
    columns, rows = np.meshgrid(share, share)
    grid = np.column_stack([columns.ravel(), rows.ravel()])
    return grid * [camera.width_px, camera.height_px]


def footprint(
    camera: Camera, pose: CameraPose, turned_deg: Turned, terrain: Terrain
) -> Polygon:
    """Ground seen by one frame, out to 2 km.

    Where all of the border meets the ground, the border on the ground; where a part of
    it looks above the horizon, off the grid or into a hole, the convex hull of what is
    met (said to be generous at a skyline).

    Returns:
        Longitude, latitude (EPSG:6668), counter-clockwise.

    Raises:
        AboveHorizonError: If hardly anything of the frame meets the ground.
        CrsError: If the pose's height cannot be brought into the terrain's datum.
    """
    here = pose_in_datum(pose, terrain.vertical_datum)
    anchor = camera_anchor(here)
    border = _border(camera)
    pixels = np.concatenate([border, _inner(camera)])
    sensor = sensor_from_file_pixel(camera, turned_deg, pixels)
    directions, clear = direction_from_pixel(camera, here, sensor)
    met = meet(terrain, anchor, directions, reach_m=FOOTPRINT_REACH_M)
    ok = clear & (met.outcome == HIT)
    places = geographic_from_enu(met.points[ok], anchor)[:, :2]
    if len(places) < CORNERS:
        raise AboveHorizonError(
            "frame: it meets no ground within 2 km; give terrain that covers it, or"
            " leave the frame out"
        )
    if ok[: len(border)].all():
        ring = Polygon(places[: len(border)])
        if ring.is_valid:
            return orient(ring, sign=1.0)
    hull = MultiPoint(places).convex_hull
    if not isinstance(hull, Polygon):
        raise AboveHorizonError("frame: it meets the ground in a line; look down more")
    return orient(hull, sign=1.0)
