"""Columns of an owner's table -> geometries, each with the reference system it is in.

Source:
    Notification 9 of 2002 of the Ministry of Land (平面直角座標系): X points north,
    Y east, zones I to XIX. EPSG: 6669 to 6687 (JGD2011), 2443 to 2461 (JGD2000), 30161
    to 30179 (Tokyo Datum).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from data.column_names import ColumnMapping, column_for
from data.dms import angle_from
from data.inventory_source import shapes_from
from data.japanese import half_width, number_from

Geometries = NDArray[np.object_]
Texts = list[str | None]

DATUMS: dict[str, str] = {
    "日本測地系": "EPSG:4301",
    "旧日本測地系": "EPSG:4301",
    "tokyo": "EPSG:4301",
    "tokyodatum": "EPSG:4301",
    "世界測地系": "EPSG:4612",
    "日本測地系2000": "EPSG:4612",
    "jgd2000": "EPSG:4612",
    "日本測地系2011": "EPSG:6668",
    "jgd2011": "EPSG:6668",
    "wgs84": "EPSG:4326",
}
"""Datums as owners write them. 世界測地系 alone may be either of its two results: it is
read as the older, whose stated accuracy covers both."""

FIRST_ZONE = {"EPSG:4301": 30161, "EPSG:4612": 2443, "EPSG:6668": 6669}
ZONES = 19
_ROMAN = (
    *("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"),
    *("XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX"),
)
_SRID = re.compile(r"SRID=(\d+);", re.IGNORECASE)
_SRID_OF_NAME = re.compile(r"srid_?(\d{4,5})", re.IGNORECASE)
_PAIR = re.compile(r"[,/、 ]+")


@dataclass(frozen=True, slots=True)
class PlaceColumns:
    """Which columns of a table say where its rows are.

    Attributes:
        way: The field that decides how they are read, one of PLACE_FIELDS.
        names: The one column, or the two: longitude and latitude, easting and northing.
        datum: Column of each row's datum, or None.
        zone: Column of each row's plane rectangular zone, or None.
    """

    way: str
    names: tuple[str, ...]
    datum: str | None
    zone: str | None


def place_columns(names: Sequence[str], mapping: ColumnMapping) -> PlaceColumns | None:
    """The columns that give the places, the surest way first; None if there are none.

    Raises:
        ConfigError: If the mapping names a column that is not there.
    """
    found = {field: column_for(field, names, mapping) for field in _FIELDS}
    mapped = [way for way in _WAYS if set(_WAYS[way]) & set(mapping.columns)]
    for way in [*mapped, *_WAYS]:
        columns = tuple(found[field] for field in _WAYS[way])
        if None not in columns:
            return PlaceColumns(
                way=way,
                names=tuple(one for one in columns if one is not None),
                datum=found["datum"],
                zone=found["plane_zone"],
            )
    return None


_WAYS: dict[str, tuple[str, ...]] = {
    "geometry": ("geometry",),
    "longitude": ("longitude", "latitude"),
    "northing": ("easting", "northing"),
    "lat_lon": ("lat_lon",),
}
_FIELDS = (*dict.fromkeys(one for way in _WAYS.values() for one in way), "datum")
_FIELDS = (*_FIELDS, "plane_zone")


def places_of(
    columns: dict[str, Texts], found: PlaceColumns, mapping: ColumnMapping
) -> tuple[Geometries, Texts]:
    """Geometries (None where one cannot be read), and what each is measured in."""
    texts = [columns[name] for name in found.names]
    default = _systems(columns, found, mapping, len(texts[0]))
    if found.way == "geometry":
        named = _SRID_OF_NAME.search(found.names[0])
        if named:
            default = [f"EPSG:{named[1]}"] * len(default)
        return _from_wkt(texts[0], default)
    if found.way == "lat_lon":
        return _points([_lon_lat(text) for text in texts[0]]), default
    parse = number_from if found.way == "northing" else angle_from
    pairs = [(parse(x or ""), parse(y or "")) for x, y in zip(*texts, strict=True)]
    return _points(pairs), default


def _systems(
    columns: dict[str, Texts], found: PlaceColumns, mapping: ColumnMapping, rows: int
) -> Texts:
    """Reference system of each row: its datum and zone where told, else the file's."""
    datums = columns[found.datum] if found.datum else [None] * rows
    zones = columns[found.zone] if found.zone else [None] * rows
    known: dict[tuple[str | None, str | None], str | None] = {}
    for pair in set(zip(datums, zones, strict=True)):
        known[pair] = system_of(*pair, default=mapping.crs)
    return [known[pair] for pair in zip(datums, zones, strict=True)]


def system_of(
    datum: str | None, zone: str | None, *, default: str | None
) -> str | None:
    """Reference system of a datum and a plane rectangular zone as owners write them.

    A word that is no datum is given back as it is, to be refused by name.

    >>> system_of("日本測地系", "9", default=None)
    'EPSG:30169'
    >>> system_of(None, "第Ⅸ系", default="EPSG:6668")
    'EPSG:6677'
    >>> system_of("世界測地系", None, default=None)
    'EPSG:4612'
    """
    word = re.sub(r"[\s()・-]", "", half_width(datum or "")).lower()
    base = DATUMS.get(word, datum) if word else default
    if zone is None or base not in FIRST_ZONE:
        return base
    number = _zone_number(zone)
    return f"zone {zone}" if number is None else f"EPSG:{FIRST_ZONE[base] + number - 1}"


def _zone_number(text: str) -> int | None:
    plain = half_width(text).upper().removeprefix("第").removesuffix("系").strip()
    if plain in _ROMAN:
        return _ROMAN.index(plain) + 1
    number = number_from(plain)
    whole = number is not None and number.is_integer() and 1 <= number <= ZONES
    return int(number) if whole and number is not None else None


def _lon_lat(text: str | None) -> tuple[float | None, float | None]:
    """Longitude and latitude of a "lat,lon" text; None where it is none."""
    parts = _PAIR.split(half_width(text or "").strip("()[]"))
    if len(parts) != 2:  # noqa: PLR2004 a pair
        return None, None
    latitude, longitude = (angle_from(part) for part in parts)
    return longitude, latitude


def _points(pairs: Sequence[tuple[float | None, float | None]]) -> Geometries:
    places = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    whole = np.isfinite(places).all(axis=1)
    made = np.full(len(places), None, dtype=object)
    made[whole] = shapely.points(places[whole])
    return made


def _from_wkt(texts: Texts, default: Texts) -> tuple[Geometries, Texts]:
    plain = [half_width(text or "") for text in texts]
    prefixes = [_SRID.match(text) for text in plain]
    crs = [
        f"EPSG:{found[1]}" if found else other
        for found, other in zip(prefixes, default, strict=True)
    ]
    bare = [
        text[found.end() :] if found else text
        for text, found in zip(plain, prefixes, strict=True)
    ]
    return shapes_from(shapely.from_wkt, [text or None for text in bare]), crs
