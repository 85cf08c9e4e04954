"""What a detector gets right on labelled pictures that it did not learn from."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.calibration import THRESHOLDS, counts_by_threshold
from vision.classes import DAMAGE
from vision.metrics import NO_COUNTS, Counts, counts_within, known_mask
from vision.sample import SURROUNDINGS, Sample
from vision.segment import (
    Channels,
    chosen_classes,
    mean_over_scales,
    segment,
    trained_channels,
)
from vision.weights import HEADS, Card, Model
from vision.windows import BATCH

SHOWN_PX: Final = 100  # from so many pixels on a picture shows a class
FOUND_PX: Final = 30  # of these must be found: less is dropped as noise
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


class Seen(NamedTuple):
    """A labelled picture and what the network thinks of it.

    `planes` holds the mean probabilities over the scales of the damage classes, then of
    the component classes that are looked at: float16, shape (classes, height, width).
    """

    planes: NDArray[np.float16]
    damage: NDArray[np.uint8]
    component: NDArray[np.uint8]


def looked_at(model: Model, samples: Iterable[Sample]) -> list[Seen]:
    """Read each picture once, as `karte segment` does without a distance.

    Args:
        model: Its card says which classes are looked at; thresholds play no part.
        samples: Labelled pictures.
    """
    channels = trained_channels(model.card)
    return [
        Seen(
            mean_probabilities(model, sample.image, channels).astype(np.float16),
            sample.damage,
            sample.component,
        )
        for sample in samples
    ]


def mean_probabilities(
    model: Model, rgb: NDArray[np.uint8], channels: tuple[Channels, Channels]
) -> NDArray[np.float32]:
    """Damage planes, then component planes of `channels`, the mean over the scales."""
    rows = mean_over_scales(model, rgb, channels, batch=BATCH)
    return np.concatenate([block.planes for block in rows], axis=1)


def class_tables(card: Card, pictures: Iterable[Seen]) -> Tables:
    """Counts by threshold of every damage class that `card` has."""
    channels = trained_channels(card)[0]
    empty = np.zeros((len(THRESHOLDS), 3), np.int64)
    tables = {name: empty.copy() for name in channels.names}
    for picture in pictures:
        known = picture.damage < SURROUNDINGS
        for name, number, plane in _damage_planes(channels, picture):
            tables[name] += counts_by_threshold(plane, picture.damage == number, known)
    return tables


def picture_tables(card: Card, pictures: Iterable[Seen]) -> Tables:
    """The same for whole pictures: said to show a class, rightly so, showing it.

    Returns:
        By class, shape (thresholds, 3), as from `counts_by_threshold`.
    """
    channels = trained_channels(card)[0]
    tables = {name: np.zeros((len(THRESHOLDS), 3), np.int64) for name in channels.names}
    for picture in pictures:
        for name, number, plane in _damage_planes(channels, picture):
            shown = int((picture.damage == number).sum())
            pixels = np.array([int((plane >= least).sum()) for least in THRESHOLDS])
            said = (pixels >= SHOWN_PX).astype(np.int64)
            tables[name][:, 0] += said
            tables[name][:, 1] += said * (shown > 0)
            tables[name][:, 2] += shown >= SHOWN_PX
    return tables


def _damage_planes(
    channels: Channels, picture: Seen
) -> Iterator[tuple[str, int, NDArray[np.float32]]]:
    """Name, number and probability of each damage class."""
    for name, number, plane in zip(
        channels.names, channels.planes, picture.planes, strict=False
    ):
        yield name, int(number), plane.astype(np.float32)


class ClassScore(NamedTuple):
    """How well one class is found, by pixels and by pictures.

    A picture counts as true if it shows the class on 100 pixels or more, as truly found
    if 30 of these are called so, and as a finding if 100 pixels anywhere are.
    """

    pixels: Counts
    pictures: Counts


def class_scores(
    card: Card, pictures: Iterable[Seen]
) -> dict[str, dict[str, ClassScore]]:
    """Scores of every class that `card` has, by head, at its thresholds."""
    channels = dict(zip(HEADS, trained_channels(card), strict=True))
    nothing = ClassScore(NO_COUNTS, NO_COUNTS)
    scores = {head: dict.fromkeys(channels[head].names, nothing) for head in HEADS}
    split = len(channels["damage"].names)
    for picture in pictures:
        planes = picture.planes.astype(np.float32)
        damage = chosen_classes(planes[:split], channels["damage"])
        component = chosen_classes(planes[split:], channels["component"])
        pairs = {
            "damage": (damage, picture.damage),
            "component": (component, picture.component),
        }
        for head, (said, labels) in pairs.items():
            for name, number in zip(
                channels[head].names, channels[head].planes, strict=True
            ):
                one = _picture_score(said == number, labels == number, labels)
                before = scores[head][name]
                scores[head][name] = ClassScore(
                    before.pixels.plus(one.pixels), before.pictures.plus(one.pictures)
                )
    return scores


def _picture_score(
    found: NDArray[np.bool_], true: NDArray[np.bool_], labels: NDArray[np.uint8]
) -> ClassScore:
    pixels = counts_within(found, true, labels < SURROUNDINGS)
    is_found = pixels.found >= SHOWN_PX
    is_true = pixels.true >= SHOWN_PX
    return ClassScore(
        pixels,
        Counts(
            found=int(is_found),
            found_true=int(is_found and pixels.true > 0),
            true=int(is_true),
            true_found=int(is_true and pixels.true_found >= FOUND_PX),
        ),
    )


def false_levels(
    card: Card, pictures: Iterable[Seen], classes: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """How strongly each class is seen on pictures where none of `classes` is.

    The level of a picture is the probability that one pixel in 500 exceeds: a
    threshold above it leaves at most that much false damage.

    Returns:
        By class, one level for each picture without damage, shape (pictures,).
    """
    channels = trained_channels(card)[0]
    numbers = [DAMAGE[name] for name in classes]
    levels: dict[str, list[float]] = {name: [] for name in classes}
    for picture in pictures:
        if np.isin(picture.damage, numbers).any():
            continue
        for name, _, plane in _damage_planes(channels, picture):
            if name in levels:
                levels[name].append(float(np.quantile(plane, 1 - _FALSE_SHARE)))
    return {name: np.array(values, np.float32) for name, values in levels.items()}
