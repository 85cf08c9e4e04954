"""The training loop.

Same configuration, pictures and number of threads: same weights, also when a run was
stopped and went on from its checkpoint.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import cv2
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.optim import AdamW

from data.record import NonNegative, Positive, Probability, record
from vision.batches import Batch, Sources, batches
from vision.checkpoint import read_checkpoint, write_checkpoint
from vision.encoder_weights import (
    imagenet_path,
    load_imagenet_encoder,
    read_imagenet_tensors,
)
from vision.loss import loss
from vision.network import ENCODER_PARTS, LiteFPN, normalised

_START_DIVISOR: Final = 25.0  # one cycle begins at peak / 25 and ends at ...
_END_DIVISOR: Final = 25.0e4  # ... peak / 250,000: torch's own choice


@record
class Training:
    """How to train; the defaults are those of eye.md."""

    seed: int = 0
    steps: Annotated[int, Field(ge=1)] = 1600
    side_px: Annotated[int, Field(ge=32, multiple_of=32)] = 320
    encoder_rate: Positive = 3e-4
    rate: Positive = 2e-3
    weight_decay: NonNegative = 1e-2
    warm_up: Probability = 0.15  # share of the steps
    largest_gradient: Positive = 5.0  # norm over all weights
    threads: Annotated[int, Field(ge=1)] = 2
    checkpoint_every: Annotated[int, Field(ge=1)] = 100


class Progress(NamedTuple):
    """One finished step: how many there were, and its mean loss."""

    step: int
    loss: float


def initial_network(seed: int, *, is_pretrained: bool = True) -> LiteFPN:
    """ImageNet encoder and random heads; the same seed gives the same network."""
    torch.manual_seed(seed)
    network = LiteFPN()
    if is_pretrained:
        load_imagenet_encoder(network, read_imagenet_tensors(imagenet_path()))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def optimiser_for(network: nn.Module, training: Training) -> AdamW:
    """AdamW with a slower rate for the encoder than for all that is new."""
    encoder: list[Tensor] = []
    rest: list[Tensor] = []
    for name, parameter in network.named_parameters():
        (encoder if name.startswith(ENCODER_PARTS) else rest).append(parameter)
    groups = [
        {"params": encoder, "lr": training.encoder_rate},
        {"params": rest, "lr": training.rate},
    ]
    return AdamW(groups, weight_decay=training.weight_decay)


def one_cycle(step: int, *, steps: int, warm_up: float) -> float:
    """Share of the peak rate at `step`: up along a cosine, then down to nearly zero.

    Source:
        Smith and Topin 2017, arXiv 1708.07120, as in torch's OneCycleLR.
    """
    top = warm_up * steps - 1
    if step <= top:
        return _cosine(1 / _START_DIVISOR, 1.0, step / max(top, 1e-9))
    return _cosine(1.0, 1 / _END_DIVISOR, (step - top) / max(steps - 1 - top, 1e-9))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def train_step(
    network: LiteFPN, optimiser: AdamW, drawn: Batch, training: Training, step: int
) -> float:
    """Learn from one batch, in place; returns its loss."""
    share = one_cycle(step, steps=training.steps, warm_up=training.warm_up)
    peaks = (training.encoder_rate, training.rate)
    for group, peak in zip(optimiser.param_groups, peaks, strict=True):
        group["lr"] = peak * share
    images = normalised(torch.from_numpy(drawn.images).movedim(3, 1))
    value = loss(
        network(images.contiguous(memory_format=torch.channels_last)),
        torch.from_numpy(drawn.damage),
        torch.from_numpy(drawn.component),
    )
    optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), training.largest_gradient)
    optimiser.step()
    return float(value.detach())


def train(
    network: LiteFPN, sources: Sources, training: Training, checkpoint: Path
) -> Iterator[Progress]:
    """Train `network` in place, one step for each item taken.

    Args:
        network: As `initial_network` makes it; overwritten if `checkpoint` exists.
        sources: Pictures to learn from.
        training: The recipe.
        checkpoint: File from which to go on if it exists, and to which to write.

    Yields:
        The progress after each step.
    """
    torch.set_num_threads(training.threads)
    torch.use_deterministic_algorithms(mode=True)
    cv2.setNumThreads(1)
    optimiser = optimiser_for(network, training)
    done = read_checkpoint(checkpoint, network, optimiser) if checkpoint.exists() else 0
    steps = range(done, training.steps)
    network.train()
    drawn = batches(sources, seed=training.seed, steps=steps, side_px=training.side_px)
    for step, one in zip(steps, drawn, strict=True):
        value = train_step(network, optimiser, one, training, step)
        if (step + 1) % training.checkpoint_every == 0 or step + 1 == training.steps:
            write_checkpoint(checkpoint, network, optimiser, step=step + 1)
        yield Progress(step + 1, value)
    network.eval()


def write_log_line(path: Path, progress: Progress) -> None:
    """Append step and loss to a CSV file; begin it with a header."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(["step", "loss"])
        writer.writerow([progress.step, f"{progress.loss:.6f}"])
