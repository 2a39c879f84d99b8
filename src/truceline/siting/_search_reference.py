"""Slow, readable twins of the compiled searches: every gain is evaluated afresh from the objective.

People and weights of events, as in `_search_kernels`; used by tests as the judge, never by the tool itself.
"""

from __future__ import annotations

import math

from truceline.siting._reference import is_allowed
from truceline.siting.problems import FloatArray, IntArray, SitingProblem, expected_detection

NEGLIGIBLE_SHARE = 1e-12
"""Twins do not tell gains apart that differ by less than this share of all weight."""


def find_gain(problem: SitingProblem, copies: IntArray, candidate: int) -> float:
    """Return what one more copy of a candidate adds (twin of the gains that `change` keeps current)."""
    more = copies.copy()
    more[candidate] += 1
    return expected_detection(problem, more) - expected_detection(problem, copies)


def find_best_open(
    problem: SitingProblem, copies: IntArray, budget: float, *, per_person: bool
) -> tuple[int, float]:
    """Return (candidate, gain) of the best copy that may be added, -1 for none (twin of `best_open`)."""
    least = NEGLIGIBLE_SHARE * float(problem.weight.sum())
    best, best_key, best_gain = -1, 0.0, 0.0
    for i in range(problem.n_candidates):
        more = copies.copy()
        more[i] += 1
        gain = find_gain(problem, copies, i)
        key = gain / float(problem.cost[i]) if per_person else gain
        if gain > least and key > best_key * (1 + 1e-9) and is_allowed(problem, more, budget):
            best, best_key, best_gain = i, key, gain
    return best, best_gain


def pick_greedily(problem: SitingProblem, budget: float, *, per_person: bool = True) -> list[int]:
    """Return the picks of greedy, forced first, without least numbers (twin of `greedy_steps`)."""
    copies = problem.forced.astype("int64")
    order = [i for i in range(problem.n_candidates) for _ in range(int(problem.forced[i]))]
    while True:
        best, _ = find_best_open(problem, copies, budget, per_person=per_person)
        if best < 0:
            return order
        copies[best] += 1
        order.append(best)


def swap_once(problem: SitingProblem, copies: IntArray, budget: float, candidate: int) -> IntArray:
    """Return the posture with one copy of a candidate replaced by the best in its place, if that is better.

    Twin of `try_without` for equal costs and no least numbers: one copy replaces one.
    """
    without = copies.copy()
    without[candidate] -= 1
    best, _ = find_best_open(problem, without, budget, per_person=False)
    if best < 0:
        return copies
    without[best] += 1
    gained = expected_detection(problem, without) - expected_detection(problem, copies)
    return without if gained > NEGLIGIBLE_SHARE * float(problem.weight.sum()) else copies


def is_settled(problem: SitingProblem, copies: IntArray, budget: float, tolerance: float) -> bool:
    """Tell whether no exchange of one copy for one other that fits gains more than `tolerance`."""
    value = expected_detection(problem, copies)
    for out in range(problem.n_candidates):
        if copies[out] <= problem.forced[out]:
            continue
        for into in range(problem.n_candidates):
            other = copies.copy()
            other[out] -= 1
            other[into] += 1
            if is_allowed(problem, other, budget) and expected_detection(problem, other) > value + tolerance:
                return False
    return True


def find_residual(problem: SitingProblem, copies: FloatArray) -> FloatArray:
    """Return (n_events,) weight not detected (twin of the residuals that `change` keeps current)."""
    missed = problem.weight.copy()
    for i in range(problem.n_candidates):
        for k in range(problem.indptr[i], problem.indptr[i + 1]):
            one = 0.0 if problem.log_miss is None else math.exp(-float(problem.log_miss[k]))
            missed[problem.indices[k]] *= one ** float(copies[i])
    return missed
