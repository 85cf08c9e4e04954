"""The tags of one picture file, as its camera wrote them; no pixel is decoded."""

import contextlib
import struct
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from data.errors import RefusedError
from data.jpeg import jpeg_header
from data.refusals import RefusalCode, refuse
from data.xmp import drone_tags

PHOTO, GPS, THUMBNAIL = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1
_XMP_IN_TIFF = 700  # XMP specification part 3, table 12
_UNREADABLE = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, KeyError, IndexError),
    *(AttributeError, OverflowError, ZeroDivisionError, RuntimeError, struct.error),
)
"""What Pillow's reader of tags raises on broken ones."""


class Tags(NamedTuple):
    """Tags by place.

    Attributes:
        main: The first directory of the Exif or TIFF structure, by tag number.
        photo: The Exif directory.
        gps: The GPS directory.
        drone: The maker's XMP tags, by lower-case name.
        thumbnail: The JPEG kept in the tags, or None.
        remarks: What could not be read, in words.
    """

    main: Mapping[int, Any]
    photo: Mapping[int, Any]
    gps: Mapping[int, Any]
    drone: Mapping[str, str]
    thumbnail: bytes | None
    remarks: tuple[str, ...]


def read_tags(path: Path, *, name: str, kind: str) -> Tags:
    """Tags of a picture that passed `check_picture`.

    Broken tags are left out and that is said in `remarks`.

    Args:
        path: The picture.
        kind: jpeg or tiff, as found by `check_picture`.
        name: The picture as the user knows it.

    Raises:
        RefusedError: unreadable or truncated.
    """
    try:
        if kind == "jpeg":
            return _jpeg_tags(path.read_bytes(), name)
        with path.open("rb") as file:
            return _tags(lambda exif: exif.load_from_fp(file), None, ())
    except OSError as error:
        refusal = refuse(
            name,
            RefusalCode.UNREADABLE,
            value=error.strerror or "input or output error",
            remedy="copy the file from the card again",
        )
        raise RefusedError(refusal) from error


def _jpeg_tags(data: bytes, name: str) -> Tags:
    header = jpeg_header(data, name)
    blob = header.exif or b""
    return _tags(lambda exif: exif.load(b"Exif\x00\x00" + blob), blob, header.xmp)


def _tags(
    load: Callable[[Image.Exif], None], blob: bytes | None, xmp: tuple[bytes, ...]
) -> Tags:
    exif, remarks = Image.Exif(), list[str]()
    if blob != b"":
        _quietly(lambda: load(exif), "EXIF", remarks)
    main = _directory(lambda: dict(exif), "EXIF", remarks)
    photo = _directory(lambda: dict(exif.get_ifd(PHOTO)), "Exif directory", remarks)
    gps = _directory(lambda: dict(exif.get_ifd(GPS)), "GPS directory", remarks)
    small = _directory(lambda: dict(exif.get_ifd(THUMBNAIL)), "thumbnail", remarks)
    in_tiff = main.get(_XMP_IN_TIFF)
    of_tiff = (in_tiff,) if isinstance(in_tiff, bytes) else ()
    drone = drone_tags((*xmp, *of_tiff))
    thumbnail = _thumbnail(small, blob or b"")
    return Tags(main, photo, gps, drone.values, thumbnail, (*remarks, *drone.remarks))


def _quietly(read: Callable[[], object], what: str, remarks: list[str]) -> object:
    """What `read` gives, Pillow's warnings taken as errors; None if it fails."""
    with contextlib.suppress(*_UNREADABLE), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return read()
        except UserWarning as warning:
            raise ValueError(str(warning)) from warning
    remark = f"{what} cannot be read: ignored"
    if remark not in remarks:
        remarks.append(remark)
    return None


def _directory(
    read: Callable[[], dict[int, Any]], what: str, remarks: list[str]
) -> dict[int, Any]:
    found = _quietly(read, what, remarks)
    return found if isinstance(found, dict) else {}


def _thumbnail(directory: Mapping[int, Any], blob: bytes) -> bytes | None:
    """The JPEG that tags 513 and 514 point at (Exif 2.32, section 4.5.5)."""
    start, length = directory.get(513), directory.get(514)
    if not isinstance(start, int) or not isinstance(length, int):
        return None
    jpeg = blob[start : start + length] if start > 0 < length else b""
    return jpeg if jpeg.startswith(b"\xff\xd8") else None
