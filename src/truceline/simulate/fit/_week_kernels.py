# mypy: disable-error-code="no-any-return"
"""Compiled loops for a background that wanders from week to week: chains of weeks on a grid of levels.

A chain is a run of weeks (cells) with one unseen level each, a standard normal z that remembers the week
before with `persistence`; the background of the week is multiplied by factor(z). Given the levels the events
of the weeks are independent once the excitation is known, so that a table of log-likelihoods (cells, levels)
and one forward and backward pass give the likelihood with the levels summed out (Rabiner 1989 tells the
passes; the levels are the nodes of a trapezoidal rule). Plain arrays; `_point_reference` holds slow twins.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GROUP = 16
"""Intensities multiplied before a logarithm is taken; see `_point_kernels`."""
NO_CHANCE = 1e-18
"""A level less likely than this is not followed into the next period."""


@njit(cache=True, nogil=True, error_model="numpy")
def level_table(
    base: FloatArray, heard: FloatArray, starts: IntArray, exposure: FloatArray, factor: FloatArray
) -> FloatArray:
    """Return the log-likelihood of each cell's events at each level, less what excitation alone costs.

    sum of log(base * factor + heard) over the events starts[c]..starts[c + 1], less exposure * factor.
    base, heard: (events,) per day. exposure: (cells,) background events at factor 1.
    """
    n_cells, n_levels = exposure.shape[0], factor.shape[0]
    table, products = np.empty((n_cells, n_levels)), np.empty(n_levels)
    for c in range(n_cells):
        for k in range(n_levels):
            table[c, k] = -exposure[c] * factor[k]
        for first in range(starts[c], starts[c + 1], GROUP):
            products[:] = 1.0
            for i in range(first, min(first + GROUP, starts[c + 1])):
                for k in range(n_levels):
                    products[k] *= base[i] * factor[k] + heard[i]
            for k in range(n_levels):
                table[c, k] += math.log(products[k])
    return table


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def average_event(
    base: float, heard: float, factor: FloatArray, slope: FloatArray, weight: FloatArray
) -> tuple[float, float]:
    """Return the averages of 1 / intensity and slope / intensity over the levels."""
    of_one, of_slope = 0.0, 0.0
    for k in range(factor.shape[0]):
        share = weight[k] / (base * factor[k] + heard)
        of_one += share
        of_slope += share * slope[k]
    return of_one, of_slope


@njit(cache=True, nogil=True, error_model="numpy")
def level_averages(
    base: FloatArray,
    heard: FloatArray,
    starts: IntArray,
    factor: FloatArray,
    slope: FloatArray,
    weights: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return for each event the averages of 1 / intensity and slope / intensity under its cell's weights.

    weights: (cells, levels), the chance of each level once everything was seen. slope: (levels,), the
    derivative of the factor.
    """
    of_one, of_slope = np.empty(base.shape[0]), np.empty(base.shape[0])
    for c in range(weights.shape[0]):
        for i in range(starts[c], starts[c + 1]):
            of_one[i], of_slope[i] = average_event(base[i], heard[i], factor, slope, weights[c])
    return of_one, of_slope


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def add_moved(weight: float, row: FloatArray, coming: FloatArray) -> None:
    """Add weight * row to `coming`."""
    for m in range(coming.shape[0]):
        coming[m] += weight * row[m]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def sum_products(row: FloatArray, values: FloatArray) -> float:
    """Return the sum of row * values."""
    total = 0.0
    for m in range(values.shape[0]):
        total += row[m] * values[m]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def move_levels(
    weights: FloatArray, move: FloatArray, is_free: bool, prior: FloatArray, coming: FloatArray
) -> None:
    """Write the chances of next week's levels into `coming`: the prior where weeks are independent."""
    if is_free:
        coming[:] = prior
        return
    coming[:] = 0.0
    for k in range(prior.shape[0]):
        if weights[k] > NO_CHANCE:
            add_moved(weights[k], move[k], coming)


@njit(cache=True, nogil=True, error_model="numpy")
def forward_chain(
    table: FloatArray, prior: FloatArray, move: FloatArray, is_free: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Pass through the cells of a chain in order.

    Returns the log-likelihood of each cell given those before (cells,), and the chances of its levels before
    and after its own incidents, (cells, levels) each.
    """
    n_cells, n_levels = table.shape
    logs = np.empty(n_cells)
    coming, seen = np.empty((n_cells, n_levels)), np.empty((n_cells, n_levels))
    for c in range(n_cells):
        if c == 0:
            coming[c] = prior
        else:
            move_levels(seen[c - 1], move, is_free, prior, coming[c])
        top = table[c].max()
        total = 0.0
        for k in range(n_levels):
            seen[c, k] = coming[c, k] * math.exp(table[c, k] - top)
            total += seen[c, k]
        for k in range(n_levels):
            seen[c, k] /= total
        logs[c] = math.log(total) + top
    return logs, coming, seen


@njit(cache=True, nogil=True, error_model="numpy")
def smooth_chain(
    coming: FloatArray, seen: FloatArray, move: FloatArray, move_slope: FloatArray, is_free: bool
) -> tuple[FloatArray, float]:
    """Return the chances of the levels given all cells, and the derivative of the log-likelihood.

    coming, seen: those of the forward pass. move_slope: derivative of `move` by the
    parameter by which that of the log-likelihood is taken.
    """
    n_cells, n_levels = seen.shape
    smooth, slope = seen.copy(), 0.0
    if is_free:
        return smooth, slope
    ratio = np.empty(n_levels)
    for c in range(n_cells - 2, -1, -1):
        for m in range(n_levels):
            ratio[m] = smooth[c + 1, m] / coming[c + 1, m] if coming[c + 1, m] > 0.0 else 0.0
        for k in range(n_levels):
            smooth[c, k] = 0.0
            if seen[c, k] > NO_CHANCE:
                smooth[c, k] = seen[c, k] * sum_products(move[k], ratio)
                slope += seen[c, k] * sum_products(move_slope[k], ratio)
    return smooth, slope


@njit(cache=True, nogil=True, error_model="numpy")
def stay_quiet(weights: FloatArray, factor: FloatArray, expected: float) -> float:
    """Weigh the levels by the chance of no background incident; return the log of that chance."""
    total = 0.0
    for k in range(weights.shape[0]):
        weights[k] *= math.exp(-expected * factor[k])
        total += weights[k]
    for k in range(weights.shape[0]):
        weights[k] /= total
    return math.log(total)


@njit(cache=True, nogil=True, error_model="numpy")
def see_event(weights: FloatArray, factor: FloatArray, base: float, heard: float) -> tuple[float, float]:
    """Weigh the levels by the intensity at an incident; return its log and the mean factor before it."""
    total, mean = 0.0, 0.0
    for k in range(weights.shape[0]):
        mean += weights[k] * factor[k]
        weights[k] *= base * factor[k] + heard
        total += weights[k]
    for k in range(weights.shape[0]):
        weights[k] /= total
    return math.log(total), mean


@njit(cache=True, nogil=True, error_model="numpy")
def walk_chain(
    times: FloatArray,
    base: FloatArray,
    heard: FloatArray,
    cost: FloatArray,
    edges: FloatArray,
    marks: FloatArray,
    rate: float,
    factor: FloatArray,
    prior: FloatArray,
    move: FloatArray,
    is_free: bool,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Walk through the events of one chain with what was known at each moment.

    times, base, heard: (events,). cost: expected events by excitation since the event before, (events + 1,),
    the last until the end. edges: (cells + 1,) days. marks: (marks,) days, ascending, at which to say how
    likely all was so far. rate: background of the whole chain at factor 1.

    Returns the rescaled gaps (events,), the log density of each event given the past (events + 1,; the last
    is that of no event until the end), the mean factor expected just before each event, and at each mark the
    log-likelihood so far, without what excitation was expected to bring. The rescaled gap is -log of the
    chance of no event since the last one, the levels summed out under what was known then: exponential with
    mean 1 under a true model, whatever the level was.
    """
    n_events, n_marks, last_cell = times.shape[0], marks.shape[0], edges.shape[0] - 2
    gaps, logs, means = np.empty(n_events), np.empty(n_events + 1), np.empty(n_events)
    reached, weights, coming = np.empty(n_marks), prior.copy(), np.empty(prior.shape[0])
    cell, mark, now, so_far = 0, 0, edges[0], 0.0
    for i in range(n_events + 1):
        goal = times[i] if i < n_events else edges[last_cell + 1]
        log_quiet = 0.0
        while True:
            edge = edges[cell + 1] if cell < last_cell else np.inf
            halt = marks[mark] if mark < n_marks else np.inf
            to = min(edge, halt, goal)
            log_quiet += stay_quiet(weights, factor, rate * (to - now))
            now = to
            if to == goal:
                break
            if to == halt:
                reached[mark] = so_far + log_quiet
                mark += 1
            if to == edge:
                move_levels(weights, move, is_free, prior, coming)
                weights[:] = coming
                cell += 1
        logs[i] = log_quiet - cost[i]
        so_far += log_quiet
        if i < n_events:
            gaps[i] = -logs[i]
            log_seen, means[i] = see_event(weights, factor, base[i], heard[i])
            logs[i] += log_seen
            so_far += log_seen
    reached[mark:] = so_far
    return gaps, logs, means, reached
