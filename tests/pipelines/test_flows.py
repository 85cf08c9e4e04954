import hashlib
import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prefect import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.testing.utilities import prefect_test_harness

from data.errors import UsageError
from data.places import SAMPLES
from data.store import find_operation
from pipelines import assess as assessing
from pipelines import believing, cli, flows
from pipelines.edition_folder import latest_folder, read_latest, read_manifest
from pipelines.event import open_messages
from pipelines.holdings import import_inventory
from pipelines.outcome import ExitCode, Outcome

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TELEGRAM = "data/events/jma/32-35_06_05_100915_VXSE53.xml"
GRID = "data/inventory/japan_hv_grid/highvoltage_vertices.csv"
OPERATION = "20080614084350"
SAMPLE = SAMPLES / "noto_drill"
CASES = runpy.run_path(str(ROOT / "tests" / "scene_cases.py"))


def open_telegram(store, shared):
    return open_messages(store, [shared / TELEGRAM], real=False, actor=None)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def content_of(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


# --- how an outcome becomes a state ---------------------------------------------------


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        (ExitCode.DONE, "COMPLETED"),
        (ExitCode.PARTIAL, "COMPLETED"),
        (ExitCode.USAGE, "FAILED"),
        (ExitCode.CORRUPT, "FAILED"),
        (ExitCode.NOTHING_USABLE, "FAILED"),
    ],
)
def test_a_state_ends_as_its_exit_code_says_and_carries_every_line(code, ends):
    state = flows.state_of(Outcome(code, ["edition 3", "  12 assets"]))
    assert state.type.value == ends
    assert state.message.endswith("edition 3\n  12 assets")


def test_only_exit_code_3_says_that_it_is_partial():
    said = {
        code: flows.state_of(Outcome(code, ["x"])).message.startswith("partial")
        for code in ExitCode
    }
    assert [code for code, partial in said.items() if partial] == [ExitCode.PARTIAL]


def test_a_message_of_ten_thousand_lines_is_cut_and_says_so():
    lines = [f"line {number}" for number in range(10_000)]
    message = flows.state_of(Outcome(ExitCode.DONE, lines)).message
    assert message.splitlines()[: flows.SHOWN_LINES] == lines[: flows.SHOWN_LINES]
    assert message.endswith("and 9950 more lines, in the log of the run")


def test_chunks_hold_every_frame_once_and_keep_the_order():
    frames = [str(number) for number in range(2 * flows.TASK_FRAMES + 1)]
    chunks = flows._chunks(frames)
    assert [frame for chunk in chunks for frame in chunk] == frames
    assert [len(chunk) for chunk in chunks] == [flows.TASK_FRAMES] * 2 + [1]
    assert flows._chunks([]) == []


# --- announcing -----------------------------------------------------------------------


class Refusing(BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 a name of http.server

    def log_message(self, *_):
        pass


@pytest.fixture(params=["closed", "silent", "refusing"])
def bad_server(request):
    """An address where nobody listens, nobody answers, or the answer is 503."""
    if request.param == "closed":
        yield f"http://127.0.0.1:{free_port()}/api"
    elif request.param == "silent":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    else:
        with HTTPServer(("127.0.0.1", 0), Refusing) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield f"http://127.0.0.1:{server.server_port}/api"
            server.shutdown()
            thread.join()


@pytest.mark.slow
def test_an_event_opens_even_if_no_server_takes_it(
    bad_server, shared, tmp_path, capsys
):
    command = ["event", "open", str(shared / TELEGRAM), "--announce"]
    with temporary_settings({PREFECT_API_URL: bad_server}):
        begin = time.monotonic()
        code = cli.main([*command, "--store", str(tmp_path)])
        took_s = time.monotonic() - begin
    said = capsys.readouterr().out
    assert code == ExitCode.PARTIAL
    assert (tmp_path / "real" / OPERATION / "ledger.sqlite").is_file()
    assert (
        f"{OPERATION} is open, but not announced: Prefect server {bad_server}" in said
    )
    assert f"karte plan {OPERATION}" in said
    assert took_s < 2 * flows.ANNOUNCE_TIMEOUT_S + 10


def test_announcing_without_a_server_says_what_to_set(tmp_path):
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        pytest.raises(UsageError, match="set PREFECT_API_URL"),
    ):
        flows.announce(OPERATION, tmp_path)


def test_a_message_that_opens_nothing_is_not_announced(shared, tmp_path):
    distant = shared / "data/events/jma/20230410231623_04156158_VXSE53.xml"
    opened = open_messages(tmp_path, [distant], real=False, actor=None)
    said = flows.announce_opened(opened, tmp_path)
    assert (said.code, said.lines) == (opened.code, opened.lines)
    assert said.data["announced"] == []


# --- the ephemeral server -------------------------------------------------------------


@pytest.fixture(scope="session")
def planned(shared, tmp_path_factory):
    """A store planned by the flow, and the state that ended in; no server is named.

    Prefect starts a temporary server with a database of its own, as long as this lasts.
    """
    store = tmp_path_factory.mktemp("planned")
    open_telegram(store, shared)
    import_inventory(store, shared / GRID, kind=None, mapping=None)
    event = flows.EventRef(operation=OPERATION, store=str(store))
    with prefect_test_harness(server_startup_timeout=120):
        yield store, flows.plan(event, return_state=True)


def on_ephemeral(test):
    """Slow, and all in one process: the temporary server is started once."""
    return pytest.mark.slow(pytest.mark.xdist_group("prefect-ephemeral")(test))


@on_ephemeral
def test_plan_makes_edition_0_and_says_so(planned):
    store, state = planned
    latest = json.loads((store / "real" / OPERATION / "latest.json").read_text())
    assert state.is_completed()
    assert latest["edition"] == 0
    assert state.message.startswith(f"edition 0 of {OPERATION}: published")
    assert "326 assets" in state.message


@on_ephemeral
def test_a_run_started_twice_changes_nothing(planned):
    store, _ = planned
    before = content_of(store)
    state = flows.plan(
        flows.EventRef(operation="latest", store=str(store)), return_state=True
    )
    assert state.is_completed()
    assert "nothing changed: it stands" in state.message
    assert content_of(store) == before


@on_ephemeral
def test_assess_with_nothing_new_says_so_and_changes_nothing(planned):
    store, _ = planned
    before = content_of(store)
    state = flows.assess(OPERATION, str(store), return_state=True)
    assert state.is_completed()
    assert "nothing new to look at" in state.message
    assert content_of(store) == before


@on_ephemeral
def test_an_unknown_operation_fails_with_the_names_of_those_there(planned):
    store, _ = planned
    event = flows.EventRef(operation="../../etc", store=str(store))
    state = flows.plan(event, return_state=True)
    assert state.is_failed()
    assert "operation ../../etc: not in store" in state.message
    assert OPERATION in state.message


@on_ephemeral
def test_an_inbox_without_a_picture_fails_and_lists_why(planned, tmp_path):
    store, _ = planned
    (tmp_path / "notes.jpg").write_text("no picture at all")
    state = flows.assess(OPERATION, str(store), str(tmp_path), return_state=True)
    assert state.is_failed()
    assert "refused notes.jpg" in state.message


def waiting_tasks():
    """Names of the tasks that wait to be tried again."""
    waiting = {"task_runs": {"state": {"name": {"any_": ["AwaitingRetry"]}}}}
    with get_client(sync_client=True) as client:
        runs = client.request("POST", "/task_runs/filter", json=waiting).json()
    return [run["name"] for run in runs]


@on_ephemeral
def test_a_full_disk_is_waited_for_and_the_run_goes_on(planned, monkeypatch):
    store, _ = planned
    monkeypatch.setattr(flows.publish_edition, "retry_delay_seconds", 10)
    (kept,) = (store / "real" / OPERATION / "beliefs").glob("*.parquet")
    content = kept.read_bytes()
    kept.unlink()  # so that it is written again, to where the kernel says: disk full
    full = kept.with_name(f"{kept.name}.{os.getpid()}.part")
    full.symlink_to("/dev/full")
    event = flows.EventRef(operation=OPERATION, store=str(store))
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(flows.plan, event, return_state=True)
        try:
            waiting = within(30, waiting_tasks)
        finally:
            full.unlink()
        state = run.result(timeout=60)
    assert [name.split("-")[0] for name in waiting] == ["publish_edition"]
    assert state.is_completed()
    assert kept.read_bytes() == content


@on_ephemeral
def test_an_error_that_stays_is_not_tried_again(planned, monkeypatch):
    store, _ = planned
    monkeypatch.setattr(flows.publish_edition, "retry_delay_seconds", 600)
    (store / "karte.toml").write_text("no_such_key = 1")
    event = flows.EventRef(operation=OPERATION, store=str(store))
    try:
        state = flows.plan(event, return_state=True)
    finally:
        (store / "karte.toml").unlink()
    assert state.is_failed()
    assert "no key 'no_such_key'" in state.message


def work_done(folder):
    """All that looking wrote into the ledger of an operation, by stage."""
    with folder.open_ledger() as ledger:
        return {stage: ledger.all(stage) for stage in ("read", "placed", "footprint")}


def part_of_the_batch(folder):
    """Two whole pictures of the sample and one that is cut off."""
    shutil.copytree(SAMPLE / "batch", folder, ignore=shutil.ignore_patterns("*.JPG"))
    for name in ("111500_0001_W", "111514_0002_W", "111514_0002_W_CUT"):
        picture = f"images/DJI_20261105{name}.JPG"
        shutil.copy(SAMPLE / "batch" / picture, folder / picture)
    return folder


def drill_store(store):
    """A store that knows the sample's drill and its assets, and no picture yet."""
    open_messages(store, [SAMPLE / "telegram.xml"], real=False, actor=None)
    import_inventory(store, SAMPLE / "inventory.geojson", kind=None, mapping=None)
    (store / "karte.toml").write_text("workers = 1\n")
    return find_operation(store, "latest")


@on_ephemeral
def test_the_flow_makes_of_pictures_just_what_the_command_makes(
    planned, tmp_path, monkeypatch
):
    assert planned[1].is_completed()
    weights = CASES["install_weights"](tmp_path / "weights")
    monkeypatch.setattr(assessing, "WEIGHTS", weights)
    monkeypatch.setattr(believing, "WEIGHTS", weights)
    monkeypatch.setattr(flows, "TASK_FRAMES", 1)
    batch, done = part_of_the_batch(tmp_path / "card"), {}
    for how in ("flow", "command"):
        (tmp_path / how).mkdir()
        done[how] = drill_store(tmp_path / how)
    state = flows.assess(
        store=str(tmp_path / "flow"), inbox=str(batch), return_state=True
    )
    command = ["assess", "latest", str(batch), "--store", str(tmp_path / "command")]
    code = cli.main(command)

    assert code == ExitCode.PARTIAL
    assert state.is_completed()
    assert state.message.startswith("partial: some of what was given is refused")
    assert "2 frames looked at" in state.message
    assert work_done(done["flow"]) == work_done(done["command"])
    contents = [
        read_manifest(latest_folder(each.path)).content for each in done.values()
    ]
    assert contents[0] == contents[1]
    assert read_latest(done["flow"].path).edition == 1  # one after each task


# --- a real server --------------------------------------------------------------------


def within(limit_s, ask):
    """The first answer that is not empty; asked again and again for so long."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise TimeoutError(f"no answer within {limit_s} s")


def manual_settings():
    """The settings that the manual tells operators to run with."""
    lines = (ROOT / "docs/manuals/flows.env").read_text("utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return dict(pairs)


class Prefect:
    """A server on loopback, and what was started beside it; all ends with `close`."""

    def __init__(self, home):
        self.home = home
        self.port = free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environment = os.environ | manual_settings()
        self.environment |= {"PREFECT_HOME": str(home), "PREFECT_API_URL": self.api}
        self.started = []

    def start(self, *arguments):
        with (self.home / f"{arguments[0]}.log").open("wb") as log:
            self.started.append(
                subprocess.Popen(
                    [BIN / "prefect", *arguments],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self.environment,
                    cwd=self.home,
                )
            )

    def run(self, *command, cwd=ROOT):
        done = subprocess.run(
            [BIN / command[0], *command[1:]],
            env=self.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, path, content=None):
        request = urllib.request.Request(  # noqa: S310 loopback
            self.api + path,
            None if content is None else json.dumps(content).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            return json.load(reply)

    def answers(self):
        try:
            return self.ask("/health")
        except OSError:
            return False

    def runs(self, flow, state):
        """Runs of a flow that are in a state now."""
        asked = {
            "flows": {"name": {"any_": [flow]}},
            "flow_runs": {"state": {"type": {"any_": [state]}}},
        }
        return self.ask("/flow_runs/filter", asked)

    def close(self):
        """End the worker first: without its server it would not end."""
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def prefect(tmp_path):
    home = tmp_path / "prefect"
    home.mkdir()
    server = Prefect(home)
    try:
        server.start(
            *("server", "start", "--no-ui"),
            *("--host", "127.0.0.1", "--port", str(server.port)),
        )
        within(120, server.answers)
        yield server
    finally:
        server.close()


@pytest.mark.slow
@pytest.mark.xdist_group("prefect-server")
def test_an_announced_telegram_becomes_an_edition_on_a_real_server(
    prefect, shared, tmp_path
):
    store = tmp_path / "store"
    prefect.run(
        "prefect", "--no-prompt", "work-pool", "create", "karte", "-t", "process"
    )
    prefect.run("prefect", "--no-prompt", "deploy", "--all")
    nightly = within(60, lambda: prefect.runs("assess", "SCHEDULED"))
    assert all(run["expected_start_time"][11:16] == "18:00" for run in nightly)  # UTC
    prefect.start("worker", "start", "--pool", "karte", "--type", "process")
    import_inventory(store, shared / GRID, kind=None, mapping=None)

    telegram = str(shared / TELEGRAM)
    open_it = ("event", "open", telegram, "--store", str(store), "--announce")
    said = prefect.run("karte", *open_it)
    assert f"{OPERATION} announced" in said
    (run,) = within(90, lambda: prefect.runs("plan", "COMPLETED"))

    operation = store / "real" / OPERATION
    assert run["parameters"] == {"event": {"operation": OPERATION, "store": str(store)}}
    assert run["state"]["message"].startswith(f"edition 0 of {OPERATION}: published")
    assert json.loads((operation / "latest.json").read_text())["edition"] == 0
    assert prefect.runs("plan", "FAILED") == []

    before = content_of(operation)
    prefect.run("karte", *open_it)
    within(90, lambda: len(prefect.runs("plan", "COMPLETED")) == 2)
    assert content_of(operation) == before
