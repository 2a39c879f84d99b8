"""Prove how much any posture could detect at most, for every budget at once.

People and shares of events. For whole copies x an event is detected with 1 - prod(1-p)^x, which is at most
either of two concave functions: 1 - exp(-sum log_miss x), and the straight pieces through 1 - (1-P)^k at sum
p x = kP, where P is the event's greatest p (for a given sum of p, the chance of a miss is greatest when as
many as possible equal P). Each event uses whichever is lower where we look; any choice is valid. With a price
per event lambda_e, the tangent of its function has height psi_e(lambda_e) at zero, so no posture within
budget B detects more than sum_e psi_e(lambda_e) + V(B), V the fractional knapsack on A^T lambda with copies
and group limits respected. Valid for any prices and every B; good prices come from coordinate ascent on a
fractional posture y at a price per person. The bound is evaluated in float64. This module finds no postures.
"""

from __future__ import annotations

import time

import numpy as np

from truceline.siting import _kernels
from truceline.siting.problems import BoolArray, FloatArray, IntArray, SitingProblem, accumulate_log_miss

ACTIVE_SHARE = 0.9
"""A candidate joins the ascent when its gradient reaches this share of its price."""
N_SWEEPS_MAX = 4
"""Sweeps over the active candidates between two looks at all of them."""
N_PRICINGS_MAX = 2
"""Looks at all candidates for one price and choice of functions; stopping early only loosens the bound."""
N_FUNCTION_CHOICES = 2
"""Times at one price that each event may change between its two concave functions."""
ENOUGH_SHARE = 5e-4
"""A look that lowers the bound at its own price by less than this share ends the work there."""
SWEEP_TOLERANCE_SHARE = 1e-4
"""Sweeps stop when they promise less than this share of the value."""
RAMP_SHARE = 0.5
"""Share of a step over which corners are rounded in the ascent; the bound itself uses the sharp ones."""
UNIT_MARGIN_SHARE = 1e-6
"""Greatest p is rounded up by this, so that float32 cannot make it too small."""
P_TOP_MAX = 1 - 1e-9
"""Greatest p of an event is taken to be at most this, to keep its logarithm finite."""
PRICE_MIN = 1e-300
"""Smallest divisor."""
N_BUDGETS_SEARCHED = 24
"""Budgets for which the best price is searched when there are groups (bounds elsewhere stay valid)."""
N_BISECTIONS = 24
"""Halvings of the price interval in that search."""


class BoundSearch:
    """Keeps a fractional posture y, a price for every event, and the least bound proven at each budget."""

    def __init__(self, problem: SitingProblem, budgets: FloatArray) -> None:
        """budgets: (k,) people, each at least the cost of the forced copies."""
        self._reach = (problem.indptr, problem.indices)
        self._log_miss = problem.log_miss
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
        self._weight = problem.weight * np.exp(-accumulate_log_miss(problem, problem.forced))
        self._forced_value = float((problem.weight - self._weight).sum())
        top_log_miss = _kernels.greatest(*self._reach, self._log_miss, self._limit, problem.n_events)
        self._p_top = np.minimum(-np.expm1(-top_log_miss) * (1 + UNIT_MARGIN_SHARE), P_TOP_MAX)
        self._margin = np.zeros(problem.n_candidates)
        self._y = np.zeros(problem.n_candidates)
        self.bound = np.full(budgets.size, self._forced_value + self._everything(problem))
        self._choose_functions(self._p_top > 0)

    @property
    def people(self) -> float:
        """People of the fractional posture beyond the forced copies."""
        return float(self._cost @ self._y)

    def improve(self, price: float, *, deadline_s: float) -> None:
        """Move y towards the best answer at `price` (detection per person) and record what it proves.

        deadline_s: `time.perf_counter` value at which to stop early; what was proven stays.
        """
        for _ in range(N_FUNCTION_CHOICES):
            best = np.inf
            for _ in range(N_PRICINGS_MAX):
                gradient = self._gradient()
                lagrangian = self._constant() + self._surplus(gradient, price)[0]
                if lagrangian < best:
                    self._record(gradient)
                if lagrangian > best * (1 - ENOUGH_SHARE) or time.perf_counter() > deadline_s:
                    break
                best = lagrangian
                self._sweep(gradient, price, SWEEP_TOLERANCE_SHARE * lagrangian, deadline_s)
            if time.perf_counter() > deadline_s:
                return
            self._choose_functions(self._steps_are_lower())

    def _everything(self, problem: SitingProblem) -> float:
        """Return the detection beyond the forced copies when every copy affordable alone is in."""
        share = self._limit.copy()
        inside = self._group >= 0
        share[inside] = np.minimum(share[inside], self._group_limit[self._group[inside]])
        log_miss = _kernels.push(*self._reach, self._log_miss, share, problem.n_events)
        return float(self._weight @ -np.expm1(-log_miss))

    def _choose_functions(self, stepped: BoolArray) -> None:
        """Let the events marked count steps of p_top, the others log_miss; restate the totals at y."""
        self._unit = np.where(stepped, self._p_top, 0.0)
        p_step = np.where(stepped, self._p_top, 0.5)
        self._steep = np.where(stepped, -np.log1p(-p_step) / p_step, 1.0)
        self._coefficient = _kernels.choose_coefficients(*self._reach, self._log_miss, self._unit)
        self._restate()

    def _restate(self) -> None:
        """Compute totals and event prices at y afresh: sweeps let rounding pile up."""
        self._total = _kernels.push(*self._reach, self._coefficient, self._y, self._weight.size)
        self._price_of_event = _kernels.event_slopes(
            self._weight, self._total, self._unit, self._steep, RAMP_SHARE
        )

    def _steps_are_lower(self) -> BoolArray:
        """Tell for each event which of the two functions is lower at y, and so bounds better."""
        n_events = self._weight.size
        log_miss = _kernels.push(*self._reach, self._log_miss, self._y, n_events)
        p_sum = _kernels.push_probability(*self._reach, self._log_miss, self._y, n_events)
        p_step = np.maximum(self._p_top, 1e-12)
        n_steps = np.floor(p_sum / p_step)
        missed = (1 - p_step) ** n_steps
        stepped = 1 - missed + missed * p_step * (p_sum / p_step - n_steps)
        return np.asarray((stepped < -np.expm1(-log_miss)) & (self._p_top > 0))

    def _gradient(self) -> FloatArray:
        return np.asarray(_kernels.pull(*self._reach, self._coefficient, self._price_of_event))

    def _constant(self) -> float:
        """Return the height of the tangents at no copies, in float64: valid for prices from 0 to weight."""
        price, weight = self._price_of_event, self._weight
        ratio = np.minimum(weight / np.maximum(price, PRICE_MIN), 1 / PRICE_MIN)
        log_ratio = np.log(np.maximum(ratio, 1.0))
        smooth = weight - price - price * log_ratio
        fall = np.maximum(self._steep * self._unit, PRICE_MIN)
        n_steps = np.ceil(log_ratio / fall)
        stepped = weight * -np.expm1(-fall * n_steps) - price * self._unit * n_steps
        return self._forced_value + float(np.where(self._unit > 0, stepped, smooth).sum())

    def _record(self, gradient: FloatArray) -> None:
        self.bound = np.minimum(self.bound, self._constant() + self._knapsack(gradient))

    def _sweep(self, gradient: FloatArray, price: float, enough: float, deadline_s: float) -> None:
        wanted = (gradient >= ACTIVE_SHARE * price * self._cost) | (self._y > 0)
        columns = np.flatnonzero(wanted & (self._limit > 0))
        columns = columns[np.argsort(-gradient[columns] / self._cost[columns], kind="stable")]
        used = np.bincount(np.maximum(self._group, 0), np.where(self._group >= 0, self._y, 0.0))
        used = np.resize(np.append(used, np.zeros(self._group_limit.size)), self._group_limit.size)
        room = np.maximum(self._group_limit - used, 0.0)
        for _ in range(N_SWEEPS_MAX):
            promised = _kernels.ascend(
                *self._reach, self._coefficient, self._cost, self._limit, self._group, self._group_start,
                self._group_member, room, columns, price, self._y, self._margin, self._price_of_event,
                self._total, self._weight, self._unit, self._steep, RAMP_SHARE,
            )  # fmt: skip
            if promised <= enough or time.perf_counter() > deadline_s:
                break
        self._restate()

    def _surplus(self, gradient: FloatArray, price: float) -> tuple[float, float]:
        surplus, people = _kernels.priced_surplus(
            gradient, self._cost, self._limit, self._group_start, self._group_member, self._group_limit, price
        )
        return float(surplus), float(people)

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
