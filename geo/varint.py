"""Many whole numbers as the varints of protocol buffers, without a loop a number.

Source: Protocol Buffers, Encoding, "Base 128 Varints".
"""

import numpy as np
from numpy.typing import NDArray

_BITS, _MOST_BYTES = 7, 10


def varint_sizes(numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bytes each number takes, shape (n,)."""
    sizes = np.ones(len(numbers), np.int64)
    for k in range(1, _MOST_BYTES):
        sizes += numbers >= np.uint64(1 << _BITS * k)
    return sizes


def varints(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """The numbers end to end, the low seven bits of each first.

    >>> varints(np.array([1, 300], np.uint64)).tolist()
    [1, 172, 2]
    """
    sizes = varint_sizes(numbers)
    ends = np.cumsum(sizes)
    written = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    starts, left = ends - sizes, np.asarray(numbers, np.uint64)
    for k in range(_MOST_BYTES):
        longer = sizes > k
        if not longer.any():
            break
        starts, left, sizes = starts[longer], left[longer], sizes[longer]
        more = (sizes > k + 1).astype(np.uint64) << np.uint64(_BITS)
        written[starts + k] = (left & np.uint64(0x7F)) | more
        left = left >> np.uint64(_BITS)
    return written


def zigzag(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Signed numbers as unsigned ones, small where they are small.

    >>> zigzag(np.array([0, -1, 1])).tolist()
    [0, 1, 2]
    """
    signed = np.asarray(numbers, np.int64)
    return ((signed << 1) ^ (signed >> 63)).astype(np.uint64)
