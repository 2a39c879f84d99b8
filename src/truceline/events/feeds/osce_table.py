"""The table of ceasefire violations of a daily report: one row for what one post noticed at one time.

Reads the eight columns of the annex (position, event location, means, number, observation, description,
weapon, date and time), as text from CSV or XLSX. Optional columns: `year` (a date of the annex has none),
`region`, `lon` and `lat` of the post. The place is a sector: a range of distances and a wind of 22.5 degrees
from the post, turned into an ellipse in metres. A post that is named by distance and direction from a town
('17km N of Donetsk') is placed by these. What a cell does not tell stays unknown; the words stay as the text.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from truceline.events.feeds._cells import (
    MAX_CELL,
    is_exercise,
    read_clock,
    read_means,
    read_observation,
    read_phase,
    read_post_offset,
    read_sector,
    read_tally,
    read_weapon,
)
from truceline.events.feeds._columns import (
    Moments,
    Words,
    join_keys,
    read_times,
    tell_moments,
    translate,
    translate_fields,
)
from truceline.events.feeds._dates import tidy_date
from truceline.events.feeds._places import assumed
from truceline.events.feeds._regions import find_region, place_regions
from truceline.events.feeds.base import Feed, FeedContext, FloatArray, Reading, digest_texts
from truceline.events.feeds.osce import NOTICE
from truceline.events.feeds.sectors import SectorPositions, locate_in_sectors
from truceline.events.kinds import Flag, Means, Observation, PlacePrecision, TimePrecision
from truceline.geo.ellipsoid import open_geod

POSITION, LOCATION, MEANS, NUMBER = "smm position", "event location", "means", "no."
OBSERVATION, DESCRIPTION, WEAPON, WHEN = "observation", "description", "weapon", "date, time"

_NIGHT = np.timedelta64(24, "h")
_MINUTE = np.timedelta64(60_000_000, "us")
_YEAR = re.compile(r"(?:19|20)\d{2}")


class Post(NamedTuple):
    """Who watched, and from where; NaN where it is not told."""

    name: str
    means: str
    region: str
    lon: float
    lat: float


class Noticed(NamedTuple):
    """What an observation is."""

    kind: str
    count_unit: str


def map_table(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the rows of a violation table."""
    cells = _fill_down(reading.words(POSITION))
    posts = translate_fields(cells, find_post, *Post._fields)
    start, end, precision = _say_when(reading, context)
    noticed = translate_fields(reading.words(OBSERVATION), _notice, *Noticed._fields)
    tallies = translate_fields(reading.words(NUMBER), _count, "low", "best", "high", "is_rounded")
    description = reading.words(DESCRIPTION)
    exercise = translate(description, is_exercise).astype(bool)
    phase = [read_phase(cell, kind) for cell, kind in zip(description, noticed["kind"], strict=True)]
    words = (cells, *(reading.words(name) for name in (LOCATION, OBSERVATION, DESCRIPTION, WEAPON)))
    means = translate(reading.words(MEANS), read_means)
    return {
        # Rows below a position leave its cell empty, so that the row alone does not tell two posts apart.
        "key": digest_texts(
            join_keys(tell_moments(start), *words, reading.words(NUMBER), reading.words(WHEN))
        ),
        "source": "OSCE SMM",
        "source_ref": reading.words("report"),
        "means": posts["means"],
        "observation": np.where(
            means == "",
            np.where(posts["means"] == Means.camera, str(Observation.recorded), str(Observation.seen)),
            means,
        ),
        "post": posts["name"],
        "zone": context.zone,
        "time_from": start,
        "time_to": end,
        "time_precision": precision,
        **_say_where(reading, posts),
        **noticed,
        "phase": np.array(phase, dtype=object),
        "weapon": translate(reading.words(WEAPON), lambda cell: str(read_weapon(cell))),
        "count_low": tallies["low"].astype(float),
        "count_best": tallies["best"].astype(float),
        "count_high": tallies["high"].astype(float),
        "flags": exercise * int(Flag.exercise)
        | tallies["is_rounded"].astype(bool) * int(Flag.rounded_count)
        | (precision == TimePrecision.day) * int(Flag.time_unknown),
        "text": join_keys(*words),
    }


@cache
def load_towns() -> dict[str, tuple[float, float, str]]:
    """Return longitude, latitude and region of the towns that posts are named by, in lower case."""
    text = files("truceline.events").joinpath("library", "report_towns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["name"].casefold(): (float(row["lon"]), float(row["lat"]), row["region"]) for row in rows}


def find_post(cell: str) -> Post:
    """Return name, means, region and position of the post that a cell describes.

    'SMM camera in Shyrokyne (20km E of Mariupol)' is a camera; 'mini-UAV' flies; the rest are patrols.
    """
    cell = cell[:MAX_CELL]
    name = cell.partition("(")[0].strip(" ,;") or cell.strip()
    lowered = cell.lower()
    means = Means.camera if "camera" in lowered else Means.uav if "uav" in lowered else Means.patrol
    distance, azimuth, town = read_post_offset(cell)
    lon, lat, region = load_towns().get(town.casefold(), (math.nan, math.nan, ""))
    if math.isnan(lon) or math.isnan(azimuth):
        lon, lat, region = load_towns().get(name.casefold(), (math.nan, math.nan, region))
        return Post(name, str(means), region, lon, lat)
    lon, lat = _walk(lon, lat, distance, azimuth)
    return Post(name, str(means), region, lon, lat)


def _say_where(reading: Reading, posts: Mapping[str, Words]) -> dict[str, Any]:
    """Return the columns of place: a sector from the post, else its region, else unknown."""
    n = len(reading)
    given_lon = reading.numbers("lon", low=-180, high=180)
    given_lat = reading.numbers("lat", low=-90, high=90)
    is_given = ~np.isnan(given_lon) & ~np.isnan(given_lat)
    lon = np.where(is_given, given_lon, posts["lon"].astype(float))
    lat = np.where(is_given, given_lat, posts["lat"].astype(float))
    sectors = translate(reading.words(LOCATION), read_sector)
    low, high, bearing = (
        np.array([getattr(sector, name) for sector in sectors], dtype=float)
        for name in ("range_min_m", "range_max_m", "bearing_deg")
    )
    width = assumed("bearing_width")
    region = _name_regions(reading.words("region"), posts["region"])
    post_sigma = np.where(is_given, assumed("exact_sigma"), assumed("post_sigma"))
    where = _locate(lon, lat, bearing, low, high, post_sigma)
    region_lon, region_lat, region_sigma = place_regions(region)
    is_lost = np.isnan(lon)
    precision = np.full(n, str(PlacePrecision.bearing), dtype=object)
    precision[is_lost & ~np.isnan(region_lon)] = str(PlacePrecision.region)
    precision[is_lost & np.isnan(region_lon)] = str(PlacePrecision.unknown)
    return {
        "observer_lon": lon,
        "observer_lat": lat,
        "bearing_deg": bearing,
        "bearing_width_deg": np.where(np.isnan(bearing), np.nan, width),
        "range_min_m": low,
        "range_max_m": high,
        "lon": np.where(is_lost, region_lon, where.lon),
        "lat": np.where(is_lost, region_lat, where.lat),
        "sigma_m": np.where(is_lost, region_sigma, where.sigma_m),
        "sigma_across_m": np.where(is_lost, region_sigma, where.sigma_across_m),
        "axis_deg": np.where(is_lost, 0.0, where.axis_deg),
        "place": reading.words(LOCATION),
        "region": region,
        "place_precision": precision,
    }


def _locate(
    lon: FloatArray,
    lat: FloatArray,
    bearing: FloatArray,
    low: FloatArray,
    high: FloatArray,
    post_sigma_m: FloatArray,
) -> SectorPositions:
    """Return where the sectors are; an unknown distance is the usual one, give or take half of it."""
    usual = assumed("sector_range_unknown")
    least, most = np.where(np.isnan(low), usual / 2, low), np.where(np.isnan(high), usual * 1.5, high)
    width = np.full(len(lon), assumed("bearing_width"))
    where = locate_in_sectors(lon, lat, bearing, width, least, most)
    return where._replace(
        sigma_m=np.hypot(where.sigma_m, post_sigma_m),
        sigma_across_m=np.hypot(where.sigma_across_m, post_sigma_m),
    )


def _name_regions(given: Words, of_posts: Words) -> Words:
    named = translate(given, lambda word: find_region(word).name or word)
    return np.where(named == "", of_posts, named)


def _say_when(reading: Reading, context: FeedContext) -> tuple[Moments, Moments, Words]:
    """Return start, end and precision; a time without an end is a minute, a date alone the whole day.

    An end before its start is on the next day. A date without a year is in the column `year`, or else the
    latest such day that is not in the future.
    """
    cells = reading.words(WHEN)
    years = translate(reading.words("year"), lambda word: word if _YEAR.fullmatch(word) else "")
    clocks = translate(cells, read_clock)
    dates = np.array(
        [_date(clock[0], year, context.now) for clock, year in zip(clocks, years, strict=True)], dtype=object
    )
    first = np.array([clock[1] for clock in clocks], dtype=object)
    last = np.array([clock[2] for clock in clocks], dtype=object)
    reading.reject(cells == "", WHEN, "is empty", "write 17-Feb, 18:30-18:45")
    has_clock = first != ""
    start, day_end, precision = read_times(
        reading, WHEN, np.where(has_clock, dates + " " + first, dates), context.zone
    )
    until = read_times(reading, WHEN, np.where(last == "", "", dates + " " + last), context.zone)[0]
    with np.errstate(invalid="ignore"):
        until = np.where(until < start, until + _NIGHT, until)
    end = np.where(np.isnat(until), np.where(has_clock, start + _MINUTE, day_end), until + _MINUTE)
    return start, end, precision


def _date(word: str, year: str, now: datetime) -> str:
    """Return a date with a year: its own, the one given, or the latest that does not lie in the future."""
    if year:
        return tidy_date(word, year=year)
    # The present is UTC and the table local: a day's grace keeps last night's rows in this year.
    dated = tidy_date(word, year=str(now.year))
    return tidy_date(word, year=str(now.year - 1)) if dated > f"{now + timedelta(days=1):%Y-%m-%d}" else dated


def _fill_down(cells: Words) -> Words:
    """Return cells with empty ones filled from above: the annex names a position once for all its rows."""
    filled = cells.copy()
    for row in range(1, len(filled)):
        if filled[row] == "":
            filled[row] = filled[row - 1]
    return filled


def _notice(cell: str) -> Noticed:
    kind, unit = read_observation(cell)
    return Noticed(str(kind), unit)


def _count(cell: str) -> Any:
    return read_tally(cell, about_share=assumed("rounded_count_share"), more_share=assumed("more_than_share"))


def _walk(lon: float, lat: float, distance_m: float, azimuth_deg: float) -> tuple[float, float]:
    """Return the place at a distance and azimuth from another."""
    there_lon, there_lat, _ = open_geod().fwd(lon, lat, azimuth_deg, distance_m)
    return float(there_lon), float(there_lat)


FEEDS: tuple[Feed, ...] = (
    Feed(
        "osce-table",
        "Table of ceasefire violations of a daily report (annex of the OSCE mission)",
        frozenset({POSITION, LOCATION, OBSERVATION, DESCRIPTION, WHEN}),
        map_table,
        NOTICE,
    ),
)
