"""A change of code or of a table we look things up in is a change of every key."""

import shutil
from pathlib import Path

import pytest

from pipelines import provenance


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree with one file of each sort."""
    for name in (
        "data/belief.py",
        "data/feeds/jma.py",
        "data/reference/table.csv",
        "data/reference/README.md",
        "geo/camera.py",
        "vision/segment.py",
        "vision/card.json",
        "pipelines/assess.py",
        "pipelines/drill/scene.py",
        "pipelines/drilling.py",
        "pipelines/web/serve.py",
        "tests/test_belief.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    return tmp_path


def code() -> str:
    """The hash, made now: the process keeps the first."""
    return provenance.code_sha256.__wrapped__()


@pytest.mark.parametrize(
    "name",
    [
        "data/belief.py",
        "data/feeds/jma.py",
        "data/reference/table.csv",
        "geo/camera.py",
        "vision/segment.py",
        "pipelines/assess.py",
        "pipelines/drilling.py",
    ],
)
def test_what_makes_results_changes_the_hash(tree: Path, name: str) -> None:
    before = code()
    (tree / name).write_text("changed")
    assert code() != before


@pytest.mark.parametrize(
    "name",
    [
        "pipelines/drill/scene.py",
        "pipelines/web/serve.py",
        "tests/test_belief.py",
        "data/reference/README.md",
    ],
)
def test_what_makes_no_result_does_not(tree: Path, name: str) -> None:
    before = code()
    (tree / name).write_text("changed")
    assert code() == before


def test_a_renamed_or_new_file_is_other_code(tree: Path) -> None:
    hashes = [code()]
    (tree / "geo/camera.py").rename(tree / "geo/lens.py")
    hashes.append(code())
    (tree / "geo/new.py").write_text("")
    hashes.append(code())
    assert len(set(hashes)) == 3


def test_where_the_code_lies_is_no_matter(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch
) -> None:
    before = code()
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "tree"
    shutil.copytree(tree, elsewhere)
    monkeypatch.setattr(provenance, "ROOT", elsewhere)
    assert code() == before


def test_every_table_of_ours_is_in_it() -> None:
    named = {path.name for path in provenance._files()}
    tables = (provenance.ROOT / "data" / "reference").rglob("*.csv")
    assert {path.name for path in tables} <= named
    assert "likelihood_start.toml" in named
