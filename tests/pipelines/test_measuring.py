"""Planes made by hand: what a cell, a standing tower and a fallen one are read as."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import AssetKind
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.imagery import VerticalDatum
from geo.cells import asset_cells
from geo.coverage import CellViews, cell_views
from geo.terrain import flat_terrain
from pipelines.blocks import Block
from pipelines.measuring import (
    cell_outline,
    cell_row,
    fall_zone,
    fallen_row,
    inside_mask,
)
from pipelines.scene import Scene

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
FLAT = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)
EVERY = frozenset(DAMAGE_CLASSES) | frozenset(COMPONENT_CLASSES)
WHOLE = Block(0, 0, 400, 300)


class HandMade:
    """Planes as they are given; the picture under them is black."""

    def __init__(self, *patches):
        self.whole = WHOLE
        self._planes = np.zeros((300, 400, 3), np.uint8)
        for left, top, right, bottom, damage, component in patches:
            where = self._planes[top:bottom, left:right]
            where[:, :, 0] = DAMAGE_CLASSES.index(damage)
            where[:, :, 1] = COMPONENT_CLASSES.index(component)
            where[:, :, 2] = 200 if damage != "none" else 0

    def planes(self, window):
        return self._planes[window.rows, window.columns]

    def rgb(self, window):
        return CASES["BLACK"][window.rows, window.columns]


def scene(*patches, trained=EVERY, coarsest_gsd_m=0.05, model_gsd_m=0.05):
    return Scene(
        CASES["frame"](), FLAT, HandMade(*patches), trained, coarsest_gsd_m, model_gsd_m
    )


def views(outline, *, gsd_m=0.02, sigma_px=0.0):
    """One cell seen from the south, from 20 degrees above."""
    return CellViews(
        seen=np.array([True]),
        partly=np.array([False]),
        gsd_m=np.array([gsd_m]),
        azimuth_deg=np.array([180.0]),
        elevation_deg=np.array([20.0]),
        pixel_sigma_px=np.array([sigma_px]),
        outlines=(np.asarray(outline, float),),
    )


def box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


CELL = views(box(100, 100, 200, 200))
ZONE = views(box(0, 0, 400, 300))
TOWER = CASES["asset"](AssetKind.TOWER, id="T1", height_m=40.0)


# --- the row of a cell ----------------------------------------------------------------


def row_of(*patches, asset=None, where=CELL, **values):
    row, _ = cell_row(asset or CASES["asset"](), 0, where, scene(*patches, **values))
    return row


def test_a_cell_of_sound_bridge_is_level_0() -> None:
    row = row_of((100, 100, 200, 200, "none", "bridge"))
    assert row["z"] == 0
    assert row["component"] == pytest.approx(1.0, abs=0.03)
    assert (row["cell"], row["cells"]) == (0, 1)
    assert row["gsd_m"] == 0.02
    assert [row[name] for name in ("a", "moved", "collapse", "debris")] == [0.0] * 4


def test_a_tenth_of_the_cell_collapsed_is_level_4() -> None:
    """DEFINITIONS 4: collapse from 1 % of a bridge's cell."""
    row = row_of(
        (100, 100, 200, 200, "none", "bridge"), (100, 100, 200, 110, "collapse", "road")
    )
    assert row["z"] == 4
    assert row["collapse"] == pytest.approx(0.1, abs=0.01)


def test_damage_outside_the_cell_is_not_of_it() -> None:
    row = row_of(
        (100, 100, 200, 200, "none", "bridge"), (0, 0, 90, 300, "collapse", "bridge")
    )
    assert (row["z"], row["collapse"]) == (0, 0.0)


def test_a_class_the_weights_never_learnt_raises_no_level() -> None:
    patches = (100, 100, 200, 200, "collapse", "bridge")
    assert row_of(patches)["z"] == 4
    assert row_of(patches, trained=EVERY - {"collapse"})["z"] == 0


def test_a_cell_outside_the_frame_has_a_row_of_nothing() -> None:
    row = row_of((0, 0, 400, 300, "collapse", "bridge"), where=views(np.empty((0, 2))))
    assert (row["z"], row["component"]) == (0, 0.0)


@pytest.mark.parametrize(
    ("azimuth", "sector"), [(0.0, 0), (180.0, 4), (315.0, 7), (359.9, 0)]
)
def test_the_side_it_was_seen_from_is_kept(azimuth: float, sector: int) -> None:
    row = row_of(where=replace(CELL, azimuth_deg=np.array([azimuth])))
    assert (row["sector"], row["above"]) == (sector, False)
    high = replace(CELL, elevation_deg=np.array([30.0]))
    assert row_of(where=high)["above"]


# --- outlines, as far out as the place is not sure ------------------------------------


@given(sigma_px=st.floats(0.1, 40.0))
@settings(deadline=None)
def test_a_cell_grows_by_one_sigma_to_every_side(sigma_px: float) -> None:
    grown = shapely.Polygon(
        cell_outline(views(box(100, 100, 200, 200), sigma_px=sigma_px), 0)
    )
    assert grown.bounds == pytest.approx(
        (100 - sigma_px, 100 - sigma_px, 200 + sigma_px, 200 + sigma_px)
    )
    assert grown.buffer(1e-6).contains(shapely.box(100, 100, 200, 200))


def test_what_moved_by_less_than_the_pose_errs_is_still_found() -> None:
    beside = (205, 100, 225, 200, "collapse", "bridge")
    assert row_of(beside)["z"] == 0
    unsure = views(box(100, 100, 200, 200), sigma_px=30.0)
    assert row_of(beside, where=unsure)["z"] == 4


def test_an_outline_without_corners_does_not_grow() -> None:
    assert len(cell_outline(views(np.empty((0, 2)), sigma_px=9.0), 0)) == 0


def test_a_mask_is_where_shapely_says_inside() -> None:
    outline = np.array([[10.0, 10.0], [60.0, 20.0], [40.0, 70.0]])
    window = Block(5, 5, 80, 80)
    columns, rows = np.meshgrid(np.arange(5, 80), np.arange(5, 80))
    polygon = shapely.Polygon(outline)
    inner = shapely.contains_xy(polygon.buffer(-1.5), columns + 0.5, rows + 0.5)
    outer = shapely.contains_xy(polygon.buffer(1.5), columns + 0.5, rows + 0.5)
    mask = inside_mask(outline, window)
    assert (mask >= inner).all()
    assert (mask <= outer).all()
    assert not inside_mask(np.empty((0, 2)), window).any()


# --- a tower that fell ----------------------------------------------------------------


LYING = (100, 100, 300, 140, "collapse", "tower")


def test_a_tower_lying_in_the_zone_is_level_4() -> None:
    row = fallen_row(ZONE, scene(LYING))
    assert row is not None
    assert (row["z"], row["z_second"]) == (4, -1)
    assert row["collapse"] == pytest.approx(1.0)
    assert row["component"] == pytest.approx(200 * 40 / (400 * 300), rel=0.02)


@pytest.mark.parametrize(
    "patches",
    [
        [],
        [(100, 100, 300, 140, "none", "tower")],
        [(100, 100, 300, 140, "collapse", "bridge")],
        [(100, 100, 300, 140, "collapse", "background")],
        [(100, 100, 300, 140, "deformation", "tower")],
        [(100, 100, 119, 120, "collapse", "tower")],
        [(0, 0, 400, 100, "none", "tower"), (0, 100, 400, 140, "collapse", "tower")],
    ],
    ids=[
        "nothing",
        "a standing tower",
        "another ruin",
        "rubble of nobody",
        "a bent tower",
        "380 px, a spot",
        "less than a third of the tower",
    ],
)
def test_this_is_no_fallen_tower(patches) -> None:
    assert fallen_row(ZONE, scene(*patches)) is None


def test_a_standing_tower_is_not_made_fallen_by_another_ruin_beside_it() -> None:
    standing = (100, 100, 300, 140, "none", "tower")
    ruin = (100, 150, 300, 290, "collapse", "bridge")
    assert fallen_row(ZONE, scene(standing, ruin)) is None


def test_what_the_weights_or_the_view_cannot_show_is_not_found() -> None:
    assert fallen_row(ZONE, scene(LYING, trained=EVERY - {"collapse"})) is None
    assert fallen_row(ZONE, scene(LYING, coarsest_gsd_m=0.01)) is None
    assert fallen_row(ZONE, scene(LYING, model_gsd_m=0.01)) is None
    assert fallen_row(views(np.empty((0, 2))), scene(LYING)) is None


def test_outside_the_zone_a_fallen_tower_is_another_one() -> None:
    assert fallen_row(views(box(0, 200, 400, 300)), scene(LYING)) is None


@pytest.mark.parametrize("height_m", [40.0, None])
def test_a_tower_falls_no_further_than_its_height(height_m: float | None) -> None:
    zone = fall_zone(replace(TOWER, height_m=height_m))
    reach_m = height_m or 50.0  # DEFINITIONS 1: a tower's default
    cells = asset_cells(zone, FLAT)
    camera = CASES["CAMERA"]
    seen = cell_views(cells, camera, CASES["pose"](height_m=600.0), 0, FLAT)
    spread_px = np.ptp(seen.outlines[0][:, 0])
    assert spread_px == pytest.approx(2 * reach_m / 600.0 * 1000.0, rel=0.05)


# --- where two of a kind may be -------------------------------------------------------


def test_damage_where_a_rival_may_be_too_counts_for_neither_and_is_told() -> None:
    ruin = (100, 100, 150, 200, "collapse", "bridge")
    rival = views(box(90, 90, 160, 210))
    row, shared = cell_row(CASES["asset"](), 0, CELL, scene(ruin), [rival])
    assert (row["z"], shared) == (0, 4)


def test_damage_where_only_one_can_be_counts_whatever_the_rival() -> None:
    ruin = (150, 100, 200, 200, "collapse", "bridge")
    rival = views(box(90, 90, 140, 210))
    row, shared = cell_row(CASES["asset"](), 0, CELL, scene(ruin), [rival])
    assert (row["z"], shared) == (4, 4)


def test_a_rival_that_is_not_in_sight_contests_nothing() -> None:
    ruin = (100, 100, 150, 200, "collapse", "bridge")
    hidden = replace(views(box(90, 90, 160, 210)), seen=np.array([False]))
    row, _ = cell_row(CASES["asset"](), 0, CELL, scene(ruin), [hidden])
    assert row["z"] == 4
