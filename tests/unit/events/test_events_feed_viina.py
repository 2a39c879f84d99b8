"""VIINA: extracts import whole, labels become kinds by one order, and placeholder points are no places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feed_inputs import FILES, feed_named, has_flag, map_reports, read_parquet, read_rows, read_text

from truceline.events.feeds import viina
from truceline.events.feeds._labels import ORDER, is_weak_label, read_labels, weigh_labels
from truceline.events.kinds import KINETIC, Flag, Kind

EVENTS = Path("data") / "events"


@pytest.fixture(scope="module")
def copied(shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the reports of the copy and its rows as they are."""
    reading = read_parquet(shared / EVENTS / "viina_reports_2023-04_2025-04.parquet")
    reports, rejects = map_reports(feed_named(viina.FEEDS, "viina-reports"), reading)
    assert rejects == []
    return reports, reading.raw


class TestTheCopy:
    def test_every_row_becomes_a_report_with_its_own_key(self, copied: tuple[pd.DataFrame, ...]) -> None:
        reports, raw = copied
        assert len(reports) == len(raw) == 177_497
        assert reports["key"].is_unique
        assert (reports["text"] != "").all()
        assert set(reports["means"]) == {"press"}
        assert set(reports["observation"]) == {"told"}

    def test_about_one_in_nine_stands_for_a_whole_region(self, copied: tuple[pd.DataFrame, ...]) -> None:
        reports, raw = copied
        flagged = has_flag(reports, Flag.placeholder)
        assert 0.10 < flagged.mean() < 0.12
        # The extract compared coordinates exactly; 320 more rows have the same points rounded.
        assert not (raw["placeholder_geo"].to_numpy(dtype=bool) & ~flagged).any()
        assert flagged.sum() == 18_889 + 320
        of_regions = reports[flagged]
        assert set(of_regions["place_precision"]) == {"region"}
        assert (of_regions["sigma_m"] > 30_000).all()
        assert (of_regions["place"] != "").all()
        assert (of_regions["region"] != "").all()

    def test_a_flagged_report_is_not_drawn_at_the_village(self, copied: tuple[pd.DataFrame, ...]) -> None:
        reports, raw = copied
        village = (raw["place"] == "Chorna Dolyna").to_numpy() & has_flag(reports, Flag.placeholder)
        assert village.sum() > 3000
        assert set(reports["region"][village]) == {"Kherson"}
        assert reports["lon"][village].nunique() == 1
        assert abs(reports["lon"][village].iloc[0] - 33.481729) > 0.01

    def test_exact_repeats_are_a_third_before_july_2024_and_few_after(
        self, copied: tuple[pd.DataFrame, ...]
    ) -> None:
        reports, _ = copied
        repeat = has_flag(reports, Flag.exact_repeat)
        later = (reports["time_from"] >= pd.Timestamp("2024-07-01")).to_numpy()
        assert repeat.sum() == 31_736
        assert repeat[~later].mean() > 0.2
        assert repeat[later].mean() < 0.02

    def test_an_unknown_hour_is_the_whole_local_day(self, copied: tuple[pd.DataFrame, ...]) -> None:
        reports, raw = copied
        unknown = has_flag(reports, Flag.time_unknown)
        assert (unknown == ~raw["time_known"].to_numpy(dtype=bool)).all()
        hours = (reports["time_to"] - reports["time_from"]).dt.total_seconds().to_numpy() / 3600
        assert set(np.unique(hours[unknown])) <= {23.0, 24.0, 25.0}
        assert 23.0 in hours[unknown]
        assert 25.0 in hours[unknown]
        assert np.allclose(hours[~unknown], 1 / 60)
        local = reports["time_from"][unknown].dt.tz_localize("UTC").dt.tz_convert("Europe/Kyiv")
        assert set(local.dt.hour) == {0}

    def test_rows_without_a_war_label_are_other_and_not_fighting(
        self, copied: tuple[pd.DataFrame, ...]
    ) -> None:
        reports, raw = copied
        labels = raw["types"].fillna("").astype(str)
        no_label = labels.isin(["", "loc", "san", "arrest", "arrest|loc"]).to_numpy()
        assert set(reports["kind"][no_label]) == {"other"}
        assert (reports["kind"] == "airstrike").sum() == labels.str.split("|").map(set).map(
            lambda given: "airstrike" in given
        ).sum()

    def test_kinds_agree_with_a_slow_reading_of_the_labels(self, copied: tuple[pd.DataFrame, ...]) -> None:
        reports, raw = copied
        rows = range(0, len(reports), 997)
        for row in rows:
            given = str(raw["types"].iloc[row] or "").split("|")
            expected = next((str(ORDER[label][0]) for label in ORDER if label in given), "other")
            assert reports["kind"].iloc[row] == expected


class TestOtherExtracts:
    def test_one_per_day_events_import_whole(self, shared: Path) -> None:
        reading = read_parquet(shared / EVENTS / "viina_1pd_2026-01.parquet")
        reports, rejects = map_reports(feed_named(viina.FEEDS, "viina-1pd"), reading)
        assert (len(reports), rejects) == (3837, [])
        kinds = reports["kind"].value_counts()
        assert (kinds["uav_strike"], kinds["firefight"], kinds["other"]) == (597, 565, 1789)
        assert reports["source_ref"].str.startswith("http").all()
        assert has_flag(reports, Flag.placeholder).sum() >= 381

    def test_infrastructure_events_import_whole_with_their_target(self, shared: Path) -> None:
        reading = read_parquet(shared / EVENTS / "viina_infrastructure_targets_2022_2025-04.parquet")
        reports, rejects = map_reports(feed_named(viina.FEEDS, "viina-targets"), reading)
        assert (len(reports), rejects) == (3297, [])
        classes = reading.words("target_classes")
        assert set(reports["target"][classes == "ENERGY_GRID_SUPPORT"]) == {"energy"}
        assert set(reports["target"][classes == "STRATEGIC_AIRBASE"]) == {"military"}
        assert set(reports["weapon"]) == {""}

    def test_only_a_flag_of_one_initiator_names_a_side(self, shared: Path) -> None:
        reading = read_parquet(shared / EVENTS / "viina_infrastructure_targets_2022_2025-04.parquet")
        reports, _ = map_reports(feed_named(viina.FEEDS, "viina-targets"), reading)
        assert reports["side_from"].value_counts().to_dict() == {"": 3286, "b": 7, "a": 4}


class TestOriginalFiles:
    def test_reports_joined_with_their_labels_have_kinds(self) -> None:
        feed = feed_named(viina.FEEDS, "viina")
        reading = read_text(FILES / "viina_joined.csv")
        assert feed.fits(list(reading.raw.columns))
        reports, rejects = map_reports(feed, reading)
        assert rejects == []
        assert list(reports["kind"]) == ["uav_strike", "shelling", "other", "control_change", "other"]
        assert list(reports["side_from"]) == ["b", "", "", "a", ""]
        assert list(reports["target"]) == ["civilian", "", "", "", ""]
        assert has_flag(reports, Flag.weak_label).tolist() == [False, False, True, False, False]

    def test_reports_without_labels_import_as_other(self) -> None:
        reports, rejects = map_reports(
            feed_named(viina.FEEDS, "viina"), read_text(FILES / "viina_event_info.csv")
        )
        assert rejects == []
        assert set(reports["kind"]) == {"other"}
        assert list(reports["source"]) == ["madeupnews", "madeupnews", "other", "other", "other"]

    def test_precision_and_missing_places_are_told(self) -> None:
        reports, _ = map_reports(feed_named(viina.FEEDS, "viina"), read_text(FILES / "viina_event_info.csv"))
        assert list(reports["place_precision"]) == ["settlement", "exact", "region", "district", "unknown"]
        assert reports["sigma_m"].iloc[:2].tolist() == [2000, 300]
        assert reports["sigma_m"].iloc[2] > 40_000
        assert reports.loc[4, ["lon", "lat", "sigma_m"]].isna().all()

    def test_a_time_in_the_hour_that_the_clock_skips_is_the_next_that_exists(self) -> None:
        reports, _ = map_reports(feed_named(viina.FEEDS, "viina"), read_text(FILES / "viina_event_info.csv"))
        assert reports["time_from"].iloc[3] == pd.Timestamp("2025-03-30 01:00")
        assert list(has_flag(reports, Flag.time_unknown)) == [False, True, True, False, False]

    def test_one_per_day_events_know_a_rounded_placeholder(self) -> None:
        feed = feed_named(viina.FEEDS, "viina-daily")
        reading = read_text(FILES / "viina_event_1pd.csv")
        assert feed.fits(list(reading.raw.columns))
        reports, rejects = map_reports(feed, reading)
        assert rejects == []
        assert list(reports["kind"]) == ["airstrike", "other"]
        assert list(has_flag(reports, Flag.placeholder)) == [False, True]
        assert list(reports["region"]) == ["Donetsk", "Zaporizhzhia"]

    def test_probabilities_stand_in_for_missing_binary_columns(self) -> None:
        rows = [
            {
                "event_id": "1", "date": "20250101", "time": "10:00", "longitude": "37.5", "latitude": "48.1",
                "GEO_PRECISION": "ADM3", "url": "", "text": "x", "t_artillery": "0.9", "t_uav": "0.2",
            }
        ]  # fmt: skip
        reports, _ = map_reports(feed_named(viina.FEEDS, "viina"), read_rows(rows))
        assert list(reports["kind"]) == ["shelling"]

    def test_a_date_that_is_none_is_told_with_its_line(self) -> None:
        rows = [
            {
                "event_id": "1", "date": "20251341", "time": "", "longitude": "", "latitude": "",
                "GEO_PRECISION": "", "url": "", "text": "x",
            }
        ]  # fmt: skip
        reports, rejects = map_reports(feed_named(viina.FEEDS, "viina"), read_rows(rows))
        assert len(reports) == 0
        assert [(reject.line, reject.where, reject.found) for reject in rejects] == [
            (1, "date", "'20251341' is not a date or time")
        ]


class TestLabels:
    def test_an_attack_comes_before_what_it_did(self) -> None:
        assert weigh_labels(["civcas", "artillery", "property"]).kind == Kind.shelling
        assert weigh_labels(["civcas", "property"]).kind == Kind.casualty
        assert weigh_labels(["loc", "san"]).kind == Kind.other

    def test_only_the_cyber_label_is_weak(self) -> None:
        assert [label for label in (*ORDER, "cyber", "loc") if is_weak_label(label)] == ["cyber"]

    def test_alerts_control_and_consequences_are_no_fighting(self) -> None:
        for label in ("airalert", "control", "civcas", "milcas", "property", "hospital", "occupy", "retreat"):
            assert read_labels(label).kind not in KINETIC
        for label in ("airstrike", "uav", "artillery", "firefight", "armor", "ied", "raid", "aad"):
            assert read_labels(label).kind in KINETIC
