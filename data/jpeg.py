"""The segments of a JPEG file: its size, its tags as bytes, and whether it ends."""

from collections.abc import Iterator
from typing import NamedTuple, cast

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from data.errors import RefusedError
from data.refusals import RefusalCode, refuse

MAX_SCANS = 100
"""A progressive file of a camera has about ten; each costs a pass over all pixels."""

_START_OF_SCAN = 0xDA
_END_OF_IMAGE = 0xD9
_APP1 = 0xE1
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # ITU-T T.81, table B.1
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\x00\x00"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_AGAIN = "copy the file from the card again"


class JpegHeader(NamedTuple):
    """What stands before the pixels.

    Attributes:
        exif: The TIFF structure of the Exif segment, or None.
        xmp: Every XMP packet, in the order of the file.
        scan: Offset of the first start-of-scan marker.
    """

    width_px: int
    height_px: int
    exif: bytes | None
    xmp: tuple[bytes, ...]
    scan: int


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, offset and payload of each segment up to the first scan.

    Raises:
        EOFError: If the file ends inside a segment.
        ValueError: If what should be a marker is none.
    """
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF:  # noqa: PLR2004 - every marker starts so
            raise ValueError(f"no marker at byte {at}")
        if marker == 0xFF or marker in _STANDALONE:  # noqa: PLR2004 - fill byte
            at += 1 if marker not in _STANDALONE else 2
            continue
        length = int.from_bytes(data[at + 2 : at + 4])
        if marker == _END_OF_IMAGE or length < 2:  # noqa: PLR2004 - counts itself
            raise ValueError(f"segment of {length} bytes at byte {at}")
        if at + 2 + length > len(data):
            break
        yield marker, at, data[at + 4 : at + 2 + length]
        if marker == _START_OF_SCAN:
            return
        at += 2 + length
    raise EOFError("no picture data")


def _frame_size(payload: bytes) -> tuple[int, int]:
    """Width and height from a frame header (ITU-T T.81, B.2.2)."""
    return int.from_bytes(payload[3:5]), int.from_bytes(payload[1:3])


def jpeg_header(data: bytes, name: str) -> JpegHeader:
    """Size and tags of a JPEG file; no pixel is decoded.

    Raises:
        RefusedError: truncated, or unreadable.
    """
    width_px = height_px = scan = 0
    exif: bytes | None = None
    xmp: list[bytes] = []
    try:
        for marker, at, payload in _segments(data):
            if marker in _FRAME_HEADERS and width_px == 0:
                width_px, height_px = _frame_size(payload)
            elif marker == _APP1 and payload.startswith(_EXIF) and exif is None:
                exif = payload[len(_EXIF) :]
            elif marker == _APP1 and payload.startswith(_XMP):
                xmp.append(payload[len(_XMP) :])
            scan = at
    except EOFError as error:
        raise _refused(name, RefusalCode.TRUNCATED, str(error)) from error
    except ValueError as error:
        raise _refused(name, RefusalCode.UNREADABLE, str(error)) from error
    if width_px == 0 or height_px == 0:
        raise _refused(name, RefusalCode.UNREADABLE, "no size before the pixels")
    return JpegHeader(width_px, height_px, exif, tuple(xmp), scan)


def check_jpeg_to_its_end(data: bytes, header: JpegHeader, name: str) -> None:
    """Make sure that the whole picture is there.

    First the cheap look for the end-of-image marker (in coded data 0xFF is always
    followed by 0x00, so nothing else looks like it), then a decode of every coded
    byte at an eighth of the size, libjpeg's warnings taken as errors.

    Raises:
        RefusedError: truncated, bomb, or unreadable.
    """
    end = data.find(bytes((0xFF, _END_OF_IMAGE)), header.scan)
    if end < 0:
        raise _refused(name, RefusalCode.TRUNCATED, "no end-of-image marker")
    scans = data.count(bytes((0xFF, _START_OF_SCAN)), header.scan, end)
    if scans > MAX_SCANS:
        raise _refused(name, RefusalCode.BOMB, f"{scans} scans, cap {MAX_SCANS}")
    try:
        decoded_eighth(data)
    except ValueError as error:
        ended = "premature end" in str(error).lower()
        code = RefusalCode.TRUNCATED if ended else RefusalCode.UNREADABLE
        raise _refused(name, code, str(error)) from error


def decoded_eighth(data: bytes) -> NDArray[np.uint8]:
    """Grey picture at an eighth of the size, shape (height, width).

    Raises:
        ValueError: If libjpeg warns or fails.
    """
    grey = simplejpeg.decode_jpeg(
        data, colorspace="gray", min_height=1, min_width=1, min_factor=8
    )
    return cast("NDArray[np.uint8]", grey[..., 0])


def _refused(name: str, code: RefusalCode, value: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=_AGAIN))
