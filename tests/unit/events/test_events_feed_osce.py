"""Counts of an observer mission: a row with two numbers makes two reports, and evenings bound the days."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from feed_inputs import has_flag, map_reports, read_rows, read_text

from truceline.events.feeds.osce import FEEDS
from truceline.events.kinds import Flag

FEED = FEEDS[0]
ROW = {"period_from": "2025-03-29", "period_to": "2025-03-30", "n_days": "1", "region": "Donetsk"}


@pytest.fixture(scope="module")
def counts(shared: Path) -> pd.DataFrame:
    reading = read_text(shared / "data" / "events" / "osce_smm_counts_2020-07_2021-06.csv")
    assert FEED.fits(list(reading.raw.columns))
    assert len(reading) == 230
    reports, rejects = map_reports(FEED, reading)
    assert rejects == []
    return reports


def of(reports: pd.DataFrame, region: str, day: str, kind: str) -> pd.Series:
    local = reports["time_to"].dt.tz_localize("UTC").dt.tz_convert("Europe/Kyiv").dt.strftime("%Y-%m-%d")
    found = reports[(reports["region"] == region) & (local == day) & (reports["kind"] == kind)]
    assert len(found) == 1
    return found.iloc[0]


class TestCounts:
    def test_every_number_stated_is_one_report(self, counts: pd.DataFrame) -> None:
        kinds = counts["kind"].value_counts()
        assert (kinds["violations_total"], kinds["explosions_total"]) == (230, 32)
        assert counts["key"].is_unique
        sums = counts.groupby("kind")["count_best"].sum()
        assert (sums["violations_total"], sums["explosions_total"]) == (15_004, 2_338)

    def test_the_first_days_of_the_measures_are_those_of_the_reports(self, counts: pd.DataFrame) -> None:
        assert of(counts, "Donetsk", "2020-07-27", "violations_total")["count_best"] == 111
        assert of(counts, "Donetsk", "2020-07-27", "explosions_total")["count_best"] == 21
        assert of(counts, "Luhansk", "2020-07-27", "violations_total")["count_best"] == 0
        assert of(counts, "Donetsk", "2020-07-28", "violations_total")["count_best"] == 10

    def test_explosions_that_are_not_stated_are_unknown_and_not_none(self, counts: pd.DataFrame) -> None:
        of_luhansk = counts[(counts["region"] == "Luhansk") & (counts["source_ref"] == "178/2020")]
        assert list(of_luhansk["kind"]) == ["violations_total"]

    def test_a_day_ends_at_half_past_seven_in_the_evening(self, counts: pd.DataFrame) -> None:
        for name in ("time_from", "time_to"):
            local = counts[name].dt.tz_localize("UTC").dt.tz_convert("Europe/Kyiv")
            assert set(local.dt.strftime("%H:%M")) == {"19:30"}

    def test_weekends_and_derived_numbers_are_flagged(self, counts: pd.DataFrame) -> None:
        several = has_flag(counts, Flag.several_nights)
        violations = (counts["kind"] == "violations_total").to_numpy()
        assert (several & violations).sum() == 24
        assert has_flag(counts, Flag.derived_count).sum() == 1
        long = (counts["time_to"] - counts["time_from"])[several].dt.total_seconds() / 86_400
        assert long.round().isin([2, 3, 4]).all()

    def test_both_reports_of_a_row_keep_the_row(self, counts: pd.DataFrame) -> None:
        pair = counts[(counts["region"] == "Donetsk") & (counts["source_ref"] == "178/2020")]
        assert len(pair) == 2
        assert pair["original"].nunique() == 1
        assert pair["digest"].nunique() == 1


class TestSample:
    def test_explosions_alone_import_whole_with_their_range(self, shared: Path) -> None:
        reading = read_text(shared / "data" / "events" / "osce_smm_explosions_2017_2019_sample.csv")
        assert FEED.fits(list(reading.raw.columns))
        reports, rejects = map_reports(FEED, reading)
        assert (len(reports), rejects) == (24, [])
        assert set(reports["kind"]) == {"explosions_total"}
        assert has_flag(reports, Flag.rounded_count).sum() == 12
        about = of(reports, "Donetsk", "2018-05-19", "explosions_total")
        assert (about["count_low"], about["count_best"], about["count_high"]) == (378, 420, 462)
        more = of(reports, "Donetsk", "2017-02-04", "explosions_total")
        assert (more["count_low"], more["count_best"], more["count_high"]) == (800, 800, 1000)
        stated = of(reports, "Luhansk", "2018-03-16", "explosions_total")
        assert (stated["count_low"], stated["count_high"]) == (11, 11)


class TestBadInput:
    def test_a_day_on_which_the_clock_changes_is_an_hour_shorter(self) -> None:
        reports, _ = map_reports(FEED, read_rows([{**ROW, "cfv": "3"}]))
        assert reports["time_to"].iloc[0] - reports["time_from"].iloc[0] == pd.Timedelta(hours=23)

    def test_without_a_start_the_days_are_counted_back_as_evenings(self) -> None:
        rows = [{**ROW, "period_from": "", "n_days": days, "cfv": "3"} for days in ("1", "2", "")]
        reports, _ = map_reports(FEED, read_rows(rows))
        local = reports["time_from"].dt.tz_localize("UTC").dt.tz_convert("Europe/Kyiv")
        assert list(local.dt.strftime("%m-%d %H:%M")) == ["03-29 19:30", "03-28 19:30", "03-29 19:30"]

    def test_a_row_without_a_number_and_one_with_a_word_are_rejected(self) -> None:
        rows = [
            {**ROW, "cfv": "", "explosions": ""},
            {**ROW, "cfv": "many", "explosions": "2"},
            {**ROW, "cfv": "5", "explosions": "2", "period_to": "the evening"},
            {**ROW, "cfv": "5", "explosions": "2"},
        ]
        reports, rejects = map_reports(FEED, read_rows(rows))
        assert len(reports) == 2
        assert sorted(reject.line for reject in rejects) == [1, 2, 3]
