"""Slow, readable twins of the compiled loops, and exact answers of tiny problems by trying everything.

Shares of events and people, as in `_kernels`; used by tests as the judge, never by the tool itself.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    IntArray,
    SetCoverProblem,
    SitingProblem,
    expected_detection,
)

N_POSTURES_MAX = 2_000_000
"""Refuse to enumerate more postures than this."""


def is_allowed(problem: SitingProblem, copies: IntArray, budget: float) -> bool:
    """Tell whether a posture keeps the budget, the copies, groups and sectors, and has what is forced."""
    if (copies < problem.forced).any() or (copies > problem.copies_max).any():
        return False
    if float(problem.cost @ copies) > budget * (1 + BUDGET_SLACK_SHARE):
        return False
    return all(
        copies[problem.group == g].sum() <= problem.group_limit[g] for g in range(problem.group_limit.size)
    ) and all(
        copies[problem.sector == s].sum() >= problem.sector_min[s] for s in range(problem.sector_min.size)
    )


def enumerate_best(problem: SitingProblem, budget: float) -> tuple[float, IntArray]:
    """Return (objective, copies) of the best posture by trying all; the first of equals.

    Raises ValueError for a problem with too many postures.
    """
    choices = [
        range(int(low), int(high) + 1) for low, high in zip(problem.forced, problem.copies_max, strict=True)
    ]
    if math.prod(len(choice) for choice in choices) > N_POSTURES_MAX:
        raise ValueError("too many postures to try them all")
    best, best_copies = -1.0, np.zeros(problem.n_candidates, dtype=np.int64)
    for posture in itertools.product(*choices):
        copies = np.array(posture, dtype=np.int64)
        if is_allowed(problem, copies, budget):
            value = expected_detection(problem, copies)
            if value > best:
                best, best_copies = value, copies
    return best, best_copies


def enumerate_cheapest_cover(problem: SetCoverProblem) -> float:
    """Return the cost of the cheapest cover of what can be covered, by trying all subsets."""
    needed = set(np.flatnonzero(problem.must_cover).tolist()) - set(problem.uncoverable.tolist())
    rows = [set(problem.indices[a:b].tolist()) for a, b in itertools.pairwise(problem.indptr.tolist())]
    if 2 ** len(rows) > N_POSTURES_MAX:
        raise ValueError("too many subsets to try them all")
    best = math.inf
    for chosen in itertools.product((False, True), repeat=len(rows)):
        reached = set().union(*(row for row, use in zip(rows, chosen, strict=True) if use))
        if needed <= reached:
            best = min(best, float(problem.cost[np.array(chosen)].sum()))
    return best
