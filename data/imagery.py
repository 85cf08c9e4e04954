"""Camera, CameraPose, Frame: one picture, how it was taken, and how sure we are."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from data.record import (
    Instant,
    Latitude,
    Longitude,
    NonNegative,
    Positive,
    Sha256,
    record,
)


class VerticalDatum(StrEnum):
    """What a height is measured from. There is no default and no guess."""

    ELLIPSOIDAL = "ellipsoidal"
    """Above the GRS80 ellipsoid."""
    JGD2011 = "JGD2011"
    """Orthometric, geoid GSIGEO2011 (EPSG:6695)."""
    JGD2024 = "JGD2024"
    """Orthometric, geoid JPGEO2024."""
    LOCAL = "local"
    """In the terrain's own datum, whatever that is; sigma 3 m."""


class TimeSource(StrEnum):
    """Where a capture time comes from, best first."""

    GPS = "gps"
    EXIF_OFFSET = "exif_offset"
    EXIF_WITH_ZONE = "exif_with_zone"
    FLOWN_AFTER = "flown_after"
    NONE = "none"


class HeightSource(StrEnum):
    """Where a camera's height comes from, best first."""

    RTK = "rtk"
    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    POSES = "poses"
    NONE = "none"


Turned = Literal[0, 180]
"""Degrees by which the file on disk is turned against the sensor."""


@record
class Camera:
    """Interior orientation: pinhole with Brown-Conrady distortion (OpenCV's order).

    Pixels are those of the sensor, of the size of the file; the corner of the top
    left pixel is (0, 0), its middle (0.5, 0.5). Distortion acts on x = X/Z, y = Y/Z
    with X to the right and Y down in the picture, Z along the view.

    Attributes:
        focal_sigma: Relative standard deviation of the focal length.
        source: dewarp, calibrated, sensor_table, exif_plane, exif35mm, poses, or
            assumed (24 mm in 35 mm terms, with the sigma that deserves).
    """

    width_px: Annotated[int, Field(gt=0)]
    height_px: Annotated[int, Field(gt=0)]
    focal_x_px: Positive
    focal_y_px: Positive
    center_x_px: float
    center_y_px: float
    k1: float = 0.0
    k2: float = 0.0
    p1: float = 0.0
    p2: float = 0.0
    k3: float = 0.0
    focal_sigma: NonNegative = 0.01
    source: str


@record
class CameraPose:
    """Position and attitude of a camera at one instant.

    Position is JGD2011 or WGS84 geographic (the same within a decimetre), its height
    in `vertical_datum`. Attitude is yaw, pitch, roll in a North-East-Down frame, order
    ZYX; pitch -90 looks straight down, yaw 0 with pitch 0 looks north.

    Attributes:
        sigma_h_m: Standard deviation of the position along east and along north.
        sigma_v_m: Standard deviation of the height.
        sigma_tilt_deg: Standard deviation of pitch and of roll.
    """

    longitude: Longitude
    latitude: Latitude
    height_m: float
    vertical_datum: VerticalDatum
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    sigma_h_m: Positive
    sigma_v_m: Positive
    sigma_yaw_deg: Positive
    sigma_tilt_deg: Positive
    height_source: HeightSource


@record
class Frame:
    """One picture as taken in: identity, camera, pose, time, quality.

    Attributes:
        id: The sha256 of the file's bytes.
        file: Its name in the batch, `/`-separated, escaped.
        pose: None where the picture cannot be placed; then `unlocated` says why:
            no_gps, zero_gps, range, stale_fix, no_height or gimbal.
        relative_altitude_m: Height over the take-off point, kept as a witness.
        captured_at: None where no source gives a time with a zone.
        turned_deg: How the file lies on disk against the sensor.
        repairs: What was repaired in the tags, in words, one a repair.
        unusable: None, or blur, dark, overexposed (kept, listed, no refusal).
    """

    id: Sha256
    file: str
    camera: Camera
    pose: CameraPose | None
    unlocated: str | None
    relative_altitude_m: float | None
    captured_at: Instant | None
    time_sigma_s: NonNegative
    time_source: TimeSource
    make: str | None
    model: str | None
    serial: str | None
    turned_deg: Turned
    repairs: tuple[str, ...]
    blur: float
    exposure: float
    unusable: str | None
