"""Kinds, ids and numbers from an owner's columns."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.assets import AssetKind
from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.inventory_rows import (
    asset_id,
    owned_rows,
    soundness_from,
    voltage_kv_from,
)
from data.inventory_source import Source
from data.refusals import RefusalCode


def rows_of(columns, *, kind=None, **mapping):
    count = len(next(iter(columns.values())))
    source = Source(
        "a.csv", columns, np.full(count, None), [None] * count, range(2, count + 2)
    )
    return owned_rows(source, ColumnMapping(**mapping), kind)


def test_what_is_no_asset_is_dropped_and_listed():
    typ = ["substation", "joint", "sub_station", "merge", "plant", "station", "castle"]
    owned = rows_of({"typ": typ})
    assert owned.rows == [0, 2, 5]
    assert owned.columns["kind"] == ["substation"] * 3
    assert [one.value for one in owned.dropped] == ["joint", "merge", "plant", "castle"]
    assert {one.code for one in owned.dropped} == {RefusalCode.NOT_AN_ASSET}
    assert owned.dropped[0].what == "a.csv row 3"
    assert not owned.bad


def test_a_given_kind_holds_but_for_what_is_plainly_none():
    owned = rows_of({"typ": ["x", None, "joint"]}, kind=AssetKind.DAM)
    assert owned.columns["kind"] == ["dam", "dam"]


def test_a_mapped_kind_goes_before_all():
    kinds = {"joint": "tower", "x": ""}
    owned = rows_of({"typ": ["joint", "x", "鉄塔"]}, kinds=kinds)
    assert owned.columns["kind"] == ["tower", "tower"]
    assert owned.dropped[0].value == "x"


def test_a_file_that_does_not_say_its_kind_is_refused():
    with pytest.raises(RefusedError, match="--kind"):
        rows_of({"name": ["a"]})


def test_attributes_are_numbers_or_unknown():
    owned = rows_of(
        {
            "橋長": ["１２３．５ｍ", "不明", None],
            "架設年": ["昭和45年", "1492", "H10"],
            "径間数": ["3", "0", "2.0"],
            "斜角": ["75", "120", ""],
            "都道府県コード": ["01", "48", "47"],
        },
        kind=AssetKind.BRIDGE,
    ).columns
    assert owned["length_m"] == [123.5, None, None]
    assert owned["year"] == [1970, None, 1998]
    assert owned["spans"] == [3, None, 2]
    assert owned["skew_deg"] == [15.0, 30.0, None]
    assert owned["prefecture_code"] == [1, None, 47]


def test_an_importance_out_of_range_stops_the_file():
    owned = rows_of({"重要度": ["3", "9", None]}, kind=AssetKind.DAM)
    assert owned.columns["importance"] == [3.0, None, None]
    assert {index: one.code for index, one in owned.bad.items()} == {
        1: RefusalCode.OUT_OF_RANGE
    }
    assert owned.bad[1].what == "a.csv row 3"


def test_owner_and_licence_of_the_whole_file():
    owned = rows_of(
        {"operator": ["A", None]}, kind=AssetKind.DAM, owner="B", source_licence="ODbL"
    )
    assert owned.columns["owner"] == ["A", "B"]
    assert owned.columns["source_licence"] == ["ODbL", "ODbL"]


def test_the_highest_voltage_counts_in_volts_or_kilovolts():
    table = {
        "275000;275000": 275,
        "275000;154000;66000": 275,
        "500000;0": 500,
        "220": 220,
        "６６ｋＶ": 66,
        "6600": 7,
        "": None,
        "0": None,
        "高圧": None,
        "9999999": None,
    }
    assert {text: voltage_kv_from(text) for text in table} == table


def test_ids_of_two_kinds_with_one_number_stay_apart():
    assert asset_id("7", AssetKind.LINK, prefix=None) == "link-7"
    assert asset_id("7", AssetKind.SUBSTATION, prefix=None) == "substation-7"
    assert asset_id("7", AssetKind.LINK, prefix="JP.") == "JP.7"


@given(st.text(min_size=1), st.sampled_from(AssetKind))
def test_every_id_is_safe_as_a_file_name(text, kind):
    made = asset_id(text, kind, prefix=None)
    assert re.fullmatch(r"[A-Za-z0-9._#-]{1,64}", made)


def test_an_id_that_is_changed_keeps_the_owners_own():
    owned = rows_of({"id": ["B-1", "橋１", "12", None]}, kind=AssetKind.BRIDGE).columns
    assert owned["owner_ref"] == [None, "橋１", "12", None]
    assert owned["id"][0] == "B-1"
    assert owned["id"][2:] == ["bridge-12", None]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Ⅲ", "III"),
        ("ＩＶ", "IV"),
        ("区分Ⅱ", "II"),
        ("Ⅲ（早期措置段階）", "III"),
        ("予防保全段階", "II"),
        ("健全", "I"),
        ("Ａ", "A"),
        ("3", "3"),  # a figure may be of another scale
        ("V", "V"),
        ("未診断", "未診断"),
    ],
)
def test_the_owners_diagnosis_is_kept_and_never_guessed(text, kept):
    assert soundness_from(text) == kept


def test_a_skew_goes_before_and_the_angle_of_bearings_is_turned_into_one():
    columns = {"skew_deg": ["20", "20"], "斜角": [None, "左60°"]}
    owned = rows_of(columns, kind=AssetKind.BRIDGE).columns
    assert owned["skew_deg"] == [20.0, 30.0]
