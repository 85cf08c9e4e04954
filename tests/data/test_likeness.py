"""Two ids of one quake are proposed with the evidence; two quakes are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pyproj import Geod

from data.likeness import evidence, likenesses
from data.operation import Event, EventKind, EventStatus, Hypocentre, MessageType

PLACE = Hypocentre(
    longitude=136.9,
    latitude=37.2,
    depth_km=10.0,
    magnitude_mj=7.2,
    magnitude_at_least=None,
    region="石川県能登地方",
)
AT = datetime(2026, 11, 5, 0, 10, tzinfo=UTC)
OWN = Event(
    id="20261105091000",
    serial=1,
    source_kind="VXSE53",
    status=EventStatus.REAL,
    message_type=MessageType.ISSUE,
    title="",
    headline="",
    reported_at=AT,
    origin_at=AT,
    hypocentre=PLACE,
    distant=False,
    observed=(),
    notes=(),
    sha256="0" * 64,
)


def other(seconds=40, north_deg=0.2, smaller=0.3, **values):
    return replace(
        OWN,
        id="us1000",
        source_kind="ShakeMap",
        origin_at=AT + timedelta(seconds=seconds),
        reported_at=AT - timedelta(minutes=1),
        hypocentre=replace(
            PLACE,
            latitude=PLACE.latitude + north_deg,
            magnitude_mj=PLACE.magnitude_mj - smaller,
        ),
        **values,
    )


def test_one_quake_of_two_agencies_is_proposed_with_how_far_apart_they_are():
    (pair,) = likenesses([other(), OWN])
    assert (pair.first, pair.second) == (OWN.id, "us1000")
    *_, metres = Geod(ellps="GRS80").inv(136.9, 37.2, 136.9, 37.4)
    assert pair.km_apart == pytest.approx(metres / 1000.0, rel=0.005)
    assert evidence(pair) == "40 s apart, 22 km apart, 0.3 magnitudes apart"


@pytest.mark.parametrize(
    "far",
    [
        {"seconds": 180},
        {"north_deg": 1.5},
        {"smaller": 1.5},
        {"kind": EventKind.TYPHOON},
        {"status": EventStatus.DRILL},
    ],
)
def test_two_quakes_apart_in_time_place_size_kind_or_root_are_not(far):
    assert likenesses([OWN, other(**far)]) == ()


def test_without_a_place_time_alone_proposes_and_says_so():
    bare = replace(other(), hypocentre=None)
    (pair,) = likenesses([OWN, bare])
    assert evidence(pair) == (
        "40 s apart, place of one not known, size of one not known"
    )
