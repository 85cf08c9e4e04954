"""Places in words: a known city, its neighbours, and the sea."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crs import Anchor, enu_from_geographic
from geo.gazetteer import FARTHEST_KM, PREFECTURES, cities, place_names


def name_of(longitude, latitude):
    return place_names(np.array([longitude]), np.array([latitude]))[0]


@pytest.mark.parametrize(
    ("longitude", "latitude", "prefecture"),
    [
        (141.347, 43.064, "北海道"),
        (140.872, 38.268, "宮城県"),
        (139.692, 35.690, "東京都"),
        (135.768, 35.012, "京都府"),
        (127.681, 26.212, "沖縄県"),
    ],
)
def test_a_seat_of_government_lies_in_its_prefecture(longitude, latitude, prefecture):
    assert name_of(longitude, latitude).startswith(prefecture)


def test_the_open_sea_has_no_name_and_no_place_gives_no_names():
    assert name_of(150.0, 30.0) is None
    assert place_names(np.array([]), np.array([])) == []


def test_there_are_47_prefectures_and_every_city_is_in_one():
    assert len(set(PREFECTURES)) == 47
    assert all(name.startswith(tuple(PREFECTURES)) for name in cities().names)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1800), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_no_centre_is_nearer_than_the_one_named(row, east, north):
    known = cities()
    longitude = known.longitude[row % len(known.names)] + east
    latitude = known.latitude[row % len(known.names)] + north
    here = Anchor(longitude=longitude, latitude=latitude, height_m=0.0)
    centres = np.column_stack(
        [known.longitude, known.latitude, np.zeros(len(known.names))]
    )
    km = np.linalg.norm(enu_from_geographic(centres, here), axis=1) / 1000.0
    named = name_of(longitude, latitude)
    if km.min() > FARTHEST_KM:
        assert named is None
    else:
        assert named.split(" ")[0] == known.names[int(km.argmin())]


def test_the_direction_is_that_from_the_centre():
    known = cities()
    row = int(np.flatnonzero(known.names == "北海道根室市")[0])
    north = name_of(known.longitude[row], known.latitude[row] + 0.1)
    east = name_of(known.longitude[row] + 0.1, known.latitude[row])
    assert north == "北海道根室市 中心の北11 km"
    assert east == "北海道根室市 中心の東8 km"
