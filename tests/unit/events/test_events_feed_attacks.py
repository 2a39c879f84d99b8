"""Missile and drone attacks: claims stay claims, windows are local, models are told apart by a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from feed_inputs import FILES, has_flag, map_reports, read_columns, read_text

from truceline.events.feeds.attacks import FEEDS, UNKNOWN_MODEL, find_model, find_target
from truceline.events.kinds import Flag

FEED = FEEDS[0]


def test_the_extract_imports_whole(shared: Path) -> None:
    reading = read_text(shared / "data" / "events" / "missile_drone_attacks.csv.gz")
    assert FEED.fits(list(reading.raw.columns))
    reports, rejects = map_reports(FEED, reading)
    assert (len(reports), rejects) == (2495, [])
    assert reports["key"].is_unique
    assert reports["count_best"].sum() == 39_156
    assert reports["count_best"].isna().sum() == 3
    assert has_flag(reports, Flag.party_claim).all()
    assert set(reports["claimed_by"]) == {"a"}
    assert (reports["time_to"] >= reports["time_from"]).all()
    assert set(reports["weapon"]) == {"uav", "missile", "glide_bomb"}
    assert (reports["region"] == "Odesa").sum() > 150


def test_models_of_the_published_list_are_known_and_agree_with_its_categories(shared: Path) -> None:
    models = read_text(shared / "data" / "events" / "missile_drone_models.csv")
    for name, category in zip(models.words("model"), models.words("category"), strict=True):
        expected = "uav" if category == "UAV" else "glide_bomb" if "bomb" in category else "missile"
        assert find_model(name).weapon == expected, name


def test_the_original_header_is_read() -> None:
    assert FEED.fits(read_columns("attacks_original.csv"))
    reports, rejects = map_reports(FEED, read_text(FILES / "attacks_original.csv"))
    assert rejects == []
    assert list(reports["weapon"]) == ["uav", "missile", "unknown", "unknown"]
    assert list(reports["count_unit"]) == ["drones", "missiles", "weapons", "weapons"]
    assert list(reports["place_precision"]) == ["region", "region", "country", "unknown"]
    assert reports["key"].is_unique
    assert '"destroyed": "7"' in reports["original"].iloc[0]


def test_windows_are_local_and_days_are_whole() -> None:
    reports, _ = map_reports(FEED, read_text(FILES / "attacks_original.csv"))
    assert reports["time_from"].iloc[0] == pd.Timestamp("2025-03-01 18:00")
    assert reports["time_to"].iloc[0] == pd.Timestamp("2025-03-02 06:30")
    assert reports["time_to"].iloc[1] - reports["time_from"].iloc[1] == pd.Timedelta(days=1)
    assert reports["time_to"].iloc[3] == pd.Timestamp("2025-03-04 22:00")
    assert list(has_flag(reports, Flag.time_unknown)) == [False, True, True, True]
    assert list(has_flag(reports, Flag.several_nights)) == [False, False, True, False]


def test_a_model_that_is_not_listed_is_unknown_and_so_is_a_mixture() -> None:
    assert find_model("Something new") == UNKNOWN_MODEL
    assert find_model("Shahed-136/131 and Kalibr") == UNKNOWN_MODEL
    assert find_model("Shahed-136/131 and Lancet").count_unit == "drones"


def test_targets_are_one_region_several_or_the_country() -> None:
    assert find_target("Dnipropetrovsk oblast, Dnipro Raion").name == "Dnipropetrovsk"
    both = find_target("Odesa oblast and Mykolaiv oblast")
    one = find_target("Odesa oblast")
    assert both.name == ""
    assert both.sigma_m > one.sigma_m
    assert one.lon < both.lon < find_target("Mykolaiv oblast").lon
    assert find_target("south").sigma_m > both.sigma_m
    assert find_target("['Odesa oblast', 'Mykolaiv oblast']") == both
