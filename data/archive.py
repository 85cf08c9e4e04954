"""A zip of pictures, unpacked without ever trusting what it says of itself."""

import errno
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple

from data.errors import RefusedError, ResourceError
from data.names import decoded_name, escaped_name
from data.refusals import Refusal, RefusalCode, refuse

MAX_MEMBERS = 20_000  # DEFINITIONS, section 9
MAX_TOTAL_BYTES = 64 << 30  # DEFINITIONS, section 9
MAX_RATIO = 100  # DEFINITIONS, section 9
SMALL_BYTES = 1 << 20
"""Below this a text file may well shrink by more than the ratio."""

_CHUNK_BYTES = 1 << 20
_UTF8_NAME = 0x800  # APPNOTE 4.4.4, bit 11
_ENCRYPTED = 0x1  # APPNOTE 4.4.4, bit 0
_ARCHIVE_MAGIC = (b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!", b"\x1f\x8b")
_DRIVE = re.compile(r"[A-Za-z]:")
_REPACK = "pack the pictures again, as plain files under plain names"


class Unpacked(NamedTuple):
    """Where the members lie now, and which were refused."""

    folder: Path
    refusals: tuple[Refusal, ...]


def unpack_zip(archive: IO[bytes], scratch: Path, name: str) -> Unpacked:
    """Unpack a zip into `scratch/unpacked`, which is there whole or not at all.

    Bytes are counted while they inflate; members are written beside and the folder
    is renamed at the end. What an earlier call left there is replaced.

    Args:
        archive: The zip, open for reading.
        scratch: A folder of ours on the disk the batch shall lie on.
        name: The archive as the user knows it.

    Raises:
        RefusedError: If the archive as a whole is refused: unreadable, too_large, bomb.
        ResourceError: If the disk is full.
    """
    partial, folder = scratch / "unpacking", scratch / "unpacked"
    for old in (partial, folder):
        shutil.rmtree(old, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened, name)
            refusals = _unpack_members(opened, members, partial, name)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
        raise _refused(name, RefusalCode.UNREADABLE, str(error), _REPACK) from error
    partial.rename(folder)
    return Unpacked(folder, refusals)


def _members(opened: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The members to unpack, in the order of their names.

    Raises:
        RefusedError: If there are too many, or they say they inflate beyond the caps.
    """
    members = opened.infolist()
    if len(members) > MAX_MEMBERS:
        value = f"{len(members)} members, cap {MAX_MEMBERS}"
        raise _refused(name, RefusalCode.TOO_LARGE, value, "split it")
    _check_total(sum(member.file_size for member in members), name)
    files = [member for member in members if not member.is_dir()]
    return sorted(files, key=lambda member: member.orig_filename)


def _check_total(total: int, name: str) -> None:
    if total > MAX_TOTAL_BYTES:
        value = f"more than {MAX_TOTAL_BYTES >> 30} GiB"
        raise _refused(name, RefusalCode.BOMB, value, "split it")


def _unpack_members(
    opened: zipfile.ZipFile,
    members: Iterable[zipfile.ZipInfo],
    folder: Path,
    name: str,
) -> tuple[Refusal, ...]:
    refusals, total = [], 0
    for member in members:
        shown = escaped_name(member_name(member))
        try:
            total += _unpack_member(opened, member, folder / _safe_path(member))
        except RefusedError as error:
            refusals.append(error.refusal)
        except OSError as error:
            refusals.append(_file_refusal(shown, error))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            value = str(error)[:120]
            refusals.append(
                refuse(shown, RefusalCode.UNREADABLE, value=value, remedy=_REPACK)
            )
        _check_total(total, name)
    return tuple(refusals)


def member_name(member: zipfile.ZipInfo) -> str:
    """The name a member was packed under, as text.

    Without the UTF-8 flag `zipfile` reads code page 437, which keeps every byte.
    """
    if member.flag_bits & _UTF8_NAME:
        return member.orig_filename
    return decoded_name(member.orig_filename.encode("cp437"))


def _safe_path(member: zipfile.ZipInfo) -> Path:
    """Where below the folder a member goes.

    Raises:
        RefusedError: unsafe_path, if it would leave the folder or is a link.
    """
    text = member_name(member)
    parts = text.split("/")
    kind = stat.S_IFMT(member.external_attr >> 16)
    leaves = _DRIVE.match(text) or {"", ".", ".."} & set(parts) or "\\" in text
    if leaves or "\x00" in text or kind not in (0, stat.S_IFREG):
        value = (
            "a link or device" if kind not in (0, stat.S_IFREG) else escaped_name(text)
        )
        raise _refused(escaped_name(text), RefusalCode.UNSAFE_PATH, value, _REPACK)
    return Path(*(escaped_name(part) for part in parts))


def _unpack_member(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path
) -> int:
    """Inflate one member; gives the bytes written, and leaves no half file."""
    shown = escaped_name(member_name(member))
    if member.flag_bits & _ENCRYPTED:
        raise _refused(shown, RefusalCode.UNREADABLE, "encrypted", "unpack it first")
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, target.open("xb") as sink:
        try:
            return _copy_counted(source, sink, member.compress_size, shown)
        except BaseException:
            target.unlink()
            raise


def _copy_counted(
    source: IO[bytes], sink: IO[bytes], packed_bytes: int, shown: str
) -> int:
    cap, written = max(SMALL_BYTES, MAX_RATIO * packed_bytes), 0
    while chunk := source.read(_CHUNK_BYTES):
        if written == 0 and chunk.startswith(_ARCHIVE_MAGIC):
            value, remedy = "an archive within the archive", "unpack it first"
            raise _refused(shown, RefusalCode.UNKNOWN_TYPE, value, remedy)
        written += len(chunk)
        if written > cap:
            value = f"inflates to more than {MAX_RATIO} times its size"
            raise _refused(shown, RefusalCode.BOMB, value, _REPACK)
        sink.write(chunk)
    return written


def _file_refusal(shown: str, error: OSError) -> Refusal:
    """A name that cannot be a file beside the others.

    Raises:
        ResourceError: If the disk is full.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise ResourceError(
            f"{shown}: the disk is full while unpacking; make room and try again"
        ) from error
    value = "occurs twice" if error.errno == errno.EEXIST else str(error.strerror)
    return refuse(shown, RefusalCode.UNSAFE_PATH, value=value, remedy=_REPACK)


def _refused(name: str, code: RefusalCode, value: str, remedy: str) -> RefusedError:
    return RefusedError(refuse(name, code, value=value, remedy=remedy))
