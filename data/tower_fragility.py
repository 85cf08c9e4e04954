"""Wind -> chance of each state of a tower, by the ratio to its design wind.

Two curves, minor damage and collapse, give five states: between the curves .8 D1 and
.2 D2, beyond collapse .8 D4 and .2 D3; D0 is never spread. Wind and capacity are
uncertain; what all towers share makes the 5-95 % interval, as in `data.fragility`.

Source:
    Curves in data/reference/tower_wind.csv: JP is our own start value, WISTL a test
    input of Geoscience Australia's Wind Impact Simulator on Transmission Lines.
    DEFINITIONS, section 2; BELIEF, "Expected state".
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from data.errors import ConfigError
from data.fragility import (
    NORMAL_95,
    Array,
    Chances,
    exceedance,
    monotone,
    states_from_exceedance,
)

TOWER_BIAS_SIGMA = 0.1  # DEFINITIONS, section 2: of the capacity, shared by all
MINOR_SHARES = (0.8, 0.2)  # D1, D2 between the curves (DEFINITIONS, section 2)
COLLAPSE_SHARES = (0.2, 0.8)  # D3, D4 beyond collapse
_TABLE = "tower_wind.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerCurve:
    """Two lognormal curves over wind / design wind, each a median and a beta."""

    minor: tuple[float, float]
    collapse: tuple[float, float]


@cache
def tower_curves() -> Mapping[str, TowerCurve]:
    """Every curve of data/reference/tower_wind.csv, by name."""
    text = files("data").joinpath("reference", _TABLE).read_text("utf-8")
    return {
        row["class"]: TowerCurve(
            minor=(float(row["minor_ratio"]), float(row["minor_beta"])),
            collapse=(float(row["collapse_ratio"]), float(row["collapse_beta"])),
        )
        for row in csv.DictReader(text.splitlines())
    }


def tower_curve(name: str) -> TowerCurve:
    """The curve of this name.

    Raises:
        ConfigError: If there is none.
    """
    known = tower_curves()
    if name not in known:
        raise ConfigError(f"tower_curve {name!r}: no such curve ({', '.join(known)})")
    return known[name]


def four_states(curves: Array) -> Array:
    """P(S >= 1..4) from monotone P(beyond minor), P(beyond collapse), shape (N, 2).

    >>> four_states(np.array([[0.5, 0.1]])).round(2).tolist()
    [[0.5, 0.18, 0.1, 0.08]]
    """
    minor, collapse = curves[:, 0], curves[:, 1]
    between = minor - collapse
    return np.column_stack(
        [
            minor,
            collapse + MINOR_SHARES[1] * between,
            collapse,
            COLLAPSE_SHARES[1] * collapse,
        ]
    )


def tower_chances(
    ratio: Array,
    *,
    curve: TowerCurve,
    sigma_ln: Array,
    shared_sigma_ln: Array,
    bias_sigma: float = TOWER_BIAS_SIGMA,
) -> Chances:
    """What to expect of towers under uncertain wind and uncertain capacity.

    Args:
        ratio: Median of the 10-min wind over the 10-min design wind, shape (N,).
        curve: Of all of them.
        sigma_ln: Total sigma of the wind, shape (N,).
        shared_sigma_ln: The part of it all places share, shape (N,).
        bias_sigma: Of the capacity of all towers together.

    Returns:
        Mean states over wind and capacity; the interval is that of the shared part.
    """
    medians = np.array([[curve.minor[0], curve.collapse[0]]])
    betas = np.array([[curve.minor[1], curve.collapse[1]]])
    own = sigma_ln**2 - shared_sigma_ln**2
    shared = np.hypot(shared_sigma_ln, bias_sigma)
    inner = np.sqrt(betas**2 + own[:, None])
    total = np.sqrt(inner**2 + shared[:, None] ** 2)
    mean = monotone(exceedance(ratio, medians, total))

    def collapsed(shift: float) -> Array:
        blown = ratio * np.exp(shift * shared)
        return np.asarray(monotone(exceedance(blown, medians, inner))[:, 1])

    return Chances(
        states=states_from_exceedance(four_states(mean)),
        severe_low=np.minimum(collapsed(-NORMAL_95), mean[:, 1]),
        severe_high=np.maximum(collapsed(NORMAL_95), mean[:, 1]),
    )
