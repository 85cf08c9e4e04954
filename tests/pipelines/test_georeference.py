import csv
import json
from dataclasses import replace

import numpy as np
import pyproj
import pytest
from scipy.spatial.transform import Rotation

from data.errors import CrsError, InvalidRecordError, TerrainError, UsageError
from data.imagery import (
    Camera,
    CameraPose,
    Frame,
    HeightSource,
    TimeSource,
    VerticalDatum,
)
from geo.camera import camera_from_enu
from geo.crs import Anchor, enu_from_geographic
from geo.terrain import flat_terrain
from pipelines.georeference import (
    georeference_file,
    georeference_pixels,
    tagged_frame,
)
from pipelines.outcome import ExitCode

POSE = CameraPose(
    longitude=140.087,
    latitude=36.104,
    height_m=140.0,
    vertical_datum=VerticalDatum.ELLIPSOIDAL,
    yaw_deg=0.0,
    pitch_deg=-60.0,
    roll_deg=0.0,
    sigma_h_m=1.5,
    sigma_v_m=3.0,
    sigma_yaw_deg=2.5,
    sigma_tilt_deg=2.0,
    height_source=HeightSource.ABSOLUTE,
)
FRAME = Frame(
    id="0" * 64,
    file="a.jpg",
    camera=Camera(
        width_px=4000,
        height_px=3000,
        focal_x_px=2824.0,
        focal_y_px=2824.0,
        center_x_px=2000.0,
        center_y_px=1500.0,
        source="exif35mm",
    ),
    pose=POSE,
    unlocated=None,
    relative_altitude_m=80.0,
    captured_at=None,
    time_sigma_s=0.0,
    time_source=TimeSource.NONE,
    make=None,
    model=None,
    serial=None,
    turned_deg=0,
    repairs=(),
    blur=1.0,
    exposure=0.5,
    unusable=None,
)
GROUND = flat_terrain(60.0, VerticalDatum.ELLIPSOIDAL, sigma_m=1.0)


def answer(tmp_path, pixels, *, frame=FRAME, terrain=GROUND, crs=None):
    (tmp_path / "in.csv").write_text(pixels)
    summary = georeference_pixels(
        frame, tmp_path / "in.csv", tmp_path / "out.csv", terrain=terrain, crs=crs
    )
    with (tmp_path / "out.csv").open() as file:
        return summary, list(csv.DictReader(file))


def test_the_answer_has_the_columns_of_the_contract(tmp_path):
    summary, rows = answer(tmp_path, "column,row\n2000,1500\n100.5,2999\n-3,5\n")
    assert list(rows[0]) == [
        *("column", "row", "longitude", "latitude", "height_m", "ce90_m"),
        *("ok", "reason"),
    ]
    assert (summary.ok_count, summary.bad_count) == (2, 1)
    assert [row["ok"] for row in rows] == ["true", "true", "false"]
    assert list(rows[2].values()) == [
        *("-3.0", "5.0", "", "", "", "", "false", "outside_frame")
    ]
    # 80 m above flat ground at 60 degrees down: 46.19 m to the north
    north = (float(rows[0]["latitude"]) - POSE.latitude) * 110_960
    assert north == pytest.approx(46.19, abs=0.1)
    assert rows[0]["height_m"] == "60.000"


def test_a_projected_system_adds_x_y_and_its_name(tmp_path):
    _, rows = answer(tmp_path, "row,column\n1500,2000\n-1,0\n", crs="EPSG:6677")
    oracle = pyproj.Transformer.from_crs(6668, 6677, always_xy=True)
    x, y = oracle.transform(float(rows[0]["longitude"]), float(rows[0]["latitude"]))
    assert (float(rows[0]["x"]), float(rows[0]["y"])) == pytest.approx((x, y), abs=1e-3)
    assert rows[0]["crs"] == "EPSG:6677"
    assert (rows[1]["x"], rows[1]["y"], rows[1]["crs"]) == ("", "", "")


def test_a_geographic_system_adds_nothing(tmp_path):
    _, rows = answer(tmp_path, "column,row\n1,1\n", crs="EPSG:4326")
    assert "x" not in rows[0]


def test_without_terrain_the_take_off_point_is_the_ground(tmp_path):
    _, guess = answer(tmp_path, "column,row\n2000,1500\n", terrain=None)
    _, known = answer(tmp_path, "column,row\n2000,1500\n")
    assert guess[0]["longitude"] == known[0]["longitude"]
    assert float(guess[0]["ce90_m"]) > float(known[0]["ce90_m"])


def test_no_pixels_give_an_empty_answer(tmp_path):
    summary, rows = answer(tmp_path, "column,row\n")
    assert (summary.ok_count, summary.bad_count, rows) == (0, 0, [])


def test_the_same_question_gives_the_same_bytes(tmp_path):
    answer(tmp_path, "column,row\n20,15\n3000,2500\n", crs="6677")
    first = (tmp_path / "out.csv").read_bytes()
    answer(tmp_path, "column,row\n20,15\n3000,2500\n", crs="6677")
    assert (tmp_path / "out.csv").read_bytes() == first


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        ("column,row\n1,2\n3,x\n", r"in\.csv line 3: row is 'x'"),
        ("u,v\n1,2\n", "no column column, row"),
        ("column,row\n1,inf\n", "line 2: row is 'inf'"),
        ("column,row\n1\n", "line 2: 1 values for 2 columns"),
        ("column,row\n1,\x00\n", "line 2"),
    ],
)
def test_hostile_pixels_are_refused_with_line_and_value(tmp_path, pixels, word):
    with pytest.raises(InvalidRecordError, match=word):
        answer(tmp_path, pixels)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("frame", "more", "error", "word"),
    [
        (
            replace(FRAME, pose=None, unlocated="no_gps"),
            {},
            InvalidRecordError,
            r"a\.jpg.*no_gps.*--poses",
        ),
        (
            replace(FRAME, relative_altitude_m=None),
            {"terrain": None},
            TerrainError,
            "give --terrain",
        ),
        (FRAME, {"crs": "EPSG:1"}, CrsError, "unknown"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_its_remedy(
    tmp_path, frame, more, error, word
):
    with pytest.raises(error, match=word):
        answer(tmp_path, "column,row\n1,1\n", frame=frame, **more)


def test_an_answer_has_nowhere_to_go_without_its_folder(tmp_path):
    asked, out = tmp_path / "in.csv", tmp_path / "no" / "out.csv"
    asked.write_text("column,row\n1,1\n")
    with pytest.raises(UsageError, match="folder is not there"):
        georeference_pixels(FRAME, asked, out, terrain=GROUND, crs=None)


@pytest.fixture
def asked(shared, tmp_path):
    """A real picture, its surface model and a CSV of three of its pixels."""
    (tmp_path / "in.csv").write_text("column,row\n1000,562.5\n900,600\n-1,-1\n")
    folder = shared / "data" / "georef_brighton"
    return {
        "frame": folder / "images" / "DJI_0032.JPG",
        "pixels": tmp_path / "in.csv",
        "out": tmp_path / "out.csv",
        "terrain": folder / "dsm_0p2m.tif",
        "terrain_heights": VerticalDatum.LOCAL,
        "altitudes": None,
        "poses": None,
        "crs": None,
    }


def only_row(path):
    with path.open() as file:
        return next(csv.DictReader(file))


def test_a_real_picture_is_placed_by_its_tags(asked):
    outcome = georeference_file(**asked)
    assert outcome.code is ExitCode.DONE
    assert (outcome.data["placed"], outcome.data["not_placed"]) == (2, 1)
    assert outcome.data["notes"] == ["heights of the camera: local"]
    assert only_row(asked["out"])["longitude"].startswith("-91.9938")


def test_solved_poses_replace_the_tags(asked, tmp_path):
    (tmp_path / "poses.csv").write_text(
        "file,longitude,latitude,height_m,yaw_deg,pitch_deg,roll_deg\n"
        "DJI_0032.JPG,-91.9938,46.8425,203,0,-90,0\n"
    )
    georeference_file(**(asked | {"poses": tmp_path / "poses.csv"}))
    row = only_row(asked["out"])
    assert (float(row["longitude"]), float(row["latitude"])) == pytest.approx(
        (-91.9938, 46.8425), abs=1e-6
    )
    assert float(row["ce90_m"]) < 1.5


def test_a_picture_without_a_solved_pose_is_named(asked, tmp_path):
    header = "file,longitude,latitude,height_m,yaw_deg,pitch_deg,roll_deg\n"
    (tmp_path / "poses.csv").write_text(header)
    with pytest.raises(UsageError, match=r"no pose for DJI_0032\.JPG"):
        georeference_file(**(asked | {"poses": tmp_path / "poses.csv"}))


def test_a_height_that_contradicts_the_flight_is_doubted(asked, tmp_path):
    (tmp_path / "poses.csv").write_text(
        "file,longitude,latitude,height_m,yaw_deg,pitch_deg,roll_deg\n"
        "DJI_0032.JPG,-91.9938,46.8425,238,0,-90,0\n"
    )
    outcome = georeference_file(**(asked | {"poses": tmp_path / "poses.csv"}))
    assert "doubt: the camera is 76 m over the terrain" in outcome.data["notes"][-1]


def test_a_terrain_without_a_datum_is_refused(asked):
    with pytest.raises(UsageError, match="give --terrain-heights"):
        georeference_file(**(asked | {"terrain_heights": None}))


def test_nothing_placed_is_nothing_usable(asked):
    asked["pixels"].write_text("column,row\n-5,-5\n")
    assert georeference_file(**asked).code is ExitCode.NOTHING_USABLE


def test_a_reconstruction_s_axes_are_checked_by_the_pictures_beside_it(asked, tmp_path):
    folder = asked["frame"].parent
    frames = [
        tagged_frame(path, VerticalDatum.LOCAL) for path in sorted(folder.iterdir())
    ]
    middle = frames[0].pose
    here = Anchor(
        longitude=middle.longitude, latitude=middle.latitude, height_m=middle.height_m
    )
    shots = {}
    for frame in frames:
        pose = frame.pose
        place = np.array([[pose.longitude, pose.latitude, pose.height_m]])
        rotation = camera_from_enu(pose)
        shift = -rotation @ enu_from_geographic(place, here)[0]
        turn = Rotation.from_matrix(rotation).as_rotvec()
        shots[frame.file] = {
            "camera": "c",
            "rotation": turn.tolist(),
            "translation": shift.tolist(),
        }
    lens = {"projection_type": "perspective", "width": 2000, "height": 1125}
    lens |= {"focal": 0.585, "k1": 0.0, "k2": 0.0}
    reference = {
        "longitude": here.longitude + 0.01,
        "latitude": here.latitude,
        "altitude": here.height_m,
    }
    part = {"cameras": {"c": lens}, "shots": shots, "reference_lla": reference}
    (tmp_path / "poses").write_text(json.dumps([part]))
    outcome = georeference_file(**(asked | {"poses": tmp_path / "poses"}))
    # the reference lies 760 m off: read as UTM or shifted onto the tags, never believed
    assert "from the tags (10 pictures)" in outcome.data["notes"][1]
    row = only_row(asked["out"])
    assert float(row["longitude"]) == pytest.approx(-91.9938, abs=1e-3)
    part["reference_lla"]["longitude"] = here.longitude
    (tmp_path / "poses").write_text(json.dumps([part]))
    outcome = georeference_file(**(asked | {"poses": tmp_path / "poses"}))
    assert "axes east, north, up around its reference" in outcome.data["notes"][1]
