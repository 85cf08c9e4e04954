"""An edition of the map: what it is, what it holds, and which one is the newest."""

import hashlib
from typing import Annotated

from pydantic import Field

from data.audience import Audience
from data.record import Identifier, Instant, NonNegative, Sha256, record

EditionNumber = Annotated[int, Field(ge=0, le=999_999)]
"""Editions of an operation count from 0, the map made before any picture."""


@record
class EditionInfo:
    """What an edition says of itself on every page.

    Attributes:
        as_of: The state of knowledge shown; an input, never the clock.
        drill: True where nothing in this map happened.
        title: The operation in the words of its first event.
        audience: Who may read it. An edition is an agency's; an export may be for the
            public, without what ARCHITECTURE, section 8, says.
    """

    operation: Identifier
    number: EditionNumber
    as_of: Instant
    drill: bool
    title: str
    events: tuple[Identifier, ...]
    audience: Audience = "agency"


@record
class FileHash:
    """One file of an edition.

    Attributes:
        path: Below the edition's folder, with forward slashes.
    """

    path: str
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256


@record
class SourceHash:
    """One thing an edition was made from: code, configuration, weights or an input."""

    name: str
    sha256: str


@record
class Manifest:
    """Everything that decides an edition's content, and the hash of all it holds.

    Attributes:
        content: Hash of what the map says, whatever its number; equal content needs
            no new edition.
        signature: Ed25519 over the files' hashes, or None: an unsigned edition.
        provenance: Hashes of what made it, by name.
        files: Sorted by path; `publication.json` and the manifest are not among them.
    """

    info: EditionInfo
    content: Sha256
    signature: str | None
    provenance: tuple[SourceHash, ...]
    files: tuple[FileHash, ...]


@record
class Publication:
    """When and where an edition was published: outside the hashes.

    Attributes:
        durations_s: How long each step took, in seconds.
    """

    number: EditionNumber
    published_at: Instant
    host: str
    durations_s: dict[str, NonNegative]


@record
class Latest:
    """The pointer readers follow; replaced last, so what it names is whole.

    Attributes:
        path: The edition's folder beside the pointer, with forward slashes.
        sha256: Of the edition's manifest.
    """

    operation: Identifier
    edition: EditionNumber
    path: str
    sha256: Sha256
    as_of: Instant


@record
class Change:
    """One way in which an edition differs from its manifest.

    Attributes:
        what: changed, missing or unknown.
    """

    path: str
    what: str


def sha256_of(content: bytes) -> str:
    """The identity of bytes, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def folder_name(number: int) -> str:
    """The folder of an edition.

    >>> folder_name(12)
    '000012'
    """
    return f"{number:06d}"
