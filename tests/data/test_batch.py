from datetime import UTC, datetime

import pytest

from data.batch import BatchSettings, merged_settings, read_batch_toml
from data.errors import ConfigError
from data.imagery import VerticalDatum

FULL = """
altitudes = "ellipsoidal"
time_zone = "Asia/Tokyo"
clock_offset_s = -12
terrain = "terrain/dsm.tif"
terrain_heights = "JGD2011"
flown_after = 2024-01-01T16:10:00+09:00
"""


def read(tmp_path, text):
    path = tmp_path / "batch.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_batch_toml(path)


def test_every_key_is_read(tmp_path):
    settings = read(tmp_path, FULL)
    assert settings == BatchSettings(
        altitudes=VerticalDatum.ELLIPSOIDAL,
        time_zone="Asia/Tokyo",
        clock_offset_s=-12.0,
        terrain="terrain/dsm.tif",
        terrain_heights=VerticalDatum.JGD2011,
        flown_after=datetime(2024, 1, 1, 7, 10, tzinfo=UTC),
    )


def test_an_empty_file_states_nothing(tmp_path):
    assert read(tmp_path, "") == BatchSettings()


@pytest.mark.parametrize(
    "line",
    [
        *('altitudes = "geoid"', "altitudes = 1", 'time_zone = "Tokyo/Nowhere"'),
        *('time_zone = "../../etc/passwd"', "time_zone = 9", "time_zone = ''"),
        *("clock_offset_s = nan", "clock_offset_s = true", "clock_offset_s = '3'"),
        *('terrain = "../dsm.tif"', 'terrain = "/dsm.tif"', 'terrain = ""'),
        *('terrain = "a\\\\b.tif"', 'terrain_heights = "m"', "clock_offset_s = inf"),
        *("flown_after = 2024-01-01T16:10:00", "flown_after = 2024-01-01"),
        *('flown_after = "soon"', "flown_after = 5", "clock_offset_s = 1e300"),
    ],
)
def test_a_bad_value_names_file_key_value_and_remedy(tmp_path, line):
    key = line.split(" ")[0]
    with pytest.raises(ConfigError, match=rf"batch\.toml: {key} = .*; give "):
        read(tmp_path, line)


def test_an_unknown_key_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown key 'altitude'.*altitudes"):
        read(tmp_path, 'altitude = "local"')


@pytest.mark.parametrize("text", ["a = ", b"\xff\xfe", "a=1\na=2", "#" * 70_000])
def test_what_is_no_toml_is_a_configuration_error(tmp_path, text):
    with pytest.raises(ConfigError, match=r"batch\.toml"):
        read(tmp_path, text)


def test_the_first_place_that_states_a_value_counts_and_is_named():
    empty = BatchSettings()
    merged = merged_settings(
        command_line=BatchSettings(time_zone="Asia/Tokyo"),
        batch_toml=BatchSettings(time_zone="UTC", clock_offset_s=0.0),
        config=BatchSettings(clock_offset_s=5.0, altitudes=VerticalDatum.LOCAL),
        default=BatchSettings(clock_offset_s=1.0, terrain="a.tif"),
    )
    assert merged.settings == BatchSettings(
        time_zone="Asia/Tokyo",
        clock_offset_s=0.0,
        altitudes=VerticalDatum.LOCAL,
        terrain="a.tif",
    )
    assert merged.sources == {
        "altitudes": "config",
        "time_zone": "command line",
        "clock_offset_s": "batch.toml",
        "terrain": "default",
    }
    nothing = merged_settings(
        command_line=empty, batch_toml=empty, config=empty, default=empty
    )
    assert nothing == (empty, {})
