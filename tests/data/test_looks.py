"""Cells of frames become looks."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidRecordError
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from data.looks import FRAME_FACTS, looks_from_cells, upper_median, view_bin
from data.tables import ASSETS, CELLS, LOOKS, table_from_rows

ALL = frozenset(DAMAGE_CLASSES[1:9]) | frozenset(COMPONENT_CLASSES[1:])
START = datetime(2024, 1, 1, tzinfo=UTC)
BRIDGES = table_from_rows(
    [{"id": "B1", "kind": "bridge"}, {"id": "B2", "kind": "bridge"}], ASSETS
)


def cell(**changes):
    row = {
        "asset_id": "B1",
        "frame_id": "f1",
        "sortie": "s1",
        "captured_at": START,
        "cell": 0,
        "cells": 4,
        "sector": 0,
        "above": False,
        "gsd_m": 0.01,
        "a": 0.0,
        "moved": 0.0,
        "z": 0,
        "z_second": -1,
    }
    return row | changes


def looks_of(rows, **options):
    table = table_from_rows(rows, CELLS)
    return looks_from_cells(table, BRIDGES, trained=ALL, **options)


def test_no_cell_makes_no_look():
    assert looks_of([]).equals(LOOKS.empty_table())


def test_the_worst_cell_speaks_though_one_frame_alone_shows_it():
    rows = [cell(frame_id=f"f{i}", cell=0) for i in range(9)]
    rows.append(cell(frame_id="f9", cell=2, z=4, moved=0.5))
    look = looks_of(rows).to_pylist()[0]
    assert (look["z"], look["cell"], look["moved"]) == (4, 2, 0.5)
    assert look["seen_cells"] == [0, 2]
    assert look["share"] == 0.5


def test_of_two_frames_that_differ_the_worse_counts_and_of_three_the_middle():
    two = [cell(frame_id="a", z=3), cell(frame_id="b", z=1)]
    assert looks_of(two)["z"].to_pylist() == [3]
    three = [*two, cell(frame_id="c", z=0)]
    assert looks_of(three)["z"].to_pylist() == [1]


def test_a_side_or_a_sortie_makes_a_look_of_its_own():
    rows = [cell(), cell(sector=3), cell(above=True), cell(sortie="s2")]
    rows = [row | {"frame_id": f"f{i}"} for i, row in enumerate(rows)]
    looks = looks_of(rows)
    assert looks.num_rows == 4
    assert len(set(looks["id"].to_pylist())) == 4


def test_methods_dispute_in_one_and_the_same_cell_only():
    agree = [cell(cell=0, z=4, z_second=2), cell(cell=1, z=0, z_second=0)]
    assert looks_of(agree)["disputed"].to_pylist() == [False]
    apart = [cell(cell=0, z=4, z_second=0), cell(cell=1, z=0, z_second=-1)]
    assert looks_of(apart)["disputed"].to_pylist() == [True]
    only_second = [cell(z=0, z_second=3)]
    assert looks_of(only_second)["disputed"].to_pylist() == [True]


def test_an_untested_cell_disputes_nothing():
    look = looks_of([cell(z=4, z_second=-1)]).to_pylist()[0]
    assert (look["disputed"], look["z_second"]) == (False, -1)


def test_times_are_first_and_last_and_unknown_when_one_is():
    later = START + timedelta(minutes=3)
    known = looks_of([cell(), cell(frame_id="f2", captured_at=later)]).to_pylist()[0]
    assert (known["first_at"], known["last_at"]) == (START, later)
    unknown = looks_of([cell(), cell(frame_id="f2", captured_at=None)]).to_pylist()[0]
    assert unknown["first_at"] is None
    assert unknown["last_at"] is None


def test_a_look_is_as_doubtful_as_its_worst_frame():
    facts = pa.table(
        {
            "frame_id": ["f1", "f2"],
            "time_sigma_s": [1.0, 9.0],
            "negative_lambda": [1.0, 0.25],
            "ce90_m": [2.0, 5.0],
        },
        schema=FRAME_FACTS,
    )
    look = looks_of([cell(), cell(frame_id="f2")], frames=facts).to_pylist()[0]
    assert look["negative_lambda"] == 0.25
    assert (look["time_sigma_s"], look["ce90_m"]) == (9.0, 5.0)
    plain = looks_of([cell()]).to_pylist()[0]
    assert (plain["negative_lambda"], plain["ce90_m"]) == (0.5, None)


def test_a_coarse_look_is_unusable():
    look = looks_of([cell(gsd_m=0.08)]).to_pylist()[0]
    assert (look["state"], look["view"], look["detectable_from"]) == ("unusable", -1, 5)


def test_views_are_those_of_the_table():
    bins = [view_bin(g, s) for g in (0.04, 0.015, 0.0051, 0.005) for s in (0.59, 0.6)]
    assert bins == [0, 1, 2, 3, 2, 3, 4, 5]
    assert view_bin(float(np.float32(0.05)), 1.0) == 1


def test_a_table_with_other_columns_is_refused():
    with pytest.raises(InvalidRecordError, match="cells"):
        looks_from_cells(pa.table({"asset_id": ["B1"]}), BRIDGES, trained=ALL)


def test_a_cell_of_an_unknown_asset_is_an_error_by_name():
    with pytest.raises(InvalidRecordError, match="GONE"):
        looks_of([cell(asset_id="GONE")])


cells_of_many = st.lists(
    st.builds(
        cell,
        asset_id=st.sampled_from(["B1", "B2"]),
        sortie=st.sampled_from(["s1", "s2"]),
        sector=st.integers(0, 7),
        above=st.booleans(),
        cell=st.integers(0, 3),
        frame_id=st.sampled_from(["f1", "f2", "f3", "f4"]),
        gsd_m=st.sampled_from([0.004, 0.01, 0.02]),
        moved=st.sampled_from([0.0, 0.25, 0.5]),
        z=st.integers(0, 4),
        z_second=st.integers(-1, 3),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda row: (row["asset_id"], row["frame_id"], row["cell"]),
)


@settings(deadline=None, max_examples=60)
@given(rows=cells_of_many, seed=st.integers(0, 99))
def test_the_order_of_cells_does_not_matter(rows, seed):
    order = np.random.default_rng(seed).permutation(len(rows))
    assert looks_of([rows[i] for i in order]).equals(looks_of(rows))


@settings(deadline=None, max_examples=60)
@given(rows=cells_of_many)
def test_a_look_says_what_a_plain_loop_says(rows):
    expected = {}
    for row in rows:
        key = (row["asset_id"], row["sortie"], row["sector"], row["above"])
        expected.setdefault(key, {}).setdefault(row["cell"], []).append(row["z"])
    for look in looks_of(rows).to_pylist():
        key = (look["asset_id"], look["sortie"], look["sector"], look["above"])
        cells = expected.pop(key)
        medians = {c: sorted(z)[len(z) // 2] for c, z in cells.items()}
        assert look["z"] == max(medians.values())
        assert medians[look["cell"]] == look["z"]
        assert look["seen_cells"] == sorted(cells)
        assert look["share"] == pytest.approx(len(cells) / 4)
    assert not expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-9, 9)), min_size=1))
def test_the_upper_median_is_that_of_numpy(pairs):
    group = np.unique([g for g, _ in pairs], return_inverse=True)[1]
    values = np.array([v for _, v in pairs])
    found = upper_median(values, group, int(group.max()) + 1)
    for one in range(len(found)):
        expected = np.quantile(values[group == one], 0.5, method="higher")
        assert found[one] == expected


def test_silence_of_a_view_that_cannot_show_severe_damage_says_nothing():
    cells = table_from_rows([cell(z=0), cell(z=4, cell=1)], CELLS)
    blind = looks_from_cells(cells, BRIDGES, trained=frozenset({"collapse"}))
    able = looks_from_cells(cells, BRIDGES, trained=ALL)
    assert blind["detectable_from"].to_pylist()[0] > 3
    assert blind["negative_lambda"].to_pylist() == [0.0]
    assert blind["z"].to_pylist() == able["z"].to_pylist() == [4]
    assert able["negative_lambda"].to_pylist() == [0.5]
