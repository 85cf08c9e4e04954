"""How far a frame gets with an asset, and why it got no further."""

import json
import runpy
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import rasterio
import shapely
from affine import Affine

from data.assets import AssetKind
from data.errors import LedgerError
from data.imagery import VerticalDatum
from data.tables import ASSETS, table_from_rows
from geo.terrain import read_terrain
from pipelines.looking import Task, look_at_frame
from pipelines.pairs import Ground, frame_pairs

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
asset, frame, pose, row = (CASES[name] for name in ("asset", "frame", "pose", "row"))
FLAT = Ground(None, VerticalDatum.LOCAL, "")
RED = (255, 0, 0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CASES["install_weights"](tmp_path_factory.mktemp("eye") / "weights")


@pytest.fixture
def look(weights: Path, tmp_path: Path):
    """Ledger entries of one frame, by stage; keys are those of `frame_pairs`."""

    def entries(one, *assets, rgb=CASES["BLACK"], ground=FLAT, coarsest=0.05):
        picture = tmp_path / "picture"
        picture.write_bytes(CASES["tiff"](rgb))
        one = replace(one, id=sha256(picture.read_bytes()).hexdigest())
        table = table_from_rows([row(each) for each in assets], ASSETS)
        (pairs,) = frame_pairs(
            [(one, ground)],
            table,
            pa.array([0.5] * len(assets), pa.float32()),
            weights="w",
            coarsest_gsd_m=coarsest,
        )
        task = Task(pairs, picture, tmp_path / "reads", weights, None, coarsest)
        return look_at_frame(task)

    return entries


def placed(entries):
    values = [json.loads(value) for stage, _, value in entries if stage == "placed"]
    return {value["asset_id"]: value for value in values}


def footprint(entries):
    (value,) = [json.loads(v) for stage, _, v in entries if stage == "footprint"]
    return value


def test_what_lies_below_is_seen(look) -> None:
    value = placed(look(frame(), asset()))["B1"]
    assert value["state"] == "seen"
    assert {cell["cells"] for cell in value["cells"]} == {3}
    assert value["ce90_m"] > 0
    assert value["features"] == []
    assert value["frame_id"] == sha256(CASES["tiff"](CASES["BLACK"])).hexdigest()


def test_red_is_a_crack_and_has_a_place(look) -> None:
    rgb = CASES["painted"]((190, 130, 220, 160, RED))
    (feature,) = placed(look(frame(), asset(), rgb=rgb))["B1"]["features"]
    outline = shapely.from_wkb(bytes.fromhex(feature["geometry"]))
    assert feature["class"] == "crack"
    assert feature["score"] > 0.9
    here = shapely.Point(*CASES["place"]())
    assert outline.distance(here) < 1e-5  # a metre


def test_all_that_a_run_makes_is_in_the_entries_and_the_same_again(look) -> None:
    rgb = CASES["painted"]((190, 130, 220, 160, RED))
    first = look(frame(), asset(), rgb=rgb)
    assert {stage for stage, _, _ in first} == {"read", "placed", "footprint"}
    assert look(frame(), asset(), rgb=rgb) == first


@pytest.mark.parametrize(
    ("state", "one", "settings"),
    [
        ("not_observed", frame(pose=pose(north_m=60.0)), {}),
        ("not_observed", frame(pose=pose(pitch_deg=0.0, yaw_deg=180.0)), {}),
        (
            "too_coarse",
            frame(pose=pose(height_m=95.0), relative_altitude_m=95.0),
            {},
        ),
        ("too_coarse", frame(), {"coarsest": 0.01}),
        ("unusable(blur)", frame(unusable="blur"), {}),
        ("unusable(dark)", frame(unusable="dark"), {}),
        ("unlocated(no_height)", frame(relative_altitude_m=None), {}),
        (
            "out_of_domain(gsd)",
            frame(pose=pose(height_m=75.0), relative_altitude_m=75.0),
            {"coarsest": 0.08},
        ),
    ],
)
def test_a_frame_that_shows_nothing_says_how_far_it_got(
    look, state: str, one, settings
) -> None:
    value = placed(look(one, asset(), **settings))["B1"]
    assert value["state"] == state
    assert value["cells"] == value["features"] == []


def test_an_unusable_frame_of_another_place_is_simply_elsewhere(look) -> None:
    one = frame(pose=pose(north_m=60.0), unusable="blur")
    assert placed(look(one, asset()))["B1"]["state"] == "not_observed"


def test_nothing_is_segmented_where_nothing_can_be_told(look) -> None:
    for one in (frame(unusable="blur"), frame(pose=pose(north_m=60.0))):
        assert {stage for stage, _, _ in look(one, asset())} == {"placed", "footprint"}


def test_each_asset_of_a_frame_has_an_entry_of_its_own(look) -> None:
    assets = [asset(), asset(AssetKind.TOWER, id="T1", north_m=50.0)]
    states = {n: v["state"] for n, v in placed(look(frame(), *assets)).items()}
    assert states == {"B1": "seen", "T1": "not_observed"}


def test_a_fallen_tower_is_not_found_by_weights_that_never_learnt_it(look) -> None:
    rgb = CASES["painted"]((0, 0, 400, 300, RED))
    tower = asset(AssetKind.TOWER, id="T1", north_m=20.0)
    value = placed(look(frame(), tower, rgb=rgb))["T1"]
    assert value["state"] == "not_observed"


def test_the_footprint_is_the_ground_that_was_seen(look) -> None:
    """By hand: 400 by 300 px at 20 m over 1000 px are 8 m by 6 m."""
    value = footprint(look(frame(), asset()))
    area = shapely.from_wkb(bytes.fromhex(value["geometry"]))
    west, south, east, north = area.bounds
    assert (east - west) * 90_100 == pytest.approx(8.0, rel=0.01)  # m a degree, 36.1 N
    assert (north - south) * 110_970 == pytest.approx(6.0, rel=0.01)
    assert value["gsd_m"] == pytest.approx(0.02, rel=1e-3)


def test_the_sky_has_no_footprint_and_stops_nothing(look) -> None:
    entries = look(frame(pose=pose(pitch_deg=60.0)), asset())
    assert footprint(entries) == {"geometry": None, "gsd_m": None}
    assert placed(entries)["B1"]["state"] == "not_observed"


def test_a_frame_without_assets_still_leaves_its_footprint(look) -> None:
    assert [stage for stage, _, _ in look(frame())] == ["footprint"]


# --- on a terrain ---------------------------------------------------------------------


@pytest.fixture
def grid(tmp_path: Path) -> Ground:
    """Level ground at 5 m, 400 m around home, in degrees."""
    path, cell = tmp_path / "dem.tif", 1e-4
    west, north = (
        CASES["HOME"].longitude - 20 * cell,
        CASES["HOME"].latitude + 20 * cell,
    )
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=40,
        height=40,
        count=1,
        dtype="float32",
        crs="EPSG:6668",
        transform=Affine(cell, 0, west, 0, -cell, north),
    ) as file:
        file.write(np.full((1, 40, 40), 5.0, np.float32))
    heights = VerticalDatum.ELLIPSOIDAL
    return Ground(path, heights, read_terrain(path, heights).sha256)


def test_a_grid_needs_no_height_over_take_off(look, grid: Ground) -> None:
    entries = look(frame(relative_altitude_m=None), asset(), ground=grid)
    assert placed(entries)["B1"]["state"] == "seen"
    assert footprint(entries)["gsd_m"] == pytest.approx(0.015, rel=0.01)


def test_an_asset_off_the_grid_is_not_observed(look, grid: Ground) -> None:
    there = pose(north_m=1000.0)
    value = placed(look(frame(pose=there), asset(north_m=1000.0), ground=grid))["B1"]
    assert value["state"] == "not_observed"


def test_a_terrain_that_changed_in_the_store_stops_the_run(look, grid: Ground) -> None:
    """Said of the store, and never written down as if the frame had no height."""
    with pytest.raises(LedgerError, match="terrain"):
        look(frame(), asset(), ground=replace(grid, sha256="0" * 64))
    grid.path.write_bytes(b"II*\0 no longer a grid")
    with pytest.raises(LedgerError, match="terrain"):
        look(frame(), asset(), ground=replace(grid, sha256="1" * 64))
    with pytest.raises(LedgerError, match="terrain"):
        look(frame(), asset(), ground=replace(grid, path=grid.path / "gone"))
