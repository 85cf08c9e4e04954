"""How the wind field agrees with best tracks, and how many towers a Faxai would fell.

Reads the tracks and the cities of Japan from KARTE_SHARED. Prints, for each agency, the
peak of the field over the sea against the agency's own wind at the same averaging time;
what the pressure alone would have said; and how many of 240,000 made-up towers around
Japan's cities fall in a storm like Faxai (2019), on average.
"""

import csv
import os
import time
from pathlib import Path

import numpy as np

from data.feeds.tracks import Averaging, read_track
from data.owner_rules import WIND_RULES
from data.tower_fragility import tower_chances, tower_curve
from geo.storm import (
    EARTH_RADIUS_KM,
    TEN_OVER_ONE_MINUTE,
    Fixes,
    Storm,
    fixes_of,
    minute_by_minute,
    motion_m_s,
    storm_from_fixes,
)
from geo.wind import WindAt, greatest_wind, wind_over_sea

SHARED = Path(os.environ.get("KARTE_SHARED", "../shared")) / "data"
TRACKS = ("HAGIBIS2019_wmo", "HAGIBIS2019_jtwc", "JEBI2018_wmo", "JEBI2018_jtwc")
TOWERS = 240_000
CHUNK = 16_384


def peak_m_s(storm: Storm, step: int) -> float:
    """The greatest wind over the sea at one step, by looking all around."""
    radius = storm.rmw_km[step] * np.linspace(0.2, 3.0, 120)
    bearing = np.radians(np.arange(0.0, 360.0, 2.0))
    r, a = (grid.ravel() for grid in np.meshgrid(radius, bearing))
    per_degree = EARTH_RADIUS_KM * np.pi / 180.0
    latitude = storm.latitude[step] + r * np.cos(a) / per_degree
    middle = np.radians((latitude + storm.latitude[step]) / 2.0)
    longitude = storm.longitude[step] + r * np.sin(a) / per_degree / np.cos(middle)
    return float(wind_over_sea(storm, step, longitude, latitude).max())


def compare(name: str) -> None:
    path = SHARED / "events/tracks" / f"{name}.csv"
    track = read_track(path.read_bytes(), name=path.name)
    fixes = fixes_of(track)
    storm = storm_from_fixes(fixes)
    one_minute = track.averaging is Averaging.ONE_MINUTE
    factor = TEN_OVER_ONE_MINUTE if one_minute else 1.0
    given = {
        (p.at - track.points[0].at).total_seconds(): p.wind.m_s
        for p in track.points
        if p.wind is not None and p.wind.m_s > 0.0
    }
    error = [
        peak_m_s(storm, step) / factor / given[at] - 1.0
        for step, at in enumerate(storm.elapsed_s)
        if at in given
    ]
    print(
        f"{name} ({track.averaging}): {len(error)} winds given, peak of the field"
        f" {min(error):+.1%} to {max(error):+.1%}, from pressure alone"
        f" {pressure_alone(fixes)}"
    )


def pressure_alone(fixes: Fixes) -> str:
    """The same winds, had the agency given none of them."""
    blank = np.full_like(fixes.wind_m_s, np.nan)
    blind = storm_from_fixes(
        Fixes(
            elapsed_s=fixes.elapsed_s,
            longitude=fixes.longitude,
            latitude=fixes.latitude,
            wind_m_s=blank,
            pressure_hpa=fixes.pressure_hpa,
        )
    )
    wind = dict(zip(fixes.elapsed_s, fixes.wind_m_s, strict=True))
    error = [
        guess / wind[at] - 1.0
        for at, guess in zip(blind.elapsed_s, blind.wind_m_s, strict=True)
        if wind[at] >= 17.0  # a storm by JMA's scale: 34 kt
    ]
    rms = np.sqrt(np.mean(np.square(error)))
    return f"{np.mean(error):+.0%} on average (rms {rms:.0%})"


def faxai_like() -> Storm:
    """40 m/s, 30 km, B 1.3, the way Faxai went: over Tokyo Bay and Chiba."""
    times = np.arange(5) * 6.0 * 3600.0
    longitude = np.array([138.0, 138.9, 139.9, 140.9, 142.4])
    latitude = np.array([32.6, 34.0, 35.5, 36.6, 37.6])
    motion = motion_m_s(times, longitude, latitude)
    even = np.ones(len(times))
    return minute_by_minute(
        Storm(
            elapsed_s=times,
            longitude=longitude,
            latitude=latitude,
            wind_m_s=40.0 * even,
            rmw_km=30.0 * even,
            b=1.3 * even,
            east_m_s=motion[:, 0],
            north_m_s=motion[:, 1],
            wind_sigma_ln=0.1 * even,
        )
    )


def towers_of_japan() -> tuple[np.ndarray, np.ndarray]:
    """Towers within some 10 km of the cities and towns, sorted by place."""
    text = (SHARED / "reference/jma_city_centroid.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    places = np.array(
        [[float(row["longitude"]), float(row["latitude"])] for row in rows]
    )
    rng = np.random.default_rng(20190909)
    at = places[rng.integers(0, len(places), TOWERS)] + rng.normal(0, 0.1, (TOWERS, 2))
    at = at[np.lexsort((at[:, 0], np.floor(at[:, 1] * 4.0)))]
    return at[:, 0], at[:, 1]


def blown(storm: Storm, longitude: np.ndarray, latitude: np.ndarray) -> list[WindAt]:
    return [
        greatest_wind(storm, longitude[i : i + CHUNK], latitude[i : i + CHUNK])
        for i in range(0, len(longitude), CHUNK)
    ]


def topple() -> None:
    longitude, latitude = towers_of_japan()
    started = time.perf_counter()
    winds = blown(faxai_like(), longitude, latitude)
    took = time.perf_counter() - started
    median = np.concatenate([wind.median_m_s for wind in winds])
    sigma, shared = (
        np.nan_to_num(np.concatenate([getattr(wind, name) for wind in winds]))
        for name in ("sigma_ln", "shared_sigma_ln")
    )
    zero = np.zeros_like(sigma)
    ratio = median / WIND_RULES.design_wind_m_s
    print(
        f"Faxai-like: {TOWERS} towers in {took:.1f} s, at most {median.max():.1f} m/s"
    )
    for words, s, sh, bias in (
        ("this field exactly, capacity bias .1", zero, zero, 0.1),
        ("every sigma of the field too", sigma, shared, 0.1),
    ):
        found = tower_chances(
            ratio,
            curve=tower_curve(WIND_RULES.tower_curve),
            sigma_ln=s,
            shared_sigma_ln=sh,
            bias_sigma=bias,
        )
        fallen = found.states[:, 3:].sum()
        print(f"  {words}: {fallen:.2f} fall (D3 or D4) on average")


if __name__ == "__main__":
    for track_name in TRACKS:
        compare(track_name)
    topple()
