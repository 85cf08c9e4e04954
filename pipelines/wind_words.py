"""Where an expected state in wind comes from, in plain Japanese and English."""

from datetime import timedelta, timezone

from data.assets import AssetKind
from data.feeds.tracks import Averaging
from geo.storm import TEN_OVER_ONE_MINUTE
from pipelines.wind_at import Blown, Typhoon

Words = tuple[str, str]

JST = timezone(timedelta(hours=9))
CALM = (
    "推定の風がこの施設種別の点検の目安に届かない",
    "estimated wind below what puts this kind in the plan",
)
UNTRACKED = (
    "台風の強さが未発表:風はまだ推定できない",
    "no strength of the typhoon yet: wind cannot be estimated",
)
NO_CURVE: dict[str, Words] = {
    AssetKind.LINK: (
        "送電線の被害曲線はなく、状態は推定しない:最大の風÷設計風速×電圧で順位",
        (
            "no damage curve for lines, no state is guessed: ranked by wind over design"
            " wind x voltage"
        ),
    ),
    AssetKind.SPAN: (
        "風に対する電線の曲線はなく、参考の確率を使う",
        "no curve for conductors in wind: reference chances",
    ),
}


def wind_words(
    wind: Blown, row: int, typhoon: Typhoon, design_wind_m_s: float
) -> list[Words]:
    """How hard it blows on one asset, and by which track."""
    speed, ratio = wind.wind_m_s[row], wind.ratio[row]
    at = typhoon.started_at + timedelta(seconds=float(wind.at_s[row]))
    when, km = at.astimezone(JST).strftime("%Y-%m-%d %H:%M JST"), wind.distance_km[row]
    words = [
        (
            (
                f"台風{typhoon.track_id}の中心から{km:.0f} km、{when}:推定の最大風速"
                f" {speed:.0f} m/s(10分平均、開けた平地、中央値)、"
                f"設計風速{design_wind_m_s:.0f} m/sの{ratio:.2f}倍"
            ),
            (
                f"{km:.0f} km from the centre of typhoon {typhoon.track_id} at {when}:"
                f" estimated wind {speed:.0f} m/s (10-min mean, open ground, median),"
                f" {ratio:.2f} of the design wind of {design_wind_m_s:.0f} m/s"
            ),
        )
    ]
    if typhoon.averaging == Averaging.ONE_MINUTE:
        words.append(
            (
                f"経路の風は1分平均:{TEN_OVER_ONE_MINUTE:g}倍して10分平均とした",
                (
                    f"the track has 1-min winds: taken x {TEN_OVER_ONE_MINUTE:g} as"
                    " 10-min means"
                ),
            )
        )
    return words


def tower_words(curve: str, severe: float, low: float, high: float) -> list[Words]:
    """What is expected of a tower, and by which curve."""
    return [
        (
            f"重大以上の確率 {severe:.0%}(5-95%: {low:.0%}-{high:.0%})",
            f"chance of severe or worse {severe:.0%} (5-95 %: {low:.0%}-{high:.0%})",
        ),
        (
            f"被害曲線 鉄塔{curve}(風速÷設計風速)",
            f"damage curve tower {curve} (wind over design wind)",
        ),
    ]
