"""Truth and telegrams of a rehearsal: seeded, correlated, in keeping."""

from dataclasses import replace

import numpy as np
import pytest

from data.feeds.jma import read_telegram
from pipelines.drill import disaster, district, feeds
from pipelines.drill.geodesy import Anchor
from pipelines.drill.hidden import correlated_field, moved, states_over
from pipelines.drill.scenarios import OwnerErrors, find_scenario, read_rehearsal

MEDIANS = np.tile([0.2, 0.4, 0.8, 1.6], (3, 1))
BETAS = np.full((3, 4), 0.35)


def assets_of(rehearsal, seed):
    anchor = Anchor(
        longitude=rehearsal.anchor.longitude,
        latitude=rehearsal.anchor.latitude,
        ellipsoidal_height_m=0.0,
    )
    around = district.district_assets(rehearsal, np.random.default_rng(seed))
    return [*district.valley_assets(rehearsal.valley, anchor), *around]


def happened(name, seed):
    rehearsal = read_rehearsal(find_scenario(name))
    return disaster.happenings(rehearsal, assets_of(rehearsal, seed), seed)


def test_a_state_is_passed_when_shaking_exceeds_its_median() -> None:
    felt = np.array([0.1, 0.5, 2.0])
    states = states_over(felt, MEDIANS, BETAS, np.zeros(3), 0.0)
    assert states.tolist() == [0, 2, 4]


def test_a_stronger_kind_is_never_damaged_more() -> None:
    felt, own = np.array([0.3, 0.5, 1.0]), np.array([-1.0, 0.0, 1.0])
    weak = states_over(felt, MEDIANS, BETAS, own, -0.4)
    strong = states_over(felt, MEDIANS, BETAS, own, 0.4)
    assert (strong <= weak).all()


def test_near_places_shake_alike_and_far_ones_less_so() -> None:
    longitude, latitude = np.array([137.0, 137.01, 138.5]), np.full(3, 37.0)
    rng = np.random.default_rng(1)
    draws = np.array([correlated_field(longitude, latitude, rng) for _ in range(4000)])
    apart = np.corrcoef(draws.T)
    # .3 + .7 exp(-0.89 / 15) and .3 + .7 exp(-133 / 15)
    assert apart[0, 1] == pytest.approx(0.96, abs=0.02)
    assert apart[0, 2] == pytest.approx(0.30, abs=0.05)
    assert draws.std(axis=0) == pytest.approx(1.0, abs=0.04)


def test_the_same_seed_is_the_same_disaster_and_another_is_not() -> None:
    first, again, other = (happened("inland_m7", seed) for seed in (3, 3, 4))
    assert first == again
    assert first[0].grades != other[0].grades
    assert first[0].message[1] != other[0].message[1]


def test_damage_only_accumulates_over_two_quakes() -> None:
    one, two = happened("two_quakes", 1)
    assert all(two.grades[name] >= grade for name, grade in one.grades.items())
    assert one.told_at < two.told_at


def test_the_telegram_is_a_drill_our_reader_understands() -> None:
    message = happened("inland_m7", 1)[0].message
    event = read_telegram(message[1], name=message[0])
    assert event.status.value == "drill" or "訓練" in str(event.status.value)
    assert event.hypocentre.magnitude_mj == 7.2
    assert len(event.observed) > 10


def test_over_eight_is_told_as_jma_tells_it() -> None:
    message = happened("interface_m9", 1)[0].message
    event = read_telegram(message[1], name=message[0])
    assert event.hypocentre.magnitude_mj is None
    assert event.hypocentre.magnitude_at_least == 8.0


def test_half_of_the_towns_are_not_heard_of() -> None:
    whole, half = (
        happened(name, 2)[0].message[1] for name in ("inland_m7", "half_feeds")
    )
    towns = [text.count(b"<City>") for text in (whole, half)]
    assert 0.2 * towns[0] < towns[1] < 0.8 * towns[0]


def test_a_lying_tower_tears_its_spans() -> None:
    last = happened("turned_drone", 1)[-1].grades
    assert last["NOTO-L1-T4"] == 4
    assert last["NOTO-L1-S3"] == 4


def test_owners_err_as_the_scenario_says() -> None:
    rehearsal = read_rehearsal(find_scenario("inland_m7"))
    around = [a for a in assets_of(rehearsal, 1) if a.id.startswith("NOTO-D-")]
    features = district.district_features(around)
    exact = OwnerErrors(offset_sigma_m=0.0, years_missing=0.0, duplicates=0)
    kept, none = district.with_errors(
        features, replace(rehearsal, owners=exact), np.random.default_rng(1)
    )
    assert kept == features
    assert none == {}
    wrong = OwnerErrors(offset_sigma_m=5.0, years_missing=1.0, duplicates=3)
    listed, twins = district.with_errors(
        features, replace(rehearsal, owners=wrong), np.random.default_rng(1)
    )
    assert len(listed) == len(features) + 3
    assert set(twins.values()) <= {a.id for a in around}
    assert {f["properties"]["year"] for f in listed} == {None}


def test_a_metre_is_a_metre() -> None:
    asset = district.valley_assets(
        read_rehearsal(find_scenario("inland_m7")).valley,
        Anchor(longitude=136.95, latitude=37.25, ellipsoidal_height_m=0.0),
    )[0]
    # 1 degree of latitude is 110.96 km at 37 degrees north (GRS80)
    assert moved(asset, 0.0, 1000.0).latitude - asset.latitude == pytest.approx(
        1 / 110.96, rel=0.01
    )


def test_jma_classes_begin_at_their_edges() -> None:
    # JMA 震度階級: 5弱 from 4.5, 5強 5.0, 6弱 5.5, 6強 6.0, 7 6.5
    edges = [4.49, 4.5, 5.0, 5.5, 6.0, 6.5]
    told = [feeds.jma_class(edge) for edge in edges]
    assert told == ["4", "5-", "5+", "6-", "6+", "7"]
