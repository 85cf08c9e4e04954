"""Which encoding a text file of an owner is in.

UTF-8 is told by its bytes. cp932 (what Japanese Windows calls Shift_JIS) and EUC-JP
share most of theirs: the one that reads as fewer odd characters is taken.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path

BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
LEGACY = ("cp932", "euc_jp")
CHUNK_BYTES = 1 << 20
BROKEN = 0.05  # share of unreadable ones below which a text is broken UTF-8


def encoding_of(path: Path, skip: int = 0) -> str | None:
    """Name of the encoding that a file can be read in after `skip` bytes, or None.

    A file that is UTF-8 but for a few bytes is in none: read as cp932 it would be
    nonsense that nobody sees.
    """
    start = next(_chunks(path, skip), b"")
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return encoding if can_be_read(path, encoding, skip) else None
    if can_be_read(path, "utf-8", skip):
        return "utf-8"
    if _is_broken_utf8(start):
        return None
    fitting = [name for name in LEGACY if can_be_read(path, name, skip)]
    return min(fitting, key=lambda name: odd_share(start, name), default=None)


def can_be_read(path: Path, encoding: str, skip: int = 0) -> bool:
    """Whether every byte of a file after `skip` fits an encoding.

    Raises:
        LookupError: If no such encoding is known.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path, skip):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(path: Path, skip: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(skip)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def odd_share(raw: bytes, encoding: str) -> float:
    """Share of half-width katakana and private characters beyond ASCII.

    EUC-JP read as cp932 is full of them.

    >>> odd_share("第二新橋".encode("euc_jp"), "euc_jp")
    0.0
    """
    wide = [one for one in raw.decode(encoding, "ignore") if not one.isascii()]
    odd = sum(
        "\uff61" <= one <= "\uff9f" or "\ue000" <= one <= "\uf8ff" for one in wide
    )
    return odd / max(1, len(wide))


def _is_broken_utf8(raw: bytes) -> bool:
    wide = [one for one in raw.decode("utf-8", "replace") if not one.isascii()]
    return 0 < wide.count("\ufffd") < BROKEN * len(wide)
