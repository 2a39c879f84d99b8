"""Log-likelihood, with its derivatives, of a point process with or without a wandering background.

Without wandering it is one pass over the incidents. With it, the unseen level of every period is summed out
on a grid, exactly but for the spacing of the grid: the marginal likelihood, in which a week that was busy by
itself costs what such a week costs. Derivatives are averages over the levels given all incidents (Fisher's
identity). Days, incidents a day. Nothing is chosen or maximised here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from truceline.simulate.fit.point_model import PointModel, Timeline

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVEL_REACH = 4.5
"""Levels go from -4.5 to 4.5 standard deviations: one week in 150,000 lies outside."""
LEVEL_STEPS = 1.25
"""Spacing in standard deviations of what a busy week says of its level: the rule then errs by 6e-6."""
LEVELS_LEAST, LEVELS_MOST = 33, 321
"""Fewest and most levels; beyond the most, very busy weeks are followed less exactly, and a note says so."""
BUSY_SPREAD = 0.8
"""Spread for which the spacing is chosen; fits end near or below it."""


@dataclass(frozen=True)
class Derivatives:
    """Derivatives of a log-likelihood by the parameters of `PointModel`."""

    mu: FloatArray
    n_self: float
    n_cross: float
    beta: float
    spread: float = 0.0
    persistence: float = 0.0


@dataclass(frozen=True)
class Levels:
    """The grid on which a period's unseen level is summed out."""

    z: FloatArray
    """Levels in standard deviations, shape (levels,)."""
    prior: FloatArray
    """Chance of each, summing to 1."""

    def factors(self, spread: float) -> FloatArray:
        """Return the factor of the background at each level; its mean is 1."""
        return np.asarray(np.exp(spread * self.z - spread**2 / 2.0))

    def moves(self, persistence: float) -> FloatArray:
        """Return the chance of each level after each, shape (levels before, levels after)."""
        gap = self.z[None, :] - persistence * self.z[:, None]
        weights = np.exp(-(gap**2) / (2.0 * (1.0 - persistence**2)))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def move_slopes(self, persistence: float) -> FloatArray:
        """Return the derivative of `moves` by persistence."""
        move, fresh = self.moves(persistence), 1.0 - persistence**2
        gap = self.z[None, :] - persistence * self.z[:, None]
        slope = gap * self.z[:, None] / fresh - gap**2 * persistence / fresh**2
        return np.asarray(move * (slope - (move * slope).sum(axis=1, keepdims=True)))


def make_levels(n_levels: int) -> Levels:
    """Return an even grid of standard normal levels."""
    z = np.linspace(-LEVEL_REACH, LEVEL_REACH, n_levels)
    weights = np.exp(-(z**2) / 2.0)
    return Levels(z, weights / weights.sum())


@dataclass(frozen=True)
class Cells:
    """The incidents sorted into chains of periods."""

    order: IntArray
    """Incidents by chain, then by time; shape (events,)."""
    starts: IntArray
    """First incident of each cell in that order, shape (cells + 1,); cells are chain after chain."""
    edges: FloatArray
    """Ends of the periods in days, from 0 to the end; shape (periods + 1,)."""
    chain_of_side: IntArray
    """Which chain a side's background follows, shape (sides,)."""
    levels: Levels
    is_coarse: bool
    """The busiest period would want more levels than `LEVELS_MOST`."""

    @property
    def n_chains(self) -> int:
        """One, or one for each side."""
        return int(self.chain_of_side.max()) + 1


def make_cells(timeline: Timeline, period_days: float, has_shared_periods: bool) -> Cells:
    """Sort incidents into periods and choose the grid of levels by the busiest of them."""
    n_periods = max(math.ceil(timeline.days / period_days - 1e-9), 1)
    edges = np.minimum(np.arange(n_periods + 1) * period_days, timeline.days)
    edges[-1] = timeline.days
    is_shared = has_shared_periods or timeline.n_sides == 1
    chain_of_side = np.zeros(timeline.n_sides, np.int64) if is_shared else np.arange(timeline.n_sides)
    chain = chain_of_side[timeline.sides]
    order = np.argsort(chain, kind="stable")
    # An incident at the end of a period belongs to it.
    period = np.clip(np.searchsorted(edges, timeline.times, side="left") - 1, 0, n_periods - 1)
    counts = np.bincount(chain * n_periods + period, minlength=(chain_of_side.max() + 1) * n_periods)
    spacing = LEVEL_STEPS / math.sqrt(1.0 + BUSY_SPREAD**2 * counts.max())
    wanted = 2 * math.ceil(LEVEL_REACH / spacing) + 1
    n_levels = min(max(wanted, LEVELS_LEAST), LEVELS_MOST)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Cells(order, starts, edges, chain_of_side, make_levels(n_levels), wanted > LEVELS_MOST)


def steady_log_likelihood(timeline: Timeline, model: PointModel) -> tuple[float, Derivatives]:
    """Return the log-likelihood of a process whose background does not wander, and its derivatives."""
    from truceline.simulate.fit import _point_kernels as kernels

    mu = np.asarray(model.mu, dtype=np.float64)
    if timeline.n_sides == 1:
        value, by_mu, by_n, by_beta = kernels.log_likelihood(
            timeline.gaps, timeline.tail, mu[0], model.n_self, model.beta
        )
        return value, Derivatives(np.array([by_mu]), by_n, 0.0, by_beta)
    value, by_rates, by_offspring, by_beta = kernels.log_likelihood_sides(
        timeline.gaps, timeline.sides, timeline.tail, mu, model.offspring, model.beta
    )
    own = float(np.trace(by_offspring))
    return value, Derivatives(by_rates, own, float(by_offspring.sum()) - own, by_beta)


@dataclass(frozen=True)
class _Heard:
    """What the excitation is at each incident, in the order of the cells."""

    base: FloatArray
    heard: FloatArray
    felt: FloatArray
    lag: FloatArray
    sides: IntArray
    settled: FloatArray
    late: FloatArray


def _hear(timeline: Timeline, model: PointModel, cells: Cells) -> _Heard:
    from truceline.simulate.fit import _point_kernels as kernels

    felt, lag, settled, late = kernels.excitation(
        timeline.gaps, timeline.sides, timeline.tail, model.beta, timeline.n_sides
    )
    sides = timeline.sides[cells.order]
    felt, lag = felt[:, cells.order], lag[:, cells.order]
    heard = model.beta * (model.offspring[sides].T * felt).sum(axis=0)
    base = np.asarray(model.mu, dtype=np.float64)[sides]
    return _Heard(base, heard, felt, lag, sides, settled, late)


def wandering_log_likelihood(
    timeline: Timeline, model: PointModel, cells: Cells, *, is_carried: bool = True
) -> tuple[float, Derivatives, FloatArray]:
    """Return the marginal log-likelihood, its derivatives, and the mean factor of each period.

    The factors are those expected once all incidents are known, shape (chains, periods). `is_carried`: a
    period may remember the one before; without it, which is faster, the persistence has to be 0 and its
    derivative is not given.
    """
    from truceline.simulate.fit import _week_kernels as kernels

    events = _hear(timeline, model, cells)
    factor = cells.levels.factors(model.spread)
    slope = factor * (cells.levels.z - model.spread)
    exposure = _exposure(model, cells)
    table = kernels.level_table(events.base, events.heard, cells.starts, exposure, factor)
    value, weights, by_persistence = _sum_out(table, model, cells, is_carried)
    of_one, of_slope = kernels.level_averages(events.base, events.heard, cells.starts, factor, slope, weights)
    expected = float((model.offspring @ events.settled).sum())
    by_spread = float((events.base * of_slope).sum() - (exposure * (weights @ slope)).sum())
    factors = (weights @ factor).reshape(cells.n_chains, -1)
    by_mu = _by_rates(model, cells, events, of_one, factors)
    derivatives = _by_offspring(model, events, of_one, by_mu, by_spread)
    return value - expected, replace(derivatives, persistence=by_persistence), factors


def _exposure(model: PointModel, cells: Cells) -> FloatArray:
    """Return the background incidents of each cell at factor 1."""
    rates = np.zeros(cells.n_chains)
    np.add.at(rates, cells.chain_of_side, np.asarray(model.mu, dtype=np.float64))
    return np.asarray((rates[:, None] * np.diff(cells.edges)[None, :]).ravel())


def _sum_out(
    table: FloatArray, model: PointModel, cells: Cells, is_carried: bool
) -> tuple[float, FloatArray, float]:
    """Return the log-likelihood, the chances of the levels given all incidents, the slope by persistence."""
    from truceline.simulate.fit import _week_kernels as kernels

    move, prior = cells.levels.moves(model.persistence), cells.levels.prior
    move_slope = cells.levels.move_slopes(model.persistence)
    value, weights, by_persistence = 0.0, [], 0.0
    for chain in table.reshape(cells.n_chains, -1, table.shape[1]):
        logs, coming, seen = kernels.forward_chain(chain, prior, move, not is_carried)
        smooth, slope = kernels.smooth_chain(coming, seen, move, move_slope, not is_carried)
        value += float(logs.sum())
        weights.append(smooth)
        by_persistence += slope
    return value, np.concatenate(weights), by_persistence


def _by_rates(
    model: PointModel, cells: Cells, events: _Heard, of_one: FloatArray, factors: FloatArray
) -> FloatArray:
    """Return the derivatives by mu: base * factor / intensity is 1 - heard / intensity."""
    lengths = np.diff(cells.edges)
    by_mu = np.empty(model.n_sides)
    for side in range(model.n_sides):
        is_own = events.sides == side
        caused = float((1.0 - events.heard[is_own] * of_one[is_own]).sum())
        exposed = float((factors[cells.chain_of_side[side]] * lengths).sum())
        by_mu[side] = caused / model.mu[side] - exposed
    return by_mu


def _by_offspring(
    model: PointModel, events: _Heard, of_one: FloatArray, by_mu: FloatArray, by_spread: float
) -> Derivatives:
    """Return the derivatives by the offspring means and beta beside the others."""
    own, cross, by_beta = 0.0, 0.0, 0.0
    for a in range(model.n_sides):
        share = np.where(events.sides == a, of_one, 0.0)
        for b in range(model.n_sides):
            of_felt, of_lag = float(share @ events.felt[b]), float(share @ events.lag[b])
            by_n = model.beta * of_felt - float(events.settled[b])
            own, cross = (own + by_n, cross) if a == b else (own, cross + by_n)
            by_beta += model.offspring[a, b] * (of_felt - model.beta * of_lag - float(events.late[b]))
    return Derivatives(by_mu, own, cross, by_beta, by_spread)


@dataclass(frozen=True)
class Walk:
    """The incidents of one chain, each with what the model knew just before it."""

    times: FloatArray
    rescaled_gaps: FloatArray
    """Minus the log of the chance of no incident since the last one: exponential, mean 1, if true."""
    log_density: FloatArray
    """Of each incident given the past; (events + 1,): the last is that of none until the end."""
    factor: FloatArray
    """Factor of the background expected just before each incident."""
    reached: FloatArray
    """Log-likelihood of all until each of the days asked for, shape (marks,)."""


def walk_timeline(
    timeline: Timeline, model: PointModel, *, marks: FloatArray | None = None
) -> tuple[Walk, ...]:
    """Walk through the incidents with what was known at each moment; one walk for each chain of periods.

    The log densities of all walks sum to the log-likelihood. `marks`: days, ascending, until which the
    log-likelihood is also given; an incident at that very moment counts before it.
    """
    from truceline.simulate.fit import _week_kernels as kernels

    cells = make_cells(timeline, model.period_days, model.has_shared_periods)
    if model.spread == 0.0:
        cells = replace(cells, levels=Levels(np.zeros(1), np.ones(1)))
    events = _hear(timeline, model, cells)
    move, is_free = cells.levels.moves(model.persistence), model.persistence == 0.0
    stops = np.empty(0) if marks is None else np.asarray(marks, dtype=np.float64)
    expected = _expected_before(timeline, model, cells, events)
    at_stops = _expected_until(timeline, model, stops)
    walks = []
    for chain in range(cells.n_chains):
        is_own = cells.chain_of_side[events.sides] == chain
        sides = np.flatnonzero(cells.chain_of_side == chain)
        cost = np.append(
            expected[sides][:, is_own].sum(axis=0), float((model.offspring[sides] @ events.settled).sum())
        )
        times = timeline.times[cells.order][is_own]
        gaps, logs, means, reached = kernels.walk_chain(
            times,
            events.base[is_own],
            events.heard[is_own],
            np.diff(cost, prepend=0.0),
            cells.edges,
            stops,
            float(np.asarray(model.mu)[sides].sum()),
            cells.levels.factors(model.spread),
            cells.levels.prior,
            move,
            is_free,
        )
        walks.append(Walk(times, gaps, logs, means, reached - at_stops[sides].sum(axis=0)))
    return tuple(walks)


def _expected_before(timeline: Timeline, model: PointModel, cells: Cells, events: _Heard) -> FloatArray:
    """Return the incidents of each side that excitation was expected to bring before each incident."""
    came = np.zeros((timeline.n_sides, len(timeline.times)))
    for side in range(timeline.n_sides):
        is_own = timeline.sides == side
        came[side] = np.cumsum(is_own) - is_own
    settled = came[:, cells.order] - events.felt
    return np.asarray(model.offspring @ settled)


def _expected_until(timeline: Timeline, model: PointModel, stops: FloatArray) -> FloatArray:
    """Return the incidents of each side that excitation was expected to bring until each stop."""
    settled = np.zeros((timeline.n_sides, len(stops)))
    for row, stop in enumerate(stops):
        past = timeline.until(stop)
        left = np.exp(-model.beta * (stop - past.times))
        settled[:, row] = np.bincount(past.sides, weights=1.0 - left, minlength=timeline.n_sides)
    return np.asarray(model.offspring @ settled)
