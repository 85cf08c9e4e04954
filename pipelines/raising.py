"""Expected states of assets on ground that failed, raised by a stated rule.

One kind of layer raises an asset once, however many of its polygons are near; several
kinds raise it one after another. Links stay `not_modelled`: what counts is how many
polygons their way meets. Where no curve exists (dams, spans) the reference chances are
what is raised.

Source:
    DEFINITIONS, section 2; ARCHITECTURE, section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.assets import DEFAULTS, AssetKind
from data.evidence import REFERENCE
from data.findings import NOT_MODELLED
from data.fragility import SEVERE_K, STATES, likely_state
from data.hazard_layer import (
    LAYER_WORDS,
    WITHIN_M,
    HazardLayer,
    KeptLayer,
    raised,
    rises,
)
from data.rows import with_columns
from geo.hazard_layers import Crossings, crossings, grown
from pipelines.expectation import floats_of

Array = NDArray[np.float64]

CHUNK_ROWS = 16_384  # DEFINITIONS, section 10
CROSSING_G = 0.1  # a link or dam at a failed slope ranks as if shaken so much more
UNKNOWN_VOLTAGE_KV = 66.0  # a link that says none counts as the lowest of the grid
VOLTAGE_UNIT_KV = 100.0  # priority of a link counts in hundreds of kV
LARGEST_POINT_DEG = 0.01  # no kind's default extent reaches farther in Japan
_POINT = 0  # shapely's type id


@dataclass(frozen=True, slots=True)
class _Near:
    """What one layer is to N assets.

    Attributes:
        count: Polygons near each asset, shape (N,).
        pgd_m: The largest movement of the ground said of them, NaN where none.
    """

    layer: HazardLayer
    count: NDArray[np.int64]
    pgd_m: Array


def raised_by_layers(
    assets: pa.Table, beliefs: pa.Table, layers: Sequence[KeptLayer]
) -> pa.Table:
    """Beliefs before any picture, with what the layers add.

    Args:
        assets: Table ASSETS.
        beliefs: Table BELIEFS of `pipelines.expected`, row by row the same assets.
        layers: Those of the operation that count.

    Returns:
        Table BELIEFS; the same one where there is no layer.
    """
    if not layers or not assets.num_rows:
        return beliefs
    wide = [grown(kept.polygons, WITHIN_M) for kept in layers]
    return pa.concat_tables(
        _chunk(
            assets.slice(start, CHUNK_ROWS),
            beliefs.slice(start, CHUNK_ROWS),
            layers,
            wide,
        )
        for start in range(0, assets.num_rows, CHUNK_ROWS)
    )


def _chunk(
    assets: pa.Table,
    beliefs: pa.Table,
    layers: Sequence[KeptLayer],
    wide: Sequence[NDArray[np.object_]],
) -> pa.Table:
    wkb = assets["geometry"].to_numpy(zero_copy_only=False)
    shapes = np.array(shapely.from_wkb(wkb), dtype=object)
    maybe = np.flatnonzero(_boxes_meet(shapes, wide))
    if len(maybe) == 0:
        return beliefs
    found = extents(shapes[maybe], assets["kind"].take(maybe).to_pylist())
    near = [
        _near(kept, crossings(found, polygons), len(found))
        for kept, polygons in zip(layers, wide, strict=True)
    ]
    met = np.flatnonzero(np.sum([one.count for one in near], axis=0))
    if len(met) == 0:
        return beliefs
    near = [_Near(one.layer, one.count[met], one.pgd_m[met]) for one in near]
    rows = maybe[met]
    changed = _raised(assets.take(rows), beliefs.take(rows), near)
    row = np.arange(beliefs.num_rows)
    row[rows] = beliefs.num_rows + np.arange(len(rows))
    return pa.concat_tables([beliefs, changed]).take(row)


def _boxes_meet(
    shapes: NDArray[np.object_], wide: Sequence[NDArray[np.object_]]
) -> NDArray[np.bool_]:
    """Which shapes may meet a polygon at all: their boxes meet the box of a layer."""
    west, south, east, north = shapely.bounds(shapes).T
    meets = np.zeros(len(shapes), dtype=bool)
    for polygons in wide:
        left, bottom, right, top = shapely.total_bounds(polygons)
        meets |= (
            (west - LARGEST_POINT_DEG <= right)
            & (east + LARGEST_POINT_DEG >= left)
            & (south - LARGEST_POINT_DEG <= top)
            & (north + LARGEST_POINT_DEG >= bottom)
        )
    return meets


def extents(shapes: NDArray[np.object_], kinds: Sequence[str]) -> NDArray[np.object_]:
    """Shape of each asset; a point stands for the default extent of its kind."""
    points = np.flatnonzero(shapely.get_type_id(shapes) == _POINT)
    if len(points):
        half = [DEFAULTS[AssetKind(kinds[int(row)])].half_length_m for row in points]
        shapes = shapes.copy()
        shapes[points] = grown(shapes[points], np.array(half))
    return shapes


def _near(kept: KeptLayer, pairs: Crossings, n: int) -> _Near:
    largest = np.full(n, -np.inf)
    moved = np.nan_to_num(kept.pgd_m[pairs.polygon], nan=-np.inf)
    np.maximum.at(largest, pairs.asset, moved)
    return _Near(
        kept.layer,
        np.bincount(pairs.asset, minlength=n),
        np.where(np.isinf(largest), np.nan, largest),
    )


def _raised(assets: pa.Table, beliefs: pa.Table, near: Sequence[_Near]) -> pa.Table:
    """Beliefs of assets each of which lies at a polygon of some layer."""
    kinds = np.array(assets["kind"].to_pylist(), dtype=object)
    states = _prior(beliefs, kinds)
    severe = states[:, SEVERE_K:].sum(axis=1)
    spared = _spared(kinds, near)
    states = raised(states, 1.0 - spared)
    low, high = (floats_of(beliefs, f"p_severe_{end}") for end in ("low", "high"))
    low, high = (
        1.0 - (1.0 - np.where(np.isnan(end), severe, end)) * spared[:, SEVERE_K - 1]
        for end in (low, high)
    )
    modelled = kinds != AssetKind.LINK
    expected = np.full(len(kinds), NOT_MODELLED, dtype=np.int8)
    expected[modelled] = likely_state(states[modelled])
    changes = zip(severe, states[:, SEVERE_K:].sum(axis=1), strict=True)
    reasons = [
        _reasons(kind, near, row, change)
        for row, (kind, change) in enumerate(zip(kinds, changes, strict=True))
    ]
    waiting = beliefs["na_reason"].to_pylist()
    columns: dict[str, object] = {
        **{f"prior_{k}": states[:, k] for k in range(STATES)},
        **{f"p_{k}": states[:, k] for k in range(STATES)},
        "p_severe_low": low,
        "p_severe_high": high,
        "expected": expected,
        "priority": _priority(assets, beliefs, states, near),
        "in_plan": np.ones(len(kinds), dtype=bool),
        "na_reason": ["not_observed" if w == "not_in_plan" else w for w in waiting],
        **{
            f"reasons_{tongue}": [
                [*(pair[k] for pair in new), *old]
                for new, old in zip(
                    reasons, beliefs[f"reasons_{tongue}"].to_pylist(), strict=True
                )
            ]
            for k, tongue in enumerate(("ja", "en"))
        },
    }
    return with_columns(beliefs, columns)


def _prior(beliefs: pa.Table, kinds: NDArray[np.object_]) -> Array:
    """P(D0) .. P(D4) before; the reference without a curve, NaN for links."""
    states = np.column_stack([floats_of(beliefs, f"prior_{k}") for k in range(STATES)])
    blank = np.isnan(states[:, 0]) & (kinds != AssetKind.LINK)
    states[blank] = REFERENCE
    return states


def _spared(kinds: NDArray[np.object_], near: Sequence[_Near]) -> Array:
    """Chance that no kind of layer makes an asset worse than D(k-1), shape (N, 4)."""
    spared = np.ones((len(kinds), STATES - 1))
    bridge = kinds == AssetKind.BRIDGE
    for kind in sorted({one.layer.kind for one in near}):
        alike = [one for one in near if one.layer.kind is kind]
        met = np.any([one.count > 0 for one in alike], axis=0)
        pgd_m = np.fmax.reduce([one.pgd_m for one in alike])
        spared[met] *= 1.0 - rises(pgd_m, bridge=bridge)[met]
    return spared


def _priority(
    assets: pa.Table, beliefs: pa.Table, states: Array, near: Sequence[_Near]
) -> Array:
    """As DEFINITIONS, section 7; a link or dam gains `CROSSING_G` a polygon."""
    kinds = np.array(assets["kind"].to_pylist(), dtype=object)
    importance = floats_of(assets, "importance")
    before = np.nan_to_num(floats_of(beliefs, "priority"))
    voltage = np.nan_to_num(floats_of(assets, "voltage_kv"), nan=UNKNOWN_VOLTAGE_KV)
    count = np.sum([one.count for one in near], axis=0)
    priority = states[:, SEVERE_K:].sum(axis=1) * importance
    links = before + CROSSING_G * count * voltage / VOLTAGE_UNIT_KV
    dams = before + CROSSING_G * count * importance
    priority = np.where(kinds == AssetKind.LINK, links, priority)
    return np.asarray(np.where(kinds == AssetKind.DAM, dams, priority))


def _reasons(
    kind: str, near: Sequence[_Near], row: int, change: tuple[float, float]
) -> list[tuple[str, str]]:
    """What lies near an asset; `change` is its P(D3 or D4) before and after."""
    words = [_words(kind, one, row) for one in near if one.count[row]]
    if kind != AssetKind.LINK:
        before, after = change
        words.append(
            (
                f"これにより重大以上の確率 {before:.1%} → {after:.1%}",
                f"chance of severe or worse by this: {before:.1%} -> {after:.1%}",
            )
        )
    return words


def _words(kind: str, near: _Near, row: int) -> tuple[str, str]:
    layer, count = near.layer, int(near.count[row])
    ja, en = LAYER_WORDS[layer.kind]
    source = layer.name if layer.credit is None else f"{layer.name}; {layer.credit}"
    many = "area" if count == 1 else "areas"
    if kind == AssetKind.LINK:
        return (
            f"経路の10 m以内に{ja}が{count}か所({source}):順位に加えた",
            f"{count} {en} {many} within 10 m of its way ({source}): ranked higher",
        )
    by_ja, by_en = "所定の規則", "a stated rule"
    if kind == AssetKind.BRIDGE and not np.isnan(near.pgd_m[row]):
        moved = near.pgd_m[row]
        by_ja = f"地盤変位 {moved:.2f} mとHazusの曲線"
        by_en = f"{moved:.2f} m of ground movement and Hazus HWB.GF"
    return (
        f"10 m以内に{ja}が{count}か所({source}):被害の確率を{by_ja}で引き上げた",
        f"{count} {en} {many} within 10 m ({source}): chances raised by {by_en}",
    )
