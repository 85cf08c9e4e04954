"""Untrusted bytes: what a file really is, and how large; no link is followed."""

import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from data.archive import unpack_zip
from data.batch import FILE_NAME, read_batch_toml
from data.errors import RefusedError, UsageError
from data.jpeg import check_jpeg_to_its_end, jpeg_header
from data.names import decoded_name, escaped_name
from data.png import MAGIC, check_png
from data.record import Sha256, record
from data.refusals import Refusal, RefusalCode, refuse
from data.tiff import check_tiff

MAX_PIXELS = 200_000_000  # DEFINITIONS, section 9
MAX_BYTES = 4 << 30
"""200 MP of four 16-bit bands with overviews is 2.1 GB."""

PictureKind = Literal["jpeg", "tiff", "png"]

_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")  # TIFF 6.0 and BigTIFF
_ZIP = b"PK"
_KNOWN = {
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"RIFF": "RIFF (WebP or AVI)",
    b"BM": "BMP",
    b"PK": "zip",
    b"%PDF": "PDF",
    b"<": "XML or HTML",
}
_ISO_MEDIA = b"ftyp"  # at byte 4: HEIC, AVIF, MP4, MOV

_LEFT_OUT_NAMES = frozenset({FILE_NAME, "thumbs.db", "desktop.ini"})
_LEFT_OUT_SUFFIXES = frozenset(
    {
        *(".csv", ".txt", ".xml", ".md", ".json", ".geojson"),  # notes, poses, assets
        *(".tfw", ".prj", ".ovr"),  # beside a terrain
        *(".mrk", ".obs", ".nav", ".srt"),  # a drone's own logs
    }
)
_LEFT_OUT_FOLDERS = frozenset({"__macosx"})


@record
class PictureHeader:
    """What a picture file is, found from its bytes and never from its name."""

    kind: PictureKind
    width_px: Annotated[int, Field(gt=0)]
    height_px: Annotated[int, Field(gt=0)]
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]


@record
class BatchFile:
    """One file of a batch: where it lies, and its escaped, `/`-separated name."""

    path: Path
    name: str


def check_picture(path: Path, *, name: str, also_png: bool = False) -> PictureHeader:
    """Make sure that a file is a whole JPEG or TIFF picture of a sane size.

    Args:
        path: The file; never followed if it is a link.
        name: The file as the user knows it, escaped.
        also_png: Whether a PNG will do; it has no tags to place it by.

    Raises:
        RefusedError: not_a_file, empty, too_large, unknown_type, truncated, bomb or
            unreadable.
    """
    try:
        with _open_regular(path, name) as file:
            size_bytes = _checked_size(file, name)
            magic = file.read(16)
            kind = _kind(magic, name, also_png=also_png)
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            width_px, height_px = _checked_size_px(file, kind, path, name)
    except OSError as error:
        value = error.strerror or "input or output error"
        raise _refused(name, RefusalCode.UNREADABLE, value) from error
    return PictureHeader(
        kind=kind,
        width_px=width_px,
        height_px=height_px,
        sha256=sha256,
        size_bytes=size_bytes,
    )


def _checked_size_px(
    file: BufferedReader, kind: PictureKind, path: Path, name: str
) -> tuple[int, int]:
    """Width and height, once the picture is known to be whole."""
    if kind == "jpeg":
        return _check_jpeg(file.read(), name)
    if kind == "png":
        return check_png(file.read(), name, max_pixels=MAX_PIXELS)
    return check_tiff(path, name, max_pixels=MAX_PIXELS)


def _open_regular(path: Path, name: str) -> BufferedReader:
    """A regular file, opened; a pipe is never waited for, a link never followed."""
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise _refused(name, RefusalCode.NOT_A_FILE, _file_type(mode))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    return os.fdopen(descriptor, "rb")


def _file_type(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"


def _checked_size(file: BufferedReader, name: str) -> int:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise _refused(name, RefusalCode.NOT_A_FILE, _file_type(status.st_mode))
    if status.st_size == 0:
        raise _refused(name, RefusalCode.EMPTY, "0 bytes")
    if status.st_size > MAX_BYTES:
        value = f"{status.st_size} bytes, cap {MAX_BYTES}"
        raise _refused(name, RefusalCode.TOO_LARGE, value)
    return status.st_size


def _kind(magic: bytes, name: str, *, also_png: bool) -> PictureKind:
    if also_png and magic.startswith(MAGIC):
        return "png"
    if magic.startswith(_JPEG):
        return "jpeg"
    if magic.startswith(_TIFF):
        return "tiff"
    raise _refused(name, RefusalCode.UNKNOWN_TYPE, _other_type(magic))


def _other_type(magic: bytes) -> str:
    if magic[4:8] == _ISO_MEDIA:
        return "HEIC picture or MP4 video"
    for start, words in _KNOWN.items():
        if magic.startswith(start):
            return words
    return f"starts with {magic[:8].hex(' ')}"


def _check_jpeg(data: bytes, name: str) -> tuple[int, int]:
    header = jpeg_header(data, name)
    if header.width_px * header.height_px > MAX_PIXELS:
        value = f"{header.width_px} x {header.height_px} pixels, cap {MAX_PIXELS}"
        raise _refused(name, RefusalCode.TOO_LARGE, value)
    check_jpeg_to_its_end(data, header, name)
    return header.width_px, header.height_px


_REMEDIES = {
    RefusalCode.NOT_A_FILE: "put the picture itself into the batch",
    RefusalCode.EMPTY: "copy the file from the card again",
    RefusalCode.UNKNOWN_TYPE: "give JPEG or TIFF pictures",
    RefusalCode.TOO_LARGE: "cut it into smaller pictures",
    RefusalCode.UNREADABLE: "copy the file from the card again",
}


def _refused(name: str, code: RefusalCode, value: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=_REMEDIES[code]))


def batch_root(path: Path, scratch: Path) -> Path:
    """The folder in which the files of a batch lie once `list_batch` has run."""
    if path.is_dir():
        return path
    return scratch / "unpacked" if _is_zip(path) else path.parent


def find_batch_toml(root: Path) -> Path | None:
    """The batch.toml of a batch: at its top, or in its only top folder."""
    candidates = (root / FILE_NAME, *sorted(root.glob(f"*/{FILE_NAME}")))
    found = [path for path in candidates if path.is_file() and not path.is_symlink()]
    if found and (found[0].parent == root or len(found) == 1):
        return found[0]
    return None


def list_batch(
    path: Path, scratch: Path
) -> tuple[tuple[BatchFile, ...], tuple[Refusal, ...]]:
    """The files of a batch that should be pictures, by name, and what was refused.

    A folder is read with all below it, links not followed; a zip is unpacked into
    `scratch`; one picture is a batch of one. Notes, logs and hidden files on a short
    list, and the terrain that batch.toml names, are left out.

    Args:
        path: A folder, a zip, or one picture.
        scratch: A folder of ours; only written when `path` is a zip.

    Raises:
        UsageError: If there is nothing at `path`.
        ConfigError: If its batch.toml cannot be used.
        ResourceError: If the disk is full.
    """
    if not path.exists():
        raise UsageError(f"{path}: not found; give a folder or zip of pictures")
    if path.is_dir():
        return _list_folder(path)
    if not _is_zip(path):
        file = BatchFile(
            path=path, name=escaped_name(decoded_name(os.fsencode(path.name)))
        )
        return (file,), ()
    name = escaped_name(decoded_name(os.fsencode(path.name)))
    try:
        with path.open("rb") as archive:
            folder, refusals = unpack_zip(archive, scratch, name)
    except RefusedError as error:
        return (), (error.refusal,)
    files, more = _list_folder(folder)
    return files, (*refusals, *more)


def _is_zip(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(2) == _ZIP


def _list_folder(root: Path) -> tuple[tuple[BatchFile, ...], tuple[Refusal, ...]]:
    settings_path = find_batch_toml(root)
    terrain = None
    if settings_path is not None:
        named = read_batch_toml(settings_path).terrain
        terrain = None if named is None else settings_path.parent / named
    files, refusals = [], []
    for file in sorted(_walk(root), key=lambda found: found.name):
        if file.path.is_symlink() and file.path.is_dir():
            refusals.append(
                _refused(file.name, RefusalCode.NOT_A_FILE, "a link").refusal
            )
        elif file.path != terrain and not _is_left_out(file.path.relative_to(root)):
            files.append(file)
    return tuple(files), tuple(refusals)


def _walk(root: Path) -> Iterator[BatchFile]:
    """Every entry below a folder that is no folder itself."""
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder) / name
            parts = path.relative_to(root).parts
            shown = "/".join(escaped_name(decoded_name(os.fsencode(p))) for p in parts)
            yield BatchFile(path=path, name=shown)


def _is_left_out(relative: Path) -> bool:
    name = relative.name.lower()
    hidden = any(part.startswith(".") for part in relative.parts)
    aside = any(part.lower() in _LEFT_OUT_FOLDERS for part in relative.parts)
    listed = name in _LEFT_OUT_NAMES or relative.suffix.lower() in _LEFT_OUT_SUFFIXES
    return hidden or aside or listed
