"""What a pixel shows, beside rays that try every triangle."""

import numpy as np
import pytest

numba = pytest.importorskip("numba")
from pipelines.drill.rasteriser import depth_image, visible_triangles  # noqa: E402

FOCAL, WIDTH, HEIGHT = 60.0, 80, 60


def rays():
    """Direction of each sample, depth 1."""
    columns, rows = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    x, y = (columns - WIDTH / 2) / FOCAL, (rows - HEIGHT / 2) / FOCAL
    return np.stack([x, y, np.ones_like(x)], axis=2)


def nearest_by_brute_force(corners, directions):
    """Index and depth of the nearest triangle met by each ray from the origin.

    Moeller and Trumbore (1997).
    """
    flat = directions.reshape(-1, 3)
    found, depth = np.full(len(flat), -1), np.full(len(flat), np.inf)
    for k, (a, b, c) in enumerate(corners):
        e, f = b - a, c - a
        p = np.cross(flat, f)
        det = p @ e
        with np.errstate(divide="ignore", invalid="ignore"):
            u = p @ -a / det
            q = np.cross(-a, e)
            v, t = flat @ q / det, f @ q / det
        hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < depth)
        found[hit], depth[hit] = k, t[hit]
    shape = directions.shape[:2]
    return found.reshape(shape), depth.reshape(shape)


@pytest.mark.parametrize("seed", range(5))
def test_every_sample_sees_the_triangle_that_its_ray_meets_first(seed):
    rng = np.random.default_rng(seed)
    middle = rng.uniform([-6, -5, -2], [6, 5, 30], (60, 1, 3))
    corners = middle + rng.normal(0, 2.5, (60, 3, 3))
    # the rasteriser clips at a near plane; nothing may lie between it and the eye
    corners = corners[(corners[..., 2] > 1).all(axis=1)]
    ids = visible_triangles(corners, focal=FOCAL, size=(WIDTH, HEIGHT))
    depths = depth_image(corners, ids, focal=FOCAL)
    expected, expected_depths = nearest_by_brute_force(corners, rays())
    same = ids == expected
    assert same.mean() > 0.998
    assert (ids >= 0).any()
    seen = same & (ids >= 0)
    assert np.allclose(depths[seen], expected_depths[seen], rtol=1e-9)


def test_a_triangle_that_reaches_behind_the_camera_is_cut_not_lost():
    floor = np.array([[[-50.0, 2, -50], [50, 2, -50], [0, 2, 400]]])
    ids = visible_triangles(floor, focal=FOCAL, size=(WIDTH, HEIGHT))
    assert (ids[HEIGHT // 2 + 2 :] == 0).all()
    assert (ids[: HEIGHT // 2] == -1).all()


def test_nothing_is_seen_of_an_empty_scene():
    ids = visible_triangles(np.empty((0, 3, 3)), focal=FOCAL, size=(WIDTH, HEIGHT))
    assert (ids == -1).all()
