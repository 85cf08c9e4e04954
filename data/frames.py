"""A whole batch of files -> frames, refusals and duplicates, in any order alike."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from data.errors import KarteError, RefusedError
from data.exif import ReadSettings, read_frame
from data.imagery import Frame
from data.intake import BatchFile, PictureHeader, check_picture
from data.refusals import Refusal, RefusalCode, refuse

STALE_FRAMES = 5
"""Bracketed exposures share a fix honestly, up to three or five shots."""
STALE_SPAN_S = 60.0
"""A hovering drone moves by more than the last digit of its fix within a minute."""

Quality = Callable[[Path], tuple[float, float, str | None]]
"""Blur, exposure, and why a picture is unusable, or None."""


class Picture(NamedTuple):
    """A file that is a picture, and what its bytes say."""

    file: BatchFile
    header: PictureHeader


class CheckedBatch(NamedTuple):
    """The pictures of a batch, each once, by sha256.

    Attributes:
        duplicates: Names of files whose bytes another file has too, each with the
            name of the one that counts.
    """

    pictures: tuple[Picture, ...]
    refusals: tuple[Refusal, ...]
    duplicates: tuple[str, ...]


def checked_batch(files: Iterable[BatchFile]) -> CheckedBatch:
    """Which files are pictures; of equal bytes the first name counts."""
    pictures: dict[str, Picture] = {}
    refusals, duplicates = [], []
    for file in sorted(files, key=lambda file: file.name):
        try:
            header = check_picture(file.path, name=file.name)
        except RefusedError as error:
            refusals.append(error.refusal)
            continue
        kept = pictures.setdefault(header.sha256, Picture(file, header))
        if kept.file is not file:
            duplicates.append(f"{file.name}: same bytes as {kept.file.name}")
    ordered = tuple(pictures[sha256] for sha256 in sorted(pictures))
    return CheckedBatch(ordered, tuple(refusals), tuple(duplicates))


def frame_of_picture(
    picture: Picture, settings: ReadSettings, quality: Quality, now: datetime
) -> Frame | Refusal:
    """One picture as a Frame, or why not; pictures do not depend on each other."""
    name = picture.file.name
    try:
        blur, exposure, unusable = quality(picture.file.path)
        return read_frame(
            picture.file.path,
            name=name,
            header=picture.header,
            settings=settings,
            blur=blur,
            exposure=exposure,
            unusable=unusable,
            now=now,
        )
    except RefusedError as error:
        return error.refusal
    except KarteError as error:
        remedy = "copy the file from the card again"
        return refuse(name, RefusalCode.UNREADABLE, value=str(error), remedy=remedy)


def frames_of_batch(
    files: Iterable[BatchFile],
    settings: ReadSettings,
    quality: Quality,
    now: datetime,
) -> tuple[tuple[Frame, ...], tuple[Refusal, ...], tuple[str, ...]]:
    """Frames by sha256, refusals by name, and duplicates, whatever the order of files.

    Args:
        files: What `list_batch` gave.
        settings: What is stated about the batch's cameras.
        quality: Blur, exposure and unusable of a picture file.
        now: A picture taken later is refused.
    """
    batch = checked_batch(files)
    read = [frame_of_picture(p, settings, quality, now) for p in batch.pictures]
    frames = mark_stale_fixes(tuple(f for f in read if isinstance(f, Frame)))
    refused = [r for r in read if isinstance(r, Refusal)]
    refusals = sorted((*batch.refusals, *refused), key=lambda r: (r.what, r.code))
    return frames, tuple(refusals), batch.duplicates


def mark_stale_fixes(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Take the pose from frames whose drone kept writing one and the same fix.

    Stale is a position equal to the last digit on at least five frames of a camera
    that span a minute or more, or whose times are not known.

    Returns:
        The frames in the same order, stale ones with unlocated = stale_fix.
    """
    groups: dict[Hashable, list[Frame]] = defaultdict(list)
    for frame in frames:
        if frame.pose is not None:
            place = frame.pose.longitude, frame.pose.latitude
            groups[(frame.serial, frame.model, place)].append(frame)
    stale = {
        frame.id for group in groups.values() if _is_stale(group) for frame in group
    }
    return tuple(_without_pose(f) if f.id in stale else f for f in frames)


def _is_stale(group: list[Frame]) -> bool:
    if len(group) < STALE_FRAMES:
        return False
    times = [frame.captured_at for frame in group if frame.captured_at is not None]
    if len(times) < len(group):
        return True
    return (max(times) - min(times)).total_seconds() >= STALE_SPAN_S


def _without_pose(frame: Frame) -> Frame:
    remark = "the same position on many frames: it stood still while the drone flew"
    repairs = (*frame.repairs, remark)
    return replace(frame, pose=None, unlocated="stale_fix", repairs=repairs)
