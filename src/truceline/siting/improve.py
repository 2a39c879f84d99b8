"""Make a posture better by swaps and kicks, within the same people and limits.

People and weights of events. Swaps take one copy out and fill its place; kicks drop a few copies close to
each other, refill, settle by swaps and keep what is not worse (iterated local search, Lourenco, Martin and
Stutzle 2003). Nothing here proves how good the answer is.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from truceline.siting import _search_kernels as kernels
from truceline.siting.postures import Posture
from truceline.siting.problems import IntArray, Progress, SitingProblem, expected_detection

N_PASSES = 8
"""Passes of swaps over all chosen candidates; usually two or three change anything."""
KICKS_PER_CALL = 32
"""Kicks between two looks at the clock and two calls of `progress`."""
CHOSEN_PER_CALL = 64
"""Candidates tried for removal between two looks at the clock."""
N_TRIES_PER_KICK = 200
"""Candidates tried for removal after one kick."""
DRAW_END = 2**31
"""Random numbers handed to the kernel are below this."""


@dataclass(frozen=True, eq=False)
class Improved:
    """A posture after swaps and kicks."""

    copies: IntArray
    """(n_candidates,) copies; never worse than those given."""
    objective: float
    """Its detection, evaluated afresh."""
    n_moves: int
    """Swaps kept."""
    n_kicks: int
    """Kicks made."""
    n_better: int
    """Kicks that made the posture better."""
    complete: bool
    """False when the time limit cut the work short."""


def improve(
    problem: SitingProblem,
    copies: IntArray,
    budget: float,
    *,
    n_passes: int = N_PASSES,
    n_kicks: int = 0,
    seed: int = 0,
    time_limit_s: float = math.inf,
    progress: Progress | None = None,
) -> Improved:
    """Return the posture `copies` made better: swaps until none helps, then `n_kicks` kicks.

    copies: (n_candidates,) a posture that keeps every limit at `budget` people, all of which the result keeps
    too. The same arguments give the same answer unless time runs out; kicks made before that are kept.
    """
    deadline_s = time.perf_counter() + time_limit_s
    given = np.asarray(copies, dtype=np.int64)
    posture = Posture(problem, given, budget)
    n_moves, in_time = _swap(posture, n_passes, deadline_s, progress)
    n_done = n_better = 0
    random = np.random.default_rng(seed)
    chosen = np.zeros(problem.n_candidates, dtype=np.int64)
    while in_time and n_done < n_kicks:
        if time.perf_counter() > deadline_s:
            in_time = False
            break
        n = min(KICKS_PER_CALL, n_kicks - n_done)
        draws = random.integers(0, DRAW_END, (n, kernels.N_DRAWS))
        n_better += kernels.kick_steps(
            posture.reach, posture.limits, posture.state, draws, chosen, N_TRIES_PER_KICK
        )
        n_done += n
        if progress is not None:
            progress("kicks", n_done / n_kicks)
    before, after = expected_detection(problem, given), expected_detection(problem, posture.state.copies)
    # Swaps are judged on sums kept current over many moves; the last word is the exact value.
    if after < before:
        return Improved(given, before, 0, n_done, 0, in_time)
    return Improved(posture.state.copies.copy(), after, n_moves, n_done, n_better, in_time)


def _swap(posture: Posture, n_passes: int, deadline_s: float, progress: Progress | None) -> tuple[int, bool]:
    """Run passes of swaps until one changes nothing; return (moves, whether time was enough)."""
    n_moves = 0
    for n_pass in range(n_passes):
        chosen = np.flatnonzero(posture.state.copies > posture.limits.forced)
        n_before = n_moves
        for first in range(0, chosen.size, CHOSEN_PER_CALL):
            if time.perf_counter() > deadline_s:
                return n_moves, False
            some = chosen[first : first + CHOSEN_PER_CALL]
            # The best gain, and the best gain per person, take turns to fill a place.
            per_person = n_pass % 2 == 1 and not posture.limits.even
            n_moves += kernels.swap_steps(posture.reach, posture.limits, posture.state, per_person, some)
        if progress is not None:
            progress("swaps", (n_pass + 1) / n_passes)
        quiet = n_moves == n_before
        if quiet and (posture.limits.even or n_pass > 0):
            break
    return n_moves, True
