"""Two quakes in one operation: belief goes on, and what was seen between may go stale.

As in Kumamoto in April 2016, where M7.3 followed M6.5 by some 28 hours. Here both are
made up, and two bridges are looked at between them: one where both quakes struck, and
one some 300 km away.
"""

import runpy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import shapely

from data.assets import AssetKind
from data.store import find_operation
from pipelines.believing import believe
from pipelines.config import Config
from pipelines.event import events_of, open_messages

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
OPERATION, ORIGIN, CAPTURED = CASES["OPERATION"], CASES["ORIGIN"], CASES["CAPTURED"]
HOME, BLACK = CASES["HOME"], CASES["BLACK"]
SECOND_AT = ORIGIN + timedelta(hours=28)
LATER = SECOND_AT + timedelta(hours=2)
FIRST = CASES["EVENT"].replace("magnitude_mj = 7.0", "magnitude_mj = 5.4")
SECOND = (
    FIRST.replace('"made"', '"made-2"')
    .replace("2026-11-05T09:1", "2026-11-06T13:1")
    .replace("5.4", "7.3")
)
SECOND_ALONE = SECOND.replace('"made-2"', '"made"')
FAR_DEG = 3.3  # some 300 km further west
SIDES = {
    "above": {"height_m": 15.0},
    "south": {"height_m": 15.0, "pitch_deg": -42.0, "north_m": -11.0},
}
"""Two sides of a bridge whose middle stands 5 m over flat ground."""
KNOWN = ("crack", "spall", "displacement", "collapse")
NEAR = CASES["asset"](id="NEAR", half_m=4.0)
DAM = CASES["asset"](AssetKind.DAM, id="DAM", half_m=4.0, north_m=400.0)


def moved(bridge):
    """The same bridge, FAR_DEG further west."""
    shape = shapely.transform(
        shapely.from_wkb(bridge.geometry), lambda place: place - [FAR_DEG, 0.0]
    )
    return replace(
        bridge,
        id="FAR",
        geometry=shapely.to_wkb(shape),
        longitude=shape.centroid.x,
        latitude=shape.centroid.y,
    )


FAR = moved(NEAR)


def look_at(store, bridge, rgb, at=CAPTURED):
    """One picture from above and one from the south, taken in and looked at."""
    for shade, (side, values) in enumerate(SIDES.items()):
        seen = CASES["pose"](**values)
        east = seen.longitude - HOME.longitude
        shaded = rgb.copy()
        shaded[:, :, 1] += shade + (bridge.id == "FAR") * 2 + at.hour
        CASES["take_in"](
            store,
            shaded,
            pose=replace(seen, longitude=bridge.longitude + east),
            file=f"{bridge.id}-{side}.JPG",
            captured_at=at,
            relative_altitude_m=values["height_m"],
            serial=bridge.id,
        )
    CASES["looked_at"](store)


@pytest.fixture
def eye(tmp_path, monkeypatch):
    weights = CASES["install_weights"](
        tmp_path / "weights",
        trained_classes={"damage": dict.fromkeys(KNOWN, "rendered"), "component": {}},
        thresholds={"damage": dict.fromkeys(KNOWN, 0.5), "component": 0.5},
        relied_on=list(KNOWN),
    )
    CASES["use_weights"](monkeypatch, weights)


def opened(tmp_path, text):
    """A store with one drill, its bridges and its dam."""
    CASES["opened"].__globals__["EVENT"] = text
    tmp_path.mkdir(exist_ok=True)
    return CASES["opened"](tmp_path, NEAR, FAR, DAM)


def shaken_again(store, text=SECOND):
    event = store.parent / "second.toml"
    event.write_text(text, "utf-8")
    joined = open_messages(store, [event], real=False, actor=None, operation=OPERATION)
    assert joined.data["messages"][0]["operation"] == OPERATION


def believed(store):
    folder = find_operation(store, OPERATION)
    with folder.open_ledger() as ledger:
        found = believe(folder, ledger, store, Config())
    return {row["asset_id"]: row for row in found.beliefs.to_pylist()}


def exceedances(row):
    """P(S >= 1..4) of the belief of one asset."""
    return [sum(row[f"p_{s}"] for s in range(k, 5)) for k in range(1, 5)]


def test_both_quakes_stand_in_one_operation_oldest_first(tmp_path):
    store = opened(tmp_path, FIRST)
    shaken_again(store)
    with find_operation(store, OPERATION).open_ledger() as ledger:
        ids = [event.id for event in events_of(ledger)]
    assert ids == ["drill-made", "drill-made-2"]


def test_the_belief_of_the_second_starts_from_the_first(tmp_path):
    both = opened(tmp_path / "both", FIRST)
    first = believed(both)["NEAR"]
    shaken_again(both)
    second = believed(opened(tmp_path / "second", SECOND_ALONE))["NEAR"]
    after = believed(both)["NEAR"]
    for found, one, other in zip(
        exceedances(after), exceedances(first), exceedances(second), strict=True
    ):
        assert found >= max(one, other) - 1e-6
    assert sum(exceedances(after)) > sum(exceedances(second))
    assert after["prior_source"] == "carried"


@pytest.mark.usefixtures("eye")
def test_d0_between_two_quakes_is_stale_only_where_the_second_shook(tmp_path):
    store = opened(tmp_path, FIRST)
    look_at(store, NEAR, BLACK)
    look_at(store, FAR, BLACK)
    before = believed(store)
    assert (before["NEAR"]["grade"], before["FAR"]["grade"]) == (0, 0)
    shaken_again(store)
    after = believed(store)
    assert (after["NEAR"]["grade"], after["NEAR"]["na_reason"]) == (-1, "stale")
    assert after["NEAR"]["last_grade"] == 0
    assert (after["FAR"]["grade"], after["FAR"]["na_reason"]) == (0, None)


@pytest.mark.usefixtures("eye")
def test_what_was_seen_between_two_quakes_is_not_forgotten(tmp_path):
    """Clean looks lower what the second quake starts from: law in test_carrying."""
    seen, unseen = (opened(tmp_path / name, FIRST) for name in ("seen", "unseen"))
    look_at(seen, NEAR, BLACK)
    shaken_again(seen)
    shaken_again(unseen)
    found, other = believed(seen)["NEAR"], believed(unseen)["NEAR"]
    assert all(
        carried < plain
        for carried, plain in zip(exceedances(found), exceedances(other), strict=True)
    )
    assert "carried on from" in " ".join(found["reasons_en"])


@pytest.mark.usefixtures("eye")
def test_a_look_after_the_second_quake_counts_again(tmp_path):
    store = opened(tmp_path, FIRST)
    look_at(store, NEAR, BLACK)
    shaken_again(store)
    look_at(store, NEAR, BLACK, at=LATER)
    found = believed(store)["NEAR"]
    assert found["looks"] == 2
    assert found["na_reason"] != "stale"


def test_the_clock_of_a_dam_restarts_with_the_stronger_shock(tmp_path):
    store = opened(tmp_path, FIRST)
    assert believed(store)["DAM"]["clock_due_at"] == ORIGIN + timedelta(hours=3)
    shaken_again(store)
    assert believed(store)["DAM"]["clock_due_at"] == SECOND_AT + timedelta(hours=3)


@pytest.mark.usefixtures("eye")
def test_the_order_in_which_two_quakes_and_pictures_came_is_no_matter(tmp_path):
    one, other = opened(tmp_path / "one", FIRST), opened(tmp_path / "other", FIRST)
    look_at(one, NEAR, BLACK)
    shaken_again(one)
    shaken_again(other)
    look_at(other, NEAR, BLACK)
    assert believed(one) == believed(other)
