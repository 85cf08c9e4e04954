"""Reference systems of older inventories: those of Tokyo Datum besides all we accept.

A picture or an elevation grid in Tokyo Datum stays refused (`geo/crs.py`): 9 m are too
much for a pixel, and little for a list of bridges.
"""

import re
from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError as ProjCrsError

from geo.crs import (
    GEOGRAPHIC_EPSG,
    NULL_ACCURACY_M,
    TOKYO_ACCURACY_M,
    TOKYO_EPSG,
    accuracy_m,
    epsg_from,
    geographic_from_crs,
    jgd2011_from_tokyo,
)

TOKYO_PROJECTED_EPSG = frozenset(
    {
        *range(30161, 30180),  # Tokyo plane rectangular I to XIX
        *range(3092, 3097),  # Tokyo UTM 51N to 55N
    }
)
TOKYO_CODES = TOKYO_PROJECTED_EPSG | {TOKYO_EPSG}

Points = NDArray[np.float64]


@lru_cache(maxsize=256)
def inventory_epsg_from(text: str | None) -> int:
    """EPSG code of a reference system that an inventory may be in.

    Raises:
        CrsError: If there is none, it is unknown, or it is not one we accept.
    """
    code = _tokyo_code(text)
    return epsg_from(text) if code is None else code


def _tokyo_code(text: str | None) -> int | None:
    """The code, if it is one of Tokyo Datum."""
    words = (text or "").strip()
    words = f"EPSG:{words}" if re.fullmatch(r"\d{4,5}", words) else words
    try:
        crs = pyproj.CRS.from_user_input(words)
    except ProjCrsError:
        return None
    code = crs.to_epsg() or crs.to_epsg(min_confidence=70)
    return code if code in TOKYO_CODES else None


@lru_cache(maxsize=32)
def _projection(epsg: int) -> pyproj.Proj:
    return pyproj.Proj(pyproj.CRS.from_epsg(epsg))


def is_as_stored(epsg: int) -> bool:
    """Whether coordinates in this system are the longitude and latitude we store."""
    return epsg in GEOGRAPHIC_EPSG


def geographic_from_inventory(
    x: ArrayLike, y: ArrayLike, epsg: int
) -> tuple[Points, Points]:
    """Longitude and latitude of x (east), y (north) in a system of an inventory."""
    if epsg not in TOKYO_CODES:
        return geographic_from_crs(x, y, epsg)
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if epsg in TOKYO_PROJECTED_EPSG:
        east, north = _projection(epsg)(east, north, inverse=True)
    longitude, latitude, _ = jgd2011_from_tokyo(east, north)
    return longitude, latitude


def added_sigma_m(epsg: int) -> float:
    """What the way into JGD2011 adds to how well a place is known, one sigma.

    >>> added_sigma_m(6668), added_sigma_m(2451), added_sigma_m(30169)
    (0.0, 5.0, 9.0)
    """
    if epsg in TOKYO_CODES:
        return TOKYO_ACCURACY_M
    stated = accuracy_m(epsg)
    return stated if stated > NULL_ACCURACY_M else 0.0
