"""Numbers as cameras write them: "+44.20", "610/1000", "44,20", 0/0, NaN."""

import math
import re
from collections.abc import Sequence

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_RATIONAL = re.compile(r"([+-]?[0-9]+)\s*/\s*([+-]?[0-9]+)")
_LONGEST = 64  # characters; Python's int() grows quadratic with longer ones


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _from_text(text: str) -> float | None:
    text = text.strip().strip("\x00").strip()
    if len(text) > _LONGEST:
        return None
    if rational := _RATIONAL.fullmatch(text):
        above, below = int(rational[1]), int(rational[2])
        return above / below if below else None
    if _DECIMAL.fullmatch(text):
        return _finite(float(text.replace(",", ".")))
    return None


def number(value: object) -> float | None:
    """The number a tag holds, or None where it holds none.

    Text may carry a sign, a comma as decimal mark, or a fraction. A zero denominator,
    NaN, infinity and anything else is no number; nothing is guessed.

    >>> number("+44.20"), number("610/1000"), number("44,20"), number("1/0")
    (44.2, 0.61, 44.2, None)
    """
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Sequence):
        return number(value[0]) if len(value) == 1 else None
    try:
        return _finite(float(value))  # type: ignore[arg-type] # IFDRational, int, ...
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def positive(value: object) -> float | None:
    """The number a tag holds if it is above zero, else None (0 means not known)."""
    found = number(value)
    return found if found is not None and found > 0 else None


def degrees_from_dms(value: object) -> float | None:
    """Degrees from the three rationals of an EXIF coordinate, unsigned.

    Source:
        Exif 2.32 (CIPA DC-008-2019), section 4.6.6: GPSLatitude, GPSLongitude.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return None
    parts = [number(part) for part in value]
    found = [part for part in parts if part is not None and part >= 0]
    if len(found) != 3 or len(parts) != 3:  # noqa: PLR2004 - degrees, minutes, seconds
        return None  # a lost second would move the place by up to 30 m: no guess
    return found[0] + found[1] / 60 + found[2] / 3600
