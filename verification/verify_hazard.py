"""How a truce ends: the null model is the baseline, a factor is a power, and the shape keeps the mean.

The hazard is cumulated along each replicate and no death is drawn, so that these are exact to the last digits
that sums keep. A truce that does end is drawn here, by the cumulated hazard, to see that its mean is 14 days.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from made import CALM, made_line, run
from verifying import Album, Check, Size, compare_absolute, compare_relative

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.laws import survive_exponential, survive_under_ratio
from truceline.simulate.results import DIAL, SURVIVAL_EVERY, ChunkSums
from truceline.simulate.settings import BASELINES

TITLE = "How a truce ends (R12 to R15)"
EXACT = 1e-8
"""Survival is kept in multiples of 2^-32 for each replicate."""
N_DAYS = 1827
CONTAGION: dict[str, Any] = {"n_self": 0.25, "n_cross": 0.25, "background_cv": 0.6}


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of survival."""
    null = run(size.n(200, 20), N_DAYS, seed=31, **CONTAGION)
    return [
        *_check_null(null, album),
        *_check_powers(null, album),
        *_check_monitoring(size),
        *_check_shape(size),
        _check_mean(size),
        *_check_level(size),
    ]


def _title(baseline: str) -> str:
    return {"minsk": "Minsk-type", "armistice": "armistice-type"}[baseline]


def _hazard(baseline: str) -> float:
    return load_ceasefire_assumptions().value(f"ceasefire.{baseline}_hazard")


def _survival(sums: ChunkSums, baseline: int, factor: float) -> Any:
    return sums.survival[baseline, DIAL.index(factor)] / sums.n


def _check_null(null: ChunkSums, album: Album) -> list[Check]:
    days = np.arange(null.survival.shape[2]) * SURVIVAL_EVERY

    def paint(axis: Any) -> None:
        for index, baseline in enumerate(BASELINES):
            axis.plot(days, _survival(null, index, 1.0), label=f"{_title(baseline)} baseline, simulated")
            axis.plot(days, np.exp(-_hazard(baseline) * days), ":", color="k")
        axis.set(
            xlabel="days from the ceasefire", ylabel="holding if the backstop changes nothing", ylim=(0, 1)
        )
        axis.legend(title="dotted: exp(-h t)")

    figure = album.draw("null_survival", paint)
    checks = []
    for index, baseline in enumerate(BASELINES):
        expected = np.exp(-_hazard(baseline) * days)
        measured = _survival(null, index, 1.0)
        worst = int(np.argmax(np.abs(measured - expected)))
        name = f"null model is the {_title(baseline)} baseline, worst week (day {days[worst]})"
        checks.append(compare_absolute(name, float(measured[worst]), float(expected[worst]), EXACT, figure))
    month = survive_exponential(1 / _hazard("minsk"), 28)
    name = "null model under the Minsk-type baseline on day 28 (R12)"
    return [*checks, compare_absolute(name, float(_survival(null, 0, 1.0)[4]), month, EXACT, figure)]


def _check_powers(null: ChunkSums, album: Album) -> list[Check]:
    """Check that each factor of the dial raises survival to that power, after five armistice-type years."""
    point = 1820 // SURVIVAL_EVERY
    base = float(_survival(null, 1, 1.0)[point])
    expected = survive_under_ratio(base, DIAL)
    measured = np.array([float(_survival(null, 1, r)[point]) for r in DIAL])

    def paint(axis: Any) -> None:
        curve = np.linspace(0.15, 1.2, 100)
        axis.plot(curve, survive_under_ratio(base, curve), label="$S^r$")
        axis.plot(DIAL, measured, "o", label="simulated")
        axis.set(
            xlabel="if the backstop changes the daily hazard by the factor r",
            ylabel="holding after five years",
        )
        axis.legend(title="armistice-type baseline")

    figure = album.draw("dial", paint)
    worst = int(np.argmax(np.abs(measured - expected)))
    name = f"survival is a power of the factor, worst of the dial (r = {DIAL[worst]:g}; R13 to R15)"
    return [compare_absolute(name, float(measured[worst]), float(expected[worst]), EXACT, figure)]


def _check_monitoring(size: Size) -> list[Check]:
    """Check that a watch multiplies the hazard, and that no watch does nothing whatever the factor says."""
    n = size.n(20, 4)
    watched = run(n, 371, watch=made_line(0.5, 0.4, 0.3), seed=32, hr_monitor=0.5)
    alone = run(n, 371, seed=32, hr_monitor=0.5)
    hazard = 365 * _hazard("armistice")
    return [
        compare_relative(
            "hazard of a year, watched, factor 0.5",
            float(watched.column("armistice_hazard_365").mean()),
            0.5 * hazard,
            EXACT,
        ),
        compare_relative(
            "hazard of a year, unwatched, the same factor",
            float(alone.column("armistice_hazard_365").mean()),
            hazard,
            EXACT,
        ),
    ]


def _check_shape(size: Size) -> list[Check]:
    """Check Weibull survival with shape 0.7 and the mean of the baseline."""
    from scipy.stats import weibull_min

    shape = 0.7
    sums = run(size.n(20, 4), 371, seed=33, hazard_shape=shape)
    mean = 1 / _hazard("minsk")
    scale = mean / weibull_min(shape).mean()
    checks = []
    for day in (7, 28, 364):
        measured = float(_survival(sums, 0, 1.0)[day // SURVIVAL_EVERY])
        expected = float(weibull_min(shape, scale=scale).sf(day))
        checks.append(
            compare_absolute(f"Weibull survival, shape 0.7, day {day}, Minsk-type", measured, expected, EXACT)
        )
    return checks


def _check_mean(size: Size) -> Check:
    """Draw the day on which each truce ends from its survival under the Minsk-type baseline: two weeks."""
    n = size.n(200_000)
    sums = run(4, 210, seed=34)  # one truce in three million lasts longer
    survival = _survival(sums, 0, 1.0)
    days = np.arange(len(survival)) * SURVIVAL_EVERY
    luck = np.random.default_rng(34).random(n)
    ends = np.interp(-np.log(luck), -np.log(survival), days)
    return compare_relative(
        "mean of drawn ends under the Minsk-type baseline", float(ends.mean()), 14.0, size.room(0.01)
    )


def _check_level(size: Size) -> list[Check]:
    """Check that the level of incidents multiplies the hazard by exp(b_z z) on average.

    Without contagion or wandering, z = log((week + f)/(memory + f)) of independent Poisson days; its mean of
    exp(b_z z) is found here by drawing such days.
    """
    power, days, rate = 0.6, 371, 2 * CALM["background_rate"]
    sums = run(size.n(2000), days, seed=35, hazard_exponent=power)
    rng = np.random.default_rng(35)
    drawn = rng.poisson(rate, (size.n(4000, 200), days)).astype(float)
    total = np.cumsum(np.pad(drawn, ((0, 0), (1, 0))), axis=1)
    day = np.arange(365)
    week, memory = (
        (total[:, day + 1] - total[:, np.maximum(0, day - span + 1)]) / np.minimum(day + 1, span)
        for span in (7, 60)
    )
    floor = 1 / 7
    factor = float((((week + floor) / (memory + floor)) ** power).mean())
    expected = 365 * _hazard("armistice") * factor
    measured = float(sums.column("armistice_hazard_365").mean())
    return [
        compare_relative(
            "hazard of a year that follows the level, power 0.6", measured, expected, size.room(0.01)
        )
    ]
