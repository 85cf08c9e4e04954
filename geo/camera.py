"""World point <-> pixel, with lens: pinhole and Brown-Conrady, vectorised.

Axes of the camera: X to the right and Y down in the picture, Z along the view. Pixels
are `column, row` with the corner of the top left pixel at (0, 0) and its middle at
(0.5, 0.5); OpenCV counts from the middle, so its centre is ours less one half.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.imagery import Camera, CameraPose, Turned
from geo.crs import Anchor, enu_from_geographic

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEWTON_STEPS = 20  # quadratic: 5 or 6 do for any lens that was built
UNDISTORTED_PX = 1e-6  # a ray is good when its reprojection is this close
ROOT_ROUNDING = 1e-9  # of np.roots; a fold that far out is none
RIM = 0.999  # of the radius where the polynomial folds back


def camera_anchor(pose: CameraPose) -> Anchor:
    """The local frame whose origin is the camera itself."""
    return Anchor(
        longitude=pose.longitude, latitude=pose.latitude, height_m=pose.height_m
    )


def camera_from_enu(pose: CameraPose) -> Array:
    """Rotation (3, 3): rows are the picture's right, its down, and the view, in ENU.

    Yaw, pitch, roll turn North-East-Down axes in the order ZYX; the camera looks along
    the body's x, its picture's right is the body's y, its down the body's z.

    Source:
        Diebel 2006, Representing attitude, section 5.6 (1, 2, 3 sequence, ZYX).
    """
    yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    (cy, cp, cr), (sy, sp, sr) = np.cos([yaw, pitch, roll]), np.sin([yaw, pitch, roll])
    forward = np.array([cy * cp, sy * cp, -sp])
    right = np.array([cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, cp * sr])
    down = np.array([cy * sp * cr + sy * sr, sy * sp * cr - cy * sr, cp * cr])
    north_east_down = np.stack([right, down, forward])
    return north_east_down[:, [1, 0, 2]] * [1.0, 1.0, -1.0]


def sensor_from_file_pixel(camera: Camera, turned_deg: Turned, pixels: Array) -> Array:
    """Pixels (N, 2) on the sensor, of pixels in the file as it lies on disk.

    A half turn undoes itself, so `file_from_sensor_pixel` does the same.
    """
    if turned_deg == 0:
        return pixels
    return np.array([camera.width_px, camera.height_px], np.float64) - pixels


def file_from_sensor_pixel(camera: Camera, turned_deg: Turned, pixels: Array) -> Array:
    """Pixels (N, 2) in the file as it lies on disk, of pixels on the sensor."""
    return sensor_from_file_pixel(camera, turned_deg, pixels)


@lru_cache(maxsize=256)
def fold_radius(camera: Camera) -> float:
    """Radius on the plane Z = 1 beyond which the distortion folds back, or infinity.

    There r (1 + k1 r^2 + k2 r^4 + k3 r^6) stops growing: the largest root of the slope
    in 1 / r^2.
    """
    roots = np.roots([1.0, 3 * camera.k1, 5 * camera.k2, 7 * camera.k3])
    real = roots[np.abs(roots.imag) < ROOT_ROUNDING].real
    largest = float(real.max(initial=0.0))
    return largest**-0.5 if largest > ROOT_ROUNDING else np.inf


def _distorted(camera: Camera, plane: Array) -> Array:
    """Brown-Conrady on the plane Z = 1, (N, 2) to (N, 2).

    Source:
        Brown 1971, Close-range camera calibration; order k1 k2 p1 p2 k3 as in OpenCV.
    """
    x, y = plane[:, 0], plane[:, 1]
    square = x * x + y * y
    radial = 1 + square * (camera.k1 + square * (camera.k2 + square * camera.k3))
    cross = 2 * x * y
    return np.stack(
        [
            x * radial + camera.p1 * cross + camera.p2 * (square + 2 * x * x),
            y * radial + camera.p1 * (square + 2 * y * y) + camera.p2 * cross,
        ],
        axis=1,
    )


def _distortion_slope(camera: Camera, plane: Array) -> Array:
    """Derivative of `_distorted`, shape (N, 2, 2)."""
    x, y = plane[:, 0], plane[:, 1]
    square = x * x + y * y
    radial = 1 + square * (camera.k1 + square * (camera.k2 + square * camera.k3))
    growth = 2 * camera.k1 + square * (4 * camera.k2 + square * 6 * camera.k3)
    p1, p2 = camera.p1, camera.p2
    cross = x * y * growth + 2 * p1 * x + 2 * p2 * y
    slope = np.empty((len(plane), 2, 2))
    slope[:, 0, 0] = radial + x * x * growth + 2 * p1 * y + 6 * p2 * x
    slope[:, 1, 1] = radial + y * y * growth + 6 * p1 * y + 2 * p2 * x
    slope[:, 0, 1] = slope[:, 1, 0] = cross
    return slope


def pixel_from_camera(camera: Camera, points: Array) -> tuple[Array, Mask]:
    """Pixels (N, 2) of points in the camera's axes (N, 3), and which are true.

    A point behind the camera, or so far aside that the distortion would fold it back
    into the picture, is not `ok`; the latter is put on the rim, outside the picture, so
    that outlines stay whole.
    """
    ahead = points[:, 2] > 0
    plane = points[:, :2] / np.where(ahead, points[:, 2], 1.0)[:, None]
    radius, limit = np.hypot(plane[:, 0], plane[:, 1]), RIM * fold_radius(camera)
    inside = radius <= limit
    stretch = np.where(inside, 1.0, radius / np.where(inside, 1.0, limit))
    bent = _distorted(camera, plane / stretch[:, None]) * stretch[:, None]
    center = np.array([camera.center_x_px, camera.center_y_px])
    pixels = bent * [camera.focal_x_px, camera.focal_y_px] + center
    return pixels, ahead & inside


def ray_from_pixel(camera: Camera, pixels: Array) -> tuple[Array, Mask]:
    """Rays (N, 3) with Z = 1 in the camera's axes, of sensor pixels (N, 2); and `ok`.

    Newton's method; where it does not come back to the pixel, or only beyond the radius
    where the lens folds, the ray is not `ok`.
    """
    focal = np.array([camera.focal_x_px, camera.focal_y_px])
    wanted = (pixels - [camera.center_x_px, camera.center_y_px]) / focal
    plane, limit = wanted.copy(), RIM * fold_radius(camera)
    if np.isfinite(limit):
        far = np.hypot(plane[:, 0], plane[:, 1]) / limit
        plane /= np.maximum(far, 1.0)[:, None]
    for _ in range(NEWTON_STEPS):
        miss = _distorted(camera, plane) - wanted
        if np.abs(miss).max(initial=0.0) * focal.max() < UNDISTORTED_PX / 10:
            break
        step = np.linalg.solve(_distortion_slope(camera, plane), miss[:, :, None])
        plane = plane - np.clip(step[:, :, 0], -0.5, 0.5)
    miss = np.abs((_distorted(camera, plane) - wanted) * focal).max(axis=1)
    ok = (miss < UNDISTORTED_PX) & (np.hypot(plane[:, 0], plane[:, 1]) <= limit)
    return np.column_stack([plane, np.ones(len(plane))]), ok


def pixel_from_enu(
    camera: Camera, pose: CameraPose, points: Array
) -> tuple[Array, Array, Mask]:
    """Sensor pixels (N, 2), depth in metres (N,) and `ok`, of points around the camera.

    The points are (N, 3), east, north, up from the camera, in metres.
    """
    seen = points @ camera_from_enu(pose).T
    pixels, ok = pixel_from_camera(camera, seen)
    return pixels, seen[:, 2], ok


def pixel_from_world(
    camera: Camera, pose: CameraPose, points: Array
) -> tuple[Array, Array, Mask]:
    """Sensor pixels (N, 2), depth in metres (N,) and `ok`, of places on Earth.

    The points are (N, 3), longitude, latitude, height in the pose's datum.
    """
    return pixel_from_enu(
        camera, pose, enu_from_geographic(points, camera_anchor(pose))
    )


def direction_from_pixel(
    camera: Camera, pose: CameraPose, pixels: Array
) -> tuple[Array, Mask]:
    """Unit directions (N, 3) east, north, up at the camera, of sensor pixels (N, 2)."""
    rays, ok = ray_from_pixel(camera, pixels)
    turned = rays @ camera_from_enu(pose)
    return turned / np.linalg.norm(turned, axis=1, keepdims=True), ok
