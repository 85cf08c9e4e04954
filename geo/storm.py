"""A typhoon as its track tells it: where, how strong, how wide, minute by minute.

A track gives the centre, the greatest wind and the central pressure every few hours,
and no radius. The radius of the greatest wind follows from wind and latitude, Holland's
B from wind and pressure; where an agency gives no wind (JMA: below 35 kt) the pressure
stands in for it. Positions go along a monotone cubic, everything else along a line.

Source:
    G. Holland, Mon. Wea. Rev. 108, 1980, 1212-1218. H. Willoughby, R. Darling and
    M. Rahn, Mon. Wea. Rev. 134, 2006, 1102-1120, equation 7a. N. Lin and D. Chavas,
    J. Geophys. Res. 117, 2012, D09120. J. Franklin, M. Black and K. Valde, Wea.
    Forecasting 18, 2003, 32-44. M. Powell et al., J. Wind Eng. Ind. Aerodyn. 93, 2005,
    651-674. C. Landsea and J. Franklin, Mon. Wea. Rev. 141, 2013, 3576-3592.
    DEFINITIONS, section 2.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from data.errors import InvalidRecordError
from data.feeds.tracks import AnyTrack, Averaging, Wind

Array = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0  # mean radius, IUGG
OMEGA_RAD_S = 7.292115e-5  # rotation of the Earth, GRS80
AMBIENT_HPA = 1010.0  # around typhoons of the western Pacific: Atkinson, Holliday 1977
AIR_DENSITY_KG_M3 = 1.15  # Holland 1980
TEN_OVER_ONE_MINUTE = 0.93  # at sea: Harper, Kepert, Ginger, WMO/TD-No. 1555, 2010
SURFACE_OVER_GRADIENT = 0.9 * TEN_OVER_ONE_MINUTE
"""10-min wind at 10 m over wind aloft; .9 for 1-min: Franklin et al. 2003."""
MOTION_SHARE = 0.56  # of the forward speed is in the wind: Lin and Chavas 2012
LARGEST_MOTION_SHARE = 0.5  # of the greatest wind; our own limit, for fast storms
B_LOW, B_HIGH = 0.8, 2.5  # range of B seen: Holland 1980, Powell et al. 2005
WIND_SIGMA_LN = 0.10  # best tracks, 10 of 100 kt: Landsea and Franklin 2013
PRESSURE_WIND_SIGMA_LN = 0.20  # where the wind is ours, from the pressure
AVERAGING_SIGMA_LN = 0.04  # of TEN_OVER_ONE_MINUTE: .88 was in use until 2010
RMW_SIGMA_LN = 0.3  # DEFINITIONS, section 2
B_SIGMA_LN = 0.2  # Powell et al. 2005: sigma of B .29 about a mean near 1.4
STEP_S = 600.0  # a storm of 20 m/s moves 12 km
_ROUNDS = 20  # wind, radius and B settle to 1e-6 in fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixes:
    """What a track says at N times, in order; NaN where it says nothing.

    Attributes:
        elapsed_s: Since any fixed time, rising.
        longitude: Degrees; may go over the date line.
        wind_m_s: Greatest 10-min wind at 10 m over the sea, anywhere in the storm.
        pressure_hpa: Of the centre, at sea level.
        wind_sigma_ln: Of `wind_m_s`.
    """

    elapsed_s: Array
    longitude: Array
    latitude: Array
    wind_m_s: Array
    pressure_hpa: Array
    wind_sigma_ln: float = WIND_SIGMA_LN


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A typhoon at N times; every array has shape (N,).

    Attributes:
        elapsed_s: As in `Fixes`.
        longitude: Degrees, running on over the date line.
        wind_m_s: Greatest 10-min wind at 10 m over the sea, forward motion included.
        rmw_km: Radius of the greatest wind.
        b: Holland's B.
        east_m_s: Motion of the centre.
        north_m_s: Motion of the centre.
        wind_sigma_ln: Of `wind_m_s`.
    """

    elapsed_s: Array
    longitude: Array
    latitude: Array
    wind_m_s: Array
    rmw_km: Array
    b: Array
    east_m_s: Array
    north_m_s: Array
    wind_sigma_ln: Array


def fixes_of(track: AnyTrack) -> Fixes:
    """What a track says, every wind as a 10-min mean, seconds from its first time.

    One-minute winds are converted with `TEN_OVER_ONE_MINUTE`, and the spread of that
    factor is added to theirs.
    """
    one_minute = track.averaging is Averaging.ONE_MINUTE
    factor = TEN_OVER_ONE_MINUTE if one_minute else 1.0
    start = track.points[0].at
    points = track.points

    def ten_minutes(wind: Wind | None) -> float:
        return np.nan if wind is None else wind.m_s * factor

    return Fixes(
        elapsed_s=np.array([(p.at - start).total_seconds() for p in points]),
        longitude=np.array([p.longitude for p in points]),
        latitude=np.array([p.latitude for p in points]),
        wind_m_s=np.array([ten_minutes(p.wind) for p in points]),
        pressure_hpa=np.array([p.pressure_hpa for p in points], dtype=np.float64),
        wind_sigma_ln=float(np.hypot(WIND_SIGMA_LN, AVERAGING_SIGMA_LN * one_minute)),
    )


def rmw_km(gradient_wind_m_s: Array, latitude: Array) -> Array:
    """Radius of the greatest wind, 46.4 exp(-.0155 Vmax + .0169 |lat|) km.

    Args:
        gradient_wind_m_s: Greatest mean wind around the centre, some km up: what the
            formula was fitted to, and not the wind at the ground.
        latitude: Degrees.

    Source:
        Willoughby, Darling and Rahn (2006), equation 7a.

    >>> rmw_km(np.array([50.0]), np.array([30.0])).round(1).tolist()
    [35.5]
    """
    return np.asarray(
        46.4 * np.exp(-0.0155 * gradient_wind_m_s + 0.0169 * np.abs(latitude))
    )


def coriolis(latitude: Array) -> Array:
    """Coriolis parameter, 1/s, without its sign."""
    return np.asarray(2.0 * OMEGA_RAD_S * np.abs(np.sin(np.radians(latitude))))


def motion_m_s(elapsed_s: Array, longitude: Array, latitude: Array) -> Array:
    """Eastward and northward speed of the centre at its fixes, shape (N, 2)."""
    if len(elapsed_s) < 2:  # noqa: PLR2004 one fix stands still
        return np.zeros((len(elapsed_s), 2))
    path = PchipInterpolator(elapsed_s, np.column_stack([longitude, latitude]))
    return _metres_per_s(path(elapsed_s, 1), latitude)


def _metres_per_s(degrees_per_s: Array, latitude: Array) -> Array:
    per_degree = 1000.0 * EARTH_RADIUS_KM * np.pi / 180.0
    scale = np.column_stack([np.cos(np.radians(latitude)), np.ones(len(latitude))])
    return np.asarray(degrees_per_s * scale * per_degree)


def motion_part_m_s(wind_m_s: Array, speed_m_s: Array) -> Array:
    """How much of the greatest wind is the storm's own motion."""
    return np.minimum(MOTION_SHARE * speed_m_s, LARGEST_MOTION_SHARE * wind_m_s)


def storm_from_fixes(fixes: Fixes) -> Storm:
    """The storm at the times of its fixes, from the first to the last known strength.

    Raises:
        InvalidRecordError: If neither wind nor pressure is known at any time, or the
            times do not rise.
    """
    if len(fixes.elapsed_s) == 0 or not (np.diff(fixes.elapsed_s) > 0.0).all():
        raise InvalidRecordError("track: no times, or times that do not rise")
    longitude = np.unwrap(fixes.longitude, period=360.0)
    motion = motion_m_s(fixes.elapsed_s, longitude, fixes.latitude)
    speed = np.hypot(motion[:, 0], motion[:, 1])
    given = ~np.isnan(fixes.wind_m_s)
    by_pressure = _wind_from_pressure(fixes, speed)
    wind = np.where(given, fixes.wind_m_s, by_pressure)
    known = np.flatnonzero(~np.isnan(wind))
    if len(known) == 0:
        raise InvalidRecordError("track: neither wind nor pressure at any time")
    wind = np.interp(fixes.elapsed_s, fixes.elapsed_s[known], wind[known])
    around = (wind - motion_part_m_s(wind, speed)) / SURFACE_OVER_GRADIENT
    radius = rmw_km(around, fixes.latitude)
    storm = Storm(
        elapsed_s=fixes.elapsed_s,
        longitude=longitude,
        latitude=fixes.latitude,
        wind_m_s=wind,
        rmw_km=radius,
        b=_holland_b(around, radius, fixes),
        east_m_s=motion[:, 0],
        north_m_s=motion[:, 1],
        wind_sigma_ln=np.where(given, fixes.wind_sigma_ln, PRESSURE_WIND_SIGMA_LN),
    )
    return _part(storm, slice(known[0], known[-1] + 1))


def _powell_b(radius_km: Array, latitude: Array) -> Array:
    """B of a storm of which only the pressure is known.

    Source:
        Powell et al. (2005): 1.881 - .00557 RMW - .01295 lat.
    """
    b = 1.881 - 0.00557 * radius_km - 0.01295 * np.abs(latitude)
    return np.asarray(np.clip(b, B_LOW, B_HIGH))


def _wind_from_pressure(fixes: Fixes, speed_m_s: Array) -> Array:
    """Greatest 10-min wind at the ground, from the pressure deficit alone."""
    deficit_pa = 100.0 * np.maximum(AMBIENT_HPA - fixes.pressure_hpa, 0.0)
    around = np.full_like(deficit_pa, 30.0)
    for _ in range(_ROUNDS):
        radius = rmw_km(around, fixes.latitude)
        b = _powell_b(radius, fixes.latitude)
        turning = 1000.0 * radius * coriolis(fixes.latitude) / 2.0
        cyclostrophic = b * deficit_pa / (AIR_DENSITY_KG_M3 * np.e)
        around = np.sqrt(cyclostrophic + turning**2) - turning
    still = SURFACE_OVER_GRADIENT * around
    part = np.minimum(
        MOTION_SHARE * speed_m_s,
        still * LARGEST_MOTION_SHARE / (1.0 - LARGEST_MOTION_SHARE),
    )
    return np.asarray(still + part)


def _holland_b(around_m_s: Array, radius_km: Array, fixes: Fixes) -> Array:
    """B from wind and pressure deficit, from Powell where the pressure is unknown."""
    deficit_pa = 100.0 * np.maximum(AMBIENT_HPA - fixes.pressure_hpa, 1.0)
    turning = 1000.0 * radius_km * coriolis(fixes.latitude)
    b = around_m_s * (around_m_s + turning) * AIR_DENSITY_KG_M3 * np.e / deficit_pa
    b = np.where(np.isnan(b), _powell_b(radius_km, fixes.latitude), b)
    return np.asarray(np.clip(b, B_LOW, B_HIGH))


def _part(storm: Storm, rows: slice | NDArray[np.int64]) -> Storm:
    names = Storm.__dataclass_fields__
    return replace(storm, **{name: getattr(storm, name)[rows] for name in names})


def minute_by_minute(storm: Storm, *, step_s: float = STEP_S) -> Storm:
    """The same storm at short, even steps, its own times among them.

    Positions go along a monotone cubic, so that the centre never overshoots a fix; the
    rest is linear in time.
    """
    if len(storm.elapsed_s) < 2:  # noqa: PLR2004 nothing between one time
        return storm
    own = storm.elapsed_s
    times = np.union1d(np.arange(own[0], own[-1], step_s), own)
    path = PchipInterpolator(own, np.column_stack([storm.longitude, storm.latitude]))
    place = path(times)
    motion = _metres_per_s(path(times, 1), place[:, 1])

    def along(values: Array) -> Array:
        return np.asarray(np.interp(times, own, values))

    return Storm(
        elapsed_s=times,
        longitude=place[:, 0],
        latitude=place[:, 1],
        wind_m_s=along(storm.wind_m_s),
        rmw_km=along(storm.rmw_km),
        b=along(storm.b),
        east_m_s=motion[:, 0],
        north_m_s=motion[:, 1],
        wind_sigma_ln=along(storm.wind_sigma_ln),
    )
