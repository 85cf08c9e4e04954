"""Messages of one quake may come in any order, twice, corrected or withdrawn."""

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
from data.standing import standing_event

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
