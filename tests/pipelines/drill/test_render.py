"""Picture and truth through a bent lens, beside rays that try every triangle."""

from itertools import product

import cv2
import numpy as np
import pytest

pytest.importorskip("numba")
from pipelines.drill.bridges import Bridge, add_bridge
from pipelines.drill.camera import Lens, look_at
from pipelines.drill.ground import add_ground, flat
from pipelines.drill.light import draw_weather
from pipelines.drill.render import freeze, take_picture
from pipelines.drill.scene import Scene

pytestmark = pytest.mark.slow  # kernels are compiled on the first run
LENS = Lens(
    width=320,
    height=240,
    focal=226.0,
    principal=(161.0, 119.0),
    distortion=(-0.12, 0.04, 4e-4, -4e-4, 0.0),
)
RAYS = 150


@pytest.fixture(scope="module")
def bridge():
    """A bridge with a fallen span over level ground."""
    scene, ground = Scene(), flat(3, 90.0)
    add_ground(scene, ground)
    built = Bridge(
        asset=1,
        origin=(0.0, -72.0, 12.0),
        direction=(0.0, 1.0),
        spans=4,
        span_m=36.0,
        grade=4,
        truss_span=2,
    )
    add_bridge(scene, built, np.full(5, -12.0), np.random.default_rng(0))
    return freeze(scene, ground)


def taken(frozen, eye, aim):
    """A picture in clear light, and its pose."""
    pose = look_at(eye, aim)
    weather = draw_weather("clear", 0, np.random.default_rng(1))
    return take_picture(frozen, pose, LENS, weather, shadow_px=256), pose


def rays_of(pixels, pose):
    """Directions of pixels' middles in scene axes, one metre along the axis."""
    cx, cy = LENS.principal
    matrix = np.array([[LENS.focal, 0, cx], [0, LENS.focal, cy], [0, 0, 1]])
    enough = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 60, 1e-12)
    bent = np.array(LENS.distortion)
    flat_rays = cv2.undistortPoints(pixels[:, None], matrix, bent, criteria=enough)
    return np.c_[flat_rays[:, 0], np.ones(len(pixels))] @ pose.rotation


def first_met(corners, eye, ray):
    """Index and distance of the nearest triangle on a ray, -1 for none.

    Moeller and Trumbore (1997).
    """
    e, f = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    p = np.cross(ray, f)
    det = np.einsum("nk,nk->n", p, e)
    with np.errstate(divide="ignore", invalid="ignore"):
        to = eye - corners[:, 0]
        u = np.einsum("nk,nk->n", p, to) / det
        q = np.cross(to, e)
        v, t = q @ ray / det, np.einsum("nk,nk->n", q, f) / det
    hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0.05)
    t = np.where(hit, t, np.inf)
    nearest = int(np.argmin(t))
    return (nearest, float(t[nearest])) if hit.any() else (-1, np.inf)


def agrees(frozen, picture, pixel, met, tolerance=1e-3):
    """Whether a pixel's truth is the triangle that a ray met, at its depth."""
    row, column = pixel
    triangle, depth_m = met
    if triangle < 0:
        return bool(np.isinf(picture.depth_m[row, column]))
    part = frozen.scene.parts[frozen.surfaces.owners[triangle]]
    same = picture.asset[row, column] == part.asset
    same &= picture.component[row, column] == part.component
    return bool(same and abs(picture.depth_m[row, column] / depth_m - 1) < tolerance)


@pytest.mark.parametrize(
    ("eye", "aim"),
    [
        ((45.0, -50.0, 30.0), (0.0, -18.0, 6.0)),
        ((-30.0, 60.0, 14.0), (0.0, 10.0, 10.0)),
    ],
)
def test_a_pixel_shows_what_its_ray_meets_first(bridge, eye, aim):
    picture, pose = taken(bridge, eye, aim)
    pixels = np.random.default_rng(6).integers(0, [240, 320], (RAYS, 2))

    def hit(row, column):
        ray = rays_of(np.array([[column, row]]), pose)[0]
        return first_met(bridge.surfaces.corners, pose.position, ray)

    missed = [
        (row, column)
        for row, column in pixels
        if not agrees(bridge, picture, (row, column), hit(row + 0.5, column + 0.5))
    ]
    assert len(missed) < 0.1 * RAYS
    assert {0, 1} == {int(picture.asset[row, column]) for row, column in pixels}
    # beside an edge most of four samples decide, and a plane seen at a grazing angle
    # lies anywhere along the middle's ray: there, only the part is compared
    for row, column in missed:
        near = [hit(row + y, column + x) for y, x in product((0.1, 0.5, 0.9), repeat=2)]
        assert any(agrees(bridge, picture, (row, column), m, np.inf) for m in near)


def test_the_same_view_is_the_same_picture(bridge):
    first, _ = taken(bridge, (30.0, -40.0, 25.0), (0.0, -18.0, 6.0))
    again, _ = taken(bridge, (30.0, -40.0, 25.0), (0.0, -18.0, 6.0))
    assert np.array_equal(first.colour, again.colour)
    assert np.isfinite(first.colour).all()
    assert (first.colour >= 0).all()


def test_a_fallen_span_is_a_collapse_and_belongs_to_the_bridge(bridge):
    picture, _ = taken(bridge, (45.0, -50.0, 30.0), (0.0, -18.0, 6.0))
    fallen = picture.damage == 5
    assert fallen.mean() > 0.02
    assert (picture.asset[fallen] == 1).all()
