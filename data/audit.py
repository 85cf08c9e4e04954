"""The hash chain over the ledger: each link names what was written and the link before.

A changed, missing or reordered link, or an entry that no longer has the hash its link
names, is found by `broken_link`.
"""

from collections.abc import Sequence
from hashlib import sha256

FIRST_HASH = "0" * 64
"""What the first link names as the one before it."""


def link_hash(number: int, what: str, previous: str) -> str:
    """Hash of one link of the chain."""
    return sha256(f"{number}\n{previous}\n{what}".encode()).hexdigest()


def broken_link(links: Sequence[tuple[int, str, str, str]]) -> int | None:
    """Number of the first link that does not fit, or None when the chain is whole.

    Args:
        links: (number, what, previous hash, hash), oldest first.

    >>> broken_link([(0, "a", FIRST_HASH, link_hash(0, "a", FIRST_HASH))])
    >>> broken_link([(0, "b", FIRST_HASH, link_hash(0, "a", FIRST_HASH))])
    0
    """
    before = FIRST_HASH
    for expected, (number, what, previous, own) in enumerate(links):
        whole = number == expected and previous == before
        if not whole or own != link_hash(number, what, previous):
            return expected
        before = own
    return None
