import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidRecordError
from geo.exports import geojson_chunks
from pipelines.deltas import Version, applied, delta_bytes, delta_lines, read_delta
from pipelines.map_content import map_content

CASES = runpy.run_path(str(Path(__file__).parents[1] / "map_cases.py"))
COUNT = 12


def content(number, assets, beliefs, **more):
    return map_content(CASES["info"](number), assets, beliefs, **more)


def version(number, made):
    layers = {"assets": made.table, "damage": made.damage, "coverage": made.coverage}
    return Version(number, layers)


def whole(made):
    text = b"".join(geojson_chunks(made.full.features))
    found = {feature["id"]: feature for feature in json.loads(text)["features"]}
    return {"assets": found}


def edition(number, kept, priorities):
    """Some of the assets, with priorities of their own."""
    assets, beliefs = CASES["random_map"](COUNT)
    rows = pa.array(sorted(kept), pa.int64())
    at = beliefs.column_names.index("priority")
    column = pa.array(np.array(priorities, np.float32))
    return content(
        number, assets.take(rows), beliefs.set_column(at, "priority", column).take(rows)
    )


editions = st.lists(
    st.tuples(
        st.sets(st.integers(0, COUNT - 1)),
        st.lists(st.sampled_from([0.1, 0.2, 2.7182818]), min_size=12, max_size=12),
    ),
    min_size=2,
    max_size=4,
)


@settings(deadline=None, max_examples=25)
@given(editions)
def test_applying_the_chain_equals_the_whole(states):
    made = [edition(k, *state) for k, state in enumerate(states)]
    features = whole(made[0])
    for k in range(1, len(made)):
        lines = delta_lines(version(k - 1, made[k - 1]), version(k, made[k]), {})
        features = applied(features, read_delta(delta_bytes(lines)))
    assert features["assets"] == whole(made[-1])["assets"]
    at_once = delta_lines(version(0, made[0]), version(len(made) - 1, made[-1]), {})
    done = applied(whole(made[0]), read_delta(delta_bytes(at_once)))
    assert done["assets"] == whole(made[-1])["assets"]


def two(count=400, changed=100):
    assets, beliefs = CASES["random_map"](count)
    at = beliefs.column_names.index("p_severe_low")
    low = beliefs["p_severe_low"].to_numpy().copy()
    low[:changed] = 0.0125
    later = beliefs.set_column(at, "p_severe_low", pa.array(low))
    before = content(0, assets, beliefs)
    return before, content(1, assets, later, previous=before.table)


def test_a_hundred_changed_assets_take_at_most_50_kilobytes():
    before, after = two()
    lines = list(delta_lines(version(0, before), version(1, after), {}))
    assert sum('"op":"put"' in line for line in lines) == 100
    assert len(delta_bytes(lines)) <= 50_000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_cut_transfer_goes_on_where_it_was_cut(share):
    before, after = two(700, 600)
    lines = list(delta_lines(version(0, before), version(1, after), {}))
    sent = delta_bytes(lines)
    held = read_delta(sent[: int(len(sent) * share)])
    last = held[-1]["seq"] if held else 0
    with pytest.raises(InvalidRecordError, match=f"--after {last}"):
        applied(whole(before), held)
    rest = read_delta(delta_bytes(lines, after=last))
    assert applied(whole(before), [*held, *rest]) == {
        **whole(after),
        "damage": {},
        "coverage": {},
    }


def test_what_is_gone_leaves_a_tombstone_with_its_reason():
    assets, beliefs = CASES["random_map"](3)
    before = content(0, assets, beliefs, features=CASES["damage_table"](1))
    after = content(1, assets.slice(0, 1), beliefs.slice(0, 1))
    merged = {"A00001": "A00000"}
    lines = delta_lines(version(0, before), version(1, after), merged)
    gone = [line for line in read_delta(delta_bytes(lines)) if line["op"] == "delete"]
    assert [(line["layer"], line["id"], line["reason"]) for line in gone] == [
        ("assets", "A00001", "merged"),
        ("assets", "A00002", "left_inventory"),
        ("damage", "F0", "replaced"),
    ]
    assert gone[0]["into"] == "A00000"


def test_a_delta_of_another_edition_is_refused():
    before, after = two(5, 2)
    lines = read_delta(
        delta_bytes(delta_lines(version(0, before), version(1, after), {}))
    )
    with pytest.raises(InvalidRecordError, match="give --since 1"):
        applied(whole(after), lines)


def test_a_changed_line_is_found():
    before, after = two(5, 2)
    lines = read_delta(
        delta_bytes(delta_lines(version(0, before), version(1, after), {}))
    )
    lines[1]["feature"]["properties"]["name"] = "x"
    with pytest.raises(InvalidRecordError, match="not what was sent"):
        applied(whole(before), lines)


def test_what_is_no_delta_is_refused():
    with pytest.raises(InvalidRecordError, match="no gzip"):
        read_delta(b"<html>")
