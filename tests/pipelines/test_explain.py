"""From hypocentre to grade: the same numbers as the map, each with its source."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.errors import UsageError
from data.fragility import chances
from geo.observed import observations_of
from pipelines.config import Config
from pipelines.editions import publish
from pipelines.event import open_messages
from pipelines.explain import explain
from pipelines.explanation import nearest
from pipelines.holdings import import_inventory

FEATURES = (
    ("B1", "bridge", {"spans": 3, "material": "鋼", "year": 1975, "length_m": 80.0}),
    ("S1", "substation", {"voltage_kv": 275}),
    ("D1", "dam", {}),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory, shared):
    """One bridge, substation and dam near the real epicentre of 2008-06-14."""
    folder = tmp_path_factory.mktemp("explain")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [140.95, 38.92]},
            "properties": {"id": name, "kind": kind, **more},
        }
        for name, kind, more in FEATURES
    ]
    file = folder / "assets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    store = folder / "store"
    import_inventory(store, file, kind=None, mapping=None)
    telegram = shared / "data/events/jma/32-35_06_05_100915_VXSE53.xml"
    open_messages(store, [telegram], real=False, actor=None)
    publish(store, "latest", Config())
    return store


def explained(store: Path, asset_id: str, **settings):
    return explain(store, "latest", asset_id, Config(), **settings)


def test_the_shaking_explained_is_that_of_the_map(store):
    for name in ("B1", "S1", "D1"):
        said = explained(store, name).data
        (shaking,) = said["shaking"]
        assert shaking["median"] == pytest.approx(said["belief"]["hazard"], rel=1e-5)
        assert shaking["sigma"] == pytest.approx(
            said["belief"]["hazard_sigma_ln"], rel=1e-5
        )


def test_observations_narrow_what_the_formula_says(store):
    (shaking,) = explained(store, "B1").data["shaking"]
    assert shaking["sigma"] < shaking["sigma_before"]
    assert shaking["median"] != shaking["median_before"]
    assert shaking["observed"] > 1000


@pytest.mark.parametrize("name", ["B1", "S1"])
def test_curve_and_shaking_explained_give_the_chances_of_the_map(store, name):
    said = explained(store, name).data
    (shaking,), (capacity,) = said["shaking"], said["capacity"]
    sigma = np.array([shaking["sigma"]])
    again = chances(
        np.array([shaking["median"]]),
        medians=np.array([capacity["medians"]]),
        betas=np.array([capacity["betas"]]),
        sigma_ln=sigma,
        shared_sigma_ln=np.zeros(1),
    ).states[0]
    prior = [said["belief"][f"prior_{k}"] for k in range(5)]
    assert again == pytest.approx(prior, abs=1e-5)


def test_a_dam_has_a_shaking_but_no_curve(store):
    outcome = explained(store, "D1")
    assert outcome.data["capacity"] == [None]
    assert any("not_modelled" in line for line in outcome.lines)


def test_neighbours_are_the_nearest_observed_in_order(store):
    (shaking,) = explained(store, "B1").data["shaking"]
    km = [each["distance_km"] for each in shaking["neighbours"]]
    assert km == sorted(km)
    assert len(km) == 5
    assert km[0] < 20.0
    assert nearest(observations_of((), on=None), 140.0, 38.0) == ()


def test_lines_name_every_number_and_its_source(store):
    text = "\n".join(explained(store, "B1").lines)
    for words in (
        "hypocentre 39.0",
        "crustal",
        "Utsu",
        "Morikawa and Fujiwara 2013",
        "given what was observed",
        "to below",
        "data/reference/hazus51_bridges.csv",
        "capacity beta 0.35",
        "hazard beta",
        "reference prior q",
    ):
        assert words in text


def test_figures_are_written_and_the_same_twice(store, tmp_path):
    first = explained(store, "B1", figures=tmp_path / "a").data["figures"]
    second = explained(store, "B1", figures=tmp_path / "b").data["figures"]
    assert [Path(path).name for path in first] == ["shaking.png", "fragility.png"]
    for one, other in zip(first, second, strict=True):
        content = Path(one).read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert content == Path(other).read_bytes()
    only = explained(store, "D1", figures=tmp_path / "c").data["figures"]
    assert [Path(path).name for path in only] == ["shaking.png"]


def test_an_asset_that_is_in_no_inventory_is_named(store):
    with pytest.raises(UsageError, match="asset NOPE: in no inventory"):
        explained(store, "NOPE")


def test_a_typhoon_alone_shakes_nothing_and_draws_nothing(store, tmp_path, shared):
    early = tmp_path / "early"
    shutil.copytree(store / "inventory", early / "inventory")
    track = shared / "data/events/tracks/HAGIBIS2019_wmo.csv"
    open_messages(early, [track], real=False, actor=None)
    outcome = explained(early, "B1")
    assert outcome.data["shaking"] == []
    with pytest.raises(UsageError, match="leave --figures out"):
        explained(early, "B1", figures=tmp_path / "figures")
