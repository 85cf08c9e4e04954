"""Progress bars for people at a terminal; silence for everything else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress as Bars


@dataclass(frozen=True, slots=True)
class Progress:
    """One bar; call `advance` after each step."""

    advance: Callable[[], None]


@contextmanager
def steps(what: str, count: int) -> Iterator[Progress]:
    """A bar of `count` steps on standard error, drawn only on a terminal."""
    if not sys.stderr.isatty():
        yield Progress(lambda: None)
        return
    with Bars(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=count)
        yield Progress(lambda: bars.advance(task))
