"""How an asset stands in one frame: what geometry tells of it, as a level.

Source:
    DEFINITIONS, section 4; docs/decisions/0005-geometry-as-evidence.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.assets import DEFAULTS, Asset, AssetKind
from data.findings import COMPONENT_CLASSES
from data.levels import CellShares, geometry_level
from geo.cells import Cells
from geo.coverage import CellViews
from geo.decks import Run, deck_places, run_of_deck, surface_of
from geo.shape import Mast, Measured, Sight, largest_piece, lean, lying, mast_of
from pipelines.blocks import bounds
from pipelines.measuring import (
    Row,
    bare_row,
    cell_outline,
    contested,
    inside_mask,
    rounded,
)
from pipelines.scene import Scene

SEARCHED_SIGMAS = 2.0  # a mast is looked for as far out as its place is unsure
OTHERS_SHARE = 0.5  # of a piece where a rival may be: whose is it?
MAIN_SHARE = 0.6  # of a zone's tower pixels: beside a standing mast nothing has fallen
TOO_LONG = 1.3  # of its height: a longer piece is no tower at that distance
HALF_UPRIGHT_DEG, DOWN_LEVEL = 45.0, 4
DECK = frozenset({"bridge", "road"})
UNTESTED = -1
TOWER = "tower"


@dataclass(frozen=True, slots=True)
class Stance:
    """How an asset stands in one frame.

    Attributes:
        columns: Of the table CELLS: what was measured.
        z: The level that this alone would be.
        contested: Whether what was measured may as well be another asset.
    """

    columns: Row
    z: int
    contested: bool


def tower_stance(
    asset: Asset, views: CellViews, scene: Scene, rivals: Sequence[CellViews]
) -> Stance | None:
    """The lean of a tower where it should stand; None where it cannot be measured."""
    outlines = [cell_outline(views, 0, sigmas=SEARCHED_SIGMAS)]
    height_m = _height_m(asset)
    found = _found(outlines, views, scene, rivals, height_m=height_m)
    angle = None if found is None else lean(found.mast, height_m)
    if found is None or angle is None:
        return None
    columns = {
        "lean_deg": rounded(angle.value),
        "lean_sigma_deg": rounded(angle.sigma),
        "geometry_sigmas": rounded(angle.sigmas),
    }
    z = geometry_level(AssetKind.TOWER, sigmas=angle.sigmas)
    return Stance(columns, z, contested=not found.alone)


def lying_stance(
    asset: Asset,
    views: tuple[CellViews, CellViews],
    scene: Scene,
    rivals: Sequence[CellViews],
) -> Stance | None:
    """A tower that lies within its fall zone, or None.

    It counts as down where its long axis is past half upright by three of its sigmas
    and nearly all tower pixels of the zone, and of the place where it would stand, are
    it: a shadow or a fence read as a tower lies beside one that stands.

    Args:
        asset: The tower.
        views: How the frame shows its fall zone, and the tower's own cell.
        scene: The frame.
        rivals: How it shows the fall zones of other towers.
    """
    zone, own = views
    if zone.gsd_m[0] > _finest_m(scene):
        return None
    height_m = _height_m(asset)
    outlines = [zone.outlines[0], cell_outline(own, 0, sigmas=SEARCHED_SIGMAS)]
    found = _found(outlines, zone, scene, rivals, height_m=height_m)
    angle = None if found is None else lying(found.mast, height_m)
    if found is None or angle is None or found.share < MAIN_SHARE:
        return None
    beyond = Measured(angle.value - HALF_UPRIGHT_DEG, angle.sigma)
    z = geometry_level(
        AssetKind.TOWER, sigmas=beyond.sigmas if beyond.value > 0 else 0.0, missing=1.0
    )
    if z < DOWN_LEVEL:
        return None
    columns = {
        "lean_deg": rounded(angle.value),
        "lean_sigma_deg": rounded(angle.sigma),
        "missing": 1.0,
        "geometry_sigmas": rounded(beyond.sigmas),
    }
    return Stance(columns, z, contested=not found.alone)


def _height_m(asset: Asset) -> float:
    return asset.height_m or DEFAULTS[asset.kind].height_m


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The largest piece of tower inside an outline.

    Attributes:
        alone: Whether it can be no rival's.
        share: Of all tower pixels inside the outline.
    """

    mast: Mast
    alone: bool
    share: float


def _found(
    outlines: Sequence[NDArray[np.float64]],
    views: CellViews,
    scene: Scene,
    rivals: Sequence[CellViews],
    *,
    height_m: float,
) -> _Found | None:
    """The largest piece of tower inside outlines, or None.

    Rivals are as high as the asset: how long the piece would be at their distance says
    whether it may be theirs.
    """
    window, pose = bounds(outlines, scene.reader.whole), scene.frame.pose
    if window is None or pose is None or TOWER not in scene.trained:
        return None
    component = scene.reader.planes(window)[:, :, 1]
    tower = component == COMPONENT_CLASSES.index(TOWER)
    tower &= np.logical_or.reduce([inside_mask(one, window) for one in outlines])
    piece = largest_piece(tower)
    sight = Sight(scene.frame.camera, pose, scene.frame.turned_deg)
    mast = mast_of(piece, (window.left, window.top), sight, _level_m(views, scene))
    if mast is None:
        return None
    most_m = TOO_LONG * height_m
    if mast.length_m > most_m:
        return None
    as_long = [
        r for r in rivals if mast.length_m * r.gsd_m[0] <= most_m * views.gsd_m[0]
    ]
    others = piece & contested(as_long, window)
    return _Found(
        mast,
        alone=bool(others.sum() < OTHERS_SHARE * piece.sum()),
        share=float(piece.sum() / tower.sum()),
    )


def _finest_m(scene: Scene) -> float:
    """The coarsest sampling distance at which a cell is looked at."""
    return min(scene.coarsest_gsd_m, scene.model_gsd_m)


def _level_m(views: CellViews, scene: Scene) -> float:
    """Level distance from the camera to the middle of a tower's only cell."""
    camera = scene.frame.camera
    away_m = float(views.gsd_m[0]) * min(camera.focal_x_px, camera.focal_y_px)
    return away_m * float(np.cos(np.radians(views.elevation_deg[0])))


def deck_stances(
    cells: Cells,
    views: CellViews,
    scene: Scene,
    rivals: Sequence[CellViews],
) -> dict[int, Stance]:
    """How the deck of a bridge runs through its cells, by the number of the cell."""
    pose = scene.frame.pose
    if pose is None or not DECK.issubset(scene.trained):
        return {}
    places = deck_places(cells, views, pose, scene.terrain.vertical_datum)
    places = {n: p for n, p in places.items() if views.gsd_m[n] <= _finest_m(scene)}
    outlines = [cell_outline(views, n, sigmas=SEARCHED_SIGMAS) for n in places]
    window = bounds(outlines, scene.reader.whole)
    if window is None:
        return {}
    sight = Sight(scene.frame.camera, pose, scene.frame.turned_deg)
    component = scene.reader.planes(window)[:, :, 1]
    surface = surface_of(component, (window.left, window.top), sight)
    others = contested(rivals, window) if rivals else None
    found = {}
    for number, place in places.items():
        run = run_of_deck(surface, place)
        if run is not None:
            theirs = others is not None and _mostly(
                others, inside_mask(cell_outline(views, number), window)
            )
            found[number] = _deck_stance(run, contested=theirs)
    return found


def _mostly(others: NDArray[np.bool_], cell: NDArray[np.bool_]) -> bool:
    return bool((others & cell).sum() >= OTHERS_SHARE * cell.sum())


def _deck_stance(run: Run, *, contested: bool) -> Stance:
    """The level of a deck that steps, or slopes as no road does, or is gone."""
    step = 0.0 if run.offset is None else run.offset.sigmas
    slope = 0.0 if run.slope is None else run.slope.sigmas
    z = max(
        geometry_level(AssetKind.BRIDGE, sigmas=step, missing=run.missing),
        geometry_level(AssetKind.BRIDGE, sigmas=slope),
    )
    columns = {
        "offset_m": None if run.offset is None else rounded(run.offset.value),
        "slope_deg": None if run.slope is None else rounded(run.slope.value),
        "missing": rounded(run.missing),
        "geometry_sigmas": rounded(max(step, slope)),
    }
    return Stance(columns, z, contested)


def stances(
    asset: Asset,
    cells: Cells,
    views: CellViews,
    scene: Scene,
    rivals: Sequence[CellViews],
) -> dict[int, Stance]:
    """What geometry tells of the cells of an asset, by the number of the cell."""
    found: dict[int, Stance] = {}
    if asset.kind is AssetKind.TOWER:
        stance = tower_stance(asset, views, scene, rivals)
        found |= {} if stance is None else {0: stance}
    if asset.kind is AssetKind.BRIDGE:
        found |= deck_stances(cells, views, scene, rivals)
    return found


def with_stances(
    measured: Sequence[tuple[Row, int]], found: Mapping[int, Stance]
) -> list[tuple[Row, int]]:
    """Rows of cells, and levels with what may be another's, raised by geometry."""
    return [_raised(row, shared, found.get(row["cell"])) for row, shared in measured]


def _raised(row: Row, shared: int, stance: Stance | None) -> tuple[Row, int]:
    if stance is None:
        return row, shared
    if stance.contested:
        return row, max(shared, stance.z)
    row = row | stance.columns
    if stance.z > row["z"]:  # the second method looks at surfaces: it cannot test this
        row |= {"z": stance.z, "z_second": UNTESTED}
    return row, max(shared, stance.z)


def lying_row(zone: CellViews, stance: Stance) -> Row:
    """The row of a tower that lies beside its place."""
    return bare_row(zone, CellShares(), z=stance.z) | stance.columns
