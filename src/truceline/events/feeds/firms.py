"""NASA FIRMS: heat seen by VIIRS (375 m) or MODIS (1 km) from orbit, near real time or archive.

A detection is a pixel with something hot in it: a fire, a fight, a furnace. The pixel's size gives the
standard deviation along the scan and along the track, side / sqrt(12) each. Works that are hot on every clear
night are flagged. No detection means no heat, clouds, or no overpass: nothing can be read from it. The
confidence stays in the row as received; low confidence is not flagged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import join_keys, read_positions, read_times, tell_moments, translate
from truceline.events.feeds._dates import tidy_date
from truceline.events.feeds._masks import FAR, load_persistent_heat
from truceline.events.feeds._places import assumed
from truceline.events.feeds.base import Feed, FeedContext, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision

NOTICE = (
    "We acknowledge the use of data from NASA's Fire Information for Resource Management System (FIRMS), "
    "part of NASA's Earth Science Data and Information System (EOSDIS)."
)
SPREAD_OF_SIDE = 1 / math.sqrt(12)
"""Standard deviation of a place somewhere along a side of length one."""
STATIC_SOURCE = "2"
"""Value of `type` in the archive for a static source of heat on land."""

_MINUTE = np.timedelta64(60_000_000, "us")
_KM = 1000.0


def map_detections(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for thermal anomalies; times are UTC."""
    lon, lat = read_positions(reading, "longitude", "latitude")
    reading.reject(np.isnan(lon), "longitude", "is empty", "a detection is a place")
    dates = translate(reading.words("acq_date"), tidy_date)
    reading.reject(dates == "", "acq_date", "is empty", "it is needed")
    clock = translate(reading.words("acq_time"), tidy_clock)
    reading.reject(clock == "", "acq_time", "is empty", "it is needed")
    seen_at = read_times(reading, "acq_time", dates + " " + clock, "UTC")[0]
    along = reading.numbers("scan", low=0, high=20) * _KM * SPREAD_OF_SIDE
    across = reading.numbers("track", low=0, high=20) * _KM * SPREAD_OF_SIDE
    is_turned = across > along
    axis = assumed("fire_scan_axis")
    near = load_persistent_heat().find_near(lon, lat, assumed("persistent_heat_radius")) != FAR
    is_static = near | (reading.words("type") == STATIC_SOURCE)
    satellite = reading.words("satellite", "?")
    delay = np.timedelta64(round(assumed("fire_delay") * 3600), "s")
    return {
        "key": join_keys(
            satellite, tell_moments(seen_at), reading.words("longitude"), reading.words("latitude")
        ),
        "source": "FIRMS " + reading.words("instrument", "detection") + " " + satellite,
        "means": str(Means.satellite),
        "observation": str(Observation.detected),
        "zone": "UTC",
        "time_from": seen_at,
        "time_to": seen_at + _MINUTE,
        "time_precision": str(TimePrecision.minute),
        "lon": lon,
        "lat": lat,
        "sigma_m": np.where(is_turned, across, along),
        "sigma_across_m": np.where(is_turned, along, across),
        "axis_deg": np.where(is_turned, (axis + 90) % 180, axis),
        "place_precision": str(PlacePrecision.exact),
        "kind": str(Kind.thermal_anomaly),
        "flags": is_static * int(Flag.persistent_heat),
        "received_at": seen_at + delay,
    }


def tidy_clock(word: str) -> str:
    """Return 35, 0035, 00:35 and 0:35 as 00:35; the service writes minutes past midnight without zeros."""
    if word.isascii() and word.isdigit() and len(word) <= 4:
        word = f"{word:0>4}"
        return f"{word[:2]}:{word[2:]}"
    return f"0{word}" if word[1:2] == ":" else word


FEEDS: tuple[Feed, ...] = (
    Feed(
        "firms",
        "NASA FIRMS thermal anomalies (VIIRS, MODIS)",
        frozenset({"latitude", "longitude", "scan", "track", "acq_date", "acq_time"}),
        map_detections,
        NOTICE,
    ),
)
