"""Decks with known steps and slopes, drawn by OpenCV's camera."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import AssetKind
from data.findings import COMPONENT_CLASSES
from data.imagery import VerticalDatum
from data.levels import geometry_level
from geo.cells import asset_cells
from geo.coverage import cell_views
from geo.decks import Place, deck_places, run_of_deck, surface_of
from geo.shape import Sight
from geo.terrain import flat_terrain

DRAWN = runpy.run_path(str(Path(__file__).with_name("structures.py")))
CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
WATER, ROAD, BRIDGE, TREES = (
    COMPONENT_CLASSES.index(name) for name in ("water", "road", "bridge", "vegetation")
)
VIEW = (0.0, -30.0, 0.0)  # looks north, thirty degrees down
NORTH_M, BELOW_M = 40.0, 23.0
LANES_M, DECK_M = 3.6, 5.2  # half the road, half the deck


@pytest.fixture(scope="module")
def camera(make_camera):
    return make_camera(
        width_px=1600,
        height_px=1200,
        focal_x_px=1130.0,
        focal_y_px=1130.0,
        center_x_px=800.0,
        center_y_px=600.0,
    )


def strip(start, end, half_m, *, shift=(0.0, 0.0, 0.0)):
    """Corners of a level strip along east and west, 40 m north of the camera."""
    ends = np.array(
        [
            [start[0], -half_m, start[1]],
            [end[0], -half_m, end[1]],
            [end[0], half_m, end[1]],
            [start[0], half_m, start[1]],
        ]
    )
    return ends + np.array([0.0, NORTH_M, -BELOW_M]) + shift


def bridge(camera, attitude=VIEW, pieces=(((-60, 0), (60, 0)),), shift=(0, 0, 0)):
    """A component mask: pieces of deck, each from (east, up) to (east, up)."""
    component = np.full((camera.height_px, camera.width_px), WATER, np.uint8)
    for start, end in pieces:
        for half_m, number in ((DECK_M, BRIDGE), (LANES_M, ROAD)):
            corners = strip(start, end, half_m, shift=shift)
            DRAWN["painted"](component, camera, attitude, corners, number)
    return component


def run(camera, pose, component, *, east_m=0.0, sigma_m=3.0, turn_deg=2.0):
    place = Place(
        middle=np.array([east_m, NORTH_M, -BELOW_M]),
        along=np.array([1.0, 0.0, 0.0]),
        sigma_m=sigma_m,
        turn_sigma_deg=turn_deg,
    )
    surface = surface_of(component, (0, 0), Sight(camera, pose, 0))
    return run_of_deck(surface, place)


def level(found) -> int:
    steps = 0.0 if found.offset is None else found.offset.sigmas
    slope = 0.0 if found.slope is None else found.slope.sigmas
    return max(
        geometry_level(AssetKind.BRIDGE, sigmas=steps, missing=found.missing),
        geometry_level(AssetKind.BRIDGE, sigmas=slope),
    )


@pytest.fixture(scope="module")
def looking_north(make_pose):
    return make_pose(yaw_deg=0.0, pitch_deg=-30.0)


def test_a_sound_deck_neither_steps_nor_slopes(camera, looking_north) -> None:
    found = run(camera, looking_north, bridge(camera))
    assert found.offset.value == pytest.approx(0.0, abs=0.1)
    assert found.slope.value == pytest.approx(0.0, abs=0.3)
    assert 2.0 < found.slope.sigma < 4.5
    assert level(found) == 0


@pytest.mark.parametrize("drop_m", [2.0, 4.0, 7.0])
def test_a_span_that_dropped_steps_by_what_it_fell(camera, looking_north, drop_m):
    """Across a sight 30 degrees down, a fall is seen by its cosine."""
    pieces = (((-60, 0), (0, 0)), ((1, -drop_m), (60, -drop_m)))
    found = run(camera, looking_north, bridge(camera, pieces=pieces))
    assert abs(found.offset.value) == pytest.approx(drop_m * 0.866, rel=0.15)
    assert found.offset.sigmas > 3
    assert level(found) >= 3


def test_where_a_fallen_span_was_there_is_water(camera, looking_north) -> None:
    pieces = (((-60, 0), (0, 0)), ((1, -9), (36, 0)), ((36, 0), (60, 0)))
    found = run(camera, looking_north, bridge(camera, pieces=pieces))
    assert found.missing >= 0.5
    assert level(found) == 4


@pytest.mark.parametrize("slope_deg", [-13.0, 12.0])
def test_a_hinged_span_seen_alone_slopes(camera, looking_north, slope_deg) -> None:
    rise = np.tan(np.radians(slope_deg)) * 40
    pieces = (((-40, -rise), (40, rise)),)
    found = run(camera, looking_north, bridge(camera, pieces=pieces))
    sign = 1 if slope_deg > 0 else -1
    assert sign * found.slope.value == pytest.approx(abs(slope_deg), abs=2.5)
    assert level(found) == 3


@given(
    tilt=st.tuples(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0)),
    turn=st.floats(-5.0, 5.0),
    shift=st.tuples(st.floats(-6, 6), st.floats(-6, 6), st.floats(-4, 4)),
)
@settings(deadline=None, max_examples=25)
def test_pose_and_inventory_off_by_two_sigma_make_no_severe_level(
    camera, looking_north, tilt, turn, shift
) -> None:
    true = (turn, -30.0 + tilt[0], tilt[1])
    component = bridge(camera, true, shift=np.array(shift))
    found = run(camera, looking_north, component, sigma_m=5.0)
    assert found is None or level(found) < 3


def test_trees_over_a_deck_are_no_missing_deck(camera, looking_north) -> None:
    component = bridge(camera, pieces=(((-60, 0), (-1, 0)), ((8, 0), (60, 0))))
    component[component == WATER] = TREES
    found = run(camera, looking_north, component)
    assert found is None or level(found) == 0


def test_a_vehicle_on_one_lane_is_no_step(camera, looking_north) -> None:
    component = bridge(camera)
    truck = strip((0, 0), (9, 0), 1.3, shift=(0.0, 2.2, 0.0))
    truck[2:] += [0.0, 0.0, 3.0]
    DRAWN["painted"](component, camera, VIEW, truck, 0)
    found = run(camera, looking_north, component)
    assert found is None or level(found) == 0


def test_a_road_without_parapets_is_no_deck(camera, looking_north) -> None:
    component = bridge(camera, pieces=(((-40, -9), (40, 9)),))
    component[component == BRIDGE] = WATER
    assert run(camera, looking_north, component) is None


def test_along_its_axis_a_deck_cannot_be_judged(camera, make_pose) -> None:
    component = bridge(camera)
    place = Place(
        middle=np.array([0.0, NORTH_M, -BELOW_M / 10]),
        along=np.array([0.0, 1.0, 0.0]),
        sigma_m=3.0,
        turn_sigma_deg=2.0,
    )
    sight = Sight(camera, make_pose(yaw_deg=0.0, pitch_deg=-30.0), 0)
    assert run_of_deck(surface_of(component, (0, 0), sight), place) is None


def test_without_a_road_there_is_nothing_to_measure(camera, looking_north) -> None:
    component = np.full((camera.height_px, camera.width_px), WATER, np.uint8)
    assert run(camera, looking_north, component) is None


def test_a_deeper_fall_is_never_a_milder_level(camera, looking_north) -> None:
    levels = [
        level(
            run(
                camera,
                looking_north,
                bridge(camera, pieces=(((-60, 0), (0, 0)), ((1, -fall), (60, -fall)))),
            )
        )
        for fall in (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
    ]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 4)


def test_places_of_cells_lie_along_the_axis_at_the_deck() -> None:
    flat = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
    cells = asset_cells(CASES["asset"](half_m=30.0), flat)
    pose = CASES["pose"](height_m=60.0)
    views = cell_views(cells, CASES["CAMERA"], pose, 0, flat)
    places = deck_places(cells, views, pose, VerticalDatum.ELLIPSOIDAL)
    assert sorted(places) == np.flatnonzero(views.seen | views.partly).tolist()
    for place in places.values():
        assert abs(place.along @ [1.0, 0.0, 0.0]) == pytest.approx(1.0, abs=1e-3)
        assert place.middle[2] == pytest.approx(-55.0, abs=6.0)


def test_a_bridge_of_one_cell_has_no_axis() -> None:
    flat = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
    cells = asset_cells(CASES["asset"](half_m=4.0), flat)
    pose = CASES["pose"]()
    views = cell_views(cells, CASES["CAMERA"], pose, 0, flat)
    assert deck_places(cells, views, pose, VerticalDatum.ELLIPSOIDAL) == {}
