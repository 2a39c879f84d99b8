"""ACLED-form files: types to kinds, precision codes to intervals and sigmas, nobody said to have acted."""

from __future__ import annotations

import pandas as pd
import pytest
from feed_inputs import FILES, map_reports, read_columns, read_text

from truceline.events.feeds.acled import FEEDS, tell_kind
from truceline.events.kinds import Kind

FEED = FEEDS[0]


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    made, rejects = map_reports(FEED, read_text(FILES / "acled.csv"))
    assert rejects == []
    return made


def test_the_official_header_is_recognised() -> None:
    assert FEED.fits(read_columns("acled.csv"))


def test_types_become_kinds(reports: pd.DataFrame) -> None:
    assert list(reports["kind"]) == [
        "shelling", "missile_strike", "uav_strike", "airstrike", "mine_blast", "firefight", "assault",
        "control_change", "air_defence", "other", "other", "casualty", "firefight", "firefight", "firefight",
    ]  # fmt: skip


def test_actors_have_no_direction(reports: pd.DataFrame) -> None:
    assert set(reports["side_from"]) == {""}


def test_precision_of_time_is_a_day_a_week_or_a_month(reports: pd.DataFrame) -> None:
    days = (reports["time_to"] - reports["time_from"]).dt.days
    assert (days.iloc[0], days.iloc[12], days.iloc[13]) == (1, 7, 30)
    assert reports["time_from"].iloc[12] == pd.Timestamp("2024-06-12 21:00")
    assert reports["time_from"].iloc[13] == pd.Timestamp("2024-05-31 21:00")


def test_precision_of_place_is_a_town_a_district_or_a_region(reports: pd.DataFrame) -> None:
    assert list(reports["place_precision"].iloc[[0, 12, 13]]) == ["settlement", "district", "region"]
    # No coordinates: the region is what is known.
    assert (reports["place_precision"].iloc[14], reports["region"].iloc[14]) == ("region", "Kharkiv")
    assert reports["lon"].iloc[14] == 36.5


def test_deaths_targets_and_the_time_of_the_last_change_are_kept(reports: pd.DataFrame) -> None:
    assert (reports["killed_best"].iloc[2], reports["target"].iloc[11]) == (2, "civilian")
    assert reports["received_at"].iloc[0] == pd.Timestamp("2024-06-10 06:13:20")


@pytest.mark.parametrize(
    ("sub_type", "notes", "kind"),
    [
        ("Air/drone strike", "Jets and drones struck.", Kind.airstrike),
        ("Shelling/artillery/missile attack", "Missile and artillery fire.", Kind.shelling),
        ("Disrupted weapons use", "Sappers cleared a mine.", Kind.other),
        ("Peaceful protest", "", Kind.other),
        ("A type of next year", "", Kind.other),
    ],
)
def test_where_the_notes_do_not_decide_the_plain_meaning_holds(sub_type: str, notes: str, kind: Kind) -> None:
    assert tell_kind("", sub_type, notes)[0] is kind
