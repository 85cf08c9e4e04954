"""Shaking against observation: each city predicted from all the others.

A city is the maximum of its stations, so what is predicted is field + offset, with the
nugget on top of the field's variance. The stated interval is of the value; what is
observed is the class it fell into, so that even a perfect 90 % interval overlaps more
than 90 % of the classes: how many it would is said beside how many it does. What tells
whether the spread is right, however wide the classes, is the coverage: the chance that
the value lay in the interval, given its class. It is 90 % on average if the spread is
right, more if it is too wide.

Source:
    C. Czado, T. Gneiting and L. Held, Biometrics 65, 2009, 1254-1261: the probability
    integral transform of discrete values, without randomising.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from data.operation import Hypocentre
from geo.conditioned_shaking import Known, intensity_prior
from geo.conditioning import field_given, field_without, given
from geo.observed import Observations
from geo.residuals import covariance
from geo.vs30 import Ground

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

Z_90 = 1.6448536269514722  # half of a 90 % interval, in standard deviations
CLASS_EDGES = np.array([-9.0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.0, 5.5, 6.0, 6.5, 16.0])
"""Of JMA's classes, the outer two out of reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """M values that were observed, and what was predicted of each.

    Attributes:
        low: Of the observed class; `high` its end.
        raw: Predicted by the model alone, shape (M,).
        mean: Predicted from the other observations.
        sigma: Standard deviation of the value about `mean`.
        field_sigma: That of the field alone, as a place between stations has it.
    """

    low: Array
    high: Array
    raw: Array
    mean: Array
    sigma: Array
    field_sigma: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well some predictions did, in units of intensity.

    Attributes:
        raw_bias: Mean of (middle of the class - prediction) by the model alone.
        overlap: Share of classes that the stated 90 % interval overlaps.
        overlap_expected: The share a perfect interval of this width would overlap.
        coverage: Share of values in the stated 90 % interval, from their classes.
        field_overlap: Share that the interval of the field alone overlaps.
        width: Mean width of the 90 % interval.
    """

    count: int
    raw_bias: float
    raw_rms: float
    bias: float
    rms: float
    overlap: float
    overlap_expected: float
    coverage: float
    field_overlap: float
    width: float


def predict(
    targets: Observations,
    known: Known,
    hypocentre: Hypocentre,
    ground: Ground,
    *,
    without_own: bool,
) -> Prediction:
    """What the observations say of each target.

    Args:
        targets: Cities or areas.
        known: The observations, conditioned on.
        hypocentre: In JGD2011.
        ground: Vs30.
        without_own: Whether each is predicted without what was observed in it.
    """
    median, where = intensity_prior(
        hypocentre, targets.longitude, targets.latitude, ground
    )
    ready = given(covariance(known.places, known.places), known.sites)
    across, own = covariance(known.places, where), where.sigma**2
    if without_own:
        groups = [np.flatnonzero(known.group == group) for group in targets.group]
        shift, variance = field_without(ready, across, own, groups)
    else:
        shift, variance = field_given(ready, across, own)
    raw = median + targets.offset
    return Prediction(
        low=targets.low,
        high=targets.high,
        raw=raw,
        mean=raw + shift,
        sigma=np.sqrt(variance + targets.nugget**2),
        field_sigma=np.sqrt(variance),
    )


def score(found: Prediction, some: Flags) -> Score | None:
    """Score of some of the predictions whose class has a middle; None without any."""
    rows = some & np.isfinite(found.low) & np.isfinite(found.high)
    if not rows.any():
        return None
    middle = (found.low + found.high)[rows] / 2.0
    raw, error = middle - found.raw[rows], middle - found.mean[rows]
    return Score(
        count=int(rows.sum()),
        raw_bias=float(raw.mean()),
        raw_rms=_rms(raw),
        bias=float(error.mean()),
        rms=_rms(error),
        overlap=_share(_overlaps(found, found.sigma)[rows]),
        overlap_expected=_share(_expected_overlap(found)[rows]),
        coverage=_share(_coverage(found)[rows]),
        field_overlap=_share(_overlaps(found, found.field_sigma)[rows]),
        width=float(2.0 * Z_90 * found.sigma[rows].mean()),
    )


def _rms(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))


def _share(values: Array | Flags) -> float:
    return float(values.mean())


def _overlaps(found: Prediction, sigma: Array) -> Flags:
    """Whether mean +- 1.64 sigma has a point in common with the class."""
    low, high = found.mean - Z_90 * sigma, found.mean + Z_90 * sigma
    return np.asarray((low < found.high) & (high >= found.low))


def _coverage(found: Prediction) -> Array:
    """Chance of the value to lie in the interval, if predicted and then seen in class.

    A class that the prediction holds impossible, to rounding, is outside.
    """
    low, high = (
        ndtr((edge - found.mean) / found.sigma) for edge in (found.low, found.high)
    )
    tail = float(ndtr(-Z_90))
    inside = np.minimum(high, 1.0 - tail) - np.maximum(low, tail)
    seen = np.maximum(high - low, np.finfo(float).tiny)
    return np.asarray(np.maximum(inside, 0.0) / seen)


def _expected_overlap(found: Prediction) -> Array:
    """Chance that the class overlaps the interval, if the prediction is right."""
    low, high = (found.mean + sign * Z_90 * found.sigma for sign in (-1.0, 1.0))
    first = CLASS_EDGES[np.searchsorted(CLASS_EDGES, low, side="right") - 1]
    last = CLASS_EDGES[np.searchsorted(CLASS_EDGES, high, side="right")]
    return np.asarray(
        ndtr((last - found.mean) / found.sigma)
        - ndtr((first - found.mean) / found.sigma)
    )
