"""Shaking given observations: laws, carried residuals, the 2008 chain."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.feeds.jma import read_telegram
from data.operation import Hypocentre, ObservedIntensity
from geo.conditioned_shaking import (
    CARRIED,
    conditioned,
    drawn,
    known_from,
    shaken_field,
)
from geo.equivalent_source import FITTED, equivalent_source
from geo.left_out import predict, score
from geo.observed import areas_observed, cities_observed, observations_of
from geo.residual_field import residual_at
from geo.residuals import covariance
from geo.shaking import (
    BETWEEN_EVENT_SHARE,
    Measure,
    hypocentre_in_jgd2011,
    reach_km,
    shaking_at,
)

DAY = date(2008, 6, 14)
INLAND = Hypocentre(
    longitude=140.88,
    latitude=39.03,
    depth_km=8.0,
    magnitude_mj=6.2,
    magnitude_at_least=None,
    region="岩手県内陸南部",
)
STATION = "北上市柳原町"
PLACE = np.array([141.1134]), np.array([39.2867])


def seen(low, high):
    station = ObservedIntensity(
        level="station", code="0320600", name=STATION, low=low, high=high
    )
    return observations_of([station], on=DAY)


def shaken(observed, longitude=PLACE[0], latitude=PLACE[1], source=INLAND):
    raw = shaking_at(source, longitude, latitude, measures=tuple(Measure))
    field = shaken_field(source, observed, 350.0, np.random.default_rng([1, 0]))
    return raw, conditioned(raw, residual_at(field, longitude, latitude))


def test_with_no_observations_the_field_is_the_raw_one():
    raw, found = shaken(observations_of([], on=DAY))
    for measure in Measure:
        assert found.median[measure] == pytest.approx(raw.median[measure])
        assert found.sigma[measure] == pytest.approx(raw.sigma[measure])


def test_a_class_that_covers_everything_changes_nothing():
    raw, found = shaken(seen(0.0, None))
    for measure in Measure:
        assert found.median[measure] == pytest.approx(raw.median[measure])


@given(st.floats(1.0, 6.0), st.floats(0.1, 2.0))
@settings(deadline=None, max_examples=15)
def test_observing_never_widens_and_pulls_towards_what_was_seen(low, width):
    raw, found = shaken(seen(low, low + width))
    expected = raw.median[Measure.INTENSITY][0]
    moved = found.median[Measure.INTENSITY][0] - expected
    if low > expected:
        assert moved > 0.0
    if low + width < expected:
        assert moved < 0.0
    for measure in Measure:
        assert found.sigma[measure][0] <= raw.sigma[measure][0] + 1e-12


def test_a_lower_bound_lifts_and_never_lowers():
    raw, found = shaken(seen(4.5, None))
    assert found.median[Measure.INTENSITY][0] > raw.median[Measure.INTENSITY][0]


def test_a_residual_is_carried_as_belief_says():
    # d log10 IM = rho (sigma_IM / sigma_PGV) dI / 1.72
    raw, found = shaken(seen(5.5, 6.0))
    moved = found.median[Measure.INTENSITY][0] - raw.median[Measure.INTENSITY][0]
    for measure, rho in ((Measure.SA10, 0.85), (Measure.PGA, 0.75)):
        log10 = np.log10(found.median[measure][0] / raw.median[measure][0])
        spread = raw.sigma[measure][0] / raw.sigma[Measure.PGV][0]
        assert log10 == pytest.approx(rho * spread * moved / 1.72, rel=1e-6)


def test_unexplained_variance_is_added_back():
    raw, found = shaken(seen(5.5, 6.0))
    kept = (found.sigma[Measure.PGV][0] / raw.sigma[Measure.PGV][0]) ** 2
    for measure in (Measure.SA10, Measure.PGA):
        rho = CARRIED[measure]
        expected = raw.sigma[measure][0] ** 2 * (rho**2 * kept + 1.0 - rho**2)
        assert found.sigma[measure][0] ** 2 == pytest.approx(expected, rel=1e-6)


def test_draws_and_what_they_leave_over_are_the_whole_sigma():
    raw, _ = shaken(observations_of([], on=DAY))
    follows = drawn(raw, Measure.SA10)
    total = raw.sigma[Measure.SA10][0] ** 2
    carried, shared = follows.carried[0] ** 2, follows.shared[0] ** 2
    rest = total - carried - shared
    assert rest == pytest.approx((1.0 - BETWEEN_EVENT_SHARE) * (total - carried))
    assert rest > 0.0


def test_reach_is_where_the_median_falls_to_the_intensity():
    km = reach_km(INLAND, 2.5)
    north = 39.03 + np.array([km - 8.0, km + 8.0]) / 111.1
    found = shaking_at(
        INLAND, np.full(2, 140.88), north, measures=[Measure.INTENSITY]
    ).median[Measure.INTENSITY]
    assert found[0] > 2.5 > found[1]


@pytest.fixture(scope="module")
def chain(shared):
    name = "32-35_06_05_100915_VXSE53.xml"
    event = read_telegram((shared / "data/events/jma" / name).read_bytes(), name=name)
    return event.observed, hypocentre_in_jgd2011(event.hypocentre)


def test_cities_of_2008_left_out_are_predicted_as_the_row_says(chain):
    observed, source = chain
    known = known_from(observations_of(observed, on=DAY), source, 350.0)
    cities = cities_observed(observed, on=DAY)
    found = predict(cities, known, source, 350.0, without_own=True)
    every = score(found, np.ones(len(cities), dtype=bool))
    near = shaking_at(
        source, cities.longitude, cities.latitude, measures=[Measure.INTENSITY]
    )
    within = score(found, near.distance_km <= 200.0)
    assert every.count >= 671
    assert every.rms < 0.46  # 0.453 seen; 0.45 asked
    assert abs(every.bias) < 0.05
    assert abs(within.raw_bias) < 0.15
    assert every.rms < every.raw_rms - 0.2
    assert every.overlap == pytest.approx(every.overlap_expected, abs=0.03)
    assert 0.85 < every.coverage < 0.95  # 0.932 seen
    assert 0.85 < within.coverage < 0.95  # 0.927 seen


@pytest.mark.slow
def test_leaving_one_city_out_in_closed_form_is_fitting_without_it(chain):
    observed, source = chain
    code = "0320900"  # 一関市
    fewer = tuple(o for o in observed if o.code[:5] != code[:5])
    cities = cities_observed(observed, on=DAY)
    one = np.flatnonzero(cities.group == code[:5])
    with_all = predict(
        cities,
        known_from(observations_of(observed, on=DAY), source, 350.0),
        source,
        350.0,
        without_own=True,
    )
    without = predict(
        cities,
        known_from(observations_of(fewer, on=DAY), source, 350.0),
        source,
        350.0,
        without_own=False,
    )
    # the other sites move a little when the city is gone: not the algebra's error
    assert with_all.mean[one] == pytest.approx(without.mean[one], abs=0.02)
    assert with_all.sigma[one] == pytest.approx(without.sigma[one], abs=0.01)


@pytest.mark.slow
def test_from_the_areas_alone_intervals_are_wider(chain):
    observed, source = chain
    cities = cities_observed(observed, on=DAY)
    every, areas = (
        predict(
            cities, known_from(some, source, 350.0), source, 350.0, without_own=False
        )
        for some in (
            observations_of(observed, on=DAY),
            areas_observed(observed, on=DAY),
        )
    )
    assert areas.field_sigma.mean() > 1.1 * every.field_sigma.mean()


def test_covariance_of_observations_is_positive_definite(chain):
    observed, source = chain
    known = known_from(observations_of(observed, on=DAY), source, 350.0)
    some = replace(
        known.places,
        ecef_km=known.places.ecef_km[:200],
        sigma=known.places.sigma[:200],
        shared=known.places.shared[:200],
    )
    values = np.linalg.eigvalsh(covariance(some, some))
    assert values.min() > -1e-9


def test_an_equivalent_source_lies_near_and_says_that_it_is_fitted(chain):
    observed, source = chain
    found = equivalent_source(observed)
    assert found.region == FITTED
    assert found.longitude == pytest.approx(source.longitude, abs=0.8)
    assert found.latitude == pytest.approx(source.latitude, abs=0.8)
    assert found.magnitude_mj == pytest.approx(7.2, abs=0.5)


def test_a_known_place_is_kept_and_only_the_magnitude_sought(chain):
    observed, source = chain
    found = equivalent_source(observed, replace(source, magnitude_mj=None))
    assert (found.longitude, found.latitude) == (source.longitude, source.latitude)
    assert found.magnitude_mj == pytest.approx(7.2, abs=0.5)


def test_without_a_known_area_there_is_no_equivalent_source():
    nowhere = ObservedIntensity(level="area", code="99999", name="x", low=4.5, high=5.0)
    assert equivalent_source([nowhere]) is None
    assert equivalent_source([]) is None
