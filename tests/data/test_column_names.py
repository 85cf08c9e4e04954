"""Which column is which."""

import pytest

from data.assets import AssetKind
from data.column_names import (
    NAMES,
    ColumnMapping,
    column_for,
    known_names,
    read_mapping,
    suggested_mapping,
)
from data.errors import ConfigError


def test_columns_are_found_by_the_names_owners_use():
    names = ["施設ＩＤ", "橋梁名", "架設年度", "Operator", "wkt_srid_6668"]
    found = {field: column_for(field, names, ColumnMapping()) for field in NAMES}
    assert found["id"] == "施設ＩＤ"
    assert found["name"] == "橋梁名"
    assert found["year"] == "架設年度"
    assert found["owner"] == "Operator"
    assert found["geometry"] == "wkt_srid_6668"
    assert found["height_m"] is None


def test_a_mapping_goes_before_the_names():
    mapping = ColumnMapping(columns={"id": "ref"})
    assert column_for("id", ["id", "ref"], mapping) == "ref"


def test_a_column_that_is_not_there_is_an_error_by_name():
    with pytest.raises(ConfigError, match="ref"):
        column_for("id", ["id"], ColumnMapping(columns={"id": "ref"}))


def test_a_mapping_is_read_from_toml(tmp_path):
    path = tmp_path / "m.toml"
    path.write_text(
        'kind = "bridge"\ncrs = "EPSG:6668"\nid_prefix = "Q-"\n'
        '[columns]\nname = "橋名"\n[kinds]\n"駅" = ""\n',
        encoding="utf-8",
    )
    mapping = read_mapping(path)
    assert mapping.kind is AssetKind.BRIDGE
    assert mapping.columns == {"name": "橋名"}
    assert mapping.kinds == {"駅": ""}


@pytest.mark.parametrize(
    "text",
    [
        "kind = 'castle'",
        "colour = 'red'",
        "[columns]\nshoe_size = 'x'",
        "[kinds]\nx = 'castle'",
        "position_sigma_m = -1",
        "id_prefix = '../'",
        "kind = ",
    ],
)
def test_a_wrong_mapping_is_refused_by_its_name(tmp_path, text):
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"m\.toml"):
        read_mapping(path)


def test_a_suggestion_is_a_mapping(tmp_path):
    path = tmp_path / "m.toml"
    columns = ["v_id", "typ", 'od"d', "wkt"]
    text = suggested_mapping(columns, ["変な\n駅", 'q"'], crs=None)
    path.write_text(text, encoding="utf-8")
    mapping = read_mapping(path)
    assert mapping.columns == {"geometry": "wkt", "id": "v_id", "kind": "typ"}
    assert mapping.kinds == {"変な\n駅": "", 'q"': ""}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("橋長\n(m)", "length_m"),
        ("緯度（世界測地系）", "latitude"),
        ("経 度", "longitude"),
        ("Ｘ座標", "northing"),
        ("Y座標(m)", "easting"),
        ("架設年月", "year"),
        ("斜角", "support_angle_deg"),
        ("N03_007", "municipality_code"),
        ("shisetsu_id", "lat_lon"),
    ],
)
def test_line_breaks_widths_and_brackets_do_not_hide_a_name(name, field):
    assert column_for(field, ["備考", name], ColumnMapping()) == name
    assert known_names(["備考", name], ColumnMapping()) == 1


def test_a_suggestion_says_what_the_file_says_of_its_system():
    assert "6677" in suggested_mapping(["id"], [], crs="EPSG:6677")
    assert 'crs = "EPSG:6668"' in suggested_mapping(["id"], [], crs=None)
