"""Lists without an edition: the same rows, and no pointer that moves."""

import json

import pyarrow.parquet as pq
import pytest

from data.errors import NothingUsableError
from data.store import find_operation
from pipelines.config import Config
from pipelines.edition_folder import latest_folder, read_latest
from pipelines.editions import publish, write_lists
from pipelines.event import open_messages
from pipelines.holdings import import_inventory


@pytest.fixture
def telegram(shared):
    return shared / "data/events/jma/32-35_06_05_100915_VXSE53.xml"


@pytest.fixture
def store(tmp_path, telegram):
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [140.9, 39.0 + k / 10]},
            "properties": {"id": f"A{k}", "kind": kind},
        }
        for k, kind in enumerate(("bridge", "dam", "tower", "substation"))
    ]
    file = tmp_path / "assets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    import_inventory(tmp_path / "store", file, kind=None, mapping=None)
    open_messages(tmp_path / "store", [telegram], real=False, actor=None)
    return tmp_path / "store"


def test_lists_say_what_the_edition_says_and_publish_nothing(store, tmp_path):
    said = write_lists(store, "latest", Config(), tmp_path / "lists")
    folder = find_operation(store, "latest")
    assert read_latest(folder.path) is None
    assert said.data["assets"] == 4
    publish(store, "latest", Config())
    edition = latest_folder(folder.path)
    for name in ("plan.csv", "plan.geojson", "plan/dams.csv", "plan/sorties.csv"):
        listed = (tmp_path / "lists" / name).read_bytes()
        assert listed == (edition / name).read_bytes()
    assert pq.read_table(tmp_path / "lists/map.parquet").equals(
        pq.read_table(edition / "map.parquet")
    )


def test_without_assets_there_is_nothing_to_list(tmp_path, telegram):
    open_messages(tmp_path / "bare", [telegram], real=False, actor=None)
    with pytest.raises(NothingUsableError, match="import an inventory"):
        write_lists(tmp_path / "bare", "latest", Config(), tmp_path / "lists")
