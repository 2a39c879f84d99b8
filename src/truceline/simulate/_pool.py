"""Where incidents wait for their day, compiled: a chain of places for every day, used again when free.

Part of `_kernels`. A cluster (a background incident with all that follows) has a place as long as something
of it waits. The pool grows with what is waiting and never with the days.
"""

# mypy: allow-untyped-decorators

from __future__ import annotations

import numpy as np
from numba import njit

from truceline.simulate._layout import Pool
from truceline.simulate._lending import lend

POOL_FIRST = 1024
"""Places in the pool at the start; it doubles when it is full."""

FREE, USED, WAITING, SLOT_FREE, SLOT_USED, FILLED, N_ROWS = range(7)
"""Whole numbers of a run in progress: first free place, places ever used, incidents waiting, the same two of
clusters, sizes in the table, rows written."""
N_STATE = 7
SIDE, RUNG, DEPTH, CROSS, SLOT, NEXT, LIGHT, DELIBERATE, MOVED = range(9)
"""Columns of a waiting incident: LIGHT is -1 and SLOT -1 where not known yet, or not there yet."""
WIDTH = 9
PENDING, CHAIN, SLOT_NEXT = range(3)
"""Columns of a cluster."""


@njit(cache=True, nogil=True)
def make_pool(n):  # type: ignore[no-untyped-def]
    """Return an empty pool of n places."""
    return Pool(
        np.empty(n, np.uint64),
        np.empty(n, np.uint64),
        np.empty((n, 2), np.float64),
        np.empty((n, WIDTH), np.int32),
        np.empty(n, np.uint64),
        np.empty((n, 3), np.int32),
    )


@njit(cache=True, nogil=True)
def grow_pool(pool):  # type: ignore[no-untyped-def]
    """Return a pool of twice as many places with the same in it."""
    n = len(pool.key)
    wider = make_pool(2 * n)
    for i in range(n):  # loops, not slices: slices bring in code for messages that cannot be linked
        wider.key[i] = pool.key[i]
        wider.parent[i] = pool.parent[i]
        wider.root[i] = pool.root[i]
        for j in range(2):
            wider.real[i, j] = pool.real[i, j]
        for j in range(WIDTH):
            wider.whole[i, j] = pool.whole[i, j]
        for j in range(3):
            wider.cluster[i, j] = pool.cluster[i, j]
    return wider


@njit(cache=True, nogil=True, forceinline=True)
def lend_pool(pool):  # type: ignore[no-untyped-def]
    """Return the pool without counting who holds it."""
    return Pool(
        lend(pool.key),
        lend(pool.parent),
        lend(pool.real),
        lend(pool.whole),
        lend(pool.root),
        lend(pool.cluster),
    )


@njit(cache=True, nogil=True, forceinline=True)
def open_cluster(pool, state, root):  # type: ignore[no-untyped-def]
    """Return a place for a new cluster with nothing waiting in it."""
    slot = state[SLOT_FREE]
    if slot >= 0:
        state[SLOT_FREE] = pool.cluster[slot, SLOT_NEXT]
    else:
        slot = state[SLOT_USED]
        state[SLOT_USED] += 1
    pool.root[slot] = root
    pool.cluster[slot, PENDING] = 0
    pool.cluster[slot, CHAIN] = 0
    return slot


@njit(cache=True, nogil=True, forceinline=True)
def push(pool, state, head, day, key, parent, time, km):  # type: ignore[no-untyped-def]
    """Put an incident on its day and return its place; the caller fills in the columns of `whole`."""
    i = state[FREE]
    if i >= 0:
        state[FREE] = pool.whole[i, NEXT]
    else:
        i = state[USED]
        state[USED] += 1
    state[WAITING] += 1
    pool.key[i] = key
    pool.parent[i] = parent
    pool.real[i, 0] = time
    pool.real[i, 1] = km
    pool.whole[i, NEXT] = head[day]
    head[day] = i
    return i


@njit(cache=True, nogil=True, forceinline=True)
def take(pool, state, head, day):  # type: ignore[no-untyped-def]
    """Take the last incident put on a day and return its place, free at once: read it before `push`."""
    i = head[day]
    head[day] = pool.whole[i, NEXT]
    pool.whole[i, NEXT] = state[FREE]
    state[FREE] = i
    state[WAITING] -= 1
    return i
