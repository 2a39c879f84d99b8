"""Make viewshed rasters: what shows of the ground around an observer, or above which height each post does.

Metres; observers stand on grid posts. A raster of heights answers every target height; a raster of what a
target of one height shows takes a quarter of the memory and time. For what is seen of listed places only,
`sight_table` is several times smaller and faster; for a single exact map there is `visibility.viewshed`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

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
from truceline.geo.visibility import (
    EARTH_RADIUS_M,
    OPTICAL_REFRACTION,
    OUT_OF_RANGE,
    curvature_drop_m,
    minimum_visible_heights,
)

SHARED_CELLS_MAX = 50_000_000
"""Largest window that all observers of a call share (400 MB with its transpose); beyond it each group of
observers gets its own, which is cheap where they lie together."""

TOGETHER_BYTES_MAX = 256_000_000
"""Rasters made before the first of them is handed over: bounds memory however many are asked for."""
NEAR_STEPS = 64
"""Side of the squares by which observers are put in order."""


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
    asked = _ask(terrain, rows, cols, eye_height_m, max_distance_m, refraction, earth_radius_m)
    if mode == "exact":
        return _look_along_lines(terrain, asked, refraction, earth_radius_m)
    return _run_groups(terrain, asked, mode, None)


def seen_from(
    terrain: Terrain,
    rows: ArrayLike,
    cols: ArrayLike,
    *,
    eye_height_m: ArrayLike,
    target_height_m: float,
    max_distance_m: float,
    mode: Mode = "accurate",
    refraction: float = OPTICAL_REFRACTION,
    earth_radius_m: float = EARTH_RADIUS_M,
) -> Iterator[NDArray[np.uint8]]:
    """Yield for each observer a raster (2 r + 1, 2 r + 1): 1 where a target shows, 0 hidden, 255 elsewhere.

    255 stands out of range, off the grid and where the ground is unknown. Otherwise as `viewsheds`. Raises
    IndexError for an observer off the grid and ValueError for a target below ground.
    """
    if not target_height_m >= 0:
        raise ValueError(f"a target {target_height_m} m above ground: give 0 or more")
    asked = _ask(terrain, rows, cols, eye_height_m, max_distance_m, refraction, earth_radius_m)
    if mode == "exact":
        heights = _look_along_lines(terrain, asked, refraction, earth_radius_m)
        return (_mark(needed_m, target_height_m) for needed_m in heights)
    return _run_groups(terrain, asked, mode, target_height_m)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Observers whose rasters are wanted."""

    observers: GridPosts
    eye_m: NDArray[np.float64]
    reach: int
    drop_m: float
    """Fall of the ground by curvature at one step."""


def _ask(
    terrain: Terrain,
    rows: ArrayLike,
    cols: ArrayLike,
    eye_height_m: ArrayLike,
    max_distance_m: float,
    refraction: float,
    earth_radius_m: float,
) -> _Asked:
    row, col = (np.atleast_1d(np.asarray(given, dtype=np.int64)) for given in (rows, cols))
    n_rows, n_cols = terrain.height_m.shape
    off = (row < 0) | (row >= n_rows) | (col < 0) | (col >= n_cols)
    if off.any():
        i = int(np.flatnonzero(off)[0])
        raise IndexError(f"observer at row {row[i]}, column {col[i]} of a grid of {n_rows} x {n_cols}")
    eye_m = np.broadcast_to(np.asarray(eye_height_m, dtype=np.float64), row.shape)
    drop_m = float(curvature_drop_m(terrain.cell_m, refraction=refraction, earth_radius_m=earth_radius_m))
    return _Asked(GridPosts(row, col), eye_m, math.floor(max_distance_m / terrain.cell_m + 1e-9), drop_m)


def _mark(needed_m: NDArray[np.float32], target_height_m: float) -> NDArray[np.uint8]:
    return np.where(np.isnan(needed_m), OUT_OF_RANGE, needed_m <= target_height_m).astype(np.uint8)


def _run_groups(
    terrain: Terrain, asked: _Asked, mode: Mode, target_height_m: float | None
) -> Iterator[NDArray[Any]]:
    """Yield the rasters of all observers, a group swept on each core while the reader takes the last."""
    from truceline.geo._sweep_kernels import N_LANES  # late: brings in the compiler

    n = asked.observers.row.size
    n_rays = max(1, math.ceil(RAYS_PER_STEP[mode] * asked.reach))
    shared = _cut_shared_window(terrain, asked.observers, asked.reach)

    def sweep(members: NDArray[np.int64]) -> NDArray[Any]:
        window = shared or cut_window(terrain, asked.observers, members, asked.reach)
        if target_height_m is None:
            return _sweep_heights(window, asked, members, n_rays)
        return _sweep_marks(window, asked, members, n_rays, target_height_m)

    raster_bytes = (2 * asked.reach + 1) ** 2 * (4 if target_height_m is None else 1)
    n_together = max(N_LANES, TOGETHER_BYTES_MAX // raster_bytes)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            for first in range(0, n, n_together):
                # Observers near each other are swept together: their ground is then in cache.
                some = np.arange(first, min(first + n_together, n), dtype=np.int64)
                row, col = asked.observers.row[some], asked.observers.col[some]
                order = some[np.lexsort((col // NEAR_STEPS, row // NEAR_STEPS))]
                groups = [order[i : i + N_LANES] for i in range(0, order.size, N_LANES)]
                rasters: dict[int, NDArray[Any]] = {}
                for members, swept in zip(groups, pool.map(sweep, groups), strict=True):
                    rasters.update(zip(members.tolist(), swept, strict=True))
                yield from (rasters.pop(observer) for observer in some.tolist())
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


def _sweep_heights(
    window: Window, asked: _Asked, members: NDArray[np.int64], n_rays: int
) -> NDArray[np.float32]:
    """Return the rasters of heights of at most N_LANES observers, (n, 2 reach + 1, 2 reach + 1)."""
    from truceline.geo import _sweep_kernels as kernels

    reach, size = asked.reach, 2 * asked.reach + 1
    half_width = columns_within(reach)
    slope, horizon = _make_room(reach, n_rays)
    row_need = np.empty_like(slope)
    need = np.full((kernels.N_LANES, size, size), np.nan, dtype=np.float32)
    for _, row, col, eye in iterate_lanes(window, asked.observers, members, asked.eye_m):
        for ground, along, aside, turned in (
            (window.ground, row, col, False),
            (window.ground_across, col, row, True),
        ):
            for sign in (-1, 1):
                kernels.sweep_raster(
                    ground, along, aside, eye, sign, turned, reach, half_width, n_rays, asked.drop_m,
                    slope, horizon, row_need, need,
                )  # fmt: skip
        need[:, reach, reach] = 0.0
        _blank_unknown(window, row, col, need[: members.size], np.nan)
    return need[: members.size]


def _sweep_marks(
    window: Window, asked: _Asked, members: NDArray[np.int64], n_rays: int, target_height_m: float
) -> NDArray[np.uint8]:
    """Return the rasters of what is seen by at most N_LANES observers, (n, 2 reach + 1, 2 reach + 1)."""
    from truceline.geo import _sweep_kernels as kernels

    reach, size = asked.reach, 2 * asked.reach + 1
    half_width, height_m = columns_within(reach), np.float32(target_height_m)
    slope, horizon = _make_room(reach, n_rays)
    marks, across = (np.zeros((size, size), dtype=np.uint32) for _ in range(2))
    seen = np.empty((members.size, size, size), dtype=np.uint8)
    step = np.abs(np.arange(-reach, reach + 1))
    out_of_reach = step[:, None] ** 2 + step[None, :] ** 2 > reach**2
    outside = np.where(out_of_reach, OUT_OF_RANGE, 0).astype(np.uint8)
    for _, row, col, eye in iterate_lanes(window, asked.observers, members, asked.eye_m):
        for ground, along, aside, out in (
            (window.ground, row, col, marks),
            (window.ground_across, col, row, across),
        ):
            for sign in (-1, 1):
                kernels.sweep_marks(
                    ground, along, aside, eye, sign, reach, half_width, n_rays, asked.drop_m, height_m,
                    slope, horizon, out,
                )  # fmt: skip
        joined = np.where(step[:, None] >= step[None, :], marks, across.T)
        joined[reach, reach] = np.iinfo(np.uint32).max
        kernels.unpack_marks(joined, outside, seen)
        _blank_unknown(window, row, col, seen, OUT_OF_RANGE)
    return seen


def _make_room(reach: int, n_rays: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return work space for the slopes of a row and for the horizon of every ray."""
    from truceline.geo._sweep_kernels import N_LANES

    slope = np.empty((2 * reach + 6, N_LANES), dtype=np.float32)
    return slope, np.empty((2 * n_rays + 2, N_LANES), dtype=np.float32)


def _blank_unknown(
    window: Window, row: NDArray[np.int64], col: NDArray[np.int64], rasters: NDArray[Any], blank: Any
) -> None:
    """Put `blank` where the ground is unknown, and everywhere for an observer on such ground."""
    from truceline.geo._sweep_kernels import UNKNOWN_M

    size = rasters.shape[1]
    reach = size // 2
    for lane in range(len(rasters) if window.has_unknown else 0):
        around = window.ground[row[lane] - reach :, col[lane] - reach :][:size, :size]
        rasters[lane][around <= UNKNOWN_M] = blank
        if around[reach, reach] <= UNKNOWN_M:
            rasters[lane] = blank


def _look_along_lines(
    terrain: Terrain, asked: _Asked, refraction: float, earth_radius_m: float
) -> Iterator[NDArray[np.float32]]:
    """Yield rasters of heights by exact lines of sight."""
    row, col, eye_m, reach = asked.observers.row, asked.observers.col, asked.eye_m, asked.reach
    n_rows, n_cols = terrain.height_m.shape
    step = np.arange(-reach, reach + 1)
    d_row, d_col = (grid.ravel() for grid in np.meshgrid(step, step, indexing="ij"))
    in_range = d_row**2 + d_col**2 <= reach**2
    for i in range(row.size):
        to_row, to_col = row[i] + d_row, col[i] + d_col
        near = np.flatnonzero(
            in_range & (to_row >= 0) & (to_row < n_rows) & (to_col >= 0) & (to_col < n_cols)
        )
        need = np.full(d_row.size, np.nan, dtype=np.float32)
        need[near] = minimum_visible_heights(
            terrain,
            terrain.xy_of(row[i], col[i]),
            eye_m[i],
            terrain.xy_of(to_row[near], to_col[near]),
            np.zeros(near.size, dtype=np.int32),
            np.arange(near.size, dtype=np.int32),
            refraction=refraction,
            earth_radius_m=earth_radius_m,
        )
        yield need.reshape(2 * reach + 1, 2 * reach + 1)
