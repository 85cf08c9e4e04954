"""Solved poses: from a CSV, by the name of the picture; they replace the tags."""

from pathlib import Path

from pydantic import ValidationError

from data.errors import CrsError, InvalidRecordError
from data.imagery import CameraPose, HeightSource, VerticalDatum
from geo.csv_rows import CsvRow, read_csv_rows

COLUMNS = (
    "file",
    "longitude",
    "latitude",
    "height_m",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
)
SOLVED_SIGMA_H_M = 0.3  # FINDINGS, section 3: solved poses place 90 % within 0.54 m
SOLVED_SIGMA_V_M = 0.5
SOLVED_SIGMA_DEG = 0.1


def _sigma(row: CsvRow, column: str, otherwise: float) -> float:
    return row.number(column) if row.text(column) else otherwise


def _datum(row: CsvRow, otherwise: VerticalDatum | None) -> VerticalDatum:
    text = row.text("vertical_datum")
    try:
        datum = VerticalDatum(text) if text else otherwise
    except ValueError as error:
        allowed = ", ".join(VerticalDatum)
        raise CrsError(
            f"{row.where}: vertical_datum is {text!r}; write one of {allowed}"
        ) from error
    if datum is None:
        raise CrsError(
            f"{row.where}: nothing says what height_m is measured from; add a column"
            " vertical_datum, or give --altitudes"
        )
    return datum


def _pose(row: CsvRow, otherwise: VerticalDatum | None) -> CameraPose:
    tilt = _sigma(row, "sigma_tilt_deg", SOLVED_SIGMA_DEG)
    try:
        return CameraPose(
            longitude=row.number("longitude"),
            latitude=row.number("latitude"),
            height_m=row.number("height_m"),
            vertical_datum=_datum(row, otherwise),
            yaw_deg=row.number("yaw_deg"),
            pitch_deg=row.number("pitch_deg"),
            roll_deg=row.number("roll_deg"),
            sigma_h_m=_sigma(row, "sigma_h_m", SOLVED_SIGMA_H_M),
            sigma_v_m=_sigma(row, "sigma_v_m", SOLVED_SIGMA_V_M),
            sigma_yaw_deg=_sigma(row, "sigma_yaw_deg", SOLVED_SIGMA_DEG),
            sigma_tilt_deg=tilt,
            height_source=HeightSource.POSES,
        )
    except ValidationError as error:
        fault = error.errors()[0]
        raise InvalidRecordError(
            f"{row.where}: {fault['loc'][0]} is {fault['input']!r}; {fault['msg']}"
        ) from error


def read_poses(
    path: Path, vertical_datum: VerticalDatum | None = None
) -> dict[str, CameraPose]:
    """Poses by file name, from a CSV.

    Args:
        path: Columns file, longitude, latitude, height_m, yaw_deg, pitch_deg, roll_deg;
            optional sigma_h_m, sigma_v_m, sigma_yaw_deg, sigma_tilt_deg and
            vertical_datum. Attitude as in `CameraPose`.
        vertical_datum: Of rows that do not say it themselves.

    Raises:
        InvalidRecordError: If a value is no number or out of range, or a file is there
            twice; the message names line and value.
        CrsError: If the datum of a height is not said.
    """
    poses: dict[str, CameraPose] = {}
    for row in read_csv_rows(path, COLUMNS):
        name = row.text("file")
        if name is None:
            raise InvalidRecordError(f"{row.where}: file is ''; name the picture")
        if name in poses:
            raise InvalidRecordError(f"{row.where}: file {name!r} is there twice")
        poses[name] = _pose(row, vertical_datum)
    return poses
