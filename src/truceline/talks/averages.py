"""The plain answers that stand beside every cleverer one: weighted mean and weighted median of positions.

Positions on any scale; a weight is salience times power. Most published models of bargaining do no better
than the mean (Achen, in Thomson et al., The European Union Decides, 2006): whatever else is printed, these
two are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.errors import ProblemList, ScenarioError

FloatArray = NDArray[np.float64]

HALF_SHARE = 1e-12
"""Weights that differ from one half by less than this share of the total lie on it: rounding."""


@dataclass(frozen=True)
class Median:
    """The middle of the weight."""

    low: float
    """Lowest position with half of the weight at it or to its left."""
    high: float
    """Highest position with half of the weight at it or to its right; above `low` only in an exact tie."""

    @property
    def value(self) -> float:
        """Return the lower end: the rule where every point between the two divides the weight evenly."""
        return self.low

    @property
    def is_tie(self) -> bool:
        """Tell whether the weight is divided evenly between two held positions."""
        return self.high > self.low


def average_positions(position: ArrayLike, weight: ArrayLike) -> float:
    """Return the mean of positions (n,) by weight (n,): the compromise model of Van den Bos (1991).

    Raises ScenarioError as `check_positions`.
    """
    x, w = check_positions(position, weight)
    return float(x @ w / w.sum())


def find_median(position: ArrayLike, weight: ArrayLike) -> Median:
    """Return the median of positions (n,) by weight (n,): no majority of weight would leave it (Black, 1948).

    Raises ScenarioError as `check_positions`.
    """
    x, w = check_positions(position, weight)
    order = np.argsort(x, kind="stable")
    x, summed = x[order], np.cumsum(w[order])
    total = float(summed[-1])
    half, slack = total / 2, HALF_SHARE * total
    low = int(np.argmax(summed >= half - slack))
    high = int(np.argmax(summed > half + slack))
    return Median(float(x[low]), float(x[high]))


def check_positions(position: ArrayLike, weight: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both as arrays of one length.

    Raises ScenarioError with all problems: no actor, lengths that differ, a number that is none, a weight
    below zero, nobody with a weight.
    """
    x, w = np.asarray(position, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    problems = ProblemList()
    if x.ndim != 1 or x.shape != w.shape or not len(x):
        problems.add("positions", f"{x.shape} positions and {w.shape} weights", "give one weight a position")
    else:
        if not np.isfinite(x).all():
            problems.add("positions", "hold something that is not a number", "leave who said nothing out")
        if not np.isfinite(w).all() or (w < 0).any():
            problems.add("weights", "hold something below zero or not a number", "write zero or more")
        elif not (w > 0).any():
            problems.add("weights", "are all zero", "give somebody salience and power")
    problems.raise_if_any(ScenarioError, "positions")
    return x, w
