"""Judge forecasts of counts: log score one step ahead, PIT histogram, Fano factors, and who wins.

All scores are out of sample: models are fitted to the first periods and forecast each later one from all
before it, without being fitted again. Randomised PIT values and made series come from a seed that results
carry. Log scores are minus natural logarithms of probabilities, nats a period: less is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np

from truceline.simulate.fit.count_fitting import CountFit
from truceline.simulate.fit.count_making import WeekLevels, simulate_again
from truceline.simulate.fit.count_series import CountSeries, FloatArray
from truceline.simulate.fit.counts import Forecasts, chance_up_to
from truceline.simulate.fit.counts_baselines import COMPETITORS, Competitor

FITTED_SHARE = 0.7
"""Share of the periods that models are fitted to; the rest scores them."""
FANO_DAYS = (1, 7, 28)
"""Lengths of windows for the ratio of variance to mean, days."""
LEAST_COVER = 0.25
"""Share of a window that must have been reported on; its count is scaled up to the whole."""
MADE_SERIES = 200
"""Series made for the bands of Fano factors."""
LEAST_WINDOWS = 5
"""Fewest windows from which a variance is computed."""
RIVALS = ("ewma_nb", "expectation")
"""The weighted means, fitted and not fitted: hard to beat."""
CANDIDATE = "self_exciting_nb"
"""The model that must beat both of them to be offered."""


@dataclass(frozen=True)
class Score:
    """How one competitor forecast the periods it was not fitted to."""

    key: str
    label: str
    is_self_exciting: bool
    minus_log: FloatArray
    """Minus log probability of each scored period."""
    pit: FloatArray
    """Randomised PIT value of each scored period: uniform where the forecasts are right."""

    @property
    def mean(self) -> float:
        """Mean minus log score, nats a period."""
        return float(self.minus_log.mean())

    @property
    def phrase(self) -> str:
        """The label with its article, for sentences."""
        return f"the {self.label}"


@dataclass(frozen=True)
class Difference:
    """How much worse one competitor is than another, nats a period."""

    mean: float
    standard_error: float
    """By Newey and West (1987), as scores of neighbouring periods go together; NaN for too few."""

    @property
    def is_clear(self) -> bool:
        """Tell whether it is beyond twice its standard error."""
        return abs(self.mean) > 2.0 * self.standard_error


@dataclass(frozen=True)
class Contest:
    """All competitors on one series."""

    scores: tuple[Score, ...]
    n_fitted: int
    n_scored: int
    seed: int

    def score(self, key: str) -> Score:
        """Return the score of a competitor."""
        return next(one for one in self.scores if one.key == key)

    @property
    def winner(self) -> Score:
        """The competitor with the least mean score; on a draw the simpler one."""
        return min(self.scores, key=lambda one: one.mean)

    def behind(self, key: str, other: str) -> Difference:
        """Return by how much the score of `key` is above that of `other`: positive when `key` is worse."""
        return compare_scores(self.score(key).minus_log, self.score(other).minus_log)

    @property
    def rival(self) -> Score:
        """The better of the two weighted means."""
        return min((self.score(key) for key in RIVALS), key=lambda one: one.mean)

    @property
    def candidate_wins(self) -> bool:
        """Tell whether the self-exciting negative binomial beats both weighted means."""
        return self.score(CANDIDATE).mean < self.rival.mean


def score_competitors(
    series: CountSeries,
    *,
    seed: int,
    fitted_share: float = FITTED_SHARE,
    competitors: tuple[Competitor, ...] = COMPETITORS,
) -> Contest:
    """Fit every competitor to the first periods and score it on the others.

    The same random numbers make the PIT values of all.
    """
    n_fitted = int(fitted_share * len(series))
    later = slice(n_fitted, len(series))
    luck = np.random.default_rng(seed).random(len(series))
    scores = []
    for one in competitors:
        forecasts = one.forecast(series, n_fitted)
        pit = randomise_pit(series, forecasts, luck)
        scores.append(Score(one.key, one.label, one.is_self_exciting, -forecasts.log_p[later], pit[later]))
    return Contest(tuple(scores), n_fitted, len(series) - n_fitted, seed)


def compare_scores(scores: FloatArray, others: FloatArray) -> Difference:
    """Return the mean of paired differences with a standard error that allows for neighbours going together.

    Newey and West (1987) with floor(4 (n / 100)^(2/9)) lags.
    """
    gaps = scores - others
    n = len(gaps)
    if n < LEAST_WINDOWS:
        return Difference(float(gaps.mean()), float("nan"))
    centred = gaps - gaps.mean()
    variance = float(centred @ centred) / n
    lags = floor(4.0 * (n / 100.0) ** (2.0 / 9.0))
    for lag in range(1, lags + 1):
        variance += 2.0 * (1.0 - lag / (lags + 1.0)) * float(centred[lag:] @ centred[:-lag]) / n
    return Difference(float(gaps.mean()), sqrt(max(variance, 0.0) / (n - 1)))


def randomise_pit(series: CountSeries, forecasts: Forecasts, luck: FloatArray) -> FloatArray:
    """Return F(n - 1) + u (F(n) - F(n - 1)) for each period: uniform where forecasts are right (Smith 1985).

    luck: uniform numbers u, shape (periods,).
    """
    n = series.n.astype(np.float64)
    below, upto = chance_up_to(n - 1.0, forecasts), chance_up_to(n, forecasts)
    return np.clip(below + luck * (upto - below), 0.0, 1.0)


@dataclass(frozen=True)
class PitHistogram:
    """Shares of PIT values in equal bins: flat where forecasts are right, U-shaped where too narrow."""

    counts: tuple[int, ...]
    expected: float
    """Values in each bin where forecasts are right."""
    p: float
    """Chance of so uneven a histogram from right forecasts, by chi-square; parameters taken as known."""
    seed: int

    @property
    def outer_share(self) -> float:
        """Share of the values in the first and the last bin."""
        return (self.counts[0] + self.counts[-1]) / max(sum(self.counts), 1)


def count_pit(pit: FloatArray, *, seed: int) -> PitHistogram:
    """Return the histogram of PIT values: ten bins, or five where fewer than fifty values are there."""
    from scipy.stats import chi2

    n_bins = 10 if len(pit) >= 50 else 5
    counts, _ = np.histogram(pit, bins=n_bins, range=(0.0, 1.0))
    expected = len(pit) / n_bins
    statistic = float(((counts - expected) ** 2).sum() / max(expected, 1e-12))
    return PitHistogram(tuple(int(n) for n in counts), expected, float(chi2.sf(statistic, n_bins - 1)), seed)


@dataclass(frozen=True)
class Fano:
    """Variance over mean of counts in windows of one length, seen and as the fitted model makes it."""

    days: int
    seen: float
    """NaN where too few windows were reported on."""
    n_windows: int
    made_low: float
    made_middle: float
    made_high: float
    """10, 50 and 90 % of the made series on the same periods."""

    implied: float
    """What the forecasts of the model say along the days as they came: mean of their variances plus variance
    of their means, over the mean. Periods of one day only; NaN for windows."""

    @property
    def is_inside(self) -> bool:
        """Tell whether the value seen lies in the 80 % band of the made ones."""
        return self.made_low <= self.seen <= self.made_high


def measure_fano(series: CountSeries, days: int) -> tuple[float, int]:
    """Return variance over mean of the counts in windows of so many days, and the number of windows.

    Windows follow each other from the first day. One day: periods of one day. Longer: windows of which a
    quarter or more was reported on, each count scaled up to the whole, which adds to the variance, as it does
    in the made series it is compared with; a period belongs to the window of its last day.
    """
    if days == 1:
        counts = series.n[series.n_days == 1].astype(np.float64)
    else:
        window = (series.end - 1) // days
        n = int(window[-1]) + 1
        covered = np.bincount(window, weights=series.n_days, minlength=n)
        total = np.bincount(window, weights=series.n, minlength=n)
        is_known = covered >= LEAST_COVER * days
        counts = total[is_known] * days / covered[is_known]
    if len(counts) < LEAST_WINDOWS or counts.mean() <= 0:
        return float("nan"), len(counts)
    return float(counts.var(ddof=1) / counts.mean()), len(counts)


def imply_fano(series: CountSeries, forecasts: Forecasts) -> float:
    """Return the variance over mean of one-day counts that forecasts imply, by the law of total variance."""
    is_day = series.n_days == 1
    mean, weight = forecasts.mean[is_day], forecasts.weight[is_day]
    expected = (mean * weight).sum(axis=1)
    # For a mixture: E[var] + var[mean], with var = mean + mean^2 / size at each point.
    square = (weight * mean**2 * (1.0 + 1.0 / forecasts.size[is_day, None])).sum(axis=1)
    variance = expected + square - expected**2
    return float((variance.mean() + expected.var()) / expected.mean())


def check_fano(
    series: CountSeries, fit: CountFit, *, seed: int, n_made: int = MADE_SERIES
) -> tuple[Fano, ...]:
    """Return Fano factors at 1, 7 and 28 days beside those of series made by a fit on the same periods.

    Where the background wanders, made series have the weeks of the data (see `count_making`).
    """
    made = np.empty((n_made, len(FANO_DAYS)))
    levels = WeekLevels(series, fit) if fit.model.wander_cv > 0 else None
    for row in range(n_made):
        one = simulate_again(series, fit, levels, np.random.default_rng([seed, row]))
        made[row] = [measure_fano(one, days)[0] for days in FANO_DAYS]
    found = []
    for column, days in enumerate(FANO_DAYS):
        seen, n_windows = measure_fano(series, days)
        known = made[np.isfinite(made[:, column]), column]
        low, middle, high = np.quantile(known, (0.1, 0.5, 0.9)) if len(known) else (np.nan,) * 3
        implied = imply_fano(series, fit.forecast(series)) if days == 1 else float("nan")
        found.append(Fano(days, seen, n_windows, float(low), float(middle), float(high), implied))
    return tuple(found)
