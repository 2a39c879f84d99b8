"""Find the one more sensor that would raise the weakest crossing most, with proof that no other does better.

Rasters as in `crossing`; cases are kinds and states crossing the same belt, and the weakest case counts. The
scheme's value at the exit is the least cost over policies of moving upwind, so the cost of any one policy,
which is linear in the slowness, is an upper bound for every candidate. Candidates are solved in the order of
their bounds; each solve yields a new policy and with it a new bound for all others (cutting planes: Kelley
1960). The answer is that of solving every candidate. It adds one sensor, not two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from truceline.errors import GeometryError, ProblemList
from truceline.siting import _crossing_kernels
from truceline.siting.crossing import routing_slowness
from truceline.siting.eikonal import check_raster, lay_ground, solve_eikonal, sweep_from_source
from truceline.siting.problems import BoolArray, FloatArray, IntArray

BOUND_SLACK_SHARE = 1e-7
"""Bounds are raised by this share: rounding of the sweeps, and the floor under unwatched ground."""


class Additions(Protocol):
    """What the candidates would add."""

    def along(self, case: int, metres: FloatArray, candidates: IntArray) -> FloatArray:
        """Return (len(candidates),) the sum over cells of metres (rows, cols) times slowness added."""
        ...

    def cells_of(self, candidate: int) -> tuple[IntArray, FloatArray]:
        """Return the flat cells (k,) a candidate reaches and the slowness it adds there, (n_cases, k)."""
        ...


@dataclass(frozen=True, eq=False)
class CrossingWeights:
    """What the weakest crossing rests on."""

    exposure: float
    """E*; inf when not passable."""
    metres: FloatArray
    """(rows, cols) metres the crossing spends in each cell, as the scheme sees it: dE*/dslowness. Summed
    with any other slowness they give no less than the least exposure there. Zeros when not passable."""
    is_bound: bool
    """False when rounding broke the way back, so that `metres` cannot be used as a bound."""


@dataclass(frozen=True)
class BestAddition:
    """The candidate whose addition raises the weakest crossing most."""

    candidate: int
    """-1 when none raises it."""
    exposure_before: float
    """Least exposure over the cases, as it is."""
    exposure_after: float
    """The same with the candidate added."""
    case_before: int
    """The weakest case as it is."""
    case_after: int
    """The weakest case with the candidate added."""
    n_candidates: int
    n_solved: int
    """Candidates solved to find it; the bound ruled out the others."""


def weigh_crossing(
    slowness: FloatArray, cell_m: float, entry: BoolArray, exit_cells: BoolArray, inside: BoolArray
) -> CrossingWeights:
    """Return how much each cell counts in the least-exposed crossing. Raises GeometryError."""
    field = solve_eikonal(slowness, cell_m, entry, inside)
    at_exit = np.where(exit_cells & inside, field, np.inf)
    least = float(at_exit.min())
    if math.isinf(least):
        return CrossingWeights(least, np.zeros(slowness.shape), True)
    free = inside & np.isfinite(slowness)
    ground = lay_ground(routing_slowness(slowness, cell_m, free, field, least), cell_m, entry, free)
    routing = sweep_from_source(ground)
    start = np.where(ground.pad(exit_cells & inside, 0), routing, np.inf)
    first = int(np.argmin(start))
    reached = np.flatnonzero(routing.ravel() <= routing.ravel()[first])
    order = reached[np.argsort(-routing.ravel()[reached], kind="stable")]
    mass, metres = np.zeros(routing.shape), np.zeros(routing.shape)
    mass.ravel()[first] = 1.0
    lost = _crossing_kernels.weigh_cells(ground.step, routing, order, mass, metres)
    return CrossingWeights(least, ground.cut(metres) * float(cell_m), lost == 0.0)


def find_best_addition(
    slowness: Sequence[FloatArray],
    cell_m: float,
    entry: BoolArray,
    exit_cells: BoolArray,
    inside: BoolArray,
    additions: Additions,
    n_candidates: int,
) -> BestAddition | None:
    """Return the candidate whose addition raises the least exposure over the cases most.

    slowness: a raster for each case. Cases that nobody can pass do not count; None when there is no other.
    Ties go to the candidate solved first. Raises GeometryError.
    """
    problems = ProblemList()
    for raster in slowness:
        check_raster(problems, raster, cell_m, {"entry": entry, "exit": exit_cells, "inside": inside})
    if not slowness:
        problems.add("slowness", "there is no case", "give at least one raster")
    problems.raise_if_any(GeometryError, "addition")
    search = _Search(slowness, cell_m, entry, exit_cells, inside, additions, n_candidates)
    return search.run()


class _Search:
    def __init__(
        self,
        slowness: Sequence[FloatArray],
        cell_m: float,
        entry: BoolArray,
        exit_cells: BoolArray,
        inside: BoolArray,
        additions: Additions,
        n_candidates: int,
    ) -> None:
        self._slowness = slowness
        self._belt = (cell_m, entry, exit_cells, inside)
        self._additions = additions
        self._bound = np.full(n_candidates, np.inf)
        self._best = -math.inf
        self._cases: list[int] = []

    def run(self) -> BestAddition | None:
        n = self._bound.size
        entry, inside = self._belt[1], self._belt[3]
        enterable = [c for c, one in enumerate(self._slowness) if (entry & inside & np.isfinite(one)).any()]
        present = {case: weigh_crossing(self._slowness[case], *self._belt) for case in enterable}
        self._cases = [case for case in enterable if math.isfinite(present[case].exposure)]
        if not self._cases:
            return None
        before = min(self._cases, key=lambda case: (present[case].exposure, case))
        self._best = present[before].exposure
        found = BestAddition(-1, self._best, self._best, before, before, n, 0)
        self._cases.sort(
            key=lambda case: (present[case].exposure, case)
        )  # the weakest ends most trials early
        self._cut(before, present[before])
        n_solved = 0
        solved = np.zeros(n, dtype=np.bool_)
        while True:
            open_bound = np.where(solved, -np.inf, self._bound)
            candidate = int(np.argmax(open_bound)) if n else -1
            if n == 0 or not open_bound[candidate] > self._best * (1.0 + BOUND_SLACK_SHARE):
                break
            solved[candidate] = True
            n_solved += 1
            after, case = self._solve(candidate)
            if after > self._best:
                self._best = after
                found = BestAddition(candidate, found.exposure_before, after, before, case, n, n_solved)
        return BestAddition(**{**vars(found), "n_solved": n_solved})

    def _solve(self, candidate: int) -> tuple[float, int]:
        """Return the least exposure over the cases with a candidate added, and its case.

        Stops at the first case that is no better than the best so far. The weakest case bounds the others.
        """
        cells, added = self._additions.cells_of(candidate)
        cell_m, entry, exit_cells, inside = self._belt
        least, weakest, limiting = math.inf, -1, self._slowness[0]
        for case in self._cases:
            raised = self._slowness[case].copy()
            np.add.at(raised.ravel(), cells, added[case])
            exposure = float(solve_eikonal(raised, cell_m, entry, inside)[exit_cells & inside].min())
            if exposure < least:
                least, weakest, limiting = exposure, case, raised
            if least <= self._best:
                break
        self._cut(weakest, weigh_crossing(limiting, *self._belt))
        return least, weakest

    def _cut(self, case: int, weights: CrossingWeights) -> None:
        """Lower the bounds by what the candidates would add along one policy."""
        if not weights.is_bound:
            return
        slowness = self._slowness[case]
        used = weights.metres > 0
        without = float((weights.metres[used] * slowness[used]).sum())
        worth = np.flatnonzero(self._bound > self._best)
        added = self._additions.along(case, weights.metres, worth)
        self._bound[worth] = np.minimum(self._bound[worth], (without + added) * (1.0 + BOUND_SLACK_SHARE))


@dataclass(frozen=True, eq=False)
class ListedAdditions:
    """Additions held in memory: cells of candidate j are indptr[j] to indptr[j + 1]."""

    indptr: IntArray
    """(n_candidates + 1,)."""
    cell: NDArray[np.integer]
    """(k,) flat index into the raster, row by row."""
    slowness: FloatArray
    """(n_cases, k) slowness added."""

    def along(self, case: int, metres: FloatArray, candidates: IntArray) -> FloatArray:
        """Return the exposure each candidate adds along a policy; see `Additions`."""
        worth = np.concatenate([[0.0], np.cumsum(metres.ravel()[self.cell] * self.slowness[case])])
        summed = worth[self.indptr[1:]] - worth[self.indptr[:-1]]
        return np.asarray(summed[candidates], dtype=np.float64)

    def cells_of(self, candidate: int) -> tuple[IntArray, FloatArray]:
        """Return the cells a candidate reaches and what it adds there; see `Additions`."""
        part = slice(int(self.indptr[candidate]), int(self.indptr[candidate + 1]))
        return np.asarray(self.cell[part], dtype=np.int64), self.slowness[:, part]
