"""Does a file lie turned by 180 degrees on disk against the sensor?

Photo viewers turn the pixels and leave Orientation at 1 and the gimbal's angles as they
were; placed at face value such a frame lands up to twice its half-width away.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from data.errors import RefusedError
from data.exif_numbers import number, positive
from data.imagery import Turned
from data.refusals import RefusalCode, refuse
from data.tags import Tags

VIEWERS = ("windows photo viewer", "windows photo gallery")
"""Software seen to turn pixels without a trace in Orientation (six of six files)."""

MIN_MATCH = 0.6
"""Correlation from which a thumbnail shows the same picture; others stay below 0.4."""
MIN_LEAD = 0.2
"""By which one way round must be ahead, else the thumbnail says nothing."""
MAX_THUMBNAIL_PX = 1 << 20
ASPECT_TOLERANCE = 0.02
"""A resized file keeps its aspect within the rounding of one pixel in fifty."""

_COMPARED = (32, 24)
_ORIENTATION, _SOFTWARE = 274, 305
_WIDTH, _HEIGHT = 40962, 40963
_UPSIDE_DOWN = 3
_ORIGINAL = "give the file as the camera wrote it, or its pose with --poses"


class Turn(NamedTuple):
    """How a file lies on disk, and what was repaired, in words."""

    turned_deg: Turned
    repairs: tuple[str, ...]


def turn_of(
    tags: Tags,
    *,
    width_px: int,
    height_px: int,
    small: Callable[[], NDArray[np.uint8]],
    name: str,
) -> Turn:
    """How the file lies on disk, from Orientation, Software and the thumbnail.

    Args:
        tags: The tags of the picture.
        width_px: Columns of the file.
        height_px: Rows of the file.
        name: The picture as the user knows it.
        small: Gives the picture in grey, reduced; called when there is a thumbnail.

    Raises:
        RefusedError: turned_unrepaired where it lies on its side or mirrored, or the
            evidence contradicts itself; bad_tags where it was cropped.
    """
    orientation = int(number(tags.main.get(_ORIENTATION)) or 1)
    if orientation not in (1, _UPSIDE_DOWN):
        raise _refused(name, f"Orientation tag {orientation}")
    _check_aspect(tags, width_px, height_px, name)
    shown = None
    if tags.thumbnail is not None:
        shown = _thumbnail_turn(tags.thumbnail, small())
    software = _software(tags)
    if orientation == _UPSIDE_DOWN:
        return _upside_down(tags, software, shown, name)
    return _upright(software, shown, name)


def _software(tags: Tags) -> str | None:
    """The viewer known to turn pixels that wrote the file, if one did."""
    text = str(tags.main.get(_SOFTWARE, ""))
    known = any(viewer in text.lower() for viewer in VIEWERS)
    return text.strip("\x00 ")[:64] if known else None


def _upright(software: str | None, shown: int | None, name: str) -> Turn:
    """The verdict where Orientation says that nothing is turned."""
    if software and shown == 0:
        value = f"Software {software!r} turns files, the thumbnail says it did not"
        raise _refused(name, value)
    if software:
        return Turn(180, (f"turned 180 degrees on disk by {software}: turned back",))
    if shown == 180:  # noqa: PLR2004 - half a turn
        return Turn(180, ("turned 180 degrees against its thumbnail: turned back",))
    return Turn(0, ())


def _upside_down(
    tags: Tags, software: str | None, shown: int | None, name: str
) -> Turn:
    """The verdict where Orientation says that the picture stands on its head."""
    roll_deg = number(tags.drone.get("gimbalrolldegree")) or 0.0
    hanging = abs(roll_deg) > 90  # noqa: PLR2004 - the camera itself was upside down
    if shown == 180 and not hanging:  # noqa: PLR2004 - half a turn
        return Turn(180, ("turned 180 degrees against its thumbnail: turned back",))
    if shown is not None or software:
        value = "Orientation tag 3 against what the thumbnail or Software says"
        raise _refused(name, value)
    if hanging:
        return Turn(0, ("Orientation tag 3 explained by the gimbal's roll: kept",))
    return Turn(180, ("turned 180 degrees by its Orientation tag 3: turned back",))


def _check_aspect(tags: Tags, width_px: int, height_px: int, name: str) -> None:
    written = positive(tags.photo.get(_WIDTH)), positive(tags.photo.get(_HEIGHT))
    if written[0] is None or written[1] is None:
        return
    was, found = written[0] / written[1], width_px / height_px
    if abs(found / was - 1) <= ASPECT_TOLERANCE:
        return
    value = f"{width_px} x {height_px} pixels, tags say {written[0]:g} x {written[1]:g}"
    if abs(found * was - 1) <= ASPECT_TOLERANCE:
        raise _refused(name, value)
    raise RefusedError(
        refuse(name, RefusalCode.BAD_TAGS, value=value, remedy=_ORIGINAL)
    )


def _thumbnail_turn(thumbnail: bytes, grey: NDArray[np.uint8]) -> int | None:
    """0 or 180 where the thumbnail clearly shows the picture one way round."""
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(thumbnail)
        if height * width > MAX_THUMBNAIL_PX:
            return None
        kept = simplejpeg.decode_jpeg(thumbnail, colorspace="gray")[..., 0]
    except ValueError:
        return None
    aspect = grey.shape[1] / grey.shape[0]
    small, kept = _reduced(grey), _reduced(_without_bars(kept, aspect))
    upright, turned = _correlation(small, kept), _correlation(small, kept[::-1, ::-1])
    if max(upright, turned) < MIN_MATCH or abs(upright - turned) < MIN_LEAD:
        return None
    return 0 if upright > turned else 180


def _without_bars(kept: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """The middle of a thumbnail that has the picture's aspect (bars cut off)."""
    height, width = kept.shape
    rows = min(height, max(1, round(width / aspect)))
    columns = min(width, max(1, round(height * aspect)))
    top, left = (height - rows) // 2, (width - columns) // 2
    return kept[top : top + rows, left : left + columns]


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    image = Image.fromarray(np.ascontiguousarray(grey))
    return np.asarray(image.resize(_COMPARED, Image.Resampling.BOX), dtype=np.float64)


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Pearson's r of two pictures of one shape; 0 where one has no contrast."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _refused(name: str, value: str) -> RefusedError:
    code = RefusalCode.TURNED_UNREPAIRED
    return RefusedError(refuse(name, code, value=value, remedy=_ORIGINAL))
