"""What a command did: an exit code, lines for people, and the same as data."""

import errno
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from data.errors import ResourceError
from data.record import to_json
from data.refusals import Refusal

_SHORT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.ENOMEM})


class ExitCode(IntEnum):
    """Exit codes of the command line (ARCHITECTURE, section 6)."""

    DONE = 0
    BUG = 1
    USAGE = 2
    PARTIAL = 3
    CORRUPT = 4
    RESOURCES = 5
    NOTHING_USABLE = 6
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one command.

    Attributes:
        lines: For people, in the order to be read.
        data: The same for `--json`: plain dicts, lists, numbers and strings.
    """

    code: ExitCode
    lines: Sequence[str]
    data: Mapping[str, Any] = field(default_factory=dict)


def is_shortage(error: object) -> bool:
    """Whether disk or memory ran out: freed, the same call may be tried again.

    >>> is_shortage(OSError(errno.ENOSPC, "")), is_shortage(OSError(errno.EPERM, ""))
    (True, False)
    """
    if isinstance(error, OSError):
        return error.errno in _SHORT
    return isinstance(error, ResourceError | MemoryError)


def code_for(*, done: int, refused: int) -> ExitCode:
    """Exit code of a batch: all done, some refused, or nothing usable.

    >>> code_for(done=3, refused=1).name, code_for(done=0, refused=1).name
    ('PARTIAL', 'NOTHING_USABLE')
    """
    if not refused:
        return ExitCode.DONE
    return ExitCode.PARTIAL if done else ExitCode.NOTHING_USABLE


def refusal_lines(refusals: Sequence[Refusal]) -> list[str]:
    """One line a refusal: what, why in both languages, and the remedy."""
    return [
        f"  refused {r.what}: {r.words_ja} · {r.words_en} ({r.value}); {r.remedy}"
        for r in refusals
    ]


def refusal_dicts(refusals: Sequence[Refusal]) -> list[dict[str, Any]]:
    """Refusals as plain dicts."""
    return [json.loads(to_json(refusal)) for refusal in refusals]
