"""Where a metre of the scene is on Earth: a topocentric frame on GRS80, exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from pipelines.drill.scene import Array

GRS80_SEMI_MAJOR_M = 6_378_137.0  # EPSG:7019
GRS80_ECCENTRICITY_2 = 0.006_694_380_022_90  # first eccentricity squared, EPSG:7019
LATITUDE_STEPS = 6  # of the iteration; the fourth already changes less than 1e-15 rad


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """Where the scene's origin lies: JGD2011 geographic 3D (EPSG:6667)."""

    longitude: float
    latitude: float
    ellipsoidal_height_m: float


def _prime_vertical_m(latitude: Array) -> Array:
    """Radius of curvature across the meridian; `latitude` in radians."""
    flattened = 1 - GRS80_ECCENTRICITY_2 * np.sin(latitude) ** 2
    return np.asarray(GRS80_SEMI_MAJOR_M / np.sqrt(flattened))


def _axes(anchor: Anchor) -> Array:
    """Rows east, north, up of the topocentric frame in earth-centred axes."""
    lon, lat = np.radians([anchor.longitude, anchor.latitude])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.stack([east, np.cross(up, east), up])


def ecef_from_geodetic(geodetic: ArrayLike) -> Array:
    """Longitude, latitude, ellipsoidal height (..., 3) to earth-centred metres.

    Source:
        IOGP Guidance Note 7-2, section 4.1.1 (EPSG method 9602).
    """
    degrees = np.asarray(geodetic, float)
    lon, lat = np.radians(degrees[..., 0]), np.radians(degrees[..., 1])
    n, height = _prime_vertical_m(lat), degrees[..., 2]
    flat = (n + height) * np.cos(lat)
    up = (n * (1 - GRS80_ECCENTRICITY_2) + height) * np.sin(lat)
    return np.stack([flat * np.cos(lon), flat * np.sin(lon), up], axis=-1)


def geodetic_from_ecef(ecef: Array) -> Array:
    """Earth-centred metres (..., 3) to longitude, latitude, ellipsoidal height."""
    x, y, z = np.moveaxis(ecef, -1, 0)
    flat = np.hypot(x, y)
    latitude = np.arctan2(z, flat)
    for _ in range(LATITUDE_STEPS):
        n = _prime_vertical_m(latitude)
        latitude = np.arctan2(z + GRS80_ECCENTRICITY_2 * n * np.sin(latitude), flat)
    n = _prime_vertical_m(latitude)
    height = flat * np.cos(latitude) + z * np.sin(latitude) - GRS80_SEMI_MAJOR_M**2 / n
    return np.stack([np.degrees(np.arctan2(y, x)), np.degrees(latitude), height], -1)


def geodetic_from_scene(anchor: Anchor, local: ArrayLike) -> Array:
    """East, north, up (..., 3) to longitude, latitude, ellipsoidal height.

    Source:
        IOGP Guidance Note 7-2, section 4.1.2 (EPSG method 9836, reversed).
    """
    return geodetic_from_ecef(
        _origin(anchor) + np.asarray(local, float) @ _axes(anchor)
    )


def scene_from_geodetic(anchor: Anchor, geodetic: ArrayLike) -> Array:
    """Longitude, latitude, ellipsoidal height (..., 3) to east, north, up."""
    return (ecef_from_geodetic(geodetic) - _origin(anchor)) @ _axes(anchor).T


def _origin(anchor: Anchor) -> Array:
    """The anchor in earth-centred metres."""
    return ecef_from_geodetic(
        [anchor.longitude, anchor.latitude, anchor.ellipsoidal_height_m]
    )
