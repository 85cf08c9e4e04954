import pytest

from data.errors import CrsError, InvalidRecordError
from data.imagery import HeightSource, VerticalDatum
from geo.poses import read_poses

HEADER = "file,longitude,latitude,height_m,yaw_deg,pitch_deg,roll_deg"
ROW = "a.jpg,140.1,36.1,120.5,10,-90,0"


def write(tmp_path, text):
    path = tmp_path / "poses.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_poses_are_read_by_file_with_the_sigmas_of_solved_ones(tmp_path):
    path = write(tmp_path, f"\ufeff{HEADER}\r\n{ROW}\r\n\r\n")
    pose = read_poses(path, VerticalDatum.JGD2011)["a.jpg"]
    assert (pose.longitude, pose.latitude, pose.height_m) == (140.1, 36.1, 120.5)
    assert (pose.sigma_h_m, pose.sigma_v_m, pose.sigma_tilt_deg) == (0.3, 0.5, 0.1)
    assert pose.vertical_datum is VerticalDatum.JGD2011
    assert pose.height_source is HeightSource.POSES


def test_a_row_may_say_its_own_sigmas_and_datum(tmp_path):
    text = f"{HEADER},sigma_h_m,vertical_datum\n{ROW},0.02,ellipsoidal\n"
    pose = read_poses(write(tmp_path, text))["a.jpg"]
    assert pose.sigma_h_m == 0.02
    assert pose.vertical_datum is VerticalDatum.ELLIPSOIDAL


def test_a_height_without_a_datum_is_refused(tmp_path):
    path = write(tmp_path, f"{HEADER}\n{ROW}\n")
    with pytest.raises(CrsError, match=r"line 2: .* --altitudes"):
        read_poses(path)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("file,longitude\na,1\n", "line 1: no column latitude"),
        ("", "line 1: no column"),
        (f"{HEADER}\na.jpg,140.1,north,1,1,1,1\n", "line 2: latitude is 'north'"),
        (f"{HEADER}\n{ROW}\nb.jpg,140.1,91,1,1,1,1\n", "line 3: latitude is 91"),
        (f"{HEADER}\na.jpg,140.1,36.1,nan,1,1,1\n", "line 2: height_m is 'nan'"),
        (f"{HEADER}\na.jpg,140.1,36.1,1e999,1,1,1\n", "line 2: height_m is '1e999'"),
        (f"{HEADER}\na.jpg,140,1,36,1,9,1,1,1\n", "line 2: 9 values for 7 columns"),
        (f"{HEADER}\n{ROW}\n{ROW}\n", "line 3: file 'a.jpg' is there twice"),
        (f"{HEADER}\n,140.1,36.1,1,1,1,1\n", "line 2: file is ''"),
        (f'{HEADER}\n"a.jpg,140.1\n', "quote it"),
        (b"file,\xff\xfe\n", "not UTF-8"),
        (f"{HEADER},sigma_h_m\n{ROW},-1\n", "line 2: sigma_h_m is -1"),
    ],
)
def test_hostile_poses_are_refused_with_line_and_value(tmp_path, text, word):
    with pytest.raises(InvalidRecordError, match=word):
        read_poses(write(tmp_path, text), VerticalDatum.LOCAL)


def test_an_unknown_datum_is_refused_with_the_allowed_ones(tmp_path):
    path = write(tmp_path, f"{HEADER},vertical_datum\n{ROW},EGM96\n")
    with pytest.raises(CrsError, match="'EGM96'; write one of ellipsoidal, JGD2011"):
        read_poses(path)


def test_what_is_no_file_is_refused(tmp_path):
    for name in ("absent.csv", "."):
        with pytest.raises(InvalidRecordError):
            read_poses(tmp_path / name, VerticalDatum.LOCAL)
