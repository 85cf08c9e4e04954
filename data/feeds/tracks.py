"""Typhoon tracks, IBTrACS-like CSV -> Track, with ten- and one-minute winds kept apart.

Columns are found by their names, whatever their order and case:

    time            time or iso_time, UTC by the format ("2019-10-12 09:00:00")
    lon, lat        degrees; east of 180 is taken round
    wind            knots; blank where the agency gives none (weak storms)
    slp             or pres, hPa; blank where not known
    track_id        or sid; one storm a file

Over how long a wind was averaged is never guessed. It is said by the name of its column
(tokyo_wind, usa_wind, wind_10min, wind_1min), by a Saffir-Simpson column (sshs_cat:
that scale is defined on one-minute winds), by the end of the file's name (_wmo, _jtwc:
RSMC Tokyo and JTWC), or by whoever imports it; else the file is refused.

Source:
    IBTrACS v04 column documentation (NOAA NCEI): knots, hPa, UTC; TOKYO_WIND is a
    ten-minute and USA_WIND a one-minute mean.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePath
from typing import Generic, TypeVar

from data.errors import InvalidRecordError
from data.feeds.guarded_xml import refused
from data.feeds.numbers import number_within
from data.record import NonNegative, record
from data.refusals import RefusalCode

MAX_BYTES = 4 * 1024 * 1024
MAX_POINTS = 10_000  # the longest storm known, Freddy of 2023, has some 300
M_S_PER_KNOT = 1852.0 / 3600.0  # the international knot
FASTEST_M_S = 120.0  # no storm was faster: Patricia of 2015 had 95
PRESSURE_HPA = (800.0, 1100.0)  # the lowest at sea level, Tip of 1979, was 870
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,56}")
Row = Mapping[str, str]


class Averaging(StrEnum):
    """Over how long a wind is averaged."""

    TEN_MINUTES = "10 min"
    ONE_MINUTE = "1 min"


@record
class TenMinuteWind:
    """A wind averaged over ten minutes, as JMA and the WMO give it."""

    m_s: NonNegative


@record
class OneMinuteWind:
    """A wind averaged over one minute, as JTWC gives it: some 1.1 times the other."""

    m_s: NonNegative


Wind = TenMinuteWind | OneMinuteWind
W = TypeVar("W", TenMinuteWind, OneMinuteWind)

AVERAGING: Mapping[type, Averaging] = {
    TenMinuteWind: Averaging.TEN_MINUTES,
    OneMinuteWind: Averaging.ONE_MINUTE,
}


@dataclass(frozen=True, kw_only=True)
class TrackPoint(Generic[W]):
    """Where a storm was at one time.

    Attributes:
        longitude: Degrees, -180 to 180, WGS84; `latitude` too.
        pressure_hpa: At sea level in its middle; None where blank.
        wind: The strongest sustained; None where blank, as early in most tracks.
    """

    at: datetime
    longitude: float
    latitude: float
    pressure_hpa: float | None
    wind: W | None


@dataclass(frozen=True, kw_only=True)
class Track(Generic[W]):
    """One storm as one agency has it; winds of another averaging time are refused.

    Attributes:
        points: Oldest first.
        sha256: Of the file's bytes.
    """

    id: str
    averaging: Averaging
    points: tuple[TrackPoint[W], ...]
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a wind of the other averaging time."""
        for point in self.points:
            wind = point.wind
            if wind is not None and AVERAGING[type(wind)] is not self.averaging:
                raise InvalidRecordError(
                    f"track {self.id}: {type(wind).__name__} at {point.at.isoformat()}"
                    f" in a track of {self.averaging} winds; convert it first"
                )


TenMinuteTrack = Track[TenMinuteWind]
OneMinuteTrack = Track[OneMinuteWind]
AnyTrack = TenMinuteTrack | OneMinuteTrack


def read_track(
    data: bytes, *, name: str, averaging: Averaging | None = None
) -> AnyTrack:
    """Read one storm.

    Args:
        data: The file's bytes.
        name: What the user calls it, for messages and for its ending.
        averaging: What whoever imports it says of its winds; what the file itself
            says must not contradict it.

    Raises:
        RefusedError: If it is no table of one storm, says nothing or two things of its
            averaging time, or holds a value that no storm has.
    """
    rows = _rows(data, name)
    stated = _averaging(rows[0], name, averaging)
    identity, digest = _id(rows, name), sha256(data).hexdigest()
    if stated is Averaging.TEN_MINUTES:
        return Track(
            id=identity,
            averaging=stated,
            points=_points(rows, TenMinuteWind, name),
            sha256=digest,
        )
    return Track(
        id=identity,
        averaging=stated,
        points=_points(rows, OneMinuteWind, name),
        sha256=digest,
    )


def is_track(data: bytes) -> bool:
    """Whether the first line is the header of a track."""
    head = data[:4096].split(b"\n", 1)[0].decode("utf-8-sig", "replace").lower()
    names = {cell.strip().strip('"') for cell in head.split(",")}
    return {"lat", "lon"} <= names and bool({"time", "iso_time"} & names)


def _rows(data: bytes, name: str) -> list[Row]:
    """Each line as {column name in lower case: text}."""
    if len(data) > MAX_BYTES:
        refused(
            name,
            RefusalCode.TOO_LARGE,
            value=f"{len(data)} bytes",
            remedy="give one storm a file",
        )
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        refused(
            name, RefusalCode.UNREADABLE, value=str(error), remedy="write UTF-8 CSV"
        )
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if len(lines) < 2 or len(lines) > MAX_POINTS:  # noqa: PLR2004 a header and a point
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{len(lines)} lines",
            remedy="give a header, and one line a time of one storm",
        )
    header = [cell.strip().lower() for cell in lines[0]]
    if any(len(line) != len(header) for line in lines):
        refused(
            name,
            RefusalCode.TRUNCATED,
            value="a line has more or fewer cells than the header",
            remedy="send the file again",
        )
    cells = [[cell.strip() for cell in line] for line in lines[1:]]
    rows: list[Row] = [dict(zip(header, line, strict=True)) for line in cells]
    return rows[1:] if rows[0].get("lat") == "degrees_north" else rows


def _first(row: Row, *columns: str) -> str | None:
    """The first of these columns that the file has."""
    return next((column for column in columns if column in row), None)


def _averaging(row: Row, name: str, told: Averaging | None) -> Averaging:
    """What all that says something agrees on."""
    ten, one = Averaging.TEN_MINUTES, Averaging.ONE_MINUTE
    ending = PurePath(name).stem.lower()
    said = {
        *([told] if told else []),
        *([ten] if _first(row, "tokyo_wind", "wind_10min") else []),
        *([one] if _first(row, "usa_wind", "wind_1min", "sshs_cat") else []),
    }
    said |= {ten for end in ("_wmo", "_tokyo") if not said and ending.endswith(end)}
    said |= {one for end in ("_jtwc", "_usa") if not said and ending.endswith(end)}
    if len(said) != 1:
        refused(
            name,
            RefusalCode.SCHEMA,
            value="winds of " + (" and ".join(sorted(said)) or "no averaging time"),
            remedy='say which: --averaging "10 min" (JMA) or "1 min" (JTWC)',
        )
    return said.pop()


def _id(rows: Sequence[Row], name: str) -> str:
    column = _first(rows[0], "track_id", "sid")
    found = sorted({row[column] for row in rows}) if column else []
    if len(found) != 1 or not _ID.fullmatch(found[0]):
        refused(
            name,
            RefusalCode.BAD_ID,
            value=f"storms {', '.join(found[:3])!r}",
            remedy="one track_id (letters, digits, . _ -) in all lines of a file",
        )
    return found[0]


def _points(rows: Sequence[Row], wind: type[W], name: str) -> tuple[TrackPoint[W], ...]:
    columns = _first(rows[0], "wind", "tokyo_wind", "usa_wind", *_NAMED_WINDS)
    pressure = _first(rows[0], "slp", "pres", "tokyo_pres", "usa_pres", "wmo_pres")
    times = _first(rows[0], "time", "iso_time")
    if times is None or not {"lat", "lon"} <= set(rows[0]):
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"columns {', '.join(rows[0])}",
            remedy="time, lat and lon have to be there",
        )
    points = [
        TrackPoint(
            at=_time(row[times], name),
            longitude=_longitude(row, name),
            latitude=_needed(row, "lat", (-90.0, 90.0), name),
            pressure_hpa=_number(row, pressure, PRESSURE_HPA, name),
            wind=_wind(row, columns, wind, name),
        )
        for row in rows
    ]
    points.sort(key=lambda point: point.at)
    if len({point.at for point in points}) < len(points):
        refused(
            name,
            RefusalCode.SCHEMA,
            value="a time occurs twice",
            remedy="one line a time of one storm",
        )
    return tuple(points)


_NAMED_WINDS = ("wind_10min", "wind_1min")


def _wind(row: Row, column: str | None, wind: type[W], name: str) -> W | None:
    knots = _number(row, column, (0.0, FASTEST_M_S / M_S_PER_KNOT), name)
    return None if knots is None else wind(m_s=knots * M_S_PER_KNOT)


def _longitude(row: Row, name: str) -> float:
    east = _needed(row, "lon", (-180.0, 360.0), name)
    return east - 360.0 if east > 180.0 else east  # noqa: PLR2004 degrees


def _needed(row: Row, column: str, limits: tuple[float, float], name: str) -> float:
    value = _number(row, column, limits, name)
    if value is None:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"{column} is blank",
            remedy="every line has a place",
        )
    return value


def _number(
    row: Row, column: str | None, limits: tuple[float, float], name: str
) -> float | None:
    """The number in a cell, None where it is blank or there is no such column."""
    text = row[column] if column else ""
    if not text:
        return None
    return number_within(text, str(column), limits, name, or_else=", or blank")


def _time(text: str, name: str) -> datetime:
    """A time of a track: UTC by the format, whether it says so or not."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        refused(
            name,
            RefusalCode.SCHEMA,
            value=f"time {text!r}",
            remedy="a time is written like 2019-10-12 09:00:00, UTC",
        )
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
