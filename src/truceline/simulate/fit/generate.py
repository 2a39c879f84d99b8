"""Draw timed incidents of a known process, to test what fits them.

The cluster method (Hawkes and Oakes 1974): background incidents first, then the offspring of all of them,
then theirs, a generation at a time, each a few array operations. It serves the fits and their bootstrap; the
ceasefire itself is simulated in `simulate.process`, with detection and feedback that this has not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import Problem, TableError
from truceline.simulate.fit.point_model import PointModel, check_model

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BURN_IN_DELAYS = 5.0
"""Days before the start, in mean lengths of a cluster, so that incidents have parents that nobody saw."""


def simulate_self_exciting(
    mu: float,
    n: float,
    beta: float,
    days: float,
    seed: int,
    *,
    background_cv: float = 0.0,
    persistence: float = 0.0,
    period_days: float = 7.0,
    keep_share: float = 1.0,
    whole_days: bool = False,
) -> FloatArray:
    """Return the times of one side's incidents in (0, days], ascending, in days.

    Parameters
    ----------
    mu, n, beta
        Background incidents a day, mean direct offspring of an incident, 1 / mean delay in days.
    background_cv, persistence, period_days
        The background wanders: coefficient of variation and correlation of the factors of periods.
    keep_share
        Each incident is noticed with this chance, independently of all else.
    whole_days
        Only the day is kept (times rounded down), as in many reports.

    Raises
    ------
    TableError
        When the process cannot be (n of 1 or more, negative rates).
    """
    spread = math.sqrt(math.log1p(background_cv**2))
    model = PointModel((mu,), n, 0.0, beta, spread, persistence, period_days)
    times, _ = simulate_point_model(model, days, seed)
    if keep_share < 1.0:
        times = thin_times(times, keep_share, seed)
    return np.floor(times) if whole_days else times


def simulate_point_model(
    model: PointModel,
    days: float,
    seed: int | np.random.SeedSequence,
    *,
    most_events: float = math.inf,
) -> tuple[FloatArray, IntArray]:
    """Return times in (0, days], ascending, and sides of the incidents of a process with a past.

    Raises
    ------
    TableError
        When the process cannot be, or when a wild background brings more than `most_events` by itself.
    """
    check_model(model)
    rng = np.random.default_rng(seed)
    burn_in = BURN_IN_DELAYS / model.beta / (1.0 - model.branching) if model.branching > 0 else 0.0
    n_before = math.ceil(burn_in / model.period_days)
    times, sides = _draw_background(model, days, n_before, rng, most_events)
    kept_times, kept_sides = [times], [sides]
    while len(times) and model.branching > 0:
        times, sides = _bear(model, times, sides, days, rng)
        kept_times.append(times)
        kept_sides.append(sides)
    times = np.concatenate(kept_times)
    if model.n_sides == 1:
        times.sort()
        times = times[np.searchsorted(times, 0.0, side="right") :]
        return times, np.zeros(len(times), dtype=np.int64)
    order = np.argsort(times)
    order = order[np.searchsorted(times, 0.0, side="right", sorter=order) :]
    return times[order], np.concatenate(kept_sides)[order]


def _bear(
    model: PointModel, times: FloatArray, sides: IntArray, days: float, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Return the direct offspring of incidents up to the last day.

    So many children in all; whose each is, is drawn evenly: the same as a Poisson draw for each parent.
    """
    if model.n_sides == 1:
        born = _bear_of(times, model.n_self, model.beta, days, rng)
        return born, sides[:0]
    born_times, born_sides = [], []
    for side in range(model.n_sides):
        for child in range(model.n_sides):
            n = model.n_self if child == side else model.n_cross
            born_times.append(_bear_of(times[sides == side], n, model.beta, days, rng))
            born_sides.append(np.full(len(born_times[-1]), child, dtype=np.int64))
    return np.concatenate(born_times), np.concatenate(born_sides)


def _bear_of(parents: FloatArray, n: float, beta: float, days: float, rng: np.random.Generator) -> FloatArray:
    """Return the times of the children of one kind, up to the last day."""
    n_born = int(rng.poisson(n * len(parents)))
    if not n_born:
        return parents[:0]
    born = rng.standard_exponential(n_born)
    born /= beta
    born += parents[rng.integers(0, len(parents), n_born)]
    return born[born <= days]


def _draw_background(
    model: PointModel, days: float, n_before: int, rng: np.random.Generator, most_events: float
) -> tuple[FloatArray, IntArray]:
    """Return background incidents from `n_before` periods before the start until days."""
    n_periods = n_before + math.ceil(days / model.period_days)
    n_chains = 1 if model.has_shared_periods else model.n_sides
    factors = np.exp(
        model.spread * _draw_levels(n_chains, n_periods, model.persistence, rng) - model.spread**2 / 2.0
    )
    expected = sum(
        rate * model.period_days * float(factors[side % n_chains].sum()) for side, rate in enumerate(model.mu)
    )
    if expected > most_events:
        found = f"a background of {expected:.3g} incidents was drawn"
        raise TableError("too many incidents", [Problem("spread", found, "the factors vary too much")])
    times, sides = [], []
    for side, rate in enumerate(model.mu):
        counts = rng.poisson(rate * model.period_days * factors[side % n_chains])
        starts = np.repeat((np.arange(n_periods) - n_before) * model.period_days, counts)
        drawn = starts + rng.random(len(starts)) * model.period_days
        times.append(drawn[drawn <= days])
        sides.append(np.full(len(times[-1]), side, dtype=np.int64))
    return np.concatenate(times), np.concatenate(sides)


def _draw_levels(n_chains: int, n_periods: int, persistence: float, rng: np.random.Generator) -> FloatArray:
    """Return standard normal levels that remember the one before; shape (chains, periods)."""
    levels = rng.standard_normal((n_chains, n_periods))
    if persistence > 0:
        fresh = math.sqrt(1.0 - persistence**2)
        for period in range(1, n_periods):
            levels[:, period] = persistence * levels[:, period - 1] + fresh * levels[:, period]
    return levels


def thin_times(times: ArrayLike, keep_share: float, seed: int) -> FloatArray:
    """Return the times that were noticed, each with the chance `keep_share`."""
    moments = np.asarray(times, dtype=np.float64)
    rng = np.random.default_rng((seed, 1))
    return moments[rng.random(len(moments)) < keep_share]


def spread_within_days(days: ArrayLike, seed: int, *, length_days: float = 1.0) -> FloatArray:
    """Return times spread evenly over the day (or other length) of which alone they are known, ascending.

    The memory fitted to them is blurred by about the length; the branching ratio is kept where the memory
    is not much shorter.
    """
    starts = np.asarray(days, dtype=np.float64)
    rng = np.random.default_rng((seed, 2))
    return np.sort(starts + rng.random(len(starts)) * length_days)
