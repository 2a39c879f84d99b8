"""UCDP events: codes become sigmas and intervals, deaths keep their range, dyads have no direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from feed_inputs import FILES, has_flag, map_reports, read_columns, read_parquet, read_text

from truceline.events.feeds.ucdp import FEEDS, WHERE_PRECISIONS
from truceline.events.kinds import KINETIC, Flag

FEED = FEEDS[0]


def official() -> pd.DataFrame:
    reports, rejects = map_reports(FEED, read_text(FILES / "ucdp_ged.csv"))
    assert rejects == []
    return reports


def test_the_extract_imports_whole(shared: Path) -> None:
    reading = read_parquet(shared / "data" / "events" / "ucdp_ged_ukraine_2014_2021-06.parquet")
    assert FEED.fits(list(reading.raw.columns))
    reports, rejects = map_reports(FEED, reading)
    assert (len(reports), rejects) == (2985, [])
    assert reports["key"].is_unique
    assert has_flag(reports, Flag.several_nights).sum() == 652
    assert set(reports["side_from"]) == {""}
    assert (reports["killed_low"] <= reports["killed_best"]).all()
    assert (reports["killed_best"] <= reports["killed_high"]).all()
    assert reports["killed_best"].sum() == reading.raw["best"].sum()


def test_the_official_header_is_recognised() -> None:
    assert FEED.fits(read_columns("ucdp_ged.csv"))


def test_each_precision_of_place_has_its_spread() -> None:
    sigma = official().set_index("key")["sigma_m"]
    assert sigma["1"] < sigma["2"] < sigma["3"] < sigma["5"] < sigma["4"] < sigma["6"]
    assert sigma["7"] == sigma["6"]
    assert len(WHERE_PRECISIONS) == 7


def test_a_region_we_know_is_its_centre_and_one_we_do_not_keeps_its_point() -> None:
    reports = official().set_index("key")
    assert (reports.loc["4", "lon"], reports.loc["4", "region"]) == (37.7, "Donetsk")
    assert (reports.loc["8", "lon"], reports.loc["8", "region"]) == (37.5, "Somewhere else")
    assert (reports.loc["7", "lon"], reports.loc["7", "lat"]) == (35.9, 45.0)


def test_the_interval_reaches_from_the_first_midnight_to_the_last() -> None:
    reports = official().set_index("key")
    assert reports.loc["1", "time_from"] == pd.Timestamp("2024-04-30 21:00")
    assert reports.loc["1", "time_to"] == pd.Timestamp("2024-05-01 21:00")
    assert reports.loc["2", "time_to"] - reports.loc["2", "time_from"] == pd.Timedelta(days=4)
    assert list(reports["time_precision"])[:5] == ["day", "week", "week", "month", "year"]
    assert list(has_flag(reports.reset_index(), Flag.several_nights)) == [False] + [True] * 4 + [False] * 4


def test_estimates_out_of_order_are_put_in_order() -> None:
    reports = official().set_index("key")
    killed = reports.loc["5", ["killed_low", "killed_best", "killed_high"]]
    assert list(killed) == [6, 7, 7]
    assert list(reports.loc["1", ["killed_low", "killed_best", "killed_high"]]) == [1, 2, 4]


def test_two_armed_sides_are_fighting_and_one_sided_violence_names_who_did_it() -> None:
    reports = official().set_index("key")
    assert reports.loc["1", "kind"] in KINETIC
    assert reports.loc["8", "kind"] in KINETIC
    assert reports.loc["9", "kind"] not in KINETIC
    assert (reports.loc["1", "side_from"], reports.loc["9", "side_from"]) == ("", "a")
    assert (reports.loc["1", "target"], reports.loc["2", "target"]) == ("civilian", "")


def test_a_type_of_violence_that_is_none_is_rejected() -> None:
    reading = read_text(FILES / "ucdp_ged.csv")
    reading.raw["type_of_violence"] = np.array(["4", *["1"] * 8], dtype=object)
    reports, rejects = map_reports(FEED, reading)
    assert len(reports) == 8
    assert [(reject.line, reject.where) for reject in rejects] == [(1, "type_of_violence")]
