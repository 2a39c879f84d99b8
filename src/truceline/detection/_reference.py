"""The loops of `_kernels`, slow and readable: the judge in tests, never called in a plan.

Metres, probabilities, 1/s. Same arguments, same effects; lists are built first and written at the end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def list_pairs(
    fill: bool,
    x_m: Array,
    y_m: Array,
    reach_m: Array,
    arc: Array,
    cell_x_m: Array,
    cell_y_m: Array,
    boxes: Array,
    block: int,
    indptr: Array,
    pair_cell: Array,
    pair_distance_m: Array,
) -> None:
    """Count or write the cells in reach and arc of each observer; boxes only save time: they are ignored."""

    def is_ahead(dx: float, dy: float, east: float, north: float, least_cosine: float) -> bool:
        return dx * east + dy * north >= least_cosine * math.sqrt(dx * dx + dy * dy)

    for i, (x, y, reach) in enumerate(zip(x_m, y_m, reach_m, strict=True)):
        squares = [
            (cx - x) * (cx - x) + (cy - y) * (cy - y) for cx, cy in zip(cell_x_m, cell_y_m, strict=True)
        ]
        near = [
            c
            for c, squared in enumerate(squares)
            if squared <= reach * reach and is_ahead(cell_x_m[c] - x, cell_y_m[c] - y, *arc[i])
        ]
        if fill:
            for k, c in enumerate(near):
                pair_cell[indptr[i] + k] = c
                pair_distance_m[indptr[i] + k] = math.sqrt(squares[c])
        else:
            indptr[i + 1] = len(near)


def interpolate(row: Array, reach_m: float, distance_m: float) -> float:
    """Return the linear interpolation of a row whose nodes run evenly from 0 to its reach."""
    return float(np.interp(distance_m, np.linspace(0, reach_m, len(row)), row))


def fill_entries(
    fill: bool,
    observer: Array,
    sensor: Array,
    availability: Array,
    pair_indptr: Array,
    pair_cell: Array,
    pair_distance_m: Array,
    visible: Array,
    height_slot: Array,
    values: Array,
    reach_m: Array,
    horizon_m: Array,
    n_states: int,
    asked: Array,
    p_min: float,
    p_max: float,
    indptr: Array,
    indices: Array,
    log_miss: Array,
) -> None:
    """Count or write, per candidate, the events asked for with a v p >= p_min and their -ln(1 - a v p)."""
    n_rows = values.shape[1]
    for i, (o, s) in enumerate(zip(observer, sensor, strict=True)):
        entries = []
        for pair in range(pair_indptr[o], pair_indptr[o + 1]):
            distance_m = float(pair_distance_m[pair])
            for row in range(n_rows):
                kind = row // n_states
                in_reach = 0 < reach_m[s, row] >= distance_m and distance_m <= horizon_m[i, kind]
                if not in_reach or not asked[pair_cell[pair] * n_rows + row]:
                    continue
                slot = height_slot[s, kind]
                in_sight = float(visible[slot, pair]) if slot >= 0 else 1.0
                p = availability[s] * in_sight * interpolate(values[s, row], reach_m[s, row], distance_m)
                if p >= p_min:
                    entries.append((pair_cell[pair] * n_rows + row, -math.log1p(-min(p, p_max))))
        if fill:
            for k, (event, value) in enumerate(entries):
                indices[indptr[i] + k] = event
                log_miss[indptr[i] + k] = value
        else:
            indptr[i + 1] = len(entries)


def add_rates(
    observer: Array,
    sensor: Array,
    weight: Array,
    pair_indptr: Array,
    pair_cell: Array,
    pair_distance_m: Array,
    visible: Array,
    height_slot: Array,
    values: Array,
    reach_m: Array,
    horizon_m: Array,
    rows: Array,
    n_states: int,
    field: Array,
) -> None:
    """Add weight x v x gamma of every candidate to `field` (row of `rows`, place)."""
    for i, (o, s) in enumerate(zip(observer, sensor, strict=True)):
        for pair in range(pair_indptr[o], pair_indptr[o + 1]):
            distance_m = float(pair_distance_m[pair])
            for k, row in enumerate(rows):
                kind = row // n_states
                if 0 < reach_m[s, row] >= distance_m and distance_m <= horizon_m[i, kind]:
                    slot = height_slot[s, kind]
                    in_sight = float(visible[slot, pair]) if slot >= 0 else 1.0
                    value = interpolate(values[s, row], reach_m[s, row], distance_m)
                    field[k, pair_cell[pair]] += weight[i] * in_sight * value
