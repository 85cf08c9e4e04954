"""Signs of life of `karte watch`, one file a watched folder: STORE/watch/NAME.json."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import Field

from data.errors import InvalidRecordError
from data.record import Instant, Sha256, from_json, record, to_json
from data.refusals import Refusal
from pipelines.reading import write_atomically

SILENT_AFTER_S = 120.0
"""A watch beats every few seconds, and while it publishes not at all."""
WAITING, STOPPED, MISSING = "waiting", "stopped", "folder is missing"
"""What a watch does; while it publishes, `publishing OPERATION`."""


@record
class RefusedFile:
    """A file of the feed that is no message, known by its content.

    Attributes:
        name: Of the file, escaped.
        sha256: Of its bytes.
        code: Hash of our code that refused it: another one tries it again.
    """

    name: str
    sha256: Sha256
    code: Sha256
    refusal: Refusal


@record
class Heartbeat:
    """What a watch last said of itself.

    Attributes:
        directory: The folder that is watched, in full.
        at: When it was last alive.
        doing: WAITING, STOPPED, MISSING, or `publishing OPERATION`.
        taken: Messages taken in since it started.
        last_taken_at: When the last of them was.
        refused: Every file that was refused, by name.
    """

    directory: str
    started_at: Instant
    at: Instant
    doing: str
    taken: Annotated[int, Field(ge=0)]
    last_taken_at: Instant | None
    refused: tuple[RefusedFile, ...]


def heartbeat_path(store: Path, directory: Path) -> Path:
    """Where the heartbeat of one watched folder lies."""
    name = sha256(str(directory.absolute()).encode()).hexdigest()[:16]
    return store / "watch" / f"{name}.json"


def write_heartbeat(store: Path, beat: Heartbeat) -> None:
    """Replace the heartbeat of its folder."""
    path = heartbeat_path(store, Path(beat.directory))
    write_atomically(path, to_json(beat))


def read_heartbeat(path: Path) -> Heartbeat | None:
    """One heartbeat, or None where there is none that can be read."""
    try:
        return from_json(Heartbeat, path.read_bytes())
    except (OSError, InvalidRecordError):
        return None


def read_heartbeats(store: Path) -> list[Heartbeat]:
    """Every heartbeat of a store, by the name of its file."""
    found = [read_heartbeat(path) for path in sorted((store / "watch").glob("*.json"))]
    return [beat for beat in found if beat is not None]


def feed_lines(beats: Sequence[Heartbeat], *, at: datetime) -> list[str]:
    """What a person has to know of the feeds: silent ones, and what they refused."""
    return [line for beat in beats for line in _lines(beat, at)]


def feed_facts(beats: Sequence[Heartbeat], *, at: datetime) -> list[dict[str, object]]:
    """The same as data."""
    return [
        {
            "directory": beat.directory,
            "doing": beat.doing,
            "silent_s": round(_silent_s(beat, at), 1),
            "silent": _is_silent(beat, at),
            "taken": beat.taken,
            "refused": [file.name for file in beat.refused],
        }
        for beat in beats
    ]


def _silent_s(beat: Heartbeat, at: datetime) -> float:
    return (at.astimezone(UTC) - beat.at).total_seconds()


def _is_silent(beat: Heartbeat, at: datetime) -> bool:
    return _silent_s(beat, at) > SILENT_AFTER_S or beat.doing == STOPPED


def _lines(beat: Heartbeat, at: datetime) -> list[str]:
    state = f"{beat.directory}, {beat.doing}"
    line = f"  feed alive · 受信監視中 ({state})"
    if _is_silent(beat, at):
        ja, en = span_words(_silent_s(beat, at))
        line = (
            f"  feed silent for {en} · 受信監視が{ja}途絶 ({state});"
            f" next: karte watch {beat.directory}"
        )
    lines = [line]
    if beat.refused:
        names = ", ".join(file.name for file in beat.refused)
        lines.append(
            f"  {len(beat.refused)} files of the feed refused · 受付不可: {names}"
        )
    return lines


def span_words(seconds: float) -> tuple[str, str]:
    """A length of time in whole minutes, hours or days, Japanese and English.

    >>> span_words(14 * 60 + 20)
    ('14分', '14 min')
    >>> span_words(50 * 3600)
    ('50時間', '50 h')
    """
    minutes = max(0, int(seconds // 60))
    for size, ja, en in ((1440, "日", "days"), (60, "時間", "h")):
        if minutes >= 3 * size:
            return f"{minutes // size}{ja}", f"{minutes // size} {en}"
    return f"{minutes}分", f"{minutes} min"
