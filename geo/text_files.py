"""Text that nobody vouches for: a regular file, not too large, in UTF-8."""

import stat
from pathlib import Path

from data.errors import InvalidRecordError


def read_text(path: Path, *, max_bytes: int) -> str:
    """The text of a regular file in UTF-8, with or without a byte order mark.

    Raises:
        InvalidRecordError: If it is none, too large or in another encoding.
    """
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise InvalidRecordError(f"{path.name}: not a regular file; give a file")
        if status.st_size > max_bytes:
            raise InvalidRecordError(
                f"{path.name}: {status.st_size} bytes; cut it to {max_bytes}"
            )
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidRecordError(f"{path.name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRecordError(
            f"{path.name}: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from error
