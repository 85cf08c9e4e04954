"""Which pictures are taken: each is a camera, an aim, a side and a sampling distance.

Every asset gets one pass at <= 4 cm and two close frames at <= 1.5 cm from sides that
differ by at least two sectors of 45 degrees.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from pipelines.drill.camera import Lens, Pose, draw_lens, look_at
from pipelines.drill.embankment import STRUCK_SHARE
from pipelines.drill.scene import Array
from pipelines.drill.world import Site, World

CameraName = Literal["wide", "tele", "zoom"]
FOCAL_OVER_WIDTH: dict[CameraName, float] = {"wide": 0.706, "tele": 1.6, "zoom": 3.2}
FLIGHTS: tuple[CameraName, ...] = ("wide", "tele", "zoom", "wide")
WIRE_M = 31.0  # middle of the conductors above the ground
TOWER_MIDDLE_M, FALLEN_MIDDLE_M = 25.0, 1.5
NADIR_DEG = 89.9
DECK_DEPTH = np.array([0.0, 0.0, 4.0])  # aim this far below the deck
CLEARANCE_M = 3.0  # least height over the ground


@dataclass(frozen=True, kw_only=True)
class View:
    """One planned picture; `flight` is an index of FLIGHTS, `spoilt` what is wrong."""

    name: str
    flight: int
    pose: Pose
    lens: Lens
    spoilt: Literal["", "blurred", "dark", "unlocated", "turned"] = ""


@dataclass(frozen=True, kw_only=True)
class _Planner:
    """Lenses and ground that all views share."""

    world: World
    lenses: dict[CameraName, Lens]

    def view(
        self,
        name: str,
        flight: int,
        aim: Array,
        side: tuple[float, float],
        gsd_m: float,
    ) -> View:
        """Look at `aim` from a side (azimuth, elevation in degrees) at a distance."""
        lens = self.lenses[FLIGHTS[flight]]
        azimuth, elevation = np.radians(side)
        flat = np.cos(elevation)
        away = [np.sin(azimuth) * flat, np.cos(azimuth) * flat, np.sin(elevation)]
        eye = aim + gsd_m * lens.focal * np.array(away)
        floor = float(self.world.frozen.ground.at(eye[0], eye[1])) + CLEARANCE_M
        eye[2] = max(eye[2], floor)
        return View(name=name, flight=flight, pose=look_at(eye, aim), lens=lens)


def draw_lenses(width_px: int, rng: np.random.Generator) -> dict[CameraName, Lens]:
    """One specimen of each camera."""
    return {
        name: draw_lens(width_px, rng, focal_over_width=focal)
        for name, focal in FOCAL_OVER_WIDTH.items()
    }


def _bridge_views(plan: _Planner, site: Site) -> list[View]:
    """The struck span from above and both sides, the rest, then close."""
    south, north = site.axis
    span = (north - south) / plan.world.bridge.spans
    hit = south + plan.world.bridge.hit * span  # where the struck span begins
    struck = hit + 0.5 * span - DECK_DEPTH
    return [
        plan.view("bridge-east", 0, struck, (75, 32), 0.029),
        plan.view("bridge-west", 0, struck, (282, 30), 0.029),
        plan.view("bridge-nadir", 0, hit + 0.5 * span, (90, NADIR_DEG), 0.029),
        plan.view("bridge-truss", 3, hit + 1.5 * span, (300, 30), 0.029),
        plan.view("bridge-north", 3, hit + 2.3 * span, (60, 33), 0.029),
        plan.view("bridge-close-east", 1, struck, (100, 28), 0.0145),
        plan.view("bridge-close-west", 1, struck, (255, 34), 0.0145),
        plan.view("bridge-pier", 1, hit + 0.15 * span - DECK_DEPTH, (60, 12), 0.0085),
    ]


def _dam_views(plan: _Planner, site: Site) -> list[View]:
    """Slide and slope from two sides, the crest from above, both flanks close."""
    north, south = site.axis
    struck = north + STRUCK_SHARE * (south - north)

    def at(along: float, down: float) -> Array:
        """Metres south of the slide's middle along the crest, and down the slope."""
        return np.asarray(struck + np.array([5.0 + down, -along, -down / 2]))

    left, right, over = (66.0, 60.0), (114.0, 60.0), (90.0, 80.0)
    crest = struck + np.array([-8.0, 0.0, -2.0])  # middle of crest and dry riprap
    return [
        plan.view("dam-slide-upper", 0, at(0, 9), left, 0.026),
        plan.view("dam-slide-lower", 0, at(0, 42), right, 0.029),
        plan.view("dam-north", 0, at(-35, 12), right, 0.0275),
        plan.view("dam-south", 0, at(36, 9), left, 0.026),
        plan.view("dam-crest", 3, crest + np.array([4.0, 0, 0]), over, 0.0275),
        plan.view("dam-crest-north", 3, crest + np.array([0, 44.0, 0]), over, 0.0265),
        plan.view("dam-crest-south", 3, crest + np.array([0, -44.0, 0]), over, 0.0265),
        plan.view("dam-close-north", 1, at(-26, 24), (50, 42), 0.0145),
        plan.view("dam-close-south", 1, at(25, 20), (142, 42), 0.0145),
    ]


def _tower_views(plan: _Planner, site: Site, label: str) -> list[View]:
    """The whole tower, then its body close from two sides."""
    if site.grade == 4:
        return _fallen_views(plan, site, label)
    foot, leans = site.axis[0], site.grade == 3
    aim = foot + np.array([0, 0, TOWER_MIDDLE_M])
    close = aim + np.array([0, 0, 4.0])
    # a lean shows best along the line, which it leans away from
    whole = plan.view(f"{label}-whole", 0, aim, (288, 12), 0.036)
    if not leans:
        whole = plan.view(f"{label}-whole", 0, aim, (320, 14), 0.027)
    return [
        whole,
        plan.view(f"{label}-close-a", 1, close, (25, 10), 0.0145),
        plan.view(f"{label}-close-b", 1, close, (215, 18), 0.0145),
    ]


def _fallen_views(plan: _Planner, site: Site, label: str) -> list[View]:
    """Where the tower lies and, in the same frame, where it should stand; close."""
    foot = site.axis[0]
    body = site.bounds.mean(axis=0)
    body[2] = foot[2] + FALLEN_MIDDLE_M
    out, up = body - foot, np.array([0, 0, 1.0])
    return [
        plan.view(f"{label}-whole", 0, foot + 0.8 * out + 8 * up, (100, 14), 0.036),
        plan.view(f"{label}-foot", 0, foot + 0.3 * out + 11 * up, (282, 15), 0.0285),
        plan.view(f"{label}-close", 1, body - 0.35 * out, (320, 48), 0.0145),
    ]


def _along(plan: _Planner, name: str, start: Array, stop: Array) -> View:
    """From behind one tower along the wires to the next: most of the span."""
    way = (stop - start) * [1, 1, 0]
    way /= np.linalg.norm(way)
    aside = np.array([-way[1], way[0], 0.0])
    eye = start - 22 * way + 15 * aside + np.array([0, 0, WIRE_M + 9])
    aim = start + 0.46 * (stop - start) + np.array([0, 0, WIRE_M - 2.5])
    lens = plan.lenses[FLIGHTS[2]]
    return View(name=name, flight=2, pose=look_at(eye, aim), lens=lens)


def _torn_views(plan: _Planner, site: Site, label: str) -> list[View]:
    """Wires that hang from the tower that stands; where they lie and should hang."""
    start, stop = site.axis
    way = (stop - start) / np.linalg.norm(stop - start)
    up = np.array([0, 0, 1.0])
    hang, lie = start + 13 * way + 14 * up, start + 50 * way + 11 * up
    return [
        plan.view(f"{label}-hanging-south", 0, hang, (165, 20), 0.025),
        plan.view(f"{label}-hanging-north", 0, hang + 2 * up, (20, 26), 0.026),
        plan.view(f"{label}-lying", 3, lie, (348, 30), 0.025),
        plan.view(f"{label}-close", 1, start + 7 * way + 20 * up, (150, 18), 0.0145),
    ]


def _span_views(plan: _Planner, site: Site, label: str) -> list[View]:
    """A sound span from its side and along its wires from both ends."""
    if site.grade >= 3:
        return _torn_views(plan, site, label)
    start, stop = site.axis
    middle = (start + stop) / 2 + np.array([0, 0, WIRE_M - 6])
    return [
        plan.view(f"{label}-side", 3, middle, (345, 24), 0.038),
        _along(plan, f"{label}-along-out", start, stop),
        _along(plan, f"{label}-along-back", stop, start),
    ]


def _spoilt_views(views: list[View]) -> list[View]:
    """Extra frames that are of no use, and one without a fix."""
    by_name = {view.name: view for view in views}
    blurred = replace(by_name["bridge-west"], name="bridge-blurred", spoilt="blurred")
    dark = replace(by_name["dam-slide-upper"], name="dam-dark", spoilt="dark")
    lost = by_name["bridge-close-east"]
    lost = replace(lost, name="bridge-without-fix", spoilt="unlocated")
    east = lost.pose.east + 2.0
    return [blurred, dark, replace(lost, pose=replace(lost.pose, east=east))]


def plan_views(world: World, width_px: int, seed: int) -> list[View]:
    """All views, sorted by flight, in the order that they are flown."""
    rng = np.random.default_rng([seed, 4])
    plan = _Planner(world=world, lenses=draw_lenses(width_px, rng))
    views: list[View] = []
    numbers = {"bridge": 0, "dam": 0, "tower": 0, "span": 0}
    for site in world.sites:
        numbers[site.kind] += 1
        label = f"{site.kind}{numbers[site.kind]}"
        if site.kind == "bridge":
            views += _bridge_views(plan, site)
        elif site.kind == "dam":
            views += _dam_views(plan, site)
        elif site.kind == "tower":
            views += _tower_views(plan, site, label)
        else:
            views += _span_views(plan, site, label)
    views = [replace(v, spoilt="turned") if v.name == "dam-north" else v for v in views]
    views += _spoilt_views(views)
    return sorted(views, key=lambda view: view.flight)
