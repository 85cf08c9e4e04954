"""Dams' clocks: what starts them is the owner's, and so is how long they run."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from data.errors import ConfigError
from data.operation import Hypocentre
from data.owner_rules import ClockRules
from pipelines.clocks import BOTH, PRIMARY, dam_clocks
from pipelines.config import Config, config_sha256, read_config
from pipelines.expectation import before_any
from pipelines.quakes import Quake

ORIGIN = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
QUAKE = Quake(
    id="Q",
    origin_at=ORIGIN,
    hypocentre=Hypocentre(
        longitude=140.0,
        latitude=36.0,
        depth_km=10.0,
        magnitude_mj=7.0,
        magnitude_at_least=None,
        region="茨城県北部",
    ),
)


def clocks(kind, *, intensity, pga_gal, rules=None):
    kinds = np.array([kind], dtype=object)
    shaken = replace(
        before_any(kinds, in_plan=True),
        strongest=np.array([0]),
        intensity=np.array([intensity]),
        pga_gal=np.array([pga_gal]),
    )
    words, due = dam_clocks(kinds, shaken, (QUAKE,), rules or ClockRules())
    return words[0], due[0]


@pytest.mark.parametrize(
    ("intensity", "pga_gal", "word"),
    [
        (3.4, 24.0, None),
        (3.5, 10.0, PRIMARY),
        (3.0, 25.0, PRIMARY),
        (4.4, 79.0, PRIMARY),
        (4.5, 30.0, BOTH),
        (3.6, 80.0, BOTH),
    ],
)
def test_either_intensity_or_acceleration_starts_a_clock(intensity, pga_gal, word):
    found, due = clocks("dam", intensity=intensity, pga_gal=pga_gal)
    assert found == word
    assert due == (None if word is None else ORIGIN + timedelta(hours=3))


def test_only_dams_have_a_clock():
    assert clocks("bridge", intensity=6.0, pga_gal=500.0) == (None, None)


def test_triggers_and_hours_are_the_owners():
    rules = ClockRules(primary_gal=10.0, secondary_gal=20.0, primary_h=1.5)
    found, due = clocks("dam", intensity=2.0, pga_gal=15.0, rules=rules)
    assert (found, due) == (PRIMARY, ORIGIN + timedelta(hours=1.5))
    found, _ = clocks("dam", intensity=2.0, pga_gal=21.0, rules=rules)
    assert found == BOTH


def test_the_configuration_file_sets_the_rules(tmp_path):
    (tmp_path / "karte.toml").write_text(
        "[clocks]\nprimary_gal = 10.0\n[bridges]\nbreak_year = 1980\nk3d = false\n"
        '[wind]\ntower_curve = "WISTL-terminal"\ndesign_wind_m_s = 36.0\n',
        "utf-8",
    )
    config = read_config(None, store=tmp_path)
    assert config.clocks.primary_gal == 10.0
    assert (config.bridges.break_year, config.bridges.k3d) == (1980, False)
    assert config.wind.design_wind_m_s == 36.0
    assert config_sha256(config) != config_sha256(Config())


def test_a_misspelt_rule_is_named(tmp_path):
    (tmp_path / "karte.toml").write_text("[bridges]\nbreakyear = 1980\n", "utf-8")
    with pytest.raises(ConfigError, match="breakyear"):
        read_config(None, store=tmp_path)
