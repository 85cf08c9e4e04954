"""`karte georeference`: pixels of one picture to places on the ground."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidRecordError, RefusedError, UsageError
from data.exif import ReadSettings, read_frame
from data.imagery import Frame, VerticalDatum
from data.intake import PictureHeader, check_picture
from geo.crs import crs_from_geographic, epsg_from, is_projected
from geo.csv_rows import read_csv_rows
from geo.georeference import GroundPoints, ground_from_pixels
from geo.heights import pose_in_datum
from geo.solved.reading import read_solved
from geo.solved.view import with_view
from geo.terrain import Terrain, flat_ground_of, heights_at, read_terrain
from pipelines.ingest import measured_quality
from pipelines.outcome import ExitCode, Outcome

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
ANY_TIME, ANY_ZONE = datetime(9000, 1, 1, tzinfo=UTC), "UTC"
"""Later than any picture: when one was taken does not matter to where it looks."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".tif", ".tiff", ".png"})
MAX_BESIDE = 200  # pictures whose tags are asked which axes a file of poses means
SUSPECT_HEIGHT_M = 25.0
"""Most of the 30 to 40 m that a geoid taken for an ellipsoid costs in Japan."""


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


def tagged_frame(path: Path, altitudes: VerticalDatum) -> Frame:
    """The frame of one picture file, by its own tags.

    Raises:
        RefusedError: If it is no picture, or its tags contradict themselves.
    """
    header = check_picture(path, name=path.name)
    return _tagged(path, header, altitudes, measured_quality(path))


def _tagged(
    path: Path,
    header: PictureHeader,
    altitudes: VerticalDatum,
    quality: tuple[float, float, str | None],
) -> Frame:
    blur, exposure, unusable = quality
    return read_frame(
        path,
        name=path.name,
        header=header,
        settings=ReadSettings(altitudes=altitudes, time_zone=ANY_ZONE),
        blur=blur,
        exposure=exposure,
        unusable=unusable,
        now=ANY_TIME,
    )


def tagged_beside(path: Path, altitudes: VerticalDatum) -> list[Frame]:
    """The pictures in a picture's folder, itself left out, by their own tags.

    What cannot be read is left out: it is not what was asked for.
    """
    near = [file for file in sorted(path.parent.iterdir()) if file != path]
    near = [file for file in near if file.suffix.lower() in PICTURE_SUFFIXES]
    frames = []
    for file in near[:MAX_BESIDE]:
        try:
            header = check_picture(file, name=file.name)
            frames.append(_tagged(file, header, altitudes, (0.0, 0.5, None)))
        except RefusedError:
            continue
    return frames


def with_solved_pose(
    frame: Frame, poses: Path, datum: VerticalDatum, beside: Sequence[Frame]
) -> tuple[Frame, tuple[str, ...]]:
    """The frame with the pose that a file of solved ones has for it, and notes.

    Args:
        frame: The picture by its own tags.
        poses: A file in any format that `geo.solved` reads.
        datum: Of the heights in it.
        beside: Other pictures of the flight: their tags tell which axes are meant.

    Raises:
        UsageError: If the file has none for it.
    """
    solved = read_solved(poses, [frame, *beside], datum)
    if frame.file not in solved.views:
        told = "; ".join(solved.notes)
        raise UsageError(
            f"{poses.name}: no pose for {frame.file} ({told}); add one, or leave"
            " --poses out"
        )
    return with_view(frame, solved.views[frame.file]), solved.notes


def height_doubt(frame: Frame, terrain: Terrain) -> str | None:
    """In words, that the camera's height over the terrain is not the one it flew at.

    The height over the take-off point is a witness: a datum mistaken for another shows
    as some 40 m in Japan. A take-off from a hilltop shows too: it is a doubt, no more.
    """
    if frame.pose is None or frame.relative_altitude_m is None or terrain.is_flat:
        return None
    pose = pose_in_datum(frame.pose, terrain.vertical_datum)
    place = np.array([pose.longitude]), np.array([pose.latitude])
    over = pose.height_m - float(heights_at(terrain, *place)[0])
    if not abs(over - frame.relative_altitude_m) > SUSPECT_HEIGHT_M:
        return None
    return (
        f"doubt: the camera is {over:.0f} m over the terrain and flew"
        f" {frame.relative_altitude_m:.0f} m over its take-off point; check --altitudes"
        " and --terrain-heights"
    )


def _terrain(path: Path | None, heights: VerticalDatum | None) -> Terrain | None:
    if path is None:
        return None
    if heights is None:
        raise UsageError(
            f"terrain {path.name}: what are its heights measured from? give"
            " --terrain-heights ellipsoidal, JGD2011, JGD2024 or local"
        )
    return read_terrain(path, heights)


def georeference_file(
    frame: Path,
    pixels: Path,
    out: Path,
    *,
    terrain: Path | None,
    terrain_heights: VerticalDatum | None,
    altitudes: VerticalDatum | None,
    poses: Path | None,
    crs: str | None,
) -> Outcome:
    """The command: one picture, a CSV of pixels, a CSV of places.

    Heights in the tags or poses are in the datum of `altitudes`; where that is not
    said, in that of the terrain, and the answer says so.

    Raises:
        KarteError: If the picture, the terrain or a CSV cannot be used.
    """
    ground = _terrain(terrain, terrain_heights)
    datum = altitudes or terrain_heights or VerticalDatum.LOCAL
    taken = tagged_frame(frame, datum)
    told: tuple[str, ...] = ()
    if poses is not None:
        beside = tagged_beside(frame, datum)
        taken, told = with_solved_pose(taken, poses, datum, beside)
    summary = georeference_pixels(taken, pixels, out, terrain=ground, crs=crs)
    notes = [f"heights of the camera: {datum.value}", *told, *taken.repairs]
    doubt = None if ground is None else height_doubt(taken, ground)
    notes += [doubt] if doubt else []
    nothing = summary.bad_count > 0 and summary.ok_count == 0
    return Outcome(
        ExitCode.NOTHING_USABLE if nothing else ExitCode.DONE,
        [
            f"{taken.file}: {summary.ok_count} pixels placed, {summary.bad_count} not",
            *(f"  {note}" for note in notes),
            f"  written to {out}",
        ],
        {
            "file": taken.file,
            "placed": summary.ok_count,
            "not_placed": summary.bad_count,
            "notes": notes,
        },
    )
