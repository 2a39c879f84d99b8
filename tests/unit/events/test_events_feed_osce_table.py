"""The violation table: cells as monitors write them become sectors, counts, kinds and times."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from feed_inputs import CONTEXT, FILES, has_flag, map_reports, read_columns, read_rows, read_text
from hypothesis import given, settings
from hypothesis import strategies as st

from truceline.events.feeds import _cells as cells
from truceline.events.feeds.base import FeedContext
from truceline.events.feeds.osce_table import FEEDS, find_post
from truceline.events.kinds import Flag, Kind, Phase, Weapon

FEED = FEEDS[0]
ROW = {
    "SMM position": "Svitlodarsk", "Event location": "3-5km E", "Means": "Heard", "No.": "1",
    "Observation": "Explosion", "Description": "Outgoing", "Weapon": "N/K", "Date, time": "17-Feb, 18:30",
    "Year": "2021",
}  # fmt: skip
CELLS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["3-5km", "about", "N/K", "SSE", "N", "of Donetsk", "17km", "(", ")", "30", "-", "99:99", "18:30",
             "17-Feb", "31-Feb", "live-fire", "burst", "up to", "999999km", "²", "٣", ",", "\u00a0",
             "south-east"]
        ),
        max_size=8,
    ).map(" ".join),
)  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "low", "high", "bearing"),
    [
        ("3-5km SSE", 3000, 5000, 157.5),
        ("3 – 5 km south-south-east", 3000, 5000, 157.5),
        ("At an assessed distance of 1-2km WNW", 1000, 2000, 292.5),
        ("2km N", 1500, 2500, 0),
        ("0.5-1km NE", 500, 1000, 45),
        ("200m W", 100, 300, 270),
        ("1,5km E", 1000, 2000, 90),
        ("5-3km S", 3000, 5000, 180),
        ("SW", math.nan, math.nan, 225),
        ("south-westerly", math.nan, math.nan, 225),
        ("4-6km", 4000, 6000, math.nan),
        ("N/K", math.nan, math.nan, math.nan),
        ("N/K, 2-3km N", 2000, 3000, 0),
        ("", math.nan, math.nan, math.nan),
    ],
)
def test_distances_and_bearings_are_read(cell: str, low: float, high: float, bearing: float) -> None:
    sector = cells.read_sector(cell)
    found = (sector.range_min_m, sector.range_max_m, sector.bearing_deg)
    assert np.allclose(found, (low, high, bearing), equal_nan=True)


def test_sixteen_winds_are_equal_steps() -> None:
    azimuths = [cells.read_wind(wind) for wind in cells.WINDS]
    assert azimuths == [22.5 * step for step in range(16)]


@pytest.mark.parametrize(
    ("cell", "low", "best", "high", "is_rounded"),
    [
        ("3", 3, 3, 3, False),
        ("2-3", 2, 2.5, 3, False),
        ("about 30", 27, 30, 33, True),
        ("At least 8", 8, 8, 10, True),
        ("1,200", 1200, 1200, 1200, False),
        ("12 (bursts)", 12, 12, 12, False),
        ("N/K", math.nan, math.nan, math.nan, False),
        ("several", math.nan, math.nan, math.nan, False),
    ],
)
def test_numbers_are_read(cell: str, low: float, best: float, high: float, is_rounded: bool) -> None:
    tally = cells.read_tally(cell, about_share=0.1, more_share=0.25)
    assert np.allclose((tally.low, tally.best, tally.high), (low, best, high), equal_nan=True)
    assert tally.is_rounded is is_rounded


@pytest.mark.parametrize(
    ("cell", "kind", "unit"),
    [
        ("Explosion", Kind.explosion, "explosions"),
        ("Projectiles", Kind.projectile, "projectiles"),
        ("Burst", Kind.burst, "bursts"),
        ("Shots and bursts", Kind.shot, "shots"),
        ("Muzzle flash", Kind.muzzle_flash, "flashes"),
        ("Illumination flare", Kind.flare, "flares"),
        ("Tracer rounds", Kind.tracer, "tracers"),
        ("A flying saucer", Kind.other, ""),
    ],
)
def test_observations_are_kinds(cell: str, kind: Kind, unit: str) -> None:
    assert cells.read_observation(cell) == (kind, unit)


@pytest.mark.parametrize(
    ("cell", "kind", "phase"),
    [
        ("Impact", Kind.explosion, Phase.impact),
        ("Assessed as outgoing", Kind.explosion, Phase.outgoing),
        ("Airburst", Kind.explosion, Phase.airburst),
        ("In flight from W to E", Kind.projectile, Phase.in_flight),
        ("W to E", Kind.projectile, Phase.in_flight),
        ("In vertical flight", Kind.flare, Phase.in_flight),
        ("Undetermined", Kind.explosion, Phase.undetermined),
        ("N/K", Kind.explosion, Phase.undetermined),
        ("N/K", Kind.burst, ""),
    ],
)
def test_descriptions_tell_the_part_of_the_flight(cell: str, kind: Kind, phase: str) -> None:
    assert cells.read_phase(cell, kind) == phase


@pytest.mark.parametrize(
    ("cell", "weapon"),
    [
        ("HMG", Weapon.heavy_machine_gun),
        ("Small arms", Weapon.small_arms),
        ("Heavy machine gun", Weapon.heavy_machine_gun),
        ("Automatic grenade launcher (AGL)", Weapon.grenade_launcher),
        ("IFV (BMP-2) cannon (30mm)", Weapon.ifv_cannon),
        ("Mortar (type N/K)", Weapon.mortar),
        ("Anti-tank guided missile", Weapon.anti_tank),
        ("MLRS", Weapon.rocket_artillery),
        ("Artillery (type N/K)", Weapon.artillery),
        ("Tank (T-64)", Weapon.tank),
        ("N/K", Weapon.unknown),
    ],
)
def test_weapons_are_read(cell: str, weapon: Weapon) -> None:
    assert cells.read_weapon(cell) is weapon


def test_an_exercise_is_told_inside_and_outside_the_zone() -> None:
    assert cells.is_exercise("Assessed as live-fire exercise, inside the security zone")
    assert cells.is_exercise("Assessed as a live fire exercise (outside the security zone)")
    assert not cells.is_exercise("Impact")


def test_a_post_is_placed_by_distance_and_direction_from_a_town() -> None:
    post = find_post("SMM camera in Shyrokyne (20km E of Mariupol)")
    assert (post.name, post.means, post.region) == ("SMM camera in Shyrokyne", "camera", "Donetsk")
    assert post.lat == pytest.approx(47.10, abs=0.01)
    assert post.lon == pytest.approx(37.55 + 20 / (111.32 * math.cos(math.radians(47.1))), abs=0.005)
    assert find_post("Avdiivka (government-controlled, 17km N of Donetsk)").lat == pytest.approx(
        48.163, abs=0.002
    )
    assert math.isnan(find_post("Somewhere (5km N of Nowhere)").lon)


@pytest.fixture(scope="module")
def reports() -> pd.DataFrame:
    made, rejects = map_reports(FEED, read_text(FILES / "osce_table.csv"))
    assert rejects == []
    return made


class TestRows:
    def test_the_header_of_the_annex_is_recognised(self) -> None:
        reading = read_text(FILES / "osce_table.csv")
        assert FEED.fits(list(reading.raw.columns))
        assert "smm position" in read_columns("osce_table.csv")

    def test_a_position_holds_for_the_rows_below_it(self, reports: pd.DataFrame) -> None:
        assert list(reports["post"].iloc[:2]) == ["SMM camera in Shyrokyne"] * 2
        assert list(reports["means"]) == ["camera", "camera", "patrol", "uav", "patrol"]
        assert list(reports["observation"]) == ["recorded", "recorded", "heard", "seen", "seen"]

    def test_a_time_past_midnight_is_on_the_next_day(self, reports: pd.DataFrame) -> None:
        assert reports["time_from"].iloc[1] == pd.Timestamp("2021-02-17 21:50")
        assert reports["time_to"].iloc[1] == pd.Timestamp("2021-02-17 22:11")

    def test_a_date_without_a_time_is_the_whole_day(self, reports: pd.DataFrame) -> None:
        assert list(has_flag(reports, Flag.time_unknown)) == [False, False, False, True, False]
        assert reports["time_to"].iloc[3] - reports["time_from"].iloc[3] == pd.Timedelta(days=1)

    def test_exercises_and_rounded_counts_are_flagged(self, reports: pd.DataFrame) -> None:
        assert list(has_flag(reports, Flag.exercise)) == [False, False, True, False, False]
        assert list(has_flag(reports, Flag.rounded_count)) == [False, False, True, False, False]

    def test_the_event_lies_along_the_bearing(self, reports: pd.DataFrame) -> None:
        first = reports.iloc[0]
        assert first["lat"] < first["observer_lat"]
        assert first["lon"] > first["observer_lon"]
        assert (first["range_min_m"], first["range_max_m"]) == (3000, 5000)
        assert first["bearing_width_deg"] == 22.5
        assert first["sigma_m"] >= first["sigma_across_m"] > 0

    def test_without_a_bearing_it_is_around_the_post(self, reports: pd.DataFrame) -> None:
        heard = reports.iloc[2]
        assert (heard["lon"], heard["lat"]) == pytest.approx((heard["observer_lon"], heard["observer_lat"]))
        assert heard["sigma_m"] == heard["sigma_across_m"] > 2000

    def test_a_post_with_coordinates_is_placed_better(self) -> None:
        rows = [{**ROW, "lon": "38.2", "lat": "48.4"}, ROW]
        reports, _ = map_reports(FEED, read_rows([{**dict.fromkeys(rows[0], ""), **row} for row in rows]))
        assert reports["sigma_m"].iloc[0] < 600 < reports["sigma_m"].iloc[1]

    def test_same_words_under_two_posts_are_two_reports(self) -> None:
        rows = [
            ROW,
            {**ROW, "SMM position": ""},
            {**ROW, "SMM position": "Horlivka"},
            {**ROW, "SMM position": ""},
        ]
        reports, _ = map_reports(FEED, read_rows(rows))
        assert reports["key"].nunique() == 2

    def test_a_date_without_a_year_is_the_latest_that_is_past(self) -> None:
        rows = [{**ROW, "Year": "", "Date, time": cell} for cell in ("17-Feb, 18:30", "24-Dec, 18:30")]
        context = FeedContext(zone="Europe/Kyiv", now=datetime(2025, 3, 1))
        reports, _ = map_reports(FEED, read_rows(rows), context)
        assert list(reports["time_from"].dt.year) == [2025, 2024]

    def test_a_date_that_is_none_is_told(self) -> None:
        rows = [{**ROW, "Date, time": cell} for cell in ("31-Feb, 18:30", "", "yesterday")]
        reports, rejects = map_reports(FEED, read_rows(rows))
        assert len(reports) == 0
        assert [(each.line, each.where) for each in rejects] == [(line, "date, time") for line in (1, 2, 3)]
        assert "31-Feb, 18:30" in rejects[0].found

    def test_a_post_nobody_knows_is_placed_by_its_region_or_not_at_all(self) -> None:
        row = {**ROW, "SMM position": "Somewhere"}
        reports, _ = map_reports(FEED, read_rows([{**row, "region": "Luhansk"}, {**row, "region": ""}]))
        assert list(reports["place_precision"]) == ["region", "unknown"]
        assert reports["lon"].notna().tolist() == [True, False]


@given(st.lists(st.tuples(*[CELLS] * 8), min_size=1, max_size=6))
@settings(max_examples=40)
def test_any_cells_give_reports_or_rejects_and_never_an_exception(rows: list[tuple[str, ...]]) -> None:
    names = list(ROW)[:8]
    reading = read_rows([dict(zip(names, row, strict=True)) for row in rows])
    reports, rejects = map_reports(FEED, reading, CONTEXT)
    assert len(reports) + len(rejects) == len(rows)
    known = reports[reports["place_precision"] != "unknown"]
    assert known[["lon", "lat", "sigma_m"]].notna().all().all()
    assert (reports["count_low"].isna() | (reports["count_low"] <= reports["count_high"])).all()


@given(CELLS)
@settings(max_examples=200)
def test_every_cell_reader_takes_any_text(cell: str) -> None:
    sector = cells.read_sector(cell)
    assert math.isnan(sector.range_max_m) or 0 <= sector.range_min_m <= sector.range_max_m
    assert math.isnan(sector.bearing_deg) or sector.bearing_deg in cells.WINDS.values()
    tally = cells.read_tally(cell, about_share=0.1, more_share=0.25)
    assert math.isnan(tally.best) or tally.low <= tally.best <= tally.high
    assert cells.read_observation(cell)[0] in Kind
    assert cells.read_weapon(cell) in Weapon
    cells.read_phase(cell, Kind.explosion)
    cells.read_clock(cell)
    cells.read_post_offset(cell)


@given(st.integers(0, 200), st.integers(0, 200), st.sampled_from(sorted(cells.WINDS)))
def test_what_is_written_is_read_back(one: int, other: int, wind: str) -> None:
    low, high = sorted((one, other))
    sector = cells.read_sector(f"{low}-{high}km {wind}")
    assert (sector.range_min_m, sector.range_max_m) == (low * 1000, high * 1000)
    assert sector.bearing_deg == cells.WINDS[wind]
