"""A folder that is watched: a telegram dropped into it becomes a map: `karte watch`.

A file is read once its size and time have stood still for SETTLE_S, so one that is half
written waits; hidden files, and those whose name says that they are unfinished, are
left alone. Nothing in the folder is moved, changed or deleted. What the ledgers hold is
not opened again, and what was refused is not tried again before its content changes.
"""

import json
import os
import signal
import stat
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from watchfiles import watch as changes

from data.errors import KarteError, LedgerError, ResourceError, UsageError
from data.names import escaped_name
from data.record import from_json
from data.refusals import Refusal, RefusalCode, refuse
from data.store import find_operation, operations
from pipelines.config import Config
from pipelines.edition_folder import read_latest
from pipelines.editions import publish
from pipelines.event import messages_of, open_messages
from pipelines.heartbeat import (
    MISSING,
    STOPPED,
    WAITING,
    Heartbeat,
    RefusedFile,
    heartbeat_path,
    read_heartbeat,
    write_heartbeat,
)
from pipelines.outcome import ExitCode, Outcome, refusal_lines
from pipelines.provenance import code_sha256

SETTLE_S = 1.0
LOOK_EVERY_MS = 1_000  # also where a file system tells of no changes
LARGEST_BYTES = 32 << 20  # DEFINITIONS, section 9: cap of an XML
BEAT_EVERY = timedelta(seconds=10)
RETRY_AFTER = timedelta(seconds=60)  # for want of disk, of an inventory, of a right
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".swp", "~")

Tell = Callable[[str], None]
Signature = tuple[int, int, int]
"""Inode, size and time of the last change: another one is another file."""


@dataclass(slots=True, kw_only=True)
class Feed:
    """What a watch knows of its folder; only the functions below change it.

    Attributes:
        tell: Takes each line for people, as it happens.
        seen: Signature of each file, and since when it is that.
        handled: Signature of each file that was read, by name.
        held: Operation of each message that the ledgers hold, by sha256.
        tried: sha256 of all that was read and opened nothing.
        due: Operations that wait for an edition, and not before when.
        beat: What it last said of itself.
    """

    store: Path
    directory: Path
    config: Config
    tell: Tell
    seen: dict[str, tuple[Signature, datetime]] = field(default_factory=dict)
    handled: dict[str, Signature] = field(default_factory=dict)
    held: dict[str, str]
    tried: set[str]
    due: dict[str, datetime] = field(default_factory=dict)
    beat: Heartbeat


def watch(store: Path, directory: Path, config: Config, *, tell: Tell) -> Outcome:
    """Watch a folder until SIGTERM or ctrl-c; a map that is being made is finished.

    Args:
        store: The store's folder.
        directory: Where telegrams are dropped; not its subfolders.
        config: The operator's settings.
        tell: Takes each line for people, as it happens.

    Raises:
        UsageError: If there is no such folder.
    """
    if not directory.is_dir():
        raise UsageError(f"watch {directory}: no such folder; make it first")
    feed = open_feed(store, directory, config, tell=tell, now=datetime.now(UTC))
    tell(f"watching {directory} for telegrams; ctrl-c or SIGTERM ends it")
    with _stopping() as stop:
        _beat(feed, datetime.now(UTC), doing=WAITING)
        for _ in _wakes(directory, stop):
            look(feed, datetime.now(UTC))
    _beat(feed, datetime.now(UTC), doing=STOPPED)
    return Outcome(
        code=ExitCode.DONE,
        lines=[f"watch of {directory} ended: {feed.beat.taken} messages taken in"],
        data={
            "taken": feed.beat.taken,
            "refused": [file.name for file in feed.beat.refused],
        },
    )


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and ctrl-c set, instead of breaking off what is done."""
    stop = threading.Event()
    ending = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in ending}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _wakes(directory: Path, stop: threading.Event) -> Iterator[None]:
    """At once, at every change, and every second, until stopped."""
    yield
    for _ in changes(
        directory,
        watch_filter=None,
        debounce=200,
        rust_timeout=LOOK_EVERY_MS,
        yield_on_timeout=True,
        recursive=False,
        stop_event=stop,
        raise_interrupt=False,
    ):
        yield


def open_feed(
    store: Path, directory: Path, config: Config, *, tell: Tell, now: datetime
) -> Feed:
    """A feed that knows what the ledgers hold and what this code has refused before."""
    before = read_heartbeat(heartbeat_path(store, directory))
    code = code_sha256()
    refused = () if before is None else before.refused
    kept = tuple(file for file in refused if file.code == code)
    return Feed(
        store=store,
        directory=directory,
        config=config,
        tell=tell,
        held=_held(store),
        tried={file.sha256 for file in kept},
        beat=Heartbeat(
            directory=str(directory.absolute()),
            started_at=now,
            at=now,
            doing=WAITING,
            taken=0,
            last_taken_at=None,
            refused=kept,
        ),
    )


def _held(store: Path) -> dict[str, str]:
    """Operation of every message of the store, by sha256."""
    held: dict[str, str] = {}
    for folder in operations(store):
        with folder.open_ledger() as ledger:
            held |= dict.fromkeys(ledger.all("message"), folder.id)
    return held


def look(feed: Feed, now: datetime) -> None:
    """One pass: read what is new and settled, publish what is due, give a sign of life.

    Args:
        feed: Is changed.
        now: The time of this pass.
    """
    if not feed.directory.is_dir():
        _beat(feed, now, doing=MISSING)
        return
    before = feed.beat
    files = _files(feed.directory)
    _forget(feed, files.keys())
    for name, signature in files.items():
        if feed.handled.get(name) != signature and _settled(feed, name, signature, now):
            _read(feed, name, signature, now)
    for operation in sorted(feed.due):
        if feed.due[operation] <= now:
            _publish(feed, operation, now)
    if feed.beat != before or now - feed.beat.at >= BEAT_EVERY:
        _beat(feed, now, doing=WAITING)


def _files(directory: Path) -> dict[str, Signature]:
    """Regular files that may be messages, by name in order."""
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            unfinished = entry.name.startswith(".") or entry.name.endswith(UNFINISHED)
            if not unfinished and (signature := _signature(entry)) is not None:
                found[entry.name] = signature
    return dict(sorted(found.items()))


def _signature(entry: os.DirEntry[str]) -> Signature | None:
    """None for what is no regular file, or was gone again."""
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _settled(feed: Feed, name: str, signature: Signature, now: datetime) -> bool:
    """Whether a file has been the same for SETTLE_S."""
    before, since = feed.seen.get(name, (None, now))
    if before != signature:
        feed.seen[name] = signature, now
        return False
    return (now - since).total_seconds() >= SETTLE_S


def _forget(feed: Feed, there: Collection[str]) -> None:
    """Drop what is known of files that are gone, also from the list of the refused."""
    for known in (feed.seen, feed.handled):
        for name in known.keys() - there:
            del known[name]
    escaped = {escaped_name(name) for name in there}
    left = tuple(file for file in feed.beat.refused if file.name in escaped)
    feed.beat = replace(feed.beat, refused=left)


def _read(feed: Feed, name: str, signature: Signature, now: datetime) -> None:
    """Take in one file, unless its content is known; one in trouble is tried later."""
    try:
        digest = _digest(feed.directory / name, size=signature[1])
        if digest in feed.held:
            _ask_for_edition(feed, feed.held[digest], now)
        elif digest not in feed.tried:
            _take_in(feed, name, digest, now)
    except (ResourceError, LedgerError, OSError) as error:
        feed.tell(f"{escaped_name(name)}: {error}; tried again in a minute")
        feed.seen[name] = signature, now + RETRY_AFTER
        return
    feed.handled[name] = signature


def _digest(path: Path, *, size: int) -> str:
    """sha256 of a file; of one that is too large to be read, of its size."""
    if size > LARGEST_BYTES:
        return sha256(f"{size} bytes".encode()).hexdigest()
    return sha256(path.read_bytes()).hexdigest()


def _take_in(feed: Feed, name: str, digest: str, now: datetime) -> None:
    refusal = _name_refusal(name)
    if refusal is None:
        opened = open_messages(
            feed.store, [feed.directory / name], real=False, actor=None, now=now
        )
        for line in opened.lines:
            feed.tell(line)
        _note_messages(feed, opened.data["messages"], digest, now)
        refused = opened.data["refused"]
        refusal = from_json(Refusal, json.dumps(refused[0])) if refused else None
    else:
        feed.tell(refusal_lines([refusal])[0])
    if refusal is not None:
        file = RefusedFile(
            name=escaped_name(name),
            sha256=digest,
            code=code_sha256(),
            refusal=refusal,
        )
        feed.tried.add(digest)
        feed.beat = replace(feed.beat, refused=(*feed.beat.refused, file))


def _name_refusal(name: str) -> Refusal | None:
    """Why a name cannot be written down, or None."""
    if escaped_name(name) == name:
        return None
    return refuse(
        escaped_name(name),
        RefusalCode.UNSAFE_PATH,
        value="bytes that are no text",
        remedy="give the file a plain name",
    )


def _note_messages(
    feed: Feed, messages: Sequence[Mapping[str, Any]], digest: str, now: datetime
) -> None:
    for message in messages:
        operation = message["operation"]
        if operation is None:
            feed.tried.add(digest)
        else:
            feed.held[digest] = operation
            feed.due[operation] = now
        taken = feed.beat.taken + 1
        feed.beat = replace(feed.beat, taken=taken, last_taken_at=now)


def _ask_for_edition(feed: Feed, operation: str, now: datetime) -> None:
    """A message that the ledger holds asks for one where none shows it yet."""
    folder = find_operation(feed.store, operation)
    with folder.open_ledger() as ledger:
        newest = max(message.reported_at for message in messages_of(ledger))
    latest = read_latest(folder.path)
    if latest is None or latest.as_of < newest:
        feed.due.setdefault(operation, now)


def _publish(feed: Feed, operation: str, now: datetime) -> None:
    """An edition of one operation; where none can be made, later."""
    _beat(feed, now, doing=f"publishing {operation}")
    try:
        outcome = publish(feed.store, operation, feed.config)
    except (KarteError, OSError, MemoryError) as error:
        feed.tell(f"operation {operation}: no edition: {error}; again in a minute")
        feed.due[operation] = now + RETRY_AFTER
        return
    for line in outcome.lines:
        feed.tell(line)
    del feed.due[operation]


def _beat(feed: Feed, now: datetime, *, doing: str) -> None:
    feed.beat = replace(feed.beat, at=now, doing=doing)
    write_heartbeat(feed.store, feed.beat)
