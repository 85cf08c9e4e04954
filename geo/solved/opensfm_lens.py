"""Lenses as OpenSfM and ODM write them: cameras.json, and inside a reconstruction."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from data.errors import InvalidRecordError
from data.imagery import Camera
from geo.solved.text import number, table

SOLVED_FOCAL_SIGMA = 0.002  # what a self-calibrated flight leaves, as of a dewarp
_KNOWN = frozenset({"perspective", "brown", "simple_radial", "radial"})


def lens_from_opensfm(entry: object, where: str) -> Camera:
    """A lens, in pixels of the size the entry states.

    Lengths are in widths of the picture (its longer side), the middle is counted from
    the middle of the picture; distortion is Brown's, on X/Z, Y/Z.

    Raises:
        InvalidRecordError: If a value is missing or wrong, or the projection is one we
            cannot undo (fisheye, spherical).

    Source:
        OpenSfM documentation, Camera models and Coordinate systems.
    """
    values = table(entry, where)
    kind = str(values.get("projection_type", "perspective"))
    if kind not in _KNOWN:
        known = ", ".join(sorted(_KNOWN))
        raise InvalidRecordError(
            f"{where}: projection {kind[:40]!r} is not read; undistort the pictures to"
            f" one of {known}"
        )
    width, height = (_side(values, side, where) for side in ("width", "height"))
    size = float(max(width, height))
    focal_x = _value(values, ("focal_x", "focal"), where)
    focal_y = _value(values, ("focal_y", "focal"), where, otherwise=focal_x)
    try:
        return Camera(
            width_px=width,
            height_px=height,
            focal_x_px=focal_x * size,
            focal_y_px=focal_y * size,
            center_x_px=width / 2 + _value(values, ("c_x",), where, otherwise=0) * size,
            center_y_px=height / 2
            + _value(values, ("c_y",), where, otherwise=0) * size,
            **{
                name: _value(values, (name,), where, otherwise=0.0)
                for name in ("k1", "k2", "p1", "p2", "k3")
            },
            focal_sigma=SOLVED_FOCAL_SIGMA,
            source="poses",
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidRecordError(
            f"{where}: {fault['loc'][0]} is {fault['input']!r}; {fault['msg']}"
        ) from error


def lenses_from_opensfm(entries: object, where: str) -> dict[str, Camera]:
    """Lenses by id, of the `cameras` of a reconstruction or of a cameras.json.

    Raises:
        InvalidRecordError: If one of them cannot be used.
    """
    return {
        str(name): lens_from_opensfm(entry, f"{where}, camera {str(name)[:40]!r}")
        for name, entry in sorted(table(entries, where).items())
    }


def _side(values: Mapping[str, Any], side: str, where: str) -> int:
    found = number(values.get(side), f"{where}: {side}")
    if found != int(found) or found < 1:
        raise InvalidRecordError(f"{where}: {side} is {found:g}; write whole pixels")
    return int(found)


def _value(
    values: Mapping[str, Any],
    names: tuple[str, ...],
    where: str,
    *,
    otherwise: float | None = None,
) -> float:
    """The first of the names that is there."""
    for name in names:
        if values.get(name) is not None:
            return number(values[name], f"{where}: {name}")
    if otherwise is None:
        raise InvalidRecordError(f"{where}: no {names[0]}; export the lens with it")
    return otherwise
