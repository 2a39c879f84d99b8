"""What the self-exciting model has to beat: simpler forecasts of the same counts, fitted to the same periods.

Each takes a series and the number of its first periods that may be used for fitting, and returns a forecast
of every period from those before it. Counts a day; a period of several days has as many times the mean and,
where there is one, the size. Names of the competitors and their order in tables are those of `COMPETITORS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log

import numpy as np
from numpy.typing import ArrayLike

from truceline.simulate.fit.count_fitting import Kind, fit_counts
from truceline.simulate.fit.count_series import WEEK_DAYS, CountSeries, FloatArray
from truceline.simulate.fit.counts import SIZES, Forecasts, log_chance

HALF_LIVES_DAYS = (0.25, 365.0)
"""Shortest and longest half-life of the exponentially weighted mean that is fitted."""
LEAST_RATE_SHARE = 1e-3
"""Share of the mean rate below which no forecast goes: after many empty days a count is not impossible."""


@dataclass(frozen=True)
class Competitor:
    """A model that forecasts counts."""

    key: str
    label: str
    forecast: Callable[[CountSeries, int], Forecasts]
    """From a series and the number of periods it may be fitted to."""
    is_self_exciting: bool = False


def forecast_constant_poisson(series: CountSeries, n_fitted: int) -> Forecasts:
    """Forecast the mean rate of the fitted periods, with the dispersion of a Poisson."""
    rate = _mean_rate(series.head(n_fitted))
    return _plain(series, rate * series.n_days, inf)


def forecast_weekday_poisson(series: CountSeries, n_fitted: int) -> Forecasts:
    """Forecast one rate for each day of the week, Poisson.

    The rates are found by expectation and maximisation, as a period of several days does not say on which of
    them it was counted: each count is shared over the days in proportion to their rates, until that settles.
    A weekday never reported alone or at all keeps the mean rate.
    """
    days = series.weekdays()
    known, counts = days[:n_fitted], series.n[:n_fitted].astype(np.float64)
    rates = np.full(WEEK_DAYS, _mean_rate(series.head(n_fitted)))
    exposure = known.sum(axis=0)
    for _ in range(200):
        shared = known * rates
        shared *= (counts / np.maximum(shared.sum(axis=1), 1e-12))[:, None]
        new = np.where(exposure > 0, shared.sum(axis=0) / np.maximum(exposure, 1.0), rates)
        new = np.maximum(new, LEAST_RATE_SHARE * rates.mean())
        if np.allclose(new, rates, rtol=1e-9):
            break
        rates = new
    return _plain(series, days @ rates, inf)


def forecast_constant_negative_binomial(series: CountSeries, n_fitted: int) -> Forecasts:
    """Forecast the mean rate of the fitted periods with the dispersion they have."""
    fit = fit_counts(series.head(n_fitted), "constant", with_errors=False)
    return _plain(series, fit.model.background * series.n_days, fit.model.size)


def forecast_weighted_mean(series: CountSeries, n_fitted: int) -> Forecasts:
    """Forecast an exponentially weighted mean rate, negative binomial; half-life and size by likelihood."""
    from scipy.optimize import minimize

    known = series.head(n_fitted)
    start = _mean_rate(known)
    low, high = log(HALF_LIVES_DAYS[0]), log(HALF_LIVES_DAYS[1])
    bounds = [(low, high), (log(SIZES[0]), log(SIZES[1]))]

    def cost(place: FloatArray) -> float:
        mean = weigh_means(known, exp(place[0]), start)
        return -float(log_chance(known.n, mean, exp(place[1]) * known.n_days).sum())

    ends = [minimize(cost, [log(days), 0.0], method="L-BFGS-B", bounds=bounds) for days in (3.0, 28.0)]
    half_life, size = np.exp(min(ends, key=lambda end: float(end.fun)).x)
    return _plain(series, weigh_means(series, float(half_life), start), float(size))


def weigh_means(series: CountSeries, half_life_days: float, start: float) -> FloatArray:
    """Return the expected count of each period: the mean of all days before it, older ones counting less.

    start: rate that stands for one day before the first, counts a day. A day not reported adds nothing and
    lets the others age.
    """
    incidents, exposure = start, 1.0
    means = np.empty(len(series))
    last_end = 0
    rows = zip(series.start.tolist(), series.n_days.tolist(), series.n.tolist(), strict=True)
    for row, (first, days, count) in enumerate(rows):
        kept = 0.5 ** ((first - last_end) / half_life_days)
        incidents, exposure = incidents * kept, exposure * kept
        means[row] = max(incidents / max(exposure, 1e-300), LEAST_RATE_SHARE * start) * days
        kept = 0.5 ** (days / half_life_days)
        # The days of a period are of different ages; its count is as old as their middle.
        within = sum(0.5 ** ((day + 0.5) / half_life_days) for day in range(days))
        incidents = incidents * kept + count * within / days
        exposure = exposure * kept + within
        last_end = first + days
    return means


def forecast_by_expectation(series: CountSeries, n_fitted: int) -> Forecasts:
    """Forecast as the monitoring half does: three weighted means side by side, weighed by their past scores.

    Nothing is fitted, so that `n_fitted` has no effect (see `events.expectation`).
    """
    from truceline.events.expectation import Expecter

    del n_fitted
    expecter = Expecter(1)
    mean, size = np.empty(len(series)), np.empty(len(series))
    elapsed = series.gap_days + series.n_days
    for row in range(len(series)):
        days = np.array([float(series.n_days[row])])
        expecter.advance(float(elapsed[row]))
        coming = expecter.forecast(days)
        mean[row], size[row] = coming.mean[0], coming.size[0]
        expecter.learn(np.array([float(series.n[row])]), days, np.ones(1), days=float(days[0]))
    return _single(series, mean, size)


def _fitted(kind: Kind, is_poisson: bool = False) -> Callable[[CountSeries, int], Forecasts]:
    """Return a competitor that fits one of our own models."""

    def forecast(series: CountSeries, n_fitted: int) -> Forecasts:
        fit = fit_counts(series.head(n_fitted), kind, is_poisson=is_poisson, with_errors=False)
        return fit.forecast(series)

    return forecast


COMPETITORS = (
    Competitor("constant_poisson", "constant Poisson", forecast_constant_poisson),
    Competitor("weekday_poisson", "weekday Poisson", forecast_weekday_poisson),
    Competitor("constant_nb", "constant negative binomial", forecast_constant_negative_binomial),
    Competitor("ewma_nb", "negative binomial with weighted mean", forecast_weighted_mean),
    Competitor("expectation", "expectation of the monitoring half", forecast_by_expectation),
    Competitor("cox", "wandering rate (Cox) without contagion", _fitted("wandering")),
    Competitor("self_exciting_poisson", "self-exciting Poisson", _fitted("self-exciting", True), True),
    Competitor("self_exciting_nb", "self-exciting negative binomial", _fitted("self-exciting"), True),
    Competitor(
        "self_exciting_cox", "self-exciting negative binomial on a wandering rate", _fitted("both"), True
    ),
)
"""All models that are scored, simplest first."""


def _mean_rate(series: CountSeries) -> float:
    """Return the mean rate, or half a count over all days where nothing was counted."""
    return max(series.rate_per_day, 0.5 / series.n_days_covered)


def _plain(series: CountSeries, mean: ArrayLike, size_per_day: float) -> Forecasts:
    return _single(series, mean, np.full(len(series), size_per_day) * series.n_days)


def _single(series: CountSeries, mean: ArrayLike, size: FloatArray) -> Forecasts:
    """Return forecasts of one negative binomial a period."""
    expected = np.asarray(mean, dtype=np.float64)[:, None]
    log_p = log_chance(series.n, expected[:, 0], size)
    return Forecasts(expected, np.ones_like(expected), size, log_p)
