"""The drill's lens beside OpenCV's."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.drill.camera import (
    Lens,
    Pose,
    draw_lens,
    logged_pose,
    look_at,
    pixel_from_scene,
)

SIZE = {"width": 1600, "height": 1200}


@settings(deadline=None, max_examples=50)
@given(
    st.floats(0, 360),
    st.floats(-90, 30),
    st.floats(-180, 180),
    st.floats(-0.12, 0.02),
    st.floats(-0.01, 0.04),
)
def test_a_point_falls_where_opencv_puts_it(yaw, pitch, roll, k1, k2):
    lens = Lens(
        **SIZE,
        focal=1130.0,
        principal=(803.0, 597.0),
        distortion=(k1, k2, 4e-4, -3e-4, 1e-3),
    )
    pose = Pose(
        east=10.0, north=-20.0, up=90.0, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll
    )
    rng = np.random.default_rng(3)
    local = rng.uniform([-0.7, -0.5, 1.0], [0.7, 0.5, 1.0], (40, 3))
    local *= rng.uniform(2, 400, (40, 1))
    points = pose.position + local @ pose.rotation
    columns, rows, depth = pixel_from_scene(points, pose, lens)
    matrix = np.array([[1130.0, 0, 803.0], [0, 1130.0, 597.0], [0, 0, 1]])
    expected, _ = cv2.projectPoints(
        points,
        cv2.Rodrigues(pose.rotation)[0],
        -pose.rotation @ pose.position,
        matrix,
        np.array(lens.distortion),
    )
    assert np.allclose(np.column_stack([columns, rows]), expected[:, 0], atol=1e-6)
    assert np.allclose(depth, local[:, 2])


@settings(deadline=None)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-180, 180))
def test_the_axes_of_a_camera_are_a_right_handed_frame(yaw, pitch, roll):
    pose = Pose(east=0, north=0, up=0, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    assert np.allclose(pose.rotation @ pose.rotation.T, np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(pose.rotation), 1)


def test_what_is_looked_at_lies_on_the_axis():
    rng = np.random.default_rng(1)
    lens = Lens(**SIZE, focal=1000.0, principal=(800.0, 600.0))
    for eye, aim in rng.uniform(-100, 100, (30, 2, 3)):
        columns, rows, depth = pixel_from_scene(aim[None], look_at(eye, aim), lens)
        assert np.allclose([columns[0], rows[0]], [800, 600])
        assert np.isclose(depth[0], np.linalg.norm(aim - eye))


def test_what_lies_behind_the_camera_has_no_depth():
    lens = Lens(**SIZE, focal=1000.0, principal=(800.0, 600.0))
    pose = look_at([0, 0, 0], [0, 100, 0])
    assert pixel_from_scene(np.array([[1.0, -5.0, 2.0]]), pose, lens)[2][0] <= 0


def test_the_24_mm_equivalent_sees_70_degrees():
    # 2 arctan(1 / (2 x 0.706)) = 70.6 deg, the horizontal view of drill.md, section 6
    lens = draw_lens(1600, np.random.default_rng(0))
    assert np.isclose(2 * np.degrees(np.arctan(800 / lens.focal)), 70.6, atol=0.1)


def test_written_poses_spread_as_stated():
    pose = look_at([0, 0, 50], [40, 30, 0])
    bias, rng = np.array([1.0, -2.0, 0.5]), np.random.default_rng(4)
    many = [logged_pose(pose, bias, rng) for _ in range(2000)]
    off = np.array([p.position for p in many]) - pose.position
    assert np.allclose(off.mean(axis=0), bias, atol=0.03)
    assert np.allclose(off.std(axis=0), 0.3, atol=0.03)
    turned = np.array([[p.yaw_deg, p.pitch_deg, p.roll_deg] for p in many])
    assert np.allclose(turned.std(axis=0), (2.0, 0.5, 0.5), rtol=0.08)
