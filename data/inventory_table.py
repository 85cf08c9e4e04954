"""Rows of cells -> source rows: where the header is, which rows hold no asset.

Owners put titles above their tables, names of columns in two rows one above the other,
and totals below.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from data.column_names import ColumnMapping, known_names
from data.errors import RefusedError
from data.inventory_places import PlaceColumns, place_columns, places_of
from data.inventory_source import CHUNK_ROWS, Source
from data.refusals import Refusal, RefusalCode, refuse

Cells = Sequence[str | None]

HEADER_WITHIN = 40
"""Rows among which the header is looked for."""
FEW_CELLS = 2
TOTALS = frozenset({"合計", "計", "小計", "総計", "平均", "total", "sum"})


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table.

    Attributes:
        row: Which row it ends with, from 0.
        names: Column -> its place in the row.
    """

    row: int
    names: dict[str, int]


def header_of(rows: Sequence[Cells], mapping: ColumnMapping) -> Header:
    """The row that names most columns of ours; empty cells count as what is above.

    Where none names any, the first that is not empty.

    >>> rows = [["台帳", None, None], ["橋名", "位置", None], [None, "緯度", "経度"]]
    >>> header_of(rows, ColumnMapping())
    Header(row=2, names={'橋名': 0, '緯度': 1, '経度': 2})
    """
    best, most = next((n for n, row in enumerate(rows) if any(row)), 0), 0
    names = list(rows[best])
    for number in range(len(rows)):
        merged = _merged_names(rows, number)
        known = known_names([name for name in merged if name], mapping)
        if known > most:
            best, most, names = number, known, merged
    placed: dict[str, int] = {}
    for column, name in enumerate(names):
        if name:
            placed.setdefault(name, column)
    return Header(best, placed)


def _merged_names(rows: Sequence[Cells], number: int) -> list[str | None]:
    """Names of a row, taken from the two above where a merged cell leaves it empty."""
    width = max(map(len, rows[: number + 1]))
    above = rows[max(0, number - 2) : number + 1][::-1]
    if not any(rows[number]):
        return [None] * width
    return [
        next((row[column] for row in above if column < len(row) and row[column]), None)
        for column in range(width)
    ]


def tabled(
    rows: Iterable[Cells], name: str, mapping: ColumnMapping, *, same_width: bool
) -> Iterator[Source]:
    """Source rows of a table, in chunks.

    Args:
        rows: Every row from the top, blank ones too.
        name: What the user calls it.
        mapping: Which column is which.
        same_width: Whether a row of another width than the header is a fault.

    Raises:
        RefusedError: If no columns give places, a name is there twice, or a row is of
            another width.
    """
    rows = iter(rows)
    first = list(islice(rows, HEADER_WITHIN))
    header = header_of(first, mapping) if first else Header(0, {})
    found = _checked_columns(first, header, name, mapping)
    width = len(first[header.row])
    numbered = enumerate(chain(first[header.row + 1 :], rows), start=header.row + 2)
    while chunk := list(islice(numbered, CHUNK_ROWS)):
        if same_width:
            _check_widths(name, chunk, width)
        yield _source(chunk, header, name, found, mapping)


def _checked_columns(
    first: Sequence[Cells], header: Header, name: str, mapping: ColumnMapping
) -> PlaceColumns:
    names = list(header.names)
    given = [one for one in first[header.row] if one] if first else []
    twice = sorted({one for one in given if given.count(one) > 1})
    if known_names(twice, mapping):
        value = f"column {', '.join(twice)[:100]} twice"
        raise refused(name, value, "name each column once")
    found = place_columns(names, mapping)
    if found is None:
        plane = {"x", "y"} <= {one.lower() for one in names}
        raise refused(
            name,
            f"columns {', '.join(names)[:200]}",
            "say with --mapping which of x and y is longitude and latitude, or easting"
            " and northing (surveyors' X points north)"
            if plane
            else "map geometry (WKT), or longitude and latitude, with --mapping",
        )
    return found


def refused(name: str, value: str, remedy: str) -> RefusedError:
    """The error that refuses a whole table."""
    return RefusedError(refuse(name, RefusalCode.SCHEMA, value=value, remedy=remedy))


def _check_widths(name: str, chunk: Sequence[tuple[int, Cells]], width: int) -> None:
    for number, row in chunk:
        note = len([cell for cell in row if cell]) < FEW_CELLS
        if not note and (len(row) < width or any(row[width:])):
            raise refused(
                f"{name} row {number}",
                f"{len(row)} values for {width} columns",
                "quote values that hold the delimiter",
            )


def _source(
    chunk: Sequence[tuple[int, Cells]],
    header: Header,
    name: str,
    found: PlaceColumns,
    mapping: ColumnMapping,
) -> Source:
    placed = [header.names[one] for one in found.names]
    kept: list[tuple[int, Cells]] = []
    dropped: list[Refusal] = []
    for number, row in chunk:
        if not any(row):
            continue
        if len(header.names) > FEW_CELLS and _is_note(row, placed):
            dropped.append(_note(f"{name} row {number}", row))
        else:
            kept.append((number, row))
    columns = {
        one: [row[place] if place < len(row) else None for _, row in kept]
        for one, place in header.names.items()
    }
    geometry, crs = places_of(columns, found, mapping)
    return Source(
        name=name,
        columns=columns,
        geometry=geometry,
        crs=crs,
        numbers=[number for number, _ in kept],
        place_names=found.names,
        dropped=tuple(dropped),
    )


def _is_note(row: Cells, placed: Sequence[int]) -> bool:
    """Whether a row is a total, or a remark: no place, and next to nothing else."""
    cells = [cell for cell in row if cell]
    has_place = any(place < len(row) and row[place] for place in placed)
    return cells[0].lower() in TOTALS or (len(cells) < FEW_CELLS and not has_place)


def _note(where: str, row: Cells) -> Refusal:
    return refuse(
        where,
        RefusalCode.NOT_AN_ASSET,
        value="; ".join(cell for cell in row if cell)[:100],
        remedy="nothing, if this is a remark or a total",
    )
