"""What made a result: the hash of our own code and tables."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("data", "geo", "vision", "pipelines")
LEFT_OUT = ("pipelines/drill/", "pipelines/web/")
"""Neither takes part in making a map from pictures."""
TABLES, TABLE_KINDS = "data/reference", ("*.csv", "*.toml")
"""Fragility, ground motion, likelihoods: what the code looks up."""


@lru_cache(maxsize=1)
def code_sha256() -> str:
    """Hash over every Python file and table that may change a result, by name in order.

    It is part of every content key: after a change of code nothing that the old code
    made is taken for what the new code would make.
    """
    whole = sha256()
    for path in _files():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(LEFT_OUT):
            whole.update(f"{name}\n".encode() + path.read_bytes())
    return whole.hexdigest()


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))
    for kind in TABLE_KINDS:
        yield from sorted((ROOT / TABLES).rglob(kind))
