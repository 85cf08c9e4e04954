"""Which two ids may be one quake: proposed with the evidence, decided by a person.

The limits are start values: JMA gives the origin to the minute and the place to a tenth
of a degree (VXSE52, 53), and another agency's epicentre lies some ten kilometres apart.
"""

import math
from collections.abc import Sequence
from itertools import combinations

from data.operation import Event, EventKind, Hypocentre
from data.record import NonNegative, record

MOST_SECONDS = 120.0
MOST_KM = 100.0
MOST_MAGNITUDES = 1.0
EARTH_RADIUS_KM = 6371.0088  # mean radius, GRS80 (Moritz 2000)


@record
class Likeness:
    """How far apart two ids are that may be one quake.

    Attributes:
        first: Id of the one to keep; the official or older one.
        km_apart: None where one of them has no hypocentre.
        magnitude_apart: None where one of them has no magnitude.
    """

    first: str
    second: str
    seconds_apart: NonNegative
    km_apart: NonNegative | None
    magnitude_apart: NonNegative | None


def likenesses(events: Sequence[Event]) -> tuple[Likeness, ...]:
    """Pairs of standing events that may be one quake, in the order of the events."""
    found = [
        _likeness(first, second)
        for first, second in combinations(events, 2)
        if first.kind is second.kind is EventKind.EARTHQUAKE
        and first.id != second.id
        and first.status is second.status
    ]
    return tuple(pair for pair in found if _is_alike(pair))


def evidence(pair: Likeness) -> str:
    """Why two ids may be one quake, in words."""
    km, magnitudes = pair.km_apart, pair.magnitude_apart
    return ", ".join(
        [
            f"{pair.seconds_apart:.0f} s apart",
            "place of one not known" if km is None else f"{km:.0f} km apart",
            "size of one not known"
            if magnitudes is None
            else f"{magnitudes:.1f} magnitudes apart",
        ]
    )


def _is_alike(pair: Likeness) -> bool:
    return (
        pair.seconds_apart <= MOST_SECONDS
        and (pair.km_apart or 0.0) <= MOST_KM
        and (pair.magnitude_apart or 0.0) <= MOST_MAGNITUDES
    )


def _likeness(first: Event, second: Event) -> Likeness:
    one, two = sorted((first, second), key=_rank)
    return Likeness(
        first=one.id,
        second=two.id,
        seconds_apart=abs((one.origin_at - two.origin_at).total_seconds()),
        km_apart=_km_apart(one.hypocentre, two.hypocentre),
        magnitude_apart=_magnitude_apart(one.hypocentre, two.hypocentre),
    )


def _rank(event: Event) -> tuple[bool, str, str]:
    """JMA's own goes first, then the older report."""
    official = event.source_kind.startswith("VXSE")
    return (not official, event.reported_at.isoformat(), event.id)


def _km_apart(one: Hypocentre | None, two: Hypocentre | None) -> float | None:
    """On a sphere: the datum (some 400 m) does not matter here."""
    if one is None or two is None:
        return None
    first, second = math.radians(one.latitude), math.radians(two.latitude)
    east = math.radians(two.longitude - one.longitude)
    half = (
        math.sin((second - first) / 2) ** 2
        + math.cos(first) * math.cos(second) * math.sin(east / 2) ** 2
    )
    return 2.0 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


def _magnitude_apart(one: Hypocentre | None, two: Hypocentre | None) -> float | None:
    sizes = [source.magnitude_mj for source in (one, two) if source is not None]
    known = [size for size in sizes if size is not None]
    return abs(known[0] - known[1]) if len(known) == 2 else None  # noqa: PLR2004 a pair
