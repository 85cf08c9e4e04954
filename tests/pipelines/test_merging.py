"""Which rows are one thing, and what becomes of them."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow.compute as pc
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import LedgerError, UsageError
from data.store import inventory_folder
from pipelines.cli import main
from pipelines.holdings import import_inventory, list_inventories, read_assets
from pipelines.merges import list_merges, unmerge
from pipelines.merging import distance_m
from pipelines.outcome import ExitCode

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HEADER = "id,type,name,length_m,structure,voltage,parent_id,wkt\n"
HERE = (139.7, 35.6)


def at(east_m=0.0, north_m=0.0):
    """WKT of a point some metres from here."""
    east = east_m / (111_320.0 * np.cos(np.radians(HERE[1])))
    return f"POINT({HERE[0] + east:.8f} {HERE[1] + north_m / 111_320.0:.8f})"


def row(asset_id, wkt=None, *, kind="bridge", name="", length="", structure="", **more):
    values = (asset_id, kind, name, length, structure, more.get("kv", ""))
    shape = wkt or at()
    return ",".join([*map(str, values), more.get("parent", ""), f'"SRID=6668;{shape}"'])


def take(store, name, *rows):
    file = store.parent / name
    file.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    outcome = import_inventory(store, file, kind=None, mapping=None)
    assert outcome.code is ExitCode.DONE, outcome.lines
    return outcome


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def ids(store):
    return sorted(read_assets(store)["id"].to_pylist())


def evidence(store):
    return [one["evidence"] for one in list_merges(store).data["merges"]]


def test_one_bridge_of_two_owners_is_one_asset_with_the_evidence(store):
    take(store, "a.csv", row("A1", name="新橋", length=45, structure="鋼橋"))
    outcome = take(
        store, "b.csv", row("B1", at(9), name="新　橋", length=44, structure="鋼鈑桁")
    )
    assert ids(store) == ["A1"]
    assert outcome.data["merges"][0] == {
        "kept": "A1",
        "kept_in": "a.csv",
        "gone": "B1",
        "gone_in": "b.csv",
        "distance_m": 9.0,
        "evidence": [
            "bridge, 9.0 m apart",
            "same name 新橋",
            "lengths 45.0 and 44.0 m",
            "structures 鋼橋 and 鋼鈑桁",
        ],
    }
    assert any("karte inventory unmerge B1" in line for line in outcome.lines)


@pytest.mark.parametrize(
    "other",
    [
        row("B1", at(25), name="新橋"),  # beyond three times 5 m and 5 m
        row("B1", name="新橋(下り)"),
        row("B1", at(5), name="新橋", length=200),
        row("B1", at(5)),  # no name, no length
        row("B1", at(5), length=45, structure="PC桁"),  # another structure
        row("B1", name="新橋", kind="dam"),
    ],
)
def test_what_differs_stays_two(store, other):
    take(store, "a.csv", row("A1", name="新橋", length=45, structure="鋼橋"))
    take(store, "b.csv", other)
    assert ids(store) == ["A1", "B1"]
    assert evidence(store) == []


def test_without_a_name_lengths_that_agree_are_enough(store):
    take(store, "a.csv", row("A1", name="新橋", length=45))
    take(store, "b.csv", row("B1", at(5), length=44))
    assert ids(store) == ["A1"]
    assert "at least one has no name" in evidence(store)[0]


def test_two_lanes_of_one_owner_stay_two_unless_at_the_very_same_place(store):
    near = [row("A1", name="新橋"), row("A2", at(5), name="新橋")]
    take(store, "a.csv", *near, row("A3", at(5), name="新橋"))
    assert ids(store) == ["A1", "A2"]
    assert list_merges(store).data["merges"][0]["gone"] == "A3"


def test_a_line_is_kept_before_a_point_and_takes_over_what_it_lacks(store):
    end = at(40).removeprefix("POINT(").rstrip(")")
    line = f"LINESTRING({HERE[0]} {HERE[1]}, {end})"
    take(store, "a.csv", row("A1", at(20), name="新橋", structure="鋼橋"))
    take(store, "b.csv", row("B1", line, name="新橋"))
    (kept,) = read_assets(store).to_pylist()
    assert (kept["id"], kept["structure"]) == ("B1", "鋼橋")
    assert shapely.from_wkb(kept["geometry"]).geom_type == "LineString"


def test_a_merge_is_undone_by_name_and_stays_undone(store):
    take(store, "a.csv", row("A1", name="新橋"))
    take(store, "b.csv", row("B1", at(3), name="新橋"))
    with pytest.raises(UsageError, match="--actor"):
        unmerge(store, "B1", actor=None, at=NOW, reason=None)
    outcome = unmerge(store, "B1", actor="佐藤", at=NOW, reason="上下線")
    assert outcome.data["apart"]["ids"] == ["A1", "B1"]
    assert ids(store) == ["A1", "B1"]
    take(store, "b.csv", row("B1", at(4), name="新橋"), row("B2", at(900), name="別"))
    assert ids(store) == ["A1", "B1", "B2"]
    assert "佐藤" in list_merges(store).lines[0]
    with pytest.raises(UsageError, match="merged with none"):
        unmerge(store, "B1", actor="佐藤", at=NOW, reason=None)


def test_an_id_that_took_in_two_asks_which(store):
    take(store, "a.csv", row("A1", name="新橋"))
    take(store, "b.csv", row("B1", at(3), name="新橋"))
    take(store, "c.csv", row("C1", at(-3), name="新橋"))
    with pytest.raises(UsageError, match="B1, C1"):
        unmerge(store, "A1", actor="佐藤", at=NOW, reason=None)
    unmerge(store, "C1", actor="佐藤", at=NOW, reason=None)
    assert ids(store) == ["A1", "C1"]  # what B1 was one with does not carry over


def test_the_same_id_and_place_in_two_files_is_one_asset(store):
    take(store, "2024.csv", row("A1", name="新橋"))
    take(store, "2025.csv", row("A1", at(2), name="新橋"), row("A2", at(99), name="x"))
    assert ids(store) == ["A1", "A2"]
    with pytest.raises(UsageError, match="id_prefix"):
        unmerge(store, "A1", actor="佐藤", at=NOW, reason=None)


def test_spans_and_voltage_follow_a_link_that_is_merged(store):
    line = "LINESTRING(139.7 35.6, 139.72 35.6)"
    back = "LINESTRING(139.72 35.6, 139.7 35.6)"
    take(store, "a.csv", row("A1", line, kind="link", kv=66000))
    take(store, "b.csv", row("B1", back, kind="link", kv=275000))
    table = read_assets(store)
    assert set(table["id"].to_pylist()) == {"A1", "A1#0001", "A1#0002"}
    assert set(table["voltage_kv"].to_pylist()) == {275}
    importance = {one["kind"]: one["importance"] for one in table.to_pylist()}
    assert importance == {"link": 4.0, "span": 3.0}


def test_towers_of_another_file_replace_generated_spans(store):
    line = "LINESTRING(139.7 35.6, 139.72 35.6)"
    take(store, "a.csv", row("A1", line, kind="link"))
    assert len(ids(store)) == 3
    take(store, "b.csv", row("T1", kind="tower", parent="A1"))
    assert ids(store) == ["A1", "T1"]


def test_the_order_of_imports_does_not_matter(store, tmp_path):
    files = {
        "a.csv": [row("A1", name="新橋"), row("A2", at(300), name="x")],
        "b.csv": [row("B1", at(6), name="新橋", length=30)],
        "c.csv": [row("C1", at(-6), name="新橋", structure="鋼橋")],
    }
    for name, rows in files.items():
        take(store, name, *rows)
    (tmp_path / "other").mkdir()
    turned = tmp_path / "other" / "store"
    for name, rows in reversed(files.items()):
        take(turned, name, *rows)
    assert read_assets(store).equals(read_assets(turned))
    assert list_merges(store).data == list_merges(turned).data


def test_merges_are_found_again_where_the_store_was_left_half_written(store):
    take(store, "a.csv", row("A1", name="新橋"))
    take(store, "b.csv", row("B1", at(3), name="新橋"))
    before = read_assets(store)
    (inventory_folder(store) / "merging" / "merges.json").unlink()
    assert read_assets(store).equals(before)
    (inventory_folder(store) / "merging" / "merges.json").write_text("{")
    with pytest.raises(LedgerError, match=r"merges\.json"):
        read_assets(store)


def test_a_decision_counts_even_if_the_store_was_left_before_it_was_followed(store):
    take(store, "a.csv", row("A1", name="新橋"))
    take(store, "b.csv", row("B1", at(3), name="新橋"))
    found = inventory_folder(store) / "merging" / "merges.json"
    before = found.read_bytes()
    unmerge(store, "B1", actor="佐藤", at=NOW, reason=None)
    found.write_bytes(before)
    assert ids(store) == ["A1", "B1"]


def test_the_command_line_lists_and_undoes_a_merge(store, capsys):
    take(store, "a.csv", row("A1", name="新橋"))
    take(store, "b.csv", row("B1", at(3), name="新橋"))
    where = ["--store", str(store)]
    assert main(["inventory", "merges", *where]) == 0
    assert "same name 新橋" in capsys.readouterr().out
    assert main(["inventory", "unmerge", "B1", *where]) == 2
    undo = ["inventory", "unmerge", "B1", "--actor", "佐藤", "--reason", "上下線"]
    assert main([*undo, *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["apart"]["reason"] == "上下線"
    assert ids(store) == ["A1", "B1"]


def test_the_real_grid_merges_what_it_lists_twice(store, shared):
    folder = shared / "data" / "inventory" / "japan_hv_grid"
    for name in ("vertices", "links"):
        file = folder / f"highvoltage_{name}.csv"
        import_inventory(store, file, kind=None, mapping=None)
    report = inventory_folder(store) / "highvoltage_vertices.csv.json"
    left_out = json.loads(report.read_text("utf-8"))["refused"]
    merges = list_merges(store).data["merges"]
    kinds = pc.value_counts(read_assets(store)["kind"]).to_pylist()
    counts = {one["values"]: one["counts"] for one in kinds}
    assert counts["substation"] + len(left_out) == 687  # wc -l less the header
    assert counts["link"] + len(merges) == 853
    assert len(list_inventories(store).data["inventories"]) == 2


@given(st.floats(-500, 500), st.floats(-500, 500))
@settings(deadline=None, max_examples=50)
def test_distances_are_metres_and_the_same_both_ways(east, north):
    one, other = shapely.from_wkt(at()), shapely.from_wkt(at(east, north))
    expected = np.hypot(east, north)
    assert distance_m(one, other) == pytest.approx(expected, rel=1e-3, abs=0.01)
    assert distance_m(other, one) == pytest.approx(expected, rel=1e-3, abs=0.01)
