"""From triangle indices to linear colour and truth, one exact ray per sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.drill.decals import paint_decals
from pipelines.drill.kernel import Array, kernel
from pipelines.drill.light import Light, add_haze, sky_colour, sky_share, sunlit_share
from pipelines.drill.materials import (
    COLUMN_MATERIAL,
    COLUMN_SEED,
    GROUND,
    WATER,
    GroundMaps,
    Sample,
    Surfaces,
    grid_value,
    paint,
)
from pipelines.drill.noise import fbm, smoothstep, value

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUBSAMPLES = 2  # per axis
GRAZING = 1e-4  # smallest |cosine| between ray and normal that a plane is met under


class Eye(NamedTuple):
    """A camera as the kernels read it.

    `rotation` has the rows right, down, forward in scene axes; `distortion` is k1 k2 p1
    p2 k3; `ideal_focal` is the focal length in samples of the index image, whose middle
    is the optical axis.
    """

    position: Array
    rotation: Array
    focal: float
    principal: Array
    distortion: Array
    ideal_focal: float


class Images(NamedTuple):
    """What one picture is made of, all of one size; `depth_m` lies along the axis."""

    colour: NDArray[np.float32]
    component: NDArray[np.uint8]
    damage: NDArray[np.uint8]
    asset: NDArray[np.uint16]
    depth_m: NDArray[np.float32]


@kernel
def undistort(x: float, y: float, lens: Array) -> tuple[float, float]:
    """Ideal normalised coordinates of distorted ones, by eight fixed-point steps."""
    u, v = x, y
    for _ in range(8):
        r = u * u + v * v
        radial = 1 + r * (lens[0] + r * (lens[1] + r * lens[4]))
        du = 2 * lens[2] * u * v + lens[3] * (r + 2 * u * u)
        dv = lens[2] * (r + 2 * v * v) + 2 * lens[3] * u * v
        u, v = (x - du) / radial, (y - dv) / radial
    return u, v


@kernel
def _tilt(sample: Sample, roughness: float, seed: int, fp: float) -> None:
    """Bend the normal by noise, as a rough surface would."""
    p, n = sample.point, sample.normal
    x, y, h, s = p[0], p[1] + p[2], 0.25, seed + 90
    gx = fbm(x + h, y, s, 0.9, 4, fp) - fbm(x - h, y, s, 0.9, 4, fp)
    gy = fbm(x, y + h, s, 0.9, 4, fp) - fbm(x, y - h, s, 0.9, 4, fp)
    n[0] -= 0.5 * roughness * gx
    n[1] -= 0.5 * roughness * gy
    length = math.sqrt(n[0] ** 2 + n[1] ** 2 + n[2] ** 2)
    for k in range(3):
        n[k] /= length


@kernel
def _light_water(
    sample: Sample,
    light: Light,
    ground: GroundMaps,
    tint: Array,
    seed: int,
    sun: float,
    sky: float,
    fp: float,
) -> None:
    """Ripples, Fresnel reflection of the sky, the bed shining through, foam."""
    p, n, ray, mirror = sample.point, sample.normal, sample.ray, sample.mirror
    ripple = 0.05 + 0.05 * value(p[0] / 30, p[1] / 30, seed)
    n[0] = ripple * fbm(p[0], p[1], seed + 80, 1.6, 4, fp)
    n[1] = ripple * fbm(p[0] + 31, p[1], seed + 81, 1.6, 4, fp)
    n[2] = 1.0
    cosine = -(ray[0] * n[0] + ray[1] * n[1] + ray[2])
    for k in range(3):
        mirror[k] = ray[k] + 2 * cosine * n[k]
    mirror[2] = abs(mirror[2])
    fresnel = 0.02 + 0.98 * (1 - min(1.0, max(0.0, cosine))) ** 5
    sky_colour(mirror, light, sample.reflected)
    deep = max(0.0, p[2] - grid_value(ground.height, p[0], p[1], ground))
    clear = math.exp(-deep * 1.3)
    s = light.to_sun
    sparkle = max(0.0, mirror[0] * s[0] + mirror[1] * s[1] + mirror[2] * s[2]) ** 300
    foam = smoothstep(0.35, 0.6, fbm(p[0], p[1], seed + 85, 3.0, 5, fp)) * tint[3]
    for k in range(3):
        body = (0.020, 0.042, 0.034)[k] * (1 - clear)
        body += (0.17, 0.16, 0.12)[k] * clear * 0.7 + 0.5 * foam
        lit = light.sun[k] * sun * s[2] + light.sky[k]
        shine = fresnel * sample.reflected[k] * sky + 0.6 * light.sun[k] * sparkle * sun
        sample.colour[k] = body * tint[k] * lit + shine


@kernel
def _light_solid(
    sample: Sample, light: Light, facing: float, gloss: float, sun: float, sky: float
) -> None:
    """Lambert's law under sun and sky, and a highlight."""
    n, ray, s = sample.normal, sample.ray, light.to_sun
    bounce = 0.5 - 0.5 * n[2]
    hx, hy, hz = s[0] - ray[0], s[1] - ray[1], s[2] - ray[2]
    half = math.sqrt(hx**2 + hy**2 + hz**2)
    shine = max(0.0, (n[0] * hx + n[1] * hy + n[2] * hz) / half) ** 40
    shine *= gloss + light.wet * 0.15 + sample.bump[1] * 0.3
    for k in range(3):
        albedo = sample.albedo[k] * (1 - 0.4 * light.wet)
        ambient = light.sky[k] * (1 - 0.5 * bounce) + 0.10 * light.sun[k] * bounce
        direct = light.sun[k] * max(0.0, facing) * sun
        lit = albedo * (direct + ambient * sky)
        sample.colour[k] = lit + shine * light.sun[k] * sun


@kernel
def _shade_sample(
    sample: Sample,
    surfaces: Surfaces,
    part: int,
    ground: GroundMaps,
    light: Light,
    distance: float,
    fp: float,
) -> tuple[int, int]:
    """Colour of one sample into `sample.colour`; its component and damage."""
    sample.bump[:] = 0.0
    sample.relief[:] = 0.0
    table, p, n, s = surfaces.table, sample.point, sample.normal, light.to_sun
    seed = table[part, COLUMN_SEED]
    component, damage, roughness, gloss = paint(
        sample, surfaces, part, ground, light.season, fp
    )
    marked = paint_decals(sample, surfaces.decals, table[part, 5], table[part, 6], fp)
    damage = max(marked, 0) or damage
    if roughness + sample.bump[0] > 0:
        _tilt(sample, roughness + sample.bump[0], seed, fp)
    facing = n[0] * s[0] + n[1] * s[1] + n[2] * s[2]
    bias = 0.03 + light.texel_m * min(12.0, 1.5 / max(facing, 0.05))
    sun = sunlit_share(p, light, bias) if facing > 0.03 else 0.0
    sky = sky_share(p, ground.roof, ground.west, ground.south, ground.roof_step_m)
    if table[part, COLUMN_MATERIAL] == WATER:
        tint = surfaces.tints[part]
        _light_water(sample, light, ground, tint, seed, sun, sky, fp)
    else:
        _light_solid(sample, light, facing, gloss, sun, sky)
    add_haze(sample.colour, distance, light)
    return component, damage


@kernel
def _meet(sample: Sample, surfaces: Surfaces, t: int, position: Array) -> float:
    """Where the ray meets the plane of a triangle: point, uv, normal; how far."""
    ray, p, uv, normal = sample.ray, sample.point, sample.uv, sample.normal
    a, b, c = surfaces.corners[t, 0], surfaces.corners[t, 1], surfaces.corners[t, 2]
    e0, e1, e2 = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    f0, f1, f2 = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    n0, n1, n2 = e1 * f2 - e2 * f1, e2 * f0 - e0 * f2, e0 * f1 - e1 * f0
    area2 = n0 * n0 + n1 * n1 + n2 * n2
    slant = n0 * ray[0] + n1 * ray[1] + n2 * ray[2]
    least = GRAZING * math.sqrt(area2)
    if abs(slant) < least:
        slant = least if slant >= 0 else -least
    off = n0 * (a[0] - position[0]) + n1 * (a[1] - position[1])
    distance = (off + n2 * (a[2] - position[2])) / slant
    for k in range(3):
        p[k] = position[k] + distance * ray[k]
    q0, q1, q2 = p[0] - a[0], p[1] - a[1], p[2] - a[2]
    w1 = (q1 * f2 - q2 * f1) * n0 + (q2 * f0 - q0 * f2) * n1 + (q0 * f1 - q1 * f0) * n2
    w2 = (e1 * q2 - e2 * q1) * n0 + (e2 * q0 - e0 * q2) * n1 + (e0 * q1 - e1 * q0) * n2
    corner = surfaces.uvs[t]
    for k in range(2):
        along = w1 / area2 * (corner[1, k] - corner[0, k])
        uv[k] = corner[0, k] + along + w2 / area2 * (corner[2, k] - corner[0, k])
    size = math.sqrt(area2) * (-1.0 if slant > 0 else 1.0)
    normal[0], normal[1], normal[2] = n0 / size, n1 / size, n2 / size
    return float(distance)


@kernel
def _smooth_ground(sample: Sample, ground: GroundMaps) -> None:
    """Replace the facet's normal by the slope of the height field."""
    p, n, h = sample.point, sample.normal, ground.step_m
    east = grid_value(ground.height, p[0] + h, p[1], ground)
    west = grid_value(ground.height, p[0] - h, p[1], ground)
    north = grid_value(ground.height, p[0], p[1] + h, ground)
    south = grid_value(ground.height, p[0], p[1] - h, ground)
    n[0], n[1] = (west - east) / (2 * h), (south - north) / (2 * h)
    n[2] = 1 / math.sqrt(n[0] ** 2 + n[1] ** 2 + 1)
    n[0], n[1] = n[0] * n[2], n[1] * n[2]


@kernel
def _trace(
    sample: Sample,
    surfaces: Surfaces,
    triangle: int,
    ground: GroundMaps,
    light: Light,
    eye: Eye,
    uv: tuple[float, float],
) -> tuple[int, int, float]:
    """One ray through ideal coordinates `uv`: component, damage and depth."""
    u, v = uv
    length = math.sqrt(u * u + v * v + 1)
    r, ray, n = eye.rotation, sample.ray, sample.normal
    for k in range(3):
        ray[k] = (u * r[0, k] + v * r[1, k] + r[2, k]) / length
    if triangle < 0:
        sky_colour(ray, light, sample.colour)
        return 0, 0, np.inf
    distance = _meet(sample, surfaces, triangle, eye.position)
    part = surfaces.owners[triangle]
    if surfaces.table[part, COLUMN_MATERIAL] == GROUND:
        _smooth_ground(sample, ground)
    facing = abs(n[0] * ray[0] + n[1] * ray[1] + n[2] * ray[2])
    fp = distance / eye.focal / max(0.35, math.sqrt(facing))
    component, damage = _shade_sample(
        sample, surfaces, part, ground, light, distance, fp
    )
    return component, damage, distance / length


@kernel
def _commonest(owner: NDArray[np.int32], count: int) -> int:
    """Index of the first sample whose part has most samples."""
    best, votes = 0, 0
    for s in range(count):
        same = 0
        for other in range(count):
            same += owner[other] == owner[s]
        if same > votes:
            best, votes = s, same
    return best


@kernel
def _look_up(
    ids: NDArray[np.int32],
    eye: Eye,
    uv: tuple[float, float],
    owners: NDArray[np.int32],
    triangle: NDArray[np.int32],
    owner: NDArray[np.int32],
) -> bool:
    """Triangle and part of each sub-sample; True where all are of one part."""
    rows, columns = ids.shape
    same = True
    for s in range(SUBSAMPLES * SUBSAMPLES):
        u = uv[0] + ((s % SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5) / eye.focal
        v = uv[1] + ((s // SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5) / eye.focal
        c = math.floor(u * eye.ideal_focal + columns / 2)
        r = math.floor(v * eye.ideal_focal + rows / 2)
        triangle[s] = ids[min(max(r, 0), rows - 1), min(max(c, 0), columns - 1)]
        owner[s] = -1 if triangle[s] < 0 else owners[triangle[s]]
        same = same and owner[s] == owner[0]
    return same


@kernel
def new_sample() -> Sample:
    """Empty scratch."""
    three = np.zeros((8, 3))
    two = np.zeros((3, 2))
    return Sample(
        three[0], three[1], three[2], two[0], three[3],
        two[1], two[2], three[4], three[5], three[6],
    )  # fmt: skip


@kernel
def shade(
    ids: NDArray[np.int32],
    surfaces: Surfaces,
    ground: GroundMaps,
    light: Light,
    eye: Eye,
    images: Images,
) -> None:
    """Fill the images: a pixel of one part is shaded once, a mixed one per sample."""
    rows, columns = images.depth_m.shape
    samples = SUBSAMPLES * SUBSAMPLES
    triangle, owner = np.empty(samples, np.int32), np.empty(samples, np.int32)
    classes, depths = np.empty((samples, 2), np.int32), np.empty(samples)
    sample = new_sample()
    for row in range(rows):
        for column in range(columns):
            x = (column + 0.5 - eye.principal[0]) / eye.focal
            y = (row + 0.5 - eye.principal[1]) / eye.focal
            u, v = undistort(x, y, eye.distortion)
            same = _look_up(ids, eye, (u, v), surfaces.owners, triangle, owner)
            count = 1 if same else samples
            for k in range(3):
                images.colour[row, column, k] = 0.0
            for s in range(count):
                ox = 0.0 if same else (s % SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5
                oy = 0.0 if same else (s // SUBSAMPLES + 0.5) / SUBSAMPLES - 0.5
                ideal = (u + ox / eye.focal, v + oy / eye.focal)
                classes[s, 0], classes[s, 1], depths[s] = _trace(
                    sample, surfaces, triangle[s], ground, light, eye, ideal
                )
                for k in range(3):
                    images.colour[row, column, k] += sample.colour[k] / count
            best = _commonest(owner, count)
            part = owner[best]
            images.component[row, column] = classes[best, 0]
            images.damage[row, column] = classes[best, 1]
            images.asset[row, column] = 0 if part < 0 else surfaces.table[part, 2]
            images.depth_m[row, column] = depths[best]
