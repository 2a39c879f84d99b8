"""The trend of a small store whose days are known: counts, expectations, truces, alarms, words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from truceline.events.alarms import AlarmLevel
from truceline.events.effort import WATCHED
from truceline.events.frames import make_frame
from truceline.events.kinds import Flag, Kind
from truceline.events.schema import EFFORTS, INCIDENTS, REPORTS, VERIFICATIONS, Table
from truceline.monitor.mission import Mission, load_mission, write_mission
from truceline.monitor.trend import ALL, watch_trend
from truceline.monitor.trend_series import (
    find_outages,
    read_daily_series,
    read_stated_totals,
    split_stretches,
)
from truceline.store.base import Store, StoreError
from truceline.store.open import create_store

KYIV = ZoneInfo("Europe/Kyiv")
FIRST = date(2025, 2, 20)
LATE = datetime(2026, 1, 1)


def at(day: date, hour: int = 12) -> datetime:
    """Return a local moment of a day as UTC without zone."""
    local = datetime(day.year, day.month, day.day, hour, tzinfo=KYIV)
    return local.astimezone(UTC).replace(tzinfo=None)


class Made:
    """A store being filled with incidents and the reports behind them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rows: list[dict[str, object]] = []
        self.reports: list[dict[str, object]] = []

    def incidents(
        self, day: date, n: int, *, kind: str = "shelling", region: str = "Donetsk", **other: object
    ) -> None:
        for _ in range(n):
            row = {
                "incident_id": len(self.rows) + 1,
                "time_from": at(day),
                "time_to": at(day, 13),
                "kind": kind,
            }
            self.rows.append({**row, "region": region, "flags": 0, "count_best": np.nan, **other})

    def sources(self, day: date, n: int, *, kind: str = "shelling") -> None:
        for source in range(n):
            key = f"{day}-{source}-{kind}"
            row = {"key": key, "digest": key, "feed": "made", "source": f"s{source}", "kind": kind}
            self.reports.append(
                {**row, "time_from": at(day), "time_to": at(day, 13), "received_at": at(day, 14)}
            )

    def write(self) -> Store:
        with self.store.change(who="test", what="import") as change:
            change.append(INCIDENTS, frame_of(INCIDENTS, self.rows))
            change.add_reports(frame_of(REPORTS, self.reports))
        return self.store


def frame_of(table: Table, rows: Sequence[dict[str, object]]):
    names = list(rows[0])
    return make_frame(table, {name: [row[name] for row in rows] for name in names})


@pytest.fixture
def mission() -> Mission:
    return load_mission("ukraine-2025")


@pytest.fixture
def made(tmp_path: Path, mission: Mission) -> Iterator[Made]:
    with create_store(tmp_path / "watch.truceline", clock=lambda: LATE) as store:
        with store.change(who="test", what="init") as change:
            write_mission(change, mission)
        yield Made(store)


def fill_days(made: Made, n_days: int, *, quiet: Sequence[int] = ()) -> date:
    """Write days of 12 to 15 incidents in two regions, 20 alerts and 30 launches; return the last day."""
    for number in range(n_days):
        day = FIRST + timedelta(days=number)
        is_quiet = number in quiet
        made.incidents(day, 1 if is_quiet else 8 + number % 4)
        made.incidents(day, 1 if is_quiet else 4, region="Luhansk", kind="firefight")
        made.sources(day, 6)
        if not is_quiet:
            made.incidents(day, 18 + number % 5, kind=str(Kind.air_alert))
            made.sources(day, 1, kind=str(Kind.air_alert))
            made.incidents(day, 1, kind=str(Kind.launch), count_best=30.0 + number % 7)
            made.sources(day, 1, kind=str(Kind.launch))
    return FIRST + timedelta(days=n_days - 1)


def test_every_count_stands_beside_its_expectation_and_their_ratio(made: Made) -> None:
    last = fill_days(made, 45)
    trend = watch_trend(made.write(), until=LATE, days=5, now=at(last, 20))
    whole = trend.days[trend.days["region"] == ALL]
    assert trend.until == last
    assert len(whole) == 5
    assert whole["n"].between(12, 15).all()
    assert whole["expected"].between(12, 15).all()
    assert np.allclose(whole["ratio"], whole["n"] / whole["expected"])
    assert (whole["low"] <= whole["expected"]).all()
    assert (whole["expected"] <= whole["high"]).all()
    assert trend.statements[0].startswith(f"{whole['n'].iloc[-1]:.0f} incidents of fighting on 5 April 2025")
    assert set(trend.truces["verdict"]) == {"no truce"}
    assert set(trend.alarms["level"]) == {"none"}


def test_the_sum_over_regions_is_the_whole(made: Made) -> None:
    last = fill_days(made, 30)
    trend = watch_trend(made.write(), until=LATE, days=10, now=at(last, 20))
    wide = trend.days.pivot_table(index="day", columns="region", values="n")
    assert (wide.drop(columns=ALL).sum(axis=1) == wide[ALL]).all()
    by_kind = trend.kinds.groupby("day")["n"].sum()
    assert (by_kind.to_numpy() == wide[ALL].to_numpy()).all()


def test_a_day_that_is_not_over_is_left_out(made: Made) -> None:
    last = fill_days(made, 30)
    store = made.write()
    assert watch_trend(store, until=LATE, days=3, now=at(last, 19)).until == last - timedelta(days=1)
    assert watch_trend(store, until=LATE, days=3, now=at(last, 20)).until == last


def test_a_truce_is_seen_on_its_first_day_though_alerts_and_launches_are_silent(made: Made) -> None:
    last = fill_days(made, 45, quiet=(44,))
    trend = watch_trend(made.write(), until=LATE, days=3, now=at(last, 20))
    assert list(trend.truces["verdict"]) == ["no truce", "no truce", "general truce"]
    assert any("General truce day" in sentence for sentence in trend.statements)
    assert trend.days[trend.days["region"] == ALL]["flags"].iloc[-1] == "general truce"


def test_what_comes_later_changes_nothing_said_of_a_day(made: Made) -> None:
    last = fill_days(made, 40, quiet=(30, 31))
    store = made.write()
    early = watch_trend(store, until=at(last - timedelta(days=5), 20), days=10, now=LATE)
    late = watch_trend(store, until=at(last, 20), days=15, now=LATE)
    both = early.days.merge(late.days, on=["day", "region"], suffixes=("", "_late"))
    assert len(both) == len(early.days)
    np.testing.assert_allclose(both["expected"], both["expected_late"])
    verdicts = early.truces.merge(late.truces, on="day")
    assert (verdicts["verdict_x"] == verdicts["verdict_y"]).all()


def test_a_day_on_which_nobody_reported_is_unknown_and_not_quiet(made: Made) -> None:
    last = fill_days(made, 30)
    trend = watch_trend(made.write(), until=LATE, days=2, now=at(last + timedelta(days=1), 20))
    today = trend.days[(trend.days["region"] == ALL)].iloc[-1]
    assert np.isnan(today["n"])
    assert today["flags"] == "nobody reported"
    assert "Nobody reported on 22 March 2025" in trend.statements[0]
    assert "general truce" not in set(trend.truces["verdict"])


def test_exercises_are_left_out_and_counted_unless_asked_for(made: Made) -> None:
    last = fill_days(made, 30)
    made.incidents(last, 200, flags=int(Flag.exercise))
    store = made.write()
    without = watch_trend(store, until=LATE, days=1, now=at(last, 20))
    with_them = watch_trend(store, until=LATE, days=1, now=at(last, 20), include_exercises=True)
    n = without.days[without.days["region"] == ALL]["n"].iloc[0]
    assert with_them.days[with_them.days["region"] == ALL]["n"].iloc[0] == n + 200
    assert "200 incidents assessed as live-fire exercises are left out." in without.statements
    assert "left out as exercises: 200" in without.days["flags"].iloc[0]
    assert set(without.alarms["level"]) == {"none"}


def test_merged_and_refuted_incidents_do_not_count(made: Made, mission: Mission) -> None:
    last = fill_days(made, 20)
    n_before = len(made.rows)
    made.incidents(last, 3, merged_into=1)
    made.incidents(last, 2)
    for row in made.rows:
        row.setdefault("merged_into", None)
    store = made.write()
    with store.change(who="test", what="review") as change:
        refuted = {"incident_id": [n_before + 4, n_before + 5], "status": "refuted", "method": "hand"}
        change.append(VERIFICATIONS, make_frame(VERIFICATIONS, refuted))
    series = read_daily_series(store, mission, last, last)
    assert series.fighting.iloc[0] == 8 + 19 % 4 + 4


def test_a_post_that_was_kept_out_lowers_what_is_expected(made: Made) -> None:
    last = fill_days(made, 45)
    efforts = []
    for number in range(45):
        day = FIRST + timedelta(days=number)
        state, cause = ("denied", "armed men") if number == 44 else (WATCHED, "")
        for post, its_state in (("P1", WATCHED), ("P2", state), ("P3", state)):
            start, end = at(day - timedelta(days=1), 19), at(day, 19)
            row = {"key": f"{post}{number}", "means": "post", "post": post, "region": "Donetsk"}
            efforts.append({**row, "time_from": start, "time_to": end, "state": its_state, "cause": cause})
    store = made.write()
    plain = watch_trend(store, until=LATE, days=1, now=at(last, 20))
    with store.change(who="test", what="effort") as change:
        change.append(EFFORTS, frame_of(EFFORTS, efforts))
    known = watch_trend(store, until=LATE, days=1, now=at(last, 20))
    donetsk = [trend.days[trend.days["region"] == "Donetsk"].iloc[0] for trend in (plain, known)]
    assert donetsk[1]["expected"] < 0.75 * donetsk[0]["expected"]
    assert donetsk[1]["n"] == donetsk[0]["n"]


def test_stated_totals_stand_beside_their_expectation_by_days(made: Made) -> None:
    fill_days(made, 15)
    for number in range(15):
        day = FIRST + timedelta(days=number)
        key = f"total-{number}"
        row = {"key": key, "digest": key, "feed": "osce", "source": "mission", "kind": "violations_total"}
        span = {
            "time_from": at(day - timedelta(days=1), 19),
            "time_to": at(day, 19),
            "received_at": at(day, 20),
        }
        made.reports.append({**row, **span, "region": "Donetsk", "count_best": 40.0 + number})
    for row in made.reports:
        row.setdefault("region", "")
        row.setdefault("count_best", np.nan)
    last = FIRST + timedelta(days=14)
    trend = watch_trend(made.write(), until=LATE, days=3, now=at(last, 20))
    assert list(trend.stated["n"]) == [52.0, 53.0, 54.0]
    assert trend.stated["expected"].between(40, 54).all()


def test_without_alerts_and_launches_no_truce_is_told_and_the_rest_is(made: Made) -> None:
    for number in range(30):
        made.incidents(FIRST + timedelta(days=number), 10)
        made.sources(FIRST + timedelta(days=number), 5)
    last = FIRST + timedelta(days=29)
    trend = watch_trend(made.write(), until=LATE, days=3, now=at(last, 20))
    assert set(trend.truces["verdict"]) == {"not enough known"}
    assert trend.days[trend.days["region"] == ALL]["expected"].tolist() == pytest.approx([10.0] * 3)
    assert not any("truce" in sentence.lower() for sentence in trend.statements)


def test_days_end_at_the_cutoff_in_summer_and_in_winter(mission: Mission) -> None:
    parts = list(split_stretches(mission, date(2025, 3, 1), date(2025, 4, 30)))
    assert [(part.first.day, part.last.day, part.shift_h) for part in parts] == [(1, 30, 6.5), (31, 30, 7.5)]
    assert parts[0].until == parts[1].since == datetime(2025, 3, 30, 16, 30)


@pytest.mark.parametrize("changed", [date(2025, 3, 30), date(2025, 10, 26)])
def test_where_clocks_are_changed_each_incident_counts_once_on_its_day(
    made: Made, mission: Mission, changed: date
) -> None:
    midnight = datetime(changed.year, changed.month, changed.day)
    begins, ends = mission.period(midnight)
    minute = timedelta(minutes=1)
    for start, end in (
        (begins - minute, begins),
        (begins, begins + minute),
        (begins + timedelta(hours=5), ends - timedelta(hours=1)),  # known by the day alone
        (midnight, midnight + timedelta(hours=1)),
        (ends - minute, ends + 2 * minute),
        (ends, ends + minute),
    ):
        made.incidents(changed, 1, time_from=start, time_to=end)
    for number in (-1, 0, 1):
        made.sources(changed + timedelta(days=number), 1)
    store = made.write()
    first, last = changed - timedelta(days=1), changed + timedelta(days=1)
    assert read_daily_series(store, mission, first, last).fighting.tolist() == [1.0, 4.0, 1.0]
    assert read_daily_series(store, mission, changed, changed).fighting.tolist() == [4.0]


def state_total(made: Made, day: date, n: float, *, n_days: int = 1, source: str = "mission") -> None:
    key = f"total-{len(made.reports)}"
    row = {"key": key, "digest": key, "feed": "osce", "source": source, "kind": "violations_total"}
    span = {"time_from": at(day - timedelta(days=n_days), 19), "time_to": at(day, 19)}
    made.reports.append({**row, **span, "received_at": at(day, 20), "region": "Donetsk", "count_best": n})


def test_of_several_totals_of_a_day_the_shortest_and_then_the_newest_counts(
    made: Made, mission: Mission
) -> None:
    made.incidents(FIRST, 1)
    state_total(made, FIRST, 700.0, n_days=7)
    state_total(made, FIRST, 90.0)
    state_total(made, FIRST, 80.0)
    state_total(made, FIRST, 500.0, n_days=5)
    counts, exposure = read_stated_totals(made.write(), mission, FIRST, FIRST)
    assert counts.to_dict("records") == [{"Donetsk": 80.0}]
    assert exposure.to_dict("records") == [{"Donetsk": 1.0}]


def test_totals_of_two_sources_are_neither_added_nor_mixed(made: Made, mission: Mission) -> None:
    made.incidents(FIRST, 1)
    for number in range(2):
        for source, n in (("side a", 900.0), ("side b", 40.0)):
            state_total(made, FIRST + timedelta(days=number), n + number, source=source)
    counts, _ = read_stated_totals(made.write(), mission, FIRST, FIRST + timedelta(days=1))
    assert counts["Donetsk (side a)"].tolist() == [900.0, 901.0]
    assert counts["Donetsk (side b)"].tolist() == [40.0, 41.0]


def test_sums_of_many_weeks_are_not_set_beside_days(made: Made, mission: Mission) -> None:
    made.incidents(FIRST, 1)
    state_total(made, FIRST, 9000.0, n_days=30)
    assert read_stated_totals(made.write(), mission, FIRST, FIRST)[0].empty


def test_a_mission_without_regions_or_incidents_has_a_trend(tmp_path: Path, mission: Mission) -> None:
    with create_store(tmp_path / "bare.truceline") as store:
        with store.change(who="test", what="init") as change:
            write_mission(change, mission.model_copy(update={"regions": ()}))
        empty = watch_trend(store, until=LATE, days=3, now=LATE)
        filled = Made(store)
        for number in range(20):
            filled.sources(FIRST + timedelta(days=number), 3, kind="position")
        filled.incidents(date(2024, 1, 1), 1)
        last = FIRST + timedelta(days=19)
        quiet = watch_trend(filled.write(), until=LATE, days=3, now=at(last, 20))
    assert "Nobody reported" in empty.statements[0]
    assert quiet.days["n"].tolist() == [0.0] * 3
    assert quiet.days["expected"].notna().all()
    assert set(quiet.alarms["level"]) == {AlarmLevel.unknown}


def test_the_trend_of_an_earlier_change_has_the_mission_of_that_change(made: Made, mission: Mission) -> None:
    last = fill_days(made, 20)
    store = made.write()
    then = store.last_change()
    before = watch_trend(store, until=LATE, days=3, now=at(last, 20))
    with store.change(who="test", what="init") as change:
        write_mission(change, mission.model_copy(update={"cutoff": time(23, 0), "regions": ()}))
    assert watch_trend(store, until=LATE, days=3, now=at(last, 20)).until != before.until
    again = watch_trend(store, until=LATE, days=3, now=at(last, 20), as_of=then)
    assert again.until == before.until
    assert list(again.days["region"]) == list(before.days["region"])


def test_a_store_without_a_mission_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with create_store(tmp_path / "empty.truceline") as store, pytest.raises(StoreError, match="monitor init"):
        watch_trend(store, until=LATE, days=3, now=LATE)


class TestOutages:
    """A feed that ends is not a truce."""

    @staticmethod
    def outages(*n_talk: int) -> list[bool]:
        days = pd.date_range("2025-04-01", periods=len(n_talk), freq="D")
        return find_outages(pd.Series(n_talk, index=days, dtype=float)).tolist()

    def test_a_day_with_a_fiftieth_of_the_usual_news_is_an_outage(self) -> None:
        assert self.outages(80, 75, 90, 85, 2, 80) == [False, False, False, False, True, False]

    def test_a_quiet_holiday_is_none(self) -> None:
        assert not any(self.outages(80, 75, 90, 85, 40, 80))

    def test_a_store_without_news_has_none(self) -> None:
        assert not any(self.outages(0, 1, 2, 0, 0, 0, 1))
