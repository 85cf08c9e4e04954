"""Public and rendered layouts of labelled pictures, each read into the same `Sample`.

A list of pictures is made without reading pixels; `LabelledPicture.read` reads one. A
source that says nothing about a head gives 255 (unknown) for it.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import ConfigError
from vision.classes import COMPONENT, DAMAGE, IGNORED
from vision.sample import SURROUNDINGS, Sample

HOLD_OUT_EVERY: Final = 10  # every tenth group is kept for thresholds, never trained on

_UAV75_DAMAGE: Final = {0: "none", 1: "crack", 2: "distractor"}  # 2: formwork joint
_TTPLA_COMPONENT: Final = {1: COMPONENT["conductor"], 2: COMPONENT["tower"]}
_AERIAL_SUFFIXES: Final = (".JPG", ".jpg")


class LabelledPicture(NamedTuple):
    """One picture of a data set.

    `name` identifies it inside its set; pictures of one `group` show the same thing and
    are never divided between training and validation.
    """

    name: str
    group: str
    read: Callable[[], Sample]


def train_and_held_out(
    pictures: Sequence[LabelledPicture],
) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    """Divide by group: of the sorted groups every tenth is held out.

    Returns:
        Pictures to train on, pictures held out; both sorted by name.
    """
    groups = sorted({picture.group for picture in pictures})
    held_out = set(groups[HOLD_OUT_EVERY - 1 :: HOLD_OUT_EVERY])
    ordered = sorted(pictures, key=lambda picture: picture.name)
    return (
        [picture for picture in ordered if picture.group not in held_out],
        [picture for picture in ordered if picture.group in held_out],
    )


def uav75_pictures(folder: Path) -> list[LabelledPicture]:
    """UAV75, one split (`folder` holds `images` and `masks`): cracks and joints.

    Names that differ in a last letter only are crops of one photograph: one group.
    """
    return [
        picture._replace(group=picture.name.rstrip(ascii_lowercase))
        for picture in _pictures(folder / "images", (".jpg",), _read_uav75)
    ]


def quay_wall_pictures(folder: Path) -> list[LabelledPicture]:
    """Quay walls of two sites: sound outside the crack boxes, unknown inside."""
    boxes_path = folder / "boxes_cxcywh_norm.json"
    boxes = json.loads(boxes_path.read_text(encoding="utf-8"))
    return [
        picture._replace(read=partial(_read_quay_wall, path, boxes.get(path.stem, [])))
        for site in ("h1", "k1")
        for picture, path in _with_paths(folder / site / "images", (".jpg",))
    ]


def ttpla_pictures(folder: Path) -> list[LabelledPicture]:
    """Two pictures of intact power lines: conductors, towers, surroundings."""
    return _pictures(folder / "images", (".jpg",), _read_ttpla)


def aerial_pictures(folder: Path) -> list[LabelledPicture]:
    """Photographs of ground without assets and without damage."""
    return _pictures(folder / "images", _AERIAL_SUFFIXES, _read_aerial)


def rendered_tiles(folder: Path) -> list[LabelledPicture]:
    """Tiles of the drill: exact masks of both heads, grouped by the scene's seed."""
    tiles = json.loads((folder / "tiles.json").read_text(encoding="utf-8"))
    return [
        picture._replace(group=f"{tiles[picture.name]['seed']:06d}")
        for picture in _pictures(folder / "images", (".jpg",), _read_rendered)
        if picture.name in tiles
    ]


def _pictures(
    folder: Path, suffixes: tuple[str, ...], read: Callable[[Path], Sample]
) -> list[LabelledPicture]:
    return [
        picture._replace(read=partial(read, path))
        for picture, path in _with_paths(folder, suffixes)
    ]


def _with_paths(
    folder: Path, suffixes: tuple[str, ...]
) -> list[tuple[LabelledPicture, Path]]:
    """Pictures of a folder in order of name; `read` reads the bare image.

    Raises:
        ConfigError: If the folder holds no picture.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix in suffixes)
    if not paths:
        raise ConfigError(
            f"training data: {folder} holds no picture {' or '.join(suffixes)}; "
            "correct the folder in the training configuration or remove the entry"
        )
    return [
        (LabelledPicture(path.stem, path.stem, partial(_read_aerial, path)), path)
        for path in paths
    ]


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Shape (height, width, 3); the orientation tag is not applied.

    Raises:
        ConfigError: If the file is no picture.
    """
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imread(str(path), flags)
    if image is None:
        raise ConfigError(f"training data: {path} cannot be read; remove or replace it")
    return np.asarray(image, np.uint8)


def read_mask(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A mask of one band whose height and width are those of its picture.

    Raises:
        ConfigError: If it cannot be read or has another size.
    """
    mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if mask is None or mask.dtype != np.uint8 or mask.shape != shape[:2]:
        raise ConfigError(
            f"training data: mask {path} is missing or not 8-bit of size {shape[:2]}; "
            "remove the picture or replace its mask"
        )
    return np.asarray(mask)


def _mask_beside(image_path: Path, folder: str) -> Path:
    return image_path.parent.parent / folder / f"{image_path.stem}.png"


def _unknown(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.full(shape[:2], IGNORED, np.uint8)


def _read_uav75(path: Path) -> Sample:
    image = read_rgb(path)
    mask = read_mask(_mask_beside(path, "masks"), image.shape)
    damage = _unknown(image.shape)
    for value, name in _UAV75_DAMAGE.items():
        damage[mask == value] = DAMAGE[name]
    return Sample(image, damage, _unknown(image.shape))


def _read_quay_wall(path: Path, boxes: list[list[float]]) -> Sample:
    image = read_rgb(path)
    damage = np.full(image.shape[:2], DAMAGE["none"], np.uint8)
    for box in boxes:
        damage[_box_slices(box, image.shape)] = IGNORED
    return Sample(image, damage, _unknown(image.shape))


def _box_slices(box: list[float], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a box given as shares: middle x, middle y, width, height."""
    middle_x, middle_y, width, height = box
    rows = _outward(middle_y, height, shape[0])
    return rows, _outward(middle_x, width, shape[1])


def _outward(middle: float, extent: float, size: int) -> slice:
    start = np.floor((middle - extent / 2) * size)
    end = np.ceil((middle + extent / 2) * size)
    return slice(max(0, int(start)), min(size, int(end)))


def _read_ttpla(path: Path) -> Sample:
    image = read_rgb(path)
    mask = read_mask(_mask_beside(path, "masks"), image.shape)
    component = np.full(image.shape[:2], SURROUNDINGS, np.uint8)
    for value, number in _TTPLA_COMPONENT.items():
        component[mask == value] = number
    return Sample(image, np.full_like(component, DAMAGE["none"]), component)


def _read_aerial(path: Path) -> Sample:
    image = read_rgb(path)
    damage = np.full(image.shape[:2], DAMAGE["none"], np.uint8)
    return Sample(image, damage, np.full_like(damage, SURROUNDINGS))


def _read_rendered(path: Path) -> Sample:
    image = read_rgb(path)
    return Sample(
        image,
        read_mask(_mask_beside(path, "damage"), image.shape),
        read_mask(_mask_beside(path, "component"), image.shape),
    )
