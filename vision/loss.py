"""What training makes smaller: cross-entropy plus soft dice, for each head.

The soft dice follows Milletari et al. 2016 (V-Net, arXiv 1606.04797), taken over the
classes present in the batch, so that a hairline counts as much as a wall.
"""

from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from vision.classes import COMPONENT, IGNORED
from vision.network import Logits, full_resolution
from vision.sample import SURROUNDINGS

ASSET_PARTS: Final = tuple(
    COMPONENT[name] for name in ("bridge", "dam", "tower", "conductor", "insulator")
)

_DICE_SMOOTHING_PX: Final = 1.0


def loss(logits: Logits, damage: Tensor, component: Tensor) -> Tensor:
    """Sum of both heads' losses.

    Args:
        logits: At stride 4.
        damage: uint8, shape (N, H, W): classes, or 255.
        component: uint8, shape (N, H, W): classes, 254 (no asset) or 255.
    """
    return head_loss(full_resolution(logits.damage), damage) + head_loss(
        full_resolution(logits.component), component
    )


def head_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy plus soft dice over the pixels of which something is known.

    Args:
        logits: Shape (N, C, H, W).
        labels: uint8, shape (N, H, W): classes below C, 254 for "no asset", 255.

    Returns:
        A scalar; zero if nothing is known.
    """
    logits = logits.movedim(1, -1).reshape(-1, logits.shape[1])  # (pixels, C)
    labels = labels.reshape(-1)
    known = labels != IGNORED
    if not bool(known.any()):
        return logits.sum() * 0
    log_p, labels = F.log_softmax(logits[known], dim=1), labels[known]
    return cross_entropy(log_p, labels) + soft_dice(log_p.exp(), labels)


def cross_entropy(log_p: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-likelihood of (pixels, C); 254 means any class but an asset."""
    exact = labels != SURROUNDINGS
    losses = F.nll_loss(log_p[exact], labels[exact].long(), reduction="sum")
    if not bool(exact.all()):
        elsewhere = [c for c in range(log_p.shape[1]) if c not in ASSET_PARTS]
        allowed = torch.logsumexp(log_p[~exact][:, elsewhere], dim=1)
        losses = losses - allowed.sum()
    return losses / len(labels)


def soft_dice(p: Tensor, labels: Tensor) -> Tensor:
    """One minus soft dice, mean over the classes present in `labels`.

    A pixel of the surroundings counts as "not this class" for the parts of assets
    and is left out for all others.
    """
    exact = labels != SURROUNDINGS
    present = torch.unique(labels[exact]).tolist()
    terms = []
    for number in present:
        counted = slice(None) if number in ASSET_PARTS else exact
        target = (labels[counted] == number).to(p.dtype)
        predicted = p[counted, number]
        overlap = 2 * (predicted * target).sum() + _DICE_SMOOTHING_PX
        terms.append(
            1 - overlap / (predicted.sum() + target.sum() + _DICE_SMOOTHING_PX)
        )
    return torch.stack(terms).mean() if terms else p.sum() * 0
