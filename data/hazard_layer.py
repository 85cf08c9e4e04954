"""HazardLayer: where the ground slid, flooded or liquefied, as somebody mapped it.

What lies on such ground is worse off than its shaking says. How much worse is a stated
rule, not a finding: P(S >= k) becomes 1 - (1 - P)(1 - r_k). Where a polygon says how
far the ground moved, a bridge takes Hazus's curve for ground failure instead.

Source:
    DEFINITIONS, section 2. FEMA, Hazus 5.1 Earthquake Model Technical Manual (2022),
    section 7.2.6, curve HWB.GF of the DLML library.
"""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from data.fragility import (
    Array,
    exceedance,
    exceedance_from_states,
    monotone,
    states_from_exceedance,
)
from data.record import Sha256, record

WITHIN_M = 10.0  # DEFINITIONS, section 2: of the asset
RAISED_BY = (0.5, 0.3, 0.15, 0.05)  # DEFINITIONS, section 2: r_1 .. r_4
M_PER_INCH = 0.0254  # exact
_GROUND_FAILURE = "hazus51_bridge_ground_failure.csv"


class LayerKind(StrEnum):
    """What a layer of polygons shows."""

    LANDSLIDE = "landslide"
    FLOOD = "flood"
    LIQUEFACTION = "liquefaction"


LAYER_WORDS: dict[LayerKind, tuple[str, str]] = {
    LayerKind.LANDSLIDE: ("斜面崩壊", "landslide"),
    LayerKind.FLOOD: ("浸水", "flood"),
    LayerKind.LIQUEFACTION: ("液状化", "liquefaction"),
}
"""Japanese and English words of each kind."""

POLYGONS = pa.schema([("geometry", pa.binary()), ("pgd_m", pa.float32())])
"""A layer: WKB of one valid polygon or multipolygon a row, longitude and latitude
(CRS84), and how far its ground moved (permanent ground deformation); null: unknown."""


@record
class HazardLayer:
    """One imported layer.

    Attributes:
        key: Hash of its content; its file in the store has this name.
        name: The file as its owner called it.
        credit: Whom to name as the source, as given.
        actor: Who brought it in.
    """

    key: Sha256
    kind: LayerKind
    name: str
    polygons: Annotated[int, Field(ge=1)]
    source_sha256: Sha256
    credit: str | None
    actor: Annotated[str, Field(min_length=1)]


@record
class LayerWithdrawal:
    """Somebody's word that a layer counts no more."""

    key: Sha256
    actor: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class KeptLayer:
    """A layer that counts, with its polygons."""

    layer: HazardLayer
    polygons: NDArray[np.object_]
    pgd_m: Array


@cache
def ground_failure_curve() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Medians in metres and betas of slight .. complete, of any bridge."""
    text = files("data").joinpath("reference", _GROUND_FAILURE).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    medians = tuple(float(row["median_in"]) * M_PER_INCH for row in rows)
    return medians, tuple(float(row["beta"]) for row in rows)


def rises(pgd_m: Array, *, bridge: NDArray[np.bool_]) -> Array:
    """Chances r_1 .. r_4 by which assets on such ground are worse off, shape (N, 4).

    Args:
        pgd_m: Movement of the ground under each, NaN where not known, shape (N,).
        bridge: Which of them Hazus's curve of ground failure is for.
    """
    found = np.tile(np.array(RAISED_BY), (len(pgd_m), 1))
    known = bridge & ~np.isnan(pgd_m)
    if known.any():
        medians, betas = (np.array([row]) for row in ground_failure_curve())
        found[known] = monotone(exceedance(pgd_m[known], medians, betas))
    return found


def raised(states: Array, rise: Array) -> Array:
    """P(state) on such ground: P(S >= k) := 1 - (1 - P)(1 - r_k).

    Args:
        states: P(D0) .. P(D4), shape (N, 5).
        rise: r_1 .. r_4, falling in k, shape (N, 4).

    >>> raised(np.array([[1.0, 0, 0, 0, 0]]), np.array([RAISED_BY])).round(2).tolist()
    [[0.5, 0.2, 0.15, 0.1, 0.05]]
    """
    spared = (1.0 - exceedance_from_states(states)) * (1.0 - rise)
    return states_from_exceedance(1.0 - spared)
