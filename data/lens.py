"""Tags of one picture -> Camera: focal length and distortion in pixels of the file."""

from collections.abc import Callable
from math import hypot
from typing import NamedTuple

from data.exif_numbers import number, positive
from data.imagery import Camera
from data.tags import Tags

SENSOR_WIDTH_AND_FOCAL_MM = {
    "FC300S": (6.17, 3.61),  # DJI Phantom 3 Advanced: 1/2.3 inch (6.17 x 4.55 mm)
}
"""Cameras that write neither a calibrated focal length nor a sensor size."""

FULL_FRAME_DIAGONAL_MM = 43.27  # 36 x 24 mm; CIPA DCG-001 counts along the diagonal
FOUR_BY_THREE = 4 / 3
ASSUMED_FOCAL_MM = 24.0
"""In 35 mm terms: the wide cameras of drones have 20 to 28."""

FOCAL_SIGMA = {
    "dewarp": 0.002,  # a factory calibration of this very lens; heat moves it by 0.1 %
    "calibrated": 0.005,  # of the type, not of the copy
    "sensor_table": 0.02,  # sensor widths are quoted to 1 or 2 %
    "exif_plane": 0.02,
    "exif35mm": 0.04,  # rounded to 1 mm in 20 to 28
    "assumed": 0.3,  # 20 to 28 mm within one sigma, a phone or zoom within two
}
"""Relative standard deviation of the focal length by where it comes from."""

_PLAUSIBLE = (0.2, 40.0)  # focal length in widths: 136 degrees down to 1.4 degrees
_CROPPED_ASPECT = 1.6  # wider than this, a drone's 4:3 or 3:2 sensor was cropped
_FOCAL, _FOCAL_35MM = 37386, 41989
_PLANE_RESOLUTION, _PLANE_UNIT = 41486, 41488
_MM_PER_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # Exif 2.32, table 9
_WIDTH, _MODEL = 40962, 272


class Lens(NamedTuple):
    """A camera, and what was odd about its tags."""

    camera: Camera
    remarks: tuple[str, ...]


class _Interior(NamedTuple):
    """Focal length, middle and distortion in pixels of the full-size raster."""

    focal_x_px: float
    focal_y_px: float
    offset_x_px: float = 0.0
    offset_y_px: float = 0.0
    distortion: tuple[float, float, float, float, float] = (0.0,) * 5


def lens_from_tags(tags: Tags, width_px: int, height_px: int) -> Lens:
    """The camera in pixels of the file, from the best source its tags have.

    Sources in order: DewarpData, CalibratedFocalLength, a table of known sensors,
    FocalPlaneXResolution, FocalLengthIn35mmFilm, and at last an assumed 24 mm.
    """
    full_px, remarks = _full_width_px(tags, width_px)
    full_height_px = height_px * full_px / width_px
    for source, reader in _SOURCES.items():
        interior = reader(tags, full_px, full_height_px)
        if interior is None:
            continue
        if _PLAUSIBLE[0] <= interior.focal_x_px / full_px <= _PLAUSIBLE[1]:
            break
        value = interior.focal_x_px / full_px
        remarks.append(f"focal length of {value:.3g} widths ({source}) ignored")
    else:
        source, interior = "assumed", _assumed(full_px)
        remarks.append("no focal length in the tags: 24 mm (35 mm terms) assumed")
    scale = width_px / full_px
    return Lens(_camera(interior, source, scale, width_px, height_px), tuple(remarks))


def _camera(
    interior: _Interior, source: str, scale: float, width_px: int, height_px: int
) -> Camera:
    k1, k2, p1, p2, k3 = interior.distortion
    return Camera(
        width_px=width_px,
        height_px=height_px,
        focal_x_px=interior.focal_x_px * scale,
        focal_y_px=interior.focal_y_px * scale,
        center_x_px=width_px / 2 + interior.offset_x_px * scale,
        center_y_px=height_px / 2 + interior.offset_y_px * scale,
        k1=k1,
        k2=k2,
        p1=p1,
        p2=p2,
        k3=k3,
        focal_sigma=FOCAL_SIGMA[source],
        source=source,
    )


def _full_width_px(tags: Tags, width_px: int) -> tuple[float, list[str]]:
    """Width of the raster that the tags count in.

    Resizing leaves CalibratedOpticalCenterX alone, so twice it tells the width where
    ExifImageWidth was rewritten; ExifImageWidth where it was not.
    """
    written = positive(tags.photo.get(_WIDTH)) or float(width_px)
    middle = positive(tags.drone.get("calibratedopticalcenterx"))
    if middle is None or abs(2 * middle / written - 1) < 0.1:  # noqa: PLR2004 - centred
        return written, []
    remark = f"lens tags count in {2 * middle:.0f} pixels a row, not in {written:.0f}"
    return 2 * middle, [remark]


def _dewarp(tags: Tags, _width_px: float, _height_px: float) -> _Interior | None:
    """DewarpData: `date;fx,fy,cx,cy,k1,k2,p1,p2,k3`, cx and cy from the middle.

    DewarpFlag 1 says that the camera has taken the distortion out already.

    Source:
        DJI, Phantom 4 RTK: image metadata; checked on its published example.
    """
    text = tags.drone.get("dewarpdata", "").rpartition(";")[2]
    values = [number(part) for part in text.split(",")]
    found = [value for value in values if value is not None]
    if len(values) != 9 or len(found) != 9 or min(found[:2]) <= 0:  # noqa: PLR2004
        return None
    k1, k2, p1, p2, k3 = found[4:]
    corrected = number(tags.drone.get("dewarpflag")) == 1
    distortion = (0.0,) * 5 if corrected else (k1, k2, p1, p2, k3)
    return _Interior(found[0], found[1], found[2], found[3], distortion)


def _calibrated(tags: Tags, _width_px: float, _height_px: float) -> _Interior | None:
    focal_px = positive(tags.drone.get("calibratedfocallength"))
    return None if focal_px is None else _Interior(focal_px, focal_px)


def _sensor_table(tags: Tags, width_px: float, _height_px: float) -> _Interior | None:
    known = SENSOR_WIDTH_AND_FOCAL_MM.get(str(tags.main.get(_MODEL, "")).strip("\x00 "))
    if known is None:
        return None
    sensor_mm, focal_mm = known
    return _Interior(focal_mm / sensor_mm * width_px, focal_mm / sensor_mm * width_px)


def _exif_plane(tags: Tags, _width_px: float, _height_px: float) -> _Interior | None:
    focal_mm = positive(tags.photo.get(_FOCAL))
    resolution = positive(tags.photo.get(_PLANE_RESOLUTION))
    unit_mm = _MM_PER_UNIT.get(int(number(tags.photo.get(_PLANE_UNIT)) or 2))
    if focal_mm is None or resolution is None or unit_mm is None:
        return None
    focal_px = focal_mm * resolution / unit_mm
    return _Interior(focal_px, focal_px)


def _exif_35mm(tags: Tags, width_px: float, height_px: float) -> _Interior | None:
    """From the focal length in 35 mm terms, along the diagonal of the whole sensor."""
    focal_mm = positive(tags.photo.get(_FOCAL_35MM))
    if focal_mm is None:
        return None
    long_px, short_px = max(width_px, height_px), min(width_px, height_px)
    if long_px / short_px > _CROPPED_ASPECT:
        short_px = long_px / FOUR_BY_THREE
    focal_px = focal_mm * hypot(long_px, short_px) / FULL_FRAME_DIAGONAL_MM
    return _Interior(focal_px, focal_px)


def _assumed(width_px: float) -> _Interior:
    diagonal_px = hypot(width_px, width_px / FOUR_BY_THREE)
    focal_px = ASSUMED_FOCAL_MM * diagonal_px / FULL_FRAME_DIAGONAL_MM
    return _Interior(focal_px, focal_px)


_SOURCES: dict[str, Callable[[Tags, float, float], _Interior | None]] = {
    "dewarp": _dewarp,
    "calibrated": _calibrated,
    "sensor_table": _sensor_table,
    "exif_plane": _exif_plane,
    "exif35mm": _exif_35mm,
}
