"""Air-raid alerts: every interval imports, regions are placed, and ends that nobody saw are flagged."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from feed_inputs import feed_named, has_flag, map_reports, read_parquet, read_rows

from truceline.events.feeds.alerts import FEEDS
from truceline.events.kinds import Flag

EXTRACTS = {
    "alerts": ("alerts_oblast.parquet", 55_909),
    "alerts-official": ("alerts_official_raw_2022_2023.parquet", 34_855),
    "alerts-volunteer": ("alerts_volunteer_raw_2022_2023.parquet", 34_288),
}


@pytest.fixture(scope="module")
def extracts(shared: Path) -> dict[str, pd.DataFrame]:
    made = {}
    for name, (file_name, n_rows) in EXTRACTS.items():
        reading = read_parquet(shared / "data" / "events" / file_name)
        feed = feed_named(FEEDS, name)
        assert [each.name for each in FEEDS if each.fits(list(reading.raw.columns))] == [name]
        made[name], rejects = map_reports(feed, reading)
        assert (len(made[name]), rejects) == (n_rows, [])
    return made


@pytest.mark.parametrize("name", list(EXTRACTS))
def test_every_alert_has_a_key_a_region_and_a_centre(extracts: dict[str, pd.DataFrame], name: str) -> None:
    reports = extracts[name]
    assert reports["key"].is_unique
    assert set(reports["kind"]) == {"air_alert"}
    assert reports[["lon", "lat", "sigma_m"]].notna().all().all()
    assert reports["region"].nunique() in (24, 25)
    assert (reports["time_to"] > reports["time_from"]).all()


def test_implausible_and_invented_ends_are_flagged(extracts: dict[str, pd.DataFrame]) -> None:
    assert has_flag(extracts["alerts"], Flag.implausible_interval).sum() == 40
    assert has_flag(extracts["alerts-official"], Flag.implausible_interval).sum() == 1
    invented = has_flag(extracts["alerts-volunteer"], Flag.invented_end)
    assert invented.sum() == 1471
    length = extracts["alerts-volunteer"]["time_to"] - extracts["alerts-volunteer"]["time_from"]
    assert (length[invented] == pd.Timedelta(minutes=30)).mean() > 0.99


def test_a_district_is_named_and_placed_in_its_region(extracts: dict[str, pd.DataFrame]) -> None:
    reports = extracts["alerts-official"]
    part = reports[reports["place"].str.contains("Nikopolskyi raion")]
    assert len(part) > 1000
    assert set(part["region"]) == {"Dnipropetrovsk"}
    assert set(part["place_precision"]) == {"region"}


def test_a_row_with_region_and_district_in_each_others_column_is_read(
    extracts: dict[str, pd.DataFrame],
) -> None:
    reports = extracts["alerts-official"]
    turned = reports[reports["place"].str.contains("Lubenskyi raion")]
    assert set(turned["region"]) == {"Poltava"}


def test_an_alert_without_an_end_lasts_as_long_as_one_plausibly_can() -> None:
    row = {
        "alert_id": "1",
        "region": "Sumska oblast",
        "started_at": "2025-01-01T10:00:00Z",
        "finished_at": "",
    }
    reports, rejects = map_reports(feed_named(FEEDS, "alerts"), read_rows([row]))
    assert rejects == []
    assert reports["time_to"].iloc[0] == pd.Timestamp("2025-01-03 10:00")
    assert has_flag(reports, Flag.implausible_interval).all()


def test_an_end_before_the_start_is_rejected() -> None:
    row = {
        "region": "Sumska oblast", "started_at": "2025-01-01T10:00:00Z",
        "finished_at": "2025-01-01T09:00:00Z", "naive": "false",
    }  # fmt: skip
    reports, rejects = map_reports(feed_named(FEEDS, "alerts-volunteer"), read_rows([row]))
    assert len(reports) == 0
    assert rejects[0].where == "time_to"
