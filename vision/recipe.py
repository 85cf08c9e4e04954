"""A training recipe: which pictures, and in which phases they are learnt from.

One TOML file holds it (data/reference/training.toml is the product's own).
"""

import json
import tomllib
from dataclasses import field
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from data.errors import ConfigError, InvalidRecordError
from data.record import (
    Identifier,
    NonNegative,
    Positive,
    Probability,
    from_json,
    record,
)
from vision.classes import DAMAGE, SEVERE

BATCH: Final = 8
KINDS: Final = (
    "painted_cracks",
    "painted_wires",
    "real_concrete",
    "real_lines",
    "real_quay_wall",
    "rendered",
)
"""What a place of a batch may be filled with."""

_CHANCE_TOLERANCE: Final = 1e-6


@record
class Phase:
    """One cycle of the learning rate over one mix of pictures.

    Attributes:
        name: Its checkpoint's name.
        seed: Of its batches; phases with different seeds see different crops.
        side_px: Side of the square crops.
        places: For each of the eight places of a batch, the chance of each kind.
        focus: Chance that a rendered crop is laid around a class that is rare there.
        focus_severe: Chance that a rendered crop is taken from a tile with a severe
            class, all severe classes alike.
        whole: Chance that a rendered crop is the whole tile, reduced.
        upright: Rendered crops are mirrored but not turned: what leans can only be seen
            where up is known.
        damage_weights: Weight of a damage class in the cross-entropy, 1 if not named.
        loss_every_px: 2 takes the loss at every second pixel of every second row, which
            costs a third less time.
        encoder_rate: Peak rate of the pretrained encoder.
        rate: Peak rate of everything else.
        warm_up: Share of the steps until the peak.
        largest_gradient: Norm over all weights to which a gradient is shortened.
    """

    name: Identifier
    steps: Annotated[int, Field(ge=1)]
    places: Annotated[
        tuple[dict[str, Probability], ...], Field(min_length=BATCH, max_length=BATCH)
    ]
    seed: Annotated[int, Field(ge=0)] = 0
    side_px: Annotated[int, Field(ge=32, multiple_of=32)] = 256
    focus: Probability = 0.5
    focus_severe: Probability = 0.0
    whole: Probability = 0.0
    upright: bool = False
    damage_weights: dict[str, Positive] = field(default_factory=dict)
    loss_every_px: Annotated[int, Field(ge=1, le=4)] = 1
    encoder_rate: Positive = 3e-4
    rate: Positive = 2e-3
    weight_decay: NonNegative = 1e-2
    warm_up: Probability = 0.15
    largest_gradient: Positive = 5.0
    checkpoint_every: Annotated[int, Field(ge=1)] = 100


@record
class Folders:
    """Where the pictures are, below the shared folder; rendered ones below OUT.

    Of all but `held_out` nine tenths are learnt from, of `held_out` nothing: drill
    tiles of other worlds, for thresholds and scores.
    """

    concrete: str
    quay_wall: str
    aerial: str
    lines: str
    rendered: Annotated[tuple[str, ...], Field(min_length=1)]
    held_out: tuple[str, ...] = ()


@record
class Recipe:
    """Everything that decides which weights come out, save the pictures themselves."""

    seed: Annotated[int, Field(ge=0)] = 0
    threads: Annotated[int, Field(ge=1)] = 2
    folders: Folders
    phases: Annotated[tuple[Phase, ...], Field(min_length=1)]


def read_recipe(path: Path) -> Recipe:
    """The recipe of a TOML file.

    Raises:
        ConfigError: If it is missing, no TOML, or says what cannot be done.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = from_json(Recipe, json.dumps(values, default=str))
    except OSError as error:
        raise ConfigError(f"training {path}: {error.strerror}; name a file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, InvalidRecordError) as error:
        raise ConfigError(f"training {path}: {error}; correct the file") from error
    names = [phase.name for phase in recipe.phases]
    if len({*names}) < len(names):
        raise ConfigError(f"training {path}: two phases of one name; rename one")
    for phase in recipe.phases:
        check_phase(phase)
    return recipe


def check_phase(phase: Phase) -> None:
    """Refuse a phase whose places or weights name something unknown.

    Raises:
        ConfigError: If so, or if the chances of a place do not add up to 1.
    """
    for number, place in enumerate(phase.places):
        unknown = sorted({*place} - {*KINDS})
        if unknown or abs(sum(place.values()) - 1) > _CHANCE_TOLERANCE:
            raise ConfigError(
                f"training phase {phase.name}: place {number} is {place}; its chances "
                f"must add up to 1 and be of {', '.join(KINDS)}"
            )
    unknown = sorted({*phase.damage_weights} - {*DAMAGE})
    if unknown:
        raise ConfigError(
            f"training phase {phase.name}: no damage class {unknown[0]!r}; "
            f"the severe ones are {', '.join(SEVERE)}"
        )
