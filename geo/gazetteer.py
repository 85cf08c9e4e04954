"""Where a place is, in words: the nearest centre of a Japanese city, town or village.

No boundary is known here: a place near one may lie in the neighbour. The words say so
by giving distance and direction from the centre.

Source:
    data/reference/jma_cities.csv; the first digits of a code are the prefecture
    (JIS X 0401).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from geo.crs import ecef_from_geographic

Array = NDArray[np.float64]

CITY_TABLE = "jma_cities.csv"
FARTHEST_KM = 60.0
"""Beyond it a place is at sea or abroad, and no city is named."""
CENTRE_KM = 1.5  # nearer than this the direction says nothing
_PER_PREFECTURE = 100_000
_DIRECTIONS = np.array(["北", "北東", "東", "南東", "南", "南西", "西", "北西"])
PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県",
    "福島県", "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県",
    "東京都", "神奈川県", "新潟県", "富山県", "石川県", "福井県",
    "山梨県", "長野県", "岐阜県", "静岡県", "愛知県", "三重県",
    "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県", "徳島県",
    "香川県", "愛媛県", "高知県", "福岡県", "佐賀県", "長崎県",
    "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
"""JIS X 0401, code 1 first."""


@dataclass(frozen=True, slots=True)
class Cities:
    """Centres of cities.

    Attributes:
        names: With their prefecture, shape (N,).
        longitude: Degrees (EPSG:6668), shape (N,); as is `latitude`.
        tree: Of the same places, earth-centred, in km.
    """

    names: NDArray[np.str_]
    longitude: Array
    latitude: Array
    tree: KDTree


def ecef_km(longitude: Array, latitude: Array) -> Array:
    """Earth-centred places on the ellipsoid, shape (N, 3), in km."""
    places = np.column_stack([longitude, latitude, np.zeros(len(longitude))])
    return np.asarray(ecef_from_geographic(places) / 1000.0)


@cache
def cities() -> Cities:
    """Every city of the table."""
    text = files("data").joinpath("reference", CITY_TABLE).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    longitude = np.array([float(row["longitude"]) for row in rows])
    latitude = np.array([float(row["latitude"]) for row in rows])
    names = [_full_name(int(row["code"]), row["name"]) for row in rows]
    return Cities(
        np.array(names), longitude, latitude, KDTree(ecef_km(longitude, latitude))
    )


def _full_name(code: int, name: str) -> str:
    prefecture = PREFECTURES[code // _PER_PREFECTURE - 1]
    return name if name.startswith(prefecture) else prefecture + name


def place_names(longitude: Array, latitude: Array) -> list[str | None]:
    """The nearest city of each place, with distance and direction from its centre.

    Args:
        longitude: Degrees (EPSG:6668), shape (N,).
        latitude: Degrees, shape (N,).

    Returns:
        Such as 岩手県奥州市 中心の北西6 km; None beyond FARTHEST_KM of every city.

    >>> place_names(np.array([139.6917]), np.array([35.6895]))[0][:2]
    '東京'
    """
    if not len(longitude):
        return []
    known = cities()
    km, nearest = known.tree.query(ecef_km(longitude, latitude))
    east = longitude - known.longitude[nearest]
    north = latitude - known.latitude[nearest]
    bearing = np.degrees(np.arctan2(east * np.cos(np.radians(latitude)), north))
    towards = _DIRECTIONS[np.round(bearing / 45.0).astype(int) % 8]
    return [
        _words(name, direction, distance)
        for name, direction, distance in zip(
            known.names[nearest].tolist(), towards.tolist(), km.tolist(), strict=True
        )
    ]


def _words(name: str, direction: str, km: float) -> str | None:
    if km > FARTHEST_KM:
        return None
    if km < CENTRE_KM:
        return f"{name} 中心付近"
    return f"{name} 中心の{direction}{km:.0f} km"
