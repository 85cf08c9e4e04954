"""Which triangle does each sample of a pinhole image see?

A z-buffer in plain loops: the same bits on every machine, no graphics driver.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.drill.kernel import Array, kernel

NEAR_M = 0.2  # triangles are clipped to this distance in front of the camera
EDGE_ON = 1e-12  # least product of normal and ray that is divided by
Ids = NDArray[np.int32]


@kernel
def _fill(
    xs: Array, ys: Array, ws: Array, triangle: int, ids: Ids, near: Array
) -> None:
    """Draw one projected triangle.

    `ws` is 1/depth in a perspective view and minus the depth in a parallel one: the
    larger is nearer, and it is linear over the image in both.
    """
    height, width = ids.shape
    area = (xs[1] - xs[0]) * (ys[2] - ys[0]) - (xs[2] - xs[0]) * (ys[1] - ys[0])
    if area == 0.0:
        return
    column0 = max(0, int(np.ceil(min(xs[0], xs[1], xs[2]) - 0.5)))
    column1 = min(width - 1, int(np.floor(max(xs[0], xs[1], xs[2]) - 0.5)))
    row0 = max(0, int(np.ceil(min(ys[0], ys[1], ys[2]) - 0.5)))
    row1 = min(height - 1, int(np.floor(max(ys[0], ys[1], ys[2]) - 0.5)))
    for row in range(row0, row1 + 1):
        y = row + 0.5
        for column in range(column0, column1 + 1):
            x = column + 0.5
            b0 = ((xs[1] - x) * (ys[2] - y) - (xs[2] - x) * (ys[1] - y)) / area
            b1 = ((xs[2] - x) * (ys[0] - y) - (xs[0] - x) * (ys[2] - y)) / area
            b2 = 1.0 - b0 - b1
            if b0 >= 0.0 and b1 >= 0.0 and b2 >= 0.0:
                w = b0 * ws[0] + b1 * ws[1] + b2 * ws[2]
                if w > near[row, column]:
                    near[row, column] = w
                    ids[row, column] = triangle


@kernel
def _clip(corners: Array, polygon: Array) -> int:
    """Cut a triangle at the near plane into `polygon`; returns how many corners."""
    count = 0
    for k in range(3):
        p, q = corners[k], corners[(k + 1) % 3]
        if p[2] >= NEAR_M:
            polygon[count] = p
            count += 1
        if (p[2] >= NEAR_M) != (q[2] >= NEAR_M):
            polygon[count] = p + (q - p) * ((NEAR_M - p[2]) / (q[2] - p[2]))
            count += 1
    return count


@kernel
def _draw(corners: Array, focal: float, ids: Ids, near: Array) -> None:
    """Perspective: clip every triangle, project it through the image's middle, fill."""
    cx, cy = ids.shape[1] / 2, ids.shape[0] / 2
    xs, ys, ws = np.empty(3), np.empty(3), np.empty(3)
    polygon = np.empty((4, 3))
    for triangle in range(len(corners)):
        count = _clip(corners[triangle], polygon)
        for fan in range(1, count - 1):
            for k in range(3):
                corner = polygon[0 if k == 0 else fan + k - 1]
                ws[k] = 1.0 / corner[2]
                xs[k] = focal * corner[0] * ws[k] + cx
                ys[k] = focal * corner[1] * ws[k] + cy
            _fill(xs, ys, ws, triangle, ids, near)


@kernel
def _draw_parallel(corners: Array, ids: Ids, near: Array) -> None:
    """Parallel view: x and y are pixels already, z grows towards the viewer."""
    for triangle in range(len(corners)):
        c = corners[triangle]
        _fill(c[:, 0], c[:, 1], c[:, 2], triangle, ids, near)


def visible_triangles(corners: Array, *, focal: float, size: tuple[int, int]) -> Ids:
    """Triangle index per sample, -1 for none.

    Args:
        corners: Shape (n, 3, 3) in camera axes: x right, y down, z forward, metres.
        focal: In samples.
        size: Width and height in samples; the optical axis meets the middle.
    """
    width, height = size
    ids = np.full((height, width), -1, np.int32)
    _draw(corners, focal, ids, np.zeros((height, width)))
    return ids


def nearest_surface(corners: Array, shape: tuple[int, int]) -> Array:
    """Largest z per texel of triangles seen along z, -inf where there is none.

    Args:
        corners: Shape (n, 3, 3): x and y in texels, z towards the viewer.
        shape: Rows and columns.
    """
    near = np.full(shape, -np.inf)
    _draw_parallel(corners, np.full(shape, -1, np.int32), near)
    return near


def depth_image(corners: Array, ids: Ids, *, focal: float) -> Array:
    """Depth along the axis of what each sample sees, inf where it sees nothing.

    Args:
        corners: As given to `visible_triangles`.
        ids: What it returned.
        focal: In samples.
    """
    rows, columns = ids.shape
    x = (np.arange(columns) + 0.5 - columns / 2) / focal
    y = (np.arange(rows) + 0.5 - rows / 2) / focal
    rays = np.stack([*np.meshgrid(x, y), np.ones(ids.shape)], axis=2)
    depths, hit = np.full(ids.shape, np.inf), ids >= 0
    t = corners[ids[hit]]
    normal = np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0])
    ahead = np.einsum("nk,nk->n", normal, rays[hit])
    ahead = np.where(np.abs(ahead) < EDGE_ON, EDGE_ON, ahead)
    depths[hit] = np.einsum("nk,nk->n", normal, t[:, 0]) / ahead
    return depths
