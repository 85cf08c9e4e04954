import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from geo.camera import (
    camera_anchor,
    camera_from_enu,
    direction_from_pixel,
    file_from_sensor_pixel,
    fold_radius,
    pixel_from_camera,
    pixel_from_enu,
    pixel_from_world,
    ray_from_pixel,
    sensor_from_file_pixel,
)
from geo.crs import geographic_from_enu

LENS = {"k1": -0.11, "k2": 0.03, "p1": 4e-4, "p2": -6e-4, "k3": -0.004}
CV_SHIFT = 0.5  # OpenCV's pixel 0 is the middle of ours
angles = st.tuples(st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
lenses = st.fixed_dictionaries(
    {
        "k1": st.floats(-0.15, 0.15),
        "k2": st.floats(-0.03, 0.05),
        "p1": st.floats(-1e-3, 1e-3),
        "p2": st.floats(-1e-3, 1e-3),
        "k3": st.floats(0, 0.01),
    }
)


def opencv(camera):
    matrix = np.array(
        [
            [camera.focal_x_px, 0, camera.center_x_px - CV_SHIFT],
            [0, camera.focal_y_px, camera.center_y_px - CV_SHIFT],
            [0, 0, 1.0],
        ]
    )
    return matrix, np.array([camera.k1, camera.k2, camera.p1, camera.p2, camera.k3])


def test_opencv_projects_to_the_same_pixels(make_camera):
    camera = make_camera(center_x_px=1987.2, focal_y_px=2830.0, **LENS)
    points = np.random.default_rng(1).uniform([-6, -4, 9], [6, 4, 12], (200, 3))
    oracle = cv2.projectPoints(points, np.zeros(3), np.zeros(3), *opencv(camera))[0]
    pixels, ok = pixel_from_camera(camera, points)
    assert ok.all()
    assert np.allclose(pixels, oracle[:, 0] + CV_SHIFT, atol=1e-6)


def test_opencv_undistorts_to_the_same_rays(make_camera):
    camera = make_camera(**LENS)
    pixels = np.random.default_rng(2).uniform([0, 0], [4000, 3000], (200, 2))
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-12)
    oracle = cv2.undistortPoints(
        pixels[:, None] - CV_SHIFT, *opencv(camera), criteria=stop
    )
    rays, ok = ray_from_pixel(camera, pixels)
    assert ok.all()
    assert np.allclose(rays[:, :2], oracle[:, 0], atol=1e-8)


@settings(deadline=None)
@given(lenses, st.floats(0, 4000), st.floats(0, 3000))
def test_pixel_of_the_ray_of_a_pixel_is_that_pixel(make_camera, lens, column, row):
    camera = make_camera(**lens)
    rays, ok = ray_from_pixel(camera, np.array([[column, row]]))
    if ok[0]:
        pixels, true = pixel_from_camera(camera, rays * 37.0)
        assert true[0]
        assert np.allclose(pixels, [[column, row]], atol=1e-5)


@settings(deadline=None)
@given(angles)
def test_scipy_turns_the_body_the_same_way(make_pose, attitude):
    yaw, pitch, roll = attitude
    pose = make_pose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    body = Rotation.from_euler("ZYX", [yaw, pitch, roll], degrees=True).as_matrix()
    right, down, view = body[:, 1], body[:, 2], body[:, 0]
    oracle = np.stack([right, down, view])[:, [1, 0, 2]] * [1, 1, -1]
    assert np.allclose(camera_from_enu(pose), oracle, atol=1e-12)


@settings(deadline=None)
@given(angles, st.floats(0, 4000), st.floats(0, 3000), st.floats(2, 900))
def test_world_of_a_pixel_comes_back(
    make_camera, make_pose, attitude, column, row, far
):
    yaw, pitch, roll = attitude
    camera = make_camera(**LENS)
    pose = make_pose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    directions, ok = direction_from_pixel(camera, pose, np.array([[column, row]]))
    assert ok[0]
    place = geographic_from_enu(directions * far, camera_anchor(pose))
    pixels, depth, seen = pixel_from_world(camera, pose, place)
    assert seen[0]
    assert 0 < depth[0] <= far
    assert np.allclose(pixels, [[column, row]], atol=1e-3)


def test_straight_down_north_is_up_and_east_is_right(make_camera, make_pose):
    points = np.array([[0, 0, -100.0], [0, 10, -100.0], [10, 0, -100.0]])
    pixels, depth, _ = pixel_from_enu(make_camera(), make_pose(), points)
    assert np.allclose(pixels, [[2000, 1500], [2000, 1217.6], [2282.4, 1500]])
    assert np.allclose(depth, 100.0)


def test_level_and_yaw_ninety_looks_east(make_camera, make_pose):
    pose = make_pose(pitch_deg=0.0, yaw_deg=90.0)
    points = np.array([[50.0, 0, 0], [50.0, -5.0, 5.0], [-50.0, 0, 0]])
    pixels, _, ok = pixel_from_enu(make_camera(), pose, points)
    assert np.allclose(pixels[:2], [[2000, 1500], [2282.4, 1217.6]])
    assert ok.tolist() == [True, True, False]


def test_a_roll_of_half_a_turn_is_a_yaw_of_half_a_turn_at_nadir(make_pose):
    one = make_pose(yaw_deg=40.0, roll_deg=180.0)
    other = make_pose(yaw_deg=-140.0)
    assert np.allclose(camera_from_enu(one), camera_from_enu(other), atol=1e-12)


def test_a_turned_file_has_its_first_pixel_last(make_camera):
    camera = make_camera()
    first = np.array([[0.5, 0.5], [1200.0, 7.25]])
    turned = sensor_from_file_pixel(camera, 180, first)
    assert turned.tolist() == [[3999.5, 2999.5], [2800.0, 2992.75]]
    assert file_from_sensor_pixel(camera, 180, turned).tolist() == first.tolist()
    assert sensor_from_file_pixel(camera, 0, first).tolist() == first.tolist()


def test_beyond_the_fold_nothing_comes_back_into_the_picture(make_camera):
    camera = make_camera(k1=-0.2)
    limit = fold_radius(camera)
    assert limit == pytest.approx((1 / 0.6) ** 0.5)  # r - 0.2 r^3 grows up to here
    aside = np.array([[r, 0.0, 1.0] for r in (1.1, 2.0, 5.0, 50.0)])
    pixels, ok = pixel_from_camera(camera, aside)
    assert ok.tolist() == [True, False, False, False]
    assert (np.diff(pixels[:, 0]) > 0).all()


def test_a_pixel_no_ray_leads_to_is_not_ok(make_camera):
    camera = make_camera(k1=-0.2)  # the fold is at 0.86 focal lengths
    _, ok = ray_from_pixel(camera, np.array([[2000.0, 1500.0], [4600.0, 1500.0]]))
    assert ok.tolist() == [True, False]


def test_no_points_give_no_pixels(make_camera, make_pose):
    none = np.empty((0, 3))
    pixels, depth, ok = pixel_from_enu(make_camera(), make_pose(), none)
    assert (pixels.shape, depth.shape, ok.shape) == ((0, 2), (0,), (0,))
    assert ray_from_pixel(make_camera(), np.empty((0, 2)))[0].shape == (0, 3)
