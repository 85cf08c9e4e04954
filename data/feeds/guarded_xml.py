"""Untrusted XML -> a tree that is small, shallow and free of entities.

What cannot be read is a Refusal in words. Values are fetched by path; a missing element
is refused where it is needed, and an empty text where it may be missing.
"""

from io import BytesIO
from typing import NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from data.errors import RefusedError
from data.refusals import RefusalCode, refuse

MAX_BYTES = 32 * 1024 * 1024
MAX_DEPTH = 64


def refused(name: str, code: RefusalCode, *, value: str, remedy: str) -> NoReturn:
    """Refuse the whole file, in words."""
    raise RefusedError(refuse(name, code, value=value[:200], remedy=remedy))


def xml_tree(data: bytes, *, root_tag: str, name: str) -> Element:
    """The parsed tree, no larger than MAX_BYTES, no deeper than MAX_DEPTH.

    Args:
        data: The bytes as received.
        root_tag: What the outermost element has to be, "{namespace}Name".
        name: What the user calls it, for messages.

    Raises:
        RefusedError: If it is empty, too large or deep, carries entities or a document
            type, is no XML, or starts with another element.
    """
    if not data.strip():
        refused(name, RefusalCode.EMPTY, value="0 bytes", remedy="send it again")
    if len(data) > MAX_BYTES:
        refused(
            name,
            RefusalCode.TOO_LARGE,
            value=f"{len(data)} bytes",
            remedy=f"a telegram has at most {MAX_BYTES} bytes",
        )
    try:
        root = _bounded_tree(data, name)
    except DefusedXmlException as error:
        refused(
            name,
            RefusalCode.BOMB,
            value=type(error).__name__,
            remedy="no feed needs entities or a document type; remove them",
        )
    except (ParseError, ValueError, LookupError) as error:
        refused(
            name,
            RefusalCode.UNREADABLE,
            value=str(error),
            remedy="give the XML as it was sent",
        )
    if root.tag != root_tag:
        refused(
            name,
            RefusalCode.UNKNOWN_TYPE,
            value=f"element {root.tag}",
            remedy=f"give a file whose outermost element is {root_tag}",
        )
    return root


def _bounded_tree(data: bytes, name: str) -> Element:
    depth = 0
    root: Element | None = None
    events = iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True)
    for event, element in events:
        depth += 1 if event == "start" else -1
        root = element if root is None else root
        if depth > MAX_DEPTH:
            refused(
                name,
                RefusalCode.BOMB,
                value=f"nested deeper than {MAX_DEPTH}",
                remedy="give the XML as it was sent",
            )
    if root is None:  # iterparse raises before; this tells the type checker
        raise ParseError("no element found")
    return root


def child_of(parent: Element, path: str, name: str) -> Element:
    """The element at `path`, which has to be there."""
    found = parent.find(path)
    if found is None:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"no {path.rsplit('}', 1)[-1]} in {parent.tag.rsplit('}', 1)[-1]}",
            remedy="give the XML as it was sent, complete",
        )
    return found


def text_of(parent: Element, path: str) -> str:
    """The text at `path`, stripped; empty where there is none."""
    found = parent.find(path)
    return "" if found is None or found.text is None else found.text.strip()
