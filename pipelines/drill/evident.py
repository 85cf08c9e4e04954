"""Labels to learn from: damage where a picture shows it, "unknown" where it cannot.

Truth marks all of a span that was shoved aside, but a metre of its deck looks like a
metre of any deck: taught as damage it teaches nothing, or a wrong thing. What gives a
displaced or fallen part away is its edge against what stayed; what gives a leaning
tower away is most of its mast, seen from the side; what gives a slack wire away is
geometry alone. The rest is labelled IGNORE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from pipelines.drill.labels import Component, Damage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipelines.drill.render import Picture

    Labels = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

IGNORE: Final = 255
STEP_REACH_M: Final = (
    2.0  # this far from the step a shoved part is told from a sound one
)
RUIN_REACH_M: Final = 3.0  # this far from its outline a ruin is told from plain ground
MAST_LEAST_M: Final = 14.0  # of a mast, to see that it leans
LEANING_SHARE: Final = (
    0.6  # of a tower's pixels: the whole of it leans, else it is bent
)
ALONG: Final = ("nadir",)  # views from which no lean can be seen


def evident_damage(picture: Picture, *, gsd_m: float, view: str) -> Labels:
    """Damage labels of a picture, IGNORE where it cannot be told.

    Args:
        picture: With its truth; left as it is.
        gsd_m: Size of a pixel at what the picture is about.
        view: nadir, oblique or level.
    """
    labels = picture.damage.copy()
    _keep_steps(labels, picture, round(STEP_REACH_M / gsd_m))
    _keep_outlines(labels, picture, round(RUIN_REACH_M / gsd_m))
    _keep_leans(labels, picture, gsd_m=gsd_m, view=view)
    return labels


def _keep_steps(labels: Labels, picture: Picture, reach_px: int) -> None:
    """Displacement only near sound parts of the same asset; there both sides."""
    moved = picture.damage == Damage.DISPLACEMENT
    for asset in np.unique(picture.asset[moved]):
        own = picture.asset == asset
        shoved, stayed = own & moved, own & (picture.damage == Damage.NONE)
        labels[shoved & ~_near(stayed, reach_px)] = IGNORE
        labels[stayed & _near(shoved, reach_px)] = IGNORE


def _keep_outlines(labels: Labels, picture: Picture, reach_px: int) -> None:
    """Collapse only near its outline inside the picture."""
    fallen = picture.damage == Damage.COLLAPSE
    labels[fallen & ~_near(~fallen, reach_px)] = IGNORE


def _keep_leans(labels: Labels, picture: Picture, *, gsd_m: float, view: str) -> None:
    """A leaning tower only where enough of it is seen from the side; no slack wire."""
    bent = picture.damage == Damage.DEFORMATION
    labels[bent & (picture.component == Component.CONDUCTOR)] = IGNORE
    tower = picture.component == Component.TOWER
    for asset in np.unique(picture.asset[bent & tower]):
        mast = tower & (picture.asset == asset)
        if (bent & mast).sum() < LEANING_SHARE * mast.sum():
            continue
        rows, columns = np.nonzero(mast)
        seen_m = float(np.hypot(np.ptp(rows), np.ptp(columns))) * gsd_m
        if view in ALONG or seen_m < MAST_LEAST_M:
            labels[mast] = IGNORE


def _near(mask: Mask, reach_px: int) -> Mask:
    """Pixels at most so far from a True one; none where there is none."""
    if not mask.any():
        return np.zeros_like(mask)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(distance <= reach_px)
