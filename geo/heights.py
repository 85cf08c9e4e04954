"""Vertical datums and the geoid between them; a height never passes unchanged unsaid.

PROJ without its geoid grids returns a height unchanged and says nothing, about 40 m
wrong in Japan; so the geoid comes from japan-geoid, and PROJ never sees a height.
"""

from dataclasses import replace
from functools import lru_cache

import japan_geoid
import numpy as np
from numpy.typing import NDArray

from data.errors import CrsError
from data.imagery import CameraPose, VerticalDatum

LOCAL_SIGMA_M = 3.0  # ARCHITECTURE, section 6: AbsoluteAltitude taken as it is

_LOADERS = {
    VerticalDatum.JGD2011: japan_geoid.load_embedded_gsigeo2011,
    VerticalDatum.JGD2024: japan_geoid.load_embedded_jpgeo2024_hrefconv2024,
}


@lru_cache(maxsize=2)
def _geoid(datum: VerticalDatum) -> japan_geoid.GsiGeoid:
    return _LOADERS[datum]()


def geoid_height_m(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], datum: VerticalDatum
) -> NDArray[np.float64]:
    """Height of a datum's zero above the GRS80 ellipsoid, shape (N,).

    Args:
        longitude: Degrees, shape (N,).
        latitude: Degrees, shape (N,).
        datum: Whose zero; that of `ELLIPSOIDAL` is 0 everywhere.

    Raises:
        CrsError: If a place lies outside the geoid, or the datum is `LOCAL`.

    Source:
        GSIGEO2011 and JPGEO2024 with Hrefconv2024, Geospatial Information Authority
        of Japan, as embedded in japan-geoid.
    """
    if datum is VerticalDatum.LOCAL:
        raise CrsError(
            "vertical datum local: nothing is known about its zero; say what the"
            " heights are: ellipsoidal, JGD2011 or JGD2024"
        )
    if datum is VerticalDatum.ELLIPSOIDAL:
        return np.zeros(len(longitude))
    heights = np.asarray(_geoid(datum).get_heights(longitude, latitude), np.float64)
    outside = np.flatnonzero(~np.isfinite(heights))
    if outside.size:
        lon, lat = float(longitude[outside[0]]), float(latitude[outside[0]])
        raise CrsError(
            f"place {lon:.5f}, {lat:.5f}: outside the geoid of {datum.value}; give"
            " ellipsoidal heights, or terrain and camera heights in one datum (local)"
        )
    return heights


def converted_heights_m(
    points: NDArray[np.float64], source: VerticalDatum, target: VerticalDatum
) -> NDArray[np.float64]:
    """Heights in another datum, shape (N,).

    Args:
        points: Longitude, latitude, height in `source`, shape (N, 3).
        source: Datum of the heights given.
        target: Datum of the heights returned.

    Raises:
        CrsError: If a place lies outside a geoid, or just one of the two is `LOCAL`:
            a datum of which nothing is known cannot be bridged.
    """
    if source is target:
        return points[:, 2].copy()
    lon = np.ascontiguousarray(points[:, 0])
    lat = np.ascontiguousarray(points[:, 1])
    above = points[:, 2] + geoid_height_m(lon, lat, source)
    return above - geoid_height_m(lon, lat, target)


def pose_in_datum(pose: CameraPose, datum: VerticalDatum) -> CameraPose:
    """The pose with its height in the terrain's datum.

    Where either side is `LOCAL` the number is taken as it is, with a sigma of at least
    3 m: local means the terrain's own datum, whatever that is.

    Raises:
        CrsError: If the camera is outside the geoid that would be needed.
    """
    if pose.vertical_datum is datum and datum is not VerticalDatum.LOCAL:
        return pose
    if VerticalDatum.LOCAL in (pose.vertical_datum, datum):
        sigma = max(pose.sigma_v_m, LOCAL_SIGMA_M)
        return replace(pose, vertical_datum=datum, sigma_v_m=sigma)
    place = np.array([[pose.longitude, pose.latitude, pose.height_m]])
    height = float(converted_heights_m(place, pose.vertical_datum, datum)[0])
    return replace(pose, height_m=height, vertical_datum=datum)
