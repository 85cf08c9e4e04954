"""How assets stand in made frames: what a cell's row says of it."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from data.assets import AssetKind
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.imagery import VerticalDatum
from geo.cells import asset_cells
from geo.coverage import cell_views
from geo.terrain import flat_terrain
from pipelines.blocks import Block
from pipelines.measuring import fall_zone
from pipelines.scene import Scene
from pipelines.stances import (
    Stance,
    lying_row,
    lying_stance,
    stances,
    tower_stance,
    with_stances,
)

TESTS = Path(__file__).parents[1]
CASES = runpy.run_path(str(TESTS / "scene_cases.py"))
DRAWN = runpy.run_path(str(TESTS / "geo" / "structures.py"))
FLAT = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
EVERY = frozenset(DAMAGE_CLASSES) | frozenset(COMPONENT_CLASSES)
CAMERA = replace(
    CASES["CAMERA"],
    width_px=1600,
    height_px=1200,
    focal_x_px=1130.0,
    focal_y_px=1130.0,
    center_x_px=800.0,
    center_y_px=600.0,
)
HEIGHT_M = DRAWN["HEIGHT_M"]
AHEAD_M, UP_M, PITCH_DEG = 60.0, 30.0, -8.0
TOWER = CASES["asset"](AssetKind.TOWER, id="T1", height_m=HEIGHT_M)
POSE = CASES["pose"](
    north_m=-AHEAD_M,
    height_m=UP_M,
    pitch_deg=PITCH_DEG,
    sigma_yaw_deg=2.5,
    sigma_tilt_deg=2.0,
)


class Eye:
    """Component planes as they are given."""

    def __init__(self, component):
        self.whole = Block(0, 0, component.shape[1], component.shape[0])
        self._component = component

    def planes(self, window):
        component = self._component[window.rows, window.columns]
        nothing = np.zeros_like(component)
        return np.dstack([nothing, component, nothing])


def scene(*turns, trained=EVERY):
    """A frame of towers at the asset's place, turned to the right by so much."""
    component = np.zeros((CAMERA.height_px, CAMERA.width_px), np.uint8)
    foot = np.array([0.0, AHEAD_M, -UP_M])
    for degrees in turns:
        turn = Rotation.from_rotvec(np.radians(degrees) * np.array([0.0, 1.0, 0.0]))
        mask = DRAWN["tower_mask"](CAMERA, (0.0, PITCH_DEG, 0.0), foot, turn)
        component[mask] = COMPONENT_CLASSES.index("tower")
    frame = CASES["frame"](camera=CAMERA, pose=POSE)
    return Scene(frame, FLAT, Eye(component), trained, 0.06, 0.06)


def views(asset):
    return cell_views(asset_cells(asset, FLAT), CAMERA, POSE, 0, FLAT)


@pytest.mark.parametrize(("lean_deg", "z"), [(0.0, 0), (5.0, 2), (9.0, 3)])
def test_a_leaning_tower_has_its_level(lean_deg: float, z: int) -> None:
    found = tower_stance(TOWER, views(TOWER), scene(lean_deg), [])
    assert found is not None
    assert found.z == z
    assert found.columns["lean_deg"] == pytest.approx(lean_deg, abs=0.5)
    assert not found.contested


def test_a_class_the_weights_never_learnt_has_no_shape() -> None:
    made = scene(9.0, trained=EVERY - {"tower"})
    assert tower_stance(TOWER, views(TOWER), made, []) is None


def test_what_may_be_a_rivals_is_contested() -> None:
    own = views(TOWER)
    found = tower_stance(TOWER, own, scene(9.0), [own])
    assert found is not None
    assert found.contested


def test_a_lying_tower_is_lost_and_a_standing_one_beside_it_forbids_that() -> None:
    zone = views(fall_zone(TOWER))
    both = zone, views(TOWER)
    found = lying_stance(TOWER, both, scene(88.0), [])
    assert found is not None
    row = lying_row(zone, found)
    assert (row["z"], row["missing"], row["z_second"]) == (4, 1.0, -1)
    assert lying_stance(TOWER, both, scene(0.0), []) is None
    assert lying_stance(TOWER, both, scene(0.0, 88.0), []) is None


def test_geometry_raises_a_row_and_never_lowers_it() -> None:
    row = {"cell": 0, "z": 2, "z_second": 1}
    severe = Stance({"lean_deg": 9.0}, 3, contested=False)
    mild = Stance({"lean_deg": 1.0}, 0, contested=False)
    theirs = Stance({"lean_deg": 9.0}, 3, contested=True)
    assert with_stances([(row, 2)], {0: severe}) == [
        ({"cell": 0, "z": 3, "z_second": -1, "lean_deg": 9.0}, 3)
    ]
    assert with_stances([(row, 2)], {0: mild}) == [(row | {"lean_deg": 1.0}, 2)]
    assert with_stances([(row, 2)], {0: theirs}) == [(row, 3)]
    assert with_stances([(row, 2)], {1: severe}) == [(row, 2)]


def test_other_kinds_have_no_stance() -> None:
    dam = CASES["asset"](AssetKind.DAM, half_m=60.0)
    cells = asset_cells(dam, FLAT)
    shown = cell_views(cells, CAMERA, POSE, 0, FLAT)
    assert stances(dam, cells, shown, scene(0.0), []) == {}
