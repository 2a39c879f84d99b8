"""Prove how much any posture could detect at most, for every budget at once.

People and shares of events (or any other weights). Each event's chance is bounded by a concave function of
the posture. Seen for certain: min(1, sum x), exact for whole copies. By chance p: 1 - prod(1-p)^x is at most
either of two functions, 1 - exp(-sum log_miss x), and the straight pieces through 1 - (1-P)^k at sum p x =
kP, P the event's greatest p (for a given sum of p the chance of a miss is greatest when as many as possible
equal P); each event uses whichever is lower where we look, and any choice is valid. With a price lambda_e per
event, the tangent of its function has height psi_e(lambda_e) at zero, so no posture within budget B detects
more than

    sum_e psi_e(lambda_e) - sum_s sigma_s m_s + V(B),   V(B) = max over x of (A^T lambda + sigma).x

with x within the budget, copies and group limits, and sigma_s >= 0 a price on the least number m_s of each
sector (Lagrange multipliers: valid for any value). V is a fractional knapsack (Dantzig 1957). Valid for any
prices and every B, so one set of prices bounds the whole curve. Evaluated in float64 from clipped prices;
`first_order` finds good ones. This module finds no postures.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from truceline.siting import _bound_kernels
from truceline.siting.first_order import PrimalDual, Relaxation
from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    BoolArray,
    Float32Array,
    FloatArray,
    Int32Array,
    IntArray,
    SitingProblem,
    accumulate_log_miss,
)

N_ROUNDS = 60
"""Rounds of the first-order method at one budget, shared by all choices of event functions."""
ENOUGH_GAP = 3e-4
"""Share of the bound within which the relaxation counts as solved."""
N_FUNCTION_CHOICES = 5
"""Times at one budget that events may change between their two concave functions."""
FUNCTION_MARGIN = 0.01
"""After the first choice an event changes only when the other function is lower by this chance."""
FEW_CHANGES_SHARE = 1e-3
"""Choosing ends when fewer events than this share would change."""
UNIT_MARGIN_SHARE = 1e-6
"""Greatest p is rounded up by this, so that float32 cannot make it too small."""
CERTAIN_P = 1 - 1e-9
"""A greatest p above this is taken as 1, which bounds from above as well."""
PRICE_MIN = 1e-300
"""Smallest divisor."""
N_BUDGETS_SEARCHED = 24
"""Budgets for which the best price of a person is searched when there are groups."""
N_NONZERO_FOR_THREADS = 300_000
"""Entries of the reach matrix from which more than one thread is used."""
N_BISECTIONS = 24
"""Halvings of the price interval in that search."""


@dataclass(frozen=True, eq=False)
class Certificate:
    """The prices that proved most at the last budget asked for, and what they are prices of."""

    event_price: FloatArray
    """(n_events,) between 0 and weight."""
    weight: FloatArray
    """(n_events,) weight the forced copies leave; 0 where no candidate can see."""
    person_price: float
    """Weight per person at that budget."""
    row_toll: FloatArray
    """(n_candidates,) price of one copy's place in its group, less what its sector pays for it."""
    row_value: float
    """What the side rows add to a bound at these prices."""
    forced_value: float
    """What the forced copies see."""
    limit: FloatArray
    """(n_candidates,) most copies beyond the forced ones."""
    fraction: FloatArray
    """(n_candidates,) fractional posture beyond the forced copies."""


class BoundSearch:
    """Keeps event prices, a fractional posture, and the least bound proven at each budget."""

    def __init__(self, problem: SitingProblem, budgets: FloatArray) -> None:
        """budgets: (k,) people, each at least the cost of the forced copies."""
        self._reach = (problem.indptr, problem.indices)
        self._log_miss = problem.log_miss
        self._cost = problem.cost
        self._forced_cost = problem.forced_cost
        self._free_budgets = self._free(np.asarray(budgets, dtype=np.float64))
        # What cannot be paid for even alone is left out; forced copies are constants.
        spare = (problem.copies_max - problem.forced).astype(np.float64)
        affordable = np.floor(float(self._free_budgets.max()) / problem.cost + BUDGET_SLACK_SHARE)
        self._limit = np.minimum(spare, affordable)
        self._set_rows(problem)
        self._weight = problem.weight * np.exp(-accumulate_log_miss(problem, problem.forced))
        self._forced_value = float((problem.weight - self._weight).sum())
        self._p_top = self._greatest_p(problem.n_events)
        self._everyone = np.arange(problem.n_candidates, dtype=np.int64)
        self._anchor = 0.0
        self._best_at_anchor = np.inf
        self._iteration: PrimalDual | None = None
        self._choose_functions(self._p_top > 0)
        self.event_price: FloatArray = np.zeros(problem.n_events)
        """(n_events,) prices that proved most at the last budget asked for."""
        self.fraction: FloatArray = np.zeros(problem.n_candidates)
        """(n_candidates,) fractional posture beyond the forced copies at the last budget asked for."""
        self.bound: FloatArray = np.full(self._free_budgets.size, self._everything())
        """(k,) no posture within the budget detects more."""

    def certificate(self) -> Certificate:
        """Return the prices behind the bound at the last budget asked for."""
        weight = np.where(self._p_top > 0, self._weight, 0.0)
        rows = self._best_rows
        toll = np.append(self._row_sign * rows, 0.0)[self._row].sum(axis=1)
        net = (
            self._best_gradient
            - np.append(rows[: self._n_groups], np.zeros(1))[np.where(self._group >= 0, self._group, -1)]
        )
        return Certificate(
            event_price=np.minimum(self.event_price, weight),
            weight=weight,
            person_price=_marginal_price(net, self._cost, self._limit, self._anchor),
            row_toll=toll,
            row_value=float((self._row_sign * rows) @ self._row_limit),
            forced_value=self._forced_value,
            limit=self._limit,
            fraction=self.fraction,
        )

    @property
    def people(self) -> float:
        """People of the fractional posture beyond the forced copies."""
        return float(self._cost @ self.fraction)

    def improve_at(
        self,
        budget: float,
        *,
        n_rounds: int = N_ROUNDS,
        enough_gap: float = ENOUGH_GAP,
        deadline_s: float = math.inf,
    ) -> None:
        """Tighten the bound near `budget` (people), and record what is proved at every budget on the way.

        Ends after `n_rounds` rounds, when the relaxation is solved up to `enough_gap` (a share), or at
        `deadline_s` (a `time.perf_counter` value): what was proven stays. Starts from where the last call
        ended, so neighbouring budgets are cheap.
        """
        self._anchor = float(self._free(np.array([budget]))[0])
        self._best_at_anchor = np.inf
        if self._anchor <= 0 or not (self._limit > 0).any() or not (self._weight > 0).any():
            self._judge(np.zeros(self._weight.size, dtype=np.float32), np.zeros(self._row_limit.size))
            return
        with _few_threads(self._reach[1].size):
            self._search(n_rounds, enough_gap, deadline_s)
            self._record_groups()

    def _search(self, n_rounds: int, enough_gap: float, deadline_s: float) -> None:
        """Let the first-order method propose prices, for one choice of event functions after another."""
        if self._iteration is None:
            self._iteration = PrimalDual(self._relaxation)
        iteration = self._iteration
        n_choices = 1 if self._log_miss is None else min(N_FUNCTION_CHOICES, n_rounds)
        for choice in range(n_choices):
            rounds = max(n_rounds // n_choices, 1)
            iteration.run(
                self._anchor, self._judge, n_rounds=rounds, enough_gap=enough_gap, deadline_s=deadline_s
            )
            self.fraction = iteration.fraction
            if choice + 1 == n_choices or time.perf_counter() > deadline_s:
                break
            if not self._change_functions(first=choice == 0):
                break
            iteration.use(self._relaxation)

    def _free(self, budgets: FloatArray) -> FloatArray:
        """Return people left after the forced copies, with the rounding a posture is allowed."""
        return np.maximum(budgets * (1 + BUDGET_SLACK_SHARE) - self._forced_cost, 0.0)

    def _set_rows(self, problem: SitingProblem) -> None:
        """State group limits and least numbers as rows over the copies beyond the forced ones."""
        n_groups = problem.group_limit.size
        self._group = problem.group.astype(np.int64)
        sector = problem.sector.astype(np.int64)
        self._row = np.column_stack([self._group, np.where(sector >= 0, sector + n_groups, -1)])
        self._row_sign = np.repeat([1.0, -1.0], [n_groups, problem.sector_min.size])
        limit = np.concatenate([problem.group_limit, problem.sector_min]).astype(np.float64)
        for side in range(2):
            inside = self._row[:, side] >= 0
            limit -= np.bincount(self._row[inside, side], problem.forced[inside], limit.size)[: limit.size]
        # A sector that the forced copies already serve asks for nothing more.
        self._row_limit = np.maximum(limit, 0.0)
        self._n_groups = n_groups
        inside = self._group >= 0
        self._limit[inside] = np.minimum(self._limit[inside], self._row_limit[self._group[inside]])
        self._group_start, self._group_member = _members_by_group(self._group, n_groups)

    def _greatest_p(self, n_events: int) -> FloatArray:
        """Return the greatest chance of one copy at each event, rounded up; 0 where none can see it."""
        values = np.empty(0, dtype=np.float32) if self._log_miss is None else self._log_miss
        greatest = _bound_kernels.greatest(*self._reach, values, self._limit, n_events)
        p_top = -np.expm1(-greatest) * (1 + UNIT_MARGIN_SHARE)
        return np.where(p_top > CERTAIN_P, 1.0, p_top)

    def _everything(self) -> float:
        """Return the detection when every copy affordable alone is in."""
        total = _push(self._reach, self._relaxation.coefficient, self._limit, self._weight.size)
        return self._forced_value + self._relaxation_value(total)

    def _relaxation_value(self, total: FloatArray) -> float:
        # The weight is rounded down for the iteration; this bound needs the true one.
        return float(self._weight @ self._relaxation.shares(total))

    def _choose_functions(self, stepped: BoolArray) -> None:
        """Let the events marked count in pieces of the greatest p, the others by log_miss."""
        self._stepped = stepped
        if self._log_miss is None:
            coefficient = np.empty(0, dtype=np.float32)
        else:
            coefficient = _bound_kernels.choose_coefficients(*self._reach, self._log_miss, stepped)
        self._relaxation = Relaxation(
            *self._reach,
            coefficient,
            weight=_round_down(self._weight),
            unit=np.where(stepped, self._p_top, 0.0),
            miss=np.where(stepped, 1.0 - self._p_top, 0.0),
            cost=self._cost,
            limit=self._limit,
            row=self._row,
            row_sign=self._row_sign,
            row_limit=self._row_limit,
        )

    def _change_functions(self, *, first: bool) -> bool:
        """Give each event the function that is lower at the fractional posture; False when few change."""
        if self._log_miss is None:  # certain sight has one function only
            return False
        n_events = self._weight.size
        columns = np.flatnonzero(self.fraction)
        x = self.fraction[columns]
        log_miss = _push_columns(self._reach, self._log_miss, columns, x, n_events)
        p_sum = _bound_kernels.push_probability(*self._reach, self._log_miss, columns, x, n_events)
        seen = self._p_top > 0
        steps = p_sum / np.where(seen, self._p_top, 1.0)
        whole = np.floor(steps)
        left = (1.0 - self._p_top) ** whole
        stepped = 1.0 - left + left * self._p_top * (steps - whole)
        smooth = -np.expm1(-log_miss)
        wanted = (stepped < smooth) & seen
        change = wanted != self._stepped
        if not first:
            change &= np.abs(stepped - smooth) > FUNCTION_MARGIN
        if change.sum() <= FEW_CHANGES_SHARE * n_events:
            return False
        self._choose_functions(np.where(change, wanted, self._stepped))
        return True

    def _judge(self, price: Float32Array, row_price: FloatArray) -> tuple[float, FloatArray]:
        """Record what the prices prove; return the bound at the anchor and every candidate's gradient."""
        gradient = _bound_kernels.pull_at(*self._reach, self._relaxation.coefficient, self._everyone, price)
        groups, sectors = row_price[: self._n_groups], row_price[self._n_groups :]
        constant = self._constant(price.astype(np.float64))
        constant -= float(sectors @ self._row_limit[self._n_groups :])
        sector = self._row[:, 1]
        if sectors.size:
            gradient = gradient + np.where(sector >= 0, row_price[np.maximum(sector, 0)], 0.0)
        net = gradient
        if groups.size:
            net = gradient - np.where(self._group >= 0, groups[np.maximum(self._group, 0)], 0.0)
        of_groups = float(groups @ self._row_limit[: self._n_groups])
        budgets = np.append(self._free_budgets, self._anchor)
        proven = constant + of_groups + _fractional_knapsack(net, self._cost, self._limit, budgets)
        self.bound = np.minimum(self.bound, proven[:-1])
        if proven[-1] < self._best_at_anchor:
            self._best_at_anchor = float(proven[-1])
            self.event_price = price.astype(np.float64)
            self._best_gradient, self._best_constant = gradient, constant
            self._best_rows = row_price.copy()
        return float(proven[-1]) - self._forced_value, gradient

    def _constant(self, price: FloatArray) -> float:
        """Return the height of the tangents at no copies, in float64: valid for prices from 0 to weight."""
        weight, relaxation = self._weight, self._relaxation
        ratio = np.minimum(weight / np.maximum(price, PRICE_MIN), 1 / PRICE_MIN)
        log_ratio = np.log(np.maximum(ratio, 1.0))
        smooth = weight - price - price * log_ratio
        with np.errstate(divide="ignore", invalid="ignore"):
            fall = -np.log(relaxation.miss)
            n_steps = np.where(price < weight, np.maximum(np.ceil(log_ratio / fall), 1.0), 0.0)
            reached = np.where(n_steps > 0, weight * -np.expm1(-fall * n_steps), 0.0)
        stepped = reached - price * relaxation.unit * n_steps
        heights = np.where(relaxation.unit > 0, stepped, np.where(self._p_top > 0, smooth, 0.0))
        return self._forced_value + float(heights.sum())

    def _record_groups(self) -> None:
        """Prove a little more with groups: for the best prices, their limits are met exactly."""
        if self._n_groups == 0:
            return
        limits = self._row_limit[: self._n_groups]

        def surplus(price: float) -> tuple[float, float]:
            found = _bound_kernels.priced_surplus(
                self._best_gradient, self._cost, self._limit,
                self._group_start, self._group_member, limits, price,
            )  # fmt: skip
            return float(found[0]), float(found[1])

        searched = np.unique(self._free_budgets)
        if searched.size > N_BUDGETS_SEARCHED:
            at = np.linspace(0, searched.size - 1, N_BUDGETS_SEARCHED).round().astype(np.int64)
            searched = searched[at]
        best = np.full(self._free_budgets.size, surplus(0.0)[0])
        low, top_price = 0.0, float((self._best_gradient / self._cost).max())
        for budget in searched[::-1]:
            # People fall as the price rises, so a smaller budget needs a price above the last `low`.
            high = top_price
            for _ in range(N_BISECTIONS):
                price = 0.5 * (low + high)
                value, people = surplus(price)
                np.minimum(best, value + price * self._free_budgets, out=best)
                low, high = (price, high) if people > budget else (low, price)
        self.bound = np.minimum(self.bound, self._best_constant + best)


@contextlib.contextmanager
def _few_threads(n_nonzero: int) -> Iterator[None]:
    """Run small problems on one thread: waking others costs more than they bring. Results are the same."""
    n_threads = numba.get_num_threads()
    numba.set_num_threads(1 if n_nonzero < N_NONZERO_FOR_THREADS else n_threads)
    try:
        yield
    finally:
        numba.set_num_threads(n_threads)


def _round_down(weight: FloatArray) -> FloatArray:
    """Return the nearest float32 values not above `weight`, as float64: prices then stay below it."""
    near = weight.astype(np.float32)
    below = np.nextafter(near, np.float32(0))
    return np.where(near > weight, below, near).astype(np.float64)


def _push(
    reach: tuple[IntArray, Int32Array], coefficient: Float32Array, x: FloatArray, n_events: int
) -> FloatArray:
    columns = np.flatnonzero(x)
    return _push_columns(reach, coefficient, columns, x[columns], n_events)


def _push_columns(
    reach: tuple[IntArray, Int32Array],
    coefficient: Float32Array,
    columns: IntArray,
    x: FloatArray,
    n_events: int,
) -> FloatArray:
    """Return the events' totals when `columns` have the copies x."""
    span = _bound_kernels.chunk_spans(*reach, columns)
    return np.asarray(_bound_kernels.push_at(*reach, coefficient, columns, span, x, n_events))


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
    useful = np.flatnonzero((gradient > 0) & (limit > 0))
    gradient, cost, limit = gradient[useful], cost[useful], limit[useful]
    order = np.argsort(-gradient / cost, kind="stable")
    people = np.concatenate([[0.0], np.cumsum((cost * limit)[order])])
    value = np.concatenate([[0.0], np.cumsum((gradient * limit)[order])])
    return np.asarray(np.interp(budgets, people, value), dtype=np.float64)


def _marginal_price(gradient: FloatArray, cost: FloatArray, limit: FloatArray, budget: float) -> float:
    """Return the gradient per person of the candidate at which the fractional knapsack is full, else 0."""
    useful = np.flatnonzero((gradient > 0) & (limit > 0))
    ratio = gradient[useful] / cost[useful]
    order = np.argsort(-ratio, kind="stable")
    people = np.cumsum((cost[useful] * limit[useful])[order])
    at = int(np.searchsorted(people, budget))
    return float(ratio[order[at]]) if at < order.size else 0.0
