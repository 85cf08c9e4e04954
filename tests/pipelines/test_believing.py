"""Belief follows from the ledger alone: kept by key, made again alike, no clock."""

import runpy
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.assets import AssetKind
from data.errors import WeightsError
from data.record import to_json
from data.store import find_operation
from pipelines import believing
from pipelines.believing import believe, latest_time
from pipelines.config import Config
from pipelines.event import open_messages
from pipelines.review import ReviewRequest, review

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
asset, pose, OPERATION = CASES["asset"], CASES["pose"], CASES["OPERATION"]
REPORTED = CASES["ORIGIN"] + timedelta(minutes=4)
ASSETS = (
    asset(),
    asset(AssetKind.LINK, id="L1", half_m=200.0, north_m=30.0),
    asset(AssetKind.TOWER, id="T1", east_m=-200.0, north_m=30.0, parent_id="L1"),
    asset(AssetKind.TOWER, id="T2", east_m=200.0, north_m=30.0, parent_id="L1"),
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return CASES["opened"](tmp_path, *ASSETS)


@pytest.fixture
def eye(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    weights = CASES["install_weights"](tmp_path / "weights")
    CASES["use_weights"](monkeypatch, weights)
    return weights


def believed(store: Path, config: Config | None = None, **settings):
    folder = find_operation(store, OPERATION)
    with folder.open_ledger() as ledger:
        return believe(folder, ledger, store, config or Config(), **settings)


def rows(found) -> dict[str, dict]:
    return {row["asset_id"]: row for row in found.beliefs.to_pylist()}


def kept(store: Path) -> dict[str, bytes]:
    folder = find_operation(store, OPERATION).beliefs
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


def decide(store: Path, name: str, grade="D3", actor="A", at=CASES["CAPTURED"]):
    request = ReviewRequest(
        action="correct",
        asset_id=name,
        grade=grade,
        actor=actor,
        role="inspector",
        method="onsite",
        reason="went there",
        at=at,
    )
    return review(store, OPERATION, request, Config())


# --- before the first picture ---------------------------------------------------------


def test_a_plan_needs_no_weights(store, tmp_path, monkeypatch) -> None:
    CASES["use_weights"](monkeypatch, tmp_path / "no weights here")
    found = believed(store)
    assert set(found.beliefs["grade"].to_pylist()) == {-1}
    assert rows(found)["B1"]["expected"] >= 0
    assert found.inputs["weights"] == found.inputs["card"] == ""


def test_with_a_picture_wrong_weights_stop_the_run(
    store, tmp_path, monkeypatch
) -> None:
    CASES["use_weights"](monkeypatch, tmp_path / "no weights here")
    CASES["take_in"](store, CASES["BLACK"])
    with pytest.raises(WeightsError):
        believed(store)


# --- kept by key ----------------------------------------------------------------------


def test_belief_is_kept_and_not_made_again(store, monkeypatch) -> None:
    first = believed(store)
    before = kept(store)
    monkeypatch.setattr(believing, "_beliefs", None)
    assert believed(store).beliefs.equals(first.beliefs)
    assert kept(store) == before
    assert len(before) == 1


def test_belief_made_again_is_the_same_bytes(store) -> None:
    first, before = believed(store), kept(store)
    shutil.rmtree(find_operation(store, OPERATION).beliefs)
    assert believed(store).beliefs.equals(first.beliefs)
    assert kept(store) == before


@pytest.mark.parametrize("cut", [0, 100, -1])
def test_a_damaged_kept_belief_is_made_again(store, cut: int) -> None:
    first, before = believed(store), kept(store)
    (name,) = before
    path = find_operation(store, OPERATION).beliefs / name
    path.write_bytes(before[name][:cut])
    assert believed(store).beliefs.equals(first.beliefs)
    assert kept(store) == before


def test_a_belief_somebody_wrote_into_the_store_is_not_believed(store) -> None:
    """A sound table of other content, under the right name."""
    first, before = believed(store), kept(store)
    decide(store, "B1")
    (own,) = before
    (other,) = set(kept(store)) - set(before)
    folder = find_operation(store, OPERATION).beliefs
    shutil.copyfile(folder / own, folder / other)
    assert rows(believed(store))["B1"]["grade"] == 3
    assert rows(first)["B1"]["grade"] == -1


def another_message(store: Path) -> None:
    text = CASES["EVENT"].replace("serial = 1", "serial = 2").replace(":14", ":19")
    event = store.parent / "event2.toml"
    event.write_text(text.replace("7.0", "7.3"), "utf-8")
    open_messages(store, [event], real=False, actor=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: Config(vs30_m_s=500.0),
        lambda _: Config(coarsest_gsd_m=0.04),
        lambda store: decide(store, "B1") and None,
        another_message,
    ],
    ids=["ground", "distance", "decision", "message"],
)
def test_what_may_change_a_belief_makes_another(store, change) -> None:
    believed(store)
    config = change(store)
    count = len(kept(store))
    believed(store, config)
    assert len(kept(store)) == 2 >= count


def test_workers_and_pace_make_no_other(store) -> None:
    believed(store)
    believed(store, Config(workers=7, publish_every_s=1.0))
    assert len(kept(store)) == 1


def test_another_frame_or_card_makes_another(store, eye) -> None:
    believed(store)
    CASES["take_in"](store, CASES["BLACK"])
    believed(store)
    assert len(kept(store)) == 2
    CASES["install_weights"](eye, scales=[1.0])
    believed(store)
    assert len(kept(store)) == 3


# --- the state of knowledge -----------------------------------------------------------


@pytest.mark.usefixtures("eye")
def test_as_of_is_the_latest_time_in_the_ledger(store) -> None:
    assert believed(store).as_of == REPORTED
    CASES["take_in"](store, CASES["BLACK"])
    assert believed(store).as_of == CASES["CAPTURED"]
    later = CASES["CAPTURED"] + timedelta(hours=5)
    decide(store, "B1", at=later)
    assert believed(store).as_of == later


@pytest.mark.usefixtures("eye")
def test_a_frame_without_a_time_says_nothing_of_as_of(store) -> None:
    CASES["take_in"](store, CASES["BLACK"], captured_at=None)
    assert believed(store).as_of == REPORTED


def test_as_of_can_be_given_and_changes_no_belief(store) -> None:
    given = REPORTED + timedelta(days=1)
    first, other = believed(store), believed(store, as_of=given)
    assert other.as_of == given
    assert other.beliefs.equals(first.beliefs)


def test_the_latest_of_all_kinds_counts() -> None:
    frames = [CASES["frame"](captured_at=None), CASES["frame"]()]
    assert latest_time([], frames, []) == CASES["CAPTURED"]


# --- people ---------------------------------------------------------------------------


def test_a_decision_changes_its_asset_and_its_parents_alone(store) -> None:
    before = rows(believed(store))
    decide(store, "T1")
    after = rows(believed(store))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"T1", "L1"}
    assert (after["T1"]["grade"], after["T1"]["basis"]) == (3, "confirmed")
    assert after["L1"]["grade"] == 3


def test_a_decision_leaves_the_posterior_as_it_was(store) -> None:
    before, names = rows(believed(store)), [f"p_{n}" for n in range(5)]
    decide(store, "B1")
    after = rows(believed(store))
    assert [after["B1"][n] for n in names] == [before["B1"][n] for n in names]


# --- pictures -------------------------------------------------------------------------


@pytest.mark.usefixtures("eye")
def test_a_frame_not_yet_looked_at_is_pending_and_then_a_look(store) -> None:
    CASES["take_in"](store, CASES["BLACK"])
    assert rows(believed(store))["B1"]["na_reason"] == "pending"
    assert CASES["looked_at"](store).data["frames_looked_at"] == 1
    found = believed(store)
    assert rows(found)["B1"]["looks"] == 1
    assert found.coverage.num_rows == found.looks.num_rows == 1
    assert CASES["looked_at"](store).data["frames_looked_at"] == 0


@pytest.mark.usefixtures("eye")
def test_the_order_in_which_pictures_came_is_no_matter(tmp_path) -> None:
    red = CASES["painted"]((190, 130, 220, 160, (255, 0, 0)))
    pictures = [(CASES["BLACK"], {}), (red, {"pose": pose(2.0), "file": "b.JPG"})]
    found = []
    for name, order in (("one", pictures), ("other", pictures[::-1])):
        (tmp_path / name).mkdir()
        store = CASES["opened"](tmp_path / name, *ASSETS)
        for rgb, values in order:
            CASES["take_in"](store, rgb, **values)
            CASES["looked_at"](store)
        found.append(believed(store))
    one, other = found
    assert one.inputs == other.inputs
    for name in ("beliefs", "looks", "cells", "features", "coverage"):
        assert getattr(one, name).equals(getattr(other, name)), name
    assert one.features.num_rows == 1


@pytest.mark.usefixtures("eye")
def test_a_picture_understood_anew_leaves_nothing_of_the_old(store) -> None:
    one = CASES["take_in"](store, CASES["BLACK"])
    CASES["looked_at"](store)
    moved = replace(one, pose=pose(north_m=90.0))
    with find_operation(store, OPERATION).open_ledger() as ledger:
        ledger.replace([("frame", one.id, to_json(moved))], note={"did": "test"})
    CASES["looked_at"](store)
    assert rows(believed(store))["B1"]["looks"] == 0
