"""What a scenario file may say, and the library."""

import pytest

from data.errors import ConfigError, UsageError
from pipelines.drill.scenarios import find_scenario, library, read_rehearsal

NAMES = {
    "half_feeds",
    "inland_m7",
    "interface_m9",
    "landslide_valley",
    "no_terrain",
    "smoke_and_dusk",
    "strong_typhoon",
    "turned_drone",
    "two_quakes",
    "wrong_clock",
}


def test_the_library_holds_the_ten_rehearsals() -> None:
    assert set(library()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_scenario_is_read_and_names_itself(name: str) -> None:
    assert read_rehearsal(find_scenario(name)).name == name


def changed(tmp_path, old: str, new: str):
    text = find_scenario("no_terrain").read_text("utf-8")
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("terrain = false", "terrian = false", "terrian"),
        ("magnitude_mj = 7.2", "magnitude_mj = 12.0", "magnitude_mj"),
        ("arrives_after_min = 240", "arrives_after_min = 9", "before it is flown"),
        ("spans = [0, 0, 4]", "spans = [0, 4]", "3 spans"),
        ("[[planted]]", "[[planted]]\n[[planted]]", "planted: 2"),
        ("[anchor]", "[anchor", "cannot be read"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(tmp_path, old, new, named) -> None:
    with pytest.raises(ConfigError, match=named):
        read_rehearsal(changed(tmp_path, old, new))


def test_an_unknown_name_is_refused_with_those_we_know() -> None:
    with pytest.raises(UsageError, match="inland_m7"):
        find_scenario("inland_m8")
