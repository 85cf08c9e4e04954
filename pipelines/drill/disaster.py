"""Make a rehearsal happen: what an operator is given, and beside it what is true.

    OUT/given/  schedule.json  messages/  inventory.geojson  cardNN/{batch.toml,images/}
    OUT/truth/  truth.json  frames.csv  places.csv  seen.csv  cardNN/

Whoever plays the operator reads `given/` alone; `truth/` is for the score, afterwards.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from data.record import to_json
from geo.shaking import Measure
from pipelines.drill import feeds
from pipelines.drill.batch import write_json
from pipelines.drill.deliveries import (
    FRAME_COLUMNS,
    PLACE_COLUMNS,
    SEEN_COLUMNS,
    arrives_at,
    points_in,
    setting_of,
    write_delivery,
    write_rows,
)
from pipelines.drill.district import (
    district_assets,
    district_features,
    valley_assets,
    with_errors,
)
from pipelines.drill.geodesy import Anchor
from pipelines.drill.hidden import (
    Exposed,
    blown_states,
    correlated_field,
    places_of,
    shaken_states,
    true_shaking,
    with_torn_spans,
)
from pipelines.drill.inventory import inventory
from pipelines.drill.lines import grade_of_span, wires_of
from pipelines.drill.scenario import Scenario
from pipelines.drill.scenarios import (
    MadeUpQuake,
    MadeUpTyphoon,
    PlantedGrades,
    Rehearsal,
)
from pipelines.drill.scene import Array
from pipelines.drill.telegram import telegram
from pipelines.drill.world import World, build_world

FIELD, STATES, TOWNS, PLACES, OWNERS = 20, 21, 22, 23, 24  # purposes of random streams
TOLD_AFTER_LAST_FIX = "track_wmo.csv"


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One event and what it did.

    Attributes:
        grades: True grade of every asset after it, by id; damage only accumulates.
        message: File name and bytes of what the operator hears of it.
    """

    begins_at: datetime
    told_at: datetime
    grades: dict[str, int]
    message: tuple[str, bytes]


def _rng(seed: int, purpose: int, number: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, purpose, number])


def happenings(
    rehearsal: Rehearsal, assets: Sequence[Exposed], seed: int
) -> list[Happened]:
    """Every event in order of time, with its true damage and its message."""
    typhoons = [] if rehearsal.typhoon is None else [rehearsal.typhoon]
    events: list[MadeUpQuake | MadeUpTyphoon] = [*rehearsal.quakes, *typhoons]
    begins = rehearsal.begins()
    before, found = {asset.id: 0 for asset in assets}, []
    for number, event in enumerate(sorted(events, key=_begins)):
        drawn, message, told = (
            _shake(event, assets, seed, number)
            if isinstance(event, MadeUpQuake)
            else _blow(event, assets, seed, number, begins[number])
        )
        states = dict(zip((a.id for a in assets), drawn, strict=True))
        if rehearsal.planted:
            states |= planted_grades(rehearsal.planted[number])
        states = _torn({name: max(before[name], int(g)) for name, g in states.items()})
        before = states
        found.append(
            Happened(
                begins_at=begins[number],
                told_at=told,
                grades=states,
                message=message,
            )
        )
    return found


def _begins(event: MadeUpQuake | MadeUpTyphoon) -> datetime:
    return event.origin_at if isinstance(event, MadeUpQuake) else event.begins_at


def _shake(
    quake: MadeUpQuake, assets: Sequence[Exposed], seed: int, number: int
) -> tuple[Any, tuple[str, bytes], datetime]:
    """True states, and the telegram of what the towns truly felt."""
    towns = feeds.towns_near(quake)
    longitude, latitude = places_of(assets)
    x = np.concatenate([longitude, [float(row["longitude"]) for row in towns]])
    y = np.concatenate([latitude, [float(row["latitude"]) for row in towns]])
    z = correlated_field(x, y, _rng(seed, FIELD, number))
    felt = true_shaking(quake, x, y, z)
    own = {measure: values[: len(assets)] for measure, values in felt.items()}
    states = shaken_states(assets, own, _rng(seed, STATES, number))
    event = feeds.event_of(
        quake,
        towns,
        felt[Measure.INTENSITY][len(assets) :].tolist(),
        _rng(seed, TOWNS, number),
    )
    name = f"{number + 1:02d}_{event.id}.xml"
    return states, (name, telegram(event).encode()), event.reported_at


def _blow(
    typhoon: MadeUpTyphoon,
    assets: Sequence[Exposed],
    seed: int,
    number: int,
    passed_at: datetime,
) -> tuple[Any, tuple[str, bytes], datetime]:
    """True states, and the track."""
    track = feeds.track_csv(typhoon)
    z = correlated_field(*places_of(assets), _rng(seed, FIELD, number))
    states = blown_states(assets, track, z, _rng(seed, STATES, number))
    return states, (TOLD_AFTER_LAST_FIX, track), passed_at


def planted_grades(planted: PlantedGrades) -> dict[str, int]:
    """Grades of the valley's assets by id."""
    line = {f"NOTO-L1-T{k + 1}": g for k, g in enumerate(planted.towers)}
    line |= {f"NOTO-L1-S{k + 1}": g for k, g in enumerate(planted.spans)}
    return {"NOTO-BR-01": planted.bridge, "NOTO-DM-01": planted.dam} | line


def _torn(grades: dict[str, int]) -> dict[str, int]:
    """What hangs from a lying tower is torn; a span's grade is what its wires show."""
    towers, spans = _line(grades, "T"), _line(grades, "S")
    torn = with_torn_spans(towers, spans)
    shown = [grade_of_span(wires_of(grade)) for grade in torn]
    return grades | {f"NOTO-L1-S{k + 1}": grade for k, grade in enumerate(shown)}


def _line(grades: dict[str, int], letter: str) -> tuple[int, ...]:
    """Grades of towers (T) or spans (S) in their order."""
    head = f"NOTO-L1-{letter}"
    numbers = sorted(int(name[len(head) :]) for name in grades if name.startswith(head))
    return tuple(grades[f"{head}{number}"] for number in numbers)


def scenario_of(rehearsal: Rehearsal, grades: dict[str, int], seed: int) -> Scenario:
    """The valley to render after an event."""
    valley = rehearsal.valley
    return Scenario(
        seed=seed,
        bridge_grade=grades["NOTO-BR-01"],
        dam_grade=grades["NOTO-DM-01"],
        dam_kind=valley.dam_kind,
        towers=valley.towers,
        tower_grades=_line(grades, "T"),
        span_grades=_line(grades, "S"),
        truss=valley.truss,
        season=valley.season,
        landslide=valley.landslide,
        trees=valley.trees,
    )


def write_disaster(
    out: Path,
    rehearsal: Rehearsal,
    *,
    seed: int,
    on_card: Callable[[], None] = lambda: None,
) -> None:
    """Draw all that is given and all that is true.

    Args:
        out: A new or empty folder.
        rehearsal: What is to happen.
        seed: Another one is another disaster of the same kind.
        on_card: Called after each card of pictures.
    """
    anchor = Anchor(
        longitude=rehearsal.anchor.longitude,
        latitude=rehearsal.anchor.latitude,
        ellipsoidal_height_m=rehearsal.anchor.ellipsoidal_height_m,
    )
    district = district_assets(rehearsal, _rng(seed, PLACES))
    assets = [*valley_assets(rehearsal.valley, anchor), *district]
    happened = happenings(rehearsal, assets, seed)
    places: dict[int, tuple[World, dict[int, Array]]] = {}
    rows: dict[str, list[dict[str, Any]]] = {
        "frames": [],
        "places": [],
        "seen": [],
    }
    for number, card in enumerate(rehearsal.deliveries):
        stage = _stage(rehearsal, happened, card.flown_after_min)
        if stage not in places:
            grades = happened[stage].grades
            world = build_world(scenario_of(rehearsal, grades, seed))
            places[stage] = (world, points_in(world))
        setting = setting_of(places[stage], rehearsal, card, number=number, seed=seed)
        found = write_delivery(
            setting,
            card,
            name=card_name(number),
            width_px=rehearsal.width_px,
            out=out,
        )
        for key, more in found.items():
            rows[key] += more
        on_card()
    first = places[min(places)][0]
    owned = inventory(first, anchor, seed)["features"] + district_features(district)
    listed, stands_for = with_errors(owned, rehearsal, _rng(seed, OWNERS))
    _write_given(out / "given", rehearsal, happened, listed)
    _write_truth(out / "truth", rehearsal, happened, stands_for, seed=seed)
    write_rows(out / "truth" / "frames.csv", FRAME_COLUMNS, rows["frames"])
    write_rows(out / "truth" / "places.csv", PLACE_COLUMNS, rows["places"])
    write_rows(out / "truth" / "seen.csv", SEEN_COLUMNS, rows["seen"])


def card_name(number: int) -> str:
    """Folder of a card.

    >>> card_name(0)
    'card01'
    """
    return f"card{number + 1:02d}"


def _stage(
    rehearsal: Rehearsal, happened: Sequence[Happened], flown_after_min: float
) -> int:
    """Index of the last event before a flight."""
    begins = rehearsal.begins()[0]
    done = [
        index
        for index, event in enumerate(happened)
        if (event.begins_at - begins).total_seconds() <= flown_after_min * 60.0
    ]
    return done[-1]


def _write_given(
    given: Path,
    rehearsal: Rehearsal,
    happened: Sequence[Happened],
    listed: list[dict[str, Any]],
) -> None:
    (given / "messages").mkdir(parents=True, exist_ok=True)
    for event in happened:
        name, content = event.message
        (given / "messages" / name).write_bytes(content)
    owners = {"type": "FeatureCollection", "features": listed}
    write_json(given / "inventory.geojson", owners)
    write_json(
        given / "schedule.json",
        {
            "begins_at": happened[0].begins_at.isoformat(),
            "inventory": "inventory.geojson",
            "messages": [
                {"file": f"messages/{e.message[0]}", "at": e.told_at.isoformat()}
                for e in happened
            ],
            "deliveries": [
                {
                    "folder": card_name(number),
                    "at": arrives_at(rehearsal, card).isoformat(),
                }
                for number, card in enumerate(rehearsal.deliveries)
            ],
        },
    )


def _write_truth(
    truth: Path,
    rehearsal: Rehearsal,
    happened: Sequence[Happened],
    stands_for: dict[str, str],
    *,
    seed: int,
) -> None:
    stages = [
        {
            "begins_at": event.begins_at.isoformat(),
            "grades": event.grades
            | {twin: event.grades[of] for twin, of in stands_for.items()},
        }
        for event in happened
    ]
    write_json(
        truth / "truth.json",
        {
            "synthetic": "訓練 DRILL: nothing here happened",
            "seed": seed,
            "scenario": json.loads(to_json(rehearsal)),
            "stages": stages,
            "stands_for": stands_for,
        },
    )
