"""Elevation grids: read one under guard, make one, sample it.

The grid's half pixel (GDAL counts from the corner, the values sit in the middles) is
taken off once, in `bilinear`.
"""

import hashlib
import math
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from scipy.ndimage import maximum_filter

from data.errors import CrsError, TerrainError
from data.imagery import Frame, VerticalDatum
from geo.crs import (
    WGS84_EPSG,
    crs_from_geographic,
    curvature_radii_m,
    epsg_from,
    is_projected,
)

Array = NDArray[np.float64]

MAX_TERRAIN_PIXELS = 100_000_000  # 400 MB as float32; the header says so beforehand
MAX_TERRAIN_BYTES = 2 * 1024**3
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # TIFF 6.0; BigTIFF
METRES = frozenset({"m", "metre", "metres", "meter", "meters"})
LOWEST_M, HIGHEST_M = -500.0, 9_000.0  # below the Dead Sea, above Everest; no -9999

FINE_SIGMA_M = 0.5  # drone or laser surface models, cells up to 1 m
MIDDLE_SIGMA_M = 1.0  # GSI's 5 m grid: 0.3 m where from laser, 0.7 m from photographs
COARSE_SIGMA_M = 5.0  # GSI's 10 m grid from contours: standard deviation 5 m
FLAT_SIGMA_PER_M = 0.15  # unknown relief, per metre: hillsides of 9 degrees; ours
FLAT_SIGMA_M = 30.0  # the same over the 200 m that a drone is from its take-off point

CEILING_CELLS = 16  # side of the blocks a ray may pass over at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terrain:
    """A grid of heights; `geo.surroundings` sees it from the place of a camera.

    Attributes:
        elevation_m: Shape (height, width), NaN where nothing is known.
        affine: From column, row (corner of the top left cell (0, 0)) to x, y.
        epsg: Horizontal reference system.
        sigma_m: Standard deviation of a height below the camera.
        sigma_per_m: And more of it, independent, for each horizontal metre from there.
        sha256: Identity: of the file's bytes, or of what a made terrain is made from.
        is_flat: No grid was given: ground without relief, and a sigma that says so.
        ceiling_m: The highest cell of each block of 16 cells and its neighbours.
        cell_m: Side of a cell on the ground.
    """

    elevation_m: NDArray[np.float32]
    affine: Affine
    epsg: int
    vertical_datum: VerticalDatum
    sigma_m: float
    sigma_per_m: float
    sha256: str
    is_flat: bool
    ceiling_m: NDArray[np.float32]
    lowest_m: float
    highest_m: float
    cell_m: float


def _ceiling(elevation: NDArray[np.float32]) -> NDArray[np.float32]:
    """The highest value of each block of cells and its eight neighbours."""
    size = CEILING_CELLS
    rows, columns = (-(-side // size) * size for side in elevation.shape)
    padded = np.full((rows, columns), -np.inf, np.float32)
    known = np.where(np.isnan(elevation), np.float32(-np.inf), elevation)
    padded[: elevation.shape[0], : elevation.shape[1]] = known
    blocks = padded.reshape(rows // size, size, columns // size, size).max(axis=(1, 3))
    out: NDArray[np.float32] = maximum_filter(blocks, size=3, mode="nearest")
    return out


def _cell_m(affine: Affine, epsg: int, height: int) -> float:
    """Smaller side of a cell on the ground, in metres."""
    across, along = math.hypot(affine.a, affine.d), math.hypot(affine.b, affine.e)
    if is_projected(epsg):
        return min(across, along)
    latitude = (affine @ (0.0, height / 2))[1]
    east_m, north_m = (math.radians(1) * r for r in curvature_radii_m(latitude))
    return min(across * east_m * math.cos(math.radians(latitude)), along * north_m)


def sigma_from_cell_m(cell_m: float) -> float:
    """Standard deviation a grid of that cell size deserves when nobody states one."""
    if cell_m <= 1.0:
        return FINE_SIGMA_M
    return MIDDLE_SIGMA_M if cell_m <= 6.0 else COARSE_SIGMA_M  # noqa: PLR2004 GSI 5, 10


def terrain_from_grid(
    elevation_m: NDArray[np.float32],
    affine: Affine,
    epsg: int,
    vertical_datum: VerticalDatum,
    *,
    sha256: str | None = None,
    sigma_m: float | None = None,
) -> Terrain:
    """Terrain from an array, shape (height, width), NaN where nothing is known.

    Raises:
        TerrainError: If no cell is known, the grid is too small, or a height is not one
            on this Earth.
    """
    if min(elevation_m.shape) < 2:  # noqa: PLR2004 bilinear needs two
        raise TerrainError(f"terrain of {elevation_m.shape} cells: give 2 x 2 or more")
    if affine.is_degenerate:
        raise TerrainError(f"terrain: its geotransform {tuple(affine)[:6]} is flat")
    known = elevation_m[np.isfinite(elevation_m)]
    if not known.size:
        raise TerrainError("terrain: no cell holds a height; give another grid")
    lowest, highest = float(known.min()), float(known.max())
    if lowest < LOWEST_M or highest > HIGHEST_M:
        raise TerrainError(
            f"terrain: heights from {lowest:g} to {highest:g} m; declare its nodata"
            " value, or give metres"
        )
    elevation = np.where(np.isfinite(elevation_m), elevation_m, np.float32(np.nan))
    cell = _cell_m(affine, epsg, elevation.shape[0])
    words = f"{elevation.shape}{tuple(affine)[:6]}{epsg}{vertical_datum}".encode()
    return Terrain(
        elevation_m=elevation,
        affine=affine,
        epsg=epsg,
        vertical_datum=vertical_datum,
        sigma_m=sigma_from_cell_m(cell) if sigma_m is None else sigma_m,
        sigma_per_m=0.0,
        sha256=sha256 or hashlib.sha256(words + elevation.tobytes()).hexdigest(),
        is_flat=False,
        ceiling_m=_ceiling(elevation),
        lowest_m=lowest,
        highest_m=highest,
        cell_m=cell,
    )


def flat_terrain(
    height_m: float,
    vertical_datum: VerticalDatum,
    *,
    sigma_m: float = FLAT_SIGMA_M,
    sigma_per_m: float = 0.0,
) -> Terrain:
    """Ground of one height everywhere, for when no grid is given.

    Under a solved pose flat ground still misses by 3.3 m (median) and 27.6 m (90 %) on
    hilly ground (FINDINGS, section 3): the sigma has to say it.
    """
    words = f"flat {height_m!r} {vertical_datum} {sigma_m!r} {sigma_per_m!r}".encode()
    elevation = np.full((2, 2), height_m, np.float32)
    return Terrain(
        elevation_m=elevation,
        affine=Affine(360.0, 0.0, -360.0, 0.0, -180.0, 180.0),  # middles at the corners
        epsg=WGS84_EPSG,
        vertical_datum=vertical_datum,
        sigma_m=sigma_m,
        sigma_per_m=sigma_per_m,
        sha256=hashlib.sha256(words).hexdigest(),
        is_flat=True,
        ceiling_m=_ceiling(elevation),
        lowest_m=height_m,
        highest_m=height_m,
        cell_m=1.0e6,
    )


def flat_ground_of(frame: Frame) -> Terrain:
    """Flat ground at the height of a frame's take-off point, for want of a grid.

    Nobody knows the relief: what lies far away may lie higher or lower by more.

    Raises:
        TerrainError: If the frame says no height over its take-off point.
    """
    if frame.pose is None or frame.relative_altitude_m is None:
        raise TerrainError(
            f"frame {frame.file}: no height over ground in its tags; give --terrain"
        )
    ground = frame.pose.height_m - frame.relative_altitude_m
    return flat_terrain(ground, frame.pose.vertical_datum, sigma_per_m=FLAT_SIGMA_PER_M)


def _guarded_sha256(path: Path) -> str:
    """The sha256 of a regular file that begins as a TIFF does."""
    try:
        status = path.lstat()
    except OSError as error:
        raise TerrainError(f"terrain {path.name}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise TerrainError(f"terrain {path.name}: not a regular file; give a GeoTIFF")
    if not 0 < status.st_size <= MAX_TERRAIN_BYTES:
        raise TerrainError(
            f"terrain {path.name}: {status.st_size} bytes; give 1 byte to 2 GiB"
        )
    with path.open("rb") as file:
        if file.read(4) not in TIFF_MAGIC:
            raise TerrainError(f"terrain {path.name}: not a TIFF; give a GeoTIFF")
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_grid(path: Path) -> tuple[NDArray[np.float32], Affine, str | None]:
    """Elevation with NaN for nodata, geotransform, reference system as WKT."""
    name = path.name
    alone = rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO"
    )  # a file beside it would change what the sha256 does not see
    with alone, rasterio.open(path, driver="GTiff", sharing=False) as grid:
        if grid.count != 1:
            raise TerrainError(
                f"terrain {name}: {grid.count} bands; give one of heights"
            )
        if grid.width * grid.height > MAX_TERRAIN_PIXELS:
            raise TerrainError(
                f"terrain {name}: {grid.width} x {grid.height} cells; cut it to"
                f" {MAX_TERRAIN_PIXELS:,}"
            )
        if grid.transform == Affine.identity():
            raise TerrainError(f"terrain {name}: not georeferenced; give a GeoTIFF")
        if (grid.units[0] or "m").lower() not in METRES:
            raise TerrainError(
                f"terrain {name}: heights in {grid.units[0]}; give metres"
            )
        band = grid.read(1, masked=True, out_dtype=np.float32)
        band = band * np.float32(grid.scales[0]) + np.float32(grid.offsets[0])
        wkt = grid.crs.to_wkt() if grid.crs else None
        return band.filled(np.nan), grid.transform, wkt


def read_terrain(
    path: Path, vertical_datum: VerticalDatum, *, sigma_m: float | None = None
) -> Terrain:
    """An elevation grid from a GeoTIFF nobody vouches for.

    Args:
        path: A regular file; a VRT or anything else behind the name is refused.
        vertical_datum: What its heights are measured from: no file says it reliably.
        sigma_m: Standard deviation of a height; None takes what its cells deserve.

    Raises:
        TerrainError: If it is no single-band GeoTIFF of heights of a bearable size.
        CrsError: If its reference system is missing or not accepted.
    """
    sha256 = _guarded_sha256(path)
    try:
        elevation, affine, wkt = _read_grid(path)
        epsg = epsg_from(wkt)
        return terrain_from_grid(
            elevation, affine, epsg, vertical_datum, sha256=sha256, sigma_m=sigma_m
        )
    except (RasterioError, ValueError, MemoryError) as error:
        raise TerrainError(f"terrain {path.name}: unreadable ({error})") from error
    except TerrainError as error:
        raise TerrainError(f"{path.name}: {error}") from error
    except CrsError as error:
        raise CrsError(f"terrain {path.name}: {error}") from error


def on_grid(terrain: Terrain, column: Array, row: Array) -> NDArray[np.bool_]:
    """Whether column, row (N,) from the corner of the grid lie on it."""
    height, width = terrain.elevation_m.shape
    with np.errstate(invalid="ignore"):
        inside = (column >= 0) & (row >= 0) & (column <= width) & (row <= height)
    return np.asarray(inside)


def bilinear(terrain: Terrain, column: Array, row: Array) -> Array:
    """Height (N,) at column, row from the corner of the grid; NaN where unknown.

    Within half a cell of the border the outermost value holds.
    """
    height, width = terrain.elevation_m.shape
    inside = on_grid(terrain, column, row)
    across = np.clip(np.where(inside, column, 0.0) - 0.5, 0, width - 1)
    down = np.clip(np.where(inside, row, 0.0) - 0.5, 0, height - 1)
    left = np.minimum(across.astype(np.intp), width - 2)
    top = np.minimum(down.astype(np.intp), height - 2)
    right_share, low_share = across - left, down - top
    grid = terrain.elevation_m
    upper = grid[top, left] * (1 - right_share) + grid[top, left + 1] * right_share
    lower = grid[top + 1, left] * (1 - right_share)
    lower = lower + grid[top + 1, left + 1] * right_share
    return np.where(inside, upper * (1 - low_share) + lower * low_share, np.nan)


def heights_at(terrain: Terrain, longitude: Array, latitude: Array) -> Array:
    """Bilinear height (N,) of the ground, in the terrain's datum; NaN where unknown."""
    x, y = crs_from_geographic(longitude, latitude, terrain.epsg)
    inverse = ~terrain.affine
    column = inverse.a * x + inverse.b * y + inverse.c
    row = inverse.d * x + inverse.e * y + inverse.f
    return bilinear(terrain, column, row)
