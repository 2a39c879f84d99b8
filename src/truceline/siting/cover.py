"""Find the cheapest candidates that reach every cell: reduced first, then proved by HiGHS.

People (or any one currency) and seconds. Cells that another cell implies and candidates that another one
replaces are taken out, prices bound what is left, and HiGHS settles it. It promises the optimum only
when the status says so, and it knows no scenario.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from truceline.errors import InfeasibleError, ProblemList
from truceline.siting.cover_prices import cover_by_prices, price_cells
from truceline.siting.highs import solve_binary
from truceline.siting.problems import (
    OPTIMAL_GAP,
    BoolArray,
    FloatArray,
    IntArray,
    Progress,
    SetCoverProblem,
)

STEPS_PER_CALL, CALLS_MAX = 100_000_000, 20
"""Comparisons between two looks at the clock (a fraction of a second), and such calls in one sweep: random
instances gain nothing from more."""
SKETCH_BITS = 64
"""Bits of the sketch by which most pairs of sets are told apart at a glance."""
PRICE_FROM = 50_000
"""Matrix entries left after the reduction from which prices pay; below, HiGHS is done sooner."""
REDUCE_FROM = 200_000
"""Matrix entries below which HiGHS reduces by itself sooner than our loop could be compiled."""
SWEEP_LEAST_SHARE = 0.01
"""A sweep that takes out a smaller part of the matrix is the last."""
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
    """What gave the cover: `forced alone`, `greedy`, `prices` or `HiGHS`."""


@dataclass(frozen=True, eq=False)
class _Rest:
    """What is left to decide: cells by candidates (csr), and which candidates the columns are."""

    by_cell: Any
    columns: IntArray


@dataclass(frozen=True, eq=False)
class _Settled:
    """A cover of the rest."""

    chosen: IntArray
    """Candidates."""
    bound: float
    """No cover of the rest costs less; 0 where nothing is proved."""
    finished: bool
    """True when no time limit cut the work short."""
    method: str


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
    answer = _settle(rest, problem.cost, goal_gap, left_s, seed, progress)
    bound = float(problem.cost[stands].sum()) + max(answer.bound, 0.0)
    everything = np.union1d(np.flatnonzero(stands), answer.chosen).astype(np.int64)
    cost = float(problem.cost[everything].sum())
    bound = min(bound, cost)
    gap = (cost - bound) / cost if cost > 0 else 0.0
    status = "optimal" if gap <= OPTIMAL_GAP else "feasible" if answer.finished else "time limit"
    seconds = time.perf_counter() - started_s
    return CoverResult(everything, status, cost, bound, gap, uncovered, seconds, answer.method)


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
    by_cell = (reach if allowed.all() else reach[candidates]).T.tocsr()
    if not needed.all():
        by_cell = by_cell[np.flatnonzero(needed)]
    is_useful = np.bincount(by_cell.indices, minlength=candidates.size) > 0
    if not is_useful.all():
        by_cell = by_cell[:, np.flatnonzero(is_useful)]
    return _Rest(by_cell, candidates[is_useful].astype(np.int64))


def _reduce(rest: _Rest, cost: FloatArray, left_s: Callable[[], float], progress: Progress | None) -> _Rest:
    """Take out cells that others imply and candidates that others replace, until nothing changes.

    A cheapest cover of what stays is a cheapest cover of all (Beasley 1987): the cells taken out are covered
    by anything that covers the rest, and of equals one stays.
    """
    by_cell, columns = rest.by_cell, rest.columns
    share = 0.0

    def tell() -> None:
        if progress is not None:
            progress("reduce", share)

    for sweep in range(ROUNDS_MAX):
        share = sweep / ROUNDS_MAX
        tell()
        if left_s() <= 0:
            break
        shape, n_entries = by_cell.shape, by_cell.nnz
        implied = _find_needless(by_cell, np.zeros(shape[0]), left_s, tell, drop_larger=True)
        by_cell = by_cell[~implied]
        by_candidate = by_cell.T.tocsr()
        useful = np.diff(by_candidate.indptr) > 0
        by_candidate, columns = by_candidate[useful], columns[useful]
        kept = ~_find_needless(by_candidate, cost[columns], left_s, tell, drop_larger=False)
        by_cell, columns = by_candidate[kept].T.tocsr(), columns[kept]
        if by_cell.shape == shape or by_cell.nnz > (1.0 - SWEEP_LEAST_SHARE) * n_entries:
            break
    return _Rest(by_cell, columns)


def _find_needless(
    sets: Any, cost: FloatArray, left_s: Callable[[], float], tell: Callable[[], None], *, drop_larger: bool
) -> BoolArray:
    """Return which rows of a matrix others make needless; what was found when time or steps run out holds."""
    from truceline.siting import _cover_kernels  # late: brings in the compiler

    n_sets, n_elements = sets.shape
    n_holding = np.bincount(sets.indices, minlength=n_elements)
    rank = np.empty(n_elements, dtype=np.int32)
    rank[np.argsort(n_holding, kind="stable")] = np.arange(n_elements, dtype=np.int32)
    by_rank = sparse.csr_array((sets.data, rank[sets.indices], sets.indptr), shape=sets.shape)
    ordered = by_rank.tocsc().tocsr()  # there and back sorts every row, rarest first, in linear time
    indptr, indices = ordered.indptr.astype(np.int64), ordered.indices.astype(np.int32)
    filled = np.flatnonzero(np.diff(indptr) > 0)
    rarest = indices[indptr[filled]]
    waiting = filled[np.argsort(rarest, kind="stable")].astype(np.int64)
    start = np.concatenate([[0], np.cumsum(np.bincount(rarest, minlength=n_elements))]).astype(np.int64)
    sketch = np.zeros(n_sets, dtype=np.uint64)
    if filled.size:
        bits = np.left_shift(np.uint64(1), (indices % SKETCH_BITS).astype(np.uint64))
        sketch[filled] = np.bitwise_or.reduceat(bits, indptr[filled])
    needless = np.zeros(n_sets, dtype=np.bool_)
    mark = np.full(n_elements, -1, dtype=np.int64)
    price = np.ascontiguousarray(cost, dtype=np.float64)
    matrix = (indptr, indices, start, waiting, sketch, sketch[waiting], price, drop_larger)
    place = 0
    for _ in range(CALLS_MAX):
        place = int(_cover_kernels.find_needless(*matrix, place, STEPS_PER_CALL, needless, mark))
        tell()
        if place == n_sets or left_s() <= 0:
            break
    return needless


def _settle(
    rest: _Rest,
    cost: FloatArray,
    goal_gap: float,
    left_s: Callable[[], float],
    seed: int,
    progress: Progress | None,
) -> _Settled:
    """Cover what the reduction left: greedily, by prices where there is much of it, and by HiGHS."""
    if rest.columns.size == 0:
        return _Settled(rest.columns, 0.0, True, "forced alone")
    price = cost[rest.columns]
    if rest.by_cell.nnz < PRICE_FROM:
        first = cover_by_prices(rest.by_cell.T.tocsr().astype(np.float64), price)
        best = _Settled(rest.columns[first], 0.0, False, "greedy")
    else:
        priced = price_cells(rest.by_cell, price, left_s=left_s, seed=seed, progress=progress)
        best = _Settled(rest.columns[priced.chosen], priced.bound, False, "prices")
        rest = _Rest(rest.by_cell[:, np.flatnonzero(priced.useful)], rest.columns[priced.useful])
    value = float(cost[best.chosen].sum())
    if value - best.bound <= max(goal_gap, OPTIMAL_GAP) * value:
        return replace(best, finished=True)
    return _prove(rest, cost, best, goal_gap, left_s(), seed, progress)


def _prove(
    rest: _Rest,
    cost: FloatArray,
    best: _Settled,
    goal_gap: float,
    limit_s: float,
    seed: int,
    progress: Progress | None,
) -> _Settled:
    """Let HiGHS go on from the best cover known; what it leaves out cannot make a cheaper one."""
    if limit_s <= 0:
        return best
    began_s = time.perf_counter()

    def listen() -> None:
        if progress is not None:
            spent_s = time.perf_counter() - began_s
            progress("prove", 0.0 if math.isinf(limit_s) else min(spent_s / limit_s, 1.0))

    n_cells = rest.by_cell.shape[0]
    answer = solve_binary(
        cost[rest.columns],
        rest.by_cell,
        np.ones(n_cells),
        np.full(n_cells, np.inf),
        start=np.isin(rest.columns, best.chosen),
        goal_gap=goal_gap,
        time_limit_s=limit_s,
        seed=seed,
        listen=listen,
    )
    bound = max(best.bound, answer.bound)
    if answer.chosen is not None:
        # HiGHS works to a tolerance: what it chose is counted again before it is believed.
        found = rest.columns[answer.chosen]
        covers = bool((np.diff(rest.by_cell[:, np.flatnonzero(answer.chosen)].indptr) > 0).all())
        if covers and cost[found].sum() < cost[best.chosen].sum():
            return _Settled(found, bound, answer.finished, "HiGHS")
    return replace(best, bound=bound, finished=answer.finished)
