"""The made-up inland earthquake that tests of hazard, plan and totals share."""

from datetime import UTC, datetime, timedelta

from data.operation import Event, EventStatus, Hypocentre, MessageType

ORIGIN = datetime(2026, 11, 21, 23, 43, tzinfo=UTC)
INLAND = Hypocentre(
    longitude=140.88,
    latitude=39.03,
    depth_km=8.0,
    magnitude_mj=7.2,
    magnitude_at_least=None,
    region="岩手県内陸南部",
)
QUAKE = Event(
    id="20261122084350",
    serial=1,
    source_kind="VXSE53",
    status=EventStatus.REAL,
    message_type=MessageType.ISSUE,
    title="震源・震度情報",
    headline="",
    reported_at=ORIGIN + timedelta(minutes=4),
    origin_at=ORIGIN,
    hypocentre=INLAND,
    distant=False,
    observed=(),
    notes=(),
    sha256="0" * 64,
)
