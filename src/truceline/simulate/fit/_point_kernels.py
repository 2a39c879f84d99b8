# mypy: disable-error-code="no-any-return"
"""Compiled loops for point processes: likelihood with gradient, wandering weeks, residuals.

Plain arrays in, plain arrays and numbers out; `_point_reference` holds the slow readable twin of each loop.
Days and events a day. Nothing here checks anything: times are sorted and positive, rates are positive.

The excitation felt by an event, `felt` = sum over earlier events of exp(-beta * gap), follows from the one
before (Ozaki 1979), and so does `lag` = sum of gap * exp(-beta * gap), which is -d felt / d beta. Events are
taken in blocks: the exponentials of a block first, without a branch, so that the compiler can do several at
once; then the recursion, which is a multiplication and an addition; then intensities and their inverses.
Logarithms are taken of products of sixteen intensities, which keep within what a float can hold as long as
every intensity is between 1e-18 and 1e18 a day.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 256
"""Events of a block: its working arrays stay in the nearest cache."""
GROUP = 16
"""Intensities multiplied before a logarithm is taken."""
LOG2_E = 1.4426950408889634
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
"""log 2 in two parts, so that x - k log 2 keeps its digits (Cody and Waite 1980)."""
LEAST_EXPONENT = -700.0
"""exp of this is nothing beside any rate, and still a normal float."""


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def fill_decay(
    gaps: FloatArray, start: int, size: int, beta: float, decay: FloatArray, bits: IntArray, scale: FloatArray
) -> None:
    """Write exp(-beta * gap) of a block into `decay`, right to 3e-16; `scale` is a view of `bits`.

    exp(x) = 2^k exp(r) with r in [-log 2, 0] or so, exp(r) by the Taylor sum to the fourteenth power.
    """
    for j in range(size):
        x = max(-beta * gaps[start + j], LEAST_EXPONENT)
        k = np.int32(x * LOG2_E - 0.5)
        r = (x - k * LN2_HIGH) - k * LN2_LOW
        p = 1.0 / 87178291200.0
        p = p * r + 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        p = p * r + 0.5
        p = p * r + 1.0
        decay[j] = p * r + 1.0
        bits[j] = (np.int64(k) + 1023) << 52
    for j in range(size):
        decay[j] *= scale[j]


@njit(cache=True, nogil=True, error_model="numpy")
def sum_logs(values: FloatArray, size: int, products: FloatArray) -> float:
    """Return the sum of the logarithms of the first `size` values, `GROUP` to a logarithm."""
    n_groups = size // GROUP
    for j in range(n_groups):
        products[j] = values[j]
    for g in range(1, GROUP):
        offset = g * n_groups
        for j in range(n_groups):
            products[j] *= values[offset + j]
    total = 0.0
    for j in range(n_groups):
        total += math.log(products[j])
    for j in range(n_groups * GROUP, size):
        total += math.log(values[j])
    return total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def add_block(
    felt: FloatArray, lag: FloatArray, mu: float, jump: float, size: int, intensity: FloatArray
) -> tuple[float, float, float]:
    """Write the intensities of a block and return the sums of 1, felt and lag over the intensity."""
    of_one, of_felt, of_lag = 0.0, 0.0, 0.0
    for j in range(size):
        value = mu + jump * felt[j]
        intensity[j] = value
        inverse = 1.0 / value
        of_one += inverse
        of_felt += inverse * felt[j]
        of_lag += inverse * lag[j]
    return of_one, of_felt, of_lag


@njit(cache=True, nogil=True, error_model="numpy")
def log_likelihood(
    gaps: FloatArray, tail: float, mu: float, n: float, beta: float
) -> tuple[float, float, float, float]:
    """Return the log-likelihood of one side and its derivatives by mu, n and beta, in one pass.

    lambda(t) = mu + n * sum beta exp(-beta (t - t_j)). `gaps` are the days from 0 to the first event and
    between events; `tail` from the last to the end. The past before 0 is taken as empty.
    """
    n_events = gaps.shape[0]
    decay, felt, lag, intensity = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    bits = np.empty(BLOCK, np.int64)
    scale, products = bits.view(np.float64), np.empty(BLOCK // GROUP)
    # -1 is undone by the first step, which finds no event before it.
    heard, late, logs, span = -1.0, 0.0, 0.0, tail
    of_one, of_felt, of_lag = 0.0, 0.0, 0.0
    for start in range(0, n_events, BLOCK):
        size = min(BLOCK, n_events - start)
        fill_decay(gaps, start, size, beta, decay, bits, scale)
        for j in range(size):
            gap, e = gaps[start + j], decay[j]
            heard = e * heard + e
            late = e * late + gap * heard
            span += gap
            felt[j] = heard
            lag[j] = late
        one, felt_sum, lag_sum = add_block(felt, lag, mu, n * beta, size, intensity)
        of_one += one
        of_felt += felt_sum
        of_lag += lag_sum
        logs += sum_logs(intensity, size, products)
    e = math.exp(-beta * tail)
    left = e * (heard + 1.0)
    late = e * late + tail * left
    settled = n_events - left
    return (
        logs - mu * span - n * settled,
        of_one - span,
        beta * of_felt - settled,
        n * (of_felt - beta * of_lag - late),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def step_sides(
    gaps: FloatArray,
    sides: IntArray,
    start: int,
    size: int,
    decay: FloatArray,
    state: FloatArray,
    felt: FloatArray,
    lag: FloatArray,
    offset: int,
) -> None:
    """Carry the excitation of every side through a block; `state` is (2, sides), felt and lag (sides, n).

    The side of the event before the block's first is `sides[start - 1]`; before the very first there is none.
    """
    n_sides = state.shape[1]
    for b in range(n_sides):
        heard, late = state[0, b], state[1, b]
        for j in range(size):
            gap, e = gaps[start + j], decay[j]
            i = start + j
            came = 1.0 if i > 0 and sides[i - 1] == b else 0.0
            heard = e * (heard + came)
            late = e * late + gap * heard
            felt[b, offset + j] = heard
            lag[b, offset + j] = late
        state[0, b], state[1, b] = heard, late


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def sum_of_side(inverse: FloatArray, mask: FloatArray, values: FloatArray, size: int) -> float:
    """Return the sum of inverse * mask * values."""
    total = 0.0
    for j in range(size):
        total += inverse[j] * mask[j] * values[j]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def log_likelihood_sides(
    gaps: FloatArray, sides: IntArray, tail: float, mu: FloatArray, offspring: FloatArray, beta: float
) -> tuple[float, FloatArray, FloatArray, float]:
    """Return the log-likelihood of several sides and its derivatives by mu, offspring and beta, in one pass.

    lambda_a(t) = mu_a + sum_b offspring[a, b] * sum over events j of b of beta exp(-beta (t - t_j)); `gaps`
    are those of all events together, `sides` says whose each is.
    """
    n_events, n_sides = gaps.shape[0], mu.shape[0]
    decay, intensity, ones = np.empty(BLOCK), np.empty(BLOCK), np.ones(BLOCK)
    bits = np.empty(BLOCK, np.int64)
    scale, products = bits.view(np.float64), np.empty(BLOCK // GROUP)
    felt, lag, mask = np.empty((n_sides, BLOCK)), np.empty((n_sides, BLOCK)), np.empty((n_sides, BLOCK))
    state, by_mu = np.zeros((2, n_sides)), np.zeros(n_sides)
    of_felt, of_lag = np.zeros((n_sides, n_sides)), np.zeros((n_sides, n_sides))
    logs = 0.0
    for start in range(0, n_events, BLOCK):
        size = min(BLOCK, n_events - start)
        fill_decay(gaps, start, size, beta, decay, bits, scale)
        step_sides(gaps, sides, start, size, decay, state, felt, lag, 0)
        intensity[:size] = 0.0
        for a in range(n_sides):
            for j in range(size):
                mask[a, j] = 1.0 if sides[start + j] == a else 0.0
                intensity[j] += mask[a, j] * mu[a]
            for b in range(n_sides):
                jump = beta * offspring[a, b]
                for j in range(size):
                    intensity[j] += mask[a, j] * jump * felt[b, j]
        logs += sum_logs(intensity, size, products)
        for j in range(size):
            intensity[j] = 1.0 / intensity[j]
        for a in range(n_sides):
            by_mu[a] += sum_of_side(intensity, mask[a], ones, size)
            for b in range(n_sides):
                of_felt[a, b] += sum_of_side(intensity, mask[a], felt[b], size)
                of_lag[a, b] += sum_of_side(intensity, mask[a], lag[b], size)
    return close_sides(gaps, sides, tail, mu, offspring, beta, state, logs, by_mu, of_felt, of_lag)


@njit(cache=True, nogil=True, error_model="numpy")
def settle_sides(
    sides: IntArray, tail: float, beta: float, state: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return, for each side, sum(1 - exp(-beta u)) and sum(u exp(-beta u)), u from an event to the end."""
    n_sides, n_events = state.shape[1], sides.shape[0]
    settled, late = np.zeros(n_sides), np.zeros(n_sides)
    for i in range(n_events):
        settled[sides[i]] += 1.0
    e = math.exp(-beta * tail)
    for b in range(n_sides):
        came = 1.0 if n_events > 0 and sides[n_events - 1] == b else 0.0
        left = e * (state[0, b] + came)
        late[b] = e * state[1, b] + tail * left
        settled[b] -= left
    return settled, late


@njit(cache=True, nogil=True, error_model="numpy")
def close_sides(
    gaps: FloatArray,
    sides: IntArray,
    tail: float,
    mu: FloatArray,
    offspring: FloatArray,
    beta: float,
    state: FloatArray,
    logs: float,
    by_mu: FloatArray,
    of_felt: FloatArray,
    of_lag: FloatArray,
) -> tuple[float, FloatArray, FloatArray, float]:
    """Take the expected number of events off the sums over events; see `log_likelihood_sides`."""
    n_sides = mu.shape[0]
    span = gaps.sum() + tail
    settled, late = settle_sides(sides, tail, beta, state)
    value, by_beta, by_offspring = logs, 0.0, np.empty((n_sides, n_sides))
    for a in range(n_sides):
        value -= mu[a] * span
        by_mu[a] -= span
        for b in range(n_sides):
            value -= offspring[a, b] * settled[b]
            by_offspring[a, b] = beta * of_felt[a, b] - settled[b]
            by_beta += offspring[a, b] * (of_felt[a, b] - beta * of_lag[a, b] - late[b])
    return value, by_mu, by_offspring, by_beta


@njit(cache=True, nogil=True, error_model="numpy")
def excitation(
    gaps: FloatArray, sides: IntArray, tail: float, beta: float, n_sides: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return `felt` and `lag` of every event by side, shape (sides, events), and the sums at the end."""
    n_events = gaps.shape[0]
    decay, bits = np.empty(BLOCK), np.empty(BLOCK, np.int64)
    scale = bits.view(np.float64)
    felt, lag = np.empty((n_sides, n_events)), np.empty((n_sides, n_events))
    state = np.zeros((2, n_sides))
    for start in range(0, n_events, BLOCK):
        size = min(BLOCK, n_events - start)
        fill_decay(gaps, start, size, beta, decay, bits, scale)
        step_sides(gaps, sides, start, size, decay, state, felt, lag, start)
    settled, late = settle_sides(sides, tail, beta, state)
    return felt, lag, settled, late
