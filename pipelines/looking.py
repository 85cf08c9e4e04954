"""One frame, looked at: cells measured, outlines placed.

This runs in worker processes. It reads pictures, terrain and weights, writes blocks
under their content keys, and returns ledger entries; it never opens the ledger.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from data.assets import Asset, AssetKind
from data.errors import AboveHorizonError, RefusedError, TerrainError
from data.findings import DAMAGE_CLASSES
from data.imagery import Frame, VerticalDatum
from data.ledger import content_key
from data.levels import cell_shares, level
from data.sides import sector_and_above
from geo.cells import Cells, asset_cells
from geo.coverage import CellViews, cell_views, footprint
from geo.georeference import ground_from_pixels, outline_on_ground
from geo.sampling import frame_gsd_m
from geo.terrain import Terrain, flat_terrain, read_terrain
from pipelines.blocks import Block, bounds
from pipelines.pairs import FramePairs, Ground, Pair
from pipelines.reading import Indices, Reader, model_of
from vision.classical import second_opinion
from vision.outlines import outlines

CE90_OF_SIGMA = 2.146  # of a circular normal error
MARGIN_PX = 16  # around a cell, so that the second method sees its edges

Row = dict[str, Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Task:
    """What one worker needs to look at one frame."""

    frame: FramePairs
    picture: Path
    reads: Path
    weights: Path
    model_id: str | None
    coarsest_gsd_m: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One frame and all that is open while it is looked at."""

    frame: Frame
    terrain: Terrain
    reader: Reader
    trained: frozenset[str]
    coarsest_gsd_m: float


@lru_cache(maxsize=2)
def _grid(path: Path, heights: VerticalDatum, sha256: str) -> Terrain:
    terrain = read_terrain(path, heights)
    if terrain.sha256 != sha256:
        raise TerrainError(f"terrain {path}: changed since it was taken in")
    return terrain


def terrain_of(ground: Ground, frame: Frame) -> Terrain:
    """The terrain of a frame; without a grid, flat ground under the take-off point.

    Raises:
        TerrainError: If there is neither a grid nor a height over the take-off point.
    """
    if ground.path is not None:
        return _grid(ground.path, ground.heights, ground.sha256)
    if frame.pose is None or frame.relative_altitude_m is None:
        raise TerrainError(
            f"frame {frame.file}: no terrain, and no height over the take-off point;"
            " give --terrain"
        )
    under = frame.pose.height_m - frame.relative_altitude_m
    return flat_terrain(under, frame.pose.vertical_datum)


def look_at_frame(task: Task) -> list[tuple[str, str, bytes]]:
    """Ledger entries of one frame: `read` of its blocks, `placed` of its pairs."""
    frame = task.frame.frame
    if frame.pose is None:
        return []
    terrain = terrain_of(task.frame.ground, frame)
    model = model_of(task.weights, task.model_id)
    gsd_m = frame_gsd_m(frame.camera, frame.pose, terrain)
    size = (frame.camera.width_px, frame.camera.height_px)
    reader = Reader(task.picture, frame.id, size, model, gsd_m=gsd_m, reads=task.reads)
    trained = {
        *model.card.trained_classes.damage,
        *model.card.trained_classes.component,
    }
    scene = Scene(frame, terrain, reader, frozenset(trained), task.coarsest_gsd_m)
    placed = [_placed(pair, scene) for pair in task.frame.pairs]
    seen = {"geometry": _footprint(scene), "gsd_m": gsd_m}
    footprint = ("footprint", task.frame.footprint_key, json.dumps(seen).encode())
    return [*reader.entries, *placed, footprint]


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


def _placed(pair: Pair, scene: Scene) -> tuple[str, str, bytes]:
    """The ledger's entry of one asset in one frame."""
    value = _look(pair.asset, scene)
    value |= {"asset_id": pair.asset.id, "frame_id": scene.frame.id}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return ("placed", pair.key, text.encode())


def _look(asset: Asset, scene: Scene) -> Row:
    """State, cells and features of one asset in one frame.

    state is `seen`, or how far the frame got: not_observed, too_coarse, unusable(..),
    out_of_domain(gsd).
    """
    found = _views(asset, scene)
    if found is None or not found[1].seen.any():
        return {"state": "not_observed", "cells": [], "features": []}
    cells, views = found
    fine = views.seen & (views.gsd_m <= scene.coarsest_gsd_m)
    if not fine.any():
        return {"state": "too_coarse", "cells": [], "features": []}
    if scene.frame.unusable is not None:
        state = f"unusable({scene.frame.unusable})"
        return {"state": state, "cells": [], "features": []}
    numbers = [int(n) for n in np.flatnonzero(fine) if len(views.outlines[n])]
    try:
        rows = [_cell_row(asset, n, views, scene) for n in numbers]
        features = _features(asset, numbers, cells, views, scene)
    except RefusedError:
        return {"state": "out_of_domain(gsd)", "cells": [], "features": []}
    error_px = views.pixel_sigma_px[numbers] * views.gsd_m[numbers]
    return {
        "state": "seen",
        "cells": rows,
        "features": features,
        "ce90_m": _rounded(CE90_OF_SIGMA * float(error_px.max(initial=0.0))),
    }


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


def _mask(outline: NDArray[np.float64], window: Block) -> Mask:
    """True inside an outline, in the pixels of a window."""
    mask = np.zeros((window.bottom - window.top, window.right - window.left), np.uint8)
    corners = np.floor(outline - [window.left, window.top]).astype(np.int32)
    cv2.fillPoly(mask, [corners], 1)
    return mask.astype(np.bool_)


def _grown(window: Block, whole: Block) -> Block:
    return Block(
        max(window.left - MARGIN_PX, 0),
        max(window.top - MARGIN_PX, 0),
        min(window.right + MARGIN_PX, whole.right),
        min(window.bottom + MARGIN_PX, whole.bottom),
    )


def _cell_row(asset: Asset, number: int, views: CellViews, scene: Scene) -> Row:
    """One row of the table CELLS, without what belongs to the frame."""
    outline = views.outlines[number]
    window = bounds([outline], scene.reader.whole)
    if window is None:  # an outline narrower than a pixel at the frame's edge
        window = Block(0, 0, 1, 1)
    window = _grown(window, scene.reader.whole)
    cell, planes = _mask(outline, window), scene.reader.planes(window)
    shares = cell_shares(planes[:, :, 0], planes[:, :, 1], cell, asset.kind)
    gsd_m = float(views.gsd_m[number])
    sector, above = sector_and_above(
        views.azimuth_deg[number : number + 1], views.elevation_deg[number : number + 1]
    )
    return {
        "cell": number,
        "cells": len(views.seen),
        "sector": int(sector[0]),
        "above": bool(above[0]),
        "gsd_m": _rounded(gsd_m),
        "a": _rounded(shares.a),
        "moved": _rounded(shares.moved),
        "seepage": _rounded(shares.seepage),
        "collapse": _rounded(shares.collapse),
        "deformation": _rounded(shares.deformation),
        "debris": _rounded(shares.debris),
        "broken": _rounded(shares.broken),
        "component": _rounded(shares.component),
        "z": level(asset.kind, shares, trained=scene.trained),
        "z_second": second_opinion(
            scene.reader.rgb(window), asset.kind.value, cell, gsd_m
        ),
    }


def _rounded(value: float) -> float:
    """Six decimals: far below any threshold, and the same text everywhere."""
    return round(float(value), 6)


def _features(
    asset: Asset, numbers: list[int], cells: Cells, views: CellViews, scene: Scene
) -> list[Row]:
    """Damage outlines inside the asset's cells, placed on the ground."""
    window = bounds([views.outlines[n] for n in numbers], scene.reader.whole)
    if window is None:
        return []
    inside = np.zeros((window.bottom - window.top, window.right - window.left), bool)
    for number in numbers:
        inside |= _mask(views.outlines[number], window)
    planes = scene.reader.planes(window)
    damage = np.where(inside, planes[:, :, 0], np.uint8(0))
    surface = _surface(asset, numbers, cells, scene)
    gsd_m = float(np.median(views.gsd_m[numbers]))
    rows = (
        _feature(asset, outline, window, surface, scene, gsd_m=gsd_m)
        for outline in outlines(damage, planes[:, :, 2])
    )
    return [row for row in rows if row is not None]
