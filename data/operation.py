"""Operation and Event: what the map belongs to, and what happened."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from data.record import (
    Identifier,
    Instant,
    Latitude,
    Longitude,
    NonNegative,
    Sha256,
    record,
)


class EventStatus(StrEnum):
    """What a message is: JMA's Control/Status (通常, 訓練, 試験)."""

    REAL = "real"
    DRILL = "drill"
    TEST = "test"


class MessageType(StrEnum):
    """JMA's Head/InfoType (発表, 訂正, 取消)."""

    ISSUE = "issue"
    CORRECTION = "correction"
    CANCELLATION = "cancellation"


class EventKind(StrEnum):
    """What happened."""

    EARTHQUAKE = "earthquake"
    TYPHOON = "typhoon"


class TectonicType(StrEnum):
    """Kind of earthquake, as ground-motion models distinguish it."""

    CRUSTAL = "crustal"
    INTERFACE = "interface"
    SLAB = "slab"


class GeodeticDatum(StrEnum):
    """What longitude and latitude of a message refer to."""

    JGD2011 = "jgd2011"
    TOKYO = "tokyo"


@record
class Hypocentre:
    """Where and how large an earthquake was.

    Attributes:
        longitude: Degrees, in `datum`, as in the message.
        depth_km: None where the message says 不明.
        magnitude_mj: JMA magnitude; None where 不明. `magnitude_at_least` then holds
            8.0 for "Ｍ８を超える巨大地震", else None.
        region: Name of the epicentral region, as in the message.
        datum: TOKYO where the message says 日本測地系 (some 400 m apart);
            `geo.shaking.hypocentre_in_jgd2011` converts it.
    """

    longitude: Longitude
    latitude: Latitude
    depth_km: NonNegative | None
    magnitude_mj: float | None
    magnitude_at_least: float | None
    region: str
    datum: GeodeticDatum = GeodeticDatum.JGD2011


@record
class ObservedIntensity:
    """One JMA seismic intensity class observed at an area, city or station.

    The intensity is known as an interval [low, high): class 4 is [3.5, 4.5), and
    「震度５弱以上未入電」is [4.5, None).

    Attributes:
        level: area, city or station.
        code: JMA's code as in the message.
    """

    level: str
    code: str
    name: str
    low: float
    high: float | None


@record
class Event:
    """What one official (or hand-made) message says of one earthquake or typhoon.

    Attributes:
        id: JMA's EventID or the TOML's id, with `drill-` before a drill's.
        serial: Number of the report; a higher one replaces a lower one.
        source_kind: VXSE51, VXSE52, VXSE53, VXSE61, ShakeMap, track-10min, track-1min
            or manual.
        distant: 遠地地震: it shakes nothing here and opens no operation.
        sha256: Of the message's bytes.
        kind: A typhoon has no hypocentre; its track lies in the operation's `feeds`.
        degraded: Optional parts that are missing, in words: none of them blocks.
    """

    id: Identifier
    serial: Annotated[int, Field(ge=0)]
    source_kind: str
    status: EventStatus
    message_type: MessageType
    title: str
    headline: str
    reported_at: Instant
    origin_at: Instant
    hypocentre: Hypocentre | None
    distant: bool
    observed: tuple[ObservedIntensity, ...]
    notes: tuple[str, ...]
    sha256: Sha256
    kind: EventKind = EventKind.EARTHQUAKE
    degraded: tuple[str, ...] = ()


@record
class Operation:
    """What a map belongs to: one or more events and all that is done about them."""

    id: Identifier
    drill: bool
    opened_by: Identifier
    events: tuple[Identifier, ...]
    seed: Annotated[int, Field(ge=0)]


class RulingKind(StrEnum):
    """What a person may decide about the events of an operation."""

    JOIN = "join"
    MERGE = "merge"
    UNMERGE = "unmerge"
    RELEASE = "release"


@record
class Ruling:
    """What a named person decided about the events of an operation.

    Attributes:
        number: Rulings count in this order, from 0.
        kind: JOIN: the operation `other` goes on in this one. MERGE: `other` is the
            quake `event` under another id; UNMERGE undoes it. RELEASE: the withdrawal
            of `event` by the message `other` may be published.
        other: An event's or operation's id; of a RELEASE the sha256 of a message.
    """

    number: Annotated[int, Field(ge=0)]
    kind: RulingKind
    event: Identifier
    other: Identifier
    actor: Annotated[str, Field(min_length=1)]
    at: Instant
