"""Answer a siting problem: copies within a budget, how good they are and how much better any could be.

People, weights of events, seconds. `solve` picks greedily, improves by swaps and kicks, proves a bound, lets
the bound suggest other postures and, if asked, tightens it block by block. It does not promise the optimum
unless the status says so. The cheapest cover is in `cover`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from truceline.siting.blocks import bound_by_blocks
from truceline.siting.bounds import BoundSearch
from truceline.siting.cover_program import solve_whole
from truceline.siting.greedy import GreedyPath, order_by_use, pick_greedily
from truceline.siting.improve import improve
from truceline.siting.problems import (
    OPTIMAL_GAP,
    FloatArray,
    IntArray,
    Progress,
    SitingProblem,
    check_budget,
    expected_detection,
)
from truceline.siting.rounding import find_useful, restrict, round_posture

KICK_WORK = 1_000_000_000
"""Updates of gains that kicks may cost where the caller does not say how many: a second or two."""
CHANGES_PER_KICK = 60
"""Copies put in or taken out in one kick and the swaps after it, as measured on lines."""
N_KICKS_LEAST, N_KICKS_MOST = 500, 10_000
"""Kicks are between these where the caller does not say."""
N_ROUNDINGS = 16
"""Whole postures made from the fractional one of the bound, each left to swaps."""
SMALL_NONZERO = 200_000
"""A problem with at most so many pairs is small: blocks set to "auto" are solved, and larger ones."""
TINY_NONZERO = 5_000
"""A problem with at most so many pairs is solved in one piece instead: HiGHS ends within seconds."""
PICKS_PER_SMALL_BLOCK = 8
"""Copies in one block of a small problem: HiGHS proves these in a tenth of a second (10,000 events)."""
SHARE_FOR_BLOCKS = 0.9
"""Share of the time left that blocks may use; the rest improves what they suggest."""


@dataclass(frozen=True, eq=False)
class SitingResult:
    """A posture and how far from the best it can be."""

    status: str
    """`optimal` (proved), `feasible` (within `gap`) or `time limit` (feasible, work was cut short)."""
    copies: IntArray
    """(n_candidates,) copies chosen."""
    order: IntArray
    """(n_picks,) candidates, the most useful first after those forced, one entry for each copy."""
    objective: float
    """Weight of events detected, expected."""
    bound: float
    """No posture within the budget detects more."""
    gap: float
    """(bound - objective) / bound."""
    seconds: float
    """Time used."""
    method: str
    """Which step gave the posture."""


def solve(
    problem: SitingProblem,
    budget: float,
    *,
    goal_gap: float = OPTIMAL_GAP,
    time_limit_s: float = math.inf,
    n_kicks: int | None = None,
    seed: int = 0,
    blocks: bool | Literal["auto"] = "auto",
    place: FloatArray | None = None,
    progress: Progress | None = None,
) -> SitingResult:
    """Choose copies for at most `budget` people so that the expected detection is greatest.

    The work ends when the gap is `goal_gap` or less, when all steps are done, or when time runs out; the
    answer is then the best posture known with the bound proven so far. Without a time limit the same
    arguments give the same answer. It is never worse than the best of three greedy passes: gain per person,
    gain alone, and gain per person after the most useful single candidate that fits, which is at least half
    of 1 - 1/e of the best for any costs without groups and sectors (Khuller, Moss and Naor 1999).

    n_kicks, seed: see `improve`; kicks for a second or two where None.
    blocks: True to prove more by solving parts of the line with whole copies (seconds to minutes), "auto" to
    do so for small problems only; joint detection has no blocks and is answered without. place: (n_events,)
    position of each event along the line, for the blocks. KeyboardInterrupt raised in `progress` passes
    through. Raises InfeasibleError for a budget that `check_budget` refuses.
    """
    check_budget(problem, budget)
    work = _Work(problem, budget, goal_gap, time_limit_s, seed, progress)
    work.start_greedily()
    work.polish(work.copies, "swaps", n_kicks=0)
    work.prove()
    work.search_near_bound(n_kicks)
    if blocks and problem.is_cover and (blocks is True or problem.n_nonzero <= SMALL_NONZERO):
        if problem.n_nonzero <= TINY_NONZERO:
            work.solve_in_one_piece()
        else:
            work.prove_by_blocks(place)
    return work.result()


class _Work:
    """The best posture and the best bound so far, and the steps that make them better."""

    def __init__(
        self,
        problem: SitingProblem,
        budget: float,
        goal_gap: float,
        time_limit_s: float,
        seed: int,
        progress: Progress | None,
    ) -> None:
        self.problem, self.budget = problem, budget
        self.goal_gap, self.seed, self.progress = goal_gap, seed, progress
        self.started_s = time.perf_counter()
        self.deadline_s = self.started_s + time_limit_s
        self.search = BoundSearch(problem, np.array([budget]))
        self.bound = math.inf
        self.copies = np.zeros(problem.n_candidates, dtype=np.int64)
        self.objective = -1.0
        self.method = ""
        self.cut_short = False

    @property
    def gap(self) -> float:
        """(bound - objective) / bound, at most 1."""
        if math.isinf(self.bound):
            return 1.0
        return (self.bound - self.objective) / self.bound if self.bound > 0 else 0.0

    def left_s(self) -> float:
        """Seconds left, noting when there are none."""
        left_s = self.deadline_s - time.perf_counter()
        self.cut_short |= left_s <= 0
        return max(left_s, 0.0)

    def is_done(self) -> bool:
        """Tell whether the gap is small enough or no time is left."""
        return self.gap <= self.goal_gap or self.left_s() <= 0

    def offer(self, copies: IntArray, method: str) -> None:
        """Keep a posture if it is better than the one in hand."""
        objective = expected_detection(self.problem, copies)
        # The first of equals stays, so the answer does not hang on rounding between steps.
        if objective > self.objective * (1 + OPTIMAL_GAP):
            self.copies, self.objective, self.method = copies, objective, method

    def start_greedily(self) -> None:
        """Offer the greedy passes."""
        path = self._pass(True, "greedy per person")
        uniform = bool((self.problem.cost == self.problem.cost[0]).all())
        if uniform or self.left_s() <= 0:
            return
        path = self._pass(False, "greedy")
        # The first free pick of the plain pass is the most useful single candidate that fits.
        if path.order.size > path.n_required and self.left_s() > 0:
            self._pass(True, "best single first", int(path.order[path.n_required]))

    def _pass(self, per_person: bool, method: str, first: int = -1) -> GreedyPath:
        path = pick_greedily(
            self.problem,
            self.budget,
            per_person=per_person,
            first=first,
            time_limit_s=self.left_s(),
            progress=self.progress,
        )
        self.cut_short |= not path.complete
        self.offer(path.copies(path.order.size, self.problem.n_candidates), method)
        return path

    def polish(self, copies: IntArray, method: str, *, n_kicks: int) -> None:
        """Offer `copies` after swaps and kicks."""
        if self.is_done():
            return
        better = improve(
            self.problem,
            copies,
            self.budget,
            n_kicks=n_kicks,
            seed=self.seed,
            time_limit_s=self.left_s(),
            progress=self.progress,
        )
        self.cut_short |= not better.complete
        self.offer(better.copies, method)

    def prove(self) -> None:
        """Tighten the bound at the budget."""
        if not self.is_done():
            self.search.improve_at(self.budget, deadline_s=self.deadline_s)
        if self.progress is not None:
            self.progress("bounds", 1.0)
        self._take_bound(float(self.search.bound[0]))

    def _take_bound(self, bound: float) -> None:
        # Rounding alone can put a proven bound a hair below a value that is attained.
        self.bound = max(min(self.bound, bound), self.objective)

    def search_near_bound(self, n_kicks: int | None) -> None:
        """Offer the best of whole postures near the fractional one, kicked, among useful candidates."""
        if self.is_done():
            return
        kept = find_useful(
            self.problem, self.search.event_price, self.search.fraction, self.copies, self.budget
        )
        small, fraction = restrict(self.problem, kept), self.search.fraction[kept]
        best, method = self.copies[kept], self.method
        best_value = self.objective
        random = np.random.default_rng(self.seed)
        for n in range(N_ROUNDINGS):
            threshold = np.full(kept.size, 0.5) if n == 0 else random.random(kept.size)
            rounded = round_posture(small, fraction, self.budget, threshold)
            if self.left_s() <= 0:
                break
            if rounded is None:
                continue
            swapped = improve(small, rounded, self.budget, time_limit_s=self.left_s())
            if swapped.objective > best_value * (1 + OPTIMAL_GAP):
                best, best_value, method = swapped.copies, swapped.objective, "rounding"
            if self.progress is not None:
                self.progress("rounding", (n + 1) / N_ROUNDINGS)
        kicked = improve(
            small,
            best,
            self.budget,
            n_kicks=_usual_kicks(small) if n_kicks is None else n_kicks,
            seed=self.seed,
            time_limit_s=self.left_s(),
            progress=self.progress,
        )
        self.cut_short |= not kicked.complete
        if kicked.objective > best_value * (1 + OPTIMAL_GAP):
            best, method = kicked.copies, "kicks"
        copies = np.zeros(self.problem.n_candidates, dtype=np.int64)
        copies[kept] = best
        self.offer(copies, method)
        # Candidates left out of the search have their say in a last round of swaps over all.
        self.polish(self.copies, "swaps", n_kicks=0)

    def solve_in_one_piece(self) -> None:
        """Offer what HiGHS finds and proves for the whole problem."""
        if self.is_done():
            return
        answer = solve_whole(self.problem, self.budget, time_limit_s=self.left_s())
        if answer is not None:
            self.offer(answer[0], "one piece")
            self._take_bound(answer[1])

    def prove_by_blocks(self, place: FloatArray | None) -> None:
        """Tighten the bound block by block, and offer the posture the blocks suggest."""
        if self.is_done():
            return
        n_small = max(int(self.copies.sum()) // PICKS_PER_SMALL_BLOCK, 1)
        answer = bound_by_blocks(
            self.problem,
            self.budget,
            self.search,
            self.copies,
            place=place,
            n_blocks=n_small if self.problem.n_nonzero <= SMALL_NONZERO else None,
            deadline_s=time.perf_counter() + SHARE_FOR_BLOCKS * self.left_s(),
            progress=self.progress,
        )
        self._take_bound(answer.bound)
        if answer.copies_suggested is not None:
            self.offer(answer.copies_suggested, "blocks")
            self.polish(answer.copies_suggested, "blocks", n_kicks=0)

    def result(self) -> SitingResult:
        """Return the best posture with its bound."""
        self._take_bound(float(self.search.bound[0]))
        gap = self.gap
        status = "time limit" if self.cut_short else "feasible"
        return SitingResult(
            status="optimal" if gap <= OPTIMAL_GAP else status,
            copies=self.copies,
            order=order_by_use(self.problem, self.copies).order,
            objective=self.objective,
            bound=self.bound,
            gap=gap,
            seconds=time.perf_counter() - self.started_s,
            method=self.method,
        )


def _usual_kicks(problem: SitingProblem) -> int:
    """Return the kicks that `KICK_WORK` pays for: a copy in or out costs its events times who sees them."""
    per_change = problem.n_nonzero / problem.n_candidates * problem.n_nonzero / problem.n_events
    wanted = KICK_WORK / (CHANGES_PER_KICK * max(per_change, 1.0))
    return int(min(max(wanted, N_KICKS_LEAST), N_KICKS_MOST))
