"""How many processes work is no matter, and none outlives the one it works for."""

import math
import os
import runpy
import signal
import subprocess
import sys
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from data.errors import RefusedError
from data.imagery import VerticalDatum
from data.tables import ASSETS, table_from_rows
from pipelines.looking import Task, look_at_frame
from pipelines.message_files import Opening, read_message
from pipelines.pairs import Ground, frame_pairs
from pipelines.workers import pool

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
NAPS = """
import time
from pipelines.workers import pool
with pool(2) as mapped:
    print("ready", flush=True)
    mapped(time.sleep, [120, 120, 120])
"""


def test_one_worker_is_this_process() -> None:
    with pool(1) as mapped:
        assert mapped(lambda _: os.getpid(), [0]) == [os.getpid()]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_chunk(workers: int) -> None:
    with pool(workers) as mapped:
        assert mapped(math.factorial, [5, 1, 3, 2]) == [120, 1, 6, 2]
        assert mapped(math.factorial, []) == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_worker_refuses_arrives_as_a_refusal(workers: int, tmp_path) -> None:
    read = partial(read_message, opening=Opening())
    with pool(workers) as mapped, pytest.raises(RefusedError) as refused:
        mapped(read, [tmp_path / "gone.xml"])
    assert "gone.xml" in refused.value.refusal.what


@pytest.mark.slow
def test_two_workers_look_as_one_does(tmp_path: Path) -> None:
    weights = CASES["install_weights"](tmp_path / "weights")
    pictures = {}
    for left in (170, 190, 210):  # three pictures: each is known by its bytes
        rgb = CASES["painted"]((left, 130, left + 30, 160, (255, 0, 0)))
        content = CASES["tiff"](rgb)
        path = tmp_path / f"picture{left}"
        path.write_bytes(content)
        pictures[sha256(content).hexdigest()] = path
    frames = [CASES["frame"](id=digest) for digest in pictures]
    table = table_from_rows([CASES["row"](CASES["asset"]())], ASSETS)
    pairs = frame_pairs(
        [(one, Ground(None, VerticalDatum.LOCAL, "")) for one in frames],
        table,
        pa.array([0.5]),
        weights="w",
        coarsest_gsd_m=0.05,
    )
    found = []
    for workers in (1, 2):
        reads = tmp_path / f"reads{workers}"
        tasks = [
            Task(each, pictures[each.frame.id], reads, weights, None, 0.05)
            for each in pairs
        ]
        with pool(workers) as mapped:
            blocks = mapped(look_at_frame, tasks)
        found.append((blocks, {p.name: p.read_bytes() for p in reads.iterdir()}))
    assert found[0] == found[1]
    assert len(found[0][1]) == 3


def children(pid: int) -> set[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return {int(word) for word in text.split()}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(condition, *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_a_worker_dies_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", NAPS], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    assert until(lambda: len(children(parent.pid)) >= 3, seconds=20)  # and a tracker
    time.sleep(1.5)  # the workers import what they need, and fall asleep
    workers = children(parent.pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert until(lambda: not any(map(is_alive, workers)), seconds=20)
