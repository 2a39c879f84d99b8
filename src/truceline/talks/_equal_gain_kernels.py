"""Compiled loops of the equal-gain exchange: list what could be exchanged, realise the best again and again.

Arrays of (actor, issue), positions in units of the issue's scale, weights salience x power. No checks here:
`_equal_gain_reference` is the judge. What the rules mean stands in `equal_gain`.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def list_candidates(
    salience: Floats, weight: Floats, total: Floats, left: Bools, rounding: float
) -> tuple[Ints, Floats]:
    """Return (k, 4) actor a, actor b, issue p, issue q and (k, 4) worth of every pair that could exchange.

    a demands p and supplies q, b the reverse. `worth` turns into gain: [0] the supplier's way left on p,
    [1] the supplier's way left on q, [2] a shift of the outcome on p, [3] one on q.
    """
    n, m = salience.shape
    room = 0
    for first in range(n):
        for second in range(first + 1, n):
            apart = 0
            for issue in range(m):
                opposite = left[first, issue] != left[second, issue]
                if opposite and weight[first, issue] > 0 and weight[second, issue] > 0:
                    apart += 1
            room += apart * (apart - 1) // 2
    parts = np.empty((room, 4), dtype=np.int32)
    worth = np.empty((room, 4))
    opposed = np.empty(m, dtype=np.int32)
    k = 0
    for first in range(n):
        for second in range(first + 1, n):
            apart = 0
            for issue in range(m):
                opposite = left[first, issue] != left[second, issue]
                if opposite and weight[first, issue] > 0 and weight[second, issue] > 0:
                    opposed[apart] = issue
                    apart += 1
            for j in range(apart):
                for i in range(j + 1, apart):
                    p, q = opposed[j], opposed[i]
                    cross = salience[first, p] * salience[second, q]
                    counter = salience[first, q] * salience[second, p]
                    if abs(cross - counter) <= rounding * max(cross, counter):
                        continue
                    a, b = (first, second) if cross > counter else (second, first)
                    per_p = abs(cross - counter) / (salience[a, q] + salience[b, q])
                    per_q = abs(cross - counter) / (salience[a, p] + salience[b, p])
                    parts[k, 0], parts[k, 1], parts[k, 2], parts[k, 3] = a, b, p, q
                    worth[k, 0] = per_p * weight[b, p] / total[p]
                    worth[k, 1] = per_q * weight[a, q] / total[q]
                    worth[k, 2] = per_p
                    worth[k, 3] = per_q
                    k += 1
    return parts[:k], worth[:k]


@njit(cache=True, nogil=True, inline="always")
def _find_way(position: Floats, vote: Floats, left: Bools, supplier: int, demander: int, issue: int) -> float:
    """Return how far the supplier's vote still is from the demander's position; negative once beyond it."""
    way = position[demander, issue] - vote[supplier, issue]
    return float(way if left[supplier, issue] else -way)


@njit(cache=True, nogil=True, inline="always")
def _find_ceiling(parts: Ints, worth: Floats, k: int, position: Floats, vote: Floats, left: Bools) -> float:
    """Return the gain of a candidate if no outcome came in the way; it never rises from step to step."""
    a, b, p, q = parts[k, 0], parts[k, 1], parts[k, 2], parts[k, 3]
    by_p = worth[k, 0] * _find_way(position, vote, left, b, a, p)
    by_q = worth[k, 1] * _find_way(position, vote, left, a, b, q)
    return float(min(by_p, by_q))


@njit(cache=True, nogil=True)
def _sink(keys: Floats, ids: Ints, size: int, at: int) -> None:
    """Restore the heap, largest key first, below the place `at`."""
    key, one = keys[at], ids[at]
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] > keys[child]:
            child += 1
        if keys[child] <= key:
            break
        keys[at], ids[at] = keys[child], ids[child]
        at = child
    keys[at], ids[at] = key, one


@njit(cache=True, nogil=True)
def _push(keys: Floats, ids: Ints, size: int, key: float, one: int) -> int:
    """Add a candidate to the heap and return its new size."""
    at = size
    while at > 0 and keys[(at - 1) // 2] < key:
        keys[at], ids[at] = keys[(at - 1) // 2], ids[(at - 1) // 2]
        at = (at - 1) // 2
    keys[at], ids[at] = key, one
    return size + 1


@njit(cache=True, nogil=True, inline="always")
def _find_bar(parts: Ints, k: int, room: Floats, slack: Floats) -> int:
    """Return the list of those who wait for the same outcome to come back, or -1 when nothing bars `k`.

    A demander needs the outcome short of its position, a supplier needs it not beyond its own: two lists
    for each actor and issue.
    """
    m = room.shape[1]
    a, b, p, q = parts[k, 0], parts[k, 1], parts[k, 2], parts[k, 3]
    if room[a, p] <= slack[p]:
        return int(2 * (a * m + p))
    if room[b, q] <= slack[q]:
        return int(2 * (b * m + q))
    if room[b, p] < -slack[p]:
        return int(2 * (b * m + p) + 1)
    if room[a, q] < -slack[q]:
        return int(2 * (a * m + q) + 1)
    return -1


@njit(cache=True, nogil=True, inline="always")
def _hold_down(parts: Ints, worth: Floats, k: int, room: Floats, gain: float) -> float:
    """Return what is left of a gain when neither outcome may pass the position of who demands it."""
    by_p = worth[k, 2] * room[parts[k, 0], parts[k, 2]]
    by_q = worth[k, 3] * room[parts[k, 1], parts[k, 3]]
    return float(min(gain, by_p, by_q))


@njit(cache=True, nogil=True)
def find_gains(
    position: Floats, left: Bools, room: Floats, slack: Floats, parts: Ints, worth: Floats, stop: bool
) -> tuple[Floats, Floats]:
    """Return the gain of every candidate before anything was exchanged, 0 where barred, and its ceiling."""
    gains, ceilings = np.empty(len(parts)), np.empty(len(parts))
    for k in range(len(parts)):
        gain = _find_ceiling(parts, worth, k, position, position, left)
        ceilings[k] = gain
        if stop:
            gain = 0.0 if _find_bar(parts, k, room, slack) >= 0 else _hold_down(parts, worth, k, room, gain)
        gains[k] = gain
    return gains, ceilings


@njit(cache=True, nogil=True, inline="always")
def _comes_before(parts: Ints, one: int, other: int, actor_rank: Ints, issue_rank: Ints) -> bool:
    """Tell whether a candidate has the tie rule's preference: lower actors of the pair, then lower issues."""
    for column, rank in ((0, actor_rank), (2, issue_rank)):
        x, y = rank[parts[one, column]], rank[parts[one, column + 1]]
        u, v = rank[parts[other, column]], rank[parts[other, column + 1]]
        if min(x, y) != min(u, v):
            return bool(min(x, y) < min(u, v))
        if max(x, y) != max(u, v):
            return bool(max(x, y) < max(u, v))
    return False


@njit(cache=True, nogil=True)
def _wake(
    issue: int,
    room: Floats,
    slack: Floats,
    first_waiting: Ints,
    next_waiting: Ints,
    ceiling: Floats,
    keys: Floats,
    ids: Ints,
    size: int,
) -> int:
    """Put candidates that this issue's outcome no longer bars back on the heap; return its new size."""
    n, m = room.shape
    for actor in range(n):
        for role in range(2):
            bar = 2 * (actor * m + issue) + role
            barred = room[actor, issue] <= slack[issue] if role == 0 else room[actor, issue] < -slack[issue]
            if barred:
                continue
            k = first_waiting[bar]
            while k >= 0:
                size = _push(keys, ids, size, ceiling[k], k)
                k = next_waiting[k]
            first_waiting[bar] = -1
    return size


@njit(cache=True, nogil=True)
def realise(
    position: Floats,
    weight: Floats,
    total: Floats,
    left: Bools,
    slack: Floats,
    parts: Ints,
    worth: Floats,
    ceilings: Floats,
    actor_rank: Ints,
    issue_rank: Ints,
    rounding: float,
    least: float,
    limit: int,
    stop: bool,
) -> tuple[Ints, Floats, Floats, int, bool]:
    """Realise the exchange with the highest gain until none is left or `limit` are done.

    Returns the candidate of each step, (step, 9) gain, votes from and to on p and on q, outcomes before and
    after on p and on q, the votes at the end, the number of steps with a tie, and whether none was left.

    The candidates come with falling `ceilings`: their gains if no outcome came in the way. These never rise
    from step to step, so the list as it came, and a heap of those seen before, may hold old ones: the next is
    looked at again before it counts. What was pulled out stays in `front` while it is tied for the best or
    held down by an outcome; what an outcome bars altogether waits in the list of the actor and issue
    concerned until that outcome comes back.
    """
    n, m = position.shape
    vote = position.copy()
    outcome = np.empty(m)
    room = np.empty((n, m))
    for issue in range(m):
        _weigh(position, vote, weight, total, left, outcome, room, issue)
    n_listed, n_seen = len(parts), 0
    keys, ids, size = np.empty(n_listed), np.empty(n_listed, dtype=np.int32), 0
    front, front_gain, n_front = np.empty(n_listed, dtype=np.int32), np.empty(n_listed), 0
    first_waiting, next_waiting = np.full(2 * n * m, -1, dtype=np.int32), np.empty(n_listed, dtype=np.int32)
    ceiling = ceilings.copy()
    steps = min(limit, n_listed)
    chosen, record = np.empty(steps, dtype=np.int32), np.empty((steps, 9))
    done, n_ties = 0, 0
    while True:
        best, kept = least, 0
        for i in range(n_front):  # the front of the last step, looked at again
            k = front[i]
            ceiling[k] = _find_ceiling(parts, worth, k, position, vote, left)
            if ceiling[k] <= least:
                continue
            gain = ceiling[k]
            if stop:
                bar = _find_bar(parts, k, room, slack)
                if bar >= 0:
                    next_waiting[k], first_waiting[bar] = first_waiting[bar], k
                    continue
                gain = _hold_down(parts, worth, k, room, gain)
            front[kept], front_gain[kept] = k, gain
            kept += 1
            best = max(best, gain)
        n_front = kept
        while size > 0 or n_seen < n_listed:
            anew = n_seen < n_listed and (size == 0 or ceiling[n_seen] >= keys[0])
            key, k = (ceiling[n_seen], n_seen) if anew else (keys[0], ids[0])
            if key <= least or key < best * (1 - rounding):
                break
            fresh = _find_ceiling(parts, worth, k, position, vote, left)
            if anew:
                n_seen += 1
            else:
                size -= 1
                keys[0], ids[0] = keys[size], ids[size]
                _sink(keys, ids, size, 0)
            if fresh <= least:
                continue
            if fresh < key:
                size = _push(keys, ids, size, fresh, k)
                continue
            ceiling[k], gain = fresh, fresh
            if stop:
                bar = _find_bar(parts, k, room, slack)
                if bar >= 0:
                    next_waiting[k], first_waiting[bar] = first_waiting[bar], k
                    continue
                gain = _hold_down(parts, worth, k, room, gain)
            front[n_front], front_gain[n_front] = k, gain
            n_front += 1
            best = max(best, gain)
        if best <= least or done == steps:
            return chosen[:done], record[:done], vote, n_ties, best <= least
        taken, tied, kept = -1, 0, 0
        for i in range(n_front):
            k = front[i]
            if front_gain[i] >= best * (1 - rounding):
                tied += 1
                if taken < 0 or _comes_before(parts, k, taken, actor_rank, issue_rank):
                    taken = k
            elif front_gain[i] == ceiling[k]:
                size = _push(keys, ids, size, ceiling[k], k)
                continue
            front[kept], front_gain[kept] = k, front_gain[i]
            kept += 1
        n_front = 0
        for i in range(kept):
            if front[i] != taken:
                front[n_front] = front[i]
                n_front += 1
            else:
                record[done, 0] = front_gain[i]
        n_ties += tied > 1
        a, b, p, q = parts[taken, 0], parts[taken, 1], parts[taken, 2], parts[taken, 3]
        chosen[done] = taken
        _move(position, vote, left, b, a, p, record[done, 0] / worth[taken, 0], rounding, record[done, 1:3])
        _move(position, vote, left, a, b, q, record[done, 0] / worth[taken, 1], rounding, record[done, 3:5])
        for place, issue in ((5, p), (7, q)):
            record[done, place] = outcome[issue]
            _weigh(position, vote, weight, total, left, outcome, room, issue)
            record[done, place + 1] = outcome[issue]
            size = _wake(issue, room, slack, first_waiting, next_waiting, ceiling, keys, ids, size)
        done += 1


@njit(cache=True, nogil=True)
def _weigh(
    position: Floats,
    vote: Floats,
    weight: Floats,
    total: Floats,
    left: Bools,
    outcome: Floats,
    room: Floats,
    issue: int,
) -> None:
    """Write the weighted mean of the votes on an issue, and how far each actor's position lies beyond it.

    Beyond it on the side where it stood at the start: negative once the outcome has passed the position.
    """
    value = 0.0
    for actor in range(len(vote)):
        value += weight[actor, issue] * vote[actor, issue]
    outcome[issue] = value / total[issue]
    for actor in range(len(vote)):
        beyond = position[actor, issue] - outcome[issue]
        room[actor, issue] = -beyond if left[actor, issue] else beyond


@njit(cache=True, nogil=True)
def _move(
    position: Floats,
    vote: Floats,
    left: Bools,
    supplier: int,
    demander: int,
    issue: int,
    way: float,
    rounding: float,
    record: Floats,
) -> None:
    """Move the supplier's vote by `way` towards the demander's position, onto it when that is all the way."""
    record[0] = vote[supplier, issue]
    whole = _find_way(position, vote, left, supplier, demander, issue)
    if way >= whole * (1 - rounding):
        vote[supplier, issue] = position[demander, issue]
    else:
        vote[supplier, issue] += way if left[supplier, issue] else -way
    record[1] = vote[supplier, issue]


@njit(cache=True, nogil=True)
def find_effects(position: Floats, salience: Floats, parts: Ints, chosen: Ints, record: Floats) -> Floats:
    """Return (step, actor): what each exchange did to everybody's utility, by the outcomes as they moved."""
    n = len(position)
    effects = np.empty((len(chosen), n))
    for step in range(len(chosen)):
        p, q = parts[chosen[step], 2], parts[chosen[step], 3]
        for actor in range(n):
            near_p = abs(position[actor, p] - record[step, 5]) - abs(position[actor, p] - record[step, 6])
            near_q = abs(position[actor, q] - record[step, 7]) - abs(position[actor, q] - record[step, 8])
            effects[step, actor] = salience[actor, p] * near_p + salience[actor, q] * near_q
    return effects
