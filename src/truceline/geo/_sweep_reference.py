"""Slow, readable twin of the sweep: one observer, one quadrant, one ray at a time, plain Python.

Metres and grid steps as in `_sweep_kernels`, which it judges in tests; never called in a plan.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Heights = Sequence[Sequence[float]]


def sweep_all(
    height_m: Heights, row: int, col: int, eye_height_m: float, reach: int, n_rays: int, drop_m: float
) -> dict[tuple[int, int], float]:
    """Return the least visible height (m) of every known post within `reach` steps of (row, col).

    drop_m: fall of the ground by the earth's curvature at one step; n_rays: rays in half a quadrant.
    """
    eye_m = height_m[row][col] + eye_height_m
    turned = [list(column) for column in zip(*height_m, strict=True)]
    need = {(row, col): 0.0}
    for sign in (-1, 1):
        need |= sweep_quadrant(height_m, row, col, eye_m, sign, reach, n_rays, drop_m)
        across = sweep_quadrant(turned, col, row, eye_m, sign, reach, n_rays, drop_m)
        # Both quadrants hold the diagonal: the upright one keeps it.
        need |= {(r, c): value for (c, r), value in across.items() if abs(r - row) < abs(c - col)}
    return need


def sweep_quadrant(
    height_m: Heights, row: int, col: int, eye_m: float, sign: int, reach: int, n_rays: int, drop_m: float
) -> dict[tuple[int, int], float]:
    """Return the least visible heights in the quadrant of rows above (-1) or below (+1) the observer.

    Ray j crosses row k at k (j / n_rays) columns from the axis. Its horizon is the steepest slope met in the
    rows before; a post between two rays is judged by the horizon interpolated between them.
    """
    horizon = dict.fromkeys(range(-n_rays, n_rays + 1), -math.inf)
    need = {}
    for k in range(1, reach + 1):
        inner = min(k, math.floor(math.sqrt(reach**2 - k**2)))
        for c in range(-inner, inner + 1):
            ground = height_at(height_m, row + sign * k, col + c)
            if math.isnan(ground):
                continue
            slope = (ground - eye_m - drop_m * (k * k + c * c)) / k
            hidden = between(horizon, c * n_rays / k)
            need[row + sign * k, col + c] = max(0.0, (hidden - slope) * k)
        for j in horizon:
            c_ray = k * j / n_rays
            if abs(c_ray) > inner + 1:  # so far out no post will ask for it again
                continue
            met = slope_on_row(height_m, row + sign * k, col, c_ray, k, eye_m, drop_m)
            horizon[j] = max(horizon[j], met)
    return need


def slope_on_row(
    height_m: Heights, row: int, col: int, c_ray: float, k: int, eye_m: float, drop_m: float
) -> float:
    """Return the slope of the ground where a ray crosses a row, linear between posts; -inf beside unknown."""
    west = math.floor(c_ray + 1e-9)
    part = max(0.0, c_ray - west)
    slopes = []
    for c in (west, west + 1):
        ground = height_at(height_m, row, col + c)
        slopes.append((ground - eye_m - drop_m * (k * k + c * c)) / k)
    if part < 1e-9:
        return slopes[0] if not math.isnan(slopes[0]) else -math.inf
    met = slopes[0] + part * (slopes[1] - slopes[0])
    return met if not math.isnan(met) else -math.inf


def between(horizon: dict[int, float], at: float) -> float:
    """Return the horizon between two rays."""
    low = math.floor(at + 1e-9)
    part = max(0.0, at - low)
    if part < 1e-9:
        return horizon[low]
    if horizon[low] == -math.inf or horizon[low + 1] == -math.inf:
        return -math.inf
    return horizon[low] + part * (horizon[low + 1] - horizon[low])


def height_at(height_m: Heights, row: int, col: int) -> float:
    """Return a height, NaN off the grid."""
    inside = 0 <= row < len(height_m) and 0 <= col < len(height_m[0])
    return height_m[row][col] if inside else math.nan
