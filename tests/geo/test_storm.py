"""A storm from its track: radius, shape and motion, and what is not known of them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidRecordError
from data.feeds.tracks import (
    Averaging,
    OneMinuteWind,
    TenMinuteWind,
    Track,
    TrackPoint,
    read_track,
)
from geo.storm import (
    AVERAGING_SIGMA_LN,
    B_HIGH,
    B_LOW,
    PRESSURE_WIND_SIGMA_LN,
    WIND_SIGMA_LN,
    Fixes,
    fixes_of,
    minute_by_minute,
    motion_m_s,
    rmw_km,
    storm_from_fixes,
)

HOUR = 3600.0
START = datetime(2019, 9, 8, tzinfo=UTC)


def some_fixes(wind, pressure, *, longitude=(138.0, 139.0, 140.0)):
    return Fixes(
        elapsed_s=np.arange(len(wind)) * 6.0 * HOUR,
        longitude=np.array(longitude),
        latitude=np.array([30.0, 31.5, 33.0]),
        wind_m_s=np.array(wind),
        pressure_hpa=np.array(pressure),
    )


def a_track(averaging, winds):
    return Track(
        id="T1",
        averaging=averaging,
        points=tuple(
            TrackPoint(
                at=START + timedelta(hours=6 * k),
                longitude=138.0 + k,
                latitude=30.0 + k,
                pressure_hpa=960.0,
                wind=wind,
            )
            for k, wind in enumerate(winds)
        ),
        sha256="0" * 64,
    )


def test_radius_of_willoughby_by_hand():
    # 46.4 exp(-.0155 x 40 + .0169 x 25) = 46.4 x exp(-.1975) = 38.08 km
    assert rmw_km(np.array([40.0]), np.array([25.0])) == pytest.approx(38.08, abs=0.01)


@given(st.floats(10.0, 80.0), st.floats(0.0, 45.0), st.floats(1.0, 20.0))
@settings(deadline=None)
def test_stronger_storms_are_smaller_and_northern_ones_larger(wind, latitude, more):
    one = rmw_km(np.array([wind]), np.array([latitude]))
    assert rmw_km(np.array([wind + more]), np.array([latitude])) < one
    assert rmw_km(np.array([wind]), np.array([latitude + more])) > one
    assert rmw_km(np.array([wind]), np.array([-latitude])) == one


def test_one_minute_winds_become_ten_minute_winds_by_the_factor_of_the_wmo():
    ten = fixes_of(a_track(Averaging.TEN_MINUTES, [TenMinuteWind(m_s=40.0)] * 2))
    one = fixes_of(a_track(Averaging.ONE_MINUTE, [OneMinuteWind(m_s=40.0)] * 2))
    assert list(ten.wind_m_s) == [40.0, 40.0]
    assert one.wind_m_s == pytest.approx([37.2, 37.2])
    assert ten.wind_sigma_ln == WIND_SIGMA_LN
    assert one.wind_sigma_ln == pytest.approx(
        np.hypot(WIND_SIGMA_LN, AVERAGING_SIGMA_LN)
    )


def test_a_blank_wind_comes_from_the_pressure_and_is_less_certain():
    storm = storm_from_fixes(some_fixes([40.0, np.nan, 40.0], [950.0] * 3))
    assert storm.wind_m_s[[0, 2]] == pytest.approx([40.0, 40.0])
    assert 25.0 < storm.wind_m_s[1] < 55.0
    assert storm.wind_sigma_ln[1] == PRESSURE_WIND_SIGMA_LN > storm.wind_sigma_ln[0]


@given(st.floats(880.0, 1000.0), st.floats(1.0, 9.0))
@settings(deadline=None)
def test_a_lower_pressure_never_means_less_wind(pressure, lower):
    nothing = [np.nan] * 3
    weak = storm_from_fixes(some_fixes(nothing, [pressure] * 3))
    strong = storm_from_fixes(some_fixes(nothing, [pressure - lower] * 3))
    assert (strong.wind_m_s > weak.wind_m_s).all()


def test_a_time_between_known_strengths_is_bridged_and_the_ends_are_cut_off():
    fixes = some_fixes([np.nan, 30.0, np.nan], [np.nan] * 3)
    assert list(storm_from_fixes(fixes).wind_m_s) == [30.0]
    fixes = some_fixes([20.0, np.nan, 40.0], [np.nan] * 3)
    assert list(storm_from_fixes(fixes).wind_m_s) == [20.0, 30.0, 40.0]


def test_a_track_that_tells_no_strength_is_refused():
    with pytest.raises(InvalidRecordError, match="neither wind nor pressure"):
        storm_from_fixes(some_fixes([np.nan] * 3, [np.nan] * 3))


def test_times_that_do_not_rise_are_refused():
    fixes = some_fixes([30.0] * 3, [950.0] * 3)
    fixes.elapsed_s[2] = fixes.elapsed_s[1]
    with pytest.raises(InvalidRecordError, match="do not rise"):
        storm_from_fixes(fixes)


@given(
    st.lists(st.floats(5.0, 80.0), min_size=3, max_size=3),
    st.lists(st.floats(880.0, 1020.0), min_size=3, max_size=3),
)
@settings(deadline=None)
def test_no_track_makes_a_storm_of_impossible_shape(wind, pressure):
    storm = storm_from_fixes(some_fixes(wind, pressure))
    assert ((storm.b >= B_LOW) & (storm.b <= B_HIGH)).all()
    assert ((storm.rmw_km > 5.0) & (storm.rmw_km < 150.0)).all()


def test_holland_b_by_hand():
    # standing still: 41 m/s over .837 = 48.99 aloft; rmw = 46.4 exp(-.7593 + .507)
    # = 36.06 km; R f = 36058 x 7.2921e-5 = 2.629; deficit 60 hPa:
    # B = 48.99 x 51.61 x 1.15 x 2.71828 / 6000 = 1.317
    fixes = some_fixes([41.0] * 3, [950.0] * 3, longitude=(138.0, 138.0, 138.0))
    fixes.latitude[:] = 30.0
    storm = storm_from_fixes(fixes)
    assert storm.rmw_km[0] == pytest.approx(36.06, abs=0.02)
    assert storm.b[0] == pytest.approx(1.317, abs=0.002)


def test_motion_of_a_straight_track_by_hand():
    # 1 degree of latitude = 111.195 km in 6 h = 5.148 m/s
    times = np.arange(4) * 6.0 * HOUR
    motion = motion_m_s(times, np.full(4, 140.0), 30.0 + np.arange(4.0))
    assert motion[:, 1] == pytest.approx(5.148, abs=0.001)
    assert motion[:, 0] == pytest.approx(0.0, abs=1e-9)


def test_a_track_over_the_date_line_does_not_jump():
    fixes = some_fixes([30.0] * 3, [950.0] * 3, longitude=(179.0, -179.5, -178.0))
    storm = minute_by_minute(storm_from_fixes(fixes))
    assert np.abs(np.diff(storm.longitude)).max() < 0.1
    assert np.hypot(storm.east_m_s, storm.north_m_s).max() < 20.0


def test_short_steps_keep_every_fix_and_never_overshoot():
    fixes = some_fixes([30.0, 50.0, 20.0], [960.0, 930.0, 985.0])
    storm = storm_from_fixes(fixes)
    fine = minute_by_minute(storm)
    at = np.searchsorted(fine.elapsed_s, storm.elapsed_s)
    assert fine.wind_m_s[at] == pytest.approx(storm.wind_m_s)
    assert fine.longitude[at] == pytest.approx(storm.longitude)
    assert fine.wind_m_s.max() == pytest.approx(50.0)
    assert np.diff(fine.elapsed_s).max() <= 600.0
    assert (np.diff(fine.longitude) > 0.0).all()


@pytest.mark.parametrize("name", ["HAGIBIS2019", "JEBI2018"])
def test_pressure_alone_tells_real_winds_within_a_fifth(shared, name):
    path = shared / f"data/events/tracks/{name}_wmo.csv"
    fixes = fixes_of(read_track(path.read_bytes(), name=path.name))
    blind = Fixes(
        elapsed_s=fixes.elapsed_s,
        longitude=fixes.longitude,
        latitude=fixes.latitude,
        wind_m_s=np.full_like(fixes.wind_m_s, np.nan),
        pressure_hpa=fixes.pressure_hpa,
    )
    seen = dict(zip(fixes.elapsed_s, fixes.wind_m_s, strict=True))
    storm = storm_from_fixes(blind)
    ratio = [
        wind / seen[at]
        for at, wind in zip(storm.elapsed_s, storm.wind_m_s, strict=True)
        if seen[at] >= 17.0
    ]
    assert len(ratio) >= 29
    assert abs(np.log(ratio).mean()) < 0.15
    assert np.sqrt((np.log(ratio) ** 2).mean()) < PRESSURE_WIND_SIGMA_LN
