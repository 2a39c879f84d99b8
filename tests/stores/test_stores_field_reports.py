"""Field reports come out the same in every store, and two desks that pull at once take them once."""

from __future__ import annotations

import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from field_kit import as_kobo, edited, event, submission, system

from truceline.events.feeds.odk_records import read_json
from truceline.events.schema import BATCHES, EFFORTS, INCIDENTS, LINKS, REPORTS, SUBMISSIONS
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.submissions import TakenSubmissions, take_submissions
from truceline.store.base import Store
from truceline.store.open import create_store, open_store

NOW = datetime(2025, 3, 10)


def take(store: Store, *records: dict[str, Any]) -> TakenSubmissions:
    read = [read_json(number, each) for number, each in enumerate(records, start=1)]
    return take_submissions(store, read, source="test", digest="d", who="desk", now=NOW)


def begin(store: Store) -> None:
    with store.change(who="test", what="init") as change:
        write_mission(change, load_mission("ukraine-2025"))


def work(store: Store) -> list[TakenSubmissions]:
    """Take what comes in a few days: edits, late ones, a rejection, rubbish."""
    begin(store)
    day_before = event("b", "2025-02-28T08:30:00.000+02:00", kind="shot")
    first = submission("one", violation={"event": [event("a"), day_before], "n_events": "2"})
    made = [take(store, first, submission("no", "denial"), submission("cam", "camera"))]
    link_reports(store, who="desk")
    made.append(take(store, edited(first, 2, violation={"event": [day_before], "n_events": "1"})))
    made.append(take(store, first, edited(first, 1), as_kobo(edited(submission("lost"), 1), root=False)))
    made.append(take(store, submission("no", "denial", __system=system(reviewState="rejected")), {}))
    link_reports(store, who="desk")
    return made


def test_every_store_holds_the_same(tmp_path: Path, postgis_address: str) -> None:
    with create_store(tmp_path / "m.duckdb") as file, create_store(postgis_address) as server:
        assert work(file) == work(server)
        for table in (REPORTS, EFFORTS, SUBMISSIONS, LINKS, INCIDENTS, BATCHES):
            rows = [store.read(table) for store in (file, server)]
            pd.testing.assert_frame_equal(rows[0], rows[1], check_dtype=False)


def test_two_desks_that_pull_the_same_at_once_take_it_once(postgis_address: str) -> None:
    with create_store(postgis_address) as store:
        begin(store)
    records = [submission(f"s{number}") for number in range(40)]
    done: list[TakenSubmissions] = []

    def pull() -> None:
        with open_store(postgis_address, writing=True, wait_s=30) as own:
            done.append(take(own, *records))

    desks = [threading.Thread(target=pull) for _ in range(3)]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join(timeout=60)
    assert sorted(each.reports.n_new for each in done) == [0, 0, 40]
    with open_store(postgis_address, writing=False) as store:
        assert len(store.read(REPORTS)) == 40
        assert len(store.read(SUBMISSIONS)) == 40
