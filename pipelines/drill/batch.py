"""Write a drill: image files, what an operator would have, and sealed truth.

    OUT/telegram.xml  inventory.geojson
    OUT/batch/  batch.toml  terrain.tif  images/*.JPG
    OUT/truth/  poses.csv  assets.json  drill.json  masks/<stem>.<plane>.png

`truth/` is for the scorer alone, after the edition is published.
"""

import csv
import importlib.metadata
import json
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from data.record import Latitude, Longitude, from_json, record, to_json
from pipelines.drill.elevation import write_terrain
from pipelines.drill.flights import View, plan_views
from pipelines.drill.frames import IMAGES, MASK_FOLDER, Drawn, Setting, draw_frame
from pipelines.drill.geodesy import Anchor, geodetic_from_scene
from pipelines.drill.inventory import LINK_ID, inventory, site_ids
from pipelines.drill.labels import Component, Damage
from pipelines.drill.light import draw_weather
from pipelines.drill.lines import grade_of_link
from pipelines.drill.planted import hashes, write_planted
from pipelines.drill.scenario import Scenario
from pipelines.drill.telegram import DrillEvent, telegram
from pipelines.drill.truth import extent, points_of
from pipelines.drill.world import build_world

FRAMES_ABOUT = 42  # for a progress bar: what the usual four towers make
UNSEEN = ("blurred", "dark", "unlocated")  # frames that no share is counted from
GSD_STEPS_M = (0.005, 0.015, 0.03, 0.04, 0.05)
LEAST_SHARE = 0.3  # of an asset that a frame must show to count for its best GSD
UNFLOWN = {"NOTO-BR-02": "bridge", "NOTO-SS-01": "substation"}
LIBRARIES = ("numpy", "numba", "opencv-python-headless", "pillow", "scipy")
BATCH_TOML = """\
altitudes = "ellipsoidal"
terrain = "terrain.tif"
terrain_heights = "ellipsoidal"
"""


@record
class Place:
    """Where the scene's origin lies (EPSG:6667)."""

    longitude: Longitude
    latitude: Latitude
    ellipsoidal_height_m: float


@record
class Batch:
    """A whole drill: where it lies, what happened, what is damaged."""

    name: str
    width_px: int
    anchor: Place
    scenario: Scenario
    event: DrillEvent


def read_batch(path: Path) -> Batch:
    """Read a drill from TOML.

    Raises:
        InvalidRecordError: If a key is missing, unknown or out of range.
    """
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    return from_json(Batch, json.dumps(fields))


def _setting(batch: Batch, out: Path) -> Setting:
    """Build the world of a batch."""
    cv2.setNumThreads(1)
    scenario = batch.scenario
    world = build_world(scenario)
    rng = np.random.default_rng([scenario.seed, 6])
    return Setting(
        world=world,
        anchor=Anchor(
            longitude=batch.anchor.longitude,
            latitude=batch.anchor.latitude,
            ellipsoidal_height_m=batch.anchor.ellipsoidal_height_m,
        ),
        weather=draw_weather(scenario.light, scenario.season, rng),
        points={s.asset: points_of(world.frozen, s.asset) for s in world.sites},
        seed=scenario.seed,
        flown_from=batch.event.flown_from,
        out=out,
    )


_worker: list[Setting] = []  # one world per worker process


def _start(batch: Batch, out: Path) -> None:
    """Build the world once in a worker."""
    _worker.append(_setting(batch, out))


def _draw(job: tuple[View, int]) -> Drawn:
    """One frame in a worker."""
    return draw_frame(_worker[0], *job)


def _draw_all(
    batch: Batch, setting: Setting, views: list[View], workers: int
) -> Iterator[Drawn]:
    """Every frame, in order; its bytes do not depend on the number of workers."""
    if workers == 1:
        yield from (draw_frame(setting, view, k) for k, view in enumerate(views))
        return
    jobs = [(view, k) for k, view in enumerate(views)]
    with ProcessPoolExecutor(
        workers,
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(batch, setting.out),
    ) as pool:
        yield from pool.map(_draw, jobs)


def _shares(drawn: list[Drawn], asset: int) -> dict[str, Any]:
    """How well an asset is seen: per image, in all, by sampling distance."""
    per_image = {f.file: round(float(f.seen[asset].mean()), 4) for f in drawn}
    useful = [f for f in drawn if f.view.spoilt not in UNSEEN]
    seen = np.stack([f.seen[asset] for f in useful])
    gsd = np.stack([f.gsd_m[asset] for f in useful])
    best = [
        float(np.median(g[s]))
        for s, g in zip(seen, gsd, strict=True)
        if s.mean() >= LEAST_SHARE
    ]
    return {
        "visible_share": round(float(seen.any(axis=0).mean()), 4),
        "visible_share_by_gsd_m": {
            f"{limit:.3f}": round(float((seen & (gsd <= limit)).any(axis=0).mean()), 4)
            for limit in GSD_STEPS_M
        },
        "visible_share_per_image": {k: v for k, v in per_image.items() if v > 0},
        "best_gsd_m": round(min(best), 5) if best else None,
    }


def _asset_truth(setting: Setting, drawn: list[Drawn]) -> list[dict[str, Any]]:
    """One entry per asset of the inventory, sorted by id."""
    world, ids = setting.world, site_ids(setting.world)
    entries: list[dict[str, Any]] = []
    for site in world.sites:
        about = {
            "id": ids[site.asset],
            "instance": site.asset,
            "kind": site.kind,
            "grade": site.grade,
            "damages": extent(world.frozen, site.asset),
        }
        entries.append(about | _shares(drawn, site.asset))
    on_line = [e for e in entries if e["kind"] in ("tower", "span")]
    link: dict[str, Any] = {
        "id": LINK_ID,
        "kind": "link",
        "grade": grade_of_link([e["grade"] for e in on_line]),
        "children": [e["id"] for e in on_line],
    }
    unflown = [
        {"id": name, "kind": kind, "grade": None, "visible_share": 0.0}
        for name, kind in UNFLOWN.items()
    ]
    return sorted([*entries, link, *unflown], key=lambda entry: str(entry["id"]))


def write_poses(path: Path, setting: Setting, drawn: list[Drawn]) -> None:
    """True poses and lenses."""
    pose_names = ("longitude", "latitude", "ellipsoidal_height_m")
    angles = ("yaw_deg", "pitch_deg", "roll_deg")
    lens_names = ("focal_px", "cx_px", "cy_px", "k1", "k2", "p1", "p2", "k3")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", *pose_names, *angles, *lens_names])
        for frame in drawn:
            pose, lens = frame.view.pose, frame.view.lens
            lon, lat, height = geodetic_from_scene(setting.anchor, pose.position)
            turned = (pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
            interior = (lens.focal, *lens.principal)
            row = [frame.file, f"{lon:.10f}", f"{lat:.10f}", f"{height:.4f}"]
            row += [f"{value:.5f}" for value in (*turned, *interior)]
            table.writerow([*row, *(f"{k:.8f}" for k in lens.distortion)])


def write_json(path: Path, content: object) -> None:
    """Sorted, readable, ending with a newline."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def _about(batch: Batch, setting: Setting, drawn: list[Drawn]) -> dict[str, Any]:
    """What drill.json says besides what was planted."""
    names = {d: d.name.lower() for d in Damage}
    return {
        "drill": batch.name,
        "seed": batch.scenario.seed,
        "scenario": json.loads(to_json(batch.scenario)),
        "classes": {
            "component": {c.name.lower(): int(c) for c in Component},
            "damage": {name: int(d) for d, name in names.items()},
        },
        "datum": {
            "place": "JGD2011 geographic 3D (EPSG:6667)",
            "heights": "ellipsoidal",
        },
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "sha256": hashes(setting.out / IMAGES),
        "views": {
            frame.file: {
                "view": frame.view.name,
                "damage_share": {
                    names[Damage(k)]: round(v, 6) for k, v in frame.damage_share.items()
                },
            }
            for frame in drawn
        },
    }


def write_batch(
    out: Path,
    batch: Batch,
    *,
    workers: int = 1,
    on_frame: Callable[[], None] = lambda: None,
) -> int:
    """Write a whole drill.

    Args:
        out: A new or empty folder.
        batch: What is to be shown.
        workers: Processes that draw; the bytes do not depend on it.
        on_frame: Called after each frame.

    Returns:
        Number of frames drawn.
    """
    for folder in (IMAGES, MASK_FOLDER):
        (out / folder).mkdir(parents=True, exist_ok=True)
    setting = _setting(batch, out)
    _write_known(setting, batch)
    views = plan_views(setting.world, batch.width_px, batch.scenario.seed)
    drawn = []
    for frame in _draw_all(batch, setting, views, workers):
        drawn.append(frame)
        on_frame()
    planted = write_planted(out / IMAGES, drawn)
    write_poses(out / "truth" / "poses.csv", setting, drawn)
    write_json(out / "truth" / "assets.json", _asset_truth(setting, drawn))
    about = _about(batch, setting, drawn) | {"planted": planted}
    write_json(out / "truth" / "drill.json", about)
    return len(drawn)


def _write_known(setting: Setting, batch: Batch) -> None:
    """What people have before the first picture: telegram, inventory, terrain."""
    out, anchor = setting.out, setting.anchor
    (out / "telegram.xml").write_text(telegram(batch.event), encoding="utf-8")
    owners = inventory(setting.world, anchor, setting.seed)
    write_json(out / "inventory.geojson", owners)
    (out / "batch" / "batch.toml").write_text(BATCH_TOML, encoding="utf-8")
    write_terrain(out / "batch" / "terrain.tif", setting.world, anchor)
