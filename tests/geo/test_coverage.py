from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import Asset, AssetKind
from data.errors import AboveHorizonError
from data.imagery import VerticalDatum
from geo.camera import pixel_from_world
from geo.cells import asset_cells
from geo.coverage import cell_views, footprint, frames_near
from geo.crs import enu_from_geographic, geographic_from_enu
from geo.terrain import flat_terrain

FLAT = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL)


@pytest.fixture(scope="module")
def bridge(home):
    ends = geographic_from_enu(np.array([[-30.0, 0, 0], [30.0, 0, 0]]), home)
    return Asset(
        id="B1",
        kind=AssetKind.BRIDGE,
        geometry=shapely.to_wkb(shapely.LineString(ends[:, :2])),
        longitude=home.longitude,
        latitude=home.latitude,
        position_sigma_m=1.0,
        length_m=None,
        height_m=None,
        importance=3.0,
    )


def test_a_bridge_below_is_seen_whole_from_above(bridge, make_camera, make_pose):
    cells = asset_cells(bridge, FLAT)
    views = cell_views(cells, make_camera(), make_pose(height=105.0), 0, FLAT)
    assert views.seen.all()
    assert views.elevation_deg.min() > 75
    assert views.gsd_m == pytest.approx(100 / 2824, rel=0.04)
    assert all(len(outline) >= 4 for outline in views.outlines)


def test_from_the_south_the_camera_stands_in_the_south(bridge, make_camera, make_pose):
    cells = asset_cells(bridge, FLAT)
    pose = make_pose(north=-80.0, height=45.0, pitch_deg=-26.6)
    views = cell_views(cells, make_camera(), pose, 0, FLAT)
    assert views.seen.all()
    assert views.azimuth_deg[[2, 3]] == pytest.approx([176.4, 183.6], abs=0.1)
    assert views.elevation_deg == pytest.approx(26.0, abs=1.0)


def test_outlines_hold_the_middles_and_stay_in_the_frame(
    bridge, make_camera, make_pose
):
    camera, cells = make_camera(), asset_cells(bridge, FLAT)
    views = cell_views(cells, camera, make_pose(east=60.0, height=70.0), 0, FLAT)
    assert 0 < views.seen.sum() < len(views.seen)
    for outline, seen in zip(views.outlines, views.seen, strict=True):
        assert ((outline >= 0) & (outline <= [4000, 3000])).all()
        assert len(outline) >= 3 or not seen
        assert not len(outline) or shapely.Polygon(outline).is_valid


def test_a_turned_file_has_turned_outlines(bridge, make_camera, make_pose):
    camera, cells = make_camera(), asset_cells(bridge, FLAT)
    pose = make_pose(yaw_deg=20.0, east=12.0)
    upright = cell_views(cells, camera, pose, 0, FLAT)
    turned = cell_views(cells, camera, pose, 180, FLAT)
    assert np.array_equal(upright.seen, turned.seen)
    for one, other in zip(upright.outlines, turned.outlines, strict=True):
        same = shapely.Polygon(np.array([4000, 3000]) - other)
        assert shapely.Polygon(one).symmetric_difference(same).area < 1.0


def test_what_is_behind_the_camera_is_not_seen(bridge, make_camera, make_pose):
    cells = asset_cells(bridge, FLAT)
    pose = make_pose(north=-80.0, height=45.0, pitch_deg=-26.6, yaw_deg=180.0)
    views = cell_views(cells, make_camera(), pose, 0, FLAT)
    assert not views.seen.any()
    assert all(len(outline) == 0 for outline in views.outlines)


def test_a_ridge_hides_the_bridge_but_not_from_above(
    bridge, make_camera, make_pose, make_terrain
):
    ridge = make_terrain(lambda _e, n: np.maximum(0.0, 45 - np.abs(n + 45)))
    cells = asset_cells(bridge, ridge)
    low = make_pose(north=-110.0, height=40.0, pitch_deg=-15.0)
    high = make_pose(height=120.0)
    assert not cell_views(cells, make_camera(), low, 0, ridge).seen.any()
    assert cell_views(cells, make_camera(), high, 0, ridge).seen.all()


def test_a_slope_alone_shows_the_cells_of_a_dam(
    bridge, make_camera, make_pose, make_terrain
):
    bank = make_terrain(lambda _e, n: np.maximum(60 - np.abs(n) / 2.5, 0.0))
    dam = replace(bridge, kind=AssetKind.DAM, height_m=60.0)
    cells = asset_cells(dam, bank)
    pose = make_pose(north=-75.0, height=75.0)  # over the southern slope, looking down
    views = cell_views(cells, make_camera(), pose, 0, bank)
    assert views.seen.all()
    assert views.gsd_m == pytest.approx(45 / 2824, rel=0.25)
    crest_only = replace(cells, aims=cells.middles[:, None])
    assert not cell_views(crest_only, make_camera(), pose, 0, bank).seen.any()


def test_where_a_tower_fell_it_is_seen_in_part(bridge, make_camera, make_pose, home):
    point = shapely.Point(home.longitude, home.latitude)
    tower = replace(bridge, kind=AssetKind.TOWER, geometry=shapely.to_wkb(point))
    cells = asset_cells(tower, FLAT)
    # from 60 m south, looking at the ground in front of the foot
    pose = make_pose(north=-60.0, height=50.0, pitch_deg=-60.0)
    views = cell_views(cells, make_camera(), pose, 0, FLAT)
    assert (views.seen.tolist(), views.partly.tolist()) == ([False], [True])
    whole = cell_views(cells, make_camera(), replace(pose, pitch_deg=-25.0), 0, FLAT)
    assert (whole.seen.tolist(), whole.partly.tolist()) == ([True], [False])
    away = cell_views(cells, make_camera(), replace(pose, yaw_deg=180.0), 0, FLAT)
    assert not (away.seen | away.partly).any()


@settings(deadline=None, max_examples=40)
@given(st.floats(-25, 25), st.floats(-12, 12), st.floats(-180, 180), st.floats(-90, 0))
def test_an_outline_holds_all_of_a_cell_that_is_ahead(
    bridge, make_camera, make_pose, east, north, yaw, pitch
):
    camera = make_camera()
    pose = make_pose(east=east, north=north, height=14.0, yaw_deg=yaw, pitch_deg=pitch)
    cells = asset_cells(bridge, FLAT)
    views = cell_views(cells, camera, pose, 0, FLAT)
    rng = np.random.default_rng(7)
    for cloud, outline in zip(cells.points, views.outlines, strict=True):
        mix = rng.dirichlet(np.full(len(cloud), 0.3), 60) @ cloud
        pixels, depth, ok = pixel_from_world(camera, pose, mix)
        inside = ok & (depth > 1.0) & ((pixels > 0) & (pixels < [4000, 3000])).all(1)
        if inside.any():
            area = shapely.Polygon(outline).buffer(1.0)
            assert shapely.contains_xy(area, *pixels[inside].T).all()


def test_the_pixel_sigma_is_that_of_pose_and_asset(bridge, make_camera, make_pose):
    camera = make_camera()
    cells = replace(asset_cells(bridge, FLAT), position_sigma_m=3.0)
    pose = make_pose(height=105.0, sigma_yaw_deg=1e-6, sigma_tilt_deg=1e-6)
    views = cell_views(cells, camera, pose, 0, FLAT)
    wanted = 2824 / 100 * np.hypot(1.5, 3.0)  # metres over distance, times focal
    assert views.pixel_sigma_px[2] == pytest.approx(wanted, rel=0.01)
    tilted = cell_views(cells, camera, replace(pose, sigma_tilt_deg=2.0), 0, FLAT)
    both = np.hypot(wanted, 2824 * np.radians(2.0))
    assert tilted.pixel_sigma_px[2] == pytest.approx(both, rel=0.01)


def test_only_assets_within_reach_are_asked_further(make_pose, home):
    points = np.array([[0, 0, 0], [290.0, 0, 0], [0, -310.0, 0], [5000.0, 0, 0]])
    places = geographic_from_enu(points, home)
    near = frames_near(places[:, 0], places[:, 1], make_pose(), 300.0)
    assert near.tolist() == [True, True, False, False]
    wider = frames_near(places[:, 0], places[:, 1], make_pose(), np.full(4, 320.0))
    assert wider.tolist() == [True, True, True, False]


def test_across_the_date_line_near_is_near(make_pose):
    pose = make_pose(longitude=179.9999, latitude=0.0)
    assert frames_near(np.array([-179.9999]), np.array([0.0]), pose, 50.0).all()


def test_a_nadir_footprint_is_the_frame_on_the_ground(make_camera, make_pose, home):
    polygon = footprint(make_camera(), make_pose(), 0, FLAT)
    assert polygon.exterior.is_ccw
    corners = shapely.get_coordinates(polygon)
    flat = np.column_stack([corners, np.zeros(len(corners))])
    area = shapely.Polygon(enu_from_geographic(flat, home)[:, :2]).area
    assert area == pytest.approx(4000 * 3000 * (100 / 2824) ** 2, rel=1e-3)


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(-90, -5))
def test_every_footprint_is_valid_and_counter_clockwise(
    make_camera, make_pose, yaw, pitch
):
    pose = make_pose(yaw_deg=yaw, pitch_deg=pitch)
    polygon = footprint(make_camera(k1=-0.05), pose, 0, FLAT)
    assert polygon.is_valid
    assert polygon.exterior.is_ccw


def test_a_frame_of_the_sky_has_no_footprint(make_camera, make_pose):
    with pytest.raises(AboveHorizonError, match="meets no ground"):
        footprint(make_camera(), make_pose(pitch_deg=60.0), 0, FLAT)
