"""Whatever was changed behind our back is found, and said without a traceback."""

import json
import runpy
import shutil
import sqlite3
from pathlib import Path

import pytest

from data.errors import UsageError
from data.store import find_operation
from pipelines.cli import main
from pipelines.config import Config
from pipelines.editions import publish
from pipelines.outcome import ExitCode
from pipelines.verify import verify

CASES = runpy.run_path(str(Path(__file__).parents[1] / "scene_cases.py"))
OPERATION = CASES["OPERATION"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one picture, looked at and published."""
    folder = tmp_path_factory.mktemp("made")
    weights = CASES["install_weights"](folder / "weights")
    with pytest.MonkeyPatch.context() as patch:
        CASES["use_weights"](patch, weights)
        store = CASES["opened"](folder)
        rgb = CASES["painted"]((190, 130, 220, 160, (255, 0, 0)))
        CASES["take_in"](store, rgb)
        CASES["looked_at"](store)
        publish(store, OPERATION, Config())
    return store


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "store", symlinks=True))


def operation(store: Path) -> Path:
    return find_operation(store, OPERATION).path


def changes(path: Path) -> list[str]:
    outcome = verify(path)
    found = list(outcome.data["changes"])
    assert outcome.code is (ExitCode.CORRUPT if found else ExitCode.DONE)
    return found


def in_ledger(store: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(operation(store) / "ledger.sqlite")
    with connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def some(store: Path, stage: str) -> str:
    with find_operation(store, OPERATION).open_ledger() as ledger:
        return next(iter(ledger.all(stage)))


def test_what_was_not_touched_is_whole(store) -> None:
    assert changes(store) == []
    assert changes(operation(store)) == []
    assert changes(operation(store) / "editions" / "000000") == []
    assert verify(store).data["verified"] == [OPERATION]


@pytest.mark.parametrize(
    "stage",
    ["operation", "message", "frame", "batch", "read", "footprint", "placed"],
)
def test_a_changed_entry_is_found(store, stage: str) -> None:
    key = some(store, stage)
    update = "UPDATE entries SET value = ? WHERE stage = ? AND key = ?"
    in_ledger(store, update, b"\xff changed", stage, key)
    found = changes(store)
    assert f"{OPERATION}: entry {stage} {key} is not what was written" in found


@pytest.mark.parametrize("stage", ["placed", "edition", "belief"])
def test_a_removed_entry_is_found(store, stage: str) -> None:
    key = some(store, stage)
    delete = "DELETE FROM entries WHERE stage = ? AND key = ?"
    in_ledger(store, delete, stage, key)
    assert changes(store) == [f"{OPERATION}: entry {stage} {key} is missing"]


def test_an_entry_nobody_wrote_is_found(store) -> None:
    insert = "INSERT INTO entries (stage, key, value) VALUES (?, ?, ?)"
    in_ledger(store, insert, "decision", "k", b"{}")
    (found,) = changes(store)
    assert found.endswith("entry decision k is not what was written")


@pytest.mark.parametrize("text", ["{}", "no json", '{"wrote": 3}'])
def test_a_forged_link_of_the_audit_is_found(store, text: str) -> None:
    in_ledger(store, "UPDATE audit SET what = ? WHERE number = 1", text)
    (found,) = changes(store)
    assert "audit link 1" in found


def test_a_removed_link_of_the_audit_is_found(store) -> None:
    in_ledger(store, "DELETE FROM audit WHERE number = 1")
    (found,) = changes(store)
    assert "audit link 1" in found


def test_the_end_of_the_audit_cut_off_is_found_by_its_entries(store) -> None:
    in_ledger(store, "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)")
    assert any("edition" in found for found in changes(store))


def one_file(store: Path, pattern: str) -> Path:
    return min(p for p in operation(store).glob(pattern) if p.is_file())


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("frames/*/*", "picture"),
        ("reads/*.png", "block"),
        ("beliefs/*.parquet", "beliefs"),
        ("editions/000000/map.geojson", "map.geojson"),
        ("editions/000000/tiles/**/*.geojson", ".geojson"),
    ],
)
def test_one_changed_byte_of_a_file_is_found(store, pattern, words) -> None:
    path = one_file(store, pattern)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    (found,) = changes(store)
    assert words in found


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("frames/*/*", "picture"),
        ("reads/*.png", "block"),
        ("editions/000000/map.parquet", "map.parquet"),
    ],
)
def test_a_missing_file_is_found(store, pattern, words) -> None:
    one_file(store, pattern).unlink()
    (found,) = changes(store)
    assert words in found


def test_a_table_of_beliefs_that_is_gone_is_no_loss(store) -> None:
    one_file(store, "beliefs/*.parquet").unlink()
    assert changes(store) == []


def test_the_command_exits_4_and_says_what(store, capsys) -> None:
    one_file(store, "reads/*.png").unlink()
    assert main(["verify", str(store), "--json"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert len(said["changes"]) == 1


def test_a_place_without_anything_of_ours_is_wrong_usage(tmp_path) -> None:
    with pytest.raises(UsageError, match="no store"):
        verify(tmp_path)


def test_verifying_changes_nothing(store) -> None:
    def content() -> dict[str, bytes]:
        return {
            path.name: path.read_bytes()
            for path in sorted(operation(store).rglob("*"))
            if path.is_file() and not path.name.endswith(("-wal", "-shm"))
        }

    before = content()
    verify(store)
    assert content() == before
