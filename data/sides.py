"""From where an asset was seen: sorties, sectors, and how many sides differ.

Source:
    DEFINITIONS, section 3.
"""

import hashlib
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

SORTIE_GAP = timedelta(minutes=15)  # DEFINITIONS, section 3
SECTORS = 8
SECTOR_DEG = 360.0 / SECTORS
ABOVE_DEG = 30.0  # the camera is seen from the cell under at least this elevation
OVERHEAD_DEG = 75.0  # from here up an azimuth means nothing: sector 0
SIDE_GAP_SECTORS = 2  # two sides differ by at least this many sectors


def sector_and_above(
    azimuth_deg: ArrayLike, elevation_deg: ArrayLike
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Side from which a camera looks at an asset.

    Args:
        azimuth_deg: From the asset to the camera, clockwise from north, shape (n,).
        elevation_deg: Angle of the camera above the horizon of the cell, shape (n,).

    Returns:
        Sector 0 to 7 (0 is north), and whether it is seen from above.
    """
    azimuth = np.asarray(azimuth_deg, dtype=np.float64)
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    sector = np.floor(azimuth / SECTOR_DEG + 0.5).astype(np.int64) % SECTORS
    sector = np.where(elevation >= OVERHEAD_DEG, 0, sector)
    return sector.astype(np.int8), elevation >= ABOVE_DEG


def count_sides(sectors: ArrayLike, above: ArrayLike) -> int:
    """How many sides, each differing from each other, are among the looks.

    Two differ by at least 2 sectors (of 8, around the circle), or level against above.

    >>> count_sides([0, 1, 4], [False] * 3), count_sides([0, 0], [False, True])
    (2, 2)
    """
    found = {
        (bool(a), int(s))
        for s, a in zip(np.asarray(sectors), np.asarray(above), strict=True)
    }
    return sum(_apart({s for a, s in found if a is flag}) for flag in (False, True))


def _apart(sectors: set[int]) -> int:
    """Size of the largest subset whose members differ by at least 2 sectors."""
    return max((_walk(sectors, start) for start in sectors), default=0)


def _walk(sectors: set[int], start: int) -> int:
    """Greedy count around the circle from `start`; the best start is the optimum."""
    kept = [start]
    for step in range(1, SECTORS):
        sector = (start + step) % SECTORS
        far = step - (kept[-1] - start) % SECTORS >= SIDE_GAP_SECTORS
        closes = SECTORS - step >= SIDE_GAP_SECTORS
        if sector in sectors and far and closes:
            kept.append(sector)
    return len(kept)


def sorties(frames: pa.Table) -> pa.Array:
    """Sortie of each frame, in the order given; the order does not matter.

    Frames of one camera (its serial; without one, the folder of the file) in time
    order; a gap of more than 15 minutes starts a new sortie. Frames without a time
    are one sortie of their camera. The id is made of camera and first time only, so
    that frames that come later do not rename it.

    Args:
        frames: Columns id, file, serial (string) and captured_at (timestamp, UTC).

    Returns:
        String array of ids, one a frame.
    """
    camera = pc.coalesce(frames["serial"], _folders(frames["file"])).to_pylist()
    numbers = frames["captured_at"].cast(pa.int64())
    timed = np.asarray(numbers.is_valid())
    time_us = np.asarray(numbers.fill_null(0))
    names = np.array([f"{name}\t" for name in camera], dtype=object)
    order = np.lexsort((time_us, timed, names))
    ids = np.empty(len(names), dtype=object)
    ids[order] = _ids_in_order(names[order], timed[order], time_us[order])
    return pa.array(ids.tolist(), type=pa.string())


def _folders(files: pa.ChunkedArray) -> pa.ChunkedArray:
    """Folder of each `/`-separated file name, `./` where it has none."""
    return pc.if_else(
        pc.match_substring(files, "/"),
        pc.replace_substring_regex(files, pattern=r"/[^/]*$", replacement="/"),
        "./",
    )


def _ids_in_order(
    names: NDArray[np.object_], timed: NDArray[np.bool_], time_us: NDArray[np.int64]
) -> list[str]:
    gap_us = SORTIE_GAP // timedelta(microseconds=1)
    starts = np.ones(len(names), dtype=bool)
    starts[1:] = (
        (names[1:] != names[:-1])
        | (timed[1:] != timed[:-1])
        | (timed[1:] & (np.diff(time_us) > gap_us))
    )
    first = np.flatnonzero(starts)
    made = [_sortie_id(names[i], time_us[i] if timed[i] else None) for i in first]
    return [made[group] for group in np.cumsum(starts) - 1]


def _sortie_id(camera: str, first_us: int | None) -> str:
    return hashlib.sha256(f"{camera}{first_us}".encode()).hexdigest()[:16]
