"""Chance of D3 or worse, draw by draw of what all assets share.

What belongs to an asset alone is in its beta; shaking and the capacity of its kind are
shared and drawn, so that sums over assets have honest intervals.

Source:
    BELIEF, "Expected state"; DEFINITIONS, section 10.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from data.fragility import SEVERE_K, STATES

Array = NDArray[np.float64]
Draws = NDArray[np.float32]

LOUDEST = 20.0  # DEFINITIONS, section 10: nothing shakes more than so many medians
LEAST_CAPACITY = 0.35  # DEFINITIONS, section 10: and no asset fails below this part
LOW, HIGH = 0.05, 0.95


def may_be_severe(intensity: Array, medians: Array) -> NDArray[np.bool_]:
    """Whether any draw could matter, shape (N,); elsewhere the chance counts as 0."""
    lowest = medians.min(axis=1, initial=np.inf)
    return np.asarray(intensity * LOUDEST >= LEAST_CAPACITY * lowest)


def severe_by_draw(log_intensity: Draws, medians: Array, betas: Array) -> Draws:
    """P(D3 or worse) for each draw.

    Args:
        log_intensity: Natural log, in the unit of the medians, shape (N, draws).
        medians: Shape (N, 4).
        betas: Shape (N, 4).

    Returns:
        Shape (N, draws); where the curves of D3 and D4 cross, the larger of both.
    """
    severe = np.zeros_like(log_intensity)
    for k in range(SEVERE_K - 1, STATES - 1):
        slope = (1.0 / betas[:, k]).astype(np.float32)[:, None]
        middle = np.log(medians[:, k]).astype(np.float32)[:, None]
        np.maximum(severe, ndtr((log_intensity - middle) * slope), out=severe)
    return severe


def interval(severe: Draws, mean: Array) -> tuple[Array, Array]:
    """5 and 95 % quantiles over the draws, shape (N,); they hold the mean."""
    low, high = np.quantile(severe, (LOW, HIGH), axis=1).astype(np.float64)
    return np.minimum(low, mean), np.maximum(high, mean)
