"""Weights that are unknown, changed or insane never run."""

import json

import numpy as np
import onnx
import pytest

from data.errors import WeightsError
from vision.weights import load_model, read_allow_list


def only(folder, ending):
    (path,) = folder.glob(f"*.{ending}")
    return path


def test_allowed_weights_answer_with_probabilities(install):
    model = load_model(None, folder=install())
    pixels = np.zeros((2, 32, 64, 3), np.uint8)
    damage, component = model.probabilities(pixels)
    assert damage.shape == (2, 10, 32, 64)
    assert component.shape == (2, 11, 32, 64)
    assert damage.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert model.session.get_session_options().intra_op_num_threads == 1


def test_the_last_line_is_the_default_and_an_older_id_can_be_named(
    install, graph, card
):
    old, new = graph(sharpness=1.0), graph(sharpness=2.0)
    sha = card(old)["sha256"]
    install(old, card=card(old, id="old"), allowed=f"# reviewed\n{sha}  old\n")
    folder = install(new)
    assert [line.id for line in read_allow_list(folder)] == ["old", "tiny"]
    assert load_model(None, folder=folder).card.id == "tiny"
    assert load_model("old", folder=folder).card.id == "old"
    assert load_model(sha, folder=folder).card.id == "old"


def test_weights_that_nobody_allowed_are_refused_by_name(install):
    with pytest.raises(WeightsError, match=r"mine: not on the allow-list.*tiny"):
        load_model("mine", folder=install())


def test_no_allow_list_says_where_it_is_missing(tmp_path):
    with pytest.raises(WeightsError, match=r"no allow-list allow\.txt"):
        load_model(None, folder=tmp_path)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.9])
def test_one_changed_byte_stops_the_run(install, position):
    folder = install()
    path = only(folder, "onnx")
    encoded = bytearray(path.read_bytes())
    encoded[int(len(encoded) * position)] ^= 1
    path.write_bytes(encoded)
    with pytest.raises(WeightsError, match="sha256"):
        load_model(None, folder=folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(install, graph, value):
    with pytest.raises(WeightsError, match="damage_weights holds NaN or infinity"):
        load_model(None, folder=install(graph(spoiled=value)))


def test_weights_kept_in_another_file_are_refused(install, graph):
    model = onnx.load_model_from_string(graph())
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../secret"
    with pytest.raises(WeightsError, match="lies in another file"):
        load_model(None, folder=install(model.SerializeToString()))


def test_bytes_that_are_no_graph_are_refused(install):
    for encoded in (b"", b"not weights"):
        with pytest.raises(WeightsError):
            load_model(None, folder=install(encoded))


def test_outputs_of_another_shape_are_refused(install, graph):
    model = onnx.load_model_from_string(graph())
    damage, component = model.graph.output
    damage.name, component.name = component.name, damage.name
    model.graph.node[1].output[0], model.graph.node[3].output[0] = "component", "damage"
    for info, channels in ((damage, 10), (component, 11)):
        info.type.tensor_type.shape.dim[1].dim_value = channels
    with pytest.raises(WeightsError, match=r"has shape|cannot load"):
        load_model(None, folder=install(model.SerializeToString()))


def test_answers_that_are_no_probabilities_are_refused(install, graph):
    model = onnx.load_model_from_string(graph())
    for node in model.graph.node:
        if node.op_type == "Softmax":
            node.op_type = "Identity"
            del node.attribute[:]
    with pytest.raises(WeightsError, match="do not sum to 1"):
        load_model(None, folder=install(model.SerializeToString()))


@pytest.mark.parametrize(
    "changes",
    [
        {"scales": []},
        {"window": 100},
        {"gsd_max_m": -1.0},
        {"damage_classes": {"crack": 5}},
        {"trained_classes": {"damage": {"spall": "x", "flood": "x"}, "component": {}}},
        {"trained_classes": {"damage": {"collapse": "x"}, "component": {}}},
        {"thresholds": {"damage": {"crack": 1.5, "spall": 0.5}, "component": 0.5}},
        {"sha256": "0" * 64},
        {"relied_on": ["crack", "debris"]},
    ],
)
def test_a_card_that_contradicts_itself_is_refused(install, graph, card, changes):
    encoded = graph()
    with pytest.raises(WeightsError, match=r"card|weights tiny"):
        load_model(None, folder=install(encoded, card=card(encoded, **changes)))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"id": NaN}', "[" * 100_000])
def test_a_card_that_is_no_card_is_refused(install, text):
    folder = install()
    only(folder, "json").write_text(text)
    with pytest.raises(WeightsError, match="card"):
        load_model(None, folder=folder)


def test_a_card_without_a_needed_key_names_it(install):
    folder = install()
    path = only(folder, "json")
    content = json.loads(path.read_text())
    del content["gsd_min_m"]
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError, match="lacks 'gsd_min_m'"):
        load_model(None, folder=folder)


def test_a_line_that_is_no_line_is_refused(install):
    with pytest.raises(WeightsError, match="'abc'"):
        load_model(None, folder=install(allowed="abc\n"))
