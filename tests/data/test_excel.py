"""Workbooks are read as owners keep them, or refused in words."""

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.excel import read_workbook
from data.refusals import RefusalCode

NAMES = ["管理番号", "橋梁名", "経度", "緯度", "架設年月"]
ROW = ["B1", "新橋", 139.75, 35.5, date(1965, 3, 1)]


def written(tmp_path, *rows, sheets=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, rows_of_it in sheets:
        sheet = book.create_sheet(title)
        for row in rows_of_it:
            sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    return path


def sources_of(path, **mapping):
    return list(read_workbook(path, path.name, ColumnMapping(**mapping)))


def code_of(path):
    with pytest.raises(RefusedError) as caught:
        sources_of(path)
    assert caught.value.refusal.remedy
    return caught.value.refusal.code


def test_a_sheet_becomes_rows_numbered_as_excel_does(tmp_path):
    blank = [None] * 5
    (source,) = sources_of(written(tmp_path, ["一覧"], blank, NAMES, blank, ROW))
    assert source.columns["架設年月"] == ["1965-03-01"]
    assert source.geometry[0].wkt == "POINT (139.75 35.5)"
    assert source.where(0) == "a.xlsx:Sheet row 5"


def test_every_sheet_with_places_is_read_and_a_cover_passed_over(tmp_path):
    sheets = [("一", [NAMES, ROW]), ("二", [["橋梁名", "経度", "緯度"], ROW[1:4]])]
    sources = sources_of(written(tmp_path, ["表紙"], sheets=sheets))
    assert [source.name for source in sources] == ["a.xlsx:一", "a.xlsx:二"]


FORM = [
    ["様式１", None, "橋梁名・所在地・管理者名等"],
    ["橋梁名", None, "新橋", "路線名", "国道１号"],
    ["管理者", None, "架空県", "橋長", 45.5],
    ["緯度", "35°40'52.3\"", None, "経度", "139°46'01.5\""],
    ["健全性", None, "架設年度", None, None],
    ["Ⅲ", None, "昭和40年", None, None],
]


def test_a_form_for_each_bridge_is_a_row_for_each(tmp_path):
    other = [[cell if cell != "新橋" else "旧橋" for cell in row] for row in FORM]
    path = written(tmp_path, ["表紙"], sheets=[("1", FORM), ("2", other)])
    one, two = sources_of(path)
    columns = {name: value for name, (value,) in one.columns.items()}
    assert columns == {
        "橋梁名": "新橋",
        "管理者": "架空県",
        "橋長": "45.5",
        "緯度": "35°40'52.3\"",
        "経度": "139°46'01.5\"",
        "健全性": "Ⅲ",
        "架設年度": "昭和40年",
    }
    assert one.geometry[0].y == pytest.approx(35.6811944, abs=1e-7)
    assert one.where(0) == "a.xlsx:1 row 4"
    assert two.columns["橋梁名"] == ["旧橋"]


def test_numbers_faults_and_formulas(tmp_path):
    row = [101.0, "=1+1", 139.75, 35.5, "#REF!"]
    (source,) = sources_of(written(tmp_path, NAMES, row))
    assert source.columns["管理番号"] == ["101"]
    assert source.columns["橋梁名"] == [None]  # openpyxl stored no value of it
    assert source.columns["架設年月"] == [None]


def test_a_book_without_places_is_refused(tmp_path):
    assert code_of(written(tmp_path, ["橋梁名"], ["新橋"])) is RefusalCode.SCHEMA


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, RefusalCode.UNKNOWN_TYPE),
        (b"id,name\n", RefusalCode.UNKNOWN_TYPE),
        (b"PK\x03\x04 and no more", RefusalCode.UNREADABLE),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path, content, code):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    assert code_of(path) is code


def repacked(path, name, content):
    """The workbook with another content of one of its parts."""
    with zipfile.ZipFile(path) as package:
        parts = {one: package.read(one) for one in package.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for one, whole in (parts | {name: content}).items():
            package.writestr(one, whole)
    path.write_bytes(file.getvalue())
    return path


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = written(tmp_path, NAMES, ROW)
    bomb = repacked(path, "xl/worksheets/sheet1.xml", b" " * (64 << 20))
    assert code_of(bomb) is RefusalCode.BOMB


def test_entities_are_refused(tmp_path):
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    start = b'<?xml version="1.0"?>'
    sheet = start + laughs + b"<worksheet><sheetData>&b;</sheetData></worksheet>"
    path = repacked(written(tmp_path, NAMES), "xl/worksheets/sheet1.xml", sheet)
    assert code_of(path) in (RefusalCode.BOMB, RefusalCode.UNREADABLE)


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize("content", [b"", b"<a/>", b"no xml", b"<a>" * 2000])
def test_broken_parts_are_refused_not_a_traceback(tmp_path, part, content):
    path = repacked(written(tmp_path, NAMES, ROW), part, content)
    assert code_of(path) in RefusalCode
