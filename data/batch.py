"""What an operator states about a batch, and which statement counts."""

import tomllib
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from data.errors import ConfigError
from data.imagery import VerticalDatum
from data.record import Instant, record

FILE_NAME = "batch.toml"
MAX_BYTES = 1 << 16
"""A batch.toml has six keys."""


@record
class BatchSettings:
    """What is stated about a batch; None is not stated.

    Attributes:
        altitudes: What the heights in the tags are measured from.
        time_zone: IANA name of the zone of the camera's clock.
        clock_offset_s: To be added to the camera's clock to get the true time.
        terrain: File of the elevation grid, relative to the batch.
        terrain_heights: What the grid's heights are measured from.
        flown_after: The pictures were taken after this instant, a person says.
    """

    altitudes: VerticalDatum | None = None
    time_zone: str | None = None
    clock_offset_s: float | None = None
    terrain: str | None = None
    terrain_heights: VerticalDatum | None = None
    flown_after: Instant | None = None


class MergedSettings(NamedTuple):
    """The settings that count, and for each stated one where it was stated."""

    settings: BatchSettings
    sources: dict[str, str]


def merged_settings(
    *,
    command_line: BatchSettings,
    batch_toml: BatchSettings,
    config: BatchSettings,
    default: BatchSettings,
) -> MergedSettings:
    """Each value from the first place that states it, in the order of the arguments.

    `sources` names the place: "command line", "batch.toml", "config" or "default".
    """
    places = {
        "command line": command_line,
        FILE_NAME: batch_toml,
        "config": config,
        "default": default,
    }
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields(BatchSettings):
        for place, settings in places.items():
            value = getattr(settings, field.name)
            if value is not None and field.name not in values:
                values[field.name], sources[field.name] = value, place
    return MergedSettings(BatchSettings(**values), sources)


def read_batch_toml(path: Path) -> BatchSettings:
    """Read what a batch states about itself.

    Raises:
        ConfigError: If it is no TOML, or a key or a value is not allowed.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise ConfigError(f"{path.name}: more than {MAX_BYTES} bytes; shorten it")
        table = tomllib.loads(text.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path.name}: cannot be read ({error}); correct it"
        ) from None
    return settings_from(table, path.name)


def settings_from(table: Mapping[str, Any], where: str) -> BatchSettings:
    """Settings from parsed TOML.

    Args:
        table: Keys and values, named as the fields of `BatchSettings`.
        where: The file, for messages.

    Raises:
        ConfigError: If a key is unknown or a value is not allowed.
    """
    values = {}
    for key, value in table.items():
        if key not in _READERS:
            keys = ", ".join(_READERS)
            raise ConfigError(f"{where}: unknown key {key!r}; the keys are {keys}")
        reader, remedy = _READERS[key]
        try:
            values[key] = reader(value)
        except (TypeError, ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ConfigError(f"{where}: {key} = {value!r}; give {remedy}") from None
    return BatchSettings(**values)


def _datum(value: object) -> VerticalDatum:
    if not isinstance(value, str):
        raise TypeError
    return VerticalDatum(value)


def _time_zone(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return zoneinfo.ZoneInfo(value).key


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not abs(value) < 1e10:  # noqa: PLR2004 - three centuries; NaN fails too
        raise ValueError
    return float(value)


def _inner_path(value: object) -> str:
    """A relative file name that stays inside the batch."""
    if not isinstance(value, str):
        raise TypeError
    parts = value.split("/")
    if not value.isprintable() or "\\" in value or {"", ".", ".."} & set(parts):
        raise ValueError
    return value


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError
    if value.tzinfo is None:
        raise ValueError
    return value


_DATUMS = "one of " + ", ".join(f'"{datum}"' for datum in VerticalDatum)
_READERS: dict[str, tuple[Callable[[object], Any], str]] = {
    "altitudes": (_datum, _DATUMS),
    "time_zone": (_time_zone, 'an IANA name such as "Asia/Tokyo"'),
    "clock_offset_s": (_seconds, "seconds to add to the camera's clock"),
    "terrain": (_inner_path, "the name of a file inside the batch"),
    "terrain_heights": (_datum, _DATUMS),
    "flown_after": (_instant, "a time with its offset: 2024-01-01T16:10:00+09:00"),
}
