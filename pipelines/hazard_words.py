"""Where an expected state comes from, in plain Japanese and English."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import numpy as np
import pyarrow as pa

from data.assets import AssetKind
from data.fragility import SEVERE_K
from data.owner_rules import CLOCK_RULES, ClockRules
from geo.second_opinion import second_opinion
from geo.shakemap_field import FROM_MAP, NO_SIGMA
from geo.shaking import VALID_DISTANCE_KM, shaking_notes
from pipelines.clocks import BOTH, dam_clocks
from pipelines.expectation import Expectation
from pipelines.hazard_at import Kinds
from pipelines.quakes import Quake

Words = tuple[str, str]
JST = timezone(timedelta(hours=9))

QUIET = (
    "推定の揺れがこの施設種別の点検の目安に届かない",
    "estimated shaking below what puts this kind in the plan",
)
NO_PLACE = (
    "震源または規模が未発表:揺れはまだ推定できない",
    "no hypocentre or magnitude yet: shaking cannot be estimated",
)
FITTED_SOURCE = (
    "震源・規模は未発表:観測震度に合わせた仮の値",
    "source not announced yet: place and magnitude fitted to the observed intensities",
)
NO_EVENT = ("有効な地震情報がない", "no earthquake message stands")
NO_CURVE = {
    AssetKind.DAM: (
        "ダムの被害曲線は公開資料になく、状態は推定しない:点検の時計と揺れで順位",
        "no open damage curve for dams, no state is guessed: ranked by clock, shaking",
    ),
    AssetKind.LINK: (
        "送電線の被害曲線はなく、状態は推定しない:最寄り区間の揺れ×電圧で順位",
        "no damage curve for lines, no state is guessed: ranked by shaking x voltage",
    ),
    AssetKind.TOWER: (
        "地震に対する鉄塔の曲線はなく、参考の確率を使う",
        "no curve for towers in an earthquake: reference chances",
    ),
    AssetKind.SPAN: (
        "地震に対する電線の曲線はなく、参考の確率を使う",
        "no curve for conductors in an earthquake: reference chances",
    ),
}


def reasons_of(
    assets: pa.Table,
    kinds: Kinds,
    found: Expectation,
    quakes: Sequence[Quake],
    *,
    unlocated: bool,
    rules: ClockRules = CLOCK_RULES,
) -> tuple[list[list[str]], list[list[str]]]:
    """Reasons of each asset of a chunk, in Japanese and in English.

    Only assets in the plan get their own; the others share one sentence.
    """
    if not quakes:
        ja, en = NO_PLACE if unlocated else NO_EVENT
        return [[ja]] * len(kinds), [[en]] * len(kinds)
    voltage = assets["voltage_kv"].to_pylist()
    clocks, due = dam_clocks(kinds, found, quakes, rules)
    japanese, english = [[QUIET[0]]] * len(kinds), [[QUIET[1]]] * len(kinds)
    for row in map(int, np.flatnonzero(found.in_plan)):
        words = [
            _shaking_words(kinds[row], found, row, quakes),
            *_state_words(kinds[row], found, row, voltage[row]),
            *_clock_words(clocks[row], due[row], rules),
            *_field_words(found, row, quakes, unlocated=unlocated),
        ]
        japanese[row] = [pair[0] for pair in words]
        english[row] = [pair[1] for pair in words]
    return japanese, english


_HAZARD_WORDS: dict[str, Callable[[float], Words]] = {
    AssetKind.BRIDGE: lambda x: (
        f"周期1秒の応答 {x:.2f} g",
        f"response at 1 s {x:.2f} g",
    ),
    AssetKind.SUBSTATION: lambda x: (
        f"最大加速度 {x:.2f} g",
        f"peak acceleration {x:.2f} g",
    ),
    AssetKind.DAM: lambda x: (
        f"最大加速度 {x:.0f} gal",
        f"peak acceleration {x:.0f} gal",
    ),
    AssetKind.LINK: lambda x: (
        f"最大加速度 {x:.0f} gal",
        f"peak acceleration {x:.0f} gal",
    ),
    AssetKind.TOWER: lambda x: (f"計測震度 {x:.1f}", f"JMA intensity {x:.1f}"),
    AssetKind.SPAN: lambda x: (f"計測震度 {x:.1f}", f"JMA intensity {x:.1f}"),
}


def _shaking_words(
    kind: str, found: Expectation, row: int, quakes: Sequence[Quake]
) -> Words:
    source = quakes[found.strongest[row]].hypocentre
    ja, en = _HAZARD_WORDS[kind](found.hazard[row])
    km = found.epicentral_km[row]
    return (
        f"{source.region}の震央から{km:.0f} km、推定{ja}(中央値)",
        f"{km:.0f} km from the epicentre ({source.region}): estimated {en} (median)",
    )


def _state_words(
    kind: str, found: Expectation, row: int, voltage_kv: int | None
) -> list[Words]:
    name = found.fragility[row]
    if not name:
        return [NO_CURVE[AssetKind(kind)]]
    severe = found.states[row, SEVERE_K:].sum()
    low, high = found.low[row], found.high[row]
    words = [
        (
            f"重大以上の確率 {severe:.0%}(5-95%: {low:.0%}-{high:.0%})",
            f"chance of severe or worse {severe:.0%} (5-95 %: {low:.0%}-{high:.0%})",
        ),
        (f"被害曲線 Hazus 5.1 {name}", f"damage curve Hazus 5.1 {name}"),
    ]
    if kind == AssetKind.SUBSTATION and voltage_kv is None:
        words.append(("電圧不明:中圧とみなす", "voltage unknown: taken as medium"))
    return words


def _clock_words(
    kind: str | None,
    due: datetime | None,
    rules: ClockRules,
) -> list[Words]:
    if kind is None or due is None:
        return []
    words = [
        (
            f"一次点検の期限 {_jst(due)}(推定の揺れによる)",
            f"primary inspection due {_jst(due)} (by estimated shaking)",
        )
    ]
    if kind == BOTH:
        start = due - timedelta(hours=rules.primary_h)
        visual, instruments = (
            _jst(start + timedelta(hours=hours))
            for hours in (rules.visual_h, rules.instruments_h)
        )
        words.append(
            (
                f"二次点検も必要:目視 {visual}、計測 {instruments}まで",
                f"secondary too: visual by {visual}, instruments by {instruments}",
            )
        )
    return words


def _jst(time: datetime) -> str:
    return time.astimezone(JST).strftime("%Y-%m-%d %H:%M JST")


def _source_words(quake: Quake, epicentral_km: float) -> list[Words]:
    """Where the field is from: a ShakeMap, observed intensities, the model."""
    words: list[Words] = [FITTED_SOURCE] if quake.fitted else []
    words += zip(*shaking_notes(quake.hypocentre), strict=True)
    if quake.shakemap is not None:
        return [
            *words,
            FROM_MAP,
            *([NO_SIGMA] if quake.shakemap.sigma_ln is None else []),
        ]
    if count := len(quake.observed):
        words.append(
            (
                f"観測震度{count}件に合わせて補正",
                f"corrected by {count} observed intensities",
            )
        )
    other = second_opinion(quake.hypocentre, round(epicentral_km))
    if other is not None:
        words.append(
            (
                f"別の式(司・翠川1999)では計測震度{other:.1f}:1シグマ以上の差",
                f"Si and Midorikawa 1999 differ by over a sigma: intensity {other:.1f}",
            )
        )
    return words


def _field_words(
    found: Expectation, row: int, quakes: Sequence[Quake], *, unlocated: bool
) -> list[Words]:
    words = _source_words(quakes[found.strongest[row]], found.epicentral_km[row])
    if found.epicentral_km[row] > VALID_DISTANCE_KM:
        words.append(
            (
                "震央から200 km超:式の適用範囲外(外挿)",
                "beyond 200 km the formula extrapolates",
            )
        )
    if len(quakes) > 1:
        words.append(
            (
                f"{len(quakes)}回の地震を通した推定",
                f"carried through {len(quakes)} earthquakes",
            )
        )
    if unlocated:
        words.append(NO_PLACE)
    return words
