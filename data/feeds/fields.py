"""What a ShakeMap or a track says of its event: the Event that it opens."""

from collections.abc import Mapping

from data.feeds.shakemap import ShakeMapGrid
from data.feeds.tracks import AnyTrack, Averaging
from data.operation import (
    Event,
    EventKind,
    EventStatus,
    GeodeticDatum,
    Hypocentre,
    MessageType,
)

SHAKEMAP = "ShakeMap"
KIND_OF_AVERAGING: Mapping[Averaging, str] = {
    Averaging.TEN_MINUTES: "track-10min",
    Averaging.ONE_MINUTE: "track-1min",
}
"""Each agency's track is a series of messages of its own."""
FIELD_KINDS = frozenset({SHAKEMAP, *KIND_OF_AVERAGING.values()})
"""Messages that are fields or tracks: their files are kept in the operation."""
STATUS_OF_KIND: Mapping[str, EventStatus] = {
    "ACTUAL": EventStatus.REAL,
    "SCENARIO": EventStatus.DRILL,
    "TEST": EventStatus.TEST,
}


def event_of_shakemap(grid: ShakeMapGrid) -> Event:
    """The event a ShakeMap is about; one of a scenario is a drill.

    Its magnitude (Mw as a rule) stands where a telegram has Mj; a note says so.
    """
    status = STATUS_OF_KIND[grid.kind]
    source = Hypocentre(
        longitude=grid.longitude,
        latitude=grid.latitude,
        depth_km=grid.depth_km,
        magnitude_mj=grid.magnitude,
        magnitude_at_least=None,
        region=grid.description,
        datum=GeodeticDatum.JGD2011,  # WGS84, which differs by less than it is known
    )
    return Event(
        id=_id(grid.event_id, status),
        serial=grid.version,
        source_kind=SHAKEMAP,
        status=status,
        message_type=MessageType.ISSUE,
        title=f"ShakeMap {grid.description}".strip(),
        headline="",
        reported_at=grid.processed_at,
        origin_at=grid.origin_at,
        hypocentre=source,
        distant=False,
        observed=(),
        notes=(*grid.notes, "magnitude as in the ShakeMap (Mw as a rule), not Mj"),
        sha256=grid.sha256,
        degraded=grid.notes,
    )


def event_of_track(track: AnyTrack, *, real: bool) -> Event:
    """The typhoon of a track, from its first point to its last.

    Args:
        track: One storm.
        real: Whether a named person says that it is no drill.
    """
    status = EventStatus.REAL if real else EventStatus.DRILL
    blank = sum(point.wind is None for point in track.points)
    said = f"{blank} of {len(track.points)} points of the track carry no wind"
    return Event(
        id=_id(track.id, status),
        serial=0,
        source_kind=KIND_OF_AVERAGING[track.averaging],
        status=status,
        message_type=MessageType.ISSUE,
        title=f"台風 · typhoon {track.id}",
        headline="",
        reported_at=track.points[-1].at,
        origin_at=track.points[0].at,
        hypocentre=None,
        distant=False,
        observed=(),
        notes=(f"winds are means over {track.averaging}",),
        sha256=track.sha256,
        kind=EventKind.TYPHOON,
        degraded=(said,) if blank else (),
    )


def _id(event_id: str, status: EventStatus) -> str:
    return event_id if status is EventStatus.REAL else f"drill-{event_id}"
