"""A real flight made consistent: georef_brighton (Piero Toffanin, BSD-2)."""

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "bench"


@pytest.mark.slow
def test_a_real_flight_is_placed_better_and_its_turned_file_found(shared, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    bench = runpy.run_path(str(FOLDER / "flight.py"))
    before, after, said = bench["measured"](shared / "data" / "georef_brighton")
    assert bench["upright_mean"](before) <= 4.3
    assert bench["upright_mean"](after) <= 3.6
    assert said.turned == ("DJI_0025.JPG",)
    assert after["DJI_0025.JPG"][0] <= 3.6 < before["DJI_0025.JPG"][0]
    assert said.quarantined == ()
    assert min(inside for _, inside in after.values()) >= 0.85
