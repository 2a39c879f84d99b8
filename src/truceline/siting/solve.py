"""Answer a siting problem: copies within a budget with a proven gap, or the cheapest cover.

People, shares of events, seconds. `solve` tries several greedy passes and bounds them; `solve_cover` hands
the reduced problem to HiGHS (through scipy) and falls back on greedy. Neither promises the optimum unless the
status says so.
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from truceline.siting.bounds import BoundSearch
from truceline.siting.greedy import GreedyPath, Progress, pick_greedily
from truceline.siting.problems import (
    BoolArray,
    IntArray,
    SetCoverProblem,
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


@dataclass(frozen=True, eq=False)
class CoverResult:
    """A set of candidates that covers, and how far from the cheapest it can be."""

    chosen: IntArray
    """Candidates chosen, in rising order."""
    status: str
    """`optimal` or `feasible`."""
    cost: float
    """Their total cost."""
    bound: float
    """No cover costs less."""
    gap: float
    """(cost - bound) / cost."""
    uncovered: IntArray
    """Cells that must be covered and that no candidate reaches."""


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


def solve_cover(problem: SetCoverProblem, *, time_limit_s: float = math.inf) -> CoverResult:
    """Choose the cheapest candidates that reach every coverable cell of `must_cover`.

    Cells with a single candidate force it, repeated cells are merged, candidates that reach nothing needed
    drop out; HiGHS solves the rest. When it finds nothing better in time the greedy cover stands (within
    ln(n) + 1 of the cheapest, Chvatal 1979).
    """
    uncovered = problem.uncoverable
    needed = problem.must_cover.copy()
    needed[uncovered] = False
    reach = sparse.csr_array(
        (np.ones(problem.indices.size, dtype=np.int32), problem.indices, problem.indptr),
        shape=(problem.cost.size, problem.must_cover.size),
    )
    forced = _single_choices(reach, needed)
    left = needed & ~(reach[forced].sum(axis=0) > 0) if forced.size else needed
    rest, columns = _distinct_cells(reach, left)
    if not left.any():
        chosen, bound = forced, float(problem.cost[forced].sum())
    else:
        chosen, bound = _cover_rest(problem, rest, columns, time_limit_s)
        chosen = np.union1d(forced, chosen)
        bound += float(problem.cost[forced].sum())
    cost = float(problem.cost[chosen].sum())
    bound = min(bound, cost)
    gap = (cost - bound) / cost if cost > 0 else 0.0
    status = "optimal" if gap <= OPTIMAL_GAP else "feasible"
    return CoverResult(chosen.astype(np.int64), status, cost, bound, gap, uncovered)


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


def _single_choices(reach: sparse.csr_array, needed: BoolArray) -> IntArray:
    """Candidates that are the only one to reach some needed cell."""
    n_reaching = np.asarray(reach.sum(axis=0))
    lonely = needed & (n_reaching == 1)
    by_cell = reach.tocsc()
    return np.unique(by_cell.indices[by_cell.indptr[np.flatnonzero(lonely)]]).astype(np.int64)


def _distinct_cells(reach: sparse.csr_array, left: BoolArray) -> tuple[sparse.csr_array, IntArray]:
    """Return (cell by candidate matrix, candidates): cells reached by the same candidates kept once."""
    by_cell = reach.tocsc()[:, np.flatnonzero(left)].T.tocsr()
    by_cell.sort_indices()
    seen: dict[bytes, int] = {}
    for c in range(by_cell.shape[0]):
        seen.setdefault(by_cell.indices[by_cell.indptr[c] : by_cell.indptr[c + 1]].tobytes(), c)
    kept = by_cell[list(seen.values())]
    columns = np.unique(kept.indices).astype(np.int64)
    return kept[:, columns], columns


def _cover_rest(
    problem: SetCoverProblem, rest: sparse.csr_array, columns: IntArray, time_limit_s: float
) -> tuple[IntArray, float]:
    """Solve the reduced cover; return (candidates, lower bound)."""
    cost = problem.cost[columns]
    greedy = _cover_greedily(rest, cost)
    options = {} if math.isinf(time_limit_s) else {"time_limit": max(time_limit_s, 0.0)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns when HiGHS stops at its limit; the status below says so
        answer = optimize.milp(
            cost,
            integrality=np.ones(columns.size),
            bounds=optimize.Bounds(0, 1),
            constraints=optimize.LinearConstraint(rest.astype(np.float64), lb=1.0),
            options={**options, "mip_rel_gap": 0.0},
        )
    bound = float(answer.mip_dual_bound) if answer.mip_dual_bound is not None else 0.0
    chosen = greedy
    if answer.x is not None:
        found = np.flatnonzero(answer.x > 0.5)
        covers = bool((rest[:, found].sum(axis=1) > 0).all())
        if covers and cost[found].sum() < cost[greedy].sum():
            chosen = found
    return columns[chosen], bound if math.isfinite(bound) else 0.0


def _cover_greedily(rest: sparse.csr_array, cost: np.ndarray[tuple[int], np.dtype[np.float64]]) -> IntArray:
    """Take the candidate with the least cost per newly covered cell, then drop what became needless."""
    by_candidate = rest.T.tocsr()
    open_cells = np.ones(rest.shape[0], dtype=np.int64)
    chosen: list[int] = []
    while open_cells.any():
        newly = by_candidate @ open_cells
        best = int(np.argmax(newly / cost))
        chosen.append(best)
        open_cells[by_candidate.indices[by_candidate.indptr[best] : by_candidate.indptr[best + 1]]] = 0
    n_over = np.asarray(by_candidate[chosen].sum(axis=0))
    for candidate in sorted(chosen, key=lambda i: (-cost[i], i)):
        cells = by_candidate.indices[by_candidate.indptr[candidate] : by_candidate.indptr[candidate + 1]]
        if (n_over[cells] > 1).all():
            n_over[cells] -= 1
            chosen.remove(candidate)
    return np.array(sorted(chosen), dtype=np.int64)
