"""Several issues at once: the first turn of the spatial model, from values to risk to shares of proposals.

Every actor's bundle of positions is a proposal. An actor values a proposal by its distance over the issues,
weighted by its own salience; proposals are elected conditionally; how an actor's proposal fares tells how
much risk it takes, and with that the election is held again over the distinct proposals (Wise, Lester and
Efird, KAPSARC, 2015). One turn: nobody moves, nothing is forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError
from truceline.talks.condorcet import Election, beats, elect, find_majority, find_strength, find_top

FloatArray = NDArray[np.float64]
LEAST_STRENGTH = 1e-8
"""Added to every strength, as in the reference run: a pair nobody cares about is even."""
SAME_SHARE = 1e-9
"""Proposals nearer to each other than this share of every scale are one."""


@dataclass(frozen=True, eq=False)
class SpatialTurn:
    """The first turn; n actors, p distinct proposals, m issues."""

    value: FloatArray
    """(n, n): [i, j] what i makes of j's proposal, 1 for its own."""
    p_risk_neutral: FloatArray
    """(n,) shares of the actors' proposals, conditional."""
    risk: FloatArray
    """(n,) inferred: -1/2 for the weakest proposal, 1 for the strongest; 0 for all where all are alike."""
    utility: FloatArray
    """(n, n) values bent by the row's risk."""
    proposals: FloatArray
    """(p, m) distinct proposals."""
    proposal_of: NDArray[np.int64]
    """(n,) index of each actor's proposal."""
    p_risk_aware: FloatArray
    """(p,) shares of the distinct proposals."""
    election: Election
    """The risk-aware election. Its strengths add up how much each actor gains, so that they never run in a
    circle; majorities may."""
    majority: FloatArray
    """(p, p): [a, b] the power of the actors who value proposal a above b."""

    @property
    def majority_top(self) -> tuple[int, ...]:
        """Return the smallest set of proposals that wins against all others by majority of power.

        More than one of them is a cycle, or a tie.
        """
        return find_top(self.majority)

    @property
    def has_majority_cycle(self) -> bool:
        """Tell whether every proposal loses to some other by majority: no outcome is safe from another."""
        return bool(beats(self.majority).any(axis=0).all())

    @property
    def mean(self) -> FloatArray:
        """Return the (m,) mean of the proposals by their shares."""
        return np.asarray(self.p_risk_aware @ self.proposals)

    @property
    def leading(self) -> int:
        """Return the proposal with the largest share, the first of equal ones."""
        return int(np.argmax(self.p_risk_aware))


def take_turn(position: ArrayLike, salience: ArrayLike, power: ArrayLike, span: ArrayLike) -> SpatialTurn:
    """Return the first turn of positions (n, m), salience (n, m), power (n,) and spans (m,) of the scales.

    Raises ScenarioError with all problems: shapes that do not fit, one actor only, a position that is missing
    (absent is not neutral), salience or power below zero, a span that is not above zero, an actor who cares
    about none of the issues.
    """
    x, s, c, width = _check(position, salience, power, span)
    apart = (x[:, None, :] - x[None, :, :]) / width
    squared = (s[:, None, :] * apart) ** 2
    value = 1 - np.sqrt(squared.sum(axis=2) / (s**2).sum(axis=1)[:, None])
    neutral = elect(find_strength(value, c, LEAST_STRENGTH)).conditional
    low, high = float(neutral.min()), float(neutral.max())
    flat = high - low <= np.finfo(float).eps * high
    risk = np.zeros(len(c)) if flat else (3 * neutral - (high + 2 * low)) / (2 * (high - low))
    utility = value + risk[:, None] * value * (1 - value)
    first, of = _find_distinct(x / width)
    election = elect(find_strength(utility[:, first], c, LEAST_STRENGTH))
    return SpatialTurn(
        value=value,
        p_risk_neutral=neutral,
        risk=risk,
        utility=utility,
        proposals=x[first],
        proposal_of=of,
        p_risk_aware=election.conditional,
        election=election,
        majority=find_majority(utility[:, first], c),
    )


def _find_distinct(scaled: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first actor of every distinct proposal, and the proposal of each actor."""
    rounded = np.round(scaled / SAME_SHARE)
    _, first, inverse = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return first[order].astype(np.int64), rank[inverse.reshape(-1)]


def _check(
    position: ArrayLike, salience: ArrayLike, power: ArrayLike, span: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    x, s, c, width = (np.asarray(each, dtype=np.float64) for each in (position, salience, power, span))
    problems = ProblemList()
    if x.ndim != 2 or s.shape != x.shape or c.shape != x.shape[:1] or width.shape != x.shape[1:]:
        found = f"positions {x.shape}, salience {s.shape}, power {c.shape}, spans {width.shape}"
        problems.add("shapes", found, "give (n, m), (n, m), (n,) and (m,)")
        problems.raise_if_any(ScenarioError, "spatial model")
    if len(x) < 2:
        problems.add("actors", "there is one only", "talks need two")
    if not np.isfinite(x).all():
        problems.add("positions", "one is missing", "absent is not neutral: leave the actor or the issue out")
    for name, values in (("salience", s), ("power", c)):
        if not np.isfinite(values).all() or (values < 0).any():
            problems.add(name, "holds something below zero or not a number", "write zero or more")
    if not (width > 0).all():
        problems.add("span", "a scale has no width", "write two ends that differ")
    if np.isfinite(s).all() and not (s > 0).any(axis=1).all():
        problems.add("salience", "somebody cares about none of the issues", "leave the actor out")
    problems.raise_if_any(ScenarioError, "spatial model")
    return x, s, c, width
