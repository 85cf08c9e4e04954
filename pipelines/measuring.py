"""One asset in one frame, measured: shares of damage in each cell, and its level."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from data.assets import DEFAULTS, Asset
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.grading import SEVERE_LEVEL
from data.levels import CellShares, cell_shares, level
from data.sides import sector_and_above
from geo.coverage import CellViews
from pipelines.blocks import Block, bounds
from pipelines.scene import Scene
from vision.classical import second_opinion
from vision.outlines import CORNERS_OF_AN_AREA

MARGIN_PX = 16  # around a cell, so that the second method sees its edges
FALLEN_HEIGHT_M = 8.0  # a lattice tower on its side is as high as its base is wide
FALLEN_PX, FALLEN_SHARE = 400, 0.3  # least pixels read as collapsed, and of the tower's

Row = dict[str, Any]
Mask = NDArray[np.bool_]


def cell_outline(
    views: CellViews, number: int, *, sigmas: float = 1.0
) -> NDArray[np.float64]:
    """Outline of a cell in file pixels, as far out as its place is not sure.

    Pose and inventory err: an outline that is exact for the pose as written would cut
    off what it is looking for. So many standard deviations are added all around.
    """
    exact = views.outlines[number]
    if len(exact) < CORNERS_OF_AN_AREA:
        return exact
    reach_px = sigmas * float(views.pixel_sigma_px[number])
    grown = Polygon(exact).buffer(reach_px, quad_segs=2)
    return shapely.get_coordinates(grown.exterior)[:-1]


def inside_mask(outline: NDArray[np.float64], window: Block) -> Mask:
    """True inside an outline, in the pixels of a window."""
    mask = np.zeros((window.bottom - window.top, window.right - window.left), np.uint8)
    corners = np.floor(outline - [window.left, window.top]).astype(np.int32)
    if len(corners):
        cv2.fillPoly(mask, [corners], 1)
    return mask.astype(np.bool_)


def _grown(window: Block, whole: Block) -> Block:
    return Block(
        max(window.left - MARGIN_PX, 0),
        max(window.top - MARGIN_PX, 0),
        min(window.right + MARGIN_PX, whole.right),
        min(window.bottom + MARGIN_PX, whole.bottom),
    )


def cell_row(
    asset: Asset,
    number: int,
    views: CellViews,
    scene: Scene,
    rivals: Sequence[CellViews] = (),
) -> tuple[Row, int]:
    """One row of the table CELLS, without what belongs to the frame; and a level.

    The row tells what lies where only this asset can be; the level is what it would be
    with all that lies in the cell, also where a rival of its kind may be.
    """
    outline = cell_outline(views, number)
    window = bounds([outline], scene.reader.whole) or Block(0, 0, 1, 1)
    window = _grown(window, scene.reader.whole)
    cell, planes = inside_mask(outline, window), scene.reader.planes(window)
    damage, component = planes[:, :, 0], planes[:, :, 1]
    shares = cell_shares(damage, component, cell, asset.kind)
    z = shared = level(asset.kind, shares, trained=scene.trained)
    if shared >= SEVERE_LEVEL and rivals:
        own = np.where(contested(rivals, window), np.uint8(0), damage)
        shares = cell_shares(own, component, cell, asset.kind)
        z = level(asset.kind, shares, trained=scene.trained)
    second = second_opinion(
        scene.reader.rgb(window), asset.kind.value, cell, float(views.gsd_m[number])
    )
    return _row(number, views, shares, z=z, z_second=second), shared


def contested(rivals: Sequence[CellViews], window: Block) -> Mask:
    """True where a cell of a rival may be, in the pixels of a window."""
    mask = np.zeros((window.bottom - window.top, window.right - window.left), bool)
    for views in rivals:
        for number in np.flatnonzero(views.seen | views.partly):
            mask |= inside_mask(cell_outline(views, int(number)), window)
    return mask


def _row(
    number: int, views: CellViews, shares: CellShares, *, z: int, z_second: int
) -> Row:
    one = slice(number, number + 1)
    sector, above = sector_and_above(views.azimuth_deg[one], views.elevation_deg[one])
    return {
        "cell": number,
        "cells": len(views.seen),
        "sector": int(sector[0]),
        "above": bool(above[0]),
        "gsd_m": rounded(views.gsd_m[number]),
        "a": rounded(shares.a),
        "moved": rounded(shares.moved),
        "seepage": rounded(shares.seepage),
        "collapse": rounded(shares.collapse),
        "deformation": rounded(shares.deformation),
        "debris": rounded(shares.debris),
        "broken": rounded(shares.broken),
        "component": rounded(shares.component),
        "azimuth_deg": rounded(views.azimuth_deg[number]),
        "lean_deg": None,
        "lean_sigma_deg": None,
        "offset_m": None,
        "slope_deg": None,
        "missing": 0.0,
        "geometry_sigmas": None,
        "z": z,
        "z_second": z_second,
    }


def fall_zone(asset: Asset) -> Asset:
    """The ground a tower may lie on when it is down: its height to every side."""
    height_m = asset.height_m or DEFAULTS[asset.kind].height_m
    return replace(asset, length_m=2.0 * height_m, height_m=FALLEN_HEIGHT_M)


def fallen_row(zone: CellViews, scene: Scene) -> Row | None:
    """A tower that lies beside its place, as a row of its only cell; None where none.

    Only a tower's own pixels count, and most of them have to be read as collapsed: a
    standing tower, or another asset's ruin in the zone, is no fallen tower.

    Args:
        zone: How the frame shows the cell of `fall_zone`.
        scene: The frame.
    """
    window = bounds(zone.outlines, scene.reader.whole)
    limit_m = min(scene.coarsest_gsd_m, scene.model_gsd_m)
    if window is None or zone.gsd_m[0] > limit_m or "collapse" not in scene.trained:
        return None
    planes = scene.reader.planes(window)
    inside = inside_mask(zone.outlines[0], window)
    tower = inside & (planes[:, :, 1] == COMPONENT_CLASSES.index("tower"))
    down = tower & (planes[:, :, 0] == DAMAGE_CLASSES.index("collapse"))
    if down.sum() < max(FALLEN_PX, FALLEN_SHARE * tower.sum()):
        return None
    shares = CellShares(
        collapse=float(down.sum() / tower.sum()),
        component=float(tower.sum() / inside.sum()),
    )
    return bare_row(zone, shares, z=4)


def bare_row(zone: CellViews, shares: CellShares, *, z: int) -> Row:
    """The row of an only cell that no second method looked at."""
    return _row(0, zone, shares, z=z, z_second=-1)


def rounded(value: float) -> float:
    """Six decimals: far below any threshold, and the same text everywhere."""
    return round(float(value), 6)
