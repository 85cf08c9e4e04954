import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.map_fields import FULL_FIELDS, SLIM_FIELDS
from geo.map_table import map_table
from geo.tile_grid import tile_boxes
from geo.tiles import MAX_REAL_FEATURES
from pipelines.map_content import content_tiles, map_content

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
info, tables = CASES["info"], CASES["tables"]
EDGE = 14563 / 2**14 * 360 - 180  # the western edge of a z14 tile, about 140 E

near_an_edge = st.integers(-3, 3).map(lambda k: EDGE + k * 1e-6)
longitudes = near_an_edge | st.floats(139.95, 140.1)
places = st.tuples(longitudes, st.floats(35.95, 36.05))
points = places.map(shapely.Point)
lines = st.lists(places, min_size=2, max_size=4, unique=True).map(shapely.LineString)
boxes = st.tuples(places, st.floats(1e-4, 0.05)).map(
    lambda given: shapely.box(*given[0], given[0][0] + given[1], given[0][1] + given[1])
)


def tiles_of(assets, beliefs, **layers):
    content = map_content(info(), assets, beliefs, **layers)
    return {path: json.loads(tile) for path, tile in content_tiles(content)}


def features(tiles, prefix):
    """Path of the tile and the feature, for every tile below `prefix`."""
    return [
        (path, feature)
        for path, tile in tiles.items()
        if path.startswith(prefix)
        for feature in tile["features"]
    ]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(points | lines | boxes, st.booleans()), min_size=1, max_size=8)
)
def test_home_features_are_the_whole_file_without_links_each_once(cases):
    shapes = [shape for shape, _ in cases]
    kinds = ["link" if is_link else "bridge" for _, is_link in cases]
    assets, beliefs = tables(shapes, kinds)
    tiles = tiles_of(assets, beliefs)
    whole = {f"A{k:05d}" for k, kind in enumerate(kinds) if kind != "link"}
    for zoom in (12, 13, 14):
        at_home = [
            feature["id"]
            for path, feature in features(tiles, f"assets/{zoom}/")
            if f"assets/{feature['properties']['home']}.geojson" == path
        ]
        assert sorted(at_home) == sorted(whole)


@settings(deadline=None, max_examples=40)
@given(st.lists(points | lines | boxes, min_size=1, max_size=4))
def test_a_feature_is_whole_in_every_tile_whose_inside_it_meets(shapes):
    assets, beliefs = tables(shapes)
    tiles = tiles_of(assets, beliefs)
    rows = map_table(assets, beliefs, info()).to_pylist()
    stored = {row["id"]: shapely.from_wkb(row["geometry"]) for row in rows}
    found = features(tiles, "assets/13/")
    for path, feature in found:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        assert shape.equals_exact(stored[feature["id"]], 0)
        _, _, column, row = path.removesuffix(".geojson").split("/")
        box = tile_boxes(np.array([int(column)]), np.array([int(row)]), 13)[0]
        assert box.buffer(1e-6).intersects(shape)
    for asset_id, shape in stored.items():
        covered = [
            tile_boxes(*(np.array([int(n)]) for n in path[:-8].split("/")[2:]), 13)[0]
            for path, feature in found
            if feature["id"] == asset_id
        ]
        assert shapely.union_all(covered).buffer(1e-6).covers(shape)


def test_fields_are_full_at_14_and_slim_below():
    tiles = tiles_of(*CASES["random_map"](30))
    for zoom, fields in ((14, FULL_FIELDS), (13, SLIM_FIELDS), (12, SLIM_FIELDS)):
        for _, feature in features(tiles, f"assets/{zoom}/"):
            assert list(feature["properties"]) == sorted(fields)


def test_low_zooms_show_the_severe_as_themselves_and_links():
    tiles = tiles_of(*CASES["random_map"](60))
    for zoom in range(5, 12):
        found = features(tiles, f"summary/{zoom}/")
        real = {
            f["id"]: f["properties"] for _, f in found if "grade" in f["properties"]
        }
        rows = map_table(*CASES["random_map"](60), info()).to_pylist()
        assert real.keys() == {
            row["id"] for row in rows if row["grade_rank"] >= 3 or row["kind"] == "link"
        }
        assert all(
            p["home"] is None or p["home"].startswith(f"{zoom}/") for p in real.values()
        )


@pytest.mark.parametrize(
    ("zoom", "levels"),
    [(5, {"pref", "mesh1"}), (8, {"mesh2"}), (11, {"mesh3"})],
)
def test_cells_become_finer_with_the_zoom(zoom, levels):
    tiles = tiles_of(*CASES["random_map"](30))
    found = {
        feature["properties"].get("level")
        for _, feature in features(tiles, f"summary/{zoom}/")
    }
    assert found - {None} == levels


def test_more_than_500_severe_are_cut_by_priority_and_said_so():
    count = MAX_REAL_FEATURES + 7
    assets, beliefs = tables([shapely.Point(140.01, 36.01)] * count, grades=[3] * count)
    at = beliefs.column_names.index("priority")
    beliefs = beliefs.set_column(
        at, beliefs.schema.field("priority"), [np.arange(count).astype(np.float32)]
    )
    tiles = tiles_of(assets, beliefs)
    tile = next(tile for path, tile in tiles.items() if path.startswith("summary/11/"))
    real = {f["id"] for f in tile["features"] if "grade" in f["properties"]}
    assert tile["truncated"] is True
    assert real == {f"A{k:05d}" for k in range(7, count)}
    whole = next(tile for path, tile in tiles.items() if path.startswith("assets/14/"))
    assert len(whole["features"]) == count
    assert "truncated" not in whole


def test_damage_and_coverage_have_their_own_tiles():
    layers = {
        "features": CASES["damage_table"](),
        "coverage": CASES["coverage_table"](),
    }
    tiles = tiles_of(*CASES["random_map"](5), **layers)
    assert {f["id"] for _, f in features(tiles, "damage/12/")} == {"F0", "F1", "F2"}
    _, footprint = features(tiles, "coverage/14/")[0]
    assert footprint["properties"]["captured_at"] == "2026-11-24T04:30:00Z"
    assert footprint["properties"]["gsd_m"] == 0.012


def test_the_order_of_the_input_does_not_change_a_byte():
    assets, beliefs = CASES["random_map"](40)
    mixed = np.random.default_rng(5).permutation(40)
    first = dict(content_tiles(map_content(info(), assets, beliefs)))
    second = dict(content_tiles(map_content(info(), assets.take(mixed), beliefs)))
    assert first == second
