from dataclasses import replace

import numpy as np
import pytest

from data.imagery import Frame, TimeSource, VerticalDatum
from geo.attitude import attitude_from_rotation, rotation_from_vector
from geo.camera import (
    camera_anchor,
    camera_from_enu,
    file_from_sensor_pixel,
    pixel_from_world,
)
from geo.crs import enu_from_geographic
from geo.georeference import ground_from_pixels
from geo.overlaps import Overlap, find_overlaps
from geo.registration import consistent_flight
from geo.terrain import flat_terrain

GROUND = flat_terrain(0.0, VerticalDatum.ELLIPSOIDAL, sigma_m=0.5)
MOUNT_DEG = np.array([1.5, -1.0, 2.0])  # about right, down, view
RISE_M, STRETCH = 2.0, 1.01


def frame_of(index, pose, camera):
    return Frame(
        id=f"{index:064d}",
        file=f"{index}.jpg",
        camera=camera,
        pose=pose,
        unlocated=None,
        relative_altitude_m=None,
        captured_at=None,
        time_sigma_s=0.0,
        time_source=TimeSource.NONE,
        make=None,
        model=None,
        serial=None,
        turned_deg=0,
        repairs=(),
        blur=0.0,
        exposure=0.5,
        unusable=None,
    )


def mistaken(pose):
    """What the tags say of a pose, where the mount is off and the height too low."""
    mount = rotation_from_vector(np.radians(MOUNT_DEG))
    yaw, pitch, roll = attitude_from_rotation(mount.T @ camera_from_enu(pose))
    angles = {"yaw_deg": yaw, "pitch_deg": pitch, "roll_deg": roll}
    return replace(pose, **angles, height_m=pose.height_m - RISE_M)


@pytest.fixture(scope="module")
def flight(make_camera, make_pose):
    """Eight true frames on two lines flown there and back, and what their tags say."""
    true, tagged = [], []
    small = make_camera(focal_x_px=2824.0, focal_y_px=2824.0, focal_sigma=0.02)
    large = replace(small, focal_x_px=2824.0 * STRETCH, focal_y_px=2824.0 * STRETCH)
    for index in range(8):
        line, along = divmod(index, 4)
        pose = make_pose(
            east=14.0 * line,
            north=12.0 * (along if line == 0 else 3 - along),
            height=40.0,
            yaw_deg=180.0 * line,
            pitch_deg=-88.0,
            sigma_v_m=3.0,
        )
        true.append(frame_of(index, pose, large))
        tagged.append(frame_of(index, mistaken(pose), small))
    return true, tagged


def overlaps_of(true, spots=20, noise_px=0.5):
    rng = np.random.default_rng(3)
    found = []
    for i, one in enumerate(true):
        for j in range(i + 1, len(true)):
            pixels = rng.uniform(50, [3950, 2950], (spots, 2))
            met = ground_from_pixels(
                one.camera, one.pose, one.turned_deg, pixels, GROUND
            )
            places = np.column_stack([met.longitude, met.latitude, met.height_m])
            other = true[j]
            seen, _, ok = pixel_from_world(other.camera, other.pose, places)
            ok &= ((seen > 0) & (seen < [4000, 3000])).all(axis=1)
            if ok.sum() >= 5:
                back = file_from_sensor_pixel(other.camera, other.turned_deg, seen[ok])
                back = back + rng.normal(0, noise_px, back.shape)
                found.append(Overlap(i, j, pixels[ok], back))
    return found


def misses_m(true, frames):
    """Level error of each frame in the middle of its picture."""
    out = []
    for one, other in zip(true, frames, strict=True):
        middle = np.array([[2000.0, 1500.0]])
        a, b = (
            ground_from_pixels(f.camera, f.pose, f.turned_deg, middle, GROUND)
            for f in (one, other)
        )
        places = np.array([[b.longitude[0], b.latitude[0], one.pose.height_m]])
        truth = np.array([[a.longitude[0], a.latitude[0], one.pose.height_m]])
        anchor = camera_anchor(one.pose)
        off = enu_from_geographic(places, anchor) - enu_from_geographic(truth, anchor)
        out.append(float(np.hypot(*off[0, :2])))
    return np.array(out)


@pytest.mark.slow
def test_the_mount_the_height_and_the_focal_length_are_found(flight):
    true, tagged = flight
    said = consistent_flight(tagged, overlaps_of(true), GROUND)
    assert misses_m(true, tagged).min() > 0.8
    assert misses_m(true, said.frames).max() < 0.6
    # straight down the mount's yaw and each picture's own are one turn: shared by both
    assert np.allclose(said.boresight_deg, MOUNT_DEG, atol=[0.4, 0.4, 1.5])
    # scale and height are one over flat ground: together they are right
    scale = (40 - RISE_M + said.height_offset_m) / said.focal_scale
    assert scale == pytest.approx(40 / STRETCH, abs=0.6)
    assert (said.turned, said.quarantined) == ((), ())
    assert max(said.after_m.values()) < 0.1 < min(said.before_m.values())
    for before, after in zip(tagged, said.frames, strict=True):
        assert after.pose.sigma_tilt_deg < before.pose.sigma_tilt_deg
        assert after.pose.sigma_h_m == before.pose.sigma_h_m  # all share that bias


@pytest.mark.slow
@pytest.mark.parametrize("turned", [(2,), (0, 5, 6), tuple(range(8))])
def test_files_turned_on_disk_are_found_by_their_neighbours(flight, turned):
    true, tagged = flight
    as_filed = [
        replace(frame, turned_deg=180) if index in turned else frame
        for index, frame in enumerate(true)
    ]
    said = consistent_flight(tagged, overlaps_of(as_filed), GROUND)
    assert said.turned == tuple(f"{index}.jpg" for index in turned)
    assert misses_m(true, [replace(f, turned_deg=0) for f in said.frames]).max() < 0.6


@pytest.mark.slow
def test_a_picture_its_neighbours_contradict_is_quarantined(flight):
    true, tagged = flight
    lost = replace(tagged[4].pose, latitude=tagged[4].pose.latitude + 6e-4)
    frames = [*tagged[:4], replace(tagged[4], pose=lost), *tagged[5:]]
    said = consistent_flight(frames, overlaps_of(true), GROUND)
    assert said.quarantined == ("4.jpg",)
    assert (said.frames[4].pose, said.frames[4].unlocated) == (None, "neighbours")
    kept = [index for index in range(8) if index != 4]
    good = misses_m([true[i] for i in kept], [said.frames[i] for i in kept])
    assert good.max() < 0.6


def test_without_overlaps_nothing_changes(flight):
    _, tagged = flight
    said = consistent_flight(tagged, [], GROUND)
    assert said.frames == tuple(tagged)
    assert (said.pairs, said.focal_scale) == (0, 1.0)


@pytest.mark.slow
def test_a_frame_without_neighbours_gets_what_the_flight_shares(flight):
    true, tagged = flight
    overlaps = [o for o in overlaps_of(true) if 7 not in o[:2]]
    said = consistent_flight(tagged, overlaps, GROUND)
    assert misses_m(true, said.frames)[7] < misses_m(true, tagged)[7] / 2


def textured(seed=1):
    """A picture with detail of many sizes."""
    rng = np.random.default_rng(seed)
    out = np.zeros((900, 1200))
    for cell in (6, 15, 40):
        coarse = rng.uniform(0, 1, (900 // cell + 1, 1200 // cell + 1))
        out += np.kron(coarse, np.ones((cell, cell)))[:900, :1200]
    return (out / 3 * 255).astype(np.uint8)


def test_overlaps_find_the_same_spots_of_shifted_and_turned_pictures():
    ground = textured()
    one, other = ground[:700, :900], ground[100:800, 200:1100]
    turned = np.ascontiguousarray(other[::-1, ::-1])
    pictures = [lambda: one, lambda: turned, lambda: textured(2)[:700, :900]]
    found = find_overlaps(pictures, lambda _i, _j: True)
    assert [(o.one, o.other) for o in found] == [(0, 1)]
    expected = [900, 700] - (found[0].one_px - [200, 100])
    assert np.abs(expected - found[0].other_px).max() < 6
    assert np.median(np.abs(expected - found[0].other_px)) < 0.5


def test_pictures_without_detail_have_no_overlap():
    grey = np.full((400, 500), 128, np.uint8)
    assert find_overlaps([lambda: grey, lambda: grey], lambda _i, _j: True) == ()
