"""Excel workbooks of owners -> source rows: titles above the header, many sheets.

Formulas are not computed: what Excel stored as their value is read. Macros never run.
"""

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from data.archive import MAX_MEMBERS, MAX_RATIO, SMALL_BYTES
from data.column_names import ColumnMapping
from data.errors import RefusedError
from data.inventory_form import form
from data.inventory_source import Source
from data.inventory_table import tabled
from data.japanese import clean_text
from data.refusals import RefusalCode, refuse

MAX_INFLATED_BYTES = 2 << 30
"""All parts of a workbook together; a million rows of twenty columns take 1 GB."""
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"  # .xls of before 2007, or a workbook with a password
_SAVE = "save it as .xlsx, without a password"
_BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    EOFError,
    OSError,
    IndexError,
    AttributeError,
)
"""What openpyxl raises on a workbook that is none."""


def read_workbook(path: Path, name: str, mapping: ColumnMapping) -> Iterator[Source]:
    """Source rows of every sheet that holds a table with places, in chunks.

    Args:
        path: An .xlsx or .xlsm file.
        name: What the user calls it.
        mapping: Which column is which.

    Raises:
        RefusedError: If it is no workbook, a bomb, or no sheet holds such a table.
    """
    _check_package(path, name)
    try:
        with path.open("rb") as file:
            with _quiet():
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            yield from _read_sheets(book, name, mapping)
    except DefusedXmlException as error:
        value = type(error).__name__
        raise _refused(name, RefusalCode.BOMB, value, "remove the entities") from error
    except _BROKEN as error:
        value = f"no workbook that can be read: {error}"[:200]
        raise _refused(name, RefusalCode.UNREADABLE, value, _SAVE) from error


def _refused(name: str, code: RefusalCode, value: str, remedy: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))


def _check_package(path: Path, name: str) -> None:
    """Refuse what is no zip, or inflates beyond the caps by its own directory.

    zipfile never inflates a member beyond the size that its directory states.
    """
    with path.open("rb") as file:
        start = file.read(len(_OLE))
    if start == _OLE:
        value = "an Excel file of before 2007, or one with a password"
        raise _refused(name, RefusalCode.UNKNOWN_TYPE, value, _SAVE)
    if start != _ZIP:
        value = "not what a workbook begins with"
        raise _refused(name, RefusalCode.UNKNOWN_TYPE, value, _SAVE)
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise _refused(name, RefusalCode.UNREADABLE, str(error), _SAVE) from error
    inflated = sum(part.file_size for part in parts)
    swollen = any(
        part.file_size > max(SMALL_BYTES, MAX_RATIO * part.compress_size)
        for part in parts
    )
    if swollen or inflated > MAX_INFLATED_BYTES or len(parts) > MAX_MEMBERS:
        value = f"{len(parts)} parts, {inflated} bytes inflated"
        raise _refused(name, RefusalCode.BOMB, value, "save it again with Excel")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without openpyxl's warnings of extensions it leaves out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _rows(sheet: Any) -> Iterator[list[str | None]]:  # noqa: ANN401 openpyxl is untyped
    """Every row of a sheet from the top, blank ones too."""
    sheet.reset_dimensions()  # some programs write a wrong extent
    rows = sheet.iter_rows(values_only=True)
    while True:
        with _quiet():
            row = next(rows, None)
        if row is None:
            return
        yield [_cell(value) for value in row]


def _read_sheets(
    book: openpyxl.Workbook, name: str, mapping: ColumnMapping
) -> Iterator[Source]:
    """Sheets in their order, each a table or a form.

    One without places is passed over if another has some.
    """
    passed: RefusedError | None = None
    read = False
    for sheet in book.worksheets:
        shown = f"{name}:{clean_text(sheet.title)}"
        try:
            for source in tabled(_rows(sheet), shown, mapping, same_width=False):
                read = True
                yield source
        except RefusedError as error:
            filled = form(_rows(sheet), shown, mapping)
            if filled is None:
                passed = passed or error
                continue
            read = True
            yield filled
    if not read:
        raise passed or _refused(name, RefusalCode.EMPTY, "no sheet", "fill it in")


def _cell(value: Any) -> str | None:  # noqa: ANN401 whatever openpyxl makes of a cell
    """Text of a cell; a whole number without its decimal point, a fault as nothing."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    text = str(value)
    return (
        None
        if text.startswith("#") and text.endswith(("!", "?", "A"))
        else clean_text(text)
    )
