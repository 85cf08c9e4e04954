"""Damage inside an asset's cells -> outlines on the ground, with their error."""

from typing import Any

import numpy as np
import shapely

from data.assets import Asset, AssetKind
from data.findings import DAMAGE_CLASSES
from data.ledger import content_key
from geo.cells import Cells
from geo.coverage import CellViews
from geo.georeference import ground_from_pixels, outline_on_ground
from geo.terrain import Terrain, flat_terrain
from pipelines.blocks import Block, bounds
from pipelines.measuring import cell_outline, inside_mask, rounded
from pipelines.scene import Scene
from vision.outlines import Outline, outlines

GRID_DEG = 1e-8  # about a millimetre: coordinates are cut to it
Row = dict[str, Any]


def features(
    asset: Asset, numbers: list[int], cells: Cells, views: CellViews, scene: Scene
) -> list[Row]:
    """Damage outlines inside the asset's cells, placed at the asset's height."""
    shapes = [cell_outline(views, number) for number in numbers]
    window = bounds(shapes, scene.reader.whole)
    if window is None:
        return []
    inside = np.zeros((window.bottom - window.top, window.right - window.left), bool)
    for shape in shapes:
        inside |= inside_mask(shape, window)
    planes = scene.reader.planes(window)
    damage = np.where(inside, planes[:, :, 0], np.uint8(0))
    surface = _surface(asset, cells, scene)
    gsd_m = float(np.median(views.gsd_m[numbers]))
    rows = (
        _feature(asset, piece, window, surface, scene, gsd_m=gsd_m)
        for piece in outlines(damage, planes[:, :, 2])
    )
    return [row for row in rows if row is not None]


def _surface(asset: Asset, cells: Cells, scene: Scene) -> Terrain:
    """What damage of an asset lies on: the ground, or a level at half its height.

    A deck, a tower or a wire stands over the ground; a ray that meets the ground has
    passed it. Half its height is the error that is left, and is said.
    """
    if asset.kind is AssetKind.DAM:
        return scene.terrain
    heights = cells.points[:, :, 2]
    level_m, half_m = float(np.median(cells.middles[:, 2])), float(np.ptp(heights)) / 2
    return flat_terrain(
        level_m, scene.terrain.vertical_datum, sigma_m=max(half_m / 2, 1.0)
    )


def _feature(
    asset: Asset,
    piece: Outline,
    window: Block,
    surface: Terrain,
    scene: Scene,
    *,
    gsd_m: float,
) -> Row | None:
    """One row of the table FEATURES; None where its outline misses the ground."""
    frame = scene.frame
    if frame.pose is None:
        return None
    pixels = piece.polygon + np.array([window.left, window.top])
    ground = ground_from_pixels(
        frame.camera, frame.pose, frame.turned_deg, pixels, surface
    )
    placed = outline_on_ground(ground)
    if placed is None or not placed[0].is_valid:
        return None
    polygon, ce90_m = placed
    name = DAMAGE_CLASSES[piece.index]
    shape = shapely.to_wkb(
        shapely.set_precision(polygon, GRID_DEG), hex=True, byte_order=1
    )
    return {
        "id": content_key(frame.id, asset.id, name, shape)[:32],
        "class": name,
        "score": rounded(piece.score),
        "area_m2": rounded(piece.area_px * gsd_m**2),
        "length_m": rounded(piece.length_px * gsd_m),
        "max_width_mm": rounded(piece.max_width_px * gsd_m * 1000.0),
        "ce90_m": rounded(ce90_m),
        "geometry": shape,
    }
