import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import CrsError
from data.imagery import VerticalDatum
from geo.heights import converted_heights_m, geoid_height_m, pose_in_datum

TSUKUBA = np.array([140.0871]), np.array([36.1040])
KNOWN = [VerticalDatum.ELLIPSOIDAL, VerticalDatum.JGD2011, VerticalDatum.JGD2024]


def test_the_geoid_at_tsukuba_is_where_gsi_says():
    # FINDINGS, section 3: GSIGEO2011 40.189 m, JPGEO2024 40.286 m at Tsukuba
    assert geoid_height_m(*TSUKUBA, VerticalDatum.JGD2011) == pytest.approx(
        40.189, abs=0.003
    )
    assert geoid_height_m(*TSUKUBA, VerticalDatum.JGD2024) == pytest.approx(
        40.286, abs=0.003
    )


def test_an_ellipsoidal_height_never_passes_unchanged_as_orthometric():
    place = np.array([[140.0871, 36.1040, 100.0]])
    height = converted_heights_m(
        place, VerticalDatum.ELLIPSOIDAL, VerticalDatum.JGD2011
    )
    assert height == pytest.approx(100.0 - 40.189, abs=0.003)


@settings(deadline=None)
@given(
    st.floats(136, 140),
    st.floats(35.5, 36.5),
    st.sampled_from(KNOWN),
    st.sampled_from(KNOWN),
)
def test_there_and_back_is_the_same_height(longitude, latitude, source, target):
    place = np.array([[longitude, latitude, 55.5]])
    there = place.copy()
    there[:, 2] = converted_heights_m(place, source, target)
    assert converted_heights_m(there, target, source) == pytest.approx(55.5, abs=1e-9)


def test_a_place_outside_the_geoid_is_refused_in_words():
    place = np.array([[-92.0, 46.8, 200.0]])
    with pytest.raises(CrsError, match=r"-92\.00000, 46\.80000: outside the geoid"):
        converted_heights_m(place, VerticalDatum.ELLIPSOIDAL, VerticalDatum.JGD2011)


@pytest.mark.parametrize("other", KNOWN)
def test_a_local_height_cannot_be_bridged(other):
    place = np.array([[140.0, 36.0, 20.0]])
    with pytest.raises(CrsError, match="local"):
        converted_heights_m(place, VerticalDatum.LOCAL, other)
    with pytest.raises(CrsError, match="local"):
        converted_heights_m(place, other, VerticalDatum.LOCAL)


@pytest.mark.parametrize("pose_datum", list(VerticalDatum))
def test_local_takes_the_number_as_it_is_with_three_metres(make_pose, pose_datum):
    pose = make_pose(height=77.0, vertical_datum=pose_datum, sigma_v_m=0.02)
    here = pose_in_datum(pose, VerticalDatum.LOCAL)
    assert (here.height_m, here.sigma_v_m) == (77.0, 3.0)
    assert here.vertical_datum is VerticalDatum.LOCAL


def test_a_pose_comes_into_the_datum_of_the_terrain(make_pose):
    pose = make_pose(height=140.0, sigma_v_m=0.02)
    here = pose_in_datum(pose, VerticalDatum.JGD2011)
    assert here.height_m == pytest.approx(140.0 - 40.19, abs=0.01)
    assert here.sigma_v_m == 0.02
    assert pose_in_datum(pose, VerticalDatum.ELLIPSOIDAL) == pose
