"""Pictures made for tests: a JPEG with whatever tags a test wants in it."""

import io
import struct
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from PIL import ExifTags, Image

DJI = "http://www.dji.com/drone-dji/1.0/"
GOOD_MAIN = {271: "DJI", 272: "FC6310"}
GOOD_PHOTO = {36867: "2024:01:02 10:20:30", 36881: "+09:00", 37386: 8.8}
GOOD_GPS = {1: "N", 2: (37.0, 12.0, 0.0), 3: "E", 4: (136.0, 54.0, 0.0), 5: b"\x00"}
GOOD_DRONE = {
    "GpsLatitude": "+37.20000000",
    "GpsLongitude": "+136.90000000",
    "AbsoluteAltitude": "+151.20",
    "RelativeAltitude": "+80.00",
    "GimbalYawDegree": "+44.20",
    "GimbalPitchDegree": "-89.90",
    "GimbalRollDegree": "+0.00",
    "FlightYawDegree": "+12.00",
    "CalibratedFocalLength": "300.0",
}


class WritePicture(Protocol):
    """Writes a good drone JPEG; each argument replaces tags, None takes one out."""

    def __call__(
        self,
        path: Path,
        *,
        main: dict[int, Any] | None = None,
        photo: dict[int, Any] | None = None,
        gps: dict[int, Any] | None = None,
        drone: dict[str, str | None] | None = None,
        packets: list[bytes] | None = None,
        thumbnail: bytes | None = None,
        pixels: np.ndarray | None = None,
    ) -> Path: ...


def scene(width: int = 400, height: int = 300) -> np.ndarray:
    """A grey picture that differs clearly from itself turned by 180 degrees."""
    y, x = np.mgrid[0:height, 0:width]
    blob = np.exp(-(((x - width / 4) / 60) ** 2 + ((y - height / 4) / 40) ** 2))
    bar = (abs(x - 0.8 * width) < 20) & (y < height / 2)
    grey = 60 + 40 * y / height + 120 * blob + 50 * bar
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def jpeg_bytes(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def drone_packet(tags: dict[str, str | None], *, elements: bool = False) -> bytes:
    kept = {name: text for name, text in tags.items() if text is not None}
    if elements:
        inside = "".join(f"<d:{k}>{v}</d:{k}>" for k, v in kept.items())
        body = f'<r:Description xmlns:d="{DJI}">{inside}</r:Description>'
    else:
        inside = " ".join(f'd:{k}="{v}"' for k, v in kept.items())
        body = f'<r:Description xmlns:d="{DJI}" {inside}/>'
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="{rdf}">{body}</r:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _merged(good: dict[Any, Any], wanted: dict[Any, Any] | None) -> dict[Any, Any]:
    merged = {**good, **(wanted or {})}
    return {key: value for key, value in merged.items() if value is not None}


def _exif(
    main: dict[int, Any], photo: dict[int, Any], gps: dict[int, Any]
) -> Image.Exif:
    exif = Image.Exif()
    exif.update(main)
    exif.get_ifd(ExifTags.IFD.Exif).update(photo)
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    return exif


def _with_thumbnail(blob: bytes, jpeg: bytes) -> bytes:
    """Chain a second directory with tags 513 and 514 (Exif 2.32, section 4.5.5)."""
    tiff = bytearray(blob.removeprefix(b"Exif\x00\x00"))
    order = "<" if tiff[:2] == b"II" else ">"
    first = struct.unpack_from(f"{order}I", tiff, 4)[0]
    count = struct.unpack_from(f"{order}H", tiff, first)[0]
    struct.pack_into(f"{order}I", tiff, first + 2 + 12 * count, len(tiff))
    start = len(tiff) + 2 + 2 * 12 + 4
    directory = struct.pack(
        f"{order}HHHIIHHIII", 2, 513, 4, 1, start, 514, 4, 1, len(jpeg), 0
    )
    return b"Exif\x00\x00" + bytes(tiff) + directory + jpeg


def _segment(payload: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload


@pytest.fixture(scope="session")
def write_picture() -> WritePicture:
    def write(
        path: Path,
        *,
        main: dict[int, Any] | None = None,
        photo: dict[int, Any] | None = None,
        gps: dict[int, Any] | None = None,
        drone: dict[str, str | None] | None = None,
        packets: list[bytes] | None = None,
        thumbnail: bytes | None = None,
        pixels: np.ndarray | None = None,
    ) -> Path:
        tags = (_merged(GOOD_MAIN, main), _merged(GOOD_PHOTO, photo))
        blob = bytes(_exif(*tags, _merged(GOOD_GPS, gps)).tobytes())
        if thumbnail is not None:
            blob = _with_thumbnail(blob, thumbnail)
        if packets is None:
            packets = [drone_packet(_merged(GOOD_DRONE, drone))]
        xmp = b"http://ns.adobe.com/xap/1.0/\x00"
        picture = jpeg_bytes(scene() if pixels is None else pixels)
        head = picture[:2] + _segment(blob)
        packed = b"".join(_segment(xmp + packet) for packet in packets)
        path.write_bytes(head + packed + picture[2:])
        return path

    return write


@pytest.fixture(scope="session")
def picture_scene() -> np.ndarray:
    return scene()


@pytest.fixture(scope="session")
def encode_jpeg() -> Any:
    return jpeg_bytes


@pytest.fixture(scope="session")
def pack_drone_tags() -> Any:
    return drone_packet
