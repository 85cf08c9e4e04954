"""Sorties, sectors and how many sides differ."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from data.sides import count_sides, sector_and_above, sorties

START = datetime(2024, 1, 1, tzinfo=UTC)


def frames(rows):
    """Table of (id, file, serial, minutes after START or None)."""
    times = [None if m is None else START + timedelta(minutes=m) for *_, m in rows]
    return pa.table(
        {
            "id": pa.array([row[0] for row in rows], pa.string()),
            "file": pa.array([row[1] for row in rows], pa.string()),
            "serial": pa.array([row[2] for row in rows], pa.string()),
            "captured_at": pa.array(times, pa.timestamp("us", tz="UTC")),
        }
    )


def test_a_gap_of_more_than_fifteen_minutes_starts_a_sortie():
    ids = sorties(
        frames(
            [("a", "x/a", "S1", 0), ("b", "x/b", "S1", 15), ("c", "x/c", "S1", 30.1)]
        )
    ).to_pylist()
    assert ids[0] == ids[1] != ids[2]


def test_two_cameras_are_two_sorties_and_folders_stand_for_missing_serials():
    ids = sorties(
        frames(
            [
                ("a", "x/a", "S1", 0),
                ("b", "x/b", "S2", 0),
                ("c", "x/c", None, 0),
                ("d", "x/d", None, 1),
                ("e", "y/e", None, 1),
                ("f", "f", None, 1),
            ]
        )
    ).to_pylist()
    assert ids[2] == ids[3]
    assert len(set(ids)) == 5


def test_frames_without_a_time_are_a_sortie_of_their_own():
    ids = sorties(
        frames([("a", "a", "S", None), ("b", "b", "S", 0), ("c", "c", "S", None)])
    ).to_pylist()
    assert ids[0] == ids[2] != ids[1]


def test_no_frame_makes_no_sortie():
    assert sorties(frames([])).to_pylist() == []


@settings(deadline=None, max_examples=50)
@given(
    minutes=st.lists(st.none() | st.integers(0, 200), min_size=1, max_size=20),
    seed=st.integers(0, 99),
)
def test_the_order_of_frames_does_not_name_sorties(minutes, seed):
    rows = [
        (f"{i}", f"x/{i}", "S" if i % 3 else None, m) for i, m in enumerate(minutes)
    ]
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = sorties(frames([rows[i] for i in order])).to_pylist()
    straight = sorties(frames(rows)).to_pylist()
    assert [straight[i] for i in order] == shuffled


def test_sectors_are_of_45_degrees_centred_on_north():
    azimuth = [0, 22, 23, 90, 350, -90, 337]
    sector, above = sector_and_above(azimuth, [0, 10, 29, 30, 74, 75, 90])
    assert sector.tolist() == [0, 0, 1, 2, 0, 0, 0]
    assert above.tolist() == [False, False, False, True, True, True, True]


def apart(one, other):
    """The definition itself: 2 sectors around the circle, or level against above."""
    gap = abs(one[0] - other[0])
    return one[1] != other[1] or min(gap, 8 - gap) >= 2


@settings(deadline=None, max_examples=60)
@given(st.sets(st.tuples(st.integers(0, 7), st.booleans()), min_size=0, max_size=8))
def test_sides_are_the_largest_set_that_differs_pairwise(looks):
    members = sorted(looks)
    best = max(
        size
        for size in range(len(members) + 1)
        for chosen in combinations(members, size)
        if all(apart(a, b) for a, b in combinations(chosen, 2))
    )
    assert count_sides([s for s, _ in members], [a for _, a in members]) == best
