"""Messages in, operations open, and what stands of their events."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.errors import InvalidRecordError, LedgerError, RefusedError, UsageError
from data.feeds.fields import FIELD_KINDS, KIND_OF_AVERAGING, SHAKEMAP
from data.feeds.shakemap import ShakeMapGrid, read_shakemap
from data.feeds.tracks import AnyTrack, Averaging, read_track
from data.ledger import Ledger
from data.operation import Event, EventStatus, MessageType, Operation, Ruling
from data.record import from_json, to_json
from data.refusals import Refusal
from data.rulings import followed, joined, merges, rulings_of, unanswered
from data.standing import is_superseded, newest_by_kind, standing_events, withdrawn_by
from data.store import OperationFolder, goes_on_in, write_feed
from pipelines.homes import home_of, is_drill, remember, root_words, waiting_for
from pipelines.message_files import Opening, read_message
from pipelines.outcome import Outcome, code_for, refusal_dicts, refusal_lines

Messages = dict[OperationFolder, tuple[Event, ...]]


def operation_of(ledger: Ledger) -> Operation:
    """The operation a ledger belongs to.

    Raises:
        UsageError: If no event has opened it.
    """
    text = ledger.get("operation", "operation")
    if text is None:
        raise UsageError(f"ledger {ledger.path}: no event has opened an operation here")
    return from_json(Operation, text)


def messages_of(ledger: Ledger) -> tuple[Event, ...]:
    """Every message of an operation, in the order of their hashes.

    Those of operations that were joined to it or merged into it are among them.
    """
    found = {
        message.sha256: message
        for own in _messages_by_folder(ledger).values()
        for message in own
    }
    return tuple(found[digest] for digest in sorted(found))


def events_of(ledger: Ledger) -> tuple[Event, ...]:
    """The events that stand in an operation, oldest first; none when all withdrew."""
    return standing_events(messages_of(ledger), merged_of(ledger))


def merged_of(ledger: Ledger) -> dict[str, str]:
    """For each id that was merged into another event of the operation, that one."""
    found: dict[str, str] = {}
    for folder in _messages_by_folder(ledger):
        found |= merges(_rulings_in(folder, ledger))
    return followed(found)


def frozen(ledger: Ledger) -> dict[str, Event]:
    """Withdrawals that wait for a person, by their event: there are pictures of it.

    While one waits no edition is published: the last one stands.
    """
    if not ledger.all("frame"):
        return {}
    withdrawn = withdrawn_by(messages_of(ledger), merged_of(ledger))
    return unanswered(withdrawn, rulings_of(ledger))


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


def feeds_of(ledger: Ledger) -> tuple[str, ...]:
    """The sha256 of every ShakeMap and track that lies with a ledger.

    A message that cannot be read any more is left out: `karte verify` names it.
    """
    found = []
    for text in ledger.all("message").values():
        with suppress(InvalidRecordError):
            message = from_json(Event, text)
            found += [message.sha256] if message.source_kind in FIELD_KINDS else []
    return tuple(sorted(found))


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


def _messages_by_folder(ledger: Ledger) -> Messages:
    """Messages of an operation and of all that go on in it, by where they lie."""
    found: Messages = {}
    waiting = [OperationFolder(ledger.path.parent)]
    while waiting:
        folder = waiting.pop()
        if folder in found or not folder.ledger_path.is_file():
            continue
        if folder.ledger_path == ledger.path:
            found[folder], others = _messages_in(ledger), joined(rulings_of(ledger))
        else:
            with folder.open_ledger() as other:
                found[folder], others = _messages_in(other), joined(rulings_of(other))
        waiting += [OperationFolder(folder.path.parent / name) for name in others]
    return found


def _messages_in(ledger: Ledger) -> tuple[Event, ...]:
    return tuple(from_json(Event, text) for text in ledger.all("message").values())


def _rulings_in(folder: OperationFolder, ledger: Ledger) -> tuple[Ruling, ...]:
    if folder.ledger_path == ledger.path:
        return rulings_of(ledger)
    with folder.open_ledger() as other:
        return rulings_of(other)


def _fields_of(ledger: Ledger, kinds: Collection[str]) -> dict[str, bytes]:
    """Bytes of the newest message of these kinds, by the id of its standing event."""
    merged = merged_of(ledger)
    standing = {event.id for event in standing_events(messages_of(ledger), merged)}
    lies_in = {
        message: folder
        for folder, own in _messages_by_folder(ledger).items()
        for message in own
        if message.source_kind in kinds
    }
    newest = {merged.get(m.id, m.id): m for m in newest_by_kind(lies_in)}
    return {
        event_id: _kept(lies_in[newest[event_id]], newest[event_id].sha256)
        for event_id in sorted(standing & set(newest))
    }


def _kept(folder: OperationFolder, digest: str) -> bytes:
    """The bytes of a message that is a field or a track, as they came."""
    path = folder.feeds / digest
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != digest:
        raise LedgerError(f"{path}: gone or changed; open the same file again")
    return content


def open_messages(
    store: Path,
    files: Sequence[Path],
    *,
    real: bool,
    actor: str | None,
    operation: str | None = None,
    averaging: Averaging | None = None,
    now: datetime | None = None,
) -> Outcome:
    """Take in messages: each opens its operation, or joins the one that is open.

    A drill (訓練) opens a drill in the drill root, whatever `real` says; a test (試験)
    and a distant quake (遠地地震) are recorded and open nothing.

    Args:
        store: The store's folder.
        files: Telegrams, ShakeMaps, tracks, or hand-made events.
        real: A hand-made event or a track is no drill; needs `actor`.
        actor: Who says so.
        operation: Id of the operation that the events join; None opens their own.
        averaging: Of the winds of a track that does not say it itself.
        now: A real message from after this is refused; None leaves that out.

    Raises:
        UsageError: If it is real and nobody is named, or a drill is to join a real
            operation, or the other way round.
    """
    if real and not actor:
        raise UsageError("--real needs --actor NAME: who says that this is no drill?")
    opening = Opening(
        real=real, actor=actor, operation=operation, averaging=averaging, now=now
    )
    lines: list[str] = []
    opened: list[dict[str, Any]] = []
    refused: list[Refusal] = []
    for file in files:
        try:
            message, content = read_message(file, opening)
        except RefusedError as error:
            refused.append(error.refusal)
            continue
        folder = take_in(store, message, content, opening)
        summary = message_summary(message, folder)
        superseded = folder is not None and _is_superseded(folder, message)
        opened.append({**summary, "superseded": superseded})
        late = "; a newer report is already in 旧報" if superseded else ""
        lines.append(message_sentence(message, folder) + late)
    return Outcome(
        code=code_for(done=len(opened), refused=len(refused)),
        lines=[*lines, *refusal_lines(refused)],
        data={"messages": opened, "refused": refusal_dicts(refused)},
    )


def _is_superseded(folder: OperationFolder, message: Event) -> bool:
    with folder.open_ledger() as ledger:
        return is_superseded(message, messages_of(ledger))


def take_in(
    store: Path, message: Event, content: bytes, opening: Opening
) -> OperationFolder | None:
    """Write one message into the ledger of its operation.

    A cancellation that comes before what it cancels waits for it, so that the order of
    arrival changes nothing.

    Returns:
        The operation's folder, or None where the message opens none.
    """
    if message.distant or message.status is EventStatus.TEST:
        remember(store, message, opening.actor)
        return None
    folder = home_of(store, message, opening)
    cancels = message.message_type is MessageType.CANCELLATION
    if cancels and not folder.ledger_path.is_file():
        remember(store, message, opening.actor)
        return None
    if message.source_kind in FIELD_KINDS:
        write_feed(folder, content)
    operation = Operation(
        id=folder.id,
        drill=folder.drill,
        opened_by=message.id,
        events=(message.id,),
        seed=int(sha256(folder.id.encode()).hexdigest()[:8], 16),
    )
    own = [message, *waiting_for(store, message)]
    with folder.open_ledger() as ledger:
        ledger.record(
            [
                ("operation", "operation", to_json(operation)),
                *(("message", each.sha256, to_json(each)) for each in own),
            ],
            note={"did": "event open", "actor": opening.actor},
        )
    return goes_on_in(folder)


def message_sentence(message: Event, folder: OperationFolder | None) -> str:
    """What became of one message, in words."""
    head = f"{message.source_kind} {describe(message)}"
    if folder is not None:
        return f"{root_words(drill=folder.drill)} operation {folder.id}: {head}"
    if message.distant:
        return f"distant quake 遠地地震, opens no operation: {head}"
    if message.status is EventStatus.TEST:
        return f"test message 試験, opens no operation: {head}"
    return f"cancellation 取消 of an event that was never opened: {head}"


def message_summary(message: Event, folder: OperationFolder | None) -> dict[str, Any]:
    """What became of one message, as data."""
    return {
        "operation": None if folder is None else folder.id,
        "drill": is_drill(message),
        "event": message.id,
        "kind": message.source_kind,
        "type": message.message_type.value,
        "distant": message.distant,
        "serial": message.serial,
        "reported_at": message.reported_at.isoformat(),
        "sha256": message.sha256,
    }
