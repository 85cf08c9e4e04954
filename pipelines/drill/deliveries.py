"""Cards of pictures: what is flown, drawn, spoilt and handed over, and its truth."""

import csv
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipelines.drill import batch as batches
from pipelines.drill.camera import pixel_from_scene
from pipelines.drill.elevation import elevation, write_terrain
from pipelines.drill.flights import FLIGHTS, View, plan_views
from pipelines.drill.frames import IMAGES, MASK_FOLDER, Drawn, Setting, draw_frame
from pipelines.drill.geodesy import Anchor, geodetic_from_scene
from pipelines.drill.inventory import site_ids
from pipelines.drill.light import Weather, draw_weather
from pipelines.drill.scenarios import Delivery, Rehearsal
from pipelines.drill.scene import Array
from pipelines.drill.truth import points_of
from pipelines.drill.world import World

Row = dict[str, Any]

SETTINGS = 'altitudes = "ellipsoidal"\n'
TERRAIN = 'terrain = "terrain.tif"\nterrain_heights = "ellipsoidal"\n'
DELIVERIES_A_SEED = 100  # so many cards have noise of their own
FINE_GSD_M = 0.04  # from which severe damage must be told: the coarser pass
ON_GROUND_M = 0.25  # a point this near the elevation model is one that it holds
PLACED_POINTS = 40  # of one frame
SEEN_POINTS = 12  # of an asset, at least, for a box round it
PLACED = ("", "turned")  # with a pose, and sharp
UNUSABLE = ("blurred", "dark")
FRAME_COLUMNS = (
    "delivery", "file", "asset_id", "share", "fine_share",
    "left", "top", "right", "bottom",
)  # fmt: skip
SEEN_COLUMNS = ("delivery", "asset_id", "fine_share")
PLACE_COLUMNS = ("delivery", "file", "column", "row", "longitude", "latitude")


def chosen_views(views: Sequence[View], card: Delivery) -> list[View]:
    """The views of a card: those its patterns name, evenly thinned to `most`."""
    named = [v for v in views if any(fnmatchcase(v.name, p) for p in card.views)]
    if len(named) > card.most:
        rows = np.linspace(0, len(named) - 1, card.most).round().astype(int)
        named = [named[row] for row in rows]
    return [_turned(view) if _lies_turned(view, card) else view for view in named]


def _lies_turned(view: View, card: Delivery) -> bool:
    return FLIGHTS[view.flight] == card.turned and not view.spoilt


def _turned(view: View) -> View:
    return replace(view, spoilt="turned")


def weather_of(card: Delivery, season: int, seed: int) -> Weather:
    """Light of the hour, and smoke where there is any."""
    rng = np.random.default_rng([seed, 6])
    weather = draw_weather(card.light, season, rng)
    if card.visibility_m is None:
        return weather
    return replace(weather, visibility_m=min(card.visibility_m, weather.visibility_m))


def points_in(world: World) -> dict[int, Array]:
    """The points that stand for each asset; they cost as much as some frames."""
    return {s.asset: points_of(world.frozen, s.asset) for s in world.sites}


def setting_of(
    place: tuple[World, dict[int, Array]],
    rehearsal: Rehearsal,
    card: Delivery,
    *,
    number: int,
    seed: int,
) -> Setting:
    """What the frames of one card share; `out` is set when it is drawn.

    Args:
        place: A world and its points.
        rehearsal: The card's.
        card: What is flown.
        number: Of the card; its noise is its own.
        seed: Of the drill.
    """
    own_seed = seed * DELIVERIES_A_SEED + number
    begins = rehearsal.begins()[0]
    slow = {} if card.wrong_clock is None else {card.wrong_clock: card.clock_error_h}
    return Setting(
        world=place[0],
        anchor=Anchor(
            longitude=rehearsal.anchor.longitude,
            latitude=rehearsal.anchor.latitude,
            ellipsoidal_height_m=rehearsal.anchor.ellipsoidal_height_m,
        ),
        weather=weather_of(card, rehearsal.valley.season, own_seed),
        points=place[1],
        seed=own_seed,
        flown_from=begins + timedelta(minutes=card.flown_after_min),
        out=Path(),
        clock_error_s={camera: hours * 3600.0 for camera, hours in slow.items()},
    )


def write_delivery(
    setting: Setting, card: Delivery, *, name: str, width_px: int, out: Path
) -> dict[str, list[Row]]:
    """Draw one card.

    Args:
        setting: Its `out` is not read.
        card: What is flown.
        name: Folder of the card.
        width_px: Of its pictures.
        out: The drill; pictures go to given/NAME, masks and poses to truth/NAME.

    Returns:
        Rows of `frames`, `places` and `seen`, for the truth.
    """
    cv2.setNumThreads(1)
    given, truth = out / "given" / name, out / "truth" / name
    for folder in (IMAGES, MASK_FOLDER):
        (truth / folder).mkdir(parents=True)
    setting = replace(setting, out=truth)
    views = chosen_views(plan_views(setting.world, width_px, setting.seed), card)
    drawn = [draw_frame(setting, view, k) for k, view in enumerate(views)]
    given.mkdir(parents=True)
    shutil.move(truth / IMAGES, given / "images")
    (truth / IMAGES).parent.rmdir()
    shutil.move(truth / MASK_FOLDER, truth / "masks")
    (truth / MASK_FOLDER).parent.rmdir()
    _write_settings(given, setting, card)
    batches.write_poses(truth / "poses.csv", setting, drawn)
    return {
        "frames": [row for f in drawn for row in _frame_rows(setting, f, name)],
        "places": [row for f in drawn for row in _place_rows(setting, f, name)],
        "seen": _seen_rows(setting, drawn, name),
    }


def _write_settings(given: Path, setting: Setting, card: Delivery) -> None:
    text = SETTINGS + (TERRAIN if card.terrain else "")
    (given / "batch.toml").write_text(text, encoding="utf-8")
    if card.terrain:
        write_terrain(given / "terrain.tif", setting.world, setting.anchor)


def _pixels(setting: Setting, frame: Drawn, asset: int) -> Any:  # noqa: ANN401 array
    """Where the asset's seen points lie in the file as it is, shape (n, 2)."""
    lens = frame.view.lens
    points = setting.points[asset][frame.seen[asset]]
    columns, rows, _ = pixel_from_scene(points, frame.view.pose, lens)
    pixels = np.stack([columns, rows], axis=1)
    size = np.array([lens.width, lens.height], float)
    return size - pixels if frame.view.spoilt == "turned" else pixels


def _frame_rows(setting: Setting, frame: Drawn, name: str) -> list[Row]:
    """Which assets a frame truly shows, how much of them, and where."""
    ids, found = site_ids(setting.world), []
    if frame.view.spoilt in UNUSABLE:
        return []
    for asset, seen in sorted(frame.seen.items()):
        if seen.sum() < SEEN_POINTS:
            continue
        pixels = _pixels(setting, frame, asset)
        (left, top), (right, bottom) = pixels.min(axis=0), pixels.max(axis=0)
        fine = seen & (frame.gsd_m[asset] <= FINE_GSD_M)
        values = (
            name, frame.file, ids[asset],
            round(float(seen.mean()), 4), round(float(fine.mean()), 4),
            round(left, 1), round(top, 1), round(right, 1), round(bottom, 1),
        )  # fmt: skip
        found.append(dict(zip(FRAME_COLUMNS, values, strict=True)))
    return found


def _seen_rows(setting: Setting, drawn: Sequence[Drawn], name: str) -> list[Row]:
    """Share of each asset that the usable frames of a card show at 4 cm or finer."""
    ids, useful = site_ids(setting.world), [f for f in drawn if not _useless(f)]
    found = []
    for asset, name_of in sorted(ids.items()):
        fine = [f.seen[asset] & (f.gsd_m[asset] <= FINE_GSD_M) for f in useful]
        if fine and np.any(fine):
            share = round(float(np.any(fine, axis=0).mean()), 4)
            found.append(dict(zip(SEEN_COLUMNS, (name, name_of, share), strict=True)))
    return found


def _useless(frame: Drawn) -> bool:
    return frame.view.spoilt in (*UNUSABLE, "unlocated")


def _place_rows(setting: Setting, frame: Drawn, name: str) -> list[Row]:
    """Pixels whose true place the elevation model holds: what placing is judged by."""
    if frame.view.spoilt not in PLACED:
        return []
    found: list[Row] = []
    for asset in sorted(frame.seen):
        points = setting.points[asset][frame.seen[asset]]
        if not len(points):
            continue
        level = elevation(setting.world, points[:, 0], points[:, 1])
        held = np.flatnonzero(np.abs(points[:, 2] - level) < ON_GROUND_M)
        pixels = _pixels(setting, frame, asset)[held]
        places = geodetic_from_scene(setting.anchor, points[held])
        for pixel, place in zip(pixels, places, strict=True):
            values = (
                name, frame.file, round(float(pixel[0]), 2), round(float(pixel[1]), 2),
                round(float(place[0]), 9), round(float(place[1]), 9),
            )  # fmt: skip
            found.append(dict(zip(PLACE_COLUMNS, values, strict=True)))
    if len(found) <= PLACED_POINTS:
        return found
    rows = np.linspace(0, len(found) - 1, PLACED_POINTS).round().astype(int)
    return [found[row] for row in rows]


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """A table with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def arrives_at(rehearsal: Rehearsal, card: Delivery) -> datetime:
    """When the operator has the card."""
    return rehearsal.begins()[0] + timedelta(minutes=card.arrives_after_min)
