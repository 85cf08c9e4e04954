"""Typhoons in an operation: towers, ranks, words, and what earthquakes left."""

import runpy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.evidence import REFERENCE
from data.feeds.fields import event_of_track
from data.feeds.tracks import (
    Averaging,
    OneMinuteWind,
    TenMinuteWind,
    Track,
    TrackPoint,
)
from data.fragility import after_another
from data.operation import EventKind, Hypocentre, MessageType
from data.owner_rules import WindRules
from data.tables import ASSETS, BELIEFS, check_table, table_from_rows
from data.tower_fragility import tower_chances, tower_curve
from geo.storm import Storm, minute_by_minute, motion_m_s
from geo.wind import greatest_wind
from pipelines.expected import expected_state, last_hazards
from pipelines.quakes import Surroundings
from pipelines.wind_at import blown, last_winds, typhoons_of

START = datetime(2026, 9, 8, tzinfo=UTC)
KINDS = ("bridge", "dam", "tower", "span", "substation", "link")


def a_track(*, wind=55.0, averaging=Averaging.TEN_MINUTES, pressure=930.0):
    """Northwards along 140 E, from 32 N to 38 N in a day."""
    kind = TenMinuteWind if averaging is Averaging.TEN_MINUTES else OneMinuteWind
    return Track(
        id="T2026",
        averaging=averaging,
        points=tuple(
            TrackPoint(
                at=START + timedelta(hours=6 * k),
                longitude=140.0,
                latitude=32.0 + 1.5 * k,
                pressure_hpa=pressure,
                wind=None if wind is None else kind(m_s=wind),
            )
            for k in range(5)
        ),
        sha256="2" * 64,
    )


TRACK = a_track()
TYPHOON = event_of_track(TRACK, real=True)
CASES = runpy.run_path(str(Path(__file__).parents[1] / "quake_cases.py"))
QUAKE = replace(
    CASES["QUAKE"],
    id="20260901000000",
    reported_at=START - timedelta(days=7),
    origin_at=START - timedelta(days=7),
    hypocentre=Hypocentre(
        longitude=140.2,
        latitude=35.0,
        depth_km=10.0,
        magnitude_mj=7.5,
        magnitude_at_least=None,
        region="千葉県北西部",
    ),
)


def asset(identifier, kind, *, longitude=140.3, latitude=35.0, **more):
    line = shapely.LineString([(longitude, latitude), (longitude + 1.0, latitude)])
    point = shapely.Point(longitude, latitude)
    return {
        "id": identifier,
        "kind": kind,
        "geometry": shapely.to_wkb(line if kind == "link" else point),
        "longitude": longitude + (0.5 if kind == "link" else 0.0),
        "latitude": latitude,
        "importance": 3.0,
        **more,
    }


def tables(*rows):
    return table_from_rows(rows, ASSETS)


def around(track=TRACK, **more):
    return Surroundings(tracks={TYPHOON.id: track}, **more)


def expected(assets, events=(TYPHOON,), surroundings=None):
    found = expected_state(assets, events, surroundings or around())
    check_table(found, BELIEFS, "beliefs")
    return {row["asset_id"]: row for row in found.to_pylist()}


def states_of(row):
    return np.array([row[f"p_{k}"] for k in range(5)])


def test_a_typhoon_gives_towers_a_state_and_every_kind_its_wind():
    rows = expected(tables(*(asset(kind, kind) for kind in KINDS)))
    for kind in KINDS:
        assert (rows[kind]["hazard_kind"], rows[kind]["hazard_unit"]) == (
            "wind_10min",
            "m/s",
        )
        assert 30.0 < rows[kind]["hazard"] <= 0.8 * 55.0
        assert rows[kind]["in_plan"] is (kind in ("tower", "span", "link"))
    tower = rows["tower"]
    assert (tower["fragility_ref"], tower["prior_source"]) == ("tower JP", "fragility")
    assert 0.0 < tower["p_3"] + tower["p_4"] < 0.4
    assert tower["p_severe_low"] < tower["p_3"] + tower["p_4"] < tower["p_severe_high"]
    assert states_of(rows["span"]) == pytest.approx(REFERENCE, abs=1e-6)
    for kind in ("bridge", "dam", "substation", "link"):
        assert (rows[kind]["expected"], rows[kind]["p_0"]) == (-1, None)
    assert rows["link"]["priority"] > 0.0


def test_words_name_typhoon_wind_and_curve_in_both_languages():
    row = expected(tables(asset("T", "tower", design_wind_m_s=36.0)))["T"]
    assert "typhoon T2026" in row["reasons_en"][0]
    assert "of the design wind of 36 m/s" in row["reasons_en"][0]
    assert "台風T2026" in row["reasons_ja"][0]
    assert row["reasons_en"][-1] == "damage curve tower JP (wind over design wind)"
    assert len(row["reasons_ja"]) == len(row["reasons_en"])


def test_a_stronger_tower_is_less_likely_to_fall():
    weak, strong = (
        asset("W", "tower", design_wind_m_s=36.0),
        asset("S", "tower", design_wind_m_s=50.0),
    )
    rows = expected(tables(weak, strong))
    assert rows["W"]["p_4"] > rows["S"]["p_4"]
    assert rows["W"]["hazard"] == rows["S"]["hazard"]


def test_the_owners_rules_of_wind_count():
    assets = tables(asset("T", "tower"))
    plain = expected(assets)["T"]
    weaker = around(wind=WindRules(design_wind_m_s=30.0))
    assert expected(assets, surroundings=weaker)["T"]["p_4"] > plain["p_4"]
    at_sea = around(wind=WindRules(land_factor=1.0))
    wind = expected(assets, surroundings=at_sea)["T"]["hazard"]
    assert wind == pytest.approx(plain["hazard"] / 0.8, rel=1e-6)
    steep = around(wind=WindRules(tower_curve="WISTL-suspension"))
    assert (
        expected(assets, surroundings=steep)["T"]["fragility_ref"]
        == "tower WISTL-suspension"
    )
    late = around(wind=WindRules(trigger_ratio=5.0))
    assert expected(assets, surroundings=late)["T"]["in_plan"] is False


def test_one_minute_winds_blow_less_hard_and_the_reasons_say_so():
    assets = tables(asset("T", "tower"))
    one = around(a_track(averaging=Averaging.ONE_MINUTE))
    row = expected(assets, surroundings=one)["T"]
    assert row["hazard"] < expected(assets)["T"]["hazard"]
    assert any("1-min winds: taken x 0.93" in words for words in row["reasons_en"])


def test_far_from_the_storm_a_tower_is_whole_and_not_in_the_plan():
    row = expected(tables(asset("T", "tower", longitude=125.0)))["T"]
    assert row["p_0"] == pytest.approx(1.0)
    assert (row["in_plan"], row["na_reason"]) == (False, "not_in_plan")
    assert row["hazard"] == 0.0
    assert row["reasons_en"] == ["estimated wind below what puts this kind in the plan"]


def test_an_earthquake_and_a_typhoon_leave_the_worse_of_both():
    assets = tables(*(asset(kind, kind) for kind in KINDS))
    quake = expected(assets, (QUAKE,), Surroundings())
    wind = expected(assets)
    both = expected(assets, (QUAKE, TYPHOON))
    joined = after_another(
        states_of(quake["tower"])[None], states_of(wind["tower"])[None]
    )[0]
    assert states_of(both["tower"]) == pytest.approx(joined, abs=1e-6)
    assert both["tower"]["prior_source"] == "carried"
    for kind in ("bridge", "substation", "dam"):
        assert both[kind] == quake[kind]
    assert any("typhoon" in words for words in both["tower"]["reasons_en"])
    assert any("epicentre" in words for words in both["tower"]["reasons_en"])
    assert both["link"]["priority"] > quake["link"]["priority"]


def test_a_quake_far_from_the_towers_adds_no_reference_damage_to_the_wind():
    far = replace(QUAKE, hypocentre=replace(QUAKE.hypocentre, latitude=44.0))
    assets = tables(asset("T", "tower"))
    both = expected(assets, (far, TYPHOON))["T"]
    assert states_of(both) == pytest.approx(states_of(expected(assets)["T"]))


def test_a_track_without_strength_estimates_nothing_and_says_so():
    blank = around(a_track(wind=None, pressure=None))
    row = expected(tables(asset("T", "tower")), surroundings=blank)["T"]
    assert row["in_plan"] is True
    assert row["reasons_en"] == [
        "no strength of the typhoon yet: wind cannot be estimated"
    ]
    assert row["hazard"] is None


def test_a_withdrawn_typhoon_blows_nothing():
    gone = replace(TYPHOON, message_type=MessageType.CANCELLATION)
    assert typhoons_of((gone,), {TYPHOON.id: TRACK}) == ()
    assert TYPHOON.kind is EventKind.TYPHOON


def test_a_look_before_the_wind_is_older_than_the_last_hazard():
    near, far = asset("N", "tower"), asset("F", "tower", longitude=125.0)
    found = last_hazards(tables(near, far), (QUAKE, TYPHOON), around()).to_pylist()
    times = {row["asset_id"]: row["at"] for row in found}
    # the centre passes 35 N after 12 h
    assert abs(times["N"] - (START + timedelta(hours=12))) < timedelta(hours=1)
    assert "F" not in times


def test_a_link_is_blown_on_where_it_is_blown_on_hardest():
    rules = WindRules()
    (typhoon,) = typhoons_of((TYPHOON,), {TYPHOON.id: TRACK})
    link = asset("L", "link", longitude=139.0, latitude=35.0)
    towers = [asset(f"T{k}", "tower", longitude=139.0 + 0.01 * k) for k in range(101)]
    found = blown(tables(link, *towers), (typhoon,), rules)
    assert found.wind_m_s[0] == pytest.approx(found.wind_m_s[1:].max(), rel=0.01)
    assert found.ratio == pytest.approx(found.wind_m_s / 40.0)


def test_of_two_typhoons_the_harder_counts_and_the_later_is_the_last():
    rules = WindRules()
    weak = replace(TYPHOON, id="A", origin_at=START + timedelta(days=3))
    later = a_track(wind=45.0)
    later = Track(
        id="LATER",
        averaging=later.averaging,
        points=tuple(
            replace(point, at=point.at + timedelta(days=3)) for point in later.points
        ),
        sha256="3" * 64,
    )
    typhoons = typhoons_of((weak, TYPHOON), {"A": later, TYPHOON.id: TRACK})
    assets = tables(asset("T", "tower"))
    found = blown(assets, typhoons, rules)
    alone = blown(assets, typhoons[:1], rules)
    assert found.wind_m_s[0] == alone.wind_m_s[0]
    assert typhoons[found.typhoon[0]].track_id == "T2026"
    assert last_winds(assets, typhoons, rules)["T"] > START + timedelta(days=3)


def test_a_storm_like_faxai_topples_fewer_than_ten_of_240000_towers(shared):
    # 40 m/s, 30 km, B 1.3, land factor .8; every tenth of the towers, around cities
    times, even = np.arange(5) * 6.0 * 3600.0, np.ones(5)
    longitude = np.array([138.0, 138.9, 139.9, 140.9, 142.4])
    latitude = np.array([32.6, 34.0, 35.5, 36.6, 37.6])
    motion = motion_m_s(times, longitude, latitude)
    storm = Storm(
        elapsed_s=times,
        longitude=longitude,
        latitude=latitude,
        wind_m_s=40.0 * even,
        rmw_km=30.0 * even,
        b=1.3 * even,
        east_m_s=motion[:, 0],
        north_m_s=motion[:, 1],
        wind_sigma_ln=0.1 * even,
    )
    path = shared / "data/reference/jma_city_centroid.csv"
    cities = np.genfromtxt(
        path, delimiter=",", skip_header=1, usecols=(3, 2), encoding="utf-8-sig"
    )
    rng = np.random.default_rng(10)
    towers = cities[rng.integers(0, len(cities), 24_000)]
    towers += rng.normal(0, 0.1, towers.shape)
    wind = greatest_wind(
        minute_by_minute(storm), towers[:, 0], towers[:, 1], land_factor=0.8
    )
    states = tower_chances(
        wind.median_m_s / 40.0,
        curve=tower_curve("JP"),
        sigma_ln=np.nan_to_num(wind.sigma_ln),
        shared_sigma_ln=np.nan_to_num(wind.shared_sigma_ln),
    ).states
    assert wind.median_m_s.max() == pytest.approx(32.0, rel=0.01)
    assert 1.0 < 10.0 * states[:, 3:].sum() < 10.0
