"""A past period lived again: each day knows what had been received by then, and is scored for its words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from truceline.events.frames import make_frame
from truceline.events.schema import AGREEMENTS, EFFORTS, INCIDENTS, LINKS, REPORTS
from truceline.events.warning_score import KnownTruce
from truceline.monitor.linking import link_reports
from truceline.monitor.mission import load_mission, write_mission
from truceline.monitor.posture import keep_posture, read_posture
from truceline.monitor.replay import Replay, count_rises, read_efforts_as_known, replay_period
from truceline.store.base import Selection, Store, StoreError
from truceline.store.open import create_store

FIRST = datetime(2025, 4, 18)
LAST = datetime(2025, 4, 21)
TRUCE = datetime(2025, 4, 20)
WARM_UP = 45
USUAL = 24
"""Incidents on a usual day; two on the day of the truce."""
KNOWN = KnownTruce(
    "made", "made", "Made truce", datetime(2025, 4, 19, 15), datetime(2025, 4, 20, 21), "general"
)


def make_reports(days: list[tuple[datetime, int, timedelta]]) -> pd.DataFrame:
    """Return reports of shelling far apart, so many for each day, each received so long after it happened."""
    rng = np.random.default_rng(5)
    parts = []
    for day, n, late in days:
        hours = np.sort(rng.uniform(0, 15, n))
        times = [day + timedelta(hours=float(hour)) for hour in hours]
        parts.append(
            pd.DataFrame(
                {
                    "key": [f"{day:%m%d}-{at}-{late}" for at in range(n)],
                    "time_from": times,
                    "lon": 36.0 + 0.15 * np.arange(n),
                    "lat": 48.0 + 0.1 * (np.arange(n) % 7),
                    "received_at": [time + late for time in times],
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    return make_frame(
        REPORTS,
        {
            **{name: frame[name] for name in frame},
            "time_to": frame["time_from"] + pd.Timedelta(minutes=1),
            "digest": frame["key"],
            "feed": "own",
            "source": "press",
            "means": "press",
            "observation": "told",
            "kind": "shelling",
            "region": "Donetsk",
            "time_precision": "minute",
            "sigma_m": 500.0,
            "sigma_across_m": 500.0,
            "axis_deg": 0.0,
            "place_precision": "exact",
            "flags": 0,
        },
    )


def fill(store: Store, *, late: timedelta = timedelta(hours=1), alerts: bool = True) -> None:
    rng = np.random.default_rng(3)
    first = FIRST - timedelta(days=WARM_UP)
    days = [first + timedelta(days=number) for number in range(WARM_UP + 5)]
    counts = [(day, 2 if day == TRUCE else int(rng.poisson(USUAL)), late) for day in days]
    with store.change(who="test", what="init") as change:
        write_mission(change, load_mission("ukraine-2025"))
        change.add_reports(make_reports(counts))
        if alerts:
            rows = make_reports([(day, 1 if day == TRUCE else int(rng.poisson(40)), late) for day in days])
            rows = rows.assign(key="alert " + rows["key"], kind="air_alert", source="alerts", feed="alerts")
            change.add_reports(rows.assign(digest=rows["key"], means="alert_system"))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    with create_store(tmp_path / "past.duckdb") as past, create_store(tmp_path / "scratch.duckdb") as scratch:
        yield past, scratch


def run(past: Store, scratch: Store, **changes: object) -> Replay:
    wanted: dict[str, object] = {"first": FIRST, "last": LAST, "truces": (KNOWN,), "warm_up_days": WARM_UP}
    return replay_period(past, scratch, **{**wanted, **changes})  # type: ignore[arg-type]


def test_a_truce_day_is_found_on_its_day_and_scored(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past)
    done = run(past, scratch)
    said = {each.day: each for each in done.days}
    assert [each.verdict == "general truce" for each in done.days] == [False, False, True, False]
    assert said[TRUCE].n_incidents == 2
    assert said[TRUCE].ratio < 0.2
    assert (done.score.n_found, done.score.n_truce_days, done.score.n_false) == (1, 1, 0)
    assert past.last_change() == 1  # the store replayed is only read


def test_a_day_is_scored_by_its_own_hours_and_not_by_the_calendar_day(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past)
    # To midnight of 20 April in Kyiv: the reporting day of 21 April began four and a half hours before.
    done = run(past, scratch, first=LAST, last=LAST)
    assert (done.score.n_partly, done.score.n_days) == (1, 0)
    assert (done.naive.n_partly, done.naive.n_days) == (1, 0)


def test_the_naive_rule_is_scored_on_the_same_days(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past)
    naive = run(past, scratch).naive
    assert (naive.n_found, naive.n_truce_days, naive.n_false) == (1, 1, 0)


def test_reports_that_do_not_say_when_they_came_are_known_when_they_ended(
    stores: tuple[Store, Store],
) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    with past.change(who="test", what="import") as change:
        rows = make_reports([(LAST, 9, timedelta(0))])
        rows = rows.assign(
            key="silent " + rows["key"], received_at=pd.NaT, source="other", lon=rows["lon"] + 3
        )
        change.add_reports(rows.assign(digest=rows["key"]))
    done = run(past, scratch, first=LAST, last=LAST)
    named = past.read_current(REPORTS)
    silent = named[named["received_at"].isna()]
    begins, ends = load_mission("ukraine-2025").period(LAST)
    lag = timedelta(hours=12)
    known = named["received_at"].fillna(named["time_to"])
    assert len(silent) == 9
    assert done.days[0].n_reports == ((known >= begins + lag) & (known < ends + lag)).sum()
    assert scratch.read_current(REPORTS)["received_at"].isna().sum() == 9


def test_linking_only_what_is_new_links_as_linking_everything_does(
    stores: tuple[Store, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past, scratch = stores
    fill(past)
    shelling, late = {"kind": "shelling"}, timedelta(hours=49)
    with past.change(who="test", what="import") as change:
        # Told again two days later, by somebody else: these belong to incidents linked long before.
        again = past.read(REPORTS, Selection(since=FIRST, until=FIRST + timedelta(days=1), equals=shelling))
        again = again.drop(columns=["report_id", "supersedes", "change_id"]).iloc[:9]
        again = again.assign(source="other", feed="other", received_at=again["received_at"] + late)
        change.add_reports(again)
    run(past, scratch)
    slowly = "truceline.monitor.replay.link_reports"
    monkeypatch.setattr(slowly, lambda store, who, since: link_reports(store, who=who))
    with create_store(tmp_path / "slow.duckdb") as slow:
        run(past, slow)
        everything = slow.read_current(LINKS)
    linked = scratch.read_current(LINKS)
    assert len(linked) == len(scratch.read_current(REPORTS))
    told_again = scratch.read_current(REPORTS, Selection(equals={"feed": "other"}))["report_id"]
    incidents = scratch.read_current(INCIDENTS).set_index("incident_id")["n_reports"]
    of = linked.set_index("report_id")["incident_id"]
    assert (incidents[of[told_again]] >= 2).all()
    pd.testing.assert_frame_equal(linked, everything)


def add_effort(store: Store, key: str, end: datetime, state: str = "watched") -> None:
    row = {
        "key": [key], "means": "post", "post": key, "region": "Donetsk", "state": state,
        "time_from": end - timedelta(hours=12), "time_to": end,
    }  # fmt: skip
    with store.change(who="test", what="effort") as change:
        change.append(EFFORTS, make_frame(EFFORTS, row))


def test_effort_is_known_when_it_ended_and_a_correction_when_it_was_made(tmp_path: Path) -> None:
    times = iter([datetime(2025, 5, 1), datetime(2025, 5, 2), datetime(2025, 5, 3), datetime(2025, 5, 4)])
    with create_store(tmp_path / "effort.duckdb", clock=lambda: next(times, datetime(2025, 6, 1))) as store:
        add_effort(store, "P1", FIRST)
        add_effort(store, "P2", LAST)
        add_effort(store, "P1", FIRST, "denied")
        early, late = read_efforts_as_known(store, LAST), read_efforts_as_known(store, datetime(2025, 7, 1))
    assert early[["key", "state"]].to_numpy().tolist() == [["P1", "watched"]]
    assert early["known_at"].tolist() == [FIRST]
    assert late[["key", "state"]].to_numpy().tolist() == [
        ["P1", "watched"], ["P2", "watched"], ["P1", "denied"],
    ]  # fmt: skip


def test_effort_of_a_later_day_does_not_move_what_was_said(
    stores: tuple[Store, Store], tmp_path: Path
) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    add_effort(past, "P1", FIRST + timedelta(hours=10))
    before = run(past, scratch, last=FIRST)
    add_effort(past, "P2", FIRST + timedelta(days=1, hours=20))
    add_effort(past, "P1", FIRST + timedelta(hours=10), "denied")
    with create_store(tmp_path / "again.duckdb") as again:
        assert run(past, again, last=FIRST).days == before.days
        known = again.read_current(EFFORTS)
    assert known[["key", "state"]].to_numpy().tolist() == [["P1", "watched"]]


def test_posture_and_agreements_go_with_the_period(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    keep_posture(past, {("", "fire"): (0.4, 0.3, 0.5)}, who="test")
    with past.change(who="test", what="agree") as change:
        change.append(AGREEMENTS, make_frame(AGREEMENTS, {"agreement": ["made"], "text": ["name: made"]}))
    run(past, scratch, last=FIRST)
    assert read_posture(scratch) == {("", "fire"): (0.4, 0.3, 0.5)}
    assert scratch.read_current(AGREEMENTS)["agreement"].tolist() == ["made"]


def test_what_comes_too_late_is_not_known_then(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past, late=timedelta(hours=30), alerts=False)
    done = run(past, scratch)
    assert all(each.n_incidents < USUAL / 2 for each in done.days)
    assert done.days[0].n_reports > 0  # what came in that day is of the day before


def test_a_longer_lag_knows_more(stores: tuple[Store, Store], tmp_path: Path) -> None:
    past, scratch = stores
    fill(past, late=timedelta(hours=14), alerts=False)
    with create_store(tmp_path / "later.duckdb") as later:
        patient = run(past, later, last=FIRST, lag=timedelta(hours=20))
    hasty = run(past, scratch, last=FIRST, lag=timedelta(hours=0))
    assert hasty.days[0].n_incidents < patient.days[0].n_incidents


def test_nothing_said_of_a_day_hangs_on_later_reports(stores: tuple[Store, Store], tmp_path: Path) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    whole = run(past, scratch)
    with create_store(tmp_path / "short.duckdb") as short:
        part = run(past, short, last=FIRST + timedelta(days=1))
    assert whole.days[:2] == part.days


def test_a_truce_without_an_end_is_scored_for_a_week(stores: tuple[Store, Store]) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    old = KnownTruce("old", "made", "Old", datetime(2025, 3, 1), None, "general")
    new = KnownTruce("new", "made", "New", datetime(2025, 4, 17), None, "general")
    done = run(past, scratch, last=FIRST, truces=(old, new))
    assert [each.truce for each in done.truces] == ["new"]
    assert done.truces[0].ends == datetime(2025, 4, 24)


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(LAST, FIRST, "before it begins"), (datetime(2030, 1, 1), datetime(2030, 1, 2), "holds no report")],
)
def test_a_period_that_cannot_be_replayed_is_refused(
    stores: tuple[Store, Store], first: datetime, last: datetime, found: str
) -> None:
    past, scratch = stores
    fill(past, alerts=False)
    with pytest.raises(StoreError, match=found):
        run(past, scratch, first=first, last=last)


def test_an_alarm_is_counted_when_it_rises_and_not_while_it_lasts() -> None:
    levels = ["none", "watch", "watch", "warning", "warning", "none", "unknown", "watch"]
    assert count_rises(levels) == 3
