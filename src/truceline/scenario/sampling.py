"""Draw numbers inside their ranges, and say which of them carry the spread of an answer.

Latin hypercube, triangular over each range with its peak at the value; the seed is given and kept by the
caller. What is drawn, and what is made of it, is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

BAND = (0.1, 0.5, 0.9)
"""Quantiles of an 80 % band and its middle."""


@dataclass(frozen=True)
class Band:
    """An 80 % band."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Driver:
    """An assumption and the share of a band it carries."""

    name: str
    label: str
    share: float
    """Squared rank correlation with the number: how much of its spread this assumption explains by itself."""


@dataclass(frozen=True)
class Range:
    """A number that is drawn: lowest, peak, highest; low < high."""

    low: float
    value: float
    high: float


def draw_ranges(ranges: Sequence[Range], n: int, seed: int) -> FloatArray:
    """Return points (n, d), a Latin hypercube over ranges: triangles with their peak at the value."""
    from scipy import stats

    if not ranges:
        return np.empty((n, 0))
    sampler = stats.qmc.LatinHypercube(d=len(ranges), rng=np.random.default_rng(seed))
    low, value, high = (np.array([getattr(each, end) for each in ranges]) for end in ("low", "value", "high"))
    wide = high - low
    return np.asarray(stats.triang.ppf(sampler.random(n), (value - low) / wide, loc=low, scale=wide))


def find_band(values: FloatArray) -> Band:
    """Return the 80 % band of values (n,)."""
    return Band(*(float(q) for q in np.quantile(values, BAND)))


def rank_points(points: FloatArray) -> FloatArray:
    """Return the ranks of points (n, d) along each column, with mean 0 and variance 1."""
    from scipy import stats

    ranked = stats.rankdata(points, axis=0)
    return np.asarray((ranked - ranked.mean(axis=0)) / ranked.std(axis=0))


def share_spread(ranked: FloatArray, values: FloatArray) -> FloatArray:
    """Return, for ranked points (n, d) and what came of them (n,), the squared rank correlation (d,) of each.

    ranked: from `rank_points`. Zero for all where the values do not differ.
    """
    from scipy import stats

    if np.ptp(values) == 0:
        return np.zeros(ranked.shape[1])
    target = stats.rankdata(values)
    target = (target - target.mean()) / target.std()
    return np.asarray((ranked.T @ target / len(values)) ** 2)
