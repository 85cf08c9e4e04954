"""Prefecture and municipality of each asset, from areas as N03 has them."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import RefusedError
from pipelines import boundaries
from pipelines.holdings import import_inventory, list_inventories, read_assets
from pipelines.outcome import ExitCode

SQUARES = {"13101": (139.0, 35.0), "13102": (139.1, 35.0), "08201": (139.0, 35.1)}


def square(west, south, size=0.1):
    return shapely.box(west, south, west + size, south + size)


def n03(path, codes):
    """GeoJSON with the columns of 国土数値情報 N03."""
    features = [
        {
            "type": "Feature",
            "properties": {"N03_001": "架空県", "N03_004": "架空市", "N03_007": code},
            "geometry": json.loads(shapely.to_geojson(square(*SQUARES.get(key, key)))),
        }
        for key, code in codes.items()
    ]
    content = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(content), "utf-8")
    return path


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def take_areas(store, codes=None):
    file = n03(store.parent / "N03.geojson", codes or {one: one for one in SQUARES})
    return import_inventory(store, file, kind="boundary", mapping=None)


def take_bridges(store, *rows):
    file = store.parent / "b.csv"
    file.write_text(
        "id,wkt,市区町村コード\n"
        + "".join(
            f"{name},SRID=6668;POINT({x} {y}),{code}\n" for name, x, y, code in rows
        )
    )
    return import_inventory(store, file, kind="bridge", mapping=None)


def codes_of(store):
    return {
        row["id"]: (row["prefecture_code"], row["municipality_code"])
        for row in read_assets(store).to_pylist()
    }


BRIDGES = [
    ("A", 139.05, 35.05, ""),
    ("B", 139.15, 35.05, ""),
    ("C", 139.05, 35.15, ""),
    ("near", 139.215, 35.05, ""),
    ("far", 139.5, 35.05, ""),
    ("owners", 139.06, 35.06, "13199"),
]


@pytest.mark.parametrize("first", ["areas", "bridges"])
def test_assets_are_in_the_area_they_lie_in_whatever_came_first(store, first):
    if first == "areas":
        take_areas(store)
        take_bridges(store, *BRIDGES)
    else:
        take_bridges(store, *BRIDGES)
        assert set(codes_of(store).values()) == {(None, None), (None, 13199)}
        take_areas(store)
    assert codes_of(store) == {
        "A": (13, 13101),
        "B": (13, 13102),
        "C": (8, 8201),
        "near": (13, 13102),
        "far": (None, None),
        "owners": (13, 13199),
    }


def test_areas_are_no_inventory_and_change_no_revision(store):
    take_bridges(store, *BRIDGES)
    before = read_assets(store)["revision"].to_pylist()
    outcome = take_areas(store)
    assert outcome.code is ExitCode.DONE
    assert outcome.data["municipalities"] == 3
    assert read_assets(store)["revision"].to_pylist() == before
    assert len(list_inventories(store).data["inventories"]) == 1


def test_codes_are_found_again_without_what_was_kept(store):
    take_areas(store)
    take_bridges(store, *BRIDGES)
    before = read_assets(store)
    (store / "inventory" / "boundaries" / boundaries.CODES).unlink()
    assert read_assets(store).equals(before)


def test_an_area_without_a_code_is_listed_and_a_wrong_code_refuses_the_file(store):
    outcome = take_areas(store, {"13101": "13101", "13102": None})
    assert outcome.code is ExitCode.DONE
    assert [one["code"] for one in outcome.data["refused"]] == ["not_an_asset"]
    outcome = take_areas(store, {"13101": "13101", "13102": "99101"})
    assert outcome.code is ExitCode.NOTHING_USABLE
    assert "99101" in outcome.data["refused"][0]["value"]
    take_bridges(store, *BRIDGES)
    assert codes_of(store)["A"] == (13, 13101)  # the older areas stay


def test_a_file_without_codes_is_refused(store):
    file = store.parent / "a.geojson"
    text = n03(file, {"13101": "13101"}).read_text("utf-8").replace("N03_007", "x")
    file.write_text(text, "utf-8")
    with pytest.raises(RefusedError, match="municipality_code"):
        import_inventory(store, file, kind="boundary", mapping=None)


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=1, max_size=20))
@settings(deadline=None, max_examples=50)
def test_points_fall_into_the_square_that_holds_them(places):
    grid = [square(x, y, 1.0) for y in range(3) for x in range(3)]
    found = boundaries.area_of(shapely.points(places), shapely.to_wkb(grid))
    for (x, y), row in zip(places, found.tolist(), strict=True):
        assert grid[row].intersects(shapely.Point(x, y))
        assert not any(one.intersects(shapely.Point(x, y)) for one in grid[:row])


def test_far_from_all_areas_is_in_none():
    found = boundaries.area_of(shapely.points([[9, 9]]), shapely.to_wkb([square(0, 0)]))
    assert np.array_equal(found, [-1])
