"""Eras, wide characters and legacy encodings."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.japanese import clean_text, half_width, number_from, year_from


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("昭和45年", 1970),
        ("昭和元年", 1926),
        ("S64.1.7", 1989),
        ("平成元年度", 1989),
        ("Ｈ３０", 2018),
        ("令和元年5月", 2019),
        ("R6", 2024),
        ("大正12年9月1日", 1923),
        ("明治45", 1912),
        ("1985", 1985),
        ("2011/03", 2011),
        ("１９６４年", 1964),
        ("19850311", 1985),
        ("不明", None),
        ("", None),
        ("-", None),
    ],
)
def test_years_of_both_calendars(text, year):
    assert year_from(text) == year


@given(st.integers(1, 64))
def test_showa_years_are_1925_and_on(number):
    assert year_from(f"昭和{number}年") == 1925 + number


def test_wide_text_becomes_narrow():
    assert half_width("　ＡＢＣ－１２３（ｍ）") == "ABC-123(m)"


def test_numbers_with_units_and_separators():
    assert number_from("１２，５００.５ ｍ") == 12500.5
    assert number_from("-3.5e2") == -350.0
    assert number_from("約１２０") == 120.0
    assert number_from("長い") is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("S40.3", 1965),
        ("s.40", 1965),
        ("昭40", 1965),
        ("㍼40年", 1965),
        ("昭和四十年三月", 1965),
        ("昭和三年", 1928),
        ("平成十年度", 1998),
        ("昭和40年(1965年)竣工", 1965),
        ("竣工：平成元年", 1989),
        ("196503", 1965),
        ("ABS40", None),
        ("40", None),
    ],
)
def test_years_as_registers_have_them(text, year):
    assert year_from(text) == year


@given(st.text(max_size=60))
def test_cleaned_text_is_on_one_line_without_hidden_characters(text):
    found = clean_text(text)
    if found is not None:
        assert not [one for one in found if unicodedata.category(one)[0] == "C"]
        assert found == found.strip()
