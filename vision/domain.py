"""Is this picture like what the weights learnt from? If not, the clause that failed.

The clauses are rules about light, haze and surfaces, and one fitted distance: how far
a picture lies from those the weights learnt from. Rules were set on sharp pictures of
structures and on made-up bad ones (tests/bench/domain.py); the rules for water and for
rooms were never tried on real water or real rooms.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vision.appearance import Appearance, appearance
from vision.datasets import LabelledPicture
from vision.images import Quality, unusable_reason
from vision.weights import Card, Domain

DomainClause: TypeAlias = Literal[
    "gsd", "dark", "blur", "fog", "water", "indoor", "unlike"
]

# A tenth of the light, by Koschmieder's law, is left at .6 of the visibility. Concrete
# in even light has detail of 6 grey values and more, and keeps less than 5 of it.
VEIL_BLACK: Final = 100.0  # nothing is darker: light was added everywhere
VEIL_DETAIL: Final = 5.0
VEIL_STRUCTURE: Final = 6.0
LEAST_EDGE_SHARPNESS: Final = 0.155  # rendered .16 to .37, photographs .23 to .41
WALL_EDGE_SHARPNESS: Final = 0.215  # where one textured surface fills the picture,
WALL_DETAIL: Final = 1.6  # in grey values, something ought to be sharp
WALL_STRUCTURE: Final = 9.0
ROUGH_EDGE_SHARPNESS: Final = 0.255  # and more so where that texture is coarse
ROUGH_DETAIL: Final = 8.5
ROUGH_STRUCTURE: Final = 18.0  # several things in a picture leave the judgement open
WATER_HUE: Final = 0.9  # share of one hue, from green to blue (b* below)
WATER_B: Final = 1.0
WATER_A: Final = -5.0  # or clearly green
WATER_SPREAD: Final = 3.0
WATER_STRUCTURE: Final = 6.0
WATER_DETAIL: Final = 16.0
ROOM_WARMTH: Final = 8.0  # a* + b*: lamps are red and yellow beside daylight
ROOM_A: Final = -5.0  # and nothing is green
ROOM_STRUCTURE: Final = 20.0  # light falls off within metres
ROOM_DETAIL: Final = 9.0  # walls are plain, in most tiles and in the plainest
ROOM_DETAIL_LOW: Final = 2.4
ROOM_EDGE_SHARPNESS: Final = 0.24
ROOM_SPREAD: Final = 3.5
MOST_FLAT: Final = 0.4  # no sensor gives equal neighbours so often: a drawing, a card
MOST_BLOCKINESS: Final = 2.0  # JPEG below quality 10
NOISE_ROUGHNESS: Final = 0.46  # texture is as rough in light, but not in colour,
NOISE_SPREAD: Final = 5.0
NOISE_DETAIL: Final = 12.0  # and not in the plainest tenth as well
BURNT_SHARE: Final = 0.3
BURNT_EXPOSURE: Final = 0.72
BURNT_WHITE: Final = 254.0

FITTED: Final = (
    "exposure",
    "detail",
    "detail_low",
    "detail_high",
    "structure",
    "black",
    "white",
    "a",
    "b",
    "chroma_spread",
)
"""Numbers that the distance is measured in. Sharpness and traces of compression tell
how a picture was saved rather than what it shows, and are left to the rules."""
LEAST_SCALE: Final = (0.05, 0.2, 0.2, 0.2, 0.2, 10.0, 10.0, 2.0, 2.0, 1.0)
"""How far each differs between two pictures of one wall on two days, by eye: so much is
never called a difference. In the order of `FITTED`; logarithms, grey values, L*a*b*."""
_LOGARITHMS: Final = ("detail", "detail_low", "detail_high", "structure")
_WEIGHT_OF_PRIOR: Final = 16.0  # pictures: so many must contradict a round cloud
_LIMIT_QUANTILE: Final = 0.95
DECIMALS: Final = 6
MOST_PICTURES: Final = 150  # of a source: more change little


def assess_domain(
    measured: Quality,
    *,
    gsd_m: float | None,
    card: Card,
    seen: Appearance | None = None,
) -> DomainClause | None:
    """What puts a picture outside the weights' domain, or None.

    An unknown `gsd_m` is no clause; the caller calls the domain unverified. Without
    `seen` only distance, light and blur are judged.

    Args:
        measured: Quality of the whole picture.
        gsd_m: Ground sampling distance, metres a pixel; None if not known.
        card: Card of the weights. Finer than its `gsd_min_m` is no clause, because such
            a picture is reduced before it is read.
        seen: What the picture looks like.
    """
    if gsd_m is not None and gsd_m > card.gsd_max_m:
        return "gsd"
    reason = unusable_reason(measured)
    if reason == "overexposed" or measured.bright_share > BURNT_SHARE:
        return "unlike"  # the enumeration has no word of its own for it
    if reason is not None:
        return reason
    return None if seen is None else content_clause(seen, card.domain)


def content_clause(seen: Appearance, known: Domain | None) -> DomainClause | None:
    """What in a well lit picture is not what the weights learnt from, or None.

    Args:
        seen: What the picture looks like.
        known: The clouds of pictures learnt from; of older weights, which have none,
            nothing but distance and light is judged.
    """
    if known is None:
        return None
    clauses: tuple[tuple[DomainClause, bool], ...] = (
        ("unlike", _is_wreck(seen)),
        ("fog", _is_veiled(seen)),
        ("indoor", _is_room(seen)),
        ("blur", _is_blurred(seen)),
        ("water", _is_water(seen)),
        ("unlike", distance(seen, known) > known.limit),
    )
    return next((clause for clause, failed in clauses if failed), None)


def _is_wreck(seen: Appearance) -> bool:
    noisy = (
        seen.roughness > NOISE_ROUGHNESS
        and seen.chroma_spread > NOISE_SPREAD
        and seen.detail_low > NOISE_DETAIL
    )
    burnt = seen.exposure > BURNT_EXPOSURE and seen.white >= BURNT_WHITE
    drawn = seen.flat > MOST_FLAT or seen.blockiness > MOST_BLOCKINESS
    return noisy or burnt or drawn


def _is_blurred(seen: Appearance) -> bool:
    if seen.detail_low > ROUGH_DETAIL and seen.structure < ROUGH_STRUCTURE:
        return seen.sharpness < ROUGH_EDGE_SHARPNESS
    is_wall = seen.detail_low > WALL_DETAIL and seen.structure < WALL_STRUCTURE
    return seen.sharpness < (WALL_EDGE_SHARPNESS if is_wall else LEAST_EDGE_SHARPNESS)


def _is_veiled(seen: Appearance) -> bool:
    """Fog and rain add light everywhere and leave no detail anywhere.

    Source:
        He, Sun and Tang 2009, "Single image haze removal using dark channel prior": a
        clear outdoor picture has something dark nearly everywhere.
    """
    return (
        seen.black > VEIL_BLACK
        and seen.detail_high < VEIL_DETAIL
        and seen.structure < VEIL_STRUCTURE
    )


def _is_water(seen: Appearance) -> bool:
    return (
        seen.one_hue > WATER_HUE
        and (seen.b < WATER_B or seen.a < WATER_A)
        and seen.chroma_spread < WATER_SPREAD
        and seen.structure < WATER_STRUCTURE
        and seen.detail_high < WATER_DETAIL
    )


def _is_room(seen: Appearance) -> bool:
    is_lamplit = seen.a + seen.b > ROOM_WARMTH and seen.a > ROOM_A
    is_plain = seen.detail < ROOM_DETAIL and seen.detail_low < ROOM_DETAIL_LOW
    return (
        is_lamplit
        and is_plain
        and seen.structure > ROOM_STRUCTURE
        and seen.sharpness < ROOM_EDGE_SHARPNESS
        and seen.chroma_spread > ROOM_SPREAD
    )


def _point(seen: Appearance) -> NDArray[np.float64]:
    values = seen._asdict()
    return np.array(
        [
            np.log(values[name] + 0.3) if name in _LOGARITHMS else values[name]
            for name in FITTED
        ]
    )


def distance(seen: Appearance, known: Domain) -> float:
    """Mahalanobis distance to the nearest of the sources learnt from."""
    return _to_nearest(_point(seen) / np.array(known.scale), known)


def _to_nearest(point: NDArray[np.float64], known: Domain) -> float:
    gaps = point - np.array(known.means)
    return float(
        np.sqrt(np.einsum("si,sij,sj->s", gaps, np.array(known.inverses), gaps)).min()
    )


def fit_domain(sources: Mapping[str, Iterable[Appearance]]) -> Domain | None:
    """What good pictures look like, one cloud a source; None of fewer than two sources.

    The limit is how far the pictures of one source lie from all the others (of the
    source farthest off, all but one in twenty): a site never seen may be as different.

    Args:
        sources: Appearances of pictures learnt from, by source.
    """
    points = {
        name: np.array([_point(one) for one in pictures])
        for name, pictures in sorted(sources.items())
    }
    points = {name: rows for name, rows in points.items() if len(rows)}
    if len(points) < 2:  # noqa: PLR2004, one tells nothing of how others differ
        return None
    limits = [_limit_without(name, points) for name in points]
    return _clouds(points, limit=max(limits))


def _limit_without(name: str, points: Mapping[str, NDArray[np.float64]]) -> float:
    rest = {other: rows for other, rows in points.items() if other != name}
    known = _clouds(rest, limit=1.0)
    scaled = points[name] / np.array(known.scale)
    distances = [_to_nearest(point, known) for point in scaled]
    return float(np.quantile(distances, _LIMIT_QUANTILE))


def _clouds(points: Mapping[str, NDArray[np.float64]], *, limit: float) -> Domain:
    """Mean and inverse covariance of each source, drawn towards a round cloud."""
    scale = np.maximum(np.vstack([*points.values()]).std(axis=0), LEAST_SCALE)
    means, inverses = [], []
    for rows in points.values():
        scaled = rows / scale
        share = _WEIGHT_OF_PRIOR / (len(rows) + _WEIGHT_OF_PRIOR)
        own = np.cov(scaled.T) if len(rows) > 1 else np.zeros((len(scale),) * 2)
        covariance = (1 - share) * own + (share + 0.05) * np.eye(len(scale))
        means.append(tuple(np.round(scaled.mean(axis=0), DECIMALS).tolist()))
        inverse = np.round(np.linalg.inv(covariance), DECIMALS)
        inverses.append(tuple(tuple(row) for row in inverse.tolist()))
    return Domain(
        scale=tuple(np.round(scale, DECIMALS).tolist()),
        means=tuple(means),
        inverses=tuple(inverses),
        limit=round(limit, DECIMALS),
    )


def learnt_domain(sources: Mapping[str, Sequence[LabelledPicture]]) -> Domain | None:
    """`fit_domain` of the pictures that weights learnt from, read evenly spread."""
    return fit_domain(
        {
            name: [
                appearance(picture.read().image)
                for picture in pictures[:: max(1, -(-len(pictures) // MOST_PICTURES))]
            ]
            for name, pictures in sources.items()
        }
    )
