"""The scene grammar: one valley with a dam, a bridge and a line, as a scenario says.

The order matters: terrain, roads carved into it, a slide, then what stands on it, then
what grows round it, then what fell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipelines.drill import ground as grounds
from pipelines.drill import lines, surroundings
from pipelines.drill.bridges import Bridge, add_bridge
from pipelines.drill.dams import Dam, add_dam
from pipelines.drill.ground import Ground, river
from pipelines.drill.labels import Component, Damage, DecalKind, Material
from pipelines.drill.lines import Line, add_line
from pipelines.drill.render import Frozen, freeze
from pipelines.drill.scene import Array, Part, Scene

if TYPE_CHECKING:
    from pipelines.drill.scenario import Scenario

BRIDGE_X, DAM_X = 90.0, -360.0
BRIDGE, DAM, FIRST_TOWER = 1, 2, 3  # instance numbers
CREST_M, DAM_LENGTH_M, SPANS, SPAN_M = 141.0, 210.0, 4, 36.0
DECK_OVER_WATER_M = 9.8
FREEBOARD_M, DRAINED_M = 6.5, {"gravity": 18.0, "embankment": 28.0}
HOUSES, HOUSE_CLEAR_M = 26, 25.0
SiteKind = Literal["bridge", "dam", "tower", "span"]


@dataclass(frozen=True, kw_only=True)
class Site:
    """An asset as built: its truth, and where it is.

    `bounds` are the corners (8, 3) of its box in scene metres, or the ends (2, 3) of a
    span. `axis` is the line or the point that an inventory would hold, undamaged.
    """

    asset: int
    kind: SiteKind
    grade: int
    bounds: Array
    axis: Array


@dataclass(frozen=True, kw_only=True)
class World:
    """A frozen scene and the assets in it."""

    frozen: Frozen
    sites: tuple[Site, ...]
    dam: Dam
    bridge: Bridge


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Where everything goes."""

    ground: Ground
    bridge: Bridge
    dam: Dam
    line: Line
    roads: tuple[Array, Array]
    struck: Array  # where the landslide meets the road


def _bridge(scenario: Scenario) -> Bridge:
    """Across the river, from south to north."""
    centre, _, level = (float(v) for v in river(BRIDGE_X))
    south = centre - SPANS * SPAN_M / 2
    return Bridge(
        asset=BRIDGE,
        origin=(BRIDGE_X, south, level + DECK_OVER_WATER_M),
        direction=(0.0, 1.0),
        spans=SPANS,
        span_m=SPAN_M,
        grade=scenario.bridge_grade,
        truss_span=2 if scenario.truss else None,
    )


def _dam(scenario: Scenario) -> Dam:
    """Across the gorge, its downstream side to the east."""
    centre = float(river(DAM_X)[0])
    return Dam(
        asset=DAM,
        origin=(DAM_X, centre + DAM_LENGTH_M / 2, CREST_M),
        direction=(0.0, -1.0),
        kind=scenario.dam_kind,
        length_m=DAM_LENGTH_M,
        grade=scenario.dam_grade,
    )


def _line(scenario: Scenario, ground: Ground) -> Line:
    """Towers where the scenario wants them, on the ground."""
    feet = tuple((x, y, float(ground.at(x, y))) for x, y in scenario.towers)
    return Line(
        towers=FIRST_TOWER,
        spans=FIRST_TOWER + len(feet),
        feet=feet,
        tower_grades=scenario.tower_grades,
        span_grades=scenario.span_grades,
    )


def _roads(bridge: Bridge) -> tuple[Array, Array]:
    """From the bridge's north end to the plain, from its south end to the gorge."""
    x, south, deck = bridge.origin
    north, base = south + bridge.length_m, deck - DECK_OVER_WATER_M + 2.3
    to_plain = [
        (x, north + 3, deck),
        (x, north + 26, deck - 0.4),
        (x + 35, north + 42, deck - 2.5),
        (x + 110, north + 36, base + 1.5),
        (300, 118, base - 1.2),
        (440, 130, base - 2.4),
        (598, 105, base - 3.6),
    ]
    to_gorge = [
        (x, south - 3, deck),
        (x, south - 26, deck - 0.4),
        (x - 32, south - 40, deck - 2.5),
        (-20, south - 38, base + 2.2),
        (-110, -92, base + 2.2),
        (-200, -70, base + 6),
    ]
    return grounds.smooth_line(to_plain), grounds.smooth_line(to_gorge)


def _plan(scenario: Scenario) -> _Plan:
    """Shape the ground and place the assets on it."""
    ground = grounds.valley(scenario.seed)
    ground.crops = scenario.season < 2
    bridge, dam = _bridge(scenario), _dam(scenario)
    roads = _roads(bridge)
    for road in roads:
        grounds.carve_road(ground, road)
    struck = np.array([-60.0, bridge.origin[1] - 32])
    if scenario.landslide:
        above = (float(struck[0]) - 5, float(struck[1]) - 14)
        grounds.add_slide(ground, above, (0.15, 1.0), length_m=74, width_m=40)
    below = DRAINED_M[dam.kind] if dam.grade == 4 else FREEBOARD_M
    ground.reservoir = (DAM_X + 1, CREST_M - below)
    return _Plan(
        ground=ground,
        bridge=bridge,
        dam=dam,
        line=_line(scenario, ground),
        roads=roads,
        struck=struck,
    )


def _add_assets(scene: Scene, plan: _Plan, rng: np.random.Generator) -> list[Site]:
    """Bridge, dam, towers and spans."""
    bridge, dam, line, ground = plan.bridge, plan.dam, plan.line, plan.ground
    x, south, deck = bridge.origin
    stations = south + np.arange(bridge.spans + 1) * bridge.span_m
    levels = ground.at(np.full(len(stations), x), stations) - deck
    bridge_box = add_bridge(scene, bridge, levels, rng)
    dam_box = add_dam(scene, dam, rng)
    towers, spans = add_line(scene, line, ground.at, rng)
    deck_line = np.array([[x, south, deck], [x, south + bridge.length_m, deck]])
    crest = np.array([dam.origin, dam.origin]) - [[0, 0, 0], [0, dam.length_m, 0]]
    feet = np.array(line.feet)
    sites = [
        _site(BRIDGE, "bridge", bridge.grade, bridge_box, deck_line),
        _site(DAM, "dam", dam.grade, dam_box, crest),
    ]
    for k, box in enumerate(towers):
        grade = line.tower_grades[k]
        sites.append(_site(line.towers + k, "tower", grade, box, feet[k : k + 1]))
    for k, ends in enumerate(spans):
        grade = lines.grade_of_span(lines.wires_of(line.span_grades[k]))
        sites.append(_site(line.spans + k, "span", grade, ends, feet[k : k + 2]))
    return sites


def _site(asset: int, kind: SiteKind, grade: int, bounds: Array, axis: Array) -> Site:
    """One asset."""
    return Site(asset=asset, kind=kind, grade=grade, bounds=bounds, axis=axis)


def _clearings(plan: _Plan) -> list[surroundings.Clearing]:
    """Where no tree stands: roads, towers (and where one fell), the bridge, the dam."""
    feet, dam_y = np.array(plan.line.feet), float(river(DAM_X)[0])
    x, south, _ = plan.bridge.origin
    along = np.linspace(south, south + plan.bridge.length_m, 20)
    dx = np.linspace(DAM_X - 110, DAM_X + 110, 14)
    dy = np.linspace(dam_y - 106, dam_y + 106, 24)
    body = np.stack(np.meshgrid(dx, dy), axis=2).reshape(-1, 2)
    clear = [(road, 9.0) for road in plan.roads]
    clear += [(feet, 12.0), (np.c_[np.full(20, x), along], 14.0), (body, 10.0)]
    for k, grade in enumerate(plan.line.tower_grades):
        if grade == 4:
            way = feet[min(k + 1, len(feet) - 1)] - feet[max(k - 1, 0)]
            thrown = lines.fall(plan.ground.at, feet[k], way)[0]
            clear.append((feet[k] + np.outer(np.arange(0, 50, 4.0), thrown), 7.0))
    return clear


def _add_traffic(scene: Scene, plan: _Plan, rng: np.random.Generator) -> None:
    """A few vehicles on the bridge and the road to the plain."""
    x, south, deck = plan.bridge.origin
    north = south + plan.bridge.length_m
    if plan.bridge.grade < 4:
        car = np.array([x - 1.7, south + 15, deck])
        surroundings.add_vehicle(scene, car, np.array([0, 1.0, 0]), rng, lorry=False)
    lorry = np.array([x + 1.7, north - 30, deck])
    surroundings.add_vehicle(scene, lorry, np.array([0, -1.0, 0]), rng, lorry=True)
    road = plan.roads[0]
    for k in (20, 33, 47):
        at, way = road[k] + [0, 1.7, 0.1], road[k + 1] - road[k]
        surroundings.add_vehicle(scene, at, way, rng, lorry=k == 33)


def _add_slide_debris(scene: Scene, plan: _Plan, rng: np.random.Generator) -> None:
    """Boulders, trunks and a sheet of earth where the slide crossed the road."""
    struck, ground = plan.struck, plan.ground
    surroundings.add_debris(scene, ground, struck, 18.0, 110, rng)
    middle = (struck[0], struck[1], float(ground.at(*struck)))
    earth = (DecalKind.PATCH, Damage.DEBRIS)
    scene.decal(earth, middle, (15.0, 0, 0), (0, 12.0, 0), 91, reach_m=3.0)


def build_world(scenario: Scenario) -> World:
    """The whole world of a scenario; the same for the same scenario."""
    rng = np.random.default_rng([scenario.seed, 1])
    plan, scene = _plan(scenario), Scene()
    grounds.add_ground(scene, plan.ground)
    grounds.add_water(scene, plan.ground)
    asphalt = Part(
        component=Component.ROAD, material=Material.ASPHALT, wear=0.4, seed=3
    )
    for road in plan.roads:
        grounds.add_road(scene, road, asphalt)
    sites = _add_assets(scene, plan, rng)
    clear = _clearings(plan)
    surroundings.add_trees(
        scene, plan.ground, scenario.trees, scenario.season, rng, clear=clear
    )
    beside = [plan.roads[0][14:], plan.roads[1][14:36]]
    feet = np.array(plan.line.feet)[:, :2]
    for at, yaw in surroundings.village(plan.ground, HOUSES, rng, beside):
        if np.linalg.norm(feet - at[:2], axis=1).min() > HOUSE_CLEAR_M:
            surroundings.add_house(scene, at, yaw, rng)
    _add_traffic(scene, plan, rng)
    if scenario.landslide:
        _add_slide_debris(scene, plan, rng)
    frozen = freeze(scene, plan.ground)
    return World(frozen=frozen, sites=tuple(sites), dam=plan.dam, bridge=plan.bridge)
