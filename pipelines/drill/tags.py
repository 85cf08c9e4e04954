"""What a drone of this make would have written into a picture: EXIF and XMP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

if TYPE_CHECKING:
    from datetime import datetime

    from pipelines.drill.camera import Lens, Pose

FULL_FRAME_MM = 36.0  # width that "35 mm equivalent" refers to
SENSOR_WIDTH_MM = 9.7  # of the made-up camera
PHOTO_IFD, GPS_IFD = 0x8769, 0x8825
VIEWER = "Microsoft Windows Photo Viewer"  # turns pixels and leaves Orientation alone
XMP_ID = "W5M0MpCehiHzreSzNTczkc9d"  # XMP specification part 1, section 7.3.2


@dataclass(frozen=True, kw_only=True)
class Written:
    """What goes into the tags of one frame.

    `place` is longitude, latitude, ellipsoidal height as the receiver had them, or None
    without a fix; `taken_at` carries its offset; `above_start_m` counts from take-off.
    """

    pose: Pose
    lens: Lens
    place: tuple[float, float, float] | None
    taken_at: datetime
    above_start_m: float
    model: str
    serial: str


def _dms(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and ten thousandths of seconds (0.3 cm)."""
    tenths = round(abs(degrees) * 36_000_000)
    minutes, ten_thousandths = divmod(tenths, 600_000)
    whole, minutes = divmod(minutes, 60)
    return (
        IFDRational(whole, 1),
        IFDRational(minutes, 1),
        IFDRational(ten_thousandths, 10_000),
    )


def _photo_tags(written: Written) -> dict[int, Any]:
    """Time, focal length, size, serial number."""
    lens, at = written.lens, written.taken_at
    offset = at.strftime("%z")
    offset = f"{offset[:3]}:{offset[3:]}"
    clock = at.strftime("%Y:%m:%d %H:%M:%S")
    focal = lens.focal / lens.width
    return {
        0x9003: clock,  # DateTimeOriginal
        0x9004: clock,  # DateTimeDigitized
        0x9010: offset,  # OffsetTime
        0x9011: offset,  # OffsetTimeOriginal
        0x9012: offset,  # OffsetTimeDigitized
        0x920A: IFDRational(round(focal * SENSOR_WIDTH_MM * 100), 100),  # FocalLength
        0xA002: lens.width,
        0xA003: lens.height,
        0xA405: round(focal * FULL_FRAME_MM),  # FocalLengthIn35mmFilm
        0xA431: written.serial,  # BodySerialNumber
    }


def _gps_tags(place: tuple[float, float, float]) -> dict[int, Any]:
    """Position; altitude above the ellipsoid, as `batch.toml` says."""
    longitude, latitude, height_m = place
    return {
        1: "N" if latitude >= 0 else "S",
        2: _dms(latitude),
        3: "E" if longitude >= 0 else "W",
        4: _dms(longitude),
        5: b"\x00" if height_m >= 0 else b"\x01",
        6: IFDRational(round(abs(height_m) * 1000), 1000),
    }


def exif_of(written: Written, *, turned: bool = False) -> Image.Exif:
    """EXIF as the drone writes it; of a turned file as a viewer left it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DRILL", written.model
    exif[0x0112] = 1  # Orientation: upright
    exif[0x0131] = VIEWER if turned else "v01.00.0000"
    exif[0x0132] = written.taken_at.strftime("%Y:%m:%d %H:%M:%S")
    exif.get_ifd(PHOTO_IFD).update(_photo_tags(written))
    if written.place is not None:
        exif.get_ifd(GPS_IFD).update(_gps_tags(written.place))
    return exif


def _dewarp(lens: Lens) -> str:
    """DewarpData: date;fx,fy,cx,cy,k1,k2,p1,p2,k3 with cx, cy from the middle."""
    cx, cy = lens.principal[0] - lens.width / 2, lens.principal[1] - lens.height / 2
    values = (lens.focal, lens.focal, cx, cy, *lens.distortion)
    return "2026-04-01;" + ",".join(f"{v:.9f}" for v in values)


def _signed_deg(degrees: float) -> str:
    """A signed text in -180 to 180."""
    return f"{(degrees + 180) % 360 - 180:+.2f}"


def _drone_fields(written: Written) -> dict[str, str]:
    """Attributes in DJI's namespace, in the order that they are written."""
    pose, fields = written.pose, {}
    if written.place is not None:
        longitude, latitude, height_m = written.place
        fields = {
            "GpsLatitude": f"{latitude:+.9f}",
            "GpsLongitude": f"{longitude:+.9f}",
            "AbsoluteAltitude": f"{height_m:+.3f}",
        }
    return fields | {
        "RelativeAltitude": f"{written.above_start_m:+.3f}",
        "GimbalRollDegree": f"{pose.roll_deg:+.2f}",
        "GimbalYawDegree": _signed_deg(pose.yaw_deg),
        "GimbalPitchDegree": f"{pose.pitch_deg:+.2f}",
        "FlightRollDegree": "+0.00",
        "FlightYawDegree": _signed_deg(pose.yaw_deg),
        "FlightPitchDegree": "+0.00",
        "CalibratedFocalLength": f"{written.lens.focal:.6f}",
        "DewarpFlag": "0",
        "DewarpData": _dewarp(written.lens),
        "CameraSerialNumber": written.serial,
        "DroneModel": written.model,
    }


def xmp_of(written: Written) -> bytes:
    """The XMP packet in DJI's vocabulary."""
    attributes = _drone_fields(written).items()
    body = " ".join(f'drone-dji:{name}="{value}"' for name, value in attributes)
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    return (
        f'<?xpacket begin="\ufeff" id="{XMP_ID}"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{rdf}">'
        '<rdf:Description rdf:about="" '
        f'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {body}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()
