"""Errors that an elevation model may have: smooth random heights, made for any window without storing a map.

Metres throughout. A draw is one possible set of errors over the whole grid: normal, of one standard deviation
and one correlation length, the same wherever and in whatever order its windows are asked for, on any machine.
It does not know how good a model is (the scenario says) and draws no systematic errors, such as tree tops.

Method: a cubic B-spline over a square lattice of independent normal numbers, scaled to unit variance in every
cell. The number at a lattice node is hashed from its position, the draw and the seed, so nothing is carried
from one window to the next (counter-based, as Salmon et al., SC 2011). How the error of a model is passed on
to sight by such draws: Fisher, Photogrammetric Engineering & Remote Sensing 57(10), 1991.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from truceline.geo.terrain import Terrain

NODES_APART = 1.0 / 1.186
"""Lattice spacing as a share of the correlation length: at 1.186 spacings the spline's correlation is 1/e."""

TAPS = 4
"""Lattice nodes along each axis that a cubic B-spline takes part in."""

ROWS_AT_ONCE = 256
"""Rows perturbed at a time, so that a large grid needs no second grid of errors."""

_GOLDEN_STEP = 0x9E3779B97F4A7C15  # increment and multipliers of SplitMix64 (Steele, Lea and Flood, 2014)
_MIX_ONE = np.uint64(0xBF58476D1CE4E5B9)
_MIX_TWO = np.uint64(0x94D049BB133111EB)
_WORDS = 3  # words a node, each of four 16-bit uniform numbers: twelve sum to a variance of one
_LOW_HALF_WORD = np.uint64(0xFFFF)
_UNIFORMS = 4 * _WORDS
_MASK = (1 << 64) - 1


def error_window(
    row0: int,
    col0: int,
    n_rows: int,
    n_cols: int,
    cell_m: float,
    *,
    error_m: float,
    correlation_m: float,
    draw: int,
    seed: int,
) -> NDArray[np.float32]:
    """Return height errors (m), (n_rows, n_cols), for the window of a grid that starts at (row0, col0).

    `error_m` is the standard deviation; `correlation_m` the distance at which two errors correlate by 1/e,
    taken as one cell where it is less. Windows that overlap agree in every bit; `draw` 0, 1, 2 ... and other
    seeds are independent of each other.

    Raises ValueError for an empty window, a negative draw, or sizes that are no positive finite lengths (an
    `error_m` of 0 is allowed and gives zeros).
    """
    if n_rows < 1 or n_cols < 1 or draw < 0:
        raise ValueError(f"a window of {n_rows} x {n_cols} cells, draw {draw}: give at least 1 x 1 and 0")
    if not (0 < cell_m < math.inf and 0 < correlation_m < math.inf and 0 <= error_m < math.inf):
        raise ValueError(f"cell {cell_m} m, correlation {correlation_m} m, error {error_m} m: positive sizes")
    nodes_a_cell = cell_m / (max(correlation_m, cell_m) * NODES_APART)
    first_row, rows_weight = _spline_weights(row0, n_rows, nodes_a_cell)
    first_col, cols_weight = _spline_weights(col0, n_cols, nodes_a_cell)
    node_rows = np.arange(first_row[0], first_row[-1] + TAPS)
    node_cols = np.arange(first_col[0], first_col[-1] + TAPS)
    nodes = _node_normals(node_rows, node_cols, _mix_key(seed, draw))
    # Sums run over the taps one by one, each step elementwise: the same cell is the same sum in any window.
    across = np.zeros((node_rows.size, n_cols), np.float32)
    at_col = first_col - first_col[0]
    for tap in range(TAPS):
        across += nodes[:, at_col + tap] * cols_weight[tap]
    at_row = first_row - first_row[0]
    error = np.zeros((n_rows, n_cols), np.float32)
    for tap in range(TAPS):
        error += across[at_row + tap] * rows_weight[tap][:, None]
    error *= np.float32(error_m)
    return error


def perturb_terrain(
    terrain: Terrain, *, error_m: float, correlation_m: float, draw: int, seed: int
) -> Terrain:
    """Return the terrain with one draw of errors added to its heights; unknown heights stay unknown."""
    height_m = np.array(terrain.height_m)
    n_rows, n_cols = height_m.shape
    for row in range(0, n_rows, ROWS_AT_ONCE):
        part = height_m[row : row + ROWS_AT_ONCE]
        part += error_window(
            row,
            0,
            part.shape[0],
            n_cols,
            terrain.cell_m,
            error_m=error_m,
            correlation_m=correlation_m,
            draw=draw,
            seed=seed,
        )
    return Terrain(
        height_m,
        x_origin_m=terrain.x_origin_m,
        y_origin_m=terrain.y_origin_m,
        cell_m=terrain.cell_m,
        crs=terrain.crs,
        surface=terrain.surface,
        source=terrain.source,
        native_cell_m=terrain.native_cell_m,
        warnings=terrain.warnings,
    )


def _spline_weights(start: int, n: int, nodes_a_cell: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return for n cells along one axis the first node that counts (n,) and the weights (TAPS, n).

    The squares of a cell's weights sum to one, so that independent unit normals give a unit normal.
    """
    place = (start + np.arange(n)) * nodes_a_cell
    node = np.floor(place)
    t = place - node
    one_less = 1.0 - t
    weights = np.stack(
        [
            one_less * one_less * one_less,
            4.0 - 6.0 * t * t + 3.0 * t * t * t,
            4.0 - 6.0 * one_less * one_less + 3.0 * one_less * one_less * one_less,
            t * t * t,
        ]
    )
    length = np.sqrt(
        weights[0] * weights[0] + weights[1] * weights[1] + weights[2] * weights[2] + weights[3] * weights[3]
    )
    return node.astype(np.int64) - 1, (weights / length).astype(np.float32)


def _node_normals(rows: NDArray[np.int64], cols: NDArray[np.int64], key: int) -> NDArray[np.float32]:
    """Return an independent number of mean 0 and variance 1 for each node, (rows, cols).

    The sum of twelve uniform numbers: bounded by 6, its fourth moment 3 % short of a normal's before the
    spline mixes several nodes, and exact in whole numbers, hence the same on every machine.
    """
    # One after the other: were both joined with the key at once, it would cancel out along the diagonal.
    by_row = _mix(np.uint64(key) + _mix(rows.astype(np.uint64)))
    word = _mix(by_row[:, None] + _mix(cols.astype(np.uint64))[None, :])
    total = np.zeros(word.shape, np.int64)
    for step in range(1, _WORDS + 1):
        bits = _mix(word + np.uint64(step * _GOLDEN_STEP & _MASK))
        for shift in (0, 16, 32, 48):
            total += ((bits >> np.uint64(shift)) & _LOW_HALF_WORD).astype(np.int64)
    centre = _UNIFORMS * 0xFFFF / 2.0
    return ((total - centre) / 0x10000).astype(np.float32)


def _mix_key(seed: int, draw: int) -> int:
    """Return one 64-bit key for a seed and a draw; any whole seed, negative ones too."""
    first = _mix(np.array([(seed + _GOLDEN_STEP) & _MASK], np.uint64))
    return int(_mix(first + np.uint64((draw + 1) * _GOLDEN_STEP & _MASK))[0])


def _mix(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the SplitMix64 finaliser of each word; arithmetic wraps, as it should."""
    word = (word ^ (word >> np.uint64(30))) * _MIX_ONE
    word = (word ^ (word >> np.uint64(27))) * _MIX_TWO
    mixed: NDArray[np.uint64] = word ^ (word >> np.uint64(31))
    return mixed
