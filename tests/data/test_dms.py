"""Angles in every way owners write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.dms import angle_from

TOKYO_STATION = 35 + 40 / 60 + 52.3 / 3600


@pytest.mark.parametrize(
    "text",
    [
        "35°40'52.3\"N",
        "35°40′52.3″",
        "北緯35度40分52.3秒",
        "３５度４０分５２．３秒",
        "N35-40-52.3",
        "35-40-52.3",
        "35:40:52.3",
        "35 40 52.3",
        "35.40.52.3",
        "354052.3",
        "３５４０５２．３",
        "35゜40’52.3”",
        "35.68119444444444",
    ],
)
def test_one_place_in_many_ways(text):
    assert angle_from(text) == pytest.approx(TOKYO_STATION, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("1394601.5", 139 + 46 / 60 + 1.5 / 3600),
        ("東経139度46分", 139 + 46 / 60),
        ("139°46.025'E", 139 + 46.025 / 60),
        ("33°51'S", -33.85),
        ("-139.75", -139.75),
        ("W139.75", -139.75),
        ("1.3975e2", 139.75),
        ("0", 0.0),
    ],
)
def test_angles_of_other_forms(text, degrees):
    assert angle_from(text) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize(
    "text",
    [
        *("", "不明", "35-75-00", "35°40'61\"", "356052.3", "N35N", "35,68"),
        *("-44364.78", "35.5°40'", "35-40-52-10", "nan", "inf", "1e999", "°"),
        "9" * 400,
    ],
)
def test_what_is_no_angle_is_none(text):
    assert angle_from(text) is None


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 599_999))
def test_written_and_packed_seconds_come_back(degrees, minutes, ten_thousandths):
    seconds = ten_thousandths / 10_000
    expected = degrees + minutes / 60 + seconds / 3600
    assert angle_from(f"{degrees}°{minutes}'{seconds:.4f}\"") == pytest.approx(expected)
    packed = f"{degrees:03d}{minutes:02d}{seconds:07.4f}"
    if degrees >= 1:  # below, a packed number is small enough for degrees
        assert angle_from(packed) == pytest.approx(expected)


@given(st.text(max_size=40))
def test_any_text_is_an_angle_or_none(text):
    found = angle_from(text)
    assert found is None or abs(found) < 1000
