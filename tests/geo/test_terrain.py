import os
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import from_origin
from scipy.interpolate import RegularGridInterpolator

from data.errors import CrsError, TerrainError
from data.imagery import VerticalDatum
from geo.crs import Anchor, crs_from_geographic, geographic_from_enu
from geo.surroundings import around, clearance_m, grid_position, heights_of
from geo.terrain import flat_terrain, heights_at, read_terrain, sigma_from_cell_m

LOCAL = VerticalDatum.LOCAL


def write_grid(path, values, *, crs="EPSG:32654", count=1, nodata=None, driver="GTiff"):
    values = np.asarray(values, np.float32)
    profile = {
        "driver": driver,
        "dtype": "float32",
        "count": count,
        "height": values.shape[0],
        "width": values.shape[1],
        "crs": crs,
        "nodata": nodata,
        "transform": from_origin(400_000, 4_000_000, 5, 5),
    }
    with rasterio.open(path, "w", **profile) as grid:
        for band in range(1, count + 1):
            grid.write(values, band)
    return path


def test_a_geotiff_is_read_with_nodata_as_nan(tmp_path):
    path = write_grid(tmp_path / "dem.tif", [[1, 2], [-9999, 4]], nodata=-9999)
    terrain = read_terrain(path, VerticalDatum.JGD2011)
    assert np.array_equal(terrain.elevation_m, [[1, 2], [np.nan, 4]], equal_nan=True)
    assert (terrain.epsg, terrain.cell_m, terrain.sigma_m) == (32654, 5.0, 1.0)
    assert terrain.vertical_datum is VerticalDatum.JGD2011
    assert len(terrain.sha256) == 64


def test_the_identity_of_a_terrain_is_that_of_its_bytes(tmp_path):
    one = write_grid(tmp_path / "a.tif", [[1, 2], [3, 4]])
    other = write_grid(tmp_path / "b.tif", [[1, 2], [3, 5]])
    assert read_terrain(one, LOCAL).sha256 != read_terrain(other, LOCAL).sha256
    assert read_terrain(one, LOCAL).sha256 == read_terrain(one, LOCAL).sha256


def test_a_vrt_named_tif_is_refused(tmp_path):
    secret = write_grid(tmp_path / "secret.tif", [[1, 2], [3, 4]])
    vrt = tmp_path / "dem.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Float32"'
        f' band="1"><SimpleSource><SourceFilename>{secret}</SourceFilename>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(TerrainError, match=r"dem\.tif: not a TIFF"):
        read_terrain(vrt, LOCAL)


@pytest.mark.parametrize(
    ("values", "more", "word"),
    [
        ([[1, 2], [3, 4]], {"count": 2}, "2 bands"),
        ([[-1, -1], [-1, -1]], {"nodata": -1}, "no cell holds a height"),
        ([[np.inf, np.nan], [np.nan, np.nan]], {}, "no cell holds a height"),
        ([[1, 2], [3, -32768]], {}, "declare its nodata"),
        ([[1, 2], [3, -9999]], {}, "declare its nodata"),
        ([[1, 2]], {}, "2 x 2"),
    ],
)
def test_grids_that_are_no_terrain_are_refused_in_words(tmp_path, values, more, word):
    path = write_grid(tmp_path / "dem.tif", values, **more)
    with pytest.raises(TerrainError, match=word) as caught:
        read_terrain(path, LOCAL)
    assert "dem.tif" in str(caught.value)


@pytest.mark.parametrize(
    ("crs", "word"), [(None, "none is given"), ("EPSG:4301", "Tokyo")]
)
def test_a_grid_without_an_accepted_system_is_refused(tmp_path, crs, word):
    path = write_grid(tmp_path / "dem.tif", [[1, 2], [3, 4]], crs=crs)
    with pytest.raises(CrsError, match=word):
        read_terrain(path, LOCAL)


def test_what_is_no_regular_file_is_refused_without_being_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.tif")
    (tmp_path / "link.tif").symlink_to(tmp_path / "fifo.tif")
    (tmp_path / "empty.tif").touch()
    for name in ("fifo.tif", "link.tif", "empty.tif", "absent.tif", "."):
        with pytest.raises(TerrainError):
            read_terrain(tmp_path / name, LOCAL)


def test_a_grid_beyond_the_cap_is_refused_from_its_header(tmp_path):
    path = tmp_path / "huge.tif"
    profile = {"dtype": "float32", "count": 1, "height": 60_000, "width": 60_000}
    more = {"crs": "EPSG:32654", "transform": from_origin(0, 4e6, 1, 1)}
    with rasterio.open(
        path, "w", driver="GTiff", sparse_ok=True, tiled=True, **profile, **more
    ):
        pass
    with pytest.raises(TerrainError, match="60000 x 60000 cells"):
        read_terrain(path, LOCAL)


def test_scale_and_offset_count_and_feet_are_refused(tmp_path):
    path = write_grid(tmp_path / "dem.tif", [[10, 20], [30, 40]])
    with rasterio.open(path, "r+") as grid:
        grid.scales, grid.offsets = (0.1,), (100.0,)
    heights = read_terrain(path, LOCAL).elevation_m
    assert np.allclose(heights, [[101, 102], [103, 104]])
    with rasterio.open(path, "r+") as grid:
        grid.units = ("ft",)
    with pytest.raises(TerrainError, match="heights in ft"):
        read_terrain(path, LOCAL)


def test_a_file_beside_the_grid_changes_nothing(tmp_path):
    path = write_grid(tmp_path / "dem.tif", [[1, 2], [3, 4]], crs=None)
    (tmp_path / "dem.tif.aux.xml").write_text(
        "<PAMDataset><SRS>EPSG:32654</SRS></PAMDataset>"
    )
    with pytest.raises(CrsError, match="none is given"):
        read_terrain(path, LOCAL)


def test_a_truncated_grid_is_refused(tmp_path):
    path = write_grid(tmp_path / "dem.tif", np.ones((300, 300)))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(TerrainError, match=r"dem\.tif"):
        read_terrain(path, LOCAL)


def test_scipy_interpolates_to_the_same_heights(make_terrain, home):
    rng = np.random.default_rng(3)
    heights = rng.uniform(0, 50, (200, 200))
    terrain = make_terrain(lambda e, _n: heights.reshape(e.shape))
    points = rng.uniform(-150, 150, (500, 2))
    places = geographic_from_enu(np.column_stack([points, np.zeros(500)]), home)
    here = around(terrain, home, 1000.0)
    column, row = grid_position(here, np.column_stack([points, np.zeros(500)]))
    middles = np.arange(200) + 0.5
    oracle = RegularGridInterpolator((middles, middles), heights)
    wanted = oracle(np.column_stack([row, column]))
    # 0.3 m: what a millimetre of place is on slopes of 25 m a metre
    assert np.allclose(
        heights_at(terrain, places[:, 0], places[:, 1]), wanted, atol=0.3
    )


def test_a_value_sits_in_the_middle_of_its_cell(make_terrain, home):
    terrain = make_terrain(lambda e, _n: 1.5 * e, cell_m=10.0)
    place = geographic_from_enu(np.array([[50.0, 20.0, 0.0]]), home)
    height = heights_at(terrain, place[:, 0], place[:, 1])
    assert height == pytest.approx(75.0, abs=0.1)  # the plane's east is not quite east


def test_outside_the_grid_and_in_holes_nothing_is_known(make_terrain, home):
    terrain = make_terrain(lambda e, n: np.where((e > 20) & (n > 20), np.nan, 5.0))
    points = np.array([[0.0, 0, 0], [50, 50, 0], [250, 0, 0], [0, -250, 0]])
    places = geographic_from_enu(points, home)
    known = np.isfinite(heights_at(terrain, places[:, 0], places[:, 1]))
    assert known.tolist() == [True, False, False, False]


@settings(deadline=None)
@given(
    st.sampled_from([4326, 6668, 6677, 32654]),
    st.floats(-9000, 9000),
    st.floats(-9000, 9000),
    st.floats(-600, 200),
)
def test_the_view_from_an_anchor_is_that_of_proj(epsg, east, north, up):
    anchor = Anchor(longitude=139.9, latitude=36.2, height_m=500.0)
    cell = 5e-5 if epsg in (4326, 6668) else 5.0
    terrain = replace(
        flat_terrain(0.0, LOCAL),
        affine=Affine(cell, 0, 0, 0, -cell, 0),
        epsg=epsg,
        is_flat=False,
    )
    point = np.array([[east, north, up]])
    here = around(terrain, anchor, 10_000.0)
    place = geographic_from_enu(point, anchor)
    true_x, true_y = crs_from_geographic(place[:, 0], place[:, 1], epsg)
    column, row = grid_position(here, point)
    assert column[0] * cell == pytest.approx(true_x[0], abs=cell * 0.05)
    assert -row[0] * cell == pytest.approx(true_y[0], abs=cell * 0.05)
    assert heights_of(here, point)[0] == pytest.approx(place[0, 2], abs=0.02)


def test_flat_ground_is_flat_and_says_that_it_is_a_guess(home):
    terrain = flat_terrain(21.5, LOCAL)
    assert heights_at(terrain, np.array([140.0, -92.0]), np.array([36.0, 46.8])) == (
        pytest.approx([21.5, 21.5])
    )
    assert terrain.sigma_m == 30.0  # 200 m from the take-off point at 15 %
    over = clearance_m(around(terrain, home, 1000.0), np.array([[10.0, 0.0, 30.0]]))
    assert over == pytest.approx(8.5, abs=1e-3)


def test_coarser_grids_deserve_larger_sigmas():
    assert [sigma_from_cell_m(cell) for cell in (0.2, 5.0, 10.0)] == [0.5, 1.0, 5.0]
