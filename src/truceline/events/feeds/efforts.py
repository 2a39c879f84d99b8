"""The product's own form of observation effort: who watched, when and where, and where watching was denied.

One row is one interval of one post, camera, aircraft or patrol in one state. Needed are a state, a start and
an end; the columns are listed in COLUMNS. Effort is never guessed: what nobody wrote down was not watched.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from truceline.events.feeds.base import Feed, FeedContext, Reading, digest_texts, known_words
from truceline.events.feeds.own import MEANS, name_regions_of_form
from truceline.events.kinds import KindGroup, Means
from truceline.events.schema import EFFORTS

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "means": "Who or what watched: patrol, post, camera, uav, acoustic, radar, satellite",
        "post": "Name of the post, camera, aircraft or patrol",
        "region": "Region; spellings that we know become one name",
        "lon": "Longitude, degrees east (WGS 84)",
        "lat": "Latitude, degrees north",
        "time_from": "Start of the interval: 2025-02-17T06:00",
        "time_to": "End of the interval; a day alone is until the midnight that ends it",
        "zone": "Time zone of the times; the mission's where it is empty",
        "state": "watched, denied, delayed, jammed, down, confined or weather",
        "cause": "Who or what prevented the watching",
        "words": "Words given to the monitors",
        "p_detect": "Probability that an incident in its area is noticed while it watches",
        "p_detect_low": "Least such probability",
        "p_detect_high": "Greatest such probability",
        "group": "Group of kinds that p_detect is about, as fire; empty: all",
        "source": "Who recorded it",
    }
)
"""Every column of the form and its meaning."""

STATES = {word: word for word in ("watched", "denied", "delayed", "jammed", "down", "confined", "weather")}
_GROUPS = known_words(KindGroup, {"all": ""})


def map_efforts(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of efforts from rows of the form."""
    words = reading.words
    regions = name_regions_of_form(words("region"))
    lon, lat = reading.numbers("lon"), reading.numbers("lat")
    zones = reading.zones("zone", context.zone)
    means = reading.choices("means", MEANS, needed=True)
    state = reading.choices("state", STATES, needed=True)
    start = reading.moments("time_from", zones, needed=True)
    # A day alone means until its end; a clock time means that moment, for intervals follow one another.
    until, until_end, precision = reading.intervals("time_to", zones, needed=True)
    end = np.where(np.isin(precision.astype(str), ("day", "month", "year")), until_end, until)
    reading.reject(end <= start, "time_to", "is not after the start", "write the end of the interval")
    p_detect = reading.numbers("p_detect", low=0.0, high=1.0)
    p_low, p_high = (reading.numbers(f"p_detect_{which}", low=0.0, high=1.0) for which in ("low", "high"))
    unnamed = (means == Means.unknown) & (words("post") == "")
    reading.reject(unnamed, "post", "is empty", "name the post, or say by which means it watched")
    return {
        "key": _make_keys(means, words("post"), words("group"), start, (regions, lon, lat)),
        "means": means,
        "post": words("post"),
        "region": regions,
        "lon": lon,
        "lat": lat,
        "time_from": start,
        "time_to": end,
        "state": state,
        "cause": words("cause"),
        "words": words("words"),
        "p_detect": p_detect,
        "p_detect_low": np.where(np.isnan(p_low), p_detect, p_low),
        "p_detect_high": np.where(np.isnan(p_high), p_detect, p_high),
        "group": reading.choices("group", _GROUPS),
        "source": words("source"),
    }


def _make_keys(means: Any, posts: Any, groups: Any, start: Any, where: tuple[Any, Any, Any]) -> Any:
    """Return the identity of each interval: a digest of means, post, group of kinds and start (UTC).

    Where no post is named it is known by where it was (`where`: regions, longitudes, latitudes): two unnamed
    patrols that set out together are two.
    """
    starts = start.astype("datetime64[s]").astype(str)
    parts = [
        each if each[1] else (*each, *place)
        for each, place in zip(
            zip(means, posts, groups, starts, strict=True), zip(*where, strict=True), strict=True
        )
    ]
    return digest_texts(["\n".join(map(str, each)) for each in parts])


EFFORTS_FEED = Feed(
    "efforts",
    "Truceline's own form of observation effort",
    frozenset({"means", "state", "time_from", "time_to"}),
    map_efforts,
    table=EFFORTS,
    knows=frozenset(COLUMNS),
    is_local=True,
)
FEEDS: tuple[Feed, ...] = (EFFORTS_FEED,)
