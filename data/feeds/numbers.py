"""A number of a feed that nobody vouches for: it is within limits, or refuses all."""

import math

from data.feeds.guarded_xml import refused
from data.refusals import RefusalCode


def number_within(
    text: str, what: str, limits: tuple[float, float], name: str, *, or_else: str = ""
) -> float:
    """The number that a text is.

    Args:
        text: As it was received.
        what: Attribute or column it stands in.
        limits: Least and greatest value.
        name: What the user calls the file.
        or_else: What else may stand there, for the remedy.

    Raises:
        RefusedError: If it is none (NaN, other digits) or lies outside.
    """
    try:
        value = float(text) if text.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not limits[0] <= value <= limits[1]:
        refused(
            name,
            RefusalCode.OUT_OF_RANGE,
            value=f"{what} {text!r}",
            remedy=f"a number from {limits[0]:g} to {limits[1]:g}{or_else}",
        )
    return value
