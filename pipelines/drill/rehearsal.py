"""Play the operator: messages, inventory, plan, then each card at its own time.

Everything goes through the functions behind the commands, with the time of the drill
given to them: the clock on the wall only says how long the machine took.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.store import find_operation
from pipelines import assess, editions, event, holdings
from pipelines.config import Config, IntakeOptions
from pipelines.edition_folder import latest_folder, read_manifest
from pipelines.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing the operator did.

    Attributes:
        what: message, inventory or card.
        at: Time of the drill.
        edition: Number of the newest edition after it; None where there is none yet.
        seconds: That the machine took.
        refused: Files that were refused.
        left: Frames taken in that were of no use, by reason.
    """

    what: str
    name: str
    at: datetime
    edition: int | None
    seconds: float
    refused: int
    left: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Played:
    """A rehearsal after its last card."""

    operation: str
    steps: tuple[Step, ...]


def play(given: Path, store: Path, *, workers: int = 1) -> Played:
    """Run the loop over what is given, in the order it comes.

    Args:
        given: Folder `given` of a drill (`pipelines.drill.disaster`); nothing else of
            the drill is read.
        store: A new store.
        workers: Processes that look.
    """
    schedule = json.loads((given / "schedule.json").read_text("utf-8"))
    listed = given / schedule["inventory"]
    steps = [
        _timed(
            "inventory",
            listed.name,
            schedule["begins_at"],
            lambda: holdings.import_inventory(store, listed, kind=None, mapping=None),
        )
    ]
    arrivals = [("message", m["file"], m["at"]) for m in schedule["messages"]]
    arrivals += [("card", d["folder"], d["at"]) for d in schedule["deliveries"]]
    operation: str | None = None
    for what, name, at in sorted(arrivals, key=lambda each: each[2]):
        now = datetime.fromisoformat(at)
        if what == "message":
            operation, step = _hear(store, given / name, now, operation)
        else:
            step = _take_card(store, given / name, now, operation, workers=workers)
        steps.append(step)
    return Played(operation=operation or "none", steps=tuple(steps))


def _timed(what: str, name: str, at: str, do: Callable[[], Outcome]) -> Step:
    began = time.perf_counter()
    outcome = do()
    return _step(what, name, datetime.fromisoformat(at), outcome, began)


def _step(what: str, name: str, at: datetime, outcome: Outcome, began: float) -> Step:
    taken = outcome.data.get("ingest") or {}
    left: dict[str, int] = {}
    for word in ("unusable", "unlocated"):
        for why in dict(taken.get(word, {})).values():
            left[str(why)] = left.get(str(why), 0) + 1
    return Step(
        what=what,
        name=name,
        at=at,
        edition=outcome.data.get("edition"),
        seconds=round(time.perf_counter() - began, 3),
        refused=len(taken.get("refused", ())),
        left=left,
    )


def _hear(
    store: Path, file: Path, now: datetime, operation: str | None
) -> tuple[str, Step]:
    """A message opens the operation or joins it; then the expected map."""
    began = time.perf_counter()
    opened = event.open_messages(
        store, [file], real=False, actor="drill", operation=operation, now=now
    )
    name = operation or str(opened.data["messages"][0]["operation"])
    planned = editions.publish(store, name, Config(), as_of=now)
    return name, _step("message", file.name, now, planned, began)


def _take_card(
    store: Path, folder: Path, now: datetime, operation: str | None, *, workers: int
) -> Step:
    """A card is taken in, looked at, and a new edition published."""
    began = time.perf_counter()
    done = assess.assess(
        store,
        operation or "latest",
        [folder],
        IntakeOptions(),
        Config(),
        assess.Running(now=now, as_of=now, workers=workers),
    )
    return _step("card", folder.name, now, done, began)


def edition_paths(store: Path, operation: str) -> dict[int, Path]:
    """Folders of all editions by number."""
    root = find_operation(store, operation).path
    newest = latest_folder(root)
    if newest is None:
        return {}
    folders = sorted(
        p for p in newest.parent.iterdir() if (p / "map.parquet").is_file()
    )
    return {read_manifest(folder).info.number: folder for folder in folders}


def played_dict(played: Played) -> dict[str, Any]:
    """The same as plain values."""
    value = asdict(played)
    value["steps"] = [s | {"at": s["at"].isoformat()} for s in value["steps"]]
    return value


def played_from(value: dict[str, Any]) -> Played:
    """The inverse of `played_dict`."""
    steps = [
        Step(**step | {"at": datetime.fromisoformat(step["at"])})
        for step in value["steps"]
    ]
    return Played(operation=value["operation"], steps=tuple(steps))
