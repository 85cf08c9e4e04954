"""One set of labelled pictures against weights: every number that the table holds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.appearance import appearance
from vision.assurance import (
    Reliability,
    miss_control,
    miss_shares,
    reliability,
    together,
)
from vision.classes import DAMAGE, IGNORED
from vision.datasets import LabelledPicture
from vision.domain import DomainClause, assess_domain
from vision.evaluation import SHOWN_PX, Seen, class_tables, looked_at
from vision.images import quality
from vision.metrics import NO_COUNTS, Counts, counts_within, f1
from vision.segment import Channels, chosen_classes, trained_channels
from vision.weights import Card, Model

TOLERANCE_PX: Final = 2.0


class PixelScore(NamedTuple):
    """Pixels of one damage class, strict and within two pixels."""

    strict: Counts
    tolerant: Counts


class Judgement(NamedTuple):
    """What weights made of one set.

    Attributes:
        classes: By damage class that the weights may write.
        confusion: Pixels by true class (row) and written one (column), (10, 10).
        reliability: Of the likeliest damage class (`none` among them).
        tables: By class, counts by threshold.
        negatives: Pictures without any damage, as far as is known.
        alarms: Those of them on which 100 pixels or more are called damage.
        clauses: How many pictures fail each clause of the domain check.
        worst: Name and F1 of any damage, the ten worst pictures that show some.
    """

    pictures: int
    classes: dict[str, PixelScore]
    confusion: NDArray[np.int64]
    reliability: Reliability
    tables: dict[str, NDArray[np.int64]]
    negatives: int
    alarms: int
    clauses: dict[DomainClause, int]
    worst: tuple[tuple[str, float], ...]


def judge(model: Model, pictures: Sequence[LabelledPicture]) -> Judgement:
    """Read every picture once, as `karte segment` does without a distance."""
    channels = trained_channels(model.card)[0]
    nothing = PixelScore(NO_COUNTS, NO_COUNTS)
    classes = dict.fromkeys(channels.names, nothing)
    tables = class_tables(model.card, [])
    confusion = np.zeros((len(DAMAGE), len(DAMAGE)), np.int64)
    parts, ranked, clauses = [], [], Counter[DomainClause]()
    negatives = alarms = 0
    for picture in pictures:
        sample = picture.read()
        clause = assess_domain(
            quality(sample.image),
            gsd_m=None,
            card=model.card,
            seen=appearance(sample.image),
        )
        clauses.update([] if clause is None else [clause])
        (seen,) = looked_at(model, [sample])
        said = chosen_classes(seen.planes[: len(classes)].astype(np.float32), channels)
        classes = {
            name: _added(classes[name], said, seen.damage, DAMAGE[name])
            for name in classes
        }
        for name, table in class_tables(model.card, [seen]).items():
            tables[name] = tables[name] + table
        confusion += _confusion(said, seen.damage)
        parts.append(_reliability(seen, channels))
        damaged = _is_damage(seen.damage)
        negatives += not damaged.any()
        alarms += not damaged.any() and int(_is_damage(said).sum()) >= SHOWN_PX
        if damaged.any():
            ranked.append((_f1(said, seen.damage), picture.name))
    return Judgement(
        len(pictures),
        classes,
        confusion,
        together(parts),
        tables,
        negatives,
        int(alarms),
        dict(sorted(clauses.items())),
        tuple((name, score) for score, name in sorted(ranked)[:10]),
    )


def _added(
    before: PixelScore, said: NDArray[np.uint8], true: NDArray[np.uint8], number: int
) -> PixelScore:
    known = true != IGNORED
    strict, tolerant = (
        counts_within(said == number, true == number, known, tolerance_px=reach_px)
        for reach_px in (0.0, TOLERANCE_PX)
    )
    return PixelScore(before.strict.plus(strict), before.tolerant.plus(tolerant))


def _is_damage(indices: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Neither none, nor a distractor, nor unknown."""
    return (indices > DAMAGE["none"]) & (indices < DAMAGE["distractor"])


def _f1(said: NDArray[np.uint8], true: NDArray[np.uint8]) -> float:
    counts = counts_within(_is_damage(said), _is_damage(true), true != IGNORED)
    return f1(counts) or 0.0


def _confusion(said: NDArray[np.uint8], true: NDArray[np.uint8]) -> NDArray[np.int64]:
    size = len(DAMAGE)
    known = true < size
    pairs = true[known].astype(np.int64) * size + said[known]
    return np.bincount(pairs, minlength=size * size).reshape(size, size)


def _reliability(seen: Seen, channels: Channels) -> Reliability:
    """With what no plane claims as `none`; a distractor is none as well."""
    planes = seen.planes[: len(channels.names)].astype(np.float32)
    none = np.clip(1.0 - planes.sum(axis=0, keepdims=True), 0.0, 1.0)
    true = np.where(seen.damage == DAMAGE["distractor"], DAMAGE["none"], seen.damage)
    numbers = [DAMAGE["none"], *channels.planes.tolist()]
    return reliability(np.concatenate([none, planes]), numbers, true.astype(np.uint8))


def all_reliability(judgements: Iterable[Judgement]) -> Reliability:
    """Of several sets together."""
    return together(each.reliability for each in judgements)


def promises(
    card: Card, fitted: Sequence[Seen], checked: Sequence[Seen]
) -> dict[str, Any]:
    """What the card says of its own honesty, seen on worlds kept apart.

    Args:
        card: Its damage classes are looked at.
        fitted: What temperatures and thresholds of misses were fitted on.
        checked: Other worlds.

    Returns:
        The calibration error on both, and by class the control of misses.
    """
    channels = trained_channels(card)[0]
    errors = [
        together(_reliability(seen, channels) for seen in part).error
        for part in (fitted, checked)
    ]
    misses = {
        name: miss_control(
            *(miss_shares(part, place, DAMAGE[name]) for part in (fitted, checked))
        )._asdict()
        for place, name in enumerate(channels.names)
    }
    return {
        "worlds": "fitted on even ones, checked on odd ones",
        "calibration_error_fitted": errors[0],
        "calibration_error_checked": errors[1],
        "misses": misses,
    }
