"""One flight made consistent: `python tests/bench/flight.py [SHARED]`.

Ten real frames, DJI_0025 with its Software tag removed (it lies turned on disk). The
control points only measure: nothing is fitted to them.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from brighton import TURNED_ON_DISK, UTM, control_points

from data.imagery import VerticalDatum
from geo.camera import camera_anchor
from geo.crs import enu_from_geographic
from geo.georeference import ground_from_pixels
from geo.overlaps import find_overlaps
from geo.registration import consistent_flight
from geo.terrain import read_terrain
from pipelines.georeference import tagged_frame

REACH_M = 80.0  # two frames 40 m up see no common ground beyond


def flight(folder):
    """The frames by their tags; the turned one as if no tag told that it is turned."""
    frames = []
    for path in sorted((folder / "images").glob("*.JPG")):
        frame = tagged_frame(path, VerticalDatum.LOCAL)
        forgets = frame.file == TURNED_ON_DISK
        frames.append(replace(frame, turned_deg=0) if forgets else frame)
    return frames


def grey_of(path):
    """Reads one picture in grey, as it lies on disk."""
    return lambda: cv2.imread(
        str(path), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
    )


def apart_m(one, other):
    """Level distance of two frames."""
    place = [[other.pose.longitude, other.pose.latitude, other.pose.height_m]]
    return np.hypot(
        *enu_from_geographic(np.array(place), camera_anchor(one.pose))[0, :2]
    )


def p90_by_frame(frames, points, terrain):
    """90th percentile of the error over control points, metres, by name."""
    found = {}
    for frame in frames:
        here = points[frame.file]
        ground = ground_from_pixels(
            frame.camera, frame.pose, frame.turned_deg, here[:, 0], terrain
        )
        placed = np.column_stack(
            UTM.transform(ground.longitude[ground.ok], ground.latitude[ground.ok])
        )
        off = np.linalg.norm(placed - here[ground.ok, 1], axis=1)
        inside = float(np.mean(off <= ground.ce90_m[ground.ok]))
        found[frame.file] = (float(np.quantile(off, 0.9)), inside)
    return found


def upright_mean(found):
    """Mean of the p90 over the nine upright frames."""
    return float(np.mean([v[0] for name, v in found.items() if name != TURNED_ON_DISK]))


def measured(folder):
    """Errors from tags, errors after, and what the flight's consistency said."""
    frames = flight(folder)
    terrain = read_terrain(folder / "dsm_0p2m.tif", VerticalDatum.LOCAL)
    points = control_points(folder)
    greys = [grey_of(folder / "images" / frame.file) for frame in frames]
    overlaps = find_overlaps(
        greys, lambda i, j: bool(apart_m(frames[i], frames[j]) < REACH_M)
    )
    said = consistent_flight(frames, overlaps, terrain)
    before = p90_by_frame(frames, points, terrain)
    return before, p90_by_frame(said.frames, points, terrain), said


if __name__ == "__main__":
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    begin = time.process_time()
    before, after, said = measured(shared / "data" / "georef_brighton")
    for name in sorted(before):
        apart = [m.get(name, np.nan) for m in (said.before_m, said.after_m)]
        print(
            f"  {name}: p90 {before[name][0]:.2f} -> {after[name][0]:.2f} m, inside"
            f" CE90 {after[name][1]:.2f}; neighbours {apart[0]:.2f} -> {apart[1]:.2f} m"
        )
    print(
        f"nine upright: p90 {upright_mean(before):.2f} m from tags (at most 4.3),"
        f" {upright_mean(after):.2f} m after (at most 3.6)"
    )
    print(
        f"{said.pairs} overlaps; boresight {np.round(said.boresight_deg, 2)} degrees,"
        f" heights {said.height_offset_m:+.2f} m, focal x {said.focal_scale:.4f}"
    )
    print(f"turned by neighbours: {said.turned}; quarantined: {said.quarantined}")
    print(f"{time.process_time() - begin:.1f} CPU s")
