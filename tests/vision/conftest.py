"""A model small enough to work out by hand: every pixel answers for itself."""

import hashlib
import json

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES


def pixelwise_graph(*, sharpness=20.0, spoiled=0.0):
    """Red is crack, green is spall, blue is a distractor and a conductor.

    The logit of a class is `sharpness` times its channel, (value - 127) / 128.
    """
    damage = np.zeros((len(DAMAGE_CLASSES), 3, 1, 1), np.float32)
    damage[[1, 2, 9], [0, 1, 2]] = sharpness
    component = np.zeros((len(COMPONENT_CLASSES), 3, 1, 1), np.float32)
    component[4, 2] = sharpness
    damage[0, 0] += np.float32(spoiled)
    nodes, outputs, weights = [], [], []
    for name, values in (("damage", damage), ("component", component)):
        weights.append(numpy_helper.from_array(values, f"{name}_weights"))
        nodes.append(
            helper.make_node("Conv", ["image", f"{name}_weights"], [f"{name}_logits"])
        )
        nodes.append(helper.make_node("Softmax", [f"{name}_logits"], [name], axis=1))
        shape = ["N", len(values), "H", "W"]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    image = helper.make_tensor_value_info(
        "image", TensorProto.FLOAT, ["N", 3, "H", "W"]
    )
    graph = helper.make_graph(nodes, "tiny", [image], outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    return model.SerializeToString()


def card_of(encoded, **changes):
    """A card for those weights; `changes` replace keys."""
    return {
        "id": "tiny",
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "window": 128,
        "scales": [1.0, 0.5],
        "gsd_min_m": 0.002,
        "gsd_max_m": 0.05,
        "damage_classes": {name: n for n, name in enumerate(DAMAGE_CLASSES)},
        "component_classes": {name: n for n, name in enumerate(COMPONENT_CLASSES)},
        "trained_classes": {
            "damage": {"crack": "real", "spall": "rendered", "distractor": "painted"},
            "component": {"conductor": "rendered"},
        },
        "thresholds": {"damage": {"crack": 0.4, "spall": 0.6}, "component": 0.5},
        "relied_on": ["crack"],
        "temperatures": {"damage": 1.0, "component": 1.0},
        "data": [],
        "cannot_see": ["anything but colours"],
    } | changes


@pytest.fixture
def install(tmp_path):
    """Write weights, card and allow-list into a folder of the test."""

    def write(encoded=None, *, card=None, allowed=None):
        encoded = pixelwise_graph() if encoded is None else encoded
        folder = tmp_path / "weights"
        folder.mkdir(exist_ok=True)
        sha256 = hashlib.sha256(encoded).hexdigest()
        (folder / f"{sha256[:16]}.onnx").write_bytes(encoded)
        text = json.dumps(card_of(encoded) if card is None else card)
        (folder / f"{sha256[:16]}.json").write_text(text)
        with (folder / "allow.txt").open("a") as file:
            file.write(f"{sha256}  tiny\n" if allowed is None else allowed)
        return folder

    return write


@pytest.fixture
def graph():
    """The maker of tiny graphs."""
    return pixelwise_graph


@pytest.fixture
def card():
    """The maker of cards."""
    return card_of
