"""Windows of 512 pixels with exact labels of what they show, to train on.

OUT/images/<stem>.jpg, OUT/damage/<stem>.png, OUT/component/<stem>.png (class indices,
255 is ignored) and OUT/tiles.json: {stem: {seed, gsd_m, kind, grade, view}}.
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from data.errors import UsageError
from pipelines.drill.aims import draw_shot, targets
from pipelines.drill.evident import IGNORE, evident_damage
from pipelines.drill.light import LightName, draw_weather
from pipelines.drill.render import Picture, take_picture
from pipelines.drill.scenario import Scenario
from pipelines.drill.sensor import Sensor, develop, draw_sensor
from pipelines.drill.wall import wall, wall_view
from pipelines.drill.world import World, build_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

TILE_PX, JPEG_QUALITY, SHADOW_PX = 512, 92, 1024
PER_WORLD, WALLS_PER_WORLD = 24, 4
FIRST_TRAINING_SEED = 10_000  # below it are the seeds of demos and exercises
THIN_IGNORED = (1, 51)  # of 255: a thin thing's coverage too small for its label
DAMAGES = (
    "crack", "spall", "displacement", "deformation", "collapse", "debris", "seepage",
    "broken_conductor",
)  # fmt: skip
WHOLES = (
    "bridge", "dam", "tower", "conductor", "insulator", "road", "water", "slope",
    "vegetation", "building", "distractor", "bridge", "dam", "tower", "conductor",
    "bridge", "dam", "tower", "conductor", "insulator",
)  # fmt: skip
LIGHTS: tuple[LightName, ...] = ("clear", "low", "overcast", "dusk")
LIGHT_CHANCES = (0.42, 0.2, 0.3, 0.08)
WALL_LIGHT_CHANCES = (0.4, 0.2, 0.4, 0.0)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One window: sRGB bytes, its truth, and its line in tiles.json."""

    stem: str
    pixels: NDArray[np.uint8]
    picture: Picture
    about: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What one process draws at a time: some tiles of one world."""

    out: str
    seed: int
    count: int


def tile_scenario(seed: int) -> Scenario:
    """A world for tiles: grades in turn and at random, so that every class appears."""
    rng = np.random.default_rng([seed, 20])
    towers = rng.permutation([0, int(rng.integers(3)), 3, 4])
    spans = rng.permutation([0, int(rng.choice([2, 3])), int(rng.choice([3, 4]))])
    return Scenario(
        seed=seed,
        bridge_grade=seed % 5,
        dam_grade=int(rng.integers(5)),
        dam_kind="gravity" if seed // 5 % 2 else "embankment",
        tower_grades=tuple(int(g) for g in towers),
        span_grades=tuple(int(g) for g in spans),
        truss=bool(rng.random() < 0.5),
        season=int(rng.integers(3)),
        trees=2600,
    )


def labels_of(tile: Tile) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Damage that can be seen, and component; IGNORE where neither can be told.

    A pixel that a thin thing touches but does not own belongs to nothing.
    """
    picture, about = tile.picture, tile.about
    damage = evident_damage(picture, gsd_m=about["gsd_m"], view=about["view"])
    component = picture.component.copy()
    low, high = THIN_IGNORED
    barely = (picture.thin >= low) & (picture.thin < high)
    damage[barely] = component[barely] = IGNORE
    return damage, component


def _grade_of(kind: str, scenario: Scenario) -> int:
    """The grade of the asset that a kind of window is about, 0 where there is none."""
    grades = {
        "bridge": scenario.bridge_grade,
        "dam": scenario.dam_grade,
        "tower": max(scenario.tower_grades),
        "conductor": max(scenario.span_grades),
    }
    return grades.get(kind, 0)


def _valley_tiles(scenario: Scenario, world: World, count: int) -> Iterator[Tile]:
    """Windows on damage and on what is whole, in turn."""
    seed, frozen = scenario.seed, world.frozen
    found, rng = targets(frozen), np.random.default_rng([scenario.seed, 21])
    pools = [rng.permutation([n for n in p if n in found]) for p in (DAMAGES, WHOLES)]
    for k in range(count):
        kind = str(pools[k % 2][(k // 2 + seed) % len(pools[k % 2])])
        rng = np.random.default_rng([seed, 22, k])
        shot = draw_shot(frozen, kind, found[kind], TILE_PX, rng)
        if shot is None:
            continue
        light = LIGHTS[int(rng.choice(4, p=LIGHT_CHANCES))]
        weather = draw_weather(light, scenario.season, rng)
        picture = take_picture(
            frozen, shot.pose, shot.lens, weather, shadow_px=SHADOW_PX
        )
        sensor = draw_sensor(rng, bad=float(rng.random()) ** 4)
        yield Tile(
            stem=f"{seed:06d}-{k:02d}",
            pixels=develop(picture.colour, sensor, rng),
            picture=picture,
            about={
                "seed": seed,
                "gsd_m": round(shot.gsd_m, 5),
                "kind": kind,
                "grade": _grade_of(kind, scenario),
                "view": shot.view,
            },
        )


def _wall_sensor(rng: np.random.Generator) -> Sensor:
    """Walls fill the frame and are exposed brightly."""
    sensor = draw_sensor(rng, bad=float(rng.random()) ** 3)
    brighter = sensor.exposure_ev + float(rng.uniform(0.2, 1.2))
    return replace(sensor, exposure_ev=brighter)


def _wall_tiles(seed: int, count: int) -> Iterator[Tile]:
    """Close windows on one wall."""
    frozen, rng = wall(seed), np.random.default_rng([seed, 12])
    for k in range(count):
        pose, lens, gsd_m = wall_view(TILE_PX, rng)
        light = LIGHTS[int(rng.choice(4, p=WALL_LIGHT_CHANCES))]
        weather = draw_weather(light, int(rng.integers(3)), rng)
        picture = take_picture(frozen, pose, lens, weather, shadow_px=SHADOW_PX // 2)
        yield Tile(
            stem=f"{seed:06d}-w{k}",
            pixels=develop(picture.colour, _wall_sensor(rng), rng),
            picture=picture,
            about={
                "seed": seed,
                "gsd_m": round(gsd_m, 5),
                "kind": "wall",
                "grade": 1,
                "view": "level",
            },
        )


def _write_tile(out: Path, tile: Tile) -> None:
    """Image and labels."""
    damage, component = labels_of(tile)
    image = Image.fromarray(tile.pixels)
    path = out / "images" / f"{tile.stem}.jpg"
    image.save(path, quality=JPEG_QUALITY, subsampling=2)
    Image.fromarray(damage).save(out / "damage" / f"{tile.stem}.png", optimize=False)
    Image.fromarray(component).save(out / "component" / f"{tile.stem}.png")


def _draw_world(job: _Job) -> dict[str, dict[str, Any]]:
    """Draw and write the tiles of one world; its lines of tiles.json."""
    cv2.setNumThreads(1)
    walls = min(WALLS_PER_WORLD, job.count // 6)
    scenario, index = tile_scenario(job.seed), {}
    world = build_world(scenario)
    for tile in _valley_tiles(scenario, world, job.count - walls):
        _write_tile(Path(job.out), tile)
        index[tile.stem] = tile.about
    for tile in _wall_tiles(job.seed, walls):
        _write_tile(Path(job.out), tile)
        index[tile.stem] = tile.about
    return index


def _drawn(jobs: list[_Job], workers: int) -> Iterator[dict[str, dict[str, Any]]]:
    """The worlds' lines of tiles.json, in order."""
    if workers == 1:
        yield from map(_draw_world, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw_world, jobs)


def worlds_for(count: int) -> int:
    """How many worlds so many tiles are taken of."""
    return -(-count // PER_WORLD)


def write_tiles(
    out: Path,
    *,
    count: int,
    first_seed: int,
    workers: int,
    on_world: Callable[[], None] = lambda: None,
) -> int:
    """Write up to `count` tiles; a window without a free view is left out.

    Args:
        out: New or existing folder.
        count: Tiles wanted; 24 are taken of each world.
        first_seed: World k has the seed `first_seed` + k; at least 10,000, so that no
            tile shows the world of a demo.
        workers: Processes; the bytes do not depend on it.
        on_world: Called after each world.

    Returns:
        Number of tiles written.

    Raises:
        UsageError: If the first seed is below 10,000.
    """
    if first_seed < FIRST_TRAINING_SEED:
        raise UsageError(
            f"seed {first_seed}: seeds below {FIRST_TRAINING_SEED} belong to drills; "
            f"give --seed {FIRST_TRAINING_SEED} or more"
        )
    for name in ("images", "damage", "component"):
        (out / name).mkdir(parents=True, exist_ok=True)
    jobs = [
        _Job(
            out=str(out),
            seed=first_seed + k,
            count=min(PER_WORLD, count - k * PER_WORLD),
        )
        for k in range(worlds_for(count))
    ]
    index: dict[str, dict[str, Any]] = {}
    for part in _drawn(jobs, workers):
        index |= part
        on_world()
    text = json.dumps(index, indent=1, sort_keys=True)
    (out / "tiles.json").write_text(text + "\n", encoding="utf-8")
    return len(index)
