"""From hypocentre to grade, every number with its source: `karte explain`."""

from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from data.errors import UsageError
from data.evidence import EPSILON
from data.findings import expected_name, grade_name
from data.grading import THRESHOLDS
from data.likelihood import START_TABLE
from data.store import find_operation
from pipelines.believing import Believed, believe
from pipelines.config import Config
from pipelines.event import describe
from pipelines.outcome import ExitCode, Outcome

Row = dict[str, Any]


def explain(store: Path, operation: str, asset_id: str, config: Config) -> Outcome:
    """How the grade of one asset came about.

    Raises:
        UsageError: If no inventory holds the asset.
    """
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        believed = believe(folder, ledger, store, config)
    asset = _one(believed.expected.assets, "id", asset_id)
    belief = _one(believed.beliefs, "asset_id", asset_id)
    looks = _of(believed.looks, asset_id)
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            *_event_lines(believed),
            *_asset_lines(asset),
            *_prior_lines(belief),
            *_look_lines(looks),
            *_grade_lines(belief),
            *_source_lines(believed),
        ],
        data={
            "asset": {k: v for k, v in asset.items() if k != "geometry"},
            "belief": _plain(belief),
            "looks": [_plain(look) for look in looks],
            "cells": [_plain(cell) for cell in _of(believed.cells, asset_id)],
            "inputs": dict(believed.inputs),
        },
    )


def _of(table: Any, asset_id: str) -> list[Row]:  # noqa: ANN401 pyarrow has no types
    rows: list[Row] = table.filter(pc.equal(table["asset_id"], asset_id)).to_pylist()
    return rows


def _one(table: Any, column: str, asset_id: str) -> Row:  # noqa: ANN401 as above
    rows: list[Row] = table.filter(pc.equal(table[column], asset_id)).to_pylist()
    if not rows:
        raise UsageError(f"asset {asset_id}: in no inventory of this store")
    return rows[0]


def _plain(row: Row) -> Row:
    """Times as text, so that JSON can hold the row."""
    return {
        key: value.isoformat() if hasattr(value, "isoformat") else value
        for key, value in row.items()
    }


def _event_lines(believed: Believed) -> list[str]:
    drill = "DRILL 訓練" if believed.expected.operation.drill else "REAL 実災害"
    return [
        f"1 event ({drill})",
        *(
            f"  {describe(event)}  [{event.source_kind}, {event.sha256[:8]}]"
            for event in believed.expected.events
        ),
    ]


def _asset_lines(asset: Row) -> list[str]:
    return [
        f"2 asset {asset['id']} ({asset['kind']}) {asset['name'] or ''}".rstrip(),
        (
            f"  {asset['latitude']:.5f} N {asset['longitude']:.5f} E, importance"
            f" {asset['importance']:g} ({asset['importance_source']}), geometry"
            f" {asset['geometry_source']}, row {asset['revision'][:8]}"
        ),
    ]


def _prior_lines(belief: Row) -> list[str]:
    lines = ["3 expected, before any picture"]
    if belief["hazard"] is not None:
        lines.append(
            f"  {belief['hazard_kind']} {belief['hazard']:.3g} {belief['hazard_unit']},"
            f" sigma {belief['hazard_sigma_ln'] or 0:.2f} (ln)"
        )
    if belief["prior_0"] is None:
        lines.append("  no fragility curve for this kind: not_modelled; prior = q")
    else:
        chances = " ".join(f"D{k} {belief[f'prior_{k}']:.3f}" for k in range(5))
        lines.append(f"  {chances}  [{belief['fragility_ref']}]")
        lines.append(f"  {EPSILON:g} of it is the reference prior q: no state has none")
    return lines


def _look_lines(looks: list[Row]) -> list[str]:
    lines = [f"4 looks: {len(looks)}"]
    lines += [
        (
            f"  sector {look['sector']}{' above' if look['above'] else ''}:"
            f" {len(look['frames'])} frames, {look['gsd_m'] * 100:.1f} cm,"
            f" {look['share']:.0%} of {look['cells']} cells, view {look['view']};"
            f" level z {look['z']} in cell {look['cell']} (second method"
            f" {look['z_second']}), {look['state']}"
        )
        for look in looks
    ]
    return lines


def _grade_lines(belief: Row) -> list[str]:
    chances = " ".join(f"D{k} {belief[f'p_{k}']:.3f}" for k in range(5))
    reason = f" ({belief['na_reason']})" if belief["na_reason"] else ""
    limits = " ".join(f"D{k} {t:g}" for k, t in enumerate(THRESHOLDS, start=1))
    return [
        "5 belief and grade",
        f"  {chances}; 90 % set {belief['state_set']}",
        f"  P(S >= k) needs {limits}, and a look that supports it",
        (
            f"  grade {grade_name(belief['grade'])}{reason}, basis {belief['basis']},"
            f" expected {expected_name(belief['expected'])}, review {belief['review']}"
        ),
        *(f"  {words}" for words in belief["reasons_ja"] or ()),
        *(f"  {words}" for words in belief["reasons_en"] or ()),
    ]


def _source_lines(believed: Believed) -> list[str]:
    made_of = ", ".join(f"{n} {h[:8]}" for n, h in sorted(believed.inputs.items()))
    return [
        f"6 made of: {made_of}",
        f"  likelihoods: {START_TABLE.name}, start values, not yet learnt from drills",
    ]
