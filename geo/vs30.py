"""Shear-wave velocity of the ground, from a grid where an operator has one.

A GeoTIFF in a geographic system, or a CSV with the columns lon, lat and vs30 (m/s). A
place outside it, or where it holds nothing, is taken as 350 m/s.

Source:
    DEFINITIONS, section 2.
"""

import csv
import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from scipy.spatial import cKDTree

from data.errors import ConfigError, CrsError
from geo.crs import GEOGRAPHIC_EPSG, epsg_from

Array = NDArray[np.float64]

REFERENCE_VS30_M_S = 350.0  # DEFINITIONS, section 2: ground nobody knows
SLOWEST_M_S, FASTEST_M_S = 50.0, 3_000.0  # softer than peat; the seismic bedrock
LARGEST_CELLS = 50_000_000  # 200 MB of float32
LARGEST_BYTES = 1 << 30
FARTHEST_DEG = 0.05  # a place further from every row of a CSV has no value
COLUMNS = ("lon", "lat", "vs30")
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF 6.0; BigTIFF


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vs30Raster:
    """A grid, shape (height, width), m/s, NaN where nothing is known.

    Attributes:
        to_cell: From longitude and latitude to column and row.
        sha256: Of the file.
    """

    values: NDArray[np.float32]
    to_cell: Affine
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vs30Points:
    """Rows of a CSV.

    Attributes:
        tree: Of longitude and latitude in degrees.
        values: m/s, in the order of the tree.
        sha256: Of the file.
    """

    tree: cKDTree
    values: Array
    sha256: str


Ground = float | Vs30Raster | Vs30Points
"""One velocity for all places, or a grid of them."""


def vs30_at(ground: Ground, longitude: Array, latitude: Array) -> Array:
    """Vs30 at places in m/s: of the cell, or of the nearest row within 0.05 degrees."""
    if isinstance(ground, Vs30Raster):
        cell = ground.to_cell
        column = np.floor(cell.a * longitude + cell.b * latitude + cell.c)
        row = np.floor(cell.d * longitude + cell.e * latitude + cell.f)
        height, width = ground.values.shape
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        r, c = (x.astype(np.int64) for x in (row * inside, column * inside))
        found = np.where(inside, ground.values[r, c].astype(np.float64), np.nan)
    elif isinstance(ground, Vs30Points):
        away, nearest = ground.tree.query(np.column_stack([longitude, latitude]))
        found = np.where(away <= FARTHEST_DEG, ground.values[nearest], np.nan)
    else:
        return np.full(len(longitude), ground)
    return np.asarray(np.where(np.isnan(found), REFERENCE_VS30_M_S, found))


def read_vs30(path: Path) -> Vs30Raster | Vs30Points:
    """A grid of Vs30 from a GeoTIFF or a CSV.

    Raises:
        ConfigError: If the file cannot be read, is too large, has another reference
            system or other columns, or holds a velocity no ground has.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"vs30 grid {path}: more than 1 GiB; cut it down")
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"vs30 grid {path}: {error.strerror}") from error
    if content.startswith(_TIFF):
        return _raster(content, path)
    return _points(content, path)


def _raster(content: bytes, path: Path) -> Vs30Raster:
    try:
        with rasterio.open(io.BytesIO(content), driver="GTiff") as file:
            if file.width * file.height > LARGEST_CELLS:
                raise ConfigError(f"vs30 grid {path}: more than 50 million cells")
            epsg = epsg_from(file.crs.to_wkt() if file.crs else None)
            values = file.read(1, masked=True).astype(np.float32).filled(np.nan)
            to_cell = ~file.transform
    except (RasterioError, CrsError) as error:
        raise ConfigError(f"vs30 grid {path}: {error}") from error
    if epsg not in GEOGRAPHIC_EPSG:
        raise ConfigError(f"vs30 grid {path}: EPSG:{epsg}; give longitude, latitude")
    _check(values[~np.isnan(values)], path)
    return Vs30Raster(
        values=values, to_cell=to_cell, sha256=sha256(content).hexdigest()
    )


def _points(content: bytes, path: Path) -> Vs30Points:
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        table = np.array([[float(row[name]) for name in COLUMNS] for row in rows])
    except (UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"vs30 grid {path}: {error}; give a GeoTIFF, or a CSV with lon, lat, vs30"
        ) from error
    if not len(table) or not np.isfinite(table).all():
        raise ConfigError(f"vs30 grid {path}: no rows, or a row without a number")
    _check(table[:, 2], path)
    return Vs30Points(
        tree=cKDTree(table[:, :2]),
        values=table[:, 2],
        sha256=sha256(content).hexdigest(),
    )


def _check(values: Array, path: Path) -> None:
    wrong = values[(values < SLOWEST_M_S) | (values > FASTEST_M_S)]
    if len(wrong) or not len(values):
        shown = f"{wrong[0]:g} m/s" if len(wrong) else "nothing"
        raise ConfigError(
            f"vs30 grid {path}: holds {shown}; velocities lie between 50 and 3,000 m/s"
        )
