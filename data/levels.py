"""What a frame shows of one cell, as shares and as a level z 0 to 4.

Which damage pixels count (all lie inside the projected cell):

* crack, spall, displacement, deformation happen TO the asset: a blob of them counts
  when it lies on the components of the asset's kind or touches them. A cracked road
  beside a dam says nothing of the dam; a displaced member may itself be read as
  background, so touching is enough.
* debris counts as the others do on a bridge ("on the deck"), and anywhere in the cell
  of other kinds ("at the foot").
* collapse, seepage and broken conductors count anywhere in the cell: what collapsed
  often leaves no component to lie on, water runs below the body it leaves, and a
  broken conductor hangs away from the line.

Source:
    DEFINITIONS, sections 4 (levels) and 5 (what a view could have shown).
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from data.assets import DEFAULTS, AssetKind
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES, NOTHING_DETECTABLE
from data.record import Probability, record

Mask = NDArray[np.bool_]
IndexMap = NDArray[np.uint8]

MIN_BLOB_PX = 16  # one 4 x 4 output cell of the network (stride 4): less is not a shape
MIN_BROKEN_PX = 33  # 1 m of wire one pixel wide at 3 cm, the coarsest that shows it
TOUCH_PX = 3  # a damage outline may stand this far off its component's outline
FLOOR_OF_CELL = 0.2  # shares are of at least this part of the projected cell
GSD_TOLERANCE_M = 1e-6  # so that a limit stored as float32 is still met

_ON_COMPONENT = frozenset({"crack", "spall", "displacement", "deformation"})
_COUNTED = tuple(name for name in DAMAGE_CLASSES if name not in ("none", "distractor"))


@record
class CellShares:
    """Shares of damage in one cell, of max(visible component, 20 % of the cell).

    Attributes:
        broken: Share of broken_conductor.
        component: Visible component pixels, as a share of the projected cell.
    """

    crack: Probability = 0.0
    spall: Probability = 0.0
    displacement: Probability = 0.0
    deformation: Probability = 0.0
    collapse: Probability = 0.0
    debris: Probability = 0.0
    seepage: Probability = 0.0
    broken: Probability = 0.0
    component: Probability = 0.0

    @property
    def a(self) -> float:
        """Share of surface damage: crack and spall."""
        return self.crack + self.spall

    @property
    def moved(self) -> float:
        """Share of what left its place or shape: displacement and deformation."""
        return self.displacement + self.deformation


def cell_shares(
    damage: IndexMap, component: IndexMap, cell: Mask, kind: AssetKind
) -> CellShares:
    """Measure the damage of one cell.

    Args:
        damage: Class index of the damage head, shape (height, width).
        component: Class index of the component head, same shape.
        cell: True where the cell projects, same shape.
        kind: What the asset is (from the inventory).

    Returns:
        Shares; all 0 where the cell has no pixel.
    """
    if not cell.any():
        return CellShares()
    damage, component, cell = _cropped(damage, component, cell)
    visible = np.isin(component, _indices(kind)) & cell
    cell_px, visible_px = int(cell.sum()), int(visible.sum())
    whole = max(visible_px, FLOOR_OF_CELL * cell_px)
    near = _grown(visible)
    shares = {
        _field(name): min(1.0, _counted_px(damage, cell, near, name, kind) / whole)
        for name in _COUNTED
    }
    return CellShares(component=visible_px / cell_px, **shares)


def _cropped(
    damage: IndexMap, component: IndexMap, cell: Mask
) -> tuple[IndexMap, IndexMap, Mask]:
    """The bounding box of the cell, of all three."""
    rows, columns = np.flatnonzero(cell.any(axis=1)), np.flatnonzero(cell.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return damage[box], component[box], cell[box]


def _indices(kind: AssetKind) -> list[int]:
    return [COMPONENT_CLASSES.index(name) for name in DEFAULTS[kind].components]


def _field(name: str) -> str:
    return "broken" if name == "broken_conductor" else name


def _grown(visible: Mask) -> Mask:
    """Pixels at most TOUCH_PX from a visible component."""
    side = 2 * TOUCH_PX + 1
    grown = cv2.dilate(visible.astype(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(grown, dtype=bool)


def _counted_px(
    damage: IndexMap, cell: Mask, near: Mask, name: str, kind: AssetKind
) -> int:
    """Pixels of one class in blobs that are large enough and rightly placed."""
    found = (damage == DAMAGE_CLASSES.index(name)) & cell
    if not found.any():
        return 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        found.astype(np.uint8), connectivity=8
    )
    least = MIN_BROKEN_PX if name == "broken_conductor" else MIN_BLOB_PX
    size_px = stats[:, cv2.CC_STAT_AREA]
    counts = size_px >= least
    if name in _ON_COMPONENT or (name == "debris" and kind is AssetKind.BRIDGE):
        counts &= np.bincount(labels[near], minlength=count) > 0
    return int(size_px[1:][counts[1:]].sum())


_LEVELS: dict[AssetKind, tuple[tuple[str, float, int], ...]] = {
    AssetKind.BRIDGE: (
        ("a", 0.0, 1),
        ("moved", 0.0, 1),
        ("a", 0.01, 2),
        ("moved", 0.01, 2),
        ("debris", 0.01, 2),
        ("moved", 0.10, 3),
        ("collapse", 0.01, 4),
    ),
    AssetKind.DAM: (
        ("a", 0.0, 1),
        ("a", 0.01, 2),
        ("moved", 0.01, 2),
        ("seepage", 0.0, 2),
        ("moved", 0.05, 3),
        ("seepage", 0.01, 3),
        ("collapse", 0.01, 4),
    ),
    AssetKind.TOWER: (
        ("deformation", 0.0, 1),
        ("debris", 0.01, 1),
        ("deformation", 0.05, 2),
        ("deformation", 0.20, 3),
        ("collapse", 0.01, 4),
    ),
    AssetKind.SPAN: (("broken", 0.0, 3),),
    AssetKind.SUBSTATION: (
        ("a", 0.0, 1),
        ("a", 0.01, 2),
        ("moved", 0.01, 2),
        ("moved", 0.10, 3),
        ("collapse", 0.01, 4),
    ),
    AssetKind.LINK: (),
}
"""(share, from, level): DEFINITIONS 4, columns that masks alone can fill;
`geometry_level` fills the others. From 0 means
any blob at all. Debris has no share there: .01, the smallest share the table names."""


def level(kind: AssetKind, shares: CellShares, *, trained: frozenset[str]) -> int:
    """Level z of one cell, 0 to 4: more of any share never lowers it.

    Args:
        kind: What the asset is.
        shares: What `cell_shares` measured.
        trained: Classes the weights were trained on; the others do not count.

    Source:
        DEFINITIONS, section 4. Lean, sag, offset and missing parts are geometry's.
    """
    counted = replace(
        shares, **{_field(name): 0.0 for name in _COUNTED if name not in trained}
    )
    reached = (
        z for name, least, z in _LEVELS[kind] if _reaches(counted, name, least=least)
    )
    return max(reached, default=0)


_GEOMETRY: dict[AssetKind, tuple[int, int]] = {
    AssetKind.BRIDGE: (2, 3),
    AssetKind.TOWER: (2, 3),
    AssetKind.SPAN: (1, 2),
}
"""Level of a lean, an offset or a sag beyond 2 and beyond 3 sigma."""

DOUBTFUL_SIGMAS, SURE_SIGMAS = 2.0, 3.0  # DEFINITIONS, section 4
LOST_SHARE = 0.25  # of a cell: what misses more is lost
LOST_LEVEL = 4
STANDING_SIGMA_DEG = 0.7  # sound towers: erection, foundation, legs of unequal length


def geometry_level(kind: AssetKind, *, sigmas: float, missing: float = 0.0) -> int:
    """Level z of what geometry measured in one cell: more of either never lowers it.

    Args:
        kind: What the asset is.
        sigmas: By how many of its sigmas it is out of place, 0 or more.
        missing: Share of the cell that is not there, 0 to 1; beyond the same sigmas.

    Source:
        DEFINITIONS, section 4: lean, offset, sag, missing.
    """
    if kind not in _GEOMETRY or sigmas < DOUBTFUL_SIGMAS:
        return 0
    doubtful, sure = _GEOMETRY[kind]
    if sigmas <= SURE_SIGMAS:
        return doubtful
    return LOST_LEVEL if missing >= LOST_SHARE else sure


def _reaches(shares: CellShares, name: str, *, least: float) -> bool:
    share = float(getattr(shares, name))
    return share > 0.0 and share >= least


_LIMITS_M: dict[AssetKind, tuple[float, float, float, float]] = {
    AssetKind.BRIDGE: (0.005, 0.015, 0.03, 0.05),
    AssetKind.DAM: (0.01, 0.03, 0.05, 0.05),
    AssetKind.TOWER: (0.01, 0.02, 0.04, 0.05),
    AssetKind.SPAN: (0.01, 0.015, 0.03, 0.03),
    AssetKind.SUBSTATION: (0.005, 0.015, 0.03, 0.05),
}
"""Coarsest GSD that shows D1, D2, D3, D4 (DEFINITIONS, section 5)."""

_SURFACE = frozenset({"crack", "spall"})
_MOVED = frozenset({"displacement"})
_BENT = frozenset({"deformation"})
_LOST = frozenset({"collapse"})
_WIRE, _CUT = frozenset({"conductor"}), frozenset({"broken_conductor"})

_NEEDED: dict[AssetKind, tuple[frozenset[str], ...]] = {
    AssetKind.BRIDGE: (_SURFACE, _MOVED, _MOVED, _LOST),
    AssetKind.DAM: (frozenset({"crack"}), _MOVED | {"seepage"}, _MOVED | _BENT, _LOST),
    AssetKind.TOWER: (_BENT, _BENT, _BENT, _LOST),
    AssetKind.SPAN: (_WIRE, _WIRE, _CUT, _CUT),
    AssetKind.SUBSTATION: (_SURFACE, _MOVED, _MOVED, _LOST),
}
"""Classes that must be trained to show D1, D2, D3, D4 (DEFINITIONS, section 5)."""

D1_SIDES, D1_SHARE, D2_SHARE = 3, 0.8, 0.6  # DEFINITIONS, section 5


def detectable_from(
    kind: AssetKind, *, gsd_m: float, sides: int, share: float, trained: frozenset[str]
) -> int:
    """The mildest state k such that k and every worse one would have been visible.

    Args:
        kind: What the asset is.
        gsd_m: Ground sampling distance of the view (median over cells and frames).
        sides: From how many different sides the asset was seen.
        share: Share of its cells that were seen, 0 to 1.
        trained: Classes (of both heads) the weights were trained on.

    Returns:
        1 to 4, or 5 where not even the worst state would have been visible.

    Source:
        DEFINITIONS, section 5.
    """
    if kind not in _LIMITS_M:
        return NOTHING_DETECTABLE
    sides_ok = (sides >= D1_SIDES, sides >= DEFAULTS[kind].d0_sides, True, True)
    share_ok = (share >= D1_SHARE, share >= D2_SHARE, True, True)
    mildest = NOTHING_DETECTABLE
    for state in (4, 3, 2, 1):
        seen = gsd_m <= _LIMITS_M[kind][state - 1] + GSD_TOLERANCE_M
        known = _NEEDED[kind][state - 1] <= trained
        if not (seen and known and sides_ok[state - 1] and share_ok[state - 1]):
            break
        mildest = state
    return mildest
