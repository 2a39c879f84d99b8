"""The likelihood of the count models once more, slow and readable: the judge of `counts` in tests.

One day and one point of the grid after the other, in plain Python. Used by nothing but tests.
"""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p, sqrt

from truceline.simulate.fit.count_series import CountSeries
from truceline.simulate.fit.counts import GRID_REACH, CountModel, count_points


def log_likelihood(series: CountSeries, model: CountModel, start: float) -> float:
    """Return the log probability of a whole series given the level before its first day."""
    n_points = count_points(series, model) if model.wander_cv > 0 else 1
    points = [-GRID_REACH + 2 * GRID_REACH * row / max(n_points - 1, 1) for row in range(n_points)]
    at_rest = _scaled([exp(-0.5 * point**2) for point in points])
    spread = sqrt(log1p(model.wander_cv**2))
    factors = [exp(spread * point - 0.5 * spread**2) for point in points]
    if model.wander_cv == 0:
        points, at_rest, factors = [0.0], [1.0], [1.0]
    known, week, level, today, total = at_rest, 0, start, 0, 0.0
    for first, n_days, count in zip(series.start, series.n_days, series.n, strict=True):
        while today < first:  # nobody reported: the day takes its expectation
            level = _next_level(level, model.background + model.branching * level, model)
            today += 1
        this_week = (first + n_days - 1) // model.wander_days
        if this_week != week:
            known = _carry(known, points, model.wander_carry ** (this_week - week))
            week = this_week
        expected = _expected_days(level, n_days, model)
        own = sum(expected) - model.background * n_days
        size = _size(expected, model)
        chances = [
            _chance(count, model.background * n_days * factor + own, size) * weight
            for factor, weight in zip(factors, known, strict=True)
        ]
        total += log(sum(chances))
        known = _scaled(chances)
        for each in expected:
            level = _next_level(level, count * each / sum(expected), model)
        today = first + n_days
    return total


def _next_level(level: float, count: float, model: CountModel) -> float:
    keep = exp(-1.0 / model.memory_days)
    return keep * level + (1.0 - keep) * count


def _expected_days(level: float, n_days: int, model: CountModel) -> list[float]:
    expected = []
    for _ in range(n_days):
        expected.append(model.background + model.branching * level)
        level = _next_level(level, expected[-1], model)
    return expected


def _size(expected: list[float], model: CountModel) -> float:
    """Return the size of the sum: each day's surprise raises the days after it through the level."""
    if model.size == inf:
        return inf
    variance = 0.0
    for day, mean in enumerate(expected):
        level, reach = (1.0 - exp(-1.0 / model.memory_days)), 1.0
        for _ in range(day + 1, len(expected)):
            more = model.branching * level
            reach += more
            level = _next_level(level, more, model)
        variance += reach**2 * (mean + mean**2 / model.size)
    return sum(expected) ** 2 / (variance - sum(expected))


def _chance(count: int, mean: float, size: float) -> float:
    if size == inf:
        return exp(count * log(mean) - mean - lgamma(count + 1))
    log_p = lgamma(count + size) - lgamma(size) - lgamma(count + 1)
    return exp(log_p + size * log(size / (size + mean)) + count * log(mean / (size + mean)))


def _carry(known: list[float], points: list[float], kept: float) -> list[float]:
    later = [0.0] * len(points)
    for weight, point in zip(known, points, strict=True):
        moves = _scaled([exp(-0.5 * (to - kept * point) ** 2 / (1 - kept**2)) for to in points])
        later = [sum_so_far + weight * move for sum_so_far, move in zip(later, moves, strict=True)]
    return later


def _scaled(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
