"""A day's report put together from a store: effort, corrected counts and trend beside the counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from day_sample import MISSION, Days, fill_month, start_store

from truceline.events.expectation import interval_of_count
from truceline.monitor.agreeing import add_agreement
from truceline.monitor.assembling import assemble_day, count_incidents, make_effort_lines, make_trend_lines
from truceline.monitor.day_model import EffortLine, TrendState
from truceline.monitor.effort import Effort, measure_effort
from truceline.monitor.trend import Trend, watch_trend

DAY = date(2025, 6, 11)
START, END = MISSION.period(datetime(2025, 6, 11))


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    store, made = start_store(tmp_path)
    yield made
    store.close()


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    store, made = start_store(tmp_path_factory.mktemp("month"))
    fill_month(made, n_days=31)
    add_agreement(store, "energy-2025-03", who="t")
    yield made
    store.close()


def hours(post: str, first: float, last: float, **more: Any) -> dict[str, Any]:
    """Return effort of a post in Donetsk, hours counted from the start of the day reported."""
    start, end = (START + timedelta(hours=hour) for hour in (first, last))
    row = {"means": "post", "post": post, "region": "Donetsk", "time_from": start, "time_to": end}
    return {**row, "state": "watched", **more}


def both_days(days: Days) -> tuple[Effort, Effort]:
    before, _ = MISSION.period(datetime(2025, 6, 10))
    return measure_effort(days.store, START, END), measure_effort(days.store, before, START)


def effort_lines(days: Days, counts: Mapping[str, float] | None = None) -> tuple[EffortLine, ...]:
    return make_effort_lines(*both_days(days), counts or {}, MISSION)


class TestEffort:
    def test_a_post_that_watches_for_two_groups_of_kinds_has_its_hours_once(self, days: Days) -> None:
        days.add_effort([hours("P1", 0, 8, group="fire"), hours("P1", 0, 4, group="air"), hours("P2", 0, 3)])
        (line,) = effort_lines(days)
        effort, _ = both_days(days)
        assert (line.watched_h, line.n_posts) == (11.0, 2)
        assert line.watched_h == effort.exposure["hours_watched"].sum()

    def test_a_region_under_another_spelling_is_the_region_of_the_report(self, days: Days) -> None:
        days.add_effort([hours("P1", 0, 8, region="Donetsk Oblast"), hours("P2", 0, 4, region="Donetsk obl")])
        (line,) = effort_lines(days, {"Donetsk": 5.0})
        assert (line.region, line.watched_h, line.n_posts) == ("Donetsk", 12.0, 2)
        assert line.corrected_best > 5.0

    def test_what_watched_yesterday_and_not_today_has_a_line(self, days: Days) -> None:
        days.add_effort([hours("P1", -24, -14), hours("C1", 0, 6, means="camera")])
        camera, post = effort_lines(days)
        assert (camera.means, camera.watched_h, camera.previous_watched_h) == ("camera", 6.0, 0.0)
        assert (post.means, post.watched_h, post.previous_watched_h, post.n_posts) == ("post", 0.0, 10.0, 0)

    def test_regions_stand_in_the_order_of_the_mission_and_others_last(self, days: Days) -> None:
        names = [region.name for region in MISSION.regions]
        others = ["Atlantis", "Aland"]
        days.add_effort([hours(f"P{name}", 0, 1, region=name) for name in [*others, *sorted(names)]])
        lines = effort_lines(days, dict.fromkeys([*names, *others], 4.0))
        assert [line.region for line in lines] == [*names, ""]
        assert (lines[-1].watched_h, lines[-1].n_posts) == (2.0, 2)
        assert np.isnan(lines[-1].corrected_best)

    def test_hours_of_a_report_are_those_that_the_exposure_counts(self, month: Days) -> None:
        report = assemble_day(month.store, DAY)
        effort = measure_effort(month.store, report.period_from, report.period_to)
        for name, column in (("watched_h", "hours_watched"), ("lost_h", "hours_lost")):
            total = sum(getattr(line, name) for line in report.effort)
            assert total > 0
            assert total == pytest.approx(effort.exposure[column].sum())


class TestCorrectedCounts:
    def test_a_count_is_corrected_once_for_a_region_and_only_upwards(self, month: Days) -> None:
        report = assemble_day(month.store, DAY)
        counts = {line.region: line.observed for line in report.trend}
        n_corrected = 0
        for region in {line.region for line in report.effort}:
            of_region = [line for line in report.effort if line.region == region]
            given = [line for line in of_region if np.isfinite(line.corrected_best)]
            assert given == of_region[: len(given)]
            assert len(given) <= 1
            for line in given:
                n_corrected += 1
                assert line.corrected_best >= counts[region]
                assert line.corrected_low <= line.corrected_best <= line.corrected_high
        assert n_corrected >= 1

    def test_a_corrected_count_is_the_count_over_the_share_noticed(self, days: Days) -> None:
        days.add_effort([hours("P1", 0, 12, p_detect=0.5)])
        (line,) = effort_lines(days, {"Donetsk": 6.0})
        assert line.corrected_best == pytest.approx(6.0 / 0.25)

    def test_a_region_of_which_no_day_is_known_has_no_count(self) -> None:
        trend = made_trend({"Donetsk": [(np.nan, 5.0, 2.0)], "Luhansk": [(3.0, 5.0, 2.0)]})
        assert count_incidents(trend, DAY, 1) == {"Luhansk": 3.0}


def made_trend(series: Mapping[str, Sequence[tuple[float, float, float]]]) -> Trend:
    """Return a trend of days that end on DAY: n, expected and size of each, by region."""
    rows = [
        {"day": pd.Timestamp(DAY) - pd.Timedelta(days=len(of_region) - 1 - at), "region": region,
         "n": n, "expected": expected, "size": size}
        for region, of_region in series.items()
        for at, (n, expected, size) in enumerate(of_region)
    ]  # fmt: skip
    none = pd.DataFrame({"day": [], "verdict": [], "level": []})
    frame = pd.DataFrame(rows)
    return Trend(DAY, DAY, frame, frame, frame, none, none, ())


class TestTrend:
    def test_ratios_stand_beside_the_counts(self, month: Days) -> None:
        whole = assemble_day(month.store, DAY).trend[0]
        assert whole.region == ""
        assert whole.ratio == pytest.approx(whole.observed / whole.expected)
        assert whole.ratio_low < whole.ratio < whole.ratio_high

    def test_one_day_is_told_as_the_trend_tells_it(self, month: Days) -> None:
        trend = watch_trend(month.store, until=END, days=60, now=END, include_exercises=True)
        today = trend.days[trend.days["day"] == pd.Timestamp(DAY)].set_index("region")
        lines = make_trend_lines(trend, DAY, 1, *both_days(month))
        assert len(lines) > 1
        for line in lines:
            row = today.loc[line.region or "all"]
            assert (line.ratio_low, line.ratio_high) == pytest.approx((row["ratio_low"], row["ratio_high"]))

    def test_a_week_is_judged_by_the_interval_of_its_sum(self, days: Days) -> None:
        """Each day lies within its own interval, and the week far outside that of seven such days."""
        daily = [(9.0, 20.0, 3.0)] * 7
        low, _ = interval_of_count(20.0, 3.0, 0.9)
        assert float(low) < 9.0
        trend = made_trend({"Donetsk": daily})
        (one,) = make_trend_lines(trend, DAY, 1, *both_days(days))
        (week,) = make_trend_lines(trend, DAY, 7, *both_days(days))
        assert (one.state, week.state) == (TrendState.usual, TrendState.fewer)
        assert (week.observed, week.expected) == (63.0, 140.0)
        assert week.ratio_high - week.ratio_low < 0.6 * (one.ratio_high - one.ratio_low)

    def test_only_the_region_that_was_kept_out_is_told_as_kept_out(self, days: Days) -> None:
        regions = ("Donetsk", "Luhansk")
        before = [hours(f"{r}{n}", -24, 0, region=r, p_detect=0.5) for r in regions for n in range(3)]
        now = [hours("Luhansk0", 0, 24, region="Luhansk", p_detect=0.5),
               *(hours(f"Luhansk{n}", 0, 24, region="Luhansk", state="denied") for n in (1, 2)),
               *(hours(f"Donetsk{n}", 0, 24, p_detect=0.5) for n in range(3))]  # fmt: skip
        days.add_effort([*before, *now])
        trend = made_trend({region: [(40.0, 40.0, 9.0), (16.0, 18.0, 9.0)] for region in regions})
        lines = {line.region: line for line in make_trend_lines(trend, DAY, 1, *both_days(days))}
        assert lines["Luhansk"].state is TrendState.kept_out
        assert lines["Donetsk"].state is TrendState.usual
        effort, _ = both_days(days)
        assert (effort.is_kept_out_of("Luhansk"), effort.is_kept_out_of("Donetsk")) == (True, False)


def test_a_truce_that_is_over_is_not_counted_from(month: Days) -> None:
    assert assemble_day(month.store, DAY).since == ()
    inside = assemble_day(month.store, date(2025, 4, 10))
    assert [line.agreement.name for line in inside.since] == ["energy-2025-03"]
