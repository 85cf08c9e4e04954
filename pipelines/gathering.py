"""What the ledger of an operation holds of its pictures, as tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from data.imagery import Frame, VerticalDatum
from data.leaning import with_joint_leans
from data.ledger import Ledger
from data.looks import DEFAULT_LAMBDA, FRAME_FACTS
from data.record import from_json
from data.sides import sorties
from data.store import OperationFolder
from data.tables import CELLS, COVERAGE, FEATURES, table_from_rows
from data.unseen import AMBIGUOUS, FRAME_STATES
from pipelines.ingest import terrain_path
from pipelines.pairs import FramePairs, Ground

Row = dict[str, Any]


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


def placed_values(ledger: Ledger, pairs: Sequence[FramePairs]) -> dict[str, Row]:
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


def cells_table(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
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
    return with_joint_leans(table_from_rows(rows, CELLS).sort_by(order))


def frame_facts(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
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


def frame_states(placed: Mapping[str, Row], pairs: Sequence[FramePairs]) -> pa.Table:
    """How far each frame got with each asset, where it did not come to a look.

    Also the assets of which a frame shows severe damage that may be another's.
    """
    rows = [
        {
            "asset_id": pair.asset.id,
            "reason": placed[pair.key]["state"] if pair.key in placed else "pending",
        }
        for each in pairs
        for pair in each.pairs
    ]
    stopped = [row for row in rows if row["reason"] not in ("seen", "not_observed")]
    stopped += [
        {"asset_id": value["asset_id"], "reason": AMBIGUOUS}
        for value in placed.values()
        if value["ambiguous"]
    ]
    stopped.sort(key=lambda row: (row["asset_id"], row["reason"]))
    return pa.Table.from_pylist(stopped, schema=FRAME_STATES)


def features_table(placed: Mapping[str, Row], frames: Sequence[Frame]) -> pa.Table:
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


def coverage_table(
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
