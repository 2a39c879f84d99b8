"""Daily counts of an observer mission: ceasefire violations and explosions of a region and reporting period.

Reads the counts that were typed in from the daily reports of the OSCE mission. A row that states both numbers
becomes two reports with the same original; where no explosions are stated there is no report of explosions,
for they are unknown and not none. A reporting day runs from evening to evening, and one report may cover a
weekend. A count is what was noticed by those who could watch: neither an attack nor all there was. The counts
of the previous period that some rows repeat stay in the original and make no report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from truceline.events.feeds._columns import (
    join_keys,
    local_time,
    repeat_rows,
    tell_moments,
    translate,
)
from truceline.events.feeds._places import assumed, one_word, place_columns
from truceline.events.feeds.base import BoolArray, Feed, FeedContext, FloatArray, Reading
from truceline.events.kinds import Flag, Kind, Means, Observation, PlacePrecision, TimePrecision

NOTICE = (
    "Source: OSCE Special Monitoring Mission to Ukraine, daily reports; read one by one and typed in. The "
    "OSCE asks for acknowledgement and allows non-commercial reuse of its texts."
)
MOST_DAYS = 31
"""Most reporting days of one report; the longest of the mission's were four."""
_MORE = ("more than", "at least", "over ")


def map_counts(reading: Reading, context: FeedContext) -> Mapping[str, Any]:
    """Return the columns of reports for counts of violations and explosions by region and period."""
    is_explosions = _split_rows(reading)
    last = reading.moments("period_to", context.zone, needed=True)
    n_days = reading.numbers("n_days", low=1, high=MOST_DAYS)
    first = reading.moments("period_from", context.zone)
    # Numbers out of bounds are rejected and may be anything.
    days = np.where((n_days >= 1) & (n_days <= MOST_DAYS), n_days, 1).astype(np.int64)
    evening = assumed("reporting_day_end")
    end = local_time(last, context.zone, evening)
    start = np.where(
        np.isnat(first),
        local_time(last, context.zone, evening, days=-days),
        local_time(first, context.zone, evening),
    )
    with np.errstate(invalid="ignore"):
        is_long = (end - start) > np.timedelta64(36, "h")  # one reporting day has 23 to 25 hours
    low, best, high, is_rounded = _read_counts(reading, is_explosions)
    kind = np.where(is_explosions, str(Kind.explosions_total), str(Kind.violations_total))
    is_derived = translate(reading.words("basis"), lambda word: word.startswith("derived")).astype(bool)
    region = reading.words("region")
    nowhere = np.full(len(reading), np.nan)
    return {
        "key": join_keys(region, tell_moments(start), tell_moments(end), kind),
        "source": "OSCE SMM",
        "source_ref": reading.words("report"),
        "means": str(Means.dataset),
        "observation": str(Observation.recorded),
        "zone": context.zone,
        "time_from": start,
        "time_to": end,
        "time_precision": str(TimePrecision.day),
        **place_columns(
            nowhere, nowhere, one_word(PlacePrecision.region, len(reading)), place=region, region=region
        ),
        "kind": kind,
        "count_low": low,
        "count_best": best,
        "count_high": high,
        "count_unit": np.where(is_explosions, "explosions", "violations"),
        "flags": int(Flag.time_unknown)
        | is_long * int(Flag.several_nights)
        | is_derived * int(Flag.derived_count)
        | is_rounded * int(Flag.rounded_count),
        "text": reading.words("note"),
        "received_at": reading.moments("issued", context.zone),
    }


def _split_rows(reading: Reading) -> BoolArray:
    """Make a row of each count that a row states and tell which are explosions; rejects rows with none.

    What cannot be read is rejected first, so that a row is told once whatever it states.
    """
    reading.moments("period_to", "UTC", needed=True)
    for name in ("period_from", "issued"):
        reading.moments(name, "UTC")
    for name, low in (("cfv", 0.0), ("explosions", 0.0), ("n_days", 1.0)):
        reading.numbers(name, low=low)
    has_total = reading.words("cfv") != ""
    has_explosions = reading.words("explosions") != ""
    hint = "write the number of violations or of explosions"
    reading.reject(~has_total & ~has_explosions, "cfv, explosions", "are both empty", hint)
    is_second = has_explosions & (reading.is_usable | ~has_total)
    rows = np.concatenate([np.flatnonzero(has_total | ~has_explosions), np.flatnonzero(is_second)])
    is_explosions = np.arange(len(rows)) >= len(rows) - is_second.sum()
    order = np.argsort(rows, kind="stable")
    repeat_rows(reading, rows[order])
    return np.asarray(is_explosions[order], dtype=bool)


def _read_counts(
    reading: Reading, is_explosions: BoolArray
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    """Return least, likely and greatest count, and which are rounded."""
    best = np.where(is_explosions, reading.numbers("explosions", low=0), reading.numbers("cfv", low=0))
    is_about = np.nan_to_num(reading.numbers("approx")) > 0
    is_more = is_about & translate(reading.words("note"), _says_more).astype(bool)
    about, more = assumed("rounded_count_share"), assumed("more_than_share")
    low = np.where(is_about & ~is_more, np.floor(np.round(best * (1 - about), 6)), best)
    high = np.where(is_more, np.ceil(np.round(best * (1 + more), 6)), best)
    high = np.where(is_about & ~is_more, np.ceil(np.round(best * (1 + about), 6)), high)
    return low, best, high, is_about


def _says_more(note: str) -> bool:
    """Tell whether a note says that the count was exceeded."""
    return any(words in note.lower() for words in _MORE)


_FEED_NEEDS = frozenset({"period_to", "region"})
FEEDS: tuple[Feed, ...] = (
    Feed(
        "osce-counts",
        "Counts of an observer mission by region and reporting period",
        _FEED_NEEDS,
        map_counts,
        NOTICE,
        one_of=(frozenset({"cfv", "explosions"}),),
    ),
)
