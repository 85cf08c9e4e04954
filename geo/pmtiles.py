"""Tiles in one file that is read by ranges: PMTiles, version 3.

Our own writer, for the maintained one puts the time into its gzip: the same tiles must
give the same bytes.

Source: PMTiles Version 3 Specification (protomaps, public domain).
"""

import gzip
import json
import struct
from collections.abc import Mapping, Sequence

import numpy as np

from geo.varint import varints

_HEADER_BYTES = 127
_ROOT_ROOM = 16_384 - _HEADER_BYTES  # header and root directory must fit in 16 KiB
_GZIP, _MVT = 2, 1
_LEAF_ENTRIES = 4096
_SCALE = 10_000_000  # degrees to the header's whole numbers
Entry = tuple[int, int, int, int]
"""Tile id, run length (0 is a leaf directory), offset, length."""


def tile_id(zoom: int, column: int, row: int) -> int:
    """Number of a tile: all of the zooms above, then its place on a Hilbert curve.

    >>> tile_id(0, 0, 0), tile_id(1, 0, 0), tile_id(1, 0, 1), tile_id(1, 1, 0)
    (0, 1, 2, 4)
    """
    number, x, y = ((1 << 2 * zoom) - 1) // 3, column, row
    size = 1 << zoom >> 1
    while size:
        east, south = int(bool(x & size)), int(bool(y & size))
        number += size * size * ((3 * east) ^ south)
        if not south:
            if east:
                x, y = size - 1 - (x & (size - 1)), size - 1 - (y & (size - 1))
            x, y = y, x
        size >>= 1
    return number


def pmtiles(
    tiles: Mapping[tuple[int, int, int], bytes],
    metadata: Mapping[str, object],
    bounds: tuple[float, float, float, float] = (-180.0, -85.0, 180.0, 85.0),
) -> bytes:
    """The file; equal tiles are kept once.

    Args:
        tiles: Vector tiles, not compressed, by zoom, column and row.
        metadata: What the file says of itself, with `vector_layers`.
        bounds: West, south, east, north in degrees.
    """
    ordered = sorted((tile_id(*place), tile) for place, tile in tiles.items())
    entries, data = _entries(ordered)
    root, leaves = _directories(entries)
    about = json.dumps(metadata, ensure_ascii=False, sort_keys=True).encode()
    packed = gzip.compress(about, mtime=0)
    sizes = (len(root), len(packed), len(leaves), len(data))
    starts = _HEADER_BYTES + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    zooms = [zoom for zoom, _, _ in tiles] or [0]
    runs = len({offset for _, _, offset, _ in entries})
    counts = (len(ordered), len(entries), runs)
    header = b"PMTiles\x03" + struct.pack(
        "<11Q6B4iB2i",
        *(int(value) for pair in zip(starts, sizes, strict=True) for value in pair),
        *counts,
        *(1, _GZIP, _GZIP, _MVT, min(zooms), max(zooms)),
        *(round(value * _SCALE) for value in bounds),
        min(zooms),
        round((bounds[0] + bounds[2]) / 2 * _SCALE),
        round((bounds[1] + bounds[3]) / 2 * _SCALE),
    )
    return header + root + packed + leaves + data


def _entries(tiles: Sequence[tuple[int, bytes]]) -> tuple[list[Entry], bytes]:
    """An entry a run of equal tiles, and the tiles' bytes in the order of ids."""
    pieces: list[bytes] = []
    found: dict[bytes, tuple[int, int]] = {}
    entries: list[Entry] = []
    end = 0
    for number, tile in tiles:
        if tile not in found:
            packed = gzip.compress(tile, compresslevel=5, mtime=0)
            found[tile] = end, len(packed)
            pieces.append(packed)
            end += len(packed)
        offset, length = found[tile]
        if entries:
            first, run, at, size = entries[-1]
            if (at, size) == (offset, length) and first + run == number:
                entries[-1] = first, run + 1, at, size
                continue
        entries.append((number, 1, offset, length))
    return entries, b"".join(pieces)


def _directories(entries: Sequence[Entry]) -> tuple[bytes, bytes]:
    """The root directory, and leaf directories where one would not fit."""
    root = _directory(entries)
    if len(root) <= _ROOT_ROOM:
        return root, b""
    size = _LEAF_ENTRIES
    while True:
        leaves, pointers, end = [], [], 0
        for start in range(0, len(entries), size):
            leaf = _directory(entries[start : start + size])
            pointers.append((entries[start][0], 0, end, len(leaf)))
            leaves.append(leaf)
            end += len(leaf)
        root = _directory(pointers)
        if len(root) <= _ROOT_ROOM:
            return root, b"".join(leaves)
        size *= 2


def _directory(entries: Sequence[Entry]) -> bytes:
    """Ids as steps, runs, lengths, and offsets where they do not just follow."""
    ids, runs, offsets, lengths = np.array(entries, np.int64).reshape(-1, 4).T
    steps = np.diff(ids, prepend=0)
    follows = np.zeros(len(ids), bool)
    follows[1:] = offsets[1:] == offsets[:-1] + lengths[:-1]
    places = np.where(follows, 0, offsets + 1)
    numbers = np.concatenate([[len(ids)], steps, runs, lengths, places])
    return gzip.compress(varints(numbers.astype(np.uint64)).tobytes(), mtime=0)
