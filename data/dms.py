"""Angles as owners write them: decimal degrees, or degrees, minutes and seconds.

Source:
    ISO 6709:2008, annexes D and H (the written forms); packed DDDMMSS.s is the form of
    Japanese survey sheets.
"""

import re

from data.japanese import half_width

_SIGNS = {
    "北緯": 1,
    "東経": 1,
    "N": 1,
    "E": 1,
    "南緯": -1,
    "西経": -1,
    "S": -1,
    "W": -1,
}
_SIGN = re.compile(r"^(?:北緯|東経|南緯|西経|[NEWS])|[NEWS]$")
_MARKS = str.maketrans(dict.fromkeys("゜ºο", "°") | dict.fromkeys("’‘´`", "'"))
"""Characters that stand for a degree or minute sign on Japanese keyboards."""
_UNIT = re.compile(r"[°度'′分\"”“″秒:]|(?<=\d)[ -](?=\d)")
_PARTS = re.compile(r"\d+(?:\.\d+)?")
_PACKED = re.compile(r"(\d{2,3})([0-5]\d)([0-5]\d(?:\.\d+)?)")
_DOTTED = re.compile(r"(\d{2,3})\.(\d{1,2})\.(\d{1,2}(?:\.\d+)?)")
_DECIMAL = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WHOLE_TURN_DEG = 360.0


def angle_from(text: str) -> float | None:
    r"""Degrees of a written angle, south and west negative; None if it is none.

    A number too large to be degrees is read as packed DDMMSS.s or DDDMMSS.s. Minutes
    and seconds of 60 and more are none.

    >>> angle_from("35°41'22.5\"N"), angle_from("354122.5")
    (35.68958333333333, 35.68958333333333)
    >>> angle_from("東経１３９度４６分"), angle_from("-139.75"), angle_from("35-75-00")
    (139.76666666666668, -139.75, None)
    """
    plain = half_width(text.translate(_MARKS)).upper()
    found = _SIGN.findall(plain)
    if len(found) > 1:
        return None
    sign = _SIGNS[found[0]] if found else 1
    bare = _SIGN.sub("", plain).strip()
    degrees = _degrees(bare)
    return None if degrees is None else sign * degrees


def _degrees(bare: str) -> float | None:
    """Degrees of an angle without its hemisphere."""
    if _DECIMAL.fullmatch(bare):
        value = float(bare)
        return value if abs(value) <= _WHOLE_TURN_DEG else _packed(bare)
    dotted = _DOTTED.fullmatch(bare)
    if dotted:
        return _sum(list(dotted.groups()))
    negative = bare.startswith("-")
    units = _UNIT.sub(" ", bare.lstrip("-+")).split()
    if not units or not all(_PARTS.fullmatch(unit) for unit in units):
        return None
    total = _sum(units)
    return None if total is None else (-total if negative else total)


def _packed(bare: str) -> float | None:
    found = _PACKED.fullmatch(bare)
    return _sum(list(found.groups())) if found else None


def _sum(parts: list[str]) -> float | None:
    """Degrees of one to three sexagesimal parts; only the last may have decimals."""
    values = [float(part) for part in parts]
    whole = all("." not in part for part in parts[:-1])
    if not 1 <= len(values) <= len(_STEPS) or not whole or max(values[1:] or [0]) >= 60:  # noqa: PLR2004 minutes in a degree, seconds in a minute
        return None
    return sum(value / step for value, step in zip(values, _STEPS, strict=False))


_STEPS = (1.0, 60.0, 3600.0)
