"""Make viewshed rasters: for every grid post around an observer, the least height at which a target shows.

Metres; observers stand on grid posts. One raster answers every target height. For what is seen of listed
places only, `sight_table` is several times smaller and faster; for a single exact map there is
`visibility.viewshed`.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from truceline.geo.sweep import (
    RAYS_PER_STEP,
    GridPosts,
    Mode,
    Window,
    columns_within,
    cut_window,
    iterate_lanes,
)
from truceline.geo.terrain import Terrain
from truceline.geo.visibility import EARTH_RADIUS_M, OPTICAL_REFRACTION, minimum_visible_heights

SHARED_CELLS_MAX = 50_000_000
"""Largest window that all observers of a call share (400 MB with its transpose); beyond it each group of
observers gets its own, which is cheap where they lie together."""


def viewsheds(
    terrain: Terrain,
    rows: ArrayLike,
    cols: ArrayLike,
    *,
    eye_height_m: ArrayLike,
    max_distance_m: float,
    mode: Mode = "accurate",
    refraction: float = OPTICAL_REFRACTION,
    earth_radius_m: float = EARTH_RADIUS_M,
) -> Iterator[NDArray[np.float32]]:
    """Yield for each observer, in the order given, a raster (2 r + 1, 2 r + 1) of least visible heights (m).

    r: whole steps within `max_distance_m`; the observer is in the middle. 0 where the ground itself shows,
    NaN out of range, off the grid, where the ground is unknown, and everywhere when the observer's is. rows,
    cols: (n,) grid posts; eye_height_m above ground, one or (n,). Raises IndexError for an observer off the
    grid.
    """
    row, col = (np.atleast_1d(np.asarray(given, dtype=np.int64)) for given in (rows, cols))
    n_rows, n_cols = terrain.height_m.shape
    off = (row < 0) | (row >= n_rows) | (col < 0) | (col >= n_cols)
    if off.any():
        i = int(np.flatnonzero(off)[0])
        raise IndexError(f"observer at row {row[i]}, column {col[i]} of a grid of {n_rows} x {n_cols}")
    eye_m = np.broadcast_to(np.asarray(eye_height_m, dtype=np.float64), row.shape)
    reach = math.floor(max_distance_m / terrain.cell_m + 1e-9)
    if mode == "exact":
        yield from _exact(terrain, row, col, eye_m, reach, refraction, earth_radius_m)
        return
    from truceline.geo._sweep_kernels import N_LANES  # late: brings in the compiler

    drop_m = (1.0 - refraction) * terrain.cell_m**2 / (2.0 * earth_radius_m)
    n_rays = max(1, math.ceil(RAYS_PER_STEP[mode] * reach))
    observers = GridPosts(row, col)
    shared = _cut_shared_window(terrain, observers, reach)
    groups = [np.arange(i, min(i + N_LANES, row.size), dtype=np.int64) for i in range(0, row.size, N_LANES)]

    def sweep(members: NDArray[np.int64]) -> NDArray[np.float32]:
        window = shared or cut_window(terrain, observers, members, reach)
        return _sweep_group(window, observers, members, eye_m, reach, n_rays, drop_m)

    n_threads = max(1, min(os.cpu_count() or 1, len(groups)))
    with ThreadPoolExecutor(n_threads) as pool:
        # A few groups ahead of the reader and no more: memory stays bounded however many are asked for.
        ahead = deque(pool.submit(sweep, members) for members in groups[: n_threads + 1])
        waiting = iter(groups[n_threads + 1 :])
        try:
            while ahead:
                rasters = ahead.popleft().result()
                ahead.extend(pool.submit(sweep, members) for members in islice(waiting, 1))
                yield from rasters
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _cut_shared_window(terrain: Terrain, observers: GridPosts, reach: int) -> Window | None:
    """Return one window around all observers, None where it would be too large to hold."""
    if not observers.row.size:
        return None
    sides = [int(np.ptp(of)) + 2 * reach + 5 for of in (observers.row, observers.col)]
    if sides[0] * sides[1] > SHARED_CELLS_MAX:
        return None
    return cut_window(terrain, observers, np.arange(observers.row.size, dtype=np.int64), reach)


def _sweep_group(
    window: Window,
    observers: GridPosts,
    members: NDArray[np.int64],
    eye_m: NDArray[np.float64],
    reach: int,
    n_rays: int,
    drop_m: float,
) -> NDArray[np.float32]:
    """Return the rasters of at most N_LANES observers, (n, 2 reach + 1, 2 reach + 1)."""
    from truceline.geo import _sweep_kernels as kernels

    size = 2 * reach + 1
    half_width = columns_within(reach)
    slope = np.empty((size + 5, kernels.N_LANES), dtype=np.float32)
    row_need = np.empty_like(slope)
    horizon = np.empty((2 * n_rays + 2, kernels.N_LANES), dtype=np.float32)
    need = np.full((kernels.N_LANES, size, size), np.nan, dtype=np.float32)
    for lanes, row, col, eye in iterate_lanes(window, observers, members, eye_m):
        for ground, along, aside, turned in (
            (window.ground, row, col, False),
            (window.ground_across, col, row, True),
        ):
            for sign in (-1, 1):
                kernels.sweep_raster(
                    ground, along, aside, eye, sign, turned, reach, half_width, n_rays, drop_m,
                    slope, horizon, row_need, need,
                )  # fmt: skip
        need[:, reach, reach] = 0.0
        for lane in range(lanes.size if window.has_unknown else 0):
            around = window.ground[row[lane] - reach :, col[lane] - reach :][:size, :size]
            need[lane][around <= kernels.UNKNOWN_M] = np.nan
            if around[reach, reach] <= kernels.UNKNOWN_M:
                need[lane] = np.nan
    return need[: members.size]


def _exact(
    terrain: Terrain,
    row: NDArray[np.int64],
    col: NDArray[np.int64],
    eye_m: NDArray[np.float64],
    reach: int,
    refraction: float,
    earth_radius_m: float,
) -> Iterator[NDArray[np.float32]]:
    """Yield the same rasters by exact lines of sight."""
    n_rows, n_cols = terrain.height_m.shape
    step = np.arange(-reach, reach + 1)
    d_row, d_col = (grid.ravel() for grid in np.meshgrid(step, step, indexing="ij"))
    in_range = d_row**2 + d_col**2 <= reach**2
    for i in range(row.size):
        to_row, to_col = row[i] + d_row, col[i] + d_col
        asked = np.flatnonzero(
            in_range & (to_row >= 0) & (to_row < n_rows) & (to_col >= 0) & (to_col < n_cols)
        )
        need = np.full(d_row.size, np.nan, dtype=np.float32)
        need[asked] = minimum_visible_heights(
            terrain,
            terrain.xy_of(row[i], col[i]),
            eye_m[i],
            terrain.xy_of(to_row[asked], to_col[asked]),
            np.zeros(asked.size, dtype=np.int32),
            np.arange(asked.size, dtype=np.int32),
            refraction=refraction,
            earth_radius_m=earth_radius_m,
        )
        yield need.reshape(2 * reach + 1, 2 * reach + 1)
