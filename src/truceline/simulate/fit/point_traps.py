"""The traps of fitting self-exciting processes, each made on purpose and measured (ceasefire.md 2.3).

Each function draws incidents of a known process, falls into one trap, and returns what was fitted. Short ones
are in the tests, long ones in the verification; the figures are means over data sets with the standard
deviation of one data set. Days; every data set has its own stream from the seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.fit.generate import simulate_self_exciting, spread_within_days
from truceline.simulate.fit.point_contagion import judge_point_contagion
from truceline.simulate.fit.point_model import make_timeline
from truceline.simulate.fit.point_process import fit_self_exciting, fit_timeline
from truceline.simulate.fit.point_scores import FITTED_SHARE, foretell_daily
from truceline.simulate.fit.residuals import check_residuals

FloatArray = NDArray[np.float64]

TRUE_MU, TRUE_N, TRUE_BETA = 1.0, 0.6, 1.0
"""The process of the table: 2.5 incidents a day, 0.6 offspring, a memory of one day."""
WANDERING_RATE = 2.5
"""Incidents a day where there is no contagion at all; the table's figures belong to about this rate."""


@dataclass(frozen=True)
class Measured:
    """A fitted number over several data sets."""

    mean: float
    deviation: float
    """Standard deviation of one data set; NaN for a single one."""
    n_sets: int

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return self.deviation / float(np.sqrt(self.n_sets))


def _measure(values: list[float]) -> Measured:
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
    return Measured(float(np.mean(values)), deviation, len(values))


def _over_sets(make: Callable[[int], float], n_sets: int, seed: int) -> Measured:
    """Measure a figure on data sets with seeds of their own."""
    seeds = np.random.SeedSequence(seed).generate_state(n_sets)
    return _measure([make(int(each)) for each in seeds])


def fit_with_events_missed(keep_share: float, days: float, *, n_sets: int, seed: int) -> Measured:
    """Trap A: return n where each incident is noticed with the chance `keep_share`."""

    def make(each: int) -> float:
        times = simulate_self_exciting(TRUE_MU, TRUE_N, TRUE_BETA, days, each, keep_share=keep_share)
        return fit_self_exciting(times, days, is_wandering=False).n_self.value

    return _over_sets(make, n_sets, seed)


def fit_with_days_only(memory_days: float, days: int, *, n_sets: int, seed: int) -> tuple[Measured, Measured]:
    """Trap B: return n and the memory where only the day of an incident is known, spread over it."""
    memories: list[float] = []

    def make(each: int) -> float:
        known = simulate_self_exciting(TRUE_MU, TRUE_N, 1.0 / memory_days, days, each, whole_days=True)
        fit = fit_self_exciting(spread_within_days(known, each), days, is_wandering=False)
        memories.append(fit.memory_days.value)
        return fit.n_self.value

    return _over_sets(make, n_sets, seed), _measure(memories)


def fit_without_contagion(
    background_cv: float,
    days: float,
    *,
    is_wandering: bool,
    persistence: float = 0.0,
    n_sets: int,
    seed: int,
) -> Measured:
    """Trap C: return the n fitted to a weekly rate that wanders by itself, with no contagion at all."""

    def make(each: int) -> float:
        times = simulate_self_exciting(
            WANDERING_RATE, 0.0, 1.0, days, each, background_cv=background_cv, persistence=persistence
        )
        return fit_self_exciting(times, days, is_wandering=is_wandering).n_self.value

    return _over_sets(make, n_sets, seed)


def share_called_contagion(
    background_cv: float, days: float, *, persistence: float, n_bootstrap: int, n_sets: int, seed: int
) -> float:
    """Trap C: return the share of data sets without contagion of which contagion is said to be shown."""

    def make(each: int) -> float:
        times = simulate_self_exciting(
            WANDERING_RATE,
            0.0,
            1.0,
            days,
            each,
            background_cv=background_cv,
            persistence=persistence,
        )
        verdict = judge_point_contagion(times, days, n_bootstrap=n_bootstrap, seed=each)
        return float(verdict.is_contagion_shown)

    return _over_sets(make, n_sets, seed).mean


def reject_true_model(
    days: float, *, n_bootstrap: int, n_sets: int, seed: int, level: float = 0.05
) -> tuple[float, float]:
    """Trap D: return how often a true model is rejected at `level`: naively, and by bootstrap (or NaN)."""
    by_bootstrap: list[float] = []

    def make(each: int) -> float:
        times = simulate_self_exciting(TRUE_MU, TRUE_N, TRUE_BETA, days, each)
        fit = fit_self_exciting(times, days, is_wandering=False)
        check = check_residuals(make_timeline(times, days), fit, n_bootstrap=n_bootstrap, seed=each)
        by_bootstrap.append(float(check.p_bootstrap <= level) if check.n_bootstrap else float("nan"))
        return float(check.p_naive <= level)

    return _over_sets(make, n_sets, seed).mean, float(np.mean(by_bootstrap))


def gain_out_of_sample(days: float, *, n_sets: int, seed: int) -> Measured:
    """Trap E: return the gain of a true model over a constant Poisson, nats an incident."""

    def make(each: int) -> float:
        times = simulate_self_exciting(TRUE_MU, TRUE_N, TRUE_BETA, days, each)
        whole, fitted_days = make_timeline(times, days), floor(FITTED_SHARE * days)
        known = whole.until(fitted_days)
        daily = [
            foretell_daily(whole, fitted_days, fit_timeline(known, is_wandering=False, is_exciting=e).model)
            for e in (True, False)
        ]
        return float((daily[0] - daily[1]).sum()) / (len(times) - len(known.times))

    return _over_sets(make, n_sets, seed)


def spread_of_fits(n_events: int, *, n_sets: int, seed: int) -> Measured:
    """Trap F: return n and its standard deviation over data sets of about `n_events`."""
    days = n_events * (1.0 - TRUE_N) / TRUE_MU

    def make(each: int) -> float:
        times = simulate_self_exciting(TRUE_MU, TRUE_N, TRUE_BETA, days, each)
        return fit_self_exciting(times, days, is_wandering=False).n_self.value

    return _over_sets(make, n_sets, seed)
