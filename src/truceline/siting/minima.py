"""Find the cheapest copies that give every sector its least number, within the limits of groups.

People. Plain arrays in and out; it looks at costs and limits only, never at what a candidate sees. The other
modules use it to refuse budgets that cannot pay for the least numbers and to hold that money back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def cheapest_minima(
    cost: FloatArray,
    spare: IntArray,
    group: IntArray,
    group_room: IntArray,
    sector: IntArray,
    sector_need: IntArray,
) -> IntArray | None:
    """Return (n_candidates,) copies of least total cost that meet `sector_need`; None when nothing can.

    spare: copies each candidate may still give. group_room: copies each group may still take. Where every
    group lies within one sector the cheapest copies are taken one by one (a partition matroid); otherwise the
    transport problem from sectors through candidates to groups goes to HiGHS, whose corner answers are whole
    numbers because its matrix is totally unimodular (Hoffman and Kruskal 1956).
    """
    wanted = np.flatnonzero((sector >= 0) & (spare > 0))
    wanted = wanted[sector_need[sector[wanted]] > 0]
    inside = wanted[group[wanted] >= 0]
    pairs = np.unique(np.column_stack([group[inside], sector[inside]]), axis=0)
    if np.unique(pairs[:, 0]).size == pairs.shape[0]:
        return _take_cheapest(cost, spare, group, group_room, sector, sector_need, wanted)
    return _transport(cost, spare, group, group_room, sector, sector_need, wanted)


def _take_cheapest(
    cost: FloatArray,
    spare: IntArray,
    group: IntArray,
    group_room: IntArray,
    sector: IntArray,
    sector_need: IntArray,
    wanted: IntArray,
) -> IntArray | None:
    copies = np.zeros(cost.size, dtype=np.int64)
    need, room = sector_need.astype(np.int64), group_room.astype(np.int64)
    for i in wanted[np.argsort(cost[wanted], kind="stable")]:
        n = min(int(spare[i]), int(need[sector[i]]))
        if group[i] >= 0:
            n = min(n, int(room[group[i]]))
            room[group[i]] -= n
        need[sector[i]] -= n
        copies[i] = n
    return None if (need > 0).any() else copies


def _transport(
    cost: FloatArray,
    spare: IntArray,
    group: IntArray,
    group_room: IntArray,
    sector: IntArray,
    sector_need: IntArray,
    wanted: IntArray,
) -> IntArray | None:
    from scipy import optimize, sparse  # late: only problems with straddling groups need a solver

    column = np.arange(wanted.size)
    one = np.ones(wanted.size)
    by_sector = sparse.csr_array(
        (one, (sector[wanted], column)), shape=(sector_need.size, wanted.size), dtype=np.float64
    )
    grouped = group[wanted] >= 0
    by_group = sparse.csr_array(
        (one[grouped], (group[wanted][grouped], column[grouped])),
        shape=(group_room.size, wanted.size),
        dtype=np.float64,
    )
    answer = optimize.linprog(
        cost[wanted],
        A_ub=sparse.vstack([-by_sector, by_group]),
        b_ub=np.concatenate([-np.maximum(sector_need, 0), np.maximum(group_room, 0)]).astype(np.float64),
        bounds=np.column_stack([np.zeros(wanted.size), spare[wanted]]),
        method="highs-ds",
    )
    if answer.x is None:
        return None
    copies = np.zeros(cost.size, dtype=np.int64)
    copies[wanted] = np.round(answer.x).astype(np.int64)
    return copies
