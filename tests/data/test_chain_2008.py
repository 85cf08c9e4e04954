"""The telegrams of 2008-06-14 in any order, twice, corrected: one event, one end."""

from itertools import islice, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.feeds.jma import read_telegram
from data.operation import MessageType
from data.standing import newest_by_kind, newness, standing_events, withdrawn_by

ID = "20080614084350"


@pytest.fixture(scope="module")
def chain(shared):
    """All eight telegrams, by name, in the order in which they were sent."""
    paths = sorted((shared / "data/events/jma").glob("32-35_06_*.xml"))
    found = [read_telegram(path.read_bytes(), name=path.name) for path in paths]
    assert len(found) == 8
    return sorted(found, key=newness)


def is_cancelled(messages):
    """Independent of the code under test: the last word of every kind is 取消."""
    last = {}
    for message in sorted(messages, key=lambda m: m.reported_at):
        last[message.source_kind] = message.message_type
    return set(last.values()) == {MessageType.CANCELLATION}


def test_the_whole_chain_ends_withdrawn_in_every_order(chain):
    """Every 20th of its 40,320 orders; tests/bench/chain.py takes them all."""
    newest = newest_by_kind(chain)
    assert {m.source_kind for m in newest} == {"VXSE52", "VXSE53", "VXSE61"}
    for order in islice(permutations(chain), 0, None, 20):
        assert newest_by_kind(order) == newest
    assert standing_events(chain, {}) == ()
    assert list(withdrawn_by(chain, {})) == [ID]


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_any_part_in_any_order_and_twice_stands_alike(chain, data):
    part = data.draw(st.lists(st.sampled_from(chain), min_size=1, max_size=12))
    once = [message for message in chain if message in part]
    found = standing_events(part, {})
    assert found == standing_events(once, {})
    assert len(found) == (0 if is_cancelled(once) else 1)
    assert {event.id for event in found} <= {ID}


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_revisions_never_go_back(chain, data):
    order = data.draw(st.permutations(chain))
    before = {}
    for count in range(1, len(order) + 1):
        for message in newest_by_kind(order[:count]):
            kind = message.source_kind
            assert newness(message) >= before.get(kind, newness(message))
            before[kind] = newness(message)


def test_it_is_withdrawn_once_all_are_cancelled_and_not_before(chain):
    """At 09:06 VXSE52 and 53 are both cancelled; VXSE61 brings it back at 12:30."""
    stands = [
        bool(standing_events(chain[:count], {})) for count in range(1, len(chain) + 1)
    ]
    assert stands == [True] * 5 + [False, True, False]


@pytest.mark.parametrize("kind", ["VXSE52", "VXSE53", "VXSE61"])
def test_without_any_one_cancellation_it_stands(chain, kind):
    left = [
        message
        for message in chain
        if message.source_kind != kind
        or message.message_type is not MessageType.CANCELLATION
    ]
    assert len(left) == 7
    (event,) = standing_events(left, {})
    assert event.source_kind == kind


def test_the_revised_source_replaces_place_and_size_and_keeps_intensities(chain):
    (event,) = standing_events(chain[:7], {})
    assert event.source_kind == "VXSE61"
    assert event.hypocentre.magnitude_mj == 7.2
    assert event.observed == ()  # VXSE53 was cancelled at 09:06 of that day
    issued = [m for m in chain if m.message_type is not MessageType.CANCELLATION]
    (event,) = standing_events(issued, {})
    assert event.hypocentre.magnitude_mj == 7.2
    assert len(event.observed) == 2164
