"""Spread an average chance over the kinds (or the hours) it is an average of, from plain arrays.

A plan tells how well each place is watched on average over kinds, and how well each kind is watched on
average over places, but not every kind at every place. The two are put together on the scale of log misses,
-log(1 - p), where independent means add up. Chances are 0 to 1. It reads nothing and knows no plan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

HIGHEST_CHANCE = 0.99995
"""A chance of one is read as this: a plan prints four decimals, and the log of no miss has no value."""
_ROUNDS = 40
"""Most rounds of matching both sets of averages; three or four are enough in practice."""
_STEPS = 200
"""Most steps of Newton's method for one effort."""
_CLOSE = 1e-9
"""Averages that differ by less are the same."""


def spread_chances(
    average: ArrayLike, weight: ArrayLike, of_group: ArrayLike, group_weight: ArrayLike
) -> FloatArray:
    """Return the chance of each group at each place, from the averages over either.

    average: (n,) chance at each place, over groups by `group_weight`. weight: (n,) how much the places count.
    of_group: (k,) chance of each group, over places by `weight`. group_weight: (k,) how much groups count.
    Returned: (n, k). A place has an effort x, a group an ease m, and the chance is 1 - exp(-m x): the ease
    acts on the log of the miss. For given m the effort is solved so that sum_k w_k (1 - exp(-m_k x)) is the
    average told at the place, exactly unless no effort could reach it; m is then scaled until the averages
    of the groups are right too. Where the two contradict each other the average at the place is kept.
    """
    levels = np.clip(np.asarray(average, dtype=float), 0.0, HIGHEST_CHANCE)
    wanted = np.clip(np.asarray(of_group, dtype=float), 0.0, HIGHEST_CHANCE)
    places, groups = _shares(weight), _shares(group_weight)
    ease = _log_miss(wanted) / max(float(_log_miss(np.array(groups @ wanted))), 1e-12)
    if not ease.any():
        ease = np.ones(len(ease))
    chances = np.zeros((len(levels), len(ease)))
    for _ in range(_ROUNDS):
        chances = -np.expm1(-np.outer(_solve_effort(levels, ease, groups), ease))
        found = np.clip(places @ chances, 0.0, HIGHEST_CHANCE)
        if np.abs(found - wanted).max() < _CLOSE:
            break
        ease = ease * np.divide(
            _log_miss(wanted), _log_miss(found), out=np.ones_like(found), where=_log_miss(found) > 0.0
        )
    return chances


def _solve_effort(levels: FloatArray, ease: FloatArray, groups: FloatArray) -> FloatArray:
    """Return x (n,) with sum_k groups_k (1 - exp(-ease_k x)) = level, by Newton's method from nought.

    The sum is concave in x, so every step from below ends below: the method cannot overshoot.
    """
    reachable = float(groups[ease > 0.0].sum()) * HIGHEST_CHANCE
    target = np.minimum(levels, reachable)
    effort = np.zeros(len(levels))
    for _ in range(_STEPS):
        left = np.exp(-np.outer(effort, ease))
        short = target - (1.0 - left) @ groups
        if np.abs(short).max(initial=0.0) < _CLOSE / 100:
            break
        slope = (left * ease) @ groups
        step = np.divide(short, slope, out=np.zeros_like(short), where=slope > 0.0)
        effort = np.maximum(effort + step, 0.0)
    return effort


def _log_miss(chance: FloatArray) -> FloatArray:
    return np.asarray(-np.log1p(-chance))


def _shares(weight: ArrayLike) -> FloatArray:
    """Return weights that sum to one; equal ones where all are nought."""
    found = np.asarray(weight, dtype=float)
    total = found.sum()
    return found / total if total > 0.0 else np.full(len(found), 1.0 / max(len(found), 1))
