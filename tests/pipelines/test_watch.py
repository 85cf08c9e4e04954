"""A watched folder: what is taken up, waits or is refused, and signs of life."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.errors import UsageError
from data.store import find_operation, operations
from pipelines.cli import main
from pipelines.config import Config
from pipelines.edition_folder import read_latest
from pipelines.heartbeat import heartbeat_path, read_heartbeat, span_words
from pipelines.holdings import import_inventory
from pipelines.now import now as now_screen
from pipelines.watch import RETRY_AFTER, look, open_feed, watch

KARTE = Path(sys.executable).with_name("karte")
START = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
TELEGRAM = "32-35_06_05_100915_VXSE53.xml"
EARLIER = "32-35_06_02_100915_VXSE52.xml"


@pytest.fixture
def telegrams(shared):
    return shared / "data/events/jma"


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path):
    """A store that knows two bridges near the epicentre of 2008-06-14."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [140.9, 39.0 + k / 10]},
            "properties": {"id": f"B{k}", "kind": "bridge", "name": f"第{k}橋"},
        }
        for k in (0, 1)
    ]
    file = tmp_path / "bridges.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    import_inventory(tmp_path / "store", file, kind=None, mapping=None)
    return tmp_path / "store"


def opened(store, inbox):
    """A feed with all it said, looked at by hand: its clock moves when it is told."""
    said = []
    return open_feed(store, inbox, Config(), tell=said.append, now=START), said


def passes(feed, *seconds):
    """Look so many seconds after the start, one look after the other."""
    for each in seconds:
        look(feed, START + timedelta(seconds=each))


def editions(store):
    return [
        read_latest(folder.path).edition
        for folder in operations(store)
        if read_latest(folder.path)
    ]


def test_a_telegram_becomes_edition_0_once_it_stands_still(store, inbox, telegrams):
    feed, said = opened(store, inbox)
    shutil.copy(telegrams / TELEGRAM, inbox)
    passes(feed, 1)
    assert operations(store) == []
    passes(feed, 3)
    (folder,) = operations(store)
    assert read_latest(folder.path).edition == 0
    assert (folder.path / "editions/000000/plan/bridges.csv").is_file()
    assert any("岩手県内陸南部" in line for line in said)
    assert feed.beat.taken == 1
    assert feed.beat.last_taken_at == START + timedelta(seconds=3)


def test_a_half_written_telegram_waits_and_its_end_is_enough(store, inbox, telegrams):
    feed, said = opened(store, inbox)
    content = (telegrams / TELEGRAM).read_bytes()
    for seconds, share in enumerate((0.3, 0.6, 0.9), start=1):
        (inbox / "t.xml").write_bytes(content[: int(len(content) * share)])
        passes(feed, seconds)  # it grows between every two looks
    assert (said, operations(store)) == ([], [])
    (inbox / "t.xml").write_bytes(content)
    passes(feed, 5, 7)
    assert editions(store) == [0]


def test_a_writer_that_stalled_is_refused_for_now_and_taken_when_done(
    store, inbox, telegrams
):
    feed, said = opened(store, inbox)
    content = (telegrams / TELEGRAM).read_bytes()
    (inbox / "t.xml").write_bytes(content[:5000])
    passes(feed, 1, 3, 5, 7, 60)
    assert [file.name for file in feed.beat.refused] == ["t.xml"]
    assert len([line for line in said if "refused" in line]) == 1
    (inbox / "t.xml").write_bytes(content)
    passes(feed, 61, 63)
    assert editions(store) == [0]


def test_unfinished_hidden_and_odd_files_are_left_alone(store, inbox, telegrams):
    feed, said = opened(store, inbox)
    for name in ("a.xml.part", ".b.xml", "c.tmp", "d.xml~"):
        shutil.copy(telegrams / TELEGRAM, inbox / name)
    (inbox / "folder").mkdir()
    (inbox / "link.xml").symlink_to(telegrams / TELEGRAM)
    os.mkfifo(inbox / "pipe.xml")
    passes(feed, 1, 3, 5)
    assert (said, operations(store), feed.beat.refused) == ([], [], ())
    (inbox / "a.xml.part").rename(inbox / "a.xml")
    passes(feed, 7, 9)
    assert editions(store) == [0]


def test_bad_files_are_listed_tried_once_and_moved_nowhere(store, inbox, telegrams):
    (inbox / "bad.xml").write_bytes(b"<?xml version='1.0'?><Report>")
    (inbox / "same.xml").write_bytes(b"<?xml version='1.0'?><Report>")
    (inbox / "huge.xml").write_bytes(b"")
    os.truncate(inbox / "huge.xml", 40 << 20)
    shutil.copy(telegrams / TELEGRAM, inbox / "good.xml")
    before = sorted(path.name for path in inbox.iterdir())
    feed, said = opened(store, inbox)
    passes(feed, 1, 3, 5, 70)
    assert editions(store) == [0]
    assert sorted(path.name for path in inbox.iterdir()) == before
    assert [file.name for file in feed.beat.refused] == ["bad.xml", "huge.xml"]
    assert len([line for line in said if "refused" in line]) == 2
    again, repeated = opened(store, inbox)
    passes(again, 100, 102)
    assert repeated == []
    assert [file.name for file in again.beat.refused] == ["bad.xml", "huge.xml"]
    (inbox / "bad.xml").unlink()
    passes(again, 104)
    assert [file.name for file in again.beat.refused] == ["huge.xml"]


def test_a_restart_does_not_open_again_what_the_ledger_has(store, inbox, telegrams):
    shutil.copy(telegrams / TELEGRAM, inbox)
    feed, _ = opened(store, inbox)
    passes(feed, 1, 3)
    (folder,) = operations(store)
    with folder.open_ledger() as ledger:
        audit = ledger.audit()
    again, said = opened(store, inbox)
    passes(again, 10, 12, 14)
    with folder.open_ledger() as ledger:
        assert ledger.audit() == audit
    assert (said, again.beat.taken, editions(store)) == ([], 0, [0])


def test_a_restart_makes_the_edition_that_a_killed_watch_did_not(
    store, inbox, telegrams
):
    shutil.copy(telegrams / TELEGRAM, inbox)
    assert main(["event", "open", str(inbox / TELEGRAM), "--store", str(store)]) == 0
    assert editions(store) == []
    feed, _ = opened(store, inbox)
    passes(feed, 1, 3)
    assert editions(store) == [0]


def test_two_reports_of_one_quake_make_one_operation_and_one_edition(
    store, inbox, telegrams
):
    shutil.copy(telegrams / TELEGRAM, inbox)
    shutil.copy(telegrams / EARLIER, inbox)
    feed, _ = opened(store, inbox)
    passes(feed, 1, 3)
    assert editions(store) == [0]
    assert feed.beat.taken == 2


def test_a_drill_stays_in_the_drill_root_and_a_distant_quake_opens_nothing(
    store, inbox, telegrams
):
    for file in telegrams.glob("*.xml"):
        text = file.read_text("utf-8")
        if "<Status>訓練</Status>" in text or "遠地地震" in text:
            shutil.copy(file, inbox)
    feed, said = opened(store, inbox)
    passes(feed, 1, 3)
    assert operations(store)
    assert all(folder.drill for folder in operations(store))
    assert any("opens no operation" in line for line in said)


def test_without_an_inventory_the_event_opens_and_the_map_follows(
    tmp_path, store, inbox, telegrams
):
    bare = tmp_path / "bare"
    shutil.copy(telegrams / TELEGRAM, inbox)
    feed, said = opened(bare, inbox)
    passes(feed, 1, 3)
    assert (len(operations(bare)), editions(bare)) == (1, [])
    assert any("import an inventory" in line for line in said)
    shutil.copytree(store / "inventory", bare / "inventory")
    passes(feed, 5)
    assert editions(bare) == []
    passes(feed, 4 + RETRY_AFTER.total_seconds())
    assert editions(bare) == [0]


def test_a_folder_that_goes_missing_is_said_and_comes_back(store, inbox, telegrams):
    feed, _ = opened(store, inbox)
    inbox.rename(inbox.with_name("away"))
    passes(feed, 1)
    assert feed.beat.doing == "folder is missing"
    inbox.with_name("away").rename(inbox)
    shutil.copy(telegrams / TELEGRAM, inbox)
    passes(feed, 3, 5)
    assert editions(store) == [0]
    with pytest.raises(UsageError, match="no such folder"):
        watch(store, inbox / "nothing", Config(), tell=print)


def test_now_says_for_how_long_the_feed_has_been_silent(store, inbox):
    feed, _ = opened(store, inbox)
    passes(feed, 1, 12)
    alive = now_screen(store, "latest", at=START + timedelta(seconds=30))
    assert "feed alive" in alive.lines[1]
    assert not alive.data["feeds"][0]["silent"]
    later = START + timedelta(seconds=12, minutes=14)
    silent = now_screen(store, "latest", at=later)
    assert "feed silent for 14 min · 受信監視が14分途絶" in silent.lines[1]
    assert silent.data["feeds"][0]["silent_s"] == 840.0


def test_a_damaged_heartbeat_is_as_none(store, inbox):
    path = heartbeat_path(store, inbox)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert read_heartbeat(path) is None
    feed, _ = opened(store, inbox)
    passes(feed, 20)
    assert read_heartbeat(path).doing == "waiting"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 min"), (59, "0 min"), (14 * 60, "14 min"), (4 * 86400, "4 days")],
)
def test_spans_are_whole_and_never_negative(seconds, words):
    assert span_words(seconds)[1] == words


def _until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


@pytest.mark.slow
def test_the_real_process_makes_a_map_of_a_real_telegram_and_ends_at_sigterm(
    store, inbox, telegrams
):
    environment = {k: v for k, v in os.environ.items() if k != "KARTE_STORE"}
    process = subprocess.Popen(
        [str(KARTE), "watch", str(inbox), "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        _until(lambda: heartbeat_path(store, inbox).is_file())
        part = inbox / f".{TELEGRAM}"
        shutil.copy(telegrams / TELEGRAM, part)
        (inbox / "bad.xml").write_text("<?xml version='1.0'?><Report>")
        part.rename(inbox / TELEGRAM)
        _until(lambda: editions(store) == [0])
        _until(lambda: read_heartbeat(heartbeat_path(store, inbox)).refused)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "edition 0 of" in said
    assert "refused" in said
    assert re.search(r"1 messages taken in", said)
    folder = find_operation(store, "latest")
    assert (folder.path / "latest.json").is_file()
    assert read_heartbeat(heartbeat_path(store, inbox)).doing == "stopped"


@pytest.mark.slow
def test_ctrl_c_ends_it_without_a_traceback(store, inbox):
    process = subprocess.Popen(
        [str(KARTE), "watch", str(inbox), "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _until(lambda: heartbeat_path(store, inbox).is_file())
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
