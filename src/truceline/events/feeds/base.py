"""What every feed is made of: the rows as received, columns parsed with reasons for what cannot be used.

Works on whole columns. A row that cannot be used is rejected once, with its line, the column, what was found
and what to write; the others go on. Positions are degrees on WGS 84, moments become UTC without zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.events.feeds.parsing import (
    ParsedRanges,
    close_words,
    guess_precision,
    is_zone,
    match_words,
    number_words,
    parse_ranges,
    parse_times,
    plain_word,
    span_utc,
    strip_words,
)
from truceline.events.frames import make_frame
from truceline.events.kinds import TimePrecision
from truceline.events.schema import EFFORTS, REPORTS, Table

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
TextArray = NDArray[np.object_]

MAX_QUOTED = 60
"""Longest piece of a file repeated in a message, in characters."""
DIGEST_CHARACTERS = 32
"""Length of a digest in hexadecimal characters: 128 bits."""
MAX_HINTS = 20
"""Different unknown words of a column, in one chunk, for which known ones that are near are looked up."""

_YES = frozenset({"yes", "y", "true", "1", "1.0"})
_NO = frozenset({"no", "n", "false", "0", "0.0"})
_SHORT = (TimePrecision.second, TimePrecision.minute, TimePrecision.hour)


class Reject(NamedTuple):
    """One row that cannot be used."""

    line: int
    """Line of the file, or row where it has no lines, from 1."""
    where: str
    found: str
    hint: str
    reason: str = ""
    """What was found without the row's own value, to count rejects by; `found` where it is empty."""


@dataclass(frozen=True)
class FeedContext:
    """What a feed needs to know about the mission that reads it."""

    zone: str
    """Time zone of times that name none, as in the IANA list: Europe/Kyiv."""
    now: datetime
    """The present, UTC without zone: later times are refused."""
    sides: Mapping[str, str] = field(default_factory=dict)
    """Side (a or b) by any name used for it, in lower case: {"ukraine": "a", "russia": "b"}."""
    box: tuple[float, float, float, float] | None = None
    """lon_min, lat_min, lon_max, lat_max of the theatre: tells swapped coordinates from far ones."""


@dataclass(frozen=True)
class Feed:
    """One source format."""

    name: str
    """Short name, in the column `feed`."""
    title: str
    needs: frozenset[str]
    """Columns by which a file of this format is known; names in lower case."""
    map_rows: Callable[[Reading, FeedContext], Mapping[str, Any]]
    """Turns rows as received into columns of `table`; see `Reading`."""
    notice: str = ""
    """Licence or credit the source asks for."""
    table: Table = REPORTS
    knows: frozenset[str] = frozenset()
    """All columns it reads, to tell the user which are ignored; empty: it does not say."""
    one_of: tuple[frozenset[str], ...] = ()
    """Further columns it is known by: at least one of each set."""
    is_local: bool = False
    """It tells of the mission's theatre alone: one position that would lie there if swapped is a mistake."""

    def fits(self, columns: Sequence[str]) -> bool:
        """Tell whether a file with these columns (lower case) can be of this format."""
        there = set(columns)
        return self.needs <= there and all(names & there for names in self.one_of)

    def describe_needs(self) -> str:
        """Return the columns it is known by, for a message."""
        return ", ".join([*sorted(self.needs), *(" or ".join(sorted(names)) for names in self.one_of)])


class Reading:
    """Rows of one chunk of a file, being mapped: parsed columns out, rejected rows aside."""

    def __init__(
        self,
        raw: pd.DataFrame,
        lines: NDArray[np.int64],
        originals: TextArray,
        *,
        digests: TextArray | None = None,
        is_plain: bool = False,
    ) -> None:
        """Take `raw` (columns in lower case, text or typed), the line of each row, and each row as JSON.

        `digests` are those of the originals where they are known already; with `is_plain`, text columns hold
        nothing but Python strings without blanks at their ends.
        """
        self.raw = raw
        self.lines = lines
        self.originals = originals
        self._digests = digests
        self._is_plain = is_plain
        self.is_usable: BoolArray = np.ones(len(raw), dtype=bool)
        self.rejects: list[Reject] = []
        self._words: dict[str, TextArray] = {}

    def __len__(self) -> int:
        return len(self.raw)

    def has(self, name: str) -> bool:
        """Tell whether the file has a column."""
        return name in self.raw.columns

    def words(self, name: str, default: str = "") -> TextArray:
        """Return a column as stripped text; `default` where it is empty or the file has no such column.

        Numbers that are whole have no point. The array is kept for the next call: do not write into it.
        """
        if not self.has(name):
            return np.full(len(self), default, dtype=object)
        if name not in self._words:
            self._words[name] = _words_of(self.raw[name], is_plain=self._is_plain)
        words = self._words[name]
        return np.where(words == "", default, words) if default else words

    def numbers(
        self, name: str, *, low: float = -np.inf, high: float = np.inf, needed: bool = False
    ) -> FloatArray:
        """Return a column as numbers; NaN where it is empty; the rest, and those out of bounds, rejected."""
        import pandas as pd

        if not self.has(name):
            values = np.full(len(self), np.nan)
            is_given = np.zeros(len(self), dtype=bool)
        elif pd.api.types.is_numeric_dtype(self.raw[name].dtype):
            values = self.raw[name].to_numpy(dtype=float, na_value=np.nan)
            is_given = ~np.isnan(values)
        else:
            words = self.words(name)
            is_given = words != ""
            values = np.asarray(pd.to_numeric(words, errors="coerce"), dtype=float)
        wrong = is_given & ~np.isfinite(values)
        self.reject(wrong, name, "is not a number", "write digits with a point", quote=name)
        with np.errstate(invalid="ignore"):
            outside = is_given & ((values < low) | (values > high))
        self.reject(outside, name, "is out of range", _bounds(low, high), quote=name)
        if needed:
            self.reject(~is_given, name, "is empty", "it is needed")
        return np.where(wrong | outside, np.nan, values)  # nothing is computed with what was rejected

    def moments(self, name: str, zone: str | TextArray, *, needed: bool = False) -> NDArray[np.datetime64]:
        """Return a column of dates or times as UTC without zone; a time without zone is in `zone`.

        A time that a clock change skips moves forward to the next that exists; one that happens twice is
        the first. NaT where it is empty; what is no date is rejected.
        """
        return self._times(name, zone, needed=needed)[0]

    def intervals(
        self, name: str, zone: str | TextArray, *, needed: bool = False
    ) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64], TextArray]:
        """Return start, end and precision of the time each value of a column stands for.

        2025-02-17 is the whole local day, until the midnight that ends it; 2025-02-17T18:30 is that minute.
        Otherwise as `moments`.
        """
        return self._times(name, zone, needed=needed)

    def _times(
        self, name: str, zone: str | TextArray, *, needed: bool
    ) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64], TextArray]:
        import pandas as pd

        if not self.has(name):
            if needed:
                self.reject(np.ones(len(self), dtype=bool), name, "is missing", "the file needs this column")
            nothing = np.full(len(self), np.datetime64("NaT"), dtype="datetime64[us]")
            return nothing, nothing.copy(), np.full(len(self), "", dtype=object)
        column = self.raw[name]
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            is_given = column.notna().to_numpy()
            zoned_column = getattr(column.dtype, "tz", None) is not None
            local = (column.dt.tz_convert("UTC").dt.tz_localize(None) if zoned_column else column).to_numpy()
            local = np.asarray(local, dtype="datetime64[us]")
            is_zoned = np.full(len(self), zoned_column)
            precision = np.where(is_given, guess_precision(local).value, "").astype(object)
        else:
            words = self.words(name)
            is_given = words != ""
            local, is_zoned, precision = parse_times(words)
        wrong = is_given & np.isnat(local)
        self.reject(wrong, name, "is not a date or time", "write 2025-02-17T18:30 or 2025-02-17", quote=name)
        if needed:
            self.reject(~is_given, name, "is empty", "it is needed")
        zones = np.where(is_zoned, "UTC", zone).astype(object) if is_zoned.any() else zone
        return *span_utc(local, precision, zones), precision

    def ranges(self, name: str, *, about_share: float) -> ParsedRanges:
        """Return a column of counts as least, likely and greatest number; see `parsing.parse_ranges`."""
        import pandas as pd

        if not self.has(name) or pd.api.types.is_numeric_dtype(self.raw[name].dtype):
            numbers, nothing = self.numbers(name), np.zeros(len(self), dtype=bool)
            return ParsedRanges(numbers, numbers, numbers, nothing, nothing)
        values = parse_ranges(self.words(name), about_share=about_share)
        hint = "write 8, 5-8, about 30, >20 or up to 20"
        self.reject(values.is_wrong, name, "is no count", hint, quote=name)
        return values

    def choices(
        self, name: str, known: Mapping[str, str], *, default: str = "", needed: bool = False
    ) -> TextArray:
        """Return a column of words of a vocabulary, by the meanings of `known`; unknown words are rejected.

        Keys of `known` are as `parsing.plain_word` makes them. The hint names the known words that are near.
        """
        words = self.words(name)
        if not self.has(name) and not needed:
            return np.full(len(self), default, dtype=object)
        meanings, lacking = match_words(words, known)
        for word in [*dict.fromkeys(words[lacking])][:MAX_HINTS]:
            near = dict.fromkeys(known[each] for each in close_words(word, known))
            hint = f"did you mean {' or '.join(near)}?" if near else _offer(known)
            self.reject(lacking & (words == word), name, "is not a known word", hint, quote=name)
        self.reject(lacking, name, "is not a known word", _offer(known), quote=name)
        if needed:
            self.reject(words == "", name, "is empty", "it is needed")
        return np.where(meanings == "", default, meanings).astype(object) if default else meanings

    def truths(self, name: str) -> BoolArray:
        """Return a column of yes and no; empty is no, and other words are rejected."""
        if not self.has(name):
            return np.zeros(len(self), dtype=bool)
        known = {**dict.fromkeys(_YES, "yes"), **dict.fromkeys(_NO, "no")}
        meanings, lacking = match_words(self.words(name), known)
        self.reject(lacking, name, "is neither yes nor no", "write yes or no", quote=name)
        return np.asarray(meanings == "yes", dtype=bool)

    def zones(self, name: str, default: str) -> str | TextArray:
        """Return the time zone of each row, or the default where none is named; unknown ones rejected."""
        if not self.has(name):
            return default
        words = self.words(name)
        given = dict.fromkeys(words[words != ""])
        if not given:
            return default
        wrong = np.isin(words, [zone for zone in given if not is_zone(zone)])
        self.reject(wrong, name, "is no time zone", "write one of the IANA list, as Europe/Kyiv", quote=name)
        return np.where(wrong | (words == ""), default, words).astype(object)

    def reject(self, mask: BoolArray, where: str, found: str, hint: str = "", *, quote: str = "") -> None:
        """Set rows of `mask` aside; with `quote`, that column's value is told. The first reason counts."""
        rows = np.flatnonzero(mask & self.is_usable)
        if len(rows) == 0:
            return
        values = self.words(quote) if quote else None
        for row in rows:
            told = f"'{shorten(values[row])}' {found}" if values is not None else found
            self.rejects.append(Reject(int(self.lines[row]), where, told, hint, found))
        self.is_usable[rows] = False

    def digests(self) -> NDArray[np.object_]:
        """Return a digest of each row as received."""
        if self._digests is None:
            self._digests = digest_texts(self.originals)
        return self._digests


def finish_reports(
    reading: Reading, columns: Mapping[str, Any], context: FeedContext, feed: Feed
) -> tuple[pd.DataFrame, list[Reject]]:
    """Return the usable rows as a frame of the feed's table, and every reject of the chunk by line.

    `columns` is what the feed made of the rows, each as long as the reading or a single value. What no feed
    may let through is rejected here: no time, times in the future or the wrong way round, positions off the
    globe, latitude and longitude swapped, ranges whose ends are the wrong way round. Then what a feed leaves
    out is filled in: feed, digest and original; a key; the default zone. When it was received stays missing
    where the source does not say: the moment of the import is not it.
    """
    given = dict(columns)
    _check_times(reading, given, context)
    _check_positions(reading, given, context, is_local=feed.is_local)
    for name in ("count", "killed", "hurt"):
        _check_range(reading, given, name)
    if feed.table is REPORTS:
        _fill_reports(reading, given, context, feed)
    elif feed.table is EFFORTS:
        _check_detection(reading, given)
    usable = reading.is_usable
    if not usable.all():
        given = {name: _take(values, usable) for name, values in given.items()}
    frame = make_frame(feed.table, given, n_rows=int(usable.sum()))
    return frame, sorted(reading.rejects)


def digest_texts(texts: Any) -> NDArray[np.object_]:
    """Return the first 128 bits of the SHA-256 of each text, as 32 hexadecimal characters."""
    sha256, n = hashlib.sha256, DIGEST_CHARACTERS
    made = np.empty(len(texts), dtype=object)
    made[:] = [sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:n] for text in texts]
    return made


def known_words(
    vocabulary: type[Any], also: Mapping[str, str] | None = None, *, without: Sequence[str] = ()
) -> dict[str, str]:
    """Return the words of a vocabulary (plurals too) and other words for them, as `Reading.choices` needs."""
    words = [str(word) for word in vocabulary if str(word) not in without]
    plurals = {f"{word}es" if word.endswith(("s", "sh", "ch")) else f"{word}s": word for word in words}
    known = plurals | {word: word for word in words}
    return known | {plain_word(other): meant for other, meant in (also or {}).items()}


def side_words(context: FeedContext) -> dict[str, str]:
    """Return side a or b by every word the mission has for it."""
    return {"a": "a", "b": "b", **{plain_word(name): side for name, side in context.sides.items()}}


def shorten(text: object) -> str:
    """Return a piece of a file fit for a message: on one line and not long."""
    words = " ".join(str(text).split())
    return f"{words[:MAX_QUOTED]}..." if len(words) > MAX_QUOTED else words


def _words_of(column: pd.Series, *, is_plain: bool) -> TextArray:
    import pandas as pd

    if column.dtype == object:
        return column.to_numpy() if is_plain else strip_words(column.to_numpy())
    if pd.api.types.is_numeric_dtype(column.dtype):
        return number_words(column)
    text = column.astype(object).where(column.notna(), "")
    return strip_words(np.asarray(text.to_numpy(), dtype=object))


def _check_times(reading: Reading, given: Mapping[str, Any], context: FeedContext) -> None:
    """Reject rows without a time, of the future, or that end before they start."""
    start = _moments(given.get("time_from"), len(reading))
    end = _moments(given.get("time_to"), len(reading))
    now = np.datetime64(context.now, "us")
    hint = "check the date, the zone and the clock"
    reading.reject(np.isnat(start), "time_from", "has no time", "write when it happened")
    reading.reject(np.isnat(end), "time_to", "has no end", "write until when it can have happened")
    reading.reject(start > now, "time_from", "lies in the future", hint)
    # The day on which a report is written ends in the future: only the end of a short time can be wrong.
    short = np.isin(_column(given.get("time_precision", ""), len(reading)), [str(each) for each in _SHORT])
    reading.reject(short & (end > now), "time_to", "lies in the future", hint)
    reading.reject(end < start, "time_to", "is before the start", "write the earlier time first")


def _check_positions(
    reading: Reading, given: Mapping[str, Any], context: FeedContext, *, is_local: bool
) -> None:
    """Reject rows off the globe, with half a position, or whose coordinates look swapped.

    A source that reports from everywhere names places whose coordinates, swapped, lie in the theatre (Tehran
    does, for Ukraine): its rows count as swapped only where most of them look so.
    """
    for lon_name, lat_name in (("lon", "lat"), ("observer_lon", "observer_lat")):
        lon, lat = (_numbers(given.get(name), len(reading)) for name in (lon_name, lat_name))
        half = np.isnan(lon) != np.isnan(lat)
        reading.reject(half, lat_name, "has longitude or latitude alone", "write both or neither")
        with np.errstate(invalid="ignore"):
            if context.box is not None:
                swapped = ~_within(lon, lat, context.box) & _within(lat, lon, context.box)
                if not is_local and 2 * np.count_nonzero(swapped) < np.count_nonzero(~np.isnan(lon)):
                    swapped = np.zeros(len(reading), dtype=bool)
                found = f"latitude and longitude look swapped ({lon_name} and {lat_name})"
                reading.reject(swapped, lat_name, found, "longitude counts east, latitude north")
            off = (np.abs(lon) > 180) | (np.abs(lat) > 90)
            reading.reject(off, lat_name, "is off the globe", "degrees: longitude to 180, latitude to 90")


def _within(lon: FloatArray, lat: FloatArray, box: tuple[float, float, float, float]) -> BoolArray:
    west, south, east, north = box
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north), dtype=bool)


def _check_range(reading: Reading, given: Mapping[str, Any], name: str) -> None:
    """Reject negative numbers, and ranges that are not in order; missing ends are in order with anything."""
    low, best, high = (_numbers(given.get(f"{name}_{end}"), len(reading)) for end in ("low", "best", "high"))
    with np.errstate(invalid="ignore"):
        negative = (low < 0) | (best < 0) | (high < 0)
        reading.reject(negative, f"{name}_low", "is less than nothing", "write 0 or more")
        wrong = (low > best) | (best > high) | (low > high)
    reading.reject(wrong, f"{name}_low", "is not least, likely, greatest in order", "write the least first")


def _check_detection(reading: Reading, given: Mapping[str, Any]) -> None:
    low, best, high = (
        _numbers(given.get(name), len(reading)) for name in ("p_detect_low", "p_detect", "p_detect_high")
    )
    with np.errstate(invalid="ignore"):
        wrong = (low > best) | (best > high) | (low > high)
    reading.reject(wrong, "p_detect_low", "is not least, likely, greatest in order", "write the least first")


def _fill_reports(reading: Reading, given: dict[str, Any], context: FeedContext, feed: Feed) -> None:
    n = len(reading)
    digests = reading.digests()
    keys = _column(given.get("key", ""), n)
    given.update(
        feed=feed.name,
        digest=digests,
        original=reading.originals,
        key=np.where(keys == "", digests, keys).astype(object),
    )
    given.setdefault("zone", context.zone)
    given.setdefault("flags", 0)


def _column(values: Any, n: int) -> TextArray:
    if isinstance(values, str):
        return np.full(n, values, dtype=object)
    return np.asarray(values, dtype=object)


def _numbers(values: Any, n: int) -> FloatArray:
    if values is None or not hasattr(values, "__len__"):
        return np.full(n, np.nan if values is None else float(values))
    return np.asarray(values, dtype=float)


def _moments(values: Any, n: int) -> NDArray[np.datetime64]:
    if values is None or not hasattr(values, "__len__"):
        return np.full(n, np.datetime64("NaT") if values is None else values, dtype="datetime64[us]")
    return np.asarray(values, dtype="datetime64[us]")


def _take(values: Any, rows: BoolArray) -> Any:
    if isinstance(values, str) or not hasattr(values, "__len__"):
        return values
    return (np.asarray(values, dtype=object) if isinstance(values, list | tuple) else values)[rows]


def _bounds(low: float, high: float) -> str:
    if np.isneginf(low):
        return f"at most {high:g}"
    return f"at least {low:g}" if np.isposinf(high) else f"between {low:g} and {high:g}"


def _offer(known: Mapping[str, str]) -> str:
    meanings = sorted(set(known.values()))
    return f"write {', '.join(meanings[:-1])} or {meanings[-1]}" if len(meanings) > 1 else ""
