"""The compiled loop of movement: fill the nodes day by day, most urgent first. Its twin is `_flow_reference`.

Arrays in and out; day t is the t-th day after the ceasefire, column 0 is nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit

EPSILON = 1e-9
"""People, or parts of a capacity, below which nothing is left."""


@njit(cache=True, nogil=True)
def _room(path, need, cap, used, r, t):  # type: ignore[no-untyped-def]
    """Return how many more people (or tonnes) a route takes on a day; inf where nothing limits it."""
    least = np.inf
    for j in range(path.shape[1]):
        k = path[r, j]
        if k < 0:
            break
        if need[r, k] > 0.0:
            least = min(least, max(0.0, cap[k, t] - used[k, t]) / need[r, k])
    return least


@njit(cache=True, nogil=True)
def _take(path, need, hold, used, r, t, amount):  # type: ignore[no-untyped-def]
    """Take (or with a minus give back) what an amount needs along a route."""
    for j in range(path.shape[1]):
        k = path[r, j]
        if k < 0:
            break
        last = min(t + hold[k], used.shape[1])
        for day in range(t, last):
            used[k, day] += amount * need[r, k]


@njit(cache=True, nogil=True)
def _released(people, ready, release, day):  # type: ignore[no-untyped-def]
    """Return how many of a group can have left by the end of a day."""
    part = (day - ready) / max(release, 1.0)
    return people * min(1.0, max(0.0, part))


@njit(cache=True, nogil=True)
def move_forward(  # type: ignore[no-untyped-def]
    people,
    ready,
    release,
    load,
    allowed,
    lag,
    delay,
    moves,
    path,
    need,
    per_tonne,
    cap,
    hold,
    eats,
    goods,
):
    """Return what came in, took its place, was used and was supplied on each day.

    Groups come in their order: (g,) people, ready, release, load class; (g, r) allowed. Routes come in the
    order in which they are tried: (r,) lag, delay (days in staging), moves (0 people, 1 cargo, 2 both);
    (r, p) path of nodes, ended by -1; (c, r, k) need for a person; (r, k) per_tonne; (r,) goods: carries
    supplies. (k, days + 1) cap; (k,) hold in days. eats: tonnes a person and day, 0 for none.

    Returns (g, days + 1) arrived and placed each day, (k, days + 1) used, (days + 1,) supplied and short.
    """
    n_groups, n_routes, n_days = people.size, lag.size, cap.shape[1] - 1
    arrived = np.zeros((n_groups, n_days + 1))
    placed = np.zeros((n_groups, n_days + 1))
    used = np.zeros(cap.shape)
    supplied = np.zeros(n_days + 1)
    short = np.zeros(n_days + 1)
    sent = np.zeros(n_groups)
    taken = np.zeros(n_routes)
    empty = np.zeros(cap.shape)
    first_lag = np.full(n_groups, n_days + 1)
    for g in range(n_groups):
        for r in range(n_routes):
            if allowed[g, r]:
                first_lag[g] = min(first_lag[g], lag[r])
    there = 0.0
    for t in range(1, n_days + 1):
        most = np.inf
        if eats > 0.0:
            wanted = there * eats
            for r in range(n_routes):
                if goods[r] and wanted > EPSILON:
                    amount = min(wanted, _room(path, per_tonne, cap, used, r, t))
                    _take(path, per_tonne, hold, used, r, t, amount)
                    supplied[t] += amount
                    wanted -= amount
            short[t] = max(0.0, wanted) if wanted > EPSILON else 0.0
            # Nobody is let in whom tomorrow's trains and lorries, all given to supplies, could not feed.
            tomorrow = min(t + 1, n_days)
            most = 0.0
            for r in range(n_routes):
                if goods[r]:
                    amount = min(1e12, _room(path, per_tonne, cap, empty, r, tomorrow))
                    _take(path, per_tonne, hold, empty, r, tomorrow, amount)
                    most += amount
            for k in range(cap.shape[0]):
                for day in range(tomorrow, n_days + 1):
                    empty[k, day] = 0.0
            most = max(0.0, most / eats - there)
        for g in range(n_groups):
            left = min(people[g] - sent[g], most)
            if left <= EPSILON or t - first_lag[g] <= ready[g]:
                continue
            c = load[g]
            came = 0.0
            for r in range(n_routes):
                if moves[r] == 2 and allowed[g, r]:
                    free = _released(people[g], ready[g], release[g], t - lag[r]) - sent[g] - came
                    amount = min(left - came, free, _room(path, need[c], cap, used, r, t))
                    if amount > EPSILON:
                        _take(path, need[c], hold, used, r, t, amount)
                        came += amount
                        if t + delay[r] <= n_days:
                            placed[g, t + delay[r]] += amount
            cargo = 0.0
            for r in range(n_routes):
                taken[r] = 0.0
                if moves[r] == 1 and allowed[g, r]:
                    free = _released(people[g], ready[g], release[g], t - lag[r]) - sent[g] - came - cargo
                    amount = min(left - came - cargo, free, _room(path, need[c], cap, used, r, t))
                    if amount > EPSILON:
                        _take(path, need[c], hold, used, r, t, amount)
                        taken[r] = amount
                        cargo += amount
            seated = 0.0
            if cargo > EPSILON:
                for r in range(n_routes):
                    if moves[r] == 0 and allowed[g, r]:
                        free = (
                            _released(people[g], ready[g], release[g], t - lag[r]) - sent[g] - came - seated
                        )
                        amount = min(cargo - seated, free, _room(path, need[c], cap, used, r, t))
                        if amount > EPSILON:
                            _take(path, need[c], hold, used, r, t, amount)
                            seated += amount
                            if t + delay[r] <= n_days:
                                placed[g, t + delay[r]] += amount
                over = cargo - seated
                for back in range(n_routes):
                    r = n_routes - 1 - back
                    if over > EPSILON and taken[r] > 0.0:
                        amount = min(over, taken[r])
                        _take(path, need[c], hold, used, r, t, -amount)
                        over -= amount
            came += seated
            sent[g] += came
            arrived[g, t] = came
            most -= came
        for g in range(n_groups):
            there += arrived[g, t]
    return arrived, placed, used, supplied, short
