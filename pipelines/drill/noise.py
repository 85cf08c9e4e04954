"""Seeded value noise that stops at the pixel footprint: textures never alias."""

from __future__ import annotations

import math

from pipelines.drill.kernel import kernel


@kernel
def lattice(ix: int, iy: int, seed: int) -> float:
    """A number in [0, 1) for an integer point; 32-bit integers only: portable."""
    h = (ix * 374761393 + iy * 668265263 + seed * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 2246822519) & 0xFFFFFFFF
    return ((h ^ (h >> 15)) & 0xFFFFFF) / 16777216.0


@kernel
def value(x: float, y: float, seed: int) -> float:
    """Smooth noise in [-1, 1] with features of size 1."""
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    ix, iy = int(ix), int(iy)
    top = lattice(ix, iy, seed) * (1 - fx) + lattice(ix + 1, iy, seed) * fx
    bottom = lattice(ix, iy + 1, seed) * (1 - fx) + lattice(ix + 1, iy + 1, seed) * fx
    return 2 * (top * (1 - fy) + bottom * fy) - 1


@kernel
def fbm(
    x: float, y: float, seed: int, wavelength: float, octaves: int, footprint: float
) -> float:
    """Fractal noise, about -1 to 1; octaves below two footprints are faded out."""
    total, amplitude = 0.0, 0.55
    for octave in range(octaves):
        visible = min(1.0, wavelength / (2 * footprint + 1e-9) - 1.0)
        if visible <= 0:
            break
        total += (
            amplitude
            * visible
            * value(
                x / wavelength + 17.3 * octave,
                y / wavelength - 9.1 * octave,
                seed + octave,
            )
        )
        amplitude *= 0.55
        wavelength *= 0.47
    return total


@kernel
def smoothstep(low: float, high: float, x: float) -> float:
    """0 below `low`, 1 above `high`, smooth between."""
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@kernel
def line_coverage(x: float, period: float, width: float, footprint: float) -> float:
    """Share of a footprint covered by lines of `width` at multiples of `period`."""
    d = abs(x - period * math.floor(x / period + 0.5))
    half = footprint / 2
    return max(0.0, min(d + half, width / 2) - max(d - half, -width / 2)) / max(
        footprint, 1e-9
    )
