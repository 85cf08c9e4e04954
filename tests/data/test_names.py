import json

from hypothesis import given, settings
from hypothesis import strategies as st

from data.names import decoded_name, escaped_name


def test_a_japanese_name_of_old_windows_is_readable():
    assert decoded_name("橋梁表.JPG".encode("cp932")) == "橋梁表.JPG"
    assert decoded_name("橋梁表.JPG".encode()) == "橋梁表.JPG"


def test_control_characters_are_escaped_and_spaces_stay():
    assert escaped_name("a\nb\x1b[31m c\u3000d.JPG") == "a\\nb\\x1b[31m c\u3000d.JPG"


@given(st.binary(min_size=1, max_size=40))
@settings(deadline=None)
def test_any_bytes_give_a_name_that_every_output_carries(raw):
    shown = escaped_name(decoded_name(raw))
    assert shown
    assert json.loads(json.dumps(shown).encode("utf-8")) == shown
    assert all(c.isprintable() or c == "\u3000" for c in shown)


@given(st.binary(min_size=1, max_size=40).filter(lambda b: b"\\" not in b))
@settings(deadline=None)
def test_bytes_that_are_no_text_stay_apart(raw):
    first, second = decoded_name(b"\xff" + raw), decoded_name(b"\xfe" + raw)
    assert escaped_name(first) != escaped_name(second)
