"""What the owners of a drill's assets would have handed over: places, no grades.

Lines and polygons carry errors of a metre or two, tower points of a few metres. Two
more assets lie a few kilometres away, where no drone flies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.drill.geodesy import Anchor, geodetic_from_scene
from pipelines.drill.towers import TOP_M

if TYPE_CHECKING:
    from pipelines.drill.scene import Array
    from pipelines.drill.world import Site, World

LINE_SIGMA_M, TOWER_SIGMA_M = 1.0, 2.0  # one axis
LINK_ID = "NOTO-L1"
VOLTAGE_KV = 154
FAR_BRIDGE_M = ((2_650.0, -1_420.0), (2_700.0, -1_372.0))  # east, north of the anchor
SUBSTATION_M = ((-2_310.0, 1_640.0), (-2_190.0, 1_640.0), (-2_190.0, 1_730.0))
FIELDS = (
    "id", "kind", "name", "owner", "parent_id", "length_m", "height_m", "spans",
    "max_span_m", "material", "structure", "year", "voltage_kv",
)  # fmt: skip


def site_ids(world: World) -> dict[int, str]:
    """The owner's id of every asset, by instance number."""
    ids, count = {}, {"tower": 0, "span": 0}
    for site in world.sites:
        if site.kind == "bridge":
            ids[site.asset] = "NOTO-BR-01"
        elif site.kind == "dam":
            ids[site.asset] = "NOTO-DM-01"
        else:
            count[site.kind] += 1
            letter = site.kind[0].upper()
            ids[site.asset] = f"{LINK_ID}-{letter}{count[site.kind]}"
    return ids


def _attributes(site: Site, world: World, name: str) -> dict[str, Any]:
    """What the owner says about an asset."""
    run_m = round(float(np.linalg.norm(site.axis[-1] - site.axis[0])), 1)
    if site.kind == "bridge":
        return {
            "name": "訓練川大橋",
            "owner": "訓練県土木部",
            "length_m": run_m,
            "spans": world.bridge.spans,
            "max_span_m": world.bridge.span_m,
            "material": "steel",
            "structure": "simple",
            "year": 1978,
        }
    if site.kind == "dam":
        return {
            "name": "訓練ダム",
            "owner": "訓練県農林部",
            "length_m": run_m,
            "height_m": world.dam.height_m,
            "material": "earth",
            "structure": world.dam.kind,
            "year": 1966,
        }
    common = {
        "owner": "訓練送電株式会社",
        "parent_id": LINK_ID,
        "voltage_kv": VOLTAGE_KV,
    }
    number = name.rsplit("-", 1)[-1][1:]
    if site.kind == "tower":
        about = {"name": f"訓練線 鉄塔 {number}", "height_m": TOP_M, "year": 1984}
        return common | about | {"material": "steel", "structure": "lattice"}
    about = {"name": f"訓練線 径間 {number}", "material": "ACSR"}
    return common | about | {"length_m": run_m, "max_span_m": run_m}


def _feature(
    anchor: Anchor, points: Array, kind: str, about: dict[str, Any]
) -> dict[str, Any]:
    """One GeoJSON feature; `points` (n, 3) in scene metres, n = 1 is a point."""
    place = geodetic_from_scene(anchor, points)[:, :2].round(7).tolist()
    closed = kind == "substation"
    if len(place) == 1:
        geometry: dict[str, Any] = {"type": "Point", "coordinates": place[0]}
    elif closed:
        geometry = {"type": "Polygon", "coordinates": [[*place, place[0]]]}
    else:
        geometry = {"type": "LineString", "coordinates": place}
    values: dict[str, Any] = dict.fromkeys(FIELDS) | {"kind": kind} | about
    return {"type": "Feature", "properties": values, "geometry": geometry}


def _unflown(anchor: Anchor) -> list[Any]:
    """A bridge and a substation that nobody flies over."""
    level = np.full((4, 1), 100.0)
    bridge = np.c_[np.array(FAR_BRIDGE_M), level[:2]]
    yard = np.array([*SUBSTATION_M, (SUBSTATION_M[0][0], SUBSTATION_M[2][1])])
    return [
        _feature(
            anchor,
            bridge,
            "bridge",
            {
                "id": "NOTO-BR-02",
                "name": "訓練谷橋",
                "owner": "訓練県土木部",
                "length_m": round(float(np.linalg.norm(bridge[1] - bridge[0])), 1),
                "spans": 2,
                "max_span_m": 34.0,
                "material": "prestressed concrete",
                "structure": "continuous",
                "year": 1998,
            },
        ),
        _feature(
            anchor,
            np.c_[yard, level],
            "substation",
            {
                "id": "NOTO-SS-01",
                "name": "訓練変電所",
                "owner": "訓練送電株式会社",
                "voltage_kv": VOLTAGE_KV,
                "year": 1984,
            },
        ),
    ]


def inventory(world: World, anchor: Anchor, seed: int) -> dict[str, Any]:
    """A GeoJSON FeatureCollection of everything the owners know."""
    rng, ids = np.random.default_rng([seed, 5]), site_ids(world)
    features, feet = [], []
    surveyed: dict[tuple[float, ...], Array] = {}  # a tower's foot ends its spans
    for site in world.sites:
        sigma = LINE_SIGMA_M if site.kind in ("bridge", "dam") else TOWER_SIGMA_M
        points = site.axis.copy()
        for k, point in enumerate(site.axis):
            off = rng.normal(0, sigma, 2)
            if site.kind in ("bridge", "dam"):
                points[k, :2] += off
            else:
                key = tuple(point.tolist())
                points[k] = surveyed.setdefault(key, point + np.array([*off, 0.0]))
        if site.kind == "tower":
            feet.append(points[0])
        name = ids[site.asset]
        about = {"id": name} | _attributes(site, world, name)
        features.append(_feature(anchor, points, site.kind, about))
    line = np.array(feet)
    length_m = float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    link = {
        "id": LINK_ID,
        "name": "訓練線",
        "owner": "訓練送電株式会社",
        "length_m": round(length_m, 1),
        "voltage_kv": VOLTAGE_KV,
        "year": 1984,
    }
    features.append(_feature(anchor, line, "link", link))
    features += _unflown(anchor)
    features.sort(key=lambda feature: feature["properties"]["id"])
    return {"type": "FeatureCollection", "features": features}
