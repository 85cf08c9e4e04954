"""Which assets may be in which frame, and the key of looking at one in the other."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.assets import DEFAULTS, Asset, AssetKind
from data.imagery import Frame, VerticalDatum
from data.ledger import content_key
from data.record import to_json
from geo.coverage import frames_near
from pipelines.provenance import code_sha256

UNKNOWN_POSITION_SIGMA_M = 10.0
"""Of an asset whose owner says nothing: a point read off a 1:25,000 map."""
REACH_FACTOR = 2.0
"""Frames up to twice too coarse are paired too, so that too_coarse can be said."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The terrain frames are placed on; without a path the ground is flat.

    Attributes:
        heights: Vertical datum of the grid.
        sha256: Of the file; empty for flat ground.
    """

    path: Path | None
    heights: VerticalDatum
    sha256: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One asset that may be in one frame, and the key of looking at it there.

    Attributes:
        rivals: The others of its kind that may be in the frame: what lies where two of
            them may be belongs to neither for sure.
    """

    asset: Asset
    key: str
    rivals: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class FramePairs:
    """One located frame with all assets that may be in it, and how urgent it is."""

    frame: Frame
    ground: Ground
    pairs: tuple[Pair, ...]
    priority: float

    @property
    def footprint_key(self) -> str:
        """Content key of the ground the frame saw."""
        return content_key(
            "footprint", code_sha256(), *_placing(self.frame, self.ground)
        )


def _placing(frame: Frame, ground: Ground) -> tuple[object, ...]:
    """All that decides where a frame's pixels are."""
    return (
        frame.id,
        json.loads(to_json(frame.camera)),
        None if frame.pose is None else json.loads(to_json(frame.pose)),
        frame.relative_altitude_m,
        frame.turned_deg,
        frame.unusable,
        ground.sha256,
        ground.heights.value,
    )


def asset_of_row(row: Mapping[str, Any]) -> Asset:
    """The record of one row of the table of assets."""
    return Asset(
        id=row["id"],
        kind=AssetKind(row["kind"]),
        geometry=row["geometry"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        position_sigma_m=row["position_sigma_m"] or UNKNOWN_POSITION_SIGMA_M,
        length_m=row["length_m"],
        height_m=row["height_m"],
        importance=row["importance"] or 0.0,
        parent_id=row["parent_id"],
    )


def _extents_m(assets: pa.Table) -> NDArray[np.float64]:
    """How far an asset may reach from its home point, metres."""
    lengths = pc.fill_null(assets["length_m"], 0.0).to_numpy().astype(np.float64)
    halves = np.array([DEFAULTS[AssetKind(k)].half_length_m for k in AssetKind])
    names = [kind.value for kind in AssetKind]
    index = pc.index_in(assets["kind"].cast(pa.string()), value_set=pa.array(names))
    return np.asarray(np.maximum(lengths, halves[index.to_numpy()]), np.float64)


def pair_key(
    frame: Frame,
    ground: Ground,
    asset_revision: str,
    *,
    rivals: Sequence[str] = (),
    weights: str,
    gsd: float,
) -> str:
    """Content key of looking at one asset in one frame.

    All that may change the result is in it: the picture, its lens and pose, how it
    lies on disk, the terrain and its datum, the asset's own row, those of others of its
    kind in the frame, the weights, the coarsest sampling distance, and our own code.
    """
    return content_key(
        "placed",
        code_sha256(),
        *_placing(frame, ground),
        asset_revision,
        sorted(rivals),
        weights,
        gsd,
    )


def frame_pairs(
    frames: Sequence[tuple[Frame, Ground]],
    assets: pa.Table,
    priorities: pa.Array,
    *,
    weights: str,
    coarsest_gsd_m: float,
) -> list[FramePairs]:
    """Every located frame with the assets that may be in it, the riskiest first.

    Args:
        frames: Frames and the ground they are placed on, in any order.
        assets: Table ASSETS.
        priorities: Priority of each asset's row; null counts as 0.
        weights: Key of the weights that will read, and of their card.
        coarsest_gsd_m: From here on a cell counts as unseen.

    Returns:
        All located frames, also those without any asset near (they come last). Equal
        priorities go by frame id.
    """
    longitudes = assets["longitude"].to_numpy()
    latitudes = assets["latitude"].to_numpy()
    extents, links = _extents_m(assets), pc.equal(assets["kind"], "link").to_numpy()
    urgency = pc.fill_null(priorities, 0.0).to_numpy(zero_copy_only=False)
    found: list[FramePairs] = []
    for frame, ground in frames:
        if frame.pose is None:
            continue
        reach = REACH_FACTOR * coarsest_gsd_m * frame.camera.focal_x_px
        near = frames_near(longitudes, latitudes, frame.pose, reach + extents)
        rows = np.flatnonzero(near & ~links)
        near_by = assets.take(pa.array(rows)).to_pylist()
        key = partial(pair_key, frame, ground, weights=weights, gsd=coarsest_gsd_m)
        pairs = _pairs(near_by, key)
        most_urgent = float(urgency[rows].max(initial=-1.0))
        found.append(FramePairs(frame, ground, pairs, most_urgent))
    return sorted(found, key=lambda each: (-each.priority, each.frame.id))


def _pairs(
    rows: Sequence[Mapping[str, Any]], key: Callable[..., str]
) -> tuple[Pair, ...]:
    """A pair of every row, by asset id, each with its rivals."""
    ordered = sorted(rows, key=lambda row: str(row["id"]))
    return tuple(
        Pair(
            asset=asset_of_row(row),
            key=key(row["revision"], rivals=[one["revision"] for one in rivals]),
            rivals=tuple(asset_of_row(one) for one in rivals),
        )
        for row in ordered
        for rivals in [
            [one for one in ordered if one["kind"] == row["kind"] and one is not row]
        ]
    )
