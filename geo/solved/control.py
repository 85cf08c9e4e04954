"""ODM's list of ground control points -> places on the ground by picture."""

import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.errors import CrsError, InvalidRecordError
from geo.crs import epsg_from, geographic_from_crs
from geo.solved.text import numbers, solved_text

_UTM = re.compile(r"WGS84\s+UTM\s+(\d{1,2})\s*([NS])", re.IGNORECASE)
_FIELDS = 6  # x y z column row picture, then a name or nothing


class Control(NamedTuple):
    """Control points of one picture.

    Attributes:
        pixels: Column, row in the file as it is, shape (N, 2).
        places: Longitude, latitude, height as the list has it, shape (N, 3).
    """

    pixels: NDArray[np.float64]
    places: NDArray[np.float64]


def control_epsg(header: str) -> int:
    """EPSG code of a list's first line: `EPSG:N`, `WGS84 UTM 54N` or a PROJ string.

    >>> control_epsg("WGS84 UTM 54N"), control_epsg("EPSG:6677")
    (32654, 6677)

    Raises:
        CrsError: If it is none, or not one we accept.

    Source:
        ODM documentation, Ground control points.
    """
    found = _UTM.fullmatch(header.strip())
    if found:
        zone, south = int(found[1]), found[2].upper() == "S"
        return epsg_from(f"EPSG:{(32700 if south else 32600) + zone}")
    return epsg_from(header)


def read_control(path: Path) -> dict[str, Control]:
    """Control points by the name of the picture.

    Raises:
        InvalidRecordError: If a line is short or a value no number.
        CrsError: If the first line names no system we accept.
    """
    lines = [line.strip() for line in solved_text(path).splitlines()]
    kept = [
        (f"{path.name} line {index}", line)
        for index, line in enumerate(lines, 1)
        if line and not line.startswith("#")
    ]
    if not kept:
        raise InvalidRecordError(f"{path.name}: empty; give a list of control points")
    try:
        epsg = control_epsg(kept[0][1])
    except CrsError as error:
        raise CrsError(f"{kept[0][0]}: {error}") from error
    rows: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for at, line in kept[1:]:
        words = line.split()
        if len(words) < _FIELDS:
            raise InvalidRecordError(
                f"{at}: {len(words)} values; write x y z column row picture"
            )
        rows[words[5]].append(numbers(words[:5], 5, f"{at}: x y z column row"))
    return {name: _control(np.array(rows[name]), epsg) for name in sorted(rows)}


def _control(rows: NDArray[np.float64], epsg: int) -> Control:
    lon, lat = geographic_from_crs(rows[:, 0], rows[:, 1], epsg)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise CrsError(f"control points: a place is not in EPSG:{epsg}; check line 1")
    return Control(rows[:, 3:5], np.column_stack([lon, lat, rows[:, 2]]))
