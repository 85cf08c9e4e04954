"""How long a national plan takes, and how far its first ten lie from the epicentre.

Reads the real telegram 06_05 of 2008-06-14 and the Japanese grid from KARTE_SHARED.
"""

import csv
import os
import tempfile
import time
from pathlib import Path

from pipelines.config import Config
from pipelines.editions import publish
from pipelines.event import open_messages
from pipelines.holdings import import_inventory

SHARED = Path(os.environ.get("KARTE_SHARED", "../shared")) / "data"
TELEGRAM = SHARED / "events/jma/32-35_06_05_100915_VXSE53.xml"
GRID = SHARED / "inventory/japan_hv_grid"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        open_messages(store, [TELEGRAM], real=False, actor=None)
        for name in ("vertices", "links"):
            file = GRID / f"highvoltage_{name}.csv"
            import_inventory(store, file, kind=None, mapping=None)
        started = time.perf_counter()
        outcome = publish(store, "latest", Config())
        print(f"plan of {sum(outcome.data['grades'].values())} assets:", end=" ")
        print(f"{time.perf_counter() - started:.1f} s")
        text = (Path(outcome.data["path"]) / "plan.csv").read_text("utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
        for kind in ("substation", "link"):
            first = [row for row in rows if row["kind"] == kind][:10]
            shaken = [row for row in first if row["in_plan"] == "yes"]
            for name, some in (("first 10", first), (f"{len(shaken)} in plan", shaken)):
                farthest = max(float(row["distance_km"]) for row in some)
                print(f"{kind}: {name} within {farthest:.0f} km of the epicentre")


if __name__ == "__main__":
    main()
