"""Poses of other programs: written here by pyproj and OpenCV, read by ours."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pyproj
import pytest

from data.errors import CrsError, InvalidRecordError
from data.imagery import Frame, TimeSource, VerticalDatum
from geo.attitude import attitude_from_rotation
from geo.camera import camera_anchor, camera_from_enu, pixel_from_world
from geo.crs import enu_from_geographic, geographic_from_enu
from geo.solved.formats import PoseFormat, pose_format
from geo.solved.reading import read_solved
from geo.solved.view import with_view

UTM = pyproj.Transformer.from_crs(4326, 32654, always_xy=True)
DATUM = VerticalDatum.ELLIPSOIDAL
LENS = {"k1": -0.08, "k2": 0.02, "p1": 4e-4, "p2": -3e-4, "k3": -0.002}
FOCAL, SIDE = 0.7, 4000
OFFSET = np.array([387_000.0, 3_996_000.0, 0.0])
CENTER = [2010.0, 1490.0]
BENT_PX = {"enu": 0.05, "utm": 0.7}
"""UTM's plane is 0.0004 too small there, its heights are not: of 1500 px, 0.6."""


@pytest.fixture(scope="session")
def flight(make_camera, make_pose):
    """Five frames whose tags are true: three down, two oblique, in a bent line."""
    turns = [(10, -90), (12, -88), (-170, -90), (80, -60), (200, -45)]
    frames = []
    for index, (yaw, pitch) in enumerate(turns):
        pose = make_pose(
            east=200 + 30.0 * index,
            north=8.0 * index**2,
            height=100.0 + index,
            yaw_deg=float(yaw),
            pitch_deg=float(pitch),
            roll_deg=1.5,
        )
        frames.append(
            Frame(
                id=f"{index}" * 64,
                file=f"card/DJI_{index}.JPG",
                camera=make_camera(),
                pose=pose,
                unlocated=None,
                relative_altitude_m=None,
                captured_at=None,
                time_sigma_s=0.0,
                time_source=TimeSource.NONE,
                make=None,
                model=None,
                serial=None,
                turned_deg=180 if index == 2 else 0,
                repairs=(),
                blur=0.0,
                exposure=0.5,
                unusable=None,
            )
        )
    return frames


def local_of(points, axes, home):
    """Points (N, 3) longitude, latitude, height in the axes of a solver."""
    if axes == "utm":
        x, y = UTM.transform(points[:, 0], points[:, 1])
        return np.column_stack([x, y, points[:, 2]]) - OFFSET
    local = enu_from_geographic(points, home)
    if axes == "own":
        turn = cv2.Rodrigues(np.array([0.3, -1.2, 2.0]))[0]
        return local @ turn.T * 0.037 + [5.0, -2.0, 11.0]
    return local


def extrinsics(pose, axes, home):
    """Rotation vector and translation, world to camera, in a solver's axes.

    By finite differences of places on Earth, so that no formula of ours is in it but
    that of the attitude itself, which scipy has checked.
    """
    place = np.array([[pose.longitude, pose.latitude, pose.height_m]])
    anchor = type(home)(
        longitude=pose.longitude, latitude=pose.latitude, height_m=pose.height_m
    )
    steps = geographic_from_enu(np.eye(3) * 10, anchor)
    center = local_of(place, axes, home)[0]
    basis = (local_of(steps, axes, home) - center).T
    basis /= np.linalg.norm(basis, axis=0)
    left, _, right = np.linalg.svd(camera_from_enu(pose) @ basis.T)
    rotation = left @ right
    return cv2.Rodrigues(rotation)[0].ravel(), -rotation @ center, rotation


def opensfm(flight, axes, home, *, kept=True):
    camera = {"projection_type": "brown", "width": SIDE, "height": 3000}
    camera |= {"focal_x": FOCAL, "focal_y": FOCAL, "c_x": 10 / SIDE, "c_y": -10 / SIDE}
    shots = {}
    for frame in flight:
        turn, shift, _ = extrinsics(frame.pose, axes, home)
        name = frame.file.rpartition("/")[2]
        shots[name] = {
            "camera": "v2",
            "rotation": turn.tolist(),
            "translation": shift.tolist(),
        }
        if kept:
            pose = frame.pose
            place = np.array([[pose.longitude, pose.latitude, pose.height_m]])
            local = enu_from_geographic(place, home)[0]
            shots[name]["gps_position"] = local.tolist()
    reference = {
        "longitude": home.longitude,
        "latitude": home.latitude,
        "altitude": home.height_m,
    }
    return [
        {"cameras": {"v2": camera | LENS}, "shots": shots, "reference_lla": reference}
    ]


def shots_geojson(flight, home):
    features = []
    for frame in flight:
        turn, _, _ = extrinsics(frame.pose, "utm", home)
        pose = frame.pose
        x, y = UTM.transform(pose.longitude, pose.latitude)
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "filename": frame.file.rpartition("/")[2],
                    "focal": FOCAL,
                    "width": SIDE,
                    "height": 3000,
                    "translation": [x, y, pose.height_m],
                    "rotation": turn.tolist(),
                },
                "geometry": {
                    "type": "Point",
                    "coordinates": [pose.longitude, pose.latitude, pose.height_m],
                },
            }
        )
    return {"type": "FeatureCollection", "features": features}


def write_colmap(folder, flight, home, model=None):
    values = [FOCAL * SIDE, FOCAL * SIDE, *CENTER]
    lens = " ".join(f"{v!r}" for v in (*values, *list(LENS.values())[:4]))
    model = model or f"OPENCV 4000 3000 {lens}"
    (folder / "cameras.txt").write_text(f"# Camera list\n1 {model}\n")
    lines = ["# Image list with two lines of data per image:"]
    for index, frame in enumerate(flight):
        turn, shift, _ = extrinsics(frame.pose, "own", home)
        angle = np.linalg.norm(turn)
        axis = np.sin(angle / 2) * turn / angle
        words = [np.cos(angle / 2), *axis, *shift]
        text = " ".join(f"{float(word)!r}" for word in words)
        lines += [f"{index + 1} {text} 1 {frame.file.rpartition('/')[2]}", ""]
    (folder / "images.txt").write_text("\n".join(lines) + "\n")


def below(pose):
    """Places on the ground that a pose sees."""
    view = camera_from_enu(pose)[2]
    across = np.array([[0, 0], [15.0, 5], [-12, 18], [5, -20]])
    down = view * (80 / max(-view[2], 0.3))
    return np.column_stack([down[:2] + across, np.full(4, down[2])])


def opencv_pixels(places, pose, axes, home, distortion):
    turn, shift, _ = extrinsics(pose, axes, home)
    matrix = np.array([[FOCAL * SIDE, 0, 0], [0, FOCAL * SIDE, 0], [0, 0, 1.0]])
    matrix[:2, 2] = CENTER
    local = local_of(places, axes, home)
    return cv2.projectPoints(local, turn, shift, matrix, distortion)[0][:, 0]


def places_below(pose, home):
    anchor = type(home)(
        longitude=pose.longitude, latitude=pose.latitude, height_m=pose.height_m
    )
    return geographic_from_enu(below(pose), anchor)


def check_against_opencv(solved, flight, axes, home, *, atol, count=5):
    distortion = np.array(list(LENS.values()))[:count]
    for frame in flight:
        view = solved.views[frame.file]
        places = places_below(frame.pose, home)
        oracle = opencv_pixels(places, frame.pose, axes, home, distortion)
        pixels, _, ok = pixel_from_world(view.camera, view.pose, places)
        assert ok.all()
        assert np.allclose(pixels, oracle, atol=atol)


@pytest.mark.parametrize("axes", ["enu", "utm"])
@pytest.mark.parametrize("tagged", [True, False])
def test_a_reconstruction_is_read_in_the_axes_it_is_in(
    tmp_path, flight, home, axes, tagged
):
    path = tmp_path / "anything.txt"
    offset = np.floor(np.mean(utm_places(flight), axis=0))
    OFFSET[:2] = offset
    path.write_text(json.dumps(opensfm(flight, axes, home)))
    asked = flight if tagged else [without_place(frame) for frame in flight]
    solved = read_solved(path, asked, DATUM)
    assert ("EPSG:32654" in solved.notes[0]) == (axes == "utm")
    check_against_opencv(solved, flight, axes, home, atol=BENT_PX[axes])
    check_poses(solved, flight)


def utm_places(flight):
    return [UTM.transform(f.pose.longitude, f.pose.latitude) for f in flight]


def without_place(frame):
    return replace(frame, pose=None, unlocated="no_gps")


def test_the_shots_of_odm_lose_their_grid_convergence(tmp_path, flight, home):
    path = tmp_path / "shots.geojson"
    path.write_text(json.dumps(shots_geojson(flight, home)))
    lens = opensfm(flight, "utm", home)[0]["cameras"]
    (tmp_path / "cameras.json").write_text(json.dumps(lens))
    solved = read_solved(path, flight, DATUM)
    check_against_opencv(solved, flight, "utm", home, atol=BENT_PX["utm"])
    check_poses(solved, flight)


def check_poses(solved, flight):
    for frame in flight:
        pose = solved.views[frame.file].pose
        place = np.array([[pose.longitude, pose.latitude, pose.height_m]])
        assert (
            np.abs(enu_from_geographic(place, camera_anchor(frame.pose))).max() < 0.01
        )
        assert rotation_error_deg(pose, frame.pose) < 0.01
        assert pose.sigma_h_m >= 1.5


def rotation_error_deg(one, other):
    off = camera_from_enu(one) @ camera_from_enu(other).T
    return np.degrees(np.arccos(np.clip((np.trace(off) - 1) / 2, -1, 1)))


def test_colmap_is_brought_onto_the_tags(tmp_path, flight, home):
    write_colmap(tmp_path, flight, home)
    for path in (tmp_path, tmp_path / "images.txt"):
        solved = read_solved(path, flight, DATUM)
        assert set(solved.views) == {frame.file for frame in flight}
        check_against_opencv(solved, flight, "own", home, atol=0.2, count=4)


def test_what_is_far_from_its_tags_is_refused_or_left(tmp_path, flight, home):
    far = opensfm(flight, "enu", home, kept=False)
    for shot in far[0]["shots"].values():
        shot["rotation"] = [0.0, 0.0, 0.0]
        shot["translation"] = [float(len(far)), 0.0, 0.0]
    path = tmp_path / "r.json"
    path.write_text(json.dumps(far))
    with pytest.raises(CrsError, match=r"one spot|from what their tags say"):
        read_solved(path, flight, DATUM)
    one = opensfm(flight, "enu", home)
    one[0]["shots"]["DJI_1.JPG"]["translation"][0] += 500
    path.write_text(json.dumps(one))
    solved = read_solved(path, flight, DATUM)
    assert "card/DJI_1.JPG" not in solved.views
    assert any("DJI_1.JPG is far from its tags" in note for note in solved.notes)


def test_a_solved_file_is_no_longer_turned_and_its_lens_is_resized(
    tmp_path, flight, home
):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(opensfm(flight, "enu", home)))
    half = replace(flight[2].camera, width_px=2000, height_px=1500)
    frame = replace(flight[2], camera=half)
    placed = with_view(frame, read_solved(path, flight, DATUM).views[frame.file])
    assert placed.turned_deg == 0
    assert placed.camera.focal_x_px == pytest.approx(FOCAL * 2000)
    assert placed.camera.center_x_px == pytest.approx(CENTER[0] / 2)
    square = replace(frame, camera=replace(half, width_px=1500))
    with pytest.raises(InvalidRecordError, match="give the picture that was solved"):
        with_view(square, read_solved(path, flight, DATUM).views[frame.file])


def test_control_points_mend_a_pose_that_tags_have_wrong(tmp_path, flight, home):
    frame = flight[3]
    lines = ["WGS84 UTM 54N"]
    rng = np.random.default_rng(4)
    for place in np.vstack([places_below(frame.pose, home)] * 2):
        pixel = pixel_from_world(frame.camera, frame.pose, place[None])[0][0]
        x, y = UTM.transform(place[0], place[1])
        column, row = pixel + rng.normal(0, 0.5, 2)
        lines.append(f"{x:.4f} {y:.4f} {place[2]:.4f} {column:.2f} {row:.2f} DJI_3.JPG")
    path = tmp_path / "gcp_list.txt"
    path.write_text("\n".join(lines) + "\n")
    tags = replace(
        frame.pose,
        yaw_deg=frame.pose.yaw_deg + 3,
        pitch_deg=frame.pose.pitch_deg - 2,
        height_m=frame.pose.height_m + 2.0,
        longitude=frame.pose.longitude + 2e-5,
    )
    view = read_solved(path, [replace(frame, pose=tags)], DATUM).views[frame.file]
    assert rotation_error_deg(tags, frame.pose) > 3
    assert rotation_error_deg(view.pose, frame.pose) < 0.5
    assert abs(view.pose.height_m - frame.pose.height_m) < 3 * view.pose.sigma_v_m < 1.5
    assert view.pose.sigma_tilt_deg < 0.5


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("file,longitude\n", PoseFormat.CSV),
        ("EPSG:32654\n1 2 3 4 5 a.jpg\n", PoseFormat.CONTROL),
        ('[{"cameras": {}, "shots": {}}]', PoseFormat.OPENSFM),
        ('{"type": "FeatureCollection", "features": []}', PoseFormat.SHOTS),
        ('{"v2": {"projection_type": "brown"}}', PoseFormat.LENSES),
    ],
)
def test_a_format_is_told_by_its_content(tmp_path, text, kind):
    path = tmp_path / "poses.dat"
    path.write_text(text)
    assert pose_format(path) is kind


SHOT = '{"rotation": [0,0,0], "translation": [0,0,0], "camera": "c"}'
CAMERA = '{"projection_type": "brown", "width": 4, "height": 3, "focal_x": 1}'


def reconstruction(camera=CAMERA, shot=SHOT):
    reference = '"reference_lla": {"latitude": 36, "longitude": 140, "altitude": 0}'
    return (
        f'[{{"cameras": {{"c": {camera}}}, "shots": {{"a.jpg": {shot}}}, {reference}}}]'
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "begins with ''"),
        ("nonsense\n", "begins with 'nonsense'"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"a": 1}', "neither a reconstruction.json"),
        ('{"type": "FeatureCollection"}', "no features"),
        ('{"type": "FeatureCollection", "features": [3]}', "is no object"),
        (reconstruction(shot=SHOT.replace("[0,0,0]", "[0,0]")), "write 3 numbers"),
        (reconstruction(shot=SHOT.replace("[0,0,0]", "[0,0,NaN]")), "no JSON"),
        (reconstruction(shot=SHOT.replace("[0,0,0]", "[0,0,1e999]")), "finite"),
        (reconstruction(shot=SHOT.replace('"c"', '"d"')), "'d' is not among"),
        (reconstruction(camera=CAMERA.replace("brown", "fisheye")), "'fisheye' is not"),
        (reconstruction(camera=CAMERA.replace("4", "0")), "width is 0"),
        (reconstruction(camera=CAMERA.replace('"focal_x": 1', '"k1": 1')), "no focal"),
        ("EPSG:32654\n1 2 3 4 5\n", "line 2: 5 values"),
        ("EPSG:32654\n1 2 x 4 5 a.jpg\n", "line 2: x y z column row is 'x'"),
    ],
)
def test_hostile_files_are_refused_with_the_value(tmp_path, flight, text, word):
    path = tmp_path / "poses.dat"
    path.write_text(text)
    with pytest.raises(InvalidRecordError, match=word):
        read_solved(path, flight, DATUM)


@pytest.mark.parametrize("header", ["EPSG:4301", "EPSG:99999", "WGS84 UTM 99N"])
def test_a_list_in_an_unknown_system_is_refused(tmp_path, flight, header):
    path = tmp_path / "gcp_list.txt"
    path.write_text(f"{header}\n1 2 3 4 5 a.jpg\n")
    with pytest.raises(CrsError, match="reference system"):
        read_solved(path, flight, DATUM)


@pytest.mark.parametrize(
    ("model", "word"),
    [
        ("FISHEYE 4000 3000 1 2 3", "model 'FISHEYE'"),
        ("PINHOLE 4000 3000 1 2", "write 4 numbers"),
        ("PINHOLE 0 3000 1 2 3 4", "width_px is 0"),
        ("FULL_OPENCV 4 3 1 1 2 2 0 0 0 0 0 1 0 0", "k4 to k6"),
    ],
)
def test_a_colmap_lens_that_is_not_read_is_refused(tmp_path, flight, home, model, word):
    write_colmap(tmp_path, flight, home, model)
    with pytest.raises(InvalidRecordError, match=word):
        read_solved(tmp_path, flight, DATUM)


def test_colmap_without_tags_of_three_pictures_is_refused(tmp_path, flight, home):
    write_colmap(tmp_path, flight, home)
    with pytest.raises(CrsError, match="only 2 of its pictures"):
        read_solved(tmp_path, flight[:2], DATUM)


def test_heights_without_a_datum_are_refused(tmp_path, flight, home):
    path = tmp_path / "r.json"
    path.write_text(json.dumps(opensfm(flight, "enu", home)))
    with pytest.raises(CrsError, match="--altitudes"):
        read_solved(path, flight, None)


@pytest.mark.parametrize("pitch", [-90.0, -45.0, 0.0, 30.0, 90.0])
def test_an_attitude_comes_back_from_its_rotation(make_pose, pitch):
    pose = make_pose(yaw_deg=40.0, pitch_deg=pitch, roll_deg=3.0)
    yaw, back, roll = attitude_from_rotation(camera_from_enu(pose))
    again = make_pose(yaw_deg=yaw, pitch_deg=back, roll_deg=roll)
    assert np.allclose(camera_from_enu(again), camera_from_enu(pose), atol=1e-8)
