"""Slow, readable twins of the compiled loops of crossings.

Rasters as in `crossing`, not padded; used by tests as the judge, never by the tool itself.
"""

from __future__ import annotations

import itertools
import math

from truceline.siting.problems import BoolArray, FloatArray


def solve_eikonal(slowness: FloatArray, cell_m: float, free: BoolArray, exposure: FloatArray) -> FloatArray:
    """Return the fixed point of the upwind update by repeated sweeps (twin of `_crossing_kernels.settle`)."""
    field = exposure.copy()
    n_rows, n_columns = field.shape

    def at(r: int, c: int) -> float:
        return float(field[r, c]) if 0 <= r < n_rows and 0 <= c < n_columns else math.inf

    changed = True
    while changed:
        changed = False
        for r, c in itertools.product(range(n_rows), range(n_columns)):
            if not free[r, c]:
                continue
            f = float(slowness[r, c]) * cell_m
            low, high = sorted((min(at(r - 1, c), at(r + 1, c)), min(at(r, c - 1), at(r, c + 1))))
            value = low + f
            if high - low < f and math.isfinite(high):
                value = (low + high + math.sqrt(2 * f * f - (high - low) ** 2)) / 2
            if value < field[r, c] * (1 - 1e-12):
                field[r, c] = value
                changed = True
    return field


def integrate_segment(
    slowness: FloatArray,
    cell_m: float,
    start: tuple[float, float],
    end: tuple[float, float],
    allowed: BoolArray,
) -> float:
    """Return the exposure along one straight segment (twin of `_crossing_kernels.integrate_segments`)."""
    n = max(1, math.ceil(math.dist(start, end)))
    values = []
    for t in range(n + 1):
        r, c = (a + (b - a) * t / n for a, b in zip(start, end, strict=True))
        if not allowed[math.floor(r + 0.5), math.floor(c + 0.5)]:
            return math.inf
        around = [
            ((1 - abs(r - i)) * (1 - abs(c - j)), float(slowness[i, j]))
            for i in range(slowness.shape[0])
            for j in range(slowness.shape[1])
            if abs(r - i) < 1 and abs(c - j) < 1 and allowed[i, j]
        ]
        values.append(sum(w * v for w, v in around) / sum(w for w, _ in around))
    trapezium = sum(values) - 0.5 * (values[0] + values[-1])
    return trapezium * math.dist(start, end) / n * cell_m
