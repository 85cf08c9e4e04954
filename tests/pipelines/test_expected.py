"""Expected states of whole tables: kinds, triggers, words, one and several quakes."""

import runpy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from data.errors import InvalidRecordError
from data.evidence import REFERENCE
from data.operation import (
    GeodeticDatum,
    MessageType,
)
from data.tables import ASSETS, BELIEFS, check_table, table_from_rows
from geo.shaking import Measure, shaking_at
from pipelines.expected import CHUNK_ROWS, expected_state, last_hazards

CASES = runpy.run_path(str(Path(__file__).parents[1] / "quake_cases.py"))
ORIGIN, INLAND, QUAKE = CASES["ORIGIN"], CASES["INLAND"], CASES["QUAKE"]
KINDS = ("bridge", "dam", "tower", "span", "substation", "link")


def asset(identifier, kind, latitude=39.2, **more):
    """One asset north of the epicentre; a link runs east from it."""
    point = shapely.Point(140.88, latitude)
    line = shapely.LineString([(140.88, latitude), (141.9, latitude)])
    return {
        "id": identifier,
        "kind": kind,
        "geometry": shapely.to_wkb(line if kind == "link" else point),
        "longitude": 141.39 if kind == "link" else 140.88,
        "latitude": latitude,
        "importance": 3.0,
        **more,
    }


def assets(*rows):
    return table_from_rows(rows, ASSETS)


def one_each(latitude=39.2):
    return assets(*(asset(kind, kind, latitude) for kind in KINDS))


def by_kind(beliefs):
    return {row["asset_id"]: row for row in beliefs.to_pylist()}


def p_severe(row):
    return row["p_3"] + row["p_4"]


def test_the_table_is_as_declared_and_in_the_order_of_the_assets():
    beliefs = expected_state(one_each(), [QUAKE])
    assert check_table(beliefs, BELIEFS, "beliefs") is beliefs
    assert beliefs["asset_id"].to_pylist() == list(KINDS)
    assert set(beliefs["grade"].to_pylist()) == {-1}
    assert set(beliefs["basis"].to_pylist()) == {"none"}


def test_each_kind_has_its_measure_and_unit():
    rows = by_kind(expected_state(one_each(), [QUAKE]))
    shown = {kind: (r["hazard_kind"], r["hazard_unit"]) for kind, r in rows.items()}
    assert shown == {
        "bridge": ("sa10", "g"),
        "dam": ("pga", "gal"),
        "tower": ("intensity", "jma"),
        "span": ("intensity", "jma"),
        "substation": ("pga", "g"),
        "link": ("pga", "gal"),
    }
    assert rows["dam"]["hazard"] == pytest.approx(
        rows["substation"]["hazard"] * 980.665, rel=1e-5
    )


def test_only_bridges_and_substations_have_a_curve():
    rows = by_kind(expected_state(one_each(), [QUAKE]))
    assert rows["bridge"]["fragility_ref"] == "HWB17"
    assert rows["substation"]["fragility_ref"] == "EP.S.M.A"
    for kind in ("bridge", "substation"):
        assert rows[kind]["prior_source"] == "fragility"
        assert sum(rows[kind][f"prior_{k}"] for k in range(5)) == pytest.approx(1.0)
        assert rows[kind]["p_severe_low"] < p_severe(rows[kind])


def test_dams_and_links_are_not_modelled_and_nothing_is_invented():
    rows = by_kind(expected_state(one_each(), [QUAKE]))
    for kind in ("dam", "link"):
        assert rows[kind]["expected"] == -1
        assert rows[kind]["prior_3"] is None
        assert rows[kind]["p_severe_low"] is None
        assert rows[kind]["fragility_ref"] is None


def test_towers_and_spans_keep_the_reference_in_an_earthquake():
    rows = by_kind(expected_state(one_each(), [QUAKE]))
    for kind in ("tower", "span"):
        states = [rows[kind][f"prior_{k}"] for k in range(5)]
        assert states == pytest.approx(list(REFERENCE), abs=1e-6)
        assert rows[kind]["prior_source"] == "reference"


def test_far_away_nothing_is_in_the_plan_and_says_why():
    rows = by_kind(expected_state(one_each(latitude=33.0), [QUAKE]))
    for row in rows.values():
        assert not row["in_plan"]
        assert row["na_reason"] == "not_in_plan"
        assert row["reasons_en"] == [
            "estimated shaking below what puts this kind in the plan"
        ]
    assert rows["dam"]["clock_kind"] is None


def test_a_bridge_is_in_the_plan_from_a_tenth_of_g_on():
    latitudes = np.linspace(39.1, 41.0, 60)
    table = assets(*(asset(f"b{i}", "bridge", lat) for i, lat in enumerate(latitudes)))
    beliefs = expected_state(table, [QUAKE])
    field = shaking_at(
        INLAND, np.full(60, 140.88), latitudes, measures=tuple(Measure)
    ).median
    due = (field[Measure.SA10] >= 0.1) | (field[Measure.INTENSITY] >= 4.5)
    assert beliefs["in_plan"].to_pylist() == due.tolist()
    assert 0 < due.sum() < 60


def test_a_dam_gets_its_clock_from_the_estimated_shaking():
    near, middle = by_kind(
        expected_state(
            assets(asset("near", "dam"), asset("middle", "dam", 40.3)), [QUAKE]
        )
    ).values()
    assert 25.0 <= middle["hazard"] < 80.0 <= near["hazard"]
    assert near["clock_kind"] == "primary+secondary"
    assert middle["clock_kind"] == "primary"
    for row in (near, middle):
        assert row["clock_due_at"] == ORIGIN + timedelta(hours=3)
        assert row["clock_basis"] == "estimated"
    assert "2026-11-22 11:43 JST" in " ".join(near["reasons_ja"])
    assert "visual by 2026-11-23 08:43 JST" in " ".join(near["reasons_en"])


def test_a_link_is_shaken_where_it_lies_nearest():
    rows = by_kind(
        expected_state(assets(asset("l", "link"), asset("d", "dam")), [QUAKE])
    )
    assert rows["l"]["hazard"] == pytest.approx(rows["d"]["hazard"], rel=1e-6)


def test_links_rank_by_shaking_times_voltage():
    table = assets(
        asset("weak", "link", voltage_kv=154),
        asset("strong", "link", voltage_kv=500),
        asset("unknown", "link"),
    )
    rows = by_kind(expected_state(table, [QUAKE]))
    ratio = rows["strong"]["priority"] / rows["weak"]["priority"]
    assert ratio == pytest.approx(500 / 154, rel=1e-5)
    assert rows["unknown"]["priority"] < rows["weak"]["priority"]


def test_reasons_name_distance_shaking_chance_and_curve():
    ja, en = (
        by_kind(expected_state(one_each(), [QUAKE]))["bridge"][f"reasons_{language}"]
        for language in ("ja", "en")
    )
    assert ja[0].startswith("岩手県内陸南部の震央から19 km、推定周期1秒の応答")
    assert en[0].startswith("19 km from the epicentre")
    assert "chance of severe or worse" in en[1]
    assert en[2] == "damage curve Hazus 5.1 HWB17"
    assert not any(";" in words for words in ja + en)


def test_unknown_voltage_is_said():
    row = by_kind(expected_state(one_each(), [QUAKE]))["substation"]
    assert "voltage unknown: taken as medium" in row["reasons_en"]


def test_a_quake_without_a_place_estimates_nothing_and_excludes_nothing():
    early = replace(QUAKE, source_kind="VXSE51", hypocentre=None)
    rows = by_kind(expected_state(one_each(), [early]))
    for row in rows.values():
        assert row["hazard"] is None
        assert row["in_plan"]
        assert row["na_reason"] == "not_observed"
    assert rows["bridge"]["expected"] == -1
    assert "no hypocentre or magnitude yet" in rows["bridge"]["reasons_en"][0]


def test_magnitude_above_8_is_a_lower_bound_and_says_so():
    source = replace(INLAND, magnitude_mj=None, magnitude_at_least=8.0)
    row = by_kind(expected_state(one_each(), [replace(QUAKE, hypocentre=source)]))
    assert any("lower bound" in words for words in row["bridge"]["reasons_en"])


@pytest.mark.parametrize(
    "event",
    [
        replace(QUAKE, distant=True),
        replace(QUAKE, message_type=MessageType.CANCELLATION),
    ],
)
def test_distant_and_cancelled_quakes_shake_nothing(event):
    rows = by_kind(expected_state(one_each(), [event]))
    assert not any(row["in_plan"] for row in rows.values())
    assert rows["bridge"]["reasons_en"] == ["no earthquake message stands"]


def test_a_hypocentre_in_tokyo_datum_is_converted():
    tokyo = replace(INLAND, datum=GeodeticDatum.TOKYO)
    near = assets(asset("b", "bridge", 39.6))
    here, there = (
        expected_state(near, [replace(QUAKE, hypocentre=source)])["hazard"][0].as_py()
        for source in (INLAND, tokyo)
    )
    assert there > here * 1.003  # it moves 300 m north, towards the bridge


def test_two_quakes_carry_the_belief_forward():
    fore = replace(
        QUAKE,
        id="20261121084350",
        origin_at=ORIGIN - timedelta(days=1),
        hypocentre=replace(INLAND, magnitude_mj=6.4, latitude=39.4),
    )
    first, second, both = (
        by_kind(expected_state(one_each(), events))["bridge"]
        for events in ([fore], [QUAKE], [QUAKE, fore])
    )
    spared = (1 - p_severe(first)) * (1 - p_severe(second))
    assert p_severe(both) == pytest.approx(1 - spared, abs=1e-5)
    assert both["prior_source"] == "carried"
    assert both["hazard"] == max(first["hazard"], second["hazard"])
    assert both["p_severe_low"] <= p_severe(both) <= both["p_severe_high"]


def test_order_of_events_does_not_matter():
    other = replace(
        QUAKE,
        id="20261123084350",
        origin_at=ORIGIN + timedelta(days=1),
        hypocentre=replace(INLAND, magnitude_mj=7.4),
    )
    forward, back = (
        expected_state(one_each(), events)
        for events in ([QUAKE, other], [other, QUAKE])
    )
    assert forward.equals(back)


def test_the_clock_restarts_at_a_stronger_shock_only():
    later = replace(QUAKE, id="20261122200000", origin_at=ORIGIN + timedelta(hours=12))
    weaker = replace(later, hypocentre=replace(INLAND, magnitude_mj=6.0))
    stronger = replace(later, hypocentre=replace(INLAND, magnitude_mj=7.6))
    dam = assets(asset("d", "dam", 39.6))
    due = [
        expected_state(dam, [QUAKE, second])["clock_due_at"][0].as_py()
        for second in (weaker, stronger)
    ]
    assert due == [ORIGIN + timedelta(hours=3), ORIGIN + timedelta(hours=15)]


def test_last_hazard_is_the_last_above_the_trigger():
    later = replace(
        QUAKE,
        id="20261122200000",
        origin_at=ORIGIN + timedelta(hours=12),
        hypocentre=replace(INLAND, magnitude_mj=4.0, longitude=141.5),
    )
    table = assets(asset("near", "bridge"), asset("far", "bridge", 33.0))
    rows = last_hazards(table, [QUAKE, later]).to_pylist()
    assert rows == [{"asset_id": "near", "at": ORIGIN}]


def test_chunks_are_joined_in_order_and_change_nothing():
    rng = np.random.default_rng(3)
    rows = [
        asset(f"a{i:05}", KINDS[i % 6], float(lat))
        for i, lat in enumerate(rng.uniform(38.0, 41.0, CHUNK_ROWS + 7))
    ]
    table = assets(*rows)
    whole = expected_state(table, [QUAKE])
    tail = expected_state(table.slice(CHUNK_ROWS - 5), [QUAKE])
    assert whole["asset_id"].to_pylist() == table["id"].to_pylist()
    assert whole.slice(CHUNK_ROWS - 5).combine_chunks().equals(tail.combine_chunks())


def test_no_assets_give_an_empty_table():
    assert expected_state(ASSETS.empty_table(), [QUAKE]).num_rows == 0


def test_other_columns_are_refused():
    with pytest.raises(InvalidRecordError, match="assets"):
        expected_state(pa.table({"id": ["x"]}), [QUAKE])
