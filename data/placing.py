"""Tags of one picture -> CameraPose with its sigmas, or why it cannot be placed."""

from math import hypot
from typing import NamedTuple

from data.exif_numbers import degrees_from_dms, number, positive
from data.imagery import CameraPose, HeightSource, VerticalDatum
from data.tags import Tags

# A single-frequency receiver in the open: 95 % within a radius of 4.9 m (gps.gov, GPS
# accuracy), and that radius is 2.45 sigma of one axis. Hovering specifications of
# 1.5 m are about holding a place, not about where it is.
GPS_SIGMA_H_M = 2.0
GPS_SIGMA_V_M = 3.0  # vertical dilution is about 1.5 times that of one level axis
LOCAL_SIGMA_V_M = 3.0  # ARCHITECTURE, section 6: a datum nobody named
RTK_FIXED_FLOOR_M = 0.05  # antenna to lens, and the moment of exposure at 5-10 m/s
RTK_FIXED_SIGMA_M = 0.1  # where the drone gives no deviation of its own
RTK_FLOAT_FLOOR_M = 0.5  # a float solution's own deviation is known to flatter
RTK_FLOAT_SIGMA_M = 1.0
# Compass of a consumer drone 2-3 degrees; gimbals hang 1-3 degrees off what they say.
YAW_SIGMA_DEG = 2.5
TILT_SIGMA_DEG = 2.0
# Two antennas a metre apart, and a gimbal calibrated for survey.
RTK_YAW_SIGMA_DEG = 1.0
RTK_TILT_SIGMA_DEG = 1.0

ZERO_DEG = 1e-4
"""Nearer than this to (0, 0), about 11 m, is an empty fix."""
FAR_DEG = 1e-3
"""Two fixes of one picture that differ by more, about 100 m, are worth a word."""
HEIGHTS_M = (-1000.0, 10_000.0)
PAST_NADIR_DEG = -45.0
"""A gimbal turned over past nadir writes a pitch below this."""

_RTK_FIXED = 50  # DJI: RtkFlag 0 none, 16 single, 32-49 float, 50 fixed
_RTK_FLOAT = range(32, 50)
_HALF_TURN, _QUARTER_TURN = 180.0, 90.0
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_ALTITUDE_REF, _ALTITUDE, _STATUS = 5, 6, 9


class Placing(NamedTuple):
    """A pose, or the reason why there is none, and what was odd or repaired.

    Attributes:
        unlocated: no_gps, zero_gps, range, no_height or gimbal; None with a pose.
        relative_altitude_m: Height over the take-off point: a witness, no height.
    """

    pose: CameraPose | None
    unlocated: str | None
    relative_altitude_m: float | None
    remarks: tuple[str, ...]


class _Fix(NamedTuple):
    latitude: float
    longitude: float
    origin: str


class _Attitude(NamedTuple):
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class _Sigmas(NamedTuple):
    horizontal_m: float
    vertical_m: float
    yaw_deg: float
    tilt_deg: float
    height_source: HeightSource


def placing_from_tags(tags: Tags, altitudes: VerticalDatum | None) -> Placing:
    """Where the camera was and how it looked, as far as its tags tell.

    Args:
        tags: The tags of the picture.
        altitudes: What the drone's heights are measured from; there is no default,
            so without it no picture has a height.
    """
    remarks: list[str] = []
    relative_m = number(tags.drone.get("relativealtitude"))
    fix = _fix(tags, remarks)
    height_m = _height_m(tags, remarks)
    attitude = _attitude(tags, remarks)
    if isinstance(fix, str):
        return Placing(None, fix, relative_m, tuple(remarks))
    if altitudes is None and height_m is not None:
        remarks.append("height unused: say what it is measured from with --altitudes")
    if height_m is None or altitudes is None:
        return Placing(None, "no_height", relative_m, tuple(remarks))
    if attitude is None:
        return Placing(None, "gimbal", relative_m, tuple(remarks))
    pose = _pose(fix, height_m, altitudes, attitude, _sigmas(tags, altitudes))
    return Placing(pose, None, relative_m, tuple(remarks))


def _pose(
    fix: _Fix,
    height_m: float,
    altitudes: VerticalDatum,
    attitude: _Attitude,
    sigmas: _Sigmas,
) -> CameraPose:
    return CameraPose(
        longitude=fix.longitude,
        latitude=fix.latitude,
        height_m=height_m,
        vertical_datum=altitudes,
        yaw_deg=attitude.yaw_deg,
        pitch_deg=attitude.pitch_deg,
        roll_deg=attitude.roll_deg,
        sigma_h_m=sigmas.horizontal_m,
        sigma_v_m=sigmas.vertical_m,
        sigma_yaw_deg=sigmas.yaw_deg,
        sigma_tilt_deg=sigmas.tilt_deg,
        height_source=sigmas.height_source,
    )


def _fix(tags: Tags, remarks: list[str]) -> _Fix | str:
    """The best fix, the drone's own before EXIF's; or why there is none."""
    if str(tags.drone.get("gpsstatus", "")).lower() == "invalid":
        return "no_gps"
    fixes = [fix for fix in (_drone_fix(tags), _exif_fix(tags)) if fix is not None]
    if not fixes:
        return "no_gps"
    faults = [_fault(fix) for fix in fixes]
    good = [fix for fix, fault in zip(fixes, faults, strict=True) if fault is None]
    if not good:
        return faults[0] or "no_gps"
    if good[0] is not fixes[0]:
        remarks.append(f"{fixes[0].origin} position ({faults[0]}) passed over for EXIF")
    elif len(good) > 1 and _far(good[0], good[1]):
        remarks.append("XMP and EXIF positions differ by more than 100 m: XMP used")
    return good[0]


def _drone_fix(tags: Tags) -> _Fix | None:
    drone = tags.drone
    latitude = _first(drone.get("gpslatitude"), drone.get("latitude"))
    longitude = _first(
        drone.get("gpslongitude"),
        drone.get("gpslongtitude"),  # DJI's own spelling on older drones
        drone.get("longitude"),
    )
    if latitude is None or longitude is None:
        return None
    return _Fix(latitude, longitude, "XMP")


def _first(*texts: str | None) -> float | None:
    found = (number(text) for text in texts)
    return next((value for value in found if value is not None), None)


def _exif_fix(tags: Tags) -> _Fix | None:
    if _letter(tags.gps.get(_STATUS)) == "V":  # Exif 2.32: measurement void
        return None
    latitude = degrees_from_dms(tags.gps.get(_LATITUDE))
    longitude = degrees_from_dms(tags.gps.get(_LONGITUDE))
    north = {"N": 1, "S": -1}.get(_letter(tags.gps.get(_LATITUDE_REF)))
    east = {"E": 1, "W": -1}.get(_letter(tags.gps.get(_LONGITUDE_REF)))
    if latitude is None or longitude is None or north is None or east is None:
        return None
    return _Fix(north * latitude, east * longitude, "EXIF")


def _letter(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return str(text or "").strip("\x00 ")[:1].upper()


def _fault(fix: _Fix) -> str | None:
    """zero_gps or range; a coordinate of exactly 0 is a field nobody filled."""
    near_zero = max(abs(fix.latitude), abs(fix.longitude)) < ZERO_DEG
    if near_zero or 0.0 in (fix.latitude, fix.longitude):
        return "zero_gps"
    in_range = abs(fix.latitude) <= _QUARTER_TURN and abs(fix.longitude) <= _HALF_TURN
    return None if in_range else "range"


def _far(one: _Fix, other: _Fix) -> bool:
    apart = abs(one.latitude - other.latitude), abs(one.longitude - other.longitude)
    return max(apart) > FAR_DEG


def _height_m(tags: Tags, remarks: list[str]) -> float | None:
    """AbsoluteAltitude, else EXIF's; never the height over the take-off point."""
    height_m = number(tags.drone.get("absolutealtitude"))
    if height_m is None:
        height_m = number(tags.gps.get(_ALTITUDE))
        if height_m is not None and _is_below(tags.gps.get(_ALTITUDE_REF)):
            height_m = -height_m
    if height_m is not None and not HEIGHTS_M[0] <= height_m <= HEIGHTS_M[1]:
        remarks.append(f"height of {height_m:g} m ignored")
        return None
    if height_m is None and "relativealtitude" in tags.drone:
        remarks.append("only a height over the take-off point, whose own is not known")
    return height_m


def _is_below(reference: object) -> bool:
    """GPSAltitudeRef 1 and 3: below sea level, below the ellipsoid (Exif 3.0)."""
    if isinstance(reference, bytes):
        return reference[:1] in (b"\x01", b"\x03")
    return number(reference) in (1, 3)


def _attitude(tags: Tags, remarks: list[str]) -> _Attitude | None:
    """The gimbal's angles: the camera's, where FlightYaw is the aircraft's."""
    angles = [
        number(tags.drone.get(f"gimbal{axis}degree"))
        for axis in ("yaw", "pitch", "roll")
    ]
    yaw, pitch, roll = angles
    if yaw is None or pitch is None or roll is None:
        return None
    if max(map(abs, (yaw, pitch, roll))) > 2 * _HALF_TURN or abs(pitch) > _HALF_TURN:
        remarks.append(f"gimbal angles {yaw:g}, {pitch:g}, {roll:g} ignored")
        return None
    if yaw == pitch == roll == 0 and number(tags.drone.get("flightyawdegree")):
        remarks.append("gimbal angles all exactly 0 ignored")
        return None
    return _not_rolled_over(_Attitude(yaw, pitch, roll), remarks)


def _not_rolled_over(attitude: _Attitude, remarks: list[str]) -> _Attitude | None:
    """The same attitude with a roll below 90 degrees.

    Turned over past nadir, DJI writes roll 180 and the yaw turned by 180 degrees. The
    rotations (yaw, pitch, roll) and (yaw + 180, 180 - pitch, roll + 180) are one.
    """
    yaw, pitch, roll = attitude
    roll = _wrapped(roll)
    if abs(roll) <= _QUARTER_TURN:
        return _Attitude(_wrapped(yaw), pitch, roll)
    if pitch > PAST_NADIR_DEG:
        remarks.append(f"gimbal roll {roll:g} at pitch {pitch:g} ignored")
        return None
    remarks.append(f"gimbal roll {roll:g} past nadir: yaw and pitch written without it")
    past_nadir = -_HALF_TURN - pitch  # 180 - pitch, less a full turn
    return _Attitude(
        _wrapped(yaw + _HALF_TURN), past_nadir, _wrapped(roll + _HALF_TURN)
    )


def _wrapped(angle_deg: float) -> float:
    """The angle in [-180, 180).

    >>> _wrapped(190.0), _wrapped(-180.0), _wrapped(44.2)
    (-170.0, -180.0, 44.2)
    """
    if -_HALF_TURN <= angle_deg < _HALF_TURN:
        return angle_deg
    return (angle_deg + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN


def _sigmas(tags: Tags, altitudes: VerticalDatum) -> _Sigmas:
    flag = number(tags.drone.get("rtkflag"))
    fixed, floating = flag == _RTK_FIXED, flag in _RTK_FLOAT
    if not fixed and not floating:
        vertical = max(GPS_SIGMA_V_M, _local_floor(altitudes))
        source = HeightSource.ABSOLUTE
        return _Sigmas(GPS_SIGMA_H_M, vertical, YAW_SIGMA_DEG, TILT_SIGMA_DEG, source)
    floor = RTK_FIXED_FLOOR_M if fixed else RTK_FLOAT_FLOOR_M
    unsaid = RTK_FIXED_SIGMA_M if fixed else RTK_FLOAT_SIGMA_M
    east, north, up = (
        positive(tags.drone.get(f"rtkstd{axis}")) or unsaid
        for axis in ("lon", "lat", "hgt")
    )
    pressure = tags.drone.get("altitudetype", "").lower() == "pressurealt"
    return _Sigmas(
        max(hypot(east, north) / 2**0.5, floor),
        max(GPS_SIGMA_V_M if pressure else up, floor, _local_floor(altitudes)),
        RTK_YAW_SIGMA_DEG,
        RTK_TILT_SIGMA_DEG,
        HeightSource.ABSOLUTE if pressure else HeightSource.RTK,
    )


def _local_floor(altitudes: VerticalDatum) -> float:
    return LOCAL_SIGMA_V_M if altitudes is VerticalDatum.LOCAL else 0.0
