"""Observed intensities as intervals: places, maxima, and what stands for what."""

from datetime import date

import numpy as np
import pytest

from data.feeds.jma import read_telegram
from data.operation import ObservedIntensity
from geo.observed import (
    AREA_NUGGET,
    CITY_NUGGET,
    STATION_NUGGET,
    areas,
    areas_observed,
    cities,
    cities_observed,
    maximum_of,
    observations_of,
    stations,
)

DAY = date(2026, 11, 22)
AREA = ObservedIntensity(
    level="area", code="213", name="岩手県内陸南部", low=5.5, high=6.0
)
CITY = ObservedIntensity(level="city", code="0320600", name="北上市", low=5.0, high=5.5)
OWN = ObservedIntensity(
    level="station", code="0320600", name="北上市柳原町", low=4.5, high=5.0
)
OTHERS = ObservedIntensity(
    level="station", code="0320620", name="北上市二子町＊", low=5.0, high=5.5
)


def telegram(shared, name):
    path = shared / "data/events/jma" / name
    return read_telegram(path.read_bytes(), name=name)


def test_an_own_station_stands_at_its_place_and_others_in_the_middle_of_the_city():
    found = observations_of([CITY, OWN, OTHERS], on=DAY)
    assert found.name == (OWN.name, OTHERS.name)
    assert (found.longitude[0], found.latitude[0]) == stations()[OWN.name][0]
    assert (found.longitude[1], found.latitude[1]) == cities()[320600]
    assert list(found.nugget) == [STATION_NUGGET, CITY_NUGGET]
    assert list(found.offset) == [0.0, 0.0]


def test_a_station_that_did_not_stand_there_yet_is_in_the_middle_of_its_city():
    begun = stations()[OWN.name][1]
    found = observations_of([CITY, OWN], on=date(begun.year - 1, 1, 1))
    assert found.nugget[1] == CITY_NUGGET


def test_a_city_speaks_only_where_no_listed_station_reaches_its_class():
    assert observations_of([CITY, OWN, OTHERS], on=DAY).name == (OWN.name, OTHERS.name)
    assert observations_of([CITY, OWN], on=DAY).name == (CITY.name, OWN.name)
    assert observations_of([AREA, CITY], on=DAY).name == (AREA.name, CITY.name)
    reached = ObservedIntensity(
        level="area", code="213", name=AREA.name, low=5.0, high=5.5
    )
    assert observations_of([reached, CITY], on=DAY).name == (CITY.name,)


def test_a_city_lies_above_its_middle_by_the_maximum_of_its_stations():
    one, three = (
        cities_observed([CITY, *[OTHERS] * count], on=DAY) for count in (1, 3)
    )
    assert one.offset[0] == pytest.approx(0.0, abs=1e-3)
    assert three.offset[0] == pytest.approx(0.846 * CITY_NUGGET, abs=1e-3)
    assert three.nugget[0] < one.nugget[0]


@pytest.mark.parametrize(
    ("count", "mean", "spread"),
    [(1, 0.0, 1.0), (2, 0.5642, 0.8256), (5, 1.1630, 0.6690), (10, 1.5388, 0.5868)],
)
def test_the_maximum_of_normals_is_the_tabulated_one(count, mean, spread):
    # D. Teichroew, Ann. Math. Statist. 27, 1956, table of expected order statistics
    assert maximum_of(count) == pytest.approx((mean, spread), abs=2e-3)


def test_a_city_without_a_place_stands_in_the_middle_of_its_area():
    renamed = ObservedIntensity(
        level="city", code="0399900", name="旧町", low=3.5, high=4.5
    )
    reached = ObservedIntensity(
        level="area", code="213", name=AREA.name, low=3.5, high=4.5
    )
    found = observations_of([reached, renamed], on=DAY)
    assert (found.longitude[0], found.latitude[0]) == areas()[213]
    assert found.nugget[0] > CITY_NUGGET * 0.8
    assert not len(cities_observed([renamed], on=DAY))


def test_what_has_no_place_at_all_is_listed_and_left_out():
    nowhere = ObservedIntensity(
        level="city", code="x", name="どこか", low=3.5, high=4.5
    )
    found = observations_of([nowhere], on=DAY)
    assert len(found) == 0
    assert found.unplaced == ("どこか",)


def test_class_zero_and_the_open_classes_are_bounds_on_one_side():
    zero = ObservedIntensity(level="area", code="213", name="a", low=0.0, high=0.5)
    most = ObservedIntensity(level="area", code="211", name="b", low=6.5, high=None)
    found = areas_observed([zero, most], on=DAY)
    assert list(found.low) == [-np.inf, 6.5]
    assert list(found.high) == [0.5, np.inf]
    assert list(found.nugget) == [AREA_NUGGET] * 2


def test_the_2008_chain_is_placed_as_the_readme_says(shared):
    event = telegram(shared, "32-35_06_05_100915_VXSE53.xml")
    day = date(2008, 6, 14)
    found = observations_of(event.observed, on=day)
    assert found.unplaced == ()
    assert (found.nugget == STATION_NUGGET).sum() == 135
    assert len(areas_observed(event.observed, on=day)) == 72
    assert len(cities_observed(event.observed, on=day)) >= 671
    not_received = np.isinf(found.high)
    assert [found.name[i] for i in np.flatnonzero(not_received)] == ["大蔵村清水＊"]


def test_reference_tables_are_the_shared_ones(shared):
    text = (shared / "data/reference/jma_city_centroid.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    assert len(rows) == len(cities())
    for code, _, latitude, longitude in rows:
        assert cities()[int(code)] == pytest.approx(
            (float(longitude), float(latitude)), abs=1e-4
        )
