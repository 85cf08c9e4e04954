"""In which axes does a solver count? The tags of the same pictures tell.

A file may say one thing and hold another: OpenSfM's reconstruction.json is east, north,
up around its reference until ODM rewrites it in UTM less an offset that stands in
another file; COLMAP's axes are its own. No pose is used before its place has been
compared with what the picture's tags say.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from data.errors import CrsError
from data.imagery import CameraPose
from geo.attitude import nearest_rotation, rotation_from_vector
from geo.camera import camera_from_enu
from geo.crs import (
    Anchor,
    crs_from_geographic,
    enu_from_geographic,
    geographic_from_crs,
    geographic_from_enu,
)
from geo.solved.view import GeographicFromLocal, LocalView

Array = NDArray[np.float64]

AXES_LIMIT_M = 30.0
"""Median level distance from the tags above which axes are not the true ones: six
times the radius that holds 95 % of single fixes (gps.gov, GPS accuracy: 4.9 m)."""
UP_SLACK_M = 50.0  # a geoid taken for an ellipsoid is 45 m off at most in Japan
LOST_M = 60.0  # from the tags, of one picture among good ones: it was solved wrongly
LEAST_PICTURES = 3  # a similarity has seven unknowns, three places nine numbers
HUBER_SIGMAS = 3.0  # beyond, a residual counts by its size and no more by its square
TAG_LEVEL_SIGMA_M, TAG_UP_SIGMA_M = 2.0, 3.0  # as in data.placing
TAG_ATTITUDE_SIGMA = float(np.radians(2.5))


class Anchored(NamedTuple):
    """How to read a solver's axes.

    Attributes:
        geographic_from_local: Longitude, latitude, height of points in these axes.
        median_m: Level distance of the cameras from their tags; None: nothing to ask.
        words: Which axes they are, and how far from the tags.
        lost: Pictures that are far off although the others fit.
    """

    geographic_from_local: GeographicFromLocal
    median_m: float | None
    words: str
    lost: tuple[str, ...]


class Candidate(NamedTuple):
    """One reading of the axes."""

    words: str
    geographic_from_local: GeographicFromLocal


def utm_epsg(longitude: float, latitude: float) -> int:
    """EPSG code of the WGS84 UTM zone of a place, as ODM chooses it.

    >>> utm_epsg(140.1, 36.1), utm_epsg(-92.0, 46.8), utm_epsg(151.2, -33.9)
    (32654, 32615, 32756)
    """
    zone = int(np.floor((longitude + 180) / 6)) % 60 + 1
    return (32700 if latitude < 0 else 32600) + zone


def topocentric(reference: Anchor) -> Candidate:
    """East, north, up around a reference."""
    return Candidate(
        "east, north, up around its reference",
        lambda points: geographic_from_enu(points, reference),
    )


def _from_plane(points: Array, offset: Array, epsg: int) -> Array:
    lon, lat = geographic_from_crs(
        points[:, 0] + offset[0], points[:, 1] + offset[1], epsg
    )
    return np.column_stack([lon, lat, points[:, 2]])


def projected(views: Mapping[str, LocalView], places: Mapping[str, Array]) -> Candidate:
    """UTM less a whole offset, which is looked for where the tags are.

    ODM's offset is the mean of its pictures' tags, rounded down; where ours are not all
    of them the median difference stands for it, within the tags' own bias.

    Source:
        ODM, opendm/location.py, extract_utm_coords.
    """
    names = sorted(set(views) & set(places))
    tags = np.array([places[name] for name in names])
    epsg = utm_epsg(*tags[:, :2].mean(axis=0).tolist())
    plane = np.column_stack(crs_from_geographic(tags[:, 0], tags[:, 1], epsg))
    centers = np.array([views[name].center[:2] for name in names])
    fitted = np.median(plane - centers, axis=0)
    stated = np.floor(plane.mean(axis=0))
    near = np.abs(stated - fitted).max() <= TAG_LEVEL_SIGMA_M
    offset = stated if near else fitted
    kind = "ODM's rounded mean" if near else "fitted to the tags"
    return Candidate(
        f"EPSG:{epsg} less an offset ({kind})",
        lambda points: _from_plane(points, offset, epsg),
    )


def distances_m(
    candidate: Candidate, views: Mapping[str, LocalView], places: Mapping[str, Array]
) -> dict[str, float]:
    """Distance of each picture from its tags, by name.

    Level, and so much of the height as no mistaken datum explains.
    """
    names = sorted(set(views) & set(places))
    found = candidate.geographic_from_local(np.array([views[n].center for n in names]))
    out = {}
    for name, place in zip(names, found, strict=True):
        lon, lat, _ = places[name].tolist()
        here = Anchor(longitude=lon, latitude=lat, height_m=0.0)
        level = enu_from_geographic(np.array([[place[0], place[1], 0.0]]), here)[0, :2]
        beyond = max(0.0, abs(float(place[2] - places[name][2])) - UP_SLACK_M)
        metres = float(np.hypot(*level)) + beyond
        out[name] = metres if np.isfinite(metres) else np.inf
    return out


def anchored(
    candidates: list[Candidate],
    views: Mapping[str, LocalView],
    places: Mapping[str, Array],
    where: str,
) -> Anchored:
    """The reading of the axes that the tags agree with.

    Args:
        candidates: In order; a later one has to be nearer by half to be taken.
        views: By name, in the solver's axes.
        places: Longitude, latitude, height of the same pictures by their tags.
        where: The file, for messages.

    Raises:
        CrsError: If none fits the tags within 30 m.
    """
    best, best_m, best_all = candidates[0], np.inf, dict[str, float]()
    for candidate in candidates:
        found = distances_m(candidate, views, places)
        median = float(np.median(list(found.values())))
        if median < best_m / 2:
            best, best_m, best_all = candidate, median, found
    if not best_m <= AXES_LIMIT_M:
        raise CrsError(
            f"{where}: its cameras are {best_m:.0f} m from what their tags say, in"
            " whatever axes they are read; give ODM's shots.geojson, or a poses CSV"
        )
    lost = tuple(name for name, metres in best_all.items() if metres > LOST_M)
    words = f"{best.words}; {best_m:.1f} m from the tags ({len(best_all)} pictures)"
    return Anchored(best.geographic_from_local, best_m, words, lost)


def similarity(
    views: Mapping[str, LocalView], poses: Mapping[str, CameraPose], where: str
) -> Candidate:
    """Scale, turn and shift that bring a solver's own axes onto the tags.

    Places and attitudes of the tags both count, each by its sigma, so that a flight on
    one line does not tip over; what does not fit counts less (Huber).

    Raises:
        CrsError: If fewer than three pictures have tags, or all stand on one spot.

    Source:
        Umeyama 1991, Least-squares estimation of transformation parameters (the scale
        to begin with); Huber 1964.
    """
    names = sorted(set(views) & set(poses))
    if len(names) < LEAST_PICTURES:
        raise CrsError(
            f"{where}: its axes are its own and only {len(names)} of its pictures have"
            f" a place in their tags; give {LEAST_PICTURES} or more beside the picture"
        )
    tags = [poses[name] for name in names]
    middle = np.median([[p.longitude, p.latitude, p.height_m] for p in tags], axis=0)
    lon, lat, height = middle.tolist()
    anchor = Anchor(longitude=lon, latitude=lat, height_m=height)
    places = np.array([[p.longitude, p.latitude, p.height_m] for p in tags])
    wanted = enu_from_geographic(places, anchor)
    centers = np.array([views[name].center for name in names])
    origin = centers.mean(axis=0)
    spread = float(np.sqrt(((centers - origin) ** 2).sum(axis=1).mean()))
    size = float(np.sqrt(((wanted - wanted.mean(axis=0)) ** 2).sum(axis=1).mean()))
    if not spread > 0 or not size > 1.0:
        raise CrsError(
            f"{where}: its pictures stand on one spot; give some taken metres apart"
        )
    rotations = np.array([views[name].rotation for name in names])
    seen = np.array([camera_from_enu(pose) for pose in tags])
    begin = nearest_rotation_of_sum(np.einsum("nki,nkj->ij", seen, rotations))

    def misfit(unknowns: Array) -> Array:
        turn = rotation_from_vector(unknowns[:3]) @ begin
        scale = size / spread * np.exp(unknowns[3])
        shift = (centers - origin) @ turn.T * scale + unknowns[4:] - wanted
        shift = shift / [TAG_LEVEL_SIGMA_M, TAG_LEVEL_SIGMA_M, TAG_UP_SIGMA_M]
        off = np.einsum("nki,nkj->nij", rotations @ turn.T, seen)
        skew = np.stack(
            [off[:, 2, 1] - off[:, 1, 2], off[:, 0, 2] - off[:, 2, 0]], axis=1
        )
        skew = np.column_stack([skew, off[:, 1, 0] - off[:, 0, 1]]) / 2
        return np.concatenate([shift.ravel(), (skew / TAG_ATTITUDE_SIGMA).ravel()])

    start = np.concatenate([np.zeros(4), wanted.mean(axis=0)])
    found = least_squares(misfit, start, loss="huber", f_scale=HUBER_SIGMAS).x
    turn = rotation_from_vector(found[:3]) @ begin
    scale = size / spread * np.exp(found[3])
    return Candidate(
        "its own axes, scaled, turned and shifted onto the tags",
        lambda points: geographic_from_enu(
            (points - origin) @ turn.T * scale + found[4:], anchor
        ),
    )


def nearest_rotation_of_sum(total: Array) -> Array:
    """Mean rotation, of the sum of rotation matrices (3, 3).

    Source:
        Moakher 2002, Means and averaging in the group of rotations (chordal mean).
    """
    left, _, right = np.linalg.svd(total)
    flip = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
    return nearest_rotation(left @ flip @ right)
