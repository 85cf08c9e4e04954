"""Where the messages of an event lie: its own operation, or one that it joined."""

from pathlib import Path

from data.errors import UsageError
from data.ledger import Ledger
from data.operation import Event, EventStatus, MessageType, RulingKind
from data.record import from_json, to_json
from data.rulings import joined, rule, rulings_of
from data.store import (
    GOES_ON_IN,
    OperationFolder,
    find_operation,
    goes_on_in,
    operation_folder,
    received_path,
)
from pipelines.message_files import Opening


def home_of(store: Path, message: Event, opening: Opening) -> OperationFolder:
    """Where the messages of an event lie: its own operation, or the one it joined."""
    own = operation_folder(store, message.id, drill=is_drill(message))
    if opening.operation is None:
        return _routed(store, own)
    folder = find_operation(store, opening.operation)
    if folder.drill != own.drill:
        raise UsageError(
            f"{message.id} is {root_words(drill=own.drill)}, operation {folder.id} is"
            f" {root_words(drill=folder.drill)}: a drill and the real are never mixed"
        )
    elsewhere = _elsewhere(store, own, folder)
    if elsewhere is not None:
        raise UsageError(
            f"event {own.id} belongs to operation {elsewhere} already, not to"
            f" {folder.id}; leave out --operation"
        )
    if not own.ledger_path.is_file():
        _route(store, own, folder)
        return folder
    if goes_on_in(own) != folder:
        _join(folder, own, opening)
    return own


def home_of_event(store: Path, event_id: str) -> OperationFolder:
    """Where the messages of an event lie that is in already.

    Raises:
        UsageError: If no operation of the store knows the event.
    """
    for drill in (False, True):
        if Path(event_id).name != event_id:
            break
        home = _routed(store, operation_folder(store, event_id, drill=drill))
        if home.ledger_path.is_file():
            return home
    raise UsageError(f"event {event_id}: in no operation of store {store}")


def _elsewhere(
    store: Path, own: OperationFolder, folder: OperationFolder
) -> str | None:
    """Another operation that an event joined before, if any."""
    found = goes_on_in(_routed(store, own))
    return None if found in (own, folder) else found.id


def _route_key(event_id: str) -> tuple[str, str]:
    return "setting", f"operation of {event_id}"


def _routed(store: Path, own: OperationFolder) -> OperationFolder:
    path = received_path(store, drill=own.drill)
    if own.ledger_path.is_file() or not path.is_file():
        return own
    with Ledger(path) as received:
        name = received.get(*_route_key(own.id))
    return OperationFolder(own.path.parent / name.decode()) if name else own


def _route(store: Path, own: OperationFolder, folder: OperationFolder) -> None:
    with Ledger(received_path(store, drill=own.drill)) as received:
        received.replace(
            [(*_route_key(own.id), folder.id.encode())],
            note={"did": "event join", "event": own.id, "operation": folder.id},
        )


def _join(folder: OperationFolder, own: OperationFolder, opening: Opening) -> None:
    """Let an operation that is open already go on in another one."""
    if opening.now is None:
        raise UsageError(f"operation {own.id} is open: joining it needs a time")
    with folder.open_ledger() as ledger:
        if own.id not in joined(rulings_of(ledger)):
            rule(
                ledger,
                RulingKind.JOIN,
                event=folder.id,
                other=own.id,
                actor=opening.actor,
                at=opening.now,
            )
    with own.open_ledger() as ledger:
        ledger.replace(
            [(*GOES_ON_IN, folder.id.encode())],
            note={"did": "event join", "operation": folder.id, "actor": opening.actor},
        )


def remember(store: Path, message: Event, actor: str | None) -> None:
    """Record a message that belongs to no operation, or to none yet."""
    with Ledger(received_path(store, drill=is_drill(message))) as received:
        received.record(
            [("message", message.sha256, to_json(message))],
            note={"did": "event received", "actor": actor},
        )


def waiting_for(store: Path, message: Event) -> list[Event]:
    """Cancellations of the same event that came before anything else of it."""
    path = received_path(store, drill=is_drill(message))
    if not path.is_file():
        return []
    with Ledger(path) as received:
        found = [from_json(Event, text) for text in received.all("message").values()]
    return [
        each
        for each in found
        if each.id == message.id
        and each.message_type is MessageType.CANCELLATION
        and each.status is message.status
        and not each.distant
    ]


def root_words(*, drill: bool) -> str:
    """Which root something lies in, in both languages."""
    return "DRILL 訓練" if drill else "REAL"


def is_drill(message: Event) -> bool:
    """Whether a message belongs to the root of drills."""
    return message.status is not EventStatus.REAL
