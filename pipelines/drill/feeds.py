"""The messages of a rehearsal: telegrams of felt intensities, a typhoon's track."""

import csv
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.places import REFERENCE
from pipelines.drill.scenarios import FeltArea, MadeUpQuake, MadeUpTyphoon
from pipelines.drill.telegram import DrillEvent, ShakenArea

Array = NDArray[np.float64]

CLASSES = ("1", "2", "3", "4", "5-", "5+", "6-", "6+", "7")
CLASS_EDGES = (1.5, 2.5, 3.5, 4.5, 5.0, 5.5, 6.0, 6.5)
"""JMA 計測震度 at which the next class begins."""
FELT_FROM = 0.5  # below it nothing is felt
KM_PER_DEGREE = 111.2
PREFECTURE_DIGITS = 100_000  # a city's code over this is its prefecture's


def towns_near(quake: MadeUpQuake) -> list[dict[str, str]]:
    """Towns whose report is expected, as rows of data/reference/jma_cities.csv."""
    text = (REFERENCE / "jma_cities.csv").read_text("utf-8")
    codes = {int(area.prefecture_code) for area in quake.areas}
    rows = [
        row
        for row in csv.DictReader(text.splitlines())
        if int(row["code"]) // PREFECTURE_DIGITS in codes
    ]
    return [row for row in rows if _apart_km(quake, row) <= quake.felt_within_km]


def _apart_km(quake: MadeUpQuake, row: Mapping[str, str]) -> float:
    narrow = np.cos(np.radians(quake.latitude))
    east = (float(row["longitude"]) - quake.longitude) * narrow
    return float(np.hypot(east, float(row["latitude"]) - quake.latitude)) * (
        KM_PER_DEGREE
    )


def jma_class(intensity: float) -> str:
    """JMA's class of an instrumental intensity.

    >>> jma_class(4.4), jma_class(4.5), jma_class(6.5)
    ('4', '5-', '7')
    """
    return CLASSES[int(np.searchsorted(CLASS_EDGES, intensity, side="right"))]


@cache
def _middles() -> dict[str, dict[str, str]]:
    """Middles of JMA's areas by code."""
    text = (REFERENCE / "jma_areas.csv").read_text("utf-8")
    return {row["code"]: row for row in csv.DictReader(text.splitlines())}


def _area_of(quake: MadeUpQuake, row: Mapping[str, str]) -> FeltArea:
    """The named area of the town's prefecture whose middle is nearest."""

    def apart(area: FeltArea) -> float:
        middle = _middles()[area.code]
        return float(
            np.hypot(
                float(middle["longitude"]) - float(row["longitude"]),
                float(middle["latitude"]) - float(row["latitude"]),
            )
        )

    prefecture = int(row["code"]) // PREFECTURE_DIGITS
    own = [area for area in quake.areas if int(area.prefecture_code) == prefecture]
    return min(own, key=lambda area: (apart(area), area.code))


def event_of(
    quake: MadeUpQuake,
    towns: Sequence[Mapping[str, str]],
    intensities: Sequence[float],
    rng: np.random.Generator,
) -> DrillEvent:
    """What the telegram tells: the towns that felt it and were heard of."""
    heard = rng.random(len(towns)) >= quake.towns_lost
    by_area: dict[FeltArea, list[tuple[str, str, str]]] = {}
    for row, felt, came in zip(towns, intensities, heard, strict=True):
        if came and felt >= FELT_FROM:
            told = (f"{int(row['code']):07d}", row["name"], jma_class(felt))
            by_area.setdefault(_area_of(quake, row), []).append(told)
    areas = sorted(by_area, key=lambda area: area.code)
    return DrillEvent(
        origin_at=quake.origin_at,
        reported_at=quake.origin_at + timedelta(minutes=quake.heard_after_min),
        flown_from=quake.origin_at,
        longitude=quake.longitude,
        latitude=quake.latitude,
        depth_km=quake.depth_km,
        magnitude_mj=quake.magnitude_mj,
        over_eight=quake.over_eight,
        region=quake.region,
        region_code=quake.region_code,
        areas=tuple(
            ShakenArea(
                prefecture=area.prefecture,
                prefecture_code=area.prefecture_code,
                name=area.name,
                code=area.code,
                cities=tuple(sorted(by_area[area])),
            )
            for area in areas
        ),
    )


def track_csv(typhoon: MadeUpTyphoon) -> bytes:
    """The track as an agency's table, winds averaged over ten minutes."""
    lines = ["sid,iso_time,lat,lon,tokyo_wind,slp"]
    for fix in typhoon.fixes:
        at = typhoon.begins_at + timedelta(hours=fix.after_h)
        clock = (at - (at.utcoffset() or timedelta())).strftime("%Y-%m-%d %H:%M:%S")
        place = f"{fix.latitude:.2f},{fix.longitude:.2f}"
        lines.append(
            f"{typhoon.id},{clock},{place},{fix.wind_kt:.0f},{fix.pressure_hpa:.0f}"
        )
    return ("\n".join(lines) + "\n").encode()
