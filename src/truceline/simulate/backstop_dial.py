"""The backstop as a dial: survival over the factor r, and the r at which its cost meets the user's threshold.

r multiplies the daily hazard of breakdown and runs from 0.15 to 1.2. It is never estimated, drawn or
averaged: what is read here holds only *if the backstop changes the daily hazard by the factor r*, and under
one named baseline. Times are days, costs are of one currency that the caller names, a month is a twelfth of a
year.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from truceline.errors import OutputError, Problem
from truceline.simulate.results import DIAL, HORIZONS
from truceline.simulate.settings import BASELINES

if TYPE_CHECKING:
    from truceline.simulate.summary import Summary

Floats = npt.NDArray[np.float64]

DAYS_OF_YEAR = 365.25
DAYS_OF_MONTH = DAYS_OF_YEAR / 12
NO_EFFECT = 1.0
"""The factor against which months of war avoided are counted: a backstop that changes nothing."""
_TABLE = "tables/backstop.csv"


@dataclass(frozen=True, eq=False)
class DialCurve:
    """Survival at one horizon over the dial, under one baseline."""

    baseline: str
    days: int
    factors: Floats
    """(n,) r, ascending."""
    mean: Floats
    """(n,) chance that it holds: the mean over draws of what is assumed."""
    low: Floats
    """(n,) a tenth of the draws is below."""
    median: Floats
    high: Floats
    """(n,) a tenth of the draws is above."""

    def at(self, factor: float) -> tuple[float, float, float, float]:
        """Return mean, low, median and high at a factor on the dial, straight between its marks."""
        rows = (self.mean, self.low, self.median, self.high)
        mean, low, median, high = (float(np.interp(factor, self.factors, row)) for row in rows)
        return mean, low, median, high


@dataclass(frozen=True)
class Threshold:
    """What the user would pay: cost a year of the backstop, and what a month without war is worth."""

    cost_per_year: float
    per_month: float
    """The most that a month of war avoided may cost."""
    currency: str
    cost_low: float = math.nan
    """The cost a year at its lowest; NaN where it has no range."""
    cost_high: float = math.nan
    source: str = "given by the user"


@dataclass(frozen=True)
class BreakEven:
    """The factor at which the cost per month of war avoided equals the threshold, under one baseline."""

    baseline: str
    days: int
    months_needed: float
    """Months of war that have to be avoided within the horizon for the cost to be worth it."""
    factor: float
    """r; NaN where no factor on the dial avoids enough."""
    months_most: float
    """Months avoided at the lowest factor of the dial."""
    factor_low: float = math.nan
    """r at the highest cost; NaN where the cost has no range or no factor reaches it."""
    factor_high: float = math.nan
    """r at the lowest cost."""

    @property
    def is_on_dial(self) -> bool:
        """Tell whether some factor of the dial is worth its cost."""
        return math.isfinite(self.factor)


def months_avoided(survival: Floats, factors: Floats, days: Floats, horizon_days: float) -> Floats:
    """Return (n_factors,) months of war avoided within the horizon, against a backstop that changes nothing.

    survival: (n_factors, n_days) chance that the truce still holds, at `days` (from 0, ascending). The area
    under the curve of a factor, less that of factor 1: once it is broken, war is taken to last until the
    horizon. By the trapezium rule, the curve being straight between its days.
    """
    held = _held_days(survival, days, horizon_days)
    without = float(np.interp(NO_EFFECT, factors, held))
    return np.asarray((held - without) / DAYS_OF_MONTH)


def _held_days(survival: Floats, days: Floats, horizon_days: float) -> Floats:
    inside = days < horizon_days
    at = np.append(days[inside], horizon_days)
    curves = np.array([np.interp(at, days, row) for row in survival])
    steps = np.diff(at)
    return np.asarray(((curves[:, 1:] + curves[:, :-1]) / 2) @ steps)


def find_break_even(
    baseline: str,
    survival: Floats,
    factors: Floats,
    days: Floats,
    horizon_days: int,
    threshold: Threshold,
) -> BreakEven:
    """Return the factor at which the cost per month of war avoided equals the threshold.

    The cost is paid for the whole horizon, whether the truce holds or not. Cost per month avoided is
    cost_per_year * years / months_avoided(r), which falls as r falls; it meets the threshold where
    months_avoided(r) = cost_per_year * years / threshold. Arrays as in `months_avoided`.
    """
    avoided = months_avoided(survival, factors, days, horizon_days)
    years = horizon_days / DAYS_OF_YEAR

    def solve(cost_per_year: float) -> tuple[float, float]:
        if not math.isfinite(cost_per_year):
            return math.nan, math.nan
        needed = cost_per_year * years / threshold.per_month
        return needed, _factor_that_avoids(needed, avoided, factors)

    needed, factor = solve(threshold.cost_per_year)
    return BreakEven(
        baseline=baseline,
        days=horizon_days,
        months_needed=needed,
        factor=factor,
        months_most=float(avoided[0]),
        factor_low=solve(threshold.cost_high)[1],
        factor_high=solve(threshold.cost_low)[1],
    )


def _factor_that_avoids(months: float, avoided: Floats, factors: Floats) -> float:
    """Return the largest factor that avoids so many months, straight between marks; NaN where none does."""
    order = np.argsort(avoided, kind="stable")
    if months > avoided[order[-1]]:
        return math.nan
    return float(np.interp(months, avoided[order], factors[order]))


def check_threshold(cost_per_year: float, per_month: float) -> list[Problem]:
    """Return what is wrong with a cost and a threshold; empty where they can be used."""
    problems = []
    if not (math.isfinite(cost_per_year) and cost_per_year > 0):
        found = f"{cost_per_year:g} is not a cost"
        problems.append(Problem("cost of the backstop a year", found, "write an amount above zero"))
    if not (math.isfinite(per_month) and per_month > 0):
        found = f"{per_month:g} is not an amount"
        hint = "write what a month of war avoided may cost, above zero"
        problems.append(Problem("threshold", found, hint))
    return problems


def read_backstop_cost(folder: Path, per_month: float) -> Threshold:
    """Return a threshold whose cost a year is that of standing in for the backstop, from a plan's folder.

    The sum over `tables/backstop.csv` of the yearly cost of each part's substitute, lowest to highest, its
    middle as the value, in US dollars. Parts without a price (the political guarantee above all) are not in
    it. per_month: US dollars.

    Raises OutputError where the folder has no such table or no price in it.
    """
    path = folder / _TABLE
    lows, highs, unpriced = [], [], []
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                low, high = row.get("yearly_low_usd_bn", ""), row.get("yearly_high_usd_bn", "")
                if low and high:
                    lows.append(float(low))
                    highs.append(float(high))
                else:
                    unpriced.append(row.get("task_label", "") or row.get("task", ""))
    except (OSError, ValueError):
        lows = []
    low, high = 1e9 * math.fsum(lows), 1e9 * math.fsum(highs)
    if not lows or high <= 0:
        hint = "give the cost a year yourself, or plan with a case of contributors"
        raise OutputError("backstop", [Problem(str(path), "holds no cost a year of the backstop", hint)])
    source = "what would stand in for the backstop, from the plan's table"
    if unpriced:
        source += f"; without a price: {', '.join(dict.fromkeys(one.lower() for one in unpriced if one))}"
    return Threshold((low + high) / 2, per_month, "USD", low, high, source)


def read_dial(summary: Summary) -> tuple[DialCurve, ...]:
    """Return survival over the dial for each baseline and each horizon that was simulated, in that order."""
    curves = []
    for baseline in BASELINES:
        for days in HORIZONS:
            if days > summary.n_days:
                continue
            bands = np.array([summary.survival_band(baseline, factor, days) for factor in DIAL])
            mean = np.array([summary.survival_mean(baseline, factor, days) for factor in DIAL])
            factors = np.array(DIAL)
            curves.append(DialCurve(baseline, days, factors, mean, bands[:, 0], bands[:, 1], bands[:, 2]))
    return tuple(curves)


def survive_strictly(summary: Summary, baseline: str, factor: float, days: int) -> float:
    """Return the mean chance that it holds for so many days if fire that has come back ends it as well.

    factor: one of DIAL. NaN beyond the horizon.
    """
    if days > summary.n_days:
        return math.nan
    curve = summary.survival_strict[BASELINES.index(baseline), DIAL.index(factor)] / summary.n
    return float(np.interp(days, summary.survival_days(), curve))


def read_break_evens(summary: Summary, threshold: Threshold) -> tuple[BreakEven, ...]:
    """Return the break-even factor under each baseline for twelve and sixty months, where simulated."""
    return tuple(
        find_break_even(
            baseline,
            np.array([summary.survival_curve(baseline, factor) for factor in DIAL]),
            np.array(DIAL),
            summary.survival_days().astype(float),
            days,
            threshold,
        )
        for baseline in BASELINES
        for days in HORIZONS[1:]
        if days <= summary.n_days
    )
