"""Follow an exposure field down to the entry, and say what a path meets on its way.

Cells counted as (row, column) of centres, fractions between them; exposures are pure numbers, slowness is
exposure per metre. Needs a solved field; it solves none and knows nothing of sensors.
"""

from __future__ import annotations

import math

import numpy as np

from truceline.siting import _crossing_kernels
from truceline.siting.problems import BoolArray, FloatArray

STEP_CELLS = 0.5
"""Length of one step down the field."""
N_STEPS_PER_CELL = 8
"""Curved steps allowed for each row and column before the path goes on from cell to cell."""


def trace_path(field: FloatArray, source: BoolArray, start: tuple[int, int]) -> FloatArray:
    """Return (k, 2) row and column of the way down `field` from `start` to a source cell, start first.

    field: exposure from the source, inf where it cannot be reached, strictly falling to a source along
    neighbours (as the upwind scheme guarantees when slowness is above zero). Steps of half a cell against the
    gradient; where that fails (a wall, a corner) the path goes on to the lowest neighbour, so it always ends
    on a source cell.
    """
    here = (float(start[0]), float(start[1]))
    level = float(field[start])
    path = [here]
    curved_left = N_STEPS_PER_CELL * sum(field.shape)
    while True:
        corners = _corners(field, here)
        home = [cell for cell in corners if source[cell]]
        if home:
            path.append(min(home, key=lambda cell: (math.dist(cell, here), cell)))
            break
        step = _step_down(field, here) if curved_left > 0 else None
        there_level = _level(field, step) if step is not None else math.inf
        if step is not None and there_level < level:
            here, level = step, there_level
            curved_left -= 1
        else:
            here = _lowest_cell(field, here, corners)
            level = float(field[int(here[0]), int(here[1])])
        path.append(here)
    rows = np.array(path, dtype=np.float64)
    keep = np.concatenate([[True], (np.diff(rows, axis=0) != 0).any(axis=1)])
    return np.asarray(rows[keep], dtype=np.float64)


def path_exposure(slowness: FloatArray, cell_m: float, path: FloatArray) -> float:
    """Return the exposure along a path (k, 2): slowness integrated over its length, 0 for a single point."""
    if path.shape[0] < 2:
        return 0.0
    cell_m = float(cell_m)
    passable = np.isfinite(slowness)
    # A cell that cannot be passed lends no value, but half a cell of a curved path may lie within its square.
    everywhere = np.ones_like(passable)
    filled = np.where(passable, slowness, 0.0)
    if passable.all():
        parts = _crossing_kernels.integrate_segments(filled, cell_m, path[:-1], path[1:], everywhere)
    else:
        weight = _crossing_kernels.integrate_segments(
            passable.astype(np.float64), 1.0, path[:-1], path[1:], everywhere
        )
        parts = _crossing_kernels.integrate_segments(filled, cell_m, path[:-1], path[1:], everywhere)
        length = np.hypot(*np.diff(path, axis=0).T)
        parts = np.where(weight > 0, parts * length / np.where(weight > 0, weight, 1.0), 0.0)
    return float(parts.sum())


def path_length_m(path: FloatArray, cell_m: float) -> float:
    """Return the length of a path (k, 2) in metres."""
    return float(np.hypot(*np.diff(path, axis=0).T).sum()) * cell_m


def _corners(field: FloatArray, here: tuple[float, float]) -> list[tuple[int, int]]:
    """Cells around a point that can be reached, 1 to 4 of them."""
    rows = {math.floor(here[0]), math.ceil(here[0])}
    columns = {math.floor(here[1]), math.ceil(here[1])}
    return [(r, c) for r in sorted(rows) for c in sorted(columns) if math.isfinite(field[r, c])]


def _level(field: FloatArray, here: tuple[float, float]) -> float:
    """Return the field at a point by bilinear interpolation, inf when a corner cannot be reached."""
    r, c = math.floor(here[0]), math.floor(here[1])
    dr, dc = here[0] - r, here[1] - c
    total = 0.0
    for i, wr in ((r, 1 - dr), (r + 1, dr)):
        for j, wc in ((c, 1 - dc), (c + 1, dc)):
            if wr > 0 and wc > 0:
                total += wr * wc * float(field[i, j])
    return total


def _upwind_slope(field: FloatArray, cell: tuple[int, int]) -> tuple[float, float]:
    """Return the slope of the field at a cell as the upwind scheme sees it: towards lower neighbours only."""
    slopes = []
    for dr, dc in ((1, 0), (0, 1)):
        here = float(field[cell])
        before = _value(field, cell[0] - dr, cell[1] - dc)
        after = _value(field, cell[0] + dr, cell[1] + dc)
        lowest = min(before, after)
        slopes.append(0.0 if lowest >= here else (here - before if before <= after else after - here))
    return slopes[0], slopes[1]


def _value(field: FloatArray, row: int, column: int) -> float:
    inside = 0 <= row < field.shape[0] and 0 <= column < field.shape[1]
    return float(field[row, column]) if inside else math.inf


def _step_down(field: FloatArray, here: tuple[float, float]) -> tuple[float, float] | None:
    """Return the point half a cell further down, or None when the slope is flat or leads out."""
    down_r = down_c = 0.0
    for cell in _corners(field, here):
        weight = (1 - abs(here[0] - cell[0])) * (1 - abs(here[1] - cell[1]))
        slope_r, slope_c = _upwind_slope(field, cell)
        down_r -= weight * slope_r
        down_c -= weight * slope_c
    size = math.hypot(down_r, down_c)
    if size == 0 or not math.isfinite(size):
        return None
    row = min(max(here[0] + STEP_CELLS * down_r / size, 0.0), field.shape[0] - 1.0)
    column = min(max(here[1] + STEP_CELLS * down_c / size, 0.0), field.shape[1] - 1.0)
    return row, column


def _lowest_cell(
    field: FloatArray, here: tuple[float, float], corners: list[tuple[int, int]]
) -> tuple[float, float]:
    """Return the lowest corner, or from a cell its lowest side neighbour (diagonals may cut a corner)."""
    at_cell = here[0] == math.floor(here[0]) and here[1] == math.floor(here[1])
    if not at_cell:
        best = min(corners, key=lambda cell: (field[cell], cell))
        return float(best[0]), float(best[1])
    r, c = int(here[0]), int(here[1])
    sides = [(r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)]
    best = min(sides, key=lambda cell: (_value(field, *cell), cell))
    return float(best[0]), float(best[1])
