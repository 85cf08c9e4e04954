"""JMA disaster-information XML -> Event: VXSE51, VXSE52, VXSE53 and VXSE61.

A telegram is untrusted: it is capped, parsed without entities or a document type, and
each value is checked; what cannot be read is a Refusal in words, never a guess. Nothing
is converted here: a hypocentre in 日本測地系 keeps its datum.

Source:
    JMA, 気象庁防災情報XMLフォーマット, and the telegrams themselves.
"""

import re
from datetime import datetime
from hashlib import sha256
from typing import TypeVar
from xml.etree.ElementTree import Element

from data.feeds.clock import check_not_future
from data.feeds.guarded_xml import child_of, refused, text_of, xml_tree
from data.feeds.jma_body import BODY, hypocentre_of, notes_of, observed_in
from data.operation import Event, EventStatus, MessageType
from data.refusals import RefusalCode

T = TypeVar("T")

JMX = "{http://xml.kishou.go.jp/jmaxml1/}"
HEAD = "{http://xml.kishou.go.jp/jmaxml1/informationBasis1/}"

KIND_OF_TITLE = {
    "震度速報": "VXSE51",
    "震源に関する情報": "VXSE52",
    "震源・震度に関する情報": "VXSE53",
    "顕著な地震の震源要素更新のお知らせ": "VXSE61",
}
STATUS_OF_WORD = {
    "通常": EventStatus.REAL,
    "訓練": EventStatus.DRILL,
    "試験": EventStatus.TEST,
}
TYPE_OF_WORD = {
    "発表": MessageType.ISSUE,
    "訂正": MessageType.CORRECTION,
    "取消": MessageType.CANCELLATION,
}
_EVENT_ID = re.compile(r"[0-9]{14}")
_VERSION = re.compile(r"1\.\d{1,2}_\d{1,2}", re.ASCII)


def read_telegram(data: bytes, *, name: str, now: datetime | None = None) -> Event:
    """Read one telegram.

    Args:
        data: The bytes as received.
        name: What the user calls it, for messages.
        now: When given, a real report from after it (by over five minutes) is refused.

    Returns:
        The event as this one message states it. A drill's or a test's id starts with
        `drill-`. A 取消 carries neither hypocentre nor intensities.

    Raises:
        RefusedError: If the telegram is too large, nested too deep, not XML, of another
            kind, or holds a value that JMA never sends.
    """
    root = xml_tree(data, root_tag=f"{JMX}Report", name=name)
    control = child_of(root, f"{JMX}Control", name)
    head = child_of(root, f"{HEAD}Head", name)
    body = child_of(root, f"{BODY}Body", name)
    _check_version(head, name)
    kind = _word(control, f"{JMX}Title", KIND_OF_TITLE, RefusalCode.UNKNOWN_TYPE, name)
    status = _word(
        control, f"{JMX}Status", STATUS_OF_WORD, RefusalCode.UNKNOWN_STATUS, name
    )
    earthquake = body.find(f"{BODY}Earthquake")
    event = Event(
        id=_event_id(head, status, name),
        serial=_serial(head, name),
        source_kind=kind,
        status=status,
        message_type=_word(
            head, f"{HEAD}InfoType", TYPE_OF_WORD, RefusalCode.SCHEMA, name
        ),
        title=text_of(head, f"{HEAD}Title"),
        headline=text_of(head, f"{HEAD}Headline/{HEAD}Text"),
        reported_at=_time(head, f"{HEAD}ReportDateTime", name),
        origin_at=_origin(head, earthquake, name),
        hypocentre=None if earthquake is None else hypocentre_of(earthquake, name),
        distant=text_of(head, f"{HEAD}Title").startswith("遠地地震"),
        observed=tuple(observed_in(body, name)),
        notes=notes_of(body, earthquake),
        sha256=sha256(data).hexdigest(),
    )
    if now is not None:
        check_not_future(event, now, name)
    return event


def _word(
    parent: Element, path: str, words: dict[str, T], code: RefusalCode, name: str
) -> T:
    text = text_of(parent, path)
    if text not in words:
        refused(
            name,
            code,
            value=f"{path.rsplit('}', 1)[-1]} {text!r}",
            remedy=f"known are {', '.join(words)}",
        )
    return words[text]


def _check_version(head: Element, name: str) -> None:
    version = text_of(head, f"{HEAD}InfoKindVersion")
    if not _VERSION.fullmatch(version):
        refused(
            name,
            RefusalCode.UNKNOWN_VERSION,
            value=f"InfoKindVersion {version!r}",
            remedy="versions 1.x are read; update karte before using a newer one",
        )


def _event_id(head: Element, status: EventStatus, name: str) -> str:
    event_id = text_of(head, f"{HEAD}EventID")
    if not _EVENT_ID.fullmatch(event_id):
        refused(
            name,
            RefusalCode.BAD_ID,
            value=f"EventID {event_id!r}",
            remedy="JMA's EventID has 14 digits",
        )
    return event_id if status is EventStatus.REAL else f"drill-{event_id}"


def _serial(head: Element, name: str) -> int:
    text = text_of(head, f"{HEAD}Serial")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 6):  # noqa: PLR2004 six digits are plenty
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"Serial {text!r}",
            remedy="a serial is a whole number or empty",
        )
    return int(text or 0)


def _time(parent: Element, path: str, name: str) -> datetime:
    text = text_of(parent, path)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{path.rsplit('}', 1)[-1]} {text!r}",
            remedy="a time is written like 2008-06-14T08:43:00+09:00",
        )
    if time.tzinfo is None:
        refused(
            name,
            RefusalCode.NAIVE_TIME,
            value=f"{path.rsplit('}', 1)[-1]} {text}",
            remedy="add the zone, for Japan +09:00",
        )
    return time


def _origin(head: Element, earthquake: Element | None, name: str) -> datetime:
    """Origin time; without one, what the message is about (TargetDateTime)."""
    if earthquake is None:
        return _time(head, f"{HEAD}TargetDateTime", name)
    return _time(earthquake, f"{BODY}OriginTime", name)
