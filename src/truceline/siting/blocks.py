"""Prove more than the relaxation can: cut the line into blocks and solve each block with whole copies.

People and weights of events seen for certain (maximal cover). Each block keeps its own copy of every
candidate that sees into it; the price of a candidate (its people at the price of a person, its group's and
its sector's price) is shared out among its blocks. For any prices,

    f(x) <= people price * budget + side rows + sum_b max over whole x_b of (seen in b - shared price . x_b),

so the blocks' best values, or the dual bounds of solves cut off early, add up to a bound (Lagrangian
decomposition, Guignard and Kim 1987). It is below the relaxation's because posts are whole within each
block. The bound is a straight line in the budget, so it also bounds other budgets. HiGHS solves the blocks,
side by side in threads, and its bounds are good up to its tolerances (1e-6 of a copy). This module does not
improve postures beyond offering the blocks' picks.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from truceline.siting import _bound_kernels
from truceline.siting.bounds import BoundSearch
from truceline.siting.cover_program import CoverProgram, count_seen, merge_alike, solve_cover_program
from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    BoolArray,
    FloatArray,
    Int32Array,
    IntArray,
    Progress,
    SitingProblem,
    expected_detection,
)

PICKS_PER_BLOCK = 3.0
"""Copies of the fractional posture in a block, when the number of blocks is not given. More is tighter and
slower: HiGHS needs seconds at 2 to 3 and minutes above 5."""
N_BLOCKS_MAX = 400
"""Most blocks when their number is not given."""
NODES_PER_BLOCK = 2_000
"""Branch-and-bound nodes after which a block is cut off: the same stop on every machine."""
N_THREADS = 2
"""Blocks solved side by side; their results do not depend on it."""
ENOUGH_SHARE = 1e-4
"""Gap at which all blocks together are solved well enough, as a share of the bound."""
FIX_MARGIN = 1e-9
"""Share of the bound added to a gap before a candidate is left out because of it."""
N_SPLITS = 1
"""Times the blocks are solved; between two solves prices move towards the blocks that took a candidate."""
SPLIT_STEP = 0.3
"""First step of that move, as a share of Polyak's."""
MEAN_SPAN_SHARE = 0.25
"""Candidates that see events over less than this share of all, on average, show that events are in order."""
CHOSEN = 0.5
"""Above this a whole variable is read as 1."""


@dataclass(frozen=True, eq=False)
class BlockBound:
    """What the blocks prove, and what they would pick."""

    bound: float
    """No posture within the budget sees more."""
    copies_suggested: IntArray | None
    """(n_candidates,) the picks of all blocks, trimmed to the budget; None when limits cannot be kept."""
    person_price: float
    """Slope of the bound: what one more person can add at most, according to these prices."""
    budget: float
    """People at which `bound` holds."""
    n_blocks: int
    """Blocks solved."""
    n_proved: int
    """Blocks solved to their end in the best round."""
    seconds: float
    """Time used."""

    def at(self, budgets: FloatArray) -> FloatArray:
        """Return the bound at other budgets (people, at least the forced copies)."""
        return self.bound + self.person_price * (np.asarray(budgets) - self.budget)


@dataclass(frozen=True, eq=False)
class _Block:
    """One block after candidates that cannot be in its best answer are left out."""

    columns: IntArray
    """Candidates left."""
    program: CoverProgram
    begin_with: FloatArray
    """Copies of the incumbent."""
    value: float
    """Value of the incumbent in the block."""
    ceiling: float
    """The relaxation's bound in the block."""


def bound_by_blocks(
    problem: SitingProblem,
    budget: float,
    search: BoundSearch,
    copies: IntArray,
    *,
    place: FloatArray | None = None,
    n_blocks: int | None = None,
    n_splits: int = N_SPLITS,
    seconds_per_block: float = math.inf,
    nodes_per_block: int = NODES_PER_BLOCK,
    deadline_s: float = math.inf,
    progress: Progress | None = None,
) -> BlockBound:
    """Bound what any posture within `budget` people can see, by blocks along the line.

    search: its last `improve_at` was at this budget. copies: a good posture within the budget; the better it
    is, the more candidates can be left out of each block. place: (n_events,) position of each event along the
    line (any unit); without it events are taken in their own order if that is one, else in one derived from
    who sees what. seconds_per_block and deadline_s (a `time.perf_counter` value) make the answer depend on
    the machine; nodes_per_block does not. Raises ValueError for joint detection, which has no blocks.
    """
    if not problem.is_cover:
        raise ValueError("blocks are for events seen for certain")
    started_s = time.perf_counter()
    split = _Split(problem, budget, search, copies, place, n_blocks)
    best_bound, n_proved = split.relaxed_bound(), 0
    if split.n_blocks == 0:
        return BlockBound(best_bound, None, 0.0, budget, 0, 0, time.perf_counter() - started_s)
    suggested: IntArray | None = None
    suggested_value = -math.inf
    for n in range(n_splits):
        if time.perf_counter() > deadline_s:
            break

        def tell(share: float, n: int = n) -> None:
            if progress is not None:
                progress("blocks", (n + share) / n_splits)

        answers = _solve_all(split, seconds_per_block, nodes_per_block, deadline_s, tell)
        bound = split.constant + sum(answer.bound for answer in answers)
        if bound < best_bound:
            best_bound, n_proved = bound, sum(answer.finished for answer in answers)
        picked = _trim(problem, split.together(answers), budget)
        if picked is not None:
            value = expected_detection(problem, picked)
            if value > suggested_value:
                suggested, suggested_value = picked, value
        if n + 1 < n_splits:
            split.move(answers, bound, SPLIT_STEP / (1 + n))
    seconds = time.perf_counter() - started_s
    return BlockBound(best_bound, suggested, split.person_price, budget, split.n_blocks, n_proved, seconds)


@dataclass(frozen=True, eq=False)
class _Answer:
    bound: float
    value: float
    picks: IntArray
    """Candidates taken in the block."""
    finished: bool


class _Split:
    """Events by block, and the price of every candidate shared out among its blocks."""

    def __init__(
        self,
        problem: SitingProblem,
        budget: float,
        search: BoundSearch,
        copies: IntArray,
        place: FloatArray | None,
        n_blocks: int | None,
    ) -> None:
        self._problem = problem
        self._copies = copies
        certificate = search.certificate()
        self._price = certificate.event_price
        self._limit = certificate.limit
        self._weight = certificate.weight
        self._toll = certificate.person_price * problem.cost + certificate.row_toll
        self.person_price = certificate.person_price
        free = max(budget * (1 + BUDGET_SLACK_SHARE) - problem.forced_cost, 0.0)
        self.constant = certificate.forced_value + certificate.person_price * free + certificate.row_value
        mass = certificate.fraction
        picks = float(mass.sum())
        if n_blocks is None:
            n_blocks = min(max(round(picks / PICKS_PER_BLOCK), 1), N_BLOCKS_MAX)
        counted = np.flatnonzero(self._weight > 0)
        self.n_blocks = min(n_blocks, counted.size)
        self._block_of_event = np.full(problem.n_events, -1, dtype=np.int32)
        if self.n_blocks == 0:
            return
        order = counted[np.argsort(_places(problem, place)[counted], kind="stable")]
        # Equal shares of the events, so that no block is much harder than the others.
        self._block_of_event[order] = (np.arange(order.size) * self.n_blocks // order.size).astype(np.int32)
        self._score, self._touched = _bound_kernels.block_scores(
            problem.indptr, problem.indices, self._price, self._block_of_event, self.n_blocks
        )
        total = self._score.sum(axis=1, keepdims=True)
        self._shared = self._toll[:, None] * np.divide(
            self._score, total, out=np.zeros_like(self._score), where=total > 0
        )
        # A reward that no block can pay out (a sector's price, nothing seen) is paid in full beforehand.
        unpaid = (total[:, 0] <= 0) & (self._toll < 0)
        self.constant -= float(self._toll[unpaid] @ self._limit[unpaid])
        height = (self._weight - self._price)[order]
        self._height = np.bincount(self._block_of_event[order], height, self.n_blocks)
        self._in_order = order
        self._block_start = np.searchsorted(self._block_of_event[order], np.arange(self.n_blocks + 1))

    def relaxed_bound(self) -> float:
        """Return what the relaxation proves with these prices."""
        if self.n_blocks == 0:
            return self.constant
        surplus = np.maximum(self._score - self._shared, 0.0) * self._limit[:, None]
        return self.constant + float(self._height.sum() + surplus.sum())

    def block(self, b: int, tolerance: float) -> _Block:
        """Return block b, with the candidates that may be in its best answer."""
        p = self._problem
        events = self._in_order[self._block_start[b] : self._block_start[b + 1]]
        sees = np.flatnonzero(self._touched[:, b] & (self._limit > 0))
        surplus = self._score[sees, b] - self._shared[sees, b]
        ceiling = float(self._height[b] + np.maximum(surplus, 0.0) @ self._limit[sees])
        start, member = _bound_kernels.block_rows(
            p.indptr, p.indices, sees, self._block_of_event, b, events, np.zeros(p.n_events, dtype=np.int32)
        )
        taken = np.clip(self._copies - p.forced, 0, self._limit)[sees]
        value = float(self._weight[events] @ count_seen(start, member, taken) - self._shared[sees, b] @ taken)
        if value < 0.0:
            value, taken = 0.0, np.zeros(sees.size)
        gap = ceiling - value + tolerance
        keep = surplus > -gap
        low = np.where((surplus > gap) & (self._limit[sees] == 1), 1.0, 0.0)
        rows = merge_alike(*_keep_members(start, member, keep), self._weight[events])
        left = sees[keep]
        program = CoverProgram(self._shared[left, b], low[keep], self._limit[left], *rows)
        return _Block(left, program, taken[keep], value, ceiling)

    def together(self, answers: list[_Answer]) -> IntArray:
        """Return the forced copies and the picks of all blocks."""
        copies = self._problem.forced.astype(np.int64)
        picks = np.unique(np.concatenate([answer.picks for answer in answers]))
        copies[picks] = np.maximum(copies[picks], 1)
        return copies

    def move(self, answers: list[_Answer], bound: float, step: float) -> None:
        """Raise a candidate's price where it was taken, lower it elsewhere: a subgradient step."""
        taken = np.zeros_like(self._shared)
        for b, answer in enumerate(answers):
            taken[answer.picks, b] = 1.0
        n_touched = np.maximum(self._touched.sum(axis=1, keepdims=True), 1)
        mean = taken.sum(axis=1, keepdims=True) / n_touched
        direction = np.where(self._touched, taken - mean, 0.0)
        length = float((direction**2).sum())
        value = expected_detection(self._problem, self._copies)
        if length > 0:
            self._shared += step * max(bound - value, 0.0) / length * direction


def _solve_all(
    split: _Split,
    seconds_per_block: float,
    nodes_per_block: int,
    deadline_s: float,
    tell: Callable[[float], None],
) -> list[_Answer]:
    """Solve every block, `N_THREADS` at a time; an interrupt stops those that run."""
    tolerance = FIX_MARGIN * abs(split.relaxed_bound())
    enough = ENOUGH_SHARE * abs(split.relaxed_bound()) / split.n_blocks
    running: list[Any] = []

    def work(b: int) -> _Answer:
        block = split.block(b, tolerance)
        left_s = deadline_s - time.perf_counter()
        n_left = math.ceil((split.n_blocks - b) / N_THREADS)
        limit_s = min(seconds_per_block, max(left_s, 0.0) / n_left * 2 if math.isfinite(left_s) else math.inf)
        limit_s = min(limit_s, max(left_s, 0.0))
        return _solve_block(block, enough, limit_s, nodes_per_block, running)

    answers: list[_Answer] = []
    with ThreadPoolExecutor(N_THREADS) as pool:
        try:
            for answer in pool.map(work, range(split.n_blocks)):
                answers.append(answer)
                tell(len(answers) / split.n_blocks)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for solver in running:
                solver.cancelSolve()
            raise
    return answers


def _solve_block(block: _Block, enough: float, limit_s: float, n_nodes: int, running: list[Any]) -> _Answer:
    """Let HiGHS solve one block; whatever stops it, its dual bound holds."""
    fallback = block.columns[block.begin_with > CHOSEN]
    if block.columns.size == 0 or limit_s <= 0 or block.ceiling - block.value <= enough:
        return _Answer(block.ceiling, block.value, fallback, block.ceiling - block.value <= enough)
    answer = solve_cover_program(
        block.program, begin_with=block.begin_with, enough=enough, limit_s=limit_s, n_nodes=n_nodes,
        running=running,
    )  # fmt: skip
    # Those left out could not beat the incumbent, which therefore bounds the block from below as well.
    bound = min(max(answer.bound, block.value), block.ceiling)
    if answer.copies is None:
        return _Answer(bound, block.value, fallback, False)
    return _Answer(bound, answer.value, block.columns[answer.copies > CHOSEN], answer.finished)


def _keep_members(start: IntArray, member: Int32Array, keep: BoolArray) -> tuple[IntArray, Int32Array]:
    """Return the rows with only the columns to be kept, numbered anew."""
    inside = keep[member]
    row = np.repeat(np.arange(start.size - 1), np.diff(start))[inside]
    new = (np.cumsum(keep) - 1).astype(np.int32)
    return np.searchsorted(row, np.arange(start.size)).astype(np.int64), new[member[inside]]


def _places(problem: SitingProblem, place: FloatArray | None) -> FloatArray:
    """Return a position for every event such that what is seen together is close together."""
    if place is not None:
        return np.asarray(place, dtype=np.float64)
    starts, ends = problem.indptr[:-1], problem.indptr[1:]
    some = ends > starts
    span = problem.indices[ends[some] - 1].astype(np.int64) - problem.indices[starts[some]]
    if span.size == 0 or span.mean() <= MEAN_SPAN_SHARE * problem.n_events:
        return np.arange(problem.n_events, dtype=np.float64)
    return _derived_places(problem)


def _derived_places(problem: SitingProblem) -> FloatArray:
    """Return places by reverse Cuthill-McKee on the graph of candidates and the events they see."""
    from scipy import sparse
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n = problem.n_candidates
    sees = sparse.csr_array(
        (np.ones(problem.indices.size, dtype=np.int8), problem.indices, problem.indptr),
        shape=(n, problem.n_events),
    )
    graph = sparse.csr_matrix(sparse.block_array([[None, sees], [sees.T, None]], format="csr"))
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)
    rank = np.empty(order.size)
    rank[order] = np.arange(order.size)
    return rank[n:]


def _trim(problem: SitingProblem, copies: IntArray, budget: float) -> IntArray | None:
    """Return `copies` with the least useful dropped until limits and budget are kept; None if impossible."""
    copies = copies.copy()
    times_seen = np.zeros(problem.n_events, dtype=np.int64)
    rows = {
        int(j): problem.indices[problem.indptr[j] : problem.indptr[j + 1]] for j in np.flatnonzero(copies)
    }
    for row in rows.values():
        times_seen[row] += 1
    group, sector = problem.group, problem.sector
    used = np.bincount(group[group >= 0], copies[group >= 0], problem.group_limit.size)
    present = np.bincount(sector[sector >= 0], copies[sector >= 0], problem.sector_min.size)
    if (present < problem.sector_min).any():
        return None
    over = float(problem.cost @ copies) - budget * (1 + BUDGET_SLACK_SHARE)

    def loss(j: int) -> float:
        row = rows[j]
        return float(problem.weight[row[times_seen[row] == 1]].sum()) / float(problem.cost[j])

    # Losses only grow as others are dropped, so a stale one is a lower bound (lazy greedy in reverse).
    heap = [(loss(j), j) for j in rows if copies[j] > problem.forced[j]]
    heapq.heapify(heap)
    while heap and (over > 0 or (used > problem.group_limit).any()):
        stale, j = heapq.heappop(heap)
        now = loss(j)
        if now > stale and heap and now > heap[0][0]:
            heapq.heappush(heap, (now, j))
            continue
        crowded = group[j] >= 0 and used[group[j]] > problem.group_limit[group[j]]
        needed = sector[j] >= 0 and present[sector[j]] <= problem.sector_min[sector[j]]
        if needed or not (over > 0 or crowded):
            continue
        copies[j] -= 1
        over -= float(problem.cost[j])
        if group[j] >= 0:
            used[group[j]] -= 1
        if sector[j] >= 0:
            present[sector[j]] -= 1
        if copies[j] == 0:
            times_seen[rows[j]] -= 1
    if over > 0 or (used > problem.group_limit).any():
        return None
    return copies
