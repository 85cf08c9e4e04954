"""Reference systems we accept, and the only place where axis order is decided.

Everything inside is longitude, latitude in degrees on the GRS80 ellipsoid. WGS84 and
JGD2011 are taken as the same (a null transform, true within about a decimetre; after a
great earthquake the ground itself has moved by more).
"""

import re
from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError as ProjCrsError
from pyproj.network import set_network_enabled  # type: ignore[attr-defined] # no __all__

from data.errors import CrsError
from data.record import Latitude, Longitude, record

set_network_enabled(active=False)  # an air gap is a promise

JGD2011_EPSG = 6668
WGS84_EPSG = 4326
TOKYO_EPSG = 4301
GEOGRAPHIC_EPSG = frozenset({4326, 4979, 4612, 6667, 6668})
PROJECTED_EPSG = frozenset(
    {
        *range(6669, 6688),  # JGD2011 plane rectangular I to XIX
        *range(6688, 6693),  # JGD2011 UTM 51N to 55N
        *range(2443, 2462),  # JGD2000 plane rectangular I to XIX
        *range(3097, 3102),  # JGD2000 UTM 51N to 55N
        *range(32601, 32661),  # WGS84 UTM north
        *range(32701, 32761),  # WGS84 UTM south
        3857,  # web mercator
    }
)
ACCEPTED_EPSG = GEOGRAPHIC_EPSG | PROJECTED_EPSG
JGD2000_EPSG = frozenset({4612, *range(2443, 2462), *range(3097, 3102)})
JGD2000_ACCURACY_M = 5.0  # GSI: Oshika moved 5.3 m on 2011-03-11; no grid is shipped
NULL_ACCURACY_M = 1.0  # EPSG:6668 <-> 4326, the accuracy PROJ states

TOKYO_SHIFT_M = (-146.414, 507.337, 680.507)  # EPSG:15483, Bessel to GRS80
TOKYO_ACCURACY_M = 9.0  # EPSG:15483; without GSI's grid TKY2JGD nothing better

GRS80_SEMI_MAJOR_M = 6_378_137.0  # EPSG:7019
GRS80_FLATTENING = 1 / 298.257222101  # EPSG:7019
ECCENTRICITY_2 = GRS80_FLATTENING * (2 - GRS80_FLATTENING)

Points = NDArray[np.float64]


@record
class Anchor:
    """Origin of a local topocentric frame: x east, y north, z up, in metres.

    Attributes:
        height_m: Of the origin, in whatever datum the points' heights are. It is used
            as if it were ellipsoidal: an orthometric height bends the frame by less
            than 0.1 m a kilometre (the slope of the geoid in Japan).
    """

    longitude: Longitude
    latitude: Latitude
    height_m: float


def epsg_from(text: str | None) -> int:
    """EPSG code of a reference system we accept, from `EPSG:N`, a number or WKT.

    A compound system counts as its horizontal part.

    Raises:
        CrsError: If there is none, it is unknown, or it is not one we accept.
    """
    if text is None or not text.strip():
        raise CrsError(
            "reference system: none is given; write it into the file or name it,"
            " e.g. EPSG:6668"
        )
    words = text.strip()
    words = f"EPSG:{words}" if re.fullmatch(r"\d{4,5}", words) else words
    try:
        crs = pyproj.CRS.from_user_input(words)
    except ProjCrsError as error:
        raise CrsError(
            f"reference system {words[:80]!r}: unknown; give an EPSG code,"
            " e.g. EPSG:6668"
        ) from error
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    code = crs.to_epsg() or crs.to_epsg(min_confidence=70)
    if code == TOKYO_EPSG:
        raise CrsError(
            "reference system EPSG:4301 (Tokyo Datum): about 400 m off if read as it"
            " is; convert it with jgd2011_from_tokyo or GSI's TKY2JGD first"
        )
    if code is None or code not in ACCEPTED_EPSG:
        raise CrsError(
            f"reference system {code or words[:80]!r}: not accepted; use EPSG:4326,"
            " 6668, 6669-6692 or a WGS84 UTM zone"
        )
    return code


def is_projected(epsg: int) -> bool:
    """Whether coordinates are metres on a plane rather than degrees."""
    return epsg in PROJECTED_EPSG


def accuracy_m(epsg: int) -> float:
    """How far a place read in this system may be off in JGD2011, one sigma."""
    return JGD2000_ACCURACY_M if epsg in JGD2000_EPSG else NULL_ACCURACY_M


@lru_cache(maxsize=64)
def _projection(epsg: int) -> pyproj.Proj:
    return pyproj.Proj(pyproj.CRS.from_epsg(epsg))


def crs_from_geographic(
    longitude: ArrayLike, latitude: ArrayLike, epsg: int
) -> tuple[Points, Points]:
    """x, y in the system `epsg`, of longitude and latitude.

    Datum shifts between JGD2011, WGS84 and JGD2000 are null (see `accuracy_m`). A place
    the projection cannot show gives infinity.
    """
    lon, lat = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    if not is_projected(epsg):
        return lon.copy(), lat.copy()
    x, y = _projection(epsg)(lon, lat)
    return np.asarray(x), np.asarray(y)


def geographic_from_crs(x: ArrayLike, y: ArrayLike, epsg: int) -> tuple[Points, Points]:
    """Longitude and latitude of x, y in the system `epsg`; undoes the other way."""
    east, north = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not is_projected(epsg):
        return east.copy(), north.copy()
    lon, lat = _projection(epsg)(east, north, inverse=True)
    return np.asarray(lon), np.asarray(lat)


@lru_cache(maxsize=1)
def _japan_bounds() -> tuple[float, float, float, float]:
    area = pyproj.CRS.from_epsg(JGD2011_EPSG).area_of_use
    if area is None:
        raise CrsError("EPSG:6668: PROJ knows no area of use; install PROJ's database")
    return (area.west, area.south, area.east, area.north)


def in_japan(longitude: float, latitude: float) -> bool:
    """Whether a place lies in the area of use of JGD2011 (EPSG:6668).

    >>> in_japan(140.09, 36.10), in_japan(-91.99, 46.84)
    (True, False)
    """
    west, south, east, north = _japan_bounds()
    return west <= longitude <= east and south <= latitude <= north


def geographic_epsg(longitude: float, latitude: float) -> int:
    """EPSG:6668 inside Japan's area of use, else 4326."""
    return JGD2011_EPSG if in_japan(longitude, latitude) else WGS84_EPSG


@lru_cache(maxsize=1)
def _tokyo_pipeline() -> pyproj.Transformer:
    x, y, z = TOKYO_SHIFT_M
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
        "+step +proj=cart +ellps=bessel "
        f"+step +proj=helmert +x={x} +y={y} +z={z} "
        "+step +inv +proj=cart +ellps=GRS80 "
        "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )


def jgd2011_from_tokyo(
    longitude: ArrayLike, latitude: ArrayLike
) -> tuple[Points, Points, float]:
    """Longitude, latitude in JGD2011 and the accuracy in metres, of Tokyo Datum.

    Three shifts for the whole country: good to 9 m, not to the 0.2 m of GSI's grid,
    which is not ours to ship. Tohoku's movement of 2011 is inside that.

    Source:
        EPSG:15483, Tokyo to JGD2000 (1).
    """
    lon, lat = np.asarray(longitude, np.float64), np.asarray(latitude, np.float64)
    out = _tokyo_pipeline().transform(
        lon, lat, np.zeros_like(lon), direction=TransformDirection.FORWARD
    )
    return np.asarray(out[0]), np.asarray(out[1]), TOKYO_ACCURACY_M


def ecef_from_geographic(points: Points) -> Points:
    """Earth-centred x, y, z (N, 3) of longitude, latitude, ellipsoidal height (N, 3).

    Source:
        Hofmann-Wellenhof, GNSS (2008), equation 8.1; ellipsoid GRS80.
    """
    lon, lat = np.radians(points[:, 0]), np.radians(points[:, 1])
    height = points[:, 2]
    normal = GRS80_SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * np.sin(lat) ** 2)
    return np.stack(
        [
            (normal + height) * np.cos(lat) * np.cos(lon),
            (normal + height) * np.cos(lat) * np.sin(lon),
            (normal * (1 - ECCENTRICITY_2) + height) * np.sin(lat),
        ],
        axis=1,
    )


def geographic_from_ecef(points: Points) -> Points:
    """Longitude, latitude, ellipsoidal height (N, 3) of earth-centred x, y, z (N, 3).

    Within a micrometre from 10 km below the ellipsoid to 100 km above it.

    Source:
        Bowring 1985, The accuracy of geodetic latitude and height equations.
    """
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    minor = GRS80_SEMI_MAJOR_M * (1 - GRS80_FLATTENING)
    second = ECCENTRICITY_2 / (1 - ECCENTRICITY_2)
    distance = np.hypot(x, y)
    reduced = np.arctan2(z * GRS80_SEMI_MAJOR_M, distance * minor)
    for _ in range(2):
        lat = np.arctan2(
            z + second * minor * np.sin(reduced) ** 3,
            distance - ECCENTRICITY_2 * GRS80_SEMI_MAJOR_M * np.cos(reduced) ** 3,
        )
        reduced = np.arctan2((1 - GRS80_FLATTENING) * np.sin(lat), np.cos(lat))
    curve = GRS80_SEMI_MAJOR_M * np.sqrt(1 - ECCENTRICITY_2 * np.sin(lat) ** 2)
    height = distance * np.cos(lat) + z * np.sin(lat) - curve
    return np.stack([np.degrees(np.arctan2(y, x)), np.degrees(lat), height], axis=1)


def _axes(anchor: Anchor) -> Points:
    """Rows east, north, up at the anchor, in earth-centred axes."""
    lon, lat = np.radians([anchor.longitude, anchor.latitude])
    east = np.array([-np.sin(lon), np.cos(lon), 0.0])
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    return np.asarray(np.stack([east, np.cross(up, east), up]), np.float64)


def _origin(anchor: Anchor) -> Points:
    place = np.array([[anchor.longitude, anchor.latitude, anchor.height_m]])
    return np.asarray(ecef_from_geographic(place)[0], np.float64)


def enu_from_geographic(points: Points, anchor: Anchor) -> Points:
    """East, north, up in metres (N, 3) of longitude, latitude, height (N, 3); exact.

    >>> here = Anchor(longitude=140.0, latitude=36.0, height_m=5.0)
    >>> above = enu_from_geographic(np.array([[140.0, 36.0, 7.0]]), here)
    >>> bool(np.allclose(above, [[0.0, 0.0, 2.0]], atol=1e-8))
    True
    """
    offsets = ecef_from_geographic(points) - _origin(anchor)
    return np.asarray(offsets @ _axes(anchor).T, np.float64)


def geographic_from_enu(points: Points, anchor: Anchor) -> Points:
    """Longitude, latitude, height (N, 3) of east, north, up in metres (N, 3)."""
    return geographic_from_ecef(points @ _axes(anchor) + _origin(anchor))


def curvature_radii_m(latitude: float) -> tuple[float, float]:
    """Radii of the ellipsoid along east and along north.

    Source:
        Hofmann-Wellenhof, GNSS (2008), section 8.1.
    """
    root = np.sqrt(1 - ECCENTRICITY_2 * np.sin(np.radians(latitude)) ** 2)
    along_east = GRS80_SEMI_MAJOR_M / root
    return float(along_east), float(along_east * (1 - ECCENTRICITY_2) / root**2)
