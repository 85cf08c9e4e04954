"""Numbers from a CSV nobody vouches for: every fault names its line and its value."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import InvalidRecordError
from geo.text_files import read_text

MAX_CSV_BYTES = 64 * 1024**2
MAX_CSV_ROWS = 1_000_000
SHOWN = 40  # characters of a bad value in a message


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row.

    Attributes:
        where: File and line, for messages.
        values: By the name of the column; an absent one is missing.
    """

    where: str
    values: dict[str, str]

    def text(self, column: str) -> str | None:
        """The value without blanks around it, None where empty or absent."""
        return self.values.get(column, "").strip() or None

    def number(self, column: str) -> float:
        """A finite number.

        Raises:
            InvalidRecordError: If it is missing or is none.
        """
        text = self.text(column)
        try:
            value = float(text or "")
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InvalidRecordError(
                f"{self.where}: {column} is {(text or '')[:SHOWN]!r}; write a number"
                " with a decimal point"
            )
        return value


def read_csv_rows(path: Path, required: Sequence[str]) -> list[CsvRow]:
    """The rows of a CSV with a header; empty lines are passed over.

    Args:
        path: A regular file in UTF-8, with or without a byte order mark.
        required: Columns that must be there.

    Raises:
        InvalidRecordError: If it is none, too large, or a required column is missing.
    """
    text = read_text(path, max_bytes=MAX_CSV_BYTES)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in required if name not in header]
        if missing:
            raise InvalidRecordError(
                f"{path.name} line 1: no column {', '.join(missing)}; the header is"
                f" {','.join(header)[:SHOWN]!r}"
            )
        if len(set(header)) != len(header):
            raise InvalidRecordError(f"{path.name} line 1: a column is there twice")
        return [_row(path, reader.line_num, header, cells) for cells in reader if cells]
    except csv.Error as error:
        raise InvalidRecordError(
            f"{path.name} line {reader.line_num}: {error}; quote it as CSV asks"
        ) from error


def _row(path: Path, line: int, header: list[str], cells: list[str]) -> CsvRow:
    where = f"{path.name} line {line}"
    if len(cells) != len(header):
        raise InvalidRecordError(
            f"{where}: {len(cells)} values for {len(header)} columns; one is missing"
            " or not quoted"
        )
    if line > MAX_CSV_ROWS:
        raise InvalidRecordError(f"{where}: cut it to {MAX_CSV_ROWS:,} lines")
    return CsvRow(where, dict(zip(header, cells, strict=True)))
