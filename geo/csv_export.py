"""The assets as CSV that no spreadsheet takes for formulas, and what its columns mean.

Source:
    RFC 4180; OWASP, CSV Injection; W3C, Metadata Vocabulary for Tabular Data.
"""

import csv
import io
import json

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.field_notes import ASSET_NOTES, FieldNote

_STARTS_A_FORMULA = r"^[=+\-@\t\r\n]|^[\s\x{feff}\x{200e}\x{200f}]+[=+\-@]"
_ROWS_AT_ONCE = 16_384
_CSVW_TYPES = {
    "text": "string",
    "whole": "integer",
    "number": "number",
    "truth": "boolean",
    "time": "dateTime",
}
PLACE_NOTES = {
    "longitude": FieldNote("number", "degree", "Of a point on the asset, CRS84."),
    "latitude": FieldNote("number", "degree", "Of a point on the asset, CRS84."),
}


def csv_bytes(assets: pa.Table) -> bytes:
    """One row an asset, UTF-8 with a mark for spreadsheets, CR LF.

    Text that a spreadsheet would compute gets an apostrophe before it; numbers stay.

    Args:
        assets: FULL_FIELDS and `geometry`.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    names = [*ASSET_NOTES, *PLACE_NOTES]
    writer.writerow(names)
    for start in range(0, assets.num_rows, _ROWS_AT_ONCE):
        part = _placed(assets.slice(start, _ROWS_AT_ONCE))
        columns = [_cells(part[name]).to_pylist() for name in names]
        writer.writerows(zip(*columns, strict=True))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _placed(assets: pa.Table) -> pa.Table:
    shapes = shapely.from_wkb(assets["geometry"].to_numpy())
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)).round(6)
    for name, values in zip(PLACE_NOTES, points.T, strict=True):
        assets = assets.append_column(name, pa.array(values))
    return assets


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        return pc.round(pc.cast(column, pa.float64()), 6)
    if not pa.types.is_string(column.type):
        return column
    harmful = pc.match_substring_regex(column, _STARTS_A_FORMULA)
    quoted = pc.binary_join_element_wise("'", column, "")
    return pc.if_else(harmful, quoted, column)


def csv_metadata(name: str, description: str, licence: str) -> bytes:
    """Units, types and licence of the columns, as CSV on the Web has them.

    Args:
        name: File name of the CSV, beside which this lies as NAME-metadata.json.
        description: What the file is.
        licence: Of its rows.
    """
    notes = ASSET_NOTES | PLACE_NOTES
    table = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "dc:description": description,
        "dc:license": licence,
        "dialect": {"encoding": "utf-8", "header": True},
        "tableSchema": {
            "columns": [_column(field, note) for field, note in notes.items()],
            "primaryKey": "id",
        },
    }
    text = json.dumps(table, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode() + b"\n"


def _column(name: str, note: FieldNote) -> dict[str, str]:
    column = {
        "name": name,
        "datatype": _CSVW_TYPES[note.type],
        "dc:description": note.words,
    }
    return column | ({"schema:unitText": note.unit} if note.unit else {})
