"""FIRMS: a pixel is an ellipse, its time is UTC however written, and works that are always hot are told."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feed_inputs import FILES, has_flag, map_reports, read_columns, read_rows, read_text

from truceline.events.feeds._masks import FAR, load_persistent_heat
from truceline.events.feeds.firms import FEEDS, tidy_clock
from truceline.events.kinds import Flag

FEED = FEEDS[0]


def test_the_sample_imports_whole(shared: Path) -> None:
    reading = read_text(shared / "data" / "events" / "firms_viirs_noaa20_sample.csv")
    assert FEED.fits(list(reading.raw.columns))
    reports, rejects = map_reports(FEED, reading)
    assert (len(reports), rejects) == (48, [])
    assert reports["key"].is_unique
    assert has_flag(reports, Flag.persistent_heat).sum() == 23
    assert reports["sigma_m"].between(100, 250).all()
    assert (reports["sigma_m"] >= reports["sigma_across_m"]).all()
    assert '"confidence": "nominal"' in reports["original"].iloc[0]


def test_the_radius_of_the_mask_lies_in_a_gap_of_the_sample(shared: Path) -> None:
    reading = read_text(shared / "data" / "events" / "firms_viirs_noaa20_sample.csv")
    lon, lat = reading.numbers("longitude"), reading.numbers("latitude")
    near = [
        (load_persistent_heat().find_near(lon, lat, radius) != FAR).sum() for radius in (2500, 3000, 4500)
    ]
    assert near == [23, 23, 23]


@pytest.mark.parametrize("name", ["firms_modis.csv", "firms_viirs.csv"])
def test_official_headers_are_recognised(name: str) -> None:
    assert FEED.fits(read_columns(name))


def test_modis_pixels_are_larger_and_static_sources_of_the_archive_are_told() -> None:
    reports, rejects = map_reports(FEED, read_text(FILES / "firms_modis.csv"))
    assert rejects == []
    assert reports["sigma_m"].iloc[0] == pytest.approx(1200 / math.sqrt(12))
    assert reports["sigma_across_m"].iloc[0] == pytest.approx(1100 / math.sqrt(12))
    assert list(has_flag(reports, Flag.persistent_heat)) == [False, True]
    assert reports["time_from"].iloc[0] == pd.Timestamp("2025-04-10 00:45")


def test_the_long_axis_follows_the_longer_side_of_the_pixel() -> None:
    reports, _ = map_reports(FEED, read_text(FILES / "firms_viirs.csv"))
    assert reports["sigma_m"].iloc[0] == pytest.approx(440 / math.sqrt(12))
    assert reports["axis_deg"].iloc[0] == 0
    assert list(has_flag(reports, Flag.persistent_heat)) == [True]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("35", "00:35"),
        ("0035", "00:35"),
        ("00:35", "00:35"),
        ("9:38", "09:38"),
        ("23:52:00", "23:52:00"),
        ("", ""),
    ],
)
def test_the_clock_is_read_however_it_is_written(written: str, read: str) -> None:
    assert tidy_clock(written) == read


def test_a_detection_without_a_place_or_with_a_strange_clock_is_rejected() -> None:
    row = {"latitude": "48", "longitude": "37", "scan": "1", "track": "1", "acq_date": "2025-01-01"}
    rows = [
        {**row, "acq_time": "2575"},
        {**row, "acq_time": "1200", "latitude": "", "longitude": ""},
        {**row, "acq_time": "1200"},
    ]
    reports, rejects = map_reports(FEED, read_rows(rows))
    assert len(reports) == 1
    assert [reject.line for reject in rejects] == [1, 2]


def test_distances_to_masked_points_agree_with_a_great_circle() -> None:
    generator = np.random.default_rng(7)
    points = load_persistent_heat()
    lon, lat = 33 + 6 * generator.random(400), 47.5 + 1.5 * generator.random(400)
    found = points.find_near(lon, lat, 30_000)
    for row in range(400):
        far = [_haversine(lon[row], lat[row], x, y) for x, y in zip(points.lon, points.lat, strict=True)]
        expected = int(np.argmin(far)) if min(far) < 30_000 else FAR
        if abs(min(far) - 30_000) > 200:
            assert found[row] == expected


def _haversine(lon: float, lat: float, to_lon: float, to_lat: float) -> float:
    half = math.radians(to_lat - lat) / 2, math.radians(to_lon - lon) / 2
    square = math.sin(half[0]) ** 2 + math.cos(math.radians(lat)) * math.cos(math.radians(to_lat)) * (
        math.sin(half[1]) ** 2
    )
    return 2 * 6_371_000 * math.asin(math.sqrt(square))
