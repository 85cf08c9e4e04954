"""The distance a pixel covers, against the textbook and against the ground itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import CrsError
from data.imagery import VerticalDatum
from geo.crs import Anchor, enu_from_geographic
from geo.georeference import ground_from_pixels
from geo.sampling import frame_gsd_m
from geo.terrain import flat_terrain

FLAT = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)


def test_straight_down_it_is_height_over_focal_length(make_camera, make_pose):
    """H / f: 100 m and 2824 px are 3.54 cm (any textbook of photogrammetry)."""
    found = frame_gsd_m(make_camera(), make_pose(height=100.0), FLAT)
    assert found == pytest.approx(100.0 / 2824.0, rel=1e-6)


@settings(deadline=None, max_examples=30)
@given(height=st.floats(10.0, 150.0), pitch=st.floats(-90.0, -50.0))
def test_looking_aslant_it_is_what_neighbouring_pixels_are_apart(
    make_camera, make_pose, height, pitch
):
    """Across the line of sight: two middle pixels in one row, on the ground."""
    camera, pose = make_camera(), make_pose(height=height, pitch_deg=pitch)
    pixels = np.array([[1999.5, 1500.0], [2000.5, 1500.0]])
    ground = ground_from_pixels(camera, pose, 0, pixels, FLAT)
    places = np.column_stack([ground.longitude, ground.latitude, ground.height_m])
    anchor = Anchor(
        longitude=pose.longitude, latitude=pose.latitude, height_m=pose.height_m
    )
    apart = np.linalg.norm(np.diff(enu_from_geographic(places, anchor), axis=0))
    assert frame_gsd_m(camera, pose, FLAT) == pytest.approx(apart, rel=1e-3)


def test_the_finer_side_of_a_pixel_does_not_count(make_camera, make_pose):
    """Of two focal lengths the shorter one: a pixel is as coarse as its longer side."""
    camera = make_camera(focal_x_px=2824.0, focal_y_px=1412.0)
    found = frame_gsd_m(camera, make_pose(height=100.0), FLAT)
    assert found == pytest.approx(100.0 / 1412.0, rel=1e-6)


def test_a_hill_below_makes_it_finer(make_camera, make_pose, make_terrain):
    hill = make_terrain(lambda _e, n: 40.0 + 0.0 * n)
    found = frame_gsd_m(make_camera(), make_pose(height=100.0), hill)
    assert found == pytest.approx(60.0 / 2824.0, rel=1e-4)


def test_above_the_horizon_the_lower_half_is_asked(make_camera, make_pose):
    """Three quarters down looks 15 degrees lower than the middle: atan(750 / 2824)."""
    below_deg = np.degrees(np.arctan(750.0 / 2824.0))
    pose = make_pose(height=100.0, pitch_deg=0.0)
    found = frame_gsd_m(make_camera(), pose, FLAT)
    slant_m = 100.0 / np.sin(np.radians(below_deg))
    assert found == pytest.approx(slant_m / 2824.0, rel=2e-3)  # the Earth is round


def test_in_the_sky_or_off_the_grid_there_is_none(make_camera, make_pose, make_terrain):
    assert frame_gsd_m(make_camera(), make_pose(pitch_deg=45.0), FLAT) is None
    small = make_terrain(lambda _e, n: 0.0 * n, side_m=40.0)
    away = make_pose(north=500.0, height=100.0)
    assert frame_gsd_m(make_camera(), away, small) is None


def test_a_height_that_cannot_be_bridged_is_no_distance(make_camera, make_pose):
    nowhere = make_pose(
        latitude=0.0, longitude=0.0, vertical_datum=VerticalDatum.JGD2011
    )
    with pytest.raises(CrsError):
        frame_gsd_m(make_camera(), nowhere, FLAT)


def test_a_height_over_the_geoid_is_brought_to_the_ellipsoid(make_camera, make_pose):
    """GSIGEO2011 at Tsukuba: about 40 m between geoid and ellipsoid."""
    above_geoid = make_pose(height=60.0, vertical_datum=VerticalDatum.JGD2011)
    found = frame_gsd_m(make_camera(), above_geoid, FLAT)
    assert found == pytest.approx(100.0 / 2824.0, rel=0.01)
