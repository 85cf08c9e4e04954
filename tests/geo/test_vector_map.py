import gzip
import itertools
import json
import runpy
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.file_notes import file_notes
from geo.pmtiles import pmtiles, tile_id
from geo.tile_grid import tile_boxes
from geo.varint import varint_sizes, varints, zigzag
from geo.vector_map import vector_notes, vector_tiles
from pipelines.map_content import content_tiles, map_content, shapes_of

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
numbers = st.lists(st.integers(0, 2**64 - 1), max_size=20)


def read_varints(content):
    """One number after the other, as the specification tells it."""
    found, value, shift = [], 0, 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            found.append(value)
            value, shift = 0, 0
    return found


@settings(deadline=None)
@given(numbers)
def test_varints_are_read_back(values):
    array = np.array(values, np.uint64)
    written = varints(array)
    assert read_varints(written.tolist()) == values
    assert varint_sizes(array).sum() == len(written)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**62), 2**62), min_size=1))
def test_zigzag_keeps_the_sign_in_the_last_bit(values):
    found = zigzag(np.array(values)).tolist()
    assert [(n >> 1) ^ -(n & 1) for n in found] == values


def test_tiles_are_numbered_along_a_hilbert_curve():
    # PMTiles specification, version 3, section 4.1: table of tile ids
    assert tile_id(2, 0, 0) == 5
    assert tile_id(12, 3423, 1763) == 19078479
    for zoom in range(1, 6):
        size = 1 << zoom
        places = {tile_id(zoom, x, y): (x, y) for x in range(size) for y in range(size)}
        first = (4**zoom - 1) // 3
        assert sorted(places) == list(range(first, first + size * size))
        path = [places[k] for k in sorted(places)]
        steps = itertools.pairwise(path)
        assert {abs(a - c) + abs(b - d) for (a, b), (c, d) in steps} == {1}


def content():
    return map_content(
        CASES["info"](),
        *CASES["random_map"](60),
        features=CASES["damage_table"](),
        coverage=CASES["coverage_table"](),
    )


@pytest.fixture(scope="module")
def made():
    return content()


@pytest.fixture(scope="module")
def tiles(made):
    names = ("summary", "damage", "coverage")
    layers = {"assets": (made.table, made.geometry)}
    layers |= {
        name: (getattr(made, name), shapes_of(getattr(made, name))) for name in names
    }
    return vector_tiles(layers)


def layers_of(path):
    """What GDAL reads of a tile, by layer, in the tile's own grid."""
    names = [row[0] for row in pyogrio.list_layers(path).tolist()]
    return {name: geopandas.read_file(path, layer=name) for name in names}


def test_gdal_reads_in_every_tile_what_its_geojson_twins_hold(made, tiles, tmp_path):
    twins = {}
    for path, tile in content_tiles(made):
        _, z, x, y = path.removesuffix(".geojson").split("/")
        place = int(z), int(x), int(y)
        found = [feature["id"] for feature in json.loads(tile)["features"]]
        twins.setdefault(place, []).extend(found)
    assert twins.keys() == tiles.keys()
    for place in sorted(tiles)[::9]:
        file = tmp_path / "tile.pbf"
        file.write_bytes(tiles[place])
        read = layers_of(file)
        ids = [
            value
            for name, frame in read.items()
            for value in frame["frame_id" if name == "coverage" else "id"]
        ]
        assert sorted(ids) == sorted(twins[place]), place


def test_shapes_lie_where_they_are(made, tmp_path, tiles):
    path = tmp_path / "map.pmtiles"
    path.write_bytes(
        pmtiles(tiles, vector_notes(file_notes(CASES["info"](), made.table)))
    )
    where = dict(zip(made.table["id"].to_pylist(), made.geometry, strict=True))
    frame = geopandas.read_file(path, layer="assets", engine="pyogrio").to_crs(4326)
    assert len(frame) >= 40
    grid_deg = 360 / 2**14 / 4096
    for row in frame.itertuples():  # GDAL cuts at the edge of a tile, we do not
        assert where[row.id].buffer(3 * grid_deg).covers(row.geometry)


def test_polygons_are_wound_as_the_specification_asks(made, tiles, tmp_path):
    place = next(p for p in sorted(tiles) if p[0] == 12 and b"coverage" in tiles[p])
    (tmp_path / "t.pbf").write_bytes(tiles[place])
    frame = layers_of(tmp_path / "t.pbf")["coverage"]
    assert set(frame.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    box = tile_boxes(np.array([place[1]]), np.array([place[2]]), place[0])[0]
    assert shapely.intersects(box, made.coverage_geometry[0])


def test_the_container_does_not_depend_on_order_and_keeps_equal_tiles_once():
    one = {(5, x, 3): b"\x1a\x00" for x in range(30)}
    two = dict(reversed(one.items()))
    assert pmtiles(one, {}) == pmtiles(two, {})
    assert pmtiles(one, {}).count(gzip.compress(b"\x1a\x00", 5, mtime=0)) == 1


def test_many_tiles_need_leaf_directories():
    rng = np.random.default_rng(1)
    tiles = {
        (14, int(x), int(y)): b"%d-%d" % (x, y)
        for x, y in rng.integers(0, 2**14, (20_000, 2))
    }
    file = pmtiles(tiles, {})
    root_at, root_size = np.frombuffer(file, "<u8", 2, 8).tolist()
    assert root_at + root_size <= 16_384
    assert np.frombuffer(file, "<u8", 1, 48)[0] > 0
