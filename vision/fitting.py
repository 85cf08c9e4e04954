"""Temperatures and thresholds of a trained network, from pictures kept back."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from vision.calibration import (
    CRACK_THRESHOLDS,
    Operating,
    best_within,
    first_precise,
    severe_threshold,
    temperature,
)
from vision.evaluation import (
    Seen,
    class_tables,
    false_levels,
    looked_at,
    picture_tables,
)
from vision.network import LiteFPN, full_resolution, normalised
from vision.sample import Sample
from vision.sources import Judged
from vision.weights import HEADS, Card, Model

_EVERY_PX: Final = 8  # neighbouring pixels say nearly the same


def fitted_temperatures(
    network: LiteFPN, samples: Iterable[Sample]
) -> dict[str, float]:
    """The temperature of each head.

    Args:
        network: Trained, in evaluation mode.
        samples: Kept back; sides multiples of 32.
    """
    logits: dict[str, list[NDArray[np.float32]]] = {head: [] for head in HEADS}
    labels: dict[str, list[NDArray[np.uint8]]] = {head: [] for head in HEADS}
    thinned = (slice(None, None, _EVERY_PX), slice(None, None, _EVERY_PX))
    for sample in samples:
        image = normalised(torch.from_numpy(sample.image).movedim(2, 0)[None])
        with torch.no_grad():
            answers = full_resolution(network(image))
        truths = (sample.damage, sample.component)
        for head, scores, truth in zip(HEADS, answers, truths, strict=True):
            planes = scores[0].numpy()[:, *thinned]
            logits[head].append(planes.reshape(len(planes), -1).T)
            labels[head].append(truth[thinned].ravel())
    return {
        head: temperature(np.concatenate(logits[head]), np.concatenate(labels[head]))
        for head in HEADS
    }


class JudgedSeen(NamedTuple):
    """`Judged`, looked at by the network."""

    rendered: Sequence[Seen]
    cracks: Sequence[Seen]
    intact: Sequence[Seen]


def seen(model: Model, pictures: Judged) -> JudgedSeen:
    """Every picture read once; half a megabyte a class and picture."""
    return JudgedSeen(
        *(looked_at(model, (one.read() for one in kind)) for kind in pictures)
    )


def fitted_thresholds(card: Card, pictures: JudgedSeen) -> dict[str, Operating]:
    """A threshold for each damage class, with what it gave.

    That of cracks has the best F1 within the range that carried over to structures
    never seen; the others are precise on rendered tiles, by pixel and by picture, and
    quiet where nothing is.

    Args:
        card: Of all classes; its thresholds play no part.
        pictures: What to fit on.
    """
    crack = class_tables(card, pictures.cracks)["crack"]
    chosen = {"crack": best_within(crack, CRACK_THRESHOLDS)}
    tables = class_tables(card, pictures.rendered)
    others = [name for name in tables if name != "crack"]
    every = (*pictures.rendered, *pictures.cracks, *pictures.intact)
    levels = false_levels(card, every, others)
    by_picture = picture_tables(card, pictures.rendered)
    for name in others:
        rare = first_precise(by_picture[name]).threshold
        chosen[name] = severe_threshold(tables[name], levels[name], least=rare)
    return chosen
