"""XMP packets of a drone picture -> the maker's own tags, as text."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_PACKET_BYTES = 1 << 20
"""A JPEG segment holds 64 KiB; a TIFF tag could hold anything."""
MAX_DEPTH = 64
"""Of nested elements (DEFINITIONS, section 9)."""

_DRONE_NAMESPACES = ("dji", "drone")
_PADDING = b"\x00 \t\r\n"


class DroneTags(NamedTuple):
    """The maker's tags by lower-case name, and what was odd about the packets."""

    values: dict[str, str]
    remarks: tuple[str, ...]


def drone_tags(packets: Iterable[bytes]) -> DroneTags:
    """Tags in a drone maker's namespace, written as attributes or as elements.

    Of several packets the first with such tags wins (editors add packets of their
    own); a packet that is no sound XML, or that declares entities, is left out and
    that is said.
    """
    values: dict[str, str] = {}
    remarks: list[str] = []
    for packet in packets:
        found, remark = _tags_of(packet)
        if remark:
            remarks.append(remark)
        if found and values:
            remarks.append(_second_packet(values, found))
        values = values or found
    return DroneTags(values, tuple(remark for remark in remarks if remark))


def _second_packet(first: dict[str, str], second: dict[str, str]) -> str:
    differing = sorted(k for k in first.keys() & second.keys() if first[k] != second[k])
    if not differing:
        return ""
    names = ", ".join(differing[:4])
    return f"two XMP packets of the drone differ in {names}: the first is used"


def _tags_of(packet: bytes) -> tuple[dict[str, str], str]:
    if len(packet) > MAX_PACKET_BYTES:
        return {}, f"XMP packet of {len(packet)} bytes ignored"
    try:
        root = fromstring(packet.strip(_PADDING), forbid_dtd=True)
    except DefusedXmlException:
        return {}, "XMP packet that declares entities ignored"
    except (ParseError, ValueError, LookupError):  # LookupError: unknown encoding
        return {}, "XMP packet that is no sound XML ignored"
    try:
        return dict(_pairs(root, 0)), ""
    except RecursionError:
        return {}, f"XMP packet nested deeper than {MAX_DEPTH} ignored"


def _pairs(element: Element, depth: int) -> Iterator[tuple[str, str]]:
    if depth > MAX_DEPTH:
        raise RecursionError
    for name, text in (*element.attrib.items(), (element.tag, element.text or "")):
        namespace, _, local = name.rpartition("}")
        if local and text.strip() and _is_drone(namespace):
            yield local.lower(), text.strip()
    for child in element:
        yield from _pairs(child, depth + 1)


def _is_drone(namespace: str) -> bool:
    return any(word in namespace.lower() for word in _DRONE_NAMESPACES)
