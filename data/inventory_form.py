"""A sheet about one thing, as inspection forms are: each value beside its name."""

from collections.abc import Iterable
from itertools import islice

from data.column_names import ColumnMapping, known_names
from data.inventory_places import place_columns, places_of
from data.inventory_source import Source
from data.inventory_table import Cells

FORM_ROWS = 200
"""Rows of a form that are looked at."""


def form(rows: Iterable[Cells], name: str, mapping: ColumnMapping) -> Source | None:
    """The one row that a form holds, or None where none of its names gives a place.

    Args:
        rows: Every row from the top, blank ones too.
        name: What the user calls the sheet.
        mapping: Which name is which.
    """
    sheet = list(islice(rows, FORM_ROWS))
    values = form_values(sheet, mapping)
    found = place_columns(list(values), mapping)
    if found is None or not all(values[one] for one in found.names):
        return None
    columns = {one: [value] for one, value in values.items()}
    geometry, crs = places_of(columns, found, mapping)
    return Source(
        name=name,
        columns=columns,
        geometry=geometry,
        crs=crs,
        numbers=[1 + next(n for n, row in enumerate(sheet) if found.names[0] in row)],
        place_names=found.names,
    )


def form_values(sheet: list[Cells], mapping: ColumnMapping) -> dict[str, str | None]:
    """Names of ours in a form -> what stands to the right of each, else below it.

    >>> sheet = [["橋梁名", None, "新橋", "緯度"], [None, None, None, "35.6"]]
    >>> form_values(sheet, ColumnMapping())
    {'橋梁名': '新橋', '緯度': '35.6'}
    """
    values: dict[str, str | None] = {}
    for number, row in enumerate(sheet):
        below = sheet[number + 1] if number + 1 < len(sheet) else []
        for column, cell in enumerate(row):
            if cell is None or not known_names([cell], mapping):
                continue
            right = next((one for one in row[column + 1 :] if one), None)
            under = below[column] if column < len(below) else None
            value = right if right and not known_names([right], mapping) else under
            if value and not values.get(cell) and not known_names([value], mapping):
                values[cell] = value
    return values
