"""How long an edition, an update and the exports take.

    python tests/bench/publish.py [COUNT]      default 100,000 made-up assets

Prints CPU and wall seconds: encoding (tables to tiles in memory), the same tiles made
naively (shapely and json, a feature at a time) from a sample, a whole first edition,
a second one in which 200 assets of one area changed, each export, and a delta.
"""

import json
import runpy
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from pipelines.edition_folder import latest_folder
from pipelines.export import WRITERS, ExportRequest, export
from pipelines.map_content import content_tiles, map_content
from pipelines.publish import write_edition

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
CHANGED = 200
SAMPLE = 5_000


@contextmanager
def timed(what):
    """Say how long a block took."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    spent = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(f"{what}: {spent[0]:.2f} s wall, {spent[1]:.2f} s CPU\n")
    sys.stdout.flush()


def naive(content):
    """The features of a sample, one at a time, as text."""
    rows = content.table.slice(0, SAMPLE).drop_columns("geometry").to_pylist()
    for row, shape in zip(rows, content.geometry[:SAMPLE], strict=True):
        feature = {"type": "Feature", "id": row["id"], "properties": row}
        feature["geometry"] = shapely.geometry.mapping(shape)
        json.dumps(feature, ensure_ascii=False, sort_keys=True)


def changed_beliefs(assets, beliefs):
    """The same beliefs but for the assets nearest to the first one."""
    east = assets["longitude"].to_numpy() - assets["longitude"][0].as_py()
    north = assets["latitude"].to_numpy() - assets["latitude"][0].as_py()
    near = np.argsort(np.hypot(east, north), kind="stable")[:CHANGED]
    low = beliefs["p_severe_low"].to_numpy().copy()
    low[near] = 0.015625
    at = beliefs.column_names.index("p_severe_low")
    return beliefs.set_column(at, "p_severe_low", pa.array(low))


def sizes(folder):
    """The largest tile of zoom 12 and of zoom 14, kB."""
    for zoom in (12, 14):
        found = [p.stat().st_size for p in folder.glob(f"tiles/assets/{zoom}/*/*")]
        sys.stdout.write(f"largest z{zoom} tile: {max(found) / 1e3:.0f} kB\n")


def measure(count):
    """Everything at one size."""
    assets, beliefs = CASES["big_tables"](count)
    info = CASES["info"]()
    with timed(f"{count} assets to tiles in memory"):
        content = map_content(info, assets, beliefs)
        made = sum(1 for _ in content_tiles(content))
    sys.stdout.write(f"{made} tiles\n")
    with timed(f"naive text of {SAMPLE} features of a single zoom"):
        naive(content)
    del content
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        with timed("first edition on disk"):
            write_edition(root, info, assets=assets, beliefs=beliefs)
        sizes(latest_folder(root))
        later = changed_beliefs(assets, beliefs)
        with timed(f"second edition, {CHANGED} changed"):
            write_edition(root, replace(info, number=1), assets=assets, beliefs=later)
        request = ExportRequest(form="", out=root / "out", audience="agency")
        edition = str(latest_folder(root))
        for form in WRITERS:
            with timed(f"export {form}"):
                said = export(root, edition, replace(request, form=form))
            sys.stdout.write(f"  {said.data['bytes'] / 1e6:.1f} MB\n")
        with timed("delta"):
            said = export(root, edition, replace(request, since=0))
        sys.stdout.write(f"  {said.data['bytes'] / 1e3:.1f} kB\n")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
