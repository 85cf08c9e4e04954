"""Layers of failed ground: what is taken in, what is refused, and what stays."""

import json
from datetime import UTC, datetime

import geopandas
import numpy as np
import pytest
import shapely

from data.errors import LedgerError, RefusedError, UsageError
from data.hazard_layer import LayerKind
from data.operation import Operation
from data.record import to_json
from data.store import operation_folder
from pipelines.layers import (
    LayerRequest,
    content_key_of,
    import_layer,
    layers_of,
    list_layers,
    read_layers_of,
    withdraw_layer,
)
from pipelines.outcome import ExitCode
from pipelines.polygons import read_polygons

SLIDE = shapely.box(137.0, 37.0, 137.01, 37.01)
BOWTIE = shapely.Polygon([(137.0, 37.0), (137.1, 37.1), (137.1, 37.0), (137.0, 37.1)])
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    """A store with one real operation, OP."""
    folder = operation_folder(tmp_path / "store", "OP", drill=False)
    operation = Operation(id="OP", drill=False, opened_by="OP", events=("OP",), seed=1)
    with folder.open_ledger() as ledger:
        ledger.record([("operation", "operation", to_json(operation))], note={})
    return tmp_path / "store"


def geojson(path, *features, crs=None):
    body = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": more,
                "geometry": json.loads(shapely.to_geojson(shape)),
            }
            for shape, more in features
        ],
    }
    if crs:
        body["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(body), "utf-8")
    return path


def request(file, *, actor="Sato", kind=LayerKind.LANDSLIDE):
    return LayerRequest(file=file, kind=kind, actor=actor)


def kept(store):
    with operation_folder(store, "OP", drill=False).open_ledger() as ledger:
        return read_layers_of(ledger)


def test_the_landslides_of_noto_are_taken_in_whole(store, shared):
    path = shared / "data/landslides/noto2024_gsi_landslides_20240106.fgb"
    done = import_layer(store, "OP", request(path))
    assert done.code is ExitCode.DONE
    assert (done.data["polygons"], done.data["mended"]) == (1472, 3)
    (layer,) = kept(store)
    assert shapely.is_valid(layer.polygons).all()
    theirs = shapely.make_valid(geopandas.read_file(path).geometry.to_numpy())
    assert shapely.area(layer.polygons).sum() == pytest.approx(
        shapely.area(theirs).sum(), rel=1e-9
    )
    west, south, east, north = shapely.total_bounds(layer.polygons)
    assert (136.8 < west < east < 137.4, 37.1 < south < north < 37.6) == (True, True)


def test_the_same_file_again_changes_nothing(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (SLIDE, {}))
    first = import_layer(store, "OP", request(file))
    again = import_layer(store, "OP", request(file, actor="Suzuki"))
    assert first.data["layer"] == again.data["layer"]
    assert [one.layer.actor for one in kept(store)] == ["Sato"]


def test_the_order_of_the_file_changes_no_key(tmp_path):
    other = shapely.box(138.0, 37.0, 138.01, 37.01)
    one = geojson(tmp_path / "a.geojson", (SLIDE, {}), (other, {}))
    two = geojson(tmp_path / "b.geojson", (other, {}), (SLIDE, {}), (SLIDE, {}))
    keys = {
        content_key_of(LayerKind.FLOOD, read_polygons(path).table)
        for path in (one, two)
    }
    assert len(keys) == 1
    assert content_key_of(LayerKind.LANDSLIDE, read_polygons(one).table) not in keys


def test_an_outline_that_crosses_itself_is_mended(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (BOWTIE, {}))
    assert import_layer(store, "OP", request(file)).data["mended"] == 1
    assert shapely.area(kept(store)[0].polygons).sum() == pytest.approx(0.005)


def test_what_is_no_area_is_listed_and_the_rest_goes_on(store, tmp_path):
    flat = shapely.Polygon([(137.0, 37.0), (137.1, 37.1), (137.2, 37.2)])
    far = shapely.box(500.0, 37.0, 501.0, 38.0)
    point = shapely.Point(137.0, 37.0)
    file = geojson(
        tmp_path / "a.geojson", (SLIDE, {}), (point, {}), (flat, {}), (far, {})
    )
    done = import_layer(store, "OP", request(file))
    assert done.code is ExitCode.PARTIAL
    said = [(r["what"], r["value"]) for r in done.data["refused"]]
    assert said == [
        ("a.geojson row 2", "a Point is no area"),
        ("a.geojson row 3", "an outline that encloses nothing"),
        ("a.geojson row 4", "coordinates outside longitude and latitude"),
    ]


def test_a_file_without_any_area_is_nothing_usable(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (shapely.Point(137.0, 37.0), {}))
    assert import_layer(store, "OP", request(file)).code is ExitCode.NOTHING_USABLE
    assert kept(store) == ()


def test_movement_of_the_ground_is_kept_and_nonsense_is_listed(store, tmp_path):
    other = shapely.box(138.0, 37.0, 138.01, 37.01)
    third = shapely.box(139.0, 37.0, 139.01, 37.01)
    file = geojson(
        tmp_path / "a.geojson",
        (SLIDE, {"pgd_m": 0.4}),
        (other, {"pgd_m": -3.0}),
        (third, {"pgd_m": None}),
    )
    done = import_layer(store, "OP", request(file))
    assert [r["value"] for r in done.data["refused"]] == ["pgd_m '-3.0'"]
    moved = kept(store)[0].pgd_m
    assert np.nansum(moved) == pytest.approx(0.4)
    assert np.isnan(moved).sum() == 2


@pytest.mark.parametrize(
    ("crs", "word"), [("EPSG:4301", "Tokyo"), ("EPSG:27700", "27700")]
)
def test_a_reference_system_we_do_not_know_refuses_the_file(tmp_path, crs, word):
    frame = geopandas.GeoDataFrame(geometry=[SLIDE], crs=crs)
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG")
    with pytest.raises(RefusedError, match=word) as error:
        read_polygons(tmp_path / "a.gpkg")
    assert error.value.refusal.code.value == "unsupported_crs"


def test_plane_coordinates_are_converted(tmp_path):
    frame = geopandas.GeoDataFrame(geometry=[SLIDE], crs="EPSG:6668").to_crs(
        "EPSG:6675"
    )
    frame.to_file(tmp_path / "a.gpkg", driver="GPKG")
    (wkb,) = read_polygons(tmp_path / "a.gpkg").table["geometry"].to_pylist()
    assert shapely.hausdorff_distance(shapely.from_wkb(wkb), SLIDE) < 1e-8


@pytest.mark.parametrize("content", [b"", b"<html>", b"fgb", b"{}", b'{"type": 3}'])
def test_files_that_are_no_map_are_refused(tmp_path, content):
    for name in ("a.geojson", "a.fgb", "a.gpkg"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RefusedError):
            read_polygons(tmp_path / name)


def test_nobody_and_nothing_are_told_apart(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (SLIDE, {}))
    with pytest.raises(UsageError, match="--actor"):
        import_layer(store, "OP", request(file, actor=None))
    with pytest.raises(UsageError, match="no such file"):
        import_layer(store, "OP", request(tmp_path / "gone.geojson"))
    with pytest.raises(UsageError, match="OTHER"):
        import_layer(store, "OTHER", request(file))


def test_a_layer_changed_on_disk_is_damage(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (SLIDE, {}))
    key = import_layer(store, "OP", request(file)).data["layer"]
    path = operation_folder(store, "OP", drill=False).path / f"layers/{key}.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LedgerError, match=r"import a\.geojson again"):
        kept(store)


def test_a_withdrawn_layer_counts_no_more_but_is_remembered(store, tmp_path):
    file = geojson(tmp_path / "a.geojson", (SLIDE, {}))
    key = import_layer(store, "OP", request(file)).data["layer"]
    with pytest.raises(UsageError, match="--reason"):
        withdraw_layer(store, "OP", key, actor="Sato", reason=None)
    withdraw_layer(store, "OP", key[:8], actor="Sato", reason="of another quake")
    assert kept(store) == ()
    assert list_layers(store, "OP").data["layers"] == []
    with operation_folder(store, "OP", drill=False).open_ledger() as ledger:
        assert layers_of(ledger) == ()
        assert b"of another quake" in ledger.all("layer")[f"{key}.withdrawn"]
    with pytest.raises(UsageError, match="0 such layers"):
        withdraw_layer(store, "OP", key, actor="Sato", reason="again")


def test_the_command_line_takes_a_layer_in_and_out(store, tmp_path, karte):
    file = geojson(tmp_path / "a.geojson", (SLIDE, {}))
    words = ("layer", "import", file, "--operation", "OP", "--kind", "flood")
    unnamed = karte(*words, "--store", store)
    assert unnamed.returncode == ExitCode.USAGE
    assert "--actor" in unnamed.stderr
    done = karte(*words, "--store", store, "--actor", "Sato", "--json")
    assert done.returncode == ExitCode.DONE
    key = json.loads(done.stdout)["layer"]
    gone = karte(
        *("layer", "withdraw", key[:12], "--operation", "OP", "--store", store),
        *("--actor", "Sato", "--reason", "wrong day"),
    )
    assert gone.returncode == ExitCode.DONE
    assert "counts no more" in gone.stdout
