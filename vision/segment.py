"""A picture to class indices: windows, scales, thresholds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import RefusedError
from data.refusals import RefusalCode, refuse
from vision.images import reduced
from vision.weights import Card, Model
from vision.windows import BATCH, BLOCK_ROWS, Rows, blended_rows

UNREPORTED: Final = ("none", "distractor", "background")  # never written as themselves
UNVERIFIED: Final = "unverified"
IN_DOMAIN: Final = "in_domain"


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What the network says of a picture; every map has the picture's size.

    Attributes:
        damage: uint8 index of the damage class, 0 none.
        component: uint8 index of the component class, 0 background.
        damage_probability: uint8, round(255 * P(any trained damage)).
        damage_share: Share of pixels of each trained damage class.
        component_share: Share of pixels of each trained component class.
        gsd_m: Ground sampling distance of the picture, or None.
        domain: in_domain, or unverified when the distance is not known.
        scale: Size at which the picture was read over its own.
    """

    damage: NDArray[np.uint8]
    component: NDArray[np.uint8]
    damage_probability: NDArray[np.uint8]
    damage_share: dict[str, float]
    component_share: dict[str, float]
    gsd_m: float | None
    domain: str
    scale: float


class Channels(NamedTuple):
    """The planes of one head that are looked at, with class index and threshold.

    `planes` are positions in the head's output, ascending; shape (classes,) each.
    """

    names: tuple[str, ...]
    planes: NDArray[np.intp]
    thresholds: NDArray[np.float32]


def trained_channels(card: Card) -> tuple[Channels, Channels]:
    """Damage and component channels that may be written; untrained ones never are."""
    damage = [
        name for name in card.damage_classes if name in card.trained_classes.damage
    ]
    component = [
        name
        for name in card.component_classes
        if name in card.trained_classes.component
    ]
    return (
        _channels(card.damage_classes, damage, card.thresholds.damage),
        _channels(
            card.component_classes,
            component,
            dict.fromkeys(component, card.thresholds.component),
        ),
    )


def _channels(
    index: dict[str, int], trained: list[str], thresholds: dict[str, float]
) -> Channels:
    names = tuple(
        sorted(
            (name for name in trained if name not in UNREPORTED), key=index.__getitem__
        )
    )
    return Channels(
        names,
        np.array([index[name] for name in names], np.intp),
        np.array([thresholds[name] for name in names], np.float32),
    )


def working_scale(gsd_m: float | None, card: Card) -> float:
    """Size at which a picture is read: 1, or less when it is finer than the card knows.

    Raises:
        RefusedError: If the picture is coarser than the card's `gsd_max_m`.
    """
    if gsd_m is None:
        return 1.0
    if gsd_m > card.gsd_max_m:
        raise RefusedError(
            refuse(
                "picture",
                RefusalCode.OUT_OF_DOMAIN,
                value=f"gsd {gsd_m:.4f} m, weights {card.id} know up to "
                f"{card.gsd_max_m:.4f} m",
                remedy="fly lower, or use weights for coarser pictures",
            )
        )
    return min(1.0, gsd_m / card.gsd_min_m)


def segment(
    model: Model, rgb: NDArray[np.uint8], *, gsd_m: float | None, batch: int = BATCH
) -> Segmentation:
    """Class of every pixel: the mean of the probabilities over the card's scales.

    Among the trained damage classes that reach their own threshold the likeliest is
    written, else 0; of the components the likeliest, if it reaches the threshold.
    The same bits come out whatever the batch or the number of threads.

    Args:
        model: Checked weights.
        rgb: Shape (height, width, 3), each side at least 1.
        gsd_m: Metres a pixel; None reads at native size, the domain is then unverified.
        batch: Windows run at once.

    Raises:
        RefusedError: If the picture is coarser than the weights know.
    """
    scale = working_scale(gsd_m, model.card)
    channels = trained_channels(model.card)
    damage, component, probability = _decided(
        model, reduced(rgb, scale), channels, batch=batch
    )
    height, width = rgb.shape[:2]
    damage = _resized(damage, (width, height), cv2.INTER_NEAREST)
    component = _resized(component, (width, height), cv2.INTER_NEAREST)
    return Segmentation(
        damage=damage,
        component=component,
        damage_probability=_resized(probability, (width, height), cv2.INTER_LINEAR),
        damage_share=class_shares(damage, channels[0]),
        component_share=class_shares(component, channels[1]),
        gsd_m=gsd_m,
        domain=UNVERIFIED if gsd_m is None else IN_DOMAIN,
        scale=scale,
    )


def _resized(
    indices: NDArray[np.uint8], size: tuple[int, int], interpolation: int
) -> NDArray[np.uint8]:
    if indices.shape == size[::-1]:
        return indices
    return np.asarray(cv2.resize(indices, size, interpolation=interpolation), np.uint8)


def class_shares(indices: NDArray[np.uint8], channels: Channels) -> dict[str, float]:
    """Share of the picture that each class of `channels` covers."""
    counts = np.bincount(indices.ravel(), minlength=256)
    return {
        name: float(counts[plane]) / indices.size
        for name, plane in zip(channels.names, channels.planes, strict=True)
    }


def _decided(
    model: Model,
    rgb: NDArray[np.uint8],
    channels: tuple[Channels, Channels],
    *,
    batch: int,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Damage, component and damage probability of a picture at working size."""
    damage, component, probability = (
        np.zeros(rgb.shape[:2], np.uint8) for _ in range(3)
    )
    split = len(channels[0].names)
    for first, planes in mean_over_scales(model, rgb, channels, batch=batch):
        rows = slice(first, first + planes.shape[1])
        damage[rows] = chosen_classes(planes[:split], channels[0])
        component[rows] = chosen_classes(planes[split:], channels[1])
        any_damage = np.clip(planes[:split].sum(axis=0), 0.0, 1.0)
        probability[rows] = np.rint(255.0 * any_damage).astype(np.uint8)
    return damage, component, probability


def chosen_classes(
    planes: NDArray[np.float32], channels: Channels
) -> NDArray[np.uint8]:
    """Index of the likeliest class that reaches its threshold, else 0.

    Args:
        planes: Probabilities of the classes of `channels`, shape (classes, h, w).
        channels: Their indices and thresholds.
    """
    if not channels.names:
        return np.zeros(planes.shape[1:], np.uint8)
    reached = np.where(
        planes >= channels.thresholds[:, None, None], planes, np.float32(-1)
    )
    likeliest = reached.argmax(axis=0)  # equal ones: the lower index
    chosen = channels.planes[likeliest].astype(np.uint8)
    return np.where(reached.max(axis=0) < 0, np.uint8(0), chosen)


def mean_over_scales(
    model: Model,
    rgb: NDArray[np.uint8],
    channels: tuple[Channels, Channels],
    *,
    batch: int,
) -> Iterator[Rows]:
    """Blocks of rows with the mean probability of every channel over the scales.

    Yields:
        Planes (damage channels, then component channels; rows; width).
    """
    height, width = rgb.shape[:2]
    readers = [
        _ScaledRows(
            _scale_rows(model, reduced(rgb, scale), channels, batch=batch),
            height=max(1, round(height * scale)),
            target=(height, width),
        )
        for scale in model.card.scales
    ]
    for first in range(0, height, BLOCK_ROWS):
        last = min(first + BLOCK_ROWS, height)
        total = readers[0].rows(first, last)
        for reader in readers[1:]:
            total = total + reader.rows(first, last)
        yield Rows(first, total / np.float32(len(readers)))


def _scale_rows(
    model: Model,
    rgb: NDArray[np.uint8],
    channels: tuple[Channels, Channels],
    *,
    batch: int,
) -> Iterator[Rows]:
    """Rows of one scale: the looked-at planes of both heads, one after the other."""

    def predict(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        heads = model.probabilities(pixels)
        return np.concatenate(
            [head[:, each.planes] for head, each in zip(heads, channels, strict=True)],
            axis=1,
        )

    classes = sum(len(each.names) for each in channels)
    return blended_rows(
        predict, rgb, classes=classes, window_px=model.card.window, batch=batch
    )


class _ScaledRows:
    """Rows of one scale, drawn as needed and enlarged to the picture they are of."""

    def __init__(
        self, blocks: Iterator[Rows], *, height: int, target: tuple[int, int]
    ) -> None:
        """Take the blocks of a scale of `height` rows; `target` is (height, width)."""
        self._blocks = blocks
        self._height = height
        self._target = target
        self._held: list[Rows] = []

    def rows(self, first: int, last: int) -> NDArray[np.float32]:
        """Rows `first` to `last` of the target, shape (classes, rows, width).

        Calls go down the picture; rows above the last call are forgotten. Between the
        middles of the scale's pixels the value is linear.
        """
        if self._height == self._target[0]:
            return self._widened(self._source(first, last))
        ratio = self._height / self._target[0]
        at = np.clip((np.arange(first, last) + 0.5) * ratio - 0.5, 0, self._height - 1)
        above = np.floor(at).astype(np.intp)
        below = np.minimum(above + 1, self._height - 1)
        start = int(above[0])
        wide = self._widened(self._source(start, int(below[-1]) + 1))
        share = (at - above).astype(np.float32)[:, None]
        mixed: NDArray[np.float32] = (
            wide[:, above - start] * (1 - share) + wide[:, below - start] * share
        )
        return mixed

    def _source(self, first: int, last: int) -> NDArray[np.float32]:
        """Rows `first` to `last` of the scale itself, shape (classes, rows, width)."""
        self._held = [block for block in self._held if _end(block) > first]
        while not self._held or _end(self._held[-1]) < last:
            self._held.append(next(self._blocks))
        parts = [
            block.planes[:, max(first - block.first, 0) : last - block.first]
            for block in self._held
            if block.first < last
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _widened(self, source: NDArray[np.float32]) -> NDArray[np.float32]:
        width = self._target[1]
        if source.shape[2] == width:
            return source
        wide = np.empty((*source.shape[:2], width), np.float32)
        for plane, enlarged in zip(source, wide, strict=True):
            size = (width, plane.shape[0])
            enlarged[:] = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
        return wide


def _end(block: Rows) -> int:
    return block.first + int(block.planes.shape[1])
