"""Pick candidates one copy at a time by what each adds for its people: the whole curve in one pass.

Costs in people, gains as shares of all events. Lazy greedy (Minoux 1978) on a monotone submodular objective;
it proves nothing about its own quality, `bounds` does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from truceline.siting import _kernels
from truceline.siting.problems import BUDGET_SLACK_SHARE, FloatArray, IntArray, SitingProblem

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it done; raising KeyboardInterrupt stops the work."""

PICKS_PER_CALL = 256
"""Picks between two looks at the clock and two calls of `progress`."""


@dataclass(frozen=True, eq=False)
class GreedyPath:
    """The picks of one greedy pass, forced copies first."""

    order: IntArray
    """(n_picks,) candidate of each pick; a candidate appears once for each copy."""
    gain: FloatArray
    """(n_picks,) detection each pick added when it was made."""
    n_forced: int
    """Leading picks that were forced."""
    complete: bool
    """False when the time limit cut the pass short."""

    def copies(self, n_picks: int, n_candidates: int) -> IntArray:
        """Return (n_candidates,) copies after the first `n_picks` picks."""
        return np.bincount(self.order[:n_picks], minlength=n_candidates).astype(np.int64)


def pick_greedily(
    problem: SitingProblem,
    budget: float,
    *,
    per_person: bool = True,
    first: int = -1,
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> GreedyPath:
    """Pick copies until `budget` people are spent or nothing helps.

    per_person: order by gain per person, otherwise by gain. first: a candidate to take right after the forced
    copies (-1 for none; the caller checks that it fits). With per_person and equal costs the value is at
    least 1 - 1/e of the best without groups (Nemhauser et al. 1978), 1/2 with groups.
    """
    started_s = time.perf_counter()
    matrix = (problem.indptr, problem.indices, problem.log_miss)
    residual = problem.weight.copy()
    head = np.repeat(np.arange(problem.n_candidates, dtype=np.int64), problem.forced)
    n_forced = head.size
    if first >= 0:
        head = np.append(head, np.int64(first))
    head_gain = np.array([_kernels.take(*matrix, j, residual) for j in head], dtype=np.float64)

    taken = np.bincount(head, minlength=problem.n_candidates)
    room = problem.copies_max.astype(np.int64) - taken
    inside = problem.group >= 0
    group_used = np.bincount(problem.group[inside], taken[inside], problem.group_limit.size)
    group_room = problem.group_limit.astype(np.int64) - group_used.astype(np.int64)
    left = budget * (1 + BUDGET_SLACK_SHARE) - float(problem.cost[head].sum())

    key = _kernels.gains(*matrix, residual)
    if per_person:
        key /= problem.cost
    heap = np.flatnonzero((room > 0) & (problem.cost <= left) & (key > 0))
    _kernels.build_heap(heap, key)
    stamp = np.zeros(problem.n_candidates, dtype=np.int64)
    tally = np.array([heap.size, 0], dtype=np.int64)
    money = np.array([left])
    orders, gains = [head], [head_gain]
    while tally[0] > 0:
        if time.perf_counter() - started_s > time_limit_s:
            break
        picked = np.empty(PICKS_PER_CALL, dtype=np.int64)
        gained = np.empty(PICKS_PER_CALL)
        n = _kernels.greedy_steps(
            *matrix, problem.cost, problem.group, per_person,
            residual, room, group_room, heap, key, stamp, tally, money, picked, gained,
        )  # fmt: skip
        orders.append(picked[:n])
        gains.append(gained[:n])
        if progress is not None:
            progress("greedy", 1.0 - max(float(money[0]), 0.0) / budget)
    return GreedyPath(np.concatenate(orders), np.concatenate(gains), n_forced, bool(tally[0] == 0))
