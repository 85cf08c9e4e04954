"""JMA telegrams: the real ones, what JMA may send, and what nobody may."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import RefusedError
from data.feeds.guarded_xml import MAX_BYTES
from data.feeds.jma import read_telegram
from data.operation import EventStatus, GeodeticDatum, MessageType
from data.refusals import RefusalCode

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>震源・震度に関する情報</Title><DateTime>2026-11-21T23:47:00Z</DateTime>
<Status>通常</Status></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>震源・震度情報</Title>
<ReportDateTime>2026-11-22T08:47:00+09:00</ReportDateTime>
<TargetDateTime>2026-11-22T08:47:00+09:00</TargetDateTime>
<EventID>20261122084350</EventID><InfoType>発表</InfoType><Serial>1</Serial>
<InfoKindVersion>1.0_1</InfoKindVersion><Headline><Text>揺れ</Text></Headline></Head>
<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"
 xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
<Earthquake><OriginTime>2026-11-22T08:43:00+09:00</OriginTime>
<Hypocenter><Area><Name>三陸沖</Name>
<jmx_eb:Coordinate description="" datum="日本測地系"
>+38.1+142.9-24000/</jmx_eb:Coordinate></Area></Hypocenter>
<jmx_eb:Magnitude type="Mj" description="Ｍ７．３">7.3</jmx_eb:Magnitude></Earthquake>
<Intensity><Observation><Pref><Area><Name>宮城県北部</Name><Code>220</Code>
<MaxInt>6+</MaxInt><City><Name>栗原市</Name><Code>0421300</Code>
<MaxInt>4</MaxInt><Condition>震度５弱以上未入電</Condition></City></Area></Pref>
</Observation></Intensity></Body></Report>"""
"""A made-up VXSE53 of the form that JMA publishes."""

REAL = {
    "20210219091451_0_VXSE53_010000.xml": ("20210219181113", "VXSE53", 3.9, 36),
    "20230410231623_04156158_VXSE53.xml": ("20230410221000", "VXSE53", None, 0),
    "20231120170318_06797589_VXSE53.xml": ("20231120153000", "VXSE53", None, 0),
    "32-35_01_03_100806_VXSE53.xml": ("drill-20091001134500", "VXSE53", 5.9, 364),
    "32-35_06_01_100915_VXSE52.xml": ("20080614084350", "VXSE52", 7.0, 0),
    "32-35_06_02_100915_VXSE52.xml": ("20080614084350", "VXSE52", None, 0),
    "32-35_06_03_100915_VXSE53.xml": ("20080614084350", "VXSE53", 7.0, 1816),
    "32-35_06_04_100915_VXSE53.xml": ("20080614084350", "VXSE53", 7.0, 2149),
    "32-35_06_05_100915_VXSE53.xml": ("20080614084350", "VXSE53", 7.0, 2164),
    "32-35_06_06_100915_VXSE53.xml": ("20080614084350", "VXSE53", None, 0),
    "32-35_06_09_100915_VXSE61.xml": ("20080614084350", "VXSE61", 7.2, 0),
    "32-35_06_10_100915_VXSE61.xml": ("20080614084350", "VXSE61", None, 0),
    "32-39_11_01_120615_VXSE51.xml": ("20110311144640", "VXSE51", None, 17),
    "33_12_01_120615_VXSE52.xml": ("20120214214013", "VXSE52", None, 0),
}


def changed(old, new):
    assert old in REPORT
    return REPORT.replace(old, new).encode()


def refusal_of(data, **options):
    with pytest.raises(RefusedError) as caught:
        read_telegram(data, name="t.xml", **options)
    refusal = caught.value.refusal
    assert refusal.what == "t.xml"
    assert refusal.remedy
    assert refusal.value
    return refusal.code


def real(shared: Path, name: str):
    return read_telegram((shared / "data/events/jma" / name).read_bytes(), name=name)


@pytest.mark.parametrize("name", sorted(REAL))
def test_each_real_telegram_is_read(shared, name):
    event = real(shared, name)
    source = event.hypocentre
    magnitude = None if source is None else source.magnitude_mj
    assert (event.id, event.source_kind, magnitude, len(event.observed)) == REAL[name]


def test_every_shared_telegram_is_in_the_table_or_refused(shared):
    names = {path.name for path in (shared / "data/events/jma").glob("*.xml")}
    assert names - set(REAL) == {"54_01_01_100514_VXSE42.xml"}


def test_a_test_of_early_warning_is_refused_by_its_title(shared):
    with pytest.raises(RefusedError, match="known are 震度速報") as caught:
        real(shared, "54_01_01_100514_VXSE42.xml")
    assert caught.value.refusal.code is RefusalCode.UNKNOWN_TYPE


def test_the_2008_mainshock_is_read_as_it_stands(shared):
    event = real(shared, "32-35_06_05_100915_VXSE53.xml")
    assert event.status is EventStatus.REAL
    assert event.serial == 3
    assert event.hypocentre.datum is GeodeticDatum.TOKYO
    assert event.hypocentre.depth_km == 10.0
    assert event.origin_at == datetime(2008, 6, 13, 23, 43, tzinfo=UTC)
    oshu = next(o for o in event.observed if o.name == "奥州市")
    assert (oshu.level, oshu.code, oshu.low, oshu.high) == ("city", "0321500", 6.0, 6.5)


def test_not_received_is_at_least_5_lower_and_never_zero(shared):
    event = real(shared, "32-35_06_05_100915_VXSE53.xml")
    village = next(o for o in event.observed if o.name == "大蔵村")
    assert (village.low, village.high) == (4.5, None)


def test_a_class_beside_not_received_becomes_an_open_interval():
    event = read_telegram(REPORT.encode(), name="t.xml")
    assert (event.observed[1].low, event.observed[1].high) == (4.5, None)


def test_the_greatest_quake_has_a_lower_bound_and_is_not_refused(shared):
    source = real(shared, "33_12_01_120615_VXSE52.xml").hypocentre
    assert source.magnitude_mj is None
    assert source.magnitude_at_least == 8.0


def test_unknown_magnitude_and_depth_of_a_distant_event_are_none(shared):
    event = real(shared, "20231120170318_06797589_VXSE53.xml")
    assert event.distant
    assert event.hypocentre.latitude == -5.1
    assert event.hypocentre.depth_km is None
    assert event.hypocentre.magnitude_at_least is None


def test_revised_source_is_read_in_minutes_and_in_the_world_datum(shared):
    source = real(shared, "32-35_06_09_100915_VXSE61.xml").hypocentre
    assert source.latitude == pytest.approx(39 + 1.7 / 60)
    assert source.longitude == pytest.approx(140 + 52.8 / 60)
    assert (source.depth_km, source.datum) == (8.0, GeodeticDatum.JGD2011)


def test_a_cancellation_carries_no_hypocentre(shared):
    event = real(shared, "32-35_06_06_100915_VXSE53.xml")
    assert event.message_type is MessageType.CANCELLATION
    assert event.hypocentre is None


@pytest.mark.parametrize(
    ("text", "depth_km"), [("-0/", 0.0), ("+0/", 0.0), ("-700000/", 700.0), ("/", None)]
)
def test_depth_is_read_in_metres_and_may_be_missing(text, depth_km):
    event = read_telegram(changed("-24000/", text), name="t.xml")
    assert event.hypocentre.depth_km == depth_km


def test_a_place_that_is_unknown_gives_no_hypocentre():
    data = changed(
        'description="" datum="日本測地系"\n>+38.1+142.9-24000/',
        'description="震源要素不明">',
    )
    event = read_telegram(data, name="t.xml")
    assert event.hypocentre is None
    assert "震源要素不明" in event.notes


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("+38.1+142.9-24000/", "NaN", RefusalCode.SCHEMA),
        ("+38.1+142.9-24000/", "+98.1+142.9-24000/", RefusalCode.OUT_OF_RANGE),
        ("+38.1+142.9-24000/", "+38.1+142.9+24000/", RefusalCode.OUT_OF_RANGE),
        (">7.3<", ">NaN<", RefusalCode.OUT_OF_RANGE),
        (">7.3<", ">99<", RefusalCode.OUT_OF_RANGE),
        (">7.3<", ">７.３<", RefusalCode.OUT_OF_RANGE),
        ("<MaxInt>6+", "<MaxInt>NaN", RefusalCode.OUT_OF_RANGE),
        ("<MaxInt>6+", "<MaxInt>", RefusalCode.OUT_OF_RANGE),
        ("通常", "本番", RefusalCode.UNKNOWN_STATUS),
        ("発表", "再発表", RefusalCode.SCHEMA),
        ("1.0_1", "2.0_0", RefusalCode.UNKNOWN_VERSION),
        ("20261122084350", "../../x", RefusalCode.BAD_ID),
        ("20261122084350", "２０２６１１２２０８４３５０", RefusalCode.BAD_ID),
        ("08:43:00+09:00", "08:43:00", RefusalCode.NAIVE_TIME),
        ("08:43:00+09:00", "late", RefusalCode.SCHEMA),
        ("日本測地系", "火星測地系", RefusalCode.UNKNOWN_DATUM),
        ("<Serial>1", "<Serial>-1", RefusalCode.SCHEMA),
        ("<Serial>1", "<Serial>" + "9" * 5000, RefusalCode.SCHEMA),
        ('jmaxml1/">', 'jmaxml2/">', RefusalCode.UNKNOWN_TYPE),
        ("</Body></Report>", "", RefusalCode.UNREADABLE),
    ],
)
def test_what_jma_never_sends_is_refused_in_words(old, new, code):
    assert refusal_of(changed(old, new)) is code


def test_magnitude_nan_is_taken_only_with_its_condition():
    data = changed('type="Mj" description="Ｍ７．３">7.3', 'condition="不明">NaN')
    assert read_telegram(data, name="t.xml").hypocentre.magnitude_mj is None


def test_entities_are_refused_as_a_bomb():
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Report>&b;</Report>'
    assert refusal_of(b'<?xml version="1.0"?>' + bomb) is RefusalCode.BOMB


def test_deep_nesting_is_refused():
    assert refusal_of(b"<a>" * 65 + b"</a>" * 65) is RefusalCode.BOMB


def test_nothing_and_too_much_are_refused():
    assert refusal_of(b"  ") is RefusalCode.EMPTY
    assert refusal_of(b" " * MAX_BYTES + b"<Report/>") is RefusalCode.TOO_LARGE


def test_a_report_from_the_future_is_refused_when_the_time_is_known():
    before = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert refusal_of(REPORT.encode(), now=before) is RefusalCode.FUTURE_TIME
    assert read_telegram(
        REPORT.encode(), name="t.xml", now=datetime(2026, 11, 21, 23, 46, tzinfo=UTC)
    )


def test_an_exercise_may_be_set_in_the_future():
    before = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    data = changed("通常", "訓練")
    assert read_telegram(data, name="t.xml", now=before).status is EventStatus.DRILL


@pytest.mark.parametrize("word", ["訓練", "試験"])
def test_a_drill_never_has_the_id_of_a_real_event(word):
    event = read_telegram(changed("通常", word), name="t.xml")
    assert event.id == "drill-20261122084350"
    assert event.status is not EventStatus.REAL


@given(st.integers(-900, 900), st.integers(-1800, 1800), st.integers(0, 700))
@settings(deadline=None)
def test_a_position_is_read_back_as_it_was_written(latitude, longitude, depth_km):
    written = f"{latitude / 10:+05.1f}{longitude / 10:+06.1f}-{depth_km * 1000}/"
    event = read_telegram(changed("+38.1+142.9-24000/", written), name="t.xml")
    source = event.hypocentre
    assert (source.latitude, source.longitude) == (latitude / 10, longitude / 10)
    assert source.depth_km == depth_km


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_refused_in_words(data):
    assert refusal_of(data)
