"""Regions, masks and local days: the tables are whole, spellings agree, and clock changes are counted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feed_inputs import read_parquet, read_rows
from hypothesis import given
from hypothesis import strategies as st

from truceline.events.catalogue import load_watching_assumptions
from truceline.events.feeds._columns import (
    local_days,
    local_months,
    local_time,
    read_positions,
    read_truths,
    repeat_rows,
    translate,
)
from truceline.events.feeds._dates import tidy_date
from truceline.events.feeds._masks import FAR, load_persistent_heat, load_placeholders
from truceline.events.feeds._regions import (
    NO_REGION,
    cover_regions,
    find_region,
    find_regions,
    load_regions,
    name_regions,
)
from truceline.geo.ellipsoid import metres_per_degree


class TestRegions:
    @pytest.mark.parametrize(
        ("word", "name"),
        [
            ("Donetsk oblast", "Donetsk"),
            ("Donets'k", "Donetsk"),
            ("Donetska oblast", "Donetsk"),
            ("Zaporizhzhya", "Zaporizhzhia"),
            ("Zaporizhia", "Zaporizhzhia"),
            ("Khmel'nyts'kyy", "Khmelnytskyi"),
            ("Autonomous Republic of Crimea", "Crimea"),
            ("Sevastopol'", "Sevastopol"),
            ("Kiev City", "Kyiv City"),
            ("Kyiv oblast (south)", "Kyiv"),
            ("LUHANSK REGION", "Luhansk"),
            ("Donetsk obl.", "Donetsk"),
            ("Donets'k oblast'", "Donetsk"),
            ("Atlantis", ""),
            ("", ""),
        ],
    )
    def test_spellings_lead_to_one_name(self, word: str, name: str) -> None:
        assert find_region(word).name == name

    def test_a_region_we_do_not_know_keeps_its_word(self) -> None:
        assert list(name_regions(np.array(["Atlantis", "Kharkivska oblast"], dtype=object))) == [
            "Atlantis",
            "Kharkiv",
        ]

    def test_extent_is_that_of_a_disc_of_the_area(self) -> None:
        donetsk = find_region("Donetsk")
        assert donetsk.sigma_m == pytest.approx(math.sqrt(26_517e6 / math.pi) / 2)
        generator = np.random.default_rng(3)
        angle, radius = 2 * math.pi * generator.random(200_000), 2 * donetsk.sigma_m
        east = radius * np.sqrt(generator.random(200_000)) * np.cos(angle)
        assert east.std() == pytest.approx(donetsk.sigma_m, rel=0.01)

    def test_reports_of_a_region_lie_within_three_of_its_sigmas(self, shared: Path) -> None:
        path = shared / "data" / "events" / "viina_reports_2023-04_2025-04.parquet"
        raw = read_parquet(path).raw[["oblast", "lon", "lat"]].dropna()
        for oblast, rows in raw.groupby("oblast"):
            region = find_region(str(oblast))
            assert region.name, oblast
            east, north = metres_per_degree(region.lat)
            far = np.hypot((rows["lon"] - region.lon) * east, (rows["lat"] - region.lat) * north)
            # A long region such as Odesa has its ends further out than a disc has.
            assert (far < 3 * region.sigma_m).mean() > 0.9, oblast

    def test_several_regions_are_covered_by_their_mean_and_spread(self) -> None:
        regions = find_regions("Odesa oblast and Mykolaiv oblast and Odesa oblast")
        assert [region.name for region in regions] == ["Odesa", "Mykolaiv"]
        both = cover_regions(regions)
        assert both.name == ""
        assert both.lon == pytest.approx(np.mean([region.lon for region in regions]))
        assert both.sigma_m > max(region.sigma_m for region in regions)
        assert cover_regions(()) is NO_REGION

    def test_names_do_not_depend_on_being_looked_up_twice(self) -> None:
        names = {region.name for region in load_regions().values()}
        assert len(names) == 32
        assert all(find_region(name).name == name for name in names)


class TestMasks:
    def test_every_placeholder_names_a_region_we_know_and_lies_in_it(self) -> None:
        points = load_placeholders()
        assert len(points.names) == 15
        for name, lon, lat in zip(points.regions, points.lon, points.lat, strict=True):
            region = find_region(name)
            assert region.name == name
            east, north = metres_per_degree(lat)
            assert math.hypot((lon - region.lon) * east, (lat - region.lat) * north) < 3 * region.sigma_m

    def test_the_table_holds_every_point_of_the_published_list(self, shared: Path) -> None:
        listed = pd.read_csv(shared / "data" / "events" / "viina_placeholder_points.csv")
        radius = load_watching_assumptions().value("feed.placeholder_radius")
        near = load_placeholders().find_near(listed["lon"].to_numpy(), listed["lat"].to_numpy(), radius)
        assert (near != FAR).all()
        assert {load_placeholders().names[i] for i in near} == set(load_placeholders().names)

    def test_no_position_is_near_nothing(self) -> None:
        nowhere = np.array([np.nan, 38.76])
        assert list(load_persistent_heat().find_near(nowhere, np.array([48.46, np.nan]), 1e6)) == [FAR, FAR]


class TestColumns:
    def test_local_days_are_23_and_25_hours_long_when_the_clock_changes(self) -> None:
        noons = np.array(
            ["2025-03-30T09:00", "2025-10-26T10:00", "2025-07-01T09:00", "NaT"], "datetime64[us]"
        )
        start, end = local_days(noons, "Europe/Kyiv")
        hours = (end - start) / np.timedelta64(1, "h")
        assert list(hours[:3]) == [23, 25, 24]
        assert np.isnat(start[3])
        wide_start, wide_end = local_days(noons, "Europe/Kyiv", before=3, after=3)
        assert (wide_end - wide_start)[0] / np.timedelta64(1, "h") == 7 * 24 - 1
        assert wide_start[2] == np.datetime64("2025-06-27T21:00")

    def test_months_and_evenings_are_local(self) -> None:
        noon = np.array(["2025-03-30T09:00"], "datetime64[us]")
        start, end = local_months(noon, "Europe/Kyiv")
        assert (start[0], end[0]) == (np.datetime64("2025-02-28T22:00"), np.datetime64("2025-03-31T21:00"))
        assert local_time(noon, "Europe/Kyiv", 19.5)[0] == np.datetime64("2025-03-30T16:30")
        assert local_time(noon, "Europe/Kyiv", 19.5, days=-1)[0] == np.datetime64("2025-03-29T17:30")

    @given(st.datetimes(pd.Timestamp("2000-01-01"), pd.Timestamp("2035-01-01")))
    def test_a_moment_lies_in_its_local_day(self, moment: object) -> None:
        moments = np.array([moment], "datetime64[us]")
        start, end = local_days(moments, "Europe/Kyiv")
        assert start[0] <= moments[0] < end[0]

    def test_half_a_position_is_rejected_and_none_is_not(self) -> None:
        reading = read_rows(
            [{"x": "37", "y": ""}, {"x": "", "y": ""}, {"x": "37", "y": "48"}, {"x": "37", "y": "99"}]
        )
        lon, lat = read_positions(reading, "x", "y")
        assert [reject.line for reject in reading.rejects] == [4, 1]
        assert np.isnan(lon[:2]).all()
        assert lat[2] == 48

    def test_truths_are_read_from_words_and_missing_ones_are_false(self) -> None:
        reading = read_rows([{"x": word} for word in ("true", "True", "1", "no", "", "0")])
        assert list(read_truths(reading, "x")) == [True, True, True, False, False, False]
        assert not read_truths(reading, "y").any()

    def test_repeated_rows_keep_line_original_and_reject(self) -> None:
        reading = read_rows([{"x": "a"}, {"x": "b"}])
        assert list(reading.words("x")) == ["a", "b"]
        reading.reject(np.array([False, True]), "x", "is wrong")
        repeat_rows(reading, np.array([0, 0, 1]))
        assert list(reading.words("x")) == ["a", "a", "b"]
        assert list(reading.lines) == [1, 1, 2]
        assert list(reading.is_usable) == [True, True, False]
        assert len(reading.rejects) == 1

    def test_a_rule_is_asked_once_for_each_word(self) -> None:
        asked = []
        words = np.array(["a", "b", "a", "a"], dtype=object)
        assert list(translate(words, lambda word: asked.append(word) or word.upper())) == ["A", "B", "A", "A"]
        assert asked == ["a", "b"]
        assert len(translate(np.empty(0, dtype=object), str.upper)) == 0

    @pytest.mark.parametrize(
        ("word", "year", "date"),
        [
            ("20250131", "", "2025-01-31"),
            ("16 February 2024", "", "2024-02-16"),
            ("17-Feb", "2021", "2021-02-17"),
            ("17-Feb-2020", "2021", "2020-02-17"),
            ("17-Feb", "", "17-Feb"),
            ("17 Smarch 2021", "", "17 Smarch 2021"),
            ("2025-01-31", "2021", "2025-01-31"),
        ],
    )
    def test_dates_are_put_into_one_form(self, word: str, year: str, date: str) -> None:
        assert tidy_date(word, year=year) == date


def test_every_assumption_about_feeds_has_a_range_an_evidence_and_a_source() -> None:
    for name, record in load_watching_assumptions().items():
        if name.startswith(("feed.", "viina.")):
            low, high = record.bounds
            assert low <= record.value <= high
            assert record.source is not None
            assert record.source.locator, name
            assert record.label, name
