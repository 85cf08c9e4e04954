"""The network: its size, its shapes, its encoder."""

import pytest
import torch

from data.errors import WeightsError
from data.findings import COMPONENT_CLASSES, DAMAGE_CLASSES
from vision.encoder_weights import (
    imagenet_path,
    load_imagenet_encoder,
    read_imagenet_tensors,
)
from vision.network import LiteFPN, enlarged, full_resolution, normalised


def test_damage_is_answered_at_every_pixel_and_components_at_stride_four():
    logits = LiteFPN().eval()(torch.zeros(2, 3, 64, 96))
    assert logits.damage.shape == (2, 10, 64, 96)
    assert logits.component.shape == (2, 11, 16, 24)


def test_upsampled_logits_have_the_size_of_the_picture():
    damage, component = full_resolution(LiteFPN().eval()(torch.zeros(1, 3, 64, 96)))
    assert damage.shape[2:] == component.shape[2:] == (64, 96)


def test_sharpening_that_has_learnt_nothing_changes_nothing():
    network = LiteFPN().eval()
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    coarse = network.damage(network.features(image).pyramid)
    assert torch.equal(network(image).damage, enlarged(coarse, 4))


def test_sharpening_tells_neighbouring_rows_apart():
    network = LiteFPN().eval()
    torch.nn.init.normal_(network.sharpening.last.weight)
    damage = network(torch.rand(1, 3, 64, 64)).damage[0, 1]
    assert not torch.allclose(damage[0::2], damage[1::2])


def test_there_is_one_logit_for_each_class():
    network = LiteFPN()
    assert network.damage[-1].out_channels == len(DAMAGE_CLASSES)
    assert network.component[-1].out_channels == len(COMPONENT_CLASSES)


def test_network_has_three_million_parameters():
    count = sum(parameter.numel() for parameter in LiteFPN().parameters())
    assert 2.9e6 < count < 3.2e6  # 16 MFLOP per kilopixel rest on this size


def test_grey_127_is_zero_and_255_is_one():
    assert normalised(torch.tensor([127, 255], dtype=torch.uint8)).tolist() == [0, 1]


def test_encoder_holds_the_tensors_of_the_package():
    tensors = read_imagenet_tensors(imagenet_path())
    network = LiteFPN()
    load_imagenet_encoder(network, tensors)
    own = [
        tensor
        for name, tensor in network.state_dict().items()
        if name.startswith(("stem", "stages"))
    ]
    assert len(own) > 200
    assert len(tensors) - len(own) == 8  # the file's head and classifier
    for mine, theirs in zip(own, tensors, strict=False):
        assert torch.equal(mine, theirs)


def test_encoder_finds_different_things_in_different_pictures():
    network = LiteFPN().eval()
    load_imagenet_encoder(network, read_imagenet_tensors(imagenet_path()))
    generator = torch.Generator().manual_seed(1)
    deepest = network.encoded(torch.rand(2, 3, 64, 64, generator=generator) * 2 - 1)[-1]
    assert torch.isfinite(deepest).all()
    assert (deepest[0] - deepest[1]).abs().max() > 0.1


def test_a_file_of_another_hash_is_not_opened(tmp_path):
    path = tmp_path / "other.pth"
    path.write_bytes(b"not the weights")
    with pytest.raises(WeightsError, match=r"other\.pth"):
        read_imagenet_tensors(path)


def test_tensors_of_other_shapes_are_refused():
    with pytest.raises(WeightsError, match="shape"):
        load_imagenet_encoder(LiteFPN(), [torch.zeros(1)] * 400)
