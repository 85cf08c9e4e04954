"""Towers and decks drawn by OpenCV's camera, not by ours: known leans, known steps."""

from itertools import pairwise

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

CV_SHIFT = 0.5  # OpenCV's pixel 0 is the middle of ours
HEIGHT_M, BASE_M, WAIST_M = 46.0, 3.6, 1.0
ARMS_M = ((27.0, 4.6), (33.0, 5.6), (39.0, 4.2))


def projected(camera, attitude, points):
    """Pixels (N, 2) of points east, north, up (N, 3) from the camera.

    The attitude is yaw, pitch, roll in degrees; north-east-down, order ZYX.
    """
    body = Rotation.from_euler("ZYX", attitude, degrees=True)
    ned = np.asarray(points, float)[:, [1, 0, 2]] * [1.0, 1.0, -1.0]
    seen = body.inv().apply(ned)[:, [1, 2, 0]]
    matrix = np.array(
        [
            [camera.focal_x_px, 0, camera.center_x_px - CV_SHIFT],
            [0, camera.focal_y_px, camera.center_y_px - CV_SHIFT],
            [0, 0, 1.0],
        ]
    )
    lens = np.array([camera.k1, camera.k2, camera.p1, camera.p2, camera.k3])
    return cv2.projectPoints(seen, np.zeros(3), np.zeros(3), matrix, lens)[0][:, 0]


def half_width(height_m):
    """Half the side of a tower's body."""
    return np.interp(height_m, [0, 24, 43, 46], [BASE_M, WAIST_M, 0.55, 0.05])


def members(*, legs=4):
    """Ends (n, 2, 3) of a tower's members, its foot at the origin."""
    levels = np.linspace(0, HEIGHT_M, 24)
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    found = []
    for low, high in pairwise(levels):
        lower = np.column_stack([signs * half_width(low), np.full(4, low)])
        upper = np.column_stack([signs * half_width(high), np.full(4, high)])
        for k in range(legs):
            found.append((lower[k], upper[k]))
            if legs == 4:
                found += [
                    (lower[k], upper[(k + 1) % 4]),
                    (lower[k], lower[(k + 1) % 4]),
                ]
    if legs == 4:
        for up, reach in ARMS_M:
            found.append(((-reach, 0, up), (reach, 0, up)))
    return np.array(found)


def tower_mask(camera, attitude, foot, turn, *, legs=4, width_px=3):
    """The mask of a tower turned about its foot by a scipy rotation."""
    ends = turn.apply(members(legs=legs).reshape(-1, 3)) + foot
    pixels = projected(camera, attitude, ends).reshape(-1, 2, 2)
    mask = np.zeros((camera.height_px, camera.width_px), np.uint8)
    lines = np.round(pixels).astype(np.int32)
    for one, two in lines:
        cv2.line(mask, one.tolist(), two.tolist(), 1, width_px)
    return mask.astype(bool)


def painted(component, camera, attitude, corners, number):
    """Paint one flat piece of a deck, corners (k, 3) east, north, up."""
    along = [
        np.linspace(a, b, 24)
        for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)
    ]
    pixels = projected(camera, attitude, np.concatenate(along))
    cv2.fillPoly(component, [np.round(pixels).astype(np.int32)], number)
