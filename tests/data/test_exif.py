"""Every trap of drone tags, each in a picture written for it."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from data.errors import RefusedError
from data.exif import ReadSettings, read_frame
from data.imagery import HeightSource, TimeSource, VerticalDatum
from data.intake import check_picture
from data.placing import _Attitude, _not_rolled_over

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ELLIPSOIDAL = ReadSettings(altitudes=VerticalDatum.ELLIPSOIDAL)
VIEWER = "Microsoft Windows Photo Viewer 10.0.10240.16384"


def frame_of(path, given_settings=ELLIPSOIDAL):
    return read_frame(
        path,
        name=path.name,
        header=check_picture(path, name=path.name),
        settings=given_settings,
        blur=0.1,
        exposure=0.5,
        unusable=None,
        now=NOW,
    )


def refusal_of(path, given_settings=ELLIPSOIDAL):
    with pytest.raises(RefusedError) as caught:
        frame_of(path, given_settings)
    return caught.value.refusal


@pytest.fixture
def read(tmp_path, write_picture):
    def write_and_read(given_settings=ELLIPSOIDAL, **tags):
        return frame_of(write_picture(tmp_path / "a.JPG", **tags), given_settings)

    return write_and_read


@pytest.fixture
def refuse(tmp_path, write_picture):
    def write_and_refuse(given_settings=ELLIPSOIDAL, **tags):
        return refusal_of(write_picture(tmp_path / "a.JPG", **tags), given_settings)

    return write_and_refuse


def test_a_good_picture_gives_a_whole_frame_without_repairs(read):
    frame = read()
    pose = frame.pose
    assert (pose.latitude, pose.longitude, pose.height_m) == (37.2, 136.9, 151.2)
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == (44.2, -89.9, 0.0)
    assert pose.vertical_datum is VerticalDatum.ELLIPSOIDAL
    assert pose.height_source is HeightSource.ABSOLUTE
    assert frame.relative_altitude_m == 80.0
    assert (frame.make, frame.model, frame.serial) == ("DJI", "FC6310", None)
    assert (frame.turned_deg, frame.unlocated, frame.repairs) == (0, None, ())


# Trap 1: turned on disk


def test_a_file_turned_by_a_viewer_is_turned_back_and_that_is_said(read):
    frame = read(main={305: VIEWER, 274: 1})
    assert frame.turned_deg == 180
    assert "180" in frame.repairs[0]
    assert "Windows Photo Viewer" in frame.repairs[0]
    assert frame.pose.yaw_deg == 44.2


def test_a_thumbnail_betrays_a_turn_that_left_no_trace(
    read, picture_scene, encode_jpeg
):
    kept = encode_jpeg(np.ascontiguousarray(picture_scene[::-3, ::-3]))
    frame = read(thumbnail=kept)
    assert frame.turned_deg == 180
    assert "thumbnail" in frame.repairs[0]


def test_a_thumbnail_with_black_bars_the_right_way_round_changes_nothing(
    read, picture_scene, encode_jpeg
):
    small = np.zeros((120, 120, 3), np.uint8)
    small[15:105] = np.asarray(Image.fromarray(picture_scene).resize((120, 90)))
    frame = read(thumbnail=encode_jpeg(small))
    assert (frame.turned_deg, frame.repairs) == (0, ())


@pytest.mark.parametrize("thumbnail", [b"\xff\xd8garbage", b"\xff\xd8"])
def test_a_broken_or_empty_thumbnail_says_nothing(read, thumbnail):
    assert read(thumbnail=thumbnail).turned_deg == 0


def test_a_thumbnail_without_contrast_says_nothing(read, encode_jpeg):
    grey = encode_jpeg(np.full((120, 160, 3), 90, np.uint8))
    assert read(thumbnail=grey).turned_deg == 0


def test_a_viewer_against_the_thumbnail_is_refused_in_words(
    refuse, picture_scene, encode_jpeg
):
    kept = encode_jpeg(np.ascontiguousarray(picture_scene[::3, ::3]))
    refusal = refuse(main={305: VIEWER}, thumbnail=kept)
    assert refusal.code == "turned_unrepaired"
    assert "thumbnail" in refusal.value


def test_orientation_3_is_turned_back(read):
    frame = read(main={274: 3})
    assert frame.turned_deg == 180
    assert "Orientation" in frame.repairs[0]


def test_orientation_3_by_a_viewer_alone_is_refused(refuse):
    assert refuse(main={274: 3, 305: VIEWER}).code == "turned_unrepaired"


def test_orientation_3_of_a_camera_hanging_upside_down_is_kept(read):
    frame = read(main={274: 3}, drone={"GimbalRollDegree": "180"})
    assert frame.turned_deg == 0


@pytest.mark.parametrize("orientation", [2, 4, 5, 6, 7, 8, 9])
def test_other_orientations_are_refused_in_words(refuse, orientation):
    refusal = refuse(main={274: orientation})
    assert refusal.code == "turned_unrepaired"
    assert str(orientation) in refusal.value


def test_a_picture_lying_on_its_side_is_refused(refuse):
    assert refuse(photo={40962: 300, 40963: 400}).code == "turned_unrepaired"


def test_a_cropped_picture_is_refused(refuse):
    assert refuse(photo={40962: 800, 40963: 450}).code == "bad_tags"


# Trap 2: gimbal roll of 180


def rotation(yaw, pitch, roll):
    """Body to north-east-down, order ZYX, from scratch."""
    (a, b, c) = (math.radians(angle) for angle in (yaw, pitch, roll))
    z = [[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]]
    y = [[math.cos(b), 0, math.sin(b)], [0, 1, 0], [-math.sin(b), 0, math.cos(b)]]
    x = [[1, 0, 0], [0, math.cos(c), -math.sin(c)], [0, math.sin(c), math.cos(c)]]
    return np.array(z) @ np.array(y) @ np.array(x)


@given(st.floats(-360, 360), st.floats(-180, -45), st.floats(-270, 270))
@settings(deadline=None)
def test_an_attitude_stays_the_same_rotation(yaw, pitch, roll):
    found = _not_rolled_over(_Attitude(yaw, pitch, roll), [])
    assert abs(found.roll_deg) <= 90
    same = np.allclose(rotation(*found), rotation(yaw, pitch, roll), atol=1e-9)
    assert same


@pytest.mark.parametrize("roll", ["+180.00", "-180.00"])
def test_a_gimbal_roll_of_180_is_written_without_it_and_said(read, roll):
    drone = {"GimbalRollDegree": roll, "GimbalYawDegree": "-135.80"}
    frame = read(drone=drone)
    pose = frame.pose
    assert pose.yaw_deg == pytest.approx(44.2)
    assert pose.pitch_deg == pytest.approx(-90.1)
    assert pose.roll_deg == pytest.approx(0.0)
    assert any("roll" in repair for repair in frame.repairs)


def test_a_roll_of_180_on_a_level_view_is_not_placed(read):
    frame = read(drone={"GimbalRollDegree": "180", "GimbalPitchDegree": "-10"})
    assert (frame.pose, frame.unlocated) == (None, "gimbal")


# Trap 3: which yaw, which position


def test_the_gimbals_yaw_counts_and_the_aircrafts_never(read):
    assert read(drone={"FlightYawDegree": "-170"}).pose.yaw_deg == 44.2
    without = read(drone={"GimbalYawDegree": None})
    assert (without.pose, without.unlocated) == (None, "gimbal")


def test_gimbal_angles_that_nobody_filled_are_not_a_view_to_the_north(read):
    zeros = {f"Gimbal{axis}Degree": "+0.00" for axis in ("Yaw", "Pitch", "Roll")}
    assert read(drone=zeros).unlocated == "gimbal"


@pytest.mark.parametrize("spelling", ["GpsLongitude", "GPSLongtitude", "GpsLongtitude"])
def test_the_drones_own_position_is_preferred_in_any_spelling(read, spelling):
    drone = {"GpsLongitude": None, spelling: "136.90012345", "GpsLatitude": "37.20001"}
    pose = read(drone=drone).pose
    assert (pose.latitude, pose.longitude) == (37.20001, 136.90012345)


def test_exif_position_is_used_where_the_drone_has_none(read):
    drone = {"GpsLongitude": None, "GpsLatitude": None}
    gps = {1: "S", 2: (33.0, 30.0, 36.0), 3: "W", 4: (70.0, 6.0, 0.0)}
    pose = read(drone=drone, gps=gps).pose
    assert (pose.latitude, pose.longitude) == pytest.approx((-33.51, -70.1))


def test_positions_that_differ_are_said(read):
    frame = read(drone={"GpsLatitude": "37.30"})
    assert frame.pose.latitude == 37.3
    assert any("differ" in repair for repair in frame.repairs)


# Trap 4: heights


def test_without_a_stated_datum_no_picture_has_a_height(read):
    frame = read(ReadSettings())
    assert (frame.pose, frame.unlocated) == (None, "no_height")
    assert any("--altitudes" in repair for repair in frame.repairs)
    assert frame.relative_altitude_m == 80.0


def test_a_height_over_the_take_off_point_is_no_height(read):
    frame = read(drone={"AbsoluteAltitude": None})
    assert (frame.pose, frame.unlocated) == (None, "no_height")
    assert frame.relative_altitude_m == 80.0


@pytest.mark.parametrize(("reference", "height_m"), [(b"\x00", 12.5), (b"\x01", -12.5)])
def test_exif_height_is_signed_by_its_reference(read, reference, height_m):
    gps = {5: reference, 6: 12.5}
    assert read(drone={"AbsoluteAltitude": None}, gps=gps).pose.height_m == height_m


def test_an_absurd_height_is_not_used(read):
    assert read(drone={"AbsoluteAltitude": "99999"}).unlocated == "no_height"


# Trap 5: focal length and number dialects

WIDTH = 400


def test_focal_length_follows_the_raster_after_resizing(read):
    photo = {40962: 4 * WIDTH, 40963: 1200}
    camera = read(photo=photo, drone={"CalibratedFocalLength": "1200"}).camera
    assert (camera.focal_x_px, camera.source) == (300.0, "calibrated")
    assert (camera.center_x_px, camera.center_y_px) == (200.0, 150.0)


def test_the_optical_centre_tells_the_true_width_where_exif_was_rewritten(read):
    drone = {"CalibratedFocalLength": "1200", "CalibratedOpticalCenterX": "800"}
    frame = read(photo={40962: WIDTH, 40963: 300}, drone=drone)
    assert frame.camera.focal_x_px == 300.0
    assert any("lens tags" in repair for repair in frame.repairs)


@pytest.mark.parametrize(
    ("photo", "source", "focal_px"),
    [
        ({41989: 24}, "exif35mm", 24 * 500 / 43.27),
        ({37386: 8.8, 41486: IFDRational(900), 41488: 3}, "exif_plane", 792.0),
        ({37386: 3.6, 41486: IFDRational(0), 41989: 20}, "exif35mm", 20 * 500 / 43.27),
        ({37386: math.nan, 41486: 900.0, 41989: 0}, "assumed", 24 * 500 / 43.27),
    ],
)
def test_focal_length_falls_back_from_source_to_source(read, photo, source, focal_px):
    camera = read(photo=photo, drone={"CalibratedFocalLength": None}).camera
    assert camera.source == source
    assert camera.focal_x_px == pytest.approx(focal_px, rel=1e-3)


def test_an_assumed_focal_length_is_said_and_very_unsure(read):
    frame = read(drone={"CalibratedFocalLength": None})
    assert frame.camera.focal_sigma == 0.3
    assert any("assumed" in repair for repair in frame.repairs)


@pytest.mark.parametrize("focal", ["0", "nan", "8.8", "1/0", "-300", "9e9"])
def test_an_absurd_calibrated_focal_length_is_passed_over(read, focal):
    camera = read(photo={41989: 24}, drone={"CalibratedFocalLength": focal}).camera
    assert camera.source == "exif35mm"


# The example of dronemapper's dji-dewarp for a Phantom 4 RTK (5472 pixels wide).
P4RTK = (
    "2018-09-04;3678.870000000000,3671.840000000000,10.100000000000,27.290000000000,"
    "-0.268652000000,0.114663000000,0.000015268800,-0.000046070700,-0.035026100000"
)


@pytest.mark.parametrize(
    ("flag", "k1"), [("0", -0.268652), ("1", 0.0), (None, -0.268652)]
)
def test_dewarp_data_gives_lens_and_middle_unless_taken_out_already(read, flag, k1):
    drone = {"DewarpData": P4RTK, "DewarpFlag": flag}
    camera = read(photo={40962: 5472, 40963: 4104}, drone=drone).camera
    scale = WIDTH / 5472
    assert camera.source == "dewarp"
    assert camera.focal_x_px == pytest.approx(3678.87 * scale)
    assert camera.focal_y_px == pytest.approx(3671.84 * scale)
    assert camera.center_x_px == pytest.approx(200 + 10.1 * scale)
    assert camera.center_y_px == pytest.approx(150 + 27.29 * scale)
    assert camera.k1 == k1
    assert camera.k3 == (0.0 if k1 == 0 else -0.0350261)


@pytest.mark.parametrize("data", ["", "x", "2018;1,2,3", P4RTK.replace("114", "NaN")])
def test_broken_dewarp_data_is_passed_over(read, data):
    assert read(drone={"DewarpData": data}).camera.source == "calibrated"


def test_broken_numbers_never_raise(read):
    drone = {"GimbalPitchDegree": "nan", "AbsoluteAltitude": "1/0"}
    frame = read(drone=drone, gps={6: IFDRational(1, 0)})
    assert (frame.pose, frame.unlocated) == (None, "no_height")


def test_comma_and_fraction_are_read(read):
    drone = {"GimbalYawDegree": "+44,25", "AbsoluteAltitude": "610/4"}
    pose = read(drone=drone).pose
    assert (pose.yaw_deg, pose.height_m) == (44.25, 152.5)


def test_an_entity_bomb_costs_the_pose_and_not_the_picture(read):
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    frame = read(packets=[bomb])
    assert frame.unlocated == "no_height"
    assert any("entities" in repair for repair in frame.repairs)


# Trap 6: RTK


def sigmas(read, **drone):
    pose = read(drone=drone).pose
    return pose.sigma_h_m, pose.sigma_v_m, pose.height_source


def test_a_fixed_solution_takes_the_drones_own_deviation(read):
    stated = {"RtkStdLon": "0.3", "RtkStdLat": "0.4", "RtkStdHgt": "0.5"}
    horizontal, vertical, source = sigmas(read, RtkFlag="50", **stated)
    assert horizontal == pytest.approx(0.5 / 2**0.5)
    assert (vertical, source) == (0.5, HeightSource.RTK)


def test_a_fixed_solution_is_never_surer_than_the_mounting(read):
    stated = dict.fromkeys(("RtkStdLon", "RtkStdLat", "RtkStdHgt"), "0.001")
    assert sigmas(read, RtkFlag="50", **stated)[:2] == (0.05, 0.05)


@pytest.mark.parametrize(
    ("flag", "m"), [("0", 2.0), ("16", 2.0), ("34", 1.0), ("50", 0.1)]
)
def test_flags_without_deviations_are_as_sure_as_their_kind(read, flag, m):
    assert sigmas(read, RtkFlag=flag)[0] == pytest.approx(m)


def test_a_local_datum_is_never_surer_than_3_m(read):
    local = ReadSettings(altitudes=VerticalDatum.LOCAL)
    assert read(local, drone={"RtkFlag": "50"}).pose.sigma_v_m == 3.0


# Trap 7: no position


@pytest.mark.parametrize(
    ("latitude", "longitude", "reason"),
    [
        ("0.0", "0.0", "zero_gps"),
        ("0.00001", "-0.00001", "zero_gps"),
        ("0.0", "136.9", "zero_gps"),
        ("139.7", "35.6", "range"),
        ("37.2", "196.9", "range"),
        (None, None, "no_gps"),
        ("nan", "136.9", "no_gps"),
    ],
)
def test_an_unusable_position_is_unlocated_with_its_reason(
    read, latitude, longitude, reason
):
    nothing = dict.fromkeys((1, 2, 3, 4))
    drone = {"GpsLatitude": latitude, "GpsLongitude": longitude}
    frame = read(drone=drone, gps=nothing)
    assert (frame.pose, frame.unlocated) == (None, reason)


def test_exif_stands_in_for_an_empty_drone_position_and_that_is_said(read):
    frame = read(drone={"GpsLatitude": "0.0", "GpsLongitude": "0.0"})
    assert (frame.pose.latitude, frame.pose.longitude) == (37.2, 136.9)
    assert any("EXIF" in repair for repair in frame.repairs)


def test_an_invalid_gps_status_is_no_position(read):
    assert read(drone={"GpsStatus": "Invalid"}).unlocated == "no_gps"


def test_a_picture_without_any_tag_is_kept_unlocated(tmp_path, picture_scene):
    path = tmp_path / "a.JPG"
    Image.fromarray(picture_scene).save(path)
    frame = frame_of(path)
    assert (frame.pose, frame.unlocated, frame.captured_at) == (None, "no_gps", None)
    assert frame.camera.source == "assumed"


def test_tags_written_by_pillow_are_read(tmp_path, picture_scene, pack_drone_tags):
    packet = pack_drone_tags({"GpsLatitude": "37.2", "GpsLongitude": "136.9"})
    exif = Image.Exif()
    exif[0x010F] = "DRILL"
    path = tmp_path / "a.JPG"
    Image.fromarray(picture_scene).save(path, exif=exif.tobytes(), xmp=packet)
    frame = frame_of(path)
    assert (frame.make, frame.unlocated) == ("DRILL", "no_height")


def test_a_tiff_is_read_as_a_jpeg_is(tmp_path, picture_scene, pack_drone_tags):
    path = tmp_path / "a.tif"
    tags = {"GimbalYawDegree": "1", "GimbalPitchDegree": "-90", "GimbalRollDegree": "0"}
    place = {"GpsLatitude": "37.2", "GpsLongitude": "136.9", "AbsoluteAltitude": "9"}
    packet = pack_drone_tags({**tags, **place})
    info = {271: "DJI", 700: packet}
    Image.fromarray(picture_scene).save(path, tiffinfo=info)
    frame = frame_of(path)
    assert frame.make == "DJI"
    assert frame.pose.latitude == 37.2


@given(noise=st.binary(min_size=8, max_size=200), at=st.integers(8, 300))
@settings(deadline=None, max_examples=60)
def test_damaged_tags_never_raise(tmp_path_factory, write_picture, noise, at):
    path = tmp_path_factory.mktemp("noise") / "a.JPG"
    data = bytearray(write_picture(path).read_bytes())
    data[12 + at : 12 + at + len(noise)] = noise
    path.write_bytes(data)
    try:
        frame_of(path)
    except RefusedError as error:
        assert error.refusal.remedy  # noqa: PT017 - either is right


# Time


def time_of(read, given_settings=ELLIPSOIDAL, **tags):
    frame = read(given_settings, **tags)
    return frame.captured_at, frame.time_source, frame.time_sigma_s


ZONED = {36881: None}
TOKYO = ReadSettings(time_zone="Asia/Tokyo")


def test_gps_time_comes_first_and_takes_no_clock_offset(read):
    gps = {29: "2024:01:02", 7: (1.0, 20.0, 31.5)}
    stated = ReadSettings(clock_offset_s=500.0)
    at, source, sigma_s = time_of(read, stated, gps=gps)
    assert at == datetime(2024, 1, 2, 1, 20, 31, 500_000, tzinfo=UTC)
    assert (source, sigma_s) == (TimeSource.GPS, 1.0)


@pytest.mark.parametrize(
    "gps",
    [
        {29: "2024:13:02", 7: (1.0, 20.0, 30.0)},
        {29: "2024:01:02", 7: (25.0, 20.0, 30.0)},
        {29: "2024:01:02", 7: (IFDRational(1, 0), 20.0, 30.0)},
        {29: "1980:01:06", 7: (0.0, 0.0, 0.0)},
        {7: (1.0, 20.0, 30.0)},
    ],
)
def test_a_broken_gps_time_leaves_the_cameras_clock(read, gps):
    at, source, _ = time_of(read, gps=gps)
    assert at == datetime(2024, 1, 2, 1, 20, 30, tzinfo=UTC)
    assert source is TimeSource.EXIF_OFFSET


def test_a_clock_offset_is_added_to_the_cameras_clock(read):
    at, _, _ = time_of(read, ReadSettings(clock_offset_s=-90.0))
    assert at == datetime(2024, 1, 2, 1, 19, 0, tzinfo=UTC)


def test_a_clock_without_offset_needs_a_zone(read):
    at, source, _ = time_of(read, photo=ZONED)
    assert (at, source) == (None, TimeSource.NONE)
    at, source, sigma_s = time_of(read, TOKYO, photo=ZONED)
    assert at == datetime(2024, 1, 2, 1, 20, 30, tzinfo=UTC)
    assert (source, sigma_s) == (TimeSource.EXIF_WITH_ZONE, 60.0)


@pytest.mark.parametrize("local", ["2024:11:03 01:30:00", "2024:03:10 02:30:00"])
def test_the_hour_of_a_change_of_clock_is_said_to_be_unsure(read, local):
    chicago = ReadSettings(time_zone="America/Chicago")
    frame = read(chicago, photo={36867: local, **ZONED})
    assert frame.time_sigma_s == 3600.0
    assert any("change of clock" in repair for repair in frame.repairs)


def test_a_stated_bound_is_the_last_resort_and_has_no_sigma(read):
    bound = datetime(2024, 1, 1, 16, 10, tzinfo=UTC)
    stated = ReadSettings(flown_after=bound)
    at = time_of(read, stated, photo={36867: "0000:00:00 00:00:00", **ZONED})
    assert at == (bound, TimeSource.FLOWN_AFTER, 0.0)


def test_tags_before_a_stated_bound_stand_and_are_said(read):
    stated = ReadSettings(flown_after=datetime(2024, 6, 1, tzinfo=UTC))
    frame = read(stated)
    assert frame.time_source is TimeSource.EXIF_OFFSET
    assert any("before the stated" in repair for repair in frame.repairs)


def test_a_picture_from_the_future_is_refused_with_a_remedy(refuse):
    refusal = refuse(photo={36867: "2026:01:02 10:20:30"})
    assert refusal.code == "future_time"
    assert "--clock-offset" in refusal.remedy


def test_a_clock_a_little_ahead_is_not_the_future(read):
    ahead = NOW + timedelta(seconds=30)
    photo = {36867: f"{ahead:%Y:%m:%d %H:%M:%S}", 36881: "+00:00"}
    assert read(photo=photo).captured_at == ahead
