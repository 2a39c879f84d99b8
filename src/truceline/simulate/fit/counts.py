"""The self-exciting negative binomial on counts by day or period, by maximum likelihood.

A count adds to the rates of the days after it, fading exponentially (an integer-valued GARCH with exponential
memory: Ferland, Latour, Oraichi 2006; Fokianos, Rahbek, Tjostheim 2009). On day d

    rate(d) = w(week) mu + n E(d),   E(d) = sum over l >= 1 of (1 - rho) rho^(l-1) count(d - l),
    rho = exp(-1 / memory),          count(d) ~ negative binomial, variance rate + rate^2 / size.

mu: background a day; n: branching, how many further counts one count brings; memory in days; w: a factor of
mean 1 for each week, lognormal, that goes on from week to week with the correlation `wander_carry`. As E is
made of counts that were seen, w is integrated out exactly, week by week, on a grid. Days not reported take
their expectation. Whether contagion can be told from a wandering rate at all says `count_verdict`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, inf, log, log1p, sqrt

import numpy as np
from numpy.typing import ArrayLike

from truceline.simulate.fit.count_series import WEEK_DAYS, CountSeries, FloatArray

GRID_POINTS = (61, 121, 241, 481)
"""Points on which the logarithm of the weekly factor is integrated: the fewest that are fine enough."""
GRID_FINENESS = 1.3
"""Largest distance of two points, in standard deviations of what a week's counts say of its factor. The error
of the sum is then exp(-2 (pi / 1.3)^2), one in 100,000."""
GRID_REACH = 4.5
"""How far the grid reaches, in standard deviations."""
MOST_BRANCHING = 0.995
"""Largest branching fitted; at 1 the process never ends."""
MOST_CARRY = 0.97
"""Largest correlation of weekly factors fitted: beyond it the grid is too coarse and the rate a trend."""
MEMORY_DAYS = (0.2, 90.0)
"""Shortest and longest memory fitted, days: daily counts know nothing below, a year of them nothing above."""
SIZES = (0.01, 1e4)
"""Smallest and largest size of the negative binomial fitted."""
MOST_SPREAD = 2.0
"""Largest standard deviation of the logarithm of the weekly factor fitted."""


@dataclass(frozen=True)
class CountModel:
    """The parameters of the process; the defaults switch off what is not there."""

    background: float
    """mu: mean background, counts a day."""
    branching: float = 0.0
    """n: further counts that one count brings, below 1."""
    memory_days: float = 1.0
    """Time over which the memory fades to 1/e, days."""
    size: float = inf
    """Size of the negative binomial of a day; infinite for Poisson."""
    wander_cv: float = 0.0
    """Coefficient of variation of the weekly factor of the background."""
    wander_carry: float = 0.0
    """Correlation of the logarithms of the factors of neighbouring weeks."""
    wander_days: int = WEEK_DAYS
    """Days that share a factor: a week, or 1 to ask what is left if the background may change each day."""

    @property
    def mean_rate(self) -> float:
        """Long-run counts a day, mu / (1 - n)."""
        return self.background / (1.0 - self.branching)


@dataclass(frozen=True)
class Forecasts:
    """What the model says of each period, given all before it: a mixture of negative binomials."""

    mean: FloatArray
    """Means by point of the grid, shape (periods, points); one point without a wandering background."""
    weight: FloatArray
    """Weights of the points, each row summing to 1."""
    size: FloatArray
    """Sizes, shape (periods,); infinite for Poisson."""
    log_p: FloatArray
    """Log probability of what was counted, shape (periods,)."""

    @property
    def expected(self) -> FloatArray:
        """Expected count of each period."""
        return np.asarray((self.mean * self.weight).sum(axis=1))


def log_chance(n: ArrayLike, mean: ArrayLike, size: ArrayLike) -> FloatArray:
    """Return the log probability of counts; shapes broadcast, an infinite size is a Poisson."""
    from scipy.special import gammaln, xlogy

    n, mean, size = (np.asarray(each, dtype=np.float64) for each in (n, mean, size))
    mean = np.maximum(mean, 1e-12)
    if np.isinf(size).all():
        return np.asarray(xlogy(n, mean) - mean - gammaln(n + 1.0))
    constant = gammaln(n + size) - gammaln(size) - gammaln(n + 1.0)
    total = size + mean
    return np.asarray(constant + size * np.log(size / total) + xlogy(n, mean / total))


def chance_up_to(n: FloatArray, forecasts: Forecasts) -> FloatArray:
    """Return the chance of `n` or fewer in each period; 0 for n below 0."""
    from scipy.special import betainc, gammaincc

    n = np.asarray(n, dtype=np.float64)[:, None]
    mean = np.maximum(forecasts.mean, 1e-12)
    size = forecasts.size[:, None]
    above = np.maximum(n, 0.0) + 1.0
    is_poisson = bool(np.isinf(size).all())
    p = gammaincc(above, mean) if is_poisson else betainc(size, above, size / (size + mean))
    return np.asarray((np.where(n < 0, 0.0, p) * forecasts.weight).sum(axis=1))


def excite(series: CountSeries, model: CountModel, start: float) -> tuple[FloatArray, FloatArray]:
    """Return what counts before add to the expected count of each period, and the period's size.

    start: E on the first day, counts a day. Days not reported, and days within a longer period, take their
    expectation; when a longer period is known its count is shared over its days as they were expected. The
    size of a longer period is that of the negative binomial with the variance of its sum: a surprise on a day
    counts for itself and for what it brings on the days left.
    """
    mu, n = model.background, model.branching
    keep = exp(-1.0 / model.memory_days)
    new = -expm1(-1.0 / model.memory_days)
    carried = keep + new * n
    level = start
    added = np.empty(len(series))
    sizes = np.full(len(series), model.size)
    rest = mu / (1.0 - n)
    rows = zip(series.gap_days.tolist(), series.n_days.tolist(), series.n.tolist(), strict=True)
    for row, (gap, days, count) in enumerate(rows):
        if gap:
            level = rest + (level - rest) * carried**gap
        if days == 1:
            added[row] = n * level
            level = keep * level + new * count
            continue
        expected = []
        ahead = level
        for _ in range(days):
            expected.append(mu + n * ahead)
            ahead = carried * ahead + new * mu
        total = sum(expected)
        added[row] = total - mu * days
        if model.size < inf:
            sizes[row] = _size_of_sum(expected, model.size, carried, new * n)
        for each in expected:
            level = keep * level + new * count * each / total
    return added, sizes


def _size_of_sum(expected: list[float], size: float, carried: float, brings: float) -> float:
    """Return the size of the sum of several days; `brings`: what a count adds to the next day's rate."""
    variance = 0.0
    for left, each in enumerate(reversed(expected)):
        reach = 1.0 + brings * sum(carried**step for step in range(left))
        variance += reach**2 * (each + each**2 / size)
    total = sum(expected)
    return total**2 / max(variance - total, 1e-12 * total**2)


def count_points(series: CountSeries, model: CountModel) -> int:
    """Return how many points the grid needs for what the busiest day of a series may say of its week.

    Seven days of a rate r and a size k tell its logarithm to sqrt((1 / k + 1 / r) / 7); so for other steps.
    """
    busiest = max(float((series.n / series.n_days).max()), 1.0)
    known = sqrt((1.0 / model.size + 1.0 / busiest) / model.wander_days) / sqrt(log1p(model.wander_cv**2))
    enough = (n for n in GRID_POINTS if 2.0 * GRID_REACH / (n - 1) <= GRID_FINENESS * known)
    return next(enough, GRID_POINTS[-1])


@lru_cache(maxsize=len(GRID_POINTS))
def level_grid(n_points: int) -> tuple[FloatArray, FloatArray]:
    """Return the points of the standard normal factor and their weights."""
    points = np.linspace(-GRID_REACH, GRID_REACH, n_points)
    weight = np.exp(-0.5 * points**2)
    return points, weight / weight.sum()


def level_moves(kept: float, n_points: int) -> FloatArray:
    """Return the chances of going from one point of the grid to another; kept: the correlation that is left.

    Each row is the density of a normal around `kept` times the point, scaled to sum to one.
    """
    points, _ = level_grid(n_points)
    chances = np.exp(-0.5 * (points[None, :] - kept * points[:, None]) ** 2 / (1.0 - kept**2))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def level_factors(model: CountModel, n_points: int) -> FloatArray:
    """Return the factor of the background at each point of the grid: lognormal of mean 1."""
    spread = sqrt(log1p(model.wander_cv**2))
    return np.asarray(np.exp(spread * level_grid(n_points)[0] - 0.5 * spread**2))


def _tabulate(
    series: CountSeries, model: CountModel, start: float | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return means by point of the grid, sizes, and log probabilities by point, (periods, points)."""
    level = model.mean_rate if start is None else start
    days = series.n_days.astype(np.float64)
    if model.branching > 0:
        added, size = excite(series, model, level)
    else:  # days of the same mean, independent: sizes add up
        added, size = np.zeros(len(series)), model.size * days
    factors = np.ones(1)
    if model.wander_cv > 0:
        factors = level_factors(model, count_points(series, model))
    mean = model.background * days[:, None] * factors[None, :] + added[:, None]
    return mean, size, log_chance(series.n[:, None], mean, size[:, None])


def measure_likelihood(series: CountSeries, model: CountModel, *, start: float | None = None) -> float:
    """Return the log likelihood of a series: the sum of `forecast_periods(...).log_p`, week by week."""
    log_each = _tabulate(series, model, start)[2]
    if model.wander_cv <= 0:
        return float(log_each.sum())
    week = series.step(model.wander_days)
    first = np.flatnonzero(np.diff(week, prepend=-1))
    by_week = np.add.reduceat(log_each, first, axis=0)
    most = by_week.max(axis=1)
    each = np.exp(by_week - most[:, None])
    ahead = np.diff(week[first], prepend=0)
    n_points = log_each.shape[1]
    moves = {step: level_moves(model.wander_carry**step, n_points) for step in set(ahead.tolist()) - {0}}
    now, total = level_grid(n_points)[1], float(most.sum())
    for row, step in enumerate(ahead.tolist()):
        found = (now @ moves[step] if step else now) * each[row]
        chance = max(float(found.sum()), 1e-300)
        total += log(chance)
        now = found / chance
    return total


def forecast_periods(series: CountSeries, model: CountModel, *, start: float | None = None) -> Forecasts:
    """Return what the model says of every period from those before it, and how likely what came was.

    start: level of excitation before the first day, counts a day; the long-run mean of the model by default.
    """
    mean, size, log_each = _tabulate(series, model, start)
    if model.wander_cv <= 0:
        return Forecasts(mean, np.ones_like(mean), size, log_each[:, 0])
    most = log_each.max(axis=1)
    each = np.exp(log_each - most[:, None])
    weights = np.empty_like(each)
    log_p = np.empty(len(series))
    n_points = log_each.shape[1]
    now, week = level_grid(n_points)[1], 0
    moves: dict[int, FloatArray] = {}
    for row, this in enumerate(series.step(model.wander_days).tolist()):
        if this != week:
            if this - week not in moves:
                moves[this - week] = level_moves(model.wander_carry ** (this - week), n_points)
            now, week = now @ moves[this - week], this
        weights[row] = now
        found = now * each[row]
        total = max(float(found.sum()), 1e-300)  # counts that no level of the week explains
        log_p[row] = log(total) + most[row]
        now = found / total
    return Forecasts(mean, weights, size, log_p)
