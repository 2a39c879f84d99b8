"""Hold a posture with the gain of every candidate kept current, for the searches of `greedy` and `improve`.

People and weights of events. A posture is changed one copy at a time; limits of copies, groups, sectors and
people are kept by the kernels. This module decides nothing about what is good.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from truceline.siting import _search_kernels as kernels
from truceline.siting.problems import (
    BUDGET_SLACK_SHARE,
    Float32Array,
    FloatArray,
    Int32Array,
    IntArray,
    SitingProblem,
    accumulate_log_miss,
    count_by,
    count_seeing,
    find_minima,
)

NEGLIGIBLE_SHARE = 1e-13
"""A gain below this share of all weight is rounding and not worth a person."""
BETTER_SHARE = 1e-7
"""A swap must win this share of what it gives up: chances are kept in float32, which is no more exact."""
LOG_SIZE = 4096
"""Changes that one attempt may make before it must be kept or undone."""


class Reach(NamedTuple):
    """The matrix of a problem, by candidate and by event."""

    indptr: IntArray
    indices: Int32Array
    log_miss: Float32Array
    event_start: IntArray
    event_candidate: Int32Array
    event_p: Float32Array
    weight: FloatArray


class Limits(NamedTuple):
    """What may be chosen, and what it costs."""

    cost: FloatArray
    worth: FloatArray
    """(n_candidates,) 1 / cost."""
    block_worth: FloatArray
    """(n_blocks,) the greatest of these in each block of candidates."""
    cost_min: float
    """Cost of the cheapest candidate that may be chosen at all."""
    forced: IntArray
    group: IntArray
    sector: IntArray
    least: float
    """A gain of this or less does not count."""
    better_share: float
    even: bool
    """True when all candidates cost the same, so that one replaces one."""


class State(NamedTuple):
    """A posture in hand; every array changes in place, single numbers are arrays of one."""

    total: FloatArray
    """(n_events,) sum of log_miss, or the number of copies that see the event for certain."""
    residual: FloatArray
    """(n_events,) weight not yet detected."""
    gain: FloatArray
    """(n_candidates,) what one more copy would add."""
    top: FloatArray
    """(n_blocks,) no gain in the block of candidates exceeds this."""
    copies: IntArray
    room: IntArray
    """(n_candidates,) copies that may still be added."""
    group_room: IntArray
    sector_spare: IntArray
    """(n_sectors,) copies above the least number; negative while copies are missing."""
    n_short: IntArray
    """Copies missing over all sectors."""
    people: FloatArray
    """People left, rounding included."""
    value: FloatArray
    """Detection of the posture."""
    tabu: NDArray[np.int8]
    """(n_candidates,) not 0: may not be added for the moment."""
    log: IntArray
    """Changes made: candidate + 1, negative when taken out."""
    n_log: IntArray
    queue: IntArray
    queued: NDArray[np.int8]
    span: IntArray
    """First and end of the queue."""


class Posture:
    """Copies within a budget, with what every further copy would add."""

    def __init__(self, problem: SitingProblem, copies: IntArray, budget: float) -> None:
        """Start from `copies` (n_candidates,), within every limit but perhaps short of a sector's least."""
        self.problem = problem
        self.reach = _reach_of(problem)
        self.limits = _limits_of(problem)
        self.state = _state_of(problem, np.asarray(copies, dtype=np.int64), budget, self.limits)
        kernels.fill_gains(self.reach, self.state)

    @property
    def is_complete(self) -> bool:
        """True when every sector has its least number and no more people are spent than there are."""
        return bool(self.state.n_short[0] == 0 and self.state.people[0] >= 0)

    def add(self, candidate: int) -> float:
        """Put one copy in and return what it adds."""
        self.state.n_log[0] = 0
        return float(kernels.change(self.reach, self.limits, self.state, candidate, 1))

    def allow_only(self, copies: IntArray) -> None:
        """Let no more than `copies` (n_candidates,) be chosen, and put every other limit aside."""
        self.state.room[:] = copies - self.state.copies
        self.state.group_room[:] = copies.sum()
        self.state.sector_spare[:] = 0
        self.state.n_short[:] = 0

    def add_minima(self, per_person: bool) -> list[tuple[int, float]]:
        """Add copies until every sector has its least number; return (candidate, gain) in the order picked.

        The cheapest way to meet what is still missing is held in reserve: a pick takes the place of a copy in
        reserve and must leave enough people for the rest of it, so the least numbers are always met when
        the budget pays for them at all (which `check_budget` has checked).
        """
        if self.state.n_short[0] == 0:
            return []
        reserve = find_minima(self.problem, self.state.copies)
        if reserve is None:
            return []
        picks = []
        while self.state.n_short[0] > 0:
            candidate, released = self._pick_for_minima(reserve, per_person)
            reserve[released] -= 1
            picks.append((candidate, self.add(candidate)))
        return picks

    def _pick_for_minima(self, reserve: IntArray, per_person: bool) -> tuple[int, int]:
        """Return (candidate, the copy in reserve whose place it takes)."""
        problem, state, limits = self.problem, self.state, self.limits
        held = float(problem.cost @ reserve)
        inside = problem.group >= 0
        group_used = np.bincount(problem.group[inside], reserve[inside], problem.group_limit.size)
        group_left = state.group_room - group_used.astype(np.int64)
        fits = np.flatnonzero((limits.sector >= 0) & (state.room > 0))
        fits = fits[state.sector_spare[limits.sector[fits]] < 0]
        key = state.gain[fits] * limits.worth[fits] if per_person else state.gain[fits]
        # Candidates that add nothing come last, the cheapest first: only the number matters there.
        key = np.where(state.gain[fits] > limits.least, key, 0.0)
        for i in fits[np.lexsort((fits, limits.cost[fits], -key))]:
            if reserve[i] > 0:
                return int(i), int(i)
            members = np.flatnonzero((reserve > 0) & (limits.sector == limits.sector[i]))
            g = limits.group[i]
            if g >= 0 and group_left[g] <= 0:
                members = members[limits.group[members] == g]
            if not members.size:
                continue
            released = int(members[np.argmax(limits.cost[members])])
            if limits.cost[i] + held - limits.cost[released] <= state.people[0]:
                return int(i), released
        raise AssertionError("a copy in reserve always fits")


def _reach_of(problem: SitingProblem) -> Reach:
    by_event = problem.by_event
    log_miss = problem.log_miss if problem.log_miss is not None else np.empty(0, dtype=np.float32)
    return Reach(
        problem.indptr, problem.indices, log_miss,
        by_event.indptr, by_event.candidate, by_event.p_detect, problem.weight,
    )  # fmt: skip


def _limits_of(problem: SitingProblem) -> Limits:
    n = problem.n_candidates
    worth = 1.0 / problem.cost
    usable = problem.copies_max > 0
    cost = problem.cost[usable]
    return Limits(
        cost=problem.cost,
        worth=worth,
        block_worth=np.maximum.reduceat(worth, np.arange(0, n, 1 << kernels.BLOCK_SHIFT)),
        cost_min=float(cost.min()) if cost.size else np.inf,
        forced=problem.forced.astype(np.int64),
        group=problem.group.astype(np.int64),
        sector=problem.sector.astype(np.int64),
        least=NEGLIGIBLE_SHARE * float(problem.weight.sum()),
        better_share=BETTER_SHARE,
        even=bool((cost == cost[0]).all()) if cost.size else True,
    )


def _state_of(problem: SitingProblem, copies: IntArray, budget: float, limits: Limits) -> State:
    n = problem.n_candidates
    total = count_seeing(problem, copies) if problem.is_cover else accumulate_log_miss(problem, copies)
    residual = (
        problem.weight * np.where(total > 0, 0.0, 1.0)
        if problem.is_cover
        else problem.weight * np.exp(-total)
    )
    sector_spare = count_by(problem.sector, copies, problem.sector_min.size) - problem.sector_min
    return State(
        total=total,
        residual=residual,
        gain=np.zeros(n),
        top=np.zeros(limits.block_worth.size),
        copies=copies.copy(),
        room=problem.copies_max - copies,
        group_room=problem.group_limit - count_by(problem.group, copies, problem.group_limit.size),
        sector_spare=sector_spare,
        n_short=np.array([np.maximum(-sector_spare, 0).sum()], dtype=np.int64),
        people=np.array([budget * (1 + BUDGET_SLACK_SHARE) - float(problem.cost @ copies)]),
        value=np.array([float((problem.weight - residual).sum())]),
        tabu=np.zeros(n, dtype=np.int8),
        log=np.zeros(LOG_SIZE, dtype=np.int64),
        n_log=np.zeros(1, dtype=np.int64),
        queue=np.zeros(n, dtype=np.int64),
        queued=np.zeros(n, dtype=np.int8),
        span=np.zeros(2, dtype=np.int64),
    )
