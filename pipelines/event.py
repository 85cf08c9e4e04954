"""Messages in, operations open: `karte event`."""

from collections.abc import Collection, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.errors import LedgerError, RefusedError, UsageError
from data.feeds.fields import (
    KIND_OF_AVERAGING,
    SHAKEMAP,
    event_of_shakemap,
    event_of_track,
)
from data.feeds.jma import read_telegram
from data.feeds.manual import read_manual_event
from data.feeds.shakemap import ShakeMapGrid, is_shakemap, read_shakemap
from data.feeds.tracks import AnyTrack, Averaging, is_track, read_track
from data.ledger import Ledger
from data.operation import Event, EventStatus, MessageType, Operation
from data.record import from_json, to_json
from data.refusals import Refusal, RefusalCode, refuse
from data.standing import newest_by_kind, standing_event
from data.store import (
    OperationFolder,
    find_operation,
    operation_folder,
    operations,
    write_feed,
)
from pipelines.outcome import (
    ExitCode,
    Outcome,
    code_for,
    refusal_dicts,
    refusal_lines,
)

LARGEST_MESSAGE_BYTES = 32 << 20
"""DEFINITIONS, section 9: cap of an XML."""
FIELD_KINDS = frozenset({SHAKEMAP, *KIND_OF_AVERAGING.values()})
"""Messages that are fields or tracks: their files are kept in the operation."""
_XML_STARTS = (b"<?xml", b"\xef\xbb\xbf<?xml", b"<Report", b"<jmx")


def read_message(path: Path, *, real: bool) -> Event:
    """One message from a file: a telegram, a ShakeMap, a track, or a TOML event.

    Args:
        path: The file.
        real: Whether a named person says that a hand-made event is real.

    Raises:
        RefusedError: If the file is not there, too large, or not a message.
    """
    remedy = "give a JMA telegram, a ShakeMap, a typhoon track or a TOML event"
    if not path.is_file():
        raise RefusedError(
            refuse(
                str(path), RefusalCode.NOT_A_FILE, value="no such file", remedy=remedy
            )
        )
    size = path.stat().st_size
    if size > LARGEST_MESSAGE_BYTES:
        raise RefusedError(
            refuse(
                str(path), RefusalCode.TOO_LARGE, value=f"{size} bytes", remedy=remedy
            )
        )
    content = path.read_bytes()
    if is_shakemap(content):
        return event_of_shakemap(read_shakemap(content, name=path.name))
    if is_track(content):
        return event_of_track(read_track(content, name=path.name), real=real)
    if content.lstrip().startswith(_XML_STARTS):
        return read_telegram(content, name=path.name)
    return read_manual_event(content, name=path.name, real=real)


def messages_of(ledger: Ledger) -> tuple[Event, ...]:
    """Every message of an operation, in the order of their hashes."""
    return tuple(from_json(Event, text) for text in ledger.all("message").values())


def operation_of(ledger: Ledger) -> Operation:
    """The operation a ledger belongs to.

    Raises:
        UsageError: If no event has opened it.
    """
    text = ledger.get("operation", "operation")
    if text is None:
        raise UsageError(f"ledger {ledger.path}: no event has opened an operation here")
    return from_json(Operation, text)


def events_of(ledger: Ledger) -> tuple[Event, ...]:
    """The events that stand in an operation; none when all were withdrawn."""
    event = standing_event(messages_of(ledger))
    return () if event is None else (event,)


def shakemap_of(ledger: Ledger) -> dict[str, ShakeMapGrid]:
    """The newest ShakeMap of each standing event that has one, by the event's id.

    Raises:
        LedgerError: If a file is gone from the operation, or changed.
    """
    return {
        event_id: read_shakemap(content, name=f"ShakeMap of {event_id}")
        for event_id, content in _fields_of(ledger, (SHAKEMAP,)).items()
    }


def track_of(ledger: Ledger) -> dict[str, AnyTrack]:
    """The track of each standing typhoon, by the event's id.

    Of two agencies' tracks the one with ten-minute winds goes first: they are what
    design winds are stated in.

    Raises:
        LedgerError: If a file is gone from the operation, or changed.
    """
    found: dict[str, AnyTrack] = {}
    for averaging in (Averaging.ONE_MINUTE, Averaging.TEN_MINUTES):
        kinds = (KIND_OF_AVERAGING[averaging],)
        for event_id, content in _fields_of(ledger, kinds).items():
            name = f"track of {event_id}"
            found[event_id] = read_track(content, name=name, averaging=averaging)
    return found


def _fields_of(ledger: Ledger, kinds: Collection[str]) -> dict[str, bytes]:
    """Bytes of the newest message of these kinds, by the id of its standing event."""
    standing = {event.id for event in events_of(ledger)}
    newest = {
        message.id: message
        for message in newest_by_kind(
            message for message in messages_of(ledger) if message.source_kind in kinds
        )
        if message.id in standing
    }
    folder = OperationFolder(ledger.path.parent)
    return {key: _kept(folder, newest[key].sha256) for key in sorted(newest)}


def _kept(folder: OperationFolder, digest: str) -> bytes:
    """The bytes of a message that is a field or a track, as they came."""
    path = folder.feeds / digest
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != digest:
        raise LedgerError(f"{path}: gone or changed; open the same file again")
    return content


def open_messages(
    store: Path, files: Sequence[Path], *, real: bool, actor: str | None
) -> Outcome:
    """Take in messages: each opens its operation, or joins the one that is open.

    A drill (訓練) opens a drill in the drill root, whatever `real` says; a test (試験)
    and a distant quake (遠地地震) open nothing.

    Args:
        store: The store's folder.
        files: JMA telegrams or hand-made TOML events.
        real: A hand-made event is real; needs `actor`.
        actor: Who says so.

    Raises:
        UsageError: If `real` is given without an actor.
    """
    if real and not actor:
        raise UsageError("--real needs --actor NAME: who says that this is no drill?")
    lines: list[str] = []
    opened: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for file in files:
        try:
            message = read_message(file, real=real)
        except RefusedError as error:
            refused.append(error.refusal)
            continue
        folder = take_in(store, message, actor=actor, file=file)
        opened.append(_summary(message, folder))
        lines.append(_sentence(message, folder))
    return Outcome(
        code=code_for(done=len(opened), refused=len(refused)),
        lines=[*lines, *refusal_lines(refused)],
        data={"messages": opened, "refused": refusal_dicts(refused)},
    )


def take_in(
    store: Path, message: Event, *, actor: str | None, file: Path | None = None
) -> OperationFolder | None:
    """Write one message into the ledger of its operation.

    Args:
        store: The store's folder.
        message: What it says.
        actor: Who opens it.
        file: Where its bytes lie; a ShakeMap or a track is kept as it came.

    Returns:
        The operation's folder, or None where the message opens none.
    """
    folder = operation_folder(store, message.id, drill=_is_drill(message))
    opens = not message.distant and message.status is not EventStatus.TEST
    if not opens or (_is_cancellation(message) and not folder.ledger_path.exists()):
        return None
    operation = Operation(
        id=message.id,
        drill=folder.drill,
        opened_by=message.id,
        events=(message.id,),
        seed=int(sha256(message.id.encode()).hexdigest()[:8], 16),
    )
    if file is not None and message.source_kind in FIELD_KINDS:
        write_feed(folder, file.read_bytes())
    with folder.open_ledger() as ledger:
        ledger.record(
            [
                ("operation", "operation", to_json(operation)),
                ("message", message.sha256, to_json(message)),
            ],
            note={"did": "event open", "actor": actor},
        )
    return folder


def list_operations(store: Path) -> Outcome:
    """Every operation of the store with what stands of its event."""
    found = [_operation_summary(folder) for folder in operations(store)]
    lines = [
        f"{_root(drill=row['drill'])}  {row['operation']}  {row['event']}"
        for row in found
    ]
    return Outcome(
        code=ExitCode.DONE,
        lines=lines or [f"store {store}: no operation; open an event first"],
        data={"operations": found},
    )


def show_operation(store: Path, name: str) -> Outcome:
    """Every message of one operation."""
    folder = find_operation(store, name)
    with folder.open_ledger() as ledger:
        messages = messages_of(ledger)
    return Outcome(
        code=ExitCode.DONE,
        lines=[_sentence(message, folder) for message in messages],
        data={"messages": [_summary(message, folder) for message in messages]},
    )


def _root(*, drill: bool) -> str:
    return "DRILL 訓練" if drill else "REAL"


def _is_drill(message: Event) -> bool:
    return message.status is not EventStatus.REAL


def _is_cancellation(message: Event) -> bool:
    return message.message_type is MessageType.CANCELLATION


def describe(event: Event) -> str:
    """One event in words, for lists and headers."""
    source = event.hypocentre
    if source is None:
        return f"{event.title} ({event.origin_at.isoformat()})"
    magnitude = "M?" if source.magnitude_mj is None else f"Mj {source.magnitude_mj:.1f}"
    if source.magnitude_at_least is not None:
        magnitude = f"M >= {source.magnitude_at_least:.1f}"
    depth = "depth ?" if source.depth_km is None else f"{source.depth_km:.0f} km deep"
    return f"{source.region} {magnitude}, {depth} ({event.origin_at.isoformat()})"


def _sentence(message: Event, folder: OperationFolder | None) -> str:
    head = f"{message.source_kind} {describe(message)}"
    if folder is not None:
        return f"{_root(drill=folder.drill)} operation {folder.id}: {head}"
    if message.distant:
        return f"distant quake 遠地地震, opens no operation: {head}"
    if message.status is EventStatus.TEST:
        return f"test message 試験, opens no operation: {head}"
    return f"cancellation 取消 of an event that was never opened: {head}"


def _summary(message: Event, folder: OperationFolder | None) -> dict[str, Any]:
    return {
        "operation": None if folder is None else folder.id,
        "drill": _is_drill(message),
        "event": message.id,
        "kind": message.source_kind,
        "type": message.message_type.value,
        "distant": message.distant,
        "serial": message.serial,
        "reported_at": message.reported_at.isoformat(),
        "sha256": message.sha256,
    }


def _operation_summary(folder: OperationFolder) -> dict[str, Any]:
    with folder.open_ledger() as ledger:
        event = standing_event(messages_of(ledger))
    return {
        "operation": folder.id,
        "drill": folder.drill,
        "event": "withdrawn 取消" if event is None else describe(event),
    }
