"""The laws that tests/bench/georeference.py prints, held."""

import runpy
from pathlib import Path

import pytest

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "bench" / "georeference.py"))


@pytest.mark.slow
def test_ce90_is_that_of_a_hundred_thousand_draws_in_eighteen_poses():
    rows = BENCH["jacobian_against_draws"](seed=11)
    assert len(rows) == 18
    for _, _, _, stated, drawn in rows:
        assert stated == pytest.approx(drawn, rel=0.05)


def test_a_pixel_comes_back_from_the_world_and_from_terrain():
    free_px, ground_px = BENCH["round_trip_px"](count=4000)
    assert free_px < 1e-6
    assert ground_px < 0.05
