"""Sums over assets, draw by draw, and the draws behind one asset's interval."""

import runpy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

from data.feeds.shakemap import ShakeMapGrid
from data.operation import (
    ObservedIntensity,
)
from data.owner_rules import BRIDGE_RULES
from data.tables import ASSETS, table_from_rows
from pipelines.expectation import capacity_draws, under_one
from pipelines.expected import expectations, expected_state
from pipelines.hazard_at import hazard_at, kinds_of
from pipelines.quakes import Surroundings, conditioned_quakes
from pipelines.totals import JAPAN, TOTALS, totals_csv

CASES = runpy.run_path(str(Path(__file__).parents[1] / "quake_cases.py"))
ORIGIN, QUAKE = CASES["ORIGIN"], CASES["QUAKE"]


def made_assets(count):
    rng = np.random.default_rng(8)
    rows = [
        {
            "id": f"b{i:05}",
            "kind": ("bridge", "substation")[i % 2],
            "geometry": shapely.to_wkb(shapely.Point(140.88, latitude)),
            "longitude": 140.88,
            "latitude": float(latitude),
            "importance": 3.0,
            "prefecture_code": (3, 4, None)[i % 3],
        }
        for i, latitude in enumerate(rng.uniform(38.8, 39.4, count))
    ]
    return table_from_rows(rows, ASSETS)


def severe_of(beliefs):
    return beliefs["p_3"].to_numpy() + beliefs["p_4"].to_numpy()


def test_totals_are_the_sums_of_the_assets_by_prefecture_and_kind():
    table = made_assets(60)
    found = expectations(table, [QUAKE])
    assert found.totals.schema.equals(TOTALS)
    rows = found.totals.to_pylist()
    assert [row["prefecture_code"] for row in rows] == [0, 0, 3, 3, 4, 4, None, None]
    severe = severe_of(found.beliefs)
    kinds, codes = table["kind"].to_pylist(), table["prefecture_code"].to_pylist()
    for row in rows:
        chosen = [
            kind == row["kind"] and (row["prefecture_code"] in (JAPAN, code))
            for kind, code in zip(kinds, codes, strict=True)
        ]
        assert row["n"] == sum(chosen)
        assert row["expected_severe"] == pytest.approx(severe[chosen].sum(), rel=1e-5)
        low, high = row["expected_severe_low"], row["expected_severe_high"]
        assert low <= row["expected_severe"] <= high


def test_the_csv_opens_in_a_spreadsheet_and_holds_every_row():
    totals = expectations(made_assets(9), [QUAKE]).totals
    text = totals_csv(totals).decode("utf-8-sig").splitlines()
    assert text[0].startswith("prefecture_code,kind,n,expected_severe")
    assert len(text) == totals.num_rows + 1
    assert text[1].startswith("0,bridge,5,")


def test_a_sum_is_surer_than_its_parts_taken_together_and_less_than_apart():
    """Correlated: narrower than the sum of the intervals, wider than if independent."""
    found = expectations(made_assets(60), [QUAKE])
    whole = found.totals.to_pylist()[0]
    width = whole["expected_severe_high"] - whole["expected_severe_low"]
    bridges = [i for i in range(60) if i % 2 == 0]
    each = np.subtract(
        *(
            found.beliefs[name].to_numpy()[bridges]
            for name in ("p_severe_high", "p_severe_low")
        )
    )
    assert np.sqrt((each**2).sum()) < width < each.sum() * 1.001


def test_the_mean_over_the_draws_is_the_closed_mean():
    """Four seeds of 200 draws each: within four standard errors of 0.01."""
    table = made_assets(10)
    kinds = kinds_of(table)
    drawn, closed = [], []
    for seed in range(4):
        quake = conditioned_quakes([QUAKE], Surroundings(seed=seed))[0]
        found = under_one(
            table,
            kinds,
            hazard_at(table, quake),
            quake,
            rules=BRIDGE_RULES,
            capacity=capacity_draws(seed),
        )
        drawn.append(found.severe.mean(axis=1))
        closed.append(found.states[:, 3:].sum(axis=1))
    assert np.mean(drawn, axis=0) == pytest.approx(np.mean(closed, axis=0), abs=0.04)


def test_the_same_seed_gives_the_same_bytes_and_another_other_intervals():
    table = made_assets(20)
    one, again, other = (
        expected_state(table, [QUAKE], Surroundings(seed=seed)) for seed in (1, 1, 2)
    )
    assert one.equals(again)
    assert not one["p_severe_low"].equals(other["p_severe_low"])
    assert one["p_3"].equals(other["p_3"])


def test_an_observation_moves_the_assets_around_it_and_narrows_them():
    seen = ObservedIntensity(
        level="station", code="0321500", name="奥州市水沢大鐘町", low=6.0, high=6.5
    )
    city = ObservedIntensity(
        level="city", code="0321500", name="奥州市", low=6.0, high=6.5
    )
    table = made_assets(20)
    before, after = (
        expected_state(table, [replace(QUAKE, observed=observed)])
        for observed in ((), (city, seen))
    )
    sigma = [b["hazard_sigma_ln"].to_numpy() for b in (before, after)]
    assert (sigma[1] < sigma[0]).all()
    assert not np.allclose(before["hazard"].to_numpy(), after["hazard"].to_numpy())


def test_a_first_telegram_of_areas_alone_shakes_by_a_fitted_source():
    areas = tuple(
        ObservedIntensity(level="area", code=code, name=name, low=low, high=high)
        for code, name, low, high in (
            ("213", "岩手県内陸南部", 6.0, 6.5),
            ("220", "宮城県北部", 5.5, 6.0),
            ("212", "岩手県内陸北部", 4.5, 5.0),
        )
    )
    first = replace(QUAKE, source_kind="VXSE51", hypocentre=None, observed=areas)
    quake = conditioned_quakes([first], Surroundings())[0]
    assert quake.fitted
    rows = expected_state(made_assets(4), [first]).to_pylist()
    assert all(row["in_plan"] for row in rows)
    assert "fitted to the observed intensities" in " ".join(rows[0]["reasons_en"])


def test_two_quakes_are_joined_draw_by_draw():
    fore = replace(QUAKE, id="20261121084350", origin_at=ORIGIN - timedelta(days=1))
    table = made_assets(20)
    first, both = (expectations(table, events) for events in ([QUAKE], [fore, QUAKE]))
    spared = (1.0 - severe_of(first.beliefs)) ** 2
    assert severe_of(both.beliefs) == pytest.approx(1.0 - spared, abs=1e-5)
    assert (
        both.totals["expected_severe_high"][0].as_py()
        > first.totals["expected_severe_high"][0].as_py()
    )


def test_reasons_say_how_many_intensities_corrected_the_field():
    seen = ObservedIntensity(
        level="city", code="0321500", name="奥州市", low=6.0, high=6.5
    )
    rows = expected_state(
        made_assets(2), [replace(QUAKE, observed=(seen,))]
    ).to_pylist()
    assert "corrected by 1 observed intensities" in rows[0]["reasons_en"]


def test_a_shakemap_is_used_as_it_is_and_says_what_it_lacks():
    n = 9
    grid = ShakeMapGrid(
        event_id="us1",
        version=1,
        kind="ACTUAL",
        origin_at=ORIGIN,
        processed_at=ORIGIN,
        description="made up",
        magnitude=7.2,
        longitude=140.88,
        latitude=39.03,
        depth_km=8.0,
        longitudes=np.linspace(140.0, 142.0, n),
        latitudes=np.linspace(38.0, 40.0, n),
        values={
            "pga": np.full((n, n), 300.0),
            "pgv": np.full((n, n), 30.0),
            "sa10": np.full((n, n), 0.25),
        },
        sigma_ln=None,
        notes=(),
        sha256="1" * 64,
    )
    around = Surroundings(shakemaps={QUAKE.id: grid})
    rows = expected_state(made_assets(2), [QUAKE], around).to_pylist()
    assert rows[0]["hazard"] == pytest.approx(0.25)
    assert rows[0]["hazard_sigma_ln"] == pytest.approx(0.5)
    assert rows[1]["hazard"] == pytest.approx(300.0 / 980.665)
    assert rows[0]["p_severe_low"] < rows[0]["p_severe_high"]
    assert any("no sigma" in words for words in rows[0]["reasons_en"])
