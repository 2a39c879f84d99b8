"""How many incidents, and how unevenly they come: rates, long-run dispersion, wandering, truce step, sizes.

Measured on whole runs of the compiled simulation; expected from the closed forms of `simulate.laws`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from made import CALM, FloatArray, fano, made_line, make_settings, run
from verifying import Album, Check, Size, compare_relative

from truceline.simulate.catalogue import load_ceasefire_assumptions
from truceline.simulate.laws import expect_fano, expect_rate, expect_rates, expect_thinned_fano
from truceline.simulate.parameters import draw_parameters
from truceline.simulate.results import ChunkSums
from truceline.simulate.run import run_chunk

TITLE = "Rates and dispersion (R1, R2, R8, R11)"
SELF_SHARE = 0.6
"""Of the branching ratio that stays on the own side; nothing measured here depends on it."""
BRANCHINGS = (0.0, 0.2, 0.4, 0.6, 0.8)
BURN_IN_DAYS = 40
"""The past before the truce is empty: 5/beta, and then until the offspring of offspring are there."""
N_DAYS = 340
KEPT = 0.5
"""Probability of detection wherever reports are counted."""


def verify(size: Size, album: Album) -> list[Check]:
    """Return the checks of how many there are and how they are spread."""
    sums = {n: _run_branching(n, size) for n in BRANCHINGS}
    checks = _check_rates(sums, size, album)
    checks += _check_dispersion(sums, size, album)
    checks += _check_types(size)
    checks.append(_check_wandering(size))
    checks.append(_check_truce_step(size, album))
    checks.append(_check_sizes(size))
    checks.append(_check_drawn(size))
    return checks


def _run_branching(branching: float, size: Size) -> ChunkSums:
    own = SELF_SHARE * branching
    numbers = {"n_self": own, "n_cross": branching - own, "delay": 0.5}
    return run(size.n(8000), N_DAYS, watch=made_line(KEPT), seed=11, **numbers)


def _check_rates(sums: dict[float, ChunkSums], size: Size, album: Album) -> list[Check]:
    expected = [expect_rate(2 * CALM["background_rate"], n) for n in BRANCHINGS]
    measured = [float(sums[n].day("n_incidents")[BURN_IN_DAYS:].mean()) / sums[n].n for n in BRANCHINGS]

    def paint(axis: Any) -> None:
        curve = np.linspace(0, 0.85, 100)
        axis.plot(
            curve, [expect_rate(2 * CALM["background_rate"], n) for n in curve], label="background/(1-n)"
        )
        axis.plot(BRANCHINGS, measured, "o", label="simulated")
        axis.set(xlabel="branching ratio n", ylabel="incidents a day on 100 km", ylim=(0, None))
        axis.legend()

    figure = album.draw("rates", paint)
    return [
        compare_relative(f"mean rate at n = {n:g} (R1)", m, e, size.room(0.03), figure)
        for n, m, e in zip(BRANCHINGS, measured, expected, strict=True)
    ]


def _check_dispersion(sums: dict[float, ChunkSums], size: Size, album: Album) -> list[Check]:
    true = [fano(sums[n].column("n_incidents")) for n in BRANCHINGS]
    seen = [fano(sums[n].column("n_detected")) for n in BRANCHINGS]

    def paint(axis: Any) -> None:
        curve = np.linspace(0, 0.85, 100)
        axis.plot(curve, [expect_fano(n) for n in curve], label="1/(1-n)²")
        axis.plot(curve, [expect_thinned_fano(n, KEPT) for n in curve], label="half of them seen")
        axis.plot(BRANCHINGS, true, "o", color="C0", label="simulated incidents")
        axis.plot(BRANCHINGS, seen, "s", color="C1", label="simulated reports")
        axis.set(xlabel="branching ratio n", ylabel=f"variance/mean over {N_DAYS} days", yscale="log")
        axis.legend()

    figure = album.draw("dispersion", paint)
    checks = []
    for n, all_of_them, some in zip(BRANCHINGS, true, seen, strict=True):
        checks.append(
            compare_relative(
                f"Fano factor at n = {n:g} (R2)", all_of_them, expect_fano(n), size.room(0.06), figure
            )
        )
        thinned = expect_thinned_fano(n, KEPT)
        name = f"Fano factor of reports, half seen, at n = {n:g} (R8)"
        checks.append(compare_relative(name, some, thinned, size.room(0.06), figure))
    return checks


def _check_types(size: Size) -> list[Check]:
    """Check the rate of every side and rung against (I - N)^-1 background: ten types, matrix of 10 by 10."""
    own, cross, up, stay = 0.3, 0.25, 0.3, 0.6
    step = np.zeros((5, 5))  # step[to, of]
    for rung in range(5):
        step[min(rung + 1, 4), rung] += up
        step[rung, rung] += stay
        step[max(rung - 1, 0), rung] += 1 - up - stay
    offspring = np.kron(np.array([[own, cross], [cross, own]]), step)
    kinds = np.array([0.60, 0.25, 0.06, 0.07, 0.02])
    expected = expect_rates(np.tile(CALM["background_rate"] * kinds, 2), offspring)
    sums = run(size.n(600), 2000, seed=12, n_self=own, n_cross=cross, escalation_up=up, delay=0.2)
    days = sums.n * 2000
    checks = []
    by_side = sums.by_sector[:, :, 0].sum(axis=0) / days
    for side, name in enumerate("ab"):
        expected_side = float(expected[5 * side : 5 * side + 5].sum())
        checks.append(
            compare_relative(f"rate of side {name} (R11)", by_side[side], expected_side, size.room(0.03))
        )
    by_rung = sums.by_rung[:, 0] / days
    worst = max(range(5), key=lambda rung: abs(by_rung[rung] / (expected[rung] + expected[5 + rung]) - 1))
    total = float(expected[worst] + expected[5 + worst])
    name = f"rate of the rung that is furthest off, number {worst} (R11, ten types)"
    checks.append(compare_relative(name, by_rung[worst], total, size.room(0.03)))
    return checks


def _check_wandering(size: Size) -> Check:
    """Without contagion the counts of a week have variance/mean = 1 + mean cv^2."""
    cv = 0.6
    sums = run(size.n(40_000), 7, seed=13, background_cv=cv)
    expected = 1 + 7 * 2 * CALM["background_rate"] * cv**2
    return compare_relative(
        "Fano factor of a week, rate wandering by 0.6",
        fano(sums.column("n_incidents")),
        expected,
        size.room(0.05),
    )


def _check_truce_step(size: Size, album: Album) -> Check:
    """Check that the background starts at the first level and climbs back: 1 - (1 - r0) exp(-t/tau)."""
    first, back, days = 0.053, 60.0, 364
    sums = run(size.n(20_000), days, seed=14, first_week_level=first, return_time=back)
    weeks = _by_week(sums.day("n_incidents") / sums.n)
    middle = np.arange(len(weeks)) * 7 + 3.5
    expected = 2 * CALM["background_rate"] * (1 - (1 - first) * np.exp(-middle / back))

    def paint(axis: Any) -> None:
        axis.plot(middle, expected, label="level of the truce")
        axis.plot(middle, weeks, ".", label="simulated, by week")
        axis.set(xlabel="days from the ceasefire", ylabel="incidents a day on 100 km", ylim=(0, None))
        axis.legend()

    figure = album.draw("truce_step", paint)
    worst = int(np.argmax(np.abs(weeks / expected - 1)))
    name = f"truce step of 0.053 and its return, worst week (number {worst + 1})"
    return compare_relative(name, weeks[worst], expected[worst], size.room(0.03), figure)


def _check_sizes(size: Size) -> Check:
    """Violations of a Poisson number of incidents: variance/mean = E[S^2]/E[S], S = 1 + negative binomial."""
    mean, k = CALM["size_mean"], CALM["size_dispersion"]
    sums = run(size.n(40_000), 100, seed=15)
    square = (mean - 1) + (mean - 1) ** 2 / k + mean**2
    measured = fano(sums.column("n_violations"))
    return compare_relative(
        "variance/mean of violations from the size of incidents", measured, square / mean, size.room(0.05)
    )


def _check_drawn(size: Size) -> Check:
    """Check the number of incidents with all parameters drawn from their ranges but a short delay."""
    days = 365
    drawn = draw_parameters(
        load_ceasefire_assumptions(), first=0, n=size.n(4000), seed=16, fixed={"delay": 0.2}
    )
    sums = run_chunk(made_line(), drawn, make_settings(days), 16)
    numbers = drawn.values
    back = np.exp(-(np.arange(days) + 0.5) / numbers["return_time"][:, None]).sum(axis=1)
    level = days - (1 - numbers["first_week_level"]) * back
    expected = float((2 * numbers["background_rate"] * level / (1 - drawn.branching)).sum())
    measured = float(sums.column("n_incidents").sum())
    name = "incidents of a year, all numbers drawn, nobody watching"
    return compare_relative(name, measured, expected, size.room(0.03))


def _by_week(days: FloatArray) -> FloatArray:
    n_weeks = math.floor(len(days) / 7)
    return np.asarray(days[: 7 * n_weeks].reshape(n_weeks, 7).mean(axis=1))
