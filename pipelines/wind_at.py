"""Wind where the assets are, and what it does to towers: a typhoon's part of the prior.

Towers have a curve; conductors keep the reference chances; bridges, dams, substations
and links are not modelled in wind. A link is blown on where it is blown on hardest, and
ranked by that wind x voltage; everything else at its home point. What an earthquake did
before or after is kept: damage only accumulates.

Source:
    DEFINITIONS, sections 1 and 2; BELIEF, "Expected state".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.assets import AssetKind
from data.errors import InvalidRecordError
from data.feeds.tracks import AnyTrack
from data.operation import Event, EventKind, MessageType
from data.owner_rules import WindRules
from geo.storm import Storm, fixes_of, minute_by_minute, storm_from_fixes
from geo.wind import greatest_wind

Array = NDArray[np.float64]
Kinds = NDArray[np.object_]

WIND_MEASURE, WIND_UNIT = "wind_10min", "m/s"
BLOWN_KINDS = (AssetKind.TOWER, AssetKind.SPAN, AssetKind.LINK)
"""Kinds that wind puts into the plan."""
CHUNK_ROWS = 16_384  # DEFINITIONS, section 10
LINK_STEP_DEG = 0.02  # about 2 km between the places at which a link is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Typhoon:
    """One typhoon of an operation, with what is needed to blow on something."""

    id: str
    track_id: str
    averaging: str
    started_at: datetime
    storm: Storm


@dataclass(frozen=True, slots=True, kw_only=True)
class Blown:
    """A chunk of N assets under one or more typhoons; every array has shape (N,).

    Attributes:
        wind_m_s: The greatest, 10-min mean at 10 m over open terrain.
        sigma_ln: Total; NaN where no wind reached, as are the next three.
        shared_sigma_ln: What all places share.
        at_s: When it blew, seconds since the start of its typhoon.
        distance_km: To the centre at that time.
        typhoon: Which one blew hardest, its number.
        ratio: Wind over design wind.
    """

    wind_m_s: Array
    sigma_ln: Array
    shared_sigma_ln: Array
    at_s: Array
    distance_km: Array
    typhoon: NDArray[np.int64]
    ratio: Array


def typhoons_of(
    events: Sequence[Event], tracks: Mapping[str, AnyTrack]
) -> tuple[Typhoon, ...]:
    """The typhoons among the events whose tracks tell how strong they were."""
    found = []
    for event in events:
        stands = event.message_type is not MessageType.CANCELLATION
        track = tracks.get(event.id)
        if event.kind is EventKind.TYPHOON and stands and track is not None:
            storm = _storm(track)
            if storm is not None:
                found.append(
                    Typhoon(
                        id=event.id,
                        track_id=track.id,
                        averaging=track.averaging.value,
                        started_at=track.points[0].at,
                        storm=storm,
                    )
                )
    return tuple(sorted(found, key=lambda one: (one.started_at, one.id)))


def _storm(track: AnyTrack) -> Storm | None:
    """None where the track tells neither a wind nor a pressure."""
    try:
        return minute_by_minute(storm_from_fixes(fixes_of(track)))
    except InvalidRecordError:
        return None


def blown(assets: pa.Table, typhoons: Sequence[Typhoon], rules: WindRules) -> Blown:
    """The greatest wind at each asset of a chunk, over all typhoons.

    Args:
        assets: A chunk of the table ASSETS.
        typhoons: One at least.
        rules: Design wind of what has none of its own, and land over sea.
    """
    longitude, latitude, asset = _places(assets)
    n = assets.num_rows
    best, number = np.full(n, -1.0), np.zeros(n, dtype=np.int64)
    rest = np.full((4, n), np.nan)
    for count, typhoon in enumerate(typhoons):
        wind = greatest_wind(
            typhoon.storm, longitude, latitude, land_factor=rules.land_factor
        )
        worst = _worst_place(wind.median_m_s, asset, n)
        stronger = wind.median_m_s[worst] > best
        best[stronger] = wind.median_m_s[worst][stronger]
        number[stronger] = count
        columns = (wind.sigma_ln, wind.shared_sigma_ln, wind.at_s, wind.distance_km)
        for row, values in zip(rest, columns, strict=True):
            row[stronger] = values[worst][stronger]
    return Blown(
        wind_m_s=best,
        sigma_ln=rest[0],
        shared_sigma_ln=rest[1],
        at_s=rest[2],
        distance_km=rest[3],
        typhoon=number,
        ratio=best / design_wind_m_s(assets, rules),
    )


def design_wind_m_s(assets: pa.Table, rules: WindRules) -> Array:
    """The wind each asset is built for, its owner's where the inventory has it."""
    return np.asarray(
        assets["design_wind_m_s"].fill_null(rules.design_wind_m_s).to_numpy(),
        dtype=np.float64,
    )


def _places(assets: pa.Table) -> tuple[Array, Array, NDArray[np.int64]]:
    """Places to look at, and of which asset each is: its home, or all along a link."""
    kinds = np.asarray(assets["kind"].to_numpy(zero_copy_only=False), dtype=object)
    points = np.flatnonzero(kinds != AssetKind.LINK)
    longitude = np.asarray(assets["longitude"].to_numpy(), dtype=np.float64)[points]
    latitude = np.asarray(assets["latitude"].to_numpy(), dtype=np.float64)[points]
    links = np.flatnonzero(kinds == AssetKind.LINK)
    if not len(links):
        return longitude, latitude, points
    shapes = shapely.from_wkb(
        assets["geometry"].take(links).to_numpy(zero_copy_only=False)
    )
    dense = shapely.segmentize(shapes, LINK_STEP_DEG)
    along, link = shapely.get_coordinates(dense, return_index=True)
    return (
        np.concatenate([longitude, along[:, 0]]),
        np.concatenate([latitude, along[:, 1]]),
        np.concatenate([points, links[link]]),
    )


def _worst_place(
    wind_m_s: Array, asset: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Of each asset the place where it is blown on hardest, the first of equals."""
    order = np.lexsort((-wind_m_s, asset))
    first = np.searchsorted(asset[order], np.arange(n))
    return np.asarray(order[first])


def last_winds(
    assets: pa.Table, typhoons: Sequence[Typhoon], rules: WindRules
) -> dict[str, datetime]:
    """When each asset was last blown on above its trigger, by id."""
    last: dict[str, datetime] = {}
    for start in range(0, assets.num_rows, CHUNK_ROWS):
        chunk = assets.slice(start, CHUNK_ROWS)
        ids = chunk["id"].to_numpy(zero_copy_only=False)
        for typhoon in typhoons:
            found = blown(chunk, (typhoon,), rules)
            for row in np.flatnonzero(in_plan(chunk, found, rules)):
                at = typhoon.started_at + timedelta(seconds=float(found.at_s[row]))
                last[ids[row]] = max(at, last.get(ids[row], at))
    return last


def in_plan(assets: pa.Table, found: Blown, rules: WindRules) -> NDArray[np.bool_]:
    """Which towers, spans and links the wind puts into the plan."""
    kinds = np.asarray(assets["kind"].to_numpy(zero_copy_only=False), dtype=object)
    return np.asarray(
        (found.ratio >= rules.trigger_ratio) & np.isin(kinds, BLOWN_KINDS)
    )
