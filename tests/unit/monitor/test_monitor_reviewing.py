"""What waits for a person, everything known of one incident, and a day's report put together from a store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from day_sample import Days, fill_month, start_store

from truceline.events.kinds import Flag
from truceline.monitor.agreeing import add_agreement
from truceline.monitor.assembling import assemble_day
from truceline.monitor.day_model import TrendState
from truceline.monitor.deciding import DecisionError, decide_verification
from truceline.monitor.effort import measure_effort
from truceline.monitor.posture import keep_posture, read_posture
from truceline.monitor.reviewing import list_waiting, read_incident, say_interval

DAY = date(2025, 6, 11)
HURT = {"killed_low": 0.0, "killed_best": 1.0, "killed_high": 2.0, "status": "reported"}


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


class TestWhatWaits:
    def test_an_unclear_verdict_says_how_it_is_decided(self, days: Days) -> None:
        days.add([{"clauses": (("general", "lines", "unclear"),)}, {}])
        (item,) = list_waiting(days.store).items
        assert (item.what, item.incidents, item.decide) == (
            "unclear verdict",
            (1,),
            "judge 1 general lines VERDICT",
        )

    def test_casualties_wait_until_somebody_settles_them(self, days: Days) -> None:
        days.add([HURT, {**HURT, "status": "verified"}])
        (item,) = list_waiting(days.store).items
        assert item.incidents == (1,)
        assert "1 killed on 2025-06-11, Chasiv Yar" in item.why
        decide_verification(days.store, 1, "refuted", who="a", why="nobody was there")
        assert list_waiting(days.store).items == ()

    def test_pairs_that_may_be_one_wait_while_both_stand(self, days: Days) -> None:
        days.add([{}, {}, {"merged_into": 1}])
        with days.store.change(who="test", what="link") as change:
            change.note({"suggestions": [[2, 1, 0.4], [1, 2, 0.3], [1, 3, 2.0]]})
        (item,) = list_waiting(days.store).items
        assert (item.incidents, item.decide) == ((1, 2), "merge 1 2")
        assert "0.4" in item.why

    def test_more_than_asked_for_are_counted(self, days: Days) -> None:
        days.add([HURT] * 5)
        waiting = list_waiting(days.store, limit=2)
        assert len(waiting.items) == 2
        assert waiting.more == {"casualties not followed up": 3}


class TestOneIncident:
    def test_everything_known_of_it_is_there(self, days: Days) -> None:
        days.add([{"side": "b", "flags": int(Flag.exercise)}])
        found = read_incident(days.store, 1)
        assert found.status.startswith("verified")
        assert found.attribution == ("side b with probability 0.80: bearing",)
        assert found.verdicts[0].startswith("general/ceasefire: violation")
        assert found.reports[0].how == "patrol heard patrol 1"
        assert found.reports[0].flags == ("exercise",)

    def test_an_unknown_number_is_told(self, days: Days) -> None:
        with pytest.raises(DecisionError, match="incident 7"):
            read_incident(days.store, 7)

    @pytest.mark.parametrize(
        ("end", "words"),
        [
            (datetime(2025, 3, 1, 18), "2025-03-01 18:00"),
            (datetime(2025, 3, 1, 19), "2025-03-01 18:00 to 19:00"),
            (datetime(2025, 3, 2, 1), "2025-03-01 18:00 to 2025-03-02 01:00"),
        ],
    )
    def test_an_interval_is_said_as_short_as_it_can_be(self, end: datetime, words: str) -> None:
        assert say_interval(datetime(2025, 3, 1, 18), end) == words


class TestADayPutTogether:
    def test_effort_and_trend_stand_beside_the_counts(self, month: Days) -> None:
        report = assemble_day(month.store, DAY)
        whole = report.trend[0]
        assert whole.region == ""
        assert whole.ratio == pytest.approx(whole.observed / whole.expected)
        assert whole.ratio_low < whole.ratio < whole.ratio_high
        assert whole.state in TrendState
        watched = sum(line.watched_h for line in report.effort)
        assert watched == pytest.approx(measure_hours(month, report.period_from, report.period_to))

    def test_a_count_is_corrected_once_for_a_region_and_only_upwards(self, month: Days) -> None:
        report = assemble_day(month.store, DAY)
        counts = {line.region: line.observed for line in report.trend}
        for region in {line.region for line in report.effort}:
            corrected = [x.corrected_best for x in report.effort if x.region == region]
            given = [value for value in corrected if np.isfinite(value)]
            assert len(given) <= 1
            if given and region in counts:
                assert given[0] >= counts[region]

    def test_a_truce_that_is_over_is_not_counted_from(self, month: Days) -> None:
        assert assemble_day(month.store, DAY).since == ()
        inside = assemble_day(month.store, date(2025, 4, 10))
        assert [line.agreement.name for line in inside.since] == ["energy-2025-03"]


def measure_hours(days: Days, since: datetime, until: datetime) -> float:
    effort = measure_effort(days.store, since, until)
    return float(effort.exposure["hours_watched"].sum())


class TestPosture:
    def test_the_chances_of_a_plan_stand_in_where_effort_gives_none(self, days: Days) -> None:
        at = datetime(2025, 6, 10, 16, 30)
        row = {"means": "post", "post": "P1", "region": "Donetsk", "time_from": at, "state": "watched"}
        days.add_effort([{**row, "time_to": at + timedelta(days=1)}])
        before = share_of(days, at)
        keep_posture(days.store, {("", ""): (0.4, 0.3, 0.5)}, who="t")
        assert read_posture(days.store) == {("", ""): (0.4, 0.3, 0.5)}
        assert share_of(days, at) == pytest.approx((0.3, 0.4, 0.5))
        assert before != pytest.approx((0.3, 0.4, 0.5))

    def test_a_row_of_effort_with_its_own_chance_goes_before_it(self, days: Days) -> None:
        at = datetime(2025, 6, 10, 16, 30)
        row = {"means": "post", "post": "P1", "region": "Donetsk", "time_from": at, "state": "watched"}
        days.add_effort([{**row, "time_to": at + timedelta(days=1), "p_detect": 0.9}])
        keep_posture(days.store, {("", ""): (0.4, 0.3, 0.5)}, who="t")
        assert share_of(days, at)[1] == pytest.approx(0.9)

    def test_an_earlier_report_is_made_with_the_posture_it_had(self, days: Days) -> None:
        assert read_posture(days.store) is None
        keep_posture(days.store, {("", ""): (0.4, 0.3, 0.5)}, who="t")
        first = days.store.last_change()
        keep_posture(days.store, {("", ""): (0.6, 0.5, 0.7)}, who="t")
        assert read_posture(days.store, as_of=first) == {("", ""): (0.4, 0.3, 0.5)}


def share_of(days: Days, at: datetime) -> tuple[float, float, float]:
    effort = measure_effort(days.store, at, at + timedelta(days=1))
    row = effort.exposure[effort.exposure["region"] == "Donetsk"].iloc[0]
    return float(row["share_low"]), float(row["share"]), float(row["share_high"])
