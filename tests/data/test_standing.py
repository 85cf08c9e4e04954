"""Messages of one quake may come in any order, twice, corrected or withdrawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.operation import (
    Event,
    EventStatus,
    Hypocentre,
    MessageType,
    ObservedIntensity,
)
from data.standing import (
    is_superseded,
    standing_event,
    standing_events,
    withdrawn_by,
)

ORIGIN = datetime(2026, 11, 5, 0, 10, tzinfo=UTC)


def message(
    number: int,
    kind: str = "VXSE53",
    message_type: MessageType = MessageType.ISSUE,
    *,
    bare: bool = False,
) -> Event:
    hypocentre = Hypocentre(
        longitude=136.9,
        latitude=37.2,
        depth_km=10.0,
        magnitude_mj=6.0 + number / 10,
        magnitude_at_least=None,
        region="石川県能登地方",
    )
    seen = ObservedIntensity(level="area", code="390", name="能登", low=4.5, high=5.0)
    return Event(
        id="20261105091000",
        serial=number,
        source_kind=kind,
        status=EventStatus.REAL,
        message_type=message_type,
        title="震源・震度に関する情報",
        headline="",
        reported_at=ORIGIN + timedelta(minutes=number),
        origin_at=ORIGIN,
        hypocentre=None if bare else hypocentre,
        distant=False,
        observed=() if bare else (seen,),
        notes=(),
        sha256=f"{number:064x}",
    )


MESSAGES = st.lists(
    st.builds(
        message,
        st.integers(0, 9),
        st.sampled_from(["VXSE52", "VXSE53", "VXSE61"]),
        st.sampled_from(list(MessageType)),
    ),
    max_size=8,
    unique_by=lambda m: m.sha256,
)


@given(MESSAGES, st.randoms())
def test_order_and_repeats_change_nothing(messages: list[Event], rng) -> None:
    shuffled = messages * 2
    rng.shuffle(shuffled)
    assert standing_event(shuffled) == standing_event(messages)


def test_a_newer_report_replaces_an_older_one() -> None:
    standing = standing_event([message(3), message(1)])
    assert standing is not None
    assert standing.serial == 3


def test_a_cancellation_withdraws_its_own_kind_only() -> None:
    cancelled = message(5, "VXSE52", MessageType.CANCELLATION, bare=True)
    standing = standing_event([message(1, "VXSE52"), message(2), cancelled])
    assert standing is not None
    assert standing.source_kind == "VXSE53"
    assert standing_event([message(1, "VXSE52"), cancelled]) is None


def test_what_the_newest_does_not_say_comes_from_the_one_before() -> None:
    standing = standing_event([message(1, "VXSE53"), message(2, "VXSE61", bare=True)])
    assert standing is not None
    assert standing.source_kind == "VXSE61"
    assert standing.hypocentre is not None
    assert standing.observed


def test_a_late_report_of_areas_does_not_hide_the_stations() -> None:
    areas = message(9, "VXSE51", bare=True)
    areas = replace(areas, observed=(message(1).observed[0],) * 2)
    standing = standing_event([message(3), areas])
    assert standing is not None
    assert standing.observed == message(3).observed


def test_an_official_source_goes_before_another_agency() -> None:
    other = replace(message(8, "ShakeMap"), observed=())
    standing = standing_event([message(3), other])
    assert standing is not None
    assert standing.hypocentre == message(3).hypocentre


def test_merged_ids_are_one_event_and_stand_while_one_series_does() -> None:
    other = replace(message(2), id="us1000")
    gone = message(5, "VXSE53", MessageType.CANCELLATION, bare=True)
    own = "20261105091000"
    assert [e.id for e in standing_events([message(1), other], {})] == [own, "us1000"]
    merged = {"us1000": own}
    assert [e.id for e in standing_events([message(1), other], merged)] == [own]
    (left,) = standing_events([message(1), other, gone], merged)
    assert left.hypocentre == other.hypocentre
    assert list(withdrawn_by([message(1), other, gone], {})) == [own]


def test_what_is_missing_is_named_and_blocks_nothing() -> None:
    alone = replace(message(1, "VXSE51", bare=True), observed=message(1).observed)
    standing = standing_event([alone])
    assert standing is not None
    assert standing.degraded == (
        "震源なし · no hypocentre: 震度の地域のみ · areas only",
    )
    silent = replace(message(2).observed[0], low=4.5, high=None)
    deep = replace(
        message(2),
        observed=(silent,),
        hypocentre=replace(message(2).hypocentre, depth_km=None, magnitude_mj=None),
    )
    standing = standing_event([deep])
    assert standing is not None
    assert [text.split(" · ")[0] for text in standing.degraded] == [
        "Ｍ不明",
        "深さ不明",
        "1 か所 未入電",
    ]


def test_an_older_report_is_superseded_by_its_own_series_only() -> None:
    assert is_superseded(message(1), [message(1), message(3)])
    assert not is_superseded(message(3), [message(1), message(3)])
    assert not is_superseded(message(1), [message(3, "VXSE52")])
