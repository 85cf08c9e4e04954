"""ODM's shots.geojson -> poses: places are geographic, attitudes in UTM axes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from data.errors import CrsError, InvalidRecordError
from data.imagery import Camera, CameraPose, VerticalDatum
from geo.attitude import rotation_from_vector
from geo.crs import crs_from_geographic, geographic_from_crs
from geo.poses import SOLVED_SIGMA_DEG
from geo.solved.anchoring import utm_epsg
from geo.solved.opensfm_lens import lens_from_opensfm
from geo.solved.text import numbers, table
from geo.solved.view import LocalView, Sigmas, pose_from_local

SAME_PLACE_M = 1.0  # between the geometry and the translation of one shot
ZONES_BESIDE = (0, -1, 1)  # ODM takes the zone of its first picture for all


def _zone(longitude: float, latitude: float, translation: np.ndarray) -> int | None:
    """EPSG code of the UTM zone in which a translation is the place, or None."""
    own = utm_epsg(longitude, latitude)
    for step in ZONES_BESIDE:
        epsg = own + step
        if epsg % 100 not in range(1, 61):
            continue
        x, y = crs_from_geographic([longitude], [latitude], epsg)
        if np.hypot(x[0] - translation[0], y[0] - translation[1]) < SAME_PLACE_M:
            return epsg
    return None


def shot_pose(
    feature: object, datum: VerticalDatum, sigmas: Sigmas, where: str
) -> tuple[str, CameraPose, Mapping[str, Any]]:
    """Name, pose and properties of one feature.

    The rotation turns UTM axes into the camera's, so grid convergence is taken off.
    Where the translation is not the UTM place of the shot the axes of the rotation are
    not known, and the yaw is good to the convergence only.

    Raises:
        InvalidRecordError: If a value is missing or wrong.
    """
    parts = table(feature, where)
    values = table(parts.get("properties"), f"{where}: properties")
    geometry = table(parts.get("geometry"), f"{where}: geometry")
    name = values.get("filename")
    if not isinstance(name, str) or not name:
        raise InvalidRecordError(f"{where}: filename is {name!r}; name the picture")
    at = f"{where}: shot {name[:40]!r}"
    lon, lat, up = numbers(geometry.get("coordinates"), 3, f"{at}: coordinates")
    if abs(lat) > 84 or abs(lon) > 180:  # noqa: PLR2004 UTM ends at 84 degrees
        raise CrsError(f"{at}: {lat:g}, {lon:g} is no place on Earth that UTM shows")
    turn = rotation_from_vector(numbers(values.get("rotation"), 3, f"{at}: rotation"))
    shift = numbers(values.get("translation"), 3, f"{at}: translation")
    epsg = _zone(lon, lat, shift) or utm_epsg(lon, lat)
    x, y = crs_from_geographic([lon], [lat], epsg)
    view = LocalView(np.array([x[0], y[0], up]), turn, None)

    def geographic(points: np.ndarray) -> np.ndarray:
        east, north = geographic_from_crs(points[:, 0], points[:, 1], epsg)
        return np.column_stack([east, north, points[:, 2]])

    if _zone(lon, lat, shift) is None:
        doubt = convergence_deg(lon, lat)
        sigmas = sigmas._replace(yaw_deg=max(SOLVED_SIGMA_DEG, abs(doubt)))
    return name, pose_from_local(view, geographic, datum, sigmas), values


def convergence_deg(longitude: float, latitude: float) -> float:
    """Angle from true north to the north of the place's UTM zone, to the first order.

    Source:
        Snyder 1987, Map projections, equation 8-12 (first term).
    """
    away = (longitude + 180) % 6 - 3
    return float(away * np.sin(np.radians(latitude)))


def shot_lens(values: Mapping[str, Any], where: str) -> Camera | None:
    """The lens in a shot's own properties: a focal length without distortion."""
    if values.get("focal") is None or not values.get("width"):
        return None
    kept = {name: values.get(name) for name in ("focal", "width", "height")}
    return lens_from_opensfm(kept, where)
