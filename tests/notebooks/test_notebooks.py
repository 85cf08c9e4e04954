"""Every notebook runs from end to end, says nothing wrong, and is kept without output.

A cell that warns fails: warnings are errors inside the notebooks too.
"""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUIET = {
    "PYTHONWARNINGS": "error::UserWarning,error::FutureWarning",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]


def executed(path: Path, tmp_path: Path, **env: str) -> tuple[str, int]:
    """All text a notebook prints or shows, and how many figures, in an empty folder.

    Kernel and test talk over loopback; nothing else of a network is needed.
    """
    notebook = nbformat.read(path, 4)
    client = NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env={**os.environ, **QUIET, "TMPDIR": str(tmp_path), **env})
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", ())]
    data = [each.get("data", {}) for each in outputs]
    texts = [each.get("text/plain", "") for each in data]
    texts += [each.get("text", "") for each in outputs]
    return "\n".join(texts), sum("image/png" in each for each in data)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_cleared(path: Path) -> None:
    assert all(not c.outputs and c.execution_count is None for c in cells(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_names_no_place_of_the_machine_it_was_written_on(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not [word for word in ("/home/", "/Users/", "C:\\") if word in text]


@pytest.mark.slow
def test_an_edition_in_geopandas_works_without_pictures(tmp_path: Path) -> None:
    said, figures = executed(FOLDER / "01_an_edition_in_geopandas.ipynb", tmp_path)
    assert "DRILL 訓練  operation drill-20261105091000, edition 0" in said
    assert "not_observed" in said
    assert "without an asset: ['X-9']" in said
    assert figures == 1


@pytest.mark.slow
def test_it_opens_the_edition_it_is_told_to(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"manifest\.json"):
        executed(
            FOLDER / "01_an_edition_in_geopandas.ipynb",
            tmp_path,
            KARTE_EDITION=str(tmp_path / "gone"),
        )
