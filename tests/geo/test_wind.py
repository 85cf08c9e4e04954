"""Wind at places: the profile, the passage, and what must hold for every storm."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.feeds.tracks import Averaging, read_track
from geo.storm import (
    TEN_OVER_ONE_MINUTE,
    Storm,
    fixes_of,
    minute_by_minute,
    storm_from_fixes,
)
from geo.wind import (
    LAND_FACTOR,
    REACH_KM,
    greatest_wind,
    holland_profile,
    wind_over_sea,
)

KM_PER_DEGREE = 6371.0 * np.pi / 180.0


def a_storm(*, wind=40.0, rmw=30.0, b=1.3, east=0.0, north=0.0, latitude=35.0):
    """A storm at one time, at 140 E."""
    one = np.ones(1)
    return Storm(
        elapsed_s=0.0 * one,
        longitude=140.0 * one,
        latitude=latitude * one,
        wind_m_s=wind * one,
        rmw_km=rmw * one,
        b=b * one,
        east_m_s=east * one,
        north_m_s=north * one,
        wind_sigma_ln=0.1 * one,
    )


def ring(storm, radius_km, bearings_deg):
    """Places at distances from the centre, by the sphere and not by our formula."""
    a = np.radians(bearings_deg)
    r = np.asarray(radius_km) / 6371.0
    y0, x0 = np.radians(storm.latitude[0]), np.radians(storm.longitude[0])
    y = np.arcsin(np.sin(y0) * np.cos(r) + np.cos(y0) * np.sin(r) * np.cos(a))
    x = x0 + np.arctan2(
        np.sin(a) * np.sin(r) * np.cos(y0), np.cos(r) - np.sin(y0) * np.sin(y)
    )
    return np.degrees(x), np.degrees(y)


def all_around(storm):
    radius, bearing = np.meshgrid(
        storm.rmw_km[0] * np.linspace(0.2, 3.0, 60), np.arange(0.0, 360.0, 3.0)
    )
    return ring(storm, radius.ravel(), bearing.ravel())


def test_the_profile_by_hand():
    # no rotation, r = 2 rmw, B = 1: x = .5, V = 50 sqrt(.5 exp(.5)) = 45.40
    two = holland_profile(
        np.array([60.0]),
        peak_m_s=np.array([50.0]),
        rmw_km=np.array([30.0]),
        b=np.array([1.0]),
        f_1_s=np.array([0.0]),
    )
    assert two == pytest.approx(45.40, abs=0.01)


@given(st.floats(15.0, 80.0), st.floats(10.0, 100.0), st.floats(0.8, 2.5))
@settings(deadline=None)
def test_the_wind_at_its_radius_is_the_given_one(peak, rmw, b):
    here = holland_profile(
        np.array([rmw]),
        peak_m_s=np.array([peak]),
        rmw_km=np.array([rmw]),
        b=np.array([b]),
        f_1_s=np.array([8.4e-5]),
    )
    assert here == pytest.approx(peak, rel=1e-12)


@given(
    st.floats(15.0, 60.0),
    st.floats(15.0, 60.0),
    st.floats(0.9, 2.2),
    st.floats(-15.0, 15.0),
    st.floats(-15.0, 15.0),
    st.sampled_from([-35.0, 20.0, 40.0]),
)
@settings(deadline=None, max_examples=60)
def test_the_peak_of_the_field_is_the_wind_of_the_track(wind, rmw, b, u, v, latitude):
    storm = a_storm(wind=wind, rmw=rmw, b=b, east=u, north=v, latitude=latitude)
    peak = wind_over_sea(storm, 0, *all_around(storm)).max()
    assert 0.97 * wind <= peak <= 1.15 * wind


@pytest.mark.parametrize(("latitude", "stronger"), [(35.0, 90.0), (-35.0, 270.0)])
def test_the_side_where_wind_and_motion_agree_is_stronger(latitude, stronger):
    # northward motion: the right side in the north, the left in the south
    storm = a_storm(north=10.0, latitude=latitude)
    bearings = np.array([stronger, (stronger + 180.0) % 360.0])
    right, left = wind_over_sea(storm, 0, *ring(storm, [30.0, 30.0], bearings))
    assert right - left == pytest.approx(2 * 0.56 * 10.0, rel=0.03)


def test_a_storm_that_stands_still_is_round():
    storm = a_storm()
    winds = wind_over_sea(storm, 0, *ring(storm, [80.0] * 12, np.arange(12) * 30.0))
    assert winds == pytest.approx(winds.mean(), rel=2e-3)


def test_open_land_has_the_stated_share_of_the_wind_over_the_sea():
    storm = a_storm()
    places = ring(storm, [30.0, 60.0], np.array([10.0, 200.0]))
    sea = greatest_wind(storm, *places, land_factor=1.0)
    land = greatest_wind(storm, *places)
    assert land.median_m_s == pytest.approx(LAND_FACTOR * sea.median_m_s)
    assert list(land.sigma_ln) == list(sea.sigma_ln)


def test_beyond_the_reach_there_is_no_wind_and_no_spread():
    storm = a_storm()
    near, far = REACH_KM - 20.0, REACH_KM + 20.0
    found = greatest_wind(storm, *ring(storm, [near, far], np.array([90.0, 90.0])))
    assert 0.0 < found.median_m_s[0] < 8.0
    assert found.median_m_s[1] == 0.0
    assert np.isnan(found.sigma_ln[1])
    assert np.isnan(found.at_s[1])


def test_no_places_have_no_wind():
    assert len(greatest_wind(a_storm(), np.empty(0), np.empty(0)).median_m_s) == 0


def test_the_passage_is_the_maximum_over_its_steps(shared):
    path = shared / "data/events/tracks/JEBI2018_wmo.csv"
    track = read_track(path.read_bytes(), name=path.name)
    storm = minute_by_minute(storm_from_fixes(fixes_of(track)), step_s=3600.0)
    rng = np.random.default_rng(3)
    longitude, latitude = rng.uniform(131, 140, 40), rng.uniform(31, 38, 40)
    found = greatest_wind(storm, longitude, latitude, land_factor=1.0)
    every = np.array(
        [
            wind_over_sea(storm, step, longitude, latitude)
            for step in range(len(storm.elapsed_s))
        ]
    )
    assert found.median_m_s == pytest.approx(every.max(axis=0), rel=1e-12)
    assert list(found.at_s) == list(storm.elapsed_s[every.argmax(axis=0)])


def test_what_stands_beside_a_place_changes_nothing():
    storm = a_storm(east=5.0, north=8.0)
    rng = np.random.default_rng(4)
    longitude, latitude = rng.uniform(128, 150, 300), rng.uniform(25, 45, 300)
    whole = greatest_wind(storm, longitude, latitude)
    for part in (slice(0, 7), slice(7, 160), slice(160, 300)):
        alone = greatest_wind(storm, longitude[part], latitude[part])
        assert alone.median_m_s == pytest.approx(whole.median_m_s[part], rel=1e-13)


def test_ten_minute_steps_miss_nothing_of_a_passage():
    motion = 20.0 * 3600.0 / 1000.0 / KM_PER_DEGREE
    hours = np.arange(9.0)
    even = np.ones(9)
    storm = Storm(
        elapsed_s=3600.0 * hours,
        longitude=140.0 * even,
        latitude=32.0 + motion * hours,
        wind_m_s=40.0 * even,
        rmw_km=30.0 * even,
        b=1.3 * even,
        east_m_s=0.0 * even,
        north_m_s=20.0 * even,
        wind_sigma_ln=0.1 * even,
    )
    longitude, latitude = np.linspace(139.0, 141.0, 81), np.full(81, 34.6)
    coarse = greatest_wind(minute_by_minute(storm), longitude, latitude)
    exact = greatest_wind(minute_by_minute(storm, step_s=20.0), longitude, latitude)
    assert coarse.median_m_s == pytest.approx(exact.median_m_s, rel=0.025)


@given(st.floats(15.0, 700.0), st.floats(0.0, 359.0))
@settings(deadline=None)
def test_shared_spread_is_a_part_of_the_whole(distance, bearing):
    storm = a_storm(east=5.0)
    found = greatest_wind(storm, *ring(storm, [distance], np.array([bearing])))
    assert 0.1 <= found.shared_sigma_ln[0] < found.sigma_ln[0] < 0.8


def test_the_spread_is_that_of_drawn_storms_away_from_the_eye():
    storm, rng = a_storm(), np.random.default_rng(5)
    place = ring(storm, [90.0], np.array([60.0]))
    drawn = []
    for _ in range(4000):
        one = a_storm(
            wind=40.0 * np.exp(rng.normal(0, 0.1)),
            rmw=30.0 * np.exp(rng.normal(0, 0.3)),
            b=1.3 * np.exp(rng.normal(0, 0.2)),
        )
        moved = rng.normal(0, 15.0) / KM_PER_DEGREE / np.cos(np.radians(35.0))
        one = replace(one, longitude=one.longitude + moved)
        drawn.append(np.log(wind_over_sea(one, 0, *place)[0]))
    found = greatest_wind(storm, *place)
    assert found.shared_sigma_ln[0] == pytest.approx(np.std(drawn), rel=0.2)


@pytest.mark.parametrize("agency", ["wmo", "jtwc"])
@pytest.mark.parametrize("name", ["HAGIBIS2019", "JEBI2018"])
def test_the_field_of_a_real_storm_peaks_at_its_agencys_own_wind(shared, name, agency):
    path = shared / f"data/events/tracks/{name}_{agency}.csv"
    track = read_track(path.read_bytes(), name=path.name)
    one_minute = track.averaging is Averaging.ONE_MINUTE
    factor = TEN_OVER_ONE_MINUTE if one_minute else 1.0
    storm = storm_from_fixes(fixes_of(track))
    start, seen = track.points[0].at, 0
    for point in track.points:
        if point.wind is None or point.wind.m_s == 0.0:
            continue
        at = (point.at - start).total_seconds()
        step = int(np.flatnonzero(storm.elapsed_s == at)[0])
        alone = replace(
            storm,
            **{
                field: getattr(storm, field)[step : step + 1]
                for field in Storm.__dataclass_fields__
            },
        )
        peak = wind_over_sea(alone, 0, *all_around(alone)).max() / factor
        assert peak == pytest.approx(point.wind.m_s, rel=0.15)
        seen += 1
    assert seen >= 30
