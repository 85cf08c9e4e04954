"""A real telegram and a real national grid: the first ten lie where it shook."""

import csv
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planned(shared: Path, karte, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("national") / "store"
    grid = shared / "data/inventory/japan_hv_grid"
    telegram = shared / "data/events/jma/32-35_06_05_100915_VXSE53.xml"
    for words in (
        ("event", "open", telegram),
        ("inventory", "import", grid / "highvoltage_vertices.csv"),
        ("inventory", "import", grid / "highvoltage_links.csv"),
        ("plan", "latest"),
    ):
        run = karte(*words, "--store", store)
        assert run.returncode == 0, run.stderr
    return store


@pytest.mark.parametrize("kind", ["substation", "link"])
def test_the_first_that_were_shaken_lie_within_150_km_of_the_epicentre(
    planned: Path, kind: str
) -> None:
    (path,) = (planned / "real").glob("*/editions/000000/plan.csv")
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    first = [row for row in rows if row["kind"] == kind][:10]
    assert len(first) == 10
    assert [int(row["rank"]) for row in first] == list(range(1, 11))
    shaken = [row for row in first if row["in_plan"] == "yes"]
    assert len(shaken) >= 8  # below the trigger the list is only filled up to 50
    assert max(float(row["distance_km"]) for row in shaken) <= 150.0


def test_every_row_of_the_grid_is_an_asset_or_listed(planned: Path) -> None:
    report = json.loads(
        (planned / "inventory/highvoltage_vertices.csv.json").read_text("utf-8")
    )
    assert report["assets"] + len(report["refused"]) == 687
    assert {row["code"] for row in report["refused"]} == {"not_an_asset"}


def test_a_drill_opens_only_a_drill(planned: Path, shared: Path, karte) -> None:
    telegrams = shared / "data/events/jma"
    (drill,) = [
        path
        for path in telegrams.glob("*.xml")
        if "<Status>訓練</Status>" in path.read_text("utf-8")
    ]
    before = sorted((planned / "real").iterdir())
    assert karte("event", "open", drill, "--store", planned).returncode == 0
    assert sorted((planned / "real").iterdir()) == before
    assert len(list((planned / "drill").iterdir())) == 1
