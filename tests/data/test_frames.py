from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from data.errors import KarteError
from data.exif import ReadSettings
from data.frames import frames_of_batch, mark_stale_fixes
from data.imagery import TimeSource, VerticalDatum
from data.intake import list_batch

NOW = datetime(2025, 1, 1, tzinfo=UTC)
ELLIPSOIDAL = ReadSettings(altitudes=VerticalDatum.ELLIPSOIDAL)


def sharp(_path):
    return 0.1, 0.5, None


def batch(folder, *, reverse=False, quality=sharp):
    files, _ = list_batch(folder, folder)
    ordered = files[::-1] if reverse else files
    return frames_of_batch(ordered, ELLIPSOIDAL, quality, NOW)


@pytest.fixture
def mixed(tmp_path, write_picture):
    for number in range(4):
        photo = {36867: f"2024:01:02 10:20:3{number}"}
        write_picture(tmp_path / f"{number}.JPG", photo=photo)
    (tmp_path / "copy.JPG").write_bytes((tmp_path / "2.JPG").read_bytes())
    (tmp_path / "broken.JPG").write_bytes(b"\xff\xd8\xff\xe0broken")
    (tmp_path / "text.JPG").write_text("hello")
    write_picture(tmp_path / "side.JPG", main={274: 6})
    return tmp_path


def test_each_bad_file_costs_exactly_itself(mixed):
    frames, refusals, duplicates = batch(mixed)
    assert sorted(frame.file for frame in frames) == [
        *("0.JPG", "1.JPG", "2.JPG", "3.JPG")
    ]
    assert [(r.what, r.code) for r in refusals] == [
        ("broken.JPG", "truncated"),
        ("side.JPG", "turned_unrepaired"),
        ("text.JPG", "unknown_type"),
    ]
    assert duplicates == ("copy.JPG: same bytes as 2.JPG",)


def test_the_order_of_files_changes_nothing(mixed):
    assert batch(mixed) == batch(mixed, reverse=True)
    ids = [frame.id for frame in batch(mixed)[0]]
    assert ids == sorted(ids)


def test_a_picture_whose_quality_cannot_be_read_costs_itself(mixed):
    def quality(path):
        if path.name == "1.JPG":
            raise KarteError("1.JPG: cannot be decoded")
        return 0.9, 0.1, "blur"

    frames, refusals, _ = batch(mixed, quality=quality)
    assert {frame.unusable for frame in frames} == {"blur"}
    assert ("1.JPG", "unreadable") in [(r.what, r.code) for r in refusals]


def series(frames, count, step_s, *, move=0.0):
    first = frames[0]
    return tuple(
        replace(
            first,
            id=f"{number:064x}",
            captured_at=first.captured_at + timedelta(seconds=number * step_s),
            pose=replace(first.pose, longitude=first.pose.longitude + number * move),
        )
        for number in range(count)
    )


def test_one_fix_on_many_frames_is_stale(mixed):
    frames = series(batch(mixed)[0], 6, 20.0)
    marked = mark_stale_fixes(frames)
    assert [frame.id for frame in marked] == [frame.id for frame in frames]
    assert {(f.pose, f.unlocated) for f in marked} == {(None, "stale_fix")}
    assert all("same position" in frame.repairs[-1] for frame in marked)


@pytest.mark.parametrize(
    ("count", "step_s", "move"), [(4, 60.0, 0.0), (7, 2.0, 0.0), (9, 60.0, 1e-7)]
)
def test_a_burst_and_a_moving_drone_are_not_stale(mixed, count, step_s, move):
    frames = series(batch(mixed)[0], count, step_s, move=move)
    assert mark_stale_fixes(frames) == frames


def test_one_fix_without_times_is_stale(mixed):
    frames = series(batch(mixed)[0], 5, 0.0)
    untimed = tuple(replace(frame, captured_at=None) for frame in frames)
    assert {f.unlocated for f in mark_stale_fixes(untimed)} == {"stale_fix"}


def test_the_real_brighton_flight_is_taken_in(shared, tmp_path):
    files, refused = list_batch(shared / "data/georef_brighton/images", tmp_path)
    stated = ReadSettings(altitudes=VerticalDatum.LOCAL, time_zone="America/Chicago")
    frames, refusals, duplicates = frames_of_batch(files, stated, sharp, NOW)
    assert (len(frames), refused, refusals, duplicates) == (10, (), (), ())
    turned = [frame for frame in frames if frame.turned_deg == 180]
    assert [frame.file for frame in turned] == ["DJI_0025.JPG"]
    assert "turned back" in turned[0].repairs[0]
    for frame in frames:
        assert frame.camera.width_px == 2000
        assert frame.camera.focal_x_px / 2000 == pytest.approx(0.585, abs=0.01)
        assert frame.pose.latitude == pytest.approx(46.8427, abs=0.0005)
        assert frame.pose.longitude == pytest.approx(-91.994, abs=0.0005)
        assert frame.pose.height_m == pytest.approx(198.6, abs=0.2)
        assert frame.pose.pitch_deg == pytest.approx(-90, abs=0.2)
        assert frame.relative_altitude_m == pytest.approx(40.1, abs=0.2)
        assert frame.pose.sigma_v_m == 3.0
        assert frame.time_source is TimeSource.EXIF_WITH_ZONE
        assert frame.captured_at.date().isoformat() == "2016-06-23"
        assert frame.captured_at.hour == 21
