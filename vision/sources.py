"""The pictures of a recipe: those to learn from, and those kept back to judge by."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from vision.batches import (
    FILLINGS,
    Sources,
    with_severe_damage,
)
from vision.datasets import (
    LabelledPicture,
    aerial_pictures,
    quay_wall_pictures,
    rendered_tiles,
    train_and_held_out,
    ttpla_pictures,
    uav75_pictures,
)
from vision.recipe import BATCH, Folders, Phase
from vision.sample import Sample

PAINTED_PX: Final = 512
PAINTED_CRACKS: Final = 48  # pictures painted to judge by
PAINTED_WIRES: Final = 12

_PAINTED_SEED: Final = 7_000_000  # far from the seeds of phases


class Split(NamedTuple):
    """Pictures to learn from, and pictures to judge by; `lines` are in the first only.

    `held_out.severe` is empty: nothing is focused on there.
    """

    train: Sources
    held_out: Sources


class Judged(NamedTuple):
    """What thresholds are fitted on: the drill's tiles, and pictures about cracks."""

    rendered: Sequence[LabelledPicture]
    cracks: Sequence[LabelledPicture]  # painted, and real ones held out
    intact: Sequence[LabelledPicture]  # ground with painted wires, no damage


def split_sources(folders: Folders, *, shared: Path, out: Path) -> Split:
    """Find the pictures of a recipe; the masks of rendered ones are read once.

    Raises:
        ConfigError: If a folder holds no picture.
    """
    concrete = train_and_held_out(uav75_pictures(shared / folders.concrete))
    quay_wall = train_and_held_out(quay_wall_pictures(shared / folders.quay_wall))
    aerial = train_and_held_out(aerial_pictures(shared / folders.aerial))
    rendered = [train_and_held_out(rendered_tiles(out / f)) for f in folders.rendered]
    learnt = [tile for train, _ in rendered for tile in train]
    kept = [tile for _, held in rendered for tile in held]
    kept += [tile for f in folders.held_out for tile in rendered_tiles(out / f)]
    return Split(
        Sources(
            concrete=concrete[0],
            quay_wall=quay_wall[0],
            aerial=aerial[0],
            lines=ttpla_pictures(shared / folders.lines),
            rendered=learnt,
            severe=with_severe_damage(learnt),
        ),
        Sources(
            concrete=concrete[1],
            quay_wall=quay_wall[1],
            aerial=aerial[1],
            lines=(),
            rendered=kept,
            severe={},
        ),
    )


def painted(held_out: Sources, kind: str, count: int) -> Iterator[LabelledPicture]:
    """Pictures of 512 px painted on backgrounds kept back, the same every time."""
    phase = Phase(
        name="held_out", steps=1, places=({kind: 1.0},) * BATCH, side_px=PAINTED_PX
    )
    for number in range(count):
        name = f"{kind}-{number:03d}"
        read = partial(_painted, held_out, phase, kind, number)
        yield LabelledPicture(name, name, read)


def _painted(held_out: Sources, phase: Phase, kind: str, number: int) -> Sample:
    rng = np.random.default_rng([_PAINTED_SEED, number])
    return FILLINGS[kind](held_out, phase, rng)


def judged(held_out: Sources) -> Judged:
    """What thresholds are fitted on; nothing in it was learnt from."""
    cracks = [*painted(held_out, "painted_cracks", PAINTED_CRACKS), *held_out.concrete]
    intact = [*painted(held_out, "painted_wires", PAINTED_WIRES)]
    return Judged(held_out.rendered, cracks, intact)
