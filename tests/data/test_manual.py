"""Hand-made events: a drill unless said otherwise, and strict."""

from importlib.resources import files

import pytest

from data.errors import RefusedError
from data.feeds.manual import read_manual_event
from data.operation import EventStatus, GeodeticDatum
from data.refusals import RefusalCode

EXAMPLE = files("data").joinpath("samples/events/example.toml").read_bytes()


def test_the_example_is_a_drill():
    event = read_manual_event(EXAMPLE, name="example.toml")
    assert event.status is EventStatus.DRILL
    assert event.id == "drill-example-inland"
    assert event.hypocentre.magnitude_mj == 7.2
    assert (event.observed[0].low, event.observed[0].high) == (6.0, 6.5)


def test_a_real_one_has_the_plain_id():
    event = read_manual_event(EXAMPLE, name="example.toml", real=True)
    assert event.status is EventStatus.REAL
    assert event.id == "example-inland"


def test_what_may_be_left_out_is_unknown():
    data = EXAMPLE.replace(b"depth_km = 8.0\n", b"").split(b"[[observed]]")[0]
    event = read_manual_event(data, name="x")
    assert event.hypocentre.depth_km is None
    assert event.observed == ()
    assert event.hypocentre.datum is GeodeticDatum.JGD2011


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"longitude = 140.88", b"longitude = nan", RefusalCode.OUT_OF_RANGE),
        (b"longitude = 140.88", b"longitude = true", RefusalCode.OUT_OF_RANGE),
        (b"longitude = 140.88", b"", RefusalCode.SCHEMA),
        (b"magnitude_mj = 7.2", b"magnitude_mj = 99", RefusalCode.OUT_OF_RANGE),
        (b"magnitude_mj = 7.2", b"", RefusalCode.SCHEMA),
        (b"magnitude_mj", b"magnitude", RefusalCode.SCHEMA),
        (b"08:43:00+09:00", b"08:43:00", RefusalCode.NAIVE_TIME),
        (b"2026-11-22T08:43:00+09:00", b'"today"', RefusalCode.SCHEMA),
        (b"example-inland", b"../../x", RefusalCode.BAD_ID),
        (b"schema = 1", b"schema = 2", RefusalCode.UNKNOWN_VERSION),
        (b"serial = 1", b"serial = -1", RefusalCode.SCHEMA),
        (b'intensity = "6+"', b'intensity = "8"', RefusalCode.OUT_OF_RANGE),
        (b"[hypocentre]", b"hypocentre = 3\n[other]", RefusalCode.SCHEMA),
        (b"[hypocentre]", b'[hypocentre]\ndatum = "Mars"', RefusalCode.UNKNOWN_DATUM),
        (b"schema = 1", b"schema = ", RefusalCode.UNREADABLE),
        (b"schema = 1", b"\xff\xfe", RefusalCode.UNREADABLE),
    ],
)
def test_a_mistake_is_refused_with_what_to_do(old, new, code):
    assert old in EXAMPLE
    with pytest.raises(RefusedError) as caught:
        read_manual_event(EXAMPLE.replace(old, new, 1), name="mine.toml")
    assert caught.value.refusal.code is code
    assert caught.value.refusal.remedy


def test_nothing_and_too_much_are_refused():
    for data, code in ((b"", "empty"), (b"#" * 2_000_000, "too_large")):
        with pytest.raises(RefusedError) as caught:
            read_manual_event(data, name="x")
        assert caught.value.refusal.code.value == code
