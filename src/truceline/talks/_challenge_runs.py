"""Compiled runs of the challenge model: rounds until they end, and many issues one after another.

The steps of a round are in `_challenge_kernels`. No checks here; plain arrays in and out. The loops let go of
the interpreter, so that two threads can run two halves of the samples.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truceline.talks._challenge_kernels import (
    answer_offers,
    find_chances,
    find_exponents,
    find_unbeaten,
    group_held,
)
from truceline.talks._challenge_powers import raise_row

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Codes = NDArray[np.int8]

SETTLED, CYCLE, ROUNDS = 0, 1, 2


@njit(cache=True, nogil=True)
def is_same(before: Floats, after: Floats, same: float) -> bool:
    """Tell whether no actor stands further than `same` from where it stood."""
    furthest = 0.0
    for i in range(len(before)):
        furthest = max(furthest, abs(before[i] - after[i]))
    return furthest <= same


@njit(cache=True, nogil=True)
def measure_pairs(held: Floats, m: int, span: float, near: Floats, logs: Floats) -> None:
    """Write d of every pair of places, and the logarithms of d, 1/2 - d/2 and 1/2 + d/2."""
    for a in range(m):
        for b in range(a + 1):
            d = (held[a] - held[b]) / span
            near[a, b] = near[b, a] = d
            logs[0, a, b] = logs[0, b, a] = math.log(d) if d > 0.0 else -np.inf
            logs[1, a, b] = logs[1, b, a] = math.log(0.5 - 0.5 * d) if d < 1.0 else -np.inf
            logs[2, a, b] = logs[2, b, a] = math.log(0.5 + 0.5 * d)


@njit(cache=True, nogil=True)
def run_rounds(
    salience: Floats,
    weight: Floats,
    of_code: bool,
    lean: Codes,
    most_risk: float,
    status_quo_chance: float,
    even_share: float,
    same_share: float,
    positions: Floats,
    exponents: Floats,
    moves: Codes,
    targets: Longs,
    outcome: Floats,
) -> tuple[int, int, int, int]:
    """Run one issue from positions[0]; return rounds run, how it ended, where the cycle starts, ties.

    weight: (n,) capability times salience, any unit. lean: (n,) which of equally good offers each takes.

    Written: positions (rounds + 1, n), exponents, moves, targets (rounds, n), outcome (rounds + 1, 3): the
    weighted mean and the lowest and highest unbeaten held position. Rows past the rounds run stay untouched.
    """
    n_rounds, n = exponents.shape
    value, chance = np.empty((n, n)), np.empty((n, n))
    near, logs = np.empty((n, n)), np.empty((3, n, n))
    held, count, share, power = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    place, order = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    bits = power.view(np.int64)
    total, span, n_ties = 0.0, 0.0, 0
    for i in range(n):
        order[i] = i
        total += weight[i]
    for i in range(n):
        share[i] = weight[i] / total
    for t in range(n_rounds + 1):
        x = positions[t]
        m = group_held(x, order, held, place, count)
        low, high = find_unbeaten(m, place, weight, even_share)
        outcome[t, 0], outcome[t, 1], outcome[t, 2] = 0.0, held[low], held[high]
        for i in range(n):
            outcome[t, 0] += share[i] * x[i]
        if t == 0:
            span = held[m - 1] - held[0]
            same = same_share * span
        if span == 0.0:
            return 0, SETTLED, -1, 0
        if t > 0:
            if is_same(positions[t - 1], x, 0.0):
                return t, SETTLED, -1, n_ties
            for back in range(t - 1, -1, -1):
                if is_same(positions[back], x, same):
                    return t, CYCLE, back, n_ties
        if t == n_rounds:
            break
        measure_pairs(held, m, span, near, logs)
        for k in range(n):
            for b in range(m):
                value[k, b] = share[k] * near[place[k], b]
        find_chances(value, m, count, of_code, even_share, chance)
        find_exponents(near, m, place, count, salience, chance, most_risk, even_share, exponents[t])
        for k in range(n):
            line = value[k, :m]
            for b in range(m):
                line[b] = exponents[t, k] * logs[0, place[k], b]
            raise_row(line, power[:m], bits[:m])
            for b in range(m):
                line[b] *= share[k]
            line[place[k]] = 0.0
        find_chances(value, m, count, of_code, even_share, chance)
        n_ties += answer_offers(
            x,
            held,
            m,
            place,
            salience,
            exponents[t],
            chance,
            logs,
            of_code,
            lean,
            status_quo_chance,
            even_share,
            same,
            positions[t + 1],
            moves[t],
            targets[t],
        )
    return n_rounds, ROUNDS, -1, n_ties


@njit(cache=True, nogil=True)
def run_many(
    position: Floats,
    salience: Floats,
    weight: Floats,
    of_code: bool,
    lean: Codes,
    most_risk: float,
    status_quo_chance: float,
    even_share: float,
    same_share: float,
    n_rounds: int,
    results: Floats,
    endings: Longs,
) -> None:
    """Run each row; write results (k, 3): low, high of the outcome and mean; endings (k, 4) of `run_rounds`.

    Low and high are the lowest unbeaten position of the last row, or its span over the rows of the cycle.
    """
    n_problems, n = position.shape
    positions, exponents = np.empty((n_rounds + 1, n)), np.empty((n_rounds, n))
    moves, targets = np.empty((n_rounds, n), dtype=np.int8), np.empty((n_rounds, n), dtype=np.int64)
    outcome = np.empty((n_rounds + 1, 3))
    for row in range(n_problems):
        for i in range(n):  # one by one: assigning rows takes seconds to compile
            positions[0, i] = position[row, i]
        rounds, ended, start, n_ties = run_rounds(
            salience[row],
            weight[row],
            of_code,
            lean[row],
            most_risk,
            status_quo_chance,
            even_share,
            same_share,
            positions,
            exponents,
            moves,
            targets,
            outcome,
        )
        first = start if ended == CYCLE else rounds
        low, high = outcome[rounds, 1], outcome[rounds, 1]
        for t in range(first, rounds):
            low, high = min(low, outcome[t, 1]), max(high, outcome[t, 1])
        results[row, 0], results[row, 1] = low, high
        results[row, 2] = outcome[rounds, 0]
        endings[row, 0], endings[row, 1], endings[row, 2], endings[row, 3] = rounds, ended, start, n_ties
