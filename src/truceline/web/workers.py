"""Several processes that serve one address: one Python process makes pages on one core alone.

The first process listens, starts the others, starts one anew that ended on its own, and answers nothing
itself. It ends them when it is told to end; where it is killed, they notice and end by themselves. Each has
its own connections to the store and counts the rates of its own callers; figures are added up.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from truceline.errors import Problem, TrucelineError
from truceline.web.metrics import SHARED_FOLDER
from truceline.web.server import (
    GRACE_AFTER_STOP_S,
    Listening,
    ServeError,
    bind,
    make_server,
    open_socket,
    say_address,
)
from truceline.web.settings import ServiceSettings

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from truceline.web.desk import Desk

MOST_BY_DEFAULT = 4
"""Processes started at most where the operator does not say how many."""
EARLY_S = 10.0
"""A process that ends on its own sooner than this after its start is not started anew at once."""
PAUSE_S = 2.0
"""How long it is left before."""
MOST_FAILED = 5
"""Processes that end early, one after the other, before the service gives up."""

log = logging.getLogger("truceline.service")


def count_workers() -> int:
    """Return how many processes serve where the operator does not say: one for each core, up to a few."""
    return max(1, min(os.cpu_count() or 1, MOST_BY_DEFAULT))


def run_workers(
    address: str,
    settings: ServiceSettings,
    listening: Listening,
    *,
    n: int,
    log_form: str,
    tell: Callable[[str], None],
) -> None:
    """Serve the store at `address` by `n` processes until a signal ends them.

    `tell` is given where it listens once all answer. Raises ServeError, before anything listens, as
    `run_service` does, and where the processes do not stay up.
    """
    with contextlib.ExitStack() as stack:
        # A socket for each: of one that is shared, whoever wakes first takes all who wait at the door.
        first = stack.enter_context(contextlib.closing(open_socket(settings, listening, shared=True)))
        same = replace(listening, port=first.getsockname()[1])
        others = [stack.enter_context(contextlib.closing(bind(same, shared=True))) for _ in range(n - 1)]
        stack.enter_context(_sharing_figures())
        stop = stack.enter_context(_watching_signals())
        crew = _Crew(address, settings, listening, log_form)
        stack.callback(crew.end)
        for bound in (first, *others):
            crew.start_one(bound)
        crew.watch(stop, on_ready=lambda: tell(say_address(first, listening)))


@dataclass
class _Worker:
    process: SpawnProcess
    bound: socket.socket
    """Where it listens; who comes while it is replaced waits there."""
    ready: Connection
    """Says once that the process answers."""
    started: float
    is_ready: bool = False


@dataclass
class _Crew:
    """The processes, as the first one sees them."""

    address: str
    settings: ServiceSettings
    listening: Listening
    log_form: str
    _workers: list[_Worker] = field(default_factory=list)
    _failed: int = 0
    """Processes that ended early, one after the other."""

    def __post_init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._alive, self._life = self._context.Pipe(duplex=False)

    def start_one(self, bound: socket.socket) -> None:
        """Start one more process, for a socket of its own."""
        ready, is_ready = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work,
            args=(self.address, self.settings, self.listening, bound, self.log_form, is_ready, self._alive),
        )
        # Until it listens for it itself, a process dies of Ctrl-C with a trace: only this one is to hear it.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.start()
        finally:
            signal.signal(signal.SIGINT, before)
        is_ready.close()
        self._workers.append(_Worker(process, bound, ready, time.monotonic()))

    def watch(self, stop: Connection, *, on_ready: Callable[[], None]) -> None:
        """Return once a signal asks to end; say when all answer, and replace what ends on its own."""
        is_told = False
        while True:
            waited: list[Any] = [stop, *(each.process.sentinel for each in self._workers)]
            waited += [each.ready for each in self._workers if not each.is_ready]
            found = wait(waited)
            if stop in found:
                return
            for each in list(self._workers):
                if each.ready in found and not each.is_ready:
                    with contextlib.suppress(EOFError):  # it ended first
                        each.ready.recv_bytes()
                        each.is_ready, self._failed = True, 0
                if each.process.sentinel in found:
                    self._replace(each, stop)
            if not is_told and self._workers and all(each.is_ready for each in self._workers):
                is_told = True
                on_ready()

    def _replace(self, gone: _Worker, stop: Connection) -> None:
        from prometheus_client.multiprocess import mark_process_dead

        gone.process.join()
        gone.ready.close()
        self._workers.remove(gone)
        mark_process_dead(gone.process.pid)  # type: ignore[no-untyped-call]
        log.error("a process ended on its own", extra={"code": gone.process.exitcode})
        if time.monotonic() - gone.started < EARLY_S:
            self._failed += 1
            if self._failed >= MOST_FAILED:
                hint = "see the log, or try --workers 1"
                raise ServeError("serve", [Problem("--workers", "processes do not stay up", hint)])
            if wait([stop], timeout=PAUSE_S):
                return
        self.start_one(gone.bound)

    def end(self) -> None:
        """End all processes: they end what is under way, within the time they have."""
        for each in self._workers:
            each.process.terminate()
        ends = time.monotonic() + self.settings.stop_s + GRACE_AFTER_STOP_S + 1.0
        for each in self._workers:
            each.process.join(max(0.0, ends - time.monotonic()))
            if each.process.is_alive():
                each.process.kill()
                each.process.join()
        self._life.close()


def _work(
    address: str,
    settings: ServiceSettings,
    listening: Listening,
    bound: socket.socket,
    log_form: str,
    ready: Connection,
    alive: Connection,
) -> None:
    """Serve in a process of its own."""
    from truceline.web.app import create_app
    from truceline.web.logs import configure_logs

    configure_logs(log_form)
    app = create_app(address, settings)
    server = make_server(app, settings, listening, on_ready=lambda: ready.send_bytes(b"1"))
    threading.Thread(target=_end_with_first, args=(alive,), daemon=True).start()
    _warm_up(app.state.desk)
    server.run(sockets=[bound])


def _warm_up(desk: Desk) -> None:
    """Do before anybody waits what the first answers would: load libraries, open the store."""
    import pandas as pd

    pd.DataFrame({"warm": [1.0]})
    with contextlib.suppress(
        TrucelineError
    ):  # a store that is down may come up; requests are told until then
        desk.mission()
    # What is loaded by now stays: looking through it for garbage again and again takes a tenth of the time.
    gc.collect()
    gc.freeze()


def _end_with_first(alive: Connection) -> None:
    """End as a signal would where the first process is gone: nobody else could end this one."""
    with contextlib.suppress(EOFError, OSError):
        alive.recv_bytes()
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _sharing_figures() -> Iterator[None]:
    """Give the processes a folder for their figures."""
    with tempfile.TemporaryDirectory(prefix="truceline-", ignore_cleanup_errors=True) as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


@contextlib.contextmanager
def _watching_signals() -> Iterator[Connection]:
    """Give a connection on which something comes once a signal asks to end."""
    heard, say = multiprocessing.Pipe(duplex=False)

    def hear(number: int, frame: object) -> None:
        with contextlib.suppress(OSError):
            say.send_bytes(b"1")

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        heard.close()
        say.close()
