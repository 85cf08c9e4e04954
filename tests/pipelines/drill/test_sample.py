"""The committed sample batch, held against its own sealed truth."""

import csv
import hashlib
import json
import tomllib
from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from PIL import Image

from data.errors import RefusedError
from data.exif import ReadSettings, read_frame
from data.imagery import VerticalDatum
from data.intake import check_picture
from data.places import SAMPLES
from pipelines.drill.camera import ATTITUDE_SIGMA_DEG, BIAS_SIGMA_M, FRAME_SIGMA_M
from pipelines.drill.geodesy import Anchor, scene_from_geodetic
from vision.images import quality, read_rgb, unusable_reason

SAMPLE = SAMPLES / "noto_drill"
IMAGES = SAMPLE / "batch" / "images"
LARGEST_BYTES = 15_000_000
SHARPEST_BLURRED, DULLEST_ORDINARY = 0.08, 0.14
SIGMAS = 4.0  # that an error may reach: one in 16,000 goes beyond
NOW = datetime(2026, 12, 1, tzinfo=UTC)
PLANTED = {"refused", "duplicate", "unlocated", "turned", "blurred", "dark"}


def truth(name):
    """A JSON file of the sealed truth."""
    return json.loads((SAMPLE / "truth" / name).read_text("utf-8"))


def planted(kind):
    """Names of the files planted as this kind."""
    return [e["file"] for e in truth("drill.json")["planted"] if e["kind"] == kind]


def true_poses():
    """Rows of poses.csv by file."""
    with (SAMPLE / "truth" / "poses.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def frame_of(name):
    """A picture as intake reads it."""
    path = IMAGES / name
    settings = ReadSettings(altitudes=VerticalDatum.ELLIPSOIDAL)
    return read_frame(
        path,
        name=name,
        header=check_picture(path, name=name),
        settings=settings,
        blur=0.0,
        exposure=0.5,
        unusable=None,
        now=NOW,
    )


def ordinary():
    """Frames with nothing wrong, by name."""
    wrong = {entry["file"] for entry in truth("drill.json")["planted"]}
    return sorted(set(true_poses()) - wrong)


def test_the_batch_is_small():
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= LARGEST_BYTES
    assert 36 <= len(true_poses()) <= 42


def test_it_lies_as_the_demo_reads_it():
    assert {p.name for p in SAMPLE.iterdir() if p.is_dir()} == {"batch", "truth"}
    assert (SAMPLE / "telegram.xml").is_file()
    stated = tomllib.loads((SAMPLE / "batch" / "batch.toml").read_text("utf-8"))
    assert stated["altitudes"] == "ellipsoidal"
    assert (SAMPLE / "batch" / stated["terrain"]).is_file()


def test_every_picture_is_the_one_that_was_written():
    hashes = truth("drill.json")["sha256"]
    assert sorted(hashes) == sorted(path.name for path in IMAGES.iterdir())
    for name, expected in hashes.items():
        assert hashlib.sha256((IMAGES / name).read_bytes()).hexdigest() == expected


def test_every_kind_of_trouble_is_planted():
    assert {entry["kind"] for entry in truth("drill.json")["planted"]} == PLANTED


def test_what_was_planted_to_be_refused_is_refused():
    assert len(planted("refused")) == 2
    for name in planted("refused"):
        with pytest.raises(RefusedError):
            check_picture(IMAGES / name, name=name)


def test_the_duplicate_is_one():
    (name,) = planted("duplicate")
    twin = IMAGES / name.replace("_COPY", "")
    assert (IMAGES / name).read_bytes() == twin.read_bytes()


def test_only_the_unlocated_frame_has_no_place():
    for name in true_poses():
        assert (frame_of(name).pose is None) == (name in planted("unlocated"))


def test_only_the_turned_frame_is_turned():
    for name in true_poses():
        assert frame_of(name).turned_deg == 180 * (name in planted("turned"))


def test_only_blurred_and_dark_frames_are_unusable():
    for name in true_poses():
        measured = quality(read_rgb(IMAGES / name))
        expected = {**dict.fromkeys(planted("blurred"), "blur")}
        expected |= dict.fromkeys(planted("dark"), "dark")
        assert unusable_reason(measured) == expected.get(name)
        if name in planted("blurred"):
            assert measured.sharpness < SHARPEST_BLURRED
        elif name not in planted("dark"):
            assert measured.sharpness >= DULLEST_ORDINARY, name


def test_written_places_are_true_within_their_stated_errors():
    off = []
    for name in ordinary():
        row, pose = true_poses()[name], frame_of(name).pose
        here = Anchor(
            longitude=float(row["longitude"]),
            latitude=float(row["latitude"]),
            ellipsoidal_height_m=float(row["ellipsoidal_height_m"]),
        )
        written = [pose.longitude, pose.latitude, pose.height_m]
        off.append(scene_from_geodetic(here, written))
    limit = SIGMAS * np.hypot(BIAS_SIGMA_M, FRAME_SIGMA_M)
    assert (np.abs(off) < limit).all()
    assert np.abs(off).max() > 0.3  # they are not simply the truth


def test_written_angles_are_true_within_their_stated_errors():
    off = []
    for name in ordinary():
        row, pose = true_poses()[name], frame_of(name).pose
        written = np.array([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
        true = [float(row[f"{angle}_deg"]) for angle in ("yaw", "pitch", "roll")]
        off.append((written - true + 180) % 360 - 180)
    assert (np.abs(off) < SIGMAS * np.array(ATTITUDE_SIGMA_DEG)).all()
    assert np.std(off, axis=0)[0] > 0.5


def test_the_lens_in_the_tags_is_the_true_one():
    for name in ordinary():
        row, camera = true_poses()[name], frame_of(name).camera
        assert camera.focal_x_px == pytest.approx(float(row["focal_px"]), abs=1e-3)
        assert camera.center_x_px == pytest.approx(float(row["cx_px"]), abs=1e-3)
        assert camera.center_y_px == pytest.approx(float(row["cy_px"]), abs=1e-3)
        for term in ("k1", "k2", "p1", "p2", "k3"):
            assert getattr(camera, term) == pytest.approx(float(row[term]), abs=1e-7)


def test_every_frame_has_masks_of_its_size_and_known_classes():
    classes = truth("drill.json")["classes"]
    instances = {a["instance"] for a in truth("assets.json") if "instance" in a}
    known = {
        "component": set(classes["component"].values()),
        "damage": set(classes["damage"].values()),
        "asset": instances | {0},
    }
    for name in true_poses():
        with Image.open(IMAGES / name) as picture:
            size = picture.size
        for plane, values in known.items():
            stem = name.removesuffix(".JPG")
            with Image.open(SAMPLE / "truth" / "masks" / f"{stem}.{plane}.png") as mask:
                assert mask.size == size
                assert set(np.unique(np.asarray(mask)).tolist()) <= values


def test_what_is_severely_damaged_was_truly_flown():
    severe = [
        asset
        for asset in truth("assets.json")
        if (asset["grade"] or 0) >= 3 and asset["kind"] != "link"
    ]
    assert len(severe) == 5
    for asset in severe:
        assert asset["visible_share_by_gsd_m"]["0.030"] >= 0.3, asset["id"]


def test_a_link_has_the_grade_of_its_worst_child():
    grades = {asset["id"]: asset["grade"] for asset in truth("assets.json")}
    (link,) = [a for a in truth("assets.json") if a["kind"] == "link"]
    assert link["grade"] == max(grades[child] for child in link["children"])


def test_a_sound_span_beside_a_leaning_tower_stays_sound():
    grades = {asset["id"]: asset["grade"] for asset in truth("assets.json")}
    assert grades["NOTO-L1-T3"] == 3
    assert grades["NOTO-L1-S2"] == 0


def test_the_inventory_holds_every_asset_and_no_grade():
    text = (SAMPLE / "inventory.geojson").read_text("utf-8")
    ids = {f["properties"]["id"] for f in json.loads(text)["features"]}
    assert ids == {asset["id"] for asset in truth("assets.json")}
    assert "grade" not in text


def test_the_terrain_lies_under_every_camera():
    with rasterio.open(SAMPLE / "batch" / "terrain.tif") as terrain:
        assert terrain.crs.to_epsg() == 6668
        for row in true_poses().values():
            place = float(row["longitude"]), float(row["latitude"])
            (ground,) = next(terrain.sample([place]))
            assert 50 < ground < float(row["ellipsoidal_height_m"])
