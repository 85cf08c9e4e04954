"""Yaw, pitch, roll of a rotation, and back: what a solved pose has to be written as."""

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRecordError

Array = NDArray[np.float64]

STRAIGHT_DOWN = 1e-9  # cosine of the pitch below which yaw and roll are one turn
NOT_A_ROTATION = 0.05
"""Of a singular value from 1: UTM's scale is 0.0004 off, a broken matrix far more."""


def nearest_rotation(matrix: Array) -> Array:
    """The proper rotation (3, 3) nearest to a matrix, in the Frobenius norm.

    Raises:
        InvalidRecordError: If the matrix is a mirror, or far from any rotation.

    Source:
        Horn, Hilden, Negahdaripour 1988, orthonormal matrices (polar decomposition).
    """
    if not np.isfinite(matrix).all():
        raise InvalidRecordError("rotation: it holds no number; solve the pose again")
    left, sizes, right = np.linalg.svd(matrix)
    rotation = left @ right
    if np.abs(sizes - 1).max() > NOT_A_ROTATION or np.linalg.det(rotation) < 0:
        raise InvalidRecordError(
            f"rotation: its matrix stretches by {sizes.min():.3g} to {sizes.max():.3g}"
            " or mirrors; give a rotation"
        )
    return np.asarray(rotation, np.float64)


def rotation_from_vector(vector: Array) -> Array:
    """Rotation (3, 3) about an axis, by its length in radians.

    >>> turn = rotation_from_vector(np.array([0.0, 0.0, np.pi / 2]))
    >>> turn.round(12).tolist()
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]

    Source:
        Rodrigues' formula; Diebel 2006, Representing attitude, section 7.
    """
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.asarray(turn, np.float64)


def rotation_from_quaternion(quaternion: Array) -> Array:
    """Rotation (3, 3) of a quaternion w, x, y, z of any length but zero.

    Raises:
        InvalidRecordError: If its length is zero or no number.
    """
    length = float(np.linalg.norm(quaternion))
    if not length > 0 or not np.isfinite(length):
        raise InvalidRecordError(
            f"quaternion of length {length:g}: it turns nothing; solve the pose again"
        )
    w, axis = quaternion[0] / length, quaternion[1:] / length
    sine = float(np.linalg.norm(axis))
    if sine == 0:
        return np.eye(3)
    return rotation_from_vector(axis / sine * 2 * np.arctan2(sine, w))


def attitude_from_rotation(rotation: Array) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of what `geo.camera.camera_from_enu` gives.

    Straight down (or up) yaw and roll are one turn: all of it is called yaw.

    Args:
        rotation: Rows the picture's right, its down, the view, in ENU, shape (3, 3).
    """
    right, down, view = rotation
    pitch = np.arcsin(np.clip(view[2], -1.0, 1.0))
    if np.hypot(view[0], view[1]) < STRAIGHT_DOWN:
        yaw, roll = np.arctan2(-right[1], right[0]), 0.0
    else:
        yaw, roll = np.arctan2(view[0], view[1]), np.arctan2(-right[2], -down[2])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))
