"""What surfaces are made of: colour at a point, never finer than the pixel.

Every function writes the linear albedo into `sample.albedo`. `fp` is the footprint: the
width in metres that one pixel covers on the surface.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from pipelines.drill.kernel import Array, kernel
from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.noise import fbm, lattice, line_coverage, smoothstep, value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUND, WATER = int(Material.GROUND), int(Material.WATER)
CONCRETE, ASPHALT = int(Material.CONCRETE), int(Material.ASPHALT)
PAINTED, GALVANISED = int(Material.PAINTED_STEEL), int(Material.GALVANISED)
ROCK, SOIL, ROOF = int(Material.ROCK), int(Material.SOIL), int(Material.ROOF)
FOLIAGE, GRASS = int(Material.FOLIAGE), int(Material.GRASS)
C_SLOPE, C_VEGETATION = int(Component.SLOPE), int(Component.VEGETATION)
D_DEBRIS, D_DISTRACTOR = int(Damage.DEBRIS), int(Damage.DISTRACTOR)
LABELLED_COVERAGE = 0.2  # a thin thing is its class from this share of the pixel on
COLUMN_MATERIAL, COLUMN_SEED = 3, 4  # of `Surfaces.table`


class Surfaces(NamedTuple):
    """A frozen scene as the kernels read it.

    corners (n, 3, 3) and uvs (n, 3, 2) in metres; owners (n,) is the part of each
    triangle; table (parts, 7) holds component, damage, asset, material, seed and the
    first and last row of its decals; tints (parts, 5) RGB, wear, 1 for a public road;
    decals (m, 13): kind, damage, centre, u, v, seed, reach.
    """

    corners: Array
    uvs: Array
    owners: NDArray[np.int32]
    table: NDArray[np.int64]
    tints: Array
    decals: Array


class GroundMaps(NamedTuple):
    """Height, cover and roof (what is uppermost) on grids that share a corner."""

    height: Array
    cover: Array
    roof: Array
    west: float
    south: float
    step_m: float
    roof_step_m: float
    crops: bool


class Sample(NamedTuple):
    """Scratch of one ray: where it meets the scene, and what is found there."""

    ray: Array
    point: Array
    normal: Array
    uv: Array
    albedo: Array
    bump: Array
    relief: Array
    mirror: Array
    reflected: Array
    colour: Array


@kernel
def grid_value(field: Array, x: float, y: float, ground: GroundMaps) -> float:
    """Bilinear value of a map of the ground at a scene point."""
    c, r = (x - ground.west) / ground.step_m, (y - ground.south) / ground.step_m
    c = min(max(c, 0.0), field.shape[1] - 1.001)
    r = min(max(r, 0.0), field.shape[0] - 1.001)
    i, j = int(r), int(c)
    fr, fc = r - i, c - j
    low = field[i, j] * (1 - fc) + field[i, j + 1] * fc
    high = field[i + 1, j] * (1 - fc) + field[i + 1, j + 1] * fc
    return float(low * (1 - fr) + high * fr)


@kernel
def _pores(uv: Array, seed: int, fp: float) -> float:
    """Share of the footprint in a blow-hole: 2 to 9 mm, in a third of 7 cm cells."""
    cell = 0.07
    iu, iv = math.floor(uv[0] / cell), math.floor(uv[1] / cell)
    if lattice(iu, iv, seed + 50) > 0.33:
        return 0.0
    radius = 0.002 + 0.007 * lattice(iu, iv, seed + 51) ** 3
    du = uv[0] - (iu + 0.2 + 0.6 * lattice(iu, iv, seed + 52)) * cell
    dv = uv[1] - (iv + 0.2 + 0.6 * lattice(iu, iv, seed + 53)) * cell
    inside = (radius - math.hypot(du, 1.3 * dv)) / max(fp, 1e-6) + 0.5
    return min(1.0, max(0.0, inside)) * min(1.0, (2 * radius / max(fp, 1e-6)) ** 2)


@kernel
def paint_concrete(sample: Sample, wear: float, seed: int, fp: float) -> float:
    """Formwork panels, pores, drip stains; returns the coverage of joints."""
    u, v = sample.uv[0], sample.uv[1]
    steep = 1.0 if abs(sample.normal[2]) < 0.6 else 0.0
    panel = lattice(math.floor(u / 1.8), math.floor(v / 0.9), seed)
    tone = 0.40 + 0.035 * (panel - 0.5) + 0.05 * fbm(u, v, seed + 5, 3.0, 5, fp)
    tone += 0.03 * fbm(u, v, seed + 6, 0.06, 3, fp)
    joint = max(line_coverage(u, 1.8, 0.006, fp), line_coverage(v, 0.9, 0.006, fp))
    joint *= smoothstep(0.45, 0.5, lattice(seed, 1, 5) * 0.5 + 0.3)
    tone *= 1 - 0.55 * joint
    drip = fbm(u, v * 0.06, seed + 9, 0.7, 4, fp) * steep
    dirt = wear * max(0.0, drip + 0.15) * 1.1
    dirt += wear * 0.25 * max(0.0, fbm(u, v, seed + 21, 6.0, 3, fp))
    tone += 0.03 * fbm(u, v * 0.03, seed + 31, 0.09, 3, fp) * steep
    tone += 0.04 * fbm(u, v, seed + 33, 0.5, 4, fp)
    if fp < 0.02:
        tone *= 1 - 0.7 * _pores(sample.uv, seed, fp)
    for k in range(3):
        clean = 1 - min(0.75, dirt) * (0.8 + 0.1 * k)
        sample.albedo[k] = tone * (1.0 - 0.035 * k) * clean
    return joint


@kernel
def paint_asphalt(
    sample: Sample, wear: float, seed: int, fp: float, markings: float
) -> None:
    """Wheel tracks and, on a public road, edge and centre lines."""
    u, v, albedo = sample.uv[0], sample.uv[1], sample.albedo
    tone = 0.085 + 0.02 * fbm(u, v, seed, 4.0, 4, fp)
    tone += 0.03 * fbm(u, v, seed + 4, 0.05, 2, fp)
    tone *= 1 - 0.15 * math.exp(-(((abs(v) - 1.6) / 0.7) ** 2))
    for k in range(3):
        albedo[k] = tone
    if markings > 0:
        line = line_coverage(v - 3.0, 6.0, 0.15, fp)
        if u - 10 * math.floor(u / 10) < 5 and abs(v) < 0.5:
            line = max(line, line_coverage(v, 100.0, 0.15, fp))
        line *= 1 - 0.6 * wear * max(0.0, fbm(u, v, seed + 8, 0.4, 3, fp) + 0.4)
        for k in range(3):
            albedo[k] += line * (0.62 - albedo[k])


@kernel
def paint_steel(
    sample: Sample, wear: float, seed: int, fp: float, material: int
) -> float:
    """Paint or zinc with rust by wear; returns the gloss."""
    u, v = sample.uv[0], sample.uv[1]
    rust = fbm(u, v, seed, 1.2, 5, fp) * 0.7 + wear - 0.25
    rust = smoothstep(0.25, 0.5, rust)
    base = (
        0.36 + 0.05 * fbm(u, v, seed + 2, 2.0, 3, fp)
        if material == GALVANISED
        else 0.45
    )
    for k in range(3):
        sample.albedo[k] = base * (1 - rust) + (0.17, 0.07, 0.03)[k] * rust
    return 0.15 * (1 - rust)


@kernel
def paint_rock(sample: Sample, seed: int, fp: float) -> None:
    """Riprap: cells of 0.9 m, each a stone with its own tone."""
    cell, best, tone = 0.9, 9.0, 0.0
    x, y = sample.point[0], sample.point[1]
    iu, iv = math.floor(x / cell), math.floor(y / cell)
    for a in range(-1, 2):
        for b in range(-1, 2):
            dx = x - (iu + a + lattice(iu + a, iv + b, seed)) * cell
            dy = y - (iv + b + lattice(iu + a, iv + b, seed + 1)) * cell
            if dx * dx + dy * dy < best:
                best, tone = dx * dx + dy * dy, lattice(iu + a, iv + b, seed + 2)
    shade = (0.6 + 0.6 * tone) * (1.15 - 0.9 * min(1.0, best / 0.3))
    shade *= 1 + 0.3 * fbm(x, y, seed + 4, 0.4, 3, fp)
    for k in range(3):
        sample.albedo[k] = (0.30, 0.285, 0.26)[k] * shade


@kernel
def paint_soil(sample: Sample, seed: int, fp: float) -> None:
    """Bare earth."""
    p = sample.point
    tone = 0.85 + 0.7 * fbm(p[0], p[1] + p[2], seed, 3.0, 6, fp)
    for k in range(3):
        sample.albedo[k] = (0.25, 0.165, 0.095)[k] * tone


@kernel
def paint_foliage(sample: Sample, seed: int, fp: float) -> None:
    """Leaves of a crown."""
    p = sample.point
    leaf = fbm(p[0] + 0.6 * p[2], p[1] - 0.4 * p[2], seed, 0.8, 5, fp)
    for k in range(3):
        sample.albedo[k] = (0.055, 0.082, 0.026)[k] * (1 + 1.5 * leaf)


@kernel
def paint_roof(sample: Sample, seed: int, fp: float) -> None:
    """Rows of tiles 27 cm deep."""
    u, v = sample.uv[0], sample.uv[1]
    tone = 0.3 * (1 - 0.5 * line_coverage(v, 0.27, 0.05, fp))
    tone *= 1 + 0.2 * fbm(u, v, seed, 1.5, 4, fp)
    for k in range(3):
        sample.albedo[k] = tone


@kernel
def paint_grass(sample: Sample, seed: int, season: int, fp: float) -> None:
    """Mown grass of a dam's slope."""
    x, y = sample.point[0], sample.point[1]
    tone = 1 + 0.5 * fbm(x, y, seed + 41, 1.6, 5, fp)
    tone += 0.3 * fbm(x, y, seed, 12.0, 3, fp)
    for k in range(3):
        green = (0.085, 0.12, 0.035)[k] if season == 0 else (0.17, 0.14, 0.06)[k]
        sample.albedo[k] = green * tone


@kernel
def _paint_meadow(albedo: Array, season: int, tone: float) -> None:
    """Grass and weeds where nothing else grows."""
    for k in range(3):
        if season == 0:
            green = (0.075, 0.115, 0.032)[k]
        elif season == 1:
            green = (0.16, 0.13, 0.05)[k]
        else:
            green = (0.17, 0.15, 0.09)[k]
        albedo[k] = green * tone


@kernel
def _paint_paddy(
    p: Array, albedo: Array, seed: int, season: int, fine: float, fp: float
) -> None:
    """Paddies of 42 x 22 m between bunds: green or ripe, some of them bare."""
    u, v = p[0] + 6 * value(p[0] / 90, p[1] / 90, seed), p[1]
    iu, iv = math.floor(u / 42), math.floor(v / 22)
    kind = lattice(iu, iv, seed + 11)
    rows = 0.5 + 0.5 * math.sin(v * 2 * math.pi / 0.9) if fp < 0.3 else 0.5
    bund = abs(u - 42 * (iu + 0.5)) > 19.9 or abs(v - 22 * (iv + 0.5)) > 10.5
    for k in range(3):
        if bund:
            albedo[k] = (0.10, 0.11, 0.05)[k] * (1 + 0.4 * fine)
        elif kind < 0.6:
            crop = (0.07, 0.13, 0.03)[k] if season == 0 else (0.24, 0.19, 0.07)[k]
            tone = 0.75 + 0.3 * rows + 0.15 * fine + 0.4 * (kind - 0.3)
            albedo[k] = crop * tone
        else:
            albedo[k] = (0.16, 0.12, 0.08)[k] * (0.8 + 0.3 * rows + 0.3 * fine)


@kernel
def _crowns(p: Array, seed: int, relief: Array) -> float:
    """Undergrowth between modelled trees: rounded cells that tilt `relief`; 0..1."""
    size, best = 1.9, 9.0
    x = p[0] / size + 0.35 * value(p[0] / 0.8, p[1] / 0.8, seed + 5)
    y = p[1] / size + 0.35 * value(p[0] / 0.7, p[1] / 0.7, seed + 6)
    iu, iv = math.floor(x), math.floor(y)
    for a in range(-1, 2):
        for b in range(-1, 2):
            dx = x - iu - a - lattice(iu + a, iv + b, seed)
            dy = y - iv - b - lattice(iu + a, iv + b, seed + 1)
            d2 = dx * dx + dy * dy
            if d2 < best:
                best = d2
                relief[0], relief[1] = 0.6 * dx, 0.6 * dy
    return max(0.0, 1 - 1.3 * best)


@kernel
def _paint_gravel(p: Array, albedo: Array, seed: int, coarse: float, fp: float) -> None:
    """River gravel with scrub on it."""
    stone = fbm(p[0], p[1], seed + 50, 0.5, 4, fp)
    scrub = smoothstep(0.15, 0.45, fbm(p[0], p[1], seed + 52, 14.0, 4, fp))
    for k in range(3):
        bare = (0.27, 0.26, 0.23)[k] * (0.9 + 0.45 * stone + 0.15 * coarse)
        albedo[k] = (1 - scrub) * bare + scrub * albedo[k] * 0.9


@kernel
def paint_ground(
    sample: Sample, ground: GroundMaps, seed: int, season: int, fp: float
) -> tuple[int, int]:
    """Meadow, forest floor, paddies, gravel, rock or a slide: component and damage."""
    p, albedo = sample.point, sample.albedo
    cover, x, y = ground.cover, p[0], p[1]
    coarse = fbm(x, y, seed + 40, 25.0, 5, fp)
    fine = fbm(x, y, seed + 41, 1.6, 8, fp)
    _paint_meadow(albedo, season, (1 + 0.5 * fine) * (0.8 + 0.35 * coarse))
    crops = ground.crops and grid_value(cover[:, :, 2], x, y, ground) > 0.5
    if crops:
        _paint_paddy(p, albedo, seed, season, fine, fp)
    forest = grid_value(cover[:, :, 0], x, y, ground) + 0.25 * fine + 0.3 * coarse
    if forest > 0.3:
        crown = _crowns(p, seed + 44, sample.relief)
        for k in range(3):
            tone = (0.45 + 0.6 * crown + 0.8 * fine) * (1 + 0.7 * coarse)
            albedo[k] = (0.036, 0.054, 0.020)[k] * tone
    if grid_value(cover[:, :, 1], x, y, ground) + 0.3 * fine > 0.5:
        _paint_gravel(p, albedo, seed, coarse, fp)
    if 1 - sample.normal[2] + 0.15 * fine > 0.38:
        crag = fbm(x + p[2], y - p[2], seed + 60, 6.0, 6, fp)
        for k in range(3):
            albedo[k] = (0.22, 0.20, 0.17)[k] * (0.9 + 0.7 * crag)
    if grid_value(cover[:, :, 3], x, y, ground) + 0.35 * fine > 0.45:
        lump = fbm(x, y, seed + 70, 3.0, 6, fp)
        for k in range(3):
            albedo[k] = (0.25, 0.165, 0.095)[k] * (0.85 + 0.7 * lump)
        return C_SLOPE, D_DEBRIS
    return (C_VEGETATION if forest > 0.3 or crops else C_SLOPE), 0


@kernel
def _paint_mineral(
    sample: Sample, surfaces: Surfaces, part: int, fp: float
) -> tuple[int, float]:
    """Concrete, asphalt, rock, soil, tiles and plain paint: damage and roughness."""
    material, seed = (
        surfaces.table[part, COLUMN_MATERIAL],
        surfaces.table[part, COLUMN_SEED],
    )
    damage, wear = surfaces.table[part, 1], surfaces.tints[part, 3]
    roughness = 0.0
    if material == CONCRETE:
        joint = paint_concrete(sample, wear, seed, fp)
        if damage == 0 and joint >= LABELLED_COVERAGE:
            damage = D_DISTRACTOR
    elif material == ASPHALT:
        paint_asphalt(sample, wear, seed, fp, surfaces.tints[part, 4])
    elif material == ROCK:
        paint_rock(sample, seed, fp)
        roughness = 0.8
    elif material == SOIL:
        paint_soil(sample, seed, fp)
        roughness = 0.8
    elif material == ROOF:
        paint_roof(sample, seed, fp)
    else:
        sample.albedo[:] = 0.0 if material == WATER else 0.5
    return damage, roughness


@kernel
def paint(
    sample: Sample,
    surfaces: Surfaces,
    part: int,
    ground: GroundMaps,
    season: int,
    fp: float,
) -> tuple[int, int, float, float]:
    """Albedo of a part at the sample: component, damage, roughness and gloss."""
    table = surfaces.table
    material, seed = table[part, COLUMN_MATERIAL], table[part, COLUMN_SEED]
    component, damage = table[part, 0], table[part, 1]
    roughness, gloss = 0.0, 0.0
    if material == GROUND:
        component, over = paint_ground(sample, ground, seed, season, fp)
        damage, roughness = max(damage, over), 0.5
        sample.normal[0] += sample.relief[0]
        sample.normal[1] += sample.relief[1]
    elif material in (PAINTED, GALVANISED):
        wear = surfaces.tints[part, 3]
        gloss = paint_steel(sample, wear, seed, fp, material)
    elif material == FOLIAGE:
        paint_foliage(sample, seed, fp)
        roughness = 2.6
    elif material == GRASS:
        paint_grass(sample, seed, season, fp)
        roughness = 0.5
    else:
        damage, roughness = _paint_mineral(sample, surfaces, part, fp)
    for k in range(3):
        tinted = sample.albedo[k] * surfaces.tints[part, k]
        sample.albedo[k] = max(0.004, tinted)
    return component, damage, roughness, gloss
