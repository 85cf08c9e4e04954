"""`karte drill`, refused in words where it cannot be done."""

from pathlib import Path

import pytest

from data.errors import ConfigError, KarteError, UsageError
from pipelines.drill import command

DEMO = Path(command.__file__).with_name("noto_drill.toml")


def test_without_numba_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    with pytest.raises(KarteError, match=r"numba.*extra `drill`"):
        command.tiles(tmp_path, count=1, seed=10_000)
    with pytest.raises(KarteError, match=r"numba.*extra `drill`"):
        command.batch(tmp_path, None)


def test_no_tiles_are_asked_for(tmp_path):
    with pytest.raises(UsageError, match="--count 0"):
        command.tiles(tmp_path, count=0, seed=10_000)


def test_a_folder_in_use_is_not_written_into(tmp_path):
    (tmp_path / "telegram.xml").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        command.batch(tmp_path, None)
    assert (tmp_path / "telegram.xml").read_text() == "mine"


@pytest.mark.parametrize("seed", [7, 9_999, -1])
def test_no_tile_shows_the_world_of_a_demo(tmp_path, seed):
    pytest.importorskip("numba")
    with pytest.raises(UsageError, match=f"seed {seed}"):
        command.tiles(tmp_path / "tiles", count=1, seed=seed)
    assert not (tmp_path / "tiles").exists()


@pytest.mark.parametrize("seed", [-3, 10_000])
def test_no_drill_shows_a_world_that_networks_learn_from(tmp_path, seed):
    pytest.importorskip("numba")
    toml = tmp_path / "mine.toml"
    text = DEMO.read_text("utf-8").replace("seed = 7", f"seed = {seed}")
    toml.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=f"seed {seed}"):
        command.batch(tmp_path / "out", toml)


@pytest.mark.parametrize("text", ["name = ", "name = 'a'", "\x00"])
def test_a_scenario_that_is_none_is_refused(tmp_path, text):
    pytest.importorskip("numba")
    toml = tmp_path / "mine.toml"
    toml.write_text(text, "utf-8")
    with pytest.raises(KarteError):
        command.batch(tmp_path / "out", toml)


def test_a_scenario_that_is_not_there_is_named(tmp_path):
    pytest.importorskip("numba")
    with pytest.raises(ConfigError, match=r"none\.toml"):
        command.batch(tmp_path / "out", tmp_path / "none.toml")
