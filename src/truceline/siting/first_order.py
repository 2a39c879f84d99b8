"""Find good event prices for the bounds: a primal-dual method on the concave relaxation of siting.

People and shares of events. The relaxation is max_x sum_e F_e((A x)_e) over fractional postures x within a
budget, copies, group limits and least numbers by sector; F_e is either weight (1 - exp(-z)) or a chain of
straight pieces (see `bounds`). The iteration is Chambolle and Pock (2011) with diagonal step sizes (Pock and
Chambolle 2011), averages, restarts and weight updates as in PDLP (Applegate et al. 2021), over the active
candidates only. Nothing here is a proof: prices are only proposed, `bounds` evaluates what they prove.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from truceline.siting import _bound_kernels
from truceline.siting.problems import Float32Array, FloatArray, Int32Array, IntArray

N_ITERATIONS_PER_ROUND = 80
"""Steps between two looks at all candidates."""
N_ITERATIONS_FIRST = 20
"""Steps before the first such look, made while most candidates are still active."""
ACTIVE_SHARE = 0.94
"""A candidate stays in the iteration when its gradient reaches this share of its price."""
FIRST_ACTIVE_SHARE = 0.6
"""The same before the first round, when prices are still a guess."""
RESTART_SHARE = 0.5
"""The iteration restarts from its best point when the gap has fallen to this share of the last restart's."""
N_ROUNDS_UNTIL_RESTART = 6
"""Rounds after which it restarts anyway."""
WEIGHT_SMOOTHING = 0.5
"""Share of the new primal weight in its geometric mean with the old."""
START_PRICE_SHARE = 0.3
"""Guess of an event's price as a share of its weight, for the first step sizes."""
DEGREE_MIN = 1e-9
"""Smallest divisor of a step size."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """A concave relaxation: what each event's total is worth, and what a fractional posture may be."""

    indptr: IntArray
    """(n_candidates + 1,) start of each candidate's row."""
    indices: Int32Array
    """(n_nonzero,) event seen."""
    coefficient: Float32Array
    """(n_nonzero,) what one copy adds to the event's total; empty for ones."""
    weight: FloatArray
    """(n_events,) weight left by the forced copies, exactly representable in float32."""
    unit: FloatArray
    """(n_events,) length of a straight piece, 0 for a smooth event."""
    miss: FloatArray
    """(n_events,) factor from one piece's slope to the next; unused for a smooth event."""
    cost: FloatArray
    """(n_candidates,) people."""
    limit: FloatArray
    """(n_candidates,) most copies beyond the forced ones."""
    row: IntArray
    """(n_candidates, 2) side row of the candidate's group and of its sector, -1 for none."""
    row_sign: FloatArray
    """(n_rows,) 1 for at most (a group), -1 for at least (a sector)."""
    row_limit: FloatArray
    """(n_rows,) copies beyond the forced ones."""

    def shares(self, total: FloatArray) -> FloatArray:
        """Return F_e(total[e]) / weight[e] for every event."""
        smooth = -np.expm1(-total)
        steps = total / np.where(self.unit > 0, self.unit, 1.0)
        whole = np.floor(steps)
        left = self.miss**whole
        stepped = 1.0 - left + left * (1.0 - self.miss) * (steps - whole)
        return np.where(self.unit > 0, stepped, smooth)

    def value(self, total: FloatArray, x: FloatArray, row_price: FloatArray) -> float:
        """Return sum_e F_e(total[e]), less what broken side rows cost at their prices."""
        value = float(self.weight @ self.shares(total))
        if self.row_limit.size:
            over = self.row_sign * (self.row_totals(x) - self.row_limit)
            value -= float(row_price @ np.maximum(over, 0.0))
        return value

    def row_totals(self, x: FloatArray) -> FloatArray:
        """Return (n_rows,) copies in each group and sector."""
        total = np.zeros(self.row_limit.size)
        for side in range(2):
            inside = self.row[:, side] >= 0
            total += np.bincount(self.row[inside, side], x[inside], total.size)
        return total


Judge = Callable[[Float32Array, FloatArray], tuple[float, FloatArray]]
"""Records what (event prices, row prices) prove; returns the bound at the budget asked for and the gradient
of every candidate (row prices of sectors included)."""


class PrimalDual:
    """The state of the iteration: prices, a fractional posture, the weight between them."""

    def __init__(self, relaxation: Relaxation) -> None:
        self.price: Float32Array = np.zeros(relaxation.weight.size, dtype=np.float32)
        self.row_price = np.zeros(relaxation.row_limit.size)
        self.fraction = np.zeros(relaxation.cost.size)
        """Best fractional posture found."""
        self.value = -np.inf
        """What the relaxation gives for it."""
        self._primal_weight = 0.0
        self._person_price = 0.0
        self._started = False
        self.use(relaxation)

    def use(self, relaxation: Relaxation) -> None:
        """Continue on another relaxation of the same problem (other event functions)."""
        self._r = relaxation
        self._reach = (relaxation.indptr, relaxation.indices, relaxation.coefficient)
        self._everyone = np.arange(relaxation.cost.size, dtype=np.int64)
        ones = np.ones(relaxation.weight.size, dtype=np.float32)
        self._column_sum = np.maximum(_bound_kernels.pull_at(*self._reach, self._everyone, ones), DEGREE_MIN)
        self._row_scale = np.zeros(relaxation.row_limit.size)
        for side in range(2):
            row = relaxation.row[:, side]
            inside = row >= 0
            n = relaxation.row_limit.size
            members = np.maximum(np.bincount(row[inside], minlength=n), 1)
            self._row_scale += np.bincount(row[inside], self._column_sum[inside], n) / members

    def run(
        self, budget: float, judge: Judge, *, n_rounds: int, enough_gap: float, deadline_s: float
    ) -> tuple[float, float]:
        """Take up to `n_rounds` rounds at `budget` (people beyond the forced copies).

        Ends when the bound is within `enough_gap` (a share) of the fractional value. Returns (bound, value).
        """
        if not self._started:
            self._guess(budget)
        bound, gradient = judge(self.price, self.row_price)
        share = ACTIVE_SHARE if self._started else FIRST_ACTIVE_SHARE
        columns = self._active(gradient, budget, share, self.fraction)
        self.value = -np.inf
        n_iterations = N_ITERATIONS_PER_ROUND if self._started else N_ITERATIONS_FIRST
        self._started = True
        segment = _Segment(self, columns, budget)
        last_gap, rounds_since = np.inf, 0
        restart_price, restart_x = self.price.copy(), self.fraction.copy()
        for _ in range(n_rounds):
            segment.iterate(n_iterations)
            n_iterations = N_ITERATIONS_PER_ROUND
            rounds_since += 1
            judged = []
            for tried in segment.points():
                proven, gradient = judge(tried.price, tried.row_price)
                bound = min(bound, proven)
                if tried.value > self.value:
                    self.value = tried.value
                    self.fraction = tried.x
                judged.append((proven - tried.value, tried, gradient))
            gap, point, gradient = min(judged, key=lambda each: each[0])
            if bound - self.value <= enough_gap * bound or time.perf_counter() > deadline_s:
                self.price, self.row_price = point.price, point.row_price
                break
            if gap > RESTART_SHARE * last_gap and rounds_since < N_ROUNDS_UNTIL_RESTART:
                continue
            self._update_weight(point.price - restart_price, point.x - restart_x, np.isfinite(last_gap))
            last_gap, rounds_since = gap, 0
            self.price, self.row_price = point.price, point.row_price
            restart_price, restart_x = point.price.copy(), point.x.copy()
            columns = self._active(gradient, budget, ACTIVE_SHARE, point.x)
            segment = _Segment(self, columns, budget, x=point.x)
        else:
            self.price, self.row_price = point.price, point.row_price
        return bound, self.value

    def _guess(self, budget: float) -> None:
        """Start from an even spread and from the slopes it leaves."""
        r = self._r
        full = float(r.cost @ r.limit)
        self.fraction = r.limit * min(1.0, budget / max(full, DEGREE_MIN))
        total = self.total(self.fraction)
        guess = r.weight * np.exp(-total)
        self.price = np.minimum(guess.astype(np.float32), r.weight.astype(np.float32))
        scale = float(np.sqrt(self._row_degree(self._everyone) @ (START_PRICE_SHARE * r.weight) ** 2))
        spread = budget / max(float(r.cost.mean()), DEGREE_MIN) * float(self._column_sum.mean())
        self._primal_weight = max(scale / max(np.sqrt(spread), DEGREE_MIN), DEGREE_MIN * scale)

    def total(self, x: FloatArray) -> FloatArray:
        """Return the events' totals at a fractional posture."""
        columns = np.flatnonzero(x)
        return self.total_at(columns, _bound_kernels.chunk_spans(*self._reach[:2], columns), x[columns])

    def total_at(self, columns: IntArray, span: IntArray, x: FloatArray) -> FloatArray:
        """Return the events' totals when `columns` have the copies x."""
        n_events = self._r.weight.size
        return np.asarray(_bound_kernels.push_at(*self._reach, columns, span, x, n_events))

    def _row_degree(self, columns: IntArray) -> FloatArray:
        span = _bound_kernels.chunk_spans(*self._reach[:2], columns)
        return np.maximum(self.total_at(columns, span, np.ones(columns.size)), DEGREE_MIN)

    def _active(self, gradient: FloatArray, budget: float, share: float, x: FloatArray) -> IntArray:
        """Return the candidates worth iterating on: in the posture, or close to paying for themselves."""
        cost = self._r.cost
        n_groups = int((self._r.row_sign > 0).sum())
        group = self._r.row[:, 0]
        toll = np.where(group >= 0, np.append(self.row_price[:n_groups], 0.0)[group], 0.0)
        ratio = (gradient - toll) / cost
        order = np.argsort(-ratio, kind="stable")
        people = np.cumsum((cost * self._r.limit)[order])
        at = min(int(np.searchsorted(people, budget)), order.size - 1)
        person = max(float(ratio[order[at]]), 0.0)
        wanted = (gradient >= share * (toll + person * cost)) & (gradient > 0)
        return np.flatnonzero((wanted | (x > 0)) & (self._r.limit > 0))

    def _update_weight(self, price_move: Float32Array, x_move: FloatArray, trusted: bool) -> None:
        """Balance the primal and the dual distance moved since the last restart (PDLP, section 4.3)."""
        if not trusted:
            return
        moved = np.flatnonzero(x_move)
        degree = self._row_degree(moved) if moved.size else np.zeros(price_move.size)
        dual = float(np.sqrt(degree @ price_move.astype(np.float64) ** 2))
        primal = float(np.sqrt(self._column_sum @ x_move**2))
        if dual > 0 and primal > 0:
            s = WEIGHT_SMOOTHING
            self._primal_weight = self._primal_weight ** (1 - s) * (dual / primal) ** s


@dataclass(frozen=True, eq=False)
class _Point:
    price: Float32Array
    row_price: FloatArray
    x: FloatArray
    value: float


class _Segment:
    """The iteration between two restarts, on one set of active candidates."""

    def __init__(
        self, state: PrimalDual, columns: IntArray, budget: float, x: FloatArray | None = None
    ) -> None:
        self._state = state
        self._columns = columns
        self._budget = budget
        r, weight = state._r, state._primal_weight
        self._span = _bound_kernels.chunk_spans(r.indptr, r.indices, columns)
        self._cost, self._limit = r.cost[columns], r.limit[columns]
        self._sigma = weight / state._row_degree(columns)
        self._row = r.row[columns]
        degree = state._column_sum[columns]
        n_rows = r.row_limit.size
        members = np.ones(n_rows)
        if n_rows:
            flat = self._row[self._row >= 0]
            members = np.maximum(np.bincount(flat, minlength=n_rows), 1)
            for side in range(2):
                inside = self._row[:, side] >= 0
                degree[inside] += state._row_scale[self._row[inside, side]]
        self._row_step = state._row_scale * weight / members
        self._tau = 1.0 / (weight * degree)
        start = state.fraction if x is None else x
        self._x = np.empty(columns.size)
        # Bring the start within the budget asked for: another budget may have been left behind.
        _bound_kernels.project(start[columns], self._tau, self._cost, self._limit, budget, 0.0, self._x)
        self._price, self._row_price = state.price.copy(), state.row_price.copy()
        self._total = state.total_at(columns, self._span, self._x)
        self._sum_price = np.zeros(r.weight.size)
        self._sum_total = np.zeros(r.weight.size)
        self._sum_x = np.zeros(columns.size)
        self._sum_row_price = np.zeros(n_rows)
        self._n = 0

    def iterate(self, n_iterations: int) -> None:
        """Take that many steps."""
        s, r = self._state, self._state._r
        s._person_price = _bound_kernels.iterate(
            *s._reach, self._columns, self._span, self._cost, self._limit, self._budget,
            r.weight, r.unit, r.miss, self._sigma, self._tau, self._row, r.row_sign, r.row_limit,
            self._row_step, self._price, self._total, self._x, self._row_price, self._sum_price,
            self._sum_total, self._sum_x, self._sum_row_price, s._person_price, n_iterations,
        )  # fmt: skip
        self._n += n_iterations

    def points(self) -> list[_Point]:
        """Return the current point and the average since the restart."""
        s, r = self._state, self._state._r
        x_now = np.zeros(r.cost.size)
        x_now[self._columns] = self._x
        x_mean = np.zeros(r.cost.size)
        x_mean[self._columns] = self._sum_x / self._n
        total_now = s.total_at(self._columns, self._span, self._x)
        mean_price = (self._sum_price / self._n).astype(np.float32)
        mean_price = np.minimum(mean_price, r.weight.astype(np.float32))
        mean_row_price, mean_total = self._sum_row_price / self._n, self._sum_total / self._n
        return [
            _Point(
                self._price.copy(), self._row_price.copy(), x_now, r.value(total_now, x_now, self._row_price)
            ),
            _Point(mean_price, mean_row_price, x_mean, r.value(mean_total, x_mean, mean_row_price)),
        ]
