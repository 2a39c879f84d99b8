"""Trace what more people would buy: the detection reached and the most it could be, at every step.

People against the expected share of events. One greedy pass gives the whole curve, swaps better it at chosen
budgets, and a few anchors, each started from the last, bound every point of it at once. It does not polish
single points further; `solve` does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from truceline.errors import InfeasibleError, Problem
from truceline.siting.bounds import BoundSearch
from truceline.siting.greedy import GreedyPath, pick_greedily
from truceline.siting.improve import improve
from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    FloatArray,
    IntArray,
    Progress,
    SitingProblem,
    check_budget,
)

SMALLEST_ANCHOR_SHARE = 0.02
"""The first bound is anchored at this share of the budget; the others follow in geometric steps."""
N_ROUNDS_PER_ANCHOR = 12
"""Rounds of the bound at one anchor: neighbours start from each other, so a few are enough."""
ENOUGH_GAP = 5e-4
"""Share of the bound within which an anchor's relaxation counts as solved."""
N_SWAP_PASSES = 20
"""Passes of swaps at one budget; they end by themselves when nothing helps."""


@dataclass(frozen=True, eq=False)
class BetterPosture:
    """A posture found by swaps that detects more than greedy does for its people."""

    spent: float
    """People."""
    objective: float
    """Expected share of events detected."""
    copies: IntArray
    """(n_candidates,) copies chosen."""


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
    improved: tuple[BetterPosture, ...] = ()
    """Postures better than greedy, by people; `order` and `objective` are greedy's all the same."""

    @property
    def reached(self) -> FloatArray:
        """(k,) the most that any posture found detects for that many people: greedy's, or better."""
        reached = self.objective.copy()
        for better in self.improved:
            pays = self.spent * (1 + BUDGET_SLACK_SHARE) >= better.spent
            reached[pays] = np.maximum(reached[pays], better.objective)
        return np.asarray(np.maximum.accumulate(reached))

    @property
    def gap(self) -> FloatArray:
        """(k,) share of the bound that is not reached: (bound - reached) / bound."""
        return (self.bound - self.reached) / np.maximum(self.bound, 1e-300)

    def best_at(self, budget: float) -> BetterPosture:
        """Return the best posture found that `budget` people pay for: a swapped one, or greedy's."""
        point = self.point_at(budget)
        best = BetterPosture(float(self.spent[point]), float(self.objective[point]), self.copies_at(budget))
        for better in self.improved:
            if better.spent <= budget * (1 + BUDGET_SLACK_SHARE) and better.objective > best.objective:
                best = better
        return best

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
    n_swapped: int = 0,
    swap_anchors: bool = False,
    n_rounds: int = N_ROUNDS_PER_ANCHOR,
    n_passes: int = N_SWAP_PASSES,
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> Frontier:
    """Return the curve from the forced copies up to `budget_max` people, with an upper bound at every point.

    n_bounds: anchors of the bound, in geometric steps of the budget; more are tighter and slower. anchors:
    further budgets (people) where the bound should be tight, such as the one to be decided on. n_swapped:
    budgets, in the same steps and with the anchors, at which greedy's posture is bettered by swaps; 0 for
    none, or with `swap_anchors` for the anchors alone. n_rounds, n_passes: most rounds of the bound, and
    passes of swaps, at one budget. When time runs out the curve and bounds so far are returned: both stay
    valid. Raises InfeasibleError when the budget is not above zero or does not pay for the forced copies.
    """
    started_s = time.perf_counter()
    deadline_s = started_s + time_limit_s
    check_budget(problem, budget_max)
    path = pick_greedily(problem, budget_max, time_limit_s=time_limit_s, progress=progress)
    spent, objective = curve_of(problem, path)
    in_time = path.complete
    improved: list[BetterPosture] = []
    swapped_at = _steps(spent, n_swapped, anchors if n_swapped or swap_anchors else ())
    for done, budget in enumerate(swapped_at):
        if time.perf_counter() > deadline_s:
            in_time = False
            break
        point = int(np.searchsorted(spent, budget * (1 + BUDGET_SLACK_SHARE), side="right")) - 1
        copies = path.copies(path.n_forced + point, problem.n_candidates)
        better = improve(
            problem, copies, budget, n_passes=n_passes, time_limit_s=deadline_s - time.perf_counter()
        )
        if better.objective > objective[point]:
            people = float(problem.cost @ better.copies)
            improved.append(BetterPosture(people, better.objective, better.copies))
        if progress is not None:
            progress("swaps", (done + 1) / len(swapped_at))
    search = BoundSearch(problem, spent)
    bounded_at = _steps(spent, n_bounds, anchors)
    for done, budget in enumerate(bounded_at):
        if time.perf_counter() > deadline_s:
            in_time = False
            break
        search.improve_at(budget, n_rounds=n_rounds, enough_gap=ENOUGH_GAP, deadline_s=deadline_s)
        if progress is not None:
            progress("bounds", (done + 1) / len(bounded_at))
    frontier = Frontier(
        spent=spent,
        objective=objective,
        bound=search.bound,
        order=path.order,
        n_forced=path.n_forced,
        n_candidates=problem.n_candidates,
        complete=in_time,
        seconds=time.perf_counter() - started_s,
        improved=tuple(improved),
    )
    # Rounding alone can put a proven bound a hair below a value that is attained.
    return replace(frontier, bound=np.maximum(frontier.bound, frontier.reached))


def curve_of(problem: SitingProblem, path: GreedyPath) -> tuple[FloatArray, FloatArray]:
    """Return (people, detection) after the forced copies and after each later pick."""
    people = np.concatenate([[0.0], np.cumsum(problem.cost[path.order])])
    detection = np.concatenate([[0.0], np.cumsum(path.gain)])
    return people[path.n_forced :], detection[path.n_forced :]


def _steps(spent: FloatArray, n: int, more: Sequence[float]) -> list[float]:
    """Return `more`, then `n` budgets on the curve in geometric steps beyond the forced copies, falling.

    The bound at one budget starts from where the last one ended: those asked for come first, and from much
    to little proved more than from little to much.
    """
    if spent.size < 2 or n + len(more) < 1:
        return []
    free = float(spent[-1] - spent[0])
    shares = np.geomspace(SMALLEST_ANCHOR_SHARE, 1.0, n) if n > 1 else np.ones(n)
    wanted = np.concatenate([np.asarray(more, dtype=np.float64), (spent[0] + free * shares)[::-1]])
    return list(dict.fromkeys(float(budget) for budget in np.clip(wanted, spent[1], spent[-1])))
