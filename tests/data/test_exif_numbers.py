import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL.TiffImagePlugin import IFDRational

from data.exif_numbers import degrees_from_dms, number, positive


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+44.20", 44.2),
        ("-89.90", -89.9),
        ("610/1000", 0.61),
        ("44,20", 44.2),
        (" 12 \x00", 12.0),
        (b"+1.5\x00", 1.5),
        (".5", 0.5),
        ("1e2", 100.0),
        (IFDRational(361, 100), 3.61),
        ((7,), 7.0),
        (4000, 4000.0),
    ],
)
def test_every_dialect_of_a_number_is_read(written, meant):
    assert number(written) == pytest.approx(meant)


@pytest.mark.parametrize(
    "written",
    [
        *("", "nan", "NaN", "inf", "1/0", "0/0", "1,234.5", "1.2.3", "12 m", "--1"),
        *("٤٤", "1e999", "9" * 100, "0x10", "1_000", None, (), (1, 2), {}, object()),
        *(math.nan, math.inf, IFDRational(1, 0), IFDRational(0, 0), b"\xff"),
    ],
)
def test_what_is_no_number_is_none_and_never_a_guess(written):
    assert number(written) is None


@given(st.floats(-1e6, 1e6), st.sampled_from(["{:+.4f}", "{:.4f}", " {:+.4f}\x00"]))
@settings(deadline=None)
def test_a_written_number_comes_back_in_either_decimal_mark(value, form):
    text = form.format(value)
    assert number(text) == pytest.approx(value, abs=5.1e-5)
    assert number(text.replace(".", ",")) == number(text)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**9))
@settings(deadline=None)
def test_a_fraction_is_its_quotient(above, below):
    assert number(f"{above}/{below}") == pytest.approx(above / below)
    assert number(f"{above}/0") is None


@given(st.one_of(st.text(max_size=80), st.binary(max_size=80), st.floats()))
@settings(deadline=None)
def test_any_text_gives_a_finite_number_or_none(written):
    found = number(written)
    assert found is None or math.isfinite(found)


def test_zero_is_not_known_where_a_positive_number_is_asked():
    assert positive("0") is None
    assert positive("-1") is None
    assert positive("0.1") == 0.1


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 599_999))
@settings(deadline=None)
def test_degrees_minutes_seconds_make_degrees(degrees, minutes, tenth_milliseconds):
    seconds = IFDRational(tenth_milliseconds, 10_000)
    found = degrees_from_dms((IFDRational(degrees), IFDRational(minutes), seconds))
    meant = degrees + minutes / 60 + tenth_milliseconds / 36_000_000
    assert found == pytest.approx(meant)


@pytest.mark.parametrize(
    "written",
    [None, "46,50", (1, 2), (1, 2, IFDRational(0, 0)), (1, -2, 3), (math.nan, 0, 0)],
)
def test_a_broken_coordinate_is_none(written):
    assert degrees_from_dms(written) is None
