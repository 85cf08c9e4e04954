"""The ONNX file says what torch says."""

import numpy as np
import onnx
import pytest
import torch

from data.errors import WeightsError
from vision.export import (
    onnx_bytes,
    onnx_probabilities,
    torch_probabilities,
    write_onnx,
)
from vision.network import LiteFPN

TEMPERATURES = {"damage": 1.7, "component": 0.8}


def _random_network(seed=0):
    """Random weights, and batch statistics that are not zero and one."""
    torch.manual_seed(seed)
    network = LiteFPN()
    network(torch.randn(4, 3, 64, 64))
    return network.eval()


@pytest.fixture(scope="module")
def network():
    return _random_network()


@pytest.fixture(scope="module")
def model(network):
    return onnx_bytes(network, temperatures=TEMPERATURES)


@pytest.mark.parametrize("shape", [(1, 3, 64, 64), (3, 3, 32, 96), (2, 3, 160, 128)])
def test_onnx_equals_torch_for_any_batch_and_size(network, model, shape):
    image = np.random.default_rng(5).normal(0, 0.5, shape).astype(np.float32)
    ours = torch_probabilities(network, image, temperatures=TEMPERATURES)
    theirs = onnx_probabilities(model, image)
    for torch_head, onnx_head in zip(ours, theirs, strict=True):
        assert torch_head.shape == onnx_head.shape == (*onnx_head.shape[:2], *shape[2:])
        assert np.abs(torch_head - onnx_head).max() <= 1e-4
        two = np.sort(torch_head, axis=1)[:, -2:]
        clear = two[:, 1] - two[:, 0] > 2e-4  # a tie has no one winner
        assert (torch_head.argmax(1) == onnx_head.argmax(1))[clear].all()


def test_probabilities_of_a_pixel_sum_to_one(model):
    image = np.zeros((1, 3, 64, 64), np.float32)
    for head in onnx_probabilities(model, image):
        assert np.allclose(head.sum(axis=1), 1, atol=1e-5)
        assert head.dtype == np.float32


def test_a_higher_temperature_makes_every_pixel_less_sure(network):
    image = np.random.default_rng(5).normal(0, 0.5, (1, 3, 64, 64)).astype(np.float32)
    sure = torch_probabilities(network, image, temperatures=TEMPERATURES)[0]
    shy = torch_probabilities(
        network, image, temperatures={**TEMPERATURES, "damage": 3.4}
    )[0]
    assert (shy.max(axis=1) <= sure.max(axis=1) + 1e-6).all()


def test_one_network_gives_one_file(network, model):
    assert onnx_bytes(network, temperatures=TEMPERATURES) == model


def test_file_has_the_promised_names_and_free_axes(model):
    graph = onnx.load_model_from_string(model).graph
    assert [value.name for value in graph.input] == ["image"]
    assert [value.name for value in graph.output] == ["damage", "component"]
    dimensions = graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param for d in dimensions] == ["batch", "", "height", "width"]


def test_file_names_no_path_of_the_machine_it_was_made_on(model):
    assert b"/vision/" not in model
    assert b".py" not in model


def test_network_with_a_broken_weight_is_not_written(tmp_path):
    network = _random_network()
    with torch.no_grad():
        network.damage[-1].bias[0] = float("nan")
    path = tmp_path / "broken.onnx"
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        write_onnx(network, path, temperatures=TEMPERATURES)
    assert not path.exists()
