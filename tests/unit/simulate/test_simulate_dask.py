"""The engine: results in order, workers that die, interrupts, addresses that lead nowhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from small_watch import small_watch

from truceline import __version__
from truceline.errors import OutputError, ScenarioError
from truceline.publish.simulation_record import document_simulation, dump_simulation
from truceline.simulate import dask_engine
from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.dask_engine import IN_FLIGHT_PER_WORKER, MOST_WORKERS, check_engine, run_in_order
from truceline.simulate.ensemble import CHUNK, Comparison, compare_plans
from truceline.simulate.settings import read_settings
from truceline.simulate.watch import no_watch

distributed = pytest.importorskip("distributed", reason="the extra `simulate` is not installed")
ASSUMPTIONS = load_ceasefire_assumptions()
SETTINGS = read_settings(ASSUMPTIONS, n_days=20)


def square(x: int) -> int:
    return x * x


def die(x: int) -> int:
    """End the process as a crash would; run on a worker."""
    os.kill(os.getpid(), signal.SIGKILL)
    return x


class Heavy:
    """A task that counts how often it is packed up."""

    n_packed = 0

    def __call__(self, x: int) -> int:
        return x + 1

    def __getstate__(self) -> dict[str, str]:
        Heavy.n_packed += 1
        return {"load": "much"}


def break_down(x: int) -> int:
    if x == 3:
        raise ZeroDivisionError("piece three")
    return x


def simulate(workers: int, tell: Any = None, scheduler: str = "") -> str:
    watch = small_watch()
    found: Comparison = compare_plans(
        [watch, no_watch(watch)],
        assumptions=ASSUMPTIONS,
        settings=SETTINGS,
        n_replicates=8 * CHUNK,
        seed=2,
        workers=workers,
        scheduler=scheduler,
        progress=tell,
    )
    return dump_simulation(document_simulation(found))


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Give a scheduler with one worker in this process: quick, and reached by its address as any other."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
    ) as made:
        yield made


def test_alone_results_come_in_the_order_of_the_pieces() -> None:
    got: list[int] = []
    run_in_order(square, range(5), got.append)
    assert got == [0, 1, 4, 9, 16]


@pytest.mark.slow
def test_a_killed_worker_costs_time_and_changes_no_byte() -> None:
    import psutil

    killed: list[int] = []

    def kill_one(stage: str, share: float) -> None:
        if share > 0.0 and not killed:
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if "spawn_main" in " ".join(child.cmdline())
            ]
            workers[0].kill()
            killed.append(workers[0].pid)

    alone = simulate(1)  # first, so that the loop is compiled once and not by both workers
    assert simulate(2, kill_one) == alone
    assert len(killed) == 1


def test_a_scheduler_elsewhere_gives_the_same_bytes(cluster: Any) -> None:
    assert simulate(1, scheduler=cluster.scheduler_address) == simulate(1)


def test_a_bounded_number_of_pieces_is_under_way(cluster: Any) -> None:
    handed_out: list[int] = []
    most: list[int] = []
    got: list[int] = []

    def pieces() -> Iterator[int]:
        for piece in range(40):
            handed_out.append(piece)
            most.append(len(handed_out) - len(got))
            yield piece

    run_in_order(square, pieces(), got.append, scheduler=cluster.scheduler_address)
    assert got == [x * x for x in range(40)]
    assert max(most) <= 2 * IN_FLIGHT_PER_WORKER + 1


def test_what_a_task_holds_is_sent_once_and_not_with_every_piece(cluster: Any) -> None:
    Heavy.n_packed = 0
    got: list[int] = []
    run_in_order(Heavy(), range(30), got.append, scheduler=cluster.scheduler_address)
    assert got == list(range(1, 31))
    assert 1 <= Heavy.n_packed <= 4


def test_an_error_of_the_work_comes_through_as_it_is(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "RETRIES", 0)
    got: list[int] = []
    with pytest.raises(ZeroDivisionError, match="piece three"):
        run_in_order(break_down, range(20), got.append, scheduler=cluster.scheduler_address)
    assert got == [0, 1, 2]


@pytest.mark.slow
def test_work_that_ends_every_worker_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "ALLOWED_DEATHS", 0)
    with pytest.raises(OutputError, match="one piece of work ended"):
        run_in_order(die, range(1), lambda result: None, workers=2)


def test_an_address_where_nobody_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "CONNECT_S", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ScenarioError, match="does not answer"):
        run_in_order(square, range(3), lambda result: None, scheduler=address)


def test_a_scheduler_without_workers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "CONNECT_S", 1)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
        ) as empty,
        pytest.raises(ScenarioError, match="has no workers"),
    ):
        run_in_order(square, range(3), lambda result: None, scheduler=empty.scheduler_address)


def test_workers_with_another_version_are_told(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "__version__", "0.0.0")
    with pytest.raises(ScenarioError) as caught:
        run_in_order(square, range(3), lambda result: None, scheduler=cluster.scheduler_address)
    assert f"has truceline {__version__}" in str(caught.value)


@pytest.mark.parametrize(
    ("workers", "scheduler", "said"),
    [
        (0, "", "is no number of processes"),
        (-1, "", "is no number of processes"),
        (MOST_WORKERS + 1, "", "is no number of processes"),
        (1, "nonsense", "is not the address"),
        (1, "ftp://host:8786", "is not the address"),
        (1, "tcp://host", "is not the address"),
        (1, "host:99999", "is not the address"),
        (1, "tcp://:8786", "is not the address"),
        (1, "tcp://user@host:8786", "is not the address"),
        (4, "tcp://host:8786", "has no meaning with --scheduler"),
    ],
)
def test_engines_that_cannot_be_meant_are_refused(workers: int, scheduler: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        check_engine(workers, scheduler)


@pytest.mark.parametrize(
    "scheduler", ["", "tcp://192.0.2.7:8786", "host.example:1", "tls://[2001:db8::1]:8786"]
)
def test_engines_that_can_be_meant_are_taken(scheduler: str) -> None:
    check_engine(1, scheduler)


def test_without_the_package_only_one_process_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "_is_installed", lambda: False)
    check_engine(1, "")
    with pytest.raises(ScenarioError, match="truceline\\[simulate\\]"):
        check_engine(2, "")


SCRIPT = """
import sys, time
from truceline.simulate.dask_engine import run_in_order

def rest(x):
    time.sleep(0.1)
    return x

if __name__ == "__main__":
    def take(x):
        print(x, flush=True)
    try:
        run_in_order(rest, range(500), take, workers=2)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs groups of processes, as POSIX has them")
def test_an_interrupt_of_the_whole_group_ends_everything_quietly(tmp_path: Path) -> None:
    script = tmp_path / "rest.py"
    script.write_text(SCRIPT, encoding="utf-8")
    pipe = subprocess.PIPE
    run = subprocess.Popen(
        [sys.executable, str(script)], start_new_session=True, stdout=pipe, stderr=pipe, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "0\n"
    os.killpg(run.pid, signal.SIGINT)
    out, complaints = run.communicate(timeout=30)
    assert run.returncode == 130
    assert out.endswith("interrupted\n")
    assert complaints == ""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(run.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("a worker outlived the run")
