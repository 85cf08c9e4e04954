"""The training loop.

Same configuration, pictures and number of threads: same weights, also when a run was
stopped and went on from its checkpoint.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import torch
from torch import Tensor, nn
from torch.optim import AdamW

from vision.batches import Batch, Sources, batches
from vision.checkpoint import read_checkpoint, write_checkpoint
from vision.classes import COMPONENT, DAMAGE
from vision.encoder_weights import (
    imagenet_path,
    load_imagenet_encoder,
    read_imagenet_tensors,
)
from vision.loss import Target, class_weights, loss
from vision.network import ENCODER_PARTS, LiteFPN, normalised
from vision.recipe import Phase, Recipe

_START_DIVISOR: Final = 25.0  # one cycle begins at peak / 25 and ends at ...
_END_DIVISOR: Final = 25.0e4  # ... peak / 250,000: torch's own choice


class Progress(NamedTuple):
    """One finished step: of which phase, how many there were, and its mean loss."""

    phase: str
    step: int
    loss: float


def initial_network(seed: int, *, is_pretrained: bool = True) -> LiteFPN:
    """ImageNet encoder and random heads; the same seed gives the same network."""
    torch.manual_seed(seed)
    network = LiteFPN()
    if is_pretrained:
        load_imagenet_encoder(network, read_imagenet_tensors(imagenet_path()))
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def optimiser_for(network: nn.Module, phase: Phase) -> AdamW:
    """AdamW with a slower rate for the encoder than for all that is new."""
    encoder: list[Tensor] = []
    rest: list[Tensor] = []
    for name, parameter in network.named_parameters():
        (encoder if name.startswith(ENCODER_PARTS) else rest).append(parameter)
    groups = [
        {"params": encoder, "lr": phase.encoder_rate},
        {"params": rest, "lr": phase.rate},
    ]
    return AdamW(groups, weight_decay=phase.weight_decay)


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
    network: LiteFPN, optimiser: AdamW, drawn: Batch, phase: Phase, step: int
) -> float:
    """Learn from one batch, in place; returns its loss."""
    share = one_cycle(step, steps=phase.steps, warm_up=phase.warm_up)
    peaks = (phase.encoder_rate, phase.rate)
    for group, peak in zip(optimiser.param_groups, peaks, strict=True):
        group["lr"] = peak * share
    images = normalised(torch.from_numpy(drawn.images).movedim(3, 1))
    value = loss(
        network(images.contiguous(memory_format=torch.channels_last)),
        Target(
            torch.from_numpy(drawn.damage), class_weights(DAMAGE, phase.damage_weights)
        ),
        Target(torch.from_numpy(drawn.component), class_weights(COMPONENT, {})),
        every_px=phase.loss_every_px,
        start_px=_start_px(step, phase.loss_every_px),
    )
    optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), phase.largest_gradient)
    optimiser.step()
    return float(value.detach())


def _start_px(step: int, every_px: int) -> tuple[int, int]:
    """Row and column that take turns, so that every pixel counts in some step."""
    row, column = divmod(step % every_px**2, every_px)
    return row, column


def train(
    network: LiteFPN, sources: Sources, recipe: Recipe, folder: Path
) -> Iterator[Progress]:
    """Train `network` in place through all phases, one step for each item taken.

    Args:
        network: As `initial_network` makes it; overwritten by checkpoints found.
        sources: Pictures to learn from.
        recipe: The phases; each goes on from the network that the one before left.
        folder: Holds a checkpoint a phase, from which to go on and to which to write.

    Yields:
        The progress after each step.
    """
    torch.set_num_threads(recipe.threads)
    torch.use_deterministic_algorithms(mode=True)
    cv2.setNumThreads(1)
    for phase in recipe.phases:
        yield from train_phase(network, sources, phase, folder / f"{phase.name}.npz")
    network.eval()


def train_phase(
    network: LiteFPN, sources: Sources, phase: Phase, checkpoint: Path
) -> Iterator[Progress]:
    """One phase of `train`, with a fresh optimiser."""
    optimiser = optimiser_for(network, phase)
    done = read_checkpoint(checkpoint, network, optimiser) if checkpoint.exists() else 0
    steps = range(done, phase.steps)
    network.train()
    drawn = batches(sources, phase, steps)
    for step, one in zip(steps, drawn, strict=True):
        value = train_step(network, optimiser, one, phase, step)
        if (step + 1) % phase.checkpoint_every == 0 or step + 1 == phase.steps:
            write_checkpoint(checkpoint, network, optimiser, step=step + 1)
        yield Progress(phase.name, step + 1, value)


def write_log_line(path: Path, progress: Progress) -> None:
    """Append phase, step and loss to a CSV file; begin it with a header."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(["phase", "step", "loss"])
        writer.writerow([progress.phase, progress.step, f"{progress.loss:.6f}"])
