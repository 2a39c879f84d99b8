"""Made counts: what a fitted model would have given on the same periods, to be held against what came.

Every day is drawn, those not reported too, and summed by period. Either everything is drawn, or the weeks of
the background are drawn as the data have them (their posterior), so that made series go up and down when the
real one did. All randomness comes from the generator given.
"""

from __future__ import annotations

from math import exp, isfinite, sqrt

import numpy as np

from truceline.simulate.fit.count_fitting import CountFit
from truceline.simulate.fit.count_series import WEEK_DAYS, CountSeries, FloatArray
from truceline.simulate.fit.counts import (
    CountModel,
    forecast_periods,
    level_factors,
    level_grid,
    level_moves,
    log_chance,
)

LEAD_MEMORIES = 5.0
"""Fading times drawn before the first day of a made series."""
MOST_LEAD_WEEKS = 300
"""Most weeks drawn before the first day of a made series."""
MOST_DAILY_RATE = 1e9
"""Rate above which a made day is not drawn as such: a run that has exploded need not overflow."""


def simulate_counts(series: CountSeries, model: CountModel, rng: np.random.Generator) -> CountSeries:
    """Return made counts on the same periods, everything drawn.

    Days before the first are drawn as well and thrown away, so that the process has forgotten how it began:
    what is left of a disturbance fades over the memory divided by 1 - n.
    """
    memories = int(LEAD_MEMORIES * model.memory_days / (1.0 - model.branching) / WEEK_DAYS) + 1
    lead = WEEK_DAYS * min(memories, MOST_LEAD_WEEKS) if model.branching > 0 else 0
    n_days = lead + series.n_days_spanned
    weeks = np.arange(n_days) // model.wander_days
    factor = _draw_factors(model, int(weeks[-1]) + 1, rng)[weeks]
    return _sum_periods(series, _draw_days(model, factor, model.mean_rate, rng)[lead:])


def simulate_again(
    series: CountSeries, fit: CountFit, levels: WeekLevels | None, rng: np.random.Generator
) -> CountSeries:
    """Return made counts whose background goes as that of the data; without levels, everything is drawn."""
    if levels is None:
        return simulate_counts(series, fit.model, rng)
    weeks = np.arange(series.n_days_spanned) // fit.model.wander_days
    return _sum_periods(series, _draw_days(fit.model, levels.draw(rng)[weeks], fit.start, rng))


class WeekLevels:
    """What the data say of the factor of each week, to be drawn from: a forward pass, then draws backward."""

    def __init__(self, series: CountSeries, fit: CountFit) -> None:
        found = forecast_periods(series, fit.model, start=fit.start)
        log_each = log_chance(series.n[:, None], found.mean, found.size[:, None])
        step = series.step(fit.model.wander_days)
        n_weeks = int(step[-1]) + 1
        by_week = np.zeros((n_weeks, found.mean.shape[1]))
        np.add.at(by_week, step, log_each)
        n_points = log_each.shape[1]
        self._factors = level_factors(fit.model, n_points)
        self._moves = level_moves(fit.model.wander_carry, n_points)
        self._known = np.empty_like(by_week)
        now = level_grid(n_points)[1]
        for week in range(n_weeks):
            now = (now if week == 0 else now @ self._moves) * np.exp(by_week[week] - by_week[week].max())
            now = now / now.sum()
            self._known[week] = now

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Return a factor for each week, drawn from what all counts say of it."""
        luck = rng.random(len(self._known))
        places = np.empty(len(self._known), dtype=np.int64)
        for week in range(len(self._known) - 1, -1, -1):
            weight = self._known[week]
            if week < len(self._known) - 1:
                weight = weight * self._moves[:, places[week + 1]]
            reached = np.cumsum(weight)
            places[week] = min(int(np.searchsorted(reached, luck[week] * reached[-1])), len(weight) - 1)
        return self._factors[places]


def _draw_days(model: CountModel, factor: FloatArray, level: float, rng: np.random.Generator) -> FloatArray:
    """Return counts of days one after the other; `level` is E on the first."""
    keep = exp(-1.0 / model.memory_days)
    made = np.empty(len(factor), dtype=np.float64)
    for day in range(len(factor)):
        rate = model.background * factor[day] + model.branching * level
        if isfinite(model.size):
            rate = rng.gamma(model.size, rate / model.size)
        made[day] = rng.poisson(min(rate, MOST_DAILY_RATE))
        level = keep * level + (1.0 - keep) * made[day]
    return made


def _sum_periods(series: CountSeries, days: FloatArray) -> CountSeries:
    summed = np.concatenate([[0.0], np.cumsum(days)])
    return series.with_counts((summed[series.end] - summed[series.start]).astype(np.int64))


def _draw_factors(model: CountModel, n_weeks: int, rng: np.random.Generator) -> FloatArray:
    """Return a factor for each week of a background that nobody has seen."""
    if model.wander_cv <= 0:
        return np.ones(n_weeks)
    spread = sqrt(np.log1p(model.wander_cv**2))
    noise = rng.standard_normal(n_weeks)
    state = np.empty(n_weeks)
    state[0] = noise[0]
    for week in range(1, n_weeks):
        state[week] = model.wander_carry * state[week - 1] + sqrt(1.0 - model.wander_carry**2) * noise[week]
    return np.asarray(np.exp(spread * state - 0.5 * spread**2))
