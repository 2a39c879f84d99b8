"""Pick candidates one copy at a time by what each adds for its people: the whole curve in one pass.

Costs in people, gains in the weight of events. Decremental greedy on a monotone submodular objective: gains
are kept current, so the work grows with what the chosen copies see and not with what all candidates could. It
proves nothing about its own quality, `bounds` does.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from truceline.siting import _search_kernels as kernels
from truceline.siting.postures import Posture
from truceline.siting.problems import FloatArray, IntArray, Progress, SitingProblem

PICKS_PER_CALL = 256
"""Picks between two looks at the clock and two calls of `progress`."""


@dataclass(frozen=True, eq=False)
class GreedyPath:
    """The picks of one greedy pass: forced copies, then the least numbers of sectors, then the rest."""

    order: IntArray
    """(n_picks,) candidate of each pick; a candidate appears once for each copy."""
    gain: FloatArray
    """(n_picks,) detection each pick added when it was made."""
    n_forced: int
    """Leading picks that were forced."""
    complete: bool
    """False when the time limit cut the pass short."""
    n_required: int = 0
    """Leading picks after which nothing is missing: forced copies and the least numbers of sectors."""

    def copies(self, n_picks: int, n_candidates: int) -> IntArray:
        """Return (n_candidates,) copies after the first `n_picks` picks."""
        return np.bincount(self.order[:n_picks], minlength=n_candidates).astype(np.int64)


def pick_greedily(
    problem: SitingProblem,
    budget: float,
    *,
    per_person: bool = True,
    first: int = -1,
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> GreedyPath:
    """Pick copies until `budget` people are spent or nothing helps.

    per_person: order by gain per person, otherwise by gain. first: a candidate to take right after what is
    required (-1 for none; passed over when it does not fit). The least numbers of sectors are met first, so
    every posture on the path from `n_required` picks on is a valid one; the money they need is held back
    from the start. With per_person and equal costs the value is at least 1 - 1/e of the best without groups
    and sectors (Nemhauser et al. 1978), 1/2 with groups. The budget must pass `check_budget`.
    """
    started_s = time.perf_counter()
    posture = Posture(problem, np.zeros(problem.n_candidates, dtype=np.int64), budget)
    forced = np.repeat(np.arange(problem.n_candidates, dtype=np.int64), problem.forced)
    picks = [(int(j), posture.add(int(j))) for j in forced]
    picks += posture.add_minima(per_person)
    n_required = len(picks)
    if first >= 0 and kernels.is_open(posture.limits, posture.state, first):
        picks.append((first, posture.add(first)))
    orders = [np.array([j for j, _ in picks], dtype=np.int64)]
    gains = [np.array([gain for _, gain in picks], dtype=np.float64)]
    complete = False
    while not complete and time.perf_counter() - started_s <= time_limit_s:
        picked = np.empty(PICKS_PER_CALL, dtype=np.int64)
        gained = np.empty(PICKS_PER_CALL)
        n = kernels.greedy_steps(posture.reach, posture.limits, posture.state, per_person, picked, gained)
        orders.append(picked[:n])
        gains.append(gained[:n])
        complete = n < PICKS_PER_CALL
        if progress is not None:
            progress("greedy", 1.0 - max(float(posture.state.people[0]), 0.0) / budget)
    return GreedyPath(
        np.concatenate(orders), np.concatenate(gains), forced.size, complete, n_required=n_required
    )


def order_by_use(problem: SitingProblem, copies: IntArray) -> GreedyPath:
    """Return the copies of a posture in the order greedy would pick them if there were no others.

    Forced copies first; copies that add nothing to the rest come last, in rising order. The gains sum to the
    detection of the posture.
    """
    kept = np.asarray(copies, dtype=np.int64)
    people = float(problem.cost @ kept)
    posture = Posture(problem, np.zeros(problem.n_candidates, dtype=np.int64), max(people, 1.0))
    posture.allow_only(kept)
    forced = np.repeat(np.arange(problem.n_candidates, dtype=np.int64), problem.forced)
    forced_gain = [posture.add(int(j)) for j in forced]
    n_free = int(kept.sum()) - forced.size
    picked, gained = np.empty(n_free, dtype=np.int64), np.empty(n_free)
    n = kernels.greedy_steps(posture.reach, posture.limits, posture.state, True, picked, gained)
    rest = np.repeat(np.arange(problem.n_candidates, dtype=np.int64), posture.state.room)
    order = np.concatenate([forced, picked[:n], rest])
    gain = np.concatenate([forced_gain, gained[:n], [posture.add(int(j)) for j in rest]])
    return GreedyPath(order, gain, forced.size, complete=True, n_required=order.size)
