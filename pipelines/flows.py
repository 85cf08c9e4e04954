"""The Prefect flows, nothing else: they trigger, schedule, retry and show.

Prefect delivers at least once and forgets under load, so it is never the truth: the
flows call the same steps as the commands, and those are keyed in the ledger. A run that
is started twice, or killed and started again, changes nothing.
"""

from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.events import emit_event
from prefect.states import Completed, Failed, State
from pydantic import BaseModel

from data.errors import ResourceError
from pipelines import assess as assessing
from pipelines import editions, ingest
from pipelines.config import IntakeOptions, read_config, store_path
from pipelines.outcome import ExitCode, Outcome

ACCEPTED = "karte.event.accepted"
RETRIES, RETRY_AFTER_S = 3, 20.0
"""Only a full disk or memory is tried again; all else would fail again."""


class EventRef(BaseModel):
    """What an accepted event tells the flow.

    Attributes:
        operation: Id of the operation, or `latest`.
        store: The store's folder; None takes KARTE_STORE or ./karte-store.
    """

    operation: str = "latest"
    store: str | None = None


def announce(operation: str, store: Path) -> None:
    """Emit the event that starts the deployment `on-event`."""
    emit_event(
        ACCEPTED,
        resource={"prefect.resource.id": f"karte.event.{operation}"},
        payload={"operation": operation, "store": str(store.absolute())},
    )


def _may_help_to_retry(_task: object, _run: object, state: State) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, ResourceError | MemoryError)


def _state(outcome: Outcome) -> State:
    """Exit 0 and 3 end Completed (3 with a note), all others Failed."""
    note = "\n".join(outcome.lines)
    if outcome.code in (ExitCode.DONE, ExitCode.PARTIAL):
        return Completed(message=note, data=dict(outcome.data))
    return Failed(message=note, data=dict(outcome.data))


@task(
    retries=RETRIES,
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_help_to_retry,
)
def publish_edition(operation: str, store: Path) -> Outcome:
    """One edition of what the ledger holds."""
    return editions.publish(store, operation, read_config(None, store=store))


@task(
    retries=RETRIES,
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_help_to_retry,
)
def take_in(operation: str, store: Path, paths: list[Path]) -> Outcome:
    """Pictures into the ledger."""
    config = read_config(None, store=store)
    return ingest.ingest(store, operation, paths, IntakeOptions(), config)


@task(
    retries=RETRIES,
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_help_to_retry,
)
def look_at_chunk(operation: str, store: Path, number: int) -> int:
    """One chunk of frames, looked at; returns how many pairs were new."""
    config = read_config(None, store=store)
    return assessing.look_at_chunk(store, operation, config, number=number)


@flow(name="plan")
def plan(event: EventRef) -> State:
    """Edition 0 of one event: the expected map, before any picture."""
    store = store_path(event.store)
    get_run_logger().info("plan %s in %s", event.operation, store)
    return _state(publish_edition(event.operation, store))


@flow(name="assess")
def assess(
    operation: str = "latest", store: str | None = None, inbox: str | None = None
) -> State:
    """A batch to an edition: pictures in, looked at chunk by chunk, published.

    Args:
        operation: Id of the operation, or `latest`.
        store: The store's folder; None takes KARTE_STORE or ./karte-store.
        inbox: Folder or zip of new pictures; None looks at what is taken in already.
    """
    folder = store_path(store)
    taken = take_in(operation, folder, [Path(inbox)]) if inbox else None
    if taken is not None and taken.code is ExitCode.NOTHING_USABLE:
        return _state(taken)
    chunks = assessing.chunk_count(folder, operation, read_config(None, store=folder))
    for number in range(chunks):
        look_at_chunk(operation, folder, number)
    published = publish_edition(operation, folder)
    lines = [*(taken.lines if taken else ()), *published.lines]
    code = taken.code if taken else published.code
    return _state(Outcome(code=code, lines=lines, data=published.data))
