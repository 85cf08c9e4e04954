"""A PNG file, checked chunk by chunk without decoding a pixel: size and end."""

import zlib
from typing import NamedTuple

from data.errors import RefusedError
from data.refusals import RefusalCode, refuse

MAGIC = b"\x89PNG\r\n\x1a\n"
_AGAIN = "copy or export the file again"


class PngSize(NamedTuple):
    """Width and height of the picture, pixels."""

    width_px: int
    height_px: int


def check_png(data: bytes, name: str, *, max_pixels: int) -> PngSize:
    """Make sure that a PNG is whole: every chunk has its checksum, the last is IEND.

    Raises:
        RefusedError: bomb (more than `max_pixels`), truncated, or unreadable.

    Source:
        W3C PNG (third edition), section 5.
    """
    at, size = len(MAGIC), None
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        kind, payload = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        if len(checksum) < 4:  # noqa: PLR2004 - a CRC-32 has four bytes
            break
        if int.from_bytes(checksum) != zlib.crc32(kind + payload):
            raise _refused(name, RefusalCode.UNREADABLE, f"checksum of {kind!r}")
        if size is None:
            size = _size(kind, payload, name, max_pixels)
        if kind == b"IEND":
            return size
        at += 12 + length
    raise _refused(name, RefusalCode.TRUNCATED, "no end of the picture")


def _size(kind: bytes, payload: bytes, name: str, max_pixels: int) -> PngSize:
    if kind != b"IHDR" or len(payload) != 13:  # noqa: PLR2004 - as the standard says
        raise _refused(name, RefusalCode.UNREADABLE, "does not begin with a header")
    size = PngSize(int.from_bytes(payload[:4]), int.from_bytes(payload[4:8]))
    if not 0 < size.width_px * size.height_px <= max_pixels:
        value = f"{size.width_px} x {size.height_px} pixels, cap {max_pixels}"
        raise _refused(name, RefusalCode.BOMB, value)
    return size


def _refused(name: str, code: RefusalCode, value: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=_AGAIN))
