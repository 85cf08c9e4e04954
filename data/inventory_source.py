"""Some rows of an owner's file, as they are: texts stay texts, nothing is converted."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.refusals import Refusal

CHUNK_ROWS = 16_384
"""Rows read, placed and written together; memory is bounded by it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one file, layer or sheet.

    Attributes:
        name: The file as the user knows it.
        columns: Column -> its values as text, None where empty; all equally long.
        geometry: shapely geometries, shape (rows,), None where there is none.
        crs: Reference system of each row as the file names it, or None.
        numbers: Number of each row in the file, as a person counts.
        place_names: Columns that the places were read from, if they were.
        dropped: Rows beside these that hold no asset, each with its reason.
    """

    name: str
    columns: dict[str, list[str | None]]
    geometry: NDArray[np.object_]
    crs: list[str | None]
    numbers: Sequence[int]
    place_names: tuple[str, ...] = ()
    dropped: tuple[Refusal, ...] = ()

    def where(self, row: int) -> str:
        """A row as a person finds it."""
        return f"{self.name} row {self.numbers[row]}"

    def place_text(self, row: int) -> str:
        """What the file says of a row's place, in short."""
        texts = [self.columns[name][row] or "empty" for name in self.place_names]
        return ", ".join(texts)[:100]


def shapes_from(
    parse: Callable[..., Any], values: Sequence[object] | NDArray[np.object_]
) -> NDArray[np.object_]:
    """Geometries of WKT or WKB, None where one cannot be read or is made of arcs.

    Args:
        parse: `shapely.from_wkt` or `shapely.from_wkb`.
        values: One for each row, None where there is none.
    """
    made = np.full(len(values), None, dtype=object)
    try:
        made[:] = parse(values, on_invalid="ignore")
    except NotImplementedError:  # one arc among them stops shapely
        for row, value in enumerate(values):
            with suppress(NotImplementedError):
                made[row] = parse(value, on_invalid="ignore")
    return made
