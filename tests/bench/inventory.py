"""Seconds and memory to import a made-up nation: `python tests/bench/inventory.py`.

    python tests/bench/inventory.py [--count 1000000] [--format csv|gpkg] [--seed 7]

The nation of tests/bench/national.py is written as a file an owner might send, and
imported by a process of its own, whose peak memory is printed. Then ten thousand of its
bridges are imported again as another owner's list, a few metres off, to be merged.
"""

import argparse
import csv
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely

NATIONAL = runpy.run_path(str(Path(__file__).with_name("national.py")))
COLUMNS = (
    *("id", "kind", "name", "owner", "parent_id", "length_m", "height_m", "spans"),
    *("max_span_m", "material", "year", "voltage_kv", "design_wind_m_s", "soundness"),
    "source_licence",
)
AGAIN = 10_000
CHILD = """
import resource, sys, time
from pathlib import Path
from pipelines.cli import main
start = time.perf_counter()
code = main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
print(f"code {code}, {time.perf_counter() - start:.1f} s, peak {peak:.2f} GiB")
"""


def write_csv(assets, path):
    """UTF-8 with WKT, as a GIS exports it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, "wkt"])
        for batch in assets.to_batches(max_chunksize=50_000):
            wkt = shapely.to_wkt(
                shapely.from_wkb(batch["geometry"].to_numpy(zero_copy_only=False))
            )
            values = [batch[name].to_pylist() for name in COLUMNS]
            places = [f"SRID=6668;{one}" for one in wkt]
            writer.writerows(zip(*values, places, strict=True))


def write_gpkg(assets, path):
    """One layer of mixed geometries."""
    table = assets.select([*COLUMNS, "geometry"])
    pyogrio.write_arrow(
        table,
        path,
        driver="GPKG",
        layer="assets",
        geometry_name="geometry",
        geometry_type="Unknown",
        crs="EPSG:6668",
    )


def write_again(assets, path, seed):
    """Bridges as another owner lists them: other ids, some metres off, points."""
    rng = np.random.default_rng(seed)
    bridges = assets.filter(pc.equal(assets["kind"], "bridge"))
    some = np.sort(rng.choice(len(bridges), min(AGAIN, len(bridges)), replace=False))
    rows = bridges.take(pa.array(some)).to_pylist()
    off = rng.normal(0.0, 4.0 / 111_000.0, (len(rows), 2))
    with path.open("w", encoding="cp932", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["管理番号", "橋梁名", "経度", "緯度", "橋長"])
        for number, (row, (east, north)) in enumerate(zip(rows, off, strict=True)):
            place = (row["longitude"] + east, row["latitude"] + north)
            writer.writerow([f"X{number}", row["name"], *place, row["length_m"]])


def run(*arguments):
    """One command in a process of its own; its last lines."""
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    print("\n".join(dict.fromkeys([lines[0], lines[-2].strip(), lines[-1]])))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--format", choices=("csv", "gpkg"), default="csv")
    arguments.add_argument("--seed", type=int, default=7)
    args = arguments.parse_args()
    counts = NATIONAL["NATION"].scaled(args.count / 1_000_000)
    assets = NATIONAL["national_assets"](args.seed, counts)
    with tempfile.TemporaryDirectory() as folder:
        store, file = Path(folder) / "store", Path(folder) / f"nation.{args.format}"
        start = time.perf_counter()
        (write_csv if args.format == "csv" else write_gpkg)(assets, file)
        seconds, size = time.perf_counter() - start, file.stat().st_size / 1e6
        print(
            f"{assets.num_rows} assets, {size:.0f} MB {args.format} in {seconds:.0f} s"
        )
        run("inventory", "import", file, "--store", store)
        again, mapping = Path(folder) / "again.csv", Path(folder) / "again.toml"
        write_again(assets, again, args.seed)
        mapping.write_text('kind = "bridge"\ncrs = "EPSG:6668"\n', "utf-8")
        print(f"{min(AGAIN, counts.bridges)} of its bridges, by another owner")
        run("inventory", "import", again, "--mapping", mapping, "--store", store)


if __name__ == "__main__":
    main()
