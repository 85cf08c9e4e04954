"""Messages in, operations open: any order, joined, merged, frozen, and never mixed."""

import json
import runpy
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import LedgerError, UsageError
from data.feeds.jma import read_telegram
from data.operation import EventKind
from data.store import find_operation, operations, received_path
from pipelines.cli import main
from pipelines.config import Config
from pipelines.editions import publish
from pipelines.event import (
    events_of,
    frozen,
    messages_of,
    open_messages,
    shakemap_of,
    track_of,
)
from pipelines.event_list import list_operations, show_operation
from pipelines.event_rulings import merge_events, release_operation
from pipelines.now import now
from pipelines.verify import verify

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
TELEGRAM = runpy.run_path(str(Path(__file__).parents[1] / "data/test_jma.py"))["REPORT"]
GRID = runpy.run_path(str(Path(__file__).parents[1] / "data/test_shakemap.py"))
TRACK = runpy.run_path(str(Path(__file__).parents[1] / "data/test_tracks.py"))["CSV"]
OWN, OTHER = "20261122084350", "us1000"
AT = datetime(2026, 11, 24, tzinfo=UTC)
KINDS = {
    "VXSE52": "震源に関する情報",
    "VXSE53": "震源・震度に関する情報",
    "VXSE61": "顕著な地震の震源要素更新のお知らせ",
}


def telegram(kind="VXSE53", minute=47, *, cancels=False, changes=None):
    """A made-up telegram; changes replace texts."""
    text = TELEGRAM.replace("震源・震度に関する情報", KINDS[kind], 1)
    text = text.replace("08:47:00", f"08:{minute}:00")
    if cancels:
        body = text.index("<Earthquake>")
        text = text[:body] + "</Body></Report>"
        text = text.replace("発表", "取消")
    for old, new in (changes or {}).items():
        text = text.replace(old, new)
    return text.encode()


CHAIN = [
    telegram("VXSE52", 46),
    telegram("VXSE53", 47),
    telegram("VXSE53", 49),
    telegram("VXSE52", 51, cancels=True),
    telegram("VXSE61", 53),
    telegram("VXSE53", 55, cancels=True),
    telegram("VXSE61", 57, cancels=True),
]


def shakemap():
    """A ShakeMap of the same quake by another agency: 20 s and 11 km apart."""
    head = (
        GRID["HEAD"]
        .replace("2018-05-04T22:32:54GMT", "2026-11-21T23:43:20Z")
        .replace("2018-05-25T21:55:54Z", "2026-11-21T23:50:00Z")
        .replace('lat="19.3" lon="-155.0"', 'lat="38.2" lon="142.9"')
        .replace('magnitude="6.9"', 'magnitude="7.1"')
    )
    return GRID["grid"](GRID["V4"], head=head)


def write(folder, content, name="message"):
    path = folder / name
    path.write_bytes(content)
    return path


def opened(store, *contents, **options):
    folder = store.parent
    files = [write(folder, c, f"m{n}") for n, c in enumerate(contents)]
    said = {"real": False, "actor": "N", "now": AT} | options
    return open_messages(store, files, **said)


def standing(store, name=OWN):
    with find_operation(store, name).open_ledger() as ledger:
        return events_of(ledger)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


# --- any order ------------------------------------------------------------------------


@pytest.mark.slow
@given(st.permutations(range(len(CHAIN))), st.integers(0, len(CHAIN)))
@settings(deadline=None, max_examples=25)
def test_the_ledger_ends_alike_in_any_order_of_arrival(
    tmp_path_factory, order, repeated
):
    """Cancellations that come before what they cancel wait for it."""
    store = tmp_path_factory.mktemp("order") / "store"
    for index in [*order, *order[:repeated]]:
        opened(store, CHAIN[index])
    assert [folder.id for folder in operations(store)] == [OWN]
    with find_operation(store, OWN).open_ledger() as ledger:
        digests = {message.sha256 for message in messages_of(ledger)}
    whole = {read_telegram(each, name="x").sha256 for each in CHAIN}
    assert digests == whole
    assert standing(store) == ()


def test_a_cancellation_alone_opens_nothing_and_is_kept(store):
    found = opened(store, CHAIN[3])
    assert found.code == 0
    assert "never opened" in found.lines[0]
    assert operations(store) == []
    opened(store, CHAIN[0])
    assert standing(store) == ()


def test_a_replay_changes_nothing(store):
    opened(store, *CHAIN[:3])
    with find_operation(store, OWN).open_ledger() as ledger:
        before = ledger.audit()
    opened(store, *CHAIN[:3], *CHAIN[:2])
    with find_operation(store, OWN).open_ledger() as ledger:
        assert ledger.audit() == before


def test_a_report_that_comes_late_is_kept_and_said_to_be_old(store):
    found = opened(store, CHAIN[2], CHAIN[1])
    assert [m["superseded"] for m in found.data["messages"]] == [False, True]
    assert "旧報" in found.lines[1]
    (event,) = standing(store)
    assert event.reported_at == datetime(2026, 11, 21, 23, 49, tzinfo=UTC)


# --- what opens nothing, and what is refused ------------------------------------------


def test_a_distant_quake_and_a_test_are_recorded_and_open_nothing(store):
    distant = telegram(changes={"震源・震度情報": "遠地地震に関する情報"})
    found = opened(store, distant, telegram(changes={"通常": "試験"}))
    assert found.code == 0
    assert operations(store) == []
    assert received_path(store, drill=False).is_file()
    assert received_path(store, drill=True).is_file()


HOSTILE = {
    "bomb": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aa">]><Report>&a;</Report>',
    "nan": telegram(changes={">7.3<": ">NaN<"}),
    "magnitude 99": telegram(changes={">7.3<": ">99<"}),
    "naive": telegram(changes={"08:43:00+09:00": "08:43:00"}),
    "future": telegram(changes={"2026-11-22": "2027-11-22"}),
    "path": telegram(changes={"20261122084350": "../../x"}),
    "status": telegram(changes={"通常": "本番"}),
    "nothing": b"",
    "deep": b"{" * 100_000,
    "shakemap id": GRID["grid"](
        GRID["V4"], head=GRID["HEAD"].replace("us1000", "../../x")
    ),
    "track id": TRACK.replace("2019278N16165", "../../x").encode(),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_message_is_refused_in_words_and_leaves_nothing(store, name):
    found = opened(store, HOSTILE[name])
    assert found.code == 6
    (refusal,) = found.data["refused"]
    assert refusal["value"]
    assert refusal["remedy"]
    assert not store.exists()


def test_a_hostile_message_costs_only_itself(store):
    found = opened(store, *HOSTILE.values(), CHAIN[1])
    assert found.code == 3
    assert len(found.data["refused"]) == len(HOSTILE)
    assert len(standing(store)) == 1


# --- drills ---------------------------------------------------------------------------


def test_a_drill_never_lies_beside_the_real(store):
    opened(store, telegram(changes={"通常": "訓練"}), TRACK.encode(), real=False)
    assert {folder.drill for folder in operations(store)} == {True}
    opened(store, CHAIN[1])
    assert find_operation(store, "latest").drill is False
    with pytest.raises(UsageError, match="never mixed"):
        opened(store, telegram(changes={"通常": "訓練"}), operation=OWN)
    with pytest.raises(UsageError, match="never mixed"):
        opened(store, CHAIN[1], operation=f"drill-{OWN}")
    assert [event.id for event in standing(store)] == [OWN]


# --- several events -------------------------------------------------------------------


def test_a_typhoon_joins_the_operation_of_a_quake(store):
    opened(store, CHAIN[1])
    opened(store, TRACK.encode(), real=True, operation=OWN)
    typhoon, quake = standing(store)
    assert (typhoon.kind, quake.kind) == (EventKind.TYPHOON, EventKind.EARTHQUAKE)
    with find_operation(store, OWN).open_ledger() as ledger:
        assert len(track_of(ledger)[typhoon.id].points) == 2
    assert [folder.id for folder in operations(store)] == [OWN]


SECOND = telegram(
    changes={"20261122084350": "20261123124500", "T08:43": "T12:45", "11-22": "11-23"}
)
THIRD = SECOND.replace(b"08:47:00", b"08:59:00")


def test_later_messages_of_an_event_follow_it_into_its_operation(store):
    opened(store, CHAIN[1])
    opened(store, SECOND, operation=OWN)
    opened(store, THIRD)
    assert [folder.id for folder in operations(store)] == [OWN]
    assert [event.id for event in standing(store)] == [OWN, "20261123124500"]
    with find_operation(store, OWN).open_ledger() as ledger:
        assert len(messages_of(ledger)) == 3


def test_an_operation_that_is_open_already_goes_on_in_another(store):
    opened(store, CHAIN[1])
    opened(store, SECOND)
    assert len(operations(store)) == 2
    opened(store, SECOND, operation=OWN)
    opened(store, THIRD)
    assert len(standing(store)) == 2
    assert find_operation(store, "20261123124500").id == OWN
    assert find_operation(store, "latest").id == OWN
    rows = {row["operation"]: row for row in list_operations(store).data["operations"]}
    assert rows["20261123124500"]["goes_on_in"] == OWN


def test_an_event_belongs_to_one_operation(store):
    opened(store, CHAIN[1])
    opened(store, telegram(changes={"20261122084350": "20261122090000"}))
    opened(store, SECOND, operation=OWN)
    with pytest.raises(UsageError, match="belongs to operation"):
        opened(store, SECOND, operation="20261122090000")


# --- two ids of one quake -------------------------------------------------------------


def test_two_ids_are_proposed_with_evidence_and_merged_by_a_named_person(store):
    opened(store, CHAIN[1], shakemap())
    (proposed,) = list_operations(store).data["proposed"]
    assert (proposed["first"], proposed["second"]) == (OWN, OTHER)
    assert proposed["evidence"] == "20 s apart, 11 km apart, 0.2 magnitudes apart"
    with pytest.raises(UsageError, match="--actor"):
        merge_events(store, OWN, OTHER, actor=None, at=AT)
    merge_events(store, OWN, OTHER, actor="佐藤", at=AT)
    (event,) = standing(store)
    assert event.id == OWN
    assert event.hypocentre.magnitude_mj == 7.3
    with find_operation(store, OTHER).open_ledger() as ledger:
        assert list(shakemap_of(ledger)) == [OWN]
        assert "佐藤" in ledger.audit()[-1][1]
    shown = show_operation(store, OWN).data
    assert shown["rulings"][0]["actor"] == "佐藤"
    assert shown["proposed"] == list_operations(store).data["proposed"] == []


def test_a_merge_can_be_undone_and_is_not_proposed_again(store):
    opened(store, CHAIN[1], shakemap())
    merge_events(store, OWN, OTHER, actor="A", at=AT)
    with pytest.raises(UsageError, match="already"):
        merge_events(store, OWN, OTHER, actor="A", at=AT)
    merge_events(store, OWN, OTHER, actor="B", at=AT, undo=True)
    assert [event.id for event in standing(store, OWN)] == [OWN]
    assert [event.id for event in standing(store, OTHER)] == [OTHER]
    assert list_operations(store).data["proposed"] == []
    with pytest.raises(UsageError, match="was not merged"):
        merge_events(store, OWN, OTHER, actor="B", at=AT, undo=True)
    kinds = [ruling["kind"] for ruling in show_operation(store, OWN).data["rulings"]]
    assert kinds == ["merge", "unmerge"]


def test_a_message_after_the_merge_is_of_the_merged_event(store):
    opened(store, CHAIN[1], shakemap())
    merge_events(store, OWN, OTHER, actor="A", at=AT)
    later = shakemap().replace(b'shakemap_version="3"', b'shakemap_version="4"')
    opened(store, later)
    with find_operation(store, OWN).open_ledger() as ledger:
        assert shakemap_of(ledger)[OWN].version == 4


def test_two_ids_in_one_operation_merge_too(store):
    opened(store, CHAIN[1])
    opened(store, shakemap(), operation=OWN)
    assert len(standing(store)) == 2
    merge_events(store, OWN, OTHER, actor="A", at=AT)
    assert [event.id for event in standing(store)] == [OWN]
    merge_events(store, OWN, OTHER, actor="A", at=AT, undo=True)
    assert len(standing(store)) == 2


@pytest.mark.parametrize("other", ["nobody", "../../x", OWN])
def test_what_cannot_be_merged_is_said(store, other):
    opened(store, CHAIN[1])
    with pytest.raises(UsageError):
        merge_events(store, OWN, other, actor="A", at=AT)


# --- withdrawn with pictures ----------------------------------------------------------


def test_a_withdrawal_with_pictures_freezes_and_asks(tmp_path, store, capsys):
    opened(store, CHAIN[1])
    bridge = CASES["asset"](longitude=142.9, latitude=38.1)
    file = CASES["inventory"](tmp_path / "owner.geojson", bridge)
    CASES["import_inventory"](store, file, kind=None, mapping=None)
    first = publish(store, OWN, Config())
    picture = CASES["frame"](captured_at=AT, unlocated="no_gps", pose=None)
    with find_operation(store, OWN).open_ledger() as ledger:
        entry = ("frame", picture.id, CASES["to_json"](picture))
        statement = json.dumps({"terrain_sha256": None, "settings": {}}).encode()
        ledger.replace([entry, ("batch", picture.id, statement)], note={"did": "test"})
    opened(store, CHAIN[5])
    assert standing(store) == ()
    held = publish(store, OWN, Config())
    assert (held.code, held.data["new"], held.data["frozen"]) == (0, False, [OWN])
    assert held.data["path"] == first.data["path"]
    asked = f"karte event release {OWN} --actor NAME"
    for outcome in (held, now(store, OWN, at=AT), show_operation(store, OWN)):
        assert asked in "\n".join(outcome.lines)
    words = ("event", "release", OWN, "--store", str(store))
    assert main(words) == 2
    assert "--actor" in capsys.readouterr().err
    assert main((*words, "--actor", "佐藤")) == 0
    with find_operation(store, OWN).open_ledger() as ledger:
        assert frozen(ledger) == {}
    assert asked not in "\n".join(now(store, OWN, at=AT).lines)


def test_without_pictures_a_withdrawal_asks_nobody(store):
    opened(store, CHAIN[1], CHAIN[5])
    with find_operation(store, OWN).open_ledger() as ledger:
        assert frozen(ledger) == {}
    said = release_operation(store, OWN, actor="A", at=AT)
    assert said.data["released"] == []


def test_a_changed_shakemap_is_found_and_not_used(store):
    opened(store, shakemap())
    folder = find_operation(store, OTHER)
    (file,) = folder.feeds.iterdir()
    file.write_bytes(file.read_bytes().replace(b"5.0", b"6.0"))
    said = "\n".join(verify(store).lines)
    assert f"ShakeMap or track {file.name[:16]} is changed or missing" in said
    with folder.open_ledger() as ledger, pytest.raises(LedgerError, match="changed"):
        shakemap_of(ledger)


def test_what_was_received_is_verified_too(store):
    opened(store, CHAIN[1], CHAIN[3])
    path = received_path(store, drill=False)
    assert not path.exists()
    opened(store, telegram(changes={"震源・震度情報": "遠地地震に関する情報"}))
    assert verify(store).code == 0
    with sqlite3.connect(path) as ledger:
        ledger.execute("UPDATE entries SET value = x'00' WHERE stage = 'message'")
    ledger.close()
    assert "real/received.sqlite: entry message" in "\n".join(verify(store).lines)


def test_the_command_line_joins_merges_and_shows(tmp_path, store, capsys):
    quake, grid = write(tmp_path, CHAIN[1], "a.xml"), write(tmp_path, shakemap(), "b")
    end = ("--store", str(store), "--json")
    assert main(("event", "open", str(quake), *end)) == 0
    assert main(("event", "open", str(grid), "--operation", OWN, *end)) == 0
    assert main(("event", "merge", OWN, OTHER, "--actor", "A", *end)) == 0
    assert main(("event", "merge", OWN, OTHER, "--undo", "--actor", "A", *end)) == 0
    capsys.readouterr()
    assert main(("event", "show", OWN, *end)) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [event["event"] for event in shown["events"]] == [OWN, OTHER]
    assert shown["events"][1]["degraded"]
