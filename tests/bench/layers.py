"""What the real landslides of Noto do to a nation: time, memory, and who is met.

Reads GSI's polygons and the Japanese grid from KARTE_SHARED. Prints how long a million
made-up assets take and the memory they need, then the real grid's links, spans and
substations that lie within 10 m of a landslide.
"""

import os
import resource
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from data.column_names import ColumnMapping
from data.hazard_layer import HazardLayer, KeptLayer, LayerKind
from data.tables import ASSETS, BELIEFS
from pipelines.expected import expected_state
from pipelines.inventory import read_inventory
from pipelines.polygons import read_polygons
from pipelines.raising import raised_by_layers

SHARED = Path(os.environ.get("KARTE_SHARED", "../shared")) / "data"
NOTO = SHARED / "landslides/noto2024_gsi_landslides_20240106.fgb"
GRID = SHARED / "inventory/japan_hv_grid"
N = 1_000_000


def noto() -> KeptLayer:
    table = read_polygons(NOTO).table
    layer = HazardLayer(
        key="0" * 64,
        kind=LayerKind.LANDSLIDE,
        name=NOTO.name,
        polygons=table.num_rows,
        source_sha256="0" * 64,
        credit="国土地理院",
        actor="bench",
    )
    wkb = table["geometry"].to_numpy(zero_copy_only=False)
    return KeptLayer(layer, shapely.from_wkb(wkb), np.full(len(wkb), np.nan))


def columns(schema: pa.Schema, n: int, given: dict[str, object]) -> pa.Table:
    arrays = [
        pa.array(given[field.name], field.type)
        if field.name in given
        else pa.nulls(n, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def nation() -> tuple[pa.Table, pa.Table]:
    """Bridges and towers all over Noto and the rest, in strips from south to north."""
    rng = np.random.default_rng(20240101)
    places = rng.uniform([130.0, 31.0], [142.0, 43.0], (N, 2))
    places[: N // 20] = rng.uniform([136.8, 37.1], [137.4, 37.6], (N // 20, 2))
    places = places[np.lexsort((places[:, 0], np.floor(places[:, 1] * 20.0)))]
    ids = [f"A{i}" for i in range(N)]
    kinds = np.where(np.arange(N) % 4 == 0, "tower", "bridge")
    assets = columns(
        ASSETS,
        N,
        {
            "id": ids,
            "kind": kinds,
            "geometry": shapely.to_wkb(shapely.points(places)),
            "longitude": places[:, 0],
            "latitude": places[:, 1],
            "importance": np.full(N, 3.0),
        },
    )
    chances = dict(zip(range(5), (0.9, 0.05, 0.03, 0.015, 0.005), strict=True))
    beliefs = columns(
        BELIEFS,
        N,
        {
            "asset_id": ids,
            **{f"{p}_{k}": np.full(N, chances[k]) for p in "p" for k in chances},
            **{f"prior_{k}": np.full(N, chances[k]) for k in chances},
            "expected": np.zeros(N, dtype=np.int8),
            "in_plan": np.zeros(N, dtype=bool),
            "na_reason": ["not_in_plan"] * N,
            "reasons_ja": [[]] * N,
            "reasons_en": [[]] * N,
        },
    )
    return assets, beliefs


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def main() -> None:
    layer = noto()
    parts = [
        read_inventory(GRID / f"highvoltage_{name}.csv", mapping=ColumnMapping())[0]
        for name in ("vertices", "links")
    ]
    grid = pa.concat_tables(parts)
    found = raised_by_layers(grid, expected_state(grid, ()), [layer])
    met = found.filter(found["in_plan"]).to_pylist()
    kinds = dict(zip(grid["id"].to_pylist(), grid["kind"].to_pylist(), strict=True))
    west, south, east, north = shapely.total_bounds(layer.polygons)
    bounds = shapely.bounds(shapely.from_wkb(grid["geometry"].to_pylist()))
    box = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    box &= (bounds[:, 1] <= north) & (bounds[:, 3] >= south)
    print(f"{grid.num_rows} assets of the Japanese grid, {box.sum()} in the box of the")
    print(f"landslides, {len(met)} within 10 m of one:")
    for row in met[:10]:
        print(f"  {kinds[row['asset_id']]} {row['asset_id']}: {row['reasons_en'][0]}")
    assets, beliefs = nation()
    before, started = peak_mib(), time.perf_counter()
    raised = raised_by_layers(assets, beliefs, [layer])
    took = time.perf_counter() - started
    count = int(np.count_nonzero(raised["in_plan"].to_numpy(zero_copy_only=False)))
    print(f"{N} assets, {len(layer.polygons)} polygons: {took:.1f} s,", end=" ")
    print(f"{count} met, {peak_mib() - before:.0f} MiB over the {before:.0f} before")


if __name__ == "__main__":
    main()
