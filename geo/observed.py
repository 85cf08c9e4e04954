"""Observed intensities -> intervals at places, as the field is conditioned on them.

A telegram states classes: of stations, of cities (the maximum of their stations) and of
areas (the maximum of their cities). JMA's own stations have published coordinates; the
others stand at the middle of their city. A city speaks for itself only where no listed
station of it reaches its class, an area only where no listed city does.

Source:
    DEFINITIONS, section 2; data/reference/README.md for the places.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from data.operation import ObservedIntensity

Array = NDArray[np.float64]
Place = tuple[float, float]

STATION_NUGGET = 0.2  # DEFINITIONS, section 2; scatter of intensity for a given PGV
CITY_NUGGET = 0.35  # DEFINITIONS, section 2: a station somewhere in the city
AREA_NUGGET = 0.5  # areas against their stations on 2008-06-14: 0.64 above, sd 0.51
AREA_OFFSET = 0.64  # as AREA_NUGGET; 72 areas of 19 stations on average
CITY_STATIONS = 2  # of a city that lists none; 1,376 stations in 716 cities in 2008
STATIONS_A_CITY = 100  # the last two of seven digits number a city's stations
AREA, CITY, STATION = "area", "city", "station"  # levels of ObservedIntensity
OTHERS_MARK = "＊"  # a station that is not JMA's own; it has no published place


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """N observed intensities at their places.

    Attributes:
        longitude: Degrees (EPSG:6668), shape (N,); as is `latitude`.
        low: Class from here on; -inf where nothing bounds it below.
        high: To below here; inf where nothing bounds it above.
        offset: How far the value lies above the field at the place, on average: a city
            is the maximum of its stations.
        nugget: Standard deviation of the value about field + offset.
        group: The city (five digits) or area (three) each belongs to.
        name: As in the message.
        unplaced: What has no place even in the middle of its area.
    """

    longitude: Array
    latitude: Array
    low: Array
    high: Array
    offset: Array
    nugget: Array
    group: NDArray[np.str_]
    name: tuple[str, ...]
    unplaced: tuple[str, ...] = ()

    def __len__(self) -> int:
        """N."""
        return len(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    place: Place | None
    observed: ObservedIntensity
    offset: float
    nugget: float
    group: str
    area: int

    @property
    def level(self) -> str:
        """area, city or station."""
        return self.observed.level


def _table(name: str) -> list[dict[str, str]]:
    text = files("data").joinpath("reference", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _place(row: Mapping[str, str]) -> Place:
    return float(row["longitude"]), float(row["latitude"])


@cache
def areas() -> Mapping[int, Place]:
    """Middle of JMA's areas by code."""
    return {int(row["code"]): _place(row) for row in _table("jma_areas.csv")}


@cache
def cities() -> Mapping[int, Place]:
    """Middle of JMA's cities by code."""
    return {int(row["code"]): _place(row) for row in _table("jma_cities.csv")}


@cache
def stations() -> Mapping[str, tuple[Place, date]]:
    """JMA's own stations by name, and since when each has stood there."""
    return {
        row["name"]: (_place(row), date.fromisoformat(row["begun"]))
        for row in _table("jma_stations.csv")
    }


@cache
def maximum_of(count: int) -> tuple[float, float]:
    """Mean and standard deviation of the maximum of `count` standard normals.

    >>> tuple(round(x, 3) for x in maximum_of(2))
    (0.564, 0.826)
    """
    x = np.linspace(-8.0, 8.0, 4001)
    density = np.exp(-(x**2) / 2.0) / np.sqrt(2.0 * np.pi)
    below = np.cumsum(density) * (x[1] - x[0])
    weight = count * density * np.minimum(below, 1.0) ** (count - 1)
    weight /= weight.sum()
    mean = float((weight * x).sum())
    return mean, float(np.sqrt((weight * (x - mean) ** 2).sum()))


def observations_of(observed: Sequence[ObservedIntensity], *, on: date) -> Observations:
    """What the field is conditioned on.

    Args:
        observed: In the order of the message: areas, their cities, their stations.
        on: Day of the quake; a station counts as placed if it stood there by then.
    """
    rows = _rows(observed, on)
    of_city = _highest((row.group, row) for row in rows if row.level == STATION)
    of_area = _highest((row.area, row) for row in rows if row.level != AREA)

    def reached(row: _Row) -> float:
        """Highest class of what the row is the maximum of, as far as it is listed."""
        if row.level == STATION:
            return -np.inf
        if row.level == CITY:
            return of_city.get(row.group, -np.inf)
        return of_area.get(row.area, -np.inf)

    return _observations([row for row in rows if reached(row) < row.observed.low])


def cities_observed(observed: Sequence[ObservedIntensity], *, on: date) -> Observations:
    """The class of every city that has a place of its own."""
    known = cities()
    return _observations(
        [
            row
            for row in _rows(observed, on)
            if row.level == CITY and _code(row.observed) in known
        ]
    )


def areas_observed(observed: Sequence[ObservedIntensity], *, on: date) -> Observations:
    """The class of every area, as a first telegram (VXSE51) gives them."""
    rows = _rows(observed, on)
    return _observations([row for row in rows if row.level == AREA])


def _code(observed: ObservedIntensity) -> int:
    """The code as a number; -1 where it is none (a hand-made event)."""
    digits = observed.code.isascii() and observed.code.isdigit()
    return int(observed.code) if digits else -1


def _middle(item: ObservedIntensity, area: int) -> tuple[Place | None, float]:
    """Middle of the city an observation is of, or of its area, and the nugget there."""
    city = cities().get(_code(item) // STATIONS_A_CITY * STATIONS_A_CITY)
    return (city, CITY_NUGGET) if city else (areas().get(area), AREA_NUGGET)


def _rows(observed: Sequence[ObservedIntensity], on: date) -> list[_Row]:
    """Every observation with its place, its offset and its nugget."""
    count = Counter(item.code[:5] for item in observed if item.level == "station")
    rows, area = [], -1
    for item in observed:
        if item.level == "area":
            area = _code(item)
            rows.append(_area_row(item, area))
        elif item.level == "city":
            rows.append(_city_row(item, area, count[item.code[:5]] or CITY_STATIONS))
        else:
            rows.append(_station_row(item, area, on))
    return rows


def _area_row(item: ObservedIntensity, area: int) -> _Row:
    return _Row(
        place=areas().get(area),
        observed=item,
        offset=AREA_OFFSET,
        nugget=AREA_NUGGET,
        group=item.code,
        area=area,
    )


def _city_row(item: ObservedIntensity, area: int, count: int) -> _Row:
    """A city: the maximum of its stations."""
    mean, spread = maximum_of(count)
    place, nugget = _middle(item, area)
    return _Row(
        place=place,
        observed=item,
        offset=mean * nugget,
        nugget=spread * nugget,
        group=item.code[:5],
        area=area,
    )


def _station_row(item: ObservedIntensity, area: int, on: date) -> _Row:
    """A station: where it stands, else in the middle of its city or area."""
    own = None if item.name.endswith(OTHERS_MARK) else stations().get(item.name)
    place, nugget = _middle(item, area)
    if own is not None and own[1] <= on:
        place, nugget = own[0], STATION_NUGGET
    return _Row(
        place=place,
        observed=item,
        offset=0.0,
        nugget=nugget,
        group=item.code[:5],
        area=area,
    )


def _highest(rows: Iterable[tuple[object, _Row]]) -> dict[object, float]:
    """The highest class begun by key."""
    found: dict[object, float] = {}
    for key, row in rows:
        found[key] = max(found.get(key, -np.inf), row.observed.low)
    return found


def _observations(rows: Sequence[_Row]) -> Observations:
    placed = [(row, row.place) for row in rows if row.place is not None]
    items = [row.observed for row, _ in placed]

    def column(values: Iterable[float]) -> Array:
        return np.array(list(values), dtype=np.float64)

    return Observations(
        longitude=column(place[0] for _, place in placed),
        latitude=column(place[1] for _, place in placed),
        low=column(-np.inf if item.low <= 0.0 else item.low for item in items),
        high=column(np.inf if item.high is None else item.high for item in items),
        offset=column(row.offset for row, _ in placed),
        nugget=column(row.nugget for row, _ in placed),
        group=np.array([row.group for row, _ in placed], dtype=np.str_),
        name=tuple(item.name for item in items),
        unplaced=tuple(row.observed.name for row in rows if row.place is None),
    )
