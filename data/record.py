"""The one way to declare a record, and the field types records are made of."""

from typing import Annotated, Any, TypeVar, cast, dataclass_transform

from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.dataclasses import dataclass

from data.errors import InvalidRecordError

T = TypeVar("T")

Longitude = Annotated[float, Field(ge=-180, le=180)]
"""Degrees east of Greenwich."""
Latitude = Annotated[float, Field(ge=-90, le=90)]
"""Degrees north of the equator."""
Probability = Annotated[float, Field(ge=0, le=1)]
"""A chance, from 0 to 1."""
Positive = Annotated[float, Field(gt=0)]
"""A number above zero."""
NonNegative = Annotated[float, Field(ge=0)]
"""A number not below zero."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""The identity of bytes, 64 hexadecimal digits."""
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._#-]{1,64}$")]
"""An id that is safe as a file name; others are hashed at the edge."""
Instant = AwareDatetime
"""A time with its zone; a bare local time is refused."""

_STRICT = ConfigDict(
    strict=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True
)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a record: equal by value, never changed, checked when made."""
    make = dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
    return cast("type[T]", make(cls))


_adapters: dict[type, TypeAdapter[Any]] = {}  # one costs ~100 times its use


def _adapter(record_type: type) -> TypeAdapter[Any]:
    if record_type not in _adapters:
        _adapters[record_type] = TypeAdapter(record_type)
    return _adapters[record_type]


def from_json(record_type: type[T], text: str | bytes) -> T:
    """Read one record.

    Args:
        record_type: The record to read, e.g. `Frame`.
        text: A JSON object with exactly the fields of that record.

    Returns:
        The record, every field checked.

    Raises:
        InvalidRecordError: If a field is missing, unknown or out of range.
    """
    try:
        return cast("T", _adapter(record_type).validate_json(text))
    except ValidationError as error:
        raise InvalidRecordError(f"{record_type.__name__}: {error}") from error


def to_json(value: object) -> bytes:
    """Write one record as JSON; `from_json` gives it back."""
    return _adapter(type(value)).dump_json(value, indent=2)
