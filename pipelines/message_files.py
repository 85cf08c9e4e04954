"""A file -> the one message it holds, by what it is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data.errors import RefusedError
from data.feeds.clock import check_not_future
from data.feeds.fields import event_of_shakemap, event_of_track
from data.feeds.jma import read_telegram
from data.feeds.manual import read_manual_event
from data.feeds.manual_geojson import is_geojson, read_geojson_event
from data.feeds.shakemap import is_shakemap, read_shakemap
from data.feeds.tracks import Averaging, is_track, read_track
from data.operation import Event
from data.refusals import RefusalCode, refuse

LARGEST_MESSAGE_BYTES = 32 << 20
"""DEFINITIONS, section 9: cap of an XML."""
_XML_STARTS = (b"<?xml", b"\xef\xbb\xbf<?xml", b"<Report", b"<jmx")
_REMEDY = "give a JMA telegram, a ShakeMap, a typhoon track, or a TOML or GeoJSON event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What whoever opens an event says of it.

    Attributes:
        real: A hand-made event or a track is no drill; needs `actor`.
        actor: Who says so.
        operation: Id of the operation that the events join; None opens their own.
        averaging: Of the winds of a track that does not say it itself.
        now: A real message from after this is refused; None leaves that out.
    """

    real: bool = False
    actor: str | None = None
    operation: str | None = None
    averaging: Averaging | None = None
    now: datetime | None = None


def read_message(path: Path, opening: Opening) -> tuple[Event, bytes]:
    """One message from a file, and the file's bytes.

    Raises:
        RefusedError: If the file is not there, too large, or not a message.
    """
    content = _content(path)
    event = _event(content, path.name, opening)
    if opening.now is not None:
        check_not_future(event, opening.now, path.name)
    return event, content


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise RefusedError(
            refuse(
                str(path), RefusalCode.NOT_A_FILE, value="no such file", remedy=_REMEDY
            )
        )
    size = path.stat().st_size
    if size > LARGEST_MESSAGE_BYTES:
        raise RefusedError(
            refuse(
                str(path), RefusalCode.TOO_LARGE, value=f"{size} bytes", remedy=_REMEDY
            )
        )
    return path.read_bytes()


def _event(content: bytes, name: str, opening: Opening) -> Event:
    """What the bytes say, by what they are."""
    if is_shakemap(content):
        return event_of_shakemap(read_shakemap(content, name=name))
    if content.lstrip().startswith(_XML_STARTS):
        return read_telegram(content, name=name)
    if is_geojson(content):
        return read_geojson_event(content, name=name, real=opening.real)
    if is_track(content):
        track = read_track(content, name=name, averaging=opening.averaging)
        return event_of_track(track, real=opening.real)
    return read_manual_event(content, name=name, real=opening.real)
