"""Take some rows of a table out, change them one by one, put them back in place."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from data.tables import table_from_rows


def put_back(
    passed: pa.Table, changed: Sequence[dict[str, Any]], was_changed: pa.ChunkedArray
) -> pa.Table:
    """The whole table again, every row where it was.

    Args:
        passed: The rows that were not taken out, in order.
        changed: The rows that were, changed, in order.
        was_changed: Of each row of the whole table, whether it was taken out.

    Returns:
        `passed` itself where nothing was taken out: a million rows are not copied.
    """
    if not changed:
        return passed
    behind = np.asarray(was_changed)
    places = np.empty(len(behind), dtype=np.int64)
    places[np.argsort(behind, kind="stable")] = np.arange(len(behind))
    both = pa.concat_tables([passed, table_from_rows(changed, passed.schema)])
    return both.take(pa.array(places)).combine_chunks()


def with_columns(table: pa.Table, columns: Mapping[str, object]) -> pa.Table:
    """The table with these columns in place of its own; NaN becomes null.

    Args:
        table: Of any schema.
        columns: By name; arrays of numpy or lists, as long as the table.
    """
    arrays = [
        _array(columns[field.name], field.type)
        if field.name in columns
        else table[field.name].combine_chunks()
        for field in table.schema
    ]
    return pa.table(arrays, schema=table.schema)


def _array(values: object, kind: pa.DataType) -> pa.Array:
    if isinstance(values, np.ndarray) and values.dtype == np.float64:
        return pa.array(values, kind, mask=np.isnan(values))
    return pa.array(values, kind)
