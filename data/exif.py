"""EXIF and XMP of a drone picture -> Frame, with sigmas and what was repaired."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.capture_time import CaptureTime, capture_time
from data.errors import RefusedError
from data.imagery import Frame, VerticalDatum
from data.intake import PictureHeader
from data.jpeg import decoded_eighth
from data.lens import lens_from_tags
from data.placing import placing_from_tags
from data.record import Instant, record
from data.refusals import RefusalCode, refuse
from data.tags import Tags, read_tags
from data.turned import turn_of

FUTURE_S = 60.0
"""By which a good clock may be ahead of ours."""

_MAKE, _MODEL, _SERIAL = 271, 272, 42033
_MAX_TEXT = 64


@record
class ReadSettings:
    """What is stated about the cameras of a batch.

    Attributes:
        altitudes: What heights in the tags are measured from; None: not stated.
        time_zone: IANA name of the zone of the camera's clock; None: not stated.
        clock_offset_s: To be added to the camera's clock to get the true time.
        flown_after: The pictures were taken after this instant, a person says.
    """

    altitudes: VerticalDatum | None = None
    time_zone: str | None = None
    clock_offset_s: float = 0.0
    flown_after: Instant | None = None


def read_frame(
    path: Path,
    *,
    name: str,
    header: PictureHeader,
    settings: ReadSettings,
    blur: float,
    exposure: float,
    unusable: str | None,
    now: datetime,
) -> Frame:
    """One picture as a Frame.

    Args:
        path: A picture that `check_picture` let pass.
        name: Its escaped name in the batch.
        header: What `check_picture` found.
        settings: What is stated about the batch's cameras.
        blur: 0 crisp to 1 without detail.
        exposure: Mean luminance, 0 to 1.
        unusable: None, or blur, dark, overexposed.
        now: A picture taken later than this is refused.

    Raises:
        RefusedError: turned_unrepaired, bad_tags, future_time or unreadable.
    """
    tags = read_tags(path, name=name, kind=header.kind)
    turn = turn_of(
        tags,
        width_px=header.width_px,
        height_px=header.height_px,
        small=_small(path),
        name=name,
    )
    lens = lens_from_tags(tags, header.width_px, header.height_px)
    placing = placing_from_tags(tags, settings.altitudes)
    time = _time(tags, settings, now, name)
    return Frame(
        id=header.sha256,
        file=name,
        camera=lens.camera,
        pose=placing.pose,
        unlocated=placing.unlocated,
        relative_altitude_m=placing.relative_altitude_m,
        captured_at=time.at,
        time_sigma_s=time.sigma_s,
        time_source=time.source,
        make=_text(tags.main.get(_MAKE)),
        model=_text(tags.main.get(_MODEL)),
        serial=_serial(tags),
        turned_deg=turn.turned_deg,
        repairs=(
            *(*tags.remarks, *turn.repairs, *lens.remarks),
            *(*placing.remarks, *time.remarks),
        ),
        blur=blur,
        exposure=exposure,
        unusable=unusable,
    )


def _small(path: Path) -> Callable[[], NDArray[np.uint8]]:
    """Reads the picture reduced; only asked for a JPEG, which alone has thumbnails."""
    return lambda: decoded_eighth(path.read_bytes())


def _time(tags: Tags, settings: ReadSettings, now: datetime, name: str) -> CaptureTime:
    time = capture_time(
        tags,
        time_zone=settings.time_zone,
        clock_offset_s=settings.clock_offset_s,
        flown_after=settings.flown_after,
    )
    late = timedelta(seconds=FUTURE_S + 3 * time.sigma_s)
    if time.at is not None and time.at > now + late:
        refusal = refuse(
            name,
            RefusalCode.FUTURE_TIME,
            value=f"taken {time.at:%Y-%m-%dT%H:%M:%SZ} by {time.source}",
            remedy="correct the camera's clock with --clock-offset or --time-zone",
        )
        raise RefusedError(refusal)
    return time


def _serial(tags: Tags) -> str | None:
    """Of the camera before that of the drone."""
    candidates = (
        tags.photo.get(_SERIAL),
        tags.drone.get("cameraserialnumber"),
        tags.drone.get("droneserialnumber"),
    )
    return next((text for text in map(_text, candidates) if text), None)


def _text(value: object) -> str | None:
    """A short printable text, or None."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    kept = "".join(c for c in value if c.isprintable()).strip()
    return kept[:_MAX_TEXT] or None
