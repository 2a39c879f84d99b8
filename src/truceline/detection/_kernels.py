"""Compiled loops over (candidate, cell) pairs: metres, probabilities, 1/s; plain arrays in and out.

Each has a readable twin of the same name in `_reference`, which is the judge. No checks here: callers pass
contiguous arrays of the types named in the twins.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]


@njit(cache=True, parallel=True)
def list_pairs(
    fill: bool,
    x_m: Floats,
    y_m: Floats,
    reach_m: Floats,
    arc: Floats,
    cell_x_m: Floats,
    cell_y_m: Floats,
    boxes: Floats,
    block: int,
    indptr: Longs,
    pair_cell: Ints,
    pair_distance_m: Singles,
) -> None:
    """Count (fill False, into indptr[i + 1]) or write the cells in reach and arc of each observer, in order.

    arc: (observers, 3) direction faced (east, north) and cosine of half the arc, below -1 for all round.
    """
    n_cells = len(cell_x_m)
    for i in prange(len(x_m)):
        reach_squared = reach_m[i] * reach_m[i]
        position = indptr[i]
        count = 0
        for b in range(len(boxes)):
            dx = max(boxes[b, 0] - x_m[i], x_m[i] - boxes[b, 1], 0.0)
            dy = max(boxes[b, 2] - y_m[i], y_m[i] - boxes[b, 3], 0.0)
            if dx * dx + dy * dy > reach_squared:
                continue
            for c in range(b * block, min((b + 1) * block, n_cells)):
                dx = cell_x_m[c] - x_m[i]
                dy = cell_y_m[c] - y_m[i]
                squared = dx * dx + dy * dy
                ahead = dx * arc[i, 0] + dy * arc[i, 1]
                if squared <= reach_squared and ahead >= arc[i, 2] * np.sqrt(squared):
                    if fill:
                        pair_cell[position + count] = c
                        pair_distance_m[position + count] = np.sqrt(squared)
                    count += 1
        if not fill:
            indptr[i + 1] = count


@njit(cache=True)
def interpolate(row: Singles, reach_m: float, distance_m: float) -> float:
    """Return the value of a row at a distance within its reach."""
    last = len(row) - 1
    place = distance_m / reach_m * last
    low = min(int(place), last - 1)
    share = place - low
    return float(row[low] * (1.0 - share) + row[low + 1] * share)


@njit(cache=True, parallel=True)
def fill_entries(
    fill: bool,
    observer: Longs,
    sensor: Longs,
    availability: Floats,
    pair_indptr: Longs,
    pair_cell: Ints,
    pair_distance_m: Singles,
    visible: Singles,
    height_slot: Longs,
    values: Singles,
    reach_m: Floats,
    horizon_m: Floats,
    n_states: int,
    asked: NDArray[np.bool_],
    p_min: float,
    p_max: float,
    indptr: Longs,
    indices: Ints,
    log_miss: Singles,
) -> None:
    """Count or write, per candidate, the events asked for with a v p >= p_min and their -ln(1 - a v p)."""
    n_rows = values.shape[1]
    for i in prange(len(observer)):
        s = sensor[i]
        position = indptr[i]
        count = 0
        for pair in range(pair_indptr[observer[i]], pair_indptr[observer[i] + 1]):
            distance_m = float(pair_distance_m[pair])
            for row in range(n_rows):
                kind = row // n_states
                if reach_m[s, row] <= 0.0 or distance_m > min(reach_m[s, row], horizon_m[i, kind]):
                    continue
                if not asked[pair_cell[pair] * n_rows + row]:
                    continue
                p = availability[s] * interpolate(values[s, row], reach_m[s, row], distance_m)
                slot = height_slot[s, kind]
                if slot >= 0:
                    p *= visible[slot, pair]
                if p >= p_min:
                    if fill:
                        indices[position + count] = pair_cell[pair] * n_rows + row
                        log_miss[position + count] = -np.log1p(-min(p, p_max))
                    count += 1
        if not fill:
            indptr[i + 1] = count


@njit(cache=True)
def add_rates(
    observer: Longs,
    sensor: Longs,
    weight: Floats,
    pair_indptr: Longs,
    pair_cell: Ints,
    pair_distance_m: Singles,
    visible: Singles,
    height_slot: Longs,
    values: Singles,
    reach_m: Floats,
    horizon_m: Floats,
    rows: Longs,
    n_states: int,
    field: Floats,
) -> None:
    """Add weight x v x gamma of every candidate to `field` (row of `rows`, place)."""
    for i in range(len(observer)):
        s = sensor[i]
        for pair in range(pair_indptr[observer[i]], pair_indptr[observer[i] + 1]):
            distance_m = float(pair_distance_m[pair])
            for k in range(len(rows)):
                row = rows[k]
                kind = row // n_states
                if reach_m[s, row] <= 0.0 or distance_m > min(reach_m[s, row], horizon_m[i, kind]):
                    continue
                rate = weight[i] * interpolate(values[s, row], reach_m[s, row], distance_m)
                slot = height_slot[s, kind]
                if slot >= 0:
                    rate *= visible[slot, pair]
                field[k, pair_cell[pair]] += rate
