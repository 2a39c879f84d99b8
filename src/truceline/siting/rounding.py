"""Turn the fractional posture of a bound into whole ones, and leave out candidates that hardly matter.

People and weights of events. The bound takes most candidates wholly or not at all; what it takes in part is
rounded by chance, completed greedily and left to `improve`. Candidates whose worth at the bound's event
prices lies well below the price of a person are rarely in a good posture: without them the search is several
times as fast. Nothing here proves anything.
"""

from __future__ import annotations

import numpy as np

from truceline.siting import _search_kernels as kernels
from truceline.siting.postures import Posture
from truceline.siting.problems import BUDGET_SLACK_SHARE, FloatArray, IntArray, SitingProblem

KEPT_SHARE = 0.9
"""Candidates whose worth per person reaches this share of the price of a person are kept for the search."""
IN_PART = 1e-3
"""A smaller part of a copy in the fractional posture is taken for none."""


def complete_greedily(problem: SitingProblem, copies: IntArray, budget: float) -> IntArray | None:
    """Return `copies` with further copies added by gain per person until the budget is spent.

    copies may be short of a sector's least number; None when it cannot be met any more.
    """
    posture = Posture(problem, copies, budget)
    picked, gained = np.empty(kernels.N_REFILL_MAX, dtype=np.int64), np.empty(kernels.N_REFILL_MAX)
    while kernels.greedy_steps(posture.reach, posture.limits, posture.state, True, picked, gained):
        pass
    return posture.state.copies.copy() if posture.is_complete else None


def round_posture(
    problem: SitingProblem, fraction: FloatArray, budget: float, threshold: FloatArray
) -> IntArray | None:
    """Return a whole posture near the fractional one, completed greedily; None when a limit forbids it.

    fraction: (n_candidates,) copies beyond those forced. threshold: (n_candidates,) between 0 and 1; a part
    of a copy that reaches it is rounded up. The largest parts come first when money or a group runs out.
    """
    copies = problem.forced.astype(np.int64)
    money = budget * (1 + BUDGET_SLACK_SHARE) - problem.forced_cost
    group_room = problem.group_room
    parts = np.where(fraction > IN_PART, fraction, 0.0)
    spare = (problem.copies_max - problem.forced).astype(np.int64)
    wanted = np.minimum((np.floor(parts) + (parts - np.floor(parts) >= threshold)).astype(np.int64), spare)
    wanted[parts == 0] = 0
    for i in np.argsort(-fraction, kind="stable")[: np.count_nonzero(parts)]:
        g = problem.group[i]
        n = min(int(wanted[i]), int(money // problem.cost[i]))
        if g >= 0:
            n = min(n, int(group_room[g]))
            group_room[g] -= n
        copies[i] += n
        money -= n * float(problem.cost[i])
    return complete_greedily(problem, copies, budget)


def find_useful(
    problem: SitingProblem, event_price: FloatArray, fraction: FloatArray, copies: IntArray, budget: float
) -> IntArray:
    """Return the candidates worth searching among, in rising order.

    Those in `copies` or in the fractional posture, and those whose worth per person at the event prices
    reaches `KEPT_SHARE` of the price at which the budget is spent.
    """
    empty = Posture(problem, np.zeros(problem.n_candidates, dtype=np.int64), budget)
    empty.state.residual[:] = event_price
    kernels.fill_gains(empty.reach, empty.state)
    worth = empty.state.gain / problem.cost
    best_first = np.argsort(-worth, kind="stable")
    people = np.cumsum((problem.cost * problem.copies_max)[best_first])
    price = worth[best_first[min(int(np.searchsorted(people, budget)), best_first.size - 1)]]
    kept = (worth >= KEPT_SHARE * price) | (fraction > IN_PART) | (copies > 0) | (problem.forced > 0)
    return np.flatnonzero(kept & (problem.copies_max > 0)).astype(np.int64)


def restrict(problem: SitingProblem, kept: IntArray) -> SitingProblem:
    """Return the problem with the candidates `kept` (rising) only; any posture of it is one of the whole.

    The least numbers of sectors must be within reach of those kept.
    """
    length = np.diff(problem.indptr)[kept]
    indptr = np.concatenate([[0], np.cumsum(length)]).astype(np.int64)
    at = np.arange(indptr[-1]) + np.repeat(problem.indptr[kept] - indptr[:-1], length)
    return SitingProblem(
        weight=problem.weight,
        indptr=indptr,
        indices=problem.indices[at],
        log_miss=None if problem.log_miss is None else problem.log_miss[at],
        cost=problem.cost[kept],
        copies_max=problem.copies_max[kept],
        forced=problem.forced[kept],
        group=problem.group[kept],
        group_limit=problem.group_limit,
        sector=problem.sector[kept],
        sector_min=problem.sector_min,
    )
