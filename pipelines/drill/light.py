"""Sun, sky, haze and what keeps them off a point; linear units throughout."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from pipelines.drill.kernel import Array, kernel

LightName = Literal["clear", "low", "overcast", "dusk"]
SUMMER, AUTUMN, WINTER = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Sun and sky of one moment, and the season the plants are in.

    `to_sun` is a unit vector in scene axes; `sun` and `sky` are RGB.
    """

    to_sun: Array
    sun: Array
    sky: Array
    visibility_m: float
    season: int
    wet: float = 0.0


class Light(NamedTuple):
    """What the kernels need: a weather, and a shadow map round the point looked at.

    `shadow` holds distances towards the sun on a grid of `texel_m` in the plane that
    `axes` spans; `origin` is its corner.
    """

    to_sun: Array
    sun: Array
    sky: Array
    season: int
    visibility_m: float
    wet: float
    shadow: Array
    axes: Array
    origin: Array
    texel_m: float


def draw_weather(name: LightName, season: int, rng: np.random.Generator) -> Weather:
    """A clear, low, overcast or dusk sun somewhere in the south of the sky."""
    sun_deg, sun, sky, visibility_m, wet = {
        "clear": ((40, 65), (3.2, 3.0, 2.7), (0.42, 0.55, 0.80), 6000.0, 0.0),
        "low": ((12, 22), (2.6, 1.9, 1.2), (0.34, 0.44, 0.66), 3500.0, 0.0),
        "overcast": ((35, 60), (0.25, 0.25, 0.25), (0.95, 1.0, 1.08), 4500.0, 0.4),
        "dusk": ((4, 7), (0.55, 0.32, 0.18), (0.22, 0.27, 0.42), 2500.0, 0.0),
    }[name]
    up, azimuth = np.radians(rng.uniform(*sun_deg)), np.radians(rng.uniform(110, 250))
    flat = np.cos(up)
    return Weather(
        to_sun=np.array([np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(up)]),
        sun=np.array(sun),
        sky=np.array(sky),
        visibility_m=visibility_m,
        season=season,
        wet=wet,
    )


@kernel
def sky_colour(direction: Array, light: Light, out: Array) -> None:
    """Sky seen along a direction: paler at the horizon, a glow round the sun."""
    sun = light.to_sun
    up = max(0.0, direction[2])
    glow = direction[0] * sun[0] + direction[1] * sun[1] + direction[2] * sun[2]
    glow = max(0.0, glow) ** 24
    for k in range(3):
        band = 0.12 * (0.9 - 0.25 * k) * (1 - up) ** 4 * light.sky[2]
        out[k] = light.sky[k] * (1.25 - 0.65 * up) + band + light.sun[k] * 0.10 * glow


@kernel
def sunlit_share(p: Array, light: Light, bias: float) -> float:
    """Share of sunlight that arrives: weighted 2 x 2 comparison in the shadow map."""
    a, shadow = light.axes, light.shadow
    x = p[0] * a[0, 0] + p[1] * a[0, 1] + p[2] * a[0, 2] - light.origin[0]
    y = p[0] * a[1, 0] + p[1] * a[1, 1] + p[2] * a[1, 2] - light.origin[1]
    z = p[0] * a[2, 0] + p[1] * a[2, 1] + p[2] * a[2, 2] + bias
    x, y = x / light.texel_m - 0.5, y / light.texel_m - 0.5
    if not (1 <= x < shadow.shape[1] - 2 and 1 <= y < shadow.shape[0] - 2):
        return 1.0
    j, i = int(x), int(y)
    fx, fy = x - j, y - i
    total = 0.0
    for r in range(2):
        for c in range(2):
            if shadow[i + r, j + c] <= z:
                total += (fy if r else 1 - fy) * (fx if c else 1 - fx)
    return total


@kernel
def sky_share(p: Array, roof: Array, west: float, south: float, step: float) -> float:
    """Share of the sky not hidden by what stands higher within 3 m.

    Args:
        p: Scene point.
        roof: Height of the uppermost surface on a grid of `step` metres.
        west: x of the grid's first column.
        south: y of its first row.
        step: Metres.
    """
    blocked = 0.0
    for ring in range(2):
        radius = 0.8 if ring == 0 else 3.0
        for k in range(6):
            angle = k * 1.0472 + ring * 0.5
            c = int((p[0] + radius * math.cos(angle) - west) / step)
            r = int((p[1] + radius * math.sin(angle) - south) / step)
            if 0 <= c < roof.shape[1] and 0 <= r < roof.shape[0]:
                rise = (roof[r, c] - p[2] - 0.15) / radius / 1.5
                blocked += min(1.0, max(0.0, rise))
    return 1.0 - 0.75 * blocked / 12


@kernel
def add_haze(colour: Array, depth_m: float, light: Light) -> None:
    """Blend `colour` towards the horizon's; 1/e at the visibility."""
    haze = 1 - math.exp(-depth_m / light.visibility_m)
    for k in range(3):
        colour[k] += haze * (light.sky[k] * 1.1 + 0.04 * light.sun[k] - colour[k])
