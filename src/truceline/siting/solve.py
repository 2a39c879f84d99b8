"""Answer a siting problem: copies within a budget with a proven gap.

People, shares of events, seconds. `solve` tries several greedy passes and bounds them; it does not promise
the optimum unless the status says so. The cheapest cover is in `cover`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from truceline.siting.bounds import BoundSearch
from truceline.siting.greedy import GreedyPath, Progress, pick_greedily
from truceline.siting.problems import (
    IntArray,
    SitingProblem,
    check_budget,
    expected_detection,
)

OPTIMAL_GAP = 1e-9
"""A gap below this share is rounding: the answer is called optimal."""
N_PRICES = 6
"""Prices tried to bring the fractional posture of the bound to the budget asked for."""
BUDGET_MISS_SHARE = 0.01
"""The search for that price ends when the fractional posture spends the budget up to this share."""
PRICE_STEP = 2.0
"""First factor between two prices while the right one is not yet enclosed."""


@dataclass(frozen=True, eq=False)
class SitingResult:
    """A posture and how far from the best it can be."""

    status: str
    """`optimal` (proved), `feasible` (within `gap`) or `time limit` (feasible, work was cut short)."""
    copies: IntArray
    """(n_candidates,) copies chosen."""
    order: IntArray
    """(n_picks,) candidates in the order picked, forced ones first, one entry for each copy."""
    objective: float
    """Expected share of events detected."""
    bound: float
    """No posture within the budget detects more."""
    gap: float
    """(bound - objective) / bound."""
    seconds: float
    """Time used."""
    method: str
    """Which pass gave the posture."""


def solve(
    problem: SitingProblem,
    budget: float,
    *,
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> SitingResult:
    """Choose copies for at most `budget` people so that the expected detection is greatest.

    The best of three greedy passes: gain per person, gain alone, and gain per person after the most useful
    single candidate that fits. The third makes the result at least half of 1 - 1/e of the best for any costs
    without groups (Khuller, Moss and Naor 1999). Raises InfeasibleError when the budget is not above zero or
    does not pay for the forced copies.
    """
    started_s = time.perf_counter()
    check_budget(problem, budget)
    method, path = _best_pass(problem, budget, started_s + time_limit_s, progress)
    copies = path.copies(path.order.size, problem.n_candidates)
    objective = expected_detection(problem, copies)
    search = BoundSearch(problem, np.array([budget]))
    in_time = _anchor_at(search, problem, path, budget, objective, started_s + time_limit_s)
    if progress is not None:
        progress("bounds", 1.0)
    bound = max(float(search.bound[0]), objective)
    gap = (bound - objective) / bound if bound > 0 else 0.0
    return SitingResult(
        status="optimal" if gap <= OPTIMAL_GAP else "feasible" if in_time and path.complete else "time limit",
        copies=copies,
        order=path.order,
        objective=objective,
        bound=bound,
        gap=gap,
        seconds=time.perf_counter() - started_s,
        method=method,
    )


def _best_pass(
    problem: SitingProblem, budget: float, deadline_s: float, progress: Progress | None
) -> tuple[str, GreedyPath]:
    def run(per_person: bool, first: int = -1) -> GreedyPath:
        left_s = max(deadline_s - time.perf_counter(), 0.0)
        return pick_greedily(
            problem, budget, per_person=per_person, first=first, time_limit_s=left_s, progress=progress
        )

    passes = [("greedy per person", run(True))]
    uniform = bool((problem.cost == problem.cost[0]).all())
    if not uniform and time.perf_counter() < deadline_s:
        passes.append(("greedy", run(False)))
        # The first free pick of the plain pass is the most useful single candidate that fits.
        path = passes[-1][1]
        if path.order.size > path.n_forced and time.perf_counter() < deadline_s:
            passes.append(("best single first", run(True, int(path.order[path.n_forced]))))
    # The first of equals wins, so the answer does not hang on rounding between passes.
    return max(passes, key=lambda item: round(float(item[1].gain.sum()), 12))


def _anchor_at(
    search: BoundSearch,
    problem: SitingProblem,
    path: GreedyPath,
    budget: float,
    objective: float,
    deadline_s: float,
) -> bool:
    """Tighten the bound near the budget: search the price at which the fractional posture spends it."""
    gain, cost = path.gain[path.n_forced :], problem.cost[path.order[path.n_forced :]]
    if gain.size == 0:
        return True
    free = budget - problem.forced_cost
    price, low, high = float((gain / cost).min()), 0.0, math.inf
    for _ in range(N_PRICES):
        if time.perf_counter() > deadline_s:
            return False
        if price <= 0 or search.bound[0] - objective <= OPTIMAL_GAP * objective:
            break
        search.improve(price, deadline_s=deadline_s)
        if abs(search.people - free) <= BUDGET_MISS_SHARE * free:
            break
        if search.people > free:
            low = price
        else:
            high = price
        price = (
            price * PRICE_STEP
            if math.isinf(high)
            else high / PRICE_STEP
            if low == 0
            else math.sqrt(low * high)
        )
    return True
