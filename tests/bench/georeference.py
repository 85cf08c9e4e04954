"""Is the stated error the true one, and how fast: `python tests/bench/georeference.py`.

1. CE90 of the Jacobian against 100,000 draws of the planted errors, in 18 poses; the
   draws turn rays with scipy's rotations and meet the ground by a plane, in no formula
   of ours.
2. A pixel to the world and back, without terrain and with a rolling one.
3. Points placed on a terrain in a second of one core.
"""

import itertools
import time

import numpy as np
from affine import Affine
from scipy.spatial.transform import Rotation

from data.imagery import Camera, CameraPose, HeightSource, VerticalDatum
from geo.camera import camera_anchor, direction_from_pixel, pixel_from_world
from geo.crs import crs_from_geographic, geographic_from_enu
from geo.georeference import ground_from_pixels
from geo.terrain import flat_terrain, heights_at, terrain_from_grid

DRAWS = 100_000
PLACE = (140.087, 36.104)
PLANE_EPSG = 6677
CONSUMER = {
    "sigma_h_m": 2.0,
    "sigma_v_m": 3.0,
    "sigma_yaw_deg": 2.5,
    "sigma_tilt_deg": 2.0,
}
SURVEY = {
    "sigma_h_m": 0.1,
    "sigma_v_m": 0.15,
    "sigma_yaw_deg": 1.0,
    "sigma_tilt_deg": 1.0,
}
HEIGHTS_M, PITCHES_DEG = (40.0, 100.0, 150.0), (-90.0, -60.0, -30.0)
GROUND_SIGMA_M = 0.5
CAMERA = Camera(
    width_px=4000,
    height_px=3000,
    focal_x_px=2824.0,
    focal_y_px=2824.0,
    center_x_px=2000.0,
    center_y_px=1500.0,
    k1=-0.05,
    k2=0.01,
    p1=2e-4,
    p2=-1e-4,
    focal_sigma=0.005,
    source="dewarp",
)


def pose_at(height_m, pitch_deg, sigmas, *, yaw_deg=35.0):
    """A camera over Tsukuba."""
    return CameraPose(
        longitude=PLACE[0],
        latitude=PLACE[1],
        height_m=height_m,
        vertical_datum=VerticalDatum.ELLIPSOIDAL,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=0.0,
        **sigmas,
        height_source=HeightSource.ABSOLUTE,
    )


def rays(pixels):
    """Unit-depth rays of pixels by ten fixed-point rounds of Brown's model."""
    wanted = (pixels - [CAMERA.center_x_px, CAMERA.center_y_px]) / CAMERA.focal_x_px
    plane = wanted.copy()
    for _ in range(10):
        x, y = plane.T
        square = x * x + y * y
        radial = 1 + CAMERA.k1 * square + CAMERA.k2 * square**2
        bent_x = 2 * CAMERA.p1 * x * y + CAMERA.p2 * (square + 2 * x * x)
        bent_y = CAMERA.p1 * (square + 2 * y * y) + 2 * CAMERA.p2 * x * y
        plane = (wanted - np.column_stack([bent_x, bent_y])) / radial[:, None]
    return np.column_stack([plane, np.ones(len(plane))])


def simulated_ce90(pose, pixel, rng):
    """Radius around the undisturbed place that holds 90 % of the disturbed ones."""
    place = rng.normal(0, [pose.sigma_h_m, pose.sigma_h_m, pose.sigma_v_m], (DRAWS, 3))
    sigmas = [pose.sigma_tilt_deg, pose.sigma_tilt_deg, pose.sigma_yaw_deg]
    turn = np.radians(rng.normal(0, sigmas, (DRAWS, 3)))
    shaken = pixel + rng.normal(0, 1.0, (DRAWS, 2))
    level = (1 + rng.normal(0, CAMERA.focal_sigma, DRAWS))[:, None] * rays(shaken)[
        :, :2
    ]
    angles = [pose.yaw_deg, pose.pitch_deg, pose.roll_deg]
    body = Rotation.from_euler("ZYX", angles, degrees=True)
    seen = np.column_stack([np.ones(DRAWS), level])  # forward, right, down
    ned = body.apply(seen)
    world = ned[:, [1, 0, 2]] * [1, 1, -1]
    heading = np.radians(pose.yaw_deg)
    aside = np.array([np.cos(heading), -np.sin(heading), 0.0])
    ahead = np.array([np.sin(heading), np.cos(heading), 0.0])
    vectors = turn[:, :1] * aside + turn[:, 1:2] * ahead + turn[:, 2:] * [0, 0, -1.0]
    world = Rotation.from_rotvec(vectors).apply(world)
    up = pose.height_m + place[:, 2] - rng.normal(0, GROUND_SIGMA_M, DRAWS)
    far = -up / world[:, 2]
    met = place[:, :2] + far[:, None] * world[:, :2]
    true = body.apply([[1.0, *rays(pixel)[0, :2]]])[0][[1, 0, 2]] * [1, 1, -1]
    true = true[:2] * (-pose.height_m / true[2])
    off = np.hypot(*(met - true).T)
    return float(np.quantile(np.where(world[:, 2] < 0, off, np.inf), 0.9))


def jacobian_against_draws(seed=7):
    """Per pose: height, pitch, sigmas' name, stated and simulated CE90."""
    rng = np.random.default_rng(seed)
    ground = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL, sigma_m=GROUND_SIGMA_M)
    pixel = np.array([[2300.0, 1650.0]])
    kinds = {"consumer": CONSUMER, "survey": SURVEY}
    rows = []
    for height, pitch, kind in itertools.product(HEIGHTS_M, PITCHES_DEG, kinds):
        pose = pose_at(height, pitch, kinds[kind])
        stated = float(ground_from_pixels(CAMERA, pose, 0, pixel, ground).ce90_m[0])
        rows.append((height, pitch, kind, stated, simulated_ce90(pose, pixel, rng)))
    return rows


def rolling_terrain(side_m=1200.0, cell_m=1.0):
    """Hills of 8 m in 200 m around the place, plane rectangular IX."""
    x, y = (
        float(v[0]) for v in crs_from_geographic([PLACE[0]], [PLACE[1]], PLANE_EPSG)
    )
    count = int(side_m / cell_m)
    middles = (np.arange(count) + 0.5) * cell_m - side_m / 2
    east, north = np.meshgrid(middles, -middles)
    hills = 8 * np.sin(east / 32) * np.cos(north / 32)
    affine = Affine(cell_m, 0, x - side_m / 2, 0, -cell_m, y + side_m / 2)
    datum = VerticalDatum.ELLIPSOIDAL
    return terrain_from_grid(hills.astype(np.float32), affine, PLANE_EPSG, datum)


def round_trip_px(count=20_000, seed=8):
    """Largest miss in pixels: pixel to world and back, over free places and terrain."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(0, [4000, 3000], (count, 2))
    free, ground = 0.0, 0.0
    terrain = rolling_terrain()
    for pitch in PITCHES_DEG[:2]:
        pose = pose_at(100.0, pitch, SURVEY)
        directions, _ = direction_from_pixel(CAMERA, pose, pixels)
        far = rng.uniform(20, 900, (count, 1))
        places = geographic_from_enu(directions * far, camera_anchor(pose))
        back, _, _ = pixel_from_world(CAMERA, pose, places)
        free = max(free, float(np.abs(back - pixels).max()))
        ground = max(ground, _over_terrain(pose, terrain, pixels))
    return free, ground


def _over_terrain(pose, terrain, pixels):
    """Pixels of where the exact grid is, at the places that were found."""
    met = ground_from_pixels(CAMERA, pose, 0, pixels, terrain)
    lon, lat = met.longitude[met.ok], met.latitude[met.ok]
    exact = heights_at(terrain, lon, lat)  # by pyproj, not by our nearby cubic
    places = np.column_stack([lon, lat, exact])
    back, _, _ = pixel_from_world(CAMERA, pose, places)
    return float(np.abs(back - pixels[met.ok]).max())


def points_a_second(count=1_000_000, seed=9):
    """Points placed on terrain, with their covariance, in a second of one core."""
    rng = np.random.default_rng(seed)
    terrain, pose = rolling_terrain(), pose_at(100.0, -60.0, SURVEY)
    pixels = rng.uniform(0, [4000, 3000], (count, 2))
    begin = time.process_time()
    ground = ground_from_pixels(CAMERA, pose, 0, pixels, terrain)
    took = time.process_time() - begin
    return count / took, float(ground.ok.mean())


def main():
    """Print the three."""
    worst = 0.0
    for height, pitch, kind, stated, drawn in jacobian_against_draws():
        worst = max(worst, abs(stated / drawn - 1))
        print(
            f"  {height:5.0f} m pitch {pitch:4.0f} {kind:8}: CE90 {stated:6.2f} m,"
            f" {DRAWS:,} draws {drawn:6.2f} m ({100 * (stated / drawn - 1):+.1f} %)"
        )
    print(f"18 poses: worst {100 * worst:.1f} % (at most 5)")
    free, ground = round_trip_px()
    print(f"pixel, world, pixel: {free:.1e} px free, {ground:.1e} px on terrain")
    speed, placed = points_a_second()
    print(f"{speed / 1e6:.2f} million points a CPU second to terrain, {placed:.2f} met")


if __name__ == "__main__":
    main()
