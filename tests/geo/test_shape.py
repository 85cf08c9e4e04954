"""Masks of towers with known leans, drawn by OpenCV's camera."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from data.assets import AssetKind
from data.levels import geometry_level
from geo.shape import Measured, Sight, largest_piece, lean, lying, mast_of

DRAWN = runpy.run_path(str(Path(__file__).with_name("structures.py")))
HEIGHT_M = DRAWN["HEIGHT_M"]
LENS = {"k1": -0.09, "k2": 0.004, "p1": -3e-4, "p2": -8e-5}
UPRIGHT = Rotation.identity()


@pytest.fixture(scope="module")
def camera(make_camera):
    return make_camera(
        width_px=1600,
        height_px=1200,
        focal_x_px=1130.0,
        focal_y_px=1130.0,
        center_x_px=805.0,
        center_y_px=593.0,
        **LENS,
    )


def foot(yaw_deg, distance_m, below_m, aside_deg=0.0):
    """Where a tower stands, from the camera that looks along its yaw."""
    turned = np.radians(yaw_deg + aside_deg)
    level = [distance_m * np.sin(turned), distance_m * np.cos(turned)]
    return np.array([*level, -below_m])


def leaning(yaw_deg, right_deg, back_deg=0.0):
    """A turn about the foot: to the right of a camera's view, and away from it."""
    turned = np.radians(yaw_deg)
    ahead = np.array([np.sin(turned), np.cos(turned), 0.0])
    right = np.array([np.cos(turned), -np.sin(turned), 0.0])
    aside = Rotation.from_rotvec(np.radians(right_deg) * ahead)
    return Rotation.from_rotvec(-np.radians(back_deg) * right) * aside


def mast(camera, pose, mask, distance_m=70.0):
    return mast_of(largest_piece(mask), (0, 0), Sight(camera, pose, 0), distance_m)


@pytest.mark.parametrize("yaw", [0.0, 137.0])
@pytest.mark.parametrize("pitch", [-8.0, -30.0])
@pytest.mark.parametrize("roll", [-3.0, 3.0])
@pytest.mark.parametrize("lean_deg", [-9.0, 0.0, 5.0])
def test_a_known_lean_is_found(camera, make_pose, yaw, pitch, roll, lean_deg) -> None:
    below_m = 70.0 * np.tan(np.radians(-pitch)) + 20.0
    where, turn = foot(yaw, 70.0, below_m, 6.0), leaning(yaw + 6.0, lean_deg)
    mask = DRAWN["tower_mask"](camera, (yaw, pitch, roll), where, turn)
    pose = make_pose(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    found = lean(mast(camera, pose, mask), HEIGHT_M)
    assert found is not None
    assert found.value == pytest.approx(lean_deg, abs=0.7)
    assert 2.0 <= found.sigma <= 2.6  # two degrees of tilt, and the fit


@given(
    tilt=st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)),
    turn=st.floats(-5.0, 5.0),
    pitch=st.floats(-25.0, 0.0),
)
@settings(deadline=None, max_examples=25)
def test_a_pose_that_is_off_by_two_sigma_makes_no_severe_lean(
    make_pose, camera, tilt, turn, pitch
) -> None:
    """The picture is drawn with another attitude than the tags say."""
    true = (40.0 + turn, pitch + tilt[0], tilt[1])
    mask = DRAWN["tower_mask"](camera, true, foot(40.0, 70.0, 20.0), UPRIGHT)
    pose = make_pose(yaw_deg=40.0, pitch_deg=pitch, roll_deg=0.0)
    found = lean(mast(camera, pose, mask), HEIGHT_M)
    if found is not None:
        assert geometry_level(AssetKind.TOWER, sigmas=found.sigmas) < 3


def test_a_lean_to_the_camera_is_not_to_be_seen(camera, make_pose) -> None:
    where = foot(0.0, 70.0, 25.0)
    mask = DRAWN["tower_mask"](camera, (0.0, -5.0, 0.0), where, leaning(0.0, 0.0, 9.0))
    pose = make_pose(yaw_deg=0.0, pitch_deg=-5.0)
    found = lean(mast(camera, pose, mask), HEIGHT_M)
    assert found is not None
    assert abs(found.value) < 1.0


def test_a_single_leg_is_no_mast(camera, make_pose) -> None:
    """A leg of a sound tower slopes by 6 degrees: it must not be read as a lean."""
    where, attitude = foot(0.0, 70.0, 25.0), (0.0, -5.0, 0.0)
    mask = DRAWN["tower_mask"](camera, attitude, where, UPRIGHT, legs=1, width_px=8)
    pose = make_pose(yaw_deg=0.0, pitch_deg=-5.0)
    assert lean(mast(camera, pose, mask), HEIGHT_M) is None


def test_a_tenth_of_a_tower_has_no_lean(camera, make_pose) -> None:
    where, attitude = foot(0.0, 70.0, 25.0), (0.0, -5.0, 0.0)
    mask = DRAWN["tower_mask"](camera, attitude, where, UPRIGHT)
    rows = np.flatnonzero(mask.any(axis=1))
    mask[rows[0] + 60 :] = False
    pose = make_pose(yaw_deg=0.0, pitch_deg=-5.0)
    assert lean(mast(camera, pose, mask), HEIGHT_M) is None


@pytest.mark.parametrize("fallen_deg", [84.0, -80.0])
def test_a_tower_on_its_side_lies(camera, make_pose, fallen_deg) -> None:
    where = foot(0.0, 80.0, 35.0, -8.0 if fallen_deg > 0 else 8.0)
    turn = leaning(0.0, fallen_deg)
    mask = DRAWN["tower_mask"](camera, (0.0, -20.0, 0.0), where, turn)
    pose = make_pose(yaw_deg=0.0, pitch_deg=-20.0)
    found = lying(mast(camera, pose, mask, 80.0), HEIGHT_M)
    assert found is not None
    assert found.value - 3 * found.sigma > 45.0


def test_a_standing_tower_does_not_lie(camera, make_pose) -> None:
    where = foot(0.0, 70.0, 25.0)
    mask = DRAWN["tower_mask"](camera, (0.0, -5.0, 0.0), where, UPRIGHT)
    found = lying(mast(camera, make_pose(pitch_deg=-5.0), mask), HEIGHT_M)
    assert found is not None
    assert found.value < 10.0


def test_the_file_may_lie_turned_over(camera, make_pose) -> None:
    where = foot(0.0, 70.0, 25.0)
    mask = DRAWN["tower_mask"](camera, (0.0, -5.0, 0.0), where, leaning(0.0, 7.0))
    over = np.ascontiguousarray(mask[::-1, ::-1])
    sight = Sight(camera, make_pose(yaw_deg=0.0, pitch_deg=-5.0), 180)
    found = lean(mast_of(largest_piece(over), (0, 0), sight, 70.0), HEIGHT_M)
    assert found is not None
    assert found.value == pytest.approx(7.0, abs=0.7)


def test_a_mast_right_below_or_too_small_is_none(camera, make_pose) -> None:
    mask = np.zeros((1200, 1600), bool)
    assert mast(camera, make_pose(), mask) is None
    mask[500:700, 700:900] = True
    assert mast(camera, make_pose(pitch_deg=-90.0), mask) is None


def test_of_two_pieces_the_longer_counts() -> None:
    mask = np.zeros((300, 300), bool)
    mask[20:280, 50:56] = True
    mask[100:160, 200:260] = True
    piece = largest_piece(mask)
    assert piece[:, 50:56].sum() == mask[:, 50:56].sum()
    assert not piece[:, 200:].any()


def test_sigmas_are_of_either_sign() -> None:
    assert Measured(-6.0, 2.0).sigmas == Measured(6.0, 2.0).sigmas == 3.0
