"""What the ledger of an operation holds -> what is believed of every asset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.belief import update_beliefs
from data.carrying import After, carried_beliefs, stale_looks
from data.decisions import Decision, apply_decisions
from data.grading import Rules
from data.imagery import Frame
from data.ledger import Ledger, content_key
from data.likelihood import START_TABLE, read_likelihood
from data.looks import looks_from_cells
from data.operation import Event, Operation, Ruling
from data.parents import roll_up
from data.places import WEIGHTS
from data.record import from_json, to_json
from data.rows import put_back
from data.rulings import rulings_of
from data.store import OperationFolder
from data.tables import BELIEFS, check_table
from pipelines.config import Config, config_sha256
from pipelines.event import events_of, merged_of, messages_of, operation_of
from pipelines.expected import expectations, expected_state, last_hazards
from pipelines.gathering import (
    cells_table,
    coverage_table,
    features_table,
    frame_facts,
    frame_states,
    frames_of,
    grounded_frames,
    placed_values,
)
from pipelines.holdings import read_assets
from pipelines.layers import layers_of
from pipelines.pairs import FramePairs, frame_pairs
from pipelines.provenance import code_sha256
from pipelines.reading import weights_key, write_atomically
from pipelines.surroundings import ground_sha256, read_surroundings
from vision.weights import load_model

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation expects before it looks: events, assets, beliefs.

    Attributes:
        totals: Table TOTALS: sums of the prior by prefecture and kind.
        prior_of: Table ASSETS and events -> the prior, as `prior` was made.
    """

    operation: Operation
    events: tuple[Event, ...]
    assets: pa.Table
    prior: pa.Table
    totals: pa.Table
    last_hazard: pa.Table
    prior_of: Callable[[pa.Table, Sequence[Event]], pa.Table]


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


@dataclass(frozen=True, slots=True)
class Eye:
    """The weights pictures are read with, as far as belief depends on them.

    Attributes:
        sha256: Of the weights alone, by which they are known.
        key: Of the weights and their card: all that may change what they say.
        relied: Classes that are found so surely that not finding them says something.
    """

    id: str
    sha256: str
    key: str
    relied: frozenset[str]


BLIND = Eye(id="none", sha256="", key="", relied=frozenset())
"""Before the first picture: an expected map needs no weights, so none can block it."""


def eye_of(config: Config, frames: Sequence[Frame]) -> Eye:
    """The weights an operation with these frames is read with.

    Raises:
        WeightsError: If there are frames, and the weights are not what they should be.
    """
    if not frames:
        return BLIND
    card = load_model(config.model, folder=WEIGHTS).card
    return Eye(
        id=card.id,
        sha256=card.sha256,
        key=weights_key(card),
        relied=frozenset(card.relied_on),
    )


def expect(store: Path, ledger: Ledger, config: Config) -> Expected:
    """What an operation expects of every asset of the store's inventories."""
    events, assets = events_of(ledger), read_assets(store)
    around = read_surroundings(ledger, config)
    found = expectations(assets, events, around)
    return Expected(
        operation=operation_of(ledger),
        events=events,
        assets=assets,
        prior=found.beliefs,
        totals=found.totals,
        last_hazard=last_hazards(assets, events, around),
        prior_of=partial(expected_state, around=around),
    )


def current_pairs(
    folder: OperationFolder, ledger: Ledger, expected: Expected, config: Config
) -> list[FramePairs]:
    """Every located frame with the assets that may be in it, the riskiest first."""
    return frame_pairs(
        grounded_frames(folder, ledger),
        expected.assets,
        expected.prior["priority"],
        weights=eye_of(config, frames_of(ledger)).key,
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
    expected, frames = expect(store, ledger, config), frames_of(ledger)
    eye = eye_of(config, frames)
    pairs = current_pairs(folder, ledger, expected, config)
    placed = placed_values(ledger, pairs)
    cells = cells_table(placed, frames)
    looks = looks_from_cells(
        cells,
        expected.assets.select(["id", "kind"]),
        trained=eye.relied,
        model_id=eye.id,
        frames=frame_facts(placed, frames),
    )
    decisions = decisions_of(ledger)
    inputs = _inputs(ledger, expected, eye, config, pairs)
    key = content_key("belief", inputs, frame_states(placed, pairs).to_pylist())
    beliefs, digest = _kept_or_made(
        folder.beliefs / f"{key}.parquet",
        ledger.get("belief", key),
        lambda: _beliefs(expected, looks, placed, pairs, decisions, eye),
    )
    ledger.record([("belief", key, digest)], note={"did": "believe"})
    return Believed(
        expected=expected,
        beliefs=beliefs,
        looks=looks,
        cells=cells,
        features=features_table(placed, frames),
        coverage=coverage_table(ledger, pairs, frames),
        as_of=as_of
        or latest_time(messages_of(ledger), frames, (*decisions, *rulings_of(ledger))),
        inputs=inputs,
    )


def _kept_or_made(
    path: Path, digest: bytes | None, make: Callable[[], pa.Table]
) -> tuple[pa.Table, bytes]:
    """A table of beliefs and the digest of its file.

    What was kept counts only when its digest is the one in the ledger: a damaged or
    changed file is made again.
    """
    if digest is not None and path.is_file():
        content = path.read_bytes()
        if _digest(content) == digest:
            table = pq.read_table(pa.BufferReader(content), schema=BELIEFS)
            return check_table(table, BELIEFS, path.name), digest
    table, sink = make(), pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    write_atomically(path, content)
    return table, _digest(content)


def _digest(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()


def _beliefs(
    expected: Expected,
    looks: pa.Table,
    placed: Mapping[str, Row],
    pairs: Sequence[FramePairs],
    decisions: Sequence[Decision],
    eye: Eye,
) -> pa.Table:
    """Prior, looks and decisions -> beliefs, parents last."""
    rules = Rules(likelihood=read_likelihood(), trained=eye.relied)
    updated = update_beliefs(
        _carried(expected, looks, rules),
        expected.assets,
        looks,
        frame_states(placed, pairs),
        rules=rules,
        last_hazard=expected.last_hazard,
    )
    decided = apply_decisions(updated, decisions, last_hazard=expected.last_hazard)
    return roll_up(decided, expected.assets)


def _carried(expected: Expected, looks: pa.Table, rules: Rules) -> pa.Table:
    """The prior; of assets seen between two events what was seen is carried on."""
    stale = stale_looks(looks, expected.last_hazard)
    ids = pc.unique(stale["asset_id"])
    if not len(ids) or len(expected.events) == 1:
        return expected.prior
    assets = expected.assets.filter(pc.is_in(expected.assets["id"], value_set=ids))
    steps = [
        After(event.origin_at, expected.prior_of(assets, expected.events[: count + 1]))
        for count, event in enumerate(expected.events)
    ]
    found = carried_beliefs(steps, stale, assets, rules)
    rows = pc.is_in(expected.prior["asset_id"], value_set=ids)
    passed = expected.prior.filter(pc.invert(rows))
    order = pc.index_in(expected.prior["asset_id"].filter(rows), found["asset_id"])
    return put_back(passed, found.take(order).to_pylist(), rows)


def decisions_of(ledger: Ledger) -> tuple[Decision, ...]:
    """Every decision of an operation, by its key."""
    return tuple(from_json(Decision, text) for text in ledger.all("decision").values())


def latest_time(
    messages: Sequence[Event],
    frames: Sequence[Frame],
    decisions: Sequence[Decision | Ruling],
) -> datetime:
    """The state of knowledge: the latest report, capture or decision; never a clock."""
    times = [message.reported_at for message in messages]
    times += [frame.captured_at for frame in frames if frame.captured_at is not None]
    times += [decision.at for decision in decisions]
    return max(times)


def _inputs(
    ledger: Ledger,
    expected: Expected,
    eye: Eye,
    config: Config,
    pairs: Sequence[FramePairs],
) -> dict[str, str]:
    """Hashes of all that decides the beliefs, by name."""
    revisions = expected.assets["revision"].to_pylist()
    keys = sorted(pair.key for each in pairs for pair in each.pairs)
    return {
        "code": code_sha256(),
        "config": config_sha256(config),
        "ground": ground_sha256(config),
        "layers": content_key([layer.key for layer in layers_of(ledger)]),
        "weights": eye.sha256,
        "card": eye.key,
        "likelihood": content_key(START_TABLE.read_text("utf-8")),
        "messages": content_key(sorted(m.sha256 for m in messages_of(ledger))),
        "merged": content_key(merged_of(ledger)),
        "inventory": content_key(revisions),
        "frames": content_key([to_json(f).decode() for f in frames_of(ledger)]),
        "placed": content_key(keys),
        "decisions": content_key(sorted(ledger.all("decision"))),
    }
