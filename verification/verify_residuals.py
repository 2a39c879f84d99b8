"""The simulated incidents as data: residuals with the true and the fitted numbers, and what a fit finds.

If the simulation is the process it says, gaps rescaled by the true intensity are exponential with mean one.
With fitted numbers a plain test hardly ever rejects (trap D), so that its level comes from a parametric
bootstrap. Weeks that wander without contagion must not be found contagious (trap C). Both sides together are
one self-exciting process with n = n_self + n_cross.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import CALM, FloatArray, list_incidents
from verifying import Album, Check, Size, compare_absolute, compare_relative, tell

from truceline.simulate.fit.generate import simulate_self_exciting
from truceline.simulate.fit.point_process import fit_self_exciting
from truceline.simulate.laws import rescale_gaps

TITLE = "Simulated incidents as data: residuals and fits (R7, traps C and D)"
OWN, CROSS, DELAY = 0.35, 0.25, 0.5
MU, BRANCHING, DECAY = 2 * CALM["background_rate"], OWN + CROSS, 1 / DELAY
DAYS = 300
LEVEL = 0.05
"""Of every test."""
N_BOOTSTRAP = 99
WANDERING = 0.5
"""Coefficient of variation of the weeks of the data without contagion."""


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of residuals and fits."""
    return [
        *_check_true_numbers(size, album),
        *_check_fitted_numbers(size, album),
        *_check_wandering(size, album),
    ]


def _simulate(seed: int, days: int = DAYS) -> FloatArray:
    return list_incidents(days, seed=seed, n_self=OWN, n_cross=CROSS, delay=DELAY).time


def _test(gaps: FloatArray) -> float:
    """Return the p-value of the Kolmogorov-Smirnov test that gaps are exponential with mean one."""
    from scipy.stats import kstest

    return float(kstest(-np.expm1(-gaps), "uniform").pvalue)


def _check_true_numbers(size: Size, album: Album) -> list[Check]:
    runs = [rescale_gaps(_simulate(600 + i).tolist(), MU, BRANCHING, DECAY) for i in range(size.n(400, 20))]
    gaps = np.concatenate(runs)
    values = np.sort([_test(each) for each in runs])

    def paint(axis: Any) -> None:
        n = len(gaps)
        shown = np.unique(np.concatenate([np.arange(0, n, max(1, n // 400)), np.arange(max(0, n - 50), n)]))
        quantiles = -np.log1p(-(shown + 0.5) / n)
        axis.plot(quantiles, np.sort(gaps)[shown], ".", markersize=3)
        axis.plot([0, 12], [0, 12], "k:")
        axis.set(
            xlabel="quantile of an exponential of mean one", ylabel="rescaled gap", xlim=(0, 12), ylim=(0, 12)
        )

    figure = album.draw("residuals", paint)
    return [
        compare_relative("mean of rescaled gaps (R7)", float(gaps.mean()), 1.0, size.room(0.01), figure),
        compare_relative("variance of rescaled gaps", float(gaps.var()), 1.0, size.room(0.02), figure),
        compare_absolute(
            "KS test rejects the true process", float((values < LEVEL).mean()), LEVEL, size.room(0.035)
        ),
    ]


def _check_fitted_numbers(size: Size, album: Album) -> list[Check]:
    found, naive, by_bootstrap = [], [], []
    for i in range(size.n(80, 4)):
        model, value = _fit_and_test(_simulate(1200 + i))
        made = [
            _fit_and_test(_simulate_again(model, 100_000 * (i + 1) + j))[1]
            for j in range(size.n(N_BOOTSTRAP, 19))
        ]
        found.append((*model, 1 / model[2]))
        naive.append(value)
        by_bootstrap.append((1 + sum(each <= value for each in made)) / (1 + len(made)))

    def paint(axis: Any) -> None:
        ranks = (np.arange(len(naive)) + 0.5) / len(naive)
        axis.plot(ranks, np.sort(naive), label="plain KS test")
        axis.plot(ranks, np.sort(by_bootstrap), label="parametric bootstrap")
        axis.plot([0, 1], [0, 1], "k:")
        axis.set(xlabel="rank of the data set", ylabel="p-value with fitted numbers")
        axis.legend()

    figure = album.draw("bootstrap", paint)
    mu, n, _, delay = np.mean(found, axis=0)
    rejected = float(np.mean(np.array(by_bootstrap) <= LEVEL))
    return [
        compare_absolute(
            "fitted branching ratio, mean of the data sets", float(n), BRANCHING, size.room(0.02)
        ),
        compare_relative("fitted background", float(mu), MU, size.room(0.04)),
        compare_relative("fitted delay", float(delay), DELAY, size.room(0.06)),
        compare_absolute(
            "KS with bootstrap rejects the fitted process", rejected, LEVEL, size.room(0.06), figure
        ),
        tell(
            "plain KS rejects the fitted process (trap D)",
            float(np.mean(np.array(naive) < LEVEL)),
            LEVEL,
            figure,
        ),
    ]


def _fit_and_test(times: FloatArray) -> tuple[tuple[float, float, float], float]:
    """Return (mu, n, beta) fitted with a background that stands still, and the p-value of the KS test."""
    model = fit_self_exciting(times, DAYS, is_wandering=False).model
    gaps = rescale_gaps(times.tolist(), model.mu[0], model.n_self, model.beta)
    return (model.mu[0], model.n_self, model.beta), _test(gaps)


def _simulate_again(model: tuple[float, float, float], seed: int) -> FloatArray:
    return simulate_self_exciting(*model, DAYS, seed)


def _check_wandering(size: Size, album: Album) -> list[Check]:
    naive, aware = [], []
    for i in range(size.n(60, 6)):
        times = list_incidents(3 * DAYS, seed=1800 + i, background_cv=WANDERING, background_rate=2.0).time
        naive.append(fit_self_exciting(times, 3 * DAYS, is_wandering=False).model.n_self)
        aware.append(fit_self_exciting(times, 3 * DAYS).model.n_self)

    def paint(axis: Any) -> None:
        bins = np.linspace(0, 1, 41)
        axis.hist(naive, bins=bins, label="background taken as constant", alpha=0.7)
        axis.hist(aware, bins=bins, label="background may wander", alpha=0.7)
        axis.set(xlabel="branching ratio found; the true one is 0", ylabel="data sets")
        axis.legend()

    figure = album.draw("wandering", paint)
    apparent = float(np.median(aware))
    return [
        Check(
            "wandering weeks, no contagion: n found where the fit lets them wander",
            0.0,
            apparent,
            apparent,
            0.1,
            "",
            figure,
        ),
        tell("the same where it does not, for the 0.58 of trap C", float(np.median(naive)), 0.58, figure),
    ]
