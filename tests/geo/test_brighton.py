"""Real frames on real ground: shared/data/georef_brighton (Piero Toffanin, BSD-2)."""

import runpy
from pathlib import Path

import numpy as np
import pytest

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "brighton.py"))


@pytest.fixture(scope="module")
def found(shared):
    return BENCH["misses"](shared / "data" / "georef_brighton")


@pytest.mark.slow
def test_nine_upright_frames_are_placed_within_five_metres(found):
    p90_m, covered = BENCH["summary"](found)
    assert p90_m <= 5.0
    assert covered >= 0.85


@pytest.mark.slow
def test_the_frame_turned_on_disk_is_placed_as_the_others_are(found):
    error, ce90, _ = found["DJI_0025.JPG"]
    assert np.quantile(error, 0.9) <= 5.0
    assert np.mean(error <= ce90) >= 0.85


@pytest.mark.slow
def test_nearly_all_points_are_placed(found):
    assert min(placed for _, _, placed in found.values()) >= 0.9
