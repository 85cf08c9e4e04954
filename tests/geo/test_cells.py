from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import Asset, AssetKind
from data.errors import InvalidRecordError, TerrainError
from data.imagery import VerticalDatum
from geo.cells import asset_cells
from geo.crs import enu_from_geographic, geographic_from_enu
from geo.terrain import flat_terrain

FLAT = flat_terrain(20.0, VerticalDatum.ELLIPSOIDAL)


@pytest.fixture(scope="module")
def make_asset(home):
    def make(kind, geometry, **values):
        def degrees(points):
            flat = np.column_stack([points, np.zeros(len(points))])
            return geographic_from_enu(flat, home)[:, :2]

        own = {
            "id": "A1",
            "kind": kind,
            "geometry": shapely.to_wkb(shapely.transform(geometry, degrees)),
            "longitude": home.longitude,
            "latitude": home.latitude,
            "position_sigma_m": 1.0,
            "length_m": None,
            "height_m": None,
            "importance": 2.0,
        }
        return Asset(**(own | values))

    return make


def local(points, home):
    return enu_from_geographic(points.reshape(-1, 3), home).reshape(points.shape)


def line(length):
    return shapely.LineString([(-length / 2, 0), (length / 2, 0)])


@settings(deadline=None)
@given(st.floats(4, 900), st.sampled_from(["bridge", "dam", "span"]))
def test_a_line_is_cut_into_cells_of_about_ten_metres(make_asset, home, length, kind):
    cells = asset_cells(make_asset(AssetKind(kind), line(length)), FLAT)
    assert abs(len(cells.points) - max(1, length / 10)) <= 0.51
    middles = local(cells.middles, home)
    gaps = np.diff(middles[:, 0])
    assert gaps == pytest.approx(length / len(cells.points), abs=0.01)
    assert middles[:, 1] == pytest.approx(0, abs=0.01)


def test_cells_cover_the_axis_and_the_width_and_the_height(make_asset, home):
    cells = asset_cells(make_asset(AssetKind.BRIDGE, line(60)), FLAT)
    points = local(cells.points, home)
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    assert low[:2] == pytest.approx([-31, -7], abs=0.01)  # a metre of sigma all round
    assert high[:2] == pytest.approx([31, 7], abs=0.01)
    assert cells.points[..., 2].min() == pytest.approx(20, abs=0.01)
    assert cells.points[..., 2].max() == pytest.approx(30, abs=0.01)


def test_a_span_reaches_from_the_ground_to_its_towers_and_is_aimed_at_its_wires(
    make_asset,
):
    span = asset_cells(make_asset(AssetKind.SPAN, line(300), height_m=35.0), FLAT)
    heights = span.points[..., 2]
    assert (heights.min(), heights.max()) == pytest.approx((20, 55), abs=0.01)
    assert span.middles[:, 2] == pytest.approx(20 + (10 + 35) / 2, abs=0.01)


def test_a_tower_and_a_substation_are_one_cell_of_their_kinds_size(make_asset, home):
    point = shapely.Point(0, 0)
    for kind, half, height in (
        (AssetKind.TOWER, 8, 50),
        (AssetKind.SUBSTATION, 60, 15),
    ):
        cells = asset_cells(make_asset(kind, point), FLAT)
        assert len(cells.points) == 1
        reach = np.abs(local(cells.points, home)[0, :, :2]).max()
        assert reach == pytest.approx(half + 1, abs=0.02)
        assert cells.points[..., 2].max() == pytest.approx(20 + height, abs=0.01)


def test_the_bank_of_a_dam_belongs_to_it(make_asset, make_terrain, home):
    bank = make_terrain(lambda _e, n: np.maximum(100.0 - np.abs(n) / 2, 60.0))
    cells = asset_cells(make_asset(AssetKind.DAM, line(100), height_m=40.0), bank)
    points = local(cells.points, home)
    assert np.abs(points[..., 1]).max() == pytest.approx(101, abs=0.05)  # 2.5 x 40 + 1
    foot = np.abs(points[..., 1]) > 99
    crest = np.abs(points[..., 1]) < 1
    assert cells.points[foot][:, 2] == pytest.approx(60, abs=1.0)
    assert cells.points[crest][:, 2].max() == pytest.approx(103, abs=1.0)
    assert cells.middles[:, 2] == pytest.approx(101, abs=1.0)


def test_a_deck_goes_straight_over_the_valley(make_asset, make_terrain):
    valley = make_terrain(lambda e, _n: np.minimum(80.0, np.abs(e)))
    cells = asset_cells(make_asset(AssetKind.BRIDGE, line(100)), valley)
    middle = len(cells.points) // 2
    assert cells.points[middle, :, 2].max() == pytest.approx(56, abs=1.0)
    assert cells.points[middle, :, 2].min() == pytest.approx(1, abs=2.0)


def test_the_axis_of_an_area_is_its_long_one(make_asset, home):
    area = shapely.box(-60, -9, 60, 9)
    cells = asset_cells(make_asset(AssetKind.BRIDGE, area), FLAT)
    middles = local(cells.middles, home)
    assert len(middles) == 12
    assert np.abs(middles[:, 1]).max() < 0.01
    assert np.abs(local(cells.points, home)[..., 1]).max() == pytest.approx(
        10, abs=0.02
    )


def test_two_lines_are_both_cut(make_asset):
    lines = shapely.MultiLineString([[(0, 0), (40, 0)], [(100, 0), (100, 30)]])
    assert len(asset_cells(make_asset(AssetKind.DAM, lines), FLAT).points) == 7


def test_a_link_has_no_cells(make_asset):
    cells = asset_cells(make_asset(AssetKind.LINK, line(500)), FLAT)
    assert (len(cells.points), len(cells.middles)) == (0, 0)


def test_ground_unknown_in_part_takes_the_rest(make_asset, make_terrain):
    hole = make_terrain(lambda e, _n: np.where(e > 0, np.nan, 7.0))
    cells = asset_cells(make_asset(AssetKind.BRIDGE, line(60)), hole)
    assert np.isfinite(cells.points).all()


def test_an_asset_off_the_terrain_is_refused_by_name(make_asset, make_terrain):
    far = make_terrain(lambda e, _n: 0.0 * e)
    asset = make_asset(
        AssetKind.TOWER, shapely.Point(900, 0), longitude=140.097, latitude=36.104
    )
    with pytest.raises(TerrainError, match="asset A1: the terrain does not cover it"):
        asset_cells(asset, far)


@pytest.mark.parametrize("wkb", [b"rubbish", shapely.to_wkb(shapely.Point())])
def test_a_geometry_that_is_none_is_refused_by_name(make_asset, wkb):
    good = make_asset(AssetKind.TOWER, shapely.Point(0, 0))
    asset = replace(good, geometry=wkb)
    with pytest.raises(InvalidRecordError, match="asset A1"):
        asset_cells(asset, FLAT)


def test_an_endless_line_is_refused(make_asset):
    with pytest.raises(TerrainError, match="cut it into parts"):
        asset_cells(make_asset(AssetKind.SPAN, line(50_000)), FLAT)
