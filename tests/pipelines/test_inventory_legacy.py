"""Six legacy ways to write a list of bridges give the assets of their clean twin."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from data.column_names import ColumnMapping
from pipelines.asset_shapes import steps_m
from pipelines.inventory import read_inventory

CASES = runpy.run_path(str(Path(__file__).parent / "legacy_cases.py"))
MOVES = ("geometry", "longitude", "latitude", "revision", "position_sigma_m")
"""Columns that the datum, or the rounding of a second, may change."""


def assets_of(case, folder):
    path, mapping = case(folder)
    table, refused = read_inventory(path, mapping=ColumnMapping(**mapping))
    return table, refused


@pytest.fixture
def clean(tmp_path):
    table, refused = assets_of(CASES["clean"], tmp_path)
    assert not refused
    assert table.num_rows == len(CASES["BRIDGES"])
    return table


def apart_m(one, other):
    pairs = zip(*(one[n].to_pylist() for n in ("longitude", "latitude")), strict=True)
    others = zip(
        *(other[n].to_pylist() for n in ("longitude", "latitude")), strict=True
    )
    return [
        float(steps_m(np.array(pair))[0]) for pair in zip(pairs, others, strict=True)
    ]


@pytest.mark.parametrize("case", CASES["LEGACY"], ids=lambda case: case.__name__)
def test_a_legacy_list_gives_the_assets_of_its_clean_twin(tmp_path, clean, case):
    table, refused = assets_of(case, tmp_path)
    assert {one.code.value for one in refused} <= {"not_an_asset"}
    assert table.drop_columns(list(MOVES)).equals(clean.drop_columns(list(MOVES)))
    assert max(apart_m(table, clean)) < 0.01


@pytest.mark.parametrize("name", ["legacy_encoding", "full_width", "eras", "workbook"])
def test_where_no_place_is_converted_even_the_bytes_are_the_same(tmp_path, clean, name):
    table, _ = assets_of(CASES[name], tmp_path)
    assert table.equals(clean)


def test_a_place_in_tokyo_datum_is_less_well_known(tmp_path, clean):
    table, _ = assets_of(CASES["tokyo_datum"], tmp_path)
    assert clean["position_sigma_m"].to_pylist() == [5.0] * 6
    found = table["position_sigma_m"].to_pylist()
    assert found == pytest.approx([np.hypot(5.0, 9.0)] * 6)


def test_the_total_and_the_remark_below_a_sheet_are_listed(tmp_path):
    _, refused = assets_of(CASES["workbook"], tmp_path)
    assert [one.what for one in refused] == [
        "inspection.xlsx:点検結果 row 12",
        "inspection.xlsx:点検結果 row 13",
    ]
    assert refused[0].value == "合計; 6橋"
