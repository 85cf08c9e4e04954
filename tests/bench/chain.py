"""Every order of the telegrams of 2008-06-14: what comes of it.

    python tests/bench/chain.py

Prints one JSON object. Through the ledger 60 orders are taken, with repeats; of what
stands, all 40,320.
"""

import json
import os
import random
import tempfile
import time
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

from data.feeds.jma import read_telegram
from data.operation import MessageType
from data.standing import newest_by_kind, newness, standing_events
from data.store import find_operation, operations
from pipelines.event import events_of, messages_of, open_messages

SHARED = Path(os.environ.get("KARTE_SHARED", "../shared"))
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ORDERS = 60


def through_the_ledger(files: list[Path], rng: random.Random) -> tuple[object, ...]:
    """What a store holds after one shuffled replay with some telegrams twice."""
    order = rng.sample(files, len(files)) + rng.sample(files, rng.randrange(4))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        open_messages(store, order, real=False, actor=None, now=NOW)
        (operation,) = operations(store)
        with find_operation(store, operation.id).open_ledger() as ledger:
            return operation.id, messages_of(ledger), events_of(ledger)


def main() -> None:
    """Replay, and print."""
    started, rng = time.monotonic(), random.Random(0)  # noqa: S311 any shuffle does
    files = sorted((SHARED / "data/events/jma").glob("32-35_06_*.xml"))
    chain = [read_telegram(path.read_bytes(), name=path.name) for path in files]
    sent = sorted(chain, key=newness)
    ends = {newest_by_kind(order) for order in permutations(chain)}
    cancels = MessageType.CANCELLATION
    without = {
        kind: len(
            standing_events(
                [m for m in sent if (m.source_kind, m.message_type) != (kind, cancels)],
                {},
            )
        )
        for kind in ("VXSE52", "VXSE53", "VXSE61")
    }
    ledgers = {through_the_ledger(files, rng) for _ in range(ORDERS)}
    found = {
        "telegrams": len(chain),
        "orders": 40_320,
        "different ends": len(ends),
        "stands after all": len(standing_events(chain, {})),
        "stands without the cancellation of": without,
        "stands after each, as sent": [
            len(standing_events(sent[:count], {})) for count in range(1, 9)
        ],
        "replays through the ledger": ORDERS,
        "different stores": len(ledgers),
        "events": len({m.id for m in chain}),
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(found, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
