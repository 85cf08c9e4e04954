"""Seconds to publish 100,000 assets: `python tests/bench/tiles.py [COUNT]`."""

import runpy
import sys
import tempfile
import time
from pathlib import Path

from pipelines.map_content import content_tiles, map_content
from pipelines.publish import write_edition

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))


def measure(count):
    """Print how long tables take to become tiles, and a whole edition on disk."""
    assets, beliefs = CASES["big_tables"](count)
    info = CASES["info"]()
    start = time.perf_counter()
    content = map_content(info, assets, beliefs)
    joined = time.perf_counter()
    tiles = bytes_made = 0
    for _, tile in content_tiles(content):
        tiles, bytes_made = tiles + 1, bytes_made + len(tile)
    cut = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        write_edition(Path(folder), info, assets=assets, beliefs=beliefs)
        written = time.perf_counter()
    report = sys.stdout.write
    report(f"{count} assets: tables and text {joined - start:.1f} s\n")
    report(f"{tiles} tiles, {bytes_made / 1e6:.0f} MB: {cut - joined:.1f} s\n")
    report(f"whole edition on disk, hashed: {written - cut:.1f} s\n")


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
