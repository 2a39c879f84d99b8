"""Find the cheapest candidates that reach every cell: reduced first, then proved by HiGHS.

People (or any one currency) and seconds. Cells that another cell implies and candidates that another one
replaces are taken out, a greedy cover is the start, and HiGHS settles the rest. It promises the optimum only
when the status says so, and it knows no scenario.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from truceline.errors import InfeasibleError, ProblemList
from truceline.siting.highs import solve_binary
from truceline.siting.problems import BoolArray, FloatArray, IntArray, SetCoverProblem

Progress = Callable[[str, float], None]
"""Called with the stage and the share of it done; raising KeyboardInterrupt stops the work."""

OPTIMAL_GAP = 1e-9
"""A gap below this share is rounding: the answer is called optimal."""
STEPS_MAX = 4_000_000_000
"""Comparisons in one sweep of the reduction (some seconds): dense random instances gain nothing from more."""
REDUCE_FROM = 200_000
"""Matrix entries below which HiGHS reduces by itself sooner than our loop could be compiled."""
ROUNDS_MAX = 20
"""Sweeps over cells and candidates; on a line ten are enough."""
CELLS_SHOWN = 5
"""Cells named in one message; the rest are counted."""


@dataclass(frozen=True, eq=False)
class CoverResult:
    """A set of candidates that covers, and how far from the cheapest it can be."""

    chosen: IntArray
    """Candidates chosen, in rising order."""
    status: str
    """`optimal` (proved), `feasible` (within the gap asked for) or `time limit`."""
    cost: float
    """Their total cost."""
    bound: float
    """No cover costs less."""
    gap: float
    """(cost - bound) / cost."""
    uncovered: IntArray
    """Cells that must be covered and that no candidate reaches."""
    seconds: float = 0.0
    """Time used."""
    method: str = ""
    """What gave the cover: `forced alone`, `greedy` or `HiGHS`."""


@dataclass(frozen=True, eq=False)
class _Rest:
    """What is left to decide: cells by candidates (csr), and which candidates the columns are."""

    by_cell: Any
    columns: IntArray


def solve_cover(
    problem: SetCoverProblem,
    *,
    forced: ArrayLike = (),
    forbidden: ArrayLike = (),
    goal_gap: float = 0.0,
    time_limit_s: float = math.inf,
    seed: int = 0,
    progress: Progress | None = None,
) -> CoverResult:
    """Choose the cheapest candidates that reach every coverable cell of `must_cover`.

    forced, forbidden: numbers of candidates that must be in and must stay out; forced ones are paid for.
    goal_gap: stop when the cover is proved to be within this share of the cheapest. A time limit returns the
    best cover known with its gap; without one the same problem and seed give the same answer on any machine.
    The greedy start alone costs at most ln(n) + 1 times the cheapest (Chvatal 1979).

    Raises InfeasibleError when candidates are forced and forbidden at once or do not exist, or when
    forbidding leaves a cell without candidates (unless the problem allows uncovered cells).
    """
    started_s = time.perf_counter()
    stands, out = _read_choice(problem, forced, forbidden)
    reach = sparse.csr_array(
        (np.ones(problem.indices.size, dtype=np.int8), problem.indices, problem.indptr),
        shape=(problem.cost.size, problem.must_cover.size),
    )
    uncovered = _uncovered_without(problem, reach, out)
    needed = problem.must_cover.copy()
    needed[uncovered] = False
    needed[_cells_of(reach, np.flatnonzero(stands))] = False
    rest = _open_part(reach, needed, ~(out | stands))

    def left_s() -> float:
        return time_limit_s - (time.perf_counter() - started_s)

    if rest.by_cell.nnz >= REDUCE_FROM:
        rest = _reduce(rest, problem.cost, left_s, progress)
    start = _cover_greedily(rest.by_cell, problem.cost[rest.columns])
    chosen, proved, method = rest.columns[start], 0.0, "greedy"
    finished = rest.columns.size == 0
    if finished:
        method = "forced alone"
    elif left_s() > 0:
        found, proved, finished = _prove(rest, problem.cost, start, goal_gap, left_s(), seed, progress)
        if problem.cost[found].sum() < problem.cost[chosen].sum():
            chosen, method = found, "HiGHS"
    bound = float(problem.cost[stands].sum()) + max(proved, 0.0)
    everything = np.union1d(np.flatnonzero(stands), chosen).astype(np.int64)
    cost = float(problem.cost[everything].sum())
    bound = min(bound, cost)
    gap = (cost - bound) / cost if cost > 0 else 0.0
    status = "optimal" if gap <= OPTIMAL_GAP else "feasible" if finished else "time limit"
    seconds = time.perf_counter() - started_s
    return CoverResult(everything, status, cost, bound, gap, uncovered, seconds, method)


def _read_choice(
    problem: SetCoverProblem, forced: ArrayLike, forbidden: ArrayLike
) -> tuple[BoolArray, BoolArray]:
    """Return who must be in and who must stay out, (n_candidates,) each, or raise."""
    problems, n = ProblemList(), problem.cost.size
    masks = []
    for where, numbers in (("forced", forced), ("forbidden", forbidden)):
        wanted = np.asarray(numbers, dtype=np.int64).reshape(-1)
        strange = wanted[(wanted < 0) | (wanted >= n)]
        if strange.size:
            problems.add(where, f"there is no candidate {strange[0]}", f"candidates run from 0 to {n - 1}")
        mask = np.zeros(n, dtype=np.bool_)
        mask[wanted[(wanted >= 0) & (wanted < n)]] = True
        masks.append(mask)
    both = np.flatnonzero(masks[0] & masks[1])
    if both.size:
        found = f"{_name(problem.labels, 'candidate', int(both[0]))} is forced and forbidden"
        problems.add("forbidden", found, "take it out of one of the two")
    problems.raise_if_any(InfeasibleError, "set cover")
    return masks[0], masks[1]


def _uncovered_without(problem: SetCoverProblem, reach: Any, out: BoolArray) -> IntArray:
    """Return cells to be covered that cannot be without the forbidden, or raise if none are allowed."""
    uncovered = problem.uncoverable
    if not out.any():
        return uncovered
    reached = np.zeros(problem.must_cover.size, dtype=np.bool_)
    reached[_cells_of(reach, np.flatnonzero(~out))] = True
    lost = np.flatnonzero(problem.must_cover & ~reached).astype(np.int64)
    if lost.size > uncovered.size and not problem.allow_uncovered:
        problems = ProblemList()
        for cell in lost[:CELLS_SHOWN]:
            found = f"{_name(problem.cell_labels, 'cell', int(cell))} is reached by forbidden candidates only"
            problems.add("forbidden", found, "allow one of them, or take the cell out of must_cover")
        if lost.size > CELLS_SHOWN:
            problems.add("forbidden", f"and {lost.size - CELLS_SHOWN} more cells", "")
        problems.raise_if_any(InfeasibleError, "set cover")
    return lost


def _name(labels: tuple[str, ...], kind: str, number: int) -> str:
    return labels[number] if labels else f"{kind} {number}"


def _cells_of(reach: Any, candidates: IntArray) -> Any:
    """Return the cells reached by any of some candidates, with repeats."""
    return reach[candidates].indices


def _open_part(reach: Any, needed: BoolArray, allowed: BoolArray) -> _Rest:
    """Return the matrix of cells still to be covered and the candidates that could."""
    candidates = np.flatnonzero(allowed)
    by_cell = reach[candidates].T.tocsr()[np.flatnonzero(needed)]
    useful = np.flatnonzero(np.bincount(by_cell.indices, minlength=candidates.size))
    return _Rest(by_cell[:, useful], candidates[useful].astype(np.int64))


def _reduce(rest: _Rest, cost: FloatArray, left_s: Callable[[], float], progress: Progress | None) -> _Rest:
    """Take out cells that others imply and candidates that others replace, until nothing changes.

    A cheapest cover of what stays is a cheapest cover of all (Beasley 1987): the cells taken out are covered
    by anything that covers the rest, and of equals one stays.
    """
    by_cell, columns = rest.by_cell, rest.columns
    for sweep in range(ROUNDS_MAX):
        if left_s() <= 0:
            break
        if progress is not None:
            progress("reduce", sweep / ROUNDS_MAX)
        before = by_cell.shape
        by_cell = by_cell[~_needless(by_cell, np.zeros(before[0]), drop_larger=True)]
        by_candidate = by_cell.T.tocsr()
        useful = np.diff(by_candidate.indptr) > 0
        by_candidate, columns = by_candidate[useful], columns[useful]
        kept = ~_needless(by_candidate, cost[columns], drop_larger=False)
        by_cell, columns = by_candidate[kept].T.tocsr(), columns[kept]
        if by_cell.shape == before:
            break
    return _Rest(by_cell, columns)


def _needless(sets: Any, cost: FloatArray, *, drop_larger: bool) -> BoolArray:
    """Call the compiled loop on the rows of a matrix, elements numbered from the rarest."""
    from truceline.siting import _cover_kernels  # late: brings in the compiler

    n_holding = np.bincount(sets.indices, minlength=sets.shape[1])
    rank = np.empty(n_holding.size, dtype=np.int32)
    rank[np.argsort(n_holding, kind="stable")] = np.arange(n_holding.size, dtype=np.int32)
    by_rank = sparse.csr_array((sets.data, rank[sets.indices], sets.indptr), shape=sets.shape)
    ordered = by_rank.tocsc().tocsr()  # there and back sorts every row in linear time
    return np.asarray(
        _cover_kernels.find_needless(
            ordered.indptr.astype(np.int64),
            ordered.indices.astype(np.int32),
            n_holding.size,
            np.ascontiguousarray(cost, dtype=np.float64),
            drop_larger,
            STEPS_MAX,
        ),
        dtype=np.bool_,
    )


def _prove(
    rest: _Rest,
    cost: FloatArray,
    start: IntArray,
    goal_gap: float,
    limit_s: float,
    seed: int,
    progress: Progress | None,
) -> tuple[IntArray, float, bool]:
    """Solve the reduced cover from a start (columns); return (candidates, lower bound, whether it ended)."""
    price = cost[rest.columns]
    taken = np.zeros(rest.columns.size, dtype=np.bool_)
    taken[start] = True
    began_s = time.perf_counter()

    def listen() -> None:
        if progress is not None:
            spent_s = time.perf_counter() - began_s
            progress("prove", 0.0 if math.isinf(limit_s) else min(spent_s / limit_s, 1.0))

    n_cells = rest.by_cell.shape[0]
    answer = solve_binary(
        price,
        rest.by_cell,
        np.ones(n_cells),
        np.full(n_cells, np.inf),
        start=taken,
        goal_gap=goal_gap,
        time_limit_s=limit_s,
        seed=seed,
        listen=listen,
    )
    best = rest.columns[start]
    if answer.chosen is not None:
        # HiGHS works to a tolerance: what it chose is counted again before it is believed.
        covers = bool((np.diff(rest.by_cell[:, np.flatnonzero(answer.chosen)].indptr) > 0).all())
        if covers:
            best = rest.columns[answer.chosen]
    return best, answer.bound, answer.finished


def _cover_greedily(by_cell: Any, cost: FloatArray) -> IntArray:
    """Take the candidate with the least cost per newly covered cell, then drop what became needless.

    What a candidate adds only shrinks, so a stale figure at the head of the queue is counted again and put
    back (lazy greedy, Minoux 1978). Equal figures go to the lower number.
    """
    by_candidate = by_cell.T.tocsr()
    indptr, indices = by_candidate.indptr, by_candidate.indices
    cells = [indices[a:b] for a, b in pairwise(indptr)]
    is_open = np.ones(by_cell.shape[0], dtype=np.bool_)
    n_open = is_open.size
    queue = [(-row.size / cost[i], i) for i, row in enumerate(cells) if row.size]
    heapq.heapify(queue)
    chosen: list[int] = []
    while n_open:
        _, candidate = queue[0]
        newly = int(np.count_nonzero(is_open[cells[candidate]]))
        key = (-newly / cost[candidate], candidate)
        if newly == 0:
            heapq.heappop(queue)
        elif key > queue[0]:
            heapq.heapreplace(queue, key)
        else:
            heapq.heappop(queue)
            chosen.append(candidate)
            is_open[cells[candidate]] = False
            n_open -= newly
    n_over = np.zeros(is_open.size, dtype=np.int64)
    for candidate in chosen:
        n_over[cells[candidate]] += 1
    kept = set(chosen)
    for candidate in sorted(chosen, key=lambda i: (-cost[i], i)):
        if (n_over[cells[candidate]] > 1).all():
            n_over[cells[candidate]] -= 1
            kept.discard(candidate)
    return np.array(sorted(kept), dtype=np.int64)
