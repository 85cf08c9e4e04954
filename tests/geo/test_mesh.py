import jismesh.utils
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.mesh import OUTSIDE, mesh_bounds, mesh_codes

MICRODEGREES = 1_000_000
longitudes = st.integers(120 * MICRODEGREES, 155 * MICRODEGREES - 1)
latitudes = st.integers(20 * MICRODEGREES, 47 * MICRODEGREES - 1)


def code(longitude, latitude, level):
    return int(mesh_codes(np.array([longitude]), np.array([latitude]), level)[0])


def test_tokyo_station_is_in_53394611():
    # 総務省 第1次〜第3次地域区画: 5339-46-11 holds Tokyo Station
    assert [code(139.7671, 35.6812, level) for level in (1, 2, 3)] == [
        5339,
        533946,
        53394611,
    ]


@settings(deadline=None)
@given(longitudes, latitudes, st.sampled_from([1, 2, 3]))
def test_codes_are_those_of_jismesh_inside_cells(east, north, level):
    # edges are left out: there jismesh counts in floating point, we in whole numbers
    if north * 3 % 25_000 == 0 or east % 12_500 == 0:
        return
    longitude, latitude = east / MICRODEGREES, north / MICRODEGREES
    oracle = int(jismesh.utils.to_meshcode(latitude, longitude, level))
    assert code(longitude, latitude, level) == oracle


@settings(deadline=None)
@given(longitudes, latitudes, st.sampled_from([1, 2, 3]))
def test_a_cell_holds_the_places_that_have_its_code(east, north, level):
    longitude, latitude = east / MICRODEGREES, north / MICRODEGREES
    found = mesh_codes(np.array([longitude]), np.array([latitude]), level)
    west, south, right, top = mesh_bounds(found, level)[0]
    assert west - 1e-9 <= longitude < right
    assert south - 1e-9 <= latitude < top


def test_an_edge_belongs_to_the_north_east_cell():
    west, south, _, _ = mesh_bounds(np.array([53394611]), 3)[0]
    assert code(west, south, 3) == 53394611


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(-95.4, 29.0), (99.9, 35.0), (140.0, -1.0), (140, 70)]
)
def test_a_place_outside_has_no_code(longitude, latitude):
    assert code(longitude, latitude, 3) == OUTSIDE
