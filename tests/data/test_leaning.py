"""The lean of one tower from several frames."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.leaning import Leans, joint_sigmas, with_joint_leans
from data.tables import CELLS, table_from_rows

SIGMA_DEG = 2.12  # 2.0 of attitude and 0.7 of sound towers


def leans(azimuths, values, sorties=None, sigma=SIGMA_DEG):
    count = len(azimuths)
    return Leans(
        np.array(azimuths, float),
        np.array(values, float),
        np.full(count, sigma),
        sorties or ["s"] * count,
    )


def seen_from(azimuth, east_deg, north_deg):
    """A lean to the east and north, to the right in a picture from an azimuth."""
    turned = np.radians(azimuth)
    return -np.cos(turned) * east_deg + np.sin(turned) * north_deg


def test_one_frame_is_its_own_judge() -> None:
    assert joint_sigmas(leans([90.0], [6.36])) == pytest.approx(3.0, abs=0.01)
    assert joint_sigmas(leans([], [])) == 0.0


def test_from_the_south_a_lean_to_the_east_is_to_the_right() -> None:
    assert seen_from(180.0, 5.0, 0.0) == pytest.approx(5.0)
    assert seen_from(0.0, 5.0, 0.0) == pytest.approx(-5.0)


def test_two_opposite_sides_are_surer_than_one() -> None:
    """Worked: mean of two, each 2.0; with 0.7 of sound towers 5.2 / 1.577 = 3.30."""
    both = joint_sigmas(leans([0.0, 180.0], [-5.2, 5.2]))
    assert both == pytest.approx(5.2 / np.hypot(2.0 / np.sqrt(2), 0.7), rel=0.01)
    assert both > joint_sigmas(leans([0.0], [-5.2]))


def test_a_gimbal_that_hangs_askew_is_no_lean() -> None:
    """The same 5 degrees to the right from everywhere cancel out."""
    round_about = leans([0.0, 90.0, 180.0, 270.0], [5.0] * 4)
    assert joint_sigmas(round_about) == pytest.approx(0.0, abs=1e-6)


def test_many_frames_of_one_sortie_from_one_side_are_no_surer_than_one() -> None:
    one = joint_sigmas(leans([90.0], [5.0]))
    assert joint_sigmas(leans([90.0] * 9, [5.0] * 9)) == pytest.approx(one, rel=1e-6)
    apart = leans([90.0] * 2, [5.0] * 2, ["s", "t"])
    assert joint_sigmas(apart) > one


@given(
    azimuths=st.lists(st.floats(0, 359), min_size=1, max_size=6),
    lean=st.tuples(st.floats(-8, 8), st.floats(-8, 8)),
    factor=st.floats(1.0, 3.0),
)
@settings(deadline=None)
def test_a_larger_lean_is_never_less_sure(azimuths, lean, factor) -> None:
    small = [seen_from(a, *lean) for a in azimuths]
    large = [factor * value for value in small]
    before, after = (joint_sigmas(leans(azimuths, v)) for v in (small, large))
    assert after >= before - 1e-9


@pytest.mark.parametrize("azimuths", [[10, 100, 215], [26, 215], [0, 45, 90, 135]])
def test_sound_towers_are_called_severe_less_than_three_times_in_a_thousand(
    azimuths,
) -> None:
    """Attitude errs by frame, the tower by 0.7 degrees; .0027 is beyond three sigma."""
    rng = np.random.default_rng(5)
    true = rng.normal(0.0, 0.7, (4000, 2))
    beyond = 0
    for east, north in true:
        clean = np.array([seen_from(a, east, north) for a in azimuths])
        noisy = clean + rng.normal(0.0, 2.0, len(azimuths))
        beyond += joint_sigmas(leans(azimuths, noisy)) > 3.0
    assert beyond <= 0.003 * len(true) + 3 * np.sqrt(0.003 * len(true))


def cell(**changes):
    row = {"asset_id": "T1", "frame_id": "f", "sortie": "s", "cell": 0, "cells": 1}
    row |= {"sector": 0, "above": False, "gsd_m": 0.02, "a": 0.0, "moved": 0.0}
    row |= {"z": 0, "z_second": -1, "missing": 0.0}
    return row | changes


def leaned(azimuth, value, **changes):
    return cell(
        azimuth_deg=azimuth,
        lean_deg=value,
        lean_sigma_deg=SIGMA_DEG,
        geometry_sigmas=abs(value) / SIGMA_DEG,
        **changes,
    )


def test_frames_that_show_the_lean_take_the_joint_level() -> None:
    rows = [leaned(0.0, -6.2), leaned(180.0, 6.2), leaned(90.0, 0.5)]
    table = with_joint_leans(table_from_rows(rows, CELLS))
    assert table.schema == CELLS
    assert table["z"].to_pylist() == [3, 3, 0]
    assert table["geometry_sigmas"].to_pylist()[2] == pytest.approx(0.5 / SIGMA_DEG)


def test_what_lies_and_what_was_not_measured_is_left_alone() -> None:
    rows = [
        leaned(0.0, 85.0, missing=1.0, z=4),
        cell(asset_id="B1", z=2),
        leaned(0.0, 6.0, asset_id="T2", z=4),
    ]
    table = table_from_rows(rows, CELLS)
    assert with_joint_leans(table)["z"].to_pylist() == [4, 2, 4]
    nothing = table_from_rows([cell()], CELLS)
    assert with_joint_leans(nothing) is nothing
    assert isinstance(with_joint_leans(table), pa.Table)
