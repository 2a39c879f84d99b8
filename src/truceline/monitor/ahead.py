"""Prepare the next piece of a stream while the last one is being used: one thread, one piece ahead."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
_Message = tuple[str, object]
THREAD_NAME = "truceline-read-ahead"
"""Name of the thread, for whoever looks at what runs."""


@contextmanager
def read_ahead(items: Iterator[Item], *, n_ahead: int = 1) -> Iterator[Iterator[Item]]:
    """Give an iterator over `items` that another thread runs, up to `n_ahead` items ahead (and one in hand).

    What `items` raises is raised where its item would have come. When the block ends, for whatever reason,
    the thread is stopped after its current item and waited for, and `items` is closed if it is a generator.
    """
    ready: queue.Queue[_Message] = queue.Queue(maxsize=n_ahead)
    stopped = threading.Event()

    def put(message: _Message) -> bool:
        while not stopped.is_set():
            try:
                ready.put(message, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(("item", item)):
                    break
            else:
                put(("end", None))
        except BaseException as error:
            put(("error", error))
        finally:
            if isinstance(items, Generator):
                items.close()

    def take() -> Iterator[Item]:
        while True:
            what, value = ready.get()
            if what == "end":
                return
            if what == "error":
                raise value  # type: ignore[misc]
            yield value  # type: ignore[misc]

    thread = threading.Thread(target=work, name=THREAD_NAME, daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        thread.join()
