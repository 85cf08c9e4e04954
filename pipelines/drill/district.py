"""What owners know of a rehearsal's assets, with their errors, and what is true of it.

Round the rendered valley lies a district that no drone reaches: bridges and substations
as numbers only, so that the map before the pictures can be judged on more than a few.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pipelines.drill.geodesy import Anchor, geodetic_from_scene
from pipelines.drill.hidden import Exposed, moved
from pipelines.drill.inventory import FIELDS, LINK_ID
from pipelines.drill.scenarios import Rehearsal, Valley
from pipelines.drill.world import BRIDGE_X, DAM_X

Feature = dict[str, Any]

VALLEY_BRIDGE: Mapping[str, object] = {
    "length_m": 144.0,
    "spans": 4,
    "material": "steel",
    "structure": "simple",
    "year": 1978,
}
"""As pipelines.drill.inventory says of it."""
MATERIALS = ("steel", "prestressed concrete", "reinforced concrete")
STRUCTURES = ("simple", "continuous")
BUILT = (1955, 2018)
SPAN_M = (18.0, 42.0)
VOLTAGES_KV = (66, 154, 275, 500)
YARD_M = 60.0  # half a substation's side
DUPLICATE_M = 9.0  # one axis: how far the second row of a thing lies off
NEAREST_KM = 4.0  # of the district to the valley


def valley_assets(valley: Valley, anchor: Anchor) -> list[Exposed]:
    """The rendered assets but the link: bridge, dam, towers, spans."""
    towers = [np.array([*spot, 100.0]) for spot in valley.towers]
    middles = [(a + b) / 2 for a, b in pairwise(towers)]
    places = [
        ("NOTO-BR-01", "bridge", np.array([BRIDGE_X, 0.0, 100.0])),
        ("NOTO-DM-01", "dam", np.array([DAM_X, 0.0, 100.0])),
        *((f"{LINK_ID}-T{k + 1}", "tower", at) for k, at in enumerate(towers)),
        *((f"{LINK_ID}-S{k + 1}", "span", at) for k, at in enumerate(middles)),
    ]
    return [
        _exposed(name, kind, geodetic_from_scene(anchor, at))
        for name, kind, at in places
    ]


def _exposed(name: str, kind: str, place: Any) -> Exposed:  # noqa: ANN401 an array
    facts = dict(VALLEY_BRIDGE) if kind == "bridge" else {}
    return Exposed(
        id=name,
        kind=kind,
        longitude=float(place[0]),
        latitude=float(place[1]),
        facts=facts,
    )


def district_assets(rehearsal: Rehearsal, rng: np.random.Generator) -> list[Exposed]:
    """Bridges and substations at random places round the valley."""
    about = rehearsal.district
    kinds = ["bridge"] * about.bridges + ["substation"] * about.substations
    middle = Exposed(
        id="",
        kind="",
        longitude=rehearsal.anchor.longitude,
        latitude=rehearsal.anchor.latitude,
        facts={},
    )
    found = []
    for number, kind in enumerate(kinds, start=1):
        share = rng.uniform((NEAREST_KM / about.within_km) ** 2, 1.0)
        away_m, angle = about.within_km * 1000 * np.sqrt(share), rng.uniform(0, 360)
        east, north = np.sin(np.radians(angle)), np.cos(np.radians(angle))
        at = moved(middle, away_m * east, away_m * north)
        found.append(
            Exposed(
                id=f"NOTO-D-{number:04d}",
                kind=kind,
                longitude=at.longitude,
                latitude=at.latitude,
                facts=_facts(kind, rng),
            )
        )
    return found


def _facts(kind: str, rng: np.random.Generator) -> dict[str, object]:
    """What is so of an asset: drawn plainly, no statistics of any stock."""
    year = int(rng.integers(*BUILT))
    if kind == "substation":
        return {"voltage_kv": int(rng.choice(VOLTAGES_KV)), "year": year}
    spans, span_m = int(rng.geometric(0.4)), float(rng.uniform(*SPAN_M))
    return {
        "length_m": round(spans * span_m, 1),
        "spans": spans,
        "max_span_m": round(span_m, 1),
        "material": MATERIALS[int(rng.integers(len(MATERIALS)))],
        "structure": STRUCTURES[int(rng.integers(len(STRUCTURES)))],
        "year": year,
    }


def district_features(assets: Sequence[Exposed]) -> list[Feature]:
    """The same as their owners draw them: lines and yards, west to east."""
    return [_feature(asset) for asset in assets]


def _feature(asset: Exposed) -> Feature:
    if asset.kind == "bridge":
        half = float(str(asset.facts["length_m"])) / 2
        ends = [moved(asset, east, 0.0) for east in (-half, half)]
        geometry: Feature = {"type": "LineString", "coordinates": _places(ends)}
    else:
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
        yard = [moved(asset, YARD_M * x, YARD_M * y) for x, y in corners]
        geometry = {"type": "Polygon", "coordinates": [_places(yard)]}
    values: Feature = dict.fromkeys(FIELDS) | asset.facts
    values |= {"id": asset.id, "kind": asset.kind, "owner": "訓練県"}
    values["name"] = f"訓練{asset.id[-4:]}"
    return {"type": "Feature", "properties": values, "geometry": geometry}


def _places(assets: Sequence[Exposed]) -> list[list[float]]:
    return [[round(a.longitude, 7), round(a.latitude, 7)] for a in assets]


def with_errors(
    features: Sequence[Feature], rehearsal: Rehearsal, rng: np.random.Generator
) -> tuple[list[Feature], dict[str, str]]:
    """The owners' list as it arrives.

    What belongs to one line is off by the same: it was surveyed at once.

    Returns:
        Features by id, and of each row that is there twice the id it stands for.
    """
    about, shifts = rehearsal.owners, dict[str, tuple[float, float]]()
    listed = []
    for feature in features:
        values = dict(feature["properties"])
        together = values.get("parent_id") or values["id"]
        east, north = rng.normal(0.0, 1.0, 2) * about.offset_sigma_m
        by = shifts.setdefault(together, (float(east), float(north)))
        if rng.random() < about.years_missing:
            values["year"] = None
        listed.append(_shifted(feature, values, by))
    bridges = [f for f in listed if f["properties"]["id"].startswith("NOTO-D-")]
    twice = [
        _twin(feature, number, rng)
        for number, feature in enumerate(bridges[: about.duplicates], start=1)
    ]
    stands_for = {
        twin["properties"]["id"]: of["properties"]["id"]
        for twin, of in zip(twice, bridges, strict=False)
    }
    listed = sorted([*listed, *twice], key=lambda f: str(f["properties"]["id"]))
    return listed, stands_for


def _twin(feature: Feature, number: int, rng: np.random.Generator) -> Feature:
    """The same thing under another owner's number."""
    values = feature["properties"] | {"id": f"KEN-{number:03d}"}
    east, north = rng.normal(0.0, DUPLICATE_M, 2)
    return _shifted(feature, values, (float(east), float(north)))


def _shifted(feature: Feature, values: Feature, by: tuple[float, float]) -> Feature:
    geometry = feature["geometry"]
    return {
        "type": "Feature",
        "properties": values,
        "geometry": {
            "type": geometry["type"],
            "coordinates": _shift(geometry["coordinates"], by),
        },
    }


def _shift(coordinates: list[Any], by: tuple[float, float]) -> list[Any]:
    """Nested lists of positions, moved by metres east and north."""
    if isinstance(coordinates[0], list):
        return [_shift(each, by) for each in coordinates]
    at = Exposed(
        id="", kind="", longitude=coordinates[0], latitude=coordinates[1], facts={}
    )
    return _places([moved(at, *by)])[0]
