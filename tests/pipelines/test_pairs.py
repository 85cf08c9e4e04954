"""What is in no key may not change a result: each thing that may is changed once."""

import hashlib
import runpy
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.assets import AssetKind
from data.imagery import Camera, CameraPose, HeightSource, VerticalDatum
from data.tables import ASSETS, table_from_rows
from pipelines import pairs
from pipelines.pairs import Ground, asset_of_row, frame_pairs

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
asset, frame, pose, row = (CASES[name] for name in ("asset", "frame", "pose", "row"))

GROUND = Ground(Path("dem.tif"), VerticalDatum.ELLIPSOIDAL, "a" * 64)
BRIDGE = asset()
FRAME = frame()


def paired(frames, rows, priorities=None, *, weights="w" * 64, coarsest=0.05):
    return frame_pairs(
        frames,
        table_from_rows(rows, ASSETS),
        pa.array(priorities or [1.0] * len(rows), pa.float32()),
        weights=weights,
        coarsest_gsd_m=coarsest,
    )


def keys(found):
    return {(each.frame.id, p.asset.id): p.key for each in found for p in each.pairs}


def the_key(one=FRAME, ground=GROUND, line=None, **settings):
    found = paired([(one, ground)], [row(BRIDGE) if line is None else line], **settings)
    return keys(found)[one.id, "B1"]


def the_footprint_key(one=FRAME, ground=GROUND):
    return paired([(one, ground)], [row(BRIDGE)])[0].footprint_key


CAMERA_CHANGES = {
    name: getattr(CASES["CAMERA"], name) + 1
    for name in (
        "width_px",
        "height_px",
        "focal_x_px",
        "focal_y_px",
        "center_x_px",
        "center_y_px",
    )
} | dict.fromkeys(("k1", "k2", "p1", "p2", "k3"), 0.01)
CAMERA_CHANGES |= {"focal_sigma": 0.02, "source": "dewarp"}
POSE_CHANGES = {
    "longitude": 140.08701,
    "latitude": 36.10401,
    "height_m": 20.01,
    "vertical_datum": VerticalDatum.JGD2011,
    "yaw_deg": 0.1,
    "pitch_deg": -89.9,
    "roll_deg": 0.1,
    "sigma_h_m": 0.2,
    "sigma_v_m": 0.2,
    "sigma_yaw_deg": 0.2,
    "sigma_tilt_deg": 0.2,
    "height_source": HeightSource.ABSOLUTE,
}


def test_the_changes_below_are_all_there_are_of_lens_and_pose() -> None:
    assert set(CAMERA_CHANGES) == {each.name for each in fields(Camera)}
    assert set(POSE_CHANGES) == {each.name for each in fields(CameraPose)}


CHANGED_FRAMES = [
    *(
        replace(FRAME, camera=replace(FRAME.camera, **{name: value}))
        for name, value in CAMERA_CHANGES.items()
    ),
    *(
        replace(FRAME, pose=replace(FRAME.pose, **{name: value}))
        for name, value in POSE_CHANGES.items()
    ),
    frame("another picture"),
    replace(FRAME, turned_deg=180),
    replace(FRAME, unusable="blur"),
    replace(FRAME, relative_altitude_m=21.0),
]
CHANGED_GROUNDS = [
    replace(GROUND, sha256="b" * 64),
    replace(GROUND, heights=VerticalDatum.LOCAL),
    Ground(None, VerticalDatum.LOCAL, ""),
]


@pytest.mark.parametrize("changed", CHANGED_FRAMES)
def test_another_picture_lens_pose_or_turn_is_another_key(changed) -> None:
    assert the_key(changed) != the_key()
    assert the_footprint_key(changed) != the_footprint_key()


@pytest.mark.parametrize("ground", CHANGED_GROUNDS)
def test_another_terrain_or_datum_is_another_key(ground) -> None:
    assert the_key(ground=ground) != the_key()
    assert the_footprint_key(ground=ground) != the_footprint_key()


def test_another_revision_of_the_asset_is_another_key_of_it_alone() -> None:
    changed = the_key(line=row(BRIDGE, revision="c" * 64))
    assert changed != the_key()


@pytest.mark.parametrize("settings", [{"weights": "x" * 64}, {"coarsest": 0.04}])
def test_other_weights_or_another_coarsest_distance_is_another_key(settings) -> None:
    assert the_key(**settings) != the_key()


def test_other_code_is_another_key(monkeypatch) -> None:
    before = the_key(), the_footprint_key()
    monkeypatch.setattr(pairs, "code_sha256", lambda: "d" * 64)
    after = the_key(), the_footprint_key()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_what_changes_no_look_changes_no_key() -> None:
    """When a picture was taken, its name and where the terrain lies are no part."""
    same = replace(
        FRAME,
        file="renamed.JPG",
        captured_at=FRAME.captured_at + timedelta(hours=1),
        serial="another",
    )
    elsewhere = replace(GROUND, path=Path("elsewhere/dem.tif"))
    assert the_key(same, elsewhere) == the_key()


ROWS = [row(asset(id=f"B{n}", north_m=4.0 * n)) for n in range(4)]
FRAMES = [(frame(f"f{n}", pose=pose(north_m=3.0 * n)), GROUND) for n in range(4)]


@given(st.permutations(range(4)), st.permutations(range(4)))
def test_the_order_of_frames_and_assets_is_no_matter(frame_order, row_order) -> None:
    urgency = [0.1, 0.4, 0.2, 0.3]
    found = paired(
        [FRAMES[n] for n in frame_order],
        [ROWS[n] for n in row_order],
        [urgency[n] for n in row_order],
    )
    assert found == paired(FRAMES, ROWS, urgency)


def test_a_new_asset_touches_its_own_pairs_and_those_of_its_rivals() -> None:
    tower = row(asset(AssetKind.TOWER, id="T1"))
    before, after = keys(paired(FRAMES, ROWS)), keys(paired(FRAMES, [*ROWS, tower]))
    assert {k: v for k, v in after.items() if k[1] != "T1"} == before
    assert {one for one, name in after if name == "T1"} == {one.id for one, _ in FRAMES}
    fewer = keys(paired(FRAMES, ROWS[:3]))
    assert all(before[key] != fewer[key] for key in fewer)


def test_rivals_are_the_others_of_a_kind_in_the_frame() -> None:
    tower = row(asset(AssetKind.TOWER, id="T1"))
    (first, *_) = paired(FRAMES, [*ROWS, tower])
    rivals = {pair.asset.id: [r.id for r in pair.rivals] for pair in first.pairs}
    assert rivals["B0"] == ["B1", "B2", "B3"]
    assert rivals["T1"] == []


def test_two_assets_or_frames_never_share_a_key() -> None:
    found = keys(paired(FRAMES, ROWS))
    assert len(set(found.values())) == len(found) == 16


def test_a_link_is_never_paired() -> None:
    link = row(asset(AssetKind.LINK, id="L1"))
    assert set(keys(paired(FRAMES, [*ROWS, link]))) == set(keys(paired(FRAMES, ROWS)))


def test_a_frame_that_is_not_placed_is_left_out() -> None:
    lost = frame("lost", pose=None, unlocated="no_gps")
    found = paired([(lost, GROUND), *FRAMES], ROWS)
    assert lost.id not in {each.frame.id for each in found}
    assert len(found) == len(FRAMES)


def test_a_frame_far_from_all_assets_is_kept_and_comes_last() -> None:
    far = frame("far", pose=pose(north_m=5_000.0))
    found = paired([(far, GROUND), *FRAMES], ROWS, [0.0] * 4)
    assert found[-1].frame == far
    assert found[-1].pairs == ()


def test_the_riskiest_is_first_and_null_is_no_risk() -> None:
    near, other = frame("near"), frame("other", pose=pose(north_m=500.0))
    rows = [row(BRIDGE), row(asset(id="B2", north_m=500.0))]
    for first, urgency in ((near, [0.9, 0.1]), (other, [None, 0.1])):
        found = paired([(near, GROUND), (other, GROUND)], rows, urgency)
        assert found[0].frame == first


def test_reach_is_twice_the_coarsest_distance_and_the_asset_itself() -> None:
    """At 1000 px of focal length and 5 cm: 100 m, and 30 m of a bridge."""
    lines = [row(BRIDGE)]
    for north_m, count in ((129.0, 1), (131.0, 0)):
        away = frame("away", pose=pose(north_m=north_m))
        assert len(keys(paired([(away, GROUND)], lines))) == count


def test_the_record_of_a_row_says_the_same() -> None:
    table = table_from_rows([row(BRIDGE)], ASSETS)
    again = asset_of_row(table.to_pylist()[0])
    assert replace(again, position_sigma_m=BRIDGE.position_sigma_m) == BRIDGE
    assert again.position_sigma_m == pytest.approx(BRIDGE.position_sigma_m)


def test_a_place_nobody_vouches_for_is_ten_metres_sure() -> None:
    unsure = row(BRIDGE, position_sigma_m=None, importance=None)
    one = asset_of_row(table_from_rows([unsure], ASSETS).to_pylist()[0])
    assert one.position_sigma_m == pairs.UNKNOWN_POSITION_SIGMA_M
    assert one.importance == 0.0


def test_a_key_is_a_sha256() -> None:
    assert len(the_key()) == len(hashlib.sha256().hexdigest())
