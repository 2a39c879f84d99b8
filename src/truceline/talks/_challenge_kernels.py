"""Compiled steps of one round of the challenge model; `_challenge_reference` is the judge.

Positions on any scale, weights c * s. Held positions are worked on once however many hold them, sorted, so
that a pair (a, b) with a < b is read upwards. No checks here, and no loop knows what an issue is. They let go
of the interpreter, so that two threads run two halves of the samples.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from truceline.talks._challenge_powers import raise_row

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Codes = NDArray[np.int8]

NONE, CONFRONTATION, COMPROMISE, CAPITULATION = 0, 1, 2, 3


@njit(cache=True, nogil=True)
def group_held(x: Floats, order: Longs, held: Floats, place: Longs, count: Floats) -> int:
    """Write the m held positions, ascending, with each actor's place among them and how many hold each.

    order: (n,) any order of the actors, left sorted by position; the one before is the best start.
    """
    for late in range(1, len(x)):
        actor, before = order[late], late - 1
        while before >= 0 and x[order[before]] > x[actor]:
            order[before + 1] = order[before]
            before -= 1
        order[before + 1] = actor
    m = -1
    for i in order:
        if m < 0 or x[i] != held[m]:
            m += 1
            held[m] = x[i]
            count[m] = 0.0
        place[i] = m
        count[m] += 1.0
    return m + 1


@njit(cache=True, nogil=True)
def find_unbeaten(m: int, place: Longs, weight: Floats, even_share: float) -> tuple[int, int]:
    """Return the lowest and highest of the m held places that no other beats with r = 1.

    Place b beats a when sum_k w_k (|x_k - x_a| - |x_k - x_b|) > 0, so the unbeaten ones are those with the
    least weighted distance: from the lower to the upper weighted median.
    """
    at = np.zeros(m)
    total = 0.0
    for k in range(len(place)):
        at[place[k]] += weight[k]
        total += weight[k]
    half = (0.5 - even_share) * total
    low, below = 0, at[0]
    while below < half:
        low += 1
        below += at[low]
    high, above = m - 1, at[m - 1]
    while above < half:
        high -= 1
        above += at[high]
    return low, high


@njit(cache=True, nogil=True)
def sum_apart(value: Floats, m: int, apart: Floats) -> None:
    """Write apart[a, b] for a < b: the sum over actors k of |value[k, b] - value[k, a]|.

    Sums run over k in one order whatever the processor; the inner loop is over b, and four actors at a time,
    so that it is fast without taking them in another order.
    """
    n = len(value)
    for a in range(m):
        sums = apart[a, a + 1 : m]
        for b in range(len(sums)):
            sums[b] = 0.0
        k = 0
        while k + 4 <= n:
            own, own1, own2, own3 = value[k, a], value[k + 1, a], value[k + 2, a], value[k + 3, a]
            line, line1 = value[k, a + 1 : m], value[k + 1, a + 1 : m]
            line2, line3 = value[k + 2, a + 1 : m], value[k + 3, a + 1 : m]
            for b in range(len(sums)):
                first = abs(line[b] - own) + abs(line1[b] - own1)
                sums[b] += first + (abs(line2[b] - own2) + abs(line3[b] - own3))
            k += 4
        while k < n:
            own, line = value[k, a], value[k, a + 1 : m]
            for b in range(len(sums)):
                sums[b] += abs(line[b] - own)
            k += 1


@njit(cache=True, nogil=True)
def find_chances(
    value: Floats, m: int, count: Floats, of_all_pairs: bool, even: float, chance: Floats
) -> None:
    """Write chance[a, b], that place a prevails over place b.

    value: (n, m) weighted distance of each actor to each place, to the power of its exponent. Support of k
    for a over b is value[k, b] - value[k, a]; with T the sum of its absolute values and N of itself,
    (T + N) / 2 is the strength behind a. Over T, or over the T of all ordered pairs of actors; 0.5 where T is
    at most `even`.
    """
    sum_apart(value, m, chance)
    total = np.zeros(m)
    for k in range(len(value)):
        for b in range(m):
            total[b] += value[k, b]
    everything = 0.0
    if of_all_pairs:
        for a in range(m):
            for b in range(a + 1, m):
                everything += 2.0 * count[a] * count[b] * chance[a, b]
    for a in range(m):
        chance[a, a] = 0.5
        for b in range(a + 1, m):
            both = chance[a, b]
            net = min(both, max(-both, total[b] - total[a]))
            if not of_all_pairs and both <= even:
                chance[a, b] = chance[b, a] = 0.5
            else:
                divisor = 2.0 * (everything if of_all_pairs else both)
                chance[a, b] = (both + net) / divisor
                chance[b, a] = (both - net) / divisor


@njit(cache=True, nogil=True)
def find_exponents(
    near: Floats,
    m: int,
    place: Longs,
    count: Floats,
    salience: Floats,
    chance: Floats,
    most_risk: float,
    even_share: float,
    exponent: Floats,
) -> None:
    """Write r of each actor from the dangers at r = 1: danger_i = sum_j 2 d_ij (1 - 2 s_i (1 - P(j, i))).

    That is E_i(j, i) where U_s = 2 d, U_f = -2 d and U_q = 0. near: (m, m) distance between places as a share
    of the range.
    """
    n = len(place)
    most, least = -np.inf, np.inf
    for i in range(n):
        here, danger = place[i], 0.0
        for b in range(m):
            danger += count[b] * 2.0 * near[here, b] * (1.0 - 2.0 * salience[i] * (1.0 - chance[b, here]))
        exponent[i] = danger
        most, least = max(most, danger), min(least, danger)
    for i in range(n):
        if most - least <= even_share * n:
            exponent[i] = 1.0
        else:
            risk = (2.0 * exponent[i] - most - least) / (most - least) * most_risk
            exponent[i] = (1.0 - risk) / (1.0 + risk)


@njit(cache=True, nogil=True)
def answer_offers(
    x: Floats,
    held: Floats,
    m: int,
    place: Longs,
    salience: Floats,
    exponent: Floats,
    chance: Floats,
    logs: Floats,
    of_code: bool,
    lean: Codes,
    status_quo_chance: float,
    even: float,
    same: float,
    then: Floats,
    moves: Codes,
    targets: Longs,
) -> int:
    """Write where everybody goes, the class of the offer taken and from whom; return the number of ties."""
    n = len(x)
    stay, lose = np.empty(m), np.empty(m)
    power = np.empty(m)
    bits = power.view(np.int64)
    rank = np.empty(n)
    goal = np.empty(n)
    kind = np.empty(n, dtype=np.int8)
    n_ties = 0
    for i in range(n):
        here, r = place[i], exponent[i]
        status_quo = status_quo_chance * (2.0 - 4.0 * math.exp(-r * math.log(2.0)))
        for b in range(m):
            stay[b] = r * logs[1, here, b]
            lose[b] = r * logs[2, here, b]
        raise_row(stay, power, bits)
        raise_row(lose, power, bits)
        for b in range(m):  # U_s - q U_q, and U_s - U_f
            success = 2.0 - 4.0 * stay[b]
            stay[b] = success - status_quo
            lose[b] = success - (2.0 - 4.0 * lose[b])
        first = CAPITULATION + 1
        for j in range(n):
            kind[j] = NONE
            b = place[j]
            if abs(x[i] - x[j]) <= same:
                continue
            other = stay[b] - salience[i] * (1.0 - chance[b, here]) * lose[b]
            if other <= even:
                continue
            own = stay[b] - salience[j] * (1.0 - chance[here, b]) * lose[b]
            if own > even:
                if other - own <= even:
                    continue
                kind[j] = CONFRONTATION
                goal[j] = x[j]
            elif own < -even:
                if other >= -own - even:
                    kind[j] = COMPROMISE
                    goal[j] = x[i] + (x[j] - x[i]) * min(1.0, -own / other)
                else:
                    kind[j] = CAPITULATION
                    goal[j] = x[j]
            else:
                continue
            rank[j] = abs(goal[j] - x[i])
            if of_code and kind[j] == COMPROMISE:
                rank[j] = (other * x[j] - own * x[i]) / (other - own)
            first = min(first, kind[j])
        then[i], moves[i], targets[i] = x[i], NONE, -1
        if first > CAPITULATION:
            continue
        best = np.inf
        for j in range(n):
            if kind[j] == first:
                best = min(best, rank[j])
        low, high = np.inf, -np.inf
        for j in range(n):
            if kind[j] == first and rank[j] <= best + same:
                low, high = min(low, goal[j]), max(high, goal[j])
        if high - low > same:
            n_ties += 1
        wanted = high if lean[i] > 0 else low
        for j in range(n):
            if kind[j] == first and rank[j] <= best + same and abs(goal[j] - wanted) <= same:
                if abs(goal[j] - x[i]) > same:
                    then[i], moves[i], targets[i] = goal[j], first, j
                break
    return n_ties
