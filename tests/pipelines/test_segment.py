import hashlib
import json
import runpy
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.errors import UsageError, WeightsError
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.imagery import (
    Camera,
    CameraPose,
    Frame,
    HeightSource,
    TimeSource,
    VerticalDatum,
)
from pipelines import segment as command
from pipelines.outcome import ExitCode
from pipelines.segment import gsd_from_tags, segment_command, segment_files

TINY = runpy.run_path(str(Path(__file__).parents[1] / "vision/conftest.py"))
MAPS = ("damage", "component", "damage_probability")


@pytest.fixture
def weights(tmp_path):
    """A folder with the tiny weights that the tests of vision use: red is crack."""
    encoded = TINY["pixelwise_graph"]()
    sha256 = hashlib.sha256(encoded).hexdigest()
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / f"{sha256[:16]}.onnx").write_bytes(encoded)
    (folder / f"{sha256[:16]}.json").write_text(json.dumps(TINY["card_of"](encoded)))
    (folder / "allow.txt").write_text(f"{sha256}  tiny\n")
    return folder


def write_picture(path, *, red=(40, 60), size=(96, 160)):
    """Grey, but for a red square that the tiny weights call a crack."""
    rgb = np.full((*size, 3), 60, np.uint8)
    rgb[red[0] : red[0] + 24, red[1] : red[1] + 24] = (250, 10, 10)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    return path


def run(paths, out, folder, *, gsd_m=None, gsd_of=lambda _: None, model_id=None):
    return segment_files(
        paths, out, model_id=model_id, gsd_m=gsd_m, gsd_of=gsd_of, folder=folder
    )


def listing(out):
    return json.loads((out / "segments.json").read_text("utf-8"))["images"]


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_picture_gets_three_maps_of_its_size_and_an_entry(tmp_path, weights):
    picture = write_picture(tmp_path / "in/a.jpg")
    done, refused = run([picture], tmp_path / "out", weights)
    assert (len(done), refused) == (1, [])
    (entry,) = listing(tmp_path / "out")
    assert entry["outputs"] == {name: f"a.{name}.png" for name in MAPS}
    for file in entry["outputs"].values():
        plane = cv2.imread(str(tmp_path / "out" / file), cv2.IMREAD_UNCHANGED)
        assert (plane.shape, plane.dtype) == ((96, 160), np.uint8)
    assert set(contents(tmp_path / "out")) == {
        "segments.json",
        *entry["outputs"].values(),
    }


def test_the_entry_has_the_keys_of_the_contract(tmp_path, weights):
    run([write_picture(tmp_path / "a.jpg")], tmp_path / "out", weights)
    (entry,) = listing(tmp_path / "out")
    assert sorted(entry) == [
        *("classes", "domain", "file", "gsd", "model"),
        *("outputs", "sha256", "share", "size"),
    ]
    assert entry["size"] == [160, 96]
    assert (entry["gsd"], entry["domain"]) == (None, "unverified")
    assert entry["classes"] == {
        name: n
        for names in (DAMAGE_CLASSES, COMPONENT_CLASSES)
        for n, name in enumerate(names)
    }
    assert set(entry["share"]) == {"crack", "spall", "conductor"}


def test_the_red_square_is_a_crack_where_it_lies(tmp_path, weights):
    run([write_picture(tmp_path / "a.jpg")], tmp_path / "out", weights)
    plane = cv2.imread(str(tmp_path / "out/a.damage.png"), cv2.IMREAD_UNCHANGED)
    rows, columns = np.nonzero(plane == DAMAGE_CLASSES.index("crack"))
    assert abs(rows.mean() - 51.5) < 2
    assert abs(columns.mean() - 71.5) < 2
    share = listing(tmp_path / "out")[0]["share"]["crack"]
    assert share == pytest.approx((plane == 1).mean(), abs=1e-6)
    chance = cv2.imread(
        str(tmp_path / "out/a.damage_probability.png"), cv2.IMREAD_UNCHANGED
    )
    assert chance[51, 71] > 200
    assert chance[5, 5] < 60


def test_equal_stems_are_told_apart_by_their_content(tmp_path, weights):
    pictures = [
        write_picture(tmp_path / "one/a.jpg"),
        write_picture(tmp_path / "two/a.jpg", red=(10, 10)),
        write_picture(tmp_path / "two/A.JPG", red=(30, 10)),
    ]
    done, _ = run(pictures, tmp_path / "out", weights)
    names = [entry["outputs"]["damage"] for entry in done]
    assert names[0] == "A.damage.png"
    assert names[1:] == [f"a-{entry['sha256'][:8]}.damage.png" for entry in done[1:]]
    assert len(contents(tmp_path / "out")) == 10


def test_the_order_of_the_files_changes_no_byte(tmp_path, weights):
    pictures = [
        write_picture(tmp_path / f"{folder}/{name}.jpg", red=(row, 20))
        for folder, name, row in (("x", "a", 5), ("y", "a", 30), ("x", "b", 50))
    ]
    pictures.append(tmp_path / "missing.jpg")
    run(pictures, tmp_path / "one", weights)
    run(pictures[::-1], tmp_path / "two", weights)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_text_named_as_a_picture_is_refused_and_the_rest_is_done(tmp_path, weights):
    (tmp_path / "b.jpg").write_text("no picture at all")
    good = write_picture(tmp_path / "a.jpg")
    done, refused = run(
        [tmp_path / "b.jpg", good, tmp_path / "none.jpg"], tmp_path / "out", weights
    )
    assert [entry["file"] for entry in done] == ["a.jpg"]
    assert [(r.what, r.code.value) for r in refused] == [
        ("b.jpg", "unknown_type"),
        ("none.jpg", "unreadable"),
    ]
    entry = listing(tmp_path / "out")[1]
    assert (entry["file"], entry["refused"]) == ("b.jpg", True)
    assert "no picture" not in entry["reason"]
    assert not list((tmp_path / "out").glob("b.*"))


def test_a_cut_picture_and_a_link_leave_no_map(tmp_path, weights):
    whole = write_picture(tmp_path / "a.jpg")
    (tmp_path / "cut.jpg").write_bytes(whole.read_bytes()[:-400])
    (tmp_path / "link.jpg").symlink_to(whole)
    _, refused = run(
        [tmp_path / "cut.jpg", tmp_path / "link.jpg"], tmp_path / "out", weights
    )
    assert [r.code.value for r in refused] == ["truncated", "not_a_file"]
    assert set(contents(tmp_path / "out")) == {"segments.json"}


def test_a_picture_coarser_than_the_weights_know_is_refused(tmp_path, weights):
    picture = write_picture(tmp_path / "a.jpg")
    _, refused = run([picture], tmp_path / "out", weights, gsd_m=0.2)
    assert [(r.what, r.code.value) for r in refused] == [("a.jpg", "out_of_domain")]


def test_tags_are_asked_only_where_nothing_is_stated(tmp_path, weights):
    picture = write_picture(tmp_path / "a.jpg")
    stated, _ = run([picture], tmp_path / "1", weights, gsd_m=0.01, gsd_of=lambda _: 9)
    asked, _ = run([picture], tmp_path / "2", weights, gsd_of=lambda _: 0.02)
    assert (stated[0]["gsd"], asked[0]["gsd"]) == (0.01, 0.02)


def test_a_dark_picture_of_known_distance_is_out_of_the_domain(tmp_path, weights):
    picture = tmp_path / "night.jpg"
    cv2.imwrite(str(picture), np.full((96, 96, 3), 3, np.uint8))
    done, _ = run([picture], tmp_path / "out", weights, gsd_m=0.01)
    assert done[0]["domain"] == "out_of_domain(dark)"


def test_unknown_weights_stop_before_anything_is_written(tmp_path, weights):
    picture = write_picture(tmp_path / "a.jpg")
    with pytest.raises(WeightsError, match="allow-list"):
        run([picture], tmp_path / "out", weights, model_id="others")
    assert not (tmp_path / "out").exists()


def test_exit_codes_are_those_of_a_batch(tmp_path, weights, monkeypatch):
    monkeypatch.setattr(command, "WEIGHTS", weights)
    good, bad = write_picture(tmp_path / "a.jpg"), tmp_path / "b.jpg"
    bad.write_text("text")
    codes = [
        segment_command(paths, tmp_path / "out", model_id=None, gsd_m=None).code
        for paths in ([good], [good, bad], [bad])
    ]
    assert codes == [ExitCode.DONE, ExitCode.PARTIAL, ExitCode.NOTHING_USABLE]


def test_what_the_command_says_names_damage_and_refusals(
    tmp_path, weights, monkeypatch
):
    monkeypatch.setattr(command, "WEIGHTS", weights)
    (tmp_path / "b.jpg").write_text("text")
    paths = [write_picture(tmp_path / "a.jpg"), tmp_path / "b.jpg"]
    outcome = segment_command(paths, tmp_path / "out", model_id="tiny", gsd_m=0.01)
    assert "a.jpg: crack" in outcome.lines[0]
    assert "refused b.jpg" in outcome.lines[1]
    assert outcome.data["images"] == listing(tmp_path / "out")


@pytest.mark.parametrize("gsd_m", [0.0, -0.01, float("nan"), float("inf")])
def test_a_distance_that_is_none_is_wrong_usage(tmp_path, gsd_m):
    with pytest.raises(UsageError, match="metres a pixel"):
        segment_command([], tmp_path / "out", model_id=None, gsd_m=gsd_m)


def test_a_file_where_the_folder_should_be_is_wrong_usage(tmp_path, weights):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="name a folder"):
        run([write_picture(tmp_path / "a.jpg")], tmp_path / "out", weights)


def frame_of(*, pitch_deg=-90.0, height_m=40.0, source="sensor_table"):
    camera = Camera(
        width_px=4000,
        height_px=3000,
        focal_x_px=4000.0,
        focal_y_px=4000.0,
        center_x_px=2000.0,
        center_y_px=1500.0,
        source=source,
    )
    pose = CameraPose(
        longitude=137.0,
        latitude=37.0,
        height_m=90.0,
        vertical_datum=VerticalDatum.LOCAL,
        yaw_deg=0.0,
        pitch_deg=pitch_deg,
        roll_deg=0.0,
        sigma_h_m=2.0,
        sigma_v_m=3.0,
        sigma_yaw_deg=2.0,
        sigma_tilt_deg=1.0,
        height_source=HeightSource.ABSOLUTE,
    )
    return Frame(
        id="0" * 64,
        file="a.jpg",
        camera=camera,
        pose=pose,
        unlocated=None,
        relative_altitude_m=height_m,
        captured_at=None,
        time_sigma_s=0.0,
        time_source=TimeSource.NONE,
        make=None,
        model=None,
        serial=None,
        turned_deg=0,
        repairs=(),
        blur=0.5,
        exposure=0.5,
        unusable=None,
    )


@pytest.mark.parametrize(
    ("changes", "gsd_m"),
    [
        ({}, 0.01),  # 40 m over 4000 px
        ({"pitch_deg": -81.0}, 0.01),
        ({"pitch_deg": -60.0}, None),
        ({"height_m": None}, None),
        ({"height_m": -3.0}, None),
        ({"source": "assumed"}, None),
    ],
)
def test_tags_tell_the_distance_only_straight_down_with_a_known_lens(
    monkeypatch, changes, gsd_m
):
    monkeypatch.setattr(command, "tagged_frame", lambda *_: frame_of(**changes))
    assert gsd_from_tags(Path("a.jpg")) == gsd_m


def test_a_picture_without_tags_has_no_distance(tmp_path):
    assert gsd_from_tags(write_picture(tmp_path / "a.jpg")) is None


def test_a_real_drone_picture_is_segmented_twice_to_the_same_bytes(
    tmp_path, weights, shared
):
    source = next((shared / "data/imagery/uav75/val/images").glob("*.jpg"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        picture = Path(shutil.copy(source, tmp_path / name))
        run([picture], tmp_path / name / "out", weights, gsd_m=0.01)
    assert contents(tmp_path / "one/out") == contents(tmp_path / "two/out")
