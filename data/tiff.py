"""TIFF pictures, opened by GDAL's GTiff driver and by nothing else."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from data.errors import RefusedError
from data.refusals import RefusalCode, refuse

GDAL_OPTIONS = {
    "GDAL_SKIP": "VRT WMS WMTS WCS MRF GTI HTTP PLMOSAIC OGCAPI STACIT STACTA DAAS",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no sidecar file is looked for
    "GDAL_PAM_ENABLED": "NO",
}
"""A second wall behind `driver="GTiff"`: drivers that follow names out of a file.

GDAL reads GDAL_SKIP once, when the process first registers its drivers.
"""

PICTURE_DTYPES = frozenset({"uint8", "uint16"})
PICTURE_BANDS = frozenset({1, 3, 4})


class TiffHeader(NamedTuple):
    """Size of a TIFF picture."""

    width_px: int
    height_px: int


def _open(path: Path) -> Any:  # noqa: ANN401 - rasterio ships no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        return rasterio.open(path, driver="GTiff")


def check_tiff(path: Path, name: str, *, max_pixels: int) -> TiffHeader:
    """Size of a TIFF picture whose every block lies inside the file.

    The header alone decides about type and size; then the offsets of all blocks are
    compared with the length of the file and the last block is decoded.

    Raises:
        RefusedError: unreadable, unknown_type, too_large, or truncated.
    """
    try:
        with rasterio.Env(**GDAL_OPTIONS), _open(path) as dataset:
            _check_form(dataset, name)
            _check_size(dataset, name, max_pixels)
            _check_blocks(dataset, name, path.stat().st_size)
            return TiffHeader(dataset.width, dataset.height)
    except (RasterioError, OSError, UnicodeEncodeError) as error:
        raise _refused(name, RefusalCode.UNREADABLE, str(error)[:120]) from error


def _check_form(dataset: Any, name: str) -> None:  # noqa: ANN401 - as above
    bands, dtype = dataset.count, dataset.dtypes[0] if dataset.count else "none"
    if bands not in PICTURE_BANDS or dtype not in PICTURE_DTYPES:
        raise RefusedError(
            refuse(
                name,
                RefusalCode.UNKNOWN_TYPE,
                value=f"TIFF of {bands} band(s) of {dtype}",
                remedy="name an elevation grid as `terrain` in batch.toml or with "
                "--terrain; pictures have 1, 3 or 4 bands of 8 or 16 bits",
            )
        )


def _check_size(dataset: Any, name: str, max_pixels: int) -> None:  # noqa: ANN401
    pixels = dataset.width * dataset.height
    if pixels > max_pixels:
        value = f"{dataset.width} x {dataset.height} pixels, cap {max_pixels}"
        raise _refused(name, RefusalCode.TOO_LARGE, value, "cut it into tiles")


def _block_ends(dataset: Any) -> list[int]:  # noqa: ANN401 - as above
    """Offset behind each block of the first band, in bytes; sparse ones left out."""
    rows, columns = dataset.block_shapes[0]
    ends = []
    for y in range(-(-dataset.height // rows)):
        for x in range(-(-dataset.width // columns)):
            offset = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=1)
            size = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=1)
            if offset is not None and size is not None:
                ends.append(int(offset) + int(size))
    return ends


def _check_blocks(dataset: Any, name: str, size_bytes: int) -> None:  # noqa: ANN401
    ends = _block_ends(dataset)
    if not ends or max(ends) > size_bytes:
        value = f"pixels up to byte {max(ends, default=0)} of {size_bytes}"
        raise _refused(name, RefusalCode.TRUNCATED, value)
    rows, columns = dataset.block_shapes[0]
    row = (dataset.height - 1) // rows * rows
    column = (dataset.width - 1) // columns * columns
    window = Window(column, row, dataset.width - column, dataset.height - row)
    dataset.read(1, window=window)


def _refused(
    name: str,
    code: RefusalCode,
    value: str,
    remedy: str = "copy the file from the card again",
) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))
