"""`karte georeference`: pixels of one picture to places on the ground."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRecordError, UsageError
from data.imagery import Frame
from geo.crs import crs_from_geographic, epsg_from, is_projected
from geo.csv_rows import read_csv_rows
from geo.georeference import GroundPoints, ground_from_pixels
from geo.terrain import Terrain, flat_ground_of

COLUMNS = (
    "column",
    "row",
    "longitude",
    "latitude",
    "height_m",
    "ce90_m",
    "ok",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many pixels were placed, and how many were not."""

    ok_count: int
    bad_count: int


def read_pixels(path: Path) -> NDArray[np.float64]:
    """Pixels column, row (N, 2) from a CSV with these two columns, and others.

    Raises:
        InvalidRecordError: If a value is no number; the message names line and value.
    """
    rows = read_csv_rows(path, ("column", "row"))
    pixels = [[row.number("column"), row.number("row")] for row in rows]
    return np.array(pixels, np.float64).reshape(-1, 2)


def _cells(pixel: NDArray[np.float64], ground: GroundPoints, index: int) -> list[str]:
    """One row of the answer; the numbers stay empty where not ok."""
    asked = [repr(float(value)) for value in pixel]
    if not ground.ok[index]:
        return [*asked, "", "", "", "", "false", ground.reason[index]]
    return [
        *asked,
        f"{ground.longitude[index]:.9f}",
        f"{ground.latitude[index]:.9f}",
        f"{ground.height_m[index]:.3f}",
        f"{ground.ce90_m[index]:.3f}",
        "true",
        "",
    ]


def _plane_cells(ground: GroundPoints, epsg: int) -> list[list[str]]:
    """x, y, crs of each point; empty where not ok or where the projection ends."""
    x, y = crs_from_geographic(ground.longitude, ground.latitude, epsg)
    shown = ground.ok & np.isfinite(x) & np.isfinite(y)
    return [
        [f"{east:.4f}", f"{north:.4f}", f"EPSG:{epsg}"] if good else ["", "", ""]
        for east, north, good in zip(x, y, shown, strict=True)
    ]


def write_ground(
    path: Path, pixels: NDArray[np.float64], ground: GroundPoints, epsg: int | None
) -> None:
    """Write the answer, whole or not at all; x, y, crs only for a projected system."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: its folder is not there; make it first")
    header, rows = list(COLUMNS), [_cells(p, ground, i) for i, p in enumerate(pixels)]
    if epsg is not None and is_projected(epsg):
        header += ["x", "y", "crs"]
        plane = _plane_cells(ground, epsg)
        rows = [[*row, *more] for row, more in zip(rows, plane, strict=True)]
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    part.replace(path)


def georeference_pixels(
    frame: Frame,
    pixels_csv: Path,
    out_csv: Path,
    *,
    terrain: Terrain | None,
    crs: str | None,
) -> Summary:
    """Place the pixels of a CSV on the ground and write where they are.

    Args:
        frame: Its pose from the tags, or a solved one put in their place.
        pixels_csv: Columns column, row: pixels of the file as it lies on disk, the
            middle of the top left one at (0.5, 0.5).
        out_csv: Columns as ARCHITECTURE, section 6, has them.
        terrain: None takes flat ground at the take-off point, with its large sigma.
        crs: EPSG code for the added x, y; None adds none.

    Raises:
        InvalidRecordError: If the CSV holds something else, or the frame has no pose.
        CrsError: If the system or the vertical datum cannot be used.
        TerrainError: If there is no terrain and no height over ground either.
    """
    epsg = None if crs is None else epsg_from(crs)
    if frame.pose is None:
        raise InvalidRecordError(
            f"frame {frame.file}: it cannot be placed ({frame.unlocated}); give --poses"
        )
    pixels = read_pixels(pixels_csv)
    ground = ground_from_pixels(
        frame.camera,
        frame.pose,
        frame.turned_deg,
        pixels,
        terrain if terrain is not None else flat_ground_of(frame),
    )
    write_ground(out_csv, pixels, ground, epsg)
    placed = int(ground.ok.sum())
    return Summary(ok_count=placed, bad_count=len(pixels) - placed)
