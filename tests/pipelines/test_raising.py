"""What failed ground does to expected states, ranks and words."""

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.assets import DEFAULTS, AssetKind
from data.evidence import REFERENCE
from data.fragility import exceedance_from_states
from data.hazard_layer import RAISED_BY, HazardLayer, KeptLayer, LayerKind, rises
from data.tables import ASSETS, BELIEFS, check_table, table_from_rows
from pipelines.raising import CHUNK_ROWS, CROSSING_G, raised_by_layers

STATES = (0.8, 0.1, 0.05, 0.04, 0.01)
AREA = shapely.box(137.0, 37.0, 137.01, 37.01)
KINDS = ("bridge", "dam", "tower", "span", "substation", "link")


def layer(*areas, kind=LayerKind.LANDSLIDE, pgd_m=np.nan, credit=None):
    return KeptLayer(
        HazardLayer(
            key="0" * 64,
            kind=kind,
            name="noto.fgb",
            polygons=len(areas),
            source_sha256="1" * 64,
            credit=credit,
            actor="Sato",
        ),
        np.array(areas, dtype=object),
        np.full(len(areas), pgd_m),
    )


def asset(identifier, kind, shape=None, **more):
    shape = shapely.Point(137.005, 37.005) if shape is None else shape
    home = shape.centroid
    return {
        "id": identifier,
        "kind": kind,
        "geometry": shapely.to_wkb(shape),
        "longitude": home.x,
        "latitude": home.y,
        "importance": 3.0,
        **more,
    }


def belief(identifier, kind, *, states=STATES, priority=0.15):
    modelled = kind not in ("dam", "link")
    chances = states if modelled else (None,) * 5
    return {
        "asset_id": identifier,
        **{f"prior_{k}": p for k, p in enumerate(chances)},
        **{f"p_{k}": p for k, p in enumerate(chances)},
        "p_severe_low": 0.01 if modelled else None,
        "p_severe_high": 0.2 if modelled else None,
        "expected": 0 if modelled else -1,
        "in_plan": False,
        "na_reason": "not_in_plan",
        "priority": priority,
        "reasons_ja": ["揺れは弱い"],
        "reasons_en": ["weak shaking"],
    }


def tables(*rows):
    assets = table_from_rows(rows, ASSETS)
    beliefs = [belief(row["id"], row["kind"]) for row in rows]
    return assets, table_from_rows(beliefs, BELIEFS)


def states_of(row, name="p"):
    return np.array([[row[f"{name}_{k}"] for k in range(5)]])


def test_without_a_layer_nothing_is_even_copied():
    assets, beliefs = tables(asset("B", "bridge"))
    assert raised_by_layers(assets, beliefs, ()) is beliefs


def test_a_bridge_on_a_landslide_by_hand():
    assets, beliefs = tables(asset("B", "bridge"))
    (row,) = raised_by_layers(assets, beliefs, [layer(AREA)]).to_pylist()
    # the rule of DEFINITIONS 2 on P(S>=k) = .2 .1 .05 .01
    for name in ("p", "prior"):
        worse = exceedance_from_states(states_of(row, name))[0]
        assert worse == pytest.approx([0.6, 0.37, 0.1925, 0.0595], abs=1e-6)
    assert row["expected"] == 1
    assert row["priority"] == pytest.approx(0.1925 * 3.0, rel=1e-5)
    assert row["p_severe_low"] == pytest.approx(1 - 0.99 * 0.85)
    assert row["p_severe_high"] == pytest.approx(1 - 0.8 * 0.85)
    assert (row["in_plan"], row["na_reason"]) == (True, "not_observed")
    assert row["reasons_en"] == [
        "1 landslide area within 10 m (noto.fgb): chances raised by a stated rule",
        "chance of severe or worse by this: 5.0% -> 19.2%",
        "weak shaking",
    ]
    assert "斜面崩壊が1か所(noto.fgb)" in row["reasons_ja"][0]


def test_every_kind_but_a_link_is_raised_and_a_link_is_ranked():
    rows = [asset(kind, kind) for kind in KINDS]
    rows[5] = asset(
        "link", "link", shapely.LineString([(136.9, 37.005), (137.1, 37.0)])
    )
    assets, beliefs = tables(*rows)
    found = raised_by_layers(assets, beliefs, [layer(AREA)])
    check_table(found, BELIEFS, "beliefs")
    by_kind = {row["asset_id"]: row for row in found.to_pylist()}
    for kind in KINDS[:5]:
        assert by_kind[kind]["expected"] == 1
    dam = exceedance_from_states(states_of(by_kind["dam"]))[0]
    before = exceedance_from_states(REFERENCE[None])[0]
    assert dam == pytest.approx(1 - (1 - before) * (1 - np.array(RAISED_BY)), abs=1e-6)
    link = by_kind["link"]
    assert (link["expected"], link["p_0"]) == (-1, None)
    assert link["priority"] == pytest.approx(0.15 + CROSSING_G * 66.0 / 100.0)
    assert "ranked higher" in link["reasons_en"][0]


def test_a_link_counts_each_crossing():
    line = shapely.LineString([(136.9, 37.005), (137.3, 37.005)])
    areas = [
        shapely.box(x, 37.0, x + 0.01, 37.01) for x in (137.0, 137.1, 137.2, 137.4)
    ]
    assets, beliefs = tables(asset("L", "link", line, voltage_kv=500))
    (row,) = raised_by_layers(assets, beliefs, [layer(*areas)]).to_pylist()
    assert row["priority"] == pytest.approx(0.15 + 3 * CROSSING_G * 5.0)
    assert row["reasons_en"][0].startswith("3 landslide areas within 10 m of its way")


def test_many_polygons_of_one_kind_raise_once_and_another_kind_again():
    assets, beliefs = tables(asset("B", "bridge"))
    again = shapely.box(137.004, 37.004, 137.02, 37.02)

    def severe(*layers):
        (row,) = raised_by_layers(assets, beliefs, layers).to_pylist()
        return row["p_3"] + row["p_4"]

    once = severe(layer(AREA))
    assert severe(layer(AREA, again)) == pytest.approx(once)
    assert severe(layer(AREA), layer(again)) == pytest.approx(once)
    flooded = severe(layer(AREA), layer(AREA, kind=LayerKind.FLOOD))
    assert flooded == pytest.approx(1 - 0.95 * 0.85**2, rel=1e-5)


def test_a_bridge_takes_the_curve_of_hazus_where_the_ground_is_known_to_have_moved():
    assets, beliefs = tables(asset("B", "bridge"), asset("T", "tower"))
    kept = layer(AREA, kind=LayerKind.LIQUEFACTION, pgd_m=0.2)
    bridge, tower = raised_by_layers(assets, beliefs, [kept]).to_pylist()
    rise = rises(np.array([0.2]), bridge=np.array([True]))[0]
    before = exceedance_from_states(np.array([STATES]))[0]
    found = exceedance_from_states(states_of(bridge))[0]
    assert found == pytest.approx(1 - (1 - before) * (1 - rise), abs=1e-6)
    assert "0.20 m of ground movement and Hazus HWB.GF" in bridge["reasons_en"][0]
    assert "stated rule" in tower["reasons_en"][0]


def test_a_credit_is_named_in_the_reasons():
    assets, beliefs = tables(asset("B", "bridge"))
    (row,) = raised_by_layers(
        assets, beliefs, [layer(AREA, credit="国土地理院")]
    ).to_pylist()
    assert "noto.fgb; 国土地理院" in row["reasons_ja"][0]


@pytest.mark.parametrize("kind", ["tower", "dam"])
def test_a_point_stands_for_the_default_extent_of_its_kind(kind):
    half = DEFAULTS[AssetKind(kind)].half_length_m
    per_m = 1.0 / (np.cos(np.radians(37.005)) * 111_195.0)
    for metres, hit in ((half + 9.0, True), (half + 11.0, False)):
        point = shapely.Point(137.01 + metres * per_m, 37.005)
        assets, beliefs = tables(asset("A", kind, point))
        (row,) = raised_by_layers(assets, beliefs, [layer(AREA)]).to_pylist()
        assert row["in_plan"] is hit


def test_assets_away_from_all_polygons_stay_as_they_were():
    away = asset("AWAY", "bridge", shapely.Point(139.0, 36.0))
    assets, beliefs = tables(away, asset("B", "bridge"), replaced(away, "C"))
    found = raised_by_layers(assets, beliefs, [layer(AREA)])
    assert found.column("asset_id").to_pylist() == ["AWAY", "B", "C"]
    for row in (0, 2):
        assert found.slice(row, 1).equals(beliefs.slice(row, 1))


def replaced(row, identifier):
    return {**row, "id": identifier}


@given(st.lists(st.floats(0.001, 1.0), min_size=5, max_size=5), st.sampled_from(KINDS))
@settings(deadline=None, max_examples=40)
def test_a_layer_never_lowers_a_chance_or_a_rank(weights, kind):
    states = tuple(np.array(weights) / np.sum(weights))
    shape = shapely.LineString([(136.99, 37.005), (137.02, 37.005)])
    assets = table_from_rows([asset("A", kind, shape)], ASSETS)
    severe = states[3] + states[4]
    before = belief("A", kind, states=states, priority=3.0 * severe)
    beliefs = table_from_rows([before], BELIEFS)
    (row,) = raised_by_layers(assets, beliefs, [layer(AREA)]).to_pylist()
    assert row["priority"] >= before["priority"] - 1e-6
    if kind not in ("dam", "link"):
        worse = exceedance_from_states(states_of(row))
        assert (worse >= exceedance_from_states(np.array([states])) - 1e-6).all()


def test_chunks_change_nothing():
    rng = np.random.default_rng(9)
    points = shapely.points(rng.uniform([136.9, 36.9], [137.1, 37.1], (60, 2)))
    rows = [asset(f"A{i}", "bridge", point) for i, point in enumerate(points)]
    assets, beliefs = tables(*rows)
    many = -(-(CHUNK_ROWS + 50) // 60)
    wide = pa.concat_tables([assets] * many)
    found = raised_by_layers(wide, pa.concat_tables([beliefs] * many), [layer(AREA)])
    once = raised_by_layers(assets, beliefs, [layer(AREA)])
    assert found.num_rows == 60 * many
    for start in (0, 60 * (CHUNK_ROWS // 60), 60 * (many - 1)):
        assert found.slice(start, 60).equals(once.combine_chunks())
