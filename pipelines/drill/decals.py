"""Marks with an area: spalls, wet spots, stains, patches in a surface's plane."""

from __future__ import annotations

import math

from pipelines.drill.kernel import Array, kernel
from pipelines.drill.labels import DecalKind
from pipelines.drill.materials import LABELLED_COVERAGE, Sample
from pipelines.drill.noise import fbm, line_coverage, smoothstep, value

SPALL, WET, STAIN = int(DecalKind.SPALL), int(DecalKind.WET), int(DecalKind.STAIN)
OVERHANG = 1.6  # a ragged mark reaches this many half axes
BARS_SHOW_M = 0.15  # half width from which a spall is deep enough for bars


@kernel
def _spall(
    sample: Sample, s: float, t: float, edge: float, half_m: float, seed: int, fp: float
) -> None:
    """Broken concrete with bars at 150 x 200 mm where it is deep."""
    albedo = sample.albedo
    rough = fbm(s, t, seed + 3, 0.10, 4, fp)
    depth = min(1.0, edge * 3)
    for k in range(3):
        tone = (0.72 + 0.55 * rough) * (1 - 0.25 * depth)
        albedo[k] = (0.33, 0.295, 0.25)[k] * tone
    sample.bump[0] += 0.6 * rough + (0.5 if edge < 0.15 else 0.0)
    if edge > 0.22 and half_m > BARS_SHOW_M:
        bar = line_coverage(s, 0.15, 0.022, fp)
        bar = max(bar, 0.9 * line_coverage(t, 0.20, 0.016, fp))
        rust = 0.8 + 0.6 * value(s / 0.03, t / 0.03, seed + 5)
        for k in range(3):
            albedo[k] += bar * ((0.15, 0.065, 0.03)[k] * rust - albedo[k])


@kernel
def _wet(sample: Sample, edge: float) -> None:
    """Darker and glossier."""
    amount = smoothstep(0, 0.5, edge)
    for k in range(3):
        sample.albedo[k] *= 1 - 0.55 * amount
    sample.bump[1] = max(sample.bump[1], 0.35 * amount)


@kernel
def _stain(sample: Sample, edge: float, seed: int) -> float:
    """Rust (odd seed) or lime (even); returns how strongly it covers."""
    rust = seed % 2 == 1
    amount = 0.6 * smoothstep(0, 0.6, edge)
    albedo = sample.albedo
    for k in range(3):
        target = (0.16, 0.085, 0.04)[k] if rust else 0.55 - 0.05 * k
        if rust:
            albedo[k] += amount * (target - albedo[k])
        else:
            albedo[k] = amount * (target - albedo[k]) + albedo[k]
    return amount


@kernel
def _patch(sample: Sample, s: float, t: float, seed: int, fp: float) -> None:
    """Earth over a surface."""
    tone = 0.9 + 0.7 * fbm(s, t, seed + 3, 2.5, 6, fp)
    for k in range(3):
        sample.albedo[k] = (0.24, 0.165, 0.10)[k] * tone
    sample.bump[0] += 0.8 * fbm(s, t, seed + 9, 1.5, 4, fp)


@kernel
def _apply(
    sample: Sample,
    decal: Array,
    s: float,
    t: float,
    half: tuple[float, float],
    fp: float,
) -> int:
    """Paint one decal at (s, t) metres from its middle; its damage class, or -1."""
    kind, damage, seed = int(decal[0]), int(decal[1]), int(decal[11])
    ragged = 0.45 * fbm(s, t, seed, min(half[0], half[1]) * 1.2, 5, fp)
    edge = 1 - math.hypot(s / half[0], t / half[1]) + ragged
    if edge <= 0:
        if kind == SPALL and edge > -0.12:  # a pale rim
            for k in range(3):
                sample.albedo[k] *= 1 + 0.25 * (1 + edge / 0.12)
        return -1
    if kind == SPALL:
        _spall(sample, s, t, edge, half[0], seed, fp)
    elif kind == WET:
        _wet(sample, edge)
    elif kind == STAIN:
        if _stain(sample, edge, seed) < LABELLED_COVERAGE:
            return -1
    else:
        _patch(sample, s, t, seed, fp)
    return damage if damage > 0 else -1


@kernel
def paint_decals(
    sample: Sample, decals: Array, first: int, last: int, fp: float
) -> int:
    """Apply the decals of rows `first` to `last` - 1: the damage class found, or -1."""
    found, p = -1, sample.point
    for k in range(first, last):
        d = decals[k]
        dx, dy, dz = p[0] - d[2], p[1] - d[3], p[2] - d[4]
        u = math.sqrt(d[5] ** 2 + d[6] ** 2 + d[7] ** 2)
        v = math.sqrt(d[8] ** 2 + d[9] ** 2 + d[10] ** 2)
        s = (dx * d[5] + dy * d[6] + dz * d[7]) / u
        t = (dx * d[8] + dy * d[9] + dz * d[10]) / v
        off_plane2 = dx * dx + dy * dy + dz * dz - s * s - t * t
        far = abs(s) > OVERHANG * u or abs(t) > OVERHANG * v
        if far or off_plane2 > d[12] ** 2:
            continue
        damage = _apply(sample, d, s, t, (u, v), fp)
        if damage > 0:
            found = damage
    return found
