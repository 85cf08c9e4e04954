"""From scores to honest chances: a temperature for each head, a threshold a class.

Both are fitted on pictures held out from training. They promise nothing about
structures of another kind: a threshold kept from one structure loses up to half of F1
on another (eye.md), which is why that of cracks is confined to a range that held.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from vision.metrics import Counts, f1, precision, recall

TEMPERATURES: Final = (0.25, 4.0)  # looked for in between
CRACK_THRESHOLDS: Final = (0.3, 0.5)  # the range that carried over to other structures
LEAST_PRECISION: Final = 0.8  # wanted of classes that can make a grade severe
LOUD_PICTURES: Final = 0.01  # share of undamaged pictures that may alarm
THRESHOLDS: Final = tuple(round(0.05 * k, 2) for k in range(2, 20))

_STEPS: Final = len(THRESHOLDS)


class Operating(NamedTuple):
    """A threshold and what it gave on pictures held out."""

    threshold: float
    precision: float | None
    recall: float | None


def temperature(logits: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """The divisor of the logits that makes the labels likeliest.

    Args:
        logits: Shape (pixels, classes).
        labels: Shape (pixels,); those that are no class are left out.

    Source:
        Guo et al. 2017, arXiv 1706.04599, section 4.2.
    """
    counted = labels < logits.shape[1]
    scores, classes = logits[counted].astype(np.float64), labels[counted].astype(int)
    if len(scores) == 0:
        return 1.0

    def surprise(log_temperature: float) -> float:
        log_p = log_softmax(scores / np.exp(log_temperature), axis=1)
        return float(-log_p[np.arange(len(classes)), classes].mean())

    bounds = (float(np.log(TEMPERATURES[0])), float(np.log(TEMPERATURES[1])))
    best = minimize_scalar(surprise, bounds=bounds, method="bounded")
    return float(np.exp(best.x))


def counts_by_threshold(
    probability: NDArray[np.float32],
    true: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Strict counts of one class at each of `THRESHOLDS`.

    Args:
        probability: Of the class, shape (height, width).
        true: Where the class is.
        known: Where the truth is known.

    Returns:
        Shape (thresholds, 3): pixels found, found and true, true. Those of several
        pictures may be added.
    """
    level = np.searchsorted(THRESHOLDS, probability[known], side="right")
    reached = np.bincount(level, minlength=_STEPS + 1)
    hits = np.bincount(level[true[known]], minlength=_STEPS + 1)
    found = reached[::-1].cumsum()[::-1][1:]
    found_true = hits[::-1].cumsum()[::-1][1:]
    return np.stack([found, found_true, np.full(_STEPS, hits.sum())], axis=1)


def _operating(row: NDArray[np.int64], threshold: float) -> tuple[Operating, Counts]:
    found, found_true, true = (int(value) for value in row)
    counts = Counts(found, found_true, true, found_true)
    return Operating(threshold, precision(counts), recall(counts)), counts


def best_within(table: NDArray[np.int64], allowed: tuple[float, float]) -> Operating:
    """The threshold with the best F1 among those between `allowed`, the lowest of ties.

    Args:
        table: As from `counts_by_threshold`.
        allowed: Least and greatest threshold to choose from.
    """
    choices = [
        _operating(row, threshold)
        for row, threshold in zip(table, THRESHOLDS, strict=True)
        if allowed[0] <= threshold <= allowed[1]
    ]
    return max(choices, key=lambda choice: f1(choice[1]) or 0.0)[0]


def first_precise(
    table: NDArray[np.int64], *, least: float = LEAST_PRECISION
) -> Operating:
    """The lowest threshold from which on precision stays at `least` or better.

    Where none is so precise, the strictest: better to miss than to alarm falsely, for
    a class that says "collapsed".
    """
    chosen, _ = _operating(table[-1], THRESHOLDS[-1])
    for row, threshold in reversed(list(zip(table, THRESHOLDS, strict=True))):
        here, _ = _operating(row, threshold)
        if here.precision is not None and here.precision < least:
            break
        chosen = here
    return chosen


def quiet(levels: NDArray[np.float32]) -> float:
    """The lowest threshold that all but one in a hundred undamaged pictures keep below.

    Args:
        levels: How strongly a class is seen on each undamaged picture, shape (N,).
    """
    if len(levels) == 0:
        return THRESHOLDS[0]
    level = float(np.quantile(levels, 1 - LOUD_PICTURES))
    return next((step for step in THRESHOLDS if step >= level), THRESHOLDS[-1])


def severe_threshold(
    table: NDArray[np.int64],
    levels: NDArray[np.float32],
    *,
    least: float = THRESHOLDS[0],
) -> Operating:
    """A threshold at which a severe class is both precise and rarely false.

    Args:
        table: As from `counts_by_threshold`.
        levels: As for `quiet`.
        least: One of `THRESHOLDS`, below which it may not lie.
    """
    least = max(first_precise(table).threshold, quiet(levels), least)
    return _operating(table[THRESHOLDS.index(least)], least)[0]
