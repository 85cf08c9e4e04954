"""What stands around the assets: trees, houses, vehicles, debris."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.drill.ground import FIELDS, FOREST, Ground
from pipelines.drill.labels import Component, Damage, Material
from pipelines.drill.light import SUMMER
from pipelines.drill.scene import Array, Part, Scene, frame, turn

SUMMER_GREENS = ((0.9, 1.0, 0.9), (1.3, 1.25, 1.0), (1.0, 1.2, 0.8))
AUTUMN_TONES = ((0.9, 1.0, 0.9), (3.4, 1.6, 0.8), (3.0, 2.2, 0.9))
ROOF_TONES = ((0.66, 0.68, 0.75), (1.21, 0.62, 0.44), (0.77, 0.99, 1.1))
PAINTS = (
    (1.6, 1.6, 1.6),
    (0.2, 0.2, 0.22),
    (0.7, 0.1, 0.08),
    (0.9, 0.9, 0.95),
    (0.15, 0.25, 0.6),
)
HOUSE_GAP_M = 14.0
Clearing = tuple[Array, float]  # points and the radius round each kept clear


def _tree_places(
    ground: Ground, count: int, rng: np.random.Generator, clear: list[Clearing]
) -> Array:
    """Feet (n, 3) of at most `count` trees where the forest cover says so."""
    x = rng.uniform(ground.x[0] + 5, ground.x[-1] - 5, count * 6)
    y = rng.uniform(ground.y[0] + 5, ground.y[-1] - 5, count * 6)
    keep = rng.random(len(x)) < ground.cover_at(x, y, FOREST) * 0.95 + 0.002
    for points, radius in clear:
        for p in points:
            keep &= np.hypot(x - p[0], y - p[1]) > radius
    x, y = x[keep][:count], y[keep][:count]
    return np.stack([x, y, ground.at(x, y)], axis=1)


def add_trees(
    scene: Scene,
    ground: Ground,
    count: int,
    season: int,
    rng: np.random.Generator,
    *,
    clear: list[Clearing],
) -> None:
    """Cedars as stacked cones, broadleaf crowns as lobes."""
    tones = SUMMER_GREENS if season == SUMMER else AUTUMN_TONES
    foliage = Part(component=Component.VEGETATION, material=Material.FOLIAGE)
    parts = [replace(foliage, tint=t, seed=900 + k) for k, t in enumerate(tones)]
    for foot in _tree_places(ground, count, rng, clear):
        cedar, size = rng.random() < 0.55, float(rng.uniform(0.7, 1.25))
        if cedar:
            _add_cedar(scene, foot, 15 * size, parts[0], rng)
            continue
        for _ in range(3):
            aside = rng.normal(0, 1.5 * size, 2)
            crown = foot + np.array([*aside, rng.uniform(4, 7.5) * size])
            radius = 2.6 * size * rng.uniform(0.7, 1.2)
            part = parts[1 + int(rng.integers(2))]
            scene.blob(crown, np.full(3, radius), part, rng, 0.3)


def _add_cedar(
    scene: Scene, foot: Array, height: float, part: Part, rng: np.random.Generator
) -> None:
    """Three ragged cones."""
    sides = 9
    angle = np.linspace(0, 2 * np.pi, sides + 1)[:-1] + rng.uniform(0, 1)
    for low, high, radius in (
        (0.15, 0.62, 0.17),
        (0.40, 0.82, 0.13),
        (0.62, 1.0, 0.085),
    ):
        r = radius * height * rng.uniform(0.75, 1.2, sides)
        skirt = (low + rng.uniform(-0.03, 0.03, sides)) * height
        ring = foot + np.stack([r * np.cos(angle), r * np.sin(angle), skirt], axis=1)
        tip = np.broadcast_to(foot + np.array([0, 0, high * height]), ring.shape)
        corners = np.stack([ring, np.roll(ring, -1, axis=0), tip], axis=1)
        scene.triangles(corners, corners[:, :, :2], part)


def add_house(
    scene: Scene, at: Array, yaw_deg: float, rng: np.random.Generator
) -> None:
    """A two-storey house with a hipped roof of tiles."""
    w, d, h = rng.uniform(7, 11), rng.uniform(6, 9), rng.uniform(3.2, 6)
    tone = float(rng.uniform(0.7, 1.5))
    wall = Part(
        component=Component.BUILDING,
        material=Material.PLAIN,
        tint=(tone, tone * 0.96, tone * 0.88),
    )
    roof = Part(
        component=Component.BUILDING,
        material=Material.ROOF,
        tint=ROOF_TONES[int(rng.integers(3))],
        seed=int(rng.integers(50)),
    )
    with scene.moved(turn((0, 0, 1), yaw_deg, by=at)):
        scene.box((0, 0, h / 2 - 0.5), (w, d, h + 1), wall)
        glass = replace(wall, tint=(0.12, 0.14, 0.18))
        for side in (-1, 1):
            for x in np.arange(-w / 2 + 1.2, w / 2 - 0.5, 2.2):
                pane = (x, side * (d / 2 + 0.02), h * 0.7)
                scene.box(pane, (1.1, 0.05, 1.1), glass)
        _add_roof(scene, roof, np.array([w / 2 + 0.7, d / 2 + 0.7, h - 0.15]), d * 0.28)


def _add_roof(scene: Scene, part: Part, eave: Array, rise: float) -> None:
    """Two planes and two hips over the eave's half sides and height."""
    ring = np.array([[-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]]) * eave
    ridge = np.array([[-eave[0] / 2, 0, rise], [eave[0] / 2, 0, rise]])
    ridge[:, 2] += eave[2]
    planes = [[ring[0], ring[1], ridge[1], ridge[0]], [ring[2], ring[3], *ridge]]
    scene.quads(planes, part)
    hips = np.array([[ring[1], ring[2], ridge[1]], [ring[3], ring[0], ridge[0]]])
    scene.triangles(hips, hips[:, :, [1, 2]], part)


def add_vehicle(
    scene: Scene, at: Array, heading: Array, rng: np.random.Generator, *, lorry: bool
) -> None:
    """A car of 4.4 m or a lorry of 8 m."""
    length, width = (8.0, 2.3) if lorry else (4.4, 1.75)
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    body = Part(material=Material.PLAIN, tint=paint)
    dark = replace(body, tint=(0.05, 0.06, 0.08))
    with scene.moved(frame(at, heading)):
        scene.box((0, 0, 0.55), (length, width, 0.65), body)
        if lorry:
            load = replace(body, tint=(1.4, 1.4, 1.35))
            scene.box((-1.0, 0, 1.9), (5.6, width, 2.2), load)
            scene.box((3.0, 0, 1.5), (1.7, width, 1.5), body)
            scene.box((3.6, 0, 1.8), (0.55, width * 0.95, 0.7), dark)
        else:
            cabin = [[-1.25, -0.75], [1.0, -0.75], [1.0, 0.75], [-1.25, 0.75]]
            scene.prism(np.array(cabin), (-0.15, 0, 1.15), 0.55, dark, taper=0.8)
            scene.box((-0.25, 0, 1.44), (1.6, 1.2, 0.04), body)
        for x in (0.8 - length / 2, length / 2 - 0.8):
            scene.box((x, 0, 0.3), (0.62, width + 0.04, 0.6), dark)


def add_debris(
    scene: Scene,
    ground: Ground,
    centre: Array,
    radius: float,
    count: int,
    rng: np.random.Generator,
) -> None:
    """Boulders, and broken trunks, strewn over a slide or a road."""
    rock = Part(
        component=Component.SLOPE, material=Material.ROCK, damage=Damage.DEBRIS, seed=77
    )
    wood = replace(
        rock,
        component=Component.VEGETATION,
        material=Material.PLAIN,
        tint=(0.28, 0.19, 0.12),
    )
    for _ in range(count):
        angle, r = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.random())
        x, y = centre[0] + r * np.cos(angle), centre[1] + r * np.sin(angle)
        z, s = float(ground.at(x, y)), float(rng.gamma(1.6, 0.35)) + 0.15
        if rng.random() < 0.75:
            radii = s * np.array([1, rng.uniform(0.6, 1), rng.uniform(0.5, 0.8)])
            scene.blob((x, y, z + 0.2 * s), radii, rock, rng, 0.3)
        else:
            d = rng.normal(0, 1, 2)
            d *= rng.uniform(2, 5) / np.linalg.norm(d)
            tip = (x + d[0], y + d[1], float(ground.at(x + d[0], y + d[1])) + 0.4)
            scene.beam((x, y, z + 0.3), tip, (0.28, 0.28), wood)


def village(
    ground: Ground, count: int, rng: np.random.Generator, roads: list[Array]
) -> list[tuple[Array, float]]:
    """Where houses stand: on the plain beside a road; position and yaw in degrees."""
    found: list[tuple[Array, float]] = []
    for _ in range(count * 30):
        road = roads[int(rng.integers(len(roads)))]
        k = int(rng.integers(len(road) - 1))
        step = (road[k + 1] - road[k])[:2]
        d = step / np.linalg.norm(step)
        aside = float(rng.choice([-1, 1]) * rng.uniform(12, 38))
        p = road[k, :2] + rng.uniform(0, 1) * step + np.array([-d[1], d[0]]) * aside
        free = all(np.hypot(*(p - at[:2])) > HOUSE_GAP_M for at, _ in found)
        x, y = float(p[0]), float(p[1])
        on_plain = ground.inside(x, y) and ground.cover_at(x, y, FIELDS) > 0.4
        if free and on_plain:
            foot = np.array([*p, float(ground.at(*p))])
            found.append((foot, float(np.degrees(np.arctan2(d[1], d[0])))))
        if len(found) == count:
            break
    return found
