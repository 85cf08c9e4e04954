"""A better pose of one picture, from places on the ground that it shows."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from data.errors import InvalidRecordError
from data.imagery import Camera, CameraPose, HeightSource, Turned
from geo.attitude import attitude_from_rotation, rotation_from_vector
from geo.camera import (
    camera_anchor,
    camera_from_enu,
    pixel_from_camera,
    sensor_from_file_pixel,
)
from geo.crs import enu_from_geographic, geographic_from_enu
from geo.georeference import attitude_axes

Array = NDArray[np.float64]

CLICK_SIGMA_PX = 2.0  # where a person puts a mark, and what the lens leaves
HUBER_SIGMAS = 3.0
LEAST_SIGMA_M, LEAST_SIGMA_DEG = 0.02, 0.02  # nothing is known better than a survey
BEHIND_PX = 1.0e4  # how far off a place counts that the camera would not see


def turned_rotation(pose: CameraPose, turn: Array) -> Array:
    """The camera's rows in ENU after a turn about ENU axes, in radians, shape (3,)."""
    return np.asarray(camera_from_enu(pose) @ rotation_from_vector(turn).T, np.float64)


def moved_pose(pose: CameraPose, shift_m: Array, turn: Array) -> CameraPose:
    """The pose shifted east, north, up in metres and turned about ENU axes."""
    place = geographic_from_enu(shift_m[None], camera_anchor(pose))[0]
    yaw, pitch, roll = attitude_from_rotation(turned_rotation(pose, turn))
    return replace(
        pose,
        longitude=float(place[0]),
        latitude=float(place[1]),
        height_m=float(place[2]),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
    )


def _sigmas_of(pose: CameraPose) -> Array:
    """Of east, north, up in metres, and of the turns about `attitude_axes`."""
    places = [pose.sigma_h_m, pose.sigma_h_m, pose.sigma_v_m]
    return np.concatenate([places, attitude_axes(pose)[1]])


def pose_from_control(
    camera: Camera,
    pose: CameraPose,
    turned_deg: Turned,
    pixels: Array,
    places: Array,
) -> tuple[CameraPose, float]:
    """The pose that control points ask for, held by the tags as far as these are good.

    Args:
        camera: Its lens stays as it is.
        pose: What the tags say, with its sigmas: from one point on there is an answer.
        turned_deg: How the file lies on disk.
        pixels: Column, row in the file as it is, shape (N, 2).
        places: Longitude, latitude, height in the pose's datum, shape (N, 3).

    Returns:
        The pose with its new sigmas, and the median misfit in pixels.

    Raises:
        InvalidRecordError: If no point is in sight: it is another place or picture.

    Source:
        Kraus 2007, Photogrammetry, section 4.2 (resection), tags as observations.
    """
    around = enu_from_geographic(places, camera_anchor(pose))
    sensor = sensor_from_file_pixel(camera, turned_deg, pixels)
    axes, scale = attitude_axes(pose)[0], _sigmas_of(pose)

    def misses(unknowns: Array) -> Array:
        moved = unknowns * scale
        rotation = turned_rotation(pose, moved[3:] @ axes)
        found, ok = pixel_from_camera(camera, (around - moved[:3]) @ rotation.T)
        return np.where(ok[:, None], found - sensor, BEHIND_PX)

    def residuals(unknowns: Array) -> Array:
        return np.concatenate([misses(unknowns).ravel() / CLICK_SIGMA_PX, unknowns])

    solved = least_squares(residuals, np.zeros(6), loss="huber", f_scale=HUBER_SIGMAS)
    off = np.hypot(*misses(solved.x).T)
    if not np.median(off) < BEHIND_PX / 2:
        raise InvalidRecordError(
            f"control points: none of {len(pixels)} is in sight of the picture's place;"
            " check their reference system and picture"
        )
    spread = max(1.0, float(np.median(off)) / CLICK_SIGMA_PX)
    shares = np.sqrt(np.diag(np.linalg.inv(solved.jac.T @ solved.jac))) * spread
    moved = solved.x * scale
    left = np.minimum(shares, 1.0) * scale
    better = moved_pose(pose, moved[:3], moved[3:] @ axes)
    return _with_sigmas(better, left), float(np.median(off))


def _with_sigmas(pose: CameraPose, left: Array) -> CameraPose:
    yaw, tilt = np.degrees(left[3]), np.degrees(left[4:].max())
    return replace(
        pose,
        sigma_h_m=max(float(left[:2].max()), LEAST_SIGMA_M),
        sigma_v_m=max(float(left[2]), LEAST_SIGMA_M),
        sigma_yaw_deg=max(float(yaw), LEAST_SIGMA_DEG),
        sigma_tilt_deg=max(float(tilt), LEAST_SIGMA_DEG),
        height_source=HeightSource.POSES,
    )
