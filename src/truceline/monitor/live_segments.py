"""Intervals of watching made of positions as they come: who reports where it is, watches there.

A unit watches from one position to the next where no more than the longest gap lies between them; a longer
gap ends the interval at the last position before it. Intervals are cut at full hours (UTC), so that effort
has a place: the mean of the positions in that hour. Positions may come late and in any order; the outcome is
the same. Of a track nothing else is kept: where a patrol went minute by minute is what those who would harm
it want to know, and no count needs it. Moments are UTC without zone, positions degrees.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CELL = timedelta(hours=1)
"""Length of the pieces into which watching is cut. Reporting days are cut by whoever measures it."""
KEPT = timedelta(hours=48)
"""How long after a unit's newest position an interval may still grow by positions that come late."""
_DECIMALS = 5
"""Of a degree, in the mean position: about a metre."""


@dataclass(frozen=True)
class WatchRow:
    """One piece of an interval: the content of a row of effort."""

    first: datetime
    """What the row is known by, with its unit: the position that began it, though earlier ones may come."""
    time_from: datetime
    time_to: datetime
    """Not after `time_from`: the piece became part of another one, and takes its row back."""
    lon: float
    lat: float


@dataclass
class _Cell:
    """The positions of an interval within one hour."""

    first: datetime
    lon: float
    lat: float
    """Of the first position: others are summed as differences from it."""
    n: int = 0
    sum_lon: float = 0.0
    sum_lat: float = 0.0
    written: WatchRow | None = None

    def add(self, lon: float, lat: float) -> None:
        self.n += 1
        self.sum_lon += (lon - self.lon + 180.0) % 360.0 - 180.0
        self.sum_lat += lat - self.lat

    def take_over(self, other: _Cell) -> None:
        """Add the positions of another cell of the same hour."""
        shift = (other.lon - self.lon + 180.0) % 360.0 - 180.0
        self.sum_lon += other.sum_lon + other.n * shift
        self.sum_lat += other.sum_lat + other.n * (other.lat - self.lat)
        self.n += other.n

    def mean(self) -> tuple[float, float]:
        lon = (self.lon + self.sum_lon / self.n + 180.0) % 360.0 - 180.0
        return round(lon, _DECIMALS), round(self.lat + self.sum_lat / self.n, _DECIMALS)


@dataclass
class _Span:
    """One interval of watching."""

    start: datetime
    end: datetime
    cells: dict[datetime, _Cell] = field(default_factory=dict)
    is_touched: bool = True

    def row(self, hour: datetime) -> WatchRow:
        cell = self.cells[hour]
        lon, lat = cell.mean()
        return WatchRow(cell.first, max(self.start, hour), min(self.end, hour + CELL), lon, lat)


class Segments:
    """The watching of one unit."""

    def __init__(self, longest_gap: timedelta) -> None:
        """Take the longest gap; ValueError beyond an hour: an hour without a position has no place."""
        if not timedelta(0) < longest_gap <= CELL:
            raise ValueError(f"a gap of {longest_gap} is not between nothing and {CELL}")
        self._gap = longest_gap
        self._spans: list[_Span] = []
        """In order, more than the gap apart."""
        self._taken_back: list[WatchRow] = []

    def add(self, at: datetime, lon: float, lat: float) -> None:
        """Take a position."""
        place = bisect_right(self._spans, at, key=lambda span: span.start)
        left = self._spans[place - 1] if place else None
        right = self._spans[place] if place < len(self._spans) else None
        joins_left = left is not None and at - left.end <= self._gap
        joins_right = right is not None and right.start - at <= self._gap
        if left is not None and joins_left:
            span = left
        elif right is not None and joins_right:
            span = right
        else:
            span = _Span(at, at)
            self._spans.insert(place, span)
        span.start, span.end, span.is_touched = min(span.start, at), max(span.end, at), True
        hour = at.replace(minute=0, second=0, microsecond=0)
        span.cells.setdefault(hour, _Cell(at, lon, lat)).add(lon, lat)
        if right is not None and joins_left and joins_right:
            self._join(span, right)

    def _join(self, span: _Span, later: _Span) -> None:
        """Make one interval of two that a late position connects."""
        self._spans.remove(later)
        span.end = later.end
        for hour, cell in later.cells.items():
            mine = span.cells.get(hour)
            if mine is None:
                span.cells[hour] = cell
                continue
            mine.take_over(cell)
            if cell.written is not None:
                at = cell.first
                self._taken_back.append(WatchRow(at, at, at, *cell.mean()))

    def news(self) -> list[WatchRow]:
        """Return the rows unlike what was last written of them; nothing changes until `settle`."""
        rows = list(self._taken_back)
        for span in self._spans:
            if span.is_touched:
                made = ((cell, span.row(hour)) for hour, cell in sorted(span.cells.items()))
                rows += [row for cell, row in made if row != cell.written and row.time_to > row.time_from]
        return rows

    def settle(self) -> None:
        """Take what `news` said as written, and forget what can no longer grow."""
        self._taken_back.clear()
        for span in self._spans:
            if span.is_touched:
                for hour, cell in span.cells.items():
                    row = span.row(hour)
                    cell.written = row if row.time_to > row.time_from else cell.written
                span.is_touched = False
        if self._spans:
            horizon = self._spans[-1].end - KEPT
            self._spans = [span for span in self._spans if span.end >= horizon]
            oldest = self._spans[0]
            oldest.cells = {hour: cell for hour, cell in oldest.cells.items() if hour + CELL >= horizon}
