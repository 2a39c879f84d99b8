"""Compiled loops of the search for postures: gains kept current, greedy picks, swaps and kicks.

Plain arrays in and out, grouped in the named tuples of `postures`; no checks. `reach` is the matrix both
ways and never changes, `limits` what may be chosen, `state` the posture in hand, changed in place. One thread
only, so results are the same on any machine. The readable twins are in `_search_reference`.

Every copy put in or taken out passes through `change`, which brings the gains of all candidates that share an
event up to date: a posture's gains are exact at any time and nothing is ever evaluated afresh.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

BLOCK_SHIFT = 7
"""Candidates are looked through in blocks of 2**7; a block whose known top is too low is passed over."""
N_REFILL_MAX = 8
"""Copies that may take the place of one that is removed."""
N_PROBES = 32
"""Events of a row that are probed for chosen neighbours."""
N_DROP_MAX = 8
"""Copies that one kick drops beside its seed."""
N_DRAWS = 16
"""Random numbers that one kick may use."""
TIE = 1.0 + 1e-9
"""A later candidate must be better by this factor, so that equals do not hang on rounding: the first wins."""
LOG_RESERVE = 64
"""Entries of the log that one attempt may use; settling stops when fewer are left."""


@njit(cache=True)
def transpose(indptr, indices, log_miss, n_events):  # type: ignore[no-untyped-def]
    """Return (start, candidate, p) of the matrix by event; p = 1 - exp(-log_miss), empty without log_miss."""
    start = np.zeros(n_events + 1, dtype=np.int64)
    for k in range(indices.size):
        start[indices[k] + 1] += 1
    for e in range(n_events):
        start[e + 1] += start[e]
    at = start[:-1].copy()
    candidate = np.empty(indices.size, dtype=np.int32)
    p = np.empty(log_miss.size, dtype=np.float32)
    for j in range(indptr.size - 1):
        for k in range(indptr[j], indptr[j + 1]):
            q = at[indices[k]]
            at[indices[k]] = q + 1
            candidate[q] = j
            if log_miss.size > 0:
                p[q] = -math.expm1(-np.float64(log_miss[k]))
    return start, candidate, p


@njit(cache=True)
def fill_gains(reach, state):  # type: ignore[no-untyped-def]
    """Compute what one more copy of each candidate adds to the posture in hand, and the blocks' tops."""
    gain = state.gain
    certain = reach.event_p.size == 0
    gain[:] = 0.0
    for e in range(state.residual.size):
        r = state.residual[e]
        if r <= 0.0:
            continue
        for q in range(reach.event_start[e], reach.event_start[e + 1]):
            if certain:
                gain[reach.event_candidate[q]] += r
            else:
                gain[reach.event_candidate[q]] += r * reach.event_p[q]
    state.top[:] = 0.0
    for i in range(gain.size):
        if gain[i] > state.top[i >> BLOCK_SHIFT]:
            state.top[i >> BLOCK_SHIFT] = gain[i]


@njit(cache=True)
def change(reach, limits, state, j, sign):  # type: ignore[no-untyped-def]
    """Put one copy of candidate j in (sign 1) or take it out (-1) and note it in the log."""
    gain = state.gain
    certain = reach.event_p.size == 0
    gained = 0.0
    for k in range(reach.indptr[j], reach.indptr[j + 1]):
        e = reach.indices[k]
        old = state.residual[e]
        if certain:
            state.total[e] += sign
            new = 0.0 if state.total[e] > 0.0 else reach.weight[e]
        else:
            state.total[e] += sign * np.float64(reach.log_miss[k])
            new = reach.weight[e] * math.exp(-state.total[e])
        lost = old - new
        if lost == 0.0:
            continue
        state.residual[e] = new
        gained += lost
        first = reach.event_start[e]
        last = reach.event_start[e + 1]
        if lost > 0.0:
            if certain:
                for q in range(first, last):
                    gain[reach.event_candidate[q]] -= lost
            else:
                for q in range(first, last):
                    gain[reach.event_candidate[q]] -= lost * reach.event_p[q]
        else:
            for q in range(first, last):
                i = reach.event_candidate[q]
                g = gain[i] - (lost if certain else lost * reach.event_p[q])
                gain[i] = g
                if g > state.top[i >> BLOCK_SHIFT]:
                    state.top[i >> BLOCK_SHIFT] = g
    state.value[0] += gained
    state.people[0] -= sign * limits.cost[j]
    state.copies[j] += sign
    state.room[j] -= sign
    if limits.group[j] >= 0:
        state.group_room[limits.group[j]] -= sign
    s = limits.sector[j]
    if s >= 0:
        before = max(-state.sector_spare[s], 0)
        state.sector_spare[s] += sign
        state.n_short[0] += max(-state.sector_spare[s], 0) - before
    if state.n_log[0] < state.log.size:
        state.log[state.n_log[0]] = sign * (j + 1)
        state.n_log[0] += 1
    return gained


@njit(cache=True)
def roll_back(reach, limits, state, mark):  # type: ignore[no-untyped-def]
    """Undo the changes noted in the log after `mark`."""
    while state.n_log[0] > mark:
        entry = state.log[state.n_log[0] - 1]
        change(reach, limits, state, abs(entry) - 1, -1 if entry > 0 else 1)
        state.n_log[0] = max(state.n_log[0] - 2, mark)


@njit(cache=True)
def is_open(limits, state, i):  # type: ignore[no-untyped-def]
    """Tell whether one more copy of candidate i keeps every limit and helps the sectors that are short."""
    if state.room[i] <= 0 or limits.cost[i] > state.people[0] or state.tabu[i] != 0:
        return False
    if limits.group[i] >= 0 and state.group_room[limits.group[i]] <= 0:
        return False
    if state.n_short[0] > 0:
        return limits.sector[i] >= 0 and state.sector_spare[limits.sector[i]] < 0
    return True


@njit(cache=True)
def best_open(limits, state, per_person, least):  # type: ignore[no-untyped-def]
    """Return the open candidate with the greatest gain (per person if asked), the first of equals, or -1.

    Gains of `least` or below do not count, unless a sector is short. `state.top` holds for every block a
    number no gain in it exceeds; it is sharpened on the way.
    """
    best = -1
    best_key = -1.0 if state.n_short[0] > 0 else 0.0  # copies that add nothing may be required
    if state.people[0] < limits.cost_min:
        return best
    n = state.gain.size
    for b in range(state.top.size):
        if (state.top[b] * limits.block_worth[b] if per_person else state.top[b]) <= best_key:
            continue
        if state.n_short[0] == 0 and state.top[b] <= least:
            continue
        first = b << BLOCK_SHIFT
        top = 0.0
        for i in range(first, min(first + (1 << BLOCK_SHIFT), n)):
            g = state.gain[i]
            top = max(top, g)
            key = g * limits.worth[i] if per_person else g
            if key > best_key * TIE and (g > least or state.n_short[0] > 0) and is_open(limits, state, i):
                best_key = key
                best = i
        state.top[b] = top
    return best


@njit(cache=True)
def greedy_steps(reach, limits, state, per_person, picked, gained):  # type: ignore[no-untyped-def]
    """Pick the best open candidate until `picked` is full or nothing helps; return the number of picks."""
    for n in range(picked.size):
        state.n_log[0] = 0
        j = best_open(limits, state, per_person, limits.least)
        if j < 0:
            return n
        picked[n] = j
        gained[n] = change(reach, limits, state, j, 1)
    return picked.size


@njit(cache=True)
def enqueue(limits, state, j):  # type: ignore[no-untyped-def]
    """Put candidate j in the queue of those to be tried for removal, once, if a copy may be removed."""
    if state.queued[j] == 0 and state.copies[j] > limits.forced[j]:
        state.queued[j] = 1
        state.queue[state.span[1] % state.queue.size] = j
        state.span[1] += 1


@njit(cache=True)
def enqueue_neighbours(reach, limits, state, j):  # type: ignore[no-untyped-def]
    """Queue the chosen candidates that share one of `N_PROBES` evenly spread events with candidate j."""
    first = reach.indptr[j]
    n = reach.indptr[j + 1] - first
    n_probes = min(n, N_PROBES)
    for t in range(n_probes):
        e = reach.indices[first + t * n // n_probes]
        for q in range(reach.event_start[e], reach.event_start[e + 1]):
            i = reach.event_candidate[q]
            if state.copies[i] > 0:
                enqueue(limits, state, i)


@njit(cache=True)
def try_without(reach, limits, state, j, per_person):  # type: ignore[no-untyped-def]
    """Take a copy of j out and fill its place; keep what is better, undo what is not, and tell which."""
    mark = state.n_log[0]
    before = state.value[0]
    enough = before + limits.least
    change(reach, limits, state, j, -1)
    loss = before - state.value[0]
    for n in range(N_REFILL_MAX):
        # With equal costs only a gain above the loss is worth a look.
        least = loss if limits.even and n == 0 and state.n_short[0] == 0 else limits.least
        i = best_open(limits, state, per_person or n > 0, least)
        if i < 0 or (n == 0 and i == j and limits.even):
            break
        change(reach, limits, state, i, 1)
    if state.n_short[0] == 0 and state.value[0] > enough + limits.better_share * loss:
        return True
    roll_back(reach, limits, state, mark)
    return False


@njit(cache=True)
def settle(reach, limits, state, per_person, n_tries_max):  # type: ignore[no-untyped-def]
    """Try every queued candidate, and the neighbours of whatever changes; return (moves, tries)."""
    moves = 0
    tries = 0
    while state.span[0] < state.span[1]:
        j = state.queue[state.span[0] % state.queue.size]
        state.span[0] += 1
        state.queued[j] = 0
        if state.copies[j] <= limits.forced[j] or tries >= n_tries_max:
            continue
        mark = state.n_log[0]
        if mark > state.log.size - LOG_RESERVE:
            continue
        tries += 1
        if try_without(reach, limits, state, j, per_person):
            moves += 1
            for t in range(mark, state.n_log[0]):
                i = abs(state.log[t]) - 1
                enqueue(limits, state, i)
                enqueue_neighbours(reach, limits, state, i)
    state.span[:] = 0
    return moves, tries


@njit(cache=True)
def swap_steps(reach, limits, state, per_person, chosen):  # type: ignore[no-untyped-def]
    """Queue the candidates listed, settle them, and return the number of moves kept."""
    moves = 0
    for j in chosen:
        state.n_log[0] = 0
        enqueue(limits, state, j)
        moves += settle(reach, limits, state, per_person, chosen.size)[0]
    state.n_log[0] = 0
    return moves


@njit(cache=True)
def list_chosen(limits, state, chosen):  # type: ignore[no-untyped-def]
    """Write the candidates with a copy that may be removed into `chosen`; return how many."""
    n = 0
    for j in range(state.copies.size):
        if state.copies[j] > limits.forced[j]:
            chosen[n] = j
            n += 1
    return n


@njit(cache=True)
def kick_steps(reach, limits, state, draws, chosen, n_tries_max):  # type: ignore[no-untyped-def]
    """For each row of random numbers: drop a few copies, refill, settle, keep what is not worse.

    draws: (n_kicks, N_DRAWS) integers >= 0. The seed is any chosen candidate; its neighbours and sometimes
    one candidate elsewhere go with it. Half of the dropped may not come back until the place is refilled.
    Returns the number of kicks that made the posture better.
    """
    n_better = 0
    n_chosen = list_chosen(limits, state, chosen)
    for kick in range(draws.shape[0]):
        if n_chosen == 0:
            break
        draw = draws[kick]
        before = state.value[0]
        state.n_log[0] = 0
        n_dropped = _drop(reach, limits, state, draw, chosen, n_chosen)
        per_person = draw[2] % 2 == 0 and not limits.even
        for _ in range(N_REFILL_MAX * n_dropped):
            i = best_open(limits, state, per_person, limits.least)
            if i < 0:
                break
            change(reach, limits, state, i, 1)
        for t in range(n_dropped):
            state.tabu[abs(state.log[t]) - 1] = 0
        for t in range(state.n_log[0]):
            i = abs(state.log[t]) - 1
            enqueue(limits, state, i)
            enqueue_neighbours(reach, limits, state, i)
        settle(reach, limits, state, draw[3] % 2 == 0 and not limits.even, n_tries_max)
        if state.n_short[0] > 0 or state.value[0] < before - limits.least:
            roll_back(reach, limits, state, 0)
            continue
        n_chosen = list_chosen(limits, state, chosen)
        if state.value[0] > before + limits.least:
            n_better += 1
    state.n_log[0] = 0
    return n_better


@njit(cache=True)
def _drop(reach, limits, state, draw, chosen, n_chosen):  # type: ignore[no-untyped-def]
    """Take out a seed, some of its neighbours and sometimes a candidate elsewhere; return how many."""
    seed = chosen[draw[0] % n_chosen]
    n_near = 1 + draw[1] % N_DROP_MAX
    enqueue_neighbours(reach, limits, state, seed)
    n_queued = state.span[1]
    change(reach, limits, state, seed, -1)
    state.tabu[seed] = 1
    n_dropped = 1
    for t in range(n_near):
        if n_queued == 0:
            break
        j = state.queue[draw[4 + t] % n_queued]
        if state.copies[j] > limits.forced[j]:
            change(reach, limits, state, j, -1)
            state.tabu[j] = 0 if draw[4 + t] & 65536 else 1
            n_dropped += 1
    if draw[12] % 3 == 0:
        j = chosen[draw[13] % n_chosen]
        if state.copies[j] > limits.forced[j]:
            change(reach, limits, state, j, -1)
            n_dropped += 1
    for t in range(n_queued):
        state.queued[state.queue[t]] = 0
    state.span[:] = 0
    return n_dropped
