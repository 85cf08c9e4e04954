"""A file of poses, whatever it is: told by its content, read, its axes checked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import CrsError, InvalidRecordError
from data.imagery import Camera, CameraPose, Frame, HeightSource, VerticalDatum
from geo.poses import read_poses
from geo.resection import pose_from_control
from geo.solved.anchoring import Anchored, anchored, similarity
from geo.solved.colmap import read_colmap
from geo.solved.control import read_control
from geo.solved.formats import COLMAP_FILES, PoseFormat, pose_format
from geo.solved.opensfm import read_part
from geo.solved.opensfm_lens import lenses_from_opensfm
from geo.solved.shots import shot_lens, shot_pose
from geo.solved.text import parsed_json, solved_text, table
from geo.solved.view import (
    LocalView,
    Sigmas,
    Solved,
    SolvedView,
    matched,
    pose_from_local,
)

GPS_SIGMA_H_M, GPS_SIGMA_V_M = 2.0, 3.0  # as in data.placing, where nothing is said


def read_solved(
    path: Path, frames: Sequence[Frame], vertical_datum: VerticalDatum | None
) -> Solved:
    """Solved views of frames, from a file in any format that is read.

    Args:
        path: The file; for COLMAP its folder or one of its two files.
        frames: The pictures, with what their tags say: names are looked for among
            them, and axes are checked against their places.
        vertical_datum: Of the heights in the file, unless a CSV says its own.

    Returns:
        Views by the frame's own name; frames that the file does not have are absent.

    Raises:
        InvalidRecordError: If the file or a value in it cannot be used.
        CrsError: If heights have no datum, or the axes contradict the tags.
    """
    kind = pose_format(path)
    if kind is PoseFormat.CSV:
        return _from_csv(path, frames, vertical_datum)
    if vertical_datum is None:
        raise CrsError(
            f"{path.name}: nothing says what its heights are measured from; give"
            " --altitudes"
        )
    if kind is PoseFormat.OPENSFM:
        return _from_opensfm(path, frames, vertical_datum)
    if kind is PoseFormat.SHOTS:
        return _from_shots(path, frames, vertical_datum)
    if kind is PoseFormat.COLMAP:
        return _from_colmap(path, frames, vertical_datum)
    if kind is PoseFormat.CONTROL:
        return _from_control(path, frames)
    return _from_lenses(path, frames)


def _from_csv(
    path: Path, frames: Sequence[Frame], datum: VerticalDatum | None
) -> Solved:
    poses = read_poses(path, datum)
    views = {
        frame.file: SolvedView(
            file=name, pose=poses[name], camera=None, of_file=False, source="csv"
        )
        for frame, name in _named(frames, list(poses))
    }
    return Solved(views, (f"{path.name}: poses CSV, {len(poses)} rows",))


def _named(frames: Sequence[Frame], names: Sequence[str]) -> list[tuple[Frame, str]]:
    """Frames that the solver knows, with its names for them."""
    found = [(frame, matched(names, frame.file)) for frame in frames]
    return [(frame, name) for frame, name in found if name is not None]


def _tags(
    frames: Sequence[Frame], names: Sequence[str], datum: VerticalDatum
) -> dict[str, CameraPose]:
    """What tags say of pictures, by the solver's names; solved heights left out."""
    return {
        name: frame.pose
        for frame, name in _named(frames, names)
        if frame.pose is not None
        and frame.pose.vertical_datum is datum
        and frame.pose.height_source is not HeightSource.POSES
    }


def _shared_sigmas(tags: Mapping[str, CameraPose], checked: bool) -> Sigmas:  # noqa: FBT001 - private
    """Of poses whose place rests on the tags: their common bias stays in it."""
    plain = Sigmas()
    if not checked or not tags:
        return plain._replace(h_m=GPS_SIGMA_H_M, v_m=GPS_SIGMA_V_M)
    return plain._replace(
        h_m=max(plain.h_m, min(pose.sigma_h_m for pose in tags.values())),
        v_m=max(plain.v_m, min(pose.sigma_v_m for pose in tags.values())),
    )


def _placed(
    views: Mapping[str, LocalView],
    axes: Anchored,
    frames: Sequence[Frame],
    datum: VerticalDatum,
    kind: PoseFormat,
) -> dict[str, SolvedView]:
    tags = _tags(frames, list(views), datum)
    sigmas = _shared_sigmas(tags, checked=axes.median_m is not None)
    return {
        frame.file: SolvedView(
            file=name,
            pose=pose_from_local(
                views[name], axes.geographic_from_local, datum, sigmas
            ),
            camera=views[name].camera,
            of_file=True,
            source=kind.value,
        )
        for frame, name in _named(frames, list(views))
        if name not in axes.lost
    }


def _words(path: Path, kind: PoseFormat, axes: Anchored) -> list[str]:
    told = [f"{path.name}: {kind.value}, axes {axes.words}"]
    return told + [
        f"{path.name}: {name} is far from its tags: left to them" for name in axes.lost
    ]


def _from_opensfm(path: Path, frames: Sequence[Frame], datum: VerticalDatum) -> Solved:
    value = parsed_json(solved_text(path), path.name)
    parts = value if isinstance(value, list) else [value]
    views: dict[str, SolvedView] = {}
    notes: list[str] = []
    for number, part in enumerate(parts):
        where = path.name if len(parts) == 1 else f"{path.name} part {number + 1}"
        content = table(part, where)
        names = list(table(content.get("shots", {}), f"{where}: shots"))
        local, axes = read_part(content, _tags(frames, names, datum), where)
        if not local:
            continue
        placed = _placed(local, axes, frames, datum, PoseFormat.OPENSFM)
        views = placed | views  # the first part that has a picture counts
        notes += _words(path, PoseFormat.OPENSFM, axes)
    return Solved(views, tuple(notes))


def _from_shots(path: Path, frames: Sequence[Frame], datum: VerticalDatum) -> Solved:
    value = table(parsed_json(solved_text(path), path.name), path.name)
    features = value.get("features")
    if not isinstance(features, list):
        raise InvalidRecordError(f"{path.name}: no features; export it again")
    lenses, note = _lenses_beside(path)
    read = [shot_pose(f, datum, Sigmas(), path.name) for f in features]
    poses = {name: (pose, values) for name, pose, values in read}
    if len(poses) < len(read):
        raise InvalidRecordError(f"{path.name}: a picture is there twice")
    tags = _tags(frames, list(poses), datum)
    shared = _shared_sigmas(tags, checked=bool(tags))
    views = {}
    for frame, name in _named(frames, list(poses)):
        pose, values = poses[name]
        lens = _lens_of(values, lenses, path.name)
        pose = replace(pose, sigma_h_m=shared.h_m, sigma_v_m=shared.v_m)
        views[frame.file] = SolvedView(
            file=name, pose=pose, camera=lens, of_file=True, source="odm_shots"
        )
    return Solved(views, (f"{path.name}: odm_shots, {len(poses)} shots", *note))


def _lenses_beside(path: Path) -> tuple[dict[str, Camera], tuple[str, ...]]:
    """The cameras.json that ODM writes with it: beside it, or one folder up."""
    for folder in (path.parent, path.parent.parent):
        file = folder / "cameras.json"
        if file.is_file() and pose_format(file) is PoseFormat.LENSES:
            return _lenses(file), (f"lens: {file.name}",)
    return {}, ("lens: the focal length of the shots, no distortion",)


def _lenses(path: Path) -> dict[str, Camera]:
    return lenses_from_opensfm(parsed_json(solved_text(path), path.name), path.name)


def _lens_of(
    values: Mapping[str, Any], lenses: Mapping[str, Camera], where: str
) -> Camera | None:
    """By the id a shot names, else the only one there is, else its focal length."""
    if str(values.get("camera")) in lenses:
        return lenses[str(values["camera"])]
    if len(lenses) == 1:
        return next(iter(lenses.values()))
    return shot_lens(values, where)


def _from_colmap(path: Path, frames: Sequence[Frame], datum: VerticalDatum) -> Solved:
    folder = path if path.is_dir() else path.parent
    views = read_colmap(folder)
    tags = _tags(frames, list(views), datum)
    where = f"{folder.name}/{COLMAP_FILES[1]}"
    fitted = similarity(views, tags, where)
    places = {name: _place(pose) for name, pose in tags.items()}
    axes = anchored([fitted], views, places, where)
    placed = _placed(views, axes, frames, datum, PoseFormat.COLMAP)
    return Solved(placed, tuple(_words(folder, PoseFormat.COLMAP, axes)))


def _place(pose: CameraPose) -> NDArray[np.float64]:
    return np.array([pose.longitude, pose.latitude, pose.height_m])


def _from_control(path: Path, frames: Sequence[Frame]) -> Solved:
    """Poses from control points: the list's heights are in the datum of the tags."""
    control = read_control(path)
    views, notes = {}, [f"{path.name}: gcp, {len(control)} pictures"]
    for frame, name in _named(frames, list(control)):
        if frame.pose is None:
            notes.append(f"{frame.file}: control points, but no place to begin from")
            continue
        points = control[name]
        pose, off_px = pose_from_control(
            frame.camera, frame.pose, frame.turned_deg, points.pixels, points.places
        )
        count = len(points.pixels)
        notes.append(f"{frame.file}: {count} control points, misfit {off_px:.1f} px")
        views[frame.file] = SolvedView(
            file=name, pose=pose, camera=None, of_file=False, source="gcp"
        )
    return Solved(views, tuple(notes))


def _from_lenses(path: Path, frames: Sequence[Frame]) -> Solved:
    """A cameras.json alone: a better lens under the tags' own pose."""
    lenses = _lenses(path)
    if len(lenses) != 1:
        raise InvalidRecordError(
            f"{path.name}: {len(lenses)} lenses and no picture named; give"
            " shots.geojson or reconstruction.json with it"
        )
    lens = next(iter(lenses.values()))
    views = {
        frame.file: SolvedView(
            file=frame.file,
            pose=frame.pose,
            camera=lens,
            of_file=False,
            source="odm_cameras",
        )
        for frame in frames
        if frame.pose is not None
    }
    return Solved(views, (f"{path.name}: odm_cameras, a lens under the tags' poses",))
