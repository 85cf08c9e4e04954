"""`karte shaking check`: what it prints, and of what it refuses."""

import pytest

from data.errors import RefusedError, UsageError
from pipelines.config import Config
from pipelines.outcome import ExitCode
from pipelines.shaking_check import check


def telegram(shared, name):
    return shared / "data/events/jma" / name


def test_of_a_vxse53_cities_are_left_out_and_areas_alone_are_wider(shared):
    found = check(telegram(shared, "32-35_06_05_100915_VXSE53.xml"), Config())
    assert found.code is ExitCode.DONE
    scores = found.data["scores"]["cities, left out one by one"]
    assert scores["all"]["rms"] < 0.46
    assert scores["all"]["rms"] < scores["all"]["raw_rms"]
    assert found.data["areas_alone_times_as_wide"] > 1.1
    assert any("times as wide" in line for line in found.lines)
    assert any("covers 93." in line for line in found.lines)
    assert found.lines[-1].startswith("tuned on")


def test_of_a_vxse51_areas_are_left_out_under_a_fitted_source(shared):
    found = check(telegram(shared, "32-39_11_01_120615_VXSE51.xml"), Config())
    assert found.data["source_fitted"]
    scores = found.data["scores"]["areas, left out one by one"]
    assert scores["all"]["count"] == 17
    assert scores["all"]["rms"] < scores["all"]["raw_rms"]
    assert "Mj" in found.lines[1]


def test_a_telegram_without_intensities_is_refused_in_words(shared):
    with pytest.raises(UsageError, match="no intensities"):
        check(telegram(shared, "32-35_06_01_100915_VXSE52.xml"), Config())


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="none"):
        check(tmp_path / "none.xml", Config())
