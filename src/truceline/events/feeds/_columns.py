"""Helpers that several feeds share: days in local time, words translated once each, positions, truths.

Everything works on whole columns; what is done per value is done per different value. Positions are degrees,
moments UTC without zone. Reads no file and knows no source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.events.feeds.base import BoolArray, FeedContext, FloatArray, Reading
from truceline.events.feeds.parsing import parse_times, span_utc, to_utc

Words = NDArray[np.object_]
Moments = NDArray[np.datetime64]

_TRUE_WORDS = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_SHORT_HOUR = re.compile(r"([ T])(\d):")
_TIME_HINT = "write 2025-02-17T18:30 or 2025-02-17"
_NO_TIME = np.datetime64("NaT", "us")


def translate(words: Words, rule: Callable[[str], Any]) -> Words:
    """Return `rule` of every word, asked once for each different word."""
    import pandas as pd

    codes, different = pd.factorize(words)
    made = np.empty(len(different), dtype=object)
    for place, word in enumerate(different):
        made[place] = rule(str(word))
    return made[codes] if len(made) else np.empty(0, dtype=object)


def translate_fields(words: Words, rule: Callable[[str], Any], *names: str) -> dict[str, Words]:
    """Return the fields `names` of `rule` of every word, each as a column of its own."""
    import pandas as pd

    codes, different = pd.factorize(words)
    records = [rule(str(word)) for word in different]
    columns = {}
    for name in names:
        made = np.empty(len(records), dtype=object)
        made[:] = [getattr(record, name) for record in records]
        columns[name] = made[codes] if len(made) else made
    return columns


def translate_numbers(words: Words, rule: Callable[[str], float]) -> FloatArray:
    """Return `rule` of every word as numbers, asked once for each different word."""
    return translate(words, rule).astype(float)


def look_up(words: Words, table: Mapping[str, str], default: str = "") -> Words:
    """Return what `table` has for each word, `default` where it has none."""
    return translate(words, lambda word: table.get(word, default))


def read_truths(reading: Reading, name: str) -> BoolArray:
    """Return a column as truths; what is empty, missing or no word for yes is false."""
    import pandas as pd

    if not reading.has(name):
        return np.zeros(len(reading), dtype=bool)
    column = reading.raw[name]
    if pd.api.types.is_bool_dtype(column.dtype) and not column.isna().any():
        return np.asarray(column.to_numpy(), dtype=bool)
    return translate(reading.words(name), lambda word: word.lower() in _TRUE_WORDS).astype(bool)


def read_positions(reading: Reading, lon: str, lat: str) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes in degrees, NaN where both are empty; one alone is rejected."""
    lons = reading.numbers(lon, low=-180, high=180)
    lats = reading.numbers(lat, low=-90, high=90)
    half = np.isnan(lons) != np.isnan(lats)
    reading.reject(half, f"{lon}, {lat}", "has longitude or latitude alone", "write both or neither")
    return np.where(half, np.nan, lons), np.where(half, np.nan, lats)


def read_times(reading: Reading, name: str, words: Words, zone: str) -> tuple[Moments, Moments, Words]:
    """Return start and end, UTC, and precision of times made from a column; what is no time is rejected.

    As `Reading.intervals`, for columns that have to be put into a common form first. Hours of one digit are
    understood: 3:30 is 03:30.
    """
    padded = translate(words, lambda word: _SHORT_HOUR.sub(r"\g<1>0\2:", word))
    local, is_zoned, precision = parse_times(padded)
    reading.reject((words != "") & np.isnat(local), name, "is not a date or time", _TIME_HINT, quote=name)
    zones = np.where(is_zoned, "UTC", zone).astype(object) if is_zoned.any() else zone
    return *span_utc(local, precision, zones), precision


def local_days(
    first: Moments, zone: str, *, last: Moments | None = None, before: int = 0, after: int = 0
) -> tuple[Moments, Moments]:
    """Return start and end (UTC) of the local days that the moments fall on.

    From the midnight that begins the day of `first` to the midnight that ends the day of `last` (of `first`
    where `last` is not given or NaT); with `before` and `after` as many days are added. A day on which the
    clock changes is 23 or 25 hours long. NaT stays NaT.
    """
    end = first if last is None else np.where(np.isnat(last), first, last)
    return _midnight(first, zone, -before), _midnight(end, zone, after + 1)


def local_months(moments: Moments, zone: str) -> tuple[Moments, Moments]:
    """Return start and end (UTC) of the local calendar months that the moments fall in."""
    import pandas as pd

    local = pd.Series(moments).dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    months = local.to_numpy().astype("datetime64[M]")
    return _from_local(months, zone), _from_local(months + np.timedelta64(1, "M"), zone)


def local_time(moments: Moments, zone: str, hours: float, *, days: int | NDArray[np.int64] = 0) -> Moments:
    """Return the moment, UTC, at which clocks in `zone` show `hours` on the local day of each moment.

    `days` moves to a later or, below zero, to an earlier day.
    """
    dates = _local_dates(moments, zone) + np.asarray(days, dtype="timedelta64[D]")
    return _from_local(dates.astype("datetime64[us]") + np.timedelta64(round(hours * 3600), "s"), zone)


def repeat_rows(reading: Reading, rows: NDArray[np.int64]) -> None:
    """Make the reading hold its rows in the order `rows`, some twice or not at all.

    For formats in which one row makes several statements: each becomes a report with the same original.
    """
    repeated = Reading(
        reading.raw.iloc[rows].reset_index(drop=True), reading.lines[rows], reading.originals[rows]
    )
    repeated.is_usable = reading.is_usable[rows]
    repeated.rejects = reading.rejects
    reading.__dict__.update(repeated.__dict__)


def side_of(context: FeedContext, *names: str) -> str:
    """Return the side (a, b) of the first name that the mission knows; empty where it knows none."""
    for name in names:
        if side := context.sides.get(name.lower(), ""):
            return side
    return ""


def join_keys(*columns: Words) -> Words:
    """Return the words of each row with a bar between them."""
    joined = columns[0]
    for column in columns[1:]:
        joined = joined + "|" + column
    return joined


def tell_moments(moments: Moments) -> Words:
    """Return moments as text to the second, for keys; empty where there is none."""
    texts = np.datetime_as_string(moments.astype("datetime64[s]")).astype(object)
    return np.where(np.isnat(moments), "", texts)


def _midnight(moments: Moments, zone: str, days: int) -> Moments:
    return _from_local(_local_dates(moments, zone) + np.timedelta64(days, "D"), zone)


def _local_dates(moments: Moments, zone: str) -> Moments:
    import pandas as pd

    local = pd.Series(np.asarray(moments, dtype="datetime64[us]"))
    local = local.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[D]"))


def _from_local(local: Any, zone: str) -> Moments:
    """Return local times as UTC, each different one converted once."""
    import pandas as pd

    codes, different = pd.factorize(np.asarray(local, dtype="datetime64[us]"))
    if not len(different):
        return np.full(len(codes), _NO_TIME, dtype="datetime64[us]")
    return np.where(codes < 0, _NO_TIME, to_utc(different, zone)[codes])
