"""A rehearsal as a file says it: what happens, what owners err in, what is flown.

The library lies in data/scenarios/, one TOML file each; any other file does as well.
"""

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from data.errors import ConfigError, InvalidRecordError, UsageError
from data.places import SCENARIOS
from data.record import (
    Instant,
    Latitude,
    Longitude,
    NonNegative,
    Positive,
    Probability,
    from_json,
    record,
)
from pipelines.drill.light import LightName
from pipelines.drill.scenario import ACROSS_THE_VALLEY, Grade, Spot

CameraName = Literal["wide", "tele", "zoom"]
Count = Annotated[int, Field(ge=0, le=2_000)]


@record
class Anchor:
    """Where the scene's origin lies (EPSG:6667)."""

    longitude: Longitude
    latitude: Latitude
    ellipsoidal_height_m: float = 0.0


@record
class Valley:
    """The rendered place, without its seed and its damage; see `Scenario`."""

    dam_kind: Literal["gravity", "embankment"] = "embankment"
    towers: tuple[Spot, ...] = ACROSS_THE_VALLEY
    truss: bool = False
    season: Annotated[int, Field(ge=0, le=2)] = 0
    landslide: bool = False
    trees: Annotated[int, Field(ge=0, le=20_000)] = 1200


@record
class FeltArea:
    """One of JMA's 細分区域 that the telegram may name."""

    prefecture: str
    prefecture_code: str
    name: str
    code: str


@record
class MadeUpQuake:
    """One earthquake; its intensities are drawn from the field nobody knows.

    Attributes:
        magnitude_mj: What shakes; told as Ｍ８を超える巨大地震 where `over_eight`.
        heard_after_min: From the origin to the telegram.
        felt_within_km: Towns within this of the epicentre report an intensity.
        towns_lost: Share of the towns whose report never arrives.
    """

    origin_at: Instant
    longitude: Longitude
    latitude: Latitude
    depth_km: Positive
    magnitude_mj: Annotated[float, Field(ge=4.0, le=9.5)]
    over_eight: bool = False
    region: str
    region_code: str
    areas: tuple[FeltArea, ...]
    heard_after_min: Positive = 4.0
    felt_within_km: Positive = 90.0
    towns_lost: Probability = 0.0


@record
class TyphoonFix:
    """Where a typhoon is, some hours after the first fix; wind is a ten-minute mean."""

    after_h: NonNegative
    longitude: Longitude
    latitude: Latitude
    pressure_hpa: Positive
    wind_kt: Positive


@record
class MadeUpTyphoon:
    """One typhoon; the wind that truly blew departs from its track's."""

    id: str
    begins_at: Instant
    fixes: tuple[TyphoonFix, ...]


@record
class District:
    """Assets round the valley that no drone reaches: what edition 0 is judged by."""

    bridges: Count = 80
    substations: Count = 8
    within_km: Positive = 90.0


@record
class OwnerErrors:
    """What is wrong with the owners' lists.

    Attributes:
        offset_sigma_m: One axis, of a whole asset, on top of the survey's own error.
        years_missing: Share of assets without a year.
        duplicates: Rows that occur again under another number, some metres away.
    """

    offset_sigma_m: NonNegative = 3.0
    years_missing: Probability = 0.2
    duplicates: Count = 2


@record
class Delivery:
    """One card of pictures: when it is flown, when it arrives, what is wrong with it.

    Attributes:
        flown_after_min: First picture, from the first event's beginning.
        arrives_after_min: When the operator has it.
        views: Patterns of the names of views (`pipelines.drill.flights`), as of files.
        most: At most so many frames, spread over all that match.
        light: None is clear.
        visibility_m: Of smoke or dust; None is what the light has.
        clock_error_h: Added to the clock of the camera `wrong_clock`.
        turned: The files of this camera lie turned by 180 degrees.
        terrain: Whether an elevation grid comes with it.
    """

    flown_after_min: Positive
    arrives_after_min: Positive
    views: tuple[str, ...] = ("*",)
    most: Annotated[int, Field(ge=1, le=60)] = 14
    light: LightName = "clear"
    visibility_m: Positive | None = None
    wrong_clock: CameraName | None = None
    clock_error_h: float = 0.0
    turned: CameraName | None = None
    terrain: bool = True


@record
class PlantedGrades:
    """True grades after one event, where they are not drawn."""

    bridge: Grade = 0
    dam: Grade = 0
    towers: tuple[Grade, ...] = (0, 0, 0, 0)
    spans: tuple[Grade, ...] = (0, 0, 0)


@record
class Rehearsal:
    """A whole made-up disaster and what is done about it.

    Attributes:
        planted: One for each event, or none: then the valley's grades are drawn.
    """

    name: str
    title_ja: str
    title_en: str
    anchor: Anchor
    width_px: Annotated[int, Field(ge=320, le=4096)] = 1200
    valley: Valley = Valley()
    quakes: tuple[MadeUpQuake, ...] = ()
    typhoon: MadeUpTyphoon | None = None
    district: District = District()
    owners: OwnerErrors = OwnerErrors()
    deliveries: tuple[Delivery, ...]
    planted: tuple[PlantedGrades, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        events = len(self.quakes) + (self.typhoon is not None)
        if not events or not self.deliveries:
            raise ValueError("give one event and one delivery at least")
        if self.planted and len(self.planted) != events:
            raise ValueError(f"planted: {len(self.planted)} for {events} events")
        spans = len(self.valley.towers) - 1
        for one in self.planted:
            if len(one.spans) != spans or len(one.towers) != spans + 1:
                raise ValueError(f"planted: give {spans + 1} towers, {spans} spans")
        for card in self.deliveries:
            if card.arrives_after_min <= card.flown_after_min:
                raise ValueError("a delivery arrives before it is flown")

    def begins(self) -> tuple[Instant, ...]:
        """When each event begins to do damage, in order."""
        typhoon = [] if self.typhoon is None else [_landfall(self.typhoon)]
        return tuple(sorted([*(q.origin_at for q in self.quakes), *typhoon]))


def _landfall(typhoon: MadeUpTyphoon) -> Instant:
    """The last fix counts as when its damage is done."""
    return typhoon.begins_at + timedelta(hours=typhoon.fixes[-1].after_h)


def library() -> tuple[str, ...]:
    """Names of the scenarios that come with the package, sorted."""
    return tuple(sorted(path.stem for path in SCENARIOS.glob("*.toml")))


def find_scenario(name: str) -> Path:
    """The file of a scenario: a path, or a name of the library.

    Raises:
        UsageError: If there is neither.
    """
    if name in library():
        return SCENARIOS / f"{name}.toml"
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name)
    known = ", ".join(library())
    raise UsageError(f"scenario {name}: no such file or name; give a TOML or: {known}")


def read_rehearsal(path: Path) -> Rehearsal:
    """Read one scenario.

    Raises:
        ConfigError: If it is no TOML, or a key is missing, unknown or out of range.
    """
    try:
        fields = tomllib.loads(path.read_text("utf-8"))
        return from_json(Rehearsal, json.dumps(fields, default=str))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"scenario {path}: cannot be read ({error}); give a TOML file"
        ) from error
    except InvalidRecordError as error:
        raise ConfigError(
            f"scenario {path}: {error}; the keys are those of data/scenarios/*.toml"
        ) from error
