"""Slow, plain twins of `_point_kernels` and `_week_kernels`: the judges of the tests.

Every sum is written out as in the formula, every integral done by quadrature, one incident at a time. Days,
incidents a day. Only for small data.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.fit.point_model import PointModel, Timeline

FloatArray = NDArray[np.float64]

Factor = Callable[[int, int], float]
"""Factor of the background from side and period."""


def no_factor(side: int, period: int) -> float:
    """Return 1: the background does not wander."""
    del side, period
    return 1.0


def find_intensity(
    timeline: Timeline, model: PointModel, side: int, day: float, factor: Factor = no_factor
) -> float:
    """Return the incidents a day of a side at a moment, from the background and all incidents before it."""
    n_periods = max(math.ceil(timeline.days / model.period_days - 1e-9), 1)
    period = min(max(math.ceil(day / model.period_days) - 1, 0), n_periods - 1)
    rate = model.mu[side] * factor(side, period)
    for when, whose in zip(timeline.times.tolist(), timeline.sides.tolist(), strict=True):
        if when < day:
            n = model.n_self if whose == side else model.n_cross
            rate += n * model.beta * math.exp(-model.beta * (day - when))
    return rate


def expect_between(
    timeline: Timeline, model: PointModel, start: float, end: float, factor: Factor = no_factor
) -> float:
    """Return the incidents of all sides expected from `start` to `end`, by quadrature of the intensity."""
    from scipy.integrate import quad

    jumps = timeline.times[(timeline.times > start) & (timeline.times < end)]
    periods = np.arange(1, math.ceil(timeline.days / model.period_days)) * model.period_days
    edges = np.unique([start, *jumps, *periods[(periods > start) & (periods < end)], end])
    total = 0.0
    for low, high in itertools.pairwise(edges.tolist()):
        for side in range(model.n_sides):
            # Just inside: an incident counts only after its moment.
            reach = (high - low) * 1e-12
            total += quad(
                lambda day, s=side: find_intensity(timeline, model, s, day, factor), low + reach, high - reach
            )[0]
    return total


def sum_log_likelihood(timeline: Timeline, model: PointModel, factor: Factor = no_factor) -> float:
    """Return the log-likelihood: the logs of the intensities less the incidents expected."""
    logs = sum(
        math.log(find_intensity(timeline, model, side, day, factor))
        for day, side in zip(timeline.times.tolist(), timeline.sides.tolist(), strict=True)
    )
    return logs - expect_between(timeline, model, 0.0, timeline.days, factor)


def sum_out_periods(timeline: Timeline, model: PointModel) -> float:
    """Return the marginal log-likelihood where periods are independent, an integral for each period.

    The likelihood of one period at a level is found by moving the factor of that period alone. For one side,
    or two that share their periods.
    """
    from scipy.integrate import quad

    n_periods = max(math.ceil(timeline.days / model.period_days - 1e-9), 1)
    steady = sum_log_likelihood(timeline, model)
    total = steady
    for period in range(n_periods):

        def gain(z: float, one: int = period) -> float:
            m = math.exp(model.spread * z - model.spread**2 / 2.0)
            return _change_by_factor(timeline, model, one, m)

        def weighed(z: float, gain: Callable[[float], float] = gain) -> float:
            return math.exp(gain(z) - z * z / 2.0) / math.sqrt(2.0 * math.pi)

        total += math.log(quad(weighed, -8.0, 8.0, epsabs=1e-12, epsrel=1e-10, limit=400)[0])
    return total


def _change_by_factor(timeline: Timeline, model: PointModel, period: int, m: float) -> float:
    """Return how the log-likelihood changes when the background of one period is multiplied by `m`."""
    start = period * model.period_days
    end = min(start + model.period_days, timeline.days)
    change = -(m - 1.0) * sum(model.mu) * (end - start)
    for day, side in zip(timeline.times.tolist(), timeline.sides.tolist(), strict=True):
        if start < day <= end:
            steady = find_intensity(timeline, model, side, day)
            change += math.log((steady + (m - 1.0) * model.mu[side]) / steady)
    return change


def pass_forward(table: FloatArray, prior: FloatArray, move: FloatArray) -> float:
    """Return the log-likelihood of a chain of few periods, summing over every path of levels."""
    n_cells, n_levels = table.shape
    total = 0.0
    for path in itertools.product(range(n_levels), repeat=n_cells):
        p = prior[path[0]] * math.exp(table[0, path[0]])
        for cell in range(1, n_cells):
            p *= move[path[cell - 1], path[cell]] * math.exp(table[cell, path[cell]])
        total += p
    return math.log(total)


def draw_cluster_by_cluster(model: PointModel, days: float, rng: np.random.Generator) -> list[float]:
    """Return the times of one side without a past, every incident and its offspring drawn one by one.

    Ogata's thinning is avoided on purpose: this is the cluster definition (Hawkes and Oakes 1974), recursive.
    """
    times: list[float] = []
    waiting = rng.uniform(0.0, days, rng.poisson(model.mu[0] * days)).tolist()
    while waiting:
        day = waiting.pop()
        times.append(day)
        for _ in range(rng.poisson(model.n_self)):
            child = day + rng.exponential(1.0 / model.beta)
            if child <= days:
                waiting.append(child)
    return sorted(times)
