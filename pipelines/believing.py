"""What the ledger of an operation holds -> what is believed of every asset."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data.belief import update_beliefs
from data.decisions import Decision, apply_decisions
from data.grading import Rules
from data.imagery import Frame, VerticalDatum
from data.ledger import Ledger, content_key
from data.likelihood import START_TABLE, read_likelihood
from data.looks import DEFAULT_LAMBDA, FRAME_FACTS, looks_from_cells
from data.operation import Event, Operation
from data.parents import roll_up
from data.places import WEIGHTS
from data.record import from_json, to_json
from data.sides import sorties
from data.store import OperationFolder
from data.tables import (
    BELIEFS,
    CELLS,
    COVERAGE,
    FEATURES,
    check_table,
    table_from_rows,
)
from data.unseen import FRAME_STATES
from pipelines.config import Config, config_sha256
from pipelines.event import events_of, messages_of, operation_of
from pipelines.expected import expected_state, last_hazards
from pipelines.holdings import read_assets
from pipelines.ingest import terrain_path
from pipelines.pairs import FramePairs, Ground, frame_pairs
from pipelines.provenance import code_sha256
from vision.weights import Card, load_model

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation expects before it looks: events, assets, beliefs."""

    operation: Operation
    events: tuple[Event, ...]
    assets: pa.Table
    prior: pa.Table
    last_hazard: pa.Table


@dataclass(frozen=True, slots=True)
class Believed:
    """All that an edition is made of.

    Attributes:
        as_of: The latest report, capture or decision in the ledger, or as given.
        inputs: Hashes of what it was made from, by name.
    """

    expected: Expected
    beliefs: pa.Table
    looks: pa.Table
    cells: pa.Table
    features: pa.Table
    coverage: pa.Table
    as_of: datetime
    inputs: Mapping[str, str]


def read_card(config: Config) -> Card:
    """Card of the weights an operation is read with."""
    return load_model(config.model, folder=WEIGHTS).card


def trained_classes(card: Card) -> frozenset[str]:
    """Classes of both heads that the weights were trained on."""
    return frozenset({*card.trained_classes.damage, *card.trained_classes.component})


def expect(store: Path, ledger: Ledger, config: Config) -> Expected:
    """What an operation expects of every asset of the store's inventories."""
    events, assets = events_of(ledger), read_assets(store)
    return Expected(
        operation=operation_of(ledger),
        events=events,
        assets=assets,
        prior=expected_state(assets, events, vs30_m_s=config.vs30_m_s),
        last_hazard=last_hazards(assets, events, vs30_m_s=config.vs30_m_s),
    )


def frames_of(ledger: Ledger) -> tuple[Frame, ...]:
    """Every frame of an operation, by its hash."""
    return tuple(from_json(Frame, text) for text in ledger.all("frame").values())


def grounded_frames(
    folder: OperationFolder, ledger: Ledger
) -> list[tuple[Frame, Ground]]:
    """Every frame with the ground it is placed on, as its batch was taken in."""
    statements = ledger.all("batch")
    return [
        (frame, _ground(folder, json.loads(statements[frame.id])))
        for frame in frames_of(ledger)
    ]


def _ground(folder: OperationFolder, statement: Row) -> Ground:
    sha = statement["terrain_sha256"]
    if sha is None:
        return Ground(None, VerticalDatum.LOCAL, "")
    heights = VerticalDatum(statement["settings"]["terrain_heights"])
    return Ground(terrain_path(folder, sha), heights, sha)


def current_pairs(
    folder: OperationFolder, ledger: Ledger, expected: Expected, config: Config
) -> list[FramePairs]:
    """Every located frame with the assets that may be in it, the riskiest first."""
    return frame_pairs(
        grounded_frames(folder, ledger),
        expected.assets,
        expected.prior["priority"],
        model_sha256=read_card(config).sha256,
        coarsest_gsd_m=config.coarsest_gsd_m,
    )


def believe(
    folder: OperationFolder,
    ledger: Ledger,
    store: Path,
    config: Config,
    *,
    as_of: datetime | None = None,
) -> Believed:
    """What is believed of every asset, from all that the ledger holds.

    The table of beliefs is kept by its content key; what did not change is not made
    again.
    """
    expected, card = expect(store, ledger, config), read_card(config)
    pairs = current_pairs(folder, ledger, expected, config)
    placed = _placed_values(ledger, pairs)
    frames = frames_of(ledger)
    cells = _cells(placed, frames)
    looks = looks_from_cells(
        cells,
        expected.assets.select(["id", "kind"]),
        trained=trained_classes(card),
        model_id=card.id,
        frames=_frame_facts(placed, frames),
    )
    decisions = decisions_of(ledger)
    inputs = _inputs(ledger, expected, card, config, pairs)
    key = content_key("belief", inputs, _states(placed, pairs).to_pylist())
    beliefs = _kept_or_made(
        folder.beliefs / f"{key}.parquet",
        lambda: _beliefs(expected, looks, placed, pairs, decisions, card),
    )
    ledger.record([("belief", key, key.encode())], note={"did": "believe"})
    return Believed(
        expected=expected,
        beliefs=beliefs,
        looks=looks,
        cells=cells,
        features=_features(placed, frames),
        coverage=_coverage(ledger, pairs, frames),
        as_of=as_of or latest_time(messages_of(ledger), frames, decisions),
        inputs=inputs,
    )


def _kept_or_made(path: Path, make: Any) -> pa.Table:  # noqa: ANN401 a plain thunk
    if path.is_file():
        return check_table(pq.read_table(path, schema=BELIEFS), BELIEFS, path.name)
    table: pa.Table = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(table, part, compression="zstd")
    part.replace(path)
    return table


def _beliefs(
    expected: Expected,
    looks: pa.Table,
    placed: Mapping[str, Row],
    pairs: Sequence[FramePairs],
    decisions: Sequence[Decision],
    card: Card,
) -> pa.Table:
    """Prior, looks and decisions -> beliefs, parents last."""
    rules = Rules(likelihood=read_likelihood(), trained=trained_classes(card))
    updated = update_beliefs(
        expected.prior,
        expected.assets,
        looks,
        _states(placed, pairs),
        rules=rules,
        last_hazard=expected.last_hazard,
    )
    decided = apply_decisions(updated, decisions, last_hazard=expected.last_hazard)
    return roll_up(decided, expected.assets)


def decisions_of(ledger: Ledger) -> tuple[Decision, ...]:
    """Every decision of an operation, by its key."""
    return tuple(from_json(Decision, text) for text in ledger.all("decision").values())


def latest_time(
    messages: Sequence[Event], frames: Sequence[Frame], decisions: Sequence[Decision]
) -> datetime:
    """The state of knowledge: the latest report, capture or decision; never a clock."""
    times = [message.reported_at for message in messages]
    times += [frame.captured_at for frame in frames if frame.captured_at is not None]
    times += [decision.at for decision in decisions]
    return max(times)


def _placed_values(ledger: Ledger, pairs: Sequence[FramePairs]) -> dict[str, Row]:
    """What is known of each current pair, by its key; pending ones are missing."""
    wanted = {pair.key for each in pairs for pair in each.pairs}
    if not wanted:
        return {}
    entries = ledger.all("placed")
    return {key: json.loads(entries[key]) for key in sorted(wanted & entries.keys())}


def _frame_table(frames: Sequence[Frame]) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([f.id for f in frames], pa.string()),
            "file": pa.array([f.file for f in frames], pa.string()),
            "serial": pa.array([f.serial for f in frames], pa.string()),
            "captured_at": pa.array(
                [f.captured_at for f in frames], pa.timestamp("us", tz="UTC")
            ),
        }
    )


def sortie_of(frames: Sequence[Frame]) -> dict[str, str]:
    """Sortie of each frame, by frame id."""
    if not frames:
        return {}
    ids = sorties(_frame_table(frames)).to_pylist()
    return dict(zip([f.id for f in frames], ids, strict=True))


def _cells(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
    """Table CELLS of all current pairs of usable frames."""
    known, sortie = {f.id: f for f in frames}, sortie_of(frames)
    rows = [
        row
        | {
            "asset_id": value["asset_id"],
            "frame_id": value["frame_id"],
            "sortie": sortie[value["frame_id"]],
            "captured_at": known[value["frame_id"]].captured_at,
        }
        for value in placed.values()
        for row in value["cells"]
    ]
    order = [(n, "ascending") for n in ("asset_id", "frame_id", "cell")]
    return table_from_rows(rows, CELLS).sort_by(order)


def _frame_facts(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
    """Time and place of each frame that shows something, as looks want them."""
    widest: dict[str, float] = {}
    for value in placed.values():
        if value["state"] == "seen":
            frame = value["frame_id"]
            widest[frame] = max(widest.get(frame, 0.0), value["ce90_m"])
    sigma = {f.id: f.time_sigma_s for f in frames}
    rows = [
        {
            "frame_id": frame,
            "time_sigma_s": sigma[frame],
            "negative_lambda": DEFAULT_LAMBDA,
            "ce90_m": ce90_m,
        }
        for frame, ce90_m in sorted(widest.items())
    ]
    return pa.Table.from_pylist(rows, schema=FRAME_FACTS)


def _states(placed: Mapping[str, Row], pairs: Sequence[FramePairs]) -> pa.Table:
    """How far each frame got with each asset, where it did not come to a look."""
    rows = [
        {
            "asset_id": pair.asset.id,
            "reason": placed[pair.key]["state"] if pair.key in placed else "pending",
        }
        for each in pairs
        for pair in each.pairs
    ]
    stopped = [row for row in rows if row["reason"] not in ("seen", "not_observed")]
    stopped.sort(key=lambda row: (row["asset_id"], row["reason"]))
    return pa.Table.from_pylist(stopped, schema=FRAME_STATES)


def _features(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
    """Table FEATURES of all current pairs, each outline once."""
    times = {f.id: f.captured_at for f in frames}
    rows = {
        row["id"]: row
        | {
            "geometry": bytes.fromhex(row["geometry"]),
            "captured_at": times[value["frame_id"]],
            "frame_id": value["frame_id"],
            "asset_id": value["asset_id"],
            "detector": "network",
            "review": "none",
        }
        for value in placed.values()
        for row in value["features"]
    }
    return table_from_rows([rows[key] for key in sorted(rows)], FEATURES)


def _coverage(
    ledger: Ledger, pairs: Sequence[FramePairs], frames: Sequence[Frame]
) -> pa.Table:
    """Table COVERAGE: the ground each located frame saw."""
    sortie, entries = sortie_of(frames), ledger.all("footprint")
    rows = []
    for each in sorted(pairs, key=lambda each: each.frame.id):
        if each.footprint_key not in entries:
            continue
        value = json.loads(entries[each.footprint_key])
        if value["geometry"] is None:
            continue
        rows.append(
            {
                "frame_id": each.frame.id,
                "captured_at": each.frame.captured_at,
                "gsd_m": value["gsd_m"],
                "usable": each.frame.unusable is None,
                "reason": each.frame.unusable,
                "sortie": sortie[each.frame.id],
                "geometry": bytes.fromhex(value["geometry"]),
            }
        )
    return table_from_rows(rows, COVERAGE)


def _inputs(
    ledger: Ledger,
    expected: Expected,
    card: Card,
    config: Config,
    pairs: Sequence[FramePairs],
) -> dict[str, str]:
    """Hashes of all that decides the beliefs, by name."""
    revisions = expected.assets["revision"].to_pylist()
    keys = sorted(pair.key for each in pairs for pair in each.pairs)
    return {
        "code": code_sha256(),
        "config": config_sha256(config),
        "weights": card.sha256,
        "likelihood": content_key(START_TABLE.read_text("utf-8")),
        "messages": content_key(sorted(m.sha256 for m in messages_of(ledger))),
        "inventory": content_key(revisions),
        "frames": content_key([to_json(f).decode() for f in frames_of(ledger)]),
        "placed": content_key(keys),
        "decisions": content_key(sorted(ledger.all("decision"))),
    }
