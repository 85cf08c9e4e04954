"""The schemas of our tables, declared once (DEFINITIONS, section 11).

A million alike things are a table, never a million objects. Null means unknown.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from data.errors import InvalidRecordError

_F, _D = pa.float32(), pa.float64()
_TIME = pa.timestamp("us", tz="UTC")
_WORDS = pa.list_(pa.string())


def _schema(fields: Mapping[str, pa.DataType]) -> pa.Schema:
    return pa.schema(list(fields.items()))


ASSETS = _schema(
    {
        "id": pa.string(),
        "revision": pa.string(),
        "kind": pa.string(),
        "name": pa.string(),
        "name_kana": pa.string(),
        "owner": pa.string(),
        "owner_ref": pa.string(),
        "parent_id": pa.string(),
        "geometry": pa.binary(),
        "longitude": _D,
        "latitude": _D,
        "morton": pa.int64(),
        "position_sigma_m": _F,
        "prefecture_code": pa.int8(),
        "municipality_code": pa.int32(),
        "length_m": _F,
        "height_m": _F,
        "spans": pa.int16(),
        "max_span_m": _F,
        "skew_deg": _F,
        "material": pa.string(),
        "structure": pa.string(),
        "year": pa.int16(),
        "voltage_kv": pa.int16(),
        "design_wind_m_s": _F,
        "importance": _F,
        "importance_source": pa.string(),
        "soundness": pa.string(),
        "geometry_source": pa.string(),
        "source_licence": pa.string(),
    }
)
"""The inventory. geometry is WKB in longitude and latitude (CRS84); longitude and
latitude are those of its home point; morton is that point's z14 tile, interleaved;
revision is the sha256 of the row's content."""

BELIEFS = _schema(
    {
        "asset_id": pa.string(),
        "hazard": _F,
        "hazard_kind": pa.string(),
        "hazard_unit": pa.string(),
        "hazard_sigma_ln": _F,
        "fragility_ref": pa.string(),
        "prior_source": pa.string(),
        "prior_0": _F,
        "prior_1": _F,
        "prior_2": _F,
        "prior_3": _F,
        "prior_4": _F,
        "p_0": _F,
        "p_1": _F,
        "p_2": _F,
        "p_3": _F,
        "p_4": _F,
        "p_severe_low": _F,
        "p_severe_high": _F,
        "in_plan": pa.bool_(),
        "grade": pa.int8(),
        "basis": pa.string(),
        "na_reason": pa.string(),
        "expected": pa.int8(),
        "state_set": pa.string(),
        "detectable_from": pa.int8(),
        "seen_share": _F,
        "looks": pa.int16(),
        "sides": pa.int8(),
        "best_gsd_m": _F,
        "first_seen_at": _TIME,
        "last_seen_at": _TIME,
        "last_grade": pa.int8(),
        "disputed": pa.bool_(),
        "review": pa.string(),
        "ce90_m": _F,
        "model_id": pa.string(),
        "priority": _F,
        "reasons_ja": _WORDS,
        "reasons_en": _WORDS,
        "clock_kind": pa.string(),
        "clock_due_at": _TIME,
        "clock_basis": pa.string(),
        "confirmed_by_role": pa.string(),
        "confirmed_at": _TIME,
    }
)
"""What is believed of each asset, one row an asset. hazard is the median of the
measure hazard_kind; prior_k is the expected state before any picture, null where
expected is not_modelled (-1); in_plan says the hazard reaches the kind's trigger."""

FRAMES = _schema(
    {
        "id": pa.string(),
        "file": pa.string(),
        "captured_at": _TIME,
        "time_sigma_s": _F,
        "time_source": pa.string(),
        "longitude": _D,
        "latitude": _D,
        "height_m": _D,
        "height_source": pa.string(),
        "sigma_h_m": _F,
        "sigma_v_m": _F,
        "yaw_deg": _F,
        "pitch_deg": _F,
        "roll_deg": _F,
        "camera": pa.string(),
        "serial": pa.string(),
        "sortie": pa.string(),
        "gsd_m": _F,
        "blur": _F,
        "exposure": _F,
        "usable": pa.bool_(),
        "reason": pa.string(),
    }
)

CELLS = _schema(
    {
        "asset_id": pa.string(),
        "frame_id": pa.string(),
        "sortie": pa.string(),
        "captured_at": _TIME,
        "cell": pa.int16(),
        "cells": pa.int16(),
        "sector": pa.int8(),
        "above": pa.bool_(),
        "gsd_m": _F,
        "a": _F,
        "moved": _F,
        "seepage": _F,
        "collapse": _F,
        "deformation": _F,
        "debris": _F,
        "broken": _F,
        "component": _F,
        "azimuth_deg": _F,
        "lean_deg": _F,
        "lean_sigma_deg": _F,
        "offset_m": _F,
        "slope_deg": _F,
        "missing": _F,
        "geometry_sigmas": _F,
        "z": pa.int8(),
        "z_second": pa.int8(),
    }
)
"""What one frame shows of one cell of one asset: shares of the classes measured
there (DEFINITIONS, section 4), level z and the second method's z_second (-1 untested).
lean_deg is a tower's, to the right in the picture; offset_m and slope_deg are those of
a deck against itself and its axis; all are across the line of sight, and null where
nothing was measured. geometry_sigmas is how many sigmas the worst of them is.
Only cells the frame truly shows have a row; `cells` is how many the asset has."""

LOOKS = _schema(
    {
        "id": pa.string(),
        "asset_id": pa.string(),
        "sortie": pa.string(),
        "sector": pa.int8(),
        "above": pa.bool_(),
        "frames": _WORDS,
        "first_at": _TIME,
        "last_at": _TIME,
        "time_sigma_s": _F,
        "gsd_m": _F,
        "share": _F,
        "view": pa.int8(),
        "cell": pa.int16(),
        "seen_cells": pa.list_(pa.int16()),
        "cells": pa.int16(),
        "a": _F,
        "moved": _F,
        "missing": _F,
        "geometry_sigmas": _F,
        "z": pa.int8(),
        "z_second": pa.int8(),
        "disputed": pa.bool_(),
        "detectable_from": pa.int8(),
        "negative_lambda": _F,
        "state": pa.string(),
        "ce90_m": _F,
        "model_id": pa.string(),
    }
)
"""One asset from one side in one sortie; no picture is known beyond this point."""

FEATURES = _schema(
    {
        "id": pa.string(),
        "asset_id": pa.string(),
        "frame_id": pa.string(),
        "class": pa.string(),
        "score": _F,
        "area_m2": _F,
        "length_m": _F,
        "max_width_mm": _F,
        "ce90_m": _F,
        "captured_at": _TIME,
        "detector": pa.string(),
        "review": pa.string(),
        "geometry": pa.binary(),
    }
)
"""Damage outlines on the ground; geometry is WKB in longitude and latitude."""

COVERAGE = _schema(
    {
        "frame_id": pa.string(),
        "captured_at": _TIME,
        "gsd_m": _F,
        "usable": pa.bool_(),
        "reason": pa.string(),
        "sortie": pa.string(),
        "geometry": pa.binary(),
    }
)
"""What each frame saw of the ground (MAP, layer coverage); geometry as FEATURES."""


def table_from_rows(
    rows: Sequence[Mapping[str, object]], schema: pa.Schema
) -> pa.Table:
    """A table of exactly `schema`; a missing key is null, an unknown one an error.

    >>> table_from_rows([{"asset_id": "B1", "cell": 2}], CELLS).num_rows
    1
    """
    unknown = {key for row in rows for key in row} - set(schema.names)
    if unknown:
        raise InvalidRecordError(f"table has no columns {sorted(unknown)}")
    return pa.Table.from_pylist([dict(row) for row in rows], schema=schema)


def check_table(table: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """The table, if its columns are those of `schema`.

    Raises:
        InvalidRecordError: If a column is missing, unknown or of another type.
    """
    if not table.schema.equals(schema):
        wrong = sorted({*map(str, table.schema)} ^ {*map(str, schema)})
        raise InvalidRecordError(f"table {name}: other columns than declared: {wrong}")
    return table
