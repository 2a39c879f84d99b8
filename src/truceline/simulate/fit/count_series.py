"""Counts by reporting period: one or several days each, with gaps, one series a region.

A period is known by its first day and its number of days; days without a period were not reported, which is
not the same as quiet. Days are numbered from the first day of the series. Nothing is read from files here and
nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from truceline.errors import Problem, ProblemList, TableError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WEEK_DAYS = 7
"""Days of a week."""
LEAST_PERIODS = 30
"""Fewest periods that are fitted: with fewer, five or six parameters are not told apart from chance."""
MOST_PERIOD_DAYS = 31
"""Longest period taken: a count of more than a month says nothing of memory from day to day."""


@dataclass(frozen=True)
class CountSeries:
    """Counts of one region in the order of time; no two periods overlap."""

    name: str
    first_day: date
    """The day that has number 0: the first day reported on."""
    start: IntArray
    """Number of the first day of each period, rising, shape (periods,)."""
    n_days: IntArray
    """Days of each period, at least 1."""
    n: IntArray
    """What was counted in each period, at least 0."""

    def __len__(self) -> int:
        return len(self.n)

    @property
    def end(self) -> IntArray:
        """Number of the day after each period."""
        return self.start + self.n_days

    @property
    def gap_days(self) -> IntArray:
        """Days not reported between the period before and each one; 0 for the first."""
        gaps = np.zeros(len(self), dtype=np.int64)
        gaps[1:] = self.start[1:] - self.end[:-1]
        return gaps

    def step(self, days: int) -> IntArray:
        """Return the number of the week, or other step of days, in which each period ends; from 0."""
        return (self.end - 1) // days

    def since(self, day: date) -> CountSeries | None:
        """Return the periods that begin on a day or later, or None where there are none."""
        kept = self.start >= (day - self.first_day).days
        if not kept.any():
            return None
        shift = int(self.start[kept][0])
        first = self.first_day + timedelta(days=shift)
        return CountSeries(self.name, first, self.start[kept] - shift, self.n_days[kept], self.n[kept])

    @property
    def n_days_covered(self) -> int:
        """Days reported on."""
        return int(self.n_days.sum())

    @property
    def n_days_spanned(self) -> int:
        """Days from the first reported to the last, gaps counted."""
        return int(self.end[-1])

    @property
    def rate_per_day(self) -> float:
        """Counts a day reported on."""
        return float(self.n.sum()) / self.n_days_covered

    @property
    def last_day(self) -> date:
        """The last day reported on."""
        return self.first_day + timedelta(days=int(self.end[-1]) - 1)

    def last_days(self) -> list[str]:
        """Return the last day of each period, as ISO dates."""
        return [(self.first_day + timedelta(days=int(end) - 1)).isoformat() for end in self.end]

    def head(self, n_periods: int) -> CountSeries:
        """Return the first periods."""
        kept = slice(0, n_periods)
        return CountSeries(self.name, self.first_day, self.start[kept], self.n_days[kept], self.n[kept])

    def weekdays(self) -> FloatArray:
        """Return how many Mondays, Tuesdays ... each period has, shape (periods, 7)."""
        days = np.zeros((len(self), WEEK_DAYS))
        first = self.first_day.weekday()
        for row, (start, n_days) in enumerate(zip(self.start, self.n_days, strict=True)):
            np.add.at(days[row], (first + np.arange(start, start + n_days)) % WEEK_DAYS, 1.0)
        return days

    def with_counts(self, n: IntArray) -> CountSeries:
        """Return the same periods with other counts, as of a made series."""
        return CountSeries(self.name, self.first_day, self.start, self.n_days, n)


def add_series(several: Sequence[CountSeries], name: str = "all") -> CountSeries | None:
    """Return the sum of series of the same periods, or None where their periods differ."""
    one = several[0]
    for other in several[1:]:
        same = (other.first_day, len(other)) == (one.first_day, len(one))
        if not same or (other.start != one.start).any() or (other.n_days != one.n_days).any():
            return None
    total = np.asarray(np.sum([each.n for each in several], axis=0), dtype=np.int64)
    return CountSeries(name if len(several) > 1 else one.name, one.first_day, one.start, one.n_days, total)


@dataclass(frozen=True, order=True)
class Period:
    """One row as it was stated."""

    first: date
    last: date
    """Last day, so that a period of one day has it the same as `first`."""
    n: int
    where: str = ""
    """File and line, for messages."""


def daily_series(counts: IntArray, *, first_day: date = date(2030, 1, 7), name: str = "all") -> CountSeries:
    """Return a series of one-day periods without gaps; the first day is a Monday unless given."""
    n = np.asarray(counts, dtype=np.int64)
    return CountSeries(name, first_day, np.arange(len(n)), np.ones(len(n), dtype=np.int64), n)


def make_series(name: str, periods: list[Period]) -> tuple[CountSeries, tuple[Problem, ...]]:
    """Return periods as a series, and warnings where a period was split by a shorter one inside it.

    A shorter period that ends (or begins) on the same day as a longer one, as when a report states a weekend
    and the next report its last day again, splits the longer: the rest of the days has the rest of the count.

    Raises TableError with every overlap that cannot be resolved so, and for too few periods.
    """
    problems = ProblemList()
    kept: list[Period] = []
    for period in sorted(periods, key=lambda one: (one.last, one.first)):
        _add_period(kept, period, problems)
    if len(kept) < LEAST_PERIODS:
        problems.add(
            name, f"has {len(kept)} periods", f"give at least {LEAST_PERIODS}: fewer tell nothing of memory"
        )
    elif not any(period.n for period in kept):
        problems.add(name, "has counted nothing in any period", "name another column or region")
    problems.raise_if_any(TableError, "counts")
    first = kept[0].first
    start = np.array([(period.first - first).days for period in kept], dtype=np.int64)
    days = np.array([(period.last - period.first).days + 1 for period in kept], dtype=np.int64)
    n = np.array([period.n for period in kept], dtype=np.int64)
    return CountSeries(name, first, start, days, n), problems.warnings


def _add_period(kept: list[Period], period: Period, problems: ProblemList) -> None:
    """Add a period after those kept, splitting one of the two where one lies at the end of the other."""
    if not kept or period.first > kept[-1].last:
        kept.append(period)
        return
    before = kept[-1]
    one_day = timedelta(days=1)
    if (period.first, period.last) == (before.first, before.last):
        hint = "keep one row a region and period, or name the region"
        problems.add(period.where, f"is the same period as {before.where}", hint)
    elif period.last == before.last and period.first > before.first:
        _split(
            kept, Period(before.first, period.first - one_day, before.n - period.n, before.where), problems
        )
        kept.append(period)
    elif period.last == before.last and period.first < before.first:
        rest = Period(period.first, before.first - one_day, period.n - before.n, period.where)
        kept.pop()
        if kept and rest.first <= kept[-1].last:
            problems.add(period.where, f"overlaps {kept[-1].where}", "correct the days of one of them")
        elif rest.n < 0:
            problems.add(period.where, "counts less than a shorter period in it", "correct one of them")
        else:
            problems.warn(period.where, f"holds {before.where} as its last days", "split into two periods")
            kept.append(rest)
        kept.append(before)
    elif period.first == before.first:
        rest = Period(before.last + one_day, period.last, period.n - before.n, period.where)
        if rest.n < 0:
            problems.add(period.where, "counts less than a shorter period in it", "correct one of them")
        else:
            problems.warn(period.where, f"holds {before.where} as its first days", "split into two periods")
            kept.append(rest)
    else:
        problems.add(period.where, f"overlaps {before.where}", "correct the days of one of them")


def _split(kept: list[Period], rest: Period, problems: ProblemList) -> None:
    if rest.n < 0:
        problems.add(rest.where, "counts less than a shorter period in it", "correct one of them")
    else:
        problems.warn(rest.where, "holds a shorter period as its last days", "split into two periods")
        kept[-1] = rest
