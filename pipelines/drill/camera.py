"""The camera that draws the drill, and the pose that its drone would have written.

It shares nothing with `geo.camera`: an error there must not cancel out here. Scene axes
are east, north, up in metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pipelines.drill.scene import Array

FOLDS_BACK_R2 = 2.5  # far outside the image the distortion's polynomial turns round
BIAS_SIGMA_M = (1.5, 1.5, 1.0)  # shared by a flight: east, north, up
FRAME_SIGMA_M = 0.3  # of each frame
ATTITUDE_SIGMA_DEG = (2.0, 0.5, 0.5)  # yaw, pitch, roll


@dataclass(frozen=True, kw_only=True)
class Lens:
    """Brown-Conrady camera; focal length and principal point in pixels.

    `distortion` is k1, k2, p1, p2, k3; the middle of the top left pixel is (0.5, 0.5).
    """

    width: int
    height: int
    focal: float
    principal: tuple[float, float]
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """Position in scene metres; yaw clockwise from north, pitch -90 looks down."""

    east: float
    north: float
    up: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    @property
    def position(self) -> Array:
        """East, north, up."""
        return np.array([self.east, self.north, self.up])

    @property
    def rotation(self) -> Array:
        """Rows: image right, image down, viewing direction, in scene axes."""
        yaw, pitch, roll = np.radians([self.yaw_deg, self.pitch_deg, self.roll_deg])
        level = np.array([np.sin(yaw), np.cos(yaw), 0.0]) * np.cos(pitch)
        forward = level + np.array([0.0, 0.0, np.sin(pitch)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        down = np.cross(forward, right)
        turned = right * np.cos(roll) + down * np.sin(roll)
        return np.stack([turned, np.cross(forward, turned), forward])


def look_at(position: ArrayLike, target: ArrayLike) -> Pose:
    """A level camera at `position` that looks at `target`."""
    p = np.asarray(position, float)
    east, north, up = np.asarray(target, float) - p
    return Pose(
        east=float(p[0]),
        north=float(p[1]),
        up=float(p[2]),
        yaw_deg=float(np.degrees(np.arctan2(east, north)) % 360),
        pitch_deg=float(np.degrees(np.arctan2(up, np.hypot(east, north)))),
    )


def draw_lens(
    width: int, rng: np.random.Generator, *, focal_over_width: float = 0.706
) -> Lens:
    """One specimen of a 4:3 drone camera; .706 is the 24 mm equivalent."""
    k1, k2 = rng.uniform(-0.12, 0.02), rng.uniform(-0.01, 0.04)
    p1, p2 = rng.normal(0, 4e-4, 2)
    dx, dy = rng.normal(0, width * 2e-3, 2)
    return Lens(
        width=width,
        height=width * 3 // 4,
        focal=focal_over_width * width,
        principal=(float(width / 2 + dx), float(width * 3 / 8 + dy)),
        distortion=(float(k1), float(k2), float(p1), float(p2), 0.0),
    )


def draw_bias(rng: np.random.Generator) -> Array:
    """GNSS error in east, north, up metres that a flight's frames share."""
    return rng.normal(0, 1, 3) * BIAS_SIGMA_M


def logged_pose(pose: Pose, bias: Array, rng: np.random.Generator) -> Pose:
    """What the drone writes down: the truth with the flight's and the frame's error."""
    east, north, up = pose.position + bias + rng.normal(0, FRAME_SIGMA_M, 3)
    yaw, pitch, roll = rng.normal(0, ATTITUDE_SIGMA_DEG)
    return replace(
        pose,
        east=float(east),
        north=float(north),
        up=float(up),
        yaw_deg=float((pose.yaw_deg + yaw) % 360),
        pitch_deg=float(pose.pitch_deg + pitch),
        roll_deg=float(pose.roll_deg + roll),
    )


def pixel_from_scene(
    points: Array, pose: Pose, lens: Lens
) -> tuple[Array, Array, Array]:
    """Column, row, depth of scene points (n, 3); depth <= 0 is behind or far outside.

    Source:
        Brown (1971), in the form of OpenCV's `projectPoints`.
    """
    x, y, depth = ((points - pose.position) @ pose.rotation.T).T
    ahead = np.maximum(depth, 1e-3)
    u, v = x / ahead, y / ahead
    k1, k2, p1, p2, k3 = lens.distortion
    r = u * u + v * v
    radial = 1 + r * (k1 + r * (k2 + r * k3))
    ud = u * radial + 2 * p1 * u * v + p2 * (r + 2 * u * u)
    vd = v * radial + p1 * (r + 2 * v * v) + 2 * p2 * u * v
    columns, rows = np.stack([ud, vd]) * lens.focal + np.array(lens.principal)[:, None]
    return columns, rows, np.where(r < FOLDS_BACK_R2, depth, -1.0)
