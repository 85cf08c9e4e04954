"""What the ledger holds of pictures, as tables: all that is current, nothing else."""

import json
import runpy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from data.imagery import VerticalDatum
from data.ledger import Ledger
from data.record import to_json
from data.store import OperationFolder
from data.tables import ASSETS, CELLS, COVERAGE, FEATURES, table_from_rows
from pipelines import gathering
from pipelines.ingest import terrain_path
from pipelines.pairs import Ground, frame_pairs

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
FLAT = Ground(None, VerticalDatum.LOCAL, "")
WKB = "0101000000000000000000F03F0000000000000040"
CELL = {"cell": 0, "cells": 3, "sector": 4, "above": True, "gsd_m": 0.02, "z": 1}
FEATURE = {"id": "x1", "class": "crack", "score": 0.5, "ce90_m": 2.0, "geometry": WKB}
FRAMES = tuple(
    CASES["frame"](name, captured_at=CASES["CAPTURED"] + timedelta(minutes=minutes))
    for name, minutes in (("a", 0), ("b", 1), ("c", 40))
)
ASSETS_TABLE = table_from_rows(
    [CASES["row"](CASES["asset"](id=name)) for name in ("B1", "B2")], ASSETS
)


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def pairs_of(frames=FRAMES):
    return frame_pairs(
        [(one, FLAT) for one in frames],
        ASSETS_TABLE,
        pa.array([0.5, 0.5]),
        weights="w",
        coarsest_gsd_m=0.05,
    )


def value(pair, frame, state="seen", *, ce90_m=1.0, features=()):
    names = [f"{pair.asset.id} {frame.id} {each['id']}" for each in features]
    return {
        "asset_id": pair.asset.id,
        "frame_id": frame.id,
        "state": state,
        "cells": [CELL] if state == "seen" else [],
        "features": [
            each | {"id": name} for each, name in zip(features, names, strict=True)
        ],
        "ambiguous": False,
        "ce90_m": ce90_m if state == "seen" else 0.0,
    }


def placed_of(pairs, **values):
    return {
        pair.key: value(pair, each.frame, **values)
        for each in pairs
        for pair in each.pairs
    }


def record(ledger: Ledger, placed) -> None:
    entries = [("placed", key, json.dumps(v).encode()) for key, v in placed.items()]
    ledger.record(entries, note={"did": "test"})


def test_frames_come_by_their_hash_whatever_order_they_came_in(ledger) -> None:
    for one in FRAMES:
        ledger.replace([("frame", one.id, to_json(one))], note={"did": "test"})
    found = gathering.frames_of(ledger)
    assert [one.id for one in found] == sorted(one.id for one in FRAMES)
    assert set(found) == set(FRAMES)


def test_each_frame_stands_on_the_ground_its_batch_came_with(ledger, tmp_path) -> None:
    folder, sha = OperationFolder(tmp_path), "e" * 64
    settings = {"terrain_heights": "JGD2011"}
    for one, terrain in ((FRAMES[0], None), (FRAMES[1], sha)):
        statement = {"terrain_sha256": terrain, "settings": settings}
        entries = [
            ("frame", one.id, to_json(one)),
            ("batch", one.id, json.dumps(statement).encode()),
        ]
        ledger.replace(entries, note={"did": "test"})
    found = dict(gathering.grounded_frames(folder, ledger))
    assert found[FRAMES[0]] == FLAT
    path = terrain_path(folder, sha)
    assert found[FRAMES[1]] == Ground(path, VerticalDatum.JGD2011, sha)


def test_only_what_is_current_is_gathered(ledger) -> None:
    pairs = pairs_of()
    placed = placed_of(pairs)
    old = pairs_of([replace(one, unusable="blur") for one in FRAMES])
    record(ledger, placed | placed_of(old))
    assert gathering.placed_values(ledger, pairs) == placed
    assert gathering.placed_values(ledger, []) == {}


def test_what_is_pending_is_missing_and_said(ledger) -> None:
    pairs = pairs_of()
    done = {pair.key for pair in pairs[0].pairs}
    record(ledger, {k: v for k, v in placed_of(pairs).items() if k in done})
    placed = gathering.placed_values(ledger, pairs)
    assert set(placed) == done
    states = gathering.frame_states(placed, pairs).to_pylist()
    assert states == [
        {"asset_id": name, "reason": "pending"} for name in ("B1", "B1", "B2", "B2")
    ]


def test_what_was_seen_or_not_there_stopped_no_frame() -> None:
    pairs = pairs_of()
    for state, count in (("seen", 0), ("not_observed", 0), ("too_coarse", 6)):
        placed = placed_of(pairs, state=state)
        assert gathering.frame_states(placed, pairs).num_rows == count


def test_cells_know_their_frame_asset_time_and_sortie() -> None:
    placed = placed_of(pairs_of())
    table = gathering.cells_table(placed, FRAMES)
    assert table.schema == CELLS
    assert table.num_rows == 6
    rows = table.to_pylist()
    times = {one.id: one.captured_at for one in FRAMES}
    assert all(row["captured_at"] == times[row["frame_id"]] for row in rows)
    sortie = {row["frame_id"]: row["sortie"] for row in rows}
    first, second, later = (sortie[one.id] for one in FRAMES)
    assert first == second != later  # DEFINITIONS 3: a gap of 15 minutes


def test_tables_do_not_depend_on_the_order_of_what_was_placed() -> None:
    placed = placed_of(pairs_of(), features=[FEATURE])
    turned = dict(reversed(placed.items()))
    for name in ("cells_table", "frame_facts", "features_table"):
        make = getattr(gathering, name)
        assert make(placed, FRAMES).equals(make(turned, FRAMES)), name


def test_a_frame_is_as_unsure_as_the_widest_of_its_assets() -> None:
    pairs = pairs_of(FRAMES[:1])
    one, other = pairs[0].pairs
    placed = {
        one.key: value(one, FRAMES[0], ce90_m=3.0),
        other.key: value(other, FRAMES[0], ce90_m=1.0),
    }
    (facts,) = gathering.frame_facts(placed, FRAMES).to_pylist()
    assert facts["ce90_m"] == 3.0
    assert facts["time_sigma_s"] == FRAMES[0].time_sigma_s
    nothing = placed_of(pairs, state="too_coarse")
    assert gathering.frame_facts(nothing, FRAMES).num_rows == 0


def test_the_same_outline_twice_is_one_feature() -> None:
    """Cells overlap: a piece between two of them is found once for each."""
    placed = placed_of(pairs_of(FRAMES[:1]), features=[FEATURE, FEATURE])
    table = gathering.features_table(placed, FRAMES)
    assert table.schema == FEATURES
    assert table["asset_id"].to_pylist() == ["B1", "B2"]
    row = table.to_pylist()[0]
    assert row["geometry"] == bytes.fromhex(WKB)
    assert row["captured_at"] == FRAMES[0].captured_at
    assert (row["detector"], row["review"]) == ("network", "none")


def test_coverage_is_what_each_frame_saw_and_why_it_is_no_use(ledger) -> None:
    blurred = replace(FRAMES[1], unusable="blur")
    frames = (FRAMES[0], blurred, FRAMES[2])
    pairs = pairs_of(frames)
    seen = {"geometry": WKB, "gsd_m": 0.02}
    sky = {"geometry": None, "gsd_m": None}
    saw = {FRAMES[0].id: seen, blurred.id: seen, FRAMES[2].id: sky}
    entries = [
        ("footprint", each.footprint_key, json.dumps(saw[each.frame.id]).encode())
        for each in pairs
    ]
    ledger.record(entries, note={"did": "test"})
    table = gathering.coverage_table(ledger, pairs, frames)
    assert table.schema == COVERAGE
    rows = {row["frame_id"]: row for row in table.to_pylist()}
    assert set(rows) == {FRAMES[0].id, blurred.id}
    assert (rows[blurred.id]["usable"], rows[blurred.id]["reason"]) == (False, "blur")
    assert rows[FRAMES[0].id]["usable"]


def test_a_frame_not_yet_looked_at_covers_nothing(ledger) -> None:
    assert gathering.coverage_table(ledger, pairs_of(), FRAMES).num_rows == 0


def test_without_frames_all_tables_are_empty() -> None:
    for make in (gathering.cells_table, gathering.features_table):
        assert make({}, ()).num_rows == 0
    assert gathering.frame_facts({}, ()).num_rows == 0
    assert gathering.sortie_of(()) == {}
