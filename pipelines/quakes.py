"""The quakes of an operation, each with the field that shakes the assets.

Source:
    DEFINITIONS, section 10: draws from default_rng([seed, number of the event]).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data.feeds.shakemap import ShakeMapGrid
from data.feeds.tracks import AnyTrack
from data.hazard_layer import KeptLayer
from data.operation import Event, EventKind, Hypocentre, MessageType, ObservedIntensity
from data.owner_rules import (
    BRIDGE_RULES,
    CLOCK_RULES,
    WIND_RULES,
    BridgeRules,
    ClockRules,
    WindRules,
)
from geo.conditioned_shaking import map_residuals, shaken_field
from geo.equivalent_source import equivalent_source
from geo.observed import observations_of
from geo.residual_field import DRAWS, ResidualField
from geo.shakemap_field import MapField
from geo.shaking import Measure, hypocentre_in_jgd2011, known_magnitude
from geo.vs30 import REFERENCE_VS30_M_S, Ground

Array = NDArray[np.float64]

JST = timezone(timedelta(hours=9))  # the day a station stood there by


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What shaking and damage are made from besides the messages.

    Attributes:
        seed: Of the operation.
        ground: Vs30, one for all places or a grid.
        shakemaps: By the id of the event.
        tracks: Of typhoons, by the id of the event.
        layers: Where the ground failed.
        bridges: The owner's rules; `wind` and `clocks` too.
    """

    seed: int = 0
    ground: Ground = REFERENCE_VS30_M_S
    shakemaps: Mapping[str, ShakeMapGrid] | None = None
    tracks: Mapping[str, AnyTrack] | None = None
    layers: Sequence[KeptLayer] = ()
    bridges: BridgeRules = BRIDGE_RULES
    wind: WindRules = WIND_RULES
    clocks: ClockRules = CLOCK_RULES


ANYWHERE = Surroundings()
"""No seed of an operation, no grid of the ground, no ShakeMap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """200 joint draws of what is not known of one quake.

    Attributes:
        residual: On a lattice, given what was observed.
        unexplained: By measure, standard normals of what all places share beyond it.
    """

    residual: ResidualField
    unexplained: Mapping[Measure, Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quake:
    """One earthquake of an operation, with what is needed to shake something.

    Attributes:
        hypocentre: In JGD2011.
        observed: Intensities, as in the message.
        fitted: The source, or its magnitude, is not announced but made to fit them.
        draws: None until it was conditioned: then the field is the model's alone.
        shakemap: Stands in for the model where there is one.
    """

    id: str
    origin_at: datetime
    hypocentre: Hypocentre
    observed: tuple[ObservedIntensity, ...] = ()
    fitted: bool = False
    draws: Draws | None = None
    shakemap: MapField | None = None


def quake_of(event: Event) -> Quake | None:
    """The quake of an event, or None where it is far away or nothing says how large.

    Where place or magnitude are not known yet, the source that explains the observed
    intensities best stands in.
    """
    source = event.hypocentre
    if event.distant or event.kind is not EventKind.EARTHQUAKE:
        return None
    known = None if source is None else hypocentre_in_jgd2011(source)
    fitted = known is None or known_magnitude(known) is None
    if fitted:
        known = equivalent_source(event.observed, known)
    if known is None:
        return None
    return Quake(
        id=event.id,
        origin_at=event.origin_at,
        hypocentre=known,
        observed=event.observed,
        fitted=fitted,
    )


def heard(events: Sequence[Event]) -> list[Event]:
    """The events that may shake something: standing quakes of this country."""
    return [
        event
        for event in events
        if event.kind is EventKind.EARTHQUAKE
        and event.message_type is not MessageType.CANCELLATION
        and not event.distant
    ]


def quakes_of(events: Sequence[Event]) -> tuple[Quake, ...]:
    """The quakes that can be modelled, oldest first."""
    quakes = [quake for event in heard(events) if (quake := quake_of(event))]
    return tuple(sorted(quakes, key=lambda quake: (quake.origin_at, quake.id)))


def conditioned_quakes(
    events: Sequence[Event], around: Surroundings
) -> tuple[Quake, ...]:
    """The quakes that can be modelled, each with its field, oldest first."""
    maps = around.shakemaps or {}
    found = []
    for number, quake in enumerate(quakes_of(events)):
        seed = (around.seed, number)
        if quake.id in maps:
            field = map_field(maps[quake.id])
            drawn = _draws_of_map(field, seed)
            found.append(replace(quake, shakemap=field, draws=drawn))
        else:
            drawn = _draws(quake, around.ground, seed)
            found.append(replace(quake, draws=drawn))
    return tuple(found)


@lru_cache(maxsize=4)
def _draws(quake: Quake, ground: Ground, seed: tuple[int, int]) -> Draws:
    """The field of one quake; kept, since one edition asks for it more than once."""
    rng = np.random.default_rng(seed)
    unexplained = _unexplained(rng)
    observed = observations_of(
        quake.observed, on=quake.origin_at.astimezone(JST).date()
    )
    residual = shaken_field(quake.hypocentre, observed, ground, rng)
    return Draws(residual=residual, unexplained=unexplained)


def _draws_of_map(field: MapField, seed: tuple[int, int]) -> Draws:
    rng = np.random.default_rng(seed)
    unexplained = _unexplained(rng)
    return Draws(residual=map_residuals(field, rng), unexplained=unexplained)


def _unexplained(rng: np.random.Generator) -> Mapping[Measure, Array]:
    return {measure: rng.standard_normal(DRAWS) for measure in Measure}


def map_field(grid: ShakeMapGrid) -> MapField:
    """A ShakeMap as the field side takes it."""
    return MapField(
        longitudes=grid.longitudes,
        latitudes=grid.latitudes,
        values=grid.values,
        sigma_ln=grid.sigma_ln,
        sha256=grid.sha256,
    )
