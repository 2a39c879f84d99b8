"""Many writers on one server, and a server that goes away: nothing committed is lost, and no half is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psycopg
import pytest
from cutting_proxy import cutting_proxy
from postgis_server import PostGISServer
from store_kinds import Ticking
from test_stores_killed import check_whole

from truceline.events.frames import make_frame
from truceline.events.schema import (
    CHANGES,
    INCIDENTS,
    LINKS,
    REPORTS,
    SETTINGS,
)
from truceline.store import postgis_store
from truceline.store.base import Store, StoreError, StoreUnavailableError
from truceline.store.open import create_store, open_store

HERE = Path(__file__).parent
N_PROCESSES, N_CHANGES = 3, 3


@pytest.fixture
def store(postgis_address: str) -> Iterator[Store]:
    with create_store(postgis_address, clock=Ticking()) as made:
        yield made


def write_setting(store: Store, value: str) -> None:
    with store.change(who="Ann", what="set") as change:
        change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": [value]}))


def values(store: Store) -> list[str]:
    found: list[str] = store.read(SETTINGS)["value"].tolist()
    return found


class TestTurns:
    def test_readers_do_not_wait_and_writers_are_told_who_they_wait_for(
        self, store: Store, postgis_address: str
    ) -> None:
        told: list[str] = []
        with open_store(postgis_address, writing=True, wait_s=0.3, on_wait=told.append) as other:
            with store.change(who="Ann", what="set") as change:
                change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": ["UTC"]}))
                assert values(other) == []
                with pytest.raises(StoreUnavailableError, match="still being changed by truceline"):
                    write_setting(other, "x")
            write_setting(other, "y")
        assert "is being changed by truceline at 127.0.0.1" in told[0]
        assert values(store) == ["UTC", "y"]

    def test_whoever_waits_long_enough_has_its_turn(self, store: Store, postgis_address: str) -> None:
        with open_store(postgis_address, writing=True, wait_s=30) as other, store.turn():
            waiting = threading.Thread(target=write_setting, args=(other, "theirs"))
            waiting.start()
            time.sleep(0.2)
            write_setting(store, "ours")
        waiting.join(10)
        with open_store(postgis_address) as again:
            assert values(again) == ["ours", "theirs"]

    def test_threads_of_one_store_change_it_one_after_the_other(self, store: Store) -> None:
        def add(number: int) -> None:
            with store.turn():
                write_setting(store, f"{store.last_change()} {number}")

        threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert [value.split()[0] for value in values(store)] == ["0", "1", "2", "3"]

    def test_an_error_of_the_server_that_was_passed_over_does_not_end_as_a_success(
        self, store: Store
    ) -> None:
        times = np.array(["-9000-01-01"], "datetime64[us]")

        def pass_over() -> None:
            with store.change(who="Ann", what="link") as change, suppress(psycopg.DataError):
                change.append(INCIDENTS, make_frame(INCIDENTS, {"incident_id": [1], "time_from": times}))

        with pytest.raises(StoreError, match="an earlier part of this change failed"):
            pass_over()
        assert store.last_change() == 0
        write_setting(store, "UTC")

    def test_processes_that_import_at_once_all_succeed(self, store: Store, postgis_address: str) -> None:
        script = (
            "import sys, numpy as np, importing_child\nfrom truceline.store.open import open_store\n"
            "with open_store(sys.argv[1], writing=True) as store:\n"
            "    for _ in range(int(sys.argv[3])):\n"
            "        print(importing_child.import_once(store, np.random.default_rng(int(sys.argv[2]))))\n"
        )
        path = os.pathsep.join([str(HERE), *sys.path])
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, postgis_address, str(seed), str(N_CHANGES)],
                env={**os.environ, "PYTHONPATH": path},
                stdout=subprocess.PIPE,
                text=True,
            )
            for seed in range(N_PROCESSES)
        ]
        said = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
        assert sorted(said) == list(range(1, N_PROCESSES * N_CHANGES + 1))
        assert check_whole(store, set(said)) == len(said)


class TestFaults:
    @pytest.mark.parametrize("at_once", [False, True], ids=["stopped", "crashed"])
    def test_a_server_that_goes_away_during_an_import_keeps_what_was_committed_and_no_half(
        self, store: Store, postgis_server: PostGISServer, at_once: bool
    ) -> None:
        write_setting(store, "UTC")
        reports = make_frame(REPORTS, {"feed": "own", "key": np.arange(2_000).astype(str), "digest": "1"})

        def import_meanwhile() -> None:
            with store.change(who="Ann", what="import") as change:
                change.add_reports(reports)
                postgis_server.restart(at_once=at_once)
                change.add_reports(reports.assign(digest="2"))

        with pytest.raises(
            StoreUnavailableError, match=r"the server is gone.*nothing of this change was kept"
        ):
            import_meanwhile()
        assert store.last_change() == 1
        assert store.read(REPORTS).empty
        with store.change(who="Ann", what="import") as change:
            assert change.change_id == 2
            assert change.add_reports(reports).n_new == 2_000
        assert values(store) == ["UTC"]

    def test_a_server_started_anew_is_not_noticed_by_readers_and_the_next_writer(
        self, store: Store, postgis_server: PostGISServer
    ) -> None:
        write_setting(store, "UTC")
        postgis_server.restart()
        assert values(store) == ["UTC"]
        postgis_server.restart(at_once=True)
        write_setting(store, "x")
        assert values(store) == ["UTC", "x"]

    def test_while_the_server_is_down_everybody_is_told_to_try_again(
        self, store: Store, postgis_server: PostGISServer
    ) -> None:
        write_setting(store, "UTC")
        postgis_server.stop()
        try:
            for use in (lambda: values(store), store.last_change, lambda: write_setting(store, "x")):
                with pytest.raises(StoreUnavailableError, match="try again"):
                    use()
        finally:
            postgis_server.start()
        assert values(store) == ["UTC"]
        write_setting(store, "y")
        assert store.last_change() == 2

    def test_a_turn_that_lost_its_server_does_not_go_on_as_if_it_had_not(
        self, store: Store, postgis_server: PostGISServer
    ) -> None:
        def lose_it() -> None:
            with store.change(who="Ann", what="set") as change:
                postgis_server.restart()
                change.append(LINKS, make_frame(LINKS, {"report_id": [1]}))

        def go_on() -> None:
            with store.turn():
                with suppress(StoreUnavailableError):
                    lose_it()
                write_setting(store, "what was decided before the other program came")

        with pytest.raises(StoreUnavailableError, match="in the middle of this turn"):
            go_on()
        assert store.last_change() == 0
        write_setting(store, "UTC")

    @pytest.mark.parametrize("is_after", [True, False], ids=["answer-lost", "word-lost"])
    def test_a_line_cut_while_a_change_is_committed_is_answered_truthfully(
        self, store: Store, postgis_server: PostGISServer, postgis_address: str, is_after: bool
    ) -> None:
        with cutting_proxy(postgis_server.port) as proxy:
            address = postgis_address.replace(f":{postgis_server.port}/", f":{proxy.port}/")
            with open_store(address, writing=True) as cut:
                proxy.cut_at, proxy.is_after = b"COMMIT\0", is_after
                if is_after:
                    write_setting(cut, "kept")
                else:
                    with pytest.raises(StoreUnavailableError, match="nothing of this change was kept"):
                        write_setting(cut, "not kept")
                assert proxy.cut_at == b""
                assert values(cut) == values(store) == (["kept"] if is_after else [])
                write_setting(cut, "next")
        assert store.read(CHANGES)["change_id"].tolist() == list(range(1, 2 + is_after))

    def test_where_nobody_can_say_what_became_of_a_change_that_is_what_is_said(
        self,
        store: Store,
        postgis_server: PostGISServer,
        postgis_address: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(postgis_store, "FATE_WAIT_S", 0.2)
        with cutting_proxy(postgis_server.port) as proxy:
            address = postgis_address.replace(f":{postgis_server.port}/", f":{proxy.port}/")
            with open_store(address, writing=True) as cut:
                proxy.cut_at, proxy.is_after = b"COMMIT\0", True
                with (
                    pytest.raises(StoreUnavailableError, match="did not say whether this change was kept"),
                    cut.change(who="Ann", what="set"),
                ):
                    proxy.close()  # and no new line can be had

    def test_a_full_disk_is_told_and_leaves_the_store_as_it_was(
        self, store: Store, postgis_server: PostGISServer
    ) -> None:
        error = psycopg.errors.DiskFull('could not extend file "base/1/2": No space left on device')

        def fill() -> None:
            with store.change(who="Ann", what="set") as change:
                change.append(SETTINGS, make_frame(SETTINGS, {"name": ["zone"], "value": ["UTC"]}))
                raise error

        with pytest.raises(StoreUnavailableError, match="disk of the server is full; nothing of this change"):
            fill()
        assert values(store) == []
        write_setting(store, "UTC")
