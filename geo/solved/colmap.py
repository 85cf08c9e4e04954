"""COLMAP's text model, cameras.txt and images.txt -> views in its own axes."""

from pathlib import Path

import numpy as np
from pydantic import ValidationError

from data.errors import InvalidRecordError
from data.imagery import Camera
from geo.attitude import rotation_from_quaternion
from geo.solved.opensfm import local_view
from geo.solved.opensfm_lens import SOLVED_FOCAL_SIGMA
from geo.solved.text import number, numbers, solved_text
from geo.solved.view import LocalView

MODELS = {
    "SIMPLE_PINHOLE": "f cx cy",
    "PINHOLE": "fx fy cx cy",
    "SIMPLE_RADIAL": "f cx cy k1",
    "RADIAL": "f cx cy k1 k2",
    "OPENCV": "fx fy cx cy k1 k2 p1 p2",
    "FULL_OPENCV": "fx fy cx cy k1 k2 p1 p2 k3 k4 k5 k6",
}
"""Source: COLMAP documentation, Camera models. Its pixels begin at the corner."""

_CAMERA_FIELDS, _IMAGE_FIELDS = 4, 10


def _lines(path: Path) -> list[tuple[str, list[str]]]:
    """Place and words of each line that is no comment; blank lines stay."""
    return [
        (f"{path.name} line {index}", line.split())
        for index, line in enumerate(solved_text(path).splitlines(), 1)
        if not line.startswith("#")
    ]


def _lens(words: list[str], at: str) -> Camera:
    if len(words) < _CAMERA_FIELDS:
        raise InvalidRecordError(f"{at}: {len(words)} values; a camera has 4 or more")
    model, width, height = words[1], words[2], words[3]
    names = MODELS.get(model, "").split()
    if not names:
        raise InvalidRecordError(
            f"{at}: model {model[:40]!r} is not read; undistort the pictures, or use"
            f" one of {', '.join(MODELS)}"
        )
    found = numbers(words[4:], len(names), f"{at}: parameters of {model}")
    values = dict(zip(names, found.tolist(), strict=True))
    if any(values.pop(name, 0.0) for name in ("k4", "k5", "k6")):
        raise InvalidRecordError(f"{at}: k4 to k6 are not read; use model OPENCV")
    try:
        return Camera(
            width_px=int(number(width, f"{at}: width")),
            height_px=int(number(height, f"{at}: height")),
            focal_x_px=values.pop("fx", values.get("f", 0.0)),
            focal_y_px=values.pop("fy", values.pop("f", 0.0)),
            center_x_px=values.pop("cx"),
            center_y_px=values.pop("cy"),
            **values,
            focal_sigma=SOLVED_FOCAL_SIGMA,
            source="poses",
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidRecordError(
            f"{at}: {fault['loc'][0]} is {fault['input']!r}; {fault['msg']}"
        ) from error


def read_colmap(folder: Path) -> dict[str, LocalView]:
    """Views by the name of the picture, from a folder with the two files.

    Raises:
        InvalidRecordError: If a file is missing or a value wrong; the message names
            line and value.

    Source:
        COLMAP documentation, Output format, text format.
    """
    lenses = {}
    for at, words in _lines(folder / "cameras.txt"):
        if words:
            lenses[words[0]] = _lens(words, at)
    views: dict[str, LocalView] = {}
    images = _lines(folder / "images.txt")
    while images and not images[-1][1]:
        images.pop()
    for at, words in images[::2]:
        name, view = _image(words, lenses, at)
        if name in views:
            raise InvalidRecordError(f"{at}: picture {name[:40]!r} is there twice")
        views[name] = view
    return views


def _image(
    words: list[str], lenses: dict[str, Camera], at: str
) -> tuple[str, LocalView]:
    if len(words) < _IMAGE_FIELDS:
        raise InvalidRecordError(
            f"{at}: {len(words)} values; an image has 10, and every second line holds"
            " its points"
        )
    values = numbers(words[1:8], 7, f"{at}: quaternion and translation")
    lens = lenses.get(words[8])
    if lens is None:
        raise InvalidRecordError(
            f"{at}: camera {words[8][:40]!r} is not in cameras.txt; export both"
        )
    try:
        turn = rotation_from_quaternion(values[:4])
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{at}: {error}") from error
    return " ".join(words[9:]), local_view(np.asarray(turn), values[4:], lens)
