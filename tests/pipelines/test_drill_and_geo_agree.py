"""The drill draws with its own camera and its own Earth: a second opinion on ours."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.imagery import Camera, CameraPose, HeightSource, VerticalDatum
from geo.camera import pixel_from_world
from pipelines.drill import camera as drill
from pipelines.drill.geodesy import Anchor, geodetic_from_scene

ANCHOR = Anchor(longitude=136.95, latitude=37.25, ellipsoidal_height_m=0.0)
DISTORTION = (-0.09, 0.02, 3e-4, -4e-4, 0.0)
LENS = drill.Lens(
    width=1600,
    height=1200,
    focal=1130.0,
    principal=(803.0, 598.0),
    distortion=DISTORTION,
)


def ours(pose):
    """The same camera and pose as our records."""
    lon, lat, height = geodetic_from_scene(ANCHOR, pose.position)
    k1, k2, p1, p2, k3 = DISTORTION
    camera = Camera(
        width_px=LENS.width,
        height_px=LENS.height,
        focal_x_px=LENS.focal,
        focal_y_px=LENS.focal,
        center_x_px=LENS.principal[0],
        center_y_px=LENS.principal[1],
        k1=k1,
        k2=k2,
        p1=p1,
        p2=p2,
        k3=k3,
        source="dewarp",
    )
    return camera, CameraPose(
        longitude=float(lon),
        latitude=float(lat),
        height_m=float(height),
        vertical_datum=VerticalDatum.ELLIPSOIDAL,
        yaw_deg=pose.yaw_deg,
        pitch_deg=pose.pitch_deg,
        roll_deg=pose.roll_deg,
        sigma_h_m=1.5,
        sigma_v_m=1.0,
        sigma_yaw_deg=2.0,
        sigma_tilt_deg=0.5,
        height_source=HeightSource.ABSOLUTE,
    )


@settings(deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 30), st.floats(-20, 20))
def test_both_see_a_point_in_the_same_pixel(yaw, pitch, roll):
    pose = drill.Pose(
        east=-300.0, north=200.0, up=160.0, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll
    )
    rng = np.random.default_rng(8)
    aside = rng.uniform([-0.6, -0.45, 1.0], [0.6, 0.45, 1.0], (50, 3))
    points = pose.position + (aside * rng.uniform(20, 300, (50, 1))) @ pose.rotation
    columns, rows, depth = drill.pixel_from_scene(points, pose, LENS)
    camera, placed = ours(pose)
    pixels, ahead, ok = pixel_from_world(
        camera, placed, geodetic_from_scene(ANCHOR, points)
    )
    assert ok.all()
    # its angles are those at the anchor: 360 m on, down has turned by 6e-5, 0.07 px
    assert np.allclose(pixels, np.column_stack([columns, rows]), atol=0.2)
    assert np.allclose(ahead, depth, atol=0.05)
