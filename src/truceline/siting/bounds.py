"""Prove how much any posture could detect at most, for every budget at once.

People and shares of events. On integers F(y) = sum_e w_e (1 - exp(-(A^T y)_e)) is the objective, and it is
concave, so for any fractional y no posture within budget B detects more than F(y) - grad.y + V(B), V the
fractional knapsack on the gradient, with copies and group limits respected. y decides only how tight the
bound is: it is improved by coordinate ascent at a price per person. Everything is evaluated in float64. This
module finds no postures.
"""

from __future__ import annotations

import time

import numpy as np

from truceline.siting import _kernels
from truceline.siting.problems import FloatArray, IntArray, SitingProblem, accumulate_log_miss

ACTIVE_SHARE = 0.9
"""A candidate joins the ascent when its gradient reaches this share of its price."""
N_SWEEPS_MAX = 30
"""Sweeps over the active candidates between two looks at all of them."""
N_PRICINGS_MAX = 8
"""Looks at all candidates for one price; the gap they leave is measured, so stopping early is safe."""
GAP_TOLERANCE_SHARE = 2e-4
"""An anchor is good enough when its own duality gap is this share of its value."""
SWEEP_TOLERANCE_SHARE = 2e-5
"""Sweeps stop when they promise less than this share of the value."""
N_BUDGETS_SEARCHED = 32
"""Budgets for which the best price is searched when there are groups (bounds elsewhere stay valid)."""
N_BISECTIONS = 30
"""Halvings of the price interval in that search."""


class BoundSearch:
    """Keeps a fractional posture y and the least bound proven so far at each of the given budgets."""

    def __init__(self, problem: SitingProblem, budgets: FloatArray) -> None:
        """budgets: (k,) people, each at least the cost of the forced copies."""
        self._matrix = (problem.indptr, problem.indices, problem.log_miss)
        self._cost = problem.cost
        self._group = problem.group.astype(np.int64)
        self._free_budgets = np.maximum(budgets - problem.forced_cost, 0.0)
        most = float(self._free_budgets.max()) * (1 + 1e-9)
        # What cannot be paid for even alone is left out; forced copies are constants.
        spare = (problem.copies_max - problem.forced).astype(np.float64)
        self._limit = np.minimum(spare, np.floor(most / problem.cost + 1e-9))
        taken = np.where(self._group >= 0, problem.forced, 0)
        used = np.bincount(np.maximum(self._group, 0), taken, max(problem.group_limit.size, 1))
        self._group_limit = problem.group_limit - used[: problem.group_limit.size]
        self._group_start, self._group_member = _members_by_group(self._group, problem.group_limit.size)
        self._residual_start = problem.weight * np.exp(-accumulate_log_miss(problem, problem.forced))
        self._forced_value = float((problem.weight - self._residual_start).sum())
        self._margin = np.zeros(problem.n_candidates)
        self._y = np.zeros(problem.n_candidates)
        self._residual = self._residual_start.copy()
        everything = (
            self._limit if self._group_limit.size == 0 else np.minimum(self._limit, self._largest_share())
        )
        missed = self._residual_start * np.exp(-_kernels.push(*self._matrix, everything, problem.n_events))
        self.bound = np.full(budgets.size, self._forced_value + float((self._residual_start - missed).sum()))
        self.record_bound()

    @property
    def people(self) -> float:
        """People of the fractional posture beyond the forced copies."""
        return float(self._cost @ self._y)

    def improve(self, price: float, *, deadline_s: float) -> float:
        """Move y towards the best answer at `price` (detection per person) and record its bound.

        Returns the duality gap left as a share of the value. deadline_s: `time.perf_counter` value at which
        to stop early.
        """
        gap_share = np.inf
        for _ in range(N_PRICINGS_MAX):
            gradient = _kernels.pull(*self._matrix, self._residual)
            value = self._forced_value + float((self._residual_start - self._residual).sum())
            surplus, _ = self._surplus(gradient, price)
            lagrangian_gap = surplus - float((gradient - price * self._cost) @ self._y)
            gap_share = lagrangian_gap / max(value, 1e-300)
            if gap_share <= GAP_TOLERANCE_SHARE or time.perf_counter() > deadline_s:
                break
            self._sweep(gradient, price, SWEEP_TOLERANCE_SHARE * value, deadline_s)
            self._residual = self._residual_start * np.exp(
                -_kernels.push(*self._matrix, self._y, self._residual.size)
            )
        self.record_bound()
        return float(gap_share)

    def record_bound(self) -> None:
        """Lower the bound at every budget to what the present y proves."""
        gradient = _kernels.pull(*self._matrix, self._residual)
        value = self._forced_value + float((self._residual_start - self._residual).sum())
        constant = value - float(gradient @ self._y)
        self.bound = np.minimum(self.bound, constant + self._knapsack(gradient))

    def _sweep(self, gradient: FloatArray, price: float, enough: float, deadline_s: float) -> None:
        wanted = (gradient >= ACTIVE_SHARE * price * self._cost) | (self._y > 0)
        columns = np.flatnonzero(wanted & (self._limit > 0))
        columns = columns[np.argsort(-gradient[columns] / self._cost[columns], kind="stable")]
        used = np.bincount(np.maximum(self._group, 0), np.where(self._group >= 0, self._y, 0.0))
        room = (
            self._group_limit - np.resize(used, self._group_limit.size)
            if self._group_limit.size
            else np.zeros(0)
        )
        np.maximum(room, 0.0, out=room)
        for _ in range(N_SWEEPS_MAX):
            promised = _kernels.ascend(
                *self._matrix, self._cost, self._limit, self._group, self._group_start, self._group_member,
                room, columns, price, self._y, self._residual, self._margin,
            )  # fmt: skip
            if promised <= enough or time.perf_counter() > deadline_s:
                return

    def _surplus(self, gradient: FloatArray, price: float) -> tuple[float, float]:
        surplus, people = _kernels.priced_surplus(
            gradient, self._cost, self._limit, self._group_start, self._group_member, self._group_limit, price
        )
        return float(surplus), float(people)

    def _largest_share(self) -> FloatArray:
        """Most copies of each candidate its group allows."""
        share = np.full(self._limit.size, np.inf)
        inside = self._group >= 0
        share[inside] = self._group_limit[self._group[inside]]
        return share

    def _knapsack(self, gradient: FloatArray) -> FloatArray:
        """Return V at every budget: exact without groups, from above with them (any price gives a bound)."""
        if self._group_limit.size == 0:
            return _fractional_knapsack(gradient, self._cost, self._limit, self._free_budgets)
        top_price = float((gradient / self._cost).max())
        searched = np.unique(self._free_budgets)
        if searched.size > N_BUDGETS_SEARCHED:
            searched = searched[
                np.linspace(0, searched.size - 1, N_BUDGETS_SEARCHED).round().astype(np.int64)
            ]
        lines = [(0.0, self._surplus(gradient, 0.0)[0])]
        low, high = 0.0, top_price
        for budget in searched[::-1]:
            # People fall as the price rises, so a smaller budget needs a price above the last `low`.
            high = top_price
            for _ in range(N_BISECTIONS):
                price = 0.5 * (low + high)
                surplus, people = self._surplus(gradient, price)
                lines.append((price, surplus))
                low, high = (price, high) if people > budget else (low, price)
        price_and_surplus = np.array(lines)
        best = np.full(self._free_budgets.size, np.inf)
        for price, surplus in price_and_surplus:
            np.minimum(best, surplus + price * self._free_budgets, out=best)
        return best


def _members_by_group(group: IntArray, n_groups: int) -> tuple[IntArray, IntArray]:
    """Return (start, member): candidates sorted by group, those without one last."""
    key = np.where(group < 0, n_groups, group)
    member = np.argsort(key, kind="stable").astype(np.int64)
    start = np.searchsorted(key[member], np.arange(n_groups + 2)).astype(np.int64)
    return start, member


def _fractional_knapsack(
    gradient: FloatArray, cost: FloatArray, limit: FloatArray, budgets: FloatArray
) -> FloatArray:
    """Return the greatest gradient.x with cost.x <= budget, 0 <= x <= limit, by budget (Dantzig 1957)."""
    order = np.argsort(-gradient / cost, kind="stable")
    people = np.concatenate([[0.0], np.cumsum((cost * limit)[order])])
    value = np.concatenate([[0.0], np.cumsum((gradient * limit)[order])])
    return np.asarray(np.interp(budgets, people, value), dtype=np.float64)
