"""What was to be expected of a day: a level that follows the past, with the dispersion that was seen.

Counts are incidents a day (never totals of news), one column a series: a region, a kind, the alerts. The
model is a negative binomial whose mean is an exponentially weighted rate of incidents by exposure; three
memories run side by side, each weighted by how well it foretold the days so far. Exposure is in days, or in
days times the share of incidents noticed. Nothing here looks ahead: what is said of a day rests on earlier
days alone. A day without a count is unknown, not quiet. It names no cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.events.catalogue import load_watching_assumptions
from truceline.scenario.assumption import AssumptionSet

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SIZES: FloatArray = np.geomspace(0.05, 200.0, 25)
"""Sizes of the negative binomial that are weighed: from almost all days empty to almost Poisson."""


@dataclass(frozen=True)
class ExpectationSettings:
    """How the expectation follows the past; see the records `expectation.*`."""

    half_lives_days: tuple[float, ...]
    memory_days: float
    learning_days: float
    least_rate_per_day: float
    interval_share: float
    outlier_p: float


def read_expectation_settings(assumptions: AssumptionSet | None = None) -> ExpectationSettings:
    """Return the settings as the records say; the packaged ones by default."""
    records = assumptions or load_watching_assumptions()
    half_life = records["expectation.half_life"]
    low, high = half_life.bounds
    return ExpectationSettings(
        half_lives_days=tuple(sorted({low, half_life.value, high})),
        memory_days=records.value("expectation.memory"),
        learning_days=records.value("expectation.learning"),
        least_rate_per_day=records.value("expectation.least_rate"),
        interval_share=records.value("expectation.interval_share"),
        outlier_p=records.value("expectation.outlier_p"),
    )


def negative_binomial_log(n: ArrayLike, mean: ArrayLike, size: ArrayLike) -> FloatArray:
    """Return the log probability of `n` where the variance is mean + mean^2 / size; shapes broadcast."""
    from scipy.special import gammaln

    n, mean, size = (np.asarray(item, dtype=np.float64) for item in (n, mean, size))
    log: FloatArray = (
        gammaln(n + size)
        - gammaln(size)
        - gammaln(n + 1.0)
        + size * np.log(size / (size + mean))
        + n * np.log(mean / (size + mean))
    )
    return log


def chance_of_at_most(n: ArrayLike, mean: ArrayLike, size: ArrayLike) -> FloatArray:
    """Return the chance of `n` or fewer; for n below 0 it is 0."""
    from scipy.special import betainc

    n, mean, size = (np.asarray(item, dtype=np.float64) for item in (n, mean, size))
    p: FloatArray = np.where(n < 0, 0.0, betainc(size, np.maximum(n, 0.0) + 1.0, size / (size + mean)))
    return p


def interval_of_count(mean: ArrayLike, size: ArrayLike, share: float) -> tuple[FloatArray, FloatArray]:
    """Return the counts between which at least `share` of the days fall, tails equal; shapes broadcast."""
    from scipy.stats import nbinom

    mean, size = np.asarray(mean, dtype=np.float64), np.asarray(size, dtype=np.float64)
    p, tail = size / (size + mean), (1.0 - share) / 2.0
    low, high = nbinom.ppf(tail, size, p), nbinom.ppf(1.0 - tail, size, p)
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


def interval_of_mean(n: ArrayLike, size: ArrayLike, share: float) -> tuple[FloatArray, FloatArray]:
    """Return the means between which a count `n` is not surprising, exact for a known size.

    P(N <= n) = I_p(size, n + 1) with p = size / (size + mean): the ends are inverted in closed form by the
    incomplete beta function, as Clopper and Pearson (1934) did for the binomial. The low end is 0 at n = 0.
    """
    from scipy.special import betaincinv

    n, size = np.asarray(n, dtype=np.float64), np.asarray(size, dtype=np.float64)
    tail = (1.0 - share) / 2.0
    p_at_high = betaincinv(size, n + 1.0, tail)
    p_at_low = betaincinv(size, np.maximum(n, 1e-9), 1.0 - tail)
    low = np.where(n > 0, size * (1.0 - p_at_low) / p_at_low, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        high = size * (1.0 - p_at_high) / p_at_high
    return np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)


@dataclass(frozen=True)
class PeriodExpectation:
    """The count of several days together against what was to be expected of them; NaN where not known."""

    n: float
    """Incidents of the days of which count and expectation are known."""
    expected: float
    size: float
    """Size of the negative binomial that stands for the sum."""
    low: float
    high: float
    """The counts between which `interval_share` of such periods fall."""
    ratio: float
    ratio_low: float
    ratio_high: float
    """The true level against the expected one."""


def expect_period(
    n: ArrayLike, expected: ArrayLike, size: ArrayLike, *, share: float | None = None
) -> PeriodExpectation:
    """Return the sum of several days' counts beside the sum that was to be expected, with its interval.

    Parameters
    ----------
    n, expected, size
        Count, mean and size of each day as `expect_counts` has them, shape (days,). Days of which one is
        NaN are left out.
    share
        Share that the intervals hold; the record `expectation.interval_share` by default.

    Notes
    -----
    The sum of the days' negative binomials is replaced by the one of the same mean and variance: with the
    days independent, 1 / size = sum(mean^2 / size) / sum(mean)^2. That is exact for one day, and wherever
    mean / size is the same on all days; elsewhere it is right in the first two moments. Days that follow
    each other are less independent than that, so that intervals of long periods are rather too narrow.
    """
    values = np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in (n, expected, size)))
    is_known = np.isfinite(np.stack(values)).all(axis=0)
    counts, means, sizes = (each[is_known] for each in values)
    if not len(counts) or means.sum() <= 0:
        return PeriodExpectation(*[np.nan] * 8)
    chosen = load_watching_assumptions().value("expectation.interval_share") if share is None else share
    total, mean = float(counts.sum()), float(means.sum())
    whole = mean**2 / float((means**2 / sizes).sum())
    low, high = interval_of_count(mean, whole, chosen)
    mean_low, mean_high = interval_of_mean(total, whole, chosen)
    return PeriodExpectation(
        n=total,
        expected=mean,
        size=whole,
        low=float(low),
        high=float(high),
        ratio=total / mean,
        ratio_low=float(mean_low) / mean,
        ratio_high=float(mean_high) / mean,
    )


@dataclass(frozen=True)
class Forecast:
    """What is expected of the next day, one value a series."""

    mean: FloatArray
    """Expected count, given the exposure."""
    size: FloatArray
    """Size of the negative binomial: the smaller, the wider."""
    is_known: BoolArray
    """Enough days have been learnt from; elsewhere mean and size mean nothing."""


class Expecter:
    """Follows several series day by day: `advance` to the day, `forecast` it, then `learn` what came."""

    def __init__(self, n_series: int, settings: ExpectationSettings | None = None) -> None:
        self.settings = settings or read_expectation_settings()
        self._half_lives: FloatArray = np.asarray(self.settings.half_lives_days, dtype=np.float64)
        shape = (n_series, len(self._half_lives))
        # Discounted sums: incidents and exposure for each memory, log scores for memories and for sizes.
        self._incidents: FloatArray = np.zeros(shape)
        self._exposure: FloatArray = np.zeros(shape)
        self._memory_score: FloatArray = np.zeros(shape)
        self._size_score: FloatArray = np.zeros((n_series, len(SIZES)))
        self._days_known: FloatArray = np.zeros(n_series)
        self._days_unknown: FloatArray = np.zeros(n_series)

    def advance(self, days: float = 1.0) -> None:
        """Let `days` go by: older days count less, and a series unheard of for too long starts afresh.

        Too long is the longest of the memories: after that the last level known is no expectation.
        """
        kept = 0.5 ** (days / self.settings.memory_days)
        self._memory_score *= kept
        self._size_score *= kept
        decay = 0.5 ** (days / self._half_lives)[None, :]
        self._incidents *= decay
        self._exposure *= decay
        self._days_unknown += days
        self._forget_where(self._days_unknown > self._half_lives.max())

    def forecast(self, exposure: FloatArray) -> Forecast:
        """Return what is expected of a day (or period) of `exposure` (shape (series,), in days)."""
        rates = self._rates()
        weights = _weights(self._memory_score)
        mean = (weights * rates).sum(axis=1) * exposure
        size = np.exp((_weights(self._size_score) * np.log(SIZES)).sum(axis=1))
        is_known = (self._days_known >= self.settings.learning_days) & np.isfinite(exposure) & (exposure > 0)
        return Forecast(mean, size, is_known)

    def learn(
        self, counts: FloatArray, exposure: FloatArray, weight: FloatArray, *, days: float = 1.0
    ) -> None:
        """Take in a day: `counts` (NaN: unknown), its `exposure`, and how far it may move the expectation.

        `weight` is 0 for a day that is no day as others (a truce, an alarm), 1 for a usual one. `days` is
        how many the count stands for. A count beyond the limits of `outlier_p` moves the level as its limit.
        """
        with np.errstate(invalid="ignore"):
            is_heard = np.isfinite(counts) & (exposure > 0)
        is_usable = is_heard & (weight > 0)
        self._days_unknown = np.where(is_heard, 0.0, self._days_unknown)
        exposure = np.where(is_usable, exposure, 1.0)
        counts = np.where(is_usable, counts, 0.0)
        weight = np.where(is_usable, weight, 0.0)
        coming = self.forecast(exposure)
        mean = np.maximum(coming.mean, self.settings.least_rate_per_day * exposure)
        scored = np.where(self._days_known >= 1, weight, 0.0)[:, None]
        of_memory = negative_binomial_log(
            counts[:, None], self._rates() * exposure[:, None], coming.size[:, None]
        )
        of_size = negative_binomial_log(counts[:, None], mean[:, None], SIZES[None, :])
        self._memory_score += of_memory * scored
        self._size_score += of_size * scored
        limited = np.where(coming.is_known, self._limit(counts, mean, coming.size), counts)
        self._incidents += (weight * limited)[:, None]
        self._exposure += (weight * exposure)[:, None]
        self._days_known = self._days_known + np.where(is_usable, days, 0.0)

    def forget(self) -> None:
        """Start afresh, as after a change in what is reported; the dispersion learnt is kept."""
        self._forget_where(np.ones(len(self._days_known), dtype=bool))

    def _forget_where(self, is_gone: BoolArray) -> None:
        self._incidents[is_gone] = 0.0
        self._exposure[is_gone] = 0.0
        self._memory_score[is_gone] = 0.0
        self._days_known[is_gone] = 0.0
        self._days_unknown[is_gone] = 0.0

    def _rates(self) -> FloatArray:
        """Return incidents by day of exposure for each series and memory."""
        rates = self._incidents / np.maximum(self._exposure, 1e-12)
        return np.asarray(np.maximum(rates, self.settings.least_rate_per_day), dtype=np.float64)

    def _limit(self, counts: FloatArray, mean: FloatArray, size: FloatArray) -> FloatArray:
        """Return the counts, those beyond the limits of `outlier_p` set to their limit."""
        p = self.settings.outlier_p
        is_out = (chance_of_at_most(counts, mean, size) < p) | (
            chance_of_at_most(counts - 1.0, mean, size) > 1.0 - p
        )
        if not is_out.any():
            return counts
        limited = counts.copy()
        low, high = interval_of_count(mean[is_out], size[is_out], 1.0 - 2.0 * p)
        limited[is_out] = np.clip(counts[is_out], low, np.maximum(high, 1.0))
        return limited


def _weights(log_scores: FloatArray) -> FloatArray:
    """Return weights that sum to one along the last axis."""
    weights = np.exp(log_scores - log_scores.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float64)


def expect_counts(
    counts: pd.DataFrame,
    *,
    exposure: pd.DataFrame | None = None,
    held: pd.DataFrame | None = None,
    regimes: pd.Series | None = None,
    settings: ExpectationSettings | None = None,
) -> pd.DataFrame:
    """Return every count beside what was to be expected of it.

    Parameters
    ----------
    counts
        Incidents: one row a day or period (index: its last day), one column a series; NaN is unknown.
    exposure
        Days, or days times the share noticed, in the same shape; 1 by default.
    held
        True for counts that must not move the expectation: truces and alarms.
    regimes
        Number of the regime of reporting for each row (see `find_regimes`); days are compared within one.

    Returns
    -------
    Rows by day and series: day, series, n, exposure, expected, size, low, high (the counts between which
    `interval_share` of such days fall), ratio, ratio_low, ratio_high (the true level against the expected
    one), p_low, p_high (chance of so few, of so many), log_score, is_known. NaN where nothing is expected.
    """
    chosen = settings or read_expectation_settings()
    n = counts.to_numpy(dtype=np.float64)
    exposed = np.ones_like(n) if exposure is None else exposure.to_numpy(dtype=np.float64)
    still = np.zeros(n.shape, dtype=bool) if held is None else held.to_numpy(dtype=bool)
    days = elapsed_days(counts.index)
    starts = regime_starts(regimes, len(counts))
    expecter = Expecter(n.shape[1], chosen)
    mean, size = np.full(n.shape, np.nan), np.full(n.shape, np.nan)
    for row in range(len(n)):
        if starts[row] >= 0:
            expecter.forget()
            for past in range(starts[row], row):
                expecter.advance(days[past])
                expecter.learn(n[past], exposed[past], ~still[past] * 1.0, days=days[past])
        expecter.advance(days[row])
        coming = expecter.forecast(exposed[row])
        mean[row] = np.where(coming.is_known, coming.mean, np.nan)
        size[row] = np.where(coming.is_known, coming.size, np.nan)
        expecter.learn(n[row], exposed[row], ~still[row] * 1.0, days=days[row])
    return _as_rows(counts, exposed, mean, size, chosen.interval_share)


def elapsed_days(index: pd.Index) -> FloatArray:
    """Return the days between each row and the one before, at least 1; shape (rows,)."""
    moments = np.asarray(index.to_numpy(), dtype="datetime64[D]").astype(np.float64)
    return np.maximum(np.diff(moments, prepend=moments[:1] - 1.0), 1.0)


def regime_starts(regimes: pd.Series | None, n_rows: int) -> NDArray[np.int64]:
    """Return, for the row in which a new regime is known, the row in which it began; -1 elsewhere.

    A regime is known only on the last of `regime.confirm` days, of which the first may still be an old one:
    the others are learnt anew.
    """
    starts = np.full(n_rows, -1, dtype=np.int64)
    if regimes is None or n_rows == 0:
        return starts
    numbers = regimes.to_numpy()
    confirm = int(load_watching_assumptions().value("regime.confirm"))
    changed = np.flatnonzero(numbers[1:] != numbers[:-1]) + 1
    starts[changed] = np.maximum(changed - confirm + 2, 0)
    return starts


def _as_rows(
    counts: pd.DataFrame, exposed: FloatArray, mean: FloatArray, size: FloatArray, share: float
) -> pd.DataFrame:
    """Return one row for each day and series."""
    import pandas as pd

    n = counts.to_numpy(dtype=np.float64)
    is_known = np.isfinite(mean) & np.isfinite(n)
    filled: dict[str, Any] = {
        "day": np.repeat(counts.index.to_numpy(), n.shape[1]),
        "series": np.tile(np.asarray(counts.columns, dtype=object), n.shape[0]),
        "n": n.ravel(),
        "exposure": exposed.ravel(),
        "expected": mean.ravel(),
        "size": size.ravel(),
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval_of_count(mean, size, share)
        mean_low, mean_high = interval_of_mean(n, size, share)
        filled |= {
            "low": low.ravel(),
            "high": high.ravel(),
            "ratio": (n / mean).ravel(),
            "ratio_low": (mean_low / mean).ravel(),
            "ratio_high": (mean_high / mean).ravel(),
            "p_low": np.where(is_known, chance_of_at_most(n, mean, size), np.nan).ravel(),
            "p_high": np.where(is_known, 1.0 - chance_of_at_most(n - 1.0, mean, size), np.nan).ravel(),
            "log_score": np.where(is_known, negative_binomial_log(n, mean, size), np.nan).ravel(),
        }
    filled["is_known"] = is_known.ravel()
    return pd.DataFrame(filled)
