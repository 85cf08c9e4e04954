"""One frame, looked at: cells measured, outlines placed.

This runs in worker processes. It reads pictures, terrain and weights, writes blocks
under their content keys, and returns ledger entries; it never opens the ledger.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from data.assets import Asset, AssetKind
from data.errors import AboveHorizonError, CrsError, LedgerError, TerrainError
from data.grading import SEVERE_LEVEL
from data.imagery import Frame, VerticalDatum
from geo.cells import Cells, asset_cells
from geo.coverage import CellViews, cell_views, footprint
from geo.sampling import frame_gsd_m
from geo.terrain import Terrain, flat_ground_of, read_terrain
from pipelines.measuring import cell_row, fall_zone, fallen_row, rounded
from pipelines.pairs import FramePairs, Ground, Pair
from pipelines.placing import features
from pipelines.reading import Reader, model_of
from pipelines.scene import Scene
from pipelines.stances import lying_row, lying_stance, stances, with_stances
from vision.appearance import appearance
from vision.domain import content_clause

CE90_OF_SIGMA = 2.146  # of a circular normal error

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What one worker needs to look at one frame."""

    frame: FramePairs
    picture: Path
    reads: Path
    weights: Path
    model_id: str | None
    coarsest_gsd_m: float


@lru_cache(maxsize=2)
def _grid(path: Path, heights: VerticalDatum, sha256: str) -> Terrain:
    """A terrain as it was taken in; it could be read then, so now it must be."""
    try:
        terrain = read_terrain(path, heights)
    except TerrainError as error:
        raise LedgerError(f"{error}; it is damaged in the store") from error
    if terrain.sha256 != sha256:
        raise LedgerError(f"terrain {path}: changed since it was taken in")
    return terrain


def terrain_of(ground: Ground, frame: Frame) -> Terrain:
    """The terrain of a frame; without a grid, flat ground under the take-off point.

    Raises:
        TerrainError: If there is neither a grid nor a height over the take-off point.
        LedgerError: If the grid in the store is not what was taken in.
    """
    if ground.path is None:
        return flat_ground_of(frame)
    return _grid(ground.path, ground.heights, ground.sha256)


def look_at_frame(task: Task) -> list[tuple[str, str, bytes]]:
    """Ledger entries of one frame: `read` of its blocks, `placed` of its pairs."""
    frame = task.frame.frame
    if frame.pose is None:
        return []
    try:
        terrain = terrain_of(task.frame.ground, frame)
        gsd_m = frame_gsd_m(frame.camera, frame.pose, terrain)
    except (CrsError, TerrainError):
        return _not_placed(task)
    model = model_of(task.weights, task.model_id)
    if gsd_m is not None:  # cells know their own distance; this one scales the picture
        gsd_m = min(gsd_m, model.card.gsd_max_m)
    size = (frame.camera.width_px, frame.camera.height_px)
    reader = Reader(task.picture, frame.id, size, model, gsd_m=gsd_m, reads=task.reads)
    trained = {
        *model.card.trained_classes.damage,
        *model.card.trained_classes.component,
    }
    scene = Scene(
        frame,
        terrain,
        reader,
        frozenset(trained),
        task.coarsest_gsd_m,
        model.card.gsd_max_m,
        content_clause(appearance(reader.rgb(reader.whole)), model.card.domain),
    )
    placed = [
        _entry(pair, frame.id, look_at_pair(pair, scene)) for pair in task.frame.pairs
    ]
    seen = {"geometry": _footprint(scene), "gsd_m": gsd_m}
    footprint = ("footprint", task.frame.footprint_key, json.dumps(seen).encode())
    return [*reader.entries, *placed, footprint]


def _not_placed(task: Task) -> list[tuple[str, str, bytes]]:
    """Entries of a frame without ground to place it on, or in another datum than it."""
    frame = task.frame.frame
    stopped = _stopped("unlocated(no_height)")
    placed = [_entry(pair, frame.id, stopped) for pair in task.frame.pairs]
    nothing = json.dumps({"geometry": None, "gsd_m": None}).encode()
    return [*placed, ("footprint", task.frame.footprint_key, nothing)]


def _footprint(scene: Scene) -> str | None:
    """WKB, as hexadecimal digits, of the ground a frame saw; None above the horizon."""
    frame = scene.frame
    if frame.pose is None:
        return None
    try:
        area = footprint(frame.camera, frame.pose, frame.turned_deg, scene.terrain)
    except AboveHorizonError:
        return None
    return str(shapely.to_wkb(area, hex=True, byte_order=1))


def _entry(pair: Pair, frame_id: str, value: Row) -> tuple[str, str, bytes]:
    """The ledger's entry of one asset in one frame."""
    named = value | {"asset_id": pair.asset.id, "frame_id": frame_id}
    text = json.dumps(named, sort_keys=True, ensure_ascii=False)
    return ("placed", pair.key, text.encode())


def look_at_pair(pair: Pair, scene: Scene) -> Row:
    """State, cells and features of one asset in one frame.

    state is `seen`, or how far the frame got: not_observed, too_coarse, unusable(..),
    out_of_domain(gsd, ..). `ambiguous` says that severe damage was found where another
    asset of the kind may be as well: it counts for neither, and people are asked.
    """
    asset = pair.asset
    value = _in_place(pair, scene)
    severe = any(row["z"] >= SEVERE_LEVEL for row in value["cells"])
    if asset.kind is not AssetKind.TOWER or severe or _is_useless(scene):
        return value
    return value | _fallen(pair, scene)


def _is_useless(scene: Scene) -> bool:
    """Whether nothing may be read from the picture, whatever it is about."""
    return scene.frame.unusable is not None or scene.unlike is not None


def _fallen(pair: Pair, scene: Scene) -> Row:
    """What is to be said of a tower that lies beside its place; nothing where none."""
    zone, own = _views(fall_zone(pair.asset), scene), _views(pair.asset, scene)
    if zone is None or own is None:
        return {}
    row, contested = fallen_row(zone[1], scene), False
    if row is None:
        rivals = [one[1] for r in pair.rivals if (one := _views(fall_zone(r), scene))]
        stance = lying_stance(pair.asset, (zone[1], own[1]), scene, rivals)
        if stance is None:
            return {}
        row, contested = lying_row(zone[1], stance), stance.contested
    if contested:
        return {"ambiguous": True}
    return {
        "state": "seen",
        "cells": [row],
        "features": features(pair.asset, [0], *zone, scene),
        "ambiguous": False,
    }


def _in_place(pair: Pair, scene: Scene) -> Row:
    """An asset looked for where the inventory has it.

    A cell that is in sight only in part (the foot of what fell) counts when damage is
    found there; its absence tells nothing.
    """
    asset, found = pair.asset, _views(pair.asset, scene)
    if found is None or not (found[1].seen | found[1].partly).any():
        return _stopped("not_observed")
    cells, views = found
    shown = views.seen | views.partly
    finest_m = float(views.gsd_m[shown].min())
    if finest_m > scene.coarsest_gsd_m:
        return _stopped("too_coarse")
    if scene.frame.unusable is not None:
        return _stopped(f"unusable({scene.frame.unusable})")
    if finest_m > scene.model_gsd_m:
        return _stopped("out_of_domain(gsd)")
    if scene.unlike is not None:
        return _stopped(f"out_of_domain({scene.unlike})")
    fine = views.gsd_m <= min(scene.coarsest_gsd_m, scene.model_gsd_m)
    rivals = [one[1] for each in pair.rivals if (one := _views(each, scene))]
    measured = [
        cell_row(asset, int(n), views, scene, rivals)
        for n in np.flatnonzero(shown & fine)
    ]
    measured = with_stances(measured, stances(asset, cells, views, scene, rivals))
    rows = [row for row, _ in measured]
    alone = max((row["z"] for row in rows), default=0)
    shared = max((z for _, z in measured), default=0)
    rows = [row for row in rows if views.seen[row["cell"]] or row["z"] > 0]
    numbers = [row["cell"] for row in rows]
    error_m = views.pixel_sigma_px[numbers] * views.gsd_m[numbers]
    return {
        "state": "seen" if rows else "not_observed",
        "cells": rows,
        "features": features(asset, numbers, cells, views, scene),
        "ambiguous": shared >= SEVERE_LEVEL > alone,
        "ce90_m": rounded(CE90_OF_SIGMA * float(error_m.max(initial=0.0))),
    }


def _stopped(state: str) -> Row:
    nothing: Row = {"cells": [], "features": [], "ambiguous": False, "ce90_m": 0.0}
    return {"state": state, **nothing}


def _views(asset: Asset, scene: Scene) -> tuple[Cells, CellViews] | None:
    """Cells and how the frame shows them; None where the terrain does not reach."""
    frame = scene.frame
    if frame.pose is None:
        return None
    try:
        cells = asset_cells(asset, scene.terrain)
        views = cell_views(
            cells, frame.camera, frame.pose, frame.turned_deg, scene.terrain
        )
    except TerrainError:
        return None
    return cells, views
