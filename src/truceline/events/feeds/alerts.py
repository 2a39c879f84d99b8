"""Air-raid alerts: from the siren to the all-clear, by region, from the official feed, volunteers or merged.

An alert is a warning to civilians and no attack: it says that something may come. Alerts are intervals in
UTC, for a region as a whole; where only a district or a municipality was alerted the place says so, and the
position is still the region's, because the feeds give none. Intervals without a plausible end, and ends that
the volunteer feed made up, are flagged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import (
    Moments,
    Words,
    join_keys,
    read_truths,
    tell_moments,
    translate,
)
from truceline.events.feeds._places import assumed, one_word, place_columns
from truceline.events.feeds._regions import find_region
from truceline.events.feeds.base import BoolArray, Feed, FeedContext, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision

NOTICE = (
    "Air-raid alerts: Vadym Klymenko, ukrainian-air-raid-sirens-dataset, MIT; volunteer data by eTryvoga; "
    "merged oblast intervals from air-raid-forecasting-ukraine, MIT."
)


def map_merged(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for oblast alerts merged from all levels."""
    columns = _map_alerts(
        reading, reading.words("region"), reading.words("region"), "air-raid alerts, merged"
    )
    return {**columns, "key": reading.words("alert_id")}


def map_official(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the official feed: oblast, raion or hromada alerted."""
    oblast, raion, hromada = (reading.words(name) for name in ("oblast", "raion", "hromada"))
    # A few rows have oblast and raion in each other's column.
    is_turned = translate(oblast, _is_no_region).astype(bool) & ~translate(raion, _is_no_region).astype(bool)
    region = np.where(is_turned, raion, oblast)
    raion = np.where(is_turned, oblast, raion)
    place = _join_places(region, raion, hromada)
    columns = _map_alerts(reading, region, place, "air-raid alerts, official")
    return {**columns, "key": join_keys(place, tell_moments(columns["time_from"]))}


def map_volunteer(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for the volunteer feed; `naive` marks ends that it made up."""
    region = reading.words("region")
    columns = _map_alerts(reading, region, region, "air-raid alerts, volunteers")
    invented = read_truths(reading, "naive") * int(Flag.invented_end)
    return {
        **columns,
        "key": join_keys(region, tell_moments(columns["time_from"])),
        "flags": columns["flags"] | invented,
    }


def _map_alerts(reading: Reading, region: Words, place: Words, source: str) -> dict[str, Any]:
    start = reading.moments("started_at", "UTC", needed=True)
    end, is_implausible = _plausible_ends(start, reading.moments("finished_at", "UTC"))
    is_implausible |= read_truths(reading, "implausible")
    nowhere = np.full(len(reading), np.nan)
    return {
        "source": source,
        "means": str(Means.alert_system),
        "observation": str(Observation.told),
        "zone": "UTC",
        "time_from": start,
        "time_to": end,
        "time_precision": str(TimePrecision.second),
        **place_columns(
            nowhere, nowhere, one_word(PlacePrecision.region, len(reading)), place=place, region=region
        ),
        "kind": str(Kind.air_alert),
        "flags": is_implausible * int(Flag.implausible_interval),
        # The row is whole when the all-clear has sounded; an end that never came is known from the start.
        "received_at": np.where(is_implausible, start, end),
    }


def _plausible_ends(start: Moments, end: Moments) -> tuple[Moments, BoolArray]:
    """Return the ends and which are implausible; where there is none, the longest plausible one is put."""
    longest = np.timedelta64(round(assumed("alert_longest") * 3600), "s")
    missing = np.isnat(end)
    made = np.where(missing, start + longest, end)
    return made, missing | ((made - start) > longest)


def _is_no_region(word: str) -> bool:
    return not find_region(word).name


def _join_places(*levels: Words) -> Words:
    """Return the levels of each row, greatest first, with commas between those that are given."""
    joined = levels[0]
    for level in levels[1:]:
        joined = np.where(level == "", joined, joined + ", " + level)
    return joined


FEEDS: tuple[Feed, ...] = (
    Feed(
        "alerts",
        "Air-raid alerts of regions (merged)",
        frozenset({"alert_id", "region", "started_at", "finished_at"}),
        map_merged,
        NOTICE,
    ),
    Feed(
        "alerts-official",
        "Air-raid alerts (official feed)",
        frozenset({"oblast", "raion", "hromada", "level", "started_at", "finished_at"}),
        map_official,
        NOTICE,
    ),
    Feed(
        "alerts-volunteer",
        "Air-raid alerts (volunteer feed)",
        frozenset({"region", "started_at", "finished_at", "naive"}),
        map_volunteer,
        NOTICE,
    ),
)
