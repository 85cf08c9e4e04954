"""How far ten real frames are off: `python tests/bench/brighton.py [SHARED]`.

Control points come from the point cloud of the surface model itself: this measures
agreement with the batch, not absolute truth. No sigma and no focal length is fitted.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import pyproj

from data.imagery import VerticalDatum
from geo.georeference import ground_from_pixels
from geo.terrain import flat_ground_of, read_terrain
from pipelines.georeference import tagged_frame

TURNED_ON_DISK = "DJI_0025.JPG"
UTM = pyproj.Transformer.from_crs(4326, 32615, always_xy=True)


def control_points(folder):
    """Pixels at half size (N, 2) and easting, northing (N, 2), by picture."""
    points = {}
    with (folder / "control_points_fullres_px.csv").open() as file:
        for row in csv.DictReader(file):
            pixel = [float(row["u_px"]) / 2, float(row["v_px"]) / 2]
            place = [float(row["utm15n_e"]), float(row["utm15n_n"])]
            points.setdefault(row["image"], []).append([pixel, place])
    return {name: np.array(rows) for name, rows in sorted(points.items())}


def misses(folder, *, flat=False):
    """Per picture: errors in metres, their CE90, and the share of points placed."""
    terrain = read_terrain(folder / "dsm_0p2m.tif", VerticalDatum.LOCAL)
    found = {}
    for name, points in control_points(folder).items():
        frame = tagged_frame(folder / "images" / name, VerticalDatum.LOCAL)
        ground = ground_from_pixels(
            frame.camera,
            frame.pose,
            frame.turned_deg,
            points[:, 0],
            flat_ground_of(frame) if flat else terrain,
        )
        placed = np.column_stack(
            UTM.transform(ground.longitude[ground.ok], ground.latitude[ground.ok])
        )
        error = np.linalg.norm(placed - points[ground.ok, 1], axis=1)
        found[name] = (error, ground.ce90_m[ground.ok], ground.ok.mean())
    return found


def summary(found):
    """Mean over the upright frames of the p90 error and of the share inside CE90."""
    upright = [rows for name, rows in found.items() if name != TURNED_ON_DISK]
    p90 = np.mean([np.quantile(error, 0.9) for error, _, _ in upright])
    covered = np.mean([np.mean(error <= ce90) for error, ce90, _ in upright])
    return float(p90), float(covered)


def report(folder, *, flat):
    """Print a line a picture and the mean."""
    found = misses(folder, flat=flat)
    print("flat ground at take-off height" if flat else "surface model, local heights")
    for name, (error, ce90, placed) in found.items():
        print(
            f"  {name}: p50 {np.median(error):.2f} p90 {np.quantile(error, 0.9):.2f} m,"
            f" CE90 {np.median(ce90):.2f} m, inside {np.mean(error <= ce90):.2f},"
            f" placed {placed:.2f} of {len(error) / placed:.0f}"
        )
    p90, covered = summary(found)
    print(f"  nine upright: p90 {p90:.2f} m, inside CE90 {covered:.2f}")


if __name__ == "__main__":
    shared = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared")
    for flat in (False, True):
        report(shared / "data" / "georef_brighton", flat=flat)
