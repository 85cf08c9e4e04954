"""Made-up assets, beliefs and frames for tests of the map; same seed, same tables."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import shapely

from data.edition import EditionInfo
from data.tables import ASSETS, BELIEFS, COVERAGE, FEATURES, table_from_rows

AS_OF = datetime(2026, 11, 24, 4, 30, tzinfo=UTC)
KINDS = ("bridge", "dam", "tower", "span", "substation", "link")
TSUKUBA = (140.0, 36.0)


def info(number=0, **changes):
    values = {
        "operation": "drill-20261124",
        "number": number,
        "as_of": AS_OF,
        "drill": True,
        "title": "訓練 茨城県南部の地震",
        "events": ("drill-20261124",),
    }
    return EditionInfo(**(values | changes))


def asset_row(asset_id, kind, shape, **changes):
    point = _home(shape)
    row = {
        "id": asset_id,
        "revision": "0" * 64,
        "kind": kind,
        "name": f"{asset_id}の橋",
        "owner": 'Owner "A"',
        "geometry": shapely.to_wkb(shape),
        "longitude": point.x,
        "latitude": point.y,
        "morton": 0,
        "position_sigma_m": 2.0,
        "prefecture_code": 8,
        "importance": 3.0,
        "importance_source": "kind",
        "geometry_source": "owner",
        "source_licence": "ours",
    }
    return row | changes


def _home(shape):
    if shape.geom_type == "LineString":
        return shape.interpolate(0.5, normalized=True)
    return shape.representative_point()


def belief_row(asset_id, grade=-1, expected=2, **changes):
    severe = {-1: 0.1, 3: 0.8, 4: 0.9}.get(grade, 0.05)
    row = {
        "asset_id": asset_id,
        "hazard": 0.35,
        "hazard_kind": "sa_1s",
        "hazard_unit": "g",
        "prior_source": "fragility",
        **{f"prior_{k}": 0.2 for k in range(5)},
        "p_0": (1 - severe) / 2,
        "p_1": (1 - severe) / 4,
        "p_2": (1 - severe) / 4,
        "p_3": severe / 2,
        "p_4": severe / 2,
        "p_severe_low": severe / 2,
        "p_severe_high": min(1.0, severe * 1.1),
        "in_plan": True,
        "grade": grade,
        "basis": "none" if grade < 0 else "observed",
        "na_reason": "not_observed" if grade < 0 else None,
        "expected": expected,
        "state_set": "D0;D1",
        "detectable_from": 5 if grade < 0 else 2,
        "disputed": False,
        "review": "none",
        "priority": severe * 3,
        "reasons_ja": ["震度6弱相当", "写真なし"],
        "reasons_en": ["shaken like 6-lower", "no picture"],
        "last_seen_at": None if grade < 0 else AS_OF - timedelta(hours=1),
    }
    return row | changes


def tables(shapes, kinds=None, grades=None):
    """ASSETS and BELIEFS of the shapes, ids A00000 upwards."""
    count = len(shapes)
    kinds = kinds or ["bridge"] * count
    grades = grades or [-1] * count
    ids = [f"A{k:05d}" for k in range(count)]
    rows = zip(ids, kinds, shapes, strict=True)
    assets = [asset_row(*row) for row in rows]
    beliefs = [belief_row(i, grade) for i, grade in zip(ids, grades, strict=True)]
    return table_from_rows(assets, ASSETS), table_from_rows(beliefs, BELIEFS)


def random_map(count, seed=1, span_deg=0.2):
    """Points, lines and polygons of every kind and grade around Tsukuba."""
    rng = np.random.default_rng(seed)
    places = np.array(TSUKUBA) + rng.uniform(0, span_deg, (count, 2))
    kinds = [KINDS[k] for k in rng.integers(0, len(KINDS), count)]
    steps = rng.uniform(-0.003, 0.003, (count, 2))
    shapes = [_shape(*row) for row in zip(kinds, places, steps, strict=True)]
    grades = rng.integers(-1, 5, count).tolist()
    return tables(shapes, kinds, grades)


def _shape(kind, place, step):
    if kind == "link":
        return shapely.LineString([place, place + 20 * step])
    if kind in ("span", "bridge"):
        return shapely.LineString([place, place + step / 2, place + step])
    if kind == "substation":
        return shapely.Point(place).buffer(abs(step[0]) + 1e-4, quad_segs=2)
    return shapely.Point(place)


def damage_table(count=3):
    rows = [
        {
            "id": f"F{k}",
            "asset_id": "A00000",
            "frame_id": "f" * 64,
            "class": "crack",
            "score": 0.75,
            "captured_at": AS_OF,
            "detector": "classical",
            "review": "none",
            "geometry": shapely.to_wkb(
                shapely.box(140.1 + k / 1e3, 36.1, 140.1001 + k / 1e3, 36.1001)
            ),
        }
        for k in range(count)
    ]
    return table_from_rows(rows, FEATURES)


def coverage_table():
    row = {
        "frame_id": "f" * 64,
        "captured_at": AS_OF,
        "gsd_m": 0.012,
        "usable": True,
        "sortie": "S1",
        "geometry": shapely.to_wkb(shapely.box(140.09, 36.09, 140.11, 36.11)),
    }
    return table_from_rows([row], COVERAGE)


def big_tables(count, seed=1):
    """ASSETS and BELIEFS of many assets in 150 towns, made without a row at a time."""
    assets, beliefs = random_map(2_000, seed, span_deg=0.5)
    rng = np.random.default_rng(seed)
    source = pa.array(rng.integers(0, assets.num_rows, count))
    towns = np.column_stack([rng.uniform(-9, 1, 150), rng.uniform(-3, 6, 150)])
    shift = towns[rng.integers(0, len(towns), count)]
    assets, beliefs = assets.take(source), beliefs.take(source)
    ids = pa.array([f"B{k:07d}" for k in range(count)])
    shapes = np.asarray(shapely.from_wkb(assets["geometry"].to_numpy()), object)
    counts = shapely.get_num_coordinates(shapes)
    moved = shapely.get_coordinates(shapes) + np.repeat(shift, counts, axis=0)
    shapely.set_coordinates(shapes, moved)
    assets = _replaced(assets, "id", ids)
    assets = _replaced(
        assets, "geometry", pa.array(shapely.to_wkb(shapes), pa.binary())
    )
    for k, name in enumerate(("longitude", "latitude")):
        place = assets[name].to_numpy() + shift[:, k]
        assets = _replaced(assets, name, pa.array(place))
    return assets, _replaced(beliefs, "asset_id", ids)


def _replaced(table, name, column):
    return table.set_column(table.column_names.index(name), name, column)
