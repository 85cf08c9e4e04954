"""Owners' text tables -> source rows: any delimiter, UTF-8 or a legacy encoding."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from data.column_names import ColumnMapping, known_names
from data.errors import RefusedError
from data.inventory_source import Source
from data.inventory_table import HEADER_WITHIN, refused, tabled
from data.japanese import clean_text
from data.refusals import RefusalCode, refuse
from data.text_encoding import can_be_read, encoding_of

DELIMITERS = (",", "\t", ";", "#", "|")
LONGEST_CELL = 16 << 20
"""Characters of one cell: a coastline fits, a file behind an unclosed quote not."""


def read_table(path: Path, name: str, mapping: ColumnMapping) -> Iterator[Source]:
    """Source rows of a table with a header, in chunks.

    Raises:
        RefusedError: If its encoding or its form cannot be told.
    """
    encoding = _encoding(path, name, mapping.encoding)
    delimiter = _delimiter(path, encoding, mapping)
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            rows = ([clean_text(cell) for cell in row] for row in reader)
            yield from tabled(rows, name, mapping, same_width=True)
    except csv.Error as error:
        raise refused(name, str(error), "close every quote") from error


def _encoding(path: Path, name: str, declared: str | None) -> str:
    """The declared encoding if the file is in it, else the one that fits."""
    fitting = encoding_of(path)
    if declared is None:
        if fitting is None:
            raise _unreadable(name, "its encoding cannot be told", "save it as UTF-8")
        return fitting
    try:
        if can_be_read(path, declared):
            return "utf-8-sig" if fitting == "utf-8-sig" else declared
    except LookupError as error:
        remedy = "say utf-8, cp932 or euc_jp in the mapping"
        raise _unreadable(name, f"encoding {declared} is not known", remedy) from error
    said = f"it fits {fitting}" if fitting else "save it as UTF-8"
    raise _unreadable(name, f"not in {declared}, as the mapping says", said)


def _unreadable(name: str, value: str, remedy: str) -> RefusedError:
    return RefusedError(
        refuse(name, RefusalCode.UNREADABLE, value=value, remedy=remedy)
    )


def _delimiter(path: Path, encoding: str, mapping: ColumnMapping) -> str:
    """The delimiter that cuts a line near the top into most columns of ours.

    Where none does, the one its first line holds most of; a line `sep=;` above the
    table, as Excel writes it, settles it.
    """
    with path.open(encoding=encoding, newline="") as file:
        lines = [line.rstrip("\r\n") for line in islice(file, HEADER_WITHIN)]
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:] in DELIMITERS:
        return lines[0][4:]
    first = next((line for line in lines if line.strip()), "")

    def fitness(delimiter: str) -> tuple[int, int]:
        cut = ([cell.strip('" ') for cell in line.split(delimiter)] for line in lines)
        known = max((known_names(cells, mapping) for cells in cut), default=0)
        return known, first.count(delimiter)

    return max(DELIMITERS, key=fitness)
