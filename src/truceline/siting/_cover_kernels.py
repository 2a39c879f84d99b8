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
    start: NDArray[np.int64],
    waiting: NDArray[np.int64],
    sketch: NDArray[np.uint64],
    waiting_sketch: NDArray[np.uint64],
    cost: NDArray[np.float64],
    drop_larger: bool,
    first: int,
    steps_max: int,
    needless: NDArray[np.bool_],
    mark: NDArray[np.int64],
) -> int:
    """Mark sets that another one makes needless, from set `first` on; return the set to go on with.

    Set s is `indices[indptr[s]:indptr[s+1]]`. Every set waits at one of its elements (the rarest is best):
    those of element e are `waiting[start[e]:start[e+1]]`, so that a set that holds another meets it at one of
    its own elements. sketch: (n_sets,) bits of the elements, to tell most strangers apart at a glance;
    waiting_sketch: the same in the order of `waiting`, so that the glance runs along memory. With
    drop_larger a set goes when another lies inside it (a cell whose candidates include all candidates of
    another cell). Otherwise a set goes when it lies inside another that costs no more (a candidate another
    one replaces). Of equal sets of equal cost the first stays. Returns after about `steps_max` comparisons;
    what is marked until then holds. mark: (n_elements,) below 0 at the first call, then left alone.
    """
    n_sets = indptr.size - 1
    steps = 0
    for big in range(first, n_sets):
        if steps > steps_max:
            return big
        if needless[big]:
            continue
        size, stranger = indptr[big + 1] - indptr[big], ~sketch[big]
        for k in range(indptr[big], indptr[big + 1]):
            mark[indices[k]] = big
        for k in range(indptr[big], indptr[big + 1]):
            e = indices[k]
            steps += start[e + 1] - start[e]
            for q in range(start[e], start[e + 1]):
                if waiting_sketch[q] & stranger:
                    continue
                small = waiting[q]
                if small == big or needless[small]:
                    continue
                small_size = indptr[small + 1] - indptr[small]
                if small_size > size:
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
    return n_sets
