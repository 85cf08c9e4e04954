"""What a detector gets right on labelled pictures that it did not learn from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.calibration import THRESHOLDS, counts_by_threshold
from vision.classes import DAMAGE
from vision.metrics import NO_COUNTS, Counts, counts_within, known_mask
from vision.sample import SURROUNDINGS, Sample
from vision.segment import Channels, mean_over_scales, segment, trained_channels
from vision.weights import Model
from vision.windows import BATCH

CRACK_TOLERANCE_PX: Final = 2.0  # labels of cracks are lines of one width
CrackDetector = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""From uint8 (height, width, 3) to where the cracks are, (height, width)."""
Tables = dict[str, NDArray[np.int64]]
"""By class, what `counts_by_threshold` counted."""

_FALSE_SHARE: Final = 1 / 500  # of a picture: 500 of 512 x 512 pixels


class CrackScores(NamedTuple):
    """Cracks found on a set of pictures, all pixels counted together.

    `joint_alarms` of `joints` pixels of formwork joints were called crack.
    """

    strict: Counts
    tolerant: Counts
    joint_alarms: int
    joints: int


def crack_scores(detect: CrackDetector, samples: Iterable[Sample]) -> CrackScores:
    """Score a detector of cracks, of whatever kind, on labelled pictures."""
    strict, tolerant, alarms, joints = NO_COUNTS, NO_COUNTS, 0, 0
    for sample in samples:
        found, known = detect(sample.image), known_mask(sample.damage)
        true = sample.damage == DAMAGE["crack"]
        joint = sample.damage == DAMAGE["distractor"]
        strict = strict.plus(counts_within(found, true, known))
        tolerant = tolerant.plus(
            counts_within(found, true, known, tolerance_px=CRACK_TOLERANCE_PX)
        )
        alarms += int((found & joint).sum())
        joints += int(joint.sum())
    return CrackScores(strict, tolerant, alarms, joints)


def crack_detector(model: Model) -> CrackDetector:
    """The network as a detector of cracks, exactly as `karte segment` runs it."""

    def detect(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
        damage = segment(model, rgb, gsd_m=None).damage
        return np.asarray(damage == DAMAGE["crack"])

    return detect


def mean_probabilities(
    model: Model, rgb: NDArray[np.uint8], channels: tuple[Channels, Channels]
) -> NDArray[np.float32]:
    """Damage planes, then component planes of `channels`, the mean over the scales."""
    rows = mean_over_scales(model, rgb, channels, batch=BATCH)
    return np.concatenate([block.planes for block in rows], axis=1)


def class_tables(model: Model, samples: Iterable[Sample]) -> tuple[Tables, Tables]:
    """Counts by threshold of every trained damage and component class.

    Args:
        model: Its card says which classes there are; its thresholds play no part.
        samples: Pictures that the model did not learn from.
    """
    channels = trained_channels(model.card)
    split = len(channels[0].names)
    damage, component = _empty(channels[0]), _empty(channels[1])
    for sample in samples:
        planes = mean_probabilities(model, sample.image, channels)
        _count(damage, planes[:split], sample.damage, channels[0])
        _count(component, planes[split:], sample.component, channels[1])
    return damage, component


def _empty(channels: Channels) -> Tables:
    return {name: np.zeros((len(THRESHOLDS), 3), np.int64) for name in channels.names}


def _count(
    tables: Tables,
    planes: NDArray[np.float32],
    labels: NDArray[np.uint8],
    channels: Channels,
) -> None:
    """Add one picture to `tables`, in place."""
    known = labels < SURROUNDINGS
    for name, number, plane in zip(
        channels.names, channels.planes, planes, strict=True
    ):
        tables[name] += counts_by_threshold(plane, labels == number, known)


def false_levels(
    model: Model, samples: Iterable[Sample], classes: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """How strongly each class is seen on pictures where none of `classes` is.

    The level of a picture is the probability that one pixel in 500 exceeds: a
    threshold above it leaves at most that much false damage.

    Returns:
        By class, one level for each picture without damage, shape (pictures,).
    """
    channels = trained_channels(model.card)
    numbers = [DAMAGE[name] for name in classes]
    levels: dict[str, list[float]] = {name: [] for name in classes}
    for sample in samples:
        if np.isin(sample.damage, numbers).any():
            continue
        planes = mean_probabilities(model, sample.image, channels)
        for name, plane in zip(channels[0].names, planes, strict=False):
            if name in levels:
                levels[name].append(float(np.quantile(plane, 1 - _FALSE_SHARE)))
    return {name: np.array(values, np.float32) for name, values in levels.items()}
