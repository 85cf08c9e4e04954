"""Better poses from neighbours: what overlapping pictures of one flight tell together.

Two pictures that show one spot must place it at one spot. For a flight one boresight
(three angles), one height offset and one focal scale are solved, and for each picture a
small shift and turn, all held by the sigmas of the tags. What all pictures share on the
ground (the receiver's bias) no overlap can see: it stays, and so does its sigma.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from data.imagery import CameraPose, Frame
from geo.attitude import attitude_from_rotation, rotation_from_vector
from geo.camera import camera_from_enu, ray_from_pixel, sensor_from_file_pixel
from geo.crs import Anchor, enu_from_geographic, geographic_from_enu
from geo.georeference import attitude_axes
from geo.neighbours import (
    disagreement_by_frame,
    gross_outliers,
    placed_on_ground,
    turned_over,
    turns_by_neighbours,
)
from geo.overlaps import Overlap
from geo.terrain import Terrain

Array = NDArray[np.float64]

SHARED = float(np.sqrt(0.5))
"""Of a tag's sigma that a whole flight shares; the other half is a picture's own."""
OWN_HEIGHT = 0.2  # of the sigma of a height: a barometer keeps it within a flight
MATCH_SIGMA_M = 0.3  # two pixels at 100 m, and what relief and bushes add
HUBER_SIGMAS = 2.0
ROUNDS = 3  # of linearising: places on the terrain move with the poses
HIGHEST_RAY = -1e-3  # of a ray's rise over its depth: one that goes up meets nothing
LEAST_SIGMA_DEG = 0.3  # of a tilt after the adjustment: the lens is not a perfect one
SHARED_UNKNOWNS, OWN_UNKNOWNS = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """What a flight's overlaps said.

    Attributes:
        frames: In the order given, better posed where neighbours told anything.
        boresight_deg: About the picture's right, its down and the view.
        height_offset_m: Added to all heights.
        focal_scale: By which all focal lengths were multiplied.
        turned: Names of files found to lie turned by 180 degrees, against their tags.
        quarantined: Names of pictures whose tags contradict all their neighbours.
        before_m: Median ground disagreement of each picture, by name, from the tags.
        after_m: The same, after.
        pairs: Overlaps used.
    """

    frames: tuple[Frame, ...]
    boresight_deg: tuple[float, float, float]
    height_offset_m: float
    focal_scale: float
    turned: tuple[str, ...]
    quarantined: tuple[str, ...]
    before_m: dict[str, float]
    after_m: dict[str, float]
    pairs: int


class _Ties(NamedTuple):
    """All matches as rays, and the heights where they meet the ground.

    Attributes:
        one: Index of the first frame of each match, shape (M,).
        other: Index of the second, shape (M,).
        one_rays: In the first camera's axes, Z = 1, shape (M, 3).
        other_rays: In the second's.
        up_m: Height of the ground, shape (M,).
    """

    one: NDArray[np.intp]
    other: NDArray[np.intp]
    one_rays: Array
    other_rays: Array
    up_m: Array


def _ties(
    frames: Sequence[Frame],
    now: Sequence[Frame],
    overlaps: Sequence[Overlap],
    terrain: Terrain,
    anchor: Anchor,
) -> _Ties:
    """Matches as rays; the ground's height is the mean of where both rays meet it.

    Args:
        frames: With the lenses that the rays are made of.
        now: With the poses that bring the rays to the ground.
        overlaps: Between them.
        terrain: The ground.
        anchor: Origin of the heights.
    """
    parts = []
    for overlap in overlaps:
        a = placed_on_ground(now[overlap.one], overlap.one_px, terrain, anchor)
        b = placed_on_ground(now[overlap.other], overlap.other_px, terrain, anchor)
        good = np.isfinite(a[:, 0]) & np.isfinite(b[:, 0])
        one = _rays(frames[overlap.one], overlap.one_px[good])
        other = _rays(frames[overlap.other], overlap.other_px[good])
        indices = [np.full(len(one), i, np.intp) for i in overlap[:2]]
        parts.append((*indices, one, other, (a[good, 2] + b[good, 2]) / 2))
    return _Ties(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _rays(frame: Frame, pixels: Array) -> Array:
    sensor = sensor_from_file_pixel(frame.camera, frame.turned_deg, pixels)
    return ray_from_pixel(frame.camera, sensor)[0]


class _Flight(NamedTuple):
    """What the adjustment begins with: places, turns, and one sigma of all unknowns."""

    places: Array
    rotations: Array
    axes: Array
    scale: Array


def _flight(
    frames: Sequence[Frame], poses: Sequence[CameraPose], here: Anchor
) -> _Flight:
    """Unknowns: boresight (3), height, focal scale; per frame shift (3), turn (3)."""
    places = np.array([[p.longitude, p.latitude, p.height_m] for p in poses])
    tilt = float(np.median([p.sigma_tilt_deg for p in poses]))
    yaw = float(np.median([p.sigma_yaw_deg for p in poses]))
    up = float(np.median([p.sigma_v_m for p in poses]))
    focal = max(f.camera.focal_sigma for f in frames)
    shared = [*np.radians([tilt, tilt, yaw]) * SHARED, up, focal]
    own = [
        [
            *(p.sigma_h_m, p.sigma_h_m, p.sigma_v_m * OWN_HEIGHT),
            *(attitude_axes(p)[1] * SHARED),
        ]
        for p in poses
    ]
    return _Flight(
        enu_from_geographic(places, here),
        np.array([camera_from_enu(p) for p in poses]),
        np.array([attitude_axes(p)[0] for p in poses]),
        np.concatenate([shared, np.ravel(own)]),
    )


def _camera_rows(flight: _Flight, unknowns: Array) -> tuple[Array, Array, float]:
    """Places (N, 3), camera rows (N, 3, 3) and focal scale after the corrections."""
    moved = unknowns * flight.scale
    own = moved[SHARED_UNKNOWNS:].reshape(-1, OWN_UNKNOWNS)
    places = flight.places + own[:, :3] + [0.0, 0.0, moved[3]]
    mount = rotation_from_vector(moved[:3])
    turns = np.einsum("nk,nkj->nj", own[:, 3:], flight.axes)
    rows = [
        mount @ rotation @ rotation_from_vector(turn).T
        for rotation, turn in zip(flight.rotations, turns, strict=True)
    ]
    return places, np.array(rows), float(np.exp(moved[4]))


def _meets(places: Array, rows: Array, rays: Array, up_m: Array) -> Array:
    """Where rays (M, 3) of cameras come down to heights, level (M, 2)."""
    world = np.einsum("mk,mkj->mj", rays, rows)
    far = (up_m - places[:, 2]) / np.minimum(world[:, 2], HIGHEST_RAY)
    return np.asarray(places[:, :2] + far[:, None] * world[:, :2], np.float64)


def _misses(flight: _Flight, ties: _Ties, unknowns: Array) -> Array:
    """How far apart both frames of each match place it, level (M, 2)."""
    places, rows, focal = _camera_rows(flight, unknowns)
    lens = np.array([1 / focal, 1 / focal, 1.0])
    one, other = ties.one, ties.other
    here = _meets(places[one], rows[one], ties.one_rays * lens, ties.up_m)
    there = _meets(places[other], rows[other], ties.other_rays * lens, ties.up_m)
    return here - there


def _adjusted(
    frames: Sequence[Frame], ties: _Ties, here: Anchor
) -> tuple[_Flight, Array, Array]:
    """The flight, its unknowns in sigmas, and their covariance.

    Source:
        Triggs et al. 2000, Bundle adjustment; Huber 1964.
    """
    poses = [frame.pose for frame in frames if frame.pose is not None]
    flight = _flight(frames, poses, here)

    def residuals(unknowns: Array) -> Array:
        off = _misses(flight, ties, unknowns).ravel() / MATCH_SIGMA_M
        size = np.abs(off)
        huber = np.sqrt(HUBER_SIGMAS * (2 * size - HUBER_SIGMAS).clip(0))
        off = np.where(size > HUBER_SIGMAS, np.sign(off) * huber, off)
        return np.concatenate([off, unknowns])

    solved = least_squares(residuals, np.zeros(len(flight.scale)), method="trf")
    return flight, solved.x, np.linalg.inv(solved.jac.T @ solved.jac)


def _corrected(
    frames: Sequence[Frame],
    flight: _Flight,
    unknowns: Array,
    covariance: Array,
    here: Anchor,
) -> list[Frame]:
    """The frames with the corrections in their poses and lenses."""
    places, rows, focal = _camera_rows(flight, unknowns)
    lonlat = geographic_from_enu(places, here)
    focal_sigma = float(flight.scale[4] * np.sqrt(covariance[4, 4]))
    out = []
    for index, frame in enumerate(frames):
        yaw, pitch, roll = attitude_from_rotation(rows[index])
        yaw_sigma, tilt_sigma = _attitude_sigmas(flight, covariance, index)
        pose = replace(
            frame.pose,  # type: ignore[type-var] # only frames with one are adjusted
            longitude=float(lonlat[index, 0]),
            latitude=float(lonlat[index, 1]),
            height_m=float(lonlat[index, 2]),
            yaw_deg=yaw,
            pitch_deg=pitch,
            roll_deg=roll,
            sigma_yaw_deg=max(LEAST_SIGMA_DEG, yaw_sigma),
            sigma_tilt_deg=max(LEAST_SIGMA_DEG, tilt_sigma),
        )
        lens = replace(
            frame.camera,
            focal_x_px=frame.camera.focal_x_px * focal,
            focal_y_px=frame.camera.focal_y_px * focal,
            focal_sigma=min(frame.camera.focal_sigma, focal_sigma),
        )
        out.append(replace(frame, pose=pose, camera=lens))
    return out


def _attitude_sigmas(
    flight: _Flight, covariance: Array, index: int
) -> tuple[float, float]:
    """Of yaw and of tilt, degrees, from the mount's and the picture's own turn."""
    start = SHARED_UNKNOWNS + OWN_UNKNOWNS * index + 3
    chosen = np.array([0, 1, 2, start, start + 1, start + 2])
    part = covariance[np.ix_(chosen, chosen)]
    axes = flight.axes[index]
    effect = np.hstack([-axes @ flight.rotations[index].T, np.eye(3)])
    effect = effect * flight.scale[chosen]
    spread = np.degrees(np.sqrt(np.diag(effect @ part @ effect.T)))
    return float(spread[0]), float(spread[1:].max())


def consistent_flight(
    frames: Sequence[Frame], overlaps: Sequence[Overlap], terrain: Terrain
) -> Consistency:
    """What the overlaps of one flight say about its poses.

    Args:
        frames: Of one camera and flight; those without a pose are left as they are.
        overlaps: Between them, by index.
        terrain: The ground; its datum that of the poses.

    Returns:
        The frames, better posed; one without neighbours gets what the flight shares. A
        quarantined one has no pose any more, and `unlocated` says neighbours.
    """
    placed = [index for index, frame in enumerate(frames) if frame.pose is not None]
    kept = [o for o in overlaps if frames[o.one].pose and frames[o.other].pose]
    if not kept:
        return _nothing_told(frames)
    here = _middle(frames, placed)
    turned = turns_by_neighbours(frames, kept, terrain, here)
    upright = [
        _turned_back(frame) if turn else frame
        for frame, turn in zip(frames, turned, strict=True)
    ]
    out = gross_outliers(upright, kept, terrain, here)
    good = [o for o in kept if not out & set(o[:2])]
    before = disagreement_by_frame(frames, kept, terrain, here)
    if not good:
        return _nothing_told(frames)
    chosen = [index for index in placed if index not in out]
    solved, unknowns, scale = _solved(upright, good, chosen, terrain, here)
    done = [
        _quarantined(frame) if index in out else solved.get(index, frame)
        for index, frame in enumerate(upright)
    ]
    boresight = np.degrees(unknowns[:3] * scale[:3]).tolist()
    return Consistency(
        frames=tuple(done),
        boresight_deg=(boresight[0], boresight[1], boresight[2]),
        height_offset_m=float(unknowns[3] * scale[3]),
        focal_scale=float(np.exp(unknowns[4] * scale[4])),
        turned=tuple(f.file for f, turn in zip(frames, turned, strict=True) if turn),
        quarantined=tuple(frames[index].file for index in sorted(out)),
        before_m=before,
        after_m=disagreement_by_frame(done, good, terrain, here),
        pairs=len(good),
    )


def _solved(
    frames: Sequence[Frame],
    overlaps: Sequence[Overlap],
    chosen: Sequence[int],
    terrain: Terrain,
    here: Anchor,
) -> tuple[dict[int, Frame], Array, Array]:
    """Corrected frames by index, the unknowns in sigmas, and these sigmas."""
    place = {index: at for at, index in enumerate(chosen)}
    own = [frames[index] for index in chosen]
    pairs = [o._replace(one=place[o.one], other=place[o.other]) for o in overlaps]
    now = own
    for _ in range(ROUNDS):
        ties = _ties(own, now, pairs, terrain, here)
        flight, unknowns, covariance = _adjusted(own, ties, here)
        now = _corrected(own, flight, unknowns, covariance, here)
    return dict(zip(chosen, now, strict=True)), unknowns, flight.scale


def _middle(frames: Sequence[Frame], placed: Sequence[int]) -> Anchor:
    """A place amid the flight, at height 0: heights stay those of the datum."""
    poses = [frames[index].pose for index in placed]
    lon = float(np.median([p.longitude for p in poses if p is not None]))
    lat = float(np.median([p.latitude for p in poses if p is not None]))
    return Anchor(longitude=lon, latitude=lat, height_m=0.0)


def _turned_back(frame: Frame) -> Frame:
    remark = "turned 180 degrees on disk by what its neighbours show: turned back"
    return replace(turned_over(frame), repairs=(*frame.repairs, remark))


def _quarantined(frame: Frame) -> Frame:
    remark = "its tags contradict what its neighbours show: not placed"
    repairs = (*frame.repairs, remark)
    return replace(frame, pose=None, unlocated="neighbours", repairs=repairs)


def _nothing_told(frames: Sequence[Frame]) -> Consistency:
    return Consistency(
        frames=tuple(frames),
        boresight_deg=(0.0, 0.0, 0.0),
        height_offset_m=0.0,
        focal_scale=1.0,
        turned=(),
        quarantined=(),
        before_m={},
        after_m={},
        pairs=0,
    )
