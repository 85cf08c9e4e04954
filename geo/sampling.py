"""Ground sampling distance of a whole frame."""

import numpy as np

from data.imagery import Camera, CameraPose
from geo.camera import camera_anchor, direction_from_pixel
from geo.heights import pose_in_datum
from geo.rays import HIT, meet
from geo.terrain import Terrain

MIDDLES = np.array([[0.5, 0.5], [0.5, 0.75]])
"""Where it is asked for, as shares of the sensor's sides: middle, then lower down."""


def frame_gsd_m(camera: Camera, pose: CameraPose, terrain: Terrain) -> float | None:
    """Metres of ground a pixel covers across the line of sight, in a frame's middle.

    Where the middle looks above the horizon or off the terrain, halfway down from it.

    Returns:
        Distance over focal length, or None where neither place meets the ground.
    """
    here = pose_in_datum(pose, terrain.vertical_datum)
    pixels = MIDDLES * [camera.width_px, camera.height_px]
    directions, clear = direction_from_pixel(camera, here, pixels)
    met = meet(terrain, camera_anchor(here), directions)
    distances = met.distance_m[clear & (met.outcome == HIT)]
    if not len(distances):
        return None
    return float(distances[0]) / min(camera.focal_x_px, camera.focal_y_px)
