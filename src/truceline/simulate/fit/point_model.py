"""What a point process of timed incidents is: its parameters, and the timeline it is fitted to.

Times are days from the start of watching, as floats; rates are incidents a day. One side, or two that answer
each other. The background may wander: each week (or other period) it is multiplied by a lognormal factor of
mean 1 that remembers the week before. Nothing is estimated here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, TableError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEAST_EVENTS = 20
"""Fewer timed incidents are not fitted: the standard deviation of n would be far above any n of interest."""
TIED_SHARE = 0.02
"""Above this share of incidents at the very moment of another, times are taken as rounded and are refused."""
DAY_S = 86_400.0
ROUNDINGS = (
    (86_400.0, "the day"),
    (3_600.0, "the hour"),
    (1_800.0, "half an hour"),
    (900.0, "a quarter of an hour"),
    (600.0, "ten minutes"),
    (300.0, "five minutes"),
    (60.0, "the minute"),
    (1.0, "the second"),
)
"""Units to which people round times, in seconds, the coarsest first."""
ROUNDED_WITHIN_S = 1e-3
"""Times this near to a multiple are multiples: floats of days lose no more."""
PERIOD_DAYS = 7.0
"""Length of the periods whose background wanders, unless the caller says otherwise."""


@dataclass(frozen=True)
class PointModel:
    """A self-exciting process of one or two sides; see `rate_of`.

    side a: rate_a(t) = mu_a * factor(week) + sum_b n_ab * sum over incidents j of b of
    beta exp(-beta (t - t_j)), with n_ab = n_self where a is b, n_cross otherwise.
    """

    mu: tuple[float, ...]
    """Background incidents a day of each side, at the mean of the wandering factor, which is 1."""
    n_self: float = 0.0
    """Incidents of the same side that one incident brings about directly, on average."""
    n_cross: float = 0.0
    """Incidents of the other side that one incident brings about directly, on average."""
    beta: float = 1.0
    """1 / mean delay, per day."""
    spread: float = 0.0
    """Standard deviation of the log of the period's factor; 0: the background does not wander."""
    persistence: float = 0.0
    """Correlation of the log factors of two periods that follow each other."""
    period_days: float = PERIOD_DAYS
    has_shared_periods: bool = True
    """Two sides share the factor of a period; otherwise each has its own."""

    @property
    def n_sides(self) -> int:
        """One or two."""
        return len(self.mu)

    @property
    def offspring(self) -> FloatArray:
        """Mean offspring of type a per event of type b, shape (sides, sides)."""
        made = np.full((self.n_sides, self.n_sides), self.n_cross, dtype=np.float64)
        np.fill_diagonal(made, self.n_self)
        return made

    @property
    def branching(self) -> float:
        """Largest eigenvalue of the offspring matrix: at 1 or more the process never settles."""
        return self.n_self + (self.n_cross if self.n_sides > 1 else 0.0)

    @property
    def background_cv(self) -> float:
        """Coefficient of variation of the period's factor, sqrt(exp(spread^2) - 1)."""
        return math.sqrt(math.expm1(self.spread**2))

    def rates(self) -> FloatArray:
        """Return the long-run incidents a day of each side, (I - N)^-1 mu (Hawkes 1971), shape (sides,)."""
        return np.asarray(np.linalg.solve(np.eye(self.n_sides) - self.offspring, np.asarray(self.mu)))


@dataclass(frozen=True)
class Timeline:
    """Timed incidents in order, checked."""

    times: FloatArray
    """Days from the start, ascending, in (0, days]; shape (events,)."""
    sides: IntArray
    """Whose each is, 0 or 1; shape (events,)."""
    n_sides: int
    days: float
    """Days watched."""

    @cached_property
    def gaps(self) -> FloatArray:
        """Days from 0 to the first incident and between incidents; shape (events,)."""
        return np.diff(self.times, prepend=0.0)

    @property
    def tail(self) -> float:
        """Days from the last incident to the end."""
        return float(self.days - self.times[-1]) if len(self.times) else self.days

    def until(self, day: float) -> Timeline:
        """Return what was known at the end of `day`."""
        is_kept = self.times <= day
        return Timeline(self.times[is_kept], self.sides[is_kept], self.n_sides, float(day))


def make_timeline(
    times: ArrayLike, days: float, sides: ArrayLike | None = None, *, least_events: int = LEAST_EVENTS
) -> Timeline:
    """Put incidents in order and check them.

    Parameters
    ----------
    times
        Days from the start of watching; any order.
    days
        Days watched; every incident falls into (0, days].
    sides
        0 or 1 for each incident; None for a process of one side.

    Raises
    ------
    TableError
        With all problems: nothing watched, too few incidents, times that are no numbers or outside the time
        watched, rounded times (many at the very same moment: the likelihood then has no greatest value).
    """
    moments = np.atleast_1d(np.asarray(times, dtype=np.float64))
    whose = np.zeros(len(moments), dtype=np.int64) if sides is None else np.asarray(sides, dtype=np.int64)
    problems = ProblemList()
    if not (math.isfinite(days) and days > 0):
        problems.add("days", f"{days} days were watched", "give the days watched, above 0")
    elif not np.isfinite(moments).all():
        problems.add("times", f"{int((~np.isfinite(moments)).sum())} are no numbers", "leave them out")
    else:
        outside = int(((moments < 0) | (moments > days)).sum())
        if outside:
            problems.add(
                "times", f"{outside} incidents outside 0 to {days:g} days", "count days from the start"
            )
    if len(moments) < least_events:
        problems.add("times", f"{len(moments)} incidents", f"at least {least_events} are needed to fit")
    if len(whose) != len(moments):
        problems.add("sides", f"{len(whose)} for {len(moments)} incidents", "give one side for each incident")
    elif not np.isin(whose, (0, 1)).all():
        problems.add("sides", "a side that is neither 0 nor 1", "number the two sides 0 and 1")
    elif sides is not None and len(moments) >= least_events and len(np.unique(whose)) < 2:
        problems.add("sides", "all incidents are of one side", "leave `sides` out")
    order = np.argsort(moments, kind="stable")
    tied = float((np.diff(moments[order]) == 0).mean()) if len(moments) > 1 else 0.0
    if tied > TIED_SHARE:
        problems.add(
            "times",
            f"{tied:.0%} of incidents at the very moment of another",
            f"{_describe_rounding(moments)}: make one incident of entries that belong together, spread the"
            " rest with spread_within_days, or fit daily counts",
        )
    problems.raise_if_any(TableError, "the incident times cannot be fitted")
    # An incident at 0 has no time before it; it is put at the first moment after.
    ordered = np.maximum(moments[order], np.finfo(np.float64).tiny)
    return Timeline(ordered, whose[order], 1 if sides is None else 2, float(days))


def find_rounding(times: ArrayLike) -> tuple[float, str]:
    """Return the coarsest unit of which all times are multiples, in days and in words; (0, "") for none."""
    seconds = np.asarray(times, dtype=np.float64) * DAY_S
    for unit_s, words in ROUNDINGS:
        if len(seconds) and np.abs(seconds - np.round(seconds / unit_s) * unit_s).max() < ROUNDED_WITHIN_S:
            return unit_s / DAY_S, words
    return 0.0, ""


def _describe_rounding(times: FloatArray) -> str:
    """Return what to say of times of which many are the same."""
    words = find_rounding(times)[1]
    return f"times look rounded to {words}" if words else "times look rounded"


def check_model(model: PointModel) -> None:
    """Refuse a process that cannot be: negative rates, offspring without end, a persistence of 1 or more.

    Raises
    ------
    TableError
        With all problems.
    """
    problems = ProblemList()
    if not model.mu or any(not (math.isfinite(rate) and rate >= 0) for rate in model.mu):
        problems.add("mu", f"{model.mu}", "a rate is a number of at least 0, one for each side")
    for name in ("n_self", "n_cross", "spread"):
        if not getattr(model, name) >= 0:
            problems.add(name, f"{getattr(model, name)}", "it is at least 0")
    if model.branching >= 1:
        problems.add(
            "n_self" if model.n_sides == 1 else "n_self + n_cross",
            f"{model.branching:g}: every incident brings about one or more, without end",
            "choose less than 1",
        )
    for name in ("beta", "period_days"):
        if not getattr(model, name) > 0:
            problems.add(name, f"{getattr(model, name)}", "it is above 0")
    if not 0 <= model.persistence < 1:
        problems.add("persistence", f"{model.persistence}", "it is at least 0 and below 1")
    problems.raise_if_any(TableError, "the process cannot be simulated")
