"""No report over unread reports: what forbids issuing a day, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from link_store import add, record

from truceline.monitor.agreeing import add_agreement
from truceline.monitor.backlog import Backlog, check_ready, find_backlog
from truceline.monitor.judging import judge_store
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import load_mission, write_mission
from truceline.store.base import Store, StoreError
from truceline.store.open import create_store

MISSION = load_mission("ukraine-2025")
DAY = date(2025, 2, 17)
PERIOD = MISSION.period(datetime(2025, 2, 17))
LATER = datetime(2025, 2, 18)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(tmp_path / "s.duckdb") as made:
        with made.change(who="t", what="init") as change:
            write_mission(change, MISSION)
        at = datetime(2025, 2, 17, 8)
        add(made, record("1", time_from=at, time_to=at + timedelta(minutes=1)))
        yield made


def test_a_report_in_no_incident_is_a_backlog_and_a_total_is_not(store: Store) -> None:
    assert find_backlog(store, *PERIOD) == Backlog(1, 0)
    add(store, record("2", kind="violations_total"))
    assert find_backlog(store, *PERIOD) == Backlog(1, 0)


def test_a_linked_incident_waits_for_judging(store: Store) -> None:
    link_reports(store, who="t")
    assert find_backlog(store, *PERIOD) == Backlog(0, 1)
    judge_store(store, who="t")
    assert find_backlog(store, *PERIOD) == Backlog(0, 0)


def test_what_changes_afterwards_waits_again(store: Store) -> None:
    link_reports(store, who="t")
    judge_store(store, who="t")
    add_agreement(store, "easter-2025", who="t")
    assert find_backlog(store, *PERIOD).n_unjudged == 1
    judge_store(store, who="t")
    add(store, record("1", digest="corrected", time_from=datetime(2025, 2, 17, 9)))
    assert find_backlog(store, *PERIOD).n_unlinked == 1


def test_other_days_do_not_count(store: Store) -> None:
    assert find_backlog(store, *MISSION.period(datetime(2025, 2, 20))) == Backlog(0, 0)


def test_everything_that_forbids_a_report_is_told_at_once(store: Store) -> None:
    with pytest.raises(StoreError) as error:
        check_ready(store, MISSION, DAY, 1, datetime(2025, 2, 17, 10))
    told = str(error.value)
    assert "2 problems" in told
    assert "its cut-off at 2025-02-17 17:30 UTC has not come yet" in told
    assert "1 reports of the period are not linked; run monitor link" in told


def test_a_day_worked_through_may_be_issued(store: Store) -> None:
    link_reports(store, who="t")
    judge_store(store, who="t")
    check_ready(store, MISSION, DAY, 1, LATER)
