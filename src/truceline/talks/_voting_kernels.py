"""Compiled loops of voting power: how many coalitions have each weight, and how likely each weight is.

Whole weights, heaviest first; counts are remainders, so that several calls give them exactly however large
they are. No checks here: `_voting_reference` is the judge. No loop knows of quotas, vetoes or names.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

FEW_STEPS = 64
"""Weights from here on are divided out block by block: the light ones would gather rounding that way."""


@njit(cache=True)
def count_by_weight(
    weights: Longs, length: int, needed: int, upside_down: bool, distinct: Longs, modulus: int
) -> Longs:
    """Return (d + 2,) remainders by `modulus`: swings of each distinct weight, light sets, minimal sets.

    weights: (n,) heaviest first, all at least 1. length: weights below it are told apart.

    *Swings* of a weight w: sets of the others of a player of weight w that weigh from length - w to
    length - 1. From f, the counts over all players, those without the player are f[s] - f[s-w] + f[s-2w] ...
    and their sum over that window takes each block of w counts with the sign in turn. *Light*: sets below
    `length`. *Minimal*: for each player, sets of those before it that weigh from needed - w to needed - 1;
    upside down, sets of those before it that are left out then.
    """
    now, after = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
    now[0] = 1
    top, before, minimal = 0, 0, 0
    for w in weights:
        first = before - needed + 1 if upside_down else needed - w
        for s in range(max(first, 0), min(first + w - 1, top) + 1):
            minimal += now[s]
            if minimal >= modulus:
                minimal -= modulus
        before += w
        top = min(top + w, length - 1)
        for s in range(min(w, top + 1)):
            after[s] = now[s]
        if w <= top:
            _add_shifted(now[w : top + 1], now[: top + 1 - w], after[w : top + 1], modulus)
        now, after = after, now
    found = np.zeros(len(distinct) + 2, dtype=np.int64)
    for s in range(1, length):
        count = now[s] + now[s - 1] - modulus
        now[s] = count + modulus if count < 0 else count
    for place in range(len(distinct)):
        found[place] = _alternate(now, length, distinct[place], modulus)
    found[-2] = now[length - 1]
    found[-1] = minimal
    return found


@njit(cache=True)
def _add_shifted(here: Longs, shifted: Longs, into: Longs, modulus: int) -> None:
    """Write the sums of two rows, as remainders; slices from zero let the compiler take several at once."""
    for s in range(len(into)):
        count = here[s] + shifted[s] - modulus
        into[s] = count + modulus if count < 0 else count


@njit(cache=True)
def _alternate(sums: Longs, length: int, step: int, modulus: int) -> int:
    """Return the last `step` counts less the `step` before, and so on; `sums` are running totals."""
    total, sign, end = 0, 1, length
    while end > 0:
        block = sums[end - 1] - (sums[end - step - 1] if end > step else 0)
        total = (total + sign * block) % modulus
        sign, end = -sign, end - step
    return total


@njit(cache=True)
def count_by_size(weights: Longs, length: int, distinct: Longs, modulus: int) -> Longs:
    """Return (d + 1, n + 1) remainders: swings of each distinct weight by size of the set; last, light sets.

    The same as `count_by_weight` with the sets told apart by how many they hold.
    """
    n = len(weights)
    sums = np.zeros((n + 1, length), dtype=np.int64)
    sums[0, 0] = 1
    top = 0
    for j in range(n):
        w = weights[j]
        top = min(top + w, length - 1)
        for k in range(j + 1, 0, -1):
            if w <= top:
                row = sums[k, w : top + 1]
                _add_shifted(row, sums[k - 1, : top + 1 - w], row, modulus)
    for k in range(n + 1):
        for s in range(1, length):
            count = sums[k, s] + sums[k, s - 1] - modulus
            sums[k, s] = count + modulus if count < 0 else count
    found = np.zeros((len(distinct) + 1, n + 1), dtype=np.int64)
    for place in range(len(distinct)):
        w = distinct[place]
        for k in range(n):
            total, sign, end = 0, 1, length
            for j in range(k, -1, -1):
                if end <= 0:
                    break
                block = sums[j, end - 1] - (sums[j, end - w - 1] if end > w else 0)
                total = (total + sign * block) % modulus
                sign, end = -sign, end - w
            found[place, k] = total
    for k in range(n + 1):
        found[-1, k] = sums[k, length - 1]
    return found


@njit(cache=True)
def swing_chances(weights: Longs, length: int, distinct: Longs, p: float, least: float) -> Floats:
    """Return (d + 1,): the chance of a swing for each distinct weight; last, the chance of a light set.

    Each player is in with chance p, at most one half, on its own. Chances below `least` at either end of
    what is likely are dropped, which also keeps numbers too small for the machine out of the loop. The
    player's own part is divided out from the light end: errors shrink by p / (1 - p) at each step. A heavy
    weight needs few steps, taken on running totals as in `count_by_weight`; a light one goes sum by sum.
    """
    q = 1.0 - p
    now, after = np.zeros(length), np.zeros(length)
    now[0] = 1.0
    low, top = 0, 0
    for w in weights:
        high = min(top + w, length - 1)
        for s in range(top + 1, high + 1):
            now[s] = 0.0
        for s in range(low, min(low + w, high + 1)):
            after[s] = q * now[s]
        if low + w <= high:
            _mix_shifted(now[low + w : high + 1], now[low : high + 1 - w], after[low + w : high + 1], q, p)
        top = high
        while low < top and after[low] < least:
            low += 1
        while low < top and after[top] < least:
            top -= 1
        now, after = after, now
    now[:low] = 0.0
    now[top + 1 :] = 0.0
    found = np.zeros(len(distinct) + 1)
    for place in range(len(distinct)):
        if distinct[place] < FEW_STEPS:
            found[place] = _divide_out(now, after, low, length, distinct[place], p)
    total, lost = 0.0, 0.0
    for s in range(length):  # running totals, each with what rounding took from it (Kahan)
        more = now[s] - lost
        grown = total + more
        lost = (grown - total) - more
        total = grown
        now[s] = total
    for place in range(len(distinct)):
        w = distinct[place]
        if w >= FEW_STEPS:
            chance, share, end = 0.0, 1.0 / q, length
            while end > low:
                chance += share * (now[end - 1] - (now[end - w - 1] if end > w else 0.0))
                share, end = -share * p / q, end - w
            found[place] = chance
    found[-1] = total
    return found


@njit(cache=True)
def _mix_shifted(here: Floats, shifted: Floats, into: Floats, q: float, p: float) -> None:
    for s in range(len(into)):
        into[s] = q * here[s] + p * shifted[s]


@njit(cache=True)
def _divide_out(now: Floats, spare: Floats, low: int, length: int, w: int, p: float) -> float:
    """Return the chance that the others weigh from length - w to length - 1; `now` is zero below `low`."""
    q = 1.0 - p
    spare[:low] = 0.0
    for s in range(low, length):
        spare[s] = (now[s] - p * spare[s - w]) / q if s >= w else now[s] / q
    chance = 0.0
    for s in range(max(length - w, low), length):
        chance += spare[s]
    return chance
