"""Pictures are read in fixed blocks, so that no block is ever read twice.

A frame is cut into a grid that depends on its size alone. Assets that lie close to
each other share blocks, and a new asset costs only the blocks nobody read before.
Every block is segmented with a margin around it, and only its core is kept.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CORE_PX = 896
MARGIN_PX = 32
"""Two 512 px windows overlapping by 64 px are 960 = 896 + 2 * 32: nothing is wasted."""


class Block(NamedTuple):
    """One block of a picture: columns left..right, rows top..bottom, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows(self) -> slice:
        """Its rows in the whole picture."""
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        """Its columns in the whole picture."""
        return slice(self.left, self.right)

    @property
    def name(self) -> str:
        """Its place, for keys and messages."""
        return f"{self.left},{self.top},{self.right},{self.bottom}"


def blocks_of(width_px: int, height_px: int) -> Iterator[Block]:
    """Every block of a picture, row by row; together they cover it once.

    >>> [block.name for block in blocks_of(1000, 500)]
    ['0,0,896,500', '896,0,1000,500']
    """
    for top in range(0, height_px, CORE_PX):
        for left in range(0, width_px, CORE_PX):
            yield Block(
                left, top, min(left + CORE_PX, width_px), min(top + CORE_PX, height_px)
            )


def with_margin(block: Block, width_px: int, height_px: int) -> Block:
    """The block and the margin it is read with, inside the picture."""
    return Block(
        max(block.left - MARGIN_PX, 0),
        max(block.top - MARGIN_PX, 0),
        min(block.right + MARGIN_PX, width_px),
        min(block.bottom + MARGIN_PX, height_px),
    )


def core_of(values: NDArray[np.uint8], block: Block, read: Block) -> NDArray[np.uint8]:
    """The part of `values` (the size of `read`) that belongs to `block`."""
    rows = slice(block.top - read.top, block.bottom - read.top)
    columns = slice(block.left - read.left, block.right - read.left)
    return values[rows, columns]


def bounds(outlines: Iterable[NDArray[np.float64]], block: Block) -> Block | None:
    """The smallest window that holds all outlines, inside `block`.

    Args:
        outlines: Polygons in file pixels, each (k, 2) as column, row.
        block: The whole picture, or a part of it.

    Returns:
        The window, or None where no outline reaches into `block`.
    """
    points = [outline for outline in outlines if len(outline)]
    if not points:
        return None
    every = np.concatenate(points)
    left, top = np.floor(every.min(axis=0)).astype(int)
    right, bottom = np.ceil(every.max(axis=0)).astype(int)
    window = Block(
        max(int(left), block.left),
        max(int(top), block.top),
        min(int(right), block.right),
        min(int(bottom), block.bottom),
    )
    return window if window.left < window.right and window.top < window.bottom else None


def overlaps(one: Block, other: Block) -> bool:
    """Whether two blocks share a pixel."""
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )
