"""Which encoding a file is in, and when none can be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.text_encoding import can_be_read, encoding_of

BRIDGES = "管理番号,橋梁名,カナ\n1,第二新橋,ﾀﾞｲﾆｼﾝﾊﾞｼ\n2,大手川橋,ｵｵﾃｶﾞﾜﾊﾞｼ\n"


def encoding(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    return encoding_of(path)


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_the_encodings_of_owners_are_told_apart(tmp_path, name):
    assert encoding(tmp_path, BRIDGES.encode(name)) == name


def test_euc_jp_is_not_read_as_cp932_nonsense(tmp_path):
    text = "管理番号,橋梁名\n1,第二新橋\n2,大手川橋\n3,跨線橋\n"
    assert encoding(tmp_path, text.encode("euc_jp")) == "euc_jp"


def test_utf8_with_one_broken_byte_is_in_no_encoding(tmp_path):
    raw = (BRIDGES * 20).encode()
    assert encoding(tmp_path, raw[:500] + b"\xff" + raw[500:]) is None


def test_a_mark_that_lies_is_in_no_encoding(tmp_path):
    assert encoding(tmp_path, b"\xef\xbb\xbf" + BRIDGES.encode("cp932")) is None


def test_an_unknown_encoding_is_an_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a")
    with pytest.raises(LookupError):
        can_be_read(path, "klingon")


@given(st.text(alphabet="橋梁変電所あアーイ一二abc123①,\n", min_size=1))
def test_text_survives_the_encoding_it_is_read_in(tmp_path_factory, text):
    for name in ("utf-8", "utf-8-sig"):
        raw = text.encode(name)
        found = encoding(tmp_path_factory.mktemp("a"), raw)
        assert found == name
        assert raw.decode(found) == text


@given(st.binary(max_size=300))
def test_any_bytes_have_an_encoding_they_can_be_read_in_or_none(tmp_path_factory, raw):
    found = encoding(tmp_path_factory.mktemp("a"), raw)
    if found is not None:
        assert isinstance(raw.decode(found), str)
