"""Compiled loop of the set cover: which sets lie inside others. Plain arrays in, plain arrays out.

No units. It checks nothing about its input (`cover` does) and solves nothing; `_cover_reference` is its slow
readable twin.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True)
def find_needless(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    n_elements: int,
    cost: NDArray[np.float64],
    drop_larger: bool,
    steps_max: int,
) -> NDArray[np.bool_]:
    """Return (n_sets,) True for sets that another one makes needless.

    Set s is `indices[indptr[s]:indptr[s+1]]`, its rarest element first. With drop_larger a set goes when
    another lies inside it (a cell whose candidates include all candidates of another cell). Otherwise a set
    goes when it lies inside another that costs no more (a candidate another one replaces). Of equal sets of
    equal cost the first stays. Stops after about `steps_max` comparisons; what was found until then holds.
    """
    n_sets = indptr.size - 1
    needless = np.zeros(n_sets, dtype=np.bool_)
    mark = np.full(n_elements, -1, dtype=np.int64)
    # Every set waits at its rarest element: a set that holds another meets it at one of its own elements.
    start = np.zeros(n_elements + 1, dtype=np.int64)
    for s in range(n_sets):
        if indptr[s + 1] > indptr[s]:
            start[indices[indptr[s]] + 1] += 1
    for e in range(n_elements):
        start[e + 1] += start[e]
    place = start[:-1].copy()
    waiting = np.empty(start[n_elements], dtype=np.int64)
    for s in range(n_sets):
        if indptr[s + 1] > indptr[s]:
            e = indices[indptr[s]]
            waiting[place[e]] = s
            place[e] += 1
    steps = 0
    for big in range(n_sets):
        if steps > steps_max:
            break
        if needless[big]:
            continue
        size = indptr[big + 1] - indptr[big]
        for k in range(indptr[big], indptr[big + 1]):
            mark[indices[k]] = big
        for k in range(indptr[big], indptr[big + 1]):
            e = indices[k]
            for q in range(start[e], start[e + 1]):
                small = waiting[q]
                small_size = indptr[small + 1] - indptr[small]
                steps += 1
                if small == big or needless[small] or small_size > size:
                    continue
                if drop_larger:
                    if small_size == size and small > big:
                        continue
                elif cost[big] > cost[small] or (
                    cost[big] == cost[small] and small_size == size and small < big
                ):
                    continue
                inside = True
                for t in range(indptr[small], indptr[small + 1]):
                    steps += 1
                    if mark[indices[t]] != big:
                        inside = False
                        break
                if inside:
                    if drop_larger:
                        needless[big] = True
                        break
                    needless[small] = True
            if needless[big]:
                break
    return needless
