"""Trace what more people would buy: the detection reached and the most it could be, at every step.

People against the expected share of events. One greedy pass gives the whole curve, a few anchors bound every
point of it. It does not polish single points; `solve` does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from truceline.errors import InfeasibleError, Problem
from truceline.siting.bounds import BoundSearch
from truceline.siting.greedy import GreedyPath, Progress, pick_greedily
from truceline.siting.problems import BUDGET_SLACK_SHARE, FloatArray, IntArray, SitingProblem, check_budget

SMALLEST_ANCHOR_SHARE = 0.02
"""The first bound is anchored at this share of the budget; the others follow in geometric steps."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """Points of the personnel-detection curve; point 0 has the forced copies only (or nothing)."""

    spent: FloatArray
    """(k,) people."""
    objective: FloatArray
    """(k,) expected share of events detected."""
    bound: FloatArray
    """(k,) no posture with that many people detects more."""
    order: IntArray
    """(n_picks,) candidate of each pick: `n_forced` forced copies, then one for each later point."""
    n_forced: int
    """Leading picks that were forced."""
    n_candidates: int
    """Number of candidates of the problem."""
    complete: bool
    """False when the time limit cut the curve or its bounds short."""
    seconds: float
    """Time used."""

    @property
    def gap(self) -> FloatArray:
        """(k,) share of the bound that is not reached: (bound - objective) / bound."""
        return (self.bound - self.objective) / np.maximum(self.bound, 1e-300)

    def point_at(self, budget: float) -> int:
        """Return the last point that `budget` people pay for; InfeasibleError below the forced copies."""
        point = int(np.searchsorted(self.spent, budget * (1 + BUDGET_SLACK_SHARE), side="right")) - 1
        if point < 0:
            found = f"{budget:g} people do not pay for the forced copies"
            raise InfeasibleError("frontier", [Problem("budget", found, f"they need {self.spent[0]:g}")])
        return point

    def copies_at(self, budget: float) -> IntArray:
        """Return (n_candidates,) copies of the posture at the last point that `budget` people pay for."""
        n_picks = self.n_forced + self.point_at(budget)
        return np.bincount(self.order[:n_picks], minlength=self.n_candidates).astype(np.int64)


def trace_frontier(
    problem: SitingProblem,
    budget_max: float,
    *,
    n_bounds: int = 8,
    anchors: Sequence[float] = (),
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> Frontier:
    """Return the curve from the forced copies up to `budget_max` people, with an upper bound at every point.

    n_bounds: anchors of the bound, in geometric steps of the budget; more are tighter and slower. anchors:
    further budgets (people) where the bound should be tight, such as the one to be decided on. When time runs
    out the curve and bounds so far are returned: both stay valid. Raises InfeasibleError when the budget is
    not above zero or does not pay for the forced copies.
    """
    started_s = time.perf_counter()
    deadline_s = started_s + time_limit_s
    check_budget(problem, budget_max)
    path = pick_greedily(problem, budget_max, time_limit_s=time_limit_s, progress=progress)
    spent, objective = curve_of(problem, path)
    search = BoundSearch(problem, spent)
    in_time = path.complete
    prices = _anchor_prices(problem, path, spent, n_bounds, anchors)
    for done, price in enumerate(prices):
        if time.perf_counter() > deadline_s:
            in_time = False
            break
        search.improve(price, deadline_s=deadline_s)
        if progress is not None:
            progress("bounds", (done + 1) / len(prices))
    return Frontier(
        spent=spent,
        objective=objective,
        # Rounding alone can put a proven bound a hair below a value that is attained.
        bound=np.maximum(search.bound, objective),
        order=path.order,
        n_forced=path.n_forced,
        n_candidates=problem.n_candidates,
        complete=in_time,
        seconds=time.perf_counter() - started_s,
    )


def curve_of(problem: SitingProblem, path: GreedyPath) -> tuple[FloatArray, FloatArray]:
    """Return (people, detection) after the forced copies and after each later pick."""
    people = np.concatenate([[0.0], np.cumsum(problem.cost[path.order])])
    detection = np.concatenate([[0.0], np.cumsum(path.gain)])
    return people[path.n_forced :], detection[path.n_forced :]


def _anchor_prices(
    problem: SitingProblem, path: GreedyPath, spent: FloatArray, n_bounds: int, anchors: Sequence[float]
) -> list[float]:
    """Prices (detection per person) that greedy paid at geometric steps and at anchors, highest first."""
    gain, cost = path.gain[path.n_forced :], problem.cost[path.order[path.n_forced :]]
    if gain.size == 0 or n_bounds + len(anchors) < 1:
        return []
    free = spent[1:] - spent[0]
    steps = (
        free[-1] * np.geomspace(SMALLEST_ANCHOR_SHARE, 1.0, n_bounds)
        if n_bounds > 1
        else free[-1:][:n_bounds]
    )
    budgets = np.concatenate([steps, np.maximum(np.asarray(anchors, dtype=np.float64) - spent[0], 0.0)])
    at = np.minimum(np.searchsorted(free, budgets), gain.size - 1)
    prices = np.unique(gain[at] / cost[at])[::-1]
    return [float(price) for price in prices]
