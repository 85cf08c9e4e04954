"""Blocks of one picture, segmented when they are first asked for, and kept.

A block lies in the store under its content key: picture, block, weights, ground
sampling distance, our own code. It is written whole or not at all, so that a run that
was killed goes on where it stopped.
"""

import json
import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data.errors import LedgerError
from data.ledger import content_key
from data.record import to_json
from pipelines.blocks import Block, blocks_of, core_of, overlaps, with_margin
from pipelines.provenance import code_sha256
from vision.images import read_rgb
from vision.segment import segment
from vision.weights import Card, Model, load_model

Indices = NDArray[np.uint8]


@lru_cache(maxsize=1)
def model_of(folder: Path, model_id: str | None) -> Model:
    """The weights, checked and loaded once a process."""
    return load_model(model_id, folder=folder)


def weights_key(card: Card) -> str:
    """Content key of weights: of their bytes, and of all by which a card steers them.

    Thresholds and temperatures lie in the card; calibrated anew, the same network says
    something else.
    """
    return content_key("weights", json.loads(to_json(card)))


class Reader:
    """One open picture; `entries` are what the ledger is to hold of it."""

    def __init__(
        self,
        picture: Path,
        sha256: str,
        size: tuple[int, int],
        model: Model,
        *,
        gsd_m: float | None,
        reads: Path,
    ) -> None:
        """Take a picture (width, height) of this hash; nothing is read yet."""
        self._picture, self._sha256 = picture, sha256
        self._model, self._reads = model, reads
        self._gsd_m = None if gsd_m is None else round(gsd_m, 5)
        self._rgb: Indices | None = None
        self.whole = Block(0, 0, *size)
        self._planes = np.zeros((size[1], size[0], 3), np.uint8)
        self._done: set[Block] = set()
        self.entries: list[tuple[str, str, bytes]] = []

    def rgb(self, window: Block) -> Indices:
        """Pixels of a part of the picture."""
        if self._rgb is None:
            self._rgb = read_rgb(_unchanged(self._picture, self._sha256))
        return self._rgb[window.rows, window.columns]

    def planes(self, window: Block) -> Indices:
        """Damage index, component index and damage probability of a part."""
        for block in blocks_of(self.whole.right, self.whole.bottom):
            if block not in self._done and overlaps(block, window):
                self._planes[block.rows, block.columns] = self._read(block)
                self._done.add(block)
        return self._planes[window.rows, window.columns]

    def _read(self, block: Block) -> Indices:
        key = content_key(
            "read",
            code_sha256(),
            self._sha256,
            block.name,
            weights_key(self._model.card),
            self._gsd_m,
        )
        path = self._reads / f"{key}.png"
        planes = _kept(path, block)
        if planes is None:
            planes = self._segmented(block)
            write_atomically(path, png_bytes(planes))
        digest = sha256(path.read_bytes()).hexdigest()
        self.entries.append(("read", key, digest.encode()))
        return planes

    def _segmented(self, block: Block) -> Indices:
        read = with_margin(block, self.whole.right, self.whole.bottom)
        found = segment(self._model, self.rgb(read), gsd_m=self._gsd_m)
        planes = np.dstack([found.damage, found.component, found.damage_probability])
        return core_of(planes, block, read)


def _unchanged(picture: Path, digest: str) -> Path:
    """The picture, if it is still the one that was taken in.

    Raises:
        LedgerError: If it is missing or changed.
    """
    if not picture.is_file() or sha256(picture.read_bytes()).hexdigest() != digest:
        raise LedgerError(
            f"picture {digest[:16]}: changed or missing in the store; ingest it again"
        )
    return picture


def _kept(path: Path, block: Block) -> Indices | None:
    """The planes of a block that was read before, or None."""
    planes = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    shape = (block.bottom - block.top, block.right - block.left, 3)
    if planes is None or planes.shape != shape:
        return None
    return np.asarray(planes, np.uint8)


def png_bytes(planes: Indices) -> bytes:
    """Three uint8 planes (height, width, 3) as a PNG, the same bytes every time."""
    return bytes(cv2.imencode(".png", planes)[1])


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_bytes(content)
    beside.replace(path)
