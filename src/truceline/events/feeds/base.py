"""What every feed is made of: the rows as received, columns parsed with reasons for what cannot be used.

Works on whole columns. A row that cannot be used is rejected once, with its line, the column, what was found
and what to write; the others go on. Positions are degrees on WGS 84, moments become UTC without zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.events.schema import REPORTS, Table

if TYPE_CHECKING:
    import pandas as pd

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]

MAX_QUOTED = 60
"""Longest piece of a file repeated in a message, in characters."""


class Reject(NamedTuple):
    """One row that cannot be used."""

    line: int
    """Line of the file, or row where it has no lines, from 1."""
    where: str
    found: str
    hint: str


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


class Reading:
    """Rows of one chunk of a file, being mapped: parsed columns out, rejected rows aside."""

    def __init__(self, raw: pd.DataFrame, lines: NDArray[np.int64], originals: NDArray[np.object_]) -> None:
        """Take `raw` (columns in lower case, text or typed), the line of each row, and each row as JSON."""
        self.raw = raw
        self.lines = lines
        self.originals = originals
        self.is_usable: BoolArray = np.ones(len(raw), dtype=bool)
        self.rejects: list[Reject] = []

    def __len__(self) -> int:
        return len(self.raw)

    def has(self, name: str) -> bool:
        """Tell whether the file has a column."""
        return name in self.raw.columns

    def words(self, name: str, default: str = "") -> NDArray[np.object_]:
        """Return a column as stripped text; `default` where it is empty or the file has no such column."""
        import pandas as pd

        if not self.has(name):
            return np.full(len(self), default, dtype=object)
        column = self.raw[name]
        given = column.notna().to_numpy()
        if not pd.api.types.is_string_dtype(column.dtype) and column.dtype != object:
            column = column.astype(str)
        text = column.astype(object).where(given, "").map(lambda value: str(value).strip())
        words = text.to_numpy(dtype=object)
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
            values = pd.to_numeric(pd.Series(words), errors="coerce").to_numpy(dtype=float)
        wrong = is_given & ~np.isfinite(values)
        self.reject(wrong, name, "is not a number", "write digits with a point", quote=name)
        with np.errstate(invalid="ignore"):
            outside = is_given & ((values < low) | (values > high))
        self.reject(outside, name, "is out of range", f"between {low:g} and {high:g}", quote=name)
        if needed:
            self.reject(~is_given, name, "is empty", "it is needed")
        return values

    def moments(self, name: str, zone: str, *, needed: bool = False) -> NDArray[np.datetime64]:
        """Return a column of dates or times as UTC without zone; a time without zone is in `zone`.

        A time that a clock change skips moves forward to the next that exists; one that happens twice is
        the first. NaT where it is empty; what is no date is rejected.
        """
        import pandas as pd

        if not self.has(name):
            if needed:
                self.reject(np.ones(len(self), dtype=bool), name, "is missing", "the file needs this column")
            return np.full(len(self), np.datetime64("NaT"), dtype="datetime64[us]")
        column = self.raw[name]
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            is_given = column.notna().to_numpy()
            times = column.reset_index(drop=True)
        else:
            words = self.words(name)
            is_given = words != ""
            times = _parse_times(words)
        utc = _to_utc(times, zone)
        wrong = is_given & np.isnat(utc)
        self.reject(wrong, name, "is not a date or time", "write 2025-02-17T18:30 or 2025-02-17", quote=name)
        if needed:
            self.reject(~is_given, name, "is empty", "it is needed")
        return utc

    def reject(self, mask: BoolArray, where: str, found: str, hint: str = "", *, quote: str = "") -> None:
        """Set rows of `mask` aside; with `quote`, that column's value is told. The first reason counts."""
        rows = np.flatnonzero(mask & self.is_usable)
        if len(rows) == 0:
            return
        values = self.words(quote) if quote else None
        for row in rows:
            told = f"'{shorten(values[row])}' {found}" if values is not None else found
            self.rejects.append(Reject(int(self.lines[row]), where, told, hint))
        self.is_usable[rows] = False

    def digests(self) -> NDArray[np.object_]:
        """Return a digest of each row as received."""
        return digest_texts(self.originals)


def digest_texts(texts: Any) -> NDArray[np.object_]:
    """Return a 128-bit digest of each text, as 32 hexadecimal characters."""
    made = np.empty(len(texts), dtype=object)
    for row, text in enumerate(texts):
        made[row] = hashlib.blake2b(str(text).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return made


def shorten(text: object) -> str:
    """Return a piece of a file fit for a message."""
    words = str(text)
    return f"{words[:MAX_QUOTED]}..." if len(words) > MAX_QUOTED else words


def _parse_times(words: NDArray[np.object_]) -> pd.Series:
    """Return text as times, zoned as UTC where a zone is written; NaT where it is no time."""
    import pandas as pd

    text = pd.Series(words, dtype=object)
    zoned = text.str.contains(r"(?:[zZ]|[+-]\d{2}:?\d{2})$", regex=True) & text.str.contains(":", regex=False)
    plain = pd.to_datetime(text.where(~zoned), errors="coerce", format="ISO8601")
    if not zoned.any():
        return plain
    offset = pd.to_datetime(text.where(zoned), errors="coerce", format="ISO8601", utc=True)
    return pd.Series([zone if has else local for zone, local, has in zip(offset, plain, zoned, strict=True)])


def _to_utc(times: pd.Series, zone: str) -> NDArray[np.datetime64]:
    """Return times as UTC without zone; those without one are in `zone`."""
    import pandas as pd

    if times.dtype == object:
        utc = times.map(lambda each: _moment_to_utc(each, zone))
        return np.asarray(pd.to_datetime(utc).to_numpy(), dtype="datetime64[us]")
    if getattr(times.dtype, "tz", None) is None:
        times = times.dt.tz_localize(zone, ambiguous=np.ones(len(times), bool), nonexistent="shift_forward")
    made = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return np.asarray(made, dtype="datetime64[us]")


def _moment_to_utc(moment: Any, zone: str) -> Any:
    import pandas as pd

    if moment is pd.NaT or moment is None:
        return pd.NaT
    if moment.tzinfo is None:
        moment = moment.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return moment.tz_convert("UTC").tz_localize(None)
