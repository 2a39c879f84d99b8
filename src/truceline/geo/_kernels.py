"""Compiled loops for sight: plain arrays in, plain arrays out.

Grid positions are in steps (row, column; row grows southward), all else in metres. Nothing here checks
anything: `visibility` and `statistical_sight` do, and `_reference` holds the slow readable twin of each loop.
Arrays must be read-only and C-contiguous, so that only one signature of each loop is ever compiled. The loops
release the interpreter lock and are run on a slice of the pairs by each thread: that measured as fast as
numba's own threads and compiles in half the time.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

NEAR_POST = 1e-9
"""Steps within which a crossing counts as on a grid post: rounding must not make it read a neighbour."""


@njit(cache=True, nogil=True, error_model="numpy")
def minimum_visible_heights(
    height_m: NDArray[np.float32],
    drop_per_step2_m: float,
    observer_row: NDArray[np.float64],
    observer_col: NDArray[np.float64],
    eye_elevation_m: NDArray[np.float64],
    target_row: NDArray[np.float64],
    target_col: NDArray[np.float64],
    target_elevation_m: NDArray[np.float64],
    observer_index: NDArray[np.int32],
    target_index: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Return the least height above ground (m) at which each target shows to its observer; NaN = no ground.

    Every crossing of the line with both families of grid lines is looked at, heights linear along the
    crossed edge. A crossing next to an unknown height hides nothing.
    """
    n_rows, n_cols = height_m.shape
    n_pairs = observer_index.shape[0]
    out = np.empty(n_pairs, np.float32)
    for k in range(n_pairs):
        i = observer_index[k]
        j = target_index[k]
        eye = eye_elevation_m[i]
        if math.isnan(eye) or math.isnan(target_elevation_m[j]):
            out[k] = np.nan
            continue
        row = observer_row[i]
        col = observer_col[i]
        d_row = target_row[j] - row
        d_col = target_col[j] - col
        drop = drop_per_step2_m * (d_row * d_row + d_col * d_col)
        # The greatest (height - drop - eye) / share of the way: a target top at eye + steepest just shows.
        steepest = -np.inf
        if d_row != 0.0:
            per_row = 1.0 / d_row
            first = math.floor(min(row, target_row[j])) + 1
            last = math.ceil(max(row, target_row[j])) - 1
            for crossed in range(first, last + 1):
                share = (crossed - row) * per_row
                along = col + share * d_col
                west = math.floor(along)
                part = along - west
                if part > 1.0 - NEAR_POST:
                    west += 1
                    part = 0.0
                ground = float(height_m[crossed, west])
                if part > NEAR_POST and west + 1 < n_cols:
                    ground += part * (float(height_m[crossed, west + 1]) - ground)
                slope = (ground - eye) * (d_row / (crossed - row)) - drop * share
                if slope > steepest:
                    steepest = slope
        if d_col != 0.0:
            per_col = 1.0 / d_col
            first = math.floor(min(col, target_col[j])) + 1
            last = math.ceil(max(col, target_col[j])) - 1
            for crossed in range(first, last + 1):
                share = (crossed - col) * per_col
                along = row + share * d_row
                north = math.floor(along)
                part = along - north
                if part > 1.0 - NEAR_POST:
                    north += 1
                    part = 0.0
                ground = float(height_m[north, crossed])
                if part > NEAR_POST and north + 1 < n_rows:
                    ground += part * (float(height_m[north + 1, crossed]) - ground)
                slope = (ground - eye) * (d_col / (crossed - col)) - drop * share
                if slope > steepest:
                    steepest = slope
        out[k] = max(0.0, eye + steepest - (target_elevation_m[j] - drop))
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def statistical_shares(
    hidden_odds_1km: float,
    distance_exponent: float,
    relief_1km_m: float,
    relief_exponent: float,
    target_height_m: float,
    horizon_m: NDArray[np.float64],
    observer_x_m: NDArray[np.float64],
    observer_y_m: NDArray[np.float64],
    eye_height_m: NDArray[np.float64],
    target_x_m: NDArray[np.float64],
    target_y_m: NDArray[np.float64],
    observer_index: NDArray[np.int32],
    target_index: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Return P(visible) for pairs by the law of `statistical_sight.p_visible`; `horizon_m` per observer."""
    n_pairs = observer_index.shape[0]
    out = np.empty(n_pairs, np.float32)
    for k in range(n_pairs):
        i = observer_index[k]
        j = target_index[k]
        x_km = (observer_x_m[i] - target_x_m[j]) * 1e-3
        y_km = (observer_y_m[i] - target_y_m[j]) * 1e-3
        squared_km2 = x_km * x_km + y_km * y_km
        horizon_km = horizon_m[i] * 1e-3
        left_share = 1.0 - squared_km2 / (horizon_km * horizon_km)
        if squared_km2 == 0.0:
            out[k] = 1.0
        elif not left_share > 0.0:
            out[k] = 0.0
        else:
            log_km = 0.5 * math.log(squared_km2)
            relief_m = relief_1km_m * math.exp(relief_exponent * log_km)
            clear = (1.0 + eye_height_m[i] / relief_m) * (1.0 + target_height_m / relief_m)
            odds = hidden_odds_1km * math.exp(distance_exponent * log_km) / (clear * math.sqrt(clear))
            out[k] = left_share / (1.0 + odds)
    return out
