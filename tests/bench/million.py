"""How long before the first picture takes, and how much memory, at several sizes.

    python tests/bench/million.py edition COUNT     telegram -> published edition 0
    python tests/bench/million.py lists COUNT       made-up assets -> map.parquet, lists
    python tests/bench/million.py all               all sizes, and how each grows

The telegram is the real 06_05 of 2008-06-14 (KARTE_SHARED); the assets are made up
(national.py). `edition` counts from the telegram, with the inventory in the store;
`lists` counts making the assets too. Each run is a process of its own: seconds on the
wall and of the processors, and its peak of memory.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from national import NATION, national_assets

from data.store import inventory_folder
from pipelines.config import Config
from pipelines.editions import publish, write_lists
from pipelines.event import open_messages

SHARED = Path(os.environ.get("KARTE_SHARED", "../shared")) / "data"
TELEGRAM = SHARED / "events/jma/32-35_06_05_100915_VXSE53.xml"
SEED, MILLION = 7, 1_000_000
SIZES = {
    "edition": (10_000, 100_000),
    "lists": (10_000, 100_000, 1_000_000),
}


def keep_assets(store, count):
    """A made-up inventory in the store."""
    assets = national_assets(SEED, NATION.scaled(count / MILLION))
    folder = inventory_folder(store)
    folder.mkdir(parents=True)
    pq.write_table(assets, folder / "national.parquet", compression="zstd")


def edition(store):
    """Telegram to published edition, tiles included."""
    open_messages(store, [TELEGRAM], real=False, actor=None)
    return publish(store, "latest", Config())


def lists(store):
    """Telegram to map.parquet and the inspection lists."""
    open_messages(store, [TELEGRAM], real=False, actor=None)
    return write_lists(store, "latest", Config(), store / "lists")


def measure(what, count):
    """One run in this process, as JSON on standard output."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        started = time.perf_counter(), time.process_time()
        keep_assets(store, count)
        if what == "edition":
            started = time.perf_counter(), time.process_time()
        {"edition": edition, "lists": lists}[what](store)
        found = {
            "what": what,
            "assets": count,
            "wall_s": round(time.perf_counter() - started[0], 1),
            "cpu_s": round(time.process_time() - started[1], 1),
            "peak_gb": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2
            ),
        }
    sys.stdout.write(json.dumps(found) + "\n")


def measure_all():
    """Every size, each in a process of its own, and the growth between neighbours."""
    for what, sizes in SIZES.items():
        before = None
        for count in sizes:
            run = subprocess.run(
                [sys.executable, __file__, what, str(count)],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            found = json.loads(run.stdout)
            growth = ""
            if before:
                growth = f", {found['cpu_s'] / before['cpu_s']:.1f} times the CPU"
                growth += f" and {found['wall_s'] / before['wall_s']:.1f} the wall"
                growth += f" for {count // before['assets']} times the assets"
            sys.stdout.write(json.dumps(found) + growth + "\n")
            before = found


if __name__ == "__main__":
    if sys.argv[1] == "all":
        measure_all()
    else:
        measure(sys.argv[1], int(sys.argv[2]))
