"""The lean of a tower from all the frames that measured it.

One frame sees a lean across its line of sight alone, and cannot tell it from a gimbal
that hangs askew. Seen from opposite sides a lean changes its side in the picture and a
gimbal's error does not; over several frames the errors of single ones average out.

Source:
    Least squares with given covariances: Mikhail and Ackermann 1976, Observations and
    Least Squares, chapter 4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import AssetKind
from data.levels import STANDING_SIGMA_DEG, geometry_level
from data.looks import UNTESTED

Floats = NDArray[np.float64]

WEAK_SHARE = 0.1  # of the best known direction's information: no direction of its own
SMALLEST_CHANCE = 1e-15
SHOWN_SIGMAS = 1.0

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Leans:
    """What n frames measured of one tower.

    Attributes:
        azimuth_deg: From the tower to the camera, shape (n,).
        lean_deg: To the right in the picture, shape (n,).
        sigma_deg: Of each, with how upright a sound tower stands in it, shape (n,).
        sortie: Of each frame.
    """

    azimuth_deg: Floats
    lean_deg: Floats
    sigma_deg: Floats
    sortie: Sequence[str]


def joint_sigmas(leans: Leans) -> float:
    """By how many sigmas the tower leans, to whichever side, by all frames together.

    What a gimbal gets wrong may last through a sortie or change with each frame; the
    larger sigma of the two counts. Where all frames look from one side or from
    opposite ones, only the lean across that line is known, and tested.

    Returns:
        The sigma of a normal error as improbable as the lean; 0 without a frame.
    """
    if not len(leans.lean_deg):
        return 0.0
    turned = np.radians(leans.azimuth_deg)
    across = np.stack([-np.cos(turned), np.sin(turned)], axis=1)
    own = np.sqrt(np.maximum(leans.sigma_deg**2 - STANDING_SIGMA_DEG**2, 1e-6))
    axes = _known_axes(across / own[:, None])
    design = across @ axes
    solver = np.linalg.pinv(design / own[:, None]) / own
    lean = solver @ leans.lean_deg
    same = np.equal.outer(np.asarray(leans.sortie), np.asarray(leans.sortie))
    models = [np.diag(own**2), np.outer(own, own) * same]
    squares = [_distance(lean, solver @ model @ solver.T) for model in models]
    return _as_sigmas(min(squares), freedom=design.shape[1])


def _known_axes(weighted: Floats) -> Floats:
    """Directions east and north (2, k) in which the frames tell of a lean."""
    known, axes = np.linalg.eigh(weighted.T @ weighted)
    return np.asarray(axes[:, known >= WEAK_SHARE * known[-1]])


def _distance(lean: Floats, covariance: Floats) -> float:
    """Squared distance of a lean from upright, in its sigmas."""
    total = covariance + STANDING_SIGMA_DEG**2 * np.eye(len(lean))
    return float(lean @ np.linalg.solve(total, lean))


def _as_sigmas(square: float, *, freedom: int) -> float:
    """The sigmas of one normal error that is as improbable as a squared distance.

    >>> round(_as_sigmas(9.0, freedom=1), 6), round(_as_sigmas(11.829, freedom=2), 3)
    (3.0, 3.0)
    """
    if freedom == 1:
        return float(np.sqrt(square))
    chance = max(float(np.exp(-square / 2)), SMALLEST_CHANCE)
    return max(0.0, -NormalDist().inv_cdf(chance / 2))


def with_joint_leans(cells: pa.Table) -> pa.Table:
    """Cells of towers, their leans judged by all frames that measured them.

    A frame takes the joint sigmas where its own lean is no smaller than one of its own
    sigmas: a look from where the lean is not to be seen says nothing of it. Levels are
    only ever raised.

    Args:
        cells: Table CELLS, of any assets.
    """
    measured = cells["lean_deg"].is_valid()
    if not pc.any(measured).as_py():
        return cells
    rows = cells.to_pylist()
    by_asset: dict[str, list[Row]] = {}
    for row in rows:
        if row["lean_deg"] is not None and not row["missing"]:
            by_asset.setdefault(row["asset_id"], []).append(row)
    for group in by_asset.values():
        _raise(group)
    return pa.Table.from_pylist(rows, schema=cells.schema)


def _raise(rows: Sequence[Row]) -> None:
    """Give the joint sigmas and their level to the rows that show the lean."""
    columns = [np.array([row[name] for row in rows]) for name in _MEASURED]
    sorties = [row["sortie"] or "" for row in rows]
    sigmas = joint_sigmas(Leans(columns[0], columns[1], columns[2], sorties))
    z = geometry_level(AssetKind.TOWER, sigmas=sigmas)
    for row in rows:
        own = abs(row["lean_deg"]) / row["lean_sigma_deg"]
        if own >= SHOWN_SIGMAS and sigmas > row["geometry_sigmas"]:
            row["geometry_sigmas"] = sigmas
            if z > row["z"]:
                row |= {"z": z, "z_second": UNTESTED}


_MEASURED = ("azimuth_deg", "lean_deg", "lean_sigma_deg")
