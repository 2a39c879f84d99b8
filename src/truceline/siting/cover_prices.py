"""Price the cells of a set cover: a proven least cost, good covers, and candidates that cannot matter.

Currency of the costs; seconds. A price for each cell turns the cover into a sum over candidates (Lagrangian
relaxation); steps of the volume algorithm (Barahona and Anbil 2000) raise the proven least cost, and greedy
by what prices leave of a cost finds better covers (Caprara, Fischetti and Toth 1999, whose score it is). It
proves bounds, seldom optimality: `cover` hands what is left to HiGHS.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truceline.siting.problems import BoolArray, FloatArray, IntArray, Progress

ROUNDS_MAX = 30
"""Rounds of pricing all candidates, stepping on the likely ones, and looking for a better cover."""
STEPS_PER_ROUND = 100
IDLE_ROUNDS = 4
"""Rounds without a better bound or cover after which the work ends."""
BETTER_SHARE = 1e-3
"""A bound that grew by a smaller share has not grown."""
STEP_FIRST, STEP_LEAST, STEP_MOST = 0.1, 1e-4, 2.0
"""First, least and greatest step, as a factor of (cover - bound) / |direction|^2."""
PATIENCE, SHRINK, GROW = 10, 0.66, 1.2
"""Steps without a better bound after which the step shrinks; its changes (Barahona and Anbil)."""
MEAN_SHARE = 0.1
"""Weight of the newest relaxed cover in the average that gives the direction."""
LIKELY_PER_CELL, LIKELY_MIN = 8, 4_000
"""Candidates kept for stepping: so many for each cell, at least so many in all."""
ROUNDING = 1e-7
"""Whole costs: a bound this little above a whole number is that number."""
SHAKES = 300
"""Times that part of the best cover is taken out and completed anew, after the prices have settled."""
SHAKEN_SHARE = (0.1, 0.4)
"""Part of the cover taken out at once, drawn between these."""
SHAKEN_PRICES = (0.9, 1.1)
"""Prices are multiplied by numbers drawn between these: a gap is not to be filled the same way every time."""


@dataclass(frozen=True, eq=False)
class PricedCover:
    """What prices proved and found."""

    bound: float
    """No cover costs less."""
    chosen: IntArray
    """Columns of the best cover known."""
    useful: BoolArray
    """(n_columns,) False where a cover with this candidate costs at least as much as the best known."""


def price_cells(
    by_cell: Any,
    cost: FloatArray,
    *,
    left_s: Callable[[], float],
    seed: int,
    progress: Progress | None,
) -> PricedCover:
    """Return bound, cover and useful candidates of a matrix (cells, candidates) whose every cell has one.

    left_s: seconds left; a first cover is found even where there are none, and without a limit the answer
    depends on the arguments only.
    """
    work = _Pricing(by_cell, cost)
    idle = 0
    for number in range(ROUNDS_MAX):
        if left_s() <= 0 or work.is_proved or idle >= IDLE_ROUNDS:
            break
        if progress is not None:
            progress("price", number / ROUNDS_MAX)
        before = work.bound, work.value
        work.step()
        work.judge()
        work.offer(cover_by_prices(work.likely_rows, work.cost[work.likely], work.price))
        grew = work.bound > before[0] + BETTER_SHARE * abs(before[0])
        idle = 0 if grew or work.value < before[1] else idle + 1
    random, current = np.random.default_rng(seed), work.chosen
    for number in range(SHAKES):
        if left_s() <= 0 or work.is_proved:
            break
        if progress is not None:
            progress("shake", number / SHAKES)
        current = work.shake(random, current)
    return PricedCover(work.bound, work.chosen, work.useful())


class _Pricing:
    """Prices, the best bound and the best cover so far."""

    def __init__(self, by_cell: Any, cost: FloatArray) -> None:
        self.by_cell = by_cell.astype(np.float64)
        self.by_candidate = self.by_cell.T.tocsr()
        self.cost = cost
        self.whole = bool((cost == np.floor(cost)).all())
        size = np.diff(self.by_candidate.indptr)
        # A cell's first price: the least that one of its candidates costs for each of its cells.
        per_cell = cost / np.maximum(size, 1)
        self.price = np.minimum.reduceat(per_cell[self.by_cell.indices], self.by_cell.indptr[:-1])
        self.best_price = self.price.copy()
        self.bound = 0.0
        self.chosen, self.value = np.empty(0, dtype=np.int64), math.inf
        self.step_size = STEP_FIRST
        self.judge()
        self.offer(cover_by_prices(self.likely_rows, cost[self.likely]))

    @property
    def is_proved(self) -> bool:
        """Tell whether the bound reaches the best cover."""
        return self.bound >= self.value * (1 - ROUNDING)

    def judge(self) -> None:
        """Price all candidates: a bound that holds, and the candidates likely to be of use from here."""
        left = self.cost - self.by_candidate @ self.price
        value = float(self.price.sum() + np.minimum(left, 0.0).sum())
        if value > self.bound:
            self.best_price = self.price.copy()
        if self.whole:
            value = math.ceil(value - ROUNDING * max(abs(value), 1.0))
        self.bound = min(max(self.bound, value), self.value)
        n_likely = min(max(LIKELY_PER_CELL * self.price.size, LIKELY_MIN), left.size)
        likely = np.zeros(left.size, dtype=np.bool_)
        likely[np.argpartition(left, n_likely - 1)[:n_likely]] = True
        # Each cell keeps its best candidate, and the best cover stays whole.
        entry = left[self.by_cell.indices]
        least = np.minimum.reduceat(entry, self.by_cell.indptr[:-1])
        likely[self.by_cell.indices[entry <= np.repeat(least, np.diff(self.by_cell.indptr))]] = True
        likely[self.chosen] = True
        self.likely = np.flatnonzero(likely).astype(np.int64)
        self.likely_rows = self.by_candidate[self.likely]
        self.likely_cells = self.likely_rows.T.tocsr()

    def step(self) -> None:
        """Take steps on the likely candidates, from the best prices known (volume algorithm).

        The direction is what an average of the relaxed covers leaves open, not the last one alone: averages
        of relaxed covers approach the fractional optimum, and the bound hardly swings.
        """
        cost, centre = self.cost[self.likely], self.price
        best, taken = self._relax(cost, centre)
        mean_reach = self.likely_cells @ taken
        idle = 0
        for _ in range(STEPS_PER_ROUND):
            slack = 1.0 - mean_reach
            slack[(centre <= 0) & (slack < 0)] = 0.0  # a price cannot fall below nothing
            length = float(slack @ slack)
            if length <= ROUNDING:
                break
            gap = max(self.value - best, BETTER_SHARE * self.value)
            price = np.maximum(centre + self.step_size * gap / length * slack, 0.0)
            value, taken = self._relax(cost, price)
            reach = self.likely_cells @ taken
            if value > best:
                # Still uphill where it landed: the step could have been longer.
                self.step_size *= GROW if float(slack @ (1.0 - reach)) > 0 else 1.0
                centre, best, idle = price, value, 0
            else:
                idle += 1
                if idle % PATIENCE == 0:
                    self.step_size *= SHRINK
            self.step_size = min(max(self.step_size, STEP_LEAST), STEP_MOST)
            mean_reach += MEAN_SHARE * (reach - mean_reach)
        self.price = centre

    def _relax(self, cost: FloatArray, price: FloatArray) -> tuple[float, FloatArray]:
        """Return the bound of prices on the likely candidates, and which it takes (1 or 0)."""
        left = cost - self.likely_rows @ price
        taken = (left < 0).astype(np.float64)
        return float(price.sum() + left @ taken), taken

    def offer(self, columns: IntArray) -> None:
        """Keep a cover (columns among the likely) if it is cheaper."""
        chosen = self.likely[columns]
        value = float(self.cost[chosen].sum())
        if value < self.value:
            self.chosen, self.value = np.sort(chosen), value

    def shake(self, random: np.random.Generator, current: IntArray) -> IntArray:
        """Take out part of a cover, complete it by slightly different prices; return it if not dearer."""
        share = random.uniform(*SHAKEN_SHARE)
        kept = np.searchsorted(self.likely, current)[random.random(current.size) >= share]
        price = self.best_price * random.uniform(*SHAKEN_PRICES, self.price.size)
        columns = cover_by_prices(self.likely_rows, self.cost[self.likely], price, kept)
        self.offer(columns)
        found = np.sort(self.likely[columns])
        return found if self.cost[found].sum() <= self.cost[current].sum() else current

    def useful(self) -> BoolArray:
        """Return which candidates could be part of a cheaper cover: their price surplus fits into the gap."""
        left = self.cost - self.by_candidate @ self.best_price
        proved = float(self.best_price.sum() + np.minimum(left, 0.0).sum())
        # With whole costs only a cover cheaper by 1 would be better.
        room = self.value - proved - (1.0 - ROUNDING if self.whole else 0.0)
        useful = left <= max(room, 0.0) + ROUNDING * max(self.value, 1.0)
        useful[self.chosen] = True
        return np.asarray(useful, dtype=np.bool_)


def cover_by_prices(
    by_candidate: Any, cost: FloatArray, price: FloatArray | None = None, kept: IntArray | None = None
) -> IntArray:
    """Return rows of a matrix (candidates, cells) that cover: greedy by cost less the prices of open cells.

    Score of a candidate that reaches m open cells and has g = cost - their prices left: g / m where g > 0,
    else g m; the least is taken (Caprara et al. 1999). Without prices it is cost per newly covered cell. A
    score only grows as cells close, so a stale one at the head of the queue is counted again and put back
    (lazily, Minoux 1978). Equal scores go to the lower number. kept: candidates to begin with. At the end
    those that others made needless are dropped.
    """
    n_cells = by_candidate.shape[1]
    cells = [by_candidate.indices[a:b] for a, b in pairwise(by_candidate.indptr.tolist())]
    is_open = np.ones(n_cells, dtype=np.bool_)
    chosen = [] if kept is None else kept.tolist()
    for candidate in chosen:
        is_open[cells[candidate]] = False
    open_price = is_open * (0.0 if price is None else price)
    n_open = int(np.count_nonzero(is_open))
    newly, paid = by_candidate @ is_open.astype(np.float64), by_candidate @ open_price
    queue = [(_score(cost[i] - paid[i], newly[i]), i) for i in np.flatnonzero(newly).tolist()]
    heapq.heapify(queue)
    while n_open:
        _, candidate = queue[0]
        own = cells[candidate]
        n_new = int(np.count_nonzero(is_open[own]))
        if n_new == 0:
            heapq.heappop(queue)
            continue
        entry = (_score(cost[candidate] - float(open_price[own].sum()), n_new), candidate)
        if entry > queue[0]:
            heapq.heapreplace(queue, entry)
        else:
            heapq.heappop(queue)
            chosen.append(candidate)
            is_open[own] = False
            open_price[own] = 0.0
            n_open -= n_new
    return _without_needless(cells, cost, chosen, n_cells)


def _score(left: float, n_new: float) -> float:
    return float(left / n_new if left > 0 else left * n_new)


def _without_needless(
    cells: list[NDArray[Any]], cost: FloatArray, chosen: list[int], n_cells: int
) -> IntArray:
    """Drop candidates whose cells are all reached by others, the dearest first."""
    n_over = np.zeros(n_cells, dtype=np.int64)
    for candidate in chosen:
        n_over[cells[candidate]] += 1
    kept = set(chosen)
    for candidate in sorted(chosen, key=lambda i: (-cost[i], i)):
        if (n_over[cells[candidate]] > 1).all():
            n_over[cells[candidate]] -= 1
            kept.discard(candidate)
    return np.array(sorted(kept), dtype=np.int64)
