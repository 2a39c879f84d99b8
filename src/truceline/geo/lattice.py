"""The square lattice cells and belts share: cells near a line, and how much line lies in each cell.

Cell (column, row) of size `cell_m` covers x from column * cell_m to (column + 1) * cell_m in the line's
projection, and y likewise: one lattice for the whole line, so windows of it fit together. Metres throughout.
Gives no meaning to cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truceline.errors import GeometryError, Problem
from truceline.geo.line import LineOfContact

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TILES_IN_REACH = 4.0  # tiles this fine against the reach list about a third more cells than needed, quickly
_KEY_SHIFT = np.int64(32)
_KEY_BIAS = np.int64(1) << np.int64(30)  # makes columns and rows positive; two of them still fit one integer


def cells_near_line(line: LineOfContact, reach_m: float, cell_m: float, *, n_max: int, what: str) -> IntArray:
    """Return keys of all cells whose centre is within `reach_m` of the line (and some a little farther).

    Raises
    ------
    GeometryError
        If there would be more than `n_max` cells; the message says which cell size would do.
    """
    expected = line.length_m * 2.0 * reach_m / cell_m**2
    if expected > n_max:
        raise _too_many(expected, n_max, cell_m, what)
    cells_in_tile = max(1, int(reach_m / _TILES_IN_REACH / cell_m))
    tile_m = cells_in_tile * cell_m
    samples = line.stations(tile_m / 2.0).xy_m
    hit = np.unique(keys_at(samples, tile_m))
    # samples lie at most half a tile apart, so the line is within a quarter of a tile of one
    ring = int(np.ceil(reach_m / tile_m + 0.25)) + 1
    steps = np.arange(-ring, ring + 1)
    column, row = (grid.ravel() for grid in np.meshgrid(steps, steps))
    gap = np.hypot(np.maximum(np.abs(column) - 1, 0), np.maximum(np.abs(row) - 1, 0))
    near = gap <= reach_m / tile_m + 0.25
    hit_column, hit_row = split_keys(hit)
    tiles = np.unique(
        join_keys(
            (hit_column[:, None] + column[near]).ravel(),
            (hit_row[:, None] + row[near]).ravel(),
        )
    )
    tile_column, tile_row = split_keys(tiles)
    inner = np.arange(cells_in_tile)
    inner_column, inner_row = (grid.ravel() for grid in np.meshgrid(inner, inner))
    return join_keys(
        (tile_column[:, None] * cells_in_tile + inner_column).ravel(),
        (tile_row[:, None] * cells_in_tile + inner_row).ravel(),
    )


def length_by_cell(line: LineOfContact, cell_m: float) -> tuple[IntArray, FloatArray]:
    """Return keys of the cells the line runs through, increasing, and the geodesic length in each."""
    start, vector, _, chainage_step = line.polylines.segments()
    segment = np.arange(len(start))
    owners, shares = [segment, segment], [np.zeros(len(start)), np.ones(len(start))]
    for axis in (0, 1):
        low = np.floor(np.minimum(start[:, axis], start[:, axis] + vector[:, axis]) / cell_m).astype(np.int64)
        high = np.floor(np.maximum(start[:, axis], start[:, axis] + vector[:, axis]) / cell_m).astype(
            np.int64
        )
        owner = np.repeat(segment, high - low)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
        crossed_m = (low[owner] + 1 + step) * cell_m
        owners.append(owner)
        shares.append(np.clip((crossed_m - start[owner, axis]) / vector[owner, axis], 0.0, 1.0))
    owner, share = np.concatenate(owners), np.concatenate(shares)
    order = np.lexsort((share, owner))
    owner, share = owner[order], share[order]
    same = owner[1:] == owner[:-1]
    owner, width = owner[:-1][same], np.diff(share)[same]
    middle = start[owner] + (share[:-1][same] + width / 2.0)[:, None] * vector[owner]
    keys, place = np.unique(keys_at(middle, cell_m), return_inverse=True)
    lengths_m: FloatArray = np.bincount(place, weights=width * chainage_step[owner]).astype(float)
    return keys, lengths_m


def keys_at(xy_m: FloatArray, cell_m: float) -> IntArray:
    """Return the key of the cell each point (n, 2) lies in."""
    index = np.floor(xy_m / cell_m).astype(np.int64)
    return join_keys(index[:, 0], index[:, 1])


def join_keys(column: IntArray, row: IntArray) -> IntArray:
    """Return one integer for each cell, ordered by row and then column."""
    joined: IntArray = ((row + _KEY_BIAS) << _KEY_SHIFT) | (column + _KEY_BIAS)
    return joined


def split_keys(keys: IntArray) -> tuple[IntArray, IntArray]:
    """Return column and row of each key."""
    mask = (np.int64(1) << _KEY_SHIFT) - np.int64(1)
    return (keys & mask) - _KEY_BIAS, (keys >> _KEY_SHIFT) - _KEY_BIAS


def centres_of(keys: IntArray, cell_m: float) -> FloatArray:
    """Return the metric centre (n, 2) of each cell."""
    column, row = split_keys(keys)
    return np.column_stack([(column + 0.5) * cell_m, (row + 0.5) * cell_m])


def _too_many(n_cells: float, n_max: int, cell_m: float, what: str) -> GeometryError:
    enough_m = cell_m * float(np.sqrt(n_cells / n_max))
    enough_m = float(np.ceil(enough_m / 50.0) * 50.0)
    return GeometryError(
        f"{what} cannot be laid out",
        [
            Problem(
                what,
                f"cells of {cell_m:g} m make about {n_cells:,.0f} of them; {n_max:,} at most",
                f"use cells of {enough_m:,.0f} m or larger, or a narrower zone",
            )
        ],
    )
