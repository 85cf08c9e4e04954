"""The Prefect flows, nothing else: they trigger, schedule, retry and show.

Prefect delivers at least once and forgets under load, so it is never the truth: the
flows call the same steps as the commands, and those are keyed in the ledger. A run that
is started twice, or killed and started again, changes nothing.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prefect import State, flow, get_client, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import Event, Resource
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict

from data.errors import KarteError, UsageError
from data.store import find_operation
from pipelines import assess as steps
from pipelines import editions
from pipelines.config import IntakeOptions, read_config, store_path
from pipelines.ingest import ingest
from pipelines.outcome import ExitCode, Outcome, is_shortage

ACCEPTED = "karte.event.accepted"
"""Name of the event that starts the deployment `on-event` (prefect.yaml)."""
ANNOUNCE_TIMEOUT_S = 5.0
RETRIES = 3
RETRY_AFTER_S = 60
"""Time for somebody to free a disk; nothing else is worth trying again."""
TASK_FRAMES = 64
"""Frames of one task: a few hundred tasks a run is what Prefect keeps; given 10,000 it
kept 5,419 of 11,500 records (measured)."""
SHOWN_LINES = 50
"""Lines of an outcome in a state's message; the log of the run holds all of them."""


class EventRef(BaseModel):
    """What an accepted event tells the flow.

    Attributes:
        operation: Id of the operation, or `latest`.
        store: The store's folder; None takes KARTE_STORE or ./karte-store.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: str = "latest"
    store: str | None = None


def announce(operation: str, store: Path) -> None:
    """Tell the Prefect server of an accepted event; the deployment `on-event` plans.

    Args:
        operation: Id of the operation.
        store: The store's folder, where the worker finds it too.

    Raises:
        UsageError: If no server is named, or it does not take the event.
    """
    server = PREFECT_API_URL.value()
    if not server:
        raise UsageError(
            "no Prefect server is named; set PREFECT_API_URL and open the same message"
            f" again, or: karte plan {operation}"
        )
    event = Event(
        event=ACCEPTED,
        resource=Resource({"prefect.resource.id": f"karte.event.{operation}"}),
        payload={"operation": operation, "store": str(store.absolute())},
    )
    try:
        _post("/events", [event.model_dump(mode="json")])
    except (httpx.HTTPError, RuntimeError) as error:
        why = str(error).splitlines()[0]
        raise UsageError(
            f"Prefect server {server} does not take the event ({why});"
            f" start it and open the same message again, or: karte plan {operation}"
        ) from error


def _post(path: Any, content: Any) -> None:  # noqa: ANN401 Prefect's own types
    """Send once, and wait for the answer; Prefect's emit_event does neither."""
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(
            sync_client=True, httpx_settings={"timeout": ANNOUNCE_TIMEOUT_S}
        ) as client,
    ):
        client.request("POST", path, json=content)


def announce_opened(opened: Outcome, store: Path) -> Outcome:
    """Announce every operation that messages opened: `karte event open --announce`.

    What is open stays open: where the server does not answer, the outcome is partial.
    """
    found = {message["operation"] for message in opened.data["messages"]}
    code, lines, announced = opened.code, list(opened.lines), []
    for operation in sorted(found - {None}):
        try:
            announce(operation, store)
        except UsageError as error:
            code = ExitCode.PARTIAL
            lines.append(f"  {operation} is open, but not announced: {error}")
            break  # the others would wait for the same server
        announced.append(operation)
        lines.append(f"  {operation} announced")
    return Outcome(code, lines, {**opened.data, "announced": announced})


def _may_help_to_retry(_task: object, _run: object, state: State) -> bool:
    return is_shortage(state.result(raise_on_failure=False))


_step = task(
    retries=RETRIES,
    retry_delay_seconds=RETRY_AFTER_S,
    retry_condition_fn=_may_help_to_retry,
    cache_policy=NO_CACHE,  # the ledger is the only memory
)


@_step
def publish_edition(store: Path, operation: str) -> Outcome:
    """An edition of what the ledger holds."""
    return editions.publish(store, operation, read_config(None, store=store))


@_step
def take_in(store: Path, operation: str, inbox: Path, now: datetime) -> Outcome:
    """Pictures into the ledger."""
    config = read_config(None, store=store)
    return ingest(store, operation, [inbox], IntakeOptions(), config, now=now)


@_step
def frames_left(store: Path, operation: str) -> list[str]:
    """Ids of the frames with anything left to look at, the riskiest first."""
    return steps.frames_left(store, operation, read_config(None, store=store))


@_step
def look_at_frames(store: Path, operation: str, frames: Sequence[str]) -> int:
    """Look at what is left in these frames; returns how many frames that were."""
    config = read_config(None, store=store)
    return steps.look_at_frames(store, operation, frames, config)


@flow(name="plan")
def plan(event: EventRef) -> State:
    """Edition 0 of one event: the expected map, before any picture."""
    store = store_path(event.store).absolute()

    def run() -> Outcome:
        operation = find_operation(store, event.operation).id
        return publish_edition(store, operation)

    return _ended(run)


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
    folder, now = store_path(store).absolute(), datetime.now(UTC)
    return _ended(lambda: _assess(folder, operation, inbox, now))


def _assess(store: Path, operation: str, inbox: str | None, now: datetime) -> Outcome:
    """The steps of `assess`: an edition after every chunk, and one at the end."""
    name = find_operation(store, operation).id  # `latest` may be another one later
    taken = take_in(store, name, Path(inbox), now) if inbox else None
    looked, published = 0, None
    for frames in _chunks(frames_left(store, name)):
        looked += look_at_frames(store, name, frames)
        published = publish_edition(store, name)
    return steps.assessed(
        name, taken, looked, published or publish_edition(store, name)
    )


def _chunks(frames: Sequence[str]) -> list[Sequence[str]]:
    starts = range(0, len(frames), TASK_FRAMES)
    return [frames[start : start + TASK_FRAMES] for start in starts]


def _ended(run: Callable[[], Outcome]) -> State:
    """The state a flow ends in, with the lines of its outcome.

    Exit codes 0 and 3 end Completed, all others Failed; a bug stays an exception.
    """
    try:
        outcome = run()
    except (KarteError, OSError, MemoryError) as error:
        if not (isinstance(error, KarteError) or is_shortage(error)):
            raise
        return Failed(message=str(error) or "out of memory")
    for line in outcome.lines:
        get_run_logger().info("%s", line)
    return state_of(outcome)


def state_of(outcome: Outcome) -> State:
    """Completed for the exit codes 0 and 3 (which says so), Failed for all others."""
    partial = outcome.code is ExitCode.PARTIAL
    left = len(outcome.lines) - SHOWN_LINES
    lines = [
        *(["partial: some of what was given is refused"] if partial else []),
        *outcome.lines[:SHOWN_LINES],
        *([f"and {left} more lines, in the log of the run"] if left > 0 else []),
    ]
    ends = Completed if partial or outcome.code is ExitCode.DONE else Failed
    return ends(message="\n".join(lines))
