"""Slow, readable twins of the compiled loops, and exact answers of tiny problems by trying everything.

Shares of events and people, as in `_kernels`; used by tests as the judge, never by the tool itself.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    FloatArray,
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


def pull(problem: SitingProblem, residual: FloatArray) -> FloatArray:
    """Return the gradient of the relaxation (twin of `_kernels.pull`)."""
    return np.array(
        [
            sum(
                residual[problem.indices[k]] * float(problem.log_miss[k])
                for k in range(problem.indptr[i], problem.indptr[i + 1])
            )
            for i in range(problem.n_candidates)
        ]
    )


def event_slope(weight: float, total: float, unit: float, steep: float, ramp_share: float) -> float:
    """Return the slope of one event's concave function (twin of `_kernels.event_slope`)."""
    if unit <= 0:
        return weight * math.exp(-total)
    # Whole steps already taken; within half a ramp of a corner the count moves over smoothly.
    steps = 0.0
    for corner in range(1, math.ceil(total / unit) + 2):
        steps += min(max((total / unit - corner) / ramp_share + 0.5, 0.0), 1.0)
    return float(weight * math.exp(-steep * unit * steps))


def ascend(
    coefficient: FloatArray,
    cost: FloatArray,
    limit: FloatArray,
    price: float,
    copies: FloatArray,
    events: tuple[FloatArray, FloatArray, FloatArray],
    ramp_share: float,
) -> FloatArray:
    """Return the posture after one sweep of ascent without groups (twin of `_kernels.ascend`).

    coefficient: (n_candidates, n_events) dense. events: weight, unit and steep of each event.
    """
    weight, unit, steep = events
    y = copies.copy()
    for j in range(cost.size):
        total = y @ coefficient
        slope = np.array(
            [event_slope(weight[e], total[e], unit[e], steep[e], ramp_share) for e in range(weight.size)]
        )
        first = float(slope @ coefficient[j])
        second = float(slope @ (coefficient[j] ** 2 * steep))
        toll = price * float(cost[j])
        target = 0.0 if first <= 0 else float(limit[j])
        if first > 0 and toll > 0 and second > 0:
            target = y[j] + math.log(first / toll) * first / second
        y[j] = min(max(target, 0.0), float(limit[j]))
    return y


def best_surplus(
    gradient: FloatArray,
    cost: FloatArray,
    limit: FloatArray,
    group: IntArray,
    group_limit: IntArray,
    price: float,
) -> float:
    """Return the surplus of the best choice at a price per person (twin of `_kernels.priced_surplus`)."""
    left = [float(most) for most in group_limit]
    surplus = 0.0
    for i in sorted(range(cost.size), key=lambda i: -(gradient[i] - price * cost[i])):
        margin = gradient[i] - price * cost[i]
        if margin <= 0:
            break
        n = float(limit[i])
        if group[i] >= 0:
            n = min(n, left[group[i]])
            left[group[i]] -= n
        surplus += n * margin
    return surplus
