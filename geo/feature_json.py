"""Tables to GeoJSON features as text, without a Python object a row.

Keys are sorted and a missing value is null, so equal rows are equal bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_DECIMALS = 6
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_TEXT = pa.large_string()


@dataclass(frozen=True)
class Arena:
    """The text of many features end to end; tiles are made of slices of it."""

    text: pa.LargeStringArray

    def slices(self, index: NDArray[np.int64]) -> list[memoryview]:
        """The features at `index`, as views on the text; nothing is copied."""
        offsets = np.frombuffer(self.text.buffers()[1], np.int64)
        bytes_of = memoryview(self.text.buffers()[2] or b"")
        base = self.text.offset
        starts, ends = (
            offsets[index + base].tolist(),
            offsets[index + base + 1].tolist(),
        )
        return [bytes_of[a:b] for a, b in zip(starts, ends, strict=True)]


def arena(
    table: pa.Table,
    geometry: pa.LargeStringArray,
    ids: pa.ChunkedArray,
    order: Sequence[str] | None = None,
) -> Arena:
    """The features of a table, a row each.

    Args:
        table: The properties: flat scalars, any names.
        geometry: `geometry_json` of the same rows.
        ids: What each feature's `id` is, strings.
        order: Of the properties; None sorts them.
    """
    if table.num_rows == 0:
        return Arena(pa.array([], _TEXT))
    names = order or sorted(table.column_names)
    pieces: list[object] = ['{"geometry":', geometry, ',"id":', json_values(ids)]
    before = ',"properties":{'
    for name in names:
        pieces += [f"{before}{json.dumps(name)}:", json_values(table[name])]
        before = ","
    return Arena(_joined([*pieces, '},"type":"Feature"}']))


def _joined(pieces: list[object]) -> pa.LargeStringArray:
    """Columns and constants, end to end for each row."""
    texts = [
        pa.scalar(piece, _TEXT) if isinstance(piece, str) else piece for piece in pieces
    ]
    return pc.binary_join_element_wise(*texts, pa.scalar("", _TEXT))


def json_values(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """Each value of a column as JSON; floats in 6 decimals, unknown as null."""
    values = column.combine_chunks()
    if pa.types.is_floating(values.type):
        text = _float_values(values)
    elif pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        text = _string_values(values)
    else:
        text = pc.cast(values, _TEXT)  # whole numbers, true and false
    return pc.fill_null(text, "null")


def _float_values(values: pa.Array) -> pa.LargeStringArray:
    wide = pc.round(pc.cast(values, pa.float64()), _DECIMALS)
    finite = pc.if_else(pc.is_finite(wide), wide, pa.scalar(None, pa.float64()))
    return pc.cast(finite, _TEXT)


def _string_values(values: pa.Array) -> pa.LargeStringArray:
    """Quoted and escaped once for each different text."""
    coded = pc.dictionary_encode(values)
    quoted = [_quoted(text) for text in coded.dictionary.to_pylist()]
    return pa.array(quoted, _TEXT).take(coded.indices)
