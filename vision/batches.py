"""What each place of a training batch is filled with.

Batch `step` depends on the seed and on `step` alone, so that training can stop and go
on anywhere, and a loader may work ahead.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.augment import augmented
from vision.classes import DAMAGE, IGNORED
from vision.datasets import LabelledPicture
from vision.painting.cracks import paint_cracks
from vision.painting.wires import paint_wires
from vision.sample import (
    Sample,
    cropped,
    random_window,
    turned,
    window_around,
)

BATCH: Final = 8
REAL_SCALES: Final = (0.4, 2.5)
RENDERED_SCALES: Final = (0.5, 1.5)  # narrower: a lean or a sag keeps its size

_WORKS_AHEAD: Final = 3  # batches
_FOCUS_CHANCE: Final = 0.5  # of a rendered crop to be laid around a rare class
_COMMON: Final = (DAMAGE["none"], DAMAGE["distractor"], IGNORED)
_BACKGROUND_SHARES: Final = (0.45, 0.30, 0.25)  # quay wall, concrete, ground from above
_BACKGROUND_TRIES: Final = 8


class Sources(NamedTuple):
    """Pictures by kind; none may be empty."""

    concrete: Sequence[LabelledPicture]  # masks of cracks and joints in walls
    quay_wall: Sequence[LabelledPicture]  # sound outside boxes
    aerial: Sequence[LabelledPicture]  # ground from the air, no assets
    lines: Sequence[LabelledPicture]  # real conductors and towers
    rendered: Sequence[LabelledPicture]  # tiles of the drill


class Batch(NamedTuple):
    """Arrays of one step: shapes (8, H, W, 3), (8, H, W), (8, H, W), all uint8."""

    images: NDArray[np.uint8]
    damage: NDArray[np.uint8]
    component: NDArray[np.uint8]


Filling = Callable[[Sources, int, np.random.Generator], Sample]


def cracks_on_background(
    sources: Sources, side_px: int, rng: np.random.Generator
) -> Sample:
    """Cracks painted on real, crack-free texture."""
    kinds = (sources.quay_wall, sources.concrete, sources.aerial)
    kind = kinds[int(rng.choice(len(kinds), p=_BACKGROUND_SHARES))]
    sample = crack_free_crop(chosen(kind, rng), side_px, rng)
    image, damage = paint_cracks(sample.image.astype(np.float32), sample.damage, rng)
    unknown = np.full_like(damage, IGNORED)  # wall or ground, but of what?
    return Sample(augmented(image, rng), damage, unknown)


def crack_free_crop(sample: Sample, side_px: int, rng: np.random.Generator) -> Sample:
    """The crop with the fewest cracked or doubtful pixels of a few tries, turned."""
    best: Sample | None = None
    fewest = side_px**2 + 1
    for _ in range(_BACKGROUND_TRIES):
        window = random_window(sample.damage.shape, side_px, REAL_SCALES, rng)
        crop = cropped(sample, window, side_px)
        doubtful = np.isin(crop.damage, (DAMAGE["crack"], IGNORED))
        if (count := int(doubtful.sum())) < fewest:
            best, fewest = crop, count
        if fewest == 0:
            break
    if best is None:
        raise AssertionError  # unreachable: the first try always counts fewer
    return turned(best, rng)


def wires_on_ground(sources: Sources, side_px: int, rng: np.random.Generator) -> Sample:
    """Wires painted on ground seen from the air, which has no damage."""
    sample = plain_crop(chosen(sources.aerial, rng), side_px, REAL_SCALES, rng)
    image, component = paint_wires(
        sample.image.astype(np.float32), sample.component, rng
    )
    return Sample(augmented(image, rng), sample.damage, component)


def real_concrete(sources: Sources, side_px: int, rng: np.random.Generator) -> Sample:
    """Labelled cracks and joints of a real wall."""
    return strong(
        plain_crop(chosen(sources.concrete, rng), side_px, REAL_SCALES, rng), rng
    )


def real_quay_wall(sources: Sources, side_px: int, rng: np.random.Generator) -> Sample:
    """Sound concrete and asphalt; what the boxes hold is not judged."""
    return strong(
        plain_crop(chosen(sources.quay_wall, rng), side_px, REAL_SCALES, rng), rng
    )


def real_lines(sources: Sources, side_px: int, rng: np.random.Generator) -> Sample:
    """Conductors and towers on one of the few real pictures."""
    return strong(
        plain_crop(chosen(sources.lines, rng), side_px, REAL_SCALES, rng), rng
    )


def rendered_tile(sources: Sources, side_px: int, rng: np.random.Generator) -> Sample:
    """A crop of a drill tile, half of them around a class that is rare there."""
    sample = chosen(sources.rendered, rng)
    window = random_window(sample.damage.shape, side_px, RENDERED_SCALES, rng)
    rare = [int(v) for v in np.unique(sample.damage) if int(v) not in _COMMON]
    if rare and rng.random() < _FOCUS_CHANCE:
        number = rare[int(rng.integers(len(rare)))]
        window = window_around(sample.damage, number, window, rng)
    return strong(turned(cropped(sample, window, side_px), rng), rng)


def chosen(pictures: Sequence[LabelledPicture], rng: np.random.Generator) -> Sample:
    """One of the pictures, all alike likely, read."""
    return pictures[int(rng.integers(len(pictures)))].read()


def plain_crop(
    sample: Sample, side_px: int, scales: tuple[float, float], rng: np.random.Generator
) -> Sample:
    """Any crop of `sample`, at any of the scales, turned."""
    window = random_window(sample.damage.shape, side_px, scales, rng)
    return turned(cropped(sample, window, side_px), rng)


def strong(sample: Sample, rng: np.random.Generator) -> Sample:
    """`sample` under other light, lens, sensor and file."""
    return sample._replace(image=augmented(sample.image.astype(np.float32), rng))


PLACES: Final[tuple[tuple[tuple[float, Filling], ...], ...]] = (
    ((1.0, cracks_on_background),),
    ((1.0, cracks_on_background),),
    ((1.0, cracks_on_background),),
    ((0.7, real_concrete), (0.3, real_quay_wall)),
    ((0.8, wires_on_ground), (0.2, real_lines)),
    ((1.0, rendered_tile),),
    ((1.0, rendered_tile),),
    ((1.0, rendered_tile),),
)
"""What fills each of the eight places, with its chance: three of eight painted cracks,
one real masks (less than a fifth), one wires, three rendered for everything else."""


def filled_place(
    sources: Sources, place: int, side_px: int, rng: np.random.Generator
) -> Sample:
    """One sample for `place` of the batch, shape (side, side)."""
    chances, fillings = zip(*PLACES[place], strict=True)
    filling: Filling = fillings[int(rng.choice(len(fillings), p=chances))]
    return filling(sources, side_px, rng)


def batch(sources: Sources, *, seed: int, step: int, side_px: int) -> Batch:
    """The eight samples of one step."""
    samples = [
        filled_place(
            sources, place, side_px, np.random.default_rng([seed, step, place])
        )
        for place in range(BATCH)
    ]
    images, damages, components = zip(*samples, strict=True)
    return Batch(np.stack(images), np.stack(damages), np.stack(components))


def batches(
    sources: Sources, *, seed: int, steps: range, side_px: int
) -> Iterator[Batch]:
    """Batches in order, made a few ahead by a thread of their own."""
    with ThreadPoolExecutor(max_workers=1) as loader:
        waiting: deque[Future[Batch]] = deque()
        for step in steps:
            waiting.append(
                loader.submit(batch, sources, seed=seed, step=step, side_px=side_px)
            )
            if len(waiting) > _WORKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
