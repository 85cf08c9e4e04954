"""Cracks and wires: thin things blended in with analytic coverage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.drill.camera import Lens, Pose, pixel_from_scene
from pipelines.drill.kernel import Array, kernel
from pipelines.drill.labels import Damage
from pipelines.drill.materials import LABELLED_COVERAGE
from pipelines.drill.rasteriser import NEAR_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipelines.drill.light import Weather
    from pipelines.drill.scene import Stroke
    from pipelines.drill.shading import Images

CRACK_TINT = (0.10, 0.09, 0.08)  # share of a surface's light that comes out of a crack
CRACK_BIAS_M = 0.05  # a crack may lie this far behind the surface that it is drawn on
EDGE_ON = 0.05  # cosine under which a face is too oblique for its cracks to be drawn
MARGIN_PX = 40


class Track(NamedTuple):
    """A stroke in pixels: column, row, depth, half width per point; then its look."""

    columns: Array
    rows: Array
    depths: Array
    half_widths: Array
    rgb: Array
    bias: float
    darkens: bool


@kernel
def _hidden(depth: float, surface: float, track: Track) -> bool:
    """Behind what is drawn there already, or a crack whose face is not there."""
    behind = depth > surface + track.bias * (1 + depth * 0.002)
    return behind or (track.darkens and depth < surface - 6 * track.bias)


@kernel
def _draw_piece(
    track: Track,
    k: int,
    colour: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    coverage: NDArray[np.float32],
) -> None:
    """Blend the piece from point `k` to the next."""
    height, width = depth_m.shape
    ax, ay = track.columns[k], track.rows[k]
    bx, by = track.columns[k + 1], track.rows[k + 1]
    near, far = track.depths[k], track.depths[k + 1]
    half_a, half_b = track.half_widths[k], track.half_widths[k + 1]
    reach = max(half_a, half_b) + 1.0
    dx, dy = bx - ax, by - ay
    length2 = dx * dx + dy * dy + 1e-12
    last_row = min(height - 1, int(max(ay, by) + reach))
    last_column = min(width - 1, int(max(ax, bx) + reach))
    for r in range(max(0, int(min(ay, by) - reach)), last_row + 1):
        for c in range(max(0, int(min(ax, bx) - reach)), last_column + 1):
            px, py = c + 0.5 - ax, r + 0.5 - ay
            t = min(1.0, max(0.0, (px * dx + py * dy) / length2))
            d = math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
            half = half_a + t * (half_b - half_a)
            cover = min(d + 0.5, half) - max(d - 0.5, -half)
            before = coverage[r, c]
            if cover <= before:
                continue
            depth = 1 / ((1 - t) / near + t / far)
            if _hidden(depth, depth_m[r, c], track):
                continue
            fresh = (cover - before) / max(1e-6, 1 - before)
            coverage[r, c] = cover
            for j in range(3):
                beneath = colour[r, c, j] if track.darkens else 1.0
                colour[r, c, j] += fresh * (beneath * track.rgb[j] - colour[r, c, j])


@kernel
def _draw_track(
    track: Track,
    colour: NDArray[np.float32],
    depth_m: NDArray[np.float32],
    coverage: NDArray[np.float32],
) -> None:
    """Blend a polyline where it is not hidden; `coverage` is the share it covers."""
    for k in range(len(track.columns) - 1):
        if track.depths[k] > NEAR_M and track.depths[k + 1] > NEAR_M:
            _draw_piece(track, k, colour, depth_m, coverage)


def narrowing(points: Array, normal: Array, ray: Array) -> Array:
    """How much narrower a crack looks because its width is seen at an angle, 0 to 1."""
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-12
    across = np.cross(tangent, normal)
    seen = across - np.einsum("nc,nc->n", across, ray)[:, None] * ray
    flat = np.cross(ray, tangent)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-12
    return np.asarray(np.abs(np.einsum("nc,nc->n", seen, flat)))


def _track(stroke: Stroke, pose: Pose, lens: Lens, weather: Weather) -> Track | None:
    """The stroke as this camera sees it, None when it does not."""
    columns, rows, depths = pixel_from_scene(stroke.points, pose, lens)
    inside = (depths > NEAR_M) & (
        np.abs(columns - lens.width / 2) < lens.width / 2 + 200
    )
    inside &= np.abs(rows - lens.height / 2) < lens.height / 2 + 200
    half = stroke.widths_m / 2 * lens.focal / np.maximum(depths, NEAR_M)
    if not inside.any():
        return None
    depths = np.where(inside, depths, -1.0)
    tint = np.array(stroke.part.tint)
    if stroke.normal is None:
        lit = tint * (0.35 * weather.sun + weather.sky)
        return Track(columns, rows, depths, half, lit, 0.0, darkens=False)
    ray = stroke.points - pose.position
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    if (-ray @ stroke.normal).max() <= EDGE_ON:
        return None
    half = half * narrowing(stroke.points, stroke.normal, ray)
    if stroke.part.damage != Damage.DISTRACTOR:
        tint = np.array(CRACK_TINT)
    return Track(columns, rows, depths, half, tint, CRACK_BIAS_M, darkens=True)


def _window(track: Track, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Rows and columns that the track may touch."""
    seen = track.depths > 0
    c0 = max(0, int(track.columns[seen].min()) - MARGIN_PX)
    c1 = min(shape[1], int(track.columns[seen].max()) + MARGIN_PX)
    r0 = max(0, int(track.rows[seen].min()) - MARGIN_PX)
    r1 = min(shape[0], int(track.rows[seen].max()) + MARGIN_PX)
    return (slice(r0, r1), slice(c0, c1)) if c1 > c0 and r1 > r0 else None


def draw_strokes(
    strokes: list[Stroke], pose: Pose, lens: Lens, weather: Weather, images: Images
) -> NDArray[np.uint8]:
    """Draw cracks and wires into the images.

    Returns:
        255 x share of each pixel that they cover, rounded.
    """
    thin = np.zeros(images.depth_m.shape)
    for stroke in strokes:
        track = _track(stroke, pose, lens, weather)
        window = None if track is None else _window(track, thin.shape)
        if track is None or window is None:
            continue
        rows, columns = window
        local = track._replace(
            columns=track.columns - columns.start, rows=track.rows - rows.start
        )
        coverage = np.zeros(thin[window].shape, np.float32)
        _draw_track(local, images.colour[window], images.depth_m[window], coverage)
        thin[window] = np.maximum(thin[window], coverage)
        touched = coverage >= LABELLED_COVERAGE
        images.damage[window][touched] = stroke.part.damage
        if stroke.normal is None:
            images.component[window][touched] = stroke.part.component
            images.asset[window][touched] = stroke.part.asset
    return (255 * np.minimum(thin, 1) + 0.5).astype(np.uint8)
