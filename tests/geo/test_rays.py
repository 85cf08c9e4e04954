import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.imagery import VerticalDatum
from geo.crs import Anchor, geographic_from_enu
from geo.rays import GRAZING, HIT, HOLE, HORIZON, OUTSIDE, UNDER, is_seen, meet
from geo.surroundings import around, clearance_m, grid_position
from geo.terrain import flat_terrain, heights_at, on_grid


def unit(*vectors):
    array = np.array(vectors, np.float64)
    return array / np.linalg.norm(array, axis=1, keepdims=True)


def at(home, height):
    return Anchor(longitude=home.longitude, latitude=home.latitude, height_m=height)


def brute_force(terrain, anchor, direction, *, step, reach):
    """First distance below ground, in small steps, with no cleverness at all."""
    distance = np.arange(0, reach, step)
    clear = clearance_m(
        around(terrain, anchor, 10_000.0), direction * distance[:, None]
    )
    below = np.flatnonzero(clear <= 0)
    return distance[below[0]] if below.size else np.nan


@pytest.fixture(scope="module")
def hills(make_terrain):
    return make_terrain(
        lambda e, n: 30 * np.sin(e / 31) * np.cos(n / 23) + 8 * np.sin(e / 7 + n / 5)
    )


def test_flat_ground_is_met_where_trigonometry_says(home):
    terrain = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
    met = meet(terrain, at(home, 100.0), unit([0, 0, -1], [0, 1, -1], [3, 0, -1]))
    assert (met.outcome == HIT).all()
    assert met.distance_m == pytest.approx(
        [100.0, 100 * 2**0.5, 100 * 10**0.5], abs=0.03
    )


def test_the_earth_falls_away_as_a_sphere_does(home):
    # drop d^2 / 2R = 0.63 m at 2,835 m: the ray goes on for 0.63 m / sin(2.02 deg)
    terrain = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
    slope = 100 / 2835
    met = meet(terrain, at(home, 100.0), unit([2835, 0, -100]), reach_m=5000.0)
    drop = met.points[0, 0] ** 2 / (2 * 6_385_000)
    assert met.points[0, 2] == pytest.approx(-100 - drop, abs=0.02)
    assert met.points[0, 0] == pytest.approx(2835 + drop / slope, abs=0.5)


@settings(deadline=None, max_examples=60)
@example(0.0, -28.0, 113.5)
@given(st.floats(0, 360), st.floats(-89, -4), st.floats(45, 120))
def test_the_first_hit_is_that_of_a_march_in_small_steps(
    hills, home, yaw, pitch, height
):
    yaw, pitch = np.radians([yaw, pitch])
    direction = np.array(
        [[np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), np.sin(pitch)]]
    )
    anchor = at(home, height)
    met = meet(hills, anchor, direction)
    brute = brute_force(hills, anchor, direction[0], step=0.05, reach=2000.0)
    if np.isnan(brute):
        assert met.outcome[0] == OUTSIDE
    elif met.outcome[0] == HIT:
        assert met.distance_m[0] == pytest.approx(brute, abs=0.06)
        on_ground = clearance_m(around(hills, anchor, 10_000.0), met.points)
        assert abs(on_ground[0]) < 1e-3
    elif met.outcome[0] == OUTSIDE:  # a step of half a cell may leap the border
        beyond = direction * (brute + hills.cell_m)
        here = around(hills, anchor, 10_000.0)
        assert not on_grid(hills, *grid_position(here, beyond))[0]
    else:
        assert met.outcome[0] == GRAZING


def test_a_wall_in_front_wins_over_the_ground_behind(make_terrain, home):
    wall = make_terrain(lambda e, _n: np.where((e > 40) & (e < 48), 60.0, 0.0))
    met = meet(wall, at(home, 50.0), unit([100, 0, -40]))
    assert met.points[0, 0] == pytest.approx(40, abs=2.0)


def test_rays_that_meet_nothing_say_why(make_terrain, home):
    terrain = make_terrain(
        lambda e, n: np.where((abs(n) < 30) & (e > 50) & (e < 90), np.nan, 0.0)
    )
    directions = unit(
        [0, 1, 0.2], [0, 1, 0], [0, 1, -0.1], [70, 0, -50], [100, 100, -50]
    )
    met = meet(terrain, at(home, 50.0), directions)
    assert met.outcome.tolist() == [HORIZON, HORIZON, OUTSIDE, HOLE, HIT]
    assert np.isnan(met.points[:4]).all()


def test_a_ray_may_pass_over_a_hole(make_terrain, home):
    terrain = make_terrain(lambda e, _n: np.where((e > 50) & (e < 60), np.nan, 0.0))
    met = meet(terrain, at(home, 50.0), unit([100, 0, -50]))
    assert met.outcome.tolist() == [HIT]


def test_a_grazing_ray_is_not_trusted(home):
    terrain = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
    directions = unit([1, 0, -0.03], [1, 0, -0.05])
    met = meet(terrain, at(home, 50.0), directions)
    assert met.outcome.tolist() == [GRAZING, HIT]


def test_a_level_ray_meets_a_hillside(make_terrain, home):
    slope = make_terrain(lambda _e, n: np.maximum(0.0, n))
    met = meet(slope, at(home, 50.0), unit([0, 1, 0], [0, 1, 0.2]))
    assert met.outcome.tolist() == [HIT, HIT]
    assert met.points[:, 1] == pytest.approx([50.0, 62.5], abs=0.2)
    assert np.allclose(met.normals[0], [0, -1, 1], atol=0.02)


def test_a_camera_below_the_terrain_is_told_so(make_terrain, home):
    terrain = make_terrain(lambda e, _n: 100.0 + 0 * e)
    met = meet(terrain, at(home, 50.0), unit([0, 0, -1]))
    assert met.outcome.tolist() == [UNDER]


def test_many_rays_are_met_as_each_alone(hills, home):
    rng = np.random.default_rng(4)
    directions = unit(*rng.uniform([-1, -1, -1], [1, 1, -0.2], (100, 3)))
    together = meet(hills, at(home, 80.0), directions)
    alone = [meet(hills, at(home, 80.0), row[None]).distance_m[0] for row in directions]
    assert np.array_equal(together.distance_m, alone, equal_nan=True)


def test_no_rays_meet_nothing(home):
    met = meet(flat_terrain(0.0, VerticalDatum.LOCAL), home, np.empty((0, 3)))
    assert met.points.shape == (0, 3)


def test_a_ridge_hides_what_is_behind_it(make_terrain, home):
    ridge = make_terrain(lambda e, _n: np.maximum(0.0, 40 - abs(e - 60)))
    anchor = at(home, 30.0)
    targets = np.array([[20, 0, -29.0], [110, 0, -29], [110, 0, 29], [59, 0, 9.5]])
    assert is_seen(ridge, anchor, targets, tolerance_m=2.0).tolist() == [
        True,
        False,
        True,
        True,
    ]


def test_the_ground_at_a_point_does_not_hide_the_point(make_terrain, home):
    flat = make_terrain(lambda e, _n: 0.0 * e)
    places = np.array([[50.0, 0, -50.0], [0, -90.0, -50.4], [0.0, 0.0, 0.5]])
    assert is_seen(flat, at(home, 50.0), places, tolerance_m=2.0).all()


def test_places_met_lie_on_the_terrain(hills, home):
    anchor = at(home, 90.0)
    met = meet(hills, anchor, unit([1, 2, -3], [-2, 1, -2], [0.1, 0, -1]))
    places = geographic_from_enu(met.points, anchor)
    ground = heights_at(hills, places[:, 0], places[:, 1])
    assert places[:, 2] == pytest.approx(ground, abs=0.01)
