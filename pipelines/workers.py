"""Work spread over processes; what comes back does not depend on how many."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def _die_with_parent() -> None:
    """End this worker when the process that started it is gone, killed or not."""
    parent = parent_process()
    if parent is None:
        return

    def wait() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def pool(workers: int) -> Iterator[Callable[[Callable[[T], R], Sequence[T]], list[R]]]:
    """A function that maps over a chunk; results come in the order of the chunk.

    With one worker all is done in this process. Every process uses one thread.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    if workers == 1:
        yield lambda function, chunk: [function(item) for item in chunk]
        return
    executor = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_die_with_parent
    )
    try:
        yield lambda function, chunk: list(executor.map(function, chunk))
    finally:
        executor.shutdown(cancel_futures=True)
