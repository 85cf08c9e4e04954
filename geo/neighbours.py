"""Neighbours as witnesses: which files lie turned, and whose tags are grossly wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data.imagery import Frame
from geo.crs import Anchor, enu_from_geographic
from geo.georeference import ground_from_pixels
from geo.overlaps import Overlap
from geo.terrain import Terrain

Array = NDArray[np.float64]

GROSS_M = 30.0
"""Ground disagreement of a picture with its neighbours beyond which its tags are wrong:
four times the CE90 of consumer tags at 100 m (FINDINGS, section 3: 8.2 m)."""
FAR_M = 500.0  # what counts for a spot that one of two pictures does not reach
TURN_GAIN_M = 3.0  # by which turning a file has to better its neighbours' agreement


def turned_over(frame: Frame) -> Frame:
    """The same frame, its file taken to lie the other way round."""
    return replace(frame, turned_deg=0 if frame.turned_deg else 180)


def placed_on_ground(
    frame: Frame, pixels: Array, terrain: Terrain, anchor: Anchor
) -> Array:
    """Places (N, 3) east, north, up from the anchor; NaN where not on the ground."""
    if frame.pose is None:
        return np.full((len(pixels), 3), np.nan)
    met = ground_from_pixels(
        frame.camera, frame.pose, frame.turned_deg, pixels, terrain
    )
    places = np.column_stack([met.longitude, met.latitude, met.height_m])
    return enu_from_geographic(places, anchor)


def disagreement_m(
    one: Frame, other: Frame, overlap: Overlap, terrain: Terrain, anchor: Anchor
) -> float:
    """Median level distance between where two frames place the same spots."""
    a = placed_on_ground(one, overlap.one_px, terrain, anchor)
    b = placed_on_ground(other, overlap.other_px, terrain, anchor)
    apart = np.hypot(*(a - b)[:, :2].T)
    return float(np.median(np.where(np.isfinite(apart), apart, FAR_M)))


def turns_by_neighbours(
    frames: Sequence[Frame],
    overlaps: Sequence[Overlap],
    terrain: Terrain,
    anchor: Anchor,
) -> NDArray[np.bool_]:
    """Which files lie turned against what their tags say, shape (N,).

    Each pair is placed in all four ways; then files are turned one by one, as long as
    that brings neighbours together. Turning all of a flight would reverse its base
    lines, so the whole is tried too.
    """
    cost = np.zeros((len(overlaps), 2, 2))
    for index, overlap in enumerate(overlaps):
        for a in (0, 1):
            for b in (0, 1):
                one, other = frames[overlap.one], frames[overlap.other]
                one = turned_over(one) if a else one
                other = turned_over(other) if b else other
                apart = disagreement_m(one, other, overlap, terrain, anchor)
                cost[index, a, b] = min(apart, GROSS_M)
    starts = (np.zeros(len(frames), np.int8), np.ones(len(frames), np.int8))
    found = [_settled(start, overlaps, cost) for start in starts]
    best = min(found, key=lambda turns: (_total(turns, overlaps, cost), turns.sum()))
    return np.asarray(best, np.bool_)


def _total(turns: NDArray[np.int8], overlaps: Sequence[Overlap], cost: Array) -> float:
    return sum(
        float(cost[k, turns[o.one], turns[o.other]]) for k, o in enumerate(overlaps)
    )


def _settled(
    turns: NDArray[np.int8], overlaps: Sequence[Overlap], cost: Array
) -> NDArray[np.int8]:
    """Turn the file that gains most, until none gains."""
    turns = turns.copy()
    while True:
        now = _total(turns, overlaps, cost)
        gains = np.zeros(len(turns))
        for index in range(len(turns)):
            other = turns.copy()
            other[index] = 1 - other[index]
            gains[index] = now - _total(other, overlaps, cost)
        if not len(gains) or gains.max() < TURN_GAIN_M:
            return turns
        turns[int(gains.argmax())] ^= 1


def gross_outliers(
    frames: Sequence[Frame],
    overlaps: Sequence[Overlap],
    terrain: Terrain,
    anchor: Anchor,
) -> frozenset[int]:
    """Pictures whose tags contradict their neighbours, the worst taken out first.

    A picture counts by the better half of its overlaps, so that one bad neighbour does
    not condemn it.
    """
    apart = [
        disagreement_m(frames[o.one], frames[o.other], o, terrain, anchor)
        for o in overlaps
    ]
    out: set[int] = set()
    while True:
        worst, worst_m = -1, GROSS_M
        for index in sorted({i for o in overlaps for i in o[:2]} - out):
            own = [
                metres
                for o, metres in zip(overlaps, apart, strict=True)
                if index in o[:2] and not out & set(o[:2])
            ]
            if own and np.median(own) > worst_m:
                worst, worst_m = index, float(np.median(own))
        if worst < 0:
            return frozenset(out)
        out.add(worst)


def disagreement_by_frame(
    frames: Sequence[Frame],
    overlaps: Sequence[Overlap],
    terrain: Terrain,
    anchor: Anchor,
) -> dict[str, float]:
    """Median disagreement of each frame with its neighbours, by name."""
    found: dict[str, list[float]] = {}
    for o in overlaps:
        metres = disagreement_m(frames[o.one], frames[o.other], o, terrain, anchor)
        for index in (o.one, o.other):
            found.setdefault(frames[index].file, []).append(metres)
    return {name: float(np.median(values)) for name, values in sorted(found.items())}
