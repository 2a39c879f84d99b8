"""Listening as a whole: peers in, rows in the store; a store that cannot be had, and being told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cot_peers_kit import LOCAL, clock
from postgis_server import PostGISServer

from truceline.errors import Problem
from truceline.events.schema import EFFORTS, REPORTS
from truceline.exchange.cot_event import CotEvent
from truceline.exchange.cot_protobuf import write_stream_frame
from truceline.exchange.cot_xml import write_xml
from truceline.monitor import live_loop
from truceline.monitor.listening import Listener
from truceline.monitor.live_loop import Recorder, Rhythm
from truceline.monitor.live_units import UnitList, read_units
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.base import Store, StoreError, StoreUnavailableError
from truceline.store.open import create_store, open_store

MISSION = load_mission("ukraine-2025")
UNITS = "uid,post,means,region\nP-5,Patrol 5,patrol,Luhansk\n"
FAST = Rhythm(flush_s=0.05, effort_s=0.05, last_try_s=0.3)


def position(at: datetime) -> CotEvent:
    return CotEvent("P-5", "a-f-G-U-C", at, at, at + timedelta(minutes=5), 48.63, 38.45, how="m-g")


def alarm(at: datetime, n: int = 0) -> CotEvent:
    return CotEvent(f"P-{n}-9-1-1", "b-a-o-tbl", at, at, at + timedelta(minutes=5), 48.64, 38.46, how="m-g")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "watch.duckdb"
    with create_store(path) as store, store.change(who="test", what="init") as change:
        write_mission(change, MISSION)
    return path


@pytest.fixture
def units(tmp_path: Path) -> UnitList:
    path = tmp_path / "units.csv"
    path.write_text(UNITS, encoding="utf-8")
    return read_units(path, MISSION)


class _Opener:
    """Opens a store, or says that it cannot be had, `n_failures` times."""

    def __init__(self, path: Path, n_failures: int) -> None:
        self.path, self.n_failures, self.n_opened = path, n_failures, 0

    @contextmanager
    def __call__(self) -> Iterator[Store]:
        self.n_opened += 1
        if self.n_opened <= self.n_failures:
            raise StoreUnavailableError("store", [Problem("store", "does not answer", "try again later")])
        with open_store(self.path, writing=True, wait_s=5) as store:
            yield store


def record(
    opener: _Opener, units: UnitList, *, n: int, rhythm: Rhythm = FAST
) -> tuple[Listener, list[str], int]:
    """Hand `n` alarms and two positions to a recorder, one by one, then tell it to end."""
    told: list[str] = []
    listener = Listener(MISSION, units)

    async def work() -> int:
        stop = asyncio.Event()
        recorder = Recorder(
            listener, opener, who="test", source="test", clock=clock, tell=told.append, rhythm=rhythm
        )
        running = asyncio.ensure_future(recorder.run(stop))
        now = clock()
        await recorder.handle("peer", [position(now - timedelta(minutes=2)), position(now)])
        for number in range(n):
            await recorder.handle("peer", [alarm(now, number)])
            await asyncio.sleep(0.01)
        stop.set()
        await running
        return recorder.n_changes

    return listener, told, asyncio.run(asyncio.wait_for(work(), 30))


def test_a_store_that_cannot_be_had_for_a_while_loses_nothing(place: Path, units: UnitList) -> None:
    listener, told, n_changes = record(_Opener(place, 3), units, n=30)
    with open_store(place) as store:
        assert len(store.read_current(REPORTS)) == 30
        efforts = store.read_current(EFFORTS)
        assert (efforts["time_to"] - efforts["time_from"]).sum() >= timedelta(seconds=119)
        assert store.last_change() == 1 + n_changes
    assert not listener.has_news(with_effort=True)
    assert told[0].startswith("not written yet, kept: store  does not answer")
    assert told[1:] == ["the store is there again: everything kept is written"]


def test_a_store_that_never_comes_back_ends_with_what_is_lost(place: Path, units: UnitList) -> None:
    with pytest.raises(StoreError, match="3 alarms and the last minutes of watching are lost"):
        record(_Opener(place, 10**6), units, n=3)


def test_being_told_to_end_with_everything_full_and_no_store_ends_all_the_same(
    place: Path, units: UnitList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_loop, "MAX_WAITING", 2)
    monkeypatch.setattr(live_loop, "QUEUE", 100)
    with pytest.raises(StoreError, match="2 alarms and the last minutes"):
        record(_Opener(place, 10**6), units, n=10)


def test_peers_wait_while_too_much_waits_to_be_written(
    place: Path, units: UnitList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_loop, "MAX_WAITING", 5)
    monkeypatch.setattr(live_loop, "QUEUE", 2)
    most = 0

    class Watched(_Opener):
        @contextmanager
        def __call__(self) -> Iterator[Store]:
            nonlocal most
            most = max(most, listener.n_waiting)
            with super().__call__() as store:
                yield store

    listener = Listener(MISSION, units)

    async def work() -> None:
        stop = asyncio.Event()
        recorder = Recorder(
            listener, Watched(place, 4), who="t", source="t", clock=clock, tell=print, rhythm=FAST
        )
        running = asyncio.ensure_future(recorder.run(stop))
        now = clock()
        waiting = [asyncio.ensure_future(recorder.handle("peer", [alarm(now, n)])) for n in range(16)]
        await asyncio.sleep(0.1)
        assert sum(task.done() for task in waiting) <= 7  # five taken and two in line: the others wait
        stop.set()  # those who wait are still taken
        await running
        assert all(task.done() for task in waiting)

    asyncio.run(asyncio.wait_for(work(), 30))
    with open_store(place) as store:
        assert len(store.read_current(REPORTS)) == 16
    assert most <= 6


def test_a_database_that_is_stopped_and_started_again_loses_nothing(
    postgis_server: PostGISServer, postgis_address: str, units: UnitList
) -> None:
    with create_store(postgis_address) as store, store.change(who="test", what="init") as change:
        write_mission(change, MISSION)
    told: list[str] = []

    @contextmanager
    def opening() -> Iterator[Store]:
        with open_store(postgis_address, writing=True, wait_s=1) as store:
            yield store

    async def work() -> None:
        stop = asyncio.Event()
        recorder = Recorder(
            Listener(MISSION, units),
            opening,
            who="test",
            source="test",
            clock=clock,
            tell=told.append,
            rhythm=Rhythm(flush_s=0.05, effort_s=0.05, last_try_s=20),
        )
        running = asyncio.ensure_future(recorder.run(stop))
        now = clock()
        for number in range(30):
            if number == 10:
                await asyncio.to_thread(postgis_server.stop)
            if number == 20:
                await asyncio.sleep(0.5)
                await asyncio.to_thread(postgis_server.start)
            await recorder.handle("peer", [alarm(now, number), position(now + timedelta(seconds=number))])
            await asyncio.sleep(0.02)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(work(), 60))
    assert told[0].startswith("not written yet, kept")
    with open_store(postgis_address) as store:
        assert len(store.read_current(REPORTS)) == 30
        efforts = store.read_current(EFFORTS)
        assert (efforts["time_to"] - efforts["time_from"]).sum() == timedelta(seconds=29)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_the_command_writes_what_it_took_and_ends_well_when_told_to(
    place: Path, tmp_path: Path, ending: signal.Signals
) -> None:
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    words = [
        "monitor",
        "listen",
        str(place),
        "--cot",
        f"tcp://{LOCAL}:0",
        "--units",
        str(tmp_path / "units.csv"),
    ]
    environment = {**os.environ, "TRUCELINE_WHO": "desk"}
    with subprocess.Popen(
        [sys.executable, "-m", "truceline", *words], stdout=subprocess.PIPE, env=environment, text=True
    ) as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        port = int(first.split("tcp://127.0.0.1:")[1].split(";")[0])
        now = clock()
        with socket.create_connection((LOCAL, port)) as peer:
            peer.sendall(write_xml(position(now - timedelta(minutes=3))) + write_stream_frame(position(now)))
            peer.sendall(write_xml(alarm(now)))
            with open_store(place) as store:  # nobody is kept from reading by one who listens
                assert store.last_change() == 1
            peer.shutdown(socket.SHUT_WR)
            assert peer.recv(10) == b""  # it was read to its end
        program.send_signal(ending)
        rest = program.stdout.read()
        assert program.wait(20) == 0
    assert "3 events: 2 positions of 1 units, 1 alarms" in rest
    with open_store(place) as store:
        efforts = store.read_current(EFFORTS)
        assert (efforts["time_to"] - efforts["time_from"]).sum() >= timedelta(minutes=2, seconds=59)
        assert len(store.read_current(REPORTS)) == 1
