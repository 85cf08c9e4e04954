"""Text and JSON that nobody vouches for: size, encoding, numbers."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRecordError
from geo.text_files import read_text

MAX_BYTES = 512 * 1024**2  # a reconstruction with its points, of some thousand pictures
SHOWN = 40  # characters of a bad value in a message


def solved_text(path: Path) -> str:
    """The text of a file of poses, as large as a reconstruction may be.

    Raises:
        InvalidRecordError: If it is no regular file in UTF-8, or too large.
    """
    return read_text(path, max_bytes=MAX_BYTES)


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def parsed_json(text: str, name: str) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value; NaN, Infinity and endless nesting are refused.

    Raises:
        InvalidRecordError: If it is no JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRecordError(
            f"{name}: no JSON ({str(error)[:SHOWN]}); export it again"
        ) from error


def table(value: object, where: str) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        InvalidRecordError: If it is something else.
    """
    if not isinstance(value, dict):
        raise InvalidRecordError(
            f"{where}: {str(value)[:SHOWN]!r} is no object; export it again"
        )
    return value


def number(value: object, where: str) -> float:
    """A finite number, written as one or as text.

    Raises:
        InvalidRecordError: If it is none.
    """
    try:
        found = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if isinstance(value, bool) or not math.isfinite(found):
        raise InvalidRecordError(
            f"{where} is {str(value)[:SHOWN]!r}; write a finite number"
        )
    return found


def numbers(value: object, count: int, where: str) -> NDArray[np.float64]:
    """So many finite numbers, shape (count,).

    Raises:
        InvalidRecordError: If there are more or fewer, or one is none.
    """
    if not isinstance(value, list | tuple) or len(value) != count:
        raise InvalidRecordError(
            f"{where} is {str(value)[:SHOWN]!r}; write {count} numbers"
        )
    return np.array([number(item, where) for item in value], np.float64)
