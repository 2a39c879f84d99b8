"""Run pieces of work on Dask processes and take their results in the order of the pieces.

By default a cluster of this machine that lives as long as the work; any scheduler's address otherwise. A
bounded number of pieces is under way at a time, whatever the number of pieces. A worker that dies is
replaced or done without: its pieces run again, and because a piece depends on its own arguments alone the
results are the same. Nothing here knows what a piece computes. Work and results travel between the
program's own processes by pickle: give only the address of a scheduler you trust, as you would with a shell
on its machines.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import signal
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from truceline import __version__
from truceline.errors import OutputError, Problem, ScenarioError

Piece = TypeVar("Piece")
Result = TypeVar("Result")

MOST_WORKERS = 1_000
"""More local processes than this is a slip of the finger."""
IN_FLIGHT_PER_WORKER = 3
"""Pieces handed out and not yet taken, for each thread of a worker: one running, two so that none waits."""
RETRIES = 2
"""How often a piece that raised is tried again before the run is given up."""
ALLOWED_DEATHS = 10
"""How many workers may die over one piece before it is taken for the cause."""
CONNECT_S = 10
"""How long a scheduler may take to answer."""
NO_WORKER_S = 300
"""How long a scheduler may be without any worker before the run is given up."""
LOG_LENGTH = 1_000
"""Lines that the engine keeps of its own log: what it keeps must not grow with the number of pieces."""
_POLL_S = 0.2
"""How soon an interrupt is noticed."""
_LOOK_S = 5.0
"""How often the engine is asked whether it still has workers."""

Check = Callable[[], None]


def run_in_order(
    task: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    take: Callable[[Result], None],
    *,
    workers: int = 1,
    scheduler: str = "",
) -> None:
    """Run `task` on every piece and give the results to `take`, in the order of the pieces.

    task: a function of a module, which other processes can import. One worker and no scheduler: in this
    process, without Dask. Raises ScenarioError where the engine cannot be reached or is not fit for the
    work, OutputError where it breaks down for good; an exception of `task` itself comes through as it is.
    """
    check_engine(workers, scheduler)
    if workers == 1 and not scheduler:
        for piece in pieces:
            take(task(piece))
        return
    with _notice_interrupts() as check, _open_client(workers, scheduler) as client:
        _run_on(client, task, pieces, take, check)


def check_engine(workers: int, scheduler: str) -> None:
    """Refuse a number of workers or an address that cannot be meant.

    Raises ScenarioError with everything wrong.
    """
    problems = find_engine_problems(workers, scheduler)
    if problems:
        raise ScenarioError("simulate", problems)


def find_engine_problems(workers: int, scheduler: str) -> list[Problem]:
    """Return what is wrong with a number of workers and an address, without trying to reach it."""
    problems = []
    if not 1 <= workers <= MOST_WORKERS:
        hint = f"give 1 for this process alone, up to {MOST_WORKERS:,}; the cores of the machine are enough"
        problems.append(Problem(f"--workers {workers}", "is no number of processes", hint))
    if scheduler and not _is_address(scheduler):
        hint = "write such as tcp://192.0.2.7:8786"
        problems.append(Problem(f"--scheduler {scheduler}", "is not the address of a scheduler", hint))
    elif scheduler and workers != 1:
        hint = "leave --workers out: the scheduler has its own"
        problems.append(Problem(f"--workers {workers}", "has no meaning with --scheduler", hint))
    if (scheduler or workers > 1) and not _is_installed():
        hint = "pip install 'truceline[simulate]', or leave out --workers and --scheduler"
        problems.append(Problem("--workers", "needs the package 'distributed', which is not there", hint))
    return problems


def _is_installed() -> bool:
    from importlib.util import find_spec

    return find_spec("distributed") is not None


def _is_address(text: str) -> bool:
    """Tell whether a text is host:port, with or without a protocol in front."""
    protocol, mark, rest = text.rpartition("://")
    if mark and protocol not in ("tcp", "tls", "ws", "wss", "ucx"):
        return False
    host, colon, port = rest.rpartition(":")
    if not colon or not host or any(c.isspace() or c in "/@" for c in host):
        return False
    return port.isascii() and port.isdigit() and 0 < int(port) <= 65_535


@contextmanager
def _notice_interrupts() -> Iterator[Check]:
    """Give a function that raises KeyboardInterrupt once somebody has interrupted; until then they wait.

    The engine starts and ends whole, then, and leaves no process behind. A second interrupt is not held up.
    Outside the main thread, where signals never arrive, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = signal.getsignal(signal.SIGINT)
    pressed = False

    def note(number: int, frame: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, note)
    try:
        yield check
    except Exception:
        check()  # an engine that broke because somebody interrupted was interrupted
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    check()


@contextmanager
def _deaf_threads() -> Iterator[None]:
    """Let threads and processes started in this block, and by those, be deaf to the terminal's interrupt.

    A terminal sends it to every process of a group; the workers are to be ended by us, in order.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its start would open the ears of the thread that spawns workers
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _open_client(workers: int, scheduler: str) -> Iterator[Any]:
    """Give a client of the scheduler, or of a cluster made for this run and ended with it."""
    import dask
    import distributed

    start_client: Any = distributed.Client
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
        "distributed.scheduler.http.routes": [],  # nothing is served over HTTP
        "distributed.worker.http.routes": [],
        "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
        "distributed.admin.low-level-log-length": LOG_LENGTH,
    }
    with dask.config.set(settings), _quiet():
        if not scheduler:
            with _start_cluster(workers) as cluster, start_client(cluster, set_as_default=False) as client:
                yield client
            return
        try:
            client = start_client(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            found = f"does not answer ({type(error).__name__})"
            hint = "check that `dask scheduler` runs there and that its port is open"
            raise ScenarioError("simulate", [Problem(f"--scheduler {scheduler}", found, hint)]) from None
        with client:
            _check_remote(client, scheduler)
            yield client


@contextmanager
def _start_cluster(workers: int) -> Iterator[Any]:
    """Give processes of this machine, one thread each, replaced when they die, gone when the block ends."""
    import distributed

    start_cluster: Any = distributed.LocalCluster
    with tempfile.TemporaryDirectory(prefix="truceline-", ignore_cleanup_errors=True) as scratch:
        with _deaf_threads():
            cluster = start_cluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any free port: the usual one may be somebody else's
                local_directory=scratch,
                memory_limit=None,  # what a piece needs is bounded and was checked before
                silence_logs=logging.CRITICAL,
            )
        with cluster:
            yield cluster


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the engine's log off the terminal: what matters of it is said in our own words."""
    log = logging.getLogger("distributed")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _check_remote(client: Any, scheduler: str) -> None:
    """Refuse a scheduler without workers, or with workers that have another version of this program."""
    where = f"--scheduler {scheduler}"
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except (OSError, TimeoutError):
        problem = Problem(where, f"has no workers after {CONNECT_S} s", "start one: `dask worker ADDRESS`")
        raise ScenarioError("simulate", [problem]) from None
    try:
        versions = client.run(_tell_version, on_error="return")
    except (OSError, TimeoutError) as error:
        problem = Problem(where, f"broke off ({type(error).__name__})", "try again")
        raise ScenarioError("simulate", [problem]) from None
    problems = [
        Problem(f"worker {address}", f"has {_say_version(version)}", f"install truceline {__version__} there")
        for address, version in sorted(versions.items())
        if version != __version__
    ]
    if problems:
        raise ScenarioError("simulate", problems)


def _tell_version() -> str:
    """Return the program's version; run on a worker."""
    from truceline import __version__ as there

    return there


def _say_version(found: object) -> str:
    return f"truceline {found}" if isinstance(found, str) else f"no truceline ({type(found).__name__})"


def _run_on(
    client: Any,
    task: Callable[[Piece], Result],
    pieces: Iterable[Piece],
    take: Callable[[Result], None],
    check: Check,
) -> None:
    """Hand out pieces, never more than the window, and take the results from the front."""
    from truceline.simulate._dask_carrier import Carrier, run_carried

    name = f"truceline-{uuid.uuid4().hex}"  # never in a result: several runs may share a scheduler
    client.register_plugin(Carrier(name, task), name=name)
    window = IN_FLIGHT_PER_WORKER * max(1, sum(client.nthreads().values()))
    waiting: deque[Any] = deque()
    left = iter(pieces)
    try:
        while True:
            for piece in islice(left, window - len(waiting)):
                waiting.append(client.submit(run_carried, name, piece, pure=False, retries=RETRIES))
            if not waiting:
                return
            future = waiting[0]
            result: Result = _wait_for(client, future, check)
            take(result)
            waiting.popleft()
            future.release()
    finally:
        with contextlib.suppress(Exception):  # the engine may be gone: there is nothing to call back then
            client.cancel(list(waiting), force=True)
            client.unregister_worker_plugin(name)


def _wait_for(client: Any, future: Any, check: Check) -> Any:
    """Return a result; while it is not there, see to it that somebody still works on it."""
    from distributed import KilledWorker

    async def fetch() -> Any:
        return await client.gather(future, asynchronous=True)

    # Asked for once and then looked at: a result that is asked for with a time limit, again and again, is
    # lost by the library where it arrives at the very moment at which the time is up.
    answer = asyncio.run_coroutine_threadsafe(fetch(), client.loop.asyncio_loop)
    looked = alone_since = time.monotonic()
    while True:
        check()
        try:
            return answer.result(timeout=_POLL_S)
        except TimeoutError:
            if answer.done():
                raise  # the piece itself ran out of some time of its own
            if client.status != "running":
                raise _broken("the scheduler went away") from None
        except KilledWorker:
            raise _broken(f"one piece of work ended {ALLOWED_DEATHS} workers") from None
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            raise _broken("the scheduler dropped the work") from None
        now = time.monotonic()
        if now - looked > _LOOK_S:
            looked = now
            alone_since = now if client.nthreads() else alone_since
        if now - alone_since > NO_WORKER_S:
            raise _broken(f"there was no worker for {NO_WORKER_S} s")


def _broken(found: str) -> OutputError:
    hint = "nothing was written; the same command with the same seed gives the same answer"
    return OutputError("simulate", [Problem("engine", found, hint)])
