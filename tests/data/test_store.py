"""Which operation is meant, and that a drill never hides a disaster."""

import os
from pathlib import Path

import pytest

from data.errors import UsageError
from data.store import (
    OperationFolder,
    find_operation,
    inventory_folder,
    operation_folder,
    operations,
)


def made(store: Path, name: str, *, drill: bool, changed_at: int) -> OperationFolder:
    folder = operation_folder(store, name, drill=drill)
    folder.open_ledger().close()
    os.utime(folder.ledger_path, (changed_at, changed_at))
    return folder


def test_the_latest_is_the_one_that_changed_last(tmp_path: Path) -> None:
    made(tmp_path, "b", drill=True, changed_at=100)
    newest = made(tmp_path, "a", drill=True, changed_at=200)
    assert find_operation(tmp_path, "latest") == newest


def test_a_drill_never_hides_a_disaster(tmp_path: Path) -> None:
    real = made(tmp_path, "a", drill=False, changed_at=100)
    made(tmp_path, "z", drill=True, changed_at=200)
    assert find_operation(tmp_path, "latest") == real


def test_a_drill_is_found_by_its_name(tmp_path: Path) -> None:
    made(tmp_path, "a", drill=False, changed_at=100)
    drill = made(tmp_path, "z", drill=True, changed_at=200)
    assert find_operation(tmp_path, "z") == drill
    assert drill.drill
    assert drill.path.parent == tmp_path / "drill"


def test_of_two_that_changed_together_the_same_one_is_meant(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        made(tmp_path, name, drill=True, changed_at=100)
    assert find_operation(tmp_path, "latest").id == "c"


def test_real_operations_are_listed_before_drills(tmp_path: Path) -> None:
    for name, drill in (("b", True), ("a", True), ("d", False), ("c", False)):
        made(tmp_path, name, drill=drill, changed_at=100)
    assert [folder.id for folder in operations(tmp_path)] == ["c", "d", "a", "b"]


def test_reading_an_older_operation_does_not_make_it_the_latest(
    tmp_path: Path,
) -> None:
    old = made(tmp_path, "old", drill=True, changed_at=100)
    new = made(tmp_path, "new", drill=True, changed_at=200)
    with old.open_ledger() as ledger:
        ledger.all("frame")
    assert find_operation(tmp_path, "latest") == new


@pytest.mark.parametrize("name", ["latest", "a", "../drill/z", ""])
def test_what_is_not_there_is_said_with_what_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="open an event first"):
        find_operation(tmp_path / "empty", name)
    if name != "latest":
        made(tmp_path, "z", drill=True, changed_at=100)
        with pytest.raises(UsageError, match="it holds: z"):
            find_operation(tmp_path, name)


def test_a_folder_that_is_not_an_operation_is_none(tmp_path: Path) -> None:
    (tmp_path / "drill" / "notes").mkdir(parents=True)
    (tmp_path / "other" / "x").mkdir(parents=True)
    (tmp_path / "other" / "x" / "ledger.sqlite").touch()
    assert operations(tmp_path) == []


def test_naming_a_folder_touches_no_disk(tmp_path: Path) -> None:
    folder = operation_folder(tmp_path / "store", "a", drill=True)
    inventory_folder(tmp_path / "store")
    assert {folder.reads.parent, folder.frames.parent, folder.beliefs.parent} == {
        folder.path
    }
    assert list(tmp_path.iterdir()) == []
