from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import CrsError
from data.imagery import VerticalDatum
from geo.camera import camera_anchor, file_from_sensor_pixel, pixel_from_world
from geo.crs import enu_from_geographic, geographic_from_enu
from geo.georeference import (
    attitude_axes,
    ce90_from_covariance,
    ground_from_pixels,
    outline_on_ground,
)
from geo.terrain import flat_terrain

CENTER = np.array([[2000.0, 1500.0]])
GROUND = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL, sigma_m=0.0)


def metres(ground, anchor):
    places = np.column_stack([ground.longitude, ground.latitude, ground.height_m])
    return enu_from_geographic(places, anchor)[:, :2]


@settings(deadline=None, max_examples=200)
@given(st.floats(0.05, 1), st.floats(1, 100), st.floats(0, np.pi))
def test_ce90_holds_ninety_percent_of_a_normal_error(share, large, turn):
    s1, s2 = large, share * large
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    covariance = rotation @ np.diag([s1**2, s2**2]) @ rotation.T
    # the true chance by quadrature over the angle (Hoover 1984), no simulation
    radius = ce90_from_covariance(covariance[None])[0]
    angle = (np.arange(720) + 0.5) * np.pi / 360
    spread = (np.cos(angle) / s1) ** 2 + (np.sin(angle) / s2) ** 2
    chance = np.mean((1 - np.exp(-(radius**2) * spread / 2)) / spread) / (s1 * s2)
    assert chance == pytest.approx(0.90, abs=0.012)


def test_ce90_agrees_with_monte_carlo():
    rng = np.random.default_rng(5)
    covariance = np.array([[4.0, 1.5], [1.5, 1.0]])
    draws = rng.multivariate_normal([0, 0], covariance, 400_000)
    simulated = np.quantile(np.hypot(*draws.T), 0.9)
    assert ce90_from_covariance(covariance[None])[0] == pytest.approx(
        simulated, rel=0.03
    )


@pytest.mark.parametrize(
    ("pitch", "height", "ce90"),
    [(-90, 40, 4.4), (-90, 100, 8.2), (-60, 100, 10.6), (-30, 100, 27.0)],
)
def test_the_error_of_tags_alone_is_that_of_the_findings(
    make_camera, make_pose, pitch, height, ce90
):
    # FINDINGS, section 3: 1.5 m GPS, 2 degrees tilt, 2.5 degrees yaw
    camera = make_camera(focal_sigma=0.0)
    pose = make_pose(height=height, pitch_deg=float(pitch))
    ground = ground_from_pixels(camera, pose, 0, CENTER, GROUND, pixel_sigma_px=0.0)
    assert ground.ce90_m[0] == pytest.approx(ce90, rel=0.06)


def disturbed(pose, camera, rng, terrain):
    """A pose, camera and ground that are off by one draw of their sigmas."""
    moved = rng.normal(0, [pose.sigma_h_m, pose.sigma_h_m, pose.sigma_v_m])
    place = geographic_from_enu(moved[None], camera_anchor(pose))[0]
    yaw, pitch, roll = rng.normal(
        0, [pose.sigma_yaw_deg, pose.sigma_tilt_deg, pose.sigma_tilt_deg]
    )
    other = replace(
        pose,
        longitude=float(place[0]),
        latitude=float(place[1]),
        height_m=float(place[2]),
        yaw_deg=pose.yaw_deg + yaw,
        pitch_deg=pose.pitch_deg + pitch,
        roll_deg=pose.roll_deg + roll,
    )
    focal = camera.focal_x_px * (1 + rng.normal(0, camera.focal_sigma))
    lens = replace(camera, focal_x_px=focal, focal_y_px=focal)
    up = float(rng.normal(0, terrain.sigma_m)) + terrain.lowest_m
    return lens, other, flat_terrain(up, terrain.vertical_datum, sigma_m=1.0)


@pytest.mark.slow
def test_the_covariance_is_that_of_a_simulation(make_camera, make_pose):
    rng = np.random.default_rng(6)
    camera = make_camera(focal_sigma=0.01, k1=-0.05)
    pose = make_pose(
        pitch_deg=-35.0, yaw_deg=70.0, sigma_tilt_deg=0.5, sigma_yaw_deg=1.0
    )
    terrain = flat_terrain(10.0, VerticalDatum.ELLIPSOIDAL, sigma_m=2.0)
    pixels = np.array([[1200.0, 1900.0], [3300.0, 800.0]])
    stated = ground_from_pixels(camera, pose, 0, pixels, terrain)
    draws = []
    for _ in range(1500):
        lens, other, ground = disturbed(pose, camera, rng, terrain)
        shaken = pixels + rng.normal(0, 1.0, pixels.shape)
        met = ground_from_pixels(lens, other, 0, shaken, ground)
        draws.append(metres(met, camera_anchor(pose)))
    simulated = np.array(draws)
    for index in range(len(pixels)):
        wanted = np.cov(simulated[:, index].T)
        spread = np.sqrt(np.trace(wanted))
        assert np.allclose(stated.covariance[index], wanted, atol=0.12 * spread**2)
        off = simulated[:, index] - simulated[:, index].mean(axis=0)
        inside = np.mean(np.hypot(*off.T) <= stated.ce90_m[index])
        assert inside == pytest.approx(0.90, abs=0.03)


@settings(deadline=None)
@given(
    st.floats(0, 4000),
    st.floats(0, 3000),
    st.floats(-180, 180),
    st.floats(-90, -50),
    st.sampled_from([0, 180]),
)
def test_the_ground_of_a_pixel_projects_back_to_it(
    make_camera, make_pose, column, row, yaw, pitch, turned
):
    camera = make_camera(k1=-0.08, k2=0.02, p1=3e-4)
    pose = make_pose(yaw_deg=yaw, pitch_deg=pitch)
    ground = ground_from_pixels(camera, pose, turned, np.array([[column, row]]), GROUND)
    assert ground.ok.all()
    place = np.column_stack([ground.longitude, ground.latitude, ground.height_m])
    pixels, _, _ = pixel_from_world(camera, pose, place)
    back = file_from_sensor_pixel(camera, turned, pixels)
    assert np.allclose(back, [[column, row]], atol=0.01)


@settings(deadline=None)
@given(st.sampled_from(["sigma_h_m", "sigma_v_m", "sigma_yaw_deg", "sigma_tilt_deg"]))
def test_a_worse_pose_never_states_a_smaller_error(make_camera, make_pose, name):
    pose = make_pose(pitch_deg=-40.0)
    worse = replace(pose, **{name: 3 * getattr(pose, name)})
    camera, pixels = make_camera(), np.array([[300.0, 1000.0], [3000.0, 2900.0]])
    better_m = ground_from_pixels(camera, pose, 0, pixels, GROUND).ce90_m
    assert (
        ground_from_pixels(camera, worse, 0, pixels, GROUND).ce90_m > better_m
    ).all()


def test_a_lens_nobody_described_errs_towards_the_corners(make_camera, make_pose):
    pixels = np.array([[2000.0, 1500.0], [50.0, 50.0]])
    known, unknown = (
        ground_from_pixels(make_camera(source=s), make_pose(), 0, pixels, GROUND)
        for s in ("dewarp", "calibrated")
    )
    assert unknown.ce90_m[0] == pytest.approx(known.ce90_m[0])
    assert unknown.ce90_m[1] > known.ce90_m[1] + 0.9


def test_the_axes_of_the_attitude_are_level_and_upright(make_pose):
    axes, sigmas = attitude_axes(make_pose(pitch_deg=-90.0, yaw_deg=30.0))
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.allclose(axes[1:, 2], 0)
    assert np.degrees(sigmas) == pytest.approx([2.5, 2.0, 2.0])


def test_pixels_that_cannot_be_placed_say_why(make_camera, make_pose):
    camera, pose = make_camera(), make_pose(pitch_deg=-10.0)
    pixels = np.array([[2000.0, 2900.0], [2000.0, 100.0], [-1.0, 50.0], [np.nan, 5.0]])
    ground = ground_from_pixels(camera, pose, 0, pixels, GROUND)
    assert ground.reason == ("", "horizon", "outside_frame", "outside_frame")
    assert ground.ok.tolist() == [True, False, False, False]
    assert np.isnan(ground.longitude[1:]).all()
    assert np.isnan(ground.ce90_m[1:]).all()


def test_a_pose_over_the_ellipsoid_meets_a_terrain_over_the_sea(make_camera, make_pose):
    sea = flat_terrain(0.0, VerticalDatum.JGD2011)
    ground = ground_from_pixels(make_camera(), make_pose(height=140.19), 0, CENTER, sea)
    gsd = ground_from_pixels(make_camera(), make_pose(), 0, CENTER, GROUND)
    assert ground.height_m[0] == pytest.approx(0.0, abs=1e-3)
    assert ground.latitude[0] == pytest.approx(gsd.latitude[0], abs=1e-9)


def test_a_datum_that_cannot_be_bridged_stops_it(make_camera, make_pose):
    abroad = make_pose(longitude=-92.0, latitude=46.8)
    sea = flat_terrain(0.0, VerticalDatum.JGD2011)
    with pytest.raises(CrsError, match="outside the geoid"):
        ground_from_pixels(make_camera(), abroad, 0, CENTER, sea)


def test_an_outline_is_counter_clockwise_with_its_worst_error(make_camera, make_pose):
    pixels = np.array([[500.0, 500], [3500, 500], [3500, 2500], [500, 2500]])
    ground = ground_from_pixels(
        make_camera(), make_pose(pitch_deg=-60.0), 0, pixels, GROUND
    )
    outline = outline_on_ground(ground)
    assert outline is not None
    polygon, ce90 = outline
    assert polygon.exterior.is_ccw
    assert polygon.is_valid
    assert ce90 == ground.ce90_m.max()


def test_an_outline_above_the_horizon_is_none(make_camera, make_pose):
    pixels = np.array([[500.0, 5], [3500, 5], [2000, 9]])
    ground = ground_from_pixels(
        make_camera(), make_pose(pitch_deg=0.0), 0, pixels, GROUND
    )
    assert outline_on_ground(ground) is None


def test_relief_that_nobody_knows_errs_more_the_farther_it_lies(make_camera, make_pose):
    camera, pose = make_camera(), make_pose(pitch_deg=-45.0, height=100.0)
    pixels = np.array([[2000.0, 2900.0], [2000.0, 1500.0], [2000.0, 200.0]])
    known, unknown = (
        flat_terrain(
            0.0, VerticalDatum.ELLIPSOIDAL, sigma_m=1.0, sigma_per_m=sigma_per_m
        )
        for sigma_per_m in (0.0, 0.15)
    )
    apart = [
        ground_from_pixels(camera, pose, 0, pixels, terrain).ce90_m
        for terrain in (known, unknown)
    ]
    assert (np.diff(apart[1] / apart[0]) > 0).all()
    # Along a ray of slope s a height off by sigma moves its end by sigma / s.
    level = metres(
        ground_from_pixels(camera, pose, 0, pixels, known), camera_anchor(pose)
    )
    distance = np.linalg.norm(level, axis=1)
    more = apart[1][1:] / 1.645  # CE90 of an error in one direction
    assert (more >= 0.95 * 0.15 * distance[1:] * distance[1:] / 100.0).all()


def test_a_slope_towards_the_camera_errs_less(make_camera, make_pose, make_terrain):
    camera, pose = make_camera(), make_pose(pitch_deg=-45.0, height=60.0)
    flat = make_terrain(lambda e, _n: 0.0 * e, sigma_m=1.0)
    slope = make_terrain(lambda _e, n: np.maximum(0.0, (n - 30) * 0.6), sigma_m=1.0)
    both = [ground_from_pixels(camera, pose, 0, CENTER, t) for t in (flat, slope)]
    assert both[1].ce90_m[0] < both[0].ce90_m[0]
