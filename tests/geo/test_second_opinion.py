"""Si and Midorikawa (1999): a number by hand, and when a reader is told."""

from dataclasses import replace

import numpy as np
import pytest

from data.operation import Hypocentre, TectonicType
from geo.second_opinion import second_opinion, si_midorikawa_pgv

INLAND = Hypocentre(
    longitude=140.88,
    latitude=39.03,
    depth_km=8.0,
    magnitude_mj=7.2,
    magnitude_at_least=None,
    region="岩手県内陸南部",
)


def test_pgv_by_hand_from_the_published_formula():
    # Mw 7, 10 km deep, crustal, 20 km: 4.06 + 0.038 - 1.29
    #   - log10(20 + 0.0028 x 3162.28 = 28.854) - 0.04 = 1.3078: 20.3 cm/s on Vs 600
    found = si_midorikawa_pgv(
        TectonicType.CRUSTAL,
        mw=7.0,
        depth_km=10.0,
        distance_km=np.array([20.0]),
        vs30_m_s=600.0,
    )
    assert found[0] == pytest.approx(20.31, abs=0.02)


def test_soft_ground_amplifies_as_published():
    hard, soft = (
        si_midorikawa_pgv(
            TectonicType.CRUSTAL,
            mw=7.0,
            depth_km=10.0,
            distance_km=np.array([20.0]),
            vs30_m_s=vs30,
        )[0]
        for vs30 in (600.0, 200.0)
    )
    assert soft / hard == pytest.approx(3.0**0.66)  # log ARV = 1.83 - 0.66 log Vs30


def test_nothing_is_said_where_both_agree():
    assert second_opinion(INLAND, 40) is None


def test_a_difference_of_more_than_a_sigma_is_said():
    great = replace(INLAND, magnitude_mj=9.2, region="三陸沖", depth_km=30.0)
    found = [second_opinion(great, km) for km in range(0, 900, 50)]
    said = [value for value in found if value is not None]
    assert said
    assert all(0.0 < value < 9.0 for value in said)


def test_without_a_magnitude_there_is_no_opinion():
    assert second_opinion(replace(INLAND, magnitude_mj=None), 40) is None
