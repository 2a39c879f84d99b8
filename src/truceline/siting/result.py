"""Explain a posture: what each choice adds, what would be lost without it, what stays unseen.

People and shares of events. Reads a problem and an answer; changes neither and ranks nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truceline.siting.problems import FloatArray, IntArray, SitingProblem, accumulate_log_miss, count_seeing


@dataclass(frozen=True)
class Contribution:
    """One pick of a posture."""

    candidate: int
    """Candidate number."""
    label: str
    """Its name."""
    copy: int
    """1 for the first copy of this candidate, 2 for the second, ..."""
    forced: bool
    """True when the user, not the search, put it in."""
    gain: float
    """Detection (share of events) it added when it was picked."""
    loss_if_removed: float
    """Detection lost if this copy alone were taken away from the final posture."""
    people: float
    """Its cost."""
    spent: float
    """People after this pick."""
    objective: float
    """Detection after this pick."""


@dataclass(frozen=True, eq=False)
class Unseen:
    """What a posture does not detect."""

    missed_share: FloatArray
    """(n_events,) weight times the chance of a miss."""
    total_share: float
    """Their sum: the sum of the weights minus the objective."""
    n_never_seen: int
    """Events with weight that nothing chosen can see."""
    n_unseeable: int
    """Events with weight that no candidate at all can see, whatever the budget."""
    unseeable_share: float
    """Weight of those."""


def explain_choice(problem: SitingProblem, order: IntArray) -> tuple[Contribution, ...]:
    """Return a Contribution for each entry of `order` (candidates in the order picked, forced first)."""
    residual = problem.weight.copy()
    copies = np.bincount(order, minlength=problem.n_candidates)
    n_seeing = count_seeing(problem, copies)
    final = problem.weight * np.exp(-accumulate_log_miss(problem, copies))
    count = np.zeros(problem.n_candidates, dtype=np.int64)
    spent = objective = 0.0
    picks = []
    for candidate in (int(j) for j in order):
        row = slice(problem.indptr[candidate], problem.indptr[candidate + 1])
        events = problem.indices[row]
        if problem.log_miss is None:
            gain = float(residual[events].sum())
            residual[events] = 0.0
            loss = float(problem.weight[events] @ (n_seeing[events] <= 1))
        else:
            log_miss = problem.log_miss[row].astype(np.float64)
            gain = float(residual[events] @ -np.expm1(-log_miss))
            residual[events] *= np.exp(-log_miss)
            loss = float(final[events] @ np.expm1(log_miss))
        count[candidate] += 1
        spent += float(problem.cost[candidate])
        objective += gain
        picks.append(
            Contribution(
                candidate=candidate,
                label=problem.label(candidate),
                copy=int(count[candidate]),
                forced=bool(count[candidate] <= problem.forced[candidate]),
                gain=gain,
                loss_if_removed=loss,
                people=float(problem.cost[candidate]),
                spent=spent,
                objective=objective,
            )
        )
    return tuple(picks)


def find_unseen(problem: SitingProblem, copies: NDArray[np.generic]) -> Unseen:
    """Return what the posture `copies` (n_candidates,) leaves undetected."""
    total_log_miss = accumulate_log_miss(problem, copies)
    missed = problem.weight * np.exp(-total_log_miss)
    seeable = np.zeros(problem.n_events, dtype=np.bool_)
    sees = slice(None) if problem.log_miss is None else problem.log_miss > 0
    seeable[problem.indices[sees]] = True
    matters = problem.weight > 0
    return Unseen(
        missed_share=missed,
        total_share=float(missed.sum()),
        n_never_seen=int((matters & (total_log_miss <= 0)).sum()),
        n_unseeable=int((matters & ~seeable).sum()),
        unseeable_share=float(problem.weight[matters & ~seeable].sum()),
    )
