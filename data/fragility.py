"""Intensity of shaking -> chance of each state D0..D4, whole columns at once.

P(S >= k) = Phi(ln(IM / median_k) / beta_k), Hazus 5.1 curves. Curves with unequal betas
cross; exceedances are therefore made monotone from the severest state downwards before
they become states. Shaking and capacity are uncertain: the mean over both is analytic,
the 5-95 % interval comes from what all assets of a kind have in common.

Source:
    FEMA, Hazus 5.1 Earthquake Model Technical Manual (2022), sections 7 and 8, as
    transcribed in the DLML library; BELIEF, "Expected state"; DEFINITIONS, section 2.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from data.grading import THRESHOLDS
from data.owner_rules import BRIDGE_RULES, BridgeRules

Array = NDArray[np.float64]

STATES = 5
SEVERE_K = 3  # D3 or worse
BIAS_SIGMA = 0.4  # DEFINITIONS, section 2: of the capacity of a kind, shared by all
NORMAL_95 = 1.6448536269514722  # 95 % quantile of the standard normal
HIGH_KV, MEDIUM_KV = 350.0, 150.0  # DEFINITIONS, section 2
K_SHAPE_FACTOR = 2.5  # Hazus: K_shape = 2.5 Sa(1.0 s) / Sa(0.3 s)
TINY_IM = 1e-12  # in place of no shaking at all
BRIDGE_TABLE = "hazus51_bridges.csv"
SUBSTATION_TABLE = "hazus51_substations.csv"
SUBSTATION_STATES = ("slight", "moderate", "extensive", "complete")

CONVENTIONAL, SEISMIC = 0, 1
BRIDGE_CLASSES: Mapping[str, tuple[str, str]] = {
    "long": ("HWB1", "HWB2"),
    "single": ("HWB3", "HWB4"),
    "concrete": ("HWB5", "HWB7"),
    "concrete continuous": ("HWB10", "HWB11"),
    "steel": ("HWB12", "HWB14"),
    "steel continuous": ("HWB15", "HWB16"),
    "prestressed": ("HWB17", "HWB19"),
    "prestressed continuous": ("HWB22", "HWB23"),
}
"""Hazus class before and from the break year (DEFINITIONS, section 2)."""
_MATERIALS = (
    ("prestressed", re.compile(r"prestress|プレスト|ｐｃ|(?<![a-z])ps?c(?![a-z])")),
    ("steel", re.compile(r"steel|鋼")),
    ("concrete", re.compile(r"concrete|コンクリート|ｒｃ|(?<![a-z])rc(?![a-z])")),
)
_CONTINUOUS_WORDS = ("continuous", "連続")


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeCurve:
    """One row of Hazus 5.1 bridges: Sa(1.0 s) in g.

    Attributes:
        medians_g: Slight, moderate, extensive, complete.
        k3d: A and B of K3D = 1 + A / (N - B), or None where K3D is 1.
        k_shape: Whether the slight state takes min(1, K_shape).
    """

    medians_g: tuple[float, float, float, float]
    k3d: tuple[float, float] | None
    k_shape: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstationCurve:
    """One row of Hazus 5.1 substations: PGA in g."""

    medians_g: tuple[float, ...]
    betas: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What to expect of N assets.

    Attributes:
        states: P(D0) .. P(D4), shape (N, 5), each row sums to 1.
        severe_low: 5 % quantile of P(D3 or D4), shape (N,).
        severe_high: 95 % quantile, never below the mean.
    """

    states: Array
    severe_low: Array
    severe_high: Array


def _reference(name: str) -> Sequence[Mapping[str, str]]:
    text = files("data").joinpath("reference", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def bridge_curves() -> Mapping[str, BridgeCurve]:
    """HWB1 .. HWB28 of data/reference/hazus51_bridges.csv."""
    return {row["class"]: _bridge_curve(row) for row in _reference(BRIDGE_TABLE)}


def _bridge_curve(row: Mapping[str, str]) -> BridgeCurve:
    return BridgeCurve(
        medians_g=(
            float(row["slight_g"]),
            float(row["moderate_g"]),
            float(row["extensive_g"]),
            float(row["complete_g"]),
        ),
        k3d=(float(row["k3d_a"]), float(row["k3d_b"])) if row["k3d_a"] else None,
        k_shape=row["k_shape"] == "1",
    )


@cache
def substation_curves() -> Mapping[str, SubstationCurve]:
    """EP.S.L.A .. EP.S.H.U of data/reference/hazus51_substations.csv."""
    values = {
        (row["class"], row["state"]): (float(row["median_g"]), float(row["beta"]))
        for row in _reference(SUBSTATION_TABLE)
    }
    return {
        name: SubstationCurve(
            medians_g=tuple(values[name, state][0] for state in SUBSTATION_STATES),
            betas=tuple(values[name, state][1] for state in SUBSTATION_STATES),
        )
        for name in sorted({name for name, _ in values})
    }


def bridge_class(
    *,
    length_m: float | None,
    spans: int | None,
    material: str | None,
    structure: str | None,
    year: int | None,
    rules: BridgeRules = BRIDGE_RULES,
) -> str:
    """Hazus class of one bridge, from what its owner says (DEFINITIONS, section 2).

    >>> bridge_class(length_m=40.0, spans=3, material="鋼橋", structure="連続桁",
    ...     year=1975)
    'HWB15'
    """
    era = SEISMIC if year is not None and year >= rules.break_year else CONVENTIONAL
    if length_m is not None and length_m > rules.long_bridge_m:
        return BRIDGE_CLASSES["long"][era]
    if spans == 1:
        return BRIDGE_CLASSES["single"][era]
    group = _material(material) or rules.unknown_material
    words = (structure or "").lower()
    if _material(material) and any(word in words for word in _CONTINUOUS_WORDS):
        group += " continuous"
    return BRIDGE_CLASSES[group][era]


def _material(material: str | None) -> str | None:
    text = (material or "").lower()
    return next((name for name, words in _MATERIALS if words.search(text)), None)


def substation_class(voltage_kv: float | None) -> str:
    """Hazus class of a substation, anchored; medium where no voltage is known.

    >>> substation_class(500.0), substation_class(None), substation_class(66.0)
    ('EP.S.H.A', 'EP.S.M.A', 'EP.S.L.A')
    """
    if voltage_kv is None or HIGH_KV > voltage_kv >= MEDIUM_KV:
        return "EP.S.M.A"
    return "EP.S.H.A" if voltage_kv >= HIGH_KV else "EP.S.L.A"


def k3d(curve: BridgeCurve, spans: float | None) -> float:
    """Factor for the deck as a tie between piers; 1 where the formula has no sense.

    Source:
        Hazus 5.1, tables 7-3 and 7-4 (J. Mander and N. Basoz, 1999).
    """
    if curve.k3d is None or spans is None:
        return 1.0
    a, b = curve.k3d
    if spans < 2 or spans <= b:  # noqa: PLR2004 a single span has no deck to tie
        return 1.0
    return 1.0 + a / (spans - b)


def bridge_medians(
    classes: Sequence[str],
    *,
    spans: Sequence[int | None],
    skew_deg: Array,
    sa10_over_sa03: Array,
    rules: BridgeRules = BRIDGE_RULES,
) -> Array:
    """Medians of Sa(1.0 s) in g, one row a bridge.

    Args:
        classes: HWB1 .. HWB28.
        spans: How many, or None.
        skew_deg: 0 is square; NaN where not known (then no factor).
        sa10_over_sa03: Ratio of the shaking at the bridge, for K_shape.
        rules: Which of the factors count.

    Returns:
        Shape (N, 4): slight x min(1, K_shape) where the class has it, the others x
        K_skew x K3D.
    """
    curves = bridge_curves()
    rows = [curves[name] for name in classes]
    base = np.array([row.medians_g for row in rows]).reshape(-1, 4)
    shaped = np.array([row.k_shape and rules.k_shape for row in rows], dtype=bool)
    slight = np.where(shaped, np.minimum(1.0, K_SHAPE_FACTOR * sa10_over_sa03), 1.0)
    others = np.ones(len(rows))
    if rules.k3d:
        others *= [k3d(row, n) for row, n in zip(rows, spans, strict=True)]
    if rules.k_skew:
        others *= k_skew(skew_deg)
    factors: Array = np.column_stack([slight, others, others, others])
    return base * factors


def k_skew(skew_deg: Array) -> Array:
    """sqrt(sin(90 - skew)); 1 where the skew is not known (NaN).

    Source:
        Hazus 5.1, section 7.1.6.
    """
    known = np.clip(np.nan_to_num(skew_deg, nan=0.0), 0.0, 85.0)
    return np.asarray(np.sqrt(np.cos(np.radians(known))))


def substation_parameters(classes: Sequence[str]) -> tuple[Array, Array]:
    """Medians of PGA in g and betas, shape (N, 4) each."""
    rows = [substation_curves()[name] for name in classes]
    medians = np.array([row.medians_g for row in rows]).reshape(-1, 4)
    return medians, np.array([row.betas for row in rows]).reshape(-1, 4)


def exceedance(intensity: Array, medians: Array, betas: Array) -> Array:
    """P(S >= k) for k = 1..4, each curve for itself.

    Args:
        intensity: In the unit of the medians, shape (N,).
        medians: Shape (N, 4).
        betas: Shape (N, 4) or what broadcasts to it.

    Returns:
        Shape (N, 4); rows need not be ordered where curves cross.
    """
    im = np.maximum(intensity, TINY_IM)[:, None]
    return np.asarray(ndtr(np.log(im / medians) / betas))


def monotone(exceedances: Array) -> Array:
    """P(S >= k) falling in k: the running maximum from the severest state down."""
    rising = np.maximum.accumulate(exceedances[:, ::-1], axis=1)
    return rising[:, ::-1]


def states_from_exceedance(exceedances: Array) -> Array:
    """P(D0) .. P(D4) from monotone P(S >= 1..4), shape (N, 5)."""
    ones, zeros = np.ones(len(exceedances)), np.zeros(len(exceedances))
    edges = np.column_stack([ones, exceedances, zeros])
    return np.asarray(edges[:, :-1] - edges[:, 1:])


def exceedance_from_states(states: Array) -> Array:
    """P(S >= 1..4) from P(D0) .. P(D4)."""
    return np.asarray(np.cumsum(states[:, ::-1], axis=1)[:, ::-1][:, 1:])


def chances(
    intensity: Array,
    *,
    medians: Array,
    betas: Array,
    sigma_ln: Array,
    shared_sigma_ln: Array,
    bias_sigma: float = BIAS_SIGMA,
) -> Chances:
    """What to expect under uncertain shaking and uncertain capacity.

    A lognormal demand on a lognormal capacity is lognormal again, so the mean over all
    draws has a closed form. The interval is that of draws of the shared part: shaking
    between events and the capacity bias of the kind.

    Args:
        intensity: Median, in the unit of the medians, shape (N,).
        medians: Shape (N, 4).
        betas: Of capacity alone, shape (N, 4) or what broadcasts to it.
        sigma_ln: Total sigma of the shaking, shape (N,).
        shared_sigma_ln: The part of it all places share, shape (N,).
        bias_sigma: Of the capacity of the kind.
    """
    own = sigma_ln**2 - shared_sigma_ln**2
    shared = np.hypot(shared_sigma_ln, bias_sigma)
    inner = np.sqrt(betas**2 + own[:, None])
    total = np.sqrt(inner**2 + shared[:, None] ** 2)
    states = states_from_exceedance(monotone(exceedance(intensity, medians, total)))
    mean = states[:, SEVERE_K:].sum(axis=1)

    def severe(shift: float) -> Array:
        shaken = intensity * np.exp(shift * shared)
        curves = monotone(exceedance(shaken, medians, inner))
        return np.asarray(curves[:, SEVERE_K - 1])

    return Chances(
        states=states,
        severe_low=np.minimum(severe(-NORMAL_95), mean),
        severe_high=np.maximum(severe(NORMAL_95), mean),
    )


def after_another(first: Array, second: Array) -> Array:
    """P(state) after two events, damage only accumulating; shapes (N, 5).

    The belief after the first is pushed through the second: the state is the worse of
    both, and P(S >= k) = 1 - (1 - P1)(1 - P2). Capacity counts as independent between
    the two, which is on the side of caution.
    """
    spared = (1.0 - exceedance_from_states(first)) * (
        1.0 - exceedance_from_states(second)
    )
    return states_from_exceedance(1.0 - spared)


def likely_state(states: Array) -> NDArray[np.int8]:
    """The largest k with P(S >= k) >= t_k, 0 where there is none, shape (N,)."""
    passes = exceedance_from_states(states) >= np.array(THRESHOLDS)
    worst = np.where(passes, np.arange(1, STATES), 0).max(axis=1, initial=0)
    return np.asarray(worst, dtype=np.int8)
