"""Vs30 from a GeoTIFF, a CSV or one value; what is wrong is said in words."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from data.errors import ConfigError
from geo.vs30 import REFERENCE_VS30_M_S, read_vs30, vs30_at

LONGITUDE, LATITUDE = np.array([140.05, 140.15, 150.0]), np.array([39.95, 39.85, 39.9])


def written(path, values, epsg=4326, west=140.0, north=40.0, cell=0.1):
    profile = {
        "driver": "GTiff",
        "width": values.shape[1],
        "height": values.shape[0],
        "count": 1,
        "dtype": "float32",
        "crs": f"EPSG:{epsg}",
        "transform": from_origin(west, north, cell, cell),
        "nodata": -9999.0,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.write(values.astype(np.float32), 1)
    return path


def test_one_value_is_everywhere():
    assert list(vs30_at(400.0, LONGITUDE, LATITUDE)) == [400.0] * 3


def test_a_geotiff_is_read_by_cell_as_rasterio_samples_it(tmp_path):
    path = written(tmp_path / "vs30.tif", np.array([[200.0, 300.0], [-9999.0, 600.0]]))
    found = vs30_at(read_vs30(path), LONGITUDE, LATITUDE)
    assert list(found) == [200.0, 600.0, REFERENCE_VS30_M_S]
    with rasterio.open(path) as file:
        places = zip(LONGITUDE[:2], LATITUDE[:2], strict=True)
        assert [float(v[0]) for v in file.sample(places)] == list(found[:2])


def test_a_cell_without_a_value_is_reference_ground(tmp_path):
    path = written(tmp_path / "vs30.tif", np.array([[200.0, 300.0], [-9999.0, 600.0]]))
    found = vs30_at(read_vs30(path), np.array([140.05]), np.array([39.85]))
    assert found[0] == REFERENCE_VS30_M_S


def test_a_csv_is_read_by_its_nearest_row(tmp_path):
    path = tmp_path / "vs30.csv"
    path.write_text("lon,lat,vs30\n140.05,39.95,250\n140.16,39.85,800\n", "utf-8")
    found = vs30_at(read_vs30(path), LONGITUDE, LATITUDE)
    assert list(found) == [250.0, 800.0, REFERENCE_VS30_M_S]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("lon,lat\n140,40\n", "lon, lat, vs30"),
        ("lon,lat,vs30\n140,40,fast\n", "lon, lat, vs30"),
        ("lon,lat,vs30\n140,40,nan\n", "without a number"),
        ("lon,lat,vs30\n140,40,9\n", "9 m/s"),
        ("lon,lat,vs30\n140,40\n", "lon, lat, vs30"),
    ],
)
def test_a_wrong_csv_is_refused_in_words(tmp_path, text, words):
    path = tmp_path / "vs30.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words):
        read_vs30(path)


def test_a_projected_grid_and_a_missing_file_are_refused(tmp_path):
    path = written(tmp_path / "p.tif", np.full((2, 2), 300.0), epsg=6677, cell=100.0)
    with pytest.raises(ConfigError, match="6677"):
        read_vs30(path)
    with pytest.raises(ConfigError, match="No such file"):
        read_vs30(tmp_path / "none.tif")


def test_a_cut_off_geotiff_is_refused(tmp_path):
    path = tmp_path / "cut.tif"
    path.write_bytes(b"II*\0" + b"\0" * 20)
    with pytest.raises(ConfigError, match=r"cut\.tif"):
        read_vs30(path)
