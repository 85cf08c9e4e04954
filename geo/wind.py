"""Wind at a place: the greatest 10-min mean at 10 m while a typhoon passes.

Around the centre the wind follows Holland's profile, so scaled that the greatest wind
over the sea is the track's. The storm's own motion adds to the wind on its right (left
in the south), turned as Lin and Chavas found it and fading with the wind itself. Over
open land the 10-min mean is .8 of that over the sea. Roughness beyond open terrain,
hills and the height of a tower are left out: the design wind a tower is measured
against is likewise one over open terrain at 10 m.

Source:
    G. Holland, Mon. Wea. Rev. 108, 1980, 1212-1218. N. Lin and D. Chavas, J. Geophys.
    Res. 117, 2012, D09120. J. Zhang and E. Uhlhorn, Mon. Wea. Rev. 140, 2012,
    3587-3605. P. Vickery, D. Wadhera, M. Powell and Y. Chen, J. Appl. Meteor. Climatol.
    48, 2009, 381-405.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.owner_rules import WIND_RULES
from geo.storm import (
    B_SIGMA_LN,
    EARTH_RADIUS_KM,
    RMW_SIGMA_LN,
    SURFACE_OVER_GRADIENT,
    Storm,
    coriolis,
    motion_part_m_s,
)

Array = NDArray[np.float64]

LAND_FACTOR = WIND_RULES.land_factor  # open land over sea: Vickery et al. 2009
LAND_SIGMA_LN = 0.05  # 15 to 20 % less is .80 to .85; each place has its own
INFLOW_DEG = 22.6  # of the surface wind across the circles: Zhang and Uhlhorn 2012
MOTION_TURN_DEG = 19.2  # background wind left of the motion: Lin and Chavas 2012
POSITION_SIGMA_KM = 15.0  # of a best track near land: Landsea and Franklin 2013
REACH_KM = 800.0  # beyond, a storm blows less than ~6 m/s and counts as none
_INNERMOST_KM = 1.0  # the eye: nearer counts as this near
_SENSITIVITY_FLOOR_KM = 10.0  # a place error inside the eye has no more effect
_PROFILE_QUANTILE = 1.645  # 95 % of the normal


@dataclass(frozen=True, slots=True, kw_only=True)
class WindAt:
    """Greatest wind at N places; every array has shape (N,).

    Attributes:
        median_m_s: 10-min mean at 10 m over open terrain; 0 beyond `REACH_KM`.
        sigma_ln: Total standard deviation.
        shared_sigma_ln: The part of it that all places have in common.
        at_s: When, in the seconds of the storm; NaN where no wind reached.
        distance_km: To the centre at that time; NaN likewise.
    """

    median_m_s: Array
    sigma_ln: Array
    shared_sigma_ln: Array
    at_s: Array
    distance_km: Array


def holland_profile(
    distance_km: Array, *, peak_m_s: Array, rmw_km: Array, b: Array, f_1_s: Array
) -> Array:
    """Gradient wind at a distance from the centre, `peak_m_s` at `rmw_km`.

    sqrt(V^2 x^B exp(1 - x^B) + (r f / 2)^2) - r f / 2, x = rmw / r, with V so that the
    wind at rmw is the given one.

    Source:
        Holland (1980), equation 5, with B and the pressure deficit put into V.
    """
    radius_m = 1000.0 * distance_km
    turning = radius_m * f_1_s / 2.0
    steep = (rmw_km / distance_km) ** b
    squared = peak_m_s * (peak_m_s + 1000.0 * rmw_km * f_1_s)
    return np.asarray(
        np.sqrt(squared * steep * np.exp(1.0 - steep) + turning**2) - turning
    )


def greatest_wind(
    storm: Storm,
    longitude: Array,
    latitude: Array,
    *,
    land_factor: Array | float = LAND_FACTOR,
) -> WindAt:
    """The greatest wind of a passage at each place.

    Args:
        storm: At short steps (`geo.storm.minute_by_minute`).
        longitude: Degrees (EPSG:6668 or CRS84), shape (N,).
        latitude: Degrees, shape (N,).
        land_factor: Open land over sea; 1 for a place at sea.

    Returns:
        Each place by itself: what places stand beside it changes nothing.
    """
    best = np.zeros(len(longitude))
    when = np.full(len(longitude), -1)
    for step in _steps_in_reach(storm, longitude, latitude):
        wind = wind_over_sea(storm, step, longitude, latitude)
        stronger = wind > best
        best[stronger] = wind[stronger]
        when[stronger] = step
    return _with_spread(storm, best, when, longitude, latitude, land_factor)


def _steps_in_reach(
    storm: Storm, longitude: Array, latitude: Array
) -> NDArray[np.int64]:
    """Steps at which the centre is near enough to the box of all places."""
    if len(longitude) == 0:
        return np.empty(0, dtype=np.int64)
    margin = np.degrees(REACH_KM / EARTH_RADIUS_KM)
    middle = (longitude.min() + longitude.max()) / 2.0
    half = (longitude.max() - longitude.min()) / 2.0
    highest = np.abs(latitude).max() + margin
    wide = margin / max(np.cos(np.radians(min(highest, 89.0))), 0.05)
    near = np.abs(_around(storm.longitude - middle)) <= half + wide
    near &= storm.latitude >= latitude.min() - margin
    near &= storm.latitude <= latitude.max() + margin
    return np.flatnonzero(near)


def _around(degrees: Array) -> Array:
    """Differences of longitude within -180 .. 180."""
    return np.asarray(degrees - 360.0 * np.rint(degrees / 360.0))


def wind_over_sea(storm: Storm, step: int, longitude: Array, latitude: Array) -> Array:
    """10-min wind at 10 m over the sea at one step, shape (N,); 0 beyond the reach."""
    centre = float(storm.latitude[step])
    east, north = _offsets_km(storm.longitude[step], centre, longitude, latitude)
    distance = np.maximum(np.hypot(east, north), _INNERMOST_KM)
    speed = float(np.hypot(storm.east_m_s[step], storm.north_m_s[step]))
    peak = storm.wind_m_s[step]
    motion = motion_part_m_s(peak, np.asarray(speed))
    around = SURFACE_OVER_GRADIENT * holland_profile(
        distance,
        peak_m_s=(peak - motion) / SURFACE_OVER_GRADIENT,
        rmw_km=storm.rmw_km[step],
        b=storm.b[step],
        f_1_s=coriolis(np.asarray(centre)),
    )
    if speed > 0.0 and peak > motion:
        share = motion / (peak - motion)
        heading = np.array([storm.east_m_s[step], storm.north_m_s[step]]) / speed
        cosine = _alignment(east / distance, north / distance, heading, centre)
        around = around * np.sqrt(1.0 + 2.0 * share * cosine + share**2)
    return np.where(distance <= REACH_KM, around, 0.0)


def _offsets_km(
    centre_longitude: Array | float,
    centre_latitude: Array | float,
    longitude: Array,
    latitude: Array,
) -> tuple[Array, Array]:
    """East and north of the centre; within .5 % of the sphere up to 1,000 km."""
    per_degree = EARTH_RADIUS_KM * np.pi / 180.0
    middle = np.radians((latitude + centre_latitude) / 2.0)
    east = _around(longitude - centre_longitude) * np.cos(middle) * per_degree
    return east, (latitude - centre_latitude) * per_degree


def _alignment(
    east: Array, north: Array, heading: Array, centre_latitude: float
) -> Array:
    """Cosine between the wind around the centre and the wind of the storm's motion.

    The wind blows 90 degrees left of the direction away from the centre and inwards by
    the inflow; the motion's wind lies left of the motion. In the south all is mirrored.
    """
    turn = np.radians(90.0 + INFLOW_DEG - MOTION_TURN_DEG)
    turn = np.copysign(turn, centre_latitude)
    along = east * heading[0] + north * heading[1]
    left = heading[0] * north - heading[1] * east
    return np.asarray(along * np.cos(turn) - left * np.sin(turn))


def _with_spread(
    storm: Storm,
    sea_m_s: Array,
    when: NDArray[np.int64],
    longitude: Array,
    latitude: Array,
    land_factor: Array | float,
) -> WindAt:
    """Each place with the spread of its wind at the time of the greatest.

    Holland's profile without rotation has d ln V / d ln rmw = B / 2 (1 - x^B) and
    d ln V / d ln B = ln(x^B) / 2 (1 - x^B). Another radius, B or place of the centre
    moves the wind about but lifts it nowhere above the storm's greatest, so their part
    is kept so small that its 95 % quantile stays below that.
    """
    reached = when >= 0
    step = np.maximum(when, 0)
    east, north = _offsets_km(
        storm.longitude[step], storm.latitude[step], longitude, latitude
    )
    distance = np.maximum(np.hypot(east, north), _INNERMOST_KM)
    b = storm.b[step]
    steep = (storm.rmw_km[step] / np.maximum(distance, _SENSITIVITY_FLOOR_KM)) ** b
    slope = np.maximum(1.0 - steep, -1.0) / 2.0
    placed = POSITION_SIGMA_KM / np.maximum(distance, _SENSITIVITY_FLOOR_KM)
    radius = b * slope * np.hypot(RMW_SIGMA_LN, placed)
    shape = np.log(steep) * slope * B_SIGMA_LN
    room = np.log(np.maximum(storm.wind_m_s[step] / np.maximum(sea_m_s, 1e-9), 1.0))
    profile = np.minimum(np.hypot(radius, shape), room / _PROFILE_QUANTILE)
    shared = np.hypot(storm.wind_sigma_ln[step], profile)
    return WindAt(
        median_m_s=sea_m_s * land_factor,
        sigma_ln=np.where(reached, np.hypot(shared, LAND_SIGMA_LN), np.nan),
        shared_sigma_ln=np.where(reached, shared, np.nan),
        at_s=np.where(reached, storm.elapsed_s[step], np.nan),
        distance_km=np.where(reached, distance, np.nan),
    )
