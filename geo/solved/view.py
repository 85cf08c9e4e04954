"""What every reader of solved poses gives: a pose, its lens, their source."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRecordError
from data.imagery import Camera, CameraPose, Frame, HeightSource, VerticalDatum
from data.record import record
from geo.attitude import attitude_from_rotation, nearest_rotation
from geo.crs import Anchor, enu_from_geographic
from geo.poses import SOLVED_SIGMA_DEG, SOLVED_SIGMA_H_M, SOLVED_SIGMA_V_M

Array = NDArray[np.float64]
GeographicFromLocal = Callable[[Array], Array]
"""Longitude, latitude, height (N, 3) of points (N, 3) in the solver's own axes."""

STEP_M = 10.0  # along each of the solver's axes, to see where they point
ASPECT_TOLERANCE = 0.02  # a resized picture keeps its aspect but for a rounded row


@record
class SolvedView:
    """How one picture was taken, as another program solved it.

    Attributes:
        file: The picture's name as that program knew it.
        camera: Its lens in pixels of the picture it solved; None: that of the tags.
        of_file: Pixels were counted in the file as it lies on disk, whatever its tags
            say: so a file that was turned is solved turned.
        source: The format: csv, opensfm, odm_shots, colmap, odm_cameras, gcp.
    """

    file: str
    pose: CameraPose
    camera: Camera | None
    of_file: bool
    source: str


class Solved(NamedTuple):
    """Views by the name of the picture, and what was found about them, in words."""

    views: Mapping[str, SolvedView]
    notes: tuple[str, ...]


class LocalView(NamedTuple):
    """One picture in a solver's own axes.

    Attributes:
        center: Of the camera, shape (3,).
        rotation: Rows the picture's right, its down, the view, in the solver's axes.
        camera: None where the format says nothing of the lens.
    """

    center: Array
    rotation: Array
    camera: Camera | None


class Sigmas(NamedTuple):
    """How well a solved pose is known."""

    h_m: float = SOLVED_SIGMA_H_M
    v_m: float = SOLVED_SIGMA_V_M
    yaw_deg: float = SOLVED_SIGMA_DEG
    tilt_deg: float = SOLVED_SIGMA_DEG


def pose_from_local(
    view: LocalView,
    geographic_from_local: GeographicFromLocal,
    datum: VerticalDatum,
    sigmas: Sigmas,
) -> CameraPose:
    """The pose of a camera given in a solver's axes, whatever these are.

    The axes are followed to where they point at the camera's own place, so grid
    convergence, scale and the earth's curvature are in it.

    Raises:
        InvalidRecordError: If the place is none on Earth, or the rotation is none.
    """
    steps = np.vstack([np.zeros(3), np.eye(3) * STEP_M])
    places = geographic_from_local(view.center + steps)
    lon, lat, height = places[0].tolist()
    if not np.isfinite(places).all() or abs(lat) > 90 or abs(lon) > 180:  # noqa: PLR2004 degrees
        raise InvalidRecordError(
            f"camera at {view.center.round(1).tolist()}: that is no place on Earth;"
            " its reference is not what the file says"
        )
    anchor = Anchor(longitude=lon, latitude=lat, height_m=height)
    axes = enu_from_geographic(places[1:], anchor).T / STEP_M
    scale = np.cbrt(np.linalg.det(axes))
    rotation = nearest_rotation(view.rotation @ np.linalg.inv(axes / scale))
    yaw, pitch, roll = attitude_from_rotation(rotation)
    return CameraPose(
        longitude=lon,
        latitude=lat,
        height_m=height,
        vertical_datum=datum,
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        sigma_h_m=sigmas.h_m,
        sigma_v_m=sigmas.v_m,
        sigma_yaw_deg=sigmas.yaw_deg,
        sigma_tilt_deg=sigmas.tilt_deg,
        height_source=HeightSource.POSES,
    )


def matched(names: Sequence[str], file: str) -> str | None:
    """The solver's name of a picture: the same, or alone with the same last part."""
    if file in names:
        return file
    last = file.rpartition("/")[2]
    same = [
        name for name in names if name.replace("\\", "/").rpartition("/")[2] == last
    ]
    return same[0] if len(same) == 1 else None


def resized(camera: Camera, width_px: int, height_px: int) -> Camera:
    """The lens in pixels of a picture of another size.

    Raises:
        InvalidRecordError: If the aspect differs: the picture was cut, not resized.
    """
    scale, other = width_px / camera.width_px, height_px / camera.height_px
    if abs(scale / other - 1) > ASPECT_TOLERANCE:
        raise InvalidRecordError(
            f"lens solved for {camera.width_px} x {camera.height_px} pixels, the"
            f" picture has {width_px} x {height_px}; give the picture that was solved"
        )
    return replace(
        camera,
        width_px=width_px,
        height_px=height_px,
        focal_x_px=camera.focal_x_px * scale,
        focal_y_px=camera.focal_y_px * other,
        center_x_px=camera.center_x_px * scale,
        center_y_px=camera.center_y_px * other,
    )


def with_view(frame: Frame, view: SolvedView) -> Frame:
    """The frame with its solved pose, and lens if there is one, instead of the tags'.

    Raises:
        InvalidRecordError: If the lens was solved for a picture of another shape.
    """
    size = frame.camera.width_px, frame.camera.height_px
    try:
        lens = frame.camera if view.camera is None else resized(view.camera, *size)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"frame {frame.file}: {error}") from error
    turned = 0 if view.of_file else frame.turned_deg
    remark = f"pose: {view.source}, solved"
    return replace(
        frame,
        pose=view.pose,
        camera=lens,
        turned_deg=turned,
        unlocated=None,
        repairs=(*frame.repairs, remark),
    )
