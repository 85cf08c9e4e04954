import json
import runpy
import sqlite3
import time
from pathlib import Path

import geojson_validator
import geopandas
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from geo.exports import (
    geojson_chunks,
    write_flatgeobuf,
    write_geopackage,
    write_parquet,
)
from pipelines.map_content import content_tiles, map_content

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
COUNT = 60


@pytest.fixture(scope="module")
def content():
    return map_content(
        CASES["info"](),
        *CASES["random_map"](COUNT),
        features=CASES["damage_table"](),
        coverage=CASES["coverage_table"](),
    )


def layers(content):
    return {
        "assets": content.table,
        "damage": content.damage,
        "coverage": content.coverage,
        "summary": content.summary,
    }


def faults(collection):
    found = geojson_validator.validate_geometries(collection)
    structure = geojson_validator.validate_structure(collection, check_crs=True)
    return found["invalid"], found["problematic"], structure


def test_geojson_validator_finds_nothing(content):
    whole = json.loads(b"".join(geojson_chunks(content.full.features)))
    assert len(whole["features"]) == COUNT
    assert faults(whole) == ({}, {}, {})
    for path, tile in content_tiles(content):
        if path.startswith(("assets/12", "summary/9", "damage", "coverage")):
            assert faults(json.loads(tile)) == ({}, {}, {}), path


def test_geopandas_reads_the_geojson(content, tmp_path):
    path = tmp_path / "map.geojson"
    path.write_bytes(b"".join(geojson_chunks(content.full.features)))
    frame = geopandas.read_file(path)
    assert frame["id"].tolist() == content.table["id"].to_pylist()
    assert pyogrio.read_info(path)["features"] == COUNT


def test_parquet_is_geoparquet_with_a_covering_box(content, tmp_path):
    path = tmp_path / "map.parquet"
    write_parquet(path, content.table, content.geometry, field="geometry")
    frame = geopandas.read_parquet(path)
    assert len(frame) == COUNT
    assert frame.crs == "OGC:CRS84"
    assert np.all(shapely.equals(frame.geometry.to_numpy(), content.geometry))
    west, south, east, north = 140.0, 36.0, 140.1, 36.1
    part = geopandas.read_parquet(path, bbox=(west, south, east, north))
    box = shapely.box(west, south, east, north)
    boxes = shapely.box(*shapely.bounds(content.geometry).T)
    assert len(part) == np.count_nonzero(shapely.intersects(boxes, box))
    column = pq.read_metadata(path).row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_geopackage_has_one_geometry_type_a_layer(content, tmp_path):
    path = tmp_path / "map.gpkg"
    write_geopackage(path, layers(content), CASES["AS_OF"])
    types = dict(pyogrio.list_layers(path).tolist())
    assert types == {
        "assets_point": "Point",
        "assets_line": "MultiLineString",
        "assets_polygon": "MultiPolygon",
        "damage": "MultiPolygon",
        "coverage": "MultiPolygon",
        "summary": "MultiPolygon",
        "summary_point": "Point",
        "layer_styles": None,
    }
    names = [name for name in types if name.startswith("assets")]
    frames = [geopandas.read_file(path, layer=name) for name in names]
    assert sum(len(frame) for frame in frames) == COUNT
    ids = {asset_id for frame in frames for asset_id in frame["id"]}
    assert ids == set(content.table["id"].to_pylist())
    assert pyogrio.read_info(path, layer="assets_line")["crs"] == "EPSG:4326"


def test_a_crack_thinner_than_the_decimals_is_not_lost(tmp_path):
    crack = shapely.to_wkb(shapely.box(140.1, 36.1, 140.1001, 36.1 + 1e-8))
    table = CASES["damage_table"](1)
    at = table.column_names.index("geometry")
    table = table.set_column(at, table.schema.field("geometry"), [[crack]])
    damage = map_content(
        CASES["info"](), *CASES["random_map"](1), features=table
    ).damage
    path = tmp_path / "map.gpkg"
    write_geopackage(path, {"damage": damage}, CASES["AS_OF"])
    assert dict(pyogrio.list_layers(path).tolist()) == {
        "damage_line": "MultiLineString",
        "damage": "MultiPolygon",
        "layer_styles": None,
    }


def test_flatgeobuf_holds_every_asset(content, tmp_path):
    path = tmp_path / "map.fgb"
    write_flatgeobuf(path, content.table)
    frame = geopandas.read_file(path)
    assert sorted(frame["id"]) == sorted(content.table["id"].to_pylist())
    assert set(frame["drill"]) == {True}


@pytest.mark.slow
def test_files_do_not_depend_on_the_clock(content, tmp_path):
    files = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        write_geopackage(folder / "map.gpkg", layers(content), CASES["AS_OF"])
        write_flatgeobuf(folder / "map.fgb", content.table)
        write_parquet(
            folder / "map.parquet", content.table, content.geometry, field="geometry"
        )
        files.append({path.name: path.read_bytes() for path in folder.iterdir()})
        time.sleep(1.1)  # another second: GDAL's own stamp would differ
    assert files[0] == files[1]


def test_the_geopackage_says_as_of_as_its_last_change(content, tmp_path):
    path = tmp_path / "map.gpkg"
    write_geopackage(path, layers(content), CASES["AS_OF"])
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT DISTINCT last_change FROM gpkg_contents")
        assert rows.fetchall() == [("2026-11-24T04:30:00.000Z",)]
    database.close()
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None
