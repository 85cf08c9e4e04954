"""Typhoon tracks: real ones of two agencies, whose winds never mix."""

import pytest

from data.errors import InvalidRecordError, RefusedError
from data.feeds.fields import event_of_track
from data.feeds.tracks import (
    Averaging,
    OneMinuteWind,
    TenMinuteWind,
    Track,
    TrackPoint,
    is_track,
    read_track,
)
from data.operation import EventKind, EventStatus
from data.refusals import RefusalCode

TEN, ONE = Averaging.TEN_MINUTES, Averaging.ONE_MINUTE
CSV = """track_id,time,lat,lon,slp,tokyo_wind
2019278N16165,2019-10-12 06:00:00,33.5,138.4,945,80
2019278N16165,2019-10-12 00:00:00,31.9,137.8,940,
"""


def refusal_of(text, **options):
    with pytest.raises(RefusedError) as caught:
        read_track(text.encode(), name="t.csv", **options)
    assert caught.value.refusal.remedy
    return caught.value.refusal.code


@pytest.mark.parametrize(
    ("name", "averaging", "fastest_kt", "lowest_hpa", "points"),
    [
        ("HAGIBIS2019_wmo", TEN, 105, 915.0, 42),
        ("HAGIBIS2019_jtwc", ONE, 160, 890.0, 37),
        ("JEBI2018_wmo", TEN, 105, 915.0, 47),
        ("JEBI2018_jtwc", ONE, 155, 907.0, 36),
    ],
)
def test_real_tracks_are_read(shared, name, averaging, fastest_kt, lowest_hpa, points):
    content = (shared / f"data/events/tracks/{name}.csv").read_bytes()
    assert is_track(content)
    track = read_track(content, name=f"{name}.csv")
    winds = [point.wind.m_s for point in track.points if point.wind is not None]
    assert (track.averaging, len(track.points)) == (averaging, points)
    assert max(winds) == pytest.approx(fastest_kt * 0.514444, rel=1e-6)
    assert min(point.pressure_hpa or 1e4 for point in track.points) == lowest_hpa


def test_columns_go_by_name_and_points_by_time_and_blanks_are_none():
    track = read_track(CSV.encode(), name="t.csv")
    first, second = track.points
    assert (first.longitude, first.latitude) == (137.8, 31.9)
    assert first.wind is None
    assert second.wind == TenMinuteWind(m_s=80 * 1852 / 3600)
    assert first.at.isoformat() == "2019-10-12T00:00:00+00:00"


def test_east_of_180_is_taken_round():
    track = read_track(CSV.replace("138.4", "181.5").encode(), name="t.csv")
    assert track.points[1].longitude == -178.5


def test_winds_of_two_averaging_times_never_share_a_track():
    with pytest.raises(InvalidRecordError, match="convert it first"):
        Track(
            id="x",
            averaging=TEN,
            points=(
                TrackPoint(
                    at=read_track(CSV.encode(), name="t.csv").points[0].at,
                    longitude=138.0,
                    latitude=33.0,
                    pressure_hpa=None,
                    wind=OneMinuteWind(m_s=50.0),
                ),
            ),
            sha256="0" * 64,
        )
    with pytest.raises(TypeError):
        max(TenMinuteWind(m_s=1.0), OneMinuteWind(m_s=2.0))
    assert TenMinuteWind(m_s=1.0) != OneMinuteWind(m_s=1.0)


def test_averaging_is_said_by_somebody_or_the_file_is_refused():
    plain = CSV.replace("tokyo_wind", "wind")
    assert refusal_of(plain) is RefusalCode.SCHEMA
    assert read_track(plain.encode(), name="x.csv", averaging=ONE).averaging is ONE
    assert read_track(plain.encode(), name="x_jtwc.csv").averaging is ONE
    assert refusal_of(CSV, averaging=ONE) is RefusalCode.SCHEMA


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (",80", ",NaN", RefusalCode.OUT_OF_RANGE),
        (",80", ",-9999", RefusalCode.OUT_OF_RANGE),
        (",80", ",999", RefusalCode.OUT_OF_RANGE),
        (",945", ",94.5", RefusalCode.OUT_OF_RANGE),
        ("33.5", "", RefusalCode.SCHEMA),
        ("33.5", "133.5", RefusalCode.OUT_OF_RANGE),
        ("2019-10-12 06:00:00", "soon", RefusalCode.SCHEMA),
        ("2019-10-12 06:00:00", "2019-10-12 00:00:00", RefusalCode.SCHEMA),
        ("2019278N16165,2019-10-12 06", "../../x,2019-10-12 06", RefusalCode.BAD_ID),
        ("2019278N16165", "../../x", RefusalCode.BAD_ID),
        (",945,80", ",945", RefusalCode.TRUNCATED),
        ("time,lat", "when,lat", RefusalCode.SCHEMA),
        (CSV, "\x00", RefusalCode.SCHEMA),
    ],
)
def test_what_no_storm_has_is_refused_in_words(old, new, code):
    assert old in CSV
    assert refusal_of(CSV.replace(old, new)) is code


def test_a_typhoon_is_a_drill_unless_somebody_says_real():
    track = read_track(CSV.encode(), name="t.csv")
    event = event_of_track(track, real=False)
    assert (event.id, event.status) == ("drill-2019278N16165", EventStatus.DRILL)
    assert event.kind is EventKind.TYPHOON
    assert event.degraded == ("1 of 2 points of the track carry no wind",)
    assert event_of_track(track, real=True).id == "2019278N16165"
