"""What each place of a training batch is filled with.

Batch `step` depends on the seed and on `step` alone, so that training can stop and go
on anywhere, and a loader may work ahead.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vision.augment import augmented
from vision.classes import DAMAGE, IGNORED, SEVERE
from vision.datasets import LabelledPicture
from vision.painting.cracks import paint_cracks
from vision.painting.wires import paint_wires
from vision.recipe import BATCH, Phase
from vision.sample import (
    Sample,
    Window,
    cropped,
    mirrored,
    random_window,
    turned,
    window_around,
)

REAL_SCALES: Final = (0.4, 2.5)
CONCRETE_SCALES: Final = (0.8, 2.0)  # hairlines of one pixel: shrunk further, gone
RENDERED_SCALES: Final = (0.5, 1.5)  # narrower: a lean or a sag keeps its size

_WORKS_AHEAD: Final = 3  # batches
_COMMON: Final = (DAMAGE["none"], DAMAGE["distractor"], IGNORED)
_SEVERE: Final = tuple(DAMAGE[name] for name in SEVERE)
_SHOWN_PX: Final = 100
_BACKGROUND_SHARES: Final = (0.45, 0.30, 0.25)  # quay wall, concrete, ground from above
_BACKGROUND_TRIES: Final = 8


class Sources(NamedTuple):
    """Pictures by kind; none may be empty."""

    concrete: Sequence[LabelledPicture]  # masks of cracks and joints in walls
    quay_wall: Sequence[LabelledPicture]  # sound outside boxes
    aerial: Sequence[LabelledPicture]  # ground from the air, no assets
    lines: Sequence[LabelledPicture]  # real conductors and towers
    rendered: Sequence[LabelledPicture]  # tiles of the drill
    severe: Mapping[int, Sequence[LabelledPicture]]  # those of them with such damage


class Batch(NamedTuple):
    """Arrays of one step: shapes (8, H, W, 3), (8, H, W), (8, H, W), all uint8."""

    images: NDArray[np.uint8]
    damage: NDArray[np.uint8]
    component: NDArray[np.uint8]


Filling = Callable[[Sources, Phase, np.random.Generator], Sample]


def cracks_on_background(
    sources: Sources, phase: Phase, rng: np.random.Generator
) -> Sample:
    """Cracks painted on real, crack-free texture."""
    kinds = (sources.quay_wall, sources.concrete, sources.aerial)
    kind = kinds[int(rng.choice(len(kinds), p=_BACKGROUND_SHARES))]
    sample = crack_free_crop(chosen(kind, rng), phase.side_px, rng)
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


def wires_on_ground(sources: Sources, phase: Phase, rng: np.random.Generator) -> Sample:
    """Wires painted on ground seen from the air, which has no damage."""
    sample = plain_crop(chosen(sources.aerial, rng), phase.side_px, REAL_SCALES, rng)
    image, component = paint_wires(
        sample.image.astype(np.float32), sample.component, rng
    )
    return Sample(augmented(image, rng), sample.damage, component)


def real_concrete(sources: Sources, phase: Phase, rng: np.random.Generator) -> Sample:
    """Labelled cracks and joints of a real wall."""
    crop = plain_crop(
        chosen(sources.concrete, rng), phase.side_px, CONCRETE_SCALES, rng
    )
    return strong(crop, rng)


def real_quay_wall(sources: Sources, phase: Phase, rng: np.random.Generator) -> Sample:
    """Sound concrete and asphalt; what the boxes hold is not judged."""
    crop = plain_crop(chosen(sources.quay_wall, rng), phase.side_px, REAL_SCALES, rng)
    return strong(crop, rng)


def real_lines(sources: Sources, phase: Phase, rng: np.random.Generator) -> Sample:
    """Conductors and towers on one of the few real pictures."""
    crop = plain_crop(chosen(sources.lines, rng), phase.side_px, REAL_SCALES, rng)
    return strong(crop, rng)


def rendered_tile(sources: Sources, phase: Phase, rng: np.random.Generator) -> Sample:
    """A crop of any drill tile, or of one with a severe class, all classes alike."""
    number, pictures = None, sources.rendered
    if phase.focus_severe and rng.random() < phase.focus_severe:
        number = list(sources.severe)[int(rng.integers(len(sources.severe)))]
        pictures = sources.severe[number]
    sample = chosen(pictures, rng)
    window = tile_window(sample, number, phase, rng)
    crop = cropped(sample, window, phase.side_px)
    return strong((mirrored if phase.upright else turned)(crop, rng), rng)


def tile_window(
    sample: Sample, number: int | None, phase: Phase, rng: np.random.Generator
) -> Window:
    """The part of a tile to take: around damage `number`, or as `phase` wants it.

    The whole tile shows what a thing is part of: a collapsed deck cannot be told from
    three metres of it.
    """
    window = random_window(sample.damage.shape, phase.side_px, RENDERED_SCALES, rng)
    if phase.whole and rng.random() < phase.whole:
        return Window(0, 0, min(sample.damage.shape))
    if number is not None:
        return window_around(sample.damage, number, window, rng)
    rare = [int(v) for v in np.unique(sample.damage) if int(v) not in _COMMON]
    if rare and rng.random() < phase.focus:
        number = rare[int(rng.integers(len(rare)))]
        return window_around(sample.damage, number, window, rng)
    return window


def with_severe_damage(
    pictures: Sequence[LabelledPicture],
) -> dict[int, list[LabelledPicture]]:
    """By severe class, the pictures that show it on at least 100 pixels.

    Every mask is read once; a class that no picture shows is left out.
    """
    found: dict[int, list[LabelledPicture]] = {}
    for picture in pictures:
        counts = np.bincount(picture.read().damage.ravel(), minlength=IGNORED + 1)
        for number in _SEVERE:
            if counts[number] >= _SHOWN_PX:
                found.setdefault(number, []).append(picture)
    return dict(sorted(found.items()))


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


FILLINGS: Final[dict[str, Filling]] = {
    "painted_cracks": cracks_on_background,
    "painted_wires": wires_on_ground,
    "real_concrete": real_concrete,
    "real_lines": real_lines,
    "real_quay_wall": real_quay_wall,
    "rendered": rendered_tile,
}
"""How a place is filled, by the name of its kind (`recipe.KINDS`)."""


def filled_place(
    sources: Sources, phase: Phase, place: int, rng: np.random.Generator
) -> Sample:
    """One sample for `place` of the batch, shape (side, side)."""
    kinds = phase.places[place]
    kind = list(kinds)[int(rng.choice(len(kinds), p=list(kinds.values())))]
    return FILLINGS[kind](sources, phase, rng)


def batch(sources: Sources, phase: Phase, step: int) -> Batch:
    """The eight samples of one step."""
    samples = [
        filled_place(
            sources, phase, place, np.random.default_rng([phase.seed, step, place])
        )
        for place in range(BATCH)
    ]
    images, damages, components = zip(*samples, strict=True)
    return Batch(np.stack(images), np.stack(damages), np.stack(components))


def batches(sources: Sources, phase: Phase, steps: range) -> Iterator[Batch]:
    """Batches in order, made a few ahead by a thread of their own."""
    with ThreadPoolExecutor(max_workers=1) as loader:
        waiting: deque[Future[Batch]] = deque()
        for step in steps:
            waiting.append(loader.submit(batch, sources, phase, step))
            if len(waiting) > _WORKS_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
