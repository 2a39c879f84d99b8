"""Turn the words of a file into moments, ranges, yes or no, and words of a vocabulary.

Pure functions on whole columns: every different word is looked at once. A word that cannot be used gives a
missing value, and the caller decides what to say about it. Knows no tables and no feeds.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from truceline.events.kinds import TimePrecision

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
MomentArray = NDArray[np.datetime64]
TextArray = NDArray[np.object_]

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years outside are slips of the pen."""
MAX_TIME_CHARACTERS = 40
_EXACT = 2**53
MAX_CLOSE = 3
"""Known words offered in place of an unknown one."""

_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?))?", re.ASCII)
_ISO = re.compile(
    r"(?P<local>\d{4}(?:-\d{2}(?:-\d{2}(?:[T ]\d{2}(?::\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?)?)?)?)"
    r" ?(?P<offset>[zZ]|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_PRECISION_BY_LENGTH = {
    4: TimePrecision.year, 7: TimePrecision.month, 10: TimePrecision.day, 13: TimePrecision.hour,
    16: TimePrecision.minute,
}  # fmt: skip
_WIDTH = {
    TimePrecision.second: np.timedelta64(1, "s"),
    TimePrecision.minute: np.timedelta64(1, "m"),
    TimePrecision.hour: np.timedelta64(1, "h"),
    TimePrecision.day: np.timedelta64(1, "D"),
    TimePrecision.week: np.timedelta64(7, "D"),
}
_NOT_A_TIME = np.datetime64("NaT", "us")


class ParsedTimes(NamedTuple):
    """A column of times as written."""

    times: MomentArray
    """As the clock of the source showed it, or UTC where `is_zoned`; NaT where it is no time."""
    is_zoned: BoolArray
    """Whether a zone or an offset was written."""
    precision: TextArray
    """TimePrecision of what was written; empty where it is no time."""


class ParsedRanges(NamedTuple):
    """A column of numbers or ranges of numbers."""

    low: FloatArray
    best: FloatArray
    high: FloatArray
    is_rounded: BoolArray
    """Written as 'about' so many."""
    is_wrong: BoolArray
    """Neither empty nor a number or range."""


def parse_times(words: Any) -> ParsedTimes:
    """Return text as times. Understands ISO 8601 from the year down, and 17.02.2025 18:30 (day first)."""
    codes, different = _factorise(words)
    times = np.full(len(different) + 1, _NOT_A_TIME, dtype="datetime64[us]")
    zoned = np.zeros(len(different) + 1, dtype=bool)
    precision = np.full(len(different) + 1, "", dtype=object)
    for at, word in enumerate(different):
        parsed = _parse_time(word)
        if parsed is not None:
            times[at], zoned[at], precision[at] = parsed
    return ParsedTimes(times[codes], zoned[codes], precision[codes])


def _parse_time(word: str) -> tuple[datetime, bool, str] | None:
    if len(word) > MAX_TIME_CHARACTERS:
        return None
    if "." in word and (dotted := _DAY_FIRST.fullmatch(word)):
        day, month, year, clock = dotted.groups()
        word = f"{year}-{month:0>2}-{day:0>2}" + (
            f"T{clock if clock[2] == ':' else '0' + clock}" if clock else ""
        )
    match = _ISO.fullmatch(word)
    if match is None:
        return None
    local, offset = match["local"], match["offset"] or ""
    if offset and ":" not in local:
        return None
    precision = _PRECISION_BY_LENGTH.get(len(local), TimePrecision.second)
    try:
        moment = datetime.fromisoformat(local + "-01-01"[len(local) - 4 :] if len(local) < 10 else local)
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            return None
        if offset:
            moment -= _offset(offset)
    except ValueError:
        return None
    return moment, bool(offset), precision.value


def _offset(text: str) -> timedelta:
    """Return 'Z', '+02', '+0200' or '+02:00' as a time east of Greenwich; ValueError beyond a day."""
    if text in "zZ":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[3:].replace(":", "") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    east = timedelta(hours=hours, minutes=minutes)
    return -east if text[0] == "-" else east


def end_times(times: MomentArray, precision: TextArray) -> MomentArray:
    """Return the end of the second, minute, hour, day, week, month or year that each time stands for."""
    ends = times.copy()
    for each in set(precision):
        rows = precision == each
        if each in (TimePrecision.month, TimePrecision.year):
            months = times[rows].astype("datetime64[M]").astype(np.int64) + (1 if each == "month" else 12)
            ends[rows] = months.astype("datetime64[M]")
        elif each:
            ends[rows] = times[rows] + _WIDTH[TimePrecision(each)]
    return ends


def guess_precision(times: MomentArray) -> TimePrecision:
    """Return the precision of a column of typed times: the coarsest unit that all of them are whole in."""
    given = times[~np.isnat(times)]
    for precision in (TimePrecision.day, TimePrecision.hour, TimePrecision.minute):
        unit = {"day": "D", "hour": "h", "minute": "m"}[precision.value]
        if (given == given.astype(f"datetime64[{unit}]")).all():
            # Times that all fall on the hour are more often a coincidence of few rows than a rounding.
            return TimePrecision.minute if precision is TimePrecision.hour else precision
    return TimePrecision.second


def span_utc(
    times: MomentArray, precision: TextArray, zones: str | TextArray
) -> tuple[MomentArray, MomentArray]:
    """Return start and end in UTC of what local times stand for at their precision.

    A time that happens twice when clocks go back lasts from its first to the end of its second; one that a
    clock change skips moves to the next that exists, as long as it was.
    """
    starts, local_ends = to_utc(times, zones), end_times(times, precision)
    ends = to_utc(local_ends, zones, later=True)
    with np.errstate(invalid="ignore"):
        is_skipped = ends <= starts
    return starts, np.where(is_skipped, starts + (local_ends - times), ends)


def to_utc(times: MomentArray, zones: str | TextArray, *, later: bool = False) -> MomentArray:
    """Return local times as UTC; `zones` is one zone, or one for each time.

    A time that a clock change skips moves to the next that exists; one that happens twice is the first, or
    with `later` the second.
    """
    import pandas as pd

    if isinstance(zones, str):
        index = pd.DatetimeIndex(times)
        local = index.tz_localize(
            zones, ambiguous=np.full(len(times), not later), nonexistent="shift_forward"
        )
        return np.asarray(local.tz_convert("UTC").tz_localize(None).to_numpy(), dtype="datetime64[us]")
    made = np.full(len(times), _NOT_A_TIME, dtype="datetime64[us]")
    for zone in set(zones):
        rows = zones == zone
        made[rows] = to_utc(times[rows], zone, later=later)
    return made


def is_zone(name: str) -> bool:
    """Tell whether a name is in the list of time zones."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return bool(name)


_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"
_RANGE = re.compile(rf"{_NUMBER} ?(?:-|–|—|\.\.|to) ?{_NUMBER}")
_ABOUT = re.compile(rf"(?:about|around|approximately|approx\.?|some|ca\.?|c\.|~|≈) ?{_NUMBER}")
_LEAST = re.compile(rf"(?:at least|no less than|>=|≥) ?{_NUMBER}|{_NUMBER} ?(?:\+|or more)")
_MORE = re.compile(rf"(?:>|more than|over) ?{_NUMBER}")
_MOST = re.compile(rf"(?:at most|up to|no more than|<=|≤) ?{_NUMBER}")
_LESS = re.compile(rf"(?:<|less than|fewer than|under) ?{_NUMBER}")
_PLAIN = re.compile(rf"{_NUMBER}")


def parse_ranges(words: Any, *, about_share: float) -> ParsedRanges:
    """Return counts as least, likely and greatest number.

    Understands 8, 5-8, about 30 (within `about_share` of it), at least 20, more than 20, up to 20. Where one
    end is open, the other is also the likely number, and the open end is NaN (0 for 'up to').
    """
    codes, different = _factorise(words)
    table = np.full((len(different) + 1, 3), np.nan)
    rounded = np.zeros(len(different) + 1, dtype=bool)
    wrong = np.zeros(len(different) + 1, dtype=bool)
    for at, word in enumerate(different):
        parsed = _parse_range(word.lower(), about_share) if len(word) <= MAX_TIME_CHARACTERS else None
        if parsed is None:
            wrong[at] = True
        else:
            table[at], rounded[at] = parsed
    low, best, high = table[codes].T.copy()
    return ParsedRanges(low, best, high, rounded[codes], wrong[codes])


def _parse_range(word: str, about_share: float) -> tuple[tuple[float, float, float], bool] | None:
    if match := _PLAIN.fullmatch(word):
        return (float(word),) * 3, False
    if match := _RANGE.fullmatch(word):
        low, high = float(match[1]), float(match[2])
        return ((low, (low + high) / 2, high), False) if low <= high else None
    if match := _ABOUT.fullmatch(word):
        best = float(match[1])
        # Rounded first: 420 * 1.1 is a hair above 462.
        low, high = round(best * (1 - about_share), 6), round(best * (1 + about_share), 6)
        return (math.floor(low), best, math.ceil(high)), True
    if match := _LEAST.fullmatch(word):
        return (float(match[1] or match[2]),) * 2 + (math.nan,), True
    if match := _MORE.fullmatch(word):
        return (float(match[1]) + 1,) * 2 + (math.nan,), True
    if match := _MOST.fullmatch(word):
        return (0.0, float(match[1]), float(match[1])), True
    if match := _LESS.fullmatch(word):
        most = max(float(match[1]) - 1, 0.0)
        return (0.0, most, most), True
    return None


def match_words(words: Any, known: Mapping[str, str]) -> tuple[TextArray, BoolArray]:
    """Return each word's meaning by `known` (keys as `plain_word` makes them), and which words it lacks.

    Empty words stay empty and are not lacking.
    """
    codes, different = _factorise(words)
    meanings = [known.get(plain_word(word)) for word in different]
    found = np.array([*(meaning or "" for meaning in meanings), ""], dtype=object)
    lacking = np.array([*(meaning is None for meaning in meanings), False], dtype=bool)
    return found[codes], lacking[codes]


def plain_word(word: str) -> str:
    """Return a word as vocabularies are keyed: lower case, spaces and dashes as underscores."""
    return "_".join(word.casefold().replace("-", " ").replace("_", " ").split())


def close_words(word: str, known: Iterable[str]) -> list[str]:
    """Return the known words nearest to `word`, best first; none where nothing is near."""
    return difflib.get_close_matches(plain_word(word[:60]), sorted(known), n=MAX_CLOSE, cutoff=0.6)


def map_words(words: Any, make: Callable[[str], Any], *, empty: Any, dtype: Any) -> NDArray[Any]:
    """Return `make` of each word, called once for each different one; `empty` for empty words."""
    codes, different = _factorise(words)
    made = np.empty(len(different) + 1, dtype=dtype)
    for at, word in enumerate(different):
        made[at] = make(word)
    made[-1] = empty
    return made[codes]


def strip_words(values: TextArray) -> TextArray:
    """Return a column of objects as stripped text; None, NaN and NaT are empty."""
    import pandas as pd

    made = np.empty(len(values), dtype=object)
    if pd.api.types.infer_dtype(values, skipna=False) == "string":
        made[:] = [value.strip() for value in values]
        return made
    missing = pd.isna(values)
    made[:] = ["" if gone else str(value).strip() for value, gone in zip(values, missing, strict=True)]
    return made


def number_words(column: pd.Series) -> TextArray:
    """Return a column of numbers as text: whole numbers without a point, missing ones empty."""
    made = np.empty(len(column), dtype=object)
    made[:] = [
        ""
        if missing
        else str(int(value))
        if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT
        else str(value)
        for value, missing in zip(column.tolist(), column.isna(), strict=True)
    ]
    return made


def _factorise(words: Any) -> tuple[NDArray[np.intp], list[Any]]:
    """Return the number of each word in the list of different ones, -1 for empty words, and that list."""
    import pandas as pd

    values = np.asarray(words, dtype=object)
    codes, different = pd.factorize(values, use_na_sentinel=True)
    # One letter of the list stands for "empty": mark it as missing, so that code -1 is the last place.
    kept = list(different)
    if "" in kept:
        at = kept.index("")
        codes = np.where(codes == at, -1, np.where(codes > at, codes - 1, codes))
        del kept[at]
    return np.asarray(codes, dtype=np.intp), kept
