"""Find the least of a smooth function of a few numbers between bounds.

A projected quasi-Newton descent (Bertsekas 1982, with the update of Broyden, Fletcher, Goldfarb and Shanno)
for five to seven coordinates, where the overhead of a general routine is many times the work. Coordinates
that push against a bound stand still for a step; the others move by the curvature learnt so far.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Cost = Callable[[FloatArray], tuple[float, FloatArray]]

DESCENT_SHARE = 1e-4
"""Share of the descent the slope promises that a step has to bring (Armijo 1966)."""
MOST_HALVINGS = 30
FIRST_STEP = 0.25
"""Greatest change of a coordinate in the first step, before any curvature is known."""
LONGEST_STEP = 2.0
"""Greatest change of a coordinate in one step: a factor of seven where the coordinate is a logarithm."""
LEAST_CURVATURE = 1e-12


@dataclass(frozen=True)
class Descent:
    """Where a descent ended."""

    point: FloatArray
    value: float
    slope: FloatArray
    n_evaluations: int


def descend(
    cost: Cost,
    start: FloatArray,
    bounds: FloatArray,
    *,
    tolerance: float,
    slope_left: float = 1e-8,
    most_steps: int = 300,
) -> Descent:
    """Return the lowest point found.

    Parameters
    ----------
    cost
        Gives the value and its slope at a point.
    start, bounds
        Where to begin, shape (n,), and the least and greatest of each coordinate, shape (n, 2).
    tolerance, slope_left
        Ends when a step gains less than `tolerance` twice in a row, or no free slope exceeds `slope_left`.
    """
    low, high = bounds[:, 0], bounds[:, 1]
    point = np.clip(start, low, high)
    value, slope = cost(point)
    inverse, is_new, n_evaluations, n_small = np.eye(len(point)), True, 1, 0
    for _ in range(most_steps):
        is_held = ((point <= low) & (slope > 0)) | ((point >= high) & (slope < 0))
        free_slope = np.where(is_held, 0.0, slope)
        if np.abs(free_slope).max(initial=0.0) <= slope_left:
            break
        direction = _direction(inverse, free_slope, is_held, is_new)
        found = _step(cost, point, value, slope, direction, low, high)
        n_evaluations += found[3]
        if found[3] > MOST_HALVINGS:
            if is_new:
                break
            inverse, is_new = np.eye(len(point)), True
            continue
        moved, bend = found[0] - point, found[2] - slope
        gain = value - found[1]
        point, value, slope = found[0], found[1], found[2]
        inverse, is_new = _learn(inverse, moved, bend, is_new)
        n_small = n_small + 1 if gain < tolerance * max(abs(value), 1.0) else 0
        if n_small >= 2:
            break
    return Descent(point, value, slope, n_evaluations)


def _direction(
    inverse: FloatArray, free_slope: FloatArray, is_held: NDArray[np.bool_], is_new: bool
) -> FloatArray:
    """Return a step downhill in the free coordinates, at most `LONGEST_STEP` long in each."""
    cut = np.where(is_held[:, None] | is_held[None, :], 0.0, inverse)
    direction = -(cut * free_slope[None, :]).sum(axis=1)
    if float((direction * free_slope).sum()) >= 0:
        direction = -free_slope
    longest = float(np.abs(direction).max())
    most = FIRST_STEP if is_new else LONGEST_STEP
    return np.asarray(direction * min(1.0, most / longest) if not is_new else direction * (most / longest))


def _step(
    cost: Cost,
    point: FloatArray,
    value: float,
    slope: FloatArray,
    direction: FloatArray,
    low: FloatArray,
    high: FloatArray,
) -> tuple[FloatArray, float, FloatArray, int]:
    """Return the point, value and slope after a step that goes down enough, and the evaluations it took."""
    share = 1.0
    for n in range(1, MOST_HALVINGS + 1):
        tried = np.clip(point + share * direction, low, high)
        new_value, new_slope = cost(tried)
        promised = float((slope * (tried - point)).sum())
        if np.isfinite(new_value) and new_value <= value + DESCENT_SHARE * promised and promised < 0:
            return tried, new_value, new_slope, n
        share *= 0.5 if n < 3 else 0.2
    return point, value, slope, MOST_HALVINGS + 1


def _learn(inverse: FloatArray, moved: FloatArray, bend: FloatArray, is_new: bool) -> tuple[FloatArray, bool]:
    """Return the inverse curvature after a step; unchanged where the step saw none."""
    curvature = float((moved * bend).sum())
    if curvature <= LEAST_CURVATURE * float((moved * moved).sum()) or curvature <= 0:
        return inverse, is_new
    if is_new:
        inverse = np.eye(len(moved)) * (curvature / float((bend * bend).sum()))
    share = np.eye(len(moved)) - moved[:, None] * bend[None, :] / curvature
    return share @ inverse @ share.T + moved[:, None] * moved[None, :] / curvature, False
