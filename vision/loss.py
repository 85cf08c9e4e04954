"""What training makes smaller: cross-entropy plus soft dice, for each head.

The soft dice follows Milletari et al. 2016 (V-Net, arXiv 1606.04797), taken over the
classes present in the batch and again over those present in each picture, so that a
hairline counts as much as a wall, and as much as a wide crack in another picture.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

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


class Target(NamedTuple):
    """What the logits of one head should say.

    `labels` is uint8 of shape (N, H, W): classes, 254 (no asset, component head only)
    or 255. `weights` of shape (C,) counts the pixels of a class more or less.
    """

    labels: Tensor
    weights: Tensor


def class_weights(classes: Mapping[str, int], given: Mapping[str, float]) -> Tensor:
    """Weights of all classes, shape (C,), 1 where none is given."""
    return torch.tensor([given.get(name, 1.0) for name in classes])


def loss(
    logits: Logits,
    damage: Target,
    component: Target,
    *,
    every_px: int = 1,
    start_px: tuple[int, int] = (0, 0),
) -> Tensor:
    """Sum of both heads' losses.

    Args:
        logits: As the network gives them.
        damage: What the damage head should say.
        component: What the component head should say.
        every_px: Only every so many-th pixel of every so many-th row counts.
        start_px: Row and column of the first that does.
    """
    row, column = start_px
    counted = (slice(row, None, every_px), slice(column, None, every_px))
    heads = zip(full_resolution(logits), (damage, component), strict=True)
    first, second = (
        head_loss(
            scores[..., *counted],
            target._replace(labels=target.labels[:, *counted]),
        )
        for scores, target in heads
    )
    return first + second


def head_loss(logits: Tensor, target: Target) -> Tensor:
    """Cross-entropy plus soft dice over the pixels of which something is known.

    Args:
        logits: Shape (N, C, H, W).
        target: Labels of shape (N, H, W).

    Returns:
        A scalar; zero if nothing is known.
    """
    known = target.labels != IGNORED
    if not bool(known.any()):
        return logits.sum() * 0
    log_p = F.log_softmax(logits.movedim(1, -1)[known], dim=1)  # (pixels, C)
    labels = target.labels[known]
    by_picture = known.flatten(1).sum(dim=1).tolist()
    return cross_entropy(log_p, labels, target.weights) + dice_of_batch(
        log_p.exp(), labels, by_picture
    )


def dice_of_batch(p: Tensor, labels: Tensor, by_picture: list[int]) -> Tensor:
    """Mean of `soft_dice` over all pixels and the mean of it over the pictures.

    Args:
        p: Probabilities, shape (pixels, C), picture after picture.
        labels: Shape (pixels,).
        by_picture: How many of the pixels are of each picture.
    """
    parts = zip(
        torch.split(p, by_picture), torch.split(labels, by_picture), strict=True
    )
    alone = [soft_dice(some_p, some) for some_p, some in parts if len(some)]
    return (soft_dice(p, labels) + torch.stack(alone).mean()) / 2


def cross_entropy(log_p: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Negative log-likelihood of (pixels, C), weighted by class, over all pixels.

    254 means any class but an asset.
    """
    exact = labels != SURROUNDINGS
    losses = F.nll_loss(log_p[exact], labels[exact].long(), weights, reduction="sum")
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
