"""Looks -> evidence -> posterior: the arithmetic of belief, and nothing else.

Source:
    BELIEF, "Evidence"; DEFINITIONS, section 7.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

EPSILON = 0.05  # weight of the reference in p'; DEFINITIONS, section 2
REFERENCE = np.array([0.90, 0.05, 0.03, 0.015, 0.005])  # q; DEFINITIONS, section 1
NO_ABSENCE_SHARE = 0.3  # of fewer cells than this, absence is no evidence
LOOK_DISCOUNT = 0.5  # per rank of the looks of one sortie
SORTIE_DISCOUNT = 0.8  # per rank of the sorties
MAX_FOR, MAX_AGAINST = np.log(50.0), -np.log(20.0)  # no machine is surer than this
SEVERE = slice(3, 5)  # D3 and D4
SET_SHARE = 0.9
ROUNDING = 1e-9  # a share of probability that float addition may lose


def mixed_prior(expected: ArrayLike | None) -> Floats:
    """The prior used with pictures: p' = (1 - eps) p + eps q; no state has zero mass.

    Args:
        expected: P(state) before any picture, shape (..., 5), or None where nothing is
            modelled: then p' = q.
    """
    if expected is None:
        return REFERENCE.copy()
    return (1.0 - EPSILON) * np.asarray(
        expected, dtype=np.float64
    ) + EPSILON * REFERENCE


def look_evidence(steps: ArrayLike, *, share: float, negative_lambda: float) -> Floats:
    """Evidence d' of one look: how its level speaks for each state over the last.

    Args:
        steps: d_1 .. d_4 of the look's view and level, shape (4,).
        share: Share of the cells seen; below .3 absence is no evidence.
        negative_lambda: Weight of what speaks against damage: 1 in the domain the
            likelihood was learnt in, less outside. It belongs to the look, never to z.
    """
    against = 0.0 if share < NO_ABSENCE_SHARE else negative_lambda
    step = np.asarray(steps, dtype=np.float64)
    return np.where(step > 0.0, step, against * step)


def combine(evidence: ArrayLike, sortie: ArrayLike) -> Floats:
    """One d per state from all looks of an asset.

    What speaks for and what speaks against is added apart: inside a sortie sorted by
    size with weights .5^rank, then the sums of the sorties with weights .8^rank; each
    sign is clipped, then both are added.

    Args:
        evidence: d' of each look, shape (looks, 4).
        sortie: Sortie of each look, shape (looks,).

    Returns:
        Shape (4,), from -ln 20 to +ln 50.
    """
    d = np.asarray(evidence, dtype=np.float64).reshape(-1, 4)
    _, group = np.unique(np.asarray(sortie), return_inverse=True)
    supports = _two_levels(np.maximum(d, 0.0), group)
    opposes = -_two_levels(np.maximum(-d, 0.0), group)
    return np.asarray(np.minimum(supports, MAX_FOR) + np.maximum(opposes, MAX_AGAINST))


def _two_levels(size: Floats, group: NDArray[np.int64]) -> Floats:
    sums = [
        _ranked(size[group == one], LOOK_DISCOUNT)
        for one in range(group.max(initial=-1) + 1)
    ]
    return _ranked(np.array(sums).reshape(-1, 4), SORTIE_DISCOUNT)


def _ranked(size: Floats, discount: float) -> Floats:
    """Sum of each column, its values sorted down and weighted discount^rank."""
    weights = discount ** np.arange(len(size))
    down = np.sort(size, axis=0)[::-1]
    return np.asarray((down * weights[:, np.newaxis]).sum(axis=0))


def posterior(prior: ArrayLike, evidence: ArrayLike) -> Floats:
    """P(state) after the looks: prior x exp(cumulated evidence), normalised.

    Args:
        prior: p', shape (5,).
        evidence: Combined d, shape (4,).
    """
    log_ratio = np.concatenate(
        ([0.0], np.cumsum(np.asarray(evidence, dtype=np.float64)))
    )
    weight = np.asarray(prior, dtype=np.float64) * np.exp(log_ratio - log_ratio.max())
    return np.asarray(weight / weight.sum())


def with_severe(prior: ArrayLike, severe: float) -> Floats:
    """The prior with P(D3 or D4) set to `severe`, the proportions inside both kept.

    It carries the 5 and 95 % bounds of p_severe through the evidence.
    """
    p = np.asarray(prior, dtype=np.float64)
    scaled: Floats = p * (1.0 - severe) / p[: SEVERE.start].sum()
    scaled[SEVERE] = p[SEVERE] * severe / p[SEVERE].sum()
    return scaled


def exceedance(p: ArrayLike) -> Floats:
    """P(S >= k), k = 1 .. 4, of P(state), shape (5,) -> (4,)."""
    return np.asarray(np.cumsum(np.asarray(p, dtype=np.float64)[::-1])[::-1][1:])


def state_set(p: ArrayLike) -> tuple[int, ...]:
    """Smallest set of states that holds 90 %, ties to the worse; in order of state.

    >>> state_set([0.5, 0.3, 0.15, 0.04, 0.01])
    (0, 1, 2)
    """
    chance = np.asarray(p, dtype=np.float64)
    states = np.arange(len(chance))
    order = np.lexsort((-states, -chance))
    held = np.cumsum(chance[order])
    size = int(np.searchsorted(held, SET_SHARE - ROUNDING)) + 1
    return tuple(sorted(int(state) for state in order[:size]))
