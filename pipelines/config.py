"""TOML -> Config; the only reader of the environment.

One file (default STORE/karte.toml) sets what an operator may set. Defaults are here and
nowhere else; an unknown key is an error, so that a misspelt one is never ignored.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import Field

from data.errors import ConfigError, InvalidRecordError
from data.imagery import VerticalDatum
from data.owner_rules import (
    BRIDGE_RULES,
    CLOCK_RULES,
    WIND_RULES,
    BridgeRules,
    ClockRules,
    WindRules,
)
from data.record import Instant, Positive, from_json, record, to_json

DEFAULT_STORE = "karte-store"
DEFAULT_SHARED = "../shared"


@record
class Config:
    """What an operator may set; each value is used by name, never all at once.

    Attributes:
        model: Id of the weights, or None for the default of the allow-list.
        altitudes: Datum of AbsoluteAltitude in pictures whose batch says nothing.
        time_zone: IANA zone of camera clocks that carry no offset.
        terrain: Elevation GeoTIFF used when a batch names none.
        terrain_heights: Its vertical datum.
        workers: Processes that read pictures; no result depends on it.
        publish_every_s: Least time between two editions of one `assess`.
        coarsest_gsd_m: Ground sampling distance from which a cell counts as unseen.
        vs30_m_s: Shear-wave velocity of the ground where no grid is given.
        vs30_grid: GeoTIFF or CSV (lon, lat, vs30) of it.
        bridges: How a bridge becomes a class of Hazus; a table of its own.
        wind: How wind meets towers; likewise.
        clocks: When a dam's inspection clock starts; likewise.
    """

    model: str | None = None
    altitudes: VerticalDatum | None = None
    time_zone: str | None = None
    terrain: str | None = None
    terrain_heights: VerticalDatum | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    publish_every_s: Positive = 60.0
    coarsest_gsd_m: Positive = 0.05
    vs30_m_s: Positive = 350.0
    vs30_grid: str | None = None
    bridges: BridgeRules = BRIDGE_RULES
    wind: WindRules = WIND_RULES
    clocks: ClockRules = CLOCK_RULES


@record
class IntakeOptions:
    """What a person says of a batch on the command line; None where nothing is said.

    Attributes:
        terrain: Elevation GeoTIFF of the place.
        terrain_heights: Vertical datum of the terrain.
        altitudes: Vertical datum of AbsoluteAltitude in the pictures.
        time_zone: IANA zone of a camera clock without an offset.
        clock_offset_s: Seconds to add to the camera's clock.
        flown_after: The pictures were taken after this time; needs an actor.
        poses: File of solved poses that replace those of the tags.
    """

    terrain: Path | None = None
    terrain_heights: VerticalDatum | None = None
    altitudes: VerticalDatum | None = None
    time_zone: str | None = None
    clock_offset_s: float | None = None
    flown_after: Instant | None = None
    poses: Path | None = None
    actor: str | None = None


def config_sha256(config: Config) -> str:
    """Hash of all settings that may change a result.

    `workers` and `publish_every_s` change no result and are left out.
    """
    neutral = replace(config, workers=1, publish_every_s=1.0)
    return sha256(to_json(neutral)).hexdigest()


def read_config(path: Path | None, *, store: Path) -> Config:
    """The configuration of a store.

    Args:
        path: The file named on the command line, or None for STORE/karte.toml,
            which need not exist.
        store: Folder of the store.

    Raises:
        ConfigError: If a named file is missing, is no TOML, or holds a key or value
            that is not allowed.
    """
    file = path or store / "karte.toml"
    if path is None and not file.is_file():
        return Config()
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"configuration {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"configuration {file}: no TOML: {error}") from error
    return _config(values, file)


def _config(values: Mapping[str, object], file: Path) -> Config:
    unknown = sorted(set(values) - set(Config.__dataclass_fields__))
    if unknown:
        known = ", ".join(sorted(Config.__dataclass_fields__))
        raise ConfigError(
            f"configuration {file}: no key {unknown[0]!r} (keys: {known})"
        )
    try:
        return from_json(Config, json.dumps(values, default=str))
    except InvalidRecordError as error:
        raise ConfigError(f"configuration {file}: {error}") from error


def store_path(given: str | None) -> Path:
    """The store: the command line, then KARTE_STORE, then ./karte-store."""
    return Path(given or os.environ.get("KARTE_STORE") or DEFAULT_STORE)


def shared_folder() -> Path:
    """Pictures that are not ours to hand on: KARTE_SHARED, then ../shared."""
    return Path(os.environ.get("KARTE_SHARED") or DEFAULT_SHARED)
