"""Pulling from a server into a store: what is new, once, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from field_kit import TOKEN, Handler, StandIn, as_kobo, edited, event, make_store, serve, submission, system

from truceline.events.schema import REPORTS, SETTINGS
from truceline.exchange.odata import FetchError, Limits
from truceline.monitor.pulling import fetch_pull, plan_pull, take_pull
from truceline.monitor.submissions import TakenSubmissions, read_submission_rows
from truceline.store.base import Store
from truceline.store.open import open_store

NOW = datetime(2025, 3, 20)
ENVIRONMENT = {"TRUCELINE_ODK_TOKEN": TOKEN}
QUICK = Limits(waits=(0.0,), silence_seconds=5.0)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_store(tmp_path / "mission.duckdb")


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    with open_store(place, writing=True) as opened:
        yield opened


def bring(store: Store, url: str, **options: Any) -> TakenSubmissions:
    planned = plan_pull(store, url, **options)
    return take_pull(store, planned, fetch_pull(planned, ENVIRONMENT, limits=QUICK), who="desk", now=NOW)


def on_day(name: str, day: int) -> dict[str, Any]:
    when = f"2025-03-{day:02d}T08:30:00.000+02:00"
    part = {"event": [event(f"{name}-1", when)], "n_events": "1"}
    at = f"2025-03-{day:02d}T10:00:00.000Z"
    return submission(name, violation=part, __system=system(submissionDate=at), end=when, start=when)


def test_a_pull_goes_on_where_the_last_one_ended(store: Store) -> None:
    with serve([on_day("one", 1), on_day("two", 5)]) as server:
        assert bring(store, server.url).reports.n_new == 2
        server.records.append(on_day("three", 6))
        server.asked.clear()
        again = bring(store, server.url)
        assert "submissionDate ge 2025-03-05T09:00:00.000Z" in server.asked[0]["$filter"]
        assert (again.n_records, again.reports.n_new, again.reports.n_repeated) == (2, 1, 1)
        last = store.last_change()
        assert bring(store, server.url).change_id is None
        assert store.last_change() == last


def test_an_edit_of_something_old_is_found_by_when_it_was_edited(store: Store) -> None:
    with serve([on_day("one", 1), on_day("two", 5)]) as server:
        bring(store, server.url)
        later = edited(
            on_day("one", 1), 1, violation={"event": [event("one-1", count_best=7)], "n_events": "1"}
        )
        later["__system"]["updatedAt"] = "2025-03-07T10:00:00.000Z"
        server.records[0] = later
        assert bring(store, server.url).states == {"edited": 1, "taken": 1}
    rows = store.read_current(REPORTS).set_index("key")
    assert rows.loc["one/one-1", "count_best"] == 7


def test_two_servers_have_each_their_own_place_to_go_on_from(store: Store) -> None:
    with serve([on_day("one", 8)]) as north, serve([on_day("two", 2)]) as south:
        bring(store, north.url)
        assert bring(store, south.url).reports.n_new == 1
        names = store.read_current(SETTINGS)["name"].tolist()
    assert len([name for name in names if name.startswith("field.pull")]) == 2
    assert TOKEN not in " ".join(store.read_current(SETTINGS)["value"])


def test_a_pull_reaches_back_to_the_oldest_edit_that_waits(store: Store) -> None:
    waiting = edited(on_day("lost", 2), 1)
    del waiting["__id"]
    with serve([waiting, on_day("two", 9)]) as server:
        bring(store, server.url)
        assert plan_pull(store, server.url).since == datetime(2025, 3, 2, 10)


def test_a_pull_from_a_first_day_moves_nothing(store: Store) -> None:
    with serve([on_day("one", 1), on_day("two", 5)]) as server:
        assert bring(store, server.url, since=datetime(2025, 3, 4)).reports.n_new == 1
        assert plan_pull(store, server.url).since is None
        assert bring(store, server.url).reports.n_new == 1


def test_days_of_backlog_come_in_one_change_and_say_that_they_are_late(store: Store) -> None:
    records = [on_day(f"day{day}", day) for day in range(1, 15)]
    for each in records:
        each["__system"]["submissionDate"] = "2025-03-15T10:00:00.000Z"
    with serve(records) as server:
        taken = bring(store, server.url)
    assert (taken.reports.n_new, taken.n_late) == (14, 14)
    assert store.last_change() == 2
    assert "arrived 340 h after the event" in read_submission_rows(store)["note"].iloc[0]


def test_the_other_kind_of_server_is_asked_for_all_of_it_each_time(store: Store) -> None:
    with serve([as_kobo(on_day("one", 1)), as_kobo(on_day("two", 5))]) as server:
        url = f"{server.address}/api/v2/assets/aBcD/"
        assert bring(store, url).reports.n_new == 2
        again = bring(store, url)
        assert (again.n_records, again.change_id) == (2, None)
        assert all("query" not in each for each in server.asked)


def test_what_fails_on_the_second_page_takes_nothing_of_the_first(store: Store) -> None:
    def fails(_: StandIn, handler: Handler, query: dict[str, str]) -> bool:
        if "$skiptoken" in query:
            handler.say(b"", 500)
            return True
        return False

    records = [on_day(f"s{number}", 1) for number in range(260)]
    with serve(records, fails) as server:
        with pytest.raises(FetchError, match="status 500 after 2 tries"):
            bring(store, server.url)
        assert store.last_change() == 1
        server.answer = None
        assert bring(store, server.url).reports.n_new == 260


def test_a_page_of_rubbish_is_told_row_by_row_and_the_rest_is_taken(store: Store) -> None:
    rubbish: list[Any] = [None, 3, [], {}, {"__id": "uuid:x"}, {"__system": 3}, {"record": {}}]
    with serve([]) as server:

        def answer(_: StandIn, handler: Handler, query: dict[str, str]) -> bool:
            handler.say({"value": [] if "$filter" in query else [*rubbish, on_day("one", 1)]})
            return True

        server.answer = answer
        taken = bring(store, server.url)
    assert (taken.reports.n_new, taken.n_rejected) == (1, 7)
    assert sorted(read_submission_rows(store)["state"]) == ["refused", "taken"]


def test_a_pull_killed_while_the_server_is_slow_leaves_nothing(place: Path, tmp_path: Path) -> None:
    asked = threading.Event()

    def slow(_: StandIn, __: Handler, query: dict[str, str]) -> bool:
        if "$skiptoken" not in query:
            return False
        asked.set()
        time.sleep(1.0)
        return True

    with serve([on_day(f"s{number}", 1) for number in range(260)], slow) as server:
        command = [
            sys.executable,
            "-m",
            "truceline",
            "monitor",
            "pull",
            str(place),
            server.url,
            "--who",
            "desk",
        ]
        running = subprocess.Popen(command, env={**os.environ, **ENVIRONMENT}, stdout=subprocess.DEVNULL)
        assert asked.wait(timeout=30)
        with open_store(place, writing=True, wait_s=5) as store:  # nobody is kept out while it fetches
            assert store.last_change() == 1
        running.kill()
        running.wait()
    with open_store(place, writing=True) as store:
        assert store.last_change() == 1
        with serve([on_day(f"s{number}", 1) for number in range(260)]) as server:
            assert bring(store, server.url).reports.n_new == 260


def test_the_clock_of_the_server_decides_where_to_go_on(store: Store) -> None:
    with serve([on_day("one", 1)]) as server:
        bring(store, server.url)
        planned = plan_pull(store, server.url)
    assert planned.since == datetime(2025, 3, 1, 10) - timedelta(hours=1)
