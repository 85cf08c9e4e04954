"""`karte model`: what it prints is what was counted, and training ends in weights."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

import pipelines.model
import vision.sources
from data.errors import ConfigError, WeightsError
from pipelines.model import (
    card_command,
    evaluate_command,
    list_command,
    train_command,
)
from pipelines.outcome import ExitCode
from vision.weights import load_model

VISION = Path(__file__).parents[1] / "vision"
picture_sets = SimpleNamespace(**runpy.run_path(str(VISION / "picture_sets.py")))
tiny = SimpleNamespace(**runpy.run_path(str(VISION / "conftest.py")))


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder with one allowed model, used instead of the product's."""
    encoded = tiny.pixelwise_graph()
    card = tiny.card_of(encoded, held_out={})
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / f"{card['sha256'][:16]}.onnx").write_bytes(encoded)
    (folder / f"{card['sha256'][:16]}.json").write_text(json.dumps(card))
    (folder / "allow.txt").write_text(f"{card['sha256']}  tiny\n")
    monkeypatch.setattr(pipelines.model, "WEIGHTS", folder)
    return folder


@pytest.mark.usefixtures("weights")
def test_network_and_rules_are_printed_side_by_side(tmp_path):
    picture_sets.write_uav75(tmp_path / "val")
    outcome = evaluate_command(tmp_path / "val", model_id=None)
    assert outcome.code is ExitCode.DONE
    text = "\n".join(outcome.lines)
    assert "4 pictures" in text
    assert "network" in text
    assert "classical" in text
    assert outcome.data["network"]["joint_pixels"] == 4 * 3 * picture_sets.SIDE_PX
    assert {*outcome.data["network"]["strict"]} == {"precision", "recall", "f1"}


@pytest.mark.usefixtures("weights")
def test_a_folder_without_pictures_is_named(tmp_path):
    with pytest.raises(ConfigError, match="holds no picture"):
        evaluate_command(tmp_path, model_id=None)


@pytest.mark.usefixtures("weights")
def test_the_shared_folder_is_the_default(tmp_path, monkeypatch):
    picture_sets.write_uav75(tmp_path / "data" / "imagery" / "uav75" / "val")
    monkeypatch.setenv("KARTE_SHARED", str(tmp_path))
    assert evaluate_command(None, model_id="tiny").data["pictures"] == 4


@pytest.mark.usefixtures("weights")
def test_every_set_and_both_weights_are_in_one_table(tmp_path):
    picture_sets.write_uav75(tmp_path / "val")
    picture_sets.write_tiles(tmp_path / "tiles", seed=7)
    outcome = evaluate_command(
        tmp_path / "val",
        model_id=None,
        others=[tmp_path / "tiles"],
        beside="tiny",
        out=tmp_path / "out",
    )
    names = {name.split()[0].split("/")[-1] for name in outcome.data["sets"]}
    assert names == {"val", "tiles"}
    (walls,) = (v for k, v in outcome.data["sets"].items() if "val" in k)
    assert walls["classes"]["crack"]["pixels"] == 4 * 3 * picture_sets.SIDE_PX
    assert (walls["negatives"], walls["pictures"]) == (0, 4)
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert written == outcome.data["sets"]
    for name in ("reliability.png", "precision_recall.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("weights")
def test_the_card_says_what_absence_counts_for():
    outcome = card_command(None)
    assert "absence counts for: crack" in outcome.lines
    assert "cannot see: anything but colours" in outcome.lines
    assert outcome.data["id"] == "tiny"


@pytest.mark.usefixtures("weights")
def test_the_list_marks_the_default():
    assert list_command().lines[-1].endswith("(default)")


def test_an_empty_list_says_how_to_get_weights(weights):
    (weights / "allow.txt").write_text("# none yet\n")
    with pytest.raises(ConfigError, match="karte model train"):
        list_command()


@pytest.mark.usefixtures("weights")
def test_unknown_weights_are_refused():
    with pytest.raises(WeightsError, match="other: not on the allow-list"):
        card_command("other")


def test_training_without_tiles_names_the_missing_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KARTE_SHARED", str(tmp_path))
    with pytest.raises(ConfigError, match="training data"):
        train_command(None, tmp_path / "out")


@pytest.mark.slow
def test_training_ends_in_weights_that_run(tmp_path, monkeypatch):
    monkeypatch.setenv("KARTE_SHARED", str(tmp_path / "shared"))
    monkeypatch.setattr(vision.sources, "PAINTED_CRACKS", 2)
    monkeypatch.setattr(vision.sources, "PAINTED_WIRES", 1)
    out = tmp_path / "out"
    picture_sets.write_all(tmp_path / "shared", out)
    recipe = tmp_path / "training.toml"
    recipe.write_text(picture_sets.recipe_text(steps=1, second_steps=1))
    outcome = train_command(recipe, out)
    assert outcome.data["steps_of_last_run"] == 2
    model = load_model(None, folder=out / "weights")
    assert model.card.id == outcome.data["id"]
    assert {*model.card.relied_on} <= {
        *model.card.trained_classes.damage,
        *model.card.trained_classes.component,
    }
    card = json.loads((out / "weights" / f"{model.card.sha256[:16]}.json").read_text())
    assert card["training"]["recipe"]["threads"] == 1
    assert len(card["data"]) > 4
    assert card["domain"]["limit"] > 0
    assert {*card["promises"]["misses"]} >= {"crack", "collapse"}
