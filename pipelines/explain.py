"""From hypocentre to grade, every number with its source: `karte explain`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data.errors import UsageError
from data.findings import expected_name, grade_name
from data.grading import THRESHOLDS
from data.likelihood import START_TABLE
from data.store import find_operation
from pipelines.believing import Believed, believe
from pipelines.config import Config
from pipelines.event import describe
from pipelines.explain_words import prior_lines, shaking_facts, shaking_lines
from pipelines.explanation import CapacityHere, ShakenHere, capacity_here, shaken_here
from pipelines.outcome import ExitCode, Outcome
from pipelines.quakes import Surroundings, conditioned_quakes
from pipelines.surroundings import read_surroundings

Row = dict[str, Any]


def explain(
    store: Path,
    operation: str,
    asset_id: str,
    config: Config,
    *,
    figures: Path | None = None,
) -> Outcome:
    """How the grade of one asset came about.

    Args:
        store: The store's folder.
        operation: Id of the operation, or `latest`.
        asset_id: Of the asset.
        config: The operator's settings.
        figures: Folder for a figure of the shaking and one of the curves, or None.

    Raises:
        UsageError: If no inventory holds the asset, or figures are asked for where no
            quake can be drawn.
    """
    folder = find_operation(store, operation)
    with folder.open_ledger() as ledger:
        believed = believe(folder, ledger, store, config)
        around = read_surroundings(ledger, config)
    table = _rows(believed.expected.assets, "id", asset_id)
    asset = table.to_pylist()[0]
    belief = _rows(believed.beliefs, "asset_id", asset_id).to_pylist()[0]
    looks = _of(believed.looks, asset_id)
    quakes = conditioned_quakes(believed.expected.events, around)
    shaken = [shaken_here(table, quake, around.ground) for quake in quakes]
    capacities = [capacity_here(asset, here, around.bridges) for here in shaken]
    drawn: tuple[Path, ...] = ()
    if figures is not None:
        drawn = _figures(figures, believed, asset, belief, shaken, capacities, around)
    return Outcome(
        code=ExitCode.DONE,
        lines=[
            *_event_lines(believed),
            *_asset_lines(asset),
            *shaking_lines(shaken),
            *prior_lines(belief, capacities),
            *_look_lines(looks),
            *_grade_lines(belief),
            *_source_lines(believed),
            *(f"figure: {path}" for path in drawn),
        ],
        data={
            "asset": {k: v for k, v in asset.items() if k != "geometry"},
            "shaking": [shaking_facts(here) for here in shaken],
            "capacity": [each and asdict(each) for each in capacities],
            "belief": _plain(belief),
            "looks": [_plain(look) for look in looks],
            "cells": [_plain(cell) for cell in _of(believed.cells, asset_id)],
            "inputs": dict(believed.inputs),
            "figures": [str(path) for path in drawn],
        },
    )


def _figures(
    folder: Path,
    believed: Believed,
    asset: Row,
    belief: Row,
    shaken: Sequence[ShakenHere],
    capacities: Sequence[CapacityHere | None],
    around: Surroundings,
) -> tuple[Path, ...]:
    """Figures of the quake that shook the asset most."""
    if not shaken:
        raise UsageError(
            f"asset {asset['id']}: no earthquake with a known place and magnitude to"
            " draw; leave --figures out"
        )
    try:
        from pipelines.explain_figures import (  # noqa: PLC0415 matplotlib is slow
            figure_heading,
            write_figures,
        )
    except ModuleNotFoundError as error:
        raise UsageError(f"--figures needs {error.name}; install it first") from error
    hazards = [here.median(here.shaking) for here in shaken]
    most = hazards.index(max(hazards))
    return write_figures(
        folder,
        figure_heading(believed.expected.operation, believed.as_of, shaken[most]),
        belief,
        asset["name"] or asset["id"],
        shaken[most],
        capacities[most],
        around.ground,
    )


def _of(table: pa.Table, asset_id: str) -> list[Row]:
    rows: list[Row] = table.filter(pc.equal(table["asset_id"], asset_id)).to_pylist()
    return rows


def _rows(table: pa.Table, column: str, asset_id: str) -> pa.Table:
    rows = table.filter(pc.equal(table[column], asset_id))
    if not rows.num_rows:
        raise UsageError(f"asset {asset_id}: in no inventory of this store")
    return rows


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


def _look_lines(looks: list[Row]) -> list[str]:
    lines = [f"5 looks: {len(looks)}"]
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
    chances = "no chances: nothing is modelled and nothing was seen"
    if belief["p_0"] is not None:
        chances = " ".join(f"D{k} {belief[f'p_{k}']:.3f}" for k in range(5))
        chances += f"; 90 % set {belief['state_set'] or 'not told before a look'}"
    reason = f" ({belief['na_reason']})" if belief["na_reason"] else ""
    limits = " ".join(f"D{k} {t:g}" for k, t in enumerate(THRESHOLDS, start=1))
    return [
        "6 belief and grade",
        f"  {chances}",
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
        f"7 made of: {made_of}",
        f"  likelihoods: {START_TABLE.name}, start values, not yet learnt from drills",
    ]
