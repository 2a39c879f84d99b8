"""The step at a truce: how far counts fall, how long they take to come back, and how sure that is.

    rate(t) = before * (1 - (1 - r0) exp(-t / tau)),   t days after the truce began,

the recovery of the simulated process. r0 is the share that is left at once, tau the return time. `before` is
what was counted a day before the truce: the user's number, or the mean of the periods before it in the same
series. Counts are negative binomials around the rate. It describes what was counted, not what was fired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import exp, inf, log

import numpy as np

from truceline.errors import Problem, TableError
from truceline.simulate.fit.count_series import CountSeries, FloatArray
from truceline.simulate.fit.counts import SIZES, log_chance
from truceline.simulate.laws import find_doubling_time

LEAST_AFTER = 10
"""Fewest periods after a truce to which a recovery is fitted."""
LONGEST_RETURN_DAYS = 36_500.0
"""Return time from which the level is taken as not coming back; the interval then has no upper end."""
SHARE_80, SHARE_95 = 0.821, 1.921
"""Half the 80 % and 95 % quantiles of chi-square with one degree of freedom: drops of the log likelihood."""


@dataclass(frozen=True)
class TruceStep:
    """What was found of one truce. Rates are counts a day; times are days."""

    truce_day: date
    before: float
    """Level before, counts a day."""
    before_source: str
    n_periods: int
    """Periods after the truce that were fitted."""
    after: float
    """Mean counts a day over all the days reported on after it."""
    after_by: date
    level: float
    """r0: share of the level before that is left at once."""
    level_interval: tuple[float, float]
    """80 %, by profile likelihood."""
    return_days: float
    """tau; infinite where the level does not come back."""
    return_interval: tuple[float, float]
    """80 %, by profile likelihood; the upper end is infinite where no return fits as well."""
    size: float
    recovery_gain: float
    """Log likelihood that a return adds to a level that stays as it is."""

    @property
    def factor(self) -> float:
        """Mean level after, over the level before."""
        return self.after / self.before

    @property
    def is_climbing(self) -> bool:
        """Tell whether a return fits clearly better than a level that stays (95 %)."""
        return self.recovery_gain > SHARE_95

    def rate(self, day: float) -> float:
        """Return the fitted rate so many days after the truce, counts a day."""
        return self.before * (1.0 - (1.0 - self.level) * exp(-day / self.return_days))


def fit_truce_step(
    series: CountSeries, truce_day: date, *, before: float | None = None, until: date | None = None
) -> TruceStep:
    """Fit the fall and the return of counts at a truce by maximum likelihood.

    truce_day: the first day of the truce. before: counts a day before it, where the series does not reach so
    far back. until: the last day looked at.

    Raises TableError where too few periods follow, or nothing says what was before.
    """
    first = (truce_day - series.first_day).days
    last = inf if until is None else (until - series.first_day).days + 1
    is_after = (series.start >= first) & (series.end <= last)
    is_before = series.end <= first
    _check_truce(series, truce_day, int(is_after.sum()), before, bool(is_before.any()))
    source = "as given"
    if before is None:
        before = float(series.n[is_before].sum() / series.n_days[is_before].sum())
        source = f"mean of {int(is_before.sum())} periods before it"
        before = max(before, 0.5 / float(series.n_days[is_before].sum()))
    days = series.n_days[is_after].astype(np.float64)
    start = series.start[is_after].astype(np.float64) - float(first)
    counts = series.n[is_after].astype(np.float64)
    fitted = _Recovery(start, days, counts, before)
    best, cost = fitted.search()
    level, ret = exp(best[0]), exp(best[1])
    _, flat = fitted.search({1: log(LONGEST_RETURN_DAYS * 1e3)})
    low_r0, high_r0 = fitted.interval(0, best, cost, log(1e-4), log(3.0))
    low_tau, high_tau = fitted.interval(1, best, cost, 0.0, log(LONGEST_RETURN_DAYS))
    end_day = int(series.end[is_after][-1])
    return TruceStep(
        truce_day=truce_day,
        before=before,
        before_source=source,
        n_periods=int(is_after.sum()),
        after=float(counts.sum() / days.sum()),
        after_by=date.fromordinal(series.first_day.toordinal() + end_day - 1),
        level=level,
        level_interval=(exp(low_r0), exp(high_r0)),
        return_days=ret if ret < LONGEST_RETURN_DAYS * 0.99 else inf,
        return_interval=(exp(low_tau), inf if exp(high_tau) > LONGEST_RETURN_DAYS * 0.99 else exp(high_tau)),
        size=exp(best[2]),
        recovery_gain=max(flat - cost, 0.0),
    )


def double_weeks(first: float, second: float, weeks: float) -> float:
    """Return the time in weeks in which a level that grows evenly doubles, from two levels `weeks` apart.

    weeks log 2 / log(second / first); infinite where it does not grow.
    """
    return find_doubling_time(first, second, weeks) if second > first > 0 else inf


def _check_truce(
    series: CountSeries, truce_day: date, n_after: int, before: float | None, has_before: bool
) -> None:
    problems = []
    where = f"{series.name} {truce_day.isoformat()}"
    if n_after < LEAST_AFTER:
        problems.append(Problem(where, f"has {n_after} periods after it", f"needs at least {LEAST_AFTER}"))
    if before is None and not has_before:
        problems.append(Problem(where, "has no period before it", "give the counts a day before the truce"))
    if before is not None and not 0 < before < inf:
        problems.append(Problem(where, f"{before:g} a day before it is no rate", "give a number above 0"))
    if problems:
        raise TableError("truce", problems)


_BEGINS = ((0.0, 8.0), (1.0, 5.0))
"""Where searches begin: how far the logarithm of r0 is below that of the mean factor, logarithm of tau."""


class _Recovery:
    """The cost of a recovery: parameters are the logarithms of r0, tau and the size of the dispersion."""

    def __init__(self, start: FloatArray, days: FloatArray, counts: FloatArray, before: float) -> None:
        self._start, self._days, self._counts, self._before = start, days, counts, before
        rate = max(float(counts.sum() / days.sum()), 0.1 / float(days.sum()))
        self._level = min(max(log(rate / before), log(1e-4) + 0.1), log(3.0) - 0.1)
        self._bounds = [
            (log(1e-4), log(3.0)),
            (0.0, log(LONGEST_RETURN_DAYS)),
            (log(SIZES[0]), log(SIZES[1])),
        ]

    def cost(self, place: FloatArray) -> float:
        level, ret, size = np.exp(place)
        # The mean of exp(-t / tau) over the days of a period, exactly.
        end = self._start + self._days
        faded = ret * (np.exp(-self._start / ret) - np.exp(-end / ret))
        mean = self._before * (self._days - (1.0 - level) * faded)
        return -float(log_chance(self._counts, mean, size * self._days).sum())

    def search(
        self, fixed: dict[int, float] | None = None, near: FloatArray | None = None
    ) -> tuple[FloatArray, float]:
        """Return the best place and its cost, with some parameters held; `near`: where to begin."""
        from scipy.optimize import minimize

        held = fixed or {}
        begins = [near] if near is not None else [[self._level - less, ret, 0.0] for less, ret in _BEGINS]
        bounds = [(held[at], held[at]) if at in held else self._bounds[at] for at in range(3)]
        ends = []
        for place in begins:
            lows, highs = (np.array(ends_of) for ends_of in zip(*bounds, strict=True))
            begin = np.clip(np.asarray(place), lows, highs)
            ends.append(minimize(self.cost, begin, method="L-BFGS-B", bounds=bounds))
        best = min(ends, key=lambda end: float(end.fun))
        return np.asarray(best.x, dtype=np.float64), float(best.fun)

    def interval(
        self, at: int, best: FloatArray, cost: float, low: float, high: float
    ) -> tuple[float, float]:
        """Return where the profile likelihood of a parameter has dropped by the 80 % limit; else the ends."""
        from scipy.optimize import brentq

        def beyond(value: float) -> float:
            return self.search({at: value}, best)[1] - cost - SHARE_80

        middle = float(best[at])
        ends = []
        for end in (low, high):
            if abs(end - middle) < 1e-6 or beyond(end) <= 0:
                ends.append(end)
            else:
                ends.append(float(brentq(beyond, *sorted((end, middle)), xtol=1e-3)))
        return ends[0], ends[1]
