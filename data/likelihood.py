"""Chance of a look's level given the state: tables, read and checked.

Source:
    BELIEF, "Evidence"; DEFINITIONS, section 6.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import ConfigError

Floats = NDArray[np.float64]

VIEWS, STATES, LEVELS = 6, 5, 5
START_TABLE = Path(__file__).parent / "reference" / "likelihood_start.toml"


@dataclass(frozen=True, slots=True)
class Likelihood:
    """P(z | s, view) of every view.

    Attributes:
        table: Shape (views, states, levels); each [v, s] sums to 1.
        learnt: False for start values that no drill has replaced yet.
        n_real: Looks of real labels behind the table; `n_drill` those of drills.
        sha256: Of the file it was read from.
    """

    table: Floats
    learnt: bool
    n_real: int
    n_drill: int
    sha256: str

    @property
    def steps(self) -> Floats:
        """d: log P(z|s) - log P(z|s-1), shape (views, 4, levels); row k - 1 is d_k."""
        log = np.log(self.table)
        difference = log[:, 1:, :] - log[:, :-1, :]
        return np.asarray(difference.round(12))  # equal h stay equal after the logs


def read_likelihood(path: Path = START_TABLE) -> Likelihood:
    """Read a table of likelihoods and check the law it has to obey.

    Args:
        path: TOML as data/reference/likelihood_start.toml; default: that one.

    Raises:
        ConfigError: If the file has another form, or a worse level would speak less for
            a worse state.
    """
    try:
        text = path.read_bytes()
        values = tomllib.loads(text.decode())
        base = np.array(values["level"]["base"], dtype=np.float64)
        views = [values["view"][str(view)] for view in range(VIEWS)]
        ratios = np.array(views, dtype=np.float64)
        counts = int(values["n_real"]), int(values["n_drill"])
        learnt = bool(values["learnt"])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"likelihoods {path.name}: {error!r}; give a file like the start table"
        ) from error
    table = likelihood_table(base, ratios)
    sha256 = hashlib.sha256(text).hexdigest()
    return Likelihood(table, learnt, *counts, sha256)


def likelihood_table(base: Floats, ratios: Floats) -> Floats:
    """L(z|s) = L0(z) exp(sum over t <= s of h_t(z)), each row normalised.

    Args:
        base: L0, shape (levels,), above 0.
        ratios: h, shape (views, 4, levels), non-decreasing in z.

    Returns:
        Shape (views, states, levels).

    Raises:
        ConfigError: If a shape or a sign is wrong, or h falls with z.
    """
    if base.shape != (LEVELS,) or ratios.shape != (VIEWS, STATES - 1, LEVELS):
        raise ConfigError(
            f"likelihoods: shapes {base.shape}, {ratios.shape}; see start"
        )
    if not (np.isfinite(ratios).all() and (base > 0).all()):
        raise ConfigError("likelihoods: base must be above 0 and h finite")
    if (np.diff(ratios, axis=2) < 0).any():
        raise ConfigError("likelihoods: h must not fall with z; order it before use")
    summed = np.concatenate(
        (np.zeros((VIEWS, 1, LEVELS)), ratios.cumsum(axis=1)), axis=1
    )
    raw = base * np.exp(summed)
    return np.asarray(raw / raw.sum(axis=2, keepdims=True))
