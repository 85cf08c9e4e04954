"""Damage is placed at the height it is at, with an error that says so."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.assets import AssetKind
from data.findings import DAMAGE_CLASSES
from data.imagery import VerticalDatum
from geo.cells import asset_cells
from geo.coverage import cell_views
from geo.crs import enu_from_geographic
from geo.georeference import ground_from_pixels, outline_on_ground
from geo.terrain import flat_terrain
from pipelines.blocks import Block
from pipelines.placing import features
from pipelines.scene import Scene

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
FLAT = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL, sigma_m=0.5)
CAMERA, HOME = CASES["CAMERA"], CASES["HOME"]
HEIGHT_M = 40.0
PATCH = (280, 130, 321, 171)
"""41 px square; its middle is 100 px right of the picture's."""


class HandMade:
    """Damage of one class in patches, of the same certainty."""

    def __init__(self, patches, damage):
        self.whole = Block(0, 0, CAMERA.width_px, CAMERA.height_px)
        self._planes = np.zeros((CAMERA.height_px, CAMERA.width_px, 3), np.uint8)
        for left, top, right, bottom in patches:
            where = self._planes[top:bottom, left:right]
            where[:, :, 0], where[:, :, 2] = DAMAGE_CLASSES.index(damage), 204

    def planes(self, window):
        return self._planes[window.rows, window.columns]


def placed(asset, *patches, damage="collapse", numbers=None, **of_frame):
    """Features of an asset in a frame with this damage."""
    frame = CASES["frame"](pose=CASES["pose"](height_m=HEIGHT_M), **of_frame)
    scene = Scene(frame, FLAT, HandMade(patches, damage), frozenset(), 0.05, 0.05)
    cells = asset_cells(asset, FLAT)
    views = cell_views(cells, CAMERA, frame.pose, frame.turned_deg, FLAT)
    every = list(range(len(views.seen))) if numbers is None else numbers
    return features(asset, every, cells, views, scene)


def bridge(height_m):
    return CASES["asset"](half_m=20.0, height_m=height_m)


def metres(row):
    """Corners of a feature, metres east and north of home."""
    places = shapely.get_coordinates(shapely.from_wkb(bytes.fromhex(row["geometry"])))
    flat = np.column_stack([places, np.zeros(len(places))])
    return enu_from_geographic(flat, HOME)[:, :2]


def test_what_lies_on_the_ground_lands_where_geo_says() -> None:
    dam = CASES["asset"](AssetKind.DAM, half_m=20.0, height_m=8.0)
    (row,) = placed(dam, PATCH)
    corners = np.array([[280.5, 130.5], [320.5, 130.5], [320.5, 170.5], [280.5, 170.5]])
    pose = CASES["pose"](height_m=HEIGHT_M)
    ground = outline_on_ground(ground_from_pixels(CAMERA, pose, 0, corners, FLAT))
    assert ground is not None
    expected, ce90_m = ground
    found = shapely.from_wkb(bytes.fromhex(row["geometry"]))
    assert found.symmetric_difference(expected).area < 1e-3 * expected.area
    assert row["ce90_m"] == pytest.approx(ce90_m, abs=1e-6)


@pytest.mark.parametrize("height_m", [4.0, 12.0, 24.0])
def test_a_deck_is_placed_at_its_own_height(height_m: float) -> None:
    """By hand: half the deck's height nearer, (c - cx) / f times what is left."""
    (row,) = placed(bridge(height_m), PATCH)
    left_m = (HEIGHT_M - height_m / 2) / CAMERA.focal_x_px
    expected = np.array([[80.5, 19.5], [120.5, 19.5], [120.5, -20.5], [80.5, -20.5]])
    found = metres(row)
    assert found.min(axis=0) == pytest.approx(expected.min(axis=0) * left_m, abs=0.01)
    assert found.max(axis=0) == pytest.approx(expected.max(axis=0) * left_m, abs=0.01)


def test_the_error_grows_with_the_height_it_may_be_at() -> None:
    errors = [placed(bridge(h), PATCH)[0]["ce90_m"] for h in (4.0, 12.0, 24.0, 36.0)]
    assert errors == sorted(errors)
    assert errors[-1] > 2 * errors[0]


def test_the_true_place_is_inside_the_error_whatever_height_it_is_at() -> None:
    """Ground or top of the deck: half the height off, seen aslant, is within CE90."""
    high = bridge(12.0)
    (row,) = placed(high, PATCH)
    ray = np.array([100.5, 0.0]) / CAMERA.focal_x_px
    middle = metres(row)[:, 0]
    middle_m = (middle.min() + middle.max()) / 2
    for level_m in (0.0, 12.0):
        true_m = ray[0] * (HEIGHT_M - level_m)
        assert abs(true_m - middle_m) <= row["ce90_m"]


def test_a_feature_says_what_it_is_and_how_large() -> None:
    (row,) = placed(bridge(10.0), PATCH, numbers=[1, 2])
    gsd_m = (HEIGHT_M - 5.0) / CAMERA.focal_x_px
    assert row["class"] == "collapse"
    assert row["score"] == pytest.approx(0.8, abs=1e-6)
    assert row["area_m2"] == pytest.approx((41 * gsd_m) ** 2, rel=0.06)
    assert row["max_width_mm"] == pytest.approx(41 * gsd_m * 1000, rel=0.06)


def test_damage_outside_the_cells_is_nobody_s() -> None:
    short = CASES["asset"](half_m=2.0)
    outside, inside = (350, 130, 391, 171), (180, 130, 221, 171)
    assert placed(short, outside) == []
    assert placed(short, outside, inside) == placed(short, inside)
    assert len(placed(short, inside)) == 1


def test_only_the_cells_that_were_measured_have_features() -> None:
    assert placed(bridge(10.0), PATCH, numbers=[0]) == []
    assert placed(bridge(10.0), PATCH, numbers=[]) == []


def test_two_pieces_are_two_features_with_two_names() -> None:
    rows = placed(bridge(10.0), PATCH, (80, 130, 121, 171))
    assert len({row["id"] for row in rows}) == 2
    again = placed(bridge(10.0), (80, 130, 121, 171), PATCH)
    assert rows == again


def test_a_turned_file_is_placed_as_an_upright_one() -> None:
    (upright,) = placed(bridge(10.0), PATCH)
    turned_patch = (400 - 321, 300 - 171, 400 - 280, 300 - 130)
    (turned,) = placed(bridge(10.0), turned_patch, turned_deg=180)
    one, other = shapely.Polygon(metres(turned)), shapely.Polygon(metres(upright))
    assert one.symmetric_difference(other).area < 1e-3 * other.area


def test_another_frame_names_the_same_piece_otherwise() -> None:
    (one,) = placed(bridge(10.0), PATCH)
    (other,) = placed(bridge(10.0), PATCH, id="f" * 64)
    assert one["id"] != other["id"]
    assert one["geometry"] == other["geometry"]


def test_a_frame_without_a_pose_places_nothing() -> None:
    frame = CASES["frame"](pose=CASES["pose"](height_m=HEIGHT_M))
    cells = asset_cells(bridge(10.0), FLAT)
    views = cell_views(cells, CAMERA, frame.pose, 0, FLAT)
    lost = replace(frame, pose=None, unlocated="no_gps")
    scene = Scene(lost, FLAT, HandMade([PATCH], "crack"), frozenset(), 0.05, 0.05)
    assert features(bridge(10.0), [0, 1, 2, 3], cells, views, scene) == []
