"""Inventories are kept as they were given, whole, each asset once."""

import json
import runpy
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from data.assets import AssetKind
from data.errors import LedgerError, RefusedError, UsageError
from data.store import inventory_folder
from data.tables import ASSETS
from pipelines.holdings import import_inventory, list_inventories, read_assets
from pipelines.outcome import ExitCode

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
asset = CASES["asset"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


def owner(tmp_path: Path, *assets, name="owner.geojson") -> Path:
    return CASES["inventory"](tmp_path / name, *assets)


def imported(store: Path, file: Path, **settings):
    return import_inventory(store, file, **({"kind": None, "mapping": None} | settings))


def ids(store: Path) -> list[str]:
    return sorted(read_assets(store)["id"].to_pylist())


def test_what_was_imported_is_what_is_read(store, tmp_path) -> None:
    outcome = imported(store, owner(tmp_path, asset(), asset(id="B2", north_m=50.0)))
    assert outcome.code is ExitCode.DONE
    assert outcome.data["assets"] == {"bridge": 2}
    assert read_assets(store).schema == ASSETS
    assert ids(store) == ["B1", "B2"]


def test_a_store_without_an_inventory_has_no_assets(store) -> None:
    assert read_assets(store).num_rows == 0
    assert "karte inventory import" in list_inventories(store).lines[0]


def test_a_file_of_the_same_name_replaces_the_older_one(store, tmp_path) -> None:
    imported(store, owner(tmp_path, asset(), asset(id="B2", north_m=50.0)))
    imported(store, owner(tmp_path, asset(id="B3")))
    assert ids(store) == ["B3"]
    (listed,) = list_inventories(store).data["inventories"]
    assert (listed["file"], listed["assets"]) == ("owner.geojson", 1)


def test_importing_twice_leaves_the_same_bytes(store, tmp_path) -> None:
    file = owner(tmp_path, asset(), asset(AssetKind.TOWER, id="T1", north_m=9.0))

    def content() -> dict[str, bytes]:
        imported(store, file)
        files = sorted(inventory_folder(store).rglob("*.*"))
        return {path.name: path.read_bytes() for path in files}

    assert content() == content()


def test_inventories_are_read_together_in_one_order(store, tmp_path) -> None:
    one = owner(tmp_path, asset(), name="b.geojson")
    other = owner(tmp_path, asset(id="B2", north_m=9000.0), name="a.geojson")
    imported(store, one), imported(store, other)
    whole = read_assets(store)
    imported(tmp_path / "turned", other), imported(tmp_path / "turned", one)
    assert whole.equals(read_assets(tmp_path / "turned"))
    order = list(zip(whole["morton"].to_pylist(), whole["id"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert len(list_inventories(store).data["inventories"]) == 2


def test_an_id_that_another_inventory_has_for_another_thing_is_refused(
    store, tmp_path
) -> None:
    imported(store, owner(tmp_path, asset(), name="a.geojson"))
    again = owner(tmp_path, asset(north_m=900.0), name="b.geojson")
    outcome = imported(store, again)
    assert outcome.code is ExitCode.NOTHING_USABLE
    assert "B1" in outcome.data["refused"][0]["what"]
    assert "id_prefix" in outcome.data["refused"][0]["remedy"]
    assert [one["file"] for one in list_inventories(store).data["inventories"]] == [
        "a.geojson"
    ]
    mapping = tmp_path / "m.toml"
    mapping.write_text('id_prefix = "b."', "utf-8")
    assert imported(store, again, mapping=mapping).code is ExitCode.DONE
    assert ids(store) == ["B1", "b.B1"]


def changed(file: Path, number: int, **values) -> Path:
    """The file with other properties, or another geometry, of one of its rows."""
    content = json.loads(file.read_text())
    shape = values.pop("coordinates", None)
    content["features"][number]["properties"] |= values
    if shape is not None:
        content["features"][number]["geometry"]["coordinates"] = shape
    file.write_text(json.dumps(content))
    return file


def test_one_wrong_row_leaves_the_older_inventory_in_place(store, tmp_path) -> None:
    """All or nothing: half an owner's list would look like all of it."""
    imported(store, owner(tmp_path, asset()))
    file = owner(tmp_path, asset(id="B8"), asset(id="B9", north_m=50.0))
    changed(file, 1, coordinates=[[200.0, 36.0], [201.0, 36.0]])
    outcome = imported(store, file)
    assert outcome.code is ExitCode.NOTHING_USABLE
    assert "row 2" in outcome.data["refused"][0]["what"]
    assert ids(store) == ["B1"]


def test_a_row_that_is_no_asset_is_listed_and_costs_nothing(store, tmp_path) -> None:
    file = changed(owner(tmp_path, asset(), asset(id="B2")), 1, kind="castle")
    outcome = imported(store, file)
    kept = inventory_folder(store) / "owner.geojson.json"
    report = json.loads(kept.read_text("utf-8"))
    assert report["refused"] == outcome.data["refused"]
    assert [each["code"] for each in report["refused"]] == ["not_an_asset"]
    assert outcome.code is ExitCode.DONE
    assert ids(store) == ["B1"]


def test_a_mapping_is_suggested_and_nothing_is_imported(store, tmp_path) -> None:
    outcome = imported(store, owner(tmp_path, asset()), suggest=True)
    assert 'id = "id"' in outcome.data["mapping"]
    assert not inventory_folder(store).exists()


def test_a_wrong_kind_or_name_is_wrong_usage(store, tmp_path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        imported(store, tmp_path / "gone.geojson")
    with pytest.raises(UsageError, match="kinds: bridge, dam"):
        imported(store, owner(tmp_path, asset()), kind="castle")


@pytest.mark.parametrize("content", ["", "{", "no geojson", '{"type": "Feature"}'])
def test_a_file_that_cannot_be_read_is_refused(store, tmp_path, content: str) -> None:
    file = tmp_path / "owner.geojson"
    file.write_text(content)
    with pytest.raises(RefusedError, match=r"owner\.geojson"):
        imported(store, file)
    assert not inventory_folder(store).exists()


def without_kind(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["kind"]), path)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


@pytest.mark.parametrize("damage", [without_kind, cut_short])
def test_a_damaged_table_is_no_inventory(store, tmp_path, damage) -> None:
    imported(store, owner(tmp_path, asset()))
    damage(inventory_folder(store) / "owner.geojson.parquet")
    with pytest.raises(LedgerError, match="import it again"):
        read_assets(store)
