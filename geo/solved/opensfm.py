"""OpenSfM's and ODM's reconstruction.json -> poses and lenses, axes checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import CrsError, InvalidRecordError
from data.imagery import Camera, CameraPose
from geo.attitude import rotation_from_vector
from geo.crs import Anchor, geographic_from_enu
from geo.solved.anchoring import (
    Anchored,
    anchored,
    projected,
    similarity,
    topocentric,
)
from geo.solved.opensfm_lens import lenses_from_opensfm
from geo.solved.text import number, numbers, table
from geo.solved.view import LocalView

Array = NDArray[np.float64]


def local_view(rotation: Array, translation: Array, camera: Camera | None) -> LocalView:
    """A view from what turns and shifts the world into the camera's axes.

    Args:
        rotation: World to camera (X right, Y down, Z along the view), shape (3, 3).
        translation: Of the world's origin, in the camera's axes, shape (3,).
        camera: Its lens, or None.
    """
    return LocalView(-rotation.T @ translation, rotation, camera)


def _shot(shot: Mapping[str, Any], lenses: Mapping[str, Camera], at: str) -> LocalView:
    lens = lenses.get(str(shot.get("camera")))
    if lens is None:
        raise InvalidRecordError(
            f"{at}: camera {str(shot.get('camera'))[:40]!r} is not among its cameras;"
            " export the reconstruction whole"
        )
    turn = rotation_from_vector(numbers(shot.get("rotation"), 3, f"{at}: rotation"))
    shift = numbers(shot.get("translation"), 3, f"{at}: translation")
    return local_view(turn, shift, lens)


def _reference(part: Mapping[str, Any], where: str) -> Anchor | None:
    if part.get("reference_lla") is None:
        return None
    values = table(part["reference_lla"], f"{where}: reference_lla")
    lon, lat, height = (
        number(values.get(name), f"{where}: reference_lla {name}")
        for name in ("longitude", "latitude", "altitude")
    )
    if abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 degrees
        raise CrsError(
            f"{where}: reference_lla {lat:g}, {lon:g} is no place on Earth; export it"
            " again"
        )
    return Anchor(longitude=lon, latitude=lat, height_m=height)


def _own_places(shots: Mapping[str, Any], reference: Anchor | None) -> dict[str, Array]:
    """What the file itself keeps of the tags: gps_position, around its reference."""
    kept = {}
    for name, shot in shots.items():
        if reference is not None and shot.get("gps_position") is not None:
            at = f"shot {name[:40]!r}: gps_position"
            local = numbers(shot["gps_position"], 3, at)
            kept[name] = geographic_from_enu(local[None], reference)[0]
    return kept


def read_part(
    part: Mapping[str, Any], poses: Mapping[str, CameraPose], where: str
) -> tuple[dict[str, LocalView], Anchored]:
    """One reconstruction of a file: its views, and how to read its axes.

    Args:
        part: The parsed JSON object.
        poses: What the tags of the same pictures say, by the names of the file.
        where: The file, for messages.

    Raises:
        InvalidRecordError: If a value is missing or wrong.
        CrsError: If its axes cannot be made to agree with the tags.
    """
    lenses = lenses_from_opensfm(part.get("cameras", {}), where)
    shots = table(part.get("shots", {}), f"{where}: shots")
    shots = {
        name: table(shot, f"{where}: shot {name[:40]!r}")
        for name, shot in sorted(shots.items())
    }
    views = {
        name: _shot(shot, lenses, f"{where}: shot {name[:40]!r}")
        for name, shot in shots.items()
    }
    reference = _reference(part, where)
    places = _own_places(shots, reference)
    for name in sorted(set(poses) & set(views)):
        pose = poses[name]
        places[name] = np.array([pose.longitude, pose.latitude, pose.height_m])
    return views, _axes(views, poses, places, reference, where)


def _axes(
    views: Mapping[str, LocalView],
    poses: Mapping[str, CameraPose],
    places: Mapping[str, Array],
    reference: Anchor | None,
    where: str,
) -> Anchored:
    if not places:
        if reference is None:
            raise CrsError(
                f"{where}: neither a reference nor pictures with a place in their tags:"
                " nothing says where it is; give the pictures with it"
            )
        plain = topocentric(reference)
        words = f"{plain.words}, unchecked: no picture has a place in its tags"
        return Anchored(plain.geographic_from_local, None, words, ())
    candidates = [] if reference is None else [topocentric(reference)]
    candidates.append(projected(views, places))
    try:
        return anchored(candidates, views, places, where)
    except CrsError:
        return anchored([similarity(views, poses, where)], views, places, where)
