"""Where things are kept: the folders of a store, and which operations it holds.

STORE/inventory/                 what owners have, one Parquet file an import
STORE/{real,drill}/OPERATION/    ledger.sqlite feeds/ frames/ reads/ beliefs/ editions/
                                 latest.json report.json
STORE/{real,drill}/received.sqlite    messages that belong to no operation (distant,
                                      test, a cancellation before what it cancels), and
                                      which events joined an operation of another id
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from data.errors import UsageError
from data.ledger import Ledger

GOES_ON_IN = ("setting", "goes_on_in")
"""Stage and key of the operation that an operation was joined to; empty for none."""
ROOTS = ("real", "drill")
"""Drills live in a root of their own, never beside the real."""


@dataclass(frozen=True, slots=True)
class OperationFolder:
    """The folder of one operation; making one of these touches no disk."""

    path: Path

    @property
    def id(self) -> str:
        """Id of the operation."""
        return self.path.name

    @property
    def drill(self) -> bool:
        """Whether it lies in the root of drills."""
        return self.path.parent.name == "drill"

    @property
    def ledger_path(self) -> Path:
        """The SQLite file of its ledger."""
        return self.path / "ledger.sqlite"

    @property
    def frames(self) -> Path:
        """Pictures as taken in, each named by its sha256."""
        return self.path / "frames"

    @property
    def feeds(self) -> Path:
        """ShakeMaps and tracks as received, each named by its sha256."""
        return self.path / "feeds"

    @property
    def reads(self) -> Path:
        """Blocks of pictures, segmented, each named by its content key."""
        return self.path / "reads"

    @property
    def beliefs(self) -> Path:
        """Tables of beliefs, each named by its content key."""
        return self.path / "beliefs"

    def open_ledger(self) -> Ledger:
        """Its ledger, opened."""
        return Ledger(self.ledger_path)


def write_feed(folder: OperationFolder, content: bytes) -> Path:
    """Keep a ShakeMap or a track under its sha256, whole or not at all."""
    path = folder.feeds / sha256(content).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_bytes(content)
    beside.replace(path)
    return path


def inventory_folder(store: Path) -> Path:
    """Where the imported inventories of a store lie."""
    return store / "inventory"


def operation_folder(store: Path, operation_id: str, *, drill: bool) -> OperationFolder:
    """The folder of an operation, there or not."""
    return OperationFolder(store / ("drill" if drill else "real") / operation_id)


def received_path(store: Path, *, drill: bool) -> Path:
    """The ledger of messages that belong to no operation, there or not."""
    return store / ("drill" if drill else "real") / "received.sqlite"


def goes_on_in(folder: OperationFolder) -> OperationFolder:
    """The operation that this one was joined to, or itself."""
    seen = set[str]()
    while folder.id not in seen and folder.ledger_path.is_file():
        seen.add(folder.id)
        with folder.open_ledger() as ledger:
            other = ledger.get(*GOES_ON_IN)
        if other:
            folder = OperationFolder(folder.path.parent / other.decode())
    return folder


def operations(store: Path) -> list[OperationFolder]:
    """Every operation of the store, the real ones first, each root by id."""
    found = [
        OperationFolder(ledger.parent)
        for root in ROOTS
        for ledger in (store / root).glob("*/ledger.sqlite")
    ]
    return sorted(found, key=lambda folder: (folder.drill, folder.id))


def find_operation(store: Path, name: str) -> OperationFolder:
    """The operation of this id; `latest` is the one whose ledger changed last.

    A real operation goes before a drill, whichever changed last: an exercise must
    never hide a disaster. One that was joined to another leads to that.

    Raises:
        UsageError: If the store holds no such operation.
    """
    known = operations(store)
    if name == "latest" and known:
        real = [folder for folder in known if not folder.drill]
        newest = max(real or known, key=lambda each: (_changed_at(each), each.id))
        return goes_on_in(newest)
    for folder in known:
        if folder.id == name:
            return goes_on_in(folder)
    names = ", ".join(folder.id for folder in known) or "none; open an event first"
    raise UsageError(f"operation {name}: not in store {store} (it holds: {names})")


def _changed_at(folder: OperationFolder) -> int:
    return folder.ledger_path.stat().st_mtime_ns
