"""Picture files to arrays, and whether a picture is sharp and well exposed."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import cv2
import numpy as np
import rasterio
import simplejpeg
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from data.errors import KarteError
from data.record import NonNegative, Probability, record

MAX_PIXELS: Final = 200_000_000  # DEFINITIONS, section 9: caps
FORMATS: Final = ("JPEG", "PNG", "TIFF")
RGB_BANDS: Final = 3
UINT16_PER_UINT8: Final = 257  # 65535 / 255
JPEG_MAGIC: Final = b"\xff\xd8\xff"
TIFF_MAGIC: Final = (b"II*\0", b"MM\0*")
ORIENTATION_TAG: Final = 0x0112  # EXIF 2.32, table 4

QUALITY_SIDE_PX: Final = 1536  # long side at which a picture is judged
TILES_A_SIDE: Final = 8
FINE_SIGMA_PX: Final = 0.8  # the finest detail a sensor resolves
COARSE_SIGMA_PX: Final = 4.0
FEATURELESS_ENERGY: Final = 4.0  # grey values squared: below is sensor noise
SHARP_QUANTILE: Final = 0.75
# Sharp photographs, renderings and JPEG crops measured .22 to .35; the same under a
# Gaussian blur of sigma 1.5 px .09 to .14, of sigma 2 px .07 to .11.
MIN_SHARPNESS: Final = 0.12
MIN_EXPOSURE: Final = 0.04  # mean luminance; night without lamps
MAX_DARK_SHARE: Final = 0.7
MAX_BRIGHT_SHARE: Final = 0.5
DARK_LEVEL: Final = 16  # of 255: shadows that JPEG leaves no texture in
BRIGHT_LEVEL: Final = 250  # of 255: burnt out

UnusableReason: TypeAlias = Literal["blur", "dark", "overexposed"]


class PixelWindow(NamedTuple):
    """A rectangle of pixels: first column, first row, size."""

    column: int
    row: int
    width: int
    height: int


@record
class Quality:
    """What was measured of one picture at a fixed reduced size.

    Attributes:
        sharpness: Share of the finest detail that a slight blur would take away in the
            sharpest quarter of the picture, 0 (nothing to lose) to 1. A factor or an
            offset on all grey values does not change it.
        exposure: Mean luminance, 0 black to 1 white (ITU-R BT.601 weights).
        dark_share: Share of pixels with a luminance of at most 16 of 255.
        bright_share: Share of pixels with a luminance of at least 250 of 255.
    """

    sharpness: NonNegative
    exposure: Probability
    dark_share: Probability
    bright_share: Probability

    @property
    def blur(self) -> float:
        """1 - sharpness: 0 crisp, 1 without any detail."""
        return 1.0 - self.sharpness


def read_rgb(path: Path, *, upright: bool = False) -> NDArray[np.uint8]:
    """Pixels of a picture as the file has them.

    Args:
        path: JPEG, PNG or TIFF; guards against hostile files ran before (intake).
        upright: Turn by the Orientation tag. Off, because a pixel position must mean
            the same to everyone who opens the file.

    Returns:
        Shape (height, width, 3), red-green-blue. 16-bit values are divided by 257,
        an alpha channel is dropped, grey is repeated.

    Raises:
        KarteError: If the file is no such picture, too large, or cut off.
    """
    with path.open("rb") as file:
        magic = file.read(4)
    if magic in TIFF_MAGIC and not upright:
        return _tiff_rgb(path)
    if magic.startswith(JPEG_MAGIC) and not upright:
        return _jpeg_rgb(path.read_bytes(), path.name)
    turn = ImageOps.exif_transpose if upright else None
    return _pillow_rgb(path.read_bytes(), path.name, turn=turn)


def read_window(path: Path, window: PixelWindow) -> NDArray[np.uint8]:
    """The part of a picture inside `window`, clipped to the picture.

    Of a TIFF only that part is read; any other file is decoded whole.

    Raises:
        KarteError: As `read_rgb`.
    """
    with path.open("rb") as file:
        is_tiff = file.read(4) in TIFF_MAGIC
    return _tiff_rgb(path, window) if is_tiff else crop(read_rgb(path), window)


def crop(rgb: NDArray[np.uint8], window: PixelWindow) -> NDArray[np.uint8]:
    """A view of `rgb` inside `window`, clipped; empty when they do not meet."""
    top, left = max(window.row, 0), max(window.column, 0)
    bottom, right = window.row + window.height, window.column + window.width
    return rgb[top : max(bottom, top), left : max(right, left)]


def _check_size(name: str, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise KarteError(
            f"picture {name}: {width} x {height} pixels, more than {MAX_PIXELS:_}; "
            "cut it into parts"
        )


def _jpeg_rgb(encoded: bytes, name: str) -> NDArray[np.uint8]:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(encoded)
        _check_size(name, width, height)
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(encoded, colorspace="RGB")
    except ValueError as error:
        raise KarteError(
            f"picture {name}: not a complete JPEG ({error}); copy it again"
        ) from error
    return decoded


def _pillow_rgb(
    encoded: bytes,
    name: str,
    *,
    turn: Callable[[Image.Image], Image.Image] | None = None,
) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(encoded), formats=FORMATS) as picture:
                _check_size(name, *picture.size)
                turned = turn(picture) if turn else picture
                return np.asarray(turned.convert("RGB"))
    except (
        OSError,
        ValueError,
        SyntaxError,
        KeyError,
        Image.DecompressionBombError,
    ) as error:  # all that Pillow raises
        raise KarteError(
            f"picture {name}: cannot be read ({error}); give a JPEG, PNG or TIFF"
        ) from error


def _tiff_rgb(path: Path, window: PixelWindow | None = None) -> NDArray[np.uint8]:
    """TIFF by GDAL's own driver for it, and by no other."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as picture:
                return _rgb_of_bands(picture, path.name, window)
    except RasterioError as error:
        raise KarteError(
            f"picture {path.name}: not a complete TIFF ({error}); copy it again"
        ) from error


def _rgb_of_bands(
    picture: rasterio.DatasetReader, name: str, window: PixelWindow | None
) -> NDArray[np.uint8]:
    _check_size(name, picture.width, picture.height)
    kinds = set(picture.dtypes)
    if kinds not in ({"uint8"}, {"uint16"}):
        raise KarteError(
            f"picture {name}: values are {', '.join(sorted(kinds))}; "
            "save it with 8 or 16 bits a channel"
        )
    bands = (1, 2, 3) if picture.count >= RGB_BANDS else (1, 1, 1)
    whole = PixelWindow(0, 0, picture.width, picture.height)
    planes = picture.read(bands, window=_clipped(window or whole, whole))
    if kinds == {"uint16"}:
        planes = (planes // UINT16_PER_UINT8).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(planes, 0, -1))


def _clipped(window: PixelWindow, whole: PixelWindow) -> Window:
    left, right = (
        min(max(column, 0), whole.width)
        for column in (window.column, window.column + window.width)
    )
    top, bottom = (
        min(max(row, 0), whole.height)
        for row in (window.row, window.row + window.height)
    )
    return Window(left, top, right - left, bottom - top)


def reduced(rgb: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """The picture made smaller by area averaging; `scale` of 1 or more leaves it.

    Args:
        rgb: Shape (height, width, 3).
        scale: New size over old.
    """
    if scale >= 1.0:
        return rgb
    height, width = (max(1, round(side * scale)) for side in rgb.shape[:2])
    return np.asarray(
        cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8
    )


def quality(rgb: NDArray[np.uint8]) -> Quality:
    """Sharpness and exposure of a picture.

    Args:
        rgb: Shape (height, width, 3), each side at least 1.
    """
    small = reduced(rgb, QUALITY_SIDE_PX / max(rgb.shape[:2]))
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    return Quality(
        sharpness=_sharpness(grey),
        exposure=float(grey.mean()) / 255.0,
        dark_share=float((grey <= DARK_LEVEL).mean()),
        bright_share=float((grey >= BRIGHT_LEVEL).mean()),
    )


def _sharpness(grey: NDArray[np.uint8]) -> float:
    """Detail lost by a slight blur over all detail, in the sharpest quarter of tiles.

    The idea of comparing a picture with its own blur is that of Crete, Dolmiere, Ladret
    and Nicolas 2007, "The blur effect". Energies, because a ratio of them knows no
    brightness; tiles, because sky and water have nothing that could be sharp; the worst
    of four directions, because motion blurs in one.
    """
    values = grey.astype(np.float32)
    tiles = (min(TILES_A_SIDE, grey.shape[1]), min(TILES_A_SIDE, grey.shape[0]))
    ratios = []
    for direction in range(4):
        fine, coarse = (
            _detail_energy(values, _line_kernel(sigma_px, direction), tiles)
            for sigma_px in (FINE_SIGMA_PX, COARSE_SIGMA_PX)
        )
        ratios.append(np.sqrt(fine / np.maximum(coarse, FEATURELESS_ENERGY)))
    return float(np.quantile(np.min(ratios, axis=0), SHARP_QUANTILE))


def edge_sharpness(rgb: NDArray[np.uint8]) -> float:
    """Share of the finest detail in all detail, counted where there is most of it.

    Unlike `Quality.sharpness`, plain surfaces and the noise on them hardly count: what
    is left is how steep the strongest edges are, in the worst of four directions.

    Args:
        rgb: Shape (height, width, 3), at the size to be judged.
    """
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.float32)
    ratios = []
    for direction in range(4):
        fine, coarse = (
            float(_detail_energy(grey, _line_kernel(sigma_px, direction), (1, 1))[0, 0])
            for sigma_px in (FINE_SIGMA_PX, COARSE_SIGMA_PX)
        )
        ratios.append(float(np.sqrt(fine / max(coarse, FEATURELESS_ENERGY))))
    return min(ratios)


def _detail_energy(
    values: NDArray[np.float32], kernel: NDArray[np.float32], tiles: tuple[int, int]
) -> NDArray[np.float32]:
    """Mean square of what a blur takes away, a number for each tile."""
    detail = values - cv2.filter2D(values, -1, kernel)
    return np.asarray(cv2.resize(detail * detail, tiles, interpolation=cv2.INTER_AREA))


def _line_kernel(sigma_px: float, direction: int) -> NDArray[np.float32]:
    """Gaussian along a line: direction 0 across, 1 down, 2 and 3 diagonal."""
    step_px = 1.0 if direction in {0, 1} else np.sqrt(2.0)
    reach = int(3 * sigma_px + 1)
    steps = np.arange(-reach, reach + 1) * step_px
    profile = np.exp(-(steps**2) / (2 * sigma_px**2))
    square = np.diag(profile / profile.sum())
    if direction == 0:
        square = square.sum(axis=0, keepdims=True)
    elif direction == 1:
        square = square.sum(axis=1, keepdims=True)
    elif direction == 3:  # noqa: PLR2004, the other diagonal
        square = square[::-1]
    return np.ascontiguousarray(square, np.float32)


def unusable_reason(measured: Quality) -> UnusableReason | None:
    """Why nothing can be read from a picture, or None; the worst reason first."""
    if measured.dark_share > MAX_DARK_SHARE or measured.exposure < MIN_EXPOSURE:
        return "dark"
    if measured.bright_share > MAX_BRIGHT_SHARE:
        return "overexposed"
    return "blur" if measured.sharpness < MIN_SHARPNESS else None
