"""Files that a batch holds on purpose to be refused or counted once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.drill.frames import Drawn

TRUNCATED_SHARE = 0.4
TEXT = "This is a note, not a picture. It stands for what else lies on a card.\n"
SPOILT_KINDS = ("blurred", "dark", "unlocated", "turned")
Planted = dict[str, str]  # file and kind


def write_planted(images: Path, drawn: list[Drawn]) -> list[Planted]:
    """Write a cut file, a text under a picture's name and a second copy.

    Returns:
        All planted files of the batch, the spoilt frames among them, sorted.
    """
    first, second = drawn[0], drawn[1]
    whole = (images / second.file).read_bytes()
    cut = second.file.replace(".JPG", "_CUT.JPG")
    (images / cut).write_bytes(whole[: int(len(whole) * TRUNCATED_SHARE)])
    (images / "NOTES.JPG").write_text(TEXT, encoding="utf-8")
    copy = first.file.replace(".JPG", "_COPY.JPG")
    (images / copy).write_bytes((images / first.file).read_bytes())
    planted = [
        {"file": cut, "kind": "refused"},
        {"file": "NOTES.JPG", "kind": "refused"},
        {"file": copy, "kind": "duplicate"},
    ]
    planted += [
        {"file": frame.file, "kind": frame.view.spoilt}
        for frame in drawn
        if frame.view.spoilt in SPOILT_KINDS
    ]
    return sorted(planted, key=lambda entry: entry["file"])


def hashes(images: Path) -> dict[str, str]:
    """Sha256 of every file in the folder, by name."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(images.iterdir())
    }
