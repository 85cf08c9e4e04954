"""A PNG is whole, of a sane size, or refused in words."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import RefusedError
from data.intake import check_picture
from data.png import MAGIC, check_png


def encoded(width_px: int = 40, height_px: int = 30) -> bytes:
    picture = np.arange(width_px * height_px * 3, dtype=np.uint32).astype(np.uint8)
    out = io.BytesIO()
    shape = (height_px, width_px, 3)
    Image.fromarray(picture.reshape(shape)).save(out, "PNG")
    return out.getvalue()


def refused(data: bytes) -> str:
    with pytest.raises(RefusedError) as error:
        check_png(data, "a.png", max_pixels=1_000_000)
    return str(error.value.refusal.code)


def test_the_size_is_that_of_the_picture() -> None:
    assert check_png(encoded(), "a.png", max_pixels=1_200) == (40, 30)


def test_every_cut_is_found() -> None:
    whole = encoded()
    for length in range(len(MAGIC), len(whole), 7):
        assert refused(whole[:length]) == "truncated"


def test_a_changed_byte_is_found_by_its_checksum() -> None:
    changed = bytearray(encoded())
    changed[len(changed) // 2] ^= 1
    assert refused(bytes(changed)) == "unreadable"


def test_a_header_that_promises_too_much_is_a_bomb() -> None:
    header = struct.pack(">II5B", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = b"IHDR" + header
    chunk = struct.pack(">I", len(header)) + body + struct.pack(">I", zlib.crc32(body))
    assert refused(MAGIC + chunk) == "bomb"


def test_a_png_is_a_picture_only_where_no_tags_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded())
    assert check_picture(path, name="a.png", also_png=True).kind == "png"
    with pytest.raises(RefusedError, match="PNG"):
        check_picture(path, name="a.png")
