"""A made-up national inventory: as many assets as Japan has, none of them real.

`national_assets(7)` gives the whole table ASSETS, the same for the same seed. Places
lie in coarse boxes along the islands; names, sizes and years are plausible, no more.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from data.assets import AssetKind, kind_importance
from data.tables import ASSETS
from geo.tile_grid import HOME_ZOOM, morton, tile_of

Floats = NDArray[np.float64]

LAND_BOXES = np.array(
    [  # west, south, east, north, share of the assets
        (141.50, 42.70, 143.00, 43.80, 0.06),  # Hokkaido
        (143.00, 43.10, 144.70, 43.80, 0.04),
        (140.20, 38.50, 141.30, 40.40, 0.11),  # Tohoku
        (140.00, 37.20, 140.85, 38.10, 0.06),
        (138.90, 35.70, 140.00, 36.90, 0.16),  # Kanto
        (137.00, 35.25, 138.80, 36.50, 0.17),  # Chubu
        (134.90, 34.85, 135.80, 35.40, 0.08),  # Kansai
        (135.55, 34.05, 136.10, 34.70, 0.04),
        (132.40, 34.60, 134.10, 34.95, 0.10),  # Chugoku
        (132.85, 33.55, 134.10, 33.85, 0.06),  # Shikoku
        (130.75, 32.05, 131.25, 33.40, 0.12),  # Kyushu
    ]
)
"""Boxes that hold land and next to no sea, and the share of the nation in each."""

PREFECTURE_SEATS = np.array(
    [  # longitude, latitude of the seats of prefectures 1 to 47, to about 10 km
        (141.35, 43.06), (140.74, 40.82), (141.15, 39.70), (140.87, 38.27),
        (140.10, 39.72), (140.36, 38.24), (140.47, 37.75), (140.45, 36.34),
        (139.88, 36.57), (139.06, 36.39), (139.65, 35.86), (140.12, 35.60),
        (139.69, 35.69), (139.64, 35.45), (139.02, 37.90), (137.21, 36.70),
        (136.63, 36.59), (136.22, 36.07), (138.57, 35.66), (138.18, 36.65),
        (136.72, 35.39), (138.38, 34.98), (136.91, 35.18), (136.51, 34.73),
        (135.87, 35.00), (135.76, 35.02), (135.52, 34.69), (135.18, 34.69),
        (135.83, 34.69), (135.17, 34.23), (134.24, 35.50), (133.05, 35.47),
        (133.93, 34.66), (132.46, 34.40), (131.47, 34.19), (134.56, 34.07),
        (134.04, 34.34), (132.77, 33.84), (133.53, 33.56), (130.42, 33.61),
        (130.30, 33.25), (129.87, 32.74), (130.74, 32.79), (131.61, 33.24),
        (131.42, 31.91), (130.56, 31.56), (127.68, 26.21),
    ]
)  # fmt: skip

STEP_M = 350.0  # between neighbouring towers
METRES_PER_DEGREE = 111_000.0
MATERIALS = ("鉄筋コンクリート", "PC", "鋼", None)
MATERIAL_SHARES = (0.40, 0.38, 0.17, 0.05)
SOUNDNESS = ("I", "II", "III", "IV")
SOUNDNESS_SHARES = (0.41, 0.517, 0.072, 0.001)  # 7.3 % III or IV, end of FY2024 (MLIT)
VOLTAGES_KV = (66, 154, 275, 500)
VOLTAGE_SHARES = (0.55, 0.25, 0.13, 0.07)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each kind; a million together, as Japan has them.

    Road bridges (end of FY2024) and dams after MLIT, towers after the power companies;
    lines and substations are round numbers; only the first lines have spans drawn.
    """

    bridges: int = 720_000
    dams: int = 2_800
    towers: int = 240_000
    substations: int = 7_200
    links: int = 4_000
    spans: int = 26_000

    def scaled(self, share: float) -> "Counts":
        """The same nation, smaller; at least two of each."""
        return Counts(
            **{
                name: max(2, round(getattr(self, name) * share))
                for name in self.__slots__
            }
        )


NATION = Counts()


def national_assets(seed: int, counts: Counts = NATION) -> pa.Table:
    """Table ASSETS of a made-up nation, sorted by (morton, id).

    Args:
        seed: The same seed gives the same bytes.
        counts: How many of each kind; every link has two towers or more.
    """
    rng = np.random.default_rng(seed)
    whole = pa.concat_tables(
        [
            _bridges(rng, counts.bridges),
            _dams(rng, counts.dams),
            _substations(rng, counts.substations),
            *_lines(rng, counts),
        ]
    )
    return whole.sort_by(
        [("morton", "ascending"), ("id", "ascending")]
    ).combine_chunks()


def _places(rng: np.random.Generator, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Longitude, latitude (count, 2) and the box each is in."""
    box = rng.choice(len(LAND_BOXES), count, p=LAND_BOXES[:, 4])
    low, high = LAND_BOXES[box, :2], LAND_BOXES[box, 2:4]
    return low + rng.random((count, 2)) * (high - low), box


def _chosen(rng: np.random.Generator, values: tuple, shares: tuple, count: int) -> list:
    return [values[k] for k in rng.choice(len(values), count, p=shares)]


def _bridges(rng: np.random.Generator, count: int) -> pa.Table:
    places, _ = _places(rng, count)
    lengths = np.clip(rng.lognormal(np.log(14.0), 0.95, count), 2.0, 4000.0)
    spans = np.maximum(1, np.round(lengths / 28.0))
    shapes = _segments(rng, places, lengths)
    shapes[lengths < 50.0] = shapely.points(places[lengths < 50.0])
    return _table(
        AssetKind.BRIDGE,
        [f"B{n:06d}" for n in range(count)],
        shapes,
        places,
        length_m=lengths,
        spans=spans,
        max_span_m=lengths / spans,
        name=[f"第{n}新橋" for n in range(count)],
        material=_chosen(rng, MATERIALS, MATERIAL_SHARES, count),
        year=np.clip(rng.normal(1977, 15, count), 1900, 2025).astype(int),
        soundness=_chosen(rng, SOUNDNESS, SOUNDNESS_SHARES, count),
    )


def _dams(rng: np.random.Generator, count: int) -> pa.Table:
    places, _ = _places(rng, count)
    lengths = np.clip(rng.lognormal(np.log(150.0), 0.6, count), 20.0, 1500.0)
    return _table(
        AssetKind.DAM,
        [f"D{n:04d}" for n in range(count)],
        _segments(rng, places, lengths),
        places,
        length_m=lengths,
        height_m=np.clip(rng.lognormal(np.log(30.0), 0.5, count), 15.0, 186.0),
        name=[f"第{n}ダム" for n in range(count)],
        year=np.clip(rng.normal(1970, 20, count), 1850, 2025).astype(int),
    )


def _substations(rng: np.random.Generator, count: int) -> pa.Table:
    places, _ = _places(rng, count)
    return _table(
        AssetKind.SUBSTATION,
        [f"S{n:04d}" for n in range(count)],
        shapely.points(places),
        places,
        name=[f"第{n}変電所" for n in range(count)],
        voltage_kv=_chosen(rng, VOLTAGES_KV, VOLTAGE_SHARES, count),
    )


def _lines(rng: np.random.Generator, counts: Counts) -> list[pa.Table]:
    """Links, their towers, and the spans between the first of these."""
    sizes = np.full(counts.links, counts.towers // counts.links)
    sizes[: counts.towers % counts.links] += 1
    towers = np.vstack(_walks(rng, sizes))
    of_link = np.repeat(np.arange(counts.links), sizes)
    links = [f"L{n:05d}" for n in range(counts.links)]
    kv = np.array(_chosen(rng, VOLTAGES_KV, VOLTAGE_SHARES, counts.links))
    numbers = np.arange(counts.towers) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = np.flatnonzero(of_link[:-1] == of_link[1:])[: counts.spans]
    middles = (towers[first] + towers[first + 1]) / 2
    ends = np.stack([towers[first], towers[first + 1]], axis=1)
    wholes = shapely.linestrings(towers, indices=of_link)
    starts = towers[np.cumsum(sizes) - sizes + sizes // 2]
    return [
        _table(
            AssetKind.LINK,
            links,
            wholes,
            starts,
            name=[f"第{n}線" for n in range(counts.links)],
            voltage_kv=kv,
            length_m=np.maximum(sizes - 1, 1) * STEP_M,
        ),
        _table(
            AssetKind.TOWER,
            [f"{links[of]}-T{n:04d}" for of, n in zip(of_link, numbers, strict=True)],
            shapely.points(towers),
            towers,
            name=[f"第{of}線{n}号" for of, n in zip(of_link, numbers, strict=True)],
            parent_id=[links[of] for of in of_link],
            voltage_kv=kv[of_link],
            height_m=rng.normal(50.0, 10.0, counts.towers).clip(20.0, 120.0),
            design_wind_m_s=np.full(counts.towers, 40.0),
        ),
        _table(
            AssetKind.SPAN,
            [f"{links[of_link[k]]}-P{numbers[k]:04d}" for k in first],
            shapely.linestrings(ends),
            middles,
            parent_id=[links[of_link[k]] for k in first],
            voltage_kv=kv[of_link[first]],
            length_m=np.full(len(first), STEP_M),
        ),
    ]


def _walks(rng: np.random.Generator, sizes: NDArray[np.int64]) -> list[Floats]:
    """Towers of each line: about straight, turned back at the border of its box."""
    starts, box = _places(rng, len(sizes))
    courses = rng.uniform(0, 2 * np.pi, len(sizes))
    return [
        _walk(rng, start, LAND_BOXES[of], course, size)
        for start, of, course, size in zip(starts, box, courses, sizes, strict=True)
    ]


def _walk(
    rng: np.random.Generator, start: Floats, box: Floats, course: float, size: int
) -> Floats:
    turned = course + np.cumsum(rng.normal(0.0, 0.1, size))
    steps = _degrees(np.full(size, STEP_M), turned, start[1])
    steps[0] = 0.0
    low, extent = box[:2], box[2:4] - box[:2]
    along = np.mod(start + np.cumsum(steps, axis=0) - low, 2 * extent)
    return low + np.minimum(along, 2 * extent - along)


def _degrees(metres: Floats, course: Floats, latitude: float | Floats) -> Floats:
    """Steps in degrees (n, 2) of a length along a course clockwise from north."""
    east = metres * np.sin(course) / np.cos(np.radians(latitude))
    return np.column_stack([east, metres * np.cos(course)]) / METRES_PER_DEGREE


def _segments(rng: np.random.Generator, middles: Floats, lengths: Floats) -> Floats:
    """Straight lines of a length around each middle, in any direction."""
    half = _degrees(lengths / 2, rng.uniform(0, 2 * np.pi, len(lengths)), middles[:, 1])
    return shapely.linestrings(np.stack([middles - half, middles + half], axis=1))


def _table(kind, ids, shapes, homes, **known) -> pa.Table:
    """Table ASSETS of one kind: what is known, and what follows from it."""
    code = morton(*tile_of(homes[:, 0], homes[:, 1], HOME_ZOOM))
    is_point = shapely.get_type_id(shapes) == 0
    values = {
        "id": ids,
        "revision": [hashlib.sha256(one.encode()).hexdigest() for one in ids],
        "kind": np.full(len(ids), kind.value),
        "owner": np.full(len(ids), "架空の管理者"),
        "geometry": shapely.to_wkb(shapes),
        "longitude": homes[:, 0],
        "latitude": homes[:, 1],
        "morton": code,
        "position_sigma_m": np.full(len(ids), 5.0),
        "prefecture_code": _prefectures(homes),
        "importance": _importances(kind, len(ids), known),
        "importance_source": np.full(len(ids), "kind"),
        "geometry_source": np.where(is_point, "point_default", "owner"),
        "source_licence": np.full(len(ids), "CC0-1.0"),
    }
    columns = values | known
    missing = [None] * len(ids)
    return pa.table(
        {
            field.name: _column(columns.get(field.name, missing), field.type)
            for field in ASSETS
        },
        schema=ASSETS,
    )


def _column(values, kind: pa.DataType) -> pa.Array:
    if pa.types.is_integer(kind) and isinstance(values, np.ndarray):
        values = values.astype(kind.to_pandas_dtype())
    return pa.array(values, kind)


def _prefectures(places: Floats) -> NDArray[np.int8]:
    """Code of the prefecture whose seat is nearest: enough for a made-up nation."""
    shrunk = np.array([np.cos(np.radians(36.0)), 1.0])
    found = [
        np.argmin(
            (((part[:, None] - PREFECTURE_SEATS) * shrunk) ** 2).sum(axis=2), axis=1
        )
        for part in np.array_split(places, 1 + len(places) // 20_000)
    ]
    return (np.concatenate(found) + 1).astype(np.int8)


def _importances(kind, count, known):
    lengths = known.get("length_m", [None] * count)
    voltages = known.get("voltage_kv", [None] * count)
    return [
        kind_importance(kind, length_m=length, voltage_kv=voltage)
        for length, voltage in zip(lengths, voltages, strict=True)
    ]
