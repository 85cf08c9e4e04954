"""The made-up nation that the benches import and plan."""

import runpy
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely

from data.tables import ASSETS

ROOT = Path(__file__).parents[2]
NATIONAL = runpy.run_path(str(ROOT / "tests/bench/national.py"))
SMALL = NATIONAL["NATION"].scaled(0.003)


@pytest.fixture(scope="module")
def nation():
    return NATIONAL["national_assets"](7, SMALL)


def test_the_same_seed_gives_the_same_nation_and_another_another(nation):
    assert nation.equals(NATIONAL["national_assets"](7, SMALL))
    assert not nation.equals(NATIONAL["national_assets"](8, SMALL))


def test_it_is_a_table_of_assets_with_the_counts_asked_for(nation):
    assert nation.schema == ASSETS
    counts = pc.value_counts(nation["kind"]).to_pylist()
    assert {one["values"]: one["counts"] for one in counts} == {
        "bridge": SMALL.bridges,
        "dam": SMALL.dams,
        "tower": SMALL.towers,
        "span": SMALL.spans,
        "substation": SMALL.substations,
        "link": SMALL.links,
    }
    assert len(set(nation["id"].to_pylist())) == nation.num_rows
    whole = NATIONAL["NATION"]
    assert sum(getattr(whole, name) for name in whole.__slots__) == 1_000_000


def test_its_assets_stand_on_the_islands(nation):
    text = (ROOT / "pipelines/web/base/land.geojson").read_text("utf-8")
    land = shapely.union_all(shapely.get_parts(shapely.from_geojson(text)))
    shapely.prepare(land)
    points = shapely.points(nation["longitude"], nation["latitude"])
    assert np.mean(shapely.contains(land, points)) > 0.998


def test_towers_and_spans_belong_to_links_and_touch_them(nation):
    rows = nation.to_pylist()
    links = {
        row["id"]: shapely.from_wkb(row["geometry"])
        for row in rows
        if row["kind"] == "link"
    }
    parts = [row for row in rows if row["kind"] in ("tower", "span")]
    away = [
        shapely.from_wkb(row["geometry"]).distance(links[row["parent_id"]])
        for row in parts
    ]
    assert max(away) < 1e-9
