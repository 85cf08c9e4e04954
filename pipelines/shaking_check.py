"""Shaking against what was observed: `karte shaking check TELEGRAM`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UsageError
from data.operation import Event
from geo.conditioned_shaking import known_from
from geo.left_out import Score, predict, score
from geo.observed import (
    Observations,
    areas_observed,
    cities_observed,
    observations_of,
)
from geo.shaking import VALID_DISTANCE_KM, Measure, shaking_at
from geo.vs30 import Ground
from pipelines.config import Config
from pipelines.message_files import Opening, read_message
from pipelines.outcome import ExitCode, Outcome
from pipelines.quakes import JST, Quake, quake_of
from pipelines.surroundings import read_ground

STRONG = 3.5  # class 4 and above
TUNED = (
    "tuned on 06_05 of 2008-06-14: how areas lie above their stations (0.64, sd 0.5);"
    " nothing else: 30 km, nuggets and sigma are published or start values"
)
Scores = Mapping[str, Score]


def check(telegram: Path, config: Config) -> Outcome:
    """Each city of a telegram predicted from all the others, and from its areas alone.

    Of a telegram that has no cities (VXSE51) each area is predicted from the others.

    Args:
        telegram: A JMA telegram with intensities.
        config: For the ground.

    Raises:
        RefusedError: If the file is no message.
        UsageError: If it has no intensities.
    """
    event, _ = read_message(telegram, Opening())
    quake, ground = _quake(event), read_ground(config)
    day = quake.origin_at.astimezone(JST).date()
    cities = cities_observed(event.observed, on=day)
    areas = areas_observed(event.observed, on=day)
    if len(cities):
        every = observations_of(event.observed, on=day)
        parts = {
            "cities, left out one by one": _scores(
                cities, every, quake, ground, without_own=True
            ),
            "cities, from the areas alone": _scores(
                cities, areas, quake, ground, without_own=False
            ),
        }
    else:
        parts = {
            "areas, left out one by one": _scores(
                areas, areas, quake, ground, without_own=True
            )
        }
    return _outcome(event, quake, parts)


def _quake(event: Event) -> Quake:
    """The quake, with its own source or one fitted to the intensities."""
    quake = quake_of(event)
    if not event.observed or quake is None:
        raise UsageError(
            f"{event.id}: no intensities to check against in this {event.source_kind};"
            " give a VXSE53 or VXSE51"
        )
    return quake


def _scores(
    targets: Observations,
    observed: Observations,
    quake: Quake,
    ground: Ground,
    *,
    without_own: bool,
) -> Scores:
    """Of all targets, of those in the range of the formula, and of strong shaking."""
    known = known_from(observed, quake.hypocentre, ground)
    found = predict(targets, known, quake.hypocentre, ground, without_own=without_own)
    field = shaking_at(
        quake.hypocentre,
        targets.longitude,
        targets.latitude,
        measures=[Measure.INTENSITY],
    )
    rows: Mapping[str, NDArray[np.bool_]] = {
        "all": np.ones(len(targets), dtype=bool),
        "within_200_km": field.distance_km <= VALID_DISTANCE_KM,
        "class_4_or_more": targets.low >= STRONG,
    }
    scores = {name: score(found, some) for name, some in rows.items()}
    return {name: one for name, one in scores.items() if one is not None}


def _outcome(event: Event, quake: Quake, parts: Mapping[str, Scores]) -> Outcome:
    lines = [
        f"{event.source_kind} {event.id}, reported {event.reported_at.isoformat()}"
    ]
    if quake.fitted:
        magnitude = quake.hypocentre.magnitude_mj
        lines.append(f"source fitted to all the intensities: Mj {magnitude}")
    for title, scores in parts.items():
        lines.append(title)
        lines += [f"  {name:16} {_sentence(one)}" for name, one in scores.items()]
    wider = _how_much_wider(list(parts.values()))
    if wider is not None:
        lines.append(f"areas alone: intervals {wider:.2f} times as wide")
    lines.append(TUNED)
    data: dict[str, Any] = {
        "event": event.id,
        "source_kind": event.source_kind,
        "scores": {
            title: {name: asdict(one) for name, one in scores.items()}
            for title, scores in parts.items()
        },
        "areas_alone_times_as_wide": wider,
        "source_fitted": quake.fitted,
        "tuned": TUNED,
    }
    return Outcome(code=ExitCode.DONE, lines=lines, data=data)


def _sentence(one: Score) -> str:
    return (
        f"n {one.count:4}  raw bias {one.raw_bias:+.2f} rms {one.raw_rms:.2f}"
        f"  conditioned bias {one.bias:+.2f} rms {one.rms:.3f}"
        f"  90 % interval {one.width:.2f} wide, overlaps {one.overlap:.1%}"
        f" (perfect: {one.overlap_expected:.1%}; field alone {one.field_overlap:.1%}),"
        f" covers {one.coverage:.1%} of values (perfect: 90 %)"
    )


def _how_much_wider(parts: list[Scores]) -> float | None:
    """Width from the areas alone over that from everything."""
    if len(parts) < 2 or not all("all" in scores for scores in parts):  # noqa: PLR2004 both
        return None
    return parts[1]["all"].width / parts[0]["all"].width
