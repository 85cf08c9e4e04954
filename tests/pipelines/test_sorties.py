"""Sorties: every asset in one flight, inside one battery, the most urgent first."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import AssetKind
from data.tables import table_from_rows
from pipelines.plan import PLAN
from pipelines.plan_files import flat_table, routes_geojson
from pipelines.plan_page import PlanHeading
from pipelines.sorties import (
    BATTERY_MINUTES,
    CRUISE_KM_PER_MINUTE,
    GROUP_KM,
    LOOK_MINUTES,
    RANKS_PER_KIND,
    REACH_KM,
    SORTIES,
    sorties,
)

KM_NORTH = 1.0 / 110.98  # degrees, at 38 degrees north on GRS80
KM_EAST = 1.0 / 87.83


def plan_at(*stops):
    """Bridges at (km east, km north), or kinds of their own, ranked as they come."""
    ranks: dict[str, int] = {}
    rows = []
    for k, (east, north, *kind) in enumerate(stops):
        name = kind[0] if kind else "bridge"
        ranks[name] = ranks.get(name, 0) + 1
        rows.append(
            {
                "kind": name,
                "rank": ranks[name],
                "id": f"{name}-{k:03d}",
                "in_plan": True,
                "longitude": 140.0 + east * KM_EAST,
                "latitude": 38.0 + north * KM_NORTH,
            }
        )
    return table_from_rows(rows, PLAN)


def flown(*stops):
    return sorties(plan_at(*stops)).to_pylist()


def test_two_bridges_a_kilometre_apart_share_a_flight_worked_by_hand():
    rows = flown((0, 0), (1, 0))
    assert [row["sortie"] for row in rows] == [1, 1]
    assert rows[1]["leg_km"] == pytest.approx(1.0, abs=0.01)
    # 4 + 4 minutes of looking, 1 km there and 1 km back at 0.6 km a minute
    assert rows[0]["minutes"] == pytest.approx(8 + 2 / 0.6, abs=0.1)


def test_a_stop_beyond_reach_gets_a_flight_of_its_own():
    assert [row["sortie"] for row in flown((0, 0), (REACH_KM + 0.1, 0))] == [1, 2]


def test_a_flight_ends_when_the_battery_would():
    rows = flown(*[(0.1 * k, 0) for k in range(12)])
    first = [row for row in rows if row["sortie"] == 1]
    assert 1 < len(first) < 12
    assert first[0]["minutes"] <= BATTERY_MINUTES
    assert first[0]["minutes"] + LOOK_MINUTES[AssetKind.BRIDGE] > BATTERY_MINUTES - 1


def test_the_most_urgent_launches_first_and_dams_go_before_bridges_of_their_rank():
    rows = flown((50, 0, "dam"), (90, 0, "dam"), (0, 0), (140, 0))
    assert [row["id"] for row in rows] == [
        "dam-000",
        "bridge-002",
        "dam-001",
        "bridge-003",
    ]


def test_launch_places_within_a_drive_are_one_group():
    rows = flown((0, 0), (GROUP_KM - 1, 0), (0, GROUP_KM + 1))
    assert [row["group"] for row in rows] == [1, 1, 2]


def test_what_is_not_in_the_plan_or_ranks_too_low_is_not_flown():
    plan = plan_at(*[(5.0 * k, 0) for k in range(RANKS_PER_KIND + 3)])
    assert sorties(plan).num_rows == RANKS_PER_KIND
    outside = plan.set_column(
        plan.column_names.index("in_plan"), "in_plan", pa.array([False] * len(plan))
    )
    assert sorties(outside).num_rows == 0
    assert sorties(PLAN.empty_table()).schema.equals(SORTIES)


_places = st.tuples(
    st.floats(0, 12), st.floats(0, 12), st.sampled_from([k.value for k in LOOK_MINUTES])
)


@settings(deadline=None, max_examples=60)
@given(st.lists(_places, max_size=40))
def test_every_asset_is_flown_once_and_every_flight_comes_home(stops):
    plan = plan_at(*stops)
    rows = sorties(plan).to_pylist()
    assert sorted(row["id"] for row in rows) == sorted(plan["id"].to_pylist())
    for number in {row["sortie"] for row in rows}:
        flight = [row for row in rows if row["sortie"] == number]
        look = sum(row["look_minutes"] for row in flight)
        way = sum(row["leg_km"] for row in flight)
        assert [row["stop"] for row in flight] == list(range(1, len(flight) + 1))
        assert flight[0]["leg_km"] == 0.0
        home = flight[0]["minutes"] - look - way / CRUISE_KM_PER_MINUTE
        assert home >= -0.2  # legs are rounded to 10 m
        assert flight[0]["minutes"] <= BATTERY_MINUTES + 0.05


def test_a_route_is_a_closed_line_and_a_single_stop_a_point():
    routes = flat_table(sorties(plan_at((0, 0), (1, 0), (60, 0))))
    heading = PlanHeading.__new__(PlanHeading)
    object.__setattr__(heading, "drill", True)
    object.__setattr__(heading, "operation", "drill-1")
    features = json.loads(routes_geojson(routes, heading))["features"]
    line, point = (feature["geometry"] for feature in features)
    assert line["type"] == "LineString"
    assert line["coordinates"][0] == line["coordinates"][-1]
    assert np.shape(line["coordinates"]) == (3, 2)
    assert point["type"] == "Point"
    assert features[0]["properties"]["assets"] == "bridge-000;bridge-001"
    assert features[0]["properties"]["drill"] is True
